"""What tables say in words: the finding, and negative transfer.

A plain table, beside the frames of `tables`, is

    {"title": str, "columns": [str], "rows": [[str or number]], "notes": [str]}

and may have `intervals`: a dict from a column to the two columns that hold the
ends of its interval, which are written in brackets behind it; and `signed`: the
columns of numbers that are written with their sign.
"""

from stilts_keras.reporting import tables
from stilts_keras.reporting.own_task import MARK
from stilts_keras.reporting.own_task import beside_controls
from stilts_keras.reporting.own_task import beside_own
from stilts_keras.reporting.power import no_proof_of_none
from stilts_keras.reporting.route_names import is_control


def finding(frame, baseline):
    """Says what intermediate training did.

    Args:
        frame: dict, of `tables.summary_frame`.
        baseline: str. The route compared with.

    Returns:
        A str. Computed from the numbers; says so where nothing is significant.
    """
    others = [
        row
        for row in frame["rows"]
        if row["label"] not in (baseline, tables.CHANCE)
    ]
    cells = [
        (row["label"], target, cell)
        for row in others
        for target, cell in row["cells"].items()
        if cell["difference"] is not None
    ]
    if not others or not cells:
        return _why_nothing_is_compared(frame, baseline, others)
    controls = [item for item in cells if is_control(item[0])]
    cells = [item for item in cells if not is_control(item[0])]
    own = [item for item in cells if not item[2]["is_transfer"]]
    cells = [item for item in cells if item[2]["is_transfer"]]
    if controls and not (cells or own):
        return (
            f"Only controls were compared to `{baseline}`: there is no "
            f"intermediate task to judge.{beside_controls(controls)}"
        )
    if not cells:
        return (
            f"No difference to `{baseline}` is of transfer: where two routes "
            "can be compared, one of them has trained the target's own task or "
            f"head ({MARK}), which is more of the same."
        )
    beside = beside_own(len(own)) + beside_controls(controls)
    return _told_of(cells, baseline) + beside


def _told_of(cells, baseline):
    """Says what differences of transfer come to.

    Args:
        cells: list of tuples of route, target and cell, at least one.
        baseline: str.
    """
    judged = [item for item in cells if item[2]["p"] is not None]
    if not judged:
        return (
            f"No difference to `{baseline}` can be judged: predictions are "
            "missing, no seed is common, or there are fewer than "
            f"{tables.MIN_EXAMPLES} examples."
        )
    counted = [item for item in judged if item[2]["difference_above_chance"]]
    if not counted:
        return (
            f"No difference to `{baseline}` counts: in none lies the better "
            "score above chance, outside its interval."
        )
    return _said_of(counted, len(judged), baseline)


def _why_nothing_is_compared(frame, baseline, others):
    """Says why there is no difference, in one sentence."""
    if not others:
        return (
            f"Only `{baseline}` was evaluated: there is nothing to compare it "
            "with."
        )
    if any(
        cell["collapsed"]
        for row in frame["rows"]
        for cell in row["cells"].values()
    ):
        return (
            f"No difference to `{baseline}` counts: wherever two routes could "
            "be compared, the predictions of one are constant."
        )
    return (
        f"No route has a zero-shot language in common with `{baseline}` that "
        "its target's benchmark lists: there is nothing to compare."
    )


def _said_of(counted, num_judged, baseline):
    """Says what the differences that count come to.

    Args:
        counted: list of tuples of route, target and cell.
        num_judged: int. Of how many differences those are.
        baseline: str.
    """
    beside = _beside_chance(num_judged - len(counted))
    real = [item for item in counted if item[2]["is_significant"]]
    if not real:
        most = max(counted, key=lambda item: abs(item[2]["difference"]))
        unseen = no_proof_of_none(
            (cell["detectable"], cell["difference_count"])
            for _, _, cell in counted
        )
        return (
            f"No route differs significantly from `{baseline}` on any target; "
            f"the largest difference is {_described(*most)}.{beside}{unseen}"
        )
    gains = [item for item in real if item[2]["difference"] > 0]
    losses = [item for item in real if item[2]["difference"] < 0]
    text = "; ".join(
        _most_of(kind, items)
        for kind, items in (("gain", gains), ("loss", losses))
    )
    return (
        f"Of {num_judged} {_noun(num_judged)} to `{baseline}` in languages "
        f"that no stage trained the target in, {text}.{beside}"
    )


def _beside_chance(number):
    """Says how many differences do not count, if there are any."""
    if not number:
        return ""
    what = "difference does" if number == 1 else "differences do"
    return f" {number} {what} not count: neither score is clear of chance."


def _most_of(kind, items):
    """Tells how many significant differences of a kind, and the largest."""
    if not items:
        return f"none is a significant {kind}"
    verb = "is a significant" if len(items) == 1 else "are significant"
    noun = {"gain": "gains", "loss": "losses"}[kind]
    most = max(items, key=lambda item: abs(item[2]["difference"]))
    if len(items) == 1:
        return f"1 {verb} {kind}: {_described(*most)}"
    return f"{len(items)} {verb} {noun}, the largest {_described(*most)}"


def _described(route, target, cell):
    """Tells one difference with all that belongs to it."""
    p = cell["adjusted_p"]
    return (
        f"{cell['difference']:+z.1f} points of `{route}` on {target} (to "
        f"{cell['value']:.1f}; 95 % interval of it alone "
        f"{cell['difference_low']:+z.1f} to {cell['difference_high']:+z.1f}, "
        f"{'p < 0.001' if p < 0.001 else f'p = {p:.3f}'} after Holm's "
        "correction for all)"
    )


def negative_transfer(frames):
    """Counts significant losses and gains in single languages.

    Args:
        frames: dict from target to a frame of `tables.difference_frame`.

    Returns:
        Dict: `cells`, `losses` and `gains`, ints, of pairs of route and
        language in all targets whose difference can be judged and is of
        transfer, which that of a control is not; `significant`, str each, the
        losses and gains; `beside_chance`, of those that do not count; `own`,
        of others, of a target's own task or head.
    """
    judged = {
        (row["label"], target, language): cell
        for target, frame in frames.items()
        for row in frame["rows"]
        for language, cell in row["cells"].items()
        if cell["p"] is not None
        and cell["in_benchmark"]
        and not is_control(row["label"])
    }
    cells = [cell for cell in judged.values() if cell["is_transfer"]]
    real = {
        place: cell["difference"]
        for place, cell in judged.items()
        if cell["is_transfer"] and cell["is_significant"]
    }
    return {
        "cells": len(cells),
        "losses": sum(points < 0 for points in real.values()),
        "gains": sum(points > 0 for points in real.values()),
        "significant": [
            f"{points:+z.1f} points of `{route}` on {target} in {language}"
            for (route, target, language), points in real.items()
        ],
        "beside_chance": sum(
            not cell["difference_above_chance"] for cell in cells
        ),
        "own": len(judged) - len(cells),
    }


def negative_transfer_sentence(counts):
    """Says what `negative_transfer` counted."""
    if not counts["cells"]:
        return (
            "Negative transfer: no difference of a language can be judged."
            f"{beside_own(counts['own'])}"
        )
    lost, gained = (
        _share(counts[name], counts["cells"]) for name in ("losses", "gains")
    )
    return (
        "Negative transfer, in single languages: significant losses are "
        f"{counts['losses']} of {counts['cells']} {_noun(counts['cells'])} "
        f"({lost}), significant gains {counts['gains']} ({gained}); Holm's "
        f"correction within each target.{_named(counts['significant'])}"
        f"{_beside_chance(counts['beside_chance'])}"
        f"{beside_own(counts['own'])}"
    )


def _noun(number):
    return "difference" if number == 1 else "differences"


def _share(part, whole):
    """Writes a share in percent, and no 0 of what is there."""
    percent = 100 * part / whole
    return "< 1 %" if part and percent < 1 else f"{percent:.0f} %"


def _named(significant):
    """Names what is significant where that is little."""
    if not 0 < len(significant) <= MAX_NAMED:
        return ""
    verb = "It is" if len(significant) == 1 else "They are"
    return f" {verb} {'; '.join(significant)}."


# Of so many significant differences in single languages each is named.
MAX_NAMED = 4
