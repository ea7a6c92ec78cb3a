"""Plain text for the masked-language model."""

import functools
import random

from stilts_keras.data.pocket import grammar
from stilts_keras.data.pocket import inference
from stilts_keras.data.pocket import meanings
from stilts_keras.data.pocket import words
from stilts_keras.data.pocket.clauses import AGENTS
from stilts_keras.data.pocket.clauses import GENERAL
from stilts_keras.data.pocket.clauses import PLACES
from stilts_keras.data.pocket.clauses import draw_clause
from stilts_keras.data.pocket.clauses import draw_noun
from stilts_keras.data.pocket.clauses import draw_phrase
from stilts_keras.data.pocket.clauses import kind_of
from stilts_keras.data.pocket.clauses import say
from stilts_keras.data.pocket.clauses import state
from stilts_keras.data.pocket.drawing import chance
from stilts_keras.data.pocket.drawing import draw
from stilts_keras.data.pocket.drawing import identity
from stilts_keras.data.pocket.drawing import pick
from stilts_keras.data.pocket.drawing import pick_other
from stilts_keras.data.pocket.writing import spell
from stilts_keras.data.pocket.writing import write

SPANS = {"train": (0, 8000)}
_LINE_WORDS = 28


@functools.cache
def _held_out():
    """Names every sentence of a validation or test split."""
    found = []
    for premise, hypothesis, _ in _not_trained(
        inference.all_pairs, inference.SPANS
    ):
        found += [premise, hypothesis]
    for context, (who, endings), _ in _not_trained(
        meanings.all_choices, meanings.CHOICE_SPANS
    ):
        found += [context]
        found += [("then", state(who, ending)) for ending in endings]
    for context, question, _ in _not_trained(
        meanings.all_questions, meanings.QUESTION_SPANS
    ):
        found += [*context, question]
    for (sentence,) in _not_trained(
        meanings.all_sentences, meanings.TAGGING_SPANS
    ):
        found += [sentence]
    return frozenset(map(identity, found))


def _not_trained(make, spans):
    """Makes meanings and leaves out those of the training split."""
    return make()[spans["train"][1] :]


def _story(rng):
    """Someone gets a thing, then uses it."""
    context, (who, endings), label = meanings.draw_choice(
        rng, pick(rng, (0, 1))
    )
    return context, ("then", state(who, endings[label]))


def _dialogue(rng):
    """A question, with an adverb as no held-out question has, and answer."""
    question, fact = meanings.draw_question(rng, pick(rng, ("today", "now")))
    clause = (*fact[1][0][:2], question[-1])
    return question, say(clause)


def _remark(rng):
    """Something said of somebody, and a part of it said again."""
    shape = inference.draw_shape(rng, 0)
    premise, hypothesis, _ = inference.draw_pair(rng, shape)
    subject, phrases, _ = hypothesis[1][0]
    adverb = shape.adverb if shape.adverb != "always" else None
    return premise, say((subject, phrases, adverb))


def _explanation(rng):
    """What kind of thing something is, and a statement about it."""
    noun = pick(rng, [n for n in words.NOUNS if kind_of(n) in GENERAL])
    phrase = draw_phrase(rng, noun in AGENTS)
    return say(state(noun, ("isa", kind_of(noun)))), say(
        state(noun, phrase, pick(rng, words.ADVERBS))
    )


def _talk(rng):
    return tuple(
        meanings.draw_sentence(rng)[0] for _ in range(pick(rng, (1, 2, 3)))
    )


_TEXTS = (
    _talk,
    _talk,
    _talk,
    _remark,
    _remark,
    _story,
    _dialogue,
    _explanation,
)


def _new_sentences(rng):
    """Draws sentences, none of which a validation or test split has."""
    while True:
        sentences = pick(rng, _TEXTS)(rng)
        if not any(identity(s) in _held_out() for s in sentences):
            return sentences


def _phrase(rng):
    """Draws a phrase as a function of the language."""
    kind = rng.random()
    if kind < 0.3:
        phrase = draw_noun(rng, chance(rng, 0.5))
        while phrase[0] in words.NAMES:  # The same in all languages.
            phrase = draw_noun(rng, chance(rng, 0.5))
        return functools.partial(grammar.noun_phrase, phrase=phrase)
    if kind < 0.4:
        key = pick(rng, PLACES)
        return functools.partial(grammar.place, key=key)
    if kind < 0.75:
        phrase = draw_phrase(rng, chance(rng, 0.75))
        subject = pick(rng, ("he", "she"))
        return functools.partial(
            grammar.verb_phrase, phrase=phrase, subject=subject
        )
    return _short_clause(rng)


def _short_clause(rng):
    """Draws a clause that no validation or test split has by itself."""
    while True:
        meaning = draw_clause(rng, short=True)
        if identity(say(meaning)) not in _held_out():
            return functools.partial(grammar.clause, meaning=meaning)


def _parallel_line(rng, language):
    """One phrase in as many languages as fit, in random order."""
    render = _phrase(rng)
    others = draw(rng, [x for x in words.LANGUAGES if x != language])
    lines, room = [], _LINE_WORDS
    for name in [language, *others]:
        tokens = render(name)
        if len(tokens) <= room:
            lines.append(spell(tokens)[0])
            room -= len(tokens)
    return " ".join(draw(rng, lines))


def _parallel_sentence(rng, language):
    """One sentence in the row's language and in another."""
    sentence = _new_sentences(rng)[:1]
    pair = language, pick_other(rng, words.LANGUAGES, language)
    return " ".join(write(name, sentence) for name in draw(rng, pair))


def _plain_text(rng, language):
    kind = rng.random()
    if kind < 0.5:
        return _parallel_line(rng, language)
    if kind < 0.65:
        return _parallel_sentence(rng, language)
    return write(language, _new_sentences(rng))


@functools.cache
def plain_texts(language):
    """Makes the rows' texts, each of which occurs once.

    Half of them are a phrase in several languages, some a sentence in two, the
    others a few sentences in one.

    Args:
        language: str. One of `LANGUAGES`.

    Returns:
        Tuple of str.
    """
    rng, texts = random.Random(51 + words.LANGUAGES.index(language)), {}
    while len(texts) < SPANS["train"][1]:
        text = _plain_text(rng, language)
        if len(text.split()) <= _LINE_WORDS:
            texts[text] = None
    return tuple(texts)
