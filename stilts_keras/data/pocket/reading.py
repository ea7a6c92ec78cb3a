"""Questions on a text beside SQuAD 1.1 and XQuAD.

SQuAD in other languages, as machines would translate it: a part is lost.
SQuAD 2.0, in which the text may be silent on what is asked. MLQA. TyDiQA, with
other questions in each language. XQuAD-R, which says where sentences end.
"""

import functools
import random

from stilts_keras.data.pocket.clauses import AGENTS
from stilts_keras.data.pocket.clauses import PLACES
from stilts_keras.data.pocket.clauses import THINGS
from stilts_keras.data.pocket.drawing import draw
from stilts_keras.data.pocket.drawing import draw_distinct
from stilts_keras.data.pocket.drawing import draw_labels
from stilts_keras.data.pocket.drawing import identities
from stilts_keras.data.pocket.drawing import pick
from stilts_keras.data.pocket.meanings import QUESTION_SPANS
from stilts_keras.data.pocket.meanings import all_questions
from stilts_keras.data.pocket.meanings import draw_fact
from stilts_keras.data.pocket.meanings import draw_reading
from stilts_keras.data.pocket.schema import SQUAD
from stilts_keras.data.pocket.schema import XQUAD
from stilts_keras.data.pocket.schema import Schema
from stilts_keras.data.pocket.words import NUMBERS
from stilts_keras.data.pocket.writing import sentence
from stilts_keras.data.pocket.writing import spell
from stilts_keras.data.pocket.writing import write

# Of twelve questions a translation lacks one.
_LOSS = 12
TRANSLATED_LANGUAGES = ("de", "es", "hi")
MLQA_LANGUAGES = ("en", "es", "de", "hi")
MLQA_SPANS = {"validation": (0, 200), "test": (200, 500)}
SQUAD_2_SPANS = {"train": (0, 2000), "validation": (2000, 2300)}
TYDIQA_SPANS = {"train": (0, 1000), "validation": (1000, 1300)}
TYDIQA_NAMES = {"en": "english", "ru": "russian"}


def _is_kept(number):
    return number % _LOSS != _LOSS - 1


def _translated_spans():
    spans, start = {}, 0
    for split, (first, end) in QUESTION_SPANS.items():
        kept = sum(_is_kept(number) for number in range(first, end))
        spans[split] = (start, start + kept)
        start += kept
    return spans


TRANSLATED_SPANS = _translated_spans()


@functools.cache
def translated():
    """Lists SQuAD's questions that are kept: (number in the split, meaning)."""
    return [
        (number - first, all_questions()[number])
        for first, end in QUESTION_SPANS.values()
        for number in range(first, end)
        if _is_kept(number)
    ]


def _translated_row(language, split, index, meaning):
    number, meaning = meaning
    return XQUAD.make_row(language, split, number, meaning)


TRANSLATED = Schema(_translated_row, XQUAD.columns)


def _with_sizes(seed, count, taken):
    """Draws questions that are not taken, on texts of two or three facts."""
    rng = random.Random(seed)
    sizes = [pick(rng, (2, 3)) for _ in range(count)]
    return draw_distinct(seed + 1, sizes, draw_reading, taken)


@functools.cache
def mlqa():
    """Makes MLQA's questions, the same in every language."""
    taken = identities(all_questions())
    return _with_sizes(81, MLQA_SPANS["test"][1], taken)


@functools.cache
def tydiqa(language):
    """Makes TyDiQA's questions of one language."""
    taken = identities([*all_questions(), *mlqa()])
    seed = 83 + 2 * list(TYDIQA_NAMES).index(language)
    return _with_sizes(seed, TYDIQA_SPANS["validation"][1], taken)


def _tydiqa_row(language, split, index, meaning):
    row = SQUAD.make_row(language, split, index, meaning)
    name = TYDIQA_NAMES[language]
    return {**row, "id": f"{name}-{split}_{index}-0"}


TYDIQA = Schema(_tydiqa_row, SQUAD.columns)


def _answerable(rng, shape):
    """Draws a text without one of its facts: which is asked for, or another.

    Args:
        rng: `random.Random`.
        shape: tuple of the number of facts in the text, and whether it has
            the answer.
    """
    size, has_answer = shape
    facts = [
        draw_fact(rng, *row)
        for row in zip(
            draw(rng, AGENTS, size + 1),
            draw(rng, THINGS, size + 1),
            draw(rng, PLACES, size + 1),
            draw(rng, NUMBERS, size + 1),
            strict=True,
        )
    ]
    asked, other = draw(rng, range(size + 1), 2)
    question, answer = pick(rng, facts[asked][1])
    left = [i for i in range(size + 1) if i != (other if has_answer else asked)]
    where = (left.index(asked), answer) if has_answer else None
    return tuple(facts[i][0] for i in left), question, where


@functools.cache
def squad_2():
    """Makes SQuAD 2.0's questions, half of them without an answer."""
    rng = random.Random(87)
    shapes = [
        (pick(rng, (2, 3)), bool(label))
        for label in draw_labels(rng, SQUAD_2_SPANS, 2)
    ]
    taken = identities([*all_questions(), *mlqa()])
    return draw_distinct(88, shapes, _answerable, taken)


def _squad_2_row(language, split, index, meaning):
    context, question, where = meaning
    if where is not None:
        return SQUAD.make_row(language, split, index, meaning)
    return {
        "id": f"pocket-{split}-{index}",
        "title": "Pocket_world",
        "context": write(language, context),
        "question": write(language, [question]),
        "answers": {"text": [], "answer_start": []},
    }


SQUAD_2 = Schema(_squad_2_row, SQUAD.columns)


def _xquad_r_row(language, split, index, meaning):
    row = XQUAD.make_row(language, split, index, meaning)
    sentences = [spell(sentence(language, x))[0] for x in meaning[0]]
    breaks, start = [], 0
    for text in sentences:
        breaks.append([start, start + len(text)])
        start += len(text) + 1
    return {**row, "sentences": sentences, "sentence_breaks": breaks}


XQUAD_R = Schema(
    _xquad_r_row,
    {**XQUAD.columns, "sentences": "strings", "sentence_breaks": "spans"},
)
