"""Batches, collated in a thread while the step before them is computed."""

import collections
import concurrent.futures
import dataclasses

import numpy as np

from stilts_keras.data.batches import train_batches
from stilts_keras.data.mixture import source_order

# One being ready while the next is made: more would only take memory.
NUM_AHEAD = 2


@dataclasses.dataclass(frozen=True)
class Fed:
    """What one step is computed on.

    Attributes:
        source: `TrainSource`. Where the batch comes from.
        x: dict of arrays, as the Model takes them.
        y: dict of arrays.
        mask: bool array (b, l) or (b, c, l). Which positions hold tokens.
    """

    source: object
    x: dict
    y: dict
    mask: np.ndarray


class Feed:
    """Gives the batches of a stage's steps in their order.

    Order, sources and masks are functions of seed and step, so that nothing of
    a feed needs to be saved. Use as a context manager: its thread ends with
    the block, however that ends.
    """

    def __init__(self, training, tokenizer, *, start=0, prepared=dict):
        """Begins to collate.

        Args:
            training: `Training`.
            tokenizer: `Tokenizer`.
            start: int. Steps done before.
            prepared: function of x. `MultiTask.prepared` of what is trained.
        """
        self._training = training
        self._tokenizer = tokenizer
        self._prepared = prepared
        self._order = source_order(
            training.shares,
            num_steps=training.num_steps,
            seed=[training.seed, 2],
        )
        self._batches = [
            train_batches(
                source.split.lengths,
                batch_size=training.recipe.batch_size,
                max_length=source.split.max_length,
                seed=[training.seed, 3, index],
                start=int(np.count_nonzero(self._order[:start] == index)),
            )
            for index, source in enumerate(training.sources)
        ]
        self._next_step = start
        self._ahead = collections.deque()
        # One thread: batches are made one after the other, in order.
        self._thread = concurrent.futures.ThreadPoolExecutor(
            max_workers=1, thread_name_prefix="feed"
        )

    def __enter__(self):
        """Returns the feed."""
        self._fill()
        return self

    def __exit__(self, *exception):
        """Ends the thread, after the batch that it is at."""
        self._thread.shutdown(cancel_futures=True)

    def next(self):
        """Waits for the next step's batch.

        Returns:
            `Fed`.

        Raises:
            Exception: What collating it raised, with its own traceback.
        """
        fed = self._ahead.popleft().result()
        self._fill()
        return fed

    def _fill(self):
        last = self._training.num_steps
        while len(self._ahead) < NUM_AHEAD and self._next_step < last:
            self._ahead.append(
                self._thread.submit(self._collate, self._next_step)
            )
            self._next_step += 1

    def _collate(self, step):
        index = self._order[step]
        source = self._training.sources[index]
        batch = next(self._batches[index])
        x, y = source.problem.collate(
            source.split.features[batch.indices],
            batch.length,
            self._tokenizer,
            np.random.default_rng([self._training.seed, 4, step]),
        )
        mask = x[self._tokenizer.mask_input]
        return Fed(source, self._prepared(x), y, mask)
