"""English queries find their translation among the other language's rows."""

import numpy as np
import pytest

from stilts_keras.problems.retrieval import Pooling
from stilts_keras.problems.retrieval import Retrieval
from stilts_keras.problems.retrieval import documented_layer
from stilts_keras.tasks import TATOEBA
from stilts_keras.tasks.example import SentencePair

PAIRS = [
    SentencePair(source="แมวนอน", target="The cat sleeps."),
    SentencePair(source="สุนัขวิ่ง", target="The dog runs."),
    SentencePair(source="น้ำเย็น", target="Cold water."),
]


def search(foreign, english, targets=None):
    """Runs `finish` on embeddings of both sides."""
    count = len(foreign)
    features = {
        "side": [0] * count + [1] * count,
        "example": [*range(count), *range(count)],
    }
    examples = [
        SentencePair(source="x", target=target)
        for target in targets or ["same"] * count
    ]
    decoded = np.asarray([*foreign, *english], dtype="float32")
    return Retrieval(TATOEBA).finish(decoded, features, examples)


def test_both_sides_are_packed_as_worked_by_hand(pocket_tokenizer):
    columns = Retrieval(TATOEBA).pack(PAIRS[:2], pocket_tokenizer, 64)
    texts = [p.source for p in PAIRS[:2]] + [p.target for p in PAIRS[:2]]
    ids = pocket_tokenizer.encode(texts)
    assert columns["token_ids"] == [[0, *row, 2] for row in ids]
    assert columns["side"] == [0, 0, 1, 1]
    assert columns["example"] == [0, 1, 0, 1]
    assert columns["num_cut"] == [0] * 4


def test_overlong_sentences_are_cut_and_counted(pocket_tokenizer):
    item = SentencePair(source="a " * 40, target="b")
    columns = Retrieval(TATOEBA).pack([item], pocket_tokenizer, 16)
    (ids,) = pocket_tokenizer.encode([item.source])
    assert columns["token_ids"][0] == [0, *ids[:14], 2]
    assert columns["num_cut"] == [len(ids) - 14, 0]


def test_translations_find_each_other():
    vectors = np.eye(3)
    assert search(vectors, vectors) == ([0, 1, 2], [0, 1, 2])


def test_the_direction_is_from_english_to_the_other_language():
    # Both English rows are nearest to foreign 0; searched the other way
    # round, each foreign row would find its own translation.
    foreign = [[1.0, 0.0], [0.0, 1.0]]
    english = [[1.0, 0.1], [0.9, 0.5]]
    assert search(foreign, english)[1] == [0, 0]


def test_similarity_ignores_the_vectors_lengths():
    random = np.random.default_rng(0)
    foreign = random.standard_normal((20, 8))
    english = foreign + 0.5 * random.standard_normal((20, 8))
    _, nearest = search(foreign, english)
    scales = random.uniform(0.01, 100.0, (2, 20, 1))
    assert search(foreign * scales[0], english * scales[1])[1] == nearest


def test_ties_go_to_the_first_row():
    assert search([[1.0, 0.0]] * 3, [[1.0, 0.0]] * 3)[1] == [0, 0, 0]


def test_features_may_come_in_any_order():
    features = {"side": [1, 0, 0, 1], "example": [1, 1, 0, 0]}
    decoded = np.eye(2, dtype="float32")[[1, 1, 0, 0]]
    found = Retrieval(TATOEBA).finish(decoded, features, PAIRS[:2])
    assert found == ([0, 1], [0, 1])


def test_queries_come_in_alphabetical_order_as_in_xtreme_s_files():
    vectors = np.eye(3)
    gold, nearest = search(vectors, vectors, ["so it is", "Ah!", "no"])
    assert gold == nearest == [1, 2, 0]


@pytest.mark.parametrize(
    ("num_layers", "expected"), [(24, 14), (12, 8), (4, 2), (2, 1)]
)
def test_the_pooled_layer_is_the_documented_one(num_layers, expected):
    assert documented_layer(num_layers) == expected


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_pooling_ignores_padding_as_worked_by_hand(pooling):
    states = [np.array([[[1.0, 2.0], [3.0, 6.0], [9.0, 9.0]]])] * 2
    x = {"mask": np.array([[True, True, False]])}
    found = np.asarray(Pooling(pooling)(states, x))
    expected = [2.0, 4.0] if pooling == "mean" else [1.0, 2.0]
    assert found.tolist() == [[expected] * 2]
