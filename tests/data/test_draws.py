"""Draws are nested, and alike in every language of translated rows."""

import dataclasses

import datasets
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import FakeData
from fakes import graph
from stilts_keras.data import draws
from stilts_keras.data import sources
from stilts_keras.errors import InputError
from stilts_keras.tasks import TASKS

XNLI, SQUAD, UDPOS = (TASKS[name] for name in ("xnli", "squad", "udpos"))
SIB200 = TASKS["sib200"]
LANGUAGES = ("en", "de", "es")


class Files:
    """Training rows of some lengths, or with some ids."""

    def __init__(self, lengths=None, ids=None, known=True):
        self._rows = {
            language: datasets.Dataset.from_dict({"id": list(found)})
            for language, found in (
                ids or {code: range(n) for code, n in lengths.items()}
            ).items()
        }
        self._known = known

    def languages(self, task, split):
        return tuple(self._rows) if split == "train" else ()

    def num_rows(self, task, language, split):
        return len(self._rows[language]) if self._known else None

    def fingerprint(self, task, language, split):
        return f"{language} {self._rows[language]['id'][:]}"

    def load(self, task, language, split):
        return self._rows[language]

    def draw(self, task, language, count, split="train"):
        rows = self._rows[language]
        return draws.draw(self, task, language, split, rows, count)

    def drawn(self, task, language, count):
        numbers = self.draw(task, language, count)
        return [self._rows[language]["id"][int(n)] for n in numbers]


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 300), st.data())
def test_fewer_examples_lie_among_more(english, german, spanish, data):
    files = Files(dict(zip(LANGUAGES, (english, german, spanish), strict=True)))
    language = data.draw(st.sampled_from(LANGUAGES))
    few, many = sorted(
        data.draw(st.tuples(st.integers(1, 300), st.integers(1, 300)))
    )
    for task in (XNLI, SQUAD, UDPOS):
        less = files.draw(task, language, few)
        more = files.draw(task, language, many)
        assert set(less) <= set(more)
        assert less.tolist() == sorted(set(less.tolist()))


def test_rows_of_equal_files_are_drawn_as_they_always_were():
    # Runs from before there were other languages keep their rows.
    files = Files(dict.fromkeys(LANGUAGES, 100))
    expected = np.sort(np.random.default_rng(0).permutation(100)[:30])
    for task in (XNLI, UDPOS):
        for language in LANGUAGES:
            assert files.draw(task, language, 30).tolist() == expected.tolist()
    assert files.draw(SQUAD, "en", 30).tolist() == expected.tolist()


def test_parallel_rows_have_the_same_numbers_though_files_are_shorter():
    files = Files({"en": 15_000, "de": 3_000, "es": 3_000})
    numbers = [files.draw(XNLI, x, 1_000).tolist() for x in LANGUAGES]
    assert numbers[0] == numbers[1] == numbers[2]
    # Beyond what all have, English goes on with what is its own.
    more = files.draw(XNLI, "en", 5_000)
    assert set(range(3_000)) < set(more.tolist())
    assert more.max() > 10_000


def test_a_shorter_file_does_not_move_what_two_longer_ones_share():
    files = Files({"en": 1_000, "de": 400, "es": 100})
    assert (
        files.draw(XNLI, "en", 300).tolist()
        == files.draw(XNLI, "de", 300).tolist()
    )


def test_other_rows_of_a_language_are_its_own():
    files = Files({"en": 1_000, "de": 100})
    own = Files({"en": 1_000})
    assert (
        files.draw(UDPOS, "en", 50).tolist()
        == own.draw(UDPOS, "en", 50).tolist()
    )


def test_files_that_do_not_tell_their_lengths_are_drawn_by_their_own():
    files = Files({"en": 1_000, "de": 100}, known=False)
    own = Files({"en": 1_000})
    assert (
        files.draw(XNLI, "en", 50).tolist() == own.draw(XNLI, "en", 50).tolist()
    )


def test_what_is_drawn_depends_on_no_more_than_plans_know():
    class OnTheHub(Files):
        def num_rows(self, task, language, split):
            known = super().num_rows(task, language, split)
            return None if language == "en" else known

    files, own = OnTheHub({"en": 1_000, "de": 100}), Files({"en": 1_000})
    assert draws.depends_on(files, XNLI, "en", 50) == ""
    assert (
        files.draw(XNLI, "en", 50).tolist() == own.draw(XNLI, "en", 50).tolist()
    )


def test_translations_are_found_by_their_ids():
    ids = {
        "en": [f"q{n}" for n in range(100)],
        # In another order, and some are lost.
        "de": [f"q{n}" for n in reversed(range(100)) if n % 10],
        "es": [f"q{n}" for n in range(0, 100, 1)],
    }
    files = Files(ids=ids)
    english = set(files.drawn(SQUAD, "en", 40))
    german = set(files.drawn(SQUAD, "de", 40))
    assert set(files.drawn(SQUAD, "es", 40)) == english
    assert english & set(ids["de"]) < german
    # What is lost makes room for the next in the same order.
    assert german <= set(files.drawn(SQUAD, "en", 50))


def test_what_only_the_translation_has_comes_last():
    ids = {"en": ["a", "b"], "de": ["x", "b", "y", "a"]}
    files = Files(ids=ids)
    assert set(files.drawn(SQUAD, "de", 2)) == {"a", "b"}
    assert {"a", "b"} < set(files.drawn(SQUAD, "de", 3))


def test_without_the_original_rows_the_translations_are_drawn_by_number():
    files = Files(ids={"de": [f"q{n}" for n in range(50)]})
    expected = np.sort(np.random.default_rng(0).permutation(50)[:9])
    assert files.draw(SQUAD, "de", 9).tolist() == expected.tolist()


def test_translations_are_drawn_alike_where_the_original_is_not_there():
    ids = {
        "de": [f"q{n}" for n in reversed(range(100))],
        "es": [f"q{n}" for n in range(100)],
    }
    files = Files(ids=ids)
    german = set(files.drawn(SQUAD, "de", 40))
    assert set(files.drawn(SQUAD, "es", 40)) == german
    assert draws.depends_on(files, SQUAD, "de", 40) == ""
    assert draws.depends_on(files, SQUAD, "es", 40) == files.fingerprint(
        SQUAD, "de", "train"
    )


def test_rows_without_what_names_them_are_refused_by_one_line():
    files = Files(dict.fromkeys(LANGUAGES, 9))
    files._rows["de"] = datasets.Dataset.from_dict({"text": ["a"] * 9})
    with pytest.raises(InputError, match="'squad' have no column 'id'"):
        files.draw(SQUAD, "de", 3)
    assert len(files.draw(SQUAD, "de", None)) == 9


@pytest.mark.parametrize("split", ["dev", "test"])
def test_evaluated_rows_are_drawn_by_their_numbers_alone(split):
    files = Files({"en": 1_000, "de": 100})
    expected = np.sort(np.random.default_rng(0).permutation(1_000)[:20])
    assert files.draw(XNLI, "en", 20, split).tolist() == expected.tolist()


# ---------------------------------------------------------- Of what is there
def texts(data, task, language, count, column):
    rows = data.load(task, language, "train")
    numbers = draws.draw(data, task, language, "train", rows, count)
    return rows.select(numbers)[column][:]


def test_the_pocket_asks_the_same_questions_in_every_language():
    data = sources.open_data("pocket")
    english = texts(data, SQUAD, "en", 200, "id")
    german = texts(data, SQUAD, "de", 200, "id")
    assert set(german) == set(texts(data, SQUAD, "hi", 200, "id"))
    # A twelfth is lost in translation.
    assert len(set(english) & set(german)) > 170
    assert texts(data, XNLI, "en", 50, "label") == texts(
        data, XNLI, "tr", 50, "label"
    )


def test_the_material_is_drawn_alike_in_every_language(material):
    data = sources.open_data(str(material / "data"))
    labels = [texts(data, XNLI, x, 500, "label") for x in LANGUAGES]
    assert labels[0] == labels[1] == labels[2]
    numbers = [texts(data, SIB200, x, 99, "index_id") for x in ("en", "sw")]
    assert numbers[0] == numbers[1]


# ------------------------------------------------------------- Fingerprints
class Lengths(FakeData):
    """Fake data whose files differ in length."""

    def __init__(self, **lengths):
        super().__init__()
        self._lengths = lengths

    def num_rows(self, task, language, split):
        return self._lengths.get(language, self.rows)


def stage_of(route, data):
    return graph(routes=[route], targets=["tatoeba"], data=data).stages[0]


def test_a_stage_is_another_where_other_rows_are_drawn_for_it():
    alike, shorter = Lengths(), Lengths(de=400)
    one, other = (stage_of("xnli:100", data) for data in (alike, shorter))
    assert one.fingerprint != other.fingerprint
    # All rows are all rows.
    one, other = (stage_of("xnli", data) for data in (alike, shorter))
    assert one.fingerprint == other.fingerprint
    # The German file is what it was.
    one, other = (
        stage_of("xnli@de:100", data)
        for data in (shorter, Lengths(de=400, es=500))
    )
    assert one.fingerprint == other.fingerprint


def test_a_translation_depends_on_the_rows_that_it_translates():
    class Changed(FakeData):
        def fingerprint(self, task, language, split):
            found = super().fingerprint(task, language, split)
            return found + (" new" if language == "en" else "")

    one, other = (
        stage_of("squad@de:100", data) for data in (FakeData(), Changed())
    )
    assert one.fingerprint != other.fingerprint
    one, other = (
        stage_of("squad@de", data) for data in (FakeData(), Changed())
    )
    assert one.fingerprint == other.fingerprint


def test_untranslated_tasks_depend_on_their_own_rows_alone():
    data = Lengths(de=400)
    for task in (UDPOS, dataclasses.replace(XNLI, parallel_by="")):
        assert draws.depends_on(data, task, "en", 100) == ""
