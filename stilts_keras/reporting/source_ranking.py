"""Orders of candidate sources: built, judged by a run's results, printed.

A ranking is a plain dict that JSON can hold:

    {"backbone": str, "data": str, "max_sequences": int,
     "measures": {name: str}, "targets": [...],
     "mean": {measure: judgement}, "notes": [str]}

and each target's

- `target`, `problem`, `num_rows` (packed rows that were looked at), `own`
  (routes that are more of the same and so no candidates), `logme_pretrained`
  (of the bare backbone; None where it is not defined);
- `candidates`: for each its `route`; `values`, a dict from a measure to a
  float or None; `ranks`, likewise, 1 the best, equals alike; `undefined`, from
  a measure that has no value to the reason; `zero_shot`, its mean score in
  percent, or None;
- `metric` and `languages` that this mean is over, where there are results;
- `judgements`: from a measure to `num_candidates`, `num_valued`,
  `regret_at_1` and `regret_at_3` in percent, `spearman` and `kendall`; see
  `scoring.selection`.

A `mean` is over the targets that all measures with a judgement are judged on,
so that means can be compared.
"""

import dataclasses

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.graph.compatibility import check_compatible
from stilts_keras.reporting.evidence import gather
from stilts_keras.scoring.selection import DEPTHS
from stilts_keras.scoring.selection import judge

MEASURES = {
    "text_similarity": "cosine of both data sets' mean embeddings",
    "logme_heads": "LogME of the target's labels on what linear heads for the "
    "source's labels say of its rows",
    "logme_stage": "LogME of the target's labels on the states of the source's "
    "finished stage",
    "num_examples": "the source's training examples",
}
COLUMNS = ("spearman", "kendall", *(f"regret_at_{depth}" for depth in DEPTHS))
COUNTS = ("num_valued", "num_candidates")
WIDTH = 110


class Outcomes:
    """What really helped: zero-shot means of a run of the same graph."""

    def __init__(self, graph, run_dir=None):
        """Reads a run's results.

        Args:
            graph: Graph.
            run_dir: path or None. None: nothing is known.

        Raises:
            InputError: If there are none, or of another graph.
        """
        self.notes = []
        self._rows, self._primary = [], {}
        if run_dir is None:
            return
        evidence = gather([run_dir])
        if not evidence.description:
            raise InputError(
                f"{str(run_dir)!r} has no run.json that can be read, so that "
                "its results may be of another graph. Run the same command "
                "again: what is done stays, and the file is written anew."
            )
        check_compatible(evidence.description, graph.description())
        self.notes += evidence.problems
        self._rows, self._primary = evidence.rows, evidence.primary

    def of(self, target, routes):
        """Returns what came of some routes for a target.

        Args:
            target: str.
            routes: iterable of str.

        Returns:
            Tuple: dict from a route to its zero-shot mean in percent, over the
            languages that all of the routes and seeds have, then over seeds;
            the metric, or None; those languages.
        """
        metric = self._primary.get(target)
        by_run, collapsed = {}, set()
        for row in self._rows:
            is_asked = row.target == target and row.metric == metric
            if is_asked and row.is_averaged and row.route in routes:
                key = row.route, row.seed
                by_run.setdefault(key, {})[row.language] = row.value
                if row.collapsed:
                    collapsed.add(row.route)
        for route in sorted(collapsed):
            self.notes.append(
                f"{target} after {route}: some predictions are constant, so "
                "that its score tells nothing of the source: not judged."
            )
        kept = {
            key: scores
            for key, scores in by_run.items()
            if key[0] not in collapsed
        }
        shared = set.intersection(*map(set, kept.values())) if kept else set()
        if not shared:
            return {}, metric, ()
        means = {}
        for (route, _), scores in kept.items():
            mean = np.mean([scores[language] for language in shared])
            means.setdefault(route, []).append(mean)
        found = {route: float(np.mean(each)) for route, each in means.items()}
        return found, metric, tuple(sorted(shared))


def build(graph, found, outcomes, *, max_sequences, notes=()):
    """Builds a ranking.

    Args:
        graph: Graph.
        found: list of a dict for each target: `target` (Task), `num_rows`,
            `own`, `logme_pretrained` and `measured`, a dict from a route to a
            dict from a measure to a float, or to a str: why it has none.
        outcomes: `Outcomes`.
        max_sequences: int. Most of a data set that were looked at.
        notes: iterable of str.

    Returns:
        The ranking, a dict.
    """
    targets = [_target(one, outcomes) for one in found]
    return {
        "backbone": graph.backbone.name,
        "data": graph.data.name,
        "max_sequences": max_sequences,
        "measures": MEASURES,
        "targets": targets,
        "mean": _mean_judgements(targets),
        "notes": [*notes, *outcomes.notes],
    }


def _target(found, outcomes):
    task, measured = found["target"], found["measured"]
    scores, metric, languages = outcomes.of(task.name, measured)
    candidates = [
        {
            "route": route,
            "values": {
                name: None if isinstance(value, str) else value
                for name, value in values.items()
            },
            "undefined": {
                name: value
                for name, value in values.items()
                if isinstance(value, str)
            },
            "zero_shot": scores.get(route),
        }
        for route, values in measured.items()
    ]
    for candidate in candidates:
        candidate["ranks"] = {
            name: _rank(candidate, candidates, name) for name in MEASURES
        }
    judgements = {name: _judgement(candidates, name) for name in MEASURES}
    return {
        "target": task.name,
        "problem": task.problem,
        "num_rows": found["num_rows"],
        "logme_pretrained": found["logme_pretrained"],
        "own": sorted(found["own"]),
        "metric": metric if scores else None,
        "languages": list(languages),
        "candidates": candidates,
        "judgements": {name: one for name, one in judgements.items() if one},
    }


def _rank(candidate, candidates, name):
    own = candidate["values"][name]
    if own is None:
        return None
    values = [one["values"][name] for one in candidates]
    return 1 + sum(value is not None and value > own for value in values)


def _judgement(candidates, name):
    """Judges a measure; None where fewer than two candidates have both.

    Candidates without a value are among those that it could have chosen.
    """
    pairs = [
        (one["values"][name], one["zero_shot"])
        for one in candidates
        if one["zero_shot"] is not None
    ]
    if sum(value is not None for value, _ in pairs) < 2:
        return None
    found = dataclasses.asdict(judge(*zip(*pairs, strict=True)))
    regrets = found.pop("regrets")
    return found | {f"regret_at_{k}": value for k, value in regrets.items()}


def _mean_judgements(targets):
    """Averages over the targets that all of the judged measures share."""
    names = [
        name
        for name in MEASURES
        if any(name in one["judgements"] for one in targets)
    ]
    common = [
        one["judgements"]
        for one in targets
        if names and set(names) == set(one["judgements"])
    ]
    if not common:
        return {}
    return {
        name: {
            "num_targets": len(common),
            **{
                column: _mean([one[name] for one in common], column)
                for column in (*COUNTS, *COLUMNS)
            },
        }
        for name in names
    }


def _mean(judged, column):
    known = [one[column] for one in judged if one[column] is not None]
    return float(np.mean(known)) if known else None


# ------------------------------------------------------------------- Printing
def print_ranking(ranking, console=None):
    """Prints a table for each target, and how good the orders were.

    Args:
        ranking: dict, from `build`.
        console: `rich.console.Console` or None for the standard output.
    """
    from rich.console import Console

    if console is None:
        console = Console()
        if not console.is_terminal:
            console = Console(width=WIDTH)
    for target in ranking["targets"]:
        console.print(_order_table(target))
    if any(target["judgements"] for target in ranking["targets"]):
        console.print(_judgement_table(ranking))
    for line in _lines(ranking):
        console.print(line, markup=False, highlight=False)


def _order_table(target):
    """Lays out the candidates, the first measure's best at the top."""
    has_scores = target["metric"] is not None
    shown = [
        name
        for name in MEASURES
        if any(one["values"][name] is not None for one in target["candidates"])
    ]
    title = f"{target['target']} ({target['problem'].replace('_', ' ')})"
    table = _table(title, "source")
    for name in shown:
        table.add_column(name.replace("_", " "), justify="right")
    if has_scores:
        table.add_column(f"zero-shot {target['metric']}", justify="right")
    ordered = sorted(
        target["candidates"],
        key=lambda one: [one["ranks"][name] or np.inf for name in shown],
    )
    for one in ordered:
        texts = [_value(one, name) for name in shown]
        if has_scores:
            texts.append(_number(one["zero_shot"], ".1f"))
        table.add_row(one["route"], *texts)
    return table


def _judgement_table(ranking):
    table = _table("Orders against what really helped", "target")
    for name in ("measure", "candidates", *COLUMNS):
        table.add_column(name.replace("_at_", "@"), justify="right")
    for target in ranking["targets"]:
        for name, judged in target["judgements"].items():
            table.add_row(target["target"], *_judged_texts(name, judged, "d"))
    for name, judged in ranking["mean"].items():
        label = f"mean of {judged['num_targets']}"
        table.add_row(label, *_judged_texts(name, judged, ".1f"))
    return table


def _judged_texts(name, judged, count_format):
    return [
        name.replace("_", " "),
        " of ".join(format(judged[count], count_format) for count in COUNTS),
        *(_number(judged[column], ".2f") for column in COLUMNS[:2]),
        *(_number(judged[column], ".1f") for column in COLUMNS[2:]),
    ]


def _table(title, head):
    from rich import box
    from rich.table import Table

    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column(head, overflow="fold")
    return table


def _value(candidate, name):
    value = candidate["values"][name]
    if value is None:
        return "-"
    text = f"{value:,}" if name == "num_examples" else f"{value:.4f}"
    return f"{text} ({candidate['ranks'][name]})"


def _number(value, how):
    return "-" if value is None else format(value, how)


def _lines(ranking):
    """Lists what is to be said below the tables."""
    yield (
        f"At most {ranking['max_sequences']:,} sequences of each data set, "
        f"through {ranking['backbone']}. In brackets the place, the best "
        "being 1."
    )
    for name, text in ranking["measures"].items():
        yield f"{name.replace('_', ' ')}: {text}."
    for target in ranking["targets"]:
        if target["logme_pretrained"] is not None:
            yield (
                f"{target['target']}: LogME of the bare backbone is "
                f"{target['logme_pretrained']:.4f}."
            )
        if target["own"]:
            yield (
                f"{target['target']}: no candidates, since more of the same is "
                f"no transfer: {', '.join(target['own'])}."
            )
    yield from _undefined(ranking)
    if any(target["judgements"] for target in ranking["targets"]):
        yield (
            "Regret: what is lost by trying the first 1 or 3 and keeping the "
            "best, in percent of the best of all candidates with a zero-shot "
            "score. Those without a value come last, equals stand in the "
            "worst order. Correlations are of candidates with a value. "
            + _means_text(ranking)
        )
    yield from ranking["notes"]


def _means_text(ranking):
    targets = [one for one in ranking["targets"] if one["judgements"]]
    if not ranking["mean"]:
        return "No target has all measures: there are no means to compare."
    names = [
        one["target"]
        for one in targets
        if set(one["judgements"]) == set(ranking["mean"])
    ]
    return f"Means are over targets with all measures: {', '.join(names)}."


def _undefined(ranking):
    """Says of each measure once why some candidates have no value of it."""
    routes = {}
    for target in ranking["targets"]:
        for one in target["candidates"]:
            for name, reason in one["undefined"].items():
                routes.setdefault((name, reason), {})[one["route"]] = None
    for (name, reason), found in routes.items():
        yield f"No {name.replace('_', ' ')} of {', '.join(found)}: {reason}."
