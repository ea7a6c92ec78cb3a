"""What a slip of the hand types, by language."""

import pytest

from scripts import SENTENCES
from stilts_keras.disturbances import keyboards
from stilts_keras.disturbances.letters import is_letter
from stilts_keras.disturbances.slips import slips
from stilts_keras.tasks.languages import LANGUAGES


def test_layouts_differ_by_language():
    assert "z" in slips("t", "de")
    assert "z" not in slips("t", "en")
    assert "z" in slips("a", "fr")
    assert "q" in slips("a", "en")


@pytest.mark.parametrize("layout", keyboards.LAYOUTS)
def test_neighbours_are_neighbours_of_each_other_but_for_shift(layout):
    found = keyboards.neighbours(layout)
    letters = [
        key
        for level in keyboards.LAYOUTS[layout]
        for row in level
        for key in row
        if key != "."
    ]
    assert set(found) == set(letters)
    (level, *shifted) = keyboards.LAYOUTS[layout]
    if not shifted:
        for key, others in found.items():
            assert all(
                key in found[other] or len(found[key]) == 1 for other in others
            )


def test_rows_hold_one_letter_for_each_key():
    for levels in keyboards.LAYOUTS.values():
        for level in levels:
            assert len(level) == 4
            for row in level:
                assert all(len(key) == 1 for key in row)
                assert all(key == "." or is_letter(key) for key in row)


def test_letters_off_the_keyboard_are_taken_for_what_they_are_bare():
    assert slips("ą", "pl") == slips("a", "pl")
    assert slips("ế", "vi") == slips("e", "vi")
    assert slips("ł", "pl") == slips("l", "pl")


def test_capitals_stay_capitals():
    assert all(letter.isupper() for letter in slips("B", "en"))
    # Of a capital I without a dot, and with it.
    assert slips("I", "tr") == tuple(
        {"i": "İ"}.get(letter, letter.upper()) for letter in slips("ı", "tr")
    )


def test_hangul_changes_one_key_of_a_syllable():
    assert "산" in slips("한", "ko")
    assert "한" not in slips("한", "ko")
    assert all("가" <= other <= "힣" for other in slips("한", "ko"))


def test_kana_keep_their_consonant_and_ideographs_their_sound():
    assert slips("ね", "ja") == ("な", "に", "ぬ", "の")
    assert slips("ネ", "ja") == ("ナ", "ニ", "ヌ", "ノ")
    # All of them zuo.
    assert slips("座", "zh")[:3] == ("坐", "作", "做")


def test_other_scripts_in_a_text_are_typed_on_their_own_keyboards():
    assert slips("a", "hi") == slips("a", "en")
    assert slips("ж", "en") == slips("ж", "ru")


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_typed_for_itself(language):
    for text in SENTENCES.values():
        for letter in text:
            assert letter not in slips(letter, language)
