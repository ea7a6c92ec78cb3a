"""Disturbed scores, each beside the clean one of the same rows.

Both are drawn on the same resamples of these rows. A disturbance that has
rows of its own, such as typos that people made, has a severity 0: these rows
undisturbed, which the disturbed ones are compared with. Every other changes
all rows, and the clean score itself stands beside; its severity 0, where that
was asked for, is the same score again.
"""

import dataclasses

from stilts_keras.disturbances import DISTURBANCES
from stilts_keras.errors import DamageError
from stilts_keras.reporting.samples import answers_of
from stilts_keras.reporting.samples import sample_of
from stilts_keras.reporting.tables import MIN_EXAMPLES
from stilts_keras.reporting.tables.means import Mean
from stilts_keras.scoring import bootstrap
from stilts_keras.scoring import robustness
from stilts_keras.tasks.kinds import KINDS
from stilts_keras.tasks.languages import ENGLISH

# What is predicted where two predictions are alike or not.
COMPARABLE = ("label", "number")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """A disturbed score beside the clean one of the same rows.

    Attributes:
        row: `JudgedScore`. Disturbed, with `draws`.
        clean: `JudgedScore`. Of the same rows as they are, with `draws`.
        consistency: `tables.means.Mean` or None. How much of the disturbed
            rows is predicted as the clean English items are; None where no
            item is known to be one of these in English.
        clean_consistency: `tables.means.Mean` or None. Likewise of the clean
            rows.
    """

    row: object
    clean: object
    consistency: Mean | None = None
    clean_consistency: Mean | None = None


def pairs_of(evidence):
    """Finds what each disturbed score is compared with, and draws both.

    Args:
        evidence: `Evidence`.

    Returns:
        Tuple: a list of `Pair`, of each target's own metric; and a list of
        str, what is missing or damaged.
    """
    primary, places = evidence.primary, {}
    for row in evidence.disturbed:
        if row.metric == primary.get(row.target):
            places.setdefault((row.target, row.disturbance), []).append(row)
    pairs, problems = [], []
    for (target, _), rows in places.items():
        clean = [
            row
            for row in evidence.rows
            if (row.target, row.metric) == (target, primary[target])
        ]
        found = _Place(rows, clean, evidence.task(target))
        pairs += found.pairs()
        problems += found.problems
    return pairs, problems


class _Place:
    """One target under one disturbance.

    Attributes:
        problems: list of str.
    """

    def __init__(self, rows, clean, facts):
        """Finds the clean scores.

        Args:
            rows: list of `JudgedScore`, disturbed.
            clean: list of `JudgedScore` of the target.
            facts: `TaskFacts` of the target.
        """
        self.problems = []
        own = [
            row
            for row in rows
            if row.severity == 0 and row.disturbance not in DISTURBANCES
        ]
        self._rows = [row for row in rows if row.severity > 0]
        self._clean = {_key(row): row for row in own or clean}
        self._has_english = (
            facts.parallel_tests and KINDS[facts.problem].predicts in COMPARABLE
        )
        self._read = {}

    def pairs(self):
        """Returns a list of `Pair`; what cannot be paired is a problem."""
        samples, partners = {}, []
        for row in self._rows:
            try:
                clean = self._partner(row)
                for each in (row, clean):
                    if ("score", *_place(each)) not in samples:
                        samples["score", *_place(each)] = sample_of(each)
                        samples |= self._likeness(each)
            except DamageError as error:
                self.problems.append(f"{error} Its retention is not judged.")
            else:
                partners.append((row, clean))
        draws = bootstrap.draw(samples)
        means = {
            key: Mean(value=samples[key].value, draws=found)
            for key, found in draws.items()
        }
        return [
            Pair(
                row=_with_draws(row, means),
                clean=_with_draws(clean, means),
                consistency=means.get(("likeness", *_place(row))),
                clean_consistency=means.get(("likeness", *_place(clean))),
            )
            for row, clean in partners
        ]

    def _partner(self, row):
        """Returns the clean score of the same rows.

        Raises:
            DamageError: If there is none, or it is of other rows.
        """
        clean = self._clean.get(_key(row))
        name = (
            f"{row.target} after {row.route}, seed {row.seed}, in "
            f"{row.language}, {row.disturbance} {row.severity}"
        )
        if clean is None:
            raise DamageError(f"{name}: no clean score of the same rows.")
        if clean.n != row.n:
            raise DamageError(
                f"{name}: of {row.n} rows, but the clean score is of "
                f"{clean.n}: not the same ones."
            )
        return clean

    def _likeness(self, row):
        """Compares predictions with those of the English items, if it can.

        Returns:
            Dict of one `Sample`, or empty.

        Raises:
            DamageError: If predictions are missing or damaged.
        """
        if not self._has_english or row.language == ENGLISH:
            return {}
        english = self._clean.get(
            _key(dataclasses.replace(row, language=ENGLISH))
        )
        if english is None:
            return {}
        gold, guesses = answers_of(row)
        if english not in self._read:
            self._read[english] = answers_of(english)
        true, theirs = self._read[english]
        size = min(len(gold), len(true))
        # Translations have one gold; where a row were missing, all below it
        # would be another's. A part of the rows is mostly another one in
        # English.
        if size < MIN_EXAMPLES or gold[:size] != true[:size]:
            return {}
        found = robustness.consistency(guesses[:size], theirs[:size])
        return {("likeness", *_place(row)): found}


def _key(row):
    """What a disturbed and a clean score of the same rows agree in."""
    return row.route, row.seed, row.language, row.split


def _place(row):
    return (*_key(row), row.disturbance, row.severity)


def _with_draws(row, means):
    draws = means["score", *_place(row)].draws
    return dataclasses.replace(row, draws=draws)
