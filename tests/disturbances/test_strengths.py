"""What is changed is as much as was asked for, in every script."""

import re
import unicodedata

import pytest

from scripts import SENTENCES
from stilts_keras.disturbances import CASING
from stilts_keras.disturbances import DIACRITICS
from stilts_keras.disturbances import DISTURBANCES
from stilts_keras.disturbances import DROPS
from stilts_keras.disturbances import NUMBERS
from stilts_keras.disturbances import PUNCTUATION
from stilts_keras.disturbances import SWAPS
from stilts_keras.disturbances import TYPOS
from stilts_keras.disturbances import WHITESPACE
from stilts_keras.disturbances import WORD_DROPS
from stilts_keras.disturbances.letters import has_diacritic
from stilts_keras.disturbances.letters import is_cased
from stilts_keras.disturbances.letters import is_letter
from stilts_keras.disturbances.slips import slips
from stilts_keras.tasks.example import TextPair

NUM_ROWS = 200


def made(disturbance, severity, language, num_rows=NUM_ROWS):
    """A language's sentence, disturbed as that of many rows."""
    text = SENTENCES[language]
    setting = disturbance.at(severity)
    return text, [
        setting.apply(
            TextPair(first=text),
            task="toy",
            language=language,
            split="test",
            number=number,
        ).first
        for number in range(num_rows)
    ]


def share(disturbance, severity, language, count_changed, num_units):
    text, found = made(disturbance, severity, language)
    changed = sum(count_changed(text, other) for other in found)
    return changed / (num_units(text) * len(found))


def check(found, disturbance, severity, num_units, size=1):
    """Checks a share that was measured, of units that change `size` at once.

    How many there are is rounded up or down by lot, in each text: the standard
    error of the share is at most that of tossing a coin.
    """
    asked = disturbance.strengths[severity - 1]
    error = 0.5 * size / (num_units * NUM_ROWS**0.5)
    assert abs(found - asked) < 3.5 * error + 1e-9


def num_letters(text):
    return sum(map(is_letter, text))


def num_differing(text, other):
    assert len(text) == len(other)
    return sum(a != b for a, b in zip(text, other, strict=True))


SEVERITIES = (1, 3, 5)


@pytest.mark.parametrize("language", SENTENCES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_as_many_letters_are_mistyped_as_asked_for(language, severity):
    def typable(text):
        return sum(bool(is_letter(c) and slips(c, language)) for c in text)

    # A script that has letters on no keyboard would be left as it is.
    text = SENTENCES[language]
    assert typable(text) > 0.95 * num_letters(text)
    found = share(TYPOS, severity, language, num_differing, typable)
    check(found, TYPOS, severity, typable(text))


@pytest.mark.parametrize("language", SENTENCES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_as_many_letters_are_swapped_as_asked_for(language, severity):
    found = share(SWAPS, severity, language, num_differing, num_letters)
    check(found, SWAPS, severity, num_letters(SENTENCES[language]), 2)
    text, others = made(SWAPS, severity, language, 5)
    assert all(sorted(other) == sorted(text) for other in others)


@pytest.mark.parametrize("language", SENTENCES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_as_many_letters_are_dropped_as_asked_for(language, severity):
    found = share(
        DROPS,
        severity,
        language,
        lambda text, other: len(text) - len(other),
        num_letters,
    )
    check(found, DROPS, severity, num_letters(SENTENCES[language]))


@pytest.mark.parametrize("language", ["en", "de", "fr", "ru", "el"])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_as_many_words_change_case_as_asked_for(language, severity):
    def cased(text):
        return [w for w in text.split() if any(map(is_cased, w))]

    def num_changed(text, other):
        return sum(
            a != b for a, b in zip(cased(text), cased(other), strict=True)
        )

    found = share(
        CASING, severity, language, num_changed, lambda text: len(cased(text))
    )
    check(found, CASING, severity, len(cased(SENTENCES[language])))


@pytest.mark.parametrize("language", ["de", "fr", "ru", "el", "ar"])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_as_many_accents_are_lost_as_asked_for(language, severity):
    def accents(text):
        return sum(map(has_diacritic, text))

    found = share(
        DIACRITICS,
        severity,
        language,
        lambda text, other: accents(text) - accents(other),
        accents,
    )
    check(found, DIACRITICS, severity, accents(SENTENCES[language]))


SPACED = [code for code in SENTENCES if code not in ("ja", "th", "zh")]


@pytest.mark.parametrize("language", SPACED)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_as_many_words_are_dropped_as_asked_for(language, severity):
    found = share(
        WORD_DROPS,
        severity,
        language,
        lambda text, other: len(text.split()) - len(other.split()),
        lambda text: len(text.split()),
    )
    check(found, WORD_DROPS, severity, len(SENTENCES[language].split()))


@pytest.mark.parametrize("language", SPACED)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_as_many_spaces_slip_as_asked_for(language, severity):
    def gaps(text):
        return {
            len(text[: gap.start()].replace(" ", ""))
            for gap in re.finditer(" ", text)
        }

    found = share(
        WHITESPACE,
        severity,
        language,
        lambda text, other: len(gaps(text) - gaps(other)),
        lambda text: len(gaps(text)),
    )
    check(found, WHITESPACE, severity, len(gaps(SENTENCES[language])))
    # Nothing but spaces has moved.
    text, others = made(WHITESPACE, 5, language, 5)
    bare = text.replace(" ", "")
    assert all(other.replace(" ", "") == bare for other in others)


@pytest.mark.parametrize("language", ["en", "ar", "hi", "ja", "zh"])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_as_much_punctuation_is_lost_as_asked_for(language, severity):
    def marks(text):
        return sum(unicodedata.category(c)[0] == "P" for c in text)

    found = share(
        PUNCTUATION,
        severity,
        language,
        lambda text, other: marks(text) - marks(other),
        marks,
    )
    check(found, PUNCTUATION, severity, marks(SENTENCES[language]))


def test_as_many_numbers_are_spelt_as_asked_for():
    def numbers(text):
        return len(re.findall(r"\d+", text))

    found = share(
        NUMBERS,
        3,
        "en",
        lambda text, other: numbers(text) - numbers(other),
        numbers,
    )
    check(found, NUMBERS, 3, 2)
    (spelt,) = made(NUMBERS, 5, "en", 1)[1]
    assert "two hundred and fifty pounds" in spelt


@pytest.mark.parametrize(
    "disturbance",
    [d for d in DISTURBANCES.values() if d.reads == "text"],
    ids=lambda disturbance: disturbance.name,
)
@pytest.mark.parametrize("language", SENTENCES)
def test_more_severe_is_never_milder(disturbance, language):
    counts = []
    for severity in range(6):
        text, found = made(disturbance, severity, language, 15)
        counts.append(sum(other != text for other in found))
    assert counts == sorted(counts)
    assert counts[0] == 0


def test_languages_without_what_is_changed_are_told():
    assert not CASING.fits_language("hi")
    assert not DIACRITICS.fits_language("en")
    assert not WORD_DROPS.fits_language("zh")
    assert not WHITESPACE.fits_language("th")
    assert not NUMBERS.fits_language("hi")
    assert all(map(TYPOS.fits_language, SENTENCES))
