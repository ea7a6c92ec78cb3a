"""Shuffled labels: the same labels, on other rows, by the seed alone."""

import collections

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.packing import Packing
from stilts_keras.data import features
from stilts_keras.data import shuffling
from stilts_keras.data import sources
from stilts_keras.data.rows import Reading
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.example import Question
from stilts_keras.tasks.example import TaggedWords
from stilts_keras.tasks.example import TextPair
from stilts_keras.tasks.shuffled import shuffled


def load(tokenizer, task, **changes):
    pack = Packing()
    found = features.load_features(
        sources.open_data("pocket"),
        task,
        "en",
        "train",
        pack=pack,
        pack_key="shuffling",
        tokenizer=tokenizer,
        max_length=16,
        count=60,
        **changes,
    )
    return pack.seen or found.examples


def labels(items):
    return [
        label for item in items for _, label in shuffling.labels_by_kind(item)
    ]


@pytest.mark.parametrize("name", ["mnli", "hellaswag", "udpos"])
def test_labels_are_the_same_in_number_and_stand_on_other_rows(
    pocket_tokenizer, name
):
    true = load(pocket_tokenizer, TASKS[name])
    control = shuffled(TASKS[name])
    one, other = (
        load(pocket_tokenizer, control, shuffle_seed=seed) for seed in (1, 2)
    )
    assert collections.Counter(labels(one)) == collections.Counter(labels(true))
    assert labels(one) != labels(true)
    assert labels(one) != labels(other)
    # The inputs are where they were.
    assert [item.without_gold() for item in one] == [
        item.without_gold() for item in true
    ]
    assert load(pocket_tokenizer, control, shuffle_seed=1) == one


def test_an_answer_is_a_span_of_its_own_context(pocket_tokenizer):
    true = load(pocket_tokenizer, TASKS["squad"])
    found = load(pocket_tokenizer, shuffled(TASKS["squad"]), shuffle_seed=1)
    assert [item.answers for item in found] != [item.answers for item in true]
    for item in found:
        item.check()
        ((text, _),) = item.answers
        assert text.strip()


def test_a_permutation_by_hand():
    # NumPy permutes three to this by seed 7: the last two change places.
    assert np.random.default_rng([7]).permutation(3).tolist() == [0, 2, 1]
    rows = {4: [("label", "a")], 6: [("label", "b")], 9: [("label", "c")]}
    assert shuffling.permuted(rows, [7]) == {4: ["a"], 6: ["c"], 9: ["b"]}


def test_choices_change_places_only_with_rows_of_as_many():
    items = [
        MultipleChoice(prompt="p", choices=tuple("ab"), label=1),
        MultipleChoice(prompt="p", choices=tuple("abcd"), label=3),
    ] * 20
    rows = dict(enumerate(map(shuffling.labels_by_kind, items)))
    found = shuffling.permuted(rows, [1])
    for index, item in enumerate(items):
        shuffling.with_labels(item, found[index]).check()


def test_tags_change_places_among_all_words():
    items = [
        TaggedWords(words=("a",), tags=("X",)),
        TaggedWords(words=("b", "c", "d"), tags=("Y", "Y", "Y")),
    ]
    rows = dict(enumerate(map(shuffling.labels_by_kind, items)))
    singles = set()
    for seed in range(20):
        found = shuffling.permuted(rows, [seed])
        assert sorted(found[0] + found[1]) == ["X", "Y", "Y", "Y"]
        assert (len(found[0]), len(found[1])) == (1, 3)
        singles.add(found[0][0])
    assert singles == {"X", "Y"}


@pytest.mark.parametrize(
    ("context", "place", "answer"),
    [
        # Half way into 10 characters, 2 long: 4 of the 8 places before the
        # last; so 9 of 18 in a context of 20.
        ("abcdefghijklmnopqrst", (4, 2, 10), ("jk", 9)),
        # Longer than the context: all of it.
        ("abc", (0, 9, 10), ("abc", 0)),
        # The whole of the other one.
        ("abcdef", (0, 3, 3), ("abc", 0)),
        # White space has no token.
        ("ab cd", (2, 1, 5), ("b", 1)),
        (" a", (0, 1, 5), ("a", 1)),
        ("ab", None, None),
    ],
)
def test_answers_lie_as_far_into_the_context(context, place, answer):
    item = Question(id="1", question="q", context=context, answers=(("a", 0),))
    found = shuffling.with_labels(item, [place])
    assert found.answers == ((answer,) if answer else ())
    found.check(has_unanswerable=True)


@given(
    st.text(min_size=1).filter(str.strip),
    st.integers(0, 50),
    st.integers(1, 50),
    st.integers(0, 50),
)
def test_any_place_gives_text_of_the_context(context, start, length, more):
    item = Question(id="1", question="q", context=context)
    place = (start, length, start + length + more)
    found = shuffling.with_labels(item, [place])
    found.check()
    assert found.answers[0][0].strip()


def test_unanswerable_questions_are_as_many():
    items = [
        Question(id=str(n), question="q", context="abc def", answers=answers)
        for n, answers in enumerate([(), (("abc", 0),), (), (("def", 4),)])
    ]
    rows = dict(enumerate(map(shuffling.labels_by_kind, items)))
    found = shuffling.permuted(rows, [3])
    given_ = [shuffling.with_labels(items[n], found[n]) for n in range(4)]
    assert sum(not item.answers for item in given_) == 2
    assert {item.answers[0] for item in given_ if item.answers} == {
        ("abc", 0),
        ("def", 4),
    }


class ExampleReader:
    """Reads rows that are Examples."""

    says = ""

    def read(self, index, row, lightly=False):
        return Reading(row)


def test_a_source_in_another_language_is_permuted_otherwise():
    rows = [TextPair(first=str(n), label=str(n)) for n in range(9)]
    task = shuffled(TASKS["xnli"])
    found = [
        [reader.read(n, row).item.label for n, row in enumerate(rows)]
        for language in ("de", "es")
        for reader in [
            shuffling.ShufflingReader(ExampleReader(), rows, 1, task, language)
        ]
    ]
    assert found[0] != found[1]
    assert sorted(found[0]) == sorted(found[1])


def test_without_a_seed_nothing_is_read(pocket_tokenizer):
    with pytest.raises(ValueError, match="needs a seed"):
        load(pocket_tokenizer, shuffled(TASKS["mnli"]))
