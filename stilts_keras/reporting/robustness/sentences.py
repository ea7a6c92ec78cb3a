"""Whether intermediate training changes robustness, in words."""

from stilts_keras.reporting.own_task import MARK
from stilts_keras.reporting.power import no_proof_of_none
from stilts_keras.reporting.robustness.changes import OWN_COLUMN
from stilts_keras.reporting.robustness.courses import ZERO_SHOT
from stilts_keras.reporting.robustness.tables import CHANGES
from stilts_keras.reporting.tables.comparison import SIGNIFICANCE

ONLY_TRAINED = "only in languages that the target was trained in"


def sentences(tables, evidence):
    """Answers the question by the numbers of the table.

    Args:
        tables: dict from a short name to a plain table, of `tables_of`.
        evidence: `Evidence`. Its baseline is compared with.

    Returns:
        List of str; empty where nothing was disturbed.
    """
    baseline = evidence.baseline
    # Severity 0 alone disturbs nothing.
    if not tables and any(row.severity for row in evidence.disturbed):
        return [
            "Robustness: rows were disturbed, but nothing can be compared. "
            "Clean predictions are constant, clean scores of the same rows are "
            "missing, or no language has all severities."
        ]
    if not tables:
        return []
    table = tables[CHANGES]
    rows = [
        dict(zip(table["columns"], row, strict=True)) for row in table["rows"]
    ]
    rows = [row for row in rows if row["in"] == ZERO_SHOT] or rows
    is_any, rows = bool(rows), [row for row in rows if not row[OWN_COLUMN]]
    if is_any and not rows:
        return [
            "Robustness: all differences of retention to "
            f"`{baseline}` are of a target's own task or head ({MARK}), which "
            "is no transfer."
        ]
    if not rows:
        return [
            "Robustness: no difference of retention to "
            f"`{baseline}` can be judged; its table says why, or there is no "
            "other route."
        ]
    where = "zero-shot" if rows[0]["in"] == ZERO_SHOT else ONLY_TRAINED
    real = [row for row in rows if row["adjusted p"] < SIGNIFICANCE]
    if real:
        return [_changed(real, rows, baseline, where)]
    return [_same(rows, baseline, where)]


def _changed(real, rows, baseline, where):
    """Tells what is significant, the largest gain and loss among it."""
    gains = [row for row in real if row["points"] > 0]
    losses = [row for row in real if row["points"] < 0]
    text = "; ".join(
        _most_of(kind, found)
        for kind, found in (("keeps more", gains), ("keeps less", losses))
        if found
    )
    return (
        f"Robustness, {where}: intermediate training changes it. Of "
        f"{len(rows)} differences of retention to `{baseline}`, "
        f"{len(real)} {_are(len(real))} significant after Holm's correction: "
        f"{text}.{_level_sentence(real)}"
    )


def _most_of(kind, rows):
    most = max(rows, key=lambda row: abs(row["points"]))
    return f"{len(rows)} {kind}, most {_described(most)}"


def _level_sentence(real):
    """Says where points lost do not tell the same as the share that is left."""
    of_level = [
        row
        for row in real
        if row["p of drops"] >= SIGNIFICANCE
        or row["points"] * row["drops differ"] > 0
    ]
    if not of_level:
        return ""
    return (
        f" In {len(of_level)} of {len(real)} the points lost do not differ "
        "significantly in the same sense: it may be the clean score's level "
        "that does."
    )


def _same(rows, baseline, where):
    """Tells the largest difference, and what could have been found."""
    most = max(rows, key=lambda row: abs(row["points"]))
    unseen = no_proof_of_none((row["detectable"], row["seeds"]) for row in rows)
    return (
        f"Robustness, {where}: no intermediate training changes it "
        "significantly. None "
        f"of {len(rows)} differences of retention to `{baseline}` is "
        f"significant after Holm's correction; the largest is "
        f"{_described(most)}.{unseen}"
    )


def _described(row):
    p = row["adjusted p"]
    return (
        f"{row['points']:+z.1f} points of `{row['route']}` on {row['target']} "
        f"under {row['disturbance']} (95 % interval {row['low']:+z.1f} to "
        f"{row['high']:+z.1f}, "
        f"{'adjusted p < 0.001' if p < 0.001 else f'adjusted p = {p:.3f}'})"
    )


def _are(number):
    return "is" if number == 1 else "are"
