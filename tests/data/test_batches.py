"""Every feature once per epoch, in few shapes, by the seed alone."""

import collections
import itertools

import numpy as np
import pytest

from stilts_keras.data import batches

LENGTHS = np.random.default_rng(0).integers(3, 101, 1003)


def epoch_of(lengths, batch_size, *, seed=(1,), max_length=100, epoch=0):
    num_batches = -(-len(lengths) // batch_size)
    stream = batches.train_batches(
        lengths, batch_size=batch_size, max_length=max_length, seed=seed
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
            LENGTHS, batch_size=16, max_length=100, seed=(1,), **more
        )

    whole = itertools.islice(stream(), start, start + 70)
    for ours, theirs in zip(stream(start=start), whole, strict=False):
        assert ours.indices.tolist() == theirs.indices.tolist()
        assert ours.length == theirs.length


@pytest.mark.parametrize("max_length", [100, 128, 384])
def test_lengths_of_batches_are_buckets_that_hold_every_row(max_length):
    allowed = batches.bucket_lengths(max_length)
    training = epoch_of(LENGTHS, 8, max_length=max_length)
    evaluation = batches.eval_batches(
        LENGTHS, batch_size=8, max_length=max_length
    )
    for batch in [*training, *evaluation]:
        longest = LENGTHS[batch.indices].max()
        assert batch.length in allowed
        assert batch.length >= longest
        # The smallest that does.
        assert all(n < longest or n >= batch.length for n in allowed)
        assert len(batch.indices) == 8


@pytest.mark.parametrize(
    ("max_length", "expected"),
    [
        (10, (10,)),
        (16, (16,)),
        (100, (16, 32, 64, 100)),
        (512, (16, 32, 64, 128, 256, 384, 512)),
    ],
)
def test_buckets_end_with_the_maximum(max_length, expected):
    assert batches.bucket_lengths(max_length) == expected


def test_grouping_by_length_saves_most_of_the_padding():
    found = epoch_of(LENGTHS, 8)
    grouped = sum(b.length * 8 for b in found)
    assert grouped < 0.85 * len(found) * 8 * 100


@pytest.mark.parametrize("num_features", [1, 7, 8, 9, 1003])
def test_evaluation_covers_each_feature_once(num_features):
    lengths = LENGTHS[:num_features]
    found = list(batches.eval_batches(lengths, batch_size=8, max_length=100))
    valid = np.concatenate([b.indices[: b.num_valid] for b in found])
    assert sorted(valid) == list(range(num_features))
    assert all(b.num_valid == 8 for b in found[:-1])
    assert all(len(b.indices) == 8 for b in found)
