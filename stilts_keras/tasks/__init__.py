"""The task registry: one file for each data set, one import line here.

Sources of what the files state, where they name no other: repositories,
columns, label names, counts and licences are the Hub's own metadata; the
languages of targets are those of XTREME's evaluate.py, in its order
(https://github.com/google-research/xtreme); recipes of targets are those of
Phang et al.'s code, scripts/benchmarks/xtreme (https://github.com/nyu-mll/jiant).
"""

from stilts_keras.errors import unknown
from stilts_keras.tasks.anli import ANLI
from stilts_keras.tasks.bucc2018 import BUCC2018
from stilts_keras.tasks.ccg import CCG
from stilts_keras.tasks.commonsenseqa import COMMONSENSEQA
from stilts_keras.tasks.copa import COPA
from stilts_keras.tasks.cosmosqa import COSMOSQA
from stilts_keras.tasks.hellaswag import HELLASWAG
from stilts_keras.tasks.lareqa import LAREQA
from stilts_keras.tasks.mewslix import MEWSLIX
from stilts_keras.tasks.minds14 import MINDS14
from stilts_keras.tasks.minds14_text import MINDS14_TEXT
from stilts_keras.tasks.mlm import MLM
from stilts_keras.tasks.mlqa import MLQA
from stilts_keras.tasks.mnli import MNLI
from stilts_keras.tasks.noisy_panx import NOISY_PANX
from stilts_keras.tasks.noisy_xnli import NOISY_XNLI
from stilts_keras.tasks.panx import PANX
from stilts_keras.tasks.pawsx import PAWSX
from stilts_keras.tasks.qqp import QQP
from stilts_keras.tasks.sib200 import SIB200
from stilts_keras.tasks.sib_fleurs import SIB_FLEURS
from stilts_keras.tasks.sib_fleurs_recognised import SIB_FLEURS_RECOGNISED
from stilts_keras.tasks.sib_fleurs_text import SIB_FLEURS_TEXT
from stilts_keras.tasks.siqa import SIQA
from stilts_keras.tasks.snli import SNLI
from stilts_keras.tasks.squad import SQUAD
from stilts_keras.tasks.squad_retrieval import SQUAD_RETRIEVAL
from stilts_keras.tasks.squad_v2 import SQUAD_V2
from stilts_keras.tasks.task import Task
from stilts_keras.tasks.tatoeba import TATOEBA
from stilts_keras.tasks.tydiqa import TYDIQA
from stilts_keras.tasks.udpos import UDPOS
from stilts_keras.tasks.wikipedia_pairs import WIKIPEDIA_PAIRS
from stilts_keras.tasks.xcopa import XCOPA
from stilts_keras.tasks.xnli import XNLI
from stilts_keras.tasks.xquad import XQUAD

__all__ = [
    "ANLI",
    "BUCC2018",
    "CCG",
    "COMMONSENSEQA",
    "COPA",
    "COSMOSQA",
    "HELLASWAG",
    "LAREQA",
    "MEWSLIX",
    "MINDS14",
    "MINDS14_TEXT",
    "MLM",
    "MLQA",
    "MNLI",
    "NOISY_PANX",
    "NOISY_XNLI",
    "PANX",
    "PAWSX",
    "QQP",
    "SIB200",
    "SIB_FLEURS",
    "SIB_FLEURS_RECOGNISED",
    "SIB_FLEURS_TEXT",
    "SIQA",
    "SNLI",
    "SQUAD",
    "SQUAD_RETRIEVAL",
    "SQUAD_V2",
    "TATOEBA",
    "TYDIQA",
    "UDPOS",
    "WIKIPEDIA_PAIRS",
    "XCOPA",
    "XNLI",
    "XQUAD",
]

TASKS = {
    value.name: value
    for value in list(globals().values())
    if isinstance(value, Task)
}


def get_task(name):
    """Returns the Task of that name.

    Raises:
        InputError: If there is none; the nearest name is suggested.
    """
    if name not in TASKS:
        raise unknown("task", name, TASKS)
    return TASKS[name]
