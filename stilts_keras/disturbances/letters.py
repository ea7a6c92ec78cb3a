"""What a character is: a letter, its marks, its case, its script's habits."""

import functools
import unicodedata

from stilts_keras.errors import InputError
from stilts_keras.tasks import languages

DOTTED = ("az", "tr")
BICAMERAL = ("Latin", "Cyrillic", "Greek")
# Whose texts have no space between words.
WITHOUT_SPACES = ("Han", "Japanese", "Myanmar", "Thai")
# Letters with a stroke and their like, which Unicode does not take apart.
_BARE = dict(zip("ıłŁøØđĐħŧ", "ilLoOdDht", strict=True))
# Marks are no vowels here, as they are in the scripts of India.
_MARKED = ("LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW")


@functools.lru_cache(maxsize=2**16)
def is_letter(character):
    """Whether it is a letter, or a mark, which is typed as letters are."""
    return unicodedata.category(character)[0] in "LM"


@functools.lru_cache(maxsize=2**16)
def is_mark(character):
    """Whether it is a mark on the letter before it."""
    return unicodedata.category(character)[0] == "M"


@functools.lru_cache(maxsize=2**16)
def is_punctuation(character):
    """Whether it is a mark of punctuation."""
    return unicodedata.category(character)[0] == "P"


def is_cased(character):
    """Whether it is a capital letter or a small one that has a capital."""
    return character.isalpha() and character.lower() != character.upper()


def bare(letter):
    """Returns a letter without its marks."""
    return _BARE.get(letter) or unicodedata.normalize("NFD", letter)[0]


@functools.lru_cache(maxsize=2**16)
def has_diacritic(letter):
    """Whether a letter is another one with a mark, of scripts with such."""
    name = unicodedata.name(letter, "").partition(" ")[0]
    return (
        unicodedata.category(letter)[0] == "L"
        and name in _MARKED
        and bare(letter) != letter
    )


@functools.lru_cache(maxsize=2**16)
def is_diacritic(character):
    """Whether it is a mark that changes no consonant's vowel: an accent."""
    if unicodedata.category(character) != "Mn":
        return False
    name = unicodedata.name(character, "")
    return name.startswith(("COMBINING", *_MARKED))


def lower(letter, language):
    """Returns the small letter of a capital one: one character, or itself."""
    if language in DOTTED and letter in "Iİ":
        return "ı" if letter == "I" else "i"
    small = letter.lower()
    return small if len(small) == 1 else letter


def upper(letter, language):
    """Returns the capital of a small letter: one character, or itself."""
    if language in DOTTED and letter == "i":
        return "İ"
    if letter == "ß":
        return "ẞ"
    capital = letter.upper()
    return capital if len(capital) == 1 else letter


def swapped_case(word, language):
    """Returns a word as Caps Lock makes it."""
    return "".join(
        upper(letter, language)
        if letter == lower(letter, language)
        else lower(letter, language)
        for letter in word
    )


def script_of(language):
    """Returns the script of a language by its name; None: not known."""
    try:
        return languages.script_of(language)
    except InputError:
        # One of the user's own.
        return None
