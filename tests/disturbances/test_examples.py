"""Disturbed Examples stay aligned, and are those of their rows alone."""

import dataclasses
import importlib.metadata

import pytest

from stilts_keras.disturbances import DISTURBANCES
from stilts_keras.disturbances import disturbance
from stilts_keras.tasks import example as kinds
from stilts_keras.tasks.kinds import KINDS

TEXT = [d for d in DISTURBANCES.values() if d.reads == "text"]
CONTEXT = (
    "In 1984, the old mayor of Zürich (a chemist) moved to Genève; there, 25 "
    "years later, the mayor's daughter opened the first café of the region."
)


def answer(text):
    return text, CONTEXT.index(text)


EXAMPLES = {
    "classification": kinds.TextPair(
        first="Er hat 250 Bücher gelesen, müde und froh.",
        second="Sie schläft, wie immer.",
        label="neutral",
    ),
    "multiple_choice": kinds.MultipleChoice(
        prompt="Der Mann öffnete 3 Türen. Warum?",
        choices=("Er suchte etwas, schnell.", "Es war Nacht, überall."),
        label=1,
    ),
    "tagging": kinds.TaggedWords(
        words=("Frau", "Müller", "zog", "1984", "nach", "Köln", "(", "-", ")"),
        tags=("O", "B-PER", "O", "O", "O", "B-LOC", "O", "O", "O"),
    ),
    # One answer twice, one within another, one at the end.
    "span_extraction": kinds.Question(
        id="q1",
        question="Wohin zog der frühere Bürgermeister, und 1984 warum?",
        context=CONTEXT,
        answers=(
            answer("Genève"),
            answer("to Genève; there"),
            answer("Genève"),
            answer("the region."),
            answer("In"),
        ),
    ),
    "retrieval": kinds.SentencePair(
        source="Wir trafen 25 Leute, gestern in Köln.",
        target="We met 25 people, yesterday in Cologne.",
    ),
    "mining": kinds.PoolSentence(
        id="de-1", text="Wir trafen 25 Leute, gestern in Köln.", side="source"
    ),
    "dual_encoder": kinds.Search(
        queries=(
            kinds.Query(
                id="q", text="Wo wohnen 25 Bären, früher?", answers=("c-0",)
            ),
        ),
        candidates=(kinds.Candidate(id="c-0", text="Die Bären, in Höhlen."),),
    ),
}
OF_PROBLEMS = [
    (problem, disturbance)
    for problem in EXAMPLES
    for disturbance in TEXT
    if problem in disturbance.problems
]


def apply(disturbance, example, severity=5, number=0, **changes):
    names = {"task": "toy", "language": "de", "split": "test"} | changes
    return disturbance.at(severity).apply(example, number=number, **names)


def several(disturbance, example, num_rows=25):
    for severity in (1, 3, 5):
        for number in range(num_rows):
            yield apply(disturbance, example, severity, number)


def ids(pair):
    return f"{pair[0]}-{pair[1].name}"


def test_every_problem_that_is_evaluated_is_among_those_tested():
    assert set(EXAMPLES) == set(KINDS) - {"masked_lm"}


@pytest.mark.parametrize("pair", OF_PROBLEMS, ids=ids)
def test_examples_stay_whole_and_are_changed(pair):
    problem, disturbance = pair
    example = EXAMPLES[problem]
    found = list(several(disturbance, example))
    assert all(type(other) is type(example) for other in found)
    for other in found:
        other.check()
    assert any(other != example for other in found)


@pytest.mark.parametrize(
    "disturbance", TEXT, ids=lambda disturbance: disturbance.name
)
def test_gold_answers_still_lie_where_they_should(disturbance):
    example = EXAMPLES["span_extraction"]
    contexts = set()
    for other in several(disturbance, example):
        contexts.add(other.context)
        assert [text for text, _ in other.answers] == [
            text for text, _ in example.answers
        ]
        for text, start in other.answers:
            assert other.context[start : start + len(text)] == text
    assert len(contexts) > 1


@pytest.mark.parametrize(
    "disturbance",
    [d for d in TEXT if "tagging" in d.problems],
    ids=lambda disturbance: disturbance.name,
)
def test_each_word_keeps_its_tag_and_something_to_be_tagged(disturbance):
    example = EXAMPLES["tagging"]
    for other in several(disturbance, example):
        assert other.tags == example.tags
        assert len(other.words) == len(example.words)
        assert all(word.strip() for word in other.words)


@pytest.mark.parametrize(
    "disturbance", TEXT, ids=lambda disturbance: disturbance.name
)
def test_only_what_is_looked_up_is_disturbed(disturbance):
    for other in several(disturbance, EXAMPLES["retrieval"]):
        assert other.target == EXAMPLES["retrieval"].target
    for other in several(disturbance, EXAMPLES["dual_encoder"]):
        assert other.candidates == EXAMPLES["dual_encoder"].candidates
        (query,) = other.queries
        assert (query.id, query.answers) == ("q", ("c-0",))
    english = dataclasses.replace(EXAMPLES["mining"], side="target")
    gold = kinds.GoldPair(source_id="de-1", target_id="en-1")
    for example in (english, gold):
        assert all(o == example for o in several(disturbance, example, 3))


@pytest.mark.parametrize("pair", OF_PROBLEMS, ids=ids)
def test_severity_0_is_the_example_itself(pair):
    problem, disturbance = pair
    assert apply(disturbance, EXAMPLES[problem], 0) is EXAMPLES[problem]


@pytest.mark.parametrize("pair", OF_PROBLEMS, ids=ids)
def test_a_strength_of_0_changes_nothing(pair):
    import numpy as np

    problem, disturbance = pair
    for seed in range(20):
        other = disturbance.change(
            EXAMPLES[problem],
            language="de",
            strength=0.0,
            random=np.random.default_rng(seed),
        )
        assert other == EXAMPLES[problem]


@pytest.mark.parametrize(
    "disturbance", TEXT, ids=lambda disturbance: disturbance.name
)
def test_a_row_is_disturbed_alike_always_and_rows_differ(disturbance):
    example = EXAMPLES["span_extraction"]
    once = [apply(disturbance, example, 3, number) for number in range(20)]
    again = [apply(disturbance, example, 3, number) for number in range(20)]
    assert once == again
    assert len({other.context for other in once}) > 1
    for change in ({"task": "other"}, {"split": "dev"}):
        others = [
            apply(disturbance, example, 3, number, **change)
            for number in range(20)
        ]
        assert others != once


def test_what_a_severity_changes_a_higher_one_changes_alike():
    example = kinds.TextPair(first=CONTEXT, label="x")
    typos = DISTURBANCES["typos"]
    for number in range(10):
        texts = [
            apply(typos, example, severity, number).first
            for severity in range(6)
        ]
        for milder, harder in zip(texts, texts[1:], strict=False):
            for clean, one, other in zip(CONTEXT, milder, harder, strict=True):
                assert one in (clean, other)


def test_gold_is_no_part_of_what_is_drawn():
    """Rows whose gold is hidden are disturbed as those that show it."""
    example = EXAMPLES["classification"]
    hidden = example.without_gold()
    found = apply(DISTURBANCES["typos"], hidden)
    shown = apply(DISTURBANCES["typos"], example)
    assert found == shown.without_gold()


def test_rows_that_a_library_makes_are_of_its_version(monkeypatch):
    """What num2words spells, or SciPy filters, another version may not."""
    packages = {
        name: disturbance.libraries
        for name, disturbance in DISTURBANCES.items()
        if disturbance.libraries
    }
    assert packages == {
        "numbers": ("num2words",),
        **dict.fromkeys(
            ("babble", "speed", "band_limit", "reverberation"), ("scipy",)
        ),
    }
    before = {name: d.at(1).identity for name, d in DISTURBANCES.items()}
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99.0")
    disturbance._installed.cache_clear()
    after = {name: d.at(1).identity for name, d in DISTURBANCES.items()}
    disturbance._installed.cache_clear()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == set(packages)
    # Those of others are what they were before libraries were told.
    assert after["typos"] == ["typos", 1, 1, 0.01]
