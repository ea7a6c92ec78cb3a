"""A data set through a backbone: every row once, no padding, no masks."""

import numpy as np
import pytest

import fakes
from encoders import tiny_encoder
from stilts_keras.problems import problem_of
from stilts_keras.steps.survey import survey
from stilts_keras.steps.survey import surveyor
from stilts_keras.tasks import get_task
from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.example import PlainText
from stilts_keras.tasks.example import TaggedWords

MAX_LENGTH = 32


@pytest.fixture(scope="module")
def model():
    return surveyor(tiny_encoder())


def words(index):
    return [f"word{index}", *["more"] * (index % 7)]


def tagged(count):
    return [
        TaggedWords(
            words=tuple(words(n)),
            tags=tuple(["NOUN", *["VERB"] * (n % 7)]),
        )
        for n in range(count)
    ]


def split_of(model, task, examples):
    columns = problem_of(task).pack(
        examples, model.encoder.tokenizer, MAX_LENGTH
    )
    return fakes.split_of(columns, examples=examples, max_length=MAX_LENGTH)


def states_of(model, ids):
    """Last hidden states (l, h) of one sequence alone, without padding."""
    x = {
        "token_ids": np.array([ids], "int32"),
        "padding_mask": np.ones((1, len(ids)), "int32"),
    }
    return np.asarray(model.encoder.network(x, training=False))[0]


def test_each_row_counts_once_and_padding_not_at_all(model):
    """19 rows: batches are filled up with repetitions, and padded."""
    task = get_task("udpos")
    split = split_of(model, task, tagged(19))
    found = survey(model, task, [split])
    rows = [states_of(model, ids) for ids in split.features["token_ids"]]
    assert found.num_rows == found.num_sequences == len(rows) >= 19
    mean = np.mean([row.mean(axis=0) for row in rows], axis=0)
    np.testing.assert_allclose(found.mean, mean, atol=1e-5)
    positions = split.features["positions"]
    units = np.concatenate(
        [row[at] for row, at in zip(rows, positions, strict=True)]
    ).astype("float64")
    assert (
        found.moments.num_rows
        == len(units)
        == sum(len(item.words) for item in tagged(19))
    )
    np.testing.assert_allclose(
        found.moments.gram, units.T @ units, rtol=1e-4, atol=1e-3
    )
    sums = dict(zip(task.labels, found.moments.label_sum, strict=True))
    assert sums["NOUN"] == 19
    assert sums["VERB"] == len(units) - 19


def test_two_splits_are_one_data_set(model):
    task = get_task("udpos")
    items = tagged(20)
    whole = survey(model, task, [split_of(model, task, items)])
    parts = [split_of(model, task, part) for part in (items[:8], items[8:])]
    found = survey(model, task, parts)
    np.testing.assert_allclose(found.mean, whole.mean, atol=1e-6)
    np.testing.assert_allclose(
        found.moments.cross, whole.moments.cross, rtol=1e-4, atol=1e-4
    )


def test_choices_are_sequences_of_their_own(model):
    task = get_task("hellaswag")
    items = [
        MultipleChoice(
            prompt=f"so {n}", choices=("a", "bb", "c c", "d"), label=n % 4
        )
        for n in range(3)
    ]
    split = split_of(model, task, items)
    found = survey(model, task, [split])
    assert (found.num_rows, found.num_sequences) == (3, 12)
    assert found.moments.label_sum.tolist() == [9, 3]
    means = [
        states_of(model, ids).mean(axis=0)
        for row in split.features["token_ids"]
        for ids in row
    ]
    np.testing.assert_allclose(found.mean, np.mean(means, axis=0), atol=1e-5)


def test_texts_of_masked_lm_are_seen_whole_and_have_no_labels(model):
    task = get_task("mlm")
    items = [PlainText(text=" ".join(words(n))) for n in range(5)]
    split = split_of(model, task, items)
    found = survey(model, task, [split])
    means = [
        states_of(model, ids).mean(axis=0)
        for ids in split.features["token_ids"]
    ]
    np.testing.assert_allclose(found.mean, np.mean(means, axis=0), atol=1e-5)
    assert found.moments is None
