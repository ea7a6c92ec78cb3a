"""The metrics by name: what a Task's `metrics` may list.

Each is a function of gold and predictions that returns percent, as XTREME
reports it.
"""

import collections
import functools
import itertools

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.scoring import chunks
from stilts_keras.scoring import spans

CHANCE_SEED = 0


def accuracy(gold, predictions):
    """Share of labels, or of words where examples are tag sequences, right.

    Args:
        gold: sequence of str or int, or of sequences of them.
        predictions: the same of the same length.

    Returns:
        A float in [0, 100].

    Raises:
        InputError: If lengths or kinds of label differ, or nothing is there.

    Source: XTREME, evaluate.py, `accuracy`.
    """
    return float(np.mean(_right_labels(gold, predictions)))


def chunk_f1(gold, predictions):
    """Micro F1 over the chunks of all sentences; see `scoring.chunks`.

    Serves bare tags (XTREME's UD-POS) and IOB2 tags (PAN-X) alike.

    Args:
        gold: sequence of tag sequences, one per sentence.
        predictions: tag sequences of the same lengths.

    Returns:
        A float in [0, 100].

    Raises:
        InputError: If lengths differ, a tag is empty or nothing is there.

    Source: XTREME, evaluate.py, `f1`, with seqeval 0.0.12.
    """
    _check_sentences(gold, predictions)
    counts = chunks.chunk_counts(gold, predictions).sum(axis=0)
    return chunks.f1_of_counts(*(int(count) for count in counts))


def f1(gold, predictions):
    """Mean token F1 of answers, each against its best gold answer.

    Args:
        gold: sequence of lists of str. The gold answers of each question.
        predictions: sequence of str. An empty one stands for no answer.

    Returns:
        A float in [0, 100].

    Raises:
        InputError: If lengths differ or a question has no gold answer.

    Source: XTREME, third_party/evaluate_squad.py.
    """
    return float(np.mean(per_example("f1", gold, predictions)))


def exact_match(gold, predictions):
    """Share of answers equal to one of their gold answers once normalised.

    Args:
        gold: sequence of lists of str. The gold answers of each question.
        predictions: sequence of str. An empty one stands for no answer.

    Returns:
        A float in [0, 100].

    Raises:
        InputError: If lengths differ or a question has no gold answer.

    Source: XTREME, third_party/evaluate_squad.py.
    """
    return float(np.mean(per_example("exact_match", gold, predictions)))


def mlqa_f1(gold, predictions, language):
    """Mean token F1 of answers by MLQA's normaliser.

    Args:
        gold: sequence of lists of str. The gold answers of each question.
        predictions: sequence of str.
        language: str. Of the answers.

    Returns:
        A float in [0, 100].

    Raises:
        InputError: If lengths differ, a question has no gold answer, or MLQA
            has no rule for the language.

    Source: XTREME, third_party/evaluate_mlqa.py.
    """
    return float(np.mean(per_example("mlqa_f1", gold, predictions, language)))


def mlqa_exact_match(gold, predictions, language):
    """Share of answers equal to a gold answer by MLQA's normaliser.

    Arguments, errors and source are those of `mlqa_f1`.
    """
    scores = per_example("mlqa_exact_match", gold, predictions, language)
    return float(np.mean(scores))


def squad_v2_f1(gold, predictions):
    """Mean token F1 of answers, some questions having none.

    Args:
        gold: sequence of lists of str; empty for unanswerable questions.
        predictions: sequence of str; empty for no answer.

    Returns:
        A float in [0, 100].

    Raises:
        InputError: If lengths differ, nothing is there, or a question has a
            text where a list of answers belongs.

    Source: Rajpurkar et al., 2018, https://arxiv.org/abs/1806.03822.
    """
    return float(np.mean(per_example("squad_v2_f1", gold, predictions)))


def squad_v2_exact_match(gold, predictions):
    """Share of answers that match, some questions having none.

    Arguments, errors and source are those of `squad_v2_f1`.
    """
    scores = per_example("squad_v2_exact_match", gold, predictions)
    return float(np.mean(scores))


def pair_f1(gold, predictions):
    """Micro F1 over pairs of sentences that translate each other.

    Args:
        gold: sequence of lists of str. The target ids of each source
            sentence; mostly none.
        predictions: likewise.

    Returns:
        A float in [0, 100].

    Raises:
        InputError: If lengths differ, nothing is there, or a sentence has a
            text where a list of ids belongs.

    Source: XTREME, evaluate.py, `bucc_f1`.
    """
    counts = pair_counts(gold, predictions).sum(axis=0)
    return chunks.f1_of_counts(*(int(count) for count in counts))


def pair_counts(gold, predictions):
    """Counts pairs that are right, predicted and in gold: int array (n, 3).

    One row for each source sentence; arguments and errors as in `pair_f1`.
    """
    _check_lengths(gold, predictions)
    for index, ids in enumerate(itertools.chain(gold, predictions)):
        if isinstance(ids, str):
            raise InputError(
                f"Sentence {index % len(gold)} needs a list of target ids, "
                f"which may be empty. Received: {ids!r}."
            )
    return np.array(
        [
            (len(set(truth) & set(guess)), len(set(guess)), len(set(truth)))
            for truth, guess in zip(gold, predictions, strict=True)
        ]
    )


METRICS = {
    "accuracy": accuracy,
    "chunk_f1": chunk_f1,
    "entity_f1": chunk_f1,
    "exact_match": exact_match,
    "f1": f1,
    "mlqa_exact_match": mlqa_exact_match,
    "mlqa_f1": mlqa_f1,
    "pair_f1": pair_f1,
    "squad_v2_exact_match": squad_v2_exact_match,
    "squad_v2_f1": squad_v2_f1,
}
# What an answer scores; MLQA's rules take the language's tokens too.
ANSWER_RULES = {
    "exact_match": spans.exact_match,
    "f1": spans.f1,
    "mlqa_exact_match": spans.exact_match,
    "mlqa_f1": spans.f1,
    "squad_v2_exact_match": spans.squad_v2_exact_match,
    "squad_v2_f1": spans.squad_v2_f1,
}
TAKE_LANGUAGE = ("mlqa_exact_match", "mlqa_f1")
MAY_LACK_ANSWERS = ("squad_v2_exact_match", "squad_v2_f1")


def score(names, gold, predictions, language="en"):
    """Computes several metrics of the same predictions.

    Args:
        names: iterable of str. Keys of `METRICS`.
        gold: what the metrics expect.
        predictions: as long as `gold`.
        language: str. Of the texts; MLQA's rules differ by it.

    Returns:
        A dict from name to a float in percent, in the order of `names`.

    Raises:
        InputError: If a name is unknown or gold and predictions do not fit.
    """
    names = tuple(names)
    for name in names:
        if name not in METRICS:
            raise unknown("metric", name, METRICS)
    return {
        name: METRICS[name](
            gold, predictions, *([language] if name in TAKE_LANGUAGE else [])
        )
        for name in names
    }


def per_example(name, gold, predictions, language="en"):
    """Scores each example alone, for intervals around the mean.

    Args:
        name: str. `accuracy` or one of `ANSWER_RULES`: the metrics that are
            means. Chunk F1 is not a mean over sentences.
        gold: what the metric expects.
        predictions: as long as `gold`.
        language: str. Of the texts; MLQA's rules differ by it.

    Returns:
        A float array of percents whose mean is the metric: one entry per
        example, or per word for the accuracy of tag sequences.

    Raises:
        InputError: If the metric is not a mean, or gold and predictions do
            not fit.
    """
    if name == "accuracy":
        return _right_labels(gold, predictions)
    if name not in ANSWER_RULES:
        raise unknown(
            "metric with a score per example",
            name,
            ("accuracy", *ANSWER_RULES),
        )
    _check_lengths(gold, predictions)
    _check_answers(gold, may_lack=name in MAY_LACK_ANSWERS)
    rule = ANSWER_RULES[name]
    if name in TAKE_LANGUAGE:
        tokens = functools.partial(spans.mlqa_tokens, language=language)
        rule = functools.partial(rule, tokens=tokens)
    pairs = zip(gold, predictions, strict=True)
    return np.array([100.0 * rule(answers, guess) for answers, guess in pairs])


def parts_and_wholes(name, gold, predictions, language="en"):
    """Splits a metric into sums over the examples, for resampling.

    Every metric here is 100 times the sum of the parts over the sum of the
    wholes: right words over words, twice the right chunks over those predicted
    and those in gold, and for means the score of an example over 1.

    Args:
        name: str. One of `METRICS`.
        gold: what the metric expects.
        predictions: as long as `gold`.
        language: str. Of the texts; MLQA's rules differ by it.

    Returns:
        Two float arrays (n,), an entry for each example.

    Raises:
        InputError: If the name is unknown or gold and predictions do not fit.
    """
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
    if name in ("pair_f1", "chunk_f1", "entity_f1"):
        if name == "pair_f1":
            counts = pair_counts(gold, predictions)
        else:
            _check_sentences(gold, predictions)
            counts = chunks.chunk_counts(gold, predictions)
        right, predicted, in_gold = counts.astype(np.float64).T
        return 2 * right, predicted + in_gold
    scores = per_example(name, gold, predictions, language) / 100
    if name != "accuracy" or not _is_sequence(gold[0]):
        return scores, np.ones_like(scores)
    wholes = np.array([len(sentence) for sentence in gold], np.float64)
    ends = np.cumsum(wholes).astype(int)
    sums = np.concatenate([[0.0], np.cumsum(scores)])
    return sums[ends] - sums[ends - wholes.astype(int)], wholes


def _right_labels(gold, predictions):
    """Returns 100.0 for each label that is right and 0.0 for the others."""
    _check_lengths(gold, predictions)
    if _is_sequence(gold[0]):
        _check_sentences(gold, predictions)
        gold = [tag for sentence in gold for tag in sentence]
        predictions = [tag for sentence in predictions for tag in sentence]
    _check_kinds(gold, predictions)
    pairs = zip(gold, predictions, strict=True)
    return np.array([100.0 * (truth == guess) for truth, guess in pairs])


def _check_answers(gold, may_lack):
    """Raises unless every question has a list of gold answers."""
    wanted = "gold answers" if may_lack else "at least one gold answer"
    for index, answers in enumerate(gold):
        if isinstance(answers, str) or not (may_lack or len(answers)):
            raise InputError(
                f"Question {index} needs a list of {wanted}. "
                f"Received: {answers!r}."
            )


def _is_sequence(value):
    """Whether an example is a sequence of tags, not one label."""
    return isinstance(value, list | tuple | np.ndarray)


def _check_lengths(gold, predictions):
    """Raises unless there are examples, and as many on both sides."""
    if len(gold) != len(predictions):
        raise InputError(
            f"There are {len(gold)} gold examples but {len(predictions)} "
            "predictions; each example needs exactly one."
        )
    if not len(gold):
        raise InputError("There is nothing to score: 0 examples.")


def _check_sentences(gold, predictions):
    """Raises unless every sentence has as many tags on both sides."""
    _check_lengths(gold, predictions)
    pairs = zip(gold, predictions, strict=True)
    for index, (truth, guess) in enumerate(pairs):
        if len(truth) != len(guess):
            raise InputError(
                f"Sentence {index} has {len(truth)} gold tags but "
                f"{len(guess)} predicted ones; each word needs exactly one."
            )
    if not any(len(sentence) for sentence in gold):
        raise InputError("There is nothing to score: 0 words.")


def _check_kinds(gold, predictions):
    """Raises where a text meets a number: they would never be equal."""
    pairs = zip(gold, predictions, strict=True)
    for index, (truth, guess) in enumerate(pairs):
        if isinstance(truth, str) != isinstance(guess, str):
            raise InputError(
                f"Label {index} is {truth!r} in gold but {guess!r} in the "
                "predictions; both must be texts or both numbers."
            )


def chance(name, gold):
    """What is scored without knowledge of the input.

    By always giving the most frequent label; for tags also by dealing the
    gold tags out at random, which is better where equal neighbours count as
    one chunk.

    Args:
        name: str. One of `METRICS`.
        gold: as the metric takes it.

    Returns:
        A float in percent; None where no blind guess makes sense (answers,
        pairs).
    """
    if name in ANSWER_RULES or name == "pair_f1":
        return None
    if isinstance(gold[0], (str, int)):
        return METRICS[name](gold, [_most_frequent(gold)] * len(gold))
    tags = [tag for sentence in gold for tag in sentence]
    order = np.random.default_rng(CHANCE_SEED).permutation(len(tags))
    guesses = (
        [_most_frequent(tags)] * len(tags),
        [tags[index] for index in order],
    )
    return max(METRICS[name](gold, _cut_like(gold, g)) for g in guesses)


def _most_frequent(labels):
    return collections.Counter(labels).most_common(1)[0][0]


def _cut_like(gold, tags):
    """Cuts one list of tags into sentences of gold's lengths."""
    tags = iter(tags)
    return [list(itertools.islice(tags, len(sentence))) for sentence in gold]
