"""Kinds of problems say of themselves what was asked of lists before."""

import pytest

from stilts_keras.problems import PROBLEMS
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.kinds import KINDS
from stilts_keras.tasks.kinds import Kind


def test_every_kind_has_a_problem_and_every_problem_a_kind():
    assert set(KINDS) == set(PROBLEMS)
    assert all(name == kind.name for name, kind in KINDS.items())


def test_kinds_tell_what_is_trained_and_what_is_pooled():
    untrained = {name for name, kind in KINDS.items() if not kind.is_trained}
    assert untrained == {"retrieval", "mining"}
    assert all(KINDS[name].pool == "language" for name in untrained)
    assert [name for name, kind in KINDS.items() if kind.needs_dev] == [
        "mining"
    ]
    assert all(
        kind.needs_dev == PROBLEMS[name].has_threshold
        for name, kind in KINDS.items()
        if not kind.is_trained
    )


def test_a_task_s_kind_fits_its_labels_and_metrics():
    for task in TASKS.values():
        assert task.kind is KINDS[task.problem]
        if task.labels or task.labels_from_data:
            assert task.kind.predicts in ("label", "tags")
        if task.kind.predicts == "tokens":
            assert not task.metrics
        if not task.kind.is_trained:
            assert not task.is_trainable


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"predicts": "sounds"}, "predicts must be one of"),
        ({"predicts": "pairs", "pool": "world"}, "pool must be"),
        ({"predicts": "pairs", "is_pool_whole": True}, "needs a pool"),
    ],
)
def test_a_wrong_kind_fails_at_import(facts, message):
    with pytest.raises(ValueError, match=message):
        Kind(name="new", **facts)
