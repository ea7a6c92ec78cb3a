"""Orders candidate sources for each target, before anything is trained.

What can be known of a source by then, each a measure that is to be higher for
the better one:

- `text_similarity`: the cosine of the mean embeddings of both data sets'
  training rows, by the bare backbone (TextEmb of Vu et al., 2020,
  https://arxiv.org/abs/2005.00770). Needs no labels, so that it is defined for
  every problem.
- `logme_heads`: LogME of the target's labels. Its features are what linear
  heads for the source's labels, in closed form on the bare backbone, say of the
  target's rows. Published LogME scores backbones: of one bare backbone it has
  one value for a target, whatever the source. To describe the target's rows by
  the source's labels is LEEP's idea (Nguyen et al., 2020,
  https://arxiv.org/abs/2002.12462); there the source's trained model does it.
  The combination is ours. States of sequences and of tokens lie in one space,
  so that a head for words reads a sequence, at the mean of its states.
- `logme_stage`: LogME of the target's labels on the states of the backbone that
  a finished stage of the source has left, where the run folder or the stage
  store has one: as published, and as Schulte et al., 2024
  (https://arxiv.org/abs/2410.15148), choose intermediate tasks. The source is
  paid for then; what it spares is training the target.
- `num_examples`: the source's training examples, which any other measure should
  beat (Poth et al., 2021, https://arxiv.org/abs/2104.08247).

States are the last ones; a sequence is the mean over its tokens.
"""

import dataclasses
import pathlib

import numpy as np

from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.graph.candidates import MAX_SEQUENCES
from stilts_keras.graph.candidates import candidates_of
from stilts_keras.graph.candidates import questions_of
from stilts_keras.records.stage_folders import StageFolders
from stilts_keras.reporting import source_ranking
from stilts_keras.reporting.progress import Progress
from stilts_keras.scoring.logme import linear_head
from stilts_keras.scoring.logme import logme

SEVERAL = "the route has several sources"
UNKNOWN = "the number is known after a download"
UNREADABLE = (
    "its labels cannot be read linearly off the bare backbone: the heads say "
    "the same of every row"
)
NO_STAGE = "neither --run_dir nor --stage_store has a finished stage of it"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be ranked, checked as far as no backbone is needed.

    Attributes:
        graph: Graph.
        candidates: list of `Candidate`.
        questions: list of `Question`.
        max_sequences: int. Most of a data set that are looked at.
        outcomes: `Outcomes` of a run of the same graph.
        run_dir: path or None. Of that run.
        output: path or None. JSON file for the ranking.
    """

    graph: object
    candidates: list
    questions: list
    max_sequences: int
    outcomes: source_ranking.Outcomes
    run_dir: pathlib.Path | None
    output: pathlib.Path | None


def ask(graph, *, run_dir=None, output=None, max_sequences=MAX_SEQUENCES):
    """Checks what is to be ranked; loads no framework.

    Args:
        graph: Graph. Nothing of it is trained.
        run_dir: path or None. Folder of a run of the same graph: its results
            judge the orders, and its finished stages are scored.
        output: path or None. JSON file for the ranking.
        max_sequences: int. Most sequences of each data set that are looked
            at; fewer where the graph's limits say so.

    Returns:
        `Asked`.

    Raises:
        InputError: If there is nothing to rank, the file cannot be written,
            or the run folder is of another graph.
    """
    return Asked(
        graph=graph,
        candidates=candidates_of(graph, max_sequences),
        questions=questions_of(graph, max_sequences),
        max_sequences=max_sequences,
        outcomes=source_ranking.Outcomes(graph, run_dir),
        run_dir=run_dir,
        output=output and files.check_file_place(output, "output"),
    )


def rank(asked, *, stage_store=None, bad_rows="skip", console=None):
    """Orders a graph's routes for each of its targets, and prints the order.

    Args:
        asked: `Asked`, from `ask`.
        stage_store: path or None. Finished stages of it are scored, too.
        bad_rows: str. One of `rows.BAD_ROWS`.
        console: `rich.console.Console` or None for the standard output.

    Returns:
        The ranking, a dict; see `reporting.source_ranking`.

    Raises:
        InputError: If rows are wrong or the backbone is unfit.
    """
    # Here: it loads the framework, which must have been chosen before.
    from stilts_keras.steps.survey import Surveys

    folders = StageFolders(asked.run_dir, stage_store)
    with Progress(console) as progress:
        surveys = Surveys(asked.graph, bad_rows, progress.note)
        # What is wrong with any row is met before the backbone is loaded.
        surveys.read(
            one.splits for one in (*asked.candidates, *asked.questions)
        )
        seen = surveys.of(
            [
                one.splits
                for one in (*asked.candidates, *asked.questions)
                if one.splits
            ]
        )
        heads = _heads(asked.candidates, seen)
        stages = _by_stage(asked, seen, surveys, folders)
    found = [
        _measured(one, asked.candidates, seen, heads, stages)
        for one in asked.questions
    ]
    ranking = source_ranking.build(
        asked.graph,
        found,
        asked.outcomes,
        max_sequences=asked.max_sequences,
        notes=surveys.notes(),
    )
    if asked.output:
        files.write_json(asked.output, ranking)
    source_ranking.print_ranking(ranking, console)
    return ranking


# ------------------------------------------------------------------- Measures
def _measured(question, candidates, seen, heads, stages):
    """Measures each candidate for a target; see `source_ranking.build`."""
    target = seen[question.splits]
    bare = None
    no_stage = _no_labels(question)
    if target.moments:
        bare = _logme(target.moments, question)
        no_stage = NO_STAGE
    return {
        "target": question.target,
        "num_rows": target.num_rows,
        "own": question.own,
        "logme_pretrained": bare,
        "measured": {
            one.route: {
                "text_similarity": _similarity(one, target, seen),
                "logme_heads": by_heads(one, question, target, heads),
                "logme_stage": stages.get(
                    (question.target.name, one.route), no_stage
                ),
                "num_examples": _size(one),
            }
            for one in candidates
            if one.route not in question.own
        },
    }


def _heads(candidates, seen):
    """Fits a linear head to each candidate's labels, where it has such."""
    return {
        one.route: linear_head(seen[one.splits].moments)
        for one in candidates
        if one.splits and seen[one.splits].moments
    }


def _similarity(candidate, target, seen):
    if not candidate.splits:
        return SEVERAL
    one, other = seen[candidate.splits].mean, target.mean
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def by_heads(candidate, question, target, heads):
    """Returns `logme_heads` of a candidate, or why it has none.

    Args:
        candidate: `Candidate`.
        question: `Question`.
        target: `Survey` of the question's rows.
        heads: dict from a route to what `linear_head` gave.

    Returns:
        float or str.
    """
    if not candidate.splits:
        return SEVERAL
    if target.moments is None:
        return _no_labels(question)
    if candidate.route not in heads:
        return (
            f"{candidate.source.task.problem} has no labels that a linear head "
            "could learn"
        )
    weights, bias = heads[candidate.route]
    if not weights.any():
        # A constant would still have an evidence, and a place by it.
        return UNREADABLE
    return _logme(target.moments.projected(weights, bias), question)


def _by_stage(asked, seen, surveys, folders):
    """Scores finished stages, of the first seed that has one, one by one."""
    labelled = [one for one in asked.questions if seen[one.splits].moments]
    found = {}
    for candidate in asked.candidates:
        places = filter(None, map(folders.find, candidate.stages))
        folder = next(places, None)
        wanted = [one for one in labelled if candidate.route not in one.own]
        if folder is None or not wanted:
            continue
        left = surveys.of([one.splits for one in wanted], folder)
        for one in wanted:
            key = one.target.name, candidate.route
            found[key] = _logme(left[one.splits].moments, one)
    return found


def _size(candidate):
    if candidate.source is None:
        return SEVERAL
    return candidate.num_examples or UNKNOWN


def _logme(moments, question):
    try:
        return logme(moments)
    except InputError as error:
        raise InputError(
            f"Target {question.target.name!r}, its training rows that are "
            f"looked at: {error}"
        ) from error


def _no_labels(question):
    return (
        f"target {question.target.name} ({question.target.problem}) has no "
        "labels that a linear model could have"
    )
