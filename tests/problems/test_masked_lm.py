"""Masks: 15 % of the text's own tokens, 80/10/10, new in every step."""

import numpy as np
import pytest

from letters import LETTERS
from stilts_keras.problems.masked_lm import MaskedLM
from stilts_keras.tasks import MLM
from stilts_keras.tasks.example import PlainText

MASK_ID = LETTERS.mask_id


def columns_of(lengths):
    random = np.random.default_rng(5)
    return {
        "token_ids": [
            [0, *random.integers(4, MASK_ID, length - 2).tolist(), 2]
            for length in lengths
        ]
    }


def collate(columns, length=64, seed=0):
    random = np.random.default_rng(seed)
    return MaskedLM(MLM).collate(columns, length, LETTERS, random)


@pytest.fixture(scope="module")
def batch():
    lengths = np.random.default_rng(1).integers(5, 65, 2000)
    columns = columns_of(lengths)
    x, y = collate(columns)
    return columns, x, y


def test_a_text_is_packed_as_worked_by_hand(pocket_tokenizer):
    (ids,) = pocket_tokenizer.encode(["a b c d e f"])
    columns = MaskedLM(MLM).pack(
        [PlainText(text="a b c d e f"), PlainText(text="a")],
        pocket_tokenizer,
        len(ids),
    )
    assert columns["token_ids"] == [
        [0, *ids[:-2], 2],
        [0, *ids[-2:], 2],
        [0, *ids[: len(ids) // 6], 2],
    ]
    assert columns["example"] == [0, 0, 1]
    assert columns["num_cut"] == [0, 0, 0]


def test_every_token_of_a_long_text_is_kept(pocket_tokenizer):
    text = "แมวนอน 猫在睡觉 القط نائم बिल्ली " * 20
    (ids,) = pocket_tokenizer.encode([text])
    columns = MaskedLM(MLM).pack([PlainText(text=text)], pocket_tokenizer, 16)
    parts = [row[1:-1] for row in columns["token_ids"]]
    assert sum(parts, []) == ids
    assert max(map(len, columns["token_ids"])) == 16


def test_about_15_percent_of_the_tokens_are_masked(batch):
    columns, _, y = batch
    num_tokens = sum(len(row) - 2 for row in columns["token_ids"])
    assert y["weights"].sum() / num_tokens == pytest.approx(0.15, abs=0.01)
    assert y["weights"].sum(axis=1).min() >= 1


def test_special_tokens_and_padding_are_never_masked(batch):
    columns, x, y = batch
    for row, ids, mask, positions, weights in zip(
        columns["token_ids"],
        x["token_ids"],
        x["padding_mask"],
        x["positions"],
        y["weights"],
        strict=True,
    ):
        chosen = positions[weights > 0]
        assert chosen.min() >= 1
        assert chosen.max() <= len(row) - 2
        assert ids[0] == 0 and ids[len(row) - 1] == 2
        assert (ids[len(row) :] == 1).all()
        assert mask.tolist() == [True] * len(row) + [False] * (64 - len(row))


def test_unknown_tokens_are_never_masked():
    x, y = collate({"token_ids": [[0, 3, 3, 3, 2]]})
    assert y["weights"].sum() == 0
    assert x["token_ids"][0, :5].tolist() == [0, 3, 3, 3, 2]


def test_labels_are_the_original_ids(batch):
    columns, x, y = batch
    for row, positions, labels, weights in zip(
        columns["token_ids"],
        x["positions"],
        y["ids"],
        y["weights"],
        strict=True,
    ):
        chosen = weights > 0
        assert len(set(positions)) == len(positions)
        expected = [row[position] for position in positions[chosen]]
        assert labels[chosen].tolist() == expected


def test_only_chosen_tokens_change(batch):
    columns, x, y = batch
    for row, ids, positions, weights in zip(
        columns["token_ids"],
        x["token_ids"],
        x["positions"],
        y["weights"],
        strict=True,
    ):
        changed = np.flatnonzero(ids[: len(row)] != row)
        assert set(changed) <= set(positions[weights > 0])


def test_chosen_tokens_become_masks_random_tokens_or_stay(batch):
    _, x, y = batch
    now = np.take_along_axis(x["token_ids"], x["positions"], axis=1)
    chosen = y["weights"] > 0
    masked = (now == MASK_ID)[chosen].mean()
    same = (now == y["ids"])[chosen].mean()
    assert masked == pytest.approx(0.8, abs=0.02)
    assert same == pytest.approx(0.1, abs=0.02)
    drawn = now[chosen & (now != MASK_ID) & (now != y["ids"])]
    assert drawn.min() >= 4


def test_masks_differ_in_every_step_and_are_equal_for_equal_seeds():
    columns = columns_of([64] * 8)
    random = np.random.default_rng(3)
    problem = MaskedLM(MLM)
    first, second = (
        problem.collate(columns, 64, LETTERS, random)[0]["token_ids"]
        for _ in range(2)
    )
    again = collate(columns, seed=3)[0]["token_ids"]
    assert (first != second).any()
    assert (first == again).all()


def test_masks_do_not_depend_on_what_a_batch_is_padded_to():
    columns = columns_of(np.random.default_rng(2).integers(3, 50, 64))
    found = []
    for length in (52, 64):
        x, y = collate(columns, length)
        chosen = y["weights"] > 0
        found.append(
            (
                x["token_ids"][:, :52].tolist(),
                chosen.sum(axis=1).tolist(),
                x["positions"][chosen].tolist(),
                y["ids"][chosen].tolist(),
            )
        )
        assert (x["token_ids"][:, 52:] == LETTERS.layout.pad_id).all()
    assert found[0] == found[1]


def test_evaluation_masks_are_the_same_in_every_call():
    columns = columns_of([64] * 8)
    first, second = (
        MaskedLM(MLM).collate(columns, 64, LETTERS)[0]["token_ids"]
        for _ in range(2)
    )
    assert (first == second).all()


def test_all_batches_of_a_length_have_one_shape():
    shapes = {
        collate(columns_of([length] * 4))[0]["positions"].shape
        for length in (3, 17, 64)
    }
    assert shapes == {(4, 10)}


def test_loss_counts_masked_tokens_only():
    y = {
        "ids": np.array([[1, 2]], "int32"),
        "weights": np.array([[1.0, 0.0]], "float32"),
    }
    logits = np.zeros((1, 2, 5), "float32")
    logits[0, 1] = 50.0 * np.arange(5)
    total, weight = map(float, MaskedLM(MLM).loss(y, logits))
    assert (total, weight) == (pytest.approx(np.log(5)), 1)
