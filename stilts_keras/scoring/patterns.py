"""Patterns of mistakes in labels, tags, numbers and ids of a submission.

Each generator yields pairs of what is seen and its likely cause.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest

from stilts_keras.scoring import collapse
from stilts_keras.tasks import TASKS

# One-sided sign test: another reading of the predictions is the better one.
SURE = 1e-3
# In fewer rows, the same everywhere may be chance.
MIN_ROWS = 10
COLLAPSED = "a model that has collapsed, or a default that was never replaced"
LATE = "a line or token too much at the start; the rest comes one place late"
EARLY = "the first line or token is missing; the rest comes one place early"


def strange_labels(file_format, task, guess):
    """Finds what is no label of the task, or no number of a sentence.

    Args:
        file_format: `Format`.
        task: `Task`.
        guess: as the format reads it.
    """
    placed = list(file_format.placed(guess))
    strange = [
        (line, label)
        for line, label in placed
        if not file_format.is_label(task, label)
    ]
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


def constant(task, gold, guess, what):
    """Finds one prediction for all rows, as `collapse` finds it in a run.

    Args:
        task: `Task`.
        gold: list, as the task's metrics take it.
        guess: list of the same length.
        what: str. What the predictions are, such as `lines`.
    """
    found = collapse.constant_of(task.kind, gold, guess)
    if found == collapse.NO_ANSWER:
        yield f"all {len(guess)} {what} are empty", COLLAPSED
    elif found is not None:
        name = found if task.kind.predicts == "text" else repr(found)
        num = sum(map(len, guess)) if what == "tags" else len(guess)
        yield f"all {num} {what} are {name[:42]}", COLLAPSED


def exchanged(task, gold, guess):
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
    if not is_better(otherwise, as_is) or right + otherwise - as_is < 2 * right:
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


def shifted(gold, guess, what):
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
        if is_clear and is_better(
            (moved & ~as_is).sum(), (as_is & ~moved).sum()
        ):
            word = "late" if places > 0 else "early"
            seen = (
                f"{moved.sum()} {what} are right for the place one "
                f"{'before' if places > 0 else 'after'}, {as_is.sum()} for "
                f"their own: they come one {word}"
            )
            yield seen, cause


def is_better(number, other):
    """Whether so many rows speak for a reading and only `other` against it."""
    total = int(number + other)
    if not total:
        return False
    test = binomtest(int(number), total, alternative="greater")
    return test.pvalue < SURE


def cause_of_ids(own, known):
    """Says why ids are none of those that are known.

    Args:
        own: set of str. Those that were found.
        known: set of str.
    """
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
