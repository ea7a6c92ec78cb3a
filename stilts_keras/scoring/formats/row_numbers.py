"""Per line the number, from 0, of the row that was found."""

import collections

from stilts_keras.scoring.formats.labels import Labels

FROM_1 = "counted from 1; the first sentence is number 0"


class RowNumbers(Labels):
    """The number of a sentence per line."""

    expected = "a number of a sentence, from 0"

    def is_label(self, task, label):
        """Whether it is a number."""
        return str(label).isdecimal()

    def expected_of(self, task):
        """What a number is."""
        return self.expected

    def doubts(self, task, gold, predictions):
        """Finds numbers that count otherwise, or the other way."""
        import numpy as np

        from stilts_keras.scoring import patterns

        yield from patterns.strange_labels(self, task, predictions)
        gold = list(map(str, gold))
        yield from patterns.constant(task, gold, predictions, "lines")
        yield from patterns.shifted([gold], [predictions], "lines")
        truth, found = (
            np.array(list(map(_number, side))) for side in (gold, predictions)
        )
        lines = np.arange(len(truth))
        if len(found) >= patterns.MIN_ROWS and (truth != found).any():
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

    def doubts_of_all(self, task, gold, predictions):
        """Finds what is clear of all languages together, if of few alone."""
        import numpy as np

        if len(predictions) < 2:
            return {}
        totals, hows = collections.Counter(), {}
        for language, predicted in predictions.items():
            sides = (map(str, gold[language]), predicted)
            truth, found = (
                np.array(list(map(_number, side))) for side in sides
            )
            for how, cause, counts in _readings(truth, found):
                hows[cause] = how
                totals[cause] = totals[cause] + counts
        cause = max(hows, key=lambda name: totals[name][0])
        # By chance a line of each language is right in any reading.
        is_chance = totals[cause][0] <= 3 * len(predictions)
        if is_chance or not _is_clear(totals[cause]):
            return {}
        seen = _seen(hows[cause], totals[cause])
        return {cause: f"{seen}, in all languages together"}


def _readings(truth, found):
    """Yields other ways to read the numbers: how, its cause, and counts.

    The counts are of lines: right so, right as they are, right only so, right
    only as they are, all.
    """
    import numpy as np

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
    from stilts_keras.scoring import patterns

    return patterns.is_better(counts[2], counts[3])


def _seen(how, counts):
    return (
        f"{counts[0]} of {counts[4]} lines are right {how}, {counts[1]} as "
        "they are"
    )


def _number(text):
    # What is none equals nothing; Python refuses thousands of digits.
    return int(text) if text.isdecimal() and len(text) < 10 else -9
