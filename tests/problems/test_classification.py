"""Pairs are packed as XLM-R's, cut at the longest part, and read by name."""

import numpy as np

from letters import LETTERS
from stilts_keras.problems.classification import Classification
from stilts_keras.tasks import XNLI
from stilts_keras.tasks.example import TextPair

PAIR = TextPair(first="ab c", second="d", label="contradiction")


def test_a_pair_is_packed_as_worked_by_hand():
    columns = Classification(XNLI).pack([PAIR], LETTERS, 16)
    assert columns == {
        "token_ids": [[0, 10, 11, 12, 2, 2, 13, 2]],
        "length": [8],
        "num_cut": [0],
        # entailment, neutral, contradiction
        "label": [2],
        "example": [0],
    }


def test_a_single_text_is_packed_alone():
    item = TextPair(first="ab", label="neutral")
    columns = Classification(XNLI).pack([item], LETTERS, 16)
    assert columns["token_ids"] == [[0, 10, 11, 2]]


def test_an_overlong_pair_loses_the_longest_parts_end():
    item = TextPair(first="abcdef", second="ab", label="neutral")
    columns = Classification(XNLI).pack([item], LETTERS, 9)
    assert columns["token_ids"] == [[0, 10, 11, 12, 2, 2, 10, 11, 2]]
    assert columns["num_cut"] == [3]


def test_batches_are_padded_with_the_pad_id():
    problem = Classification(XNLI)
    columns = problem.pack([PAIR], LETTERS, 16)
    x, y = problem.collate(columns, 10, LETTERS)
    assert x["token_ids"].tolist() == [[0, 10, 11, 12, 2, 2, 13, 2, 1, 1]]
    assert x["padding_mask"].tolist() == [[True] * 8 + [False] * 2]
    assert y["label"].tolist() == [2]


def test_labels_survive_packing_and_decoding():
    problem = Classification(XNLI)
    examples = [
        TextPair(first="猫在睡觉。", second="动物。", label="entailment"),
        TextPair(first="แมวนอน", second="สุนัข", label="contradiction"),
        None,
        TextPair(first="القط نائم", second="هو سعيد", label="neutral"),
    ]
    kept = [item for item in examples if item is not None]
    columns = problem.pack(kept, LETTERS, 16)
    _, y = problem.collate(columns, 16, LETTERS)
    decoded = problem.decode(np.eye(3)[y["label"]], columns)
    gold, predictions = problem.finish(decoded, columns, examples)
    assert gold == predictions == ["entailment", "contradiction", "neutral"]


def test_loss_of_even_scores_is_the_logarithm_of_the_classes():
    problem = Classification(XNLI)
    y = {"label": np.array([0, 2], "int32")}
    total, weight = map(float, problem.loss(y, np.zeros((2, 3), "float32")))
    assert weight == 2
    assert abs(total - 2 * np.log(3)) < 1e-6
