"""What a slip may make of a character, as texts of its script are typed.

On most keyboards, another letter of a key beside it (`keyboards`). A letter
that is on none of the keys is taken for what it is without its marks, as are
Polish and Vietnamese ones. Where a keystroke is no character:

- Hangul is typed letter by letter, on the two-set keyboard: one letter of a
  syllable becomes the one of a key beside it, a vowel a vowel.
- Kana are typed on telephones: the key of one consonant, in one of five
  directions for the vowel. Another vowel of the same consonant.
- Chinese characters are typed by their sound and chosen from a list: another
  one of about that sound, one of the nearest in the order of GB 2312, which
  sorts its 3,755 common characters by pinyin; in Japanese likewise in that of
  JIS X 0208, which sorts its 2,965 common ones by a reading. Others, such as
  traditional characters, are left as they are.
"""

import functools
import unicodedata

from stilts_keras.disturbances import keyboards
from stilts_keras.disturbances import letters

_LAYOUTS = dict(
    pair.split(":")
    for pair in (
        "ar:Arabic az:Azerbaijani bg:Bulgarian bn:Bengali de:German el:Greek "
        "es:Spanish et:Estonian eu:Spanish fa:Persian fi:Finnish fr:French "
        "gu:Gujarati he:Hebrew hi:Devanagari ht:French hu:Hungarian "
        "it:Italian ka:Georgian kk:Kazakh lt:Lithuanian ml:Malayalam "
        "mr:Devanagari my:Burmese pa:Gurmukhi pt:Portuguese qu:Spanish "
        "ru:Russian ta:Tamil te:Telugu th:Thai tr:Turkish uk:Ukrainian "
        "ur:Urdu wo:French"
    ).split()
)
_FIRST_SYLLABLE, _LAST_SYLLABLE = 0xAC00, 0xD7A3
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
# The first stands for none.
_FINALS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_KANA = (
    "あいうえお かきくけこ さしすせそ たちつてと なにぬねの はひふへほ "
    "まみむめも やゆよ らりるれろ わをん がぎぐげご ざじずぜぞ だぢづでど "
    "ばびぶべぼ ぱぴぷぺぽ ぁぃぅぇぉ ゃゅょ っつ"
)
_TO_KATAKANA = 0x60
# How far away in the order of sounds.
_NUM_NEAREST = 3
# The first byte of a code set's common characters, and the last.
_GB2312 = ("gb2312", 0xB0, 0xD7)
_JIS = ("euc_jp", 0xB0, 0xCF)


@functools.lru_cache(maxsize=2**16)
def slips(letter, language):
    """Lists what may be typed instead of a letter.

    Args:
        letter: str. One character.
        language: str. Of the text, which tells the keyboard.

    Returns:
        Tuple of str, each one character and none the letter itself; empty
        where none is known.
    """
    if _FIRST_SYLLABLE <= ord(letter) <= _LAST_SYLLABLE:
        return _hangul(letter)
    if letter in _kana():
        return _kana()[letter]
    if unicodedata.category(letter) == "Lo" and _is_ideograph(letter):
        return _of_like_sound(letter, _JIS if language == "ja" else _GB2312)
    small = letters.lower(letter, language)
    own = (_LAYOUTS.get(language, "US"),)
    found = next(
        (
            found
            for layouts in (own, keyboards.LAYOUTS)
            for key in (small, letters.bare(small))
            if (found := _typed(key, layouts))
        ),
        (),
    )
    if small == letter:
        return found
    return tuple(letters.upper(other, language) for other in found)


def _typed(letter, layouts):
    """Looks a letter up in the first of some layouts that has it."""
    for layout in layouts:
        found = keyboards.neighbours(layout).get(letter)
        if found:
            return found
    return ()


# --------------------------------------------------------------------- Hangul
@functools.cache
def _hangul(syllable):
    """Lists the syllables that differ in one key."""
    initial, rest = divmod(ord(syllable) - _FIRST_SYLLABLE, 21 * 28)
    vowel, final = divmod(rest, 28)
    parts = (initial, vowel, final)
    found = {}
    for at, known in enumerate((_INITIALS, _VOWELS, _FINALS)):
        kind = _VOWELS if at == 1 else _INITIALS + _FINALS
        beside = keyboards.neighbours("Korean").get(known[parts[at]], ())
        for other in beside:
            # Not all consonants end a syllable.
            if other in kind and other in known:
                changed = [*parts]
                changed[at] = known.index(other)
                found[_syllable(*changed)] = None
    return tuple(found)


def _syllable(initial, vowel, final):
    return chr(_FIRST_SYLLABLE + (initial * 21 + vowel) * 28 + final)


# ----------------------------------------------------- Kana and ideographs
@functools.cache
def _kana():
    found = {}
    for row in _KANA.split():
        katakana = "".join(chr(ord(kana) + _TO_KATAKANA) for kana in row)
        for kanas in (row, katakana):
            for kana in kanas:
                others = tuple(other for other in kanas if other != kana)
                # Small tsu has a row of its own, with the large one.
                found.setdefault(kana, others)
    return found


def _is_ideograph(letter):
    return unicodedata.name(letter, "").startswith("CJK UNIFIED")


def _of_like_sound(letter, code_set):
    """Lists the nearest in an order of sounds; none of rare characters."""
    encoding, first, last = code_set
    try:
        high, low = letter.encode(encoding)
    except (UnicodeEncodeError, ValueError):
        return ()
    if not first <= high <= last:
        return ()
    place = (high - first) * 94 + low - 0xA1
    found = []
    for step in range(1, _NUM_NEAREST + 1):
        for other in (place - step, place + step):
            high, low = divmod(other, 94)
            if 0 <= high <= last - first:
                code = bytes([high + first, low + 0xA1])
                # The last row is not full.
                found += code.decode(encoding, errors="ignore")
    return tuple(found)
