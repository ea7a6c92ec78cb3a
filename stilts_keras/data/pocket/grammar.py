"""The grammar of the pocket world: phrases and clauses of six languages.

A meaning is a nest of plain tuples, the same for all languages:

    sentence   ("say", clauses, conjunction) | ("then", clause)
               | ("who", wh, verb phrase, adverb)
               | ("what", noun phrase, verb, adverb)
               | ("where", noun phrase, adverb) | ("much", noun, adverb)
    clause     (noun phrase, verb phrases, adverb or None)
    noun phrase (noun, adjective or None); a noun may be a name or a pronoun
    verb phrase ("at", place) | ("is", adjective, very) | ("cost", number)
               | ("act", verb, place or None) | ("isa", general noun)
               | ("do", verb, noun, place or None)

Rendering gives tokens (text, part of speech, concept); the concept lets a
question's answer be found in the text in any language. `writing` renders whole
sentences.
"""

from stilts_keras.data.pocket.words import ADJECTIVES
from stilts_keras.data.pocket.words import ISA
from stilts_keras.data.pocket.words import NAMES
from stilts_keras.data.pocket.words import NOUNS
from stilts_keras.data.pocket.words import PLACES
from stilts_keras.data.pocket.words import SMALL
from stilts_keras.data.pocket.words import VERBS

# Articles by gender: German nominative and accusative, Spanish.
_DE = {"m": ("der", "den"), "f": ("die", "die"), "n": ("das", "das")}
_ES = {"m": "el", "f": "la", "a": "el"}
# Where the adverb stands among verb and complement.
_ORDER = {
    "en": "verb rest adverb",
    "de": "verb adverb rest",
    "es": "verb rest adverb",
    "ru": "adverb verb rest",
    "tr": "adverb rest verb",
    "hi": "adverb rest verb",
}


def small_word(language, key):
    """Renders an adverb, a conjunction or a pronoun as a list of one token."""
    tag, words = SMALL[key]
    return [(words[language][0], tag, key)]


def optional_word(language, key):
    """Renders a small word, or nothing where the key is None."""
    return small_word(language, key) if key else []


def _gender(language, noun):
    """The grammatical gender of a noun, a name or a pronoun."""
    if noun in NAMES:
        return NAMES[noun]
    if noun in ("he", "she"):
        return "f" if noun == "she" else "m"
    found = NOUNS[noun][1][language][0]
    return {"a": "f"}.get(found, found)


def _agree(language, noun):
    """Picks column 0 (masculine) or 1 (feminine) of an agreeing word."""
    return int(_gender(language, noun) == "f")


def _adjective_column(language, noun):
    """Picks an adjective's form; in Spanish the copula comes first."""
    if language in ("es", "ru", "hi"):
        return _agree(language, noun) + (language == "es")
    return 0


def _article(language, noun, case):
    cell = NOUNS[noun][1][language]
    if language == "en":
        return [("the", "DET", None)]
    if language == "de":
        return [(_DE[cell[0]][case], "DET", None)]
    if language == "es":
        return [(_ES[cell[0]], "DET", None)]
    return []


def _noun(language, noun, case):
    """The noun itself; Russian and Turkish have an accusative column."""
    cell = NOUNS[noun][1][language]
    start = 0 if language in ("en", "tr") else 1
    inflected = case if language in ("ru", "tr") else 0
    return [(cell[start + inflected], "NOUN", noun)]


def _attribute(language, adjective, noun):
    """The adjective beside its noun: German has a longer form for it."""
    cell = ADJECTIVES[adjective][1][language]
    column = 1 if language == "de" else _adjective_column(language, noun)
    return [(cell[column], "ADJ", adjective)]


def noun_phrase(language, phrase, case=0):
    """Renders a noun phrase.

    Args:
        language: str. One of `LANGUAGES`.
        phrase: tuple (noun, adjective or None).
        case: int. 0 for the subject's form, 1 for the object's.

    Returns:
        List of tokens (text, part of speech, concept).
    """
    noun, adjective = phrase
    if noun in NAMES:
        return [(noun, "PROPN", noun)]
    if noun in SMALL:
        return small_word(language, noun)
    words = _noun(language, noun, case)
    if adjective:
        extra = _attribute(language, adjective, noun)
        words = words + extra if language == "es" else extra + words
    return _article(language, noun, case) + words


def place(language, key):
    """Renders "in the place"; the concept sits on the place's noun."""
    words = PLACES[key][1][language]
    at_noun = 0 if language == "hi" else len(words) - 1
    tags = ["ADP", "DET", "NOUN"]
    tokens = []
    for i, word in enumerate(words):
        tag = "NOUN" if i == at_noun else "ADP" if language == "hi" else tags[i]
        tokens.append((word, tag, key if i == at_noun else None))
    return tokens


def to_be(language, adjective=None):
    """Renders the copula: none in Russian and Turkish, two in Spanish."""
    if language in ("ru", "tr"):
        return []
    word = {"en": "is", "de": "ist", "es": "está", "hi": "है"}[language]
    if language == "es" and adjective:
        word = ADJECTIVES[adjective][1]["es"][0]
    return [(word, "AUX", None)]


def verb(language, key, subject):
    """Renders the finite verb; Hindi agrees with the subject."""
    cell = VERBS[key][1][language]
    if language == "hi":
        return [(cell[_agree("hi", subject)], "VERB", key)] + to_be("hi")
    *before, last = cell[0].split("_")
    return [(w, "NOUN", key) for w in before] + [(last, "VERB", key)]


def _predicate(language, phrase, subject):
    _, adjective, very = phrase
    cell = ADJECTIVES[adjective][1][language]
    words = small_word(language, "very") if very else []
    column = _adjective_column(language, subject)
    return words + [(cell[column], "ADJ", adjective)]


def _isa(language, key):
    *before, last = ISA[key][1][language]
    tag = "PRON" if language == "ru" else "DET"
    return [(w, tag, None) for w in before] + [(last, "NOUN", key)]


def _price(language, number):
    amount = [(number, "NUM", number)] + small_word(language, "euro")
    return amount + ([("में", "ADP", None)] if language == "hi" else [])


def _object(language, phrase):
    """Object and place; the verb-final languages put the place first."""
    if phrase[0] == "act":
        return place(language, phrase[2]) if phrase[2] else []
    thing = noun_phrase(language, (phrase[2], None), case=1)
    where = place(language, phrase[3]) if phrase[3] else []
    return where + thing if language in ("tr", "hi") else thing + where


def split_phrase(language, phrase, subject):
    """Renders a verb phrase as two lists of tokens.

    Args:
        language: str. One of `LANGUAGES`.
        phrase: tuple. A verb phrase, see the module's docstring.
        subject: str. The subject noun, for agreement.

    Returns:
        Tuple of the finite verb's tokens and those of the rest.
    """
    kind = phrase[0]
    if kind == "at":
        return to_be(language), place(language, phrase[1])
    if kind == "is":
        copula = to_be(language, phrase[1])
        return copula, _predicate(language, phrase, subject)
    if kind == "isa":
        copula = [("es", "AUX", None)] if language == "es" else to_be(language)
        return copula, _isa(language, phrase[1])
    if kind == "cost":
        return verb(language, "cost", subject), _price(language, phrase[1])
    return verb(language, phrase[1], subject), _object(language, phrase)


def verb_phrase(language, phrase, subject, adverb=None):
    """Renders a verb phrase in the language's order of verb and complement.

    Args:
        language: str. One of `LANGUAGES`.
        phrase: tuple. A verb phrase, see the module's docstring.
        subject: str. The subject noun, for agreement.
        adverb: str or None. A time adverb's key.

    Returns:
        List of tokens (text, part of speech, concept).
    """
    finite, rest = split_phrase(language, phrase, subject)
    parts = {
        "verb": finite,
        "rest": rest,
        "adverb": optional_word(language, adverb),
    }
    order = _ORDER[language]
    if language == "en" and adverb == "always":
        # "is always big", "always eats": not at the end as "today" is.
        be = finite[0][1] == "AUX"
        order = "verb adverb rest" if be else "adverb verb rest"
    return [token for part in order.split() for token in parts[part]]


def clause(language, meaning):
    """Renders subject and verb phrases joined by "and".

    English and Spanish have the adverb last, the others in the first phrase.

    Args:
        language: str. One of `LANGUAGES`.
        meaning: tuple. A clause, see the module's docstring.

    Returns:
        List of tokens (text, part of speech, concept).
    """
    subject, phrases, adverb = meaning
    at = len(phrases) - 1 if language in ("en", "es") else 0
    tokens = noun_phrase(language, subject)
    for i, phrase in enumerate(phrases):
        tokens += small_word(language, "and") if i else []
        mine = adverb if i == at else None
        tokens += verb_phrase(language, phrase, subject[0], mine)
    return tokens
