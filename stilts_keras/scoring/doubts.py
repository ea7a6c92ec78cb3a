"""What looks like a mistake in a submission, though it can be scored.

Each pattern is told with its likely cause; none changes a score.
"""

import itertools

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest

from stilts_keras.scoring import xtreme_files
from stilts_keras.tasks import TASKS

# One-sided sign test: another reading of the predictions is the better one.
SURE = 1e-3
# In fewer rows, the same everywhere may be chance.
MIN_ROWS = 10
MIN_ROWS_OF_COPIES = 20
# Of tokens that were not joined to text.
PIECES = ("▁", " ##", "<s>", "</s>", "[CLS]", "[SEP]")
COLLAPSED = "a model that has collapsed, or a default that was never replaced"
LATE = "a line or token too much at the start; the rest comes one place late"
EARLY = "the first line or token is missing; the rest comes one place early"


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
    lines = [_line(task, cause, places) for cause, places in found.items()]
    return [*lines, *_copies(task, gold, guess)]


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


# ------------------------------------------------------------- Labels and tags
def _doubt_classes(task, gold, guess):
    gold = list(map(str, gold))
    yield from _strange(task, guess)
    yield from _constant(gold, guess, "lines")
    yield from _exchanged(task, gold, guess)
    yield from _shifted([gold], [guess], "lines")


def _doubt_tags(task, gold, guess):
    yield from _strange(task, guess)
    yield from _constant(
        list(itertools.chain(*gold)), list(itertools.chain(*guess)), "tags"
    )
    yield from _shifted(gold, guess, "tags")


def _strange(task, guess):
    """Finds what is no label of the task, or no number of a sentence."""
    known = set(task.labels)
    is_label = known.__contains__ if known else xtreme_files.is_number
    placed = list(xtreme_files.placed(task, guess))
    strange = [(line, label) for line, label in placed if not is_label(label)]
    if strange:
        line, label = strange[0]
        seen = (
            f"{len(strange)} of {len(placed)} lines are no label of the task, "
            f"the first {label[:40]!r} in line {line}"
        )
        yield seen, _cause_of_strange(task, {label for _, label in strange})


def _cause_of_strange(task, strange):
    if not task.labels:
        return "something else than the number of the sentence found, from 0"
    known = set(task.labels)
    expected = f"expected {' '.join(task.labels)}"
    plain = {label.split("-", 1)[-1] for label in known}
    others = [
        other.name
        for other in TASKS.values()
        if other.labels and strange <= set(other.labels)
    ]
    causes = {
        "another casing, quotes or another dash": strange
        <= {form for label in strange for form in _forms(label, known)},
        "whole rows in place of labels": all(
            "\t" in label or " " in label for label in strange
        ),
        "class numbers in place of the labels": all(
            label.removeprefix("LABEL_").lstrip("-").isdecimal()
            for label in strange
        ),
        "tags without B- and I-": strange <= plain,
        "tags of another scheme, with E- and S-": all(
            label[:2] in ("E-", "S-") for label in strange
        ),
        f"labels of {' or '.join(others)}": bool(others),
        "words in place of the class numbers": all(
            label.isdecimal() for label in known
        ),
    }
    fitting = [cause for cause, fits in causes.items() if fits]
    return f"{[*fitting, 'labels of another set'][0]}; {expected}"


def _forms(label, known):
    """Yields a label if, written otherwise, it is one that is known."""
    plain = label.strip("'\"").replace("_", "-").casefold()
    if plain in {other.casefold() for other in known}:
        yield label


def _constant(gold, guess, what):
    if len(guess) >= MIN_ROWS and len(set(guess)) == 1 < len(set(gold)):
        seen = f"all {len(guess)} {what} are {guess[0][:40]!r}"
        yield seen, COLLAPSED


def _exchanged(task, gold, guess):
    """Finds labels that stand for one another."""
    number = {label: index for index, label in enumerate(task.labels)}
    counts = np.zeros([len(number)] * 2, int)
    for truth, label in zip(gold, guess, strict=True):
        if truth in number and label in number:
            counts[number[label], number[truth]] += 1
    labels, meanings = linear_sum_assignment(counts, maximize=True)
    moved = labels != meanings
    otherwise = counts[labels, meanings][moved].sum()
    as_is = counts[labels, labels][moved].sum()
    right = np.trace(counts)
    if (
        not _is_better(otherwise, as_is)
        or right + otherwise - as_is < 2 * right
    ):
        return
    pairs = ", ".join(
        f"{task.labels[label]} for {task.labels[meaning]}"
        for label, meaning in zip(labels[moved], meanings[moved], strict=True)
    )
    seen = (
        f"{right + otherwise - as_is} of {len(gold)} lines are right when read "
        f"as {pairs}, {right} as they are"
    )
    yield seen, "the model's labels were in another order"


def _shifted(gold, guess, what):
    """Finds predictions that are right for the place before or after."""
    codes = {}

    def encode(sequences, gap):
        return np.array(
            [
                code
                for sequence in sequences
                for code in (
                    *(codes.setdefault(item, len(codes)) for item in sequence),
                    gap,
                )
            ]
        )

    # What parts two sentences equals nothing.
    truth, predicted = encode(gold, -1), encode(guess, -2)
    as_is = truth == predicted
    for places, cause in ((1, LATE), (-1, EARLY)):
        moved = truth == np.roll(predicted, -places)
        is_clear = moved.sum() > 1.2 * as_is.sum()
        if is_clear and _is_better(
            (moved & ~as_is).sum(), (as_is & ~moved).sum()
        ):
            word = "late" if places > 0 else "early"
            seen = (
                f"{moved.sum()} {what} are right for the place one "
                f"{'before' if places > 0 else 'after'}, {as_is.sum()} for "
                f"their own: they come one {word}"
            )
            yield seen, cause


def _is_better(number, other):
    """Whether so many rows speak for a reading and only `other` against it."""
    total = int(number + other)
    if not total:
        return False
    test = binomtest(int(number), total, alternative="greater")
    return test.pvalue < SURE


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
    if crossed > known or _is_better(crossed_hits, hits):
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
    yield from _strange(task, guess)
    gold = list(map(str, gold))
    yield from _constant(gold, guess, "lines")
    yield from _shifted([gold], [guess], "lines")
    truth, found = (
        np.array(list(map(_number, side))) for side in (gold, guess)
    )
    as_is = truth == found
    lines = np.arange(len(truth))
    if len(found) >= MIN_ROWS and not as_is.all():
        for start in (0, 1):
            if (found == lines + start).all():
                yield "each line holds its own number", "no search was made"
                return
    inside = (found >= 0) & (found < len(truth))
    back = inside & (truth[np.where(inside, found, 0)] == lines)
    starts_at_1 = (
        (truth == 0).any()
        and not (found == 0).any()
        and found.max() == truth.max() + 1
    )
    for other, is_seen, how, cause in (
        (
            truth + 1 == found,
            starts_at_1,
            "with 1 subtracted",
            "counted from 1; the first sentence is number 0",
        ),
        (truth - 1 == found, False, "with 1 added", "numbers are 1 too low"),
        (
            back,
            False,
            "when read from English to the language",
            "the search went from English to the language",
        ),
    ):
        better = _is_better((other & ~as_is).sum(), (as_is & ~other).sum())
        if better or is_seen:
            seen = (
                f"{other.sum()} of {len(truth)} lines are right {how}, "
                f"{as_is.sum()} as they are"
            )
            yield seen, cause


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
    if len(answers) >= MIN_ROWS:
        if not any(answers):
            yield f"all {len(answers)} answers are empty", COLLAPSED
        else:
            yield from _constant([*gold], answers, "answers")
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
    "classification": _doubt_classes,
    "mining": _doubt_pairs,
    "retrieval": _doubt_sentences,
    "span_extraction": _doubt_answers,
    "tagging": _doubt_tags,
}
