"""Letters mistyped, swapped, dropped, and without their accents."""

import re

from stilts_keras.disturbances import letters
from stilts_keras.disturbances.disturbance import Disturbance
from stilts_keras.disturbances.examples import PROBLEMS
from stilts_keras.disturbances.examples import in_texts
from stilts_keras.disturbances.shares import drawn
from stilts_keras.disturbances.shares import taken
from stilts_keras.disturbances.slips import slips

STRENGTHS = (0.01, 0.02, 0.05, 0.1, 0.2)
_RUN = re.compile(r"\S+")
# Languages whose spelling has no accents but in a few foreign words.
_PLAIN = ("en", "eu", "id", "jv", "ms", "sw", "tl")


def _letters_of(parts):
    """Lists (part, index) of every letter."""
    return [
        (number, index)
        for number, part in enumerate(parts)
        for index, character in enumerate(part)
        if letters.is_letter(character)
    ]


def _rewritten(parts, changes):
    """Puts other characters in places: a dict from (part, index) to str."""
    return [
        "".join(
            changes.get((number, index), character)
            for index, character in enumerate(part)
        )
        for number, part in enumerate(parts)
    ]


def mistyped(parts, *, language, strength, random):
    """Replaces letters by what a slip of the hand types instead."""
    options = {
        (number, index): slips(parts[number][index], language)
        for number, index in _letters_of(parts)
    }
    places = [place for place, others in options.items() if others]
    lots = random.random(len(places))
    changes = {
        places[unit]: taken(lots[unit], options[places[unit]])
        for unit in drawn(len(places), strength, random)
    }
    return _rewritten(parts, changes)


def swapped(parts, *, language, strength, random):
    """Swaps letters that stand side by side; each moves once at most."""
    changes, pairs, num_letters = {}, [], 0
    for number, part in enumerate(parts):
        for run in _RUN.finditer(part):
            places = [
                index
                for index in range(run.start(), run.end())
                if letters.is_letter(part[index])
            ]
            num_letters += len(places)
            # Pairs begin at the first letter or at the second.
            begin = int(random.random() < 0.5)
            pairs += [
                (number, index)
                for index, other in zip(
                    places[begin::2], places[begin + 1 :: 2], strict=False
                )
                if other == index + 1 and part[index] != part[other]
            ]
    for unit in drawn(len(pairs), strength, random, num_letters / 2):
        number, index = pairs[unit]
        changes[number, index] = parts[number][index + 1]
        changes[number, index + 1] = parts[number][index]
    return _rewritten(parts, changes)


def dropped(parts, *, language, strength, random):
    """Leaves letters out; never the first of a word."""
    places = _letters_of(parts)
    eligible = [
        (number, index)
        for number, index in places
        if index and letters.is_letter(parts[number][index - 1])
    ]
    units = drawn(len(eligible), strength, random, len(places))
    return _rewritten(parts, {eligible[unit]: "" for unit in units})


def without_diacritics(parts, *, language, strength, random):
    """Takes the marks off letters that have some, as Unicode tells them."""
    marked = []
    for number, part in enumerate(parts):
        for index, character in enumerate(part):
            if letters.has_diacritic(character):
                marked.append((number, index))
            elif index and letters.is_diacritic(character):
                before = marked and marked[-1] == (number, index - 1)
                if not before:
                    marked.append((number, index))
    changes = {}
    for unit in drawn(len(marked), strength, random):
        number, index = marked[unit]
        part = parts[number]
        if letters.has_diacritic(part[index]):
            changes[number, index] = letters.bare(part[index])
            index += 1
        while index < len(part) and letters.is_diacritic(part[index]):
            changes[number, index] = ""
            index += 1
    return _rewritten(parts, changes)


def _has_diacritics(language):
    script = letters.script_of(language)
    known = (None, "Latin", "Cyrillic", "Greek", "Arabic")
    return script in known and language not in _PLAIN


TYPOS = Disturbance(
    name="typos",
    change=in_texts(mistyped),
    strengths=STRENGTHS,
    unit="share of letters",
    problems=PROBLEMS,
)
SWAPS = Disturbance(
    name="swaps",
    change=in_texts(swapped),
    strengths=STRENGTHS,
    unit="share of letters",
    problems=PROBLEMS,
)
DROPS = Disturbance(
    name="drops",
    change=in_texts(dropped),
    strengths=STRENGTHS,
    unit="share of letters",
    problems=PROBLEMS,
)
DIACRITICS = Disturbance(
    name="diacritics",
    change=in_texts(without_diacritics),
    strengths=(0.2, 0.4, 0.6, 0.8, 1.0),
    unit="share of letters with accents",
    problems=PROBLEMS,
    applies_in=_has_diacritics,
)
