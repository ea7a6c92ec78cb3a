"""Constant predictions are found in every kind of problem, and no others."""

import pytest

from stilts_keras.scoring.collapse import BEGINNING
from stilts_keras.scoring.collapse import END
from stilts_keras.scoring.collapse import MIN_MISSED
from stilts_keras.scoring.collapse import NO_ANSWER
from stilts_keras.scoring.collapse import NO_PAIR
from stilts_keras.scoring.collapse import constant_of
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.kinds import KINDS

N = 3 * MIN_MISSED
LABELLING, TAGGING = KINDS["classification"], KINDS["tagging"]
SPANS, MINING = KINDS["span_extraction"], KINDS["mining"]
LABELS = ["entailment", "neutral", "contradiction"] * MIN_MISSED
POSITIONS = [0, 1, 2] * MIN_MISSED
TAGS = [["O", "B-PER", "I-PER"], ["O"], ["B-LOC", "O"]] * MIN_MISSED
PAIRS = [["en-1"], [], []] * MIN_MISSED
# Runs of letters that no two contexts share, in scripts without spaces too.
TEXTS = {
    "en": "The tower of {} was built in 1889.",
    "zh": "第{}座塔建于1889年。",
    "th": "หอคอยที่{}สร้างขึ้นในปี1889",
    # Marks of direction, as in real Arabic texts, have no width.
    "ar": "\u200fبني البرج رقم {} عام 1889.\u200e",
    "ko": "  제{}탑은 1889년에 지어졌다.\n",
}


def contexts_of(language):
    return [TEXTS[language].format(number) for number in range(N)]


def without_edges(text):
    return text.strip().strip("\u200f\u200e")


@pytest.mark.parametrize(
    ("kind", "gold", "constant"),
    [
        ("classification", LABELS, "neutral"),
        ("multiple_choice", POSITIONS, "number 2"),
        # Each query's own row: retrieval.
        ("retrieval", list(range(N)), "number 0"),
    ],
)
def test_one_label_for_all_rows_is_constant(kind, gold, constant):
    kind = KINDS[kind]
    guess = constant if isinstance(gold[0], str) else int(constant[-1])
    assert constant_of(kind, gold, [guess] * N) == constant
    # One row among them is enough to have read something.
    other = next(truth for truth in gold if truth != guess)
    assert constant_of(kind, gold, [guess] * (N - 1) + [other]) is None
    assert constant_of(kind, gold, gold) is None


@pytest.mark.parametrize("tag", ["O", "B-PER", "NOUN"])
def test_one_tag_for_all_words_is_constant(tag):
    guesses = [[tag] * len(sentence) for sentence in TAGS]
    assert constant_of(TAGGING, TAGS, guesses) == tag
    # A sentence without words has no say.
    assert constant_of(TAGGING, [[], *TAGS], [[], *guesses]) == tag
    guesses[-1] = [*guesses[-1][:-1], "X"]
    assert constant_of(TAGGING, TAGS, guesses) is None
    # Constant within each sentence, and not over them.
    own = [[str(at)] * len(truth) for at, truth in enumerate(TAGS)]
    assert constant_of(TAGGING, TAGS, own) is None


def test_no_answer_to_any_question_is_constant():
    gold = [["1889"]] * N
    assert constant_of(SPANS, gold, [""] * N) == NO_ANSWER
    assert constant_of(SPANS, gold, [" \u200f"] * N) == NO_ANSWER
    assert constant_of(SPANS, gold, ["", "1889"] * (N // 2)) is None


def test_no_answer_where_there_is_none_is_right():
    assert constant_of(SPANS, [[]] * N, [""] * N) is None
    gold = [["1889"]] * (MIN_MISSED - 1) + [[]] * N
    assert constant_of(SPANS, gold, [""] * len(gold)) is None
    gold = [["1889"], *gold]
    assert constant_of(SPANS, gold, [""] * len(gold)) == NO_ANSWER


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("part", ["first piece", "whole", "cut"])
def test_answers_at_the_beginning_of_every_context_are_constant(language, part):
    contexts = contexts_of(language)
    pieces = {"first piece": slice(1), "whole": slice(None), "cut": slice(12)}
    guesses = [without_edges(text)[pieces[part]] for text in contexts]
    gold = [["1889"]] * N
    assert constant_of(SPANS, gold, guesses, contexts) in (
        BEGINNING,
        repr(guesses[0]),
    )
    guesses[7] = "1889"
    assert constant_of(SPANS, gold, guesses, contexts) is None


@pytest.mark.parametrize("language", TEXTS)
def test_answers_at_the_end_of_every_context_are_constant(language):
    contexts = contexts_of(language)
    guesses = [
        without_edges(text)[-(2 + at % 5) :] for at, text in enumerate(contexts)
    ]
    assert constant_of(SPANS, [["1"]] * N, guesses, contexts) == END


@pytest.mark.parametrize("language", TEXTS)
def test_right_answers_are_never_constant(language):
    contexts = contexts_of(language)
    same = [["1889"]] * N
    assert constant_of(SPANS, same, ["1889"] * N, contexts) is None
    first = [
        [without_edges(text)[: 3 + at % 4]] for at, text in enumerate(contexts)
    ]
    guesses = [answer for (answer,) in first]
    assert constant_of(SPANS, first, guesses, contexts) is None


def test_without_contexts_only_texts_are_compared():
    contexts = contexts_of("en")
    guesses = [text[: 5 + at % 7] for at, text in enumerate(contexts)]
    assert constant_of(SPANS, [["1889"]] * N, guesses) is None
    gold = [["1889"]] * N
    assert constant_of(SPANS, gold, guesses, iter(contexts)) == BEGINNING
    assert constant_of(SPANS, gold, ["The"] * N) == "'The'"


def test_no_pair_at_all_is_constant():
    nothing = [[]] * len(PAIRS)
    assert constant_of(MINING, PAIRS, nothing) == NO_PAIR
    assert constant_of(MINING, PAIRS, [*nothing[1:], ["en-2"]]) is None
    # There were few to be found, or none.
    few = PAIRS[: 3 * (MIN_MISSED - 1)]
    assert constant_of(MINING, few, [[]] * len(few)) is None
    assert constant_of(MINING, nothing, nothing) is None


@pytest.mark.parametrize("n", [1, 2, MIN_MISSED, N])
def test_gold_of_one_class_may_be_predicted_so(n):
    assert constant_of(LABELLING, ["neutral"] * n, ["neutral"] * n) is None
    assert constant_of(TAGGING, [["O"]] * n, [["O"]] * n) is None


@pytest.mark.parametrize("num_missed", [1, MIN_MISSED - 1, MIN_MISSED])
def test_few_rows_that_ask_for_something_else_do_not_tell(num_missed):
    gold = ["neutral"] * 50 + ["entailment"] * num_missed
    found = constant_of(LABELLING, gold, ["neutral"] * len(gold))
    assert found == ("neutral" if num_missed == MIN_MISSED else None)
    # As where there are few rows at all.
    alone = ["entailment"] * num_missed
    found = constant_of(LABELLING, alone, ["neutral"] * num_missed)
    assert found == ("neutral" if num_missed == MIN_MISSED else None)


def test_every_kind_that_is_scored_can_be_found_collapsed():
    scored = {task.kind for task in TASKS.values() if task.metrics}
    assert {kind.name for kind in scored} == set(KINDS) - {"masked_lm"}
    for kind in KINDS.values():
        if kind.predicts != "tokens":
            assert constant_of(kind, [], []) is None
