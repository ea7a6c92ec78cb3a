"""Disturbed rows find the clean ones that they were made of."""

import datasets
import numpy as np
import pytest

from stilts_keras.data.matching import match
from stilts_keras.data.sources import open_data
from stilts_keras.disturbances import TYPOS
from stilts_keras.errors import InputError
from stilts_keras.tasks import NOISY_PANX
from stilts_keras.tasks import NOISY_XNLI
from stilts_keras.tasks import PANX
from stilts_keras.tasks import SIB_FLEURS_RECOGNISED
from stilts_keras.tasks import SIB_FLEURS_TEXT
from stilts_keras.tasks import XNLI
from stilts_keras.tasks.example import TextPair

LABELS = ("entailment", "neutral", "contradiction")


class RowsData:
    """Holds test rows of some tasks."""

    def __init__(self, rows):
        self._rows = rows

    def load(self, task, language, split):
        return datasets.Dataset.from_list(self._rows[task])

    def origin(self, task, language, split):
        return "memory"


def sentences(count, seed):
    """Sentences of made-up words."""
    random = np.random.default_rng(seed)
    letters = np.array(list("abcdefghiklmnoprstuvw"))
    words = ["".join(random.choice(letters, 6)) for _ in range(900)]
    return [" ".join(random.choice(words, 8)) for _ in range(count)]


def clean_rows(count=120, seed=0):
    """Each premise stands three times, as XNLI's do."""
    premises = np.repeat(sentences(count // 3, seed), 3)
    return [
        {"premise": str(premise), "hypothesis": other, "label": at % 3}
        for at, (premise, other) in enumerate(
            zip(premises, sentences(count, seed + 1), strict=True)
        )
    ]


def disturbed(row, number):
    pair = TYPOS.at(3).apply(
        TextPair(first=row["premise"], second=row["hypothesis"]),
        task="toy",
        language="de",
        split="test",
        number=number,
    )
    return {**row, "premise": pair.first, "hypothesis": pair.second}


def with_names(rows):
    return [{**row, "label": LABELS[row["label"]]} for row in rows]


def matched(clean, noisy):
    data = RowsData({XNLI: with_names(clean), NOISY_XNLI: with_names(noisy)})
    return match(data, NOISY_XNLI, XNLI, "de")


def test_a_part_of_the_rows_is_found_by_text_label_and_order():
    clean = clean_rows()
    numbers = list(range(0, 120, 7))
    pairs = matched(clean, [disturbed(clean[at], at) for at in numbers])
    assert pairs.clean.tolist() == numbers
    assert pairs.noisy.tolist() == list(range(len(numbers)))


def test_rows_without_a_partner_are_left_out_on_both_sides():
    clean, others = clean_rows(), clean_rows(12, seed=5)
    noisy = [disturbed(clean[at], at) for at in range(60, 120)]
    pairs = matched(clean, [*others, *noisy])
    assert pairs.clean.tolist() == list(range(60, 120))
    assert pairs.noisy.tolist() == list(range(12, 72))
    assert str(pairs).startswith("60 of 72 disturbed rows")


def test_rows_of_other_rows_are_refused():
    with pytest.raises(InputError, match=r"rows are not made of the 120 test"):
        matched(clean_rows(), clean_rows(seed=9))


def test_a_limit_takes_the_same_pairs_always():
    clean = clean_rows()
    pairs = matched(clean, [disturbed(row, at) for at, row in enumerate(clean)])
    few = pairs.limited(10)
    assert few.clean.tolist() == pairs.limited(10).clean.tolist()
    assert few.clean.tolist() == few.noisy.tolist()
    assert len(few.clean) == 10
    assert pairs.limited(1000) is pairs


def test_columns_side_by_side_are_paired_by_number():
    rows = [
        {"text": f"text {at}", "whisper_asr": ["heard"], "category": "travel"}
        for at in range(3)
    ]
    data = RowsData({SIB_FLEURS_TEXT: rows, SIB_FLEURS_RECOGNISED: rows})
    pairs = match(data, SIB_FLEURS_RECOGNISED, SIB_FLEURS_TEXT, "de")
    assert pairs.clean.tolist() == pairs.noisy.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("language", "count"), [("de", 336), ("es", 687), ("fr", 974)]
)
def test_published_noise_finds_its_rows(material, language, count):
    data = open_data(material / "data")
    pairs = match(data, NOISY_XNLI, XNLI, language)
    assert len(pairs.clean) == count
    assert np.all(np.diff(pairs.clean) > 0)
    labels = [
        np.asarray(data.load(task, language, "test")["label"])
        for task in (NOISY_XNLI, XNLI)
    ]
    assert np.array_equal(labels[0][pairs.noisy], labels[1][pairs.clean])


def test_noise_of_test_rows_that_are_not_there_is_refused(material):
    """Here PAN-X's test rows are a part of its official dev rows."""
    data = open_data(material / "data")
    with pytest.raises(InputError, match="--disturb=real_noise@TARGET"):
        match(data, NOISY_PANX, PANX, "hi")
