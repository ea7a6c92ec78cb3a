"""Which rows are taken where a count asks for some of them.

Draws are nested: of one order of all rows the first are taken, so that 10,000
examples lie among 20,000, whatever the seed of a run. And they are alike in
every language of a task whose rows translate each other (`Task.parallel_by`),
so that sources of two languages differ in the language and not in what is
said:

- by `number`: the rows that all languages' files have come first, then those
  that all but the shortest have, and so on; files of equal length all give the
  same numbers. Of files that do not tell their lengths (text files, and the
  Hub's before they are there), only the one at hand counts, and counts of
  unequal ones are refused before any training (`steps.inputs`).
- by a column: in the order of the rows of the task's own language that bear
  the same text there, such as SQuAD's question ids; where the data lack that
  language, of the first of the task's languages that they hold. What a
  translation lacks is passed over, and the next in that order taken; what only
  it has comes last.

Evaluated rows, and those of tasks without translations, are drawn by their
numbers alone.

NumPy is imported inside functions: plans, which are to be instant, ask only
what draws depend on.
"""

from stilts_keras.errors import InputError

# Fixed, so that a count picks the same rows in every seed.
SEED = 0
NUMBER = "number"


def draw(data, task, language, split, rows, count):
    """Draws rows of one language and split.

    Args:
        data: a data source of `data.sources`.
        task: `Task`.
        language: str.
        split: str. `train`, `dev` or `test`.
        rows: `datasets.Dataset`. All of them.
        count: int or None. How many; None for all.

    Returns:
        int array (min(count, n),) of row numbers, ascending.

    Raises:
        InputError: If rows lack the column that tells translations.
    """
    import numpy as np

    if count is None or count >= len(rows):
        return np.arange(len(rows))
    if split != "train" or not task.parallel_by:
        order = _shuffled([0, len(rows)])
    elif task.parallel_by == NUMBER:
        shorter = shorter_lengths(data, task, language)
        order = _shuffled([0, *shorter, len(rows)])
    else:
        order = _order_by_column(data, task, language, rows)
    return np.sort(order[:count])


def depends_on(data, task, language, count):
    """Names what drawn training rows depend on besides their own files.

    Args:
        data: a data source of `data.sources`.
        task: `Task`.
        language: str.
        count: int or None. How many are drawn; None for all.

    Returns:
        str; empty where it is nothing.
    """
    if count is None or not task.parallel_by:
        return ""
    if task.parallel_by == NUMBER:
        lengths = shorter_lengths(data, task, language)
        return f"lengths {lengths}" if lengths else ""
    original = _original(data, task)
    if original in (None, language):
        return ""
    return data.fingerprint(task, original, "train")


def shorter_lengths(data, task, language):
    """Lists the lengths of other languages' shorter files of training rows.

    Args:
        data: a data source of `data.sources`.
        task: `Task`.
        language: str. Whose file is longer.

    Returns:
        List of int, ascending, each once; empty where its own length is not
        known.
    """
    # As plans know it: what is drawn depends on no more than they say.
    length = data.num_rows(task, language, "train")
    if length is None:
        return []
    others = [
        data.num_rows(task, other, "train")
        for other in data.languages(task, "train")
        if other != language
    ]
    return sorted({n for n in others if n is not None and 0 < n < length})


def _shuffled(bounds):
    """Shuffles the numbers between each two bounds, and joins them."""
    import numpy as np

    random = np.random.default_rng(SEED)
    return np.concatenate(
        [
            start + random.permutation(end - start)
            for start, end in zip(bounds, bounds[1:], strict=False)
        ]
    )


def _original(data, task):
    """Returns the language whose rows set the order; None without any."""
    held = data.languages(task, "train")
    return task.language if task.language in held else next(iter(held), None)


def _order_by_column(data, task, language, rows):
    """Orders rows as those of the task's own language are."""
    import numpy as np

    own = _shuffled([0, len(rows)])
    original = _original(data, task)
    if original in (None, language):
        return own
    names = _names(task, data.load(task, original, "train"))
    rank = {
        names[number]: place
        for place, number in reversed(
            list(enumerate(_shuffled([0, len(names)])))
        )
    }
    names = _names(task, rows)
    places = [rank.get(names[number], len(rank)) for number in own]
    return own[np.argsort(places, kind="stable")]


def _names(task, rows):
    """Reads what names the rows that translate each other."""
    if task.parallel_by not in rows.column_names:
        raise InputError(
            f"The training rows of task {task.name!r} have no column "
            f"{task.parallel_by!r}, by which a count takes the same rows in "
            f"every language. Columns there: {', '.join(rows.column_names)}. "
            "Give the Hub's columns, or ask for no count and no limit."
        )
    return [str(name) for name in rows[task.parallel_by][:]]
