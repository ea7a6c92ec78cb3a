"""Predict one split of one language, and score it."""

import contextlib
import dataclasses
import tempfile

import numpy as np

from stilts_keras.data.batches import eval_batches
from stilts_keras.scoring import metrics
from stilts_keras.scoring.collapse import constant_of
from stilts_keras.steps.multitask import attention_without_dropout

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
    """

    gold: list
    predictions: list
    metrics: dict
    ids: list | None = None
    embeddings: np.ndarray | None = None
    constant: str | None = None


def evaluate(
    model,
    key,
    problem,
    split,
    *,
    task,
    tokenizer,
    batch_size,
    dev=None,
    held=contextlib.nullcontext,
):
    """Predicts a split and scores it with its task's metrics.

    Args:
        model: `MultiTask`.
        key: str. The head.
        problem: the task's Problem.
        split: `SplitFeatures`.
        task: `Task`.
        tokenizer: `Tokenizer`.
        batch_size: int.
        dev: `SplitFeatures` or None. Where the problem has a threshold, it is
            chosen on these rows; None chooses it on the split itself, which
            then must be dev rows.
        held: function that gives a context which no signal cuts off. A batch
            must not be: on JAX the model is without its variables meanwhile.

    Returns:
        `Evaluation`.
    """
    decoded, dev_decoded = _predict_both(
        model, key, problem, split, dev, tokenizer, batch_size, held
    )
    return _scored(problem, task, split, decoded, dev, dev_decoded)


def evaluate_layers(
    model,
    key,
    problem,
    split,
    *,
    task,
    tokenizer,
    batch_size,
    dev=None,
    held=contextlib.nullcontext,
):
    """Predicts a split once and scores each of several hidden states.

    Args:
        model: `MultiTask` whose head gives (b, layers, h).
        key: str. The head.
        problem: a retrieval Problem.
        split: as in `evaluate`, and so are the others.
        task: `Task`.
        tokenizer: `Tokenizer`.
        batch_size: int.
        dev: `SplitFeatures` or None.
        held: function.

    Returns:
        List of `Evaluation`, one per layer.
    """
    decoded, dev_decoded = _predict_both(
        model, key, problem, split, dev, tokenizer, batch_size, held
    )
    return [
        _scored(
            problem,
            task,
            split,
            np.asarray(decoded[:, layer]),
            dev,
            None if dev is None else np.asarray(dev_decoded[:, layer]),
        )
        for layer in range(decoded.shape[1])
    ]


def _predict_both(model, key, problem, split, dev, tokenizer, batch_size, held):
    return [
        part
        and predict(
            model,
            key,
            problem,
            part,
            tokenizer=tokenizer,
            batch_size=batch_size,
            held=held,
        )
        for part in (split, dev)
    ]


def _scored(problem, task, split, decoded, dev, dev_decoded):
    threshold = None
    if problem.has_threshold:
        if dev is None:
            dev, dev_decoded = split, decoded
        threshold = problem.threshold(dev_decoded, dev.features, dev.examples)
    gold, predictions = problem.finish(
        decoded, split.features, split.examples, threshold
    )
    return Evaluation(
        gold,
        predictions,
        metrics.score(metrics.of(task), gold, predictions, split.language),
        problem.ids(split.examples) if problem.has_ids else None,
        None if task.kind.is_trained else decoded,
        _constant(task, split, gold, predictions),
    )


def _constant(task, split, gold, predictions):
    """Names what a collapsed model predicts; see `scoring.collapse`."""
    contexts = None
    if task.kind.predicts == "text":
        contexts = (item.context for item in split.examples if item is not None)
    return constant_of(task.kind, gold, predictions, contexts)


def predict(
    model,
    key,
    problem,
    split,
    *,
    tokenizer,
    batch_size,
    held=contextlib.nullcontext,
):
    """Runs the model over a split, in batches of few shapes.

    Returns:
        What `problem.decode` makes of each feature, in the split's order: a
        list, or an array (n, ...) where it makes arrays.
    """
    decoded = None
    batches = eval_batches(
        split.lengths, batch_size=batch_size, max_length=split.max_length
    )
    with attention_without_dropout(model):
        for batch in batches:
            columns = split.features[batch.indices]
            x, _ = problem.collate(columns, batch.length, tokenizer)
            with held():
                outputs = model.predict_on_batch({key: x})
            found = problem.decode(outputs, columns)
            if decoded is None:
                decoded = _room_for(len(split.lengths), found)
            for index, item in zip(
                batch.indices[: batch.num_valid], found, strict=False
            ):
                decoded[index] = item
    return decoded


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
