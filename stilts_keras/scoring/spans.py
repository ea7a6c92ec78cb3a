"""Exact match and token F1 of extracted answers, by three data sets' rules.

XTREME scores XQuAD and TyDiQA as SQuAD v1.1 does, in every language. Text is
split at white space only, so a Chinese or Thai answer is mostly one token and
its F1 is close to its exact match; that is the reference, kept on purpose.
MLQA has a normaliser of its own, which must not be mixed with this one. SQuAD
v2 adds questions without an answer.
"""

import collections
import math
import re
import string
import unicodedata

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown

ARTICLES = re.compile(r"\b(a|an|the)\b")
WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)
# MLQA's articles; None where the language has none. The Arabic pattern can
# only ever match its second half, anywhere in a word: kept as it is.
MLQA_ARTICLES = {
    "ar": re.compile(r"\sال^|ال"),
    "de": re.compile(
        r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"
    ),
    "en": ARTICLES,
    "es": re.compile(r"\b(un|una|unos|unas|el|la|los|las)\b"),
    "hi": None,
    "vi": re.compile(r"\b(của|là|cái|chiếc|những)\b"),
    "zh": None,
}
# One Chinese character, or a run of what is neither that nor white space.
MLQA_CHINESE_TOKEN = re.compile(r"[\u4e00-\u9fa5]|[^\u4e00-\u9fa5\s]+")


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


def squad_tokens(text):
    """Returns the list of tokens by which SQuAD compares answers."""
    return normalise_answer(text).split()


def mlqa_tokens(text, language):
    """Returns the list of tokens by which MLQA compares answers.

    Lowers, drops all punctuation of Unicode and ASCII's symbols, then the
    language's articles, and splits at white space; Chinese into characters,
    with runs of other letters whole.

    Args:
        text: str. An answer.
        language: str. One of MLQA's seven.

    Raises:
        InputError: If MLQA has no rule for the language.

    Source: XTREME, third_party/evaluate_mlqa.py, `normalize_answer`.
    """
    if language not in MLQA_ARTICLES:
        raise unknown("language of MLQA", language, MLQA_ARTICLES)
    text = "".join(
        letter
        for letter in text.lower()
        if letter not in string.punctuation
        and not unicodedata.category(letter).startswith("P")
    )
    articles = MLQA_ARTICLES[language]
    if articles is not None:
        text = articles.sub(" ", text)
    if language == "zh":
        return MLQA_CHINESE_TOKEN.findall(text)
    return text.split()


def exact_match(answers, prediction, tokens=squad_tokens):
    """Scores whether the prediction equals any answer once normalised.

    Args:
        answers: iterable of str, not empty. The gold answers.
        prediction: str.
        tokens: function from a str to the list of its tokens.

    Returns:
        A float, 0.0 or 1.0.
    """
    guess = tokens(prediction)
    return float(any(tokens(answer) == guess for answer in answers))


def f1(answers, prediction, tokens=squad_tokens):
    """Scores the overlap in tokens with the answer that fits best.

    Args:
        answers: iterable of str, not empty. The gold answers.
        prediction: str.
        tokens: function from a str to the list of its tokens.

    Returns:
        A float in [0, 1]. Two texts that both normalise to nothing score 0,
        as in the reference, though they match exactly.
    """
    guess = tokens(prediction)
    return max(_token_f1(tokens(answer), guess) for answer in answers)


def squad_v2_exact_match(answers, prediction):
    """Scores as `exact_match` does; without an answer, nothing is right.

    Args:
        answers: iterable of str. Empty for an unanswerable question.
        prediction: str. Empty for no answer.

    Returns:
        A float, 0.0 or 1.0.

    Source: Rajpurkar et al., 2018, https://arxiv.org/abs/1806.03822, and the
    official evaluation of SQuAD v2.0.
    """
    return exact_match(_squad_v2_answers(answers), prediction)


def squad_v2_f1(answers, prediction):
    """Scores as `f1` does; without an answer, nothing is right.

    Args:
        answers: iterable of str. Empty for an unanswerable question.
        prediction: str. Empty for no answer.

    Returns:
        A float in [0, 1].

    Source: as `squad_v2_exact_match`.
    """
    answers = _squad_v2_answers(answers)
    if answers == [""] or not squad_tokens(prediction):
        return exact_match(answers, prediction)
    return f1(answers, prediction)


def best_threshold(gold, predictions, margins):
    """Finds the margin above which to answer nothing, best by SQuAD v2's F1.

    Of equally good thresholds the lowest is taken: fewest answers.

    Args:
        gold: sequence of lists of str. Empty for unanswerable questions.
        predictions: sequence of str. The best answer to each question.
        margins: float array (n,). By how much no answer outscores it;
            infinite where there is no text to answer from.

    Returns:
        A float midway between two margins, or 1.0 beyond all finite ones.
        Exactly the questions whose margin is above it are left unanswered.

    Raises:
        InputError: If lengths differ, nothing is there, or a margin is not a
            number.

    Source: the official evaluation of SQuAD v2.0, best F1.
    """
    margins = np.asarray(margins, dtype=np.float64)
    if not len(gold) == len(predictions) == len(margins) or not len(gold):
        raise InputError(
            "A threshold needs at least one question, and an answer and a "
            f"margin for each. Received: {len(gold)} questions, "
            f"{len(predictions)} answers, {len(margins)} margins."
        )
    if np.isnan(margins).any():
        raise InputError(
            "A threshold needs margins that are numbers. Received: nan for "
            f"question {int(np.isnan(margins).argmax())}."
        )
    order = np.argsort(margins, kind="stable")
    margins = margins[order]
    pairs = [(gold[index], predictions[index]) for index in order]
    answered = [squad_v2_f1(answers, guess) for answers, guess in pairs]
    silent = [squad_v2_f1(answers, "") for answers, _ in pairs]
    # Entry k: the k questions of the lowest margins are answered.
    totals = np.concatenate([[0.0], np.cumsum(answered)])
    totals += sum(silent) - np.concatenate([[0.0], np.cumsum(silent)])
    # No threshold parts equal margins, or lies below minus infinity. Sums of
    # floats may differ in the last bits where the scores are the same.
    is_cut = np.concatenate(
        [margins[:1] > -np.inf, margins[1:] > margins[:-1], [True]]
    )
    best = totals[is_cut].max()
    cut = int(np.flatnonzero(is_cut & (totals > best - 1e-9))[0])
    if cut == 0:
        # The next smaller float where 1.0 is lost in rounding.
        below = math.nextafter(margins[0], -math.inf)
        return float(min(margins[0] - 1.0, below))
    if cut == len(margins) or margins[cut] == np.inf:
        return float(margins[cut - 1] + 1.0)
    middle = margins[cut - 1] / 2 + margins[cut] / 2
    # Between neighbouring floats the middle rounds to one of them.
    return float(middle if middle < margins[cut] else margins[cut - 1])


def _squad_v2_answers(answers):
    """Drops answers that normalise to nothing; [""] stands for no answer."""
    return [answer for answer in answers if squad_tokens(answer)] or [""]


def _token_f1(answer, guess):
    """Harmonic mean of precision and recall over multisets of tokens."""
    truth, guess = collections.Counter(answer), collections.Counter(guess)
    num_shared = (truth & guess).total()
    if not num_shared:
        return 0.0
    return 2.0 * num_shared / (truth.total() + guess.total())
