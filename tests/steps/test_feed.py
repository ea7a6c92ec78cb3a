import threading
import time
import traceback

import numpy as np
import pytest

import fakes
from letters import LETTERS
from stilts_keras.data.batches import train_batches
from stilts_keras.data.mixture import source_order
from stilts_keras.steps.ahead import NUM_AHEAD
from stilts_keras.steps.feed import Feed
from stilts_keras.steps.train import Training
from stilts_keras.steps.train import TrainSource
from stilts_keras.tasks.task import Recipe

NUM_STEPS = 12


class Noise:
    """Draws what it gives, and counts what it was asked for."""

    def __init__(self, fails_at=None):
        self.num_collated = 0
        self.fails_at = fails_at
        self.threads = set()

    def collate(self, columns, length, tokenizer, random=None):
        self.threads.add(threading.current_thread())
        if self.num_collated == self.fails_at:
            raise OverflowError("a row too many")
        self.num_collated += 1
        x = tokenizer.arrays(columns, length)
        return x, {"noise": random.random(4), "label": columns["label"]}


def source_of(name, num_rows, **how):
    lengths = np.random.default_rng(num_rows).integers(3, 17, num_rows)
    columns = {
        "token_ids": [[5] * length for length in lengths],
        "length": lengths,
        "label": list(range(num_rows)),
    }
    return TrainSource(
        name=name,
        key=name,
        problem=Noise(**how),
        split=fakes.split_of(columns, max_length=16),
    )


def training_of(**how):
    return Training(
        sources=(source_of("first", 12, **how), source_of("second", 9)),
        shares=(0.6, 0.4),
        recipe=Recipe(batch_size=4),
        num_steps=NUM_STEPS,
        stage_name="first+second",
        seed=3,
    )


def fed_from(start, training=None):
    training = training or training_of()
    with Feed(training, LETTERS, start=start) as feed:
        return [feed.next() for _ in range(start, NUM_STEPS)]


def facts(fed):
    return [
        (item.source.name, item.y["label"], item.y["noise"].tolist())
        for item in fed
    ]


def test_batches_come_in_the_order_that_seed_and_step_fix():
    training = training_of()
    order = source_order(training.shares, num_steps=NUM_STEPS, seed=[3, 2])
    batches = [
        train_batches(
            source.split.lengths,
            batch_size=4,
            padded_lengths=[16],
            seed=[3, 3, index],
        )
        for index, source in enumerate(training.sources)
    ]
    expected = [
        (
            training.sources[index].name,
            next(batches[index]).indices.tolist(),
            np.random.default_rng([3, 4, step]).random(4).tolist(),
        )
        for step, index in enumerate(order)
    ]
    assert {name for name, _, _ in expected} == {"first", "second"}
    assert facts(fed_from(0, training)) == expected


@pytest.mark.parametrize("start", [1, 7, NUM_STEPS])
def test_a_feed_that_begins_later_goes_on_as_one_that_did_not(start):
    assert facts(fed_from(start)) == facts(fed_from(0))[start:]


def test_no_more_is_collated_ahead_than_it_may():
    training = training_of()
    problems = [source.problem for source in training.sources]
    with Feed(training, LETTERS) as feed:
        for taken in range(1, 6):
            feed.next()
            time.sleep(0.02)
            made = sum(problem.num_collated for problem in problems)
            assert made <= taken + NUM_AHEAD


def test_what_collating_raises_comes_out_with_its_own_traceback():
    training = training_of(fails_at=1)
    before = set(threading.enumerate())
    with pytest.raises(OverflowError, match="a row too many") as caught:
        fed_from(0, training)
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert frames[-1].name == "collate"
    assert frames[-1].filename == __file__
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, RuntimeError])
def test_nothing_is_left_running(error):
    training = training_of()
    before = set(threading.enumerate())
    try:
        with Feed(training, LETTERS) as feed:
            feed.next()
            if error:
                raise error
    except (KeyboardInterrupt, RuntimeError) as caught:
        assert type(caught) is error
    assert set(threading.enumerate()) == before


def test_one_thread_besides_the_loops_own_collates():
    training = training_of()
    fed_from(0, training)
    threads = set.union(*(s.problem.threads for s in training.sources))
    assert len(threads) == 1
    assert threading.current_thread() not in threads
