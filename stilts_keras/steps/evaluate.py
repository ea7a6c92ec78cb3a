"""Predict one split of one language, and score it."""

import dataclasses

from stilts_keras.data.batches import eval_batches
from stilts_keras.models.multitask import attention_without_dropout
from stilts_keras.scoring.metrics import score


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What came of one split.

    Attributes:
        gold: list. One entry for each Example.
        predictions: list of the same length.
        metrics: dict from metric name to value in percent.
    """

    gold: list
    predictions: list
    metrics: dict


def evaluate(model, key, problem, split, *, task, tokenizer, batch_size):
    """Predicts a split and scores it with its task's metrics.

    Args:
        model: `MultiTask`.
        key: str. The head.
        problem: the task's Problem.
        split: `SplitFeatures`.
        task: `Task`.
        tokenizer: `Tokenizer`.
        batch_size: int.

    Returns:
        `Evaluation`.
    """
    decoded = predict(
        model,
        key,
        problem,
        split,
        tokenizer=tokenizer,
        batch_size=batch_size,
    )
    gold, predictions = problem.finish(decoded, split.features, split.examples)
    return Evaluation(gold, predictions, score(task.metrics, gold, predictions))


def predict(model, key, problem, split, *, tokenizer, batch_size):
    """Runs the model over a split, in batches of few shapes.

    Returns:
        List with what `problem.decode` makes of each feature, in the split's
        order.
    """
    decoded = [None] * len(split.lengths)
    batches = eval_batches(
        split.lengths, batch_size=batch_size, max_length=split.max_length
    )
    with attention_without_dropout(model):
        for batch in batches:
            columns = split.features[batch.indices]
            x, _ = problem.collate(columns, batch.length, tokenizer)
            logits = model.predict_on_batch({key: x})
            for index, item in zip(
                batch.indices[: batch.num_valid],
                problem.decode(logits, columns),
                strict=False,
            ):
                decoded[index] = item
    return decoded
