"""SQuAD 1.1 as answer retrieval: find the sentence that holds the answer.

What LAReQA is trained on. SQuAD has no sentence boundaries, so they are found
by the rule of `sentence_breaks`, as in the reference
(https://github.com/google-research/xtreme), whose rule is a longer list of
patterns fitted to SQuAD by hand. On the English paragraphs of XQuAD-R ours
gives the published sentences of nearly all questions (`tests/tasks`).
"""

import re

from stilts_keras.tasks.example import Candidate
from stilts_keras.tasks.example import Query
from stilts_keras.tasks.example import Search
from stilts_keras.tasks.example import id_of
from stilts_keras.tasks.squad import SQUAD
from stilts_keras.tasks.squad import SQUAD_COLUMNS
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Task

# White space after a mark that ends sentences, closing quotes and brackets
# or notes such as [citation needed] in between, before what may begin one.
_GAP = re.compile(
    r"""(?<=[.?!])[)'"\u201d\u2019]*(?:\[[\w ?]+\])*(\s+)"""
    r"""(?=["'(\[\u201c\u2018]*[A-Z0-9])"""
)
# What ends with a full stop inside a sentence: titles, initials, and
# abbreviations that another word follows.
_ABBREVIATION = re.compile(
    r"""(?:\b(?:Mrs?|Ms|Dr|Prof|Fr|Rev|Sta?|Lt|Gen|Col|Maj|Adm|Capt|Sgt|Rep
    |Gov|Sen|Pres|Mt|Ft|Jan|Feb|Aug|Sept?|Oct|Nov|Dec|vs?|cf|ca?|fl|e\.g|i\.e
    |approx|al)|(?:^|[\s("'.])[A-Z])\.$""",
    re.VERBOSE,
)
# Likewise, if a number follows.
_NUMBERED = re.compile(r"\b(?:[Nn]o|[Aa]rt|Vol|ch|pp?)\.$")


def sentence_breaks(text):
    """Finds the sentences of an English paragraph.

    Args:
        text: str.

    Returns:
        List of (first character, end); white space between sentences is in
        none of them.
    """
    start = len(text) - len(text.lstrip())
    breaks = []
    for gap in _GAP.finditer(text):
        before, after = text[start : gap.start(1)], text[gap.end()]
        is_inside = _ABBREVIATION.search(before) or (
            after.isdigit() and _NUMBERED.search(before)
        )
        if not is_inside:
            breaks.append((start, gap.start(1)))
            start = gap.end()
    end = len(text.rstrip())
    return [*breaks, (start, end)] if start < end else breaks


def candidates_of(context, breaks):
    """Makes a candidate of each sentence: the sentence and its paragraph.

    As in the reference's evaluation they are joined without a separator,
    without line breaks.

    Args:
        context: str. The paragraph.
        breaks: list of (first character, end) of its sentences.

    Returns:
        Tuple of `Candidate`, whose ids stand for paragraph and place.
    """
    name = id_of(context)
    return tuple(
        Candidate(
            id=f"{name}-{place}",
            text=(context[start:end] + context).replace("\n", ""),
        )
        for place, (start, end) in enumerate(breaks)
    )


def retrieval_example(row, breaks):
    """Makes a question, and all sentences of its paragraph as candidates.

    The answer is the sentence in which the first answer starts. A question
    whose answer starts in none lacks one, as where answers are hidden.

    Args:
        row: dict with SQuAD's columns.
        breaks: list of (first character, end) of the context's sentences.

    Returns:
        `Search`.
    """
    candidates = candidates_of(row["context"], breaks)
    starts = row["answers"]["answer_start"][:1]
    answers = tuple(
        candidate.id
        for candidate, (first, end) in zip(candidates, breaks, strict=True)
        if any(first <= start < end for start in starts)
    )
    query = Query(id=row["id"], text=row["question"], answers=answers[:1])
    return Search(queries=(query,), candidates=candidates)


def squad_retrieval_example(row):
    """Reads a row of SQuAD, in which the sentences must be found."""
    return retrieval_example(row, sentence_breaks(row["context"]))


SQUAD_RETRIEVAL = Task(
    name="squad_retrieval",
    problem="dual_encoder",
    repositories=SQUAD.repositories,
    columns=SQUAD_COLUMNS,
    to_example=squad_retrieval_example,
    languages=("en",),
    splits=("train", "dev"),
    metrics=("map_at_20",),
    # XTREME-R's train_lareqa.sh: 4 x 4 rows, each of 4 against its own 4;
    # here against all 16. No warm-up, no decay; dev rows choose.
    recipe=Recipe(
        epochs=3,
        learning_rate=2e-5,
        batch_size=16,
        max_length=256,
        warmup_ratio=0.0,
        weight_decay=0.0,
    ),
    num_train_examples=87_599,
    licence=SQUAD.licence,
    citation=SQUAD.citation,
)
