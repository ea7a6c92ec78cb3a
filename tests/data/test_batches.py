"""Every feature once per epoch, in few shapes, by the seed alone."""

import collections
import itertools

import numpy as np
import pytest

from stilts_keras.data import batches

LENGTHS = np.random.default_rng(0).integers(3, 101, 1003)
PADDED_LENGTHS = (16, 32, 64, 100)


def epoch_of(
    lengths, batch_size, *, seed=(1,), padded_lengths=PADDED_LENGTHS, epoch=0
):
    num_batches = -(-len(lengths) // batch_size)
    stream = batches.train_batches(
        lengths,
        batch_size=batch_size,
        padded_lengths=padded_lengths,
        seed=seed,
    )
    first = epoch * num_batches
    return list(itertools.islice(stream, first, first + num_batches))


@pytest.mark.parametrize("batch_size", [1, 4, 7, 32])
@pytest.mark.parametrize("epoch", [0, 2])
def test_training_sees_every_feature_once_per_epoch(batch_size, epoch):
    found = epoch_of(LENGTHS, batch_size, epoch=epoch)
    seen = collections.Counter(np.concatenate([b.indices for b in found]))
    assert set(seen) == set(range(len(LENGTHS)))
    # Beyond once: only what fills up the last batch.
    assert seen.total() - len(LENGTHS) == -len(LENGTHS) % batch_size
    assert max(seen.values()) <= 2


def test_fewer_features_than_a_batch_are_repeated():
    (batch,) = epoch_of(np.array([5, 6, 7]), 8)
    counts = np.bincount(batch.indices)
    assert batch.num_valid == counts.sum() == 8
    assert sorted(counts) == [2, 3, 3]


def test_order_depends_on_the_seed_alone():
    orders = [
        [b.indices.tolist() for b in epoch_of(LENGTHS, 16, seed=seed)]
        for seed in ((1, 2), (1, 2), (1, 3))
    ]
    assert orders[0] == orders[1] != orders[2]


def test_every_epoch_has_an_order_of_its_own():
    first = epoch_of(LENGTHS, 16)
    second = epoch_of(LENGTHS, 16, epoch=1)
    pairs = zip(first, second, strict=True)
    assert any((a.indices != b.indices).any() for a, b in pairs)


@pytest.mark.parametrize("start", [0, 1, 62, 63, 64, 200])
def test_a_position_in_the_order_is_found_again(start):
    def stream(**more):
        return batches.train_batches(
            LENGTHS,
            batch_size=16,
            padded_lengths=PADDED_LENGTHS,
            seed=(1,),
            **more,
        )

    whole = itertools.islice(stream(), start, start + 70)
    for ours, theirs in zip(stream(start=start), whole, strict=False):
        assert ours.indices.tolist() == theirs.indices.tolist()
        assert ours.length == theirs.length


def eval_of(lengths, *, num_rows=lambda length: 8, is_full=True):
    return list(
        batches.eval_batches(
            lengths,
            num_rows=num_rows,
            padded_lengths=PADDED_LENGTHS,
            is_full=is_full,
        )
    )


def test_batches_are_padded_to_the_first_length_that_holds_every_row():
    for batch in [*epoch_of(LENGTHS, 8), *eval_of(LENGTHS)]:
        longest = LENGTHS[batch.indices].max()
        assert batch.length in PADDED_LENGTHS
        assert batch.length >= longest
        assert all(n < longest or n >= batch.length for n in PADDED_LENGTHS)
        assert len(batch.indices) == 8


def test_order_does_not_depend_on_what_batches_are_padded_to():
    orders = [
        [b.indices.tolist() for b in epoch_of(LENGTHS, 8, padded_lengths=n)]
        for n in (PADDED_LENGTHS, (100,), tuple(range(4, 101, 4)))
    ]
    assert orders[0] == orders[1] == orders[2]


def test_grouping_by_length_saves_most_of_the_padding():
    found = epoch_of(LENGTHS, 8)
    grouped = sum(b.length * 8 for b in found)
    assert grouped < 0.85 * len(found) * 8 * 100


@pytest.mark.parametrize("is_full", [True, False])
@pytest.mark.parametrize("num_features", [1, 7, 8, 9, 1003])
def test_evaluation_covers_each_feature_once(num_features, is_full):
    found = eval_of(LENGTHS[:num_features], is_full=is_full)
    valid = np.concatenate([b.indices[: b.num_valid] for b in found])
    assert sorted(valid) == list(range(num_features))
    partial = found.pop(-1 if is_full else 0)
    assert all(b.num_valid == len(b.indices) == 8 for b in found)
    assert len(partial.indices) == (8 if is_full else partial.num_valid)


def test_too_few_rows_for_a_batch_are_the_longest():
    lengths = np.array([10] * 8 + [90])
    found = eval_of(lengths, is_full=False)
    assert [(b.length, len(b.indices)) for b in found] == [(100, 1), (16, 8)]


def test_evaluation_begins_with_the_longest_rows():
    found = eval_of(LENGTHS)
    assert found[0].length == 100
    lengths = LENGTHS[np.concatenate([b.indices for b in found[:-1]])]
    assert (np.diff(lengths) <= 0).all()


def test_evaluated_batches_of_a_length_have_equally_many_rows():
    found = eval_of(LENGTHS, num_rows=lambda length: 800 // length)
    shapes = {(b.length, len(b.indices)) for b in found}
    assert shapes == {(n, 800 // n) for n in PADDED_LENGTHS}


def test_padding_share_as_worked_by_hand():
    lengths = np.array([10, 20, 30])
    found = eval_of(lengths, num_rows=lambda length: 2)
    # 30 and 20 to 32; 10 twice, to 16: 60 tokens in 64 + 32 positions.
    assert batches.padding_share(lengths, found) == pytest.approx(1 - 60 / 96)
