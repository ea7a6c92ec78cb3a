"""Whole sentences of the pocket world, rendered and written out as text."""

from stilts_keras.data.pocket.grammar import clause
from stilts_keras.data.pocket.grammar import noun_phrase
from stilts_keras.data.pocket.grammar import optional_word
from stilts_keras.data.pocket.grammar import small_word
from stilts_keras.data.pocket.grammar import split_phrase
from stilts_keras.data.pocket.grammar import to_be
from stilts_keras.data.pocket.grammar import verb
from stilts_keras.data.pocket.grammar import verb_phrase
from stilts_keras.data.pocket.words import VERBS


def _say(language, clauses, conjunction):
    tokens = []
    for i, meaning in enumerate(clauses):
        tokens += [(",", "PUNCT", None)] if i and conjunction == "but" else []
        tokens += small_word(language, conjunction) if i else []
        tokens += clause(language, meaning)
    return tokens


def _then(language, meaning):
    """Renders "then ..."; German moves its verb before the subject."""
    subject, (phrase,), _ = meaning
    lead = small_word(language, "then")
    if language != "de":
        return lead + clause(language, meaning)
    finite, rest = split_phrase(language, phrase, subject[0])
    return lead + finite + noun_phrase(language, subject) + rest


def _who(language, wh, phrase, adverb):
    """Renders "who/what does it?"; the wh-word stands before a final verb."""
    lead = small_word(language, wh)
    finite, rest = split_phrase(language, phrase, "he")
    if language == "es" and wh == "what" and phrase[0] == "at":
        hay = [("hay", "VERB", None)]
        return lead + hay + rest + optional_word(language, adverb)
    if language not in ("tr", "hi"):
        return lead + verb_phrase(language, phrase, "he", adverb)
    if language == "tr" and phrase[0] == "at":
        finite = [("var", "VERB", None)]
    return optional_word(language, adverb) + rest + lead + finite


def _what(language, subject, key, adverb):
    """Renders "what does the subject do?"."""
    lead, when = small_word(language, "what"), optional_word(language, adverb)
    who = noun_phrase(language, subject)
    finite = verb(language, key, subject[0])
    if language == "en":
        base = [(VERBS[key][1]["en"][1], "VERB", key)]
        return lead + [("does", "AUX", None)] + who + base + when
    if language in ("tr", "hi"):
        return who + when + lead + finite
    return lead + finite + who + when


def _where(language, subject, adverb):
    """Renders "where is the subject?"."""
    lead, when = small_word(language, "where"), optional_word(language, adverb)
    who = noun_phrase(language, subject)
    if language in ("tr", "hi"):
        return who + when + lead + to_be(language)
    if language == "ru":
        return lead + when + who
    return lead + to_be(language) + who + when


_HOW_MUCH = {
    "en": [("how", "ADV"), ("much", "ADV"), ("does", "AUX")],
    "de": [("wie", "ADV"), ("viel", "ADV")],
    "es": [("¿cuánto", "ADV")],
    "ru": [("сколько", "ADV")],
    "tr": [("kaç", "DET"), ("euro", "NOUN")],
    "hi": [("कितने", "DET"), ("यूरो", "NOUN"), ("में", "ADP")],
}


def _much(language, noun, adverb):
    """Renders "how much does it cost?"."""
    lead = [(*word, None) for word in _HOW_MUCH[language]]
    when, what = (
        optional_word(language, adverb),
        noun_phrase(language, (noun, None)),
    )
    finite = verb(language, "cost", noun)
    if language == "en":
        return lead + what + [("cost", "VERB", "cost")] + when
    if language in ("tr", "hi"):
        return what + when + lead + finite
    return lead + finite + what + when


_RENDER = {
    "say": _say,
    "then": _then,
    "who": _who,
    "what": _what,
    "where": _where,
    "much": _much,
}


def sentence(language, meaning):
    """Renders a sentence with its final mark.

    Args:
        language: str. One of `LANGUAGES`.
        meaning: tuple. A sentence, see `grammar`.

    Returns:
        List of tokens (text, part of speech, concept).
    """
    kind, *arguments = meaning
    tokens = _RENDER[kind](language, *arguments)
    stop = "।" if language == "hi" else "."
    mark = stop if kind in ("say", "then") else "?"
    return tokens + [(mark, "PUNCT", None)]


def spell(tokens):
    """Writes tokens as text: spaces between words, none before a mark.

    Args:
        tokens: list of tokens (text, part of speech, concept).

    Returns:
        Tuple of the text and the list of character offsets, one per token.
    """
    text, offsets = "", []
    for word, tag, _ in tokens:
        text += " " if text and tag != "PUNCT" else ""
        offsets.append(len(text))
        text += word
    return text, offsets


def write(language, sentences):
    """Writes sentences as one text.

    Args:
        language: str. One of `LANGUAGES`.
        sentences: iterable of tuple. Sentences, see `grammar`.

    Returns:
        Str.
    """
    return " ".join(spell(sentence(language, s))[0] for s in sentences)
