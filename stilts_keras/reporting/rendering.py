"""Frames as text: in the terminal, in Markdown, in LaTeX and as CSV."""

from stilts_keras.reporting.own_task import MARK as OWN
from stilts_keras.reporting.tables import has_replicates
from stilts_keras.reporting.tables import is_replicated

BESIDE_CHANCE = "°"
TRAINED = "*"
INCOMPLETE = "~"
SIGNIFICANT = "†"
COLLAPSED = "‡"
OUTSIDE = "§"
SEEN = "¶"
MAX_COLUMNS = 12
PLAIN_WIDTH = 100
MAX_LABEL_WIDTH = 36


def print_frame(frame, console=None):
    """Prints a frame in as few tables as its width allows.

    Args:
        frame: dict, from `summary_frame` or `target_frame`.
        console: `rich.console.Console`. Default: standard output, 100
            columns wide where that is no terminal.
    """
    console = console or _console()
    for number, columns in enumerate(_parts(frame, console.width)):
        title = frame["title"] + (", continued" if number else "")
        console.print(_rich_part(frame, columns, title))
    for note in frame["notes"]:
        console.print(note, markup=False, highlight=False)
    console.print()


def to_markdown(frame):
    """Writes a frame in GitHub's Markdown.

    Args:
        frame: dict, from `summary_frame` or `target_frame`.

    Returns:
        A str: a heading, the tables of at most twelve columns, the notes.
    """
    blocks = [f"### {frame['title']}"]
    for columns in _chunks(frame["columns"], MAX_COLUMNS):
        lines = [_markdown_line([_head(frame), *columns])]
        lines.append("|---|" + "---:|" * len(columns))
        for label, texts in _row_texts(frame, columns):
            label = label.replace("|", "\\|")
            lines.append(_markdown_line([label, *texts]))
        blocks.append("\n".join(lines))
    notes = [note.replace("*", "\\*", 1) for note in frame["notes"]]
    blocks.append("\n".join(f"- {note}" for note in notes))
    return "\n\n".join(blocks) + "\n"


def format_cell(cell, *, with_count=False):
    """Writes one cell.

    Args:
        cell: dict or None, of a frame.
        with_count: bool. Whether other cells of its table stand on several
            seeds. Then, and where this one does, it shows their number, and
            no interval over the examples.

    Returns:
        A str such as `61.2`, `61.2*` (not zero-shot), `61.2±2.0 (+1.3)`,
        `61.2±0.8 n3 (+1.3)` (of three seeds), or `-` where there is no score;
        `†` marks a significant difference, `°` what may be chance, `‡` constant
        predictions, `¶` a language that another task was trained in, `§` a
        language that the benchmark does not list, `≡` a route that trained
        the target's own task or head, `~` a mean that the baseline's languages
        or seeds do not match.
    """
    if cell is None or cell["value"] is None:
        return "-"
    with_count = with_count or is_replicated(cell)
    spread = cell["deviation"] if with_count else cell["margin"]
    text = f"{cell['value']:.1f}"
    if spread is not None:
        text += f"±{spread:.1f}"
    text += score_marks(cell)
    if with_count and cell["count"] is not None:
        text += f" n{cell['count']}"
    if cell["difference"] is not None:
        mark = SIGNIFICANT if cell["is_significant"] else ""
        text += f" ({cell['difference']:+z.1f}{mark})"
    return text if cell["complete"] else text + INCOMPLETE


def score_marks(cell):
    """Writes the marks of a cell's score; see `format_cell`."""
    marks = {
        BESIDE_CHANCE: not cell["above_chance"],
        COLLAPSED: cell["collapsed"],
        TRAINED: not cell["zero_shot"],
        SEEN: cell["seen_language"],
        OUTSIDE: not cell["in_benchmark"],
        OWN: cell["own_task"],
    }
    return "".join(mark for mark, is_so in marks.items() if is_so)


def _row_texts(frame, columns):
    """Lists for each row its label and the texts of some columns."""
    with_count = has_replicates(frame["rows"])
    return [
        (
            row["label"],
            [
                format_cell(row["cells"].get(name), with_count=with_count)
                for name in columns
            ],
        )
        for row in frame["rows"]
    ]


def _texts(frame, column):
    """Lists all texts of one column, its heading first."""
    return [column, *(texts[0] for _, texts in _row_texts(frame, [column]))]


def _head(frame):
    """Names what the rows are."""
    return frame.get("head", "route")


def _chunks(values, size):
    """Cuts a list into parts of at most `size`."""
    return [values[at : at + size] for at in range(0, len(values), size)]


def _console():
    """Opens the standard output."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=PLAIN_WIDTH)


def _parts(frame, width):
    """Splits the columns so that each table fits into `width` characters."""
    labels = [len(row["label"]) for row in frame["rows"]]
    room = width - min(MAX_LABEL_WIDTH, max(labels)) - 4
    parts = [[]]
    used = 0
    for column in frame["columns"]:
        needed = 2 + max(len(text) for text in _texts(frame, column))
        is_full = used + needed > room or len(parts[-1]) == MAX_COLUMNS
        if parts[-1] and is_full:
            parts.append([])
            used = 0
        parts[-1].append(column)
        used += needed
    return parts


def _rich_part(frame, columns, title):
    """Builds one part of a table for rich."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    part = Table(
        title=Text(title),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    part.add_column(_head(frame), overflow="fold", max_width=MAX_LABEL_WIDTH)
    for column in columns:
        part.add_column(Text(column), justify="right", no_wrap=True)
    for label, texts in _row_texts(frame, columns):
        part.add_row(Text(label), *(Text(text) for text in texts))
    return part


def _markdown_line(cells):
    """Joins the cells of one line."""
    return "| " + " | ".join(cells) + " |"


# --------------------------------------------------------------- LaTeX and CSV
def to_latex(frame):
    """Writes a frame as LaTeX's `tabular`, for booktabs.

    Args:
        frame: dict, as in `tables`.

    Returns:
        A str: the tables of at most twelve columns, the notes as comments.
    """
    parts = []
    for columns in _chunks(frame["columns"], MAX_COLUMNS):
        lines = [
            [_escaped(label), *map(_escaped, texts)]
            for label, texts in _row_texts(frame, columns)
        ]
        head = [_escaped(text) for text in (_head(frame), *columns)]
        parts.append(_tabular(head, lines, "l" + "r" * len(columns)))
    return _with_comments(frame, "\n".join(parts))


def to_csv(frame):
    """Writes a frame as CSV, one line per cell, with all that is known.

    Args:
        frame: dict, as in `tables`.

    Returns:
        A str; empty fields are not known.
    """
    rows = [
        {_head(frame): row["label"], "column": column, **row["cells"][column]}
        for row in frame["rows"]
        for column in frame["columns"]
        if column in row["cells"]
    ]
    return _csv(rows)


def plain_to_markdown(table):
    """Writes a plain table (see `findings`) in Markdown, notes below it."""
    if not table["rows"]:
        notes = "\n".join(f"- {note}" for note in table["notes"])
        return f"### {table['title']}\n\nNone.\n\n{notes}\n"
    columns, rows = _plain_texts(table)
    lines = [_markdown_line(columns), "|" + "---|" * len(columns)]
    for row in rows:
        texts = [text.replace("|", "\\|") for text in row]
        lines.append(_markdown_line(texts))
    notes = "\n".join(f"- {note}" for note in table["notes"])
    return f"### {table['title']}\n\n" + "\n".join(lines) + f"\n\n{notes}\n"


def plain_to_latex(table):
    """Writes a plain table as LaTeX's `tabular`, for booktabs."""
    columns, rows = _plain_texts(table)
    lines = [[_escaped(text) for text in row] for row in rows]
    head = [_escaped(name) for name in columns]
    return _with_comments(table, _tabular(head, lines, "l" * len(head)))


def plain_to_csv(table):
    """Writes a plain table as CSV."""
    return _csv(
        [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    )


def _csv(rows):
    import pandas

    return pandas.DataFrame(rows).to_csv(index=False, lineterminator="\n")


def _plain_texts(table):
    """Writes the cells of a plain table, intervals with what they are of.

    Returns:
        Tuple: the columns that are shown, and a list of a list of str for
        each row.
    """
    intervals = table.get("intervals", {})
    signed = table.get("signed", ())
    ends = {name for pair in intervals.values() for name in pair}
    columns = [name for name in table["columns"] if name not in ends]
    rows = []
    for values in table["rows"]:
        row = dict(zip(table["columns"], values, strict=True))
        texts = {name: _plain_text(row[name]) for name in columns}
        for name in signed:
            if row[name] is not None:
                texts[name] = f"{row[name]:+z.1f}"
        for name, pair in intervals.items():
            low, high = (row[end] for end in pair)
            if low is not None:
                sign = "+" if name in signed else ""
                texts[name] += f" ({low:{sign}z.1f} to {high:{sign}z.1f})"
        rows.append(list(texts.values()))
    return columns, rows


def _plain_text(value):
    if value is None:
        return "-"
    if isinstance(value, float):
        if 0 < value < 0.0005:
            return "<0.001"
        return f"{value:.3f}" if abs(value) < 1 else f"{value:.1f}"
    return str(value)


def _tabular(head, lines, alignment):
    body = [" & ".join(cells) + r" \\" for cells in lines]
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{alignment}}}",
            r"\toprule",
            " & ".join(head) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def _with_comments(table, text):
    notes = [table["title"], *table["notes"]]
    return "".join(f"% {note}\n" for note in notes) + text


LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "°": r"$^{\circ}$",
    "†": r"$^{\dagger}$",
    "‡": r"$^{\ddagger}$",
    "§": r"\S{}",
    "¶": r"\P{}",
    OWN: r"$\equiv$",
}


def _escaped(text):
    return "".join(LATEX.get(letter, letter) for letter in text)
