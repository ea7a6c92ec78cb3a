"""What stands below tables: what values are of, and what marks mean."""

from stilts_keras.data.note import DATA_NOTE
from stilts_keras.graph.averaging import is_over_seeds
from stilts_keras.reporting.own_task import MARK
from stilts_keras.reporting.tables.cells import has_replicates
from stilts_keras.reporting.tables.choice import in_order
from stilts_keras.reporting.tables.comparison import SIGNIFICANCE


def mean_notes(rows, baseline):
    """Says what the means and the brackets are, and what they are over."""
    return [
        "Percent; means over the languages that no stage trained the target "
        f"in; in brackets: difference to {baseline}",
        seeds_note(rows),
        *evaluation_notes(rows),
    ]


def targets_note(what, targets, primary):
    """Says which targets a mean is over, whose metrics may differ."""
    named = ", ".join(f"{target} ({primary[target]})" for target in targets)
    if len({primary[target] for target in targets}) > 1:
        what += " over targets with different metrics"
    else:
        what += " over targets"
    return f"{what}: {named}"


def counted(number, noun):
    """Writes a number with its noun, in the plural if need be."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def seeds_note(rows):
    """Says how many seeds the values are means of."""
    seeds = {row.seed for row in rows}
    if len(seeds) == 1:
        return (
            f"One seed ({min(seeds)}): intervals and tests are of this "
            "training alone"
        )
    return (
        f"Means of up to {len(seeds)} seeds, over the languages that all of "
        "them have"
    )


def evaluation_notes(rows):
    """Says which rows are not the benchmark's, and how sentences meet."""
    others = in_order(
        (row.target, row.split) for row in rows if row.split != "test"
    )
    notes = [f"{target}: on {split} rows" for target, split in others]
    states = in_order(
        (row.target, row.layer, row.pooling)
        for row in rows
        if row.layer is not None
    )
    outside = {}
    for row in rows:
        if not row.in_benchmark:
            languages = outside.setdefault(row.target, {})
            languages[row.language] = True
    notes += [
        f"§ {target}: its benchmark does not list {', '.join(languages)}, "
        "which no mean holds"
        for target, languages in outside.items()
    ]
    notes += [
        f"{target}: hidden state {layer}, {pooling} pooling"
        for target, layer, pooling in states
    ]
    if any(is_over_seeds(row.route) for row in rows):
        notes.append(
            "average-seeds: one model, of the mean of the seeds' weights; its "
            "differences are to the mean of all seeds, and not tested; all "
            "seeds began with the heads of the first, and so vary less"
        )
    return notes + data_notes(rows)


def data_notes(rows):
    """Lists what must be said of the data, such as speech that is synthetic."""
    return in_order(
        note for row in rows for note in row.notes if note.startswith(DATA_NOTE)
    )


OWN_NOTE = (
    f"{MARK} more of the same: a stage trained the target's own task or head; "
    "differences of it, or to it, are no transfer and in no finding"
)


def cell_notes(table_rows, *, replicates="seeds", scope="languages"):
    """Explains the marks that occur in the table, and no others.

    Args:
        table_rows: list of rows of a frame.
        replicates: str. What the deviations are over.
        scope: str. What the means are over.

    Returns:
        A list of str.
    """
    cells = [cell for row in table_rows for cell in row["cells"].values()]
    interval = "the 95 % interval"
    other = f"mean over other {scope} than the baseline's"
    notes = []
    if has_replicates(table_rows):
        notes.append(f"± standard deviation over {replicates}; n: their number")
        interval += " over the examples"
        other += f" or other {replicates}, or of {replicates} that share none"
    elif any(cell["margin"] is not None for cell in cells):
        notes.append("± half of the 95 % interval over the examples")
    if not all(cell["above_chance"] for cell in cells):
        notes.append(f"° may be chance, which does not lie below {interval}")
    if not all(cell["difference_above_chance"] for cell in cells):
        notes.append(
            "A difference counts only where the better of its two scores lies "
            "above chance, outside its interval"
        )
    if any(cell["collapsed"] for cell in cells):
        notes.append(
            "‡ holds scores of constant predictions: the model has collapsed "
            "there, and those scores are in no difference"
        )
        other += f", or over {scope} of which some have collapsed"
    if any(cell["own_task"] for cell in cells):
        notes.append(OWN_NOTE)
    judged = [cell for cell in cells if cell["p"] is not None]
    if judged:
        notes.append(_judged_note(judged))
    if not all(cell["complete"] for cell in cells):
        notes.append(f"~ {other}; the difference is over those they share")
    return notes


def _judged_note(cells):
    """Says what is significant, and how that was found."""
    means = (
        f"p < {SIGNIFICANCE} by paired bootstrap over the examples, Holm's "
        f"correction over the table's {counted(len(cells), 'difference')}"
    )
    counts = [cell["difference_count"] for cell in cells]
    if max(counts) > 1:
        means += ", and Student's t over the seeds"
        if min(counts) == 1:
            alone = counted(counts.count(1), "difference")
            means += f" ({alone} of one common seed without)"
    if any(cell["is_significant"] for cell in cells):
        return f"† differs from the baseline: {means}"
    return f"No difference is significant ({means})"
