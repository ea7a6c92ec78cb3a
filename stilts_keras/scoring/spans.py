"""Exact match and token F1 of extracted answers, as SQuAD v1.1 defines them.

XTREME scores XQuAD and TyDiQA with this normaliser in every language. Text is
split at whitespace only, so a Chinese or Thai answer is mostly one token and
its F1 is close to its exact match; that is the reference, kept on purpose.
MLQA has a normaliser of its own, which must not be mixed with this one.
"""

import collections
import re
import string

ARTICLES = re.compile(r"\b(a|an|the)\b")
WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise_answer(text):
    """Lowers, drops ASCII punctuation and English articles, joins spaces.

    Args:
        text: str. An answer.

    Returns:
        A str. Marks outside ASCII, such as `。` or `؟`, stay.

    Source: XTREME, third_party/evaluate_squad.py, `normalize_answer`.
    """
    text = text.lower().translate(WITHOUT_PUNCTUATION)
    return " ".join(ARTICLES.sub(" ", text).split())


def exact_match(answers, prediction):
    """Scores whether the prediction equals any answer once normalised.

    Args:
        answers: iterable of str, not empty. The gold answers.
        prediction: str.

    Returns:
        A float, 0.0 or 1.0.
    """
    guess = normalise_answer(prediction)
    return float(any(normalise_answer(answer) == guess for answer in answers))


def f1(answers, prediction):
    """Scores the overlap in tokens with the answer that fits best.

    Args:
        answers: iterable of str, not empty. The gold answers.
        prediction: str.

    Returns:
        A float in [0, 1]. Two texts that both normalise to nothing score 0,
        as in the reference, though they match exactly.
    """
    return max(_token_f1(answer, prediction) for answer in answers)


def _token_f1(answer, prediction):
    """Harmonic mean of precision and recall over a multiset of tokens."""
    truth = collections.Counter(normalise_answer(answer).split())
    guess = collections.Counter(normalise_answer(prediction).split())
    num_shared = (truth & guess).total()
    if not num_shared:
        return 0.0
    return 2.0 * num_shared / (truth.total() + guess.total())
