"""Batches, collated in a thread while the step before them is computed."""

import dataclasses

import numpy as np

from stilts_keras.data.batches import train_batches
from stilts_keras.data.mixture import source_order
from stilts_keras.steps.ahead import Ahead
from stilts_keras.steps.lengths import lengths_for


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
        """Makes the order; nothing is collated yet.

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
        lengths_of = _lengths_by_head(training.sources)
        self._batches = [
            train_batches(
                source.split.lengths,
                batch_size=training.recipe.batch_size,
                padded_lengths=lengths_of[source.key],
                seed=[training.seed, 3, index],
                start=int(np.count_nonzero(self._order[:start] == index)),
            )
            for index, source in enumerate(training.sources)
        ]
        steps = range(start, training.num_steps)
        self._ahead = Ahead(self._collate, steps, name="feed")

    def __enter__(self):
        """Begins to collate; returns the feed."""
        self._ahead.__enter__()
        return self

    def __exit__(self, *exception):
        """Ends the thread, after the batch that it is at."""
        self._ahead.__exit__(*exception)

    def next(self):
        """Waits for the next step's batch.

        Returns:
            `Fed`.

        Raises:
            Exception: What collating it raised, with its own traceback.
        """
        return next(self._ahead)

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


def _lengths_by_head(sources):
    """Fits lengths for each head: its sources go through the same steps."""
    return {
        key: lengths_for([each.split for each in sources if each.key == key])
        for key in {source.key for source in sources}
    }
