"""Normalisers and scores of SQuAD and MLQA, in several scripts."""

import math

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from stilts_keras.errors import InputError
from stilts_keras.scoring import spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Cat, sat!", "cat sat"),
        ("A theatre an Anna", "theatre anna"),
        ("U.S.", "us"),
        ("the-end", "theend"),
        ("", ""),
        ("The", ""),
        # Full-width and native marks are not ASCII: they stay.
        ("北京。", "北京。"),
        ("北京, 上海", "北京 上海"),
        ("กรุงเทพ", "กรุงเทพ"),
        ("القاهرة؟", "القاهرة؟"),
        ("नई दिल्ली।", "नई दिल्ली।"),
        ("ÉTÉ", "été"),
    ],
)
def test_normaliser_is_that_of_squad_1_1(text, expected):
    assert spans.normalise_answer(text) == expected


@pytest.mark.parametrize(
    ("answers", "prediction", "match", "overlap"),
    [
        (["308"], "308", 1.0, 1.0),
        (["the cat"], "Cat.", 1.0, 1.0),
        (["a", "b c"], "b", 0.0, 2 / 3),
        # One token each: no credit for a part of a Chinese or Thai answer.
        (["北京大学"], "北京", 0.0, 0.0),
        (["กรุงเทพมหานคร"], "กรุงเทพ", 0.0, 0.0),
        (["北京 大学"], "北京", 0.0, 2 / 3),
        # Arabic's article is not removed.
        (["القاهرة"], "قاهرة", 0.0, 0.0),
        (["مدينة القاهرة"], "القاهرة", 0.0, 2 / 3),
        (["नई दिल्ली"], "दिल्ली", 0.0, 2 / 3),
        (["नई दिल्ली"], "नई दिल्ली!", 1.0, 1.0),
        # A multiset: the second token of a kind needs a partner of its own.
        (["b b"], "b c", 0.0, 0.5),
        (["x"], "", 0.0, 0.0),
        # Both normalise to nothing: equal, yet no token is shared.
        (["the"], "a", 1.0, 0.0),
    ],
)
def test_answers_score_as_worked_by_hand(answers, prediction, match, overlap):
    assert spans.exact_match(answers, prediction) == match
    assert spans.f1(answers, prediction) == pytest.approx(overlap, abs=1e-12)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "The cat's “mat”.", ["cats", "mat"]),
        # Punctuation of any script goes, and so do ASCII's symbols.
        ("en", "$5 + 3 = £8", ["5", "3", "£8"]),
        ("es", "El niño y la niña", ["niño", "y", "niña"]),
        ("de", "Die Stadt des Königs", ["stadt", "königs"]),
        ("de", "dieser", ["dieser"]),
        ("vi", "những con mèo của tôi", ["con", "mèo", "tôi"]),
        ("hi", "नई दिल्ली।", ["नई", "दिल्ली"]),
        # The article goes wherever its letters stand, even inside a word.
        ("ar", "القاهرة، مصر؟", ["قاهرة", "مصر"]),
        ("ar", "الجمال", ["جم"]),
        # Character by character; other letters stay together.
        (
            "zh",
            "北京2008年，NBA 总决赛。",
            list("北京") + ["2008", "年", "nba", *"总决赛"],
        ),
        ("zh", "“鸟巢”", ["鸟", "巢"]),
        # Marks go before words are cut: what they parted becomes one.
        ("zh", "U.S.A·中", ["usa", "中"]),
        ("zh", "iPhone 4S手机", ["iphone", "4s", "手", "机"]),
        # Kana and rarer characters are outside the reference's range.
        ("zh", "かな龥龦㐀", ["かな", "龥", "龦㐀"]),
        ("en", "the-end", ["theend"]),
        ("vi", "Là… “Việt Nam”", ["việt", "nam"]),
        ("ar", "كتاب القاهرة وال", ["كتاب", "قاهرة", "و"]),
    ],
)
def test_mlqa_tokens_are_as_worked_by_hand(language, text, expected):
    assert spans.mlqa_tokens(text, language) == expected


def test_mlqa_has_no_rule_for_other_languages():
    with pytest.raises(InputError, match="Unknown language of MLQA 'fr'"):
        spans.mlqa_tokens("le chat", "fr")


@pytest.mark.parametrize(
    ("answers", "prediction", "match", "overlap"),
    [
        ([], "", 1.0, 1.0),
        ([], "x", 0.0, 0.0),
        ([], "the", 1.0, 1.0),
        (["x y"], "", 0.0, 0.0),
        (["x y"], "x", 0.0, 2 / 3),
        # Answers that normalise to nothing are no answers.
        (["the", "x"], "", 0.0, 0.0),
        (["the"], "", 1.0, 1.0),
    ],
)
def test_squad_v2_scores_are_as_worked_by_hand(
    answers, prediction, match, overlap
):
    assert spans.squad_v2_exact_match(answers, prediction) == match
    assert spans.squad_v2_f1(answers, prediction) == pytest.approx(overlap)


def mean_f1(gold, predictions, margins, threshold):
    return sum(
        spans.squad_v2_f1(answers, "" if margin > threshold else text)
        for answers, text, margin in zip(
            gold, predictions, margins, strict=True
        )
    )


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([[], ["a b"], ["c"]]),
            st.sampled_from(["b", "c"]),
            st.integers(-2, 2),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_no_threshold_is_better_than_the_best_one(rows):
    gold, predictions, margins = zip(*rows, strict=True)
    found = spans.best_threshold(gold, predictions, margins)
    best = max(
        mean_f1(gold, predictions, margins, threshold / 2)
        for threshold in range(-7, 8)
    )
    assert mean_f1(gold, predictions, margins, found) == pytest.approx(best)
    assert found not in margins


ENDS = (-math.inf, math.inf)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([[], ["a b"], ["c"], ["the"]]),
            st.sampled_from(["b", "c", ""]),
            st.one_of(FINITE, st.sampled_from([0.0, 1e300, 5e-324, *ENDS])),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_the_best_threshold_beats_every_cut_at_any_margins(rows):
    gold, predictions, margins = zip(*rows, strict=True)
    found = spans.best_threshold(gold, predictions, margins)
    lowest = math.nextafter(min(margins), -math.inf)
    best = max(
        mean_f1(gold, predictions, margins, threshold)
        for threshold in (-math.inf, lowest, *margins)
    )
    assert mean_f1(gold, predictions, margins, found) == pytest.approx(best)


def test_neighbouring_floats_are_still_parted():
    low = 0.1
    for high in (math.nextafter(low, 1), math.nextafter(low, 0)):
        gold, margins = [["x"], []], sorted([low, high])
        found = spans.best_threshold(gold, ["x", "x"], margins)
        assert [margin > found for margin in margins] == [False, True]


def test_questions_without_a_text_do_not_move_the_threshold_away():
    gold, answers = [["x"], ["x"], ["x"]], ["x", "x", ""]
    assert spans.best_threshold(gold, answers, [1.0, 2.0, math.inf]) == 3.0


@pytest.mark.parametrize(
    ("gold", "expected"), [([["x"]], 3.0), ([[]], 1.0), ([["y"]], 1.0)]
)
def test_one_question_is_enough_for_a_threshold(gold, expected):
    assert spans.best_threshold(gold, ["x"], [2.0]) == expected


@pytest.mark.parametrize(
    ("gold", "margins", "message"),
    [
        ([], [], "at least one question"),
        ([[]], [1.0, 2.0], "1 questions, 1 answers, 2 margins"),
        ([[]], [float("nan")], "nan for question 0"),
    ],
)
def test_a_threshold_of_nothing_is_refused(gold, margins, message):
    with pytest.raises(InputError, match=message):
        spans.best_threshold(gold, ["x"] * len(gold), margins)


@pytest.mark.parametrize(
    ("gold", "expected"),
    [([["x"], []], 1.5), ([[], []], 0.0), ([["x"], ["x"]], 3.0)],
)
def test_the_threshold_lies_between_margins_or_beyond_them(gold, expected):
    assert spans.best_threshold(gold, ["x", "x"], [1.0, 2.0]) == expected
