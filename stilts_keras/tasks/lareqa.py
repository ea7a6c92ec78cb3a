"""LAReQA on XQuAD-R: find the answer to a question in a pool of 11 languages.

A candidate is a sentence with its paragraph; the pool holds those of all
languages, 13,014 for all of XQuAD-R: ar 1,222, de 1,276, el 1,234, en 1,180,
es 1,215, hi 1,244, ru 1,219, th 852, tr 1,167, vi 1,209, zh 1,196. Right are
the sentences in which the answer starts, in every language, the question's
own included.

Rows lie in a folder: the Hub's `google-research-datasets/xquad_r` has no
sentence boundaries, and no rule would give the published ones in 11
languages, so it is not read. The files of
https://github.com/google-research-datasets/lareqa, `xquad-r/en.json` and so
on, are read as they are, as `extra/lareqa_xquad_r/en/validation.json`.
"""

from stilts_keras.tasks.nested_columns import Spans
from stilts_keras.tasks.squad import SQUAD_COLUMNS
from stilts_keras.tasks.squad_retrieval import SQUAD_RETRIEVAL
from stilts_keras.tasks.squad_retrieval import retrieval_example
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task


def lareqa_example(row):
    """Reads a row of XQuAD-R, which says where sentences begin and end."""
    return retrieval_example(row, row["sentence_breaks"])


LAREQA = Task(
    name="lareqa",
    problem="dual_encoder",
    repositories=(
        Repository(
            id="extra/lareqa_xquad_r",
            config="{language}",
            splits={"test": "validation"},
            on_hub=False,
        ),
    ),
    columns={**SQUAD_COLUMNS, "sentence_breaks": Spans()},
    to_example=lareqa_example,
    languages=tuple("ar de el en es hi ru th tr vi zh".split()),
    splits=("test",),
    train_task="squad_retrieval",
    head_key="squad_retrieval",
    metrics=("map_at_20", "map_at_20_within", "map_at_20_across"),
    recipe=SQUAD_RETRIEVAL.recipe,
    licence="CC BY-SA 4.0",
    citation="Roy et al., 2020, https://arxiv.org/abs/2004.05484",
)
