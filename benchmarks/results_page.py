"""The page of results: what `results` kept of the real study, as Markdown."""

import math
import statistics

from stilts_keras.reporting import answers
from stilts_keras.reporting import published
from stilts_keras.reporting import rendering
from stilts_keras.reporting.route_names import is_plain
from stilts_keras.tasks import languages

FLAGFILE = "flags/studies/small_real.flags"
BACKBONE = (
    "multilingual E5 small (12 layers of 384), trained to compare sentences, "
    "its weights rounded to 4 bits"
)
# What the abstract of Phang et al. (2020) tells: targets that gain hugely from
# almost every task, and mean gains on dev rows by intermediate task.
ABSTRACT = "Phang et al., abstract"
LARGE_IN_ABSTRACT = ("tatoeba", "bucc2018")
MIXTURE = "all nine, mixed"
GAINS_IN_ABSTRACT = {
    "squad_v2": 8.2,
    "mnli": 7.5,
    "hellaswag": 7.0,
    MIXTURE: 8.7,
}
# As many were planned.
FIRST_SEEDS = 3
# A gain below it, in points, has no sign that is worth a word.
SMALLEST_SIGN = 0.5
_LACKS = (
    "Not all of it was run: [what is missing](#missing-or-damaged) is in no "
    "difference."
)
_PAPER = (
    "What Phang et al. (2020) gained on XLM-R large, by the best of their "
    "tasks for each target, as their abstract or later work tells it, beside "
    f"the best of ours: signs are what can be compared, of at least "
    f"{SMALLEST_SIGN} points."
)


def page(facts, flagfile):
    """Writes the page.

    Args:
        facts: dict. What `keep` wrote.
        flagfile: str. The study's flagfile.

    Returns:
        Markdown.
    """
    blocks = [
        "# Results",
        "Does training on an English intermediate task first help a small "
        "encoder in languages that it never saw the target task in? Real "
        f"weights and rows, {facts['stages']} stages of {facts['steps']:,} "
        "steps in all. `python -m benchmarks.results` builds this page from "
        "the run folder; no figure is typed. Marks and tests are explained in "
        "[Reading the answer](report.md), routes in [Routes and "
        "mixtures](routes.md), layers and pools in [Retrieval](retrieval.md).",
        "## The answer",
        _bullets(facts["sentences"]),
        *([_LACKS] if facts["problems"] else ()),
        rendering.plain_to_markdown(facts["answer"]),
        rendering.to_markdown(facts["summary"]),
        *(f"![{name}](results/{name}.png)" for name in facts["figures"]),
        "## Setting",
        _bullets(_setting(facts)),
        _target_table(facts["targets"]),
        "## Against the controls",
        "A gain counts for little where more steps on the target, or an "
        "intermediate task whose labels say nothing, give as much. Percentage "
        "points, marked as in the table above. A route `longer:N` adds N steps "
        "to each target's own, whatever their number.",
        *_against(facts),
        *(_before_paying(facts["ranking"]) if facts["ranking"] else ()),
        "## Beside the paper",
        _PAPER,
        _beside(facts),
        "By intermediate task, means over the targets: theirs over nine, on "
        "dev rows; ours over those that are not the task's own.",
        _beside_routes(facts),
        "What differs: "
        f"the encoder is {BACKBONE}; sources and targets are subsets of a "
        "few hundred rows, and not whole data sets; one learning rate for all, "
        "without a choice by dev rows; the best of theirs is of nine tasks and "
        "their mixture.",
        "## The command",
        f"`stilts run --flagfile={FLAGFILE}`, with `--backbone` and `--data`; "
        "the flagfile:",
        f"<!-- file: {FLAGFILE} -->\n```text\n{flagfile.rstrip()}\n```",
    ]
    if facts["problems"]:
        blocks += ["## Missing or damaged", _bullets(facts["problems"])]
    return "\n\n".join(block.rstrip() for block in blocks) + "\n"


def _bullets(lines):
    return "\n".join(f"- {line}" for line in lines)


def _table(columns, rows, alignment):
    """Writes texts as a table; `alignment` has l or r for each column."""
    rule = "".join({"l": "---|", "r": "---:|"}[side] for side in alignment)
    lines = [f"| {' | '.join(cells)} |" for cells in (columns, *rows)]
    return "\n".join([lines[0], f"|{rule}", *lines[1:]])


def _setting(facts):
    """Lists what was trained on what."""
    settings = facts["settings"]
    codes = languages.by_family(settings["languages"])
    families = dict.fromkeys(map(languages.family_of, codes))
    versions = ", ".join(f"{k} {v}" for k, v in facts["versions"].items())
    return [
        f"Encoder: {BACKBONE}.",
        f"Languages: {', '.join(codes)}, of {len(families)} families "
        f"({', '.join(families)}; IE: Indo-European). All training is in "
        "English.",
        f"At most {settings['train_limit']} rows of each data set are trained "
        f"on; at most {settings['eval_limit']} test rows of each language are "
        "scored.",
        f"Batches of {settings['batch_size']}, {settings['epochs']:g} epochs, "
        f"learning rate {settings['learning_rate']:g}, at most "
        f"{settings['max_length']} tokens; where tasks differ, the flagfile "
        "below says so.",
        f"Seeds {', '.join(map(str, facts['seeds']))}.{_second_look(facts)}",
        f"Steps before a target's: {_stages_text(facts['before_targets'])}.",
        f"On {facts['backend']}, {settings['dtype_policy']}, with {versions}.",
    ]


def _second_look(facts):
    """Says that more seeds were run because of what the first ones showed."""
    if len(facts["seeds"]) <= FIRST_SEEDS:
        return ""
    return (
        f" Those after the first {FIRST_SEEDS} were added because these had "
        "shown nothing significant: p is of a second look, and somewhat too "
        "small."
    )


def _stages_text(stages):
    return ", ".join(f"`{path}` {steps}" for path, steps in stages.items())


def _target_table(targets):
    """Tells of each target how it is scored, where, and its own stage."""
    rows = [
        [
            target,
            f"`{known['metric']}`",
            " ".join(known["languages"]),
            *(
                [f"`{known['stage']}`", str(known["steps"])]
                if known["stage"]
                else ["-", "-"]
            ),
        ]
        for target, known in targets.items()
    ]
    return _table(
        ["target", "metric", "zero-shot languages", "trained on", "steps"],
        rows,
        "llllr",
    )


def _against(facts):
    """Sets the plain routes beside each control, a table each."""
    for control, summary in facts["against"].items():
        yield f"### Differences to `{control}`"
        columns = summary["columns"]
        rows = []
        for row in summary["rows"]:
            cells = [row["cells"].get(column) for column in columns]
            if is_plain(row["label"]) and any(map(_is_compared, cells)):
                rows.append([row["label"], *map(_difference, cells)])
        yield _table(["route", *columns], rows, "l" + "r" * len(columns))


def _is_compared(cell):
    return cell is not None and cell.get("difference") is not None


def _difference(cell):
    """Writes a difference with its marks."""
    if not _is_compared(cell):
        return "-"
    significant = rendering.SIGNIFICANT * cell["is_significant"]
    incomplete = rendering.INCOMPLETE * (not cell["complete"])
    marks = f"{significant}{rendering.score_marks(cell)}{incomplete}"
    return f"{cell['difference']:+z.1f}{marks}"


def _before_paying(ranking):
    """Tells how well sources could have been chosen before any training."""
    targets = [one for one in ranking["targets"] if one["judgements"]]
    names = [one["target"] for one in targets]
    yield "## Before paying"
    yield (
        "`stilts rank` orders the routes for each target without training "
        "them ([how](studies.md#before-paying-rank)). Regret@1, the percent "
        "of the best route's score that is lost by its first choice, which "
        "stands in brackets; then the mean rank correlation."
    )
    rows, equal = [], []
    for measure in ranking["measures"]:
        found = [one["judgements"].get(measure) for one in targets]
        if any(found) and not _orders(targets, measure):
            equal.append(f"`{measure}`")
        elif any(found):
            texts = [_regret(one, measure) for one in targets]
            known = [one["spearman"] for one in found if one]
            known = [value for value in known if value is not None]
            mean = f"{statistics.fmean(known):+.2f}" if known else "-"
            rows.append([f"`{measure}`", *texts, mean])
    yield _table(
        ["ordered by", *names, "Spearman"], rows, "l" + "r" * (len(names) + 1)
    )
    if equal:
        yield f"Equal for all, so that it orders none: {', '.join(equal)}."


def _orders(targets, measure):
    """Whether a measure sets one route before another, for any target."""
    return any(
        (one["ranks"][measure] or 1) > 1
        for target in targets
        for one in target["candidates"]
    )


def _regret(target, measure):
    """Writes a target's regret and the first choice of a measure."""
    found = target["judgements"].get(measure)
    if not found:
        return "-"
    first = [
        one["route"]
        for one in target["candidates"]
        if one["ranks"][measure] == 1
    ]
    return f"{found['regret_at_1']:.1f} ({', '.join(first)})"


def _beside(kept):
    """Sets published gains beside the best route of each target."""
    rows = []
    answer = kept["answer"]
    for values in answer["rows"]:
        row = dict(zip(answer["columns"], values, strict=True))
        target, ours = row[answers.TARGET], row[answers.POINTS]
        if ours is None:
            continue
        gain, place = published_gain(target, kept["targets"][target]["metric"])
        signs = "-"
        if gain is not None and min(abs(gain), abs(ours)) >= SMALLEST_SIGN:
            signs = "same" if gain * ours > 0 else "other"
        there = "-" if gain is None else f"{gain:+z.1f}"
        # Told in words alone.
        there = "large" if gain == math.inf else there
        best = f"`{row[answers.BEST]}`"
        rows.append([target, place, there, best, f"{ours:+z.1f}", signs])
    columns = ["target", "published", "gain there", "best here", "gain here"]
    return _table([*columns, "signs"], rows, "llrlrl")


def _beside_routes(kept):
    """Sets mean gains of the paper's abstract beside ours, route by route."""
    rows = []
    for row in kept["summary"]["rows"]:
        gain = mean_gain(row)
        if gain is None or not is_plain(row["label"]):
            continue
        kind = MIXTURE if "+" in row["label"] else row["label"]
        there = GAINS_IN_ABSTRACT.get(kind)
        there = "-" if there is None else f"{there:+z.1f}"
        targets = ", ".join(_transfers(row))
        rows.append([row["label"], there, f"{gain:+z.1f}", targets])
    columns = ["route", "gain there", "gain here", "targets"]
    return _table(columns, rows, "lrrl")


def _transfers(row):
    """Maps the targets that a route did not train the task of to cells."""
    return {
        target: cell
        for target, cell in row["cells"].items()
        if answers.is_transfer(row["label"], cell)
    }


def mean_gain(row):
    """Returns the mean difference over targets; None where there is none."""
    found = [cell["difference"] for cell in _transfers(row).values()]
    return statistics.fmean(found) if found else None


def published_gain(target, metric):
    """Returns what the best task gained, and where that was read.

    Returns:
        Tuple of points and a source: infinite where a gain is told in words
        alone, None where no one source has both scores.
    """
    if target in LARGE_IN_ABSTRACT:
        return math.inf, ABSTRACT
    by_place = {}
    for found in published.PUBLISHED:
        score = found.scores.get(target, {}).get(metric)
        if score is not None:
            by_place.setdefault(found.provenance, {})[found.kind] = score
    for place, scores in by_place.items():
        if set(scores) == {published.PRETRAINED, published.BEST}:
            gain = scores[published.BEST] - scores[published.PRETRAINED]
            return gain, place
    return None, "not quoted"
