"""SQuAD v1.1's normaliser and scores, in several scripts."""

import pytest

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
