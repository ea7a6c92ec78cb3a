"""What looks like a mistake in a submission, though it can be scored.

Each pattern is told with its likely cause; none changes a score.
"""

import collections
import itertools

import numpy as np

from stilts_keras.scoring import label_doubts
from stilts_keras.scoring import xtreme_files

# In fewer rows, the same in two languages may be chance.
MIN_ROWS_OF_COPIES = 20
FROM_1 = "counted from 1; the first sentence is number 0"
# Of tokens that were not joined to text.
PIECES = ("▁", " ##", "<s>", "</s>", "[CLS]", "[SEP]")


def doubts_of(task, gold, guess):
    """Lists what may be mistakes in the predictions of one task.

    Args:
        task: `Task`.
        gold: dict from language to gold, as `xtreme_files.read_labels` gives
            it.
        guess: dict from language to predictions as read from their files.

    Returns:
        List of str, a line for each pattern: where, what is seen, and the
        likely cause.
    """
    found = {}
    for language, predicted in guess.items():
        check = _CHECKS[task.problem]
        for seen, cause in check(task, gold[language], predicted):
            found.setdefault(cause, []).append((language, seen))
    general = {}
    if task.problem == "retrieval":
        general = _general_readings(task, gold, guess)
    lines = [
        _line(task, cause, places)
        for cause, places in found.items()
        if cause not in general
    ]
    return [*general.values(), *lines, *_copies(task, gold, guess)]


def _line(task, cause, places):
    language, seen = places[0]
    text = f"{xtreme_files.name_of(task, language)}: {seen}."
    if cause:
        text += f" Likely cause: {cause}."
    if len(places) > 1:
        others = " ".join(name for name, _ in places[1:])
        text += f" The same in {len(places) - 1} more: {others}."
    return text


def _copies(task, gold, guess):
    """Yields a doubt for each set of languages with the same predictions."""
    same = {}
    for language, predicted in guess.items():
        is_small = len(predicted) < MIN_ROWS_OF_COPIES
        if is_small or _is_right(task, gold[language], predicted):
            continue
        values = predicted
        if isinstance(predicted, dict):
            values = predicted.values()
        if task.problem == "tagging":
            values = itertools.chain(*predicted)
        if len(set(values)) > 1:
            same.setdefault(_frozen(predicted), []).append(language)
    for languages in same.values():
        if len(languages) > 1:
            yield (
                f"{task.name}: the predictions of {len(languages)} languages "
                f"are the same ({' '.join(languages)}). Likely cause: one file "
                "copied for all."
            )


def _frozen(predicted):
    if isinstance(predicted, dict):
        return tuple(sorted(predicted.items()))
    if isinstance(predicted, set):
        return frozenset(predicted)
    return tuple(
        tuple(item) if isinstance(item, list) else item for item in predicted
    )


def _is_right(task, gold, predicted):
    if task.problem == "span_extraction":
        return all(predicted.get(name) in gold[name] for name in gold)
    if task.problem == "mining":
        return predicted == set(map(tuple, gold))
    return list(predicted) == [
        item if isinstance(item, list) else str(item) for item in gold
    ]


# ---------------------------------------------------------------------- Pairs
def _doubt_pairs(task, gold, guess):
    gold = {tuple(pair) for pair in gold}
    if not guess:
        yield "there is no pair", "a threshold above all scores"
        return
    sides = [{pair[side] for pair in gold} for side in (0, 1)]
    firsts, seconds = ({pair[side] for pair in guess} for side in (0, 1))
    exchanged = {pair[::-1] for pair in guess}
    known = len(firsts & sides[0]) + len(seconds & sides[1])
    crossed = len(firsts & sides[1]) + len(seconds & sides[0])
    hits, crossed_hits = len(guess & gold), len(exchanged & gold)
    if crossed > known or label_doubts.is_better(crossed_hits, hits):
        seen = (
            f"{crossed_hits} of {len(guess)} pairs are right with their "
            f"columns exchanged, {hits} as they are"
        )
        yield seen, "the columns are swapped; expected source, tab, English"
        return
    foreign = [
        (word, own, ids)
        for word, own, ids in zip(
            ("first", "second"), (firsts, seconds), sides, strict=True
        )
        if not own & ids
    ]
    if foreign:
        seen = "; ".join(
            f"none of the {len(own)} ids in the {word} column is in the "
            f"labels, such as {min(own)!r}, where these have {min(ids)!r}"
            for word, own, ids in foreign
        )
        yield seen, _cause_of_ids(*foreign[0][1:])


def _cause_of_ids(own, known):
    written = {_plain_id(name) for name in known}
    if 2 * sum(_plain_id(name) in written for name in own) >= len(own):
        return "the same ids written in another way"
    if all(map(str.isdecimal, own)) and not all(map(str.isdecimal, known)):
        return "numbers of rows in place of ids"
    return "ids of another split, version or language of the data"


def _plain_id(name):
    """Returns an id without prefix, leading zeros and casing."""
    digits = "".join(filter(str.isdecimal, name)).lstrip("0")
    return digits or name.casefold().strip()


# -------------------------------------------------------------------- Sentences
def _doubt_sentences(task, gold, guess):
    yield from label_doubts.strange_labels(task, guess)
    gold = list(map(str, gold))
    yield from label_doubts.constant(gold, guess, "lines")
    yield from label_doubts.shifted([gold], [guess], "lines")
    truth, found = (
        np.array(list(map(_number, side))) for side in (gold, guess)
    )
    lines = np.arange(len(truth))
    if len(found) >= label_doubts.MIN_ROWS and (truth != found).any():
        for start in (0, 1):
            if (found == lines + start).all():
                yield "each line holds its own number", "no search was made"
                return
    starts_at_1 = (
        (truth == 0).any()
        and not (found == 0).any()
        and found.max() == truth.max() + 1
    )
    for how, cause, counts in _readings(truth, found):
        if _is_clear(counts) or (starts_at_1 and cause == FROM_1):
            yield _seen(how, counts), cause


def _readings(truth, found):
    """Yields other ways to read the numbers: how, its cause, and counts.

    The counts are of lines: right so, right as they are, right only so, right
    only as they are, all.
    """
    inside = (found >= 0) & (found < len(truth))
    back = truth[np.where(inside, found, 0)] == np.arange(len(truth))
    as_is = truth == found
    for how, cause, other in (
        ("with 1 subtracted", FROM_1, truth + 1 == found),
        ("with 1 added", "numbers are 1 too low", truth - 1 == found),
        (
            "when read from English to the language",
            "the search went from English to the language",
            inside & back,
        ),
    ):
        found_by = (other, as_is, other & ~as_is, as_is & ~other)
        counts = [int(right.sum()) for right in found_by]
        yield how, cause, np.array([*counts, len(truth)])


def _is_clear(counts):
    return label_doubts.is_better(counts[2], counts[3])


def _seen(how, counts):
    return (
        f"{counts[0]} of {counts[4]} lines are right {how}, {counts[1]} as "
        "they are"
    )


def _general_readings(task, gold, guess):
    """Finds what is clear of all languages together, if of few alone."""
    if len(guess) < 2:
        return {}
    totals, hows = collections.Counter(), {}
    for language, predicted in guess.items():
        sides = (map(str, gold[language]), predicted)
        truth, found = (np.array(list(map(_number, side))) for side in sides)
        for how, cause, counts in _readings(truth, found):
            hows[cause] = how
            totals[cause] = totals[cause] + counts
    cause = max(hows, key=lambda name: totals[name][0])
    # By chance a line of each language is right in any reading.
    is_chance = totals[cause][0] <= 3 * len(guess)
    if is_chance or not _is_clear(totals[cause]):
        return {}
    seen = f"{_seen(hows[cause], totals[cause])}, in all languages together"
    return {cause: f"{task.name}: {seen}. Likely cause: {cause}."}


def _number(text):
    # What is none equals nothing; Python refuses thousands of digits.
    return int(text) if text.isdecimal() and len(text) < 10 else -9


# -------------------------------------------------------------------- Questions
def _doubt_answers(task, gold, guess):
    unanswered = [name for name in gold if name not in guess]
    if unanswered:
        seen = (
            f"{len(unanswered)} of {len(gold)} questions have no answer, the "
            f"first: {unanswered[0]}"
        )
        unknown = [name for name in guess if name not in gold]
        cause = "these questions were left out"
        if unknown:
            seen += (
                f"; {len(unknown)} answers are to other questions, the first: "
                f"{unknown[0][:60]}"
            )
            cause = _cause_of_ids(set(unknown), set(unanswered))
        yield seen, cause
    answers = [guess[name] for name in gold if name in guess]
    if len(answers) >= label_doubts.MIN_ROWS:
        if not any(answers):
            yield (
                f"all {len(answers)} answers are empty",
                label_doubts.COLLAPSED,
            )
        else:
            yield from label_doubts.constant([*gold], answers, "answers")
    golden = " ".join(itertools.chain(*gold.values()))
    strange = [
        answer
        for answer in answers
        for piece in PIECES
        if piece in answer and piece not in golden
    ]
    if strange:
        yield (
            f"{len(strange)} answers hold a tokenizer's marks, the first: "
            f"{strange[0][:60]!r}",
            "tokens in place of text from the context",
        )


_CHECKS = {
    "classification": label_doubts.doubt_classes,
    "mining": _doubt_pairs,
    "retrieval": _doubt_sentences,
    "span_extraction": _doubt_answers,
    "tagging": label_doubts.doubt_tags,
}
