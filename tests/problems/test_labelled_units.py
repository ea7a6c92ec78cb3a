"""Which states a linear model of labels is of, worked by hand."""

import numpy as np
import pytest

from letters import LETTERS
from stilts_keras.problems import PROBLEMS
from stilts_keras.problems import problem_of
from stilts_keras.problems.labelled_units import UNITS
from stilts_keras.tasks import get_task
from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.example import Question
from stilts_keras.tasks.example import TaggedWords
from stilts_keras.tasks.example import TextPair


def units_of(task, examples, length=16):
    """Features, labels; a state is (sequence, position), a mean (-, -)."""
    columns = problem_of(task).pack(examples, LETTERS, length)
    ids = columns["token_ids"]
    num = sum(map(len, ids)) if isinstance(ids[0][0], list) else len(ids)
    states = np.stack(
        np.meshgrid(np.arange(num), np.arange(length), indexing="ij"), axis=-1
    )
    means = np.stack([np.arange(num), np.full(num, -1)], axis=-1)
    features, labels = UNITS[task.problem].take(columns, states, means)
    return features.tolist(), labels.tolist()


def test_a_sequence_has_its_class():
    task = get_task("xnli")
    items = [
        TextPair(first="a", second="b", label=label)
        for label in ("contradiction", "entailment")
    ]
    assert units_of(task, items) == ([[0, -1], [1, -1]], [2, 0])
    assert UNITS[task.problem].labels(task) == 3


def test_each_choice_is_right_or_wrong():
    task = get_task("hellaswag")
    items = [
        MultipleChoice(prompt="a", choices=("b", "c", "d"), label=1),
        MultipleChoice(prompt="a", choices=("b", "c", "d"), label=None),
    ]
    features, labels = units_of(task, items)
    assert features == [[n, -1] for n in range(6)]
    # Where the right one is not known, none counts.
    assert labels == [0, 1, 0, -1, -1, -1]


def test_a_word_is_its_first_piece_in_whichever_window_it_lies():
    task = get_task("udpos")
    item = TaggedWords(
        words=("a", "bcd", "efghij"), tags=("DET", "NOUN", "VERB")
    )
    features, labels = units_of(task, [item], length=8)
    # Six pieces fit: "a" and "bcd" in one window, "efghij" in the next.
    assert features == [[0, 1], [0, 2], [1, 1]]
    assert [task.labels[label] for label in labels] == ["DET", "NOUN", "VERB"]


def test_context_tokens_lie_in_the_answer_or_not():
    task = get_task("squad")
    item = Question(
        id="1", question="Q?", context="x abc d", answers=(("bc", 3),)
    )
    features, labels = units_of(task, [item])
    assert features == [[0, position] for position in range(5, 10)]
    assert labels == [0, 0, 1, 1, 0]


def test_a_window_without_the_answer_has_no_token_in_it():
    task = get_task("squad_v2")
    item = Question(id="1", question="Q?", context="x abc d", answers=())
    assert units_of(task, [item])[1] == [0] * 5


@pytest.mark.parametrize("name", sorted(set(PROBLEMS) - set(UNITS)))
def test_other_problems_have_no_labels_of_this_kind(name):
    assert name in ("masked_lm", "retrieval", "mining", "dual_encoder")
