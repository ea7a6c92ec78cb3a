"""Predict one split of one language, and score it."""

import contextlib
import dataclasses
import tempfile
from collections.abc import Callable

import numpy as np

from stilts_keras.data.batches import eval_batches
from stilts_keras.errors import InputError
from stilts_keras.scoring import metrics
from stilts_keras.scoring.collapse import constant_of
from stilts_keras.steps import lengths
from stilts_keras.steps.ahead import Ahead

# Embeddings above this size lie in a temporary file.
MAX_BYTES_IN_MEMORY = 4 * 2**30


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What came of one split.

    Attributes:
        gold: list. One entry for each Example.
        predictions: list of the same length.
        metrics: dict from metric name to value in percent.
        ids: list of str of the same length, or None where order tells.
        embeddings: float32 array (n, h) of the features, of retrieval.
        constant: str or None. What is predicted whatever the input, of a
            model that has collapsed; see `scoring.collapse`.
        sizes: dict from language to the number of candidates that were
            searched, or None.
    """

    gold: list
    predictions: list
    metrics: dict
    ids: list | None = None
    embeddings: np.ndarray | None = None
    constant: str | None = None
    sizes: dict | None = None


@dataclasses.dataclass(frozen=True)
class Searched:
    """A pool that the queries of several splits are searched in.

    Attributes:
        pool: what the problem's `pool` gave.
        decoded: dict from a split's `where` to what was decoded of it.
    """

    pool: object
    decoded: dict


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluator:
    """What all evaluations of a task have in common.

    Attributes:
        task: `Task`. It names the head and the metrics.
        problem: the task's Problem.
        tokenizer: `Tokenizer`.
        batch_size: int.
        padded_lengths: tuple of int, ascending. What batches are padded to:
            the lengths of all splits together, so that no language brings
            new shapes; see `lengths.lengths_for`.
        held: function that gives a context which no signal cuts off. A batch
            must not be: on JAX the model is without its variables meanwhile.
    """

    task: object
    problem: object
    tokenizer: object
    batch_size: int
    padded_lengths: tuple[int, ...]
    held: Callable = contextlib.nullcontext

    def embed(self, model, splits):
        """Embeds a pool.

        Args:
            model: `MultiTask`.
            splits: list of `SplitFeatures`, of all its candidates.

        Returns:
            `Searched`.
        """
        decoded = [self.predict(model, split) for split in splits]
        names = [split.where for split in splits]
        return Searched(
            self.problem.pool(splits, decoded),
            dict(zip(names, decoded, strict=True)),
        )

    def evaluate(self, model, split, dev=None, searched=None):
        """Predicts a split and scores it with its task's metrics.

        Args:
            model: `MultiTask`.
            split: `SplitFeatures`.
            dev: `SplitFeatures` or None. Where the problem has a threshold, it
                is chosen on these rows; None chooses it on the split itself,
                which then must be dev rows.
            searched: `Searched` or None. Where the problem has a pool; None
                searches the split's own candidates.

        Returns:
            `Evaluation`.
        """
        if searched is not None and split.where in searched.decoded:
            decoded = searched.decoded[split.where]
        else:
            decoded = self.predict(model, split)
        if self.problem.has_pool:
            pool = searched.pool if searched else None
            pool = pool or self.problem.pool([split], [decoded])
            return self.scored(split, decoded, pool=pool)
        dev_decoded = None if dev is None else self.predict(model, dev)
        return self.scored(split, decoded, dev, dev_decoded)

    def evaluate_layers(self, model, split, dev=None):
        """Predicts a split once and scores each of several hidden states.

        Args:
            model: `MultiTask` whose head gives (b, layers, h).
            split: `SplitFeatures`.
            dev: as in `evaluate`.

        Returns:
            List of `Evaluation`, one per layer.
        """
        decoded = self.predict(model, split)
        dev_decoded = None if dev is None else self.predict(model, dev)
        return [
            self.scored(
                split,
                np.asarray(decoded[:, layer]),
                dev,
                None if dev is None else np.asarray(dev_decoded[:, layer]),
            )
            for layer in range(decoded.shape[1])
        ]

    def predict(self, model, split):
        """Runs the model over a split, in batches of few shapes.

        Returns:
            What `problem.decode` makes of each feature, in the split's order:
            a list, or an array (n, ...) where it makes arrays.
        """
        decoded = None
        collated = Ahead(
            lambda batch: self._collate(model, split, batch),
            self.batches(split),
            name="evaluation",
        )
        with collated:
            for batch, columns, x in collated:
                with self.held():
                    outputs = model.predict_on_batch({self.task.head_key: x})
                found = self.problem.decode(outputs, columns)
                if decoded is None:
                    decoded = _room_for(len(split.lengths), found)
                for index, item in zip(
                    batch.indices[: batch.num_valid], found, strict=False
                ):
                    decoded[index] = item
        return decoded

    def batches(self, split):
        """Yields the batches that a split is predicted in, as `Batch`."""
        return eval_batches(
            split.lengths,
            num_rows=lengths.eval_rows(self.batch_size, split.max_length),
            padded_lengths=self.padded_lengths,
            is_full=lengths.is_full(),
        )

    def _collate(self, model, split, batch):
        columns = split.features[batch.indices]
        x, _ = self.problem.collate(columns, batch.length, self.tokenizer)
        return batch, columns, model.prepared(x)

    def scored(self, split, decoded, dev=None, dev_decoded=None, pool=None):
        """Scores what was predicted; takes what `predict` returns."""
        problem, task = self.problem, self.task
        threshold = None
        if problem.has_threshold:
            if dev is None and split.is_hidden:
                raise InputError(
                    f"{split.where}: gold is hidden, and task {task.name!r} "
                    "needs dev rows to choose its threshold by."
                )
            if dev is None:
                dev, dev_decoded = split, decoded
            threshold = problem.threshold(
                dev_decoded, dev.features, dev.examples
            )
        where = {"pool": pool, "language": split.language} if pool else {}
        gold, predictions = problem.finish(
            decoded, split.features, split.examples, threshold, **where
        )
        scores, constant = {}, None
        if not split.is_hidden:
            scores = metrics.score(
                metrics.of(task), gold, predictions, split.language
            )
            contexts = problem.contexts(split.examples)
            constant = constant_of(task.kind, gold, predictions, contexts)
        return Evaluation(
            gold,
            predictions,
            scores,
            ids=problem.ids(split.examples) if problem.has_ids else None,
            embeddings=decoded if isinstance(decoded, np.ndarray) else None,
            constant=constant,
            sizes=pool.sizes if pool else None,
        )


def _room_for(num_features, found):
    """Makes a list, or an array, that holds what is found in all batches."""
    if isinstance(found, list):
        return [None] * num_features
    shape = (num_features, *found.shape[1:])
    if np.prod(shape) * found.itemsize <= MAX_BYTES_IN_MEMORY:
        return np.empty(shape, found.dtype)
    # Pages of the mapped file go when memory is short; the file is nameless
    # and vanishes with the array.
    return np.memmap(tempfile.TemporaryFile(), found.dtype, "w+", shape=shape)
