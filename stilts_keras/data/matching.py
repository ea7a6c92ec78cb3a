"""Which clean row a disturbed one was made of.

Where both are rows of one file, as columns side by side, the numbers tell.
Else the text does: a disturbed row and a clean one belong together where the
gold is the same, each is to the other the most like of all, in its triples of
characters, and the order of the rows is the same. What finds no partner is
left out on both sides.
"""

import bisect
import dataclasses
import json

from stilts_keras.data.rows import RowReader
from stilts_keras.errors import InputError
from stilts_keras.tasks.example import TaggedWords

# Raised when other rows would be found.
MATCHING_VERSION = 1
TEST = "test"
# The problems whose rows of two files are told to belong together.
MATCHED = ("classification", "tagging")
# Cosine of the counts of triples. On XNLI with 5 % of words mistyped, right
# partners lie above 0.7 and the likest wrong ones mostly below 0.5.
MIN_LIKENESS = 0.6
# What must be found in order: of the pairs that are alike (right ones keep it
# but for a few, chance ones do not), and of the shorter file.
MIN_ORDERED = 0.5
MIN_SHARE = 0.1
NUM_ROWS_AT_A_TIME = 500
# Fixed, so that a limit picks the same rows in every seed.
SEED = 0


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Rows that belong together.

    Attributes:
        noisy: int array (n,). Numbers of the disturbed rows, ascending.
        clean: int array (n,). Of the clean rows that they were made of.
        num_noisy: int. All disturbed rows.
        num_clean: int. All clean rows.
    """

    noisy: object
    clean: object
    num_noisy: int
    num_clean: int

    def limited(self, count):
        """Takes that many pairs, drawn, or all where count is None."""
        import numpy as np

        if count is None or count >= len(self.noisy):
            return self
        order = np.random.default_rng(SEED).permutation(len(self.noisy))
        places = np.sort(order[:count])
        return dataclasses.replace(
            self, noisy=self.noisy[places], clean=self.clean[places]
        )

    def __str__(self):
        """Says how many there are."""
        return (
            f"{len(self.noisy):,} of {self.num_noisy:,} disturbed rows, with "
            f"their clean ones of {self.num_clean:,}"
        )


def can_match(noisy, task):
    """Whether rows of a disturbed task and of a clean one can be paired."""
    is_one_file = noisy.repositories == task.repositories
    return is_one_file or (task.problem in MATCHED and task.reads == "text")


def match(data, noisy, task, language):
    """Finds the clean rows of a task's disturbed test rows.

    Args:
        data: a data source of `data.sources`.
        noisy: `Task`. It says that it disturbs the other.
        task: `Task`.
        language: str.

    Returns:
        `Pairs`.

    Raises:
        InputError: If the disturbed rows were made of other rows.
    """
    import numpy as np

    ours, theirs = (_examples(data, each, language) for each in (task, noisy))
    if noisy.repositories == task.repositories:
        both = [
            number
            for number, pair in enumerate(zip(ours, theirs, strict=True))
            if None not in pair
        ]
        found = np.asarray(both), np.asarray(both)
    else:
        found = _alike(ours, theirs)
    if not len(found[0]):
        raise InputError(
            f"{noisy.name} ({language}): its {len(theirs):,} rows are not "
            f"made of the {len(ours):,} test rows of {task.name} in "
            f"{data.origin(task, language, TEST)}. Give the test rows that "
            f"they were made of in --data, or leave {task.name} out, as in "
            f"--disturb={noisy.disturbance}@TARGET."
        )
    return Pairs(*found, num_noisy=len(theirs), num_clean=len(ours))


def _examples(data, task, language):
    rows = data.load(task, language, TEST)
    origin = data.origin(task, language, TEST)
    reader = RowReader(
        task,
        rows.features,
        where=f"{task.name} ({language}, {TEST}, {origin})",
        is_evaluated=True,
    )
    return [
        reader.read(number, row, lightly=True).item
        for number, row in enumerate(rows)
    ]


def _alike(ours, theirs):
    """Returns numbers (noisy, clean) of rows that are like each other."""
    import numpy as np

    likest, likeness, likest_of_ours = _likest(ours, theirs)
    numbers = np.arange(len(theirs))
    is_pair = (likeness >= MIN_LIKENESS) & (likest_of_ours[likest] == numbers)
    noisy = np.flatnonzero(is_pair)
    kept = _longest_ascent(likest[noisy].tolist())
    least = MIN_SHARE * min(len(ours), len(theirs))
    if len(kept) < max(least, MIN_ORDERED * len(noisy)):
        kept = []
    noisy = noisy[np.asarray(kept, dtype=int)]
    return noisy, likest[noisy]


def _likest(ours, theirs):
    """Compares all rows of one gold, some at a time.

    Returns:
        Of each disturbed row the likest clean one and how like it is, and of
        each clean one the likest disturbed one.
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    triples = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 3), use_idf=False
    )
    clean = triples.fit_transform(map(_text_of, ours))
    noisy = triples.transform(map(_text_of, theirs))
    names = {gold: at for at, gold in enumerate(map(_gold_of, ours))}
    gold = np.asarray([names[_gold_of(item)] for item in ours])
    their_gold = np.asarray([names.get(_gold_of(item), -1) for item in theirs])
    likest, likeness = np.zeros(len(theirs), int), np.zeros(len(theirs))
    best, likest_of_ours = np.full(len(ours), -1.0), np.zeros(len(ours), int)
    for start in range(0, len(theirs), NUM_ROWS_AT_A_TIME):
        part = slice(start, start + NUM_ROWS_AT_A_TIME)
        cosines = (noisy[part] @ clean.T).toarray()
        cosines[their_gold[part, None] != gold] = -1
        likest[part] = cosines.argmax(axis=1)
        likeness[part] = cosines.max(axis=1)
        highest = cosines.max(axis=0)
        is_better = highest > best
        best[is_better] = highest[is_better]
        likest_of_ours[is_better] = start + cosines.argmax(axis=0)[is_better]
    return likest, likeness, likest_of_ours


def _text_of(item):
    """Returns all texts of an Example in one."""
    if isinstance(item, TaggedWords):
        return " ".join(item.words)
    return " ".join(text for parts in item.inputs() for text in parts)


def _gold_of(item):
    """Returns what is to be predicted, written down."""
    return json.dumps(
        [getattr(item, "label", None), getattr(item, "tags", None)]
    )


def _longest_ascent(values):
    """Returns the places of a longest ascending part of a list."""
    ends, places, before = [], [], []
    for place, value in enumerate(values):
        length = bisect.bisect_left(ends, value)
        before.append(places[length - 1] if length else None)
        if length == len(ends):
            ends.append(value)
            places.append(place)
        else:
            ends[length], places[length] = value, place
    found = places[-1:]
    while found and before[found[-1]] is not None:
        found.append(before[found[-1]])
    return found[::-1]
