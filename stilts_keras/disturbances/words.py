"""Words in the wrong case, or dropped; spaces, punctuation and numbers."""

import functools
import re

from stilts_keras.disturbances import letters
from stilts_keras.disturbances.disturbance import Disturbance
from stilts_keras.disturbances.examples import PROBLEMS
from stilts_keras.disturbances.examples import UNTAGGED
from stilts_keras.disturbances.examples import in_texts
from stilts_keras.disturbances.shares import drawn

_WORD = re.compile(r"\S+")
_GAP = re.compile(r"(?<=\S) (?=\S)")
# Whole numbers of up to nine digits that are no part of something else.
# Letters of scripts without spaces may stand beside them.
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.,:/-])(?<!\d)\d{1,9}(?!\d|[A-Za-z_:/-]|[.,]\d)"
)
# num2words' names of languages, where they are not ours.
_CODES = {"kk": "kz"}
# A word that lends a letter to the next has some left.
_MIN_LENT = 3


def _found(pattern, parts):
    """Lists (part, match) of a pattern."""
    return [
        (number, match)
        for number, part in enumerate(parts)
        for match in pattern.finditer(part)
    ]


def _replaced(parts, changes):
    """Puts texts in the place of spans: a list of (part, start, end, str)."""
    parts = list(parts)
    for number, start, end, text in sorted(changes, reverse=True):
        parts[number] = parts[number][:start] + text + parts[number][end:]
    return parts


def in_other_case(parts, *, language, strength, random):
    """Writes words as Caps Lock does: capitals small, small ones capital."""
    words = [
        (number, match)
        for number, match in _found(_WORD, parts)
        if any(map(letters.is_cased, match.group()))
    ]
    changes = []
    for unit in drawn(len(words), strength, random):
        number, match = words[unit]
        text = letters.swapped_case(match.group(), language)
        changes.append((number, *match.span(), text))
    return _replaced(parts, changes)


def without_words(parts, *, language, strength, random):
    """Leaves words out, with the space after them; one word stays."""
    words = _found(_WORD, parts)
    units = drawn(len(words), strength, random)[: max(len(words) - 1, 0)]
    changes = []
    for unit in units:
        number, match = words[unit]
        end = match.end()
        if parts[number][end : end + 1].isspace():
            end += 1
        changes.append((number, match.start(), end, ""))
    left = _replaced(parts, changes)
    if not parts[-1][-1:].isspace():
        left[-1] = left[-1].rstrip()
    return left


def with_lost_spaces(parts, *, language, strength, random):
    """Loses a space, or has it one letter too early or too late."""
    gaps = _found(_GAP, parts)
    lots = random.random(len(gaps))
    changes = []
    for unit in drawn(len(gaps), strength, random):
        number, match = gaps[unit]
        changes.append((number, *_slipped(parts[number], match, lots[unit])))
    return _replaced(parts, changes)


def _slipped(text, gap, lot):
    """Returns (start, end, text) of what a gap between words becomes."""
    at = gap.start()
    before = text[:at].split(" ")[-1]
    after = text[at + 1 :].split(" ", 1)[0]
    if lot < 0.25 and _lends(before[-1:], before):
        return at - 1, at + 1, " " + before[-1]
    if lot > 0.75 and _lends(after[1:2], after):
        return at, at + 2, after[0] + " "
    return at, at + 1, ""


def _lends(letter, word):
    """Whether a word can lend a letter, which is no mark's."""
    return len(word) >= _MIN_LENT and not letters.is_mark(letter)


def without_punctuation(parts, *, language, strength, random):
    """Leaves marks of punctuation out; a text of nothing else stays."""
    marks = [
        (number, index)
        for number, part in enumerate(parts)
        for index, character in enumerate(part)
        if letters.is_punctuation(character)
    ]
    has_more = any(
        not letters.is_punctuation(character) and not character.isspace()
        for part in parts
        for character in part
    )
    units = drawn(len(marks), strength, random) if has_more else ()
    changes = [
        (number, index, index + 1, "")
        for number, index in (marks[unit] for unit in units)
    ]
    return _replaced(parts, changes)


def with_spelt_numbers(parts, *, language, strength, random):
    """Writes whole numbers in words, as num2words does in the language."""
    numbers = [
        (number, match, words)
        for number, match in _found(_NUMBER, parts)
        if (words := _spelt(match.group(), language))
    ]
    changes = []
    for unit in drawn(len(numbers), strength, random):
        number, match, words = numbers[unit]
        changes.append((number, *match.span(), words))
    return _replaced(parts, changes)


@functools.lru_cache(maxsize=2**14)
def _spelt(digits, language):
    """Returns a number in words; empty where num2words cannot write it."""
    import num2words

    try:
        # Digits of any script.
        return num2words.num2words(
            int(digits), lang=_CODES.get(language, language)
        ).strip()
    except (NotImplementedError, OverflowError, IndexError, KeyError):
        return ""


def _spells_numbers(language):
    import num2words

    return _CODES.get(language, language) in num2words.CONVERTER_CLASSES


def _is_bicameral(language):
    return letters.script_of(language) in (None, *letters.BICAMERAL)


def _has_spaces(language):
    return letters.script_of(language) not in letters.WITHOUT_SPACES


ALL_OF_THEM = (0.2, 0.4, 0.6, 0.8, 1.0)
CASING = Disturbance(
    name="casing",
    change=in_texts(in_other_case),
    strengths=(0.1, 0.25, 0.5, 0.75, 1.0),
    unit="share of words",
    problems=PROBLEMS,
    applies_in=_is_bicameral,
)
WORD_DROPS = Disturbance(
    name="word_drops",
    change=in_texts(without_words),
    strengths=(0.05, 0.1, 0.2, 0.3, 0.4),
    unit="share of words",
    problems=UNTAGGED,
    applies_in=_has_spaces,
)
WHITESPACE = Disturbance(
    name="whitespace",
    change=in_texts(with_lost_spaces),
    strengths=(0.02, 0.05, 0.1, 0.2, 0.4),
    unit="share of spaces",
    problems=UNTAGGED,
    applies_in=_has_spaces,
)
PUNCTUATION = Disturbance(
    name="punctuation",
    change=in_texts(without_punctuation),
    strengths=ALL_OF_THEM,
    unit="share of marks of punctuation",
    problems=UNTAGGED,
)
NUMBERS = Disturbance(
    name="numbers",
    change=in_texts(with_spelt_numbers),
    strengths=ALL_OF_THEM,
    unit="share of whole numbers in digits",
    problems=UNTAGGED,
    applies_in=_spells_numbers,
    libraries=("num2words",),
)
