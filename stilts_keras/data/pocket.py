"""The pocket world: a small parallel world in six languages, built in.

It stands in for the Hub where there is no network, and for XLM-R's data where
there are minutes instead of weeks: the same repositories, configurations,
columns and label orders, with sentences about some 130 concepts.

Meanings are drawn first, once for all languages, and then written out by
`pocket_words`, so that row i says the same in every language. In this world
everybody and everything is in one place, has one size, mood, age, colour and
price, and does one thing at a time; "the animal" after "the dog" is the dog.

A label never shows in one part of the input alone. It is drawn first, without
regard to anything; then both parts, each from a distribution that is the same
for every label; only how they fit together depends on it.
"""

import functools
import random
from collections import namedtuple

from stilts_keras.data import pocket_words as words
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown

VERSION = 1
LANGUAGES = words.LANGUAGES

_GLUE, _XNLI, _HELLASWAG, _XTREME, _SQUAD, _XQUAD, _WIKIPEDIA = (
    "nyu-mll/glue",
    "facebook/xnli",
    "Rowan/hellaswag",
    "google/xtreme",
    "rajpurkar/squad",
    "google/xquad",
    "wikimedia/wikipedia",
)
_UDPOS = dict(
    zip(
        ("English", "German", "Spanish", "Russian", "Turkish", "Hindi"),
        LANGUAGES,
        strict=True,
    )
)
_TATOEBA = dict(
    zip(("deu", "spa", "rus", "tur", "hin"), LANGUAGES[1:], strict=True)
)
_NLI_LABELS = ["entailment", "neutral", "contradiction"]
_TAGS = (
    "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM "
    "VERB X"
).split()

# One list of meanings serves several splits: (first, end) in that list.
_NLI_SPANS = {
    "train": (0, 6000),
    "validation_matched": (6000, 6500),
    "validation": (6500, 7000),
    "test": (7000, 7500),
}
_HELLASWAG_SPANS = {"train": (0, 3000), "validation": (3000, 3300)}
_QA_SPANS = {"train": (0, 5000), "validation": (5000, 5400)}
_XQUAD_SPANS = {"validation": (5400, 5800)}
_UDPOS_SPANS = {
    "train": (0, 3000),
    "validation": (3000, 3300),
    "test": (3300, 3600),
}
_TATOEBA_SPANS = {"validation": (3600, 4000)}
_WIKIPEDIA_SPANS = {"train": (0, 8000)}
_LINE_WORDS = 28

_PEOPLE = words.keys(words.NOUNS, "person") + tuple(words.NAMES)
_ANIMALS = words.keys(words.NOUNS, "animal")
_AGENTS = _PEOPLE + _ANIMALS
# What is done with a thing of each kind: food is eaten, and so on.
_USE = {
    row[0]: key
    for key, row in words.VERBS.items()
    if row[0] not in ("act", "any", "cost")
}
_KINDS = tuple(_USE)
_THINGS = words.keys(words.NOUNS, *_KINDS)
_GENERAL = words.keys(words.NOUNS, "general")
_GENERAL_THINGS = tuple(kind for kind in _KINDS if kind in _GENERAL)
_ACTS = words.keys(words.VERBS, "act")
_ANY = words.keys(words.VERBS, "any")
_GET = ("buy", "find", "bring")


def _group(name):
    return words.keys(words.ADJECTIVES, name)


_AGENT_ADJECTIVES = _group("size") + _group("mood") + _group("age")
_THING_ADJECTIVES = _group("size") + _group("wear") + _group("colour")
# What can be said of a subject: aspect -> its incompatible values.
_ASPECTS = {
    "agent": {
        "at": tuple(words.PLACES),
        "act": _ACTS,
        "size": _group("size"),
        "mood": _group("mood"),
        "age": _group("age"),
    },
    "thing": {
        "at": tuple(words.PLACES),
        "cost": words.NUMBERS,
        "size": _group("size"),
        "wear": _group("wear"),
        "colour": _group("colour"),
    },
}


# Drawing. Only `random()` itself is used: Python promises its stream for a
# seed; the streams of choice, sample and shuffle have changed before.


def _pick(rng, values):
    return values[int(rng.random() * len(values))]


def _pick_other(rng, values, *taken):
    return _pick(rng, [value for value in values if value not in taken])


def _chance(rng, rate):
    return rng.random() < rate


def _draw(rng, values, count=None):
    """Draws distinct values in random order."""
    keyed = sorted((rng.random(), i) for i in range(len(values)))
    return [values[i] for _, i in keyed[:count]]


def _identity(meaning):
    """Names a meaning; "he" and "she" are one word in Turkish and Hindi."""
    return repr(meaning).replace("'she'", "'he'")


def _distinct(seed, shapes, make):
    """Makes one new meaning per shape.

    A repeated meaning is drawn again within its shape: shapes hold what the
    label must not be seen from (such as the number of facts), and redrawing
    across shapes would favour the roomier ones for the crowded labels.
    """
    rng, seen, meanings = random.Random(seed), set(), []
    for shape in shapes:
        meaning = make(rng, shape)
        while _identity(meaning[:2]) in seen:
            meaning = make(rng, shape)
        seen.add(_identity(meaning[:2]))
        meanings.append(meaning)
    return meanings


def _labels(rng, count, classes):
    return _draw(rng, [i % classes for i in range(count)])


def _say(*clauses, conjunction="and"):
    """A statement; one clause has no conjunction, so equals are equal."""
    return ("say", clauses, conjunction if len(clauses) > 1 else None)


def _state(subject, phrase, adverb=None):
    return ((subject, None), (phrase,), adverb)


# Inference: premise, hypothesis, label.

_Shape = namedtuple("_Shape", "kind general two facts attribute adverb label")


def _nli_shape(rng, label):
    general = _chance(rng, 0.25)
    two = not general and _chance(rng, 0.25)
    return _Shape(
        kind=_pick(rng, ("agent", "thing")),
        general=general,
        two=two,
        facts=1 if two or _chance(rng, 0.2) else 2,
        attribute=_chance(rng, 0.6),
        adverb=_pick(rng, words.ADVERBS) if _chance(rng, 0.4) else None,
        label=label,
    )


def _kind_of(noun):
    return "person" if noun in words.NAMES else words.NOUNS[noun][0]


def _subjects(rng, shape):
    """Draws three subjects, exchangeable, so that any two may be compared.

    Where the hypothesis says "the animal", the second is no animal.
    """
    pool = _AGENTS if shape.kind == "agent" else _THINGS
    if shape.general:
        pool = [noun for noun in pool if _kind_of(noun) in _GENERAL]
    while True:
        first, second, third = _draw(rng, pool, 3)
        if not shape.general or _kind_of(first) != _kind_of(second):
            return first, second, third


def _fact(aspect, value):
    """The verb phrase that gives an aspect its value."""
    if aspect == "act":
        return ("act", value, None)
    if aspect in ("at", "cost"):
        return (aspect, value)
    return ("is", value, False)


def _merge(phrases):
    """Says "sleeps in the park" rather than "sleeps and is in the park"."""
    act = [p for p in phrases if p[0] == "act"]
    at = [p for p in phrases if p[0] == "at"]
    if not act or not at:
        return tuple(phrases)
    rest = [p for p in phrases if p not in (*act, *at)]
    return (("act", act[0][1], at[0][1]), *rest)


def _describe(subject, phrases, attribute, adverb):
    """A clause of several facts; one adjective may stand with the noun."""
    adjective = None
    if attribute and len(phrases) > 1 and subject not in words.NAMES:
        adjective = next((p[1] for p in phrases if p[0] == "is"), None)
    rest = [p for p in phrases if adjective is None or p[1] != adjective]
    return ((subject, adjective), _merge(rest), adverb)


def _premise_values(rng, shape, aspect, value, same):
    """Chooses the premise's aspects and values for the wanted label."""
    values = _ASPECTS[shape.kind]
    others = _draw(rng, [name for name in values if name != aspect])
    if shape.label == 1 and same:
        return {
            name: _pick(rng, values[name]) for name in others[: shape.facts]
        }
    keep = shape.label == 0 or (shape.label == 1 and _chance(rng, 0.5))
    mine = value if keep else _pick_other(rng, values[aspect], value)
    extra = {name: _pick(rng, values[name]) for name in others}
    chosen = [aspect, *others][: shape.facts]
    return {name: {**extra, aspect: mine}[name] for name in _draw(rng, chosen)}


def _nli_meaning(rng, shape):
    """Draws premise and hypothesis for a label.

    The hypothesis's subject, aspect and value are uniform whatever the label.
    So are the premise's: entailment and contradiction hold the aspect in
    question, neutral either lacks it (and holds others, as uniformly) or holds
    it for another subject.
    """
    first, second, third = _subjects(rng, shape)
    values = _ASPECTS[shape.kind]
    aspect = _pick(rng, tuple(values))
    value = _pick(rng, values[aspect])
    same = _chance(rng, 0.5)
    facts = _premise_values(rng, shape, aspect, value, same)
    phrases = [_fact(*item) for item in facts.items()]
    clauses = [_describe(first, phrases, shape.attribute, shape.adverb)]
    if shape.two:
        other = _pick(rng, tuple(values))
        phrase = _fact(other, _pick(rng, values[other]))
        clauses = _draw(rng, [*clauses, _state(third, phrase)])
    subject = second if shape.label == 1 and not same else first
    subject = _kind_of(subject) if shape.general else subject
    hypothesis = _say(_state(subject, _fact(aspect, value)))
    return _say(*clauses), hypothesis, shape.label


@functools.cache
def _nli():
    rng = random.Random(11)
    labels = []
    for first, end in _NLI_SPANS.values():
        labels += _labels(rng, end - first, 3)
    shapes = [_nli_shape(rng, label) for label in labels]
    return _distinct(12, shapes, _nli_meaning)


# Multiple choice: what happened, who goes on, four verb phrases, the label.


def _choice_things(rng, label):
    """Four things of four kinds; a third of the rows name only the kind."""
    general = _chance(rng, 0.3)
    kinds = _draw(rng, _GENERAL_THINGS if general else _KINDS, 4)
    things = [_pick(rng, words.keys(words.NOUNS, kind)) for kind in kinds]
    named = list(kinds) if general else things
    where = _pick(rng, tuple(words.PLACES)) if _chance(rng, 0.4) else None
    endings = [
        ("do", _USE[kind], noun, where)
        for kind, noun in zip(kinds, named, strict=True)
    ]
    other = _pick_other(rng, things, things[label])
    return things[label], other, tuple(endings)


def _choice_meaning(rng, label):
    """Someone gets a thing, another person another; who uses what?"""
    thing, other, endings = _choice_things(rng, label)
    who, rival = _draw(rng, _AGENTS, 2)
    where = _pick(rng, tuple(words.PLACES)) if _chance(rng, 0.5) else None
    clauses = [_state(who, ("do", _pick(rng, _GET), thing, where))]
    if _chance(rng, 0.5):
        distraction = ("do", _pick(rng, _GET), other, None)
        clauses = _draw(rng, [*clauses, _state(rival, distraction)])
    return _say(*clauses), (who, endings), label


@functools.cache
def _choices():
    rng = random.Random(21)
    labels = []
    for first, end in _HELLASWAG_SPANS.values():
        labels += _labels(rng, end - first, 4)
    return _distinct(22, labels, _choice_meaning)


# Questions: context sentences, question, (sentence of the answer, concept).


def _usable(rng, thing):
    """A verb that fits the thing."""
    return _USE[_kind_of(thing)] if _chance(rng, 0.5) else _pick(rng, _ANY)


def _qa_fact(rng, agent, thing, where, number):
    """A fact with all the questions that it answers."""
    kind = _pick(rng, ("do", "do", "at", "cost"))
    if kind == "at":
        return _say(_state(thing, ("at", where))), (
            (("where", (thing, None), None), where),
            (("who", "what", ("at", where), None), thing),
        )
    if kind == "cost":
        return _say(_state(thing, ("cost", number))), (
            (("much", thing, None), number),
            (("who", "what", ("cost", number), None), thing),
        )
    verb = _usable(rng, thing)
    where = where if _chance(rng, 0.5) else None
    phrase = ("do", verb, thing, where)
    questions = (
        (("who", "who", ("do", verb, thing, None), None), agent),
        (("what", (agent, None), verb, None), thing),
    )
    located = ((("where", (agent, None), None), where),) if where else ()
    return _say(_state(agent, phrase)), questions + located


def _qa_meaning(rng, size):
    """Draws facts that share nothing, and a question about one of them."""
    facts = [
        _qa_fact(rng, *row)
        for row in zip(
            _draw(rng, _AGENTS, size),
            _draw(rng, _THINGS, size),
            _draw(rng, tuple(words.PLACES), size),
            _draw(rng, words.NUMBERS, size),
            strict=True,
        )
    ]
    chosen = int(rng.random() * size)
    question, answer = _pick(rng, facts[chosen][1])
    return tuple(fact for fact, _ in facts), question, (chosen, answer)


@functools.cache
def _questions():
    rng = random.Random(31)
    sizes = [_pick(rng, (2, 3)) for _ in range(_XQUAD_SPANS["validation"][1])]
    return _distinct(32, sizes, _qa_meaning)


# Any sentence, for tagging, retrieval and plain text.


def _agent_phrase(rng, short):
    where = None
    if not short and _chance(rng, 0.4):
        where = _pick(rng, tuple(words.PLACES))
    kind = _pick(rng, ("do", "do", "act", "is", "at"))
    if kind == "do":
        thing = _pick(rng, _THINGS)
        return ("do", _usable(rng, thing), thing, where)
    if kind == "act":
        return ("act", _pick(rng, _ACTS), where)
    if kind == "is":
        return ("is", _pick(rng, _AGENT_ADJECTIVES), _chance(rng, 0.4))
    return ("at", _pick(rng, tuple(words.PLACES)))


def _thing_phrase(rng):
    kind = _pick(rng, ("is", "at", "cost"))
    if kind == "is":
        return ("is", _pick(rng, _THING_ADJECTIVES), _chance(rng, 0.4))
    if kind == "at":
        return ("at", _pick(rng, tuple(words.PLACES)))
    return ("cost", _pick(rng, words.NUMBERS))


def _noun(rng, agent):
    """A noun phrase; about every second noun has an adjective."""
    noun = _pick(rng, _AGENTS + ("he", "she") if agent else _THINGS)
    if noun not in words.NOUNS or _chance(rng, 0.5):
        return (noun, None)
    adjectives = _AGENT_ADJECTIVES if agent else _THING_ADJECTIVES
    return (noun, _pick(rng, adjectives))


def _clause(rng, short=False):
    agent = _chance(rng, 0.7)
    subject = _noun(rng, agent)
    phrase = _agent_phrase(rng, short) if agent else _thing_phrase(rng)
    # No "the big dog is small".
    if phrase[0] == "is" or short:
        subject = (subject[0], None)
    adverb = _pick(rng, words.ADVERBS) if _chance(rng, 0.35) else None
    return (subject, (phrase,), adverb)


def _question(rng, adverb):
    """A question about any fact, with the statement that answers it."""
    place = _pick(rng, tuple(words.PLACES))
    row = (_pick(rng, _AGENTS), _pick(rng, _THINGS))
    fact, questions = _qa_fact(rng, *row, place, _pick(rng, words.NUMBERS))
    question, _ = _pick(rng, questions)
    return (*question[:-1], adverb), fact


def _any_sentence(rng, _=None):
    kind = rng.random()
    if kind < 0.15:
        return (_question(rng, None)[0],)
    if kind < 0.35:
        pair = _clause(rng, short=True), _clause(rng, short=True)
        return (_say(*pair, conjunction=_pick(rng, ("and", "but"))),)
    return (_say(_clause(rng)),)


@functools.cache
def _sentences():
    count = _TATOEBA_SPANS["validation"][1]
    return _distinct(41, range(count), _any_sentence)


# Plain text.


@functools.cache
def _held_out():
    """Names every sentence of a validation or test split."""
    found = []
    for premise, hypothesis, _ in _nli()[_NLI_SPANS["train"][1] :]:
        found += [premise, hypothesis]
    for context, (who, endings), _ in _choices()[3000:]:
        found += [context]
        found += [("then", _state(who, ending)) for ending in endings]
    for context, question, _ in _questions()[_QA_SPANS["train"][1] :]:
        found += [*context, question]
    for (meaning,) in _sentences()[_UDPOS_SPANS["train"][1] :]:
        found += [meaning]
    return frozenset(map(_identity, found))


def _story(rng):
    """Someone gets a thing, then uses it."""
    context, (who, endings), label = _choice_meaning(rng, _pick(rng, (0, 1)))
    return context, ("then", _state(who, endings[label]))


def _dialogue(rng):
    """A question, with an adverb as no held-out question has, and answer."""
    question, fact = _question(rng, _pick(rng, ("today", "now")))
    clause = (*fact[1][0][:2], question[-1])
    return question, _say(clause)


def _remark(rng):
    """Something said of somebody, and a part of it said again."""
    shape = _nli_shape(rng, 0)
    premise, hypothesis, _ = _nli_meaning(rng, shape)
    subject, phrases, _ = hypothesis[1][0]
    adverb = shape.adverb if shape.adverb != "always" else None
    return premise, _say((subject, phrases, adverb))


def _explanation(rng):
    """What kind of thing something is, and a statement about it."""
    noun = _pick(rng, [n for n in words.NOUNS if _kind_of(n) in _GENERAL])
    agent = noun in _AGENTS
    phrase = _agent_phrase(rng, False) if agent else _thing_phrase(rng)
    return _say(_state(noun, ("isa", _kind_of(noun)))), _say(
        _state(noun, phrase, _pick(rng, words.ADVERBS))
    )


def _talk(rng):
    return tuple(_any_sentence(rng)[0] for _ in range(_pick(rng, (1, 2, 3))))


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


def _text(rng):
    """Draws sentences, none of which a validation or test split has."""
    while True:
        sentences = _pick(rng, _TEXTS)(rng)
        if not any(_identity(s) in _held_out() for s in sentences):
            return sentences


def _phrase(rng):
    """Draws a phrase as a function of the language."""
    kind = rng.random()
    if kind < 0.3:
        phrase = _noun(rng, _chance(rng, 0.5))
        while phrase[0] in words.NAMES:  # The same in all languages.
            phrase = _noun(rng, _chance(rng, 0.5))
        return functools.partial(words.noun_phrase, phrase=phrase)
    if kind < 0.4:
        key = _pick(rng, tuple(words.PLACES))
        return functools.partial(words.place, key=key)
    if kind < 0.75:
        agent = _chance(rng, 0.75)
        phrase = _agent_phrase(rng, False) if agent else _thing_phrase(rng)
        subject = _pick(rng, ("he", "she"))
        return functools.partial(
            words.verb_phrase, phrase=phrase, subject=subject
        )
    return _short_clause(rng)


def _short_clause(rng):
    while True:
        meaning = _clause(rng, short=True)
        if _identity(_say(meaning)) not in _held_out():
            return functools.partial(words.clause, meaning=meaning)


def _parallel_line(rng, language):
    """One phrase in as many languages as fit, in random order."""
    write = _phrase(rng)
    others = _draw(rng, [x for x in LANGUAGES if x != language])
    lines, room = [], _LINE_WORDS
    for name in [language, *others]:
        tokens = write(name)
        if len(tokens) <= room:
            lines.append(words.spell(tokens)[0])
            room -= len(tokens)
    return " ".join(_draw(rng, lines))


def _written(language, sentences):
    return " ".join(
        words.spell(words.sentence(language, s))[0] for s in sentences
    )


def _parallel_sentence(rng, language):
    """One sentence in the row's language and in another."""
    sentence = _text(rng)[:1]
    pair = language, _pick_other(rng, LANGUAGES, language)
    return " ".join(_written(name, sentence) for name in _draw(rng, pair))


def _plain_text(rng, language):
    kind = rng.random()
    if kind < 0.5:
        return _parallel_line(rng, language)
    if kind < 0.65:
        return _parallel_sentence(rng, language)
    return _written(language, _text(rng))


@functools.cache
def _texts(language):
    rng, texts = random.Random(51 + LANGUAGES.index(language)), {}
    while len(texts) < _WIKIPEDIA_SPANS["train"][1]:
        text = _plain_text(rng, language)
        if len(text.split()) <= _LINE_WORDS:
            texts[text] = None
    return tuple(texts)


# Rows, one function per repository: (language, split, index, meaning) -> row.


def _nli_row(language, split, index, meaning):
    premise, hypothesis, label = meaning
    return {
        "premise": _written(language, [premise]),
        "hypothesis": _written(language, [hypothesis]),
        "label": label,
    }


def _glue_row(language, split, index, meaning):
    return {**_nli_row(language, split, index, meaning), "idx": index}


def _hellaswag_row(language, split, index, meaning):
    context, (who, endings), label = meaning
    before = _written(language, [context])
    subject = words.noun_phrase(language, (who, None))
    then = "then " + words.spell(subject)[0]
    split = {"validation": "val"}.get(split, split)
    return {
        "ind": index,
        "activity_label": "Pocket world",
        "ctx_a": before,
        "ctx_b": then,
        "ctx": f"{before} {then}",
        "endings": [
            words.spell(words.verb_phrase(language, e, who))[0] + "."
            for e in endings
        ],
        "source_id": f"pocket~{split}~{index}",
        "split": split,
        "split_type": "indomain",
        "label": str(label),
    }


def _answer(language, sentences, where, concept):
    """Finds the answer's word and its offset in the context."""
    before = _written(language, sentences[:where])
    tokens = words.sentence(language, sentences[where])
    _, offsets = words.spell(tokens)
    at = [key for _, _, key in tokens].index(concept)
    start = offsets[at] + (len(before) + 1 if before else 0)
    return {"text": [tokens[at][0]], "answer_start": [start]}


def _xquad_row(language, split, index, meaning):
    context, question, (where, concept) = meaning
    return {
        "id": f"pocket-{split}-{index}",
        "context": _written(language, context),
        "question": _written(language, [question]),
        "answers": _answer(language, context, where, concept),
    }


def _squad_row(language, split, index, meaning):
    row = _xquad_row(language, split, index, meaning)
    return {"id": row.pop("id"), "title": "Pocket_world", **row}


def _udpos_row(language, split, index, meaning):
    tokens = words.sentence(language, meaning[0])
    return {
        "tokens": [text for text, _, _ in tokens],
        "pos_tags": [_TAGS.index(tag) for _, tag, _ in tokens],
    }


def _tatoeba_row(language, split, index, meaning):
    code = next(code for code, name in _TATOEBA.items() if name == language)
    return {
        "source_sentence": _written(language, meaning),
        "target_sentence": _written("en", meaning),
        "source_lang": code,
        "target_lang": "eng",
    }


def _wikipedia_row(language, split, index, text):
    return {
        "id": str(index + 1),
        "url": f"pocket://{language}/{index + 1}",
        "title": f"Pocket {index + 1}",
        "text": text,
    }


# Features, written as names so that importing this needs no `datasets`.
_NLI_COLUMNS = {"premise": "string", "hypothesis": "string", "label": "nli"}
_XQUAD_COLUMNS = {
    "id": "string",
    "context": "string",
    "question": "string",
    "answers": "answers",
}
_COLUMNS = {
    _nli_row: _NLI_COLUMNS,
    _glue_row: {**_NLI_COLUMNS, "idx": "int32"},
    _hellaswag_row: {
        "ind": "int32",
        "activity_label": "string",
        "ctx_a": "string",
        "ctx_b": "string",
        "ctx": "string",
        "endings": "strings",
        "source_id": "string",
        "split": "string",
        "split_type": "string",
        "label": "string",
    },
    _xquad_row: _XQUAD_COLUMNS,
    _squad_row: {"id": "string", "title": "string", **_XQUAD_COLUMNS},
    _udpos_row: {"tokens": "strings", "pos_tags": "tags"},
    _tatoeba_row: dict.fromkeys(
        ("source_sentence", "target_sentence", "source_lang", "target_lang"),
        "string",
    ),
    _wikipedia_row: dict.fromkeys(("id", "url", "title", "text"), "string"),
}

_Config = namedtuple("_Config", "language spans meanings row")


def _spans(*names):
    return {name: _NLI_SPANS[name] for name in names}


def _catalogue():
    """Lists every configuration: {repository: {config: _Config}}."""
    xnli = _spans("train", "validation", "test")
    mnli = _spans("train", "validation_matched")
    udpos = {
        f"udpos.{name}": _Config(code, _UDPOS_SPANS, _sentences, _udpos_row)
        for name, code in _UDPOS.items()
    }
    tatoeba = {
        f"tatoeba.{name}": _Config(
            code, _TATOEBA_SPANS, _sentences, _tatoeba_row
        )
        for name, code in _TATOEBA.items()
    }
    return {
        _GLUE: {"mnli": _Config("en", mnli, _nli, _glue_row)},
        _XNLI: {x: _Config(x, xnli, _nli, _nli_row) for x in LANGUAGES},
        _HELLASWAG: {
            "default": _Config("en", _HELLASWAG_SPANS, _choices, _hellaswag_row)
        },
        _XTREME: {**udpos, **tatoeba},
        _SQUAD: {
            "plain_text": _Config("en", _QA_SPANS, _questions, _squad_row)
        },
        _XQUAD: {
            f"xquad.{x}": _Config(x, _XQUAD_SPANS, _questions, _xquad_row)
            for x in LANGUAGES
        },
        _WIKIPEDIA: {
            f"20231101.{x}": _Config(
                x,
                _WIKIPEDIA_SPANS,
                functools.partial(_texts, x),
                _wikipedia_row,
            )
            for x in LANGUAGES
        },
    }


_CATALOGUE = _catalogue()


def has(repository, config, split):
    """Says whether the pocket world has these rows."""
    found = _CATALOGUE.get(repository, {}).get(config)
    return found is not None and split in found.spans


def configs(repository):
    """Lists a repository's configurations.

    Args:
        repository: str. A repository as the Hub names it.

    Returns:
        Tuple of str.

    Raises:
        InputError: If the pocket world lacks the repository.
    """
    if repository not in _CATALOGUE:
        raise unknown("pocket repository", repository, _CATALOGUE)
    return tuple(_CATALOGUE[repository])


def _find(repository, config, split):
    if config not in configs(repository):
        kind = f"config of the pocket world's {repository}"
        raise unknown(kind, str(config), configs(repository))
    found = _CATALOGUE[repository][config]
    if split not in found.spans:
        raise InputError(
            f"The pocket world's {repository} {config!r} has no split "
            f"{split!r}. Its splits: {', '.join(found.spans)}."
        )
    return found


def num_rows(repository, config, split):
    """Counts a split's rows without making them.

    Args:
        repository: str. A repository as the Hub names it.
        config: str. One of its configurations.
        split: str. One of the configuration's splits.

    Returns:
        int.

    Raises:
        InputError: If the pocket world lacks any of the three.
    """
    first, end = _find(repository, config, split).spans[split]
    return end - first


def rows(repository, config, split):
    """Makes a split's rows as plain dictionaries.

    Args:
        repository: str. A repository as the Hub names it.
        config: str. One of its configurations.
        split: str. One of the configuration's splits.

    Returns:
        List of dict, with labels and tags as numbers.

    Raises:
        InputError: If the pocket world lacks any of the three.
    """
    found = _find(repository, config, split)
    chosen = found.meanings()[slice(*found.spans[split])]
    return [
        found.row(found.language, split, index, meaning)
        for index, meaning in enumerate(chosen)
    ]


def _features(columns):
    import datasets

    text = datasets.Value("string")
    kinds = {
        "string": text,
        "int32": datasets.Value("int32"),
        "strings": datasets.List(text),
        "nli": datasets.ClassLabel(names=_NLI_LABELS),
        "tags": datasets.List(datasets.ClassLabel(names=_TAGS)),
        "answers": {
            "text": datasets.List(text),
            "answer_start": datasets.List(datasets.Value("int32")),
        },
    }
    return datasets.Features({k: kinds[v] for k, v in columns.items()})


def load(repository, config, split):
    """Makes a split as a data set with the Hub's columns and label order.

    Args:
        repository: str. A repository as the Hub names it.
        config: str. One of its configurations.
        split: str. One of the configuration's splits.

    Returns:
        A `datasets.Dataset`, the same on every machine for one `VERSION`.

    Raises:
        InputError: If the pocket world lacks any of the three.
    """
    import datasets

    found = _find(repository, config, split)
    return datasets.Dataset.from_list(
        rows(repository, config, split),
        features=_features(_COLUMNS[found.row]),
    )


# The tokenizer.

_VOCABULARY_PIECES = 1060
_MARKS = ".,?।"


def _training_words():
    """Counts the words of the plain text of all languages."""
    counts = {}
    for language in LANGUAGES:
        for text in _texts(language):
            for mark in _MARKS:
                text = text.replace(mark, f" {mark}")
            for word in text.split():
                counts[word] = counts.get(word, 0) + 1
    return counts


def _training_lines():
    """Writes each word alone, many times, and once doubled.

    SentencePiece takes as candidates only what occurs in two different words.
    Doubled ("dogdog") each word becomes a candidate; alone and more often than
    that, it is kept in one piece with the space before it.
    """
    for word in sorted(_training_words()):
        yield from [word] * 20
        yield f"{word}{word}"
    # Marks follow words without a space.
    yield from (f"a{mark}" for mark in _MARKS)


def train_tokenizer(path):
    """Trains the world's SentencePiece model, laid out as XLM-R's is.

    Args:
        path: path-like. Where to write the model file.
    """
    import sentencepiece

    with open(path, "wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=_training_lines(),
            model_writer=file,
            model_type="unigram",
            vocab_size=_VOCABULARY_PIECES,
            character_coverage=1.0,
            normalization_rule_name="nmt_nfkc",
            unk_id=0,
            bos_id=1,
            eos_id=2,
            pad_id=-1,
            # One thread: sums in another order would move the scores.
            num_threads=1,
            minloglevel=2,
        )
