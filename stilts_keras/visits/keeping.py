"""Keeps what a visit yields in the folder that it is made for."""

from stilts_keras.records.rows import ChainScore
from stilts_keras.visits.values import Note
from stilts_keras.visits.values import Predicted
from stilts_keras.visits.values import Recalled
from stilts_keras.visits.values import Scored
from stilts_keras.visits.values import Trained


def keep(folder, found, screen):
    """Keeps one thing that a visit has found.

    Args:
        folder: `RunFolder`, its events open.
        found: what `visit.make` yields.
        screen: `Screen`.
    """
    match found:
        case Note(text):
            screen.note(text)
        case Trained(stage):
            screen.end_stage()
            folder.keep_trainings([stage])
            for problem in folder.upload([stage]):
                screen.note(problem)
        case Scored():
            folder.files.keep_scores(found)
        case Predicted():
            folder.files.keep_unscored(found)
        case Recalled(stage, scores):
            rows = _chain_rows(folder, stage, scores)
            folder.files.keep_chain_scores(stage, rows)


def _chain_rows(folder, stage, scores):
    """Compares what a stage still knows with what was once learned."""
    before = {
        (row.source, row.metric, row.stage): row.value
        for row in folder.earlier_chain_scores()
    }
    rows = []
    for lesson, metric, facts in scores:
        name, learned = lesson.source.name, lesson.stage.fingerprint
        then = before.get((name, metric, learned), facts["value"])
        rows.append(
            ChainScore(
                stage_path=stage.path,
                seed=stage.seed,
                source=name,
                task=lesson.source.task.name,
                language=lesson.source.language,
                metric=metric,
                stage=stage.fingerprint,
                data_fingerprint=lesson.data_fingerprint,
                learned_in=learned,
                num_stages=stage.depth,
                first_route=folder.graph.used_by(stage)[0],
                forgetting=then - facts["value"],
                **facts,
            )
        )
    return rows
