"""The answer, target by target: did any intermediate task help?"""

from stilts_keras.reporting.own_task import MARK
from stilts_keras.reporting.route_names import is_control
from stilts_keras.reporting.tables import CHANCE
from stilts_keras.scoring import behrens_fisher

# The plain table that stands below the sentences of a report.
NAME = "answer"
# Columns of a row, beside the baseline's own score.
TARGET = "target"
BEST = "best route"
POINTS = "points"
ENDS = ("points low", "points high")
P, DETECTABLE = "p", "detectable"
BETTER, WORSE, ROUTES = "better", "worse", "routes"
# What is known where a route can be compared.
COMPARED = (BEST, POINTS, *ENDS, P, DETECTABLE, BETTER, WORSE)


def answer_table(frame, baseline):
    """Tells for each target what the best route gained, and how many differ.

    Args:
        frame: dict, of `tables.summary_frame`.
        baseline: str. The route compared with.

    Returns:
        A plain table (see `findings`) with a row for each target that the
        baseline and another route have a score of; None where no difference
        is of transfer.
    """
    rows = [
        found
        for target in frame["columns"]
        if (found := _row(frame, target, baseline))
    ]
    columns = [TARGET, baseline, *COMPARED, ROUTES]
    if not any(row[columns.index(BEST)] for row in rows):
        return None
    return {
        "title": f"Against {baseline}, target by target",
        "columns": columns,
        "intervals": {POINTS: ENDS},
        "signed": (POINTS,),
        "rows": rows,
        "notes": [
            f"Zero-shot means in percent; {BEST}: the one of the largest "
            f"difference, over as many seeds as any, among those that are "
            "transfer, which controls and routes that trained the target's own "
            f"task or head ({MARK}) are not",
            f"{POINTS}: its difference, with the 95 % interval; {P}: after "
            "Holm's correction over all differences; of several routes the "
            "best is flattered by being chosen",
            f"{DETECTABLE}: the smallest true difference there that would have "
            f"been shown in {100 * behrens_fisher.POWER:.0f} of 100 such "
            "studies, in the strictest test of that correction; above 100 "
            "there is none",
            f"{BETTER}, {WORSE}: of so many {ROUTES}, those that differ "
            "significantly; - where none can be judged. Without a route no "
            "difference is of transfer: all are of the target's own task, "
            "controls, collapsed, or without a language in common",
        ],
    }


def is_transfer(route, cell):
    """Whether a cell has a difference that is of transfer.

    Args:
        route: str.
        cell: dict, of `tables`, or None.
    """
    return (
        not is_control(route)
        and cell is not None
        and cell["difference"] is not None
        and cell["is_transfer"]
    )


def _row(frame, target, baseline):
    """Returns the values of a target; None where no other route has it."""
    cells = {row["label"]: row["cells"].get(target) for row in frame["rows"]}
    ours = cells.pop(baseline, None)
    cells.pop(CHANCE, None)
    compared = {
        route: cell for route, cell in cells.items() if is_transfer(route, cell)
    }
    if not compared:
        if not (ours and any(cells.values())):
            return None
        return [target, ours["value"], *[None] * len(COMPARED), 0]
    judged = [cell for cell in compared.values() if cell["p"] is not None]
    real = [
        cell["difference"]
        for cell in judged
        if cell["is_significant"] and cell["difference_above_chance"]
    ]
    # Of fewer seeds than others, a difference is large by luck.
    best = max(
        compared,
        key=lambda route: (
            compared[route]["difference_count"] or 0,
            compared[route]["difference"],
        ),
    )
    cell = compared[best]
    return [
        target,
        ours and ours["value"],
        best,
        cell["difference"],
        cell["difference_low"],
        cell["difference_high"],
        cell["adjusted_p"],
        cell["detectable"],
        sum(points > 0 for points in real) if judged else None,
        sum(points < 0 for points in real) if judged else None,
        len(compared),
    ]
