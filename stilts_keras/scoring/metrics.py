"""The metrics that a Task may name, all in percent as XTREME reports them."""

import collections
import functools
import itertools

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.scoring import chunks
from stilts_keras.scoring import intervals
from stilts_keras.scoring import ranking
from stilts_keras.scoring import spans
from stilts_keras.scoring.metric import Metric
from stilts_keras.scoring.metric import check_lengths

CHANCE_SEED = 0


# ------------------------------------------------------------ Labels and tags
def _right_labels(gold, predictions):
    """Counts right labels over labels, or right tags over tags."""
    if not _is_sequence(gold[0]):
        _check_kinds(gold, predictions)
        right = [
            float(truth == guess)
            for truth, guess in zip(gold, predictions, strict=True)
        ]
        return right, np.ones(len(right))
    _check_sentences(gold, predictions)
    _check_kinds(itertools.chain(*gold), itertools.chain(*predictions))
    right = [
        sum(map(_is_equal, truth, guess))
        for truth, guess in zip(gold, predictions, strict=True)
    ]
    return right, [len(sentence) for sentence in gold]


def _is_equal(truth, guess):
    return bool(truth == guess)


def _class_scores(gold, predictions):
    """Splits macro F1 into scores of examples, of which it is the mean.

    No example has an F1 of its own. To the macro F1 itself comes what an
    example moves it by, to first order in its weight: 2 for a right label,
    less the F1 of its class for each label given or predicted, over all such
    labels of the class. So intervals and resampling see the shares of the
    classes vary too (the infinitesimal jackknife: Efron, 1982).
    """
    _check_kinds(gold, predictions)
    names, places = np.unique([*gold, *predictions], return_inverse=True)
    truth, guess = np.eye(len(names))[places.reshape(2, -1)]
    right, given = truth * guess, truth + guess
    each = 2 * right.sum(axis=0) / given.sum(axis=0)
    moved = (2 * right - each * given) / given.mean(axis=0)
    return 100.0 * (each + moved).mean(axis=1)


def _right_chunks(gold, predictions):
    """Counts twice the right chunks over those predicted and in gold."""
    _check_sentences(gold, predictions)
    return _twice_right(chunks.chunk_counts(gold, predictions))


def _twice_right(counts):
    right, predicted, in_gold = counts.astype(np.float64).T
    return 2 * right, predicted + in_gold


def _accuracy_ends(parts, wholes, confidence):
    """Wilson's for labels; of tags, errors come in clusters."""
    if (wholes == 1).all():
        return intervals.share_interval(100 * parts, confidence)
    return intervals.ratio_interval(parts, wholes, confidence)


def most_frequent(gold):
    """Guesses blindly: the label, or the tag, that gold has most often.

    Tags are also dealt out at random, which is better where equal neighbours
    count as one chunk.

    Args:
        gold: sequence of labels, or of sequences of tags.

    Returns:
        List of predictions, each as long as gold.
    """
    if not _is_sequence(gold[0]):
        return [[_most_common(gold)] * len(gold)]
    tags = [tag for sentence in gold for tag in sentence]
    order = np.random.default_rng(CHANCE_SEED).permutation(len(tags))
    guesses = (
        [_most_common(tags)] * len(tags),
        [tags[index] for index in order],
    )
    return [_cut_like(gold, guess) for guess in guesses]


def _most_common(labels):
    return collections.Counter(labels).most_common(1)[0][0]


def _cut_like(gold, tags):
    """Cuts one list of tags into sentences of gold's lengths."""
    tags = iter(tags)
    return [list(itertools.islice(tags, len(sentence))) for sentence in gold]


def _is_sequence(value):
    """Whether an example is a sequence of tags, not one label."""
    return isinstance(value, list | tuple | np.ndarray)


def _check_sentences(gold, predictions):
    """Raises unless every sentence has as many tags on both sides."""
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


# ---------------------------------------------------------------------- Pairs
def pair_counts(gold, predictions):
    """Counts pairs that are right, predicted and in gold.

    Args:
        gold: sequence of lists of str. The target ids of each source
            sentence; mostly none.
        predictions: likewise.

    Returns:
        An int array (n, 3), a row for each source sentence.

    Raises:
        InputError: If lengths differ, nothing is there, or a sentence has a
            text where a list of ids belongs.
    """
    check_lengths(gold, predictions)
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


def _right_pairs(gold, predictions):
    return _twice_right(pair_counts(gold, predictions))


# -------------------------------------------------------------------- Answers
def _answer_scores(rule, gold, predictions, *, may_lack=False, language=None):
    """Scores answers in percent by a rule of `spans`.

    Args:
        rule: function of the gold answers and the predicted one; in [0, 1].
        gold: sequence of lists of str.
        predictions: sequence of str. An empty one stands for no answer.
        may_lack: bool. Whether a question may have no gold answer.
        language: str or None. Whose tokens MLQA compares; None: SQuAD's.
    """
    _check_answers(gold, may_lack)
    if language is not None:
        tokens = functools.partial(spans.mlqa_tokens, language=language)
        rule = functools.partial(rule, tokens=tokens)
    pairs = zip(gold, predictions, strict=True)
    return [100.0 * rule(answers, guess) for answers, guess in pairs]


def _check_answers(gold, may_lack):
    """Raises unless every question has a list of gold answers."""
    wanted = "gold answers" if may_lack else "at least one gold answer"
    for index, answers in enumerate(gold):
        if isinstance(answers, str) or not (may_lack or len(answers)):
            raise InputError(
                f"Question {index} needs a list of {wanted}. "
                f"Received: {answers!r}."
            )


# ------------------------------------------------------------------- Rankings
def _ranking_metric(name, rule, random_rule, kept):
    """Makes a Metric that is a mean over queries, resampled by these."""
    return Metric(
        name=name,
        parts=functools.partial(ranking.parts, rule, kept),
        random=functools.partial(ranking.by_chance, random_rule, kept),
        takes_language=True,
    )


def _map_metric(name, kept):
    return _ranking_metric(
        name,
        ranking.average_precision,
        ranking.random_average_precision,
        kept,
    )


# ------------------------------------------------------------------- By name
METRICS = {
    metric.name: metric
    for metric in (
        # The share of labels, or of words, that are right: `accuracy` of
        # XTREME's evaluate.py.
        Metric(
            name="accuracy",
            parts=_right_labels,
            ends=_accuracy_ends,
            blind=most_frequent,
        ),
        # The mean of the F1 of each class that gold or predictions have:
        # scikit-learn's f1_score(average="macro").
        Metric(name="macro_f1", scores=_class_scores, blind=most_frequent),
        # Micro F1 over the chunks of all sentences, of bare tags (UD-POS) and
        # of IOB2 tags (PAN-X): `f1` there, with seqeval 0.0.12.
        Metric(name="chunk_f1", parts=_right_chunks, blind=most_frequent),
        Metric(name="entity_f1", parts=_right_chunks, blind=most_frequent),
        # Answers, each against its best gold answer, by SQuAD v1.1:
        # third_party/evaluate_squad.py.
        Metric(
            name="exact_match",
            scores=functools.partial(_answer_scores, spans.exact_match),
            ends=intervals.share_interval,
        ),
        Metric(name="f1", scores=functools.partial(_answer_scores, spans.f1)),
        # By MLQA, whose rules differ by language:
        # third_party/evaluate_mlqa.py.
        Metric(
            name="mlqa_exact_match",
            scores=functools.partial(_answer_scores, spans.exact_match),
            ends=intervals.share_interval,
            takes_language=True,
            languages=tuple(spans.MLQA_ARTICLES),
        ),
        Metric(
            name="mlqa_f1",
            scores=functools.partial(_answer_scores, spans.f1),
            takes_language=True,
            languages=tuple(spans.MLQA_ARTICLES),
        ),
        # Mean average precision at 20: of LAReQA's one pool of all languages,
        # and likewise among the candidates of the question's own language,
        # and among those of the others.
        _map_metric("map_at_20", ranking.everywhere),
        _map_metric("map_at_20_within", ranking.within),
        _map_metric("map_at_20_across", ranking.across),
        # Mean reciprocal rank at 20: of Mewsli-X, which calls it mAP.
        _ranking_metric(
            "mrr_at_20",
            ranking.reciprocal_rank,
            ranking.random_reciprocal_rank,
            ranking.everywhere,
        ),
        # Micro F1 over pairs of sentences that translate each other: `bucc_f1`
        # of evaluate.py.
        Metric(name="pair_f1", parts=_right_pairs),
        # By SQuAD v2, where a question may have no answer: Rajpurkar et al.,
        # 2018, https://arxiv.org/abs/1806.03822.
        Metric(
            name="squad_v2_exact_match",
            scores=functools.partial(
                _answer_scores, spans.squad_v2_exact_match, may_lack=True
            ),
            ends=intervals.share_interval,
        ),
        Metric(
            name="squad_v2_f1",
            scores=functools.partial(
                _answer_scores, spans.squad_v2_f1, may_lack=True
            ),
        ),
    )
}


def find(metric):
    """Returns the Metric of a name; one that is a Metric, as it is.

    Raises:
        InputError: If the name is unknown.
    """
    if isinstance(metric, Metric):
        return metric
    if metric not in METRICS:
        raise unknown("metric", metric, METRICS)
    return METRICS[metric]


def of(task):
    """Returns the Metrics of a task, the one that selects checkpoints first.

    Args:
        task: `Task`.

    Returns:
        Tuple of `Metric`.

    Raises:
        InputError: If a name is unknown, or one of the task's own Metrics
            bears the name of another.
    """
    for name, metric in task.own_metrics.items():
        if METRICS.get(name, metric) is not metric:
            raise InputError(
                f"Task {task.name!r} has a metric of its own named {name!r}, "
                "which another one is called. Give it another name."
            )
    return tuple(
        find(task.own_metrics.get(name, name)) for name in task.metrics
    )


def score(metrics, gold, predictions, language="en"):
    """Computes several metrics of the same predictions.

    Args:
        metrics: iterable of `Metric`, or of their names.
        gold: what the metrics expect.
        predictions: as long as `gold`.
        language: str. Of the texts; MLQA's rules differ by it.

    Returns:
        A dict from name to a float, in the order of `metrics`.

    Raises:
        InputError: If a name is unknown or gold and predictions do not fit.
    """
    found = [find(metric) for metric in metrics]
    return {
        metric.name: metric(gold, predictions, language) for metric in found
    }
