"""Pairs are packed as XLM-R's, cut at the longest part, and read by name."""

import numpy as np

from letters import LETTERS
from stilts_keras.problems.classification import Classification
from stilts_keras.tasks import XNLI
from stilts_keras.tasks.example import TextPair
from stilts_keras.tasks.example import Transcripts

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


# ------------------------------------------------- Several inputs of an item
HEARD = [
    Transcripts(texts=("ab",), label="neutral"),
    None,
    Transcripts(texts=("abc", "abd", "c"), label="entailment"),
    Transcripts(texts=("d",), label="contradiction"),
]


def test_every_input_of_an_item_is_learnt_from():
    kept = [item for item in HEARD if item is not None]
    columns = Classification(XNLI).pack(kept, LETTERS, 16)
    assert columns["example"] == [0, 1, 1, 1, 2]
    assert columns["label"] == [1, 0, 0, 0, 2]
    assert columns["token_ids"][1:4] == [
        [0, 10, 11, 12, 2],
        [0, 10, 11, 13, 2],
        [0, 12, 2],
    ]


def test_an_item_is_scored_by_the_mean_of_its_logits():
    problem = Classification(XNLI)
    logits = np.array(
        [
            [0, 1, 0],
            # Two of three choose the last class, one the first, and louder.
            [0.0, 0.0, 1.0],
            [5.0, 0.0, 0.0],
            [0.0, 0.0, 2.0],
            [0, 0, 1],
        ],
        "float32",
    )
    # Places of the rows: the second was left out.
    features = {"example": [0, 2, 2, 2, 3]}
    decoded = problem.decode(logits, features)
    logits[:] = 0
    gold, predictions = problem.finish(decoded, features, HEARD)
    assert gold == ["neutral", "entailment", "contradiction"]
    assert predictions == gold


def test_of_one_input_the_mean_is_what_it_was():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(500, 3)).astype("float32")
    # Ties go to the first, as ever.
    logits[:50] = 1
    problem = Classification(XNLI)
    items = [TextPair(first="a", label="neutral")] * 500
    features = {"example": list(range(500))}
    decoded = problem.decode(logits, features)
    _, predictions = problem.finish(decoded, features, items)
    best = logits.argmax(axis=-1)
    assert predictions == [XNLI.labels[index] for index in best]


def test_loss_of_even_scores_is_the_logarithm_of_the_classes():
    problem = Classification(XNLI)
    y = {"label": np.array([0, 2], "int32")}
    total, weight = map(float, problem.loss(y, np.zeros((2, 3), "float32")))
    assert weight == 2
    assert abs(total - 2 * np.log(3)) < 1e-6
