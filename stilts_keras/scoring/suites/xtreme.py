"""XTREME: nine tasks in up to 40 languages, each file by its own evaluator.

One file for each task and language, `<task>/test-<language>.tsv`, or `.json`
for questions: a label per line; a tag per line with an empty line after each
sentence; an object from question to answer (labels: SQuAD's JSON); a pair of
ids per line; the number of the sentence found, from 0, per line.

A question without a prediction scores 0, predictions for unknown questions are
not looked at, an unknown label is merely wrong, and a group or the whole has a
score only where all of its tasks do.
"""

from stilts_keras.scoring import formats
from stilts_keras.scoring.suite import Layout
from stilts_keras.scoring.suite import Suite
from stilts_keras.tasks import BUCC2018
from stilts_keras.tasks import MLQA
from stilts_keras.tasks import PANX
from stilts_keras.tasks import PAWSX
from stilts_keras.tasks import TATOEBA
from stilts_keras.tasks import TYDIQA
from stilts_keras.tasks import UDPOS
from stilts_keras.tasks import XNLI
from stilts_keras.tasks import XQUAD

# evaluate.py, in its order, of the tasks that XTREME-R has in more languages.
LANGUAGES = {
    "udpos": "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr "
    "nl pt ru ta te th tl tr ur vi yo zh",
    "panx": "ar he vi id jv ms tl eu ml ta te af nl en de el bn hi mr ur fa fr "
    "it pt es bg ru ja ka ko th sw yo my zh kk tr et fi hu",
    "xquad": "en es de el ru tr ar vi th zh hi",
    "tatoeba": "ar he vi id jv tl eu ml ta te af nl de el bn hi mr ur fa fr it "
    "pt es bg ru ja ka ko th sw zh kk tr et fi hu",
}

XTREME = Suite(
    name="xtreme",
    title="XTREME",
    tasks=(XNLI, PAWSX, UDPOS, PANX, XQUAD, MLQA, TYDIQA, BUCC2018, TATOEBA),
    languages={name: tuple(codes.split()) for name, codes in LANGUAGES.items()},
    groups={
        "classification": ("pawsx", "xnli"),
        "tagging": ("udpos", "panx"),
        "qa": ("xquad", "mlqa", "tydiqa"),
        "retrieval": ("bucc2018", "tatoeba"),
    },
    task_scores={
        "xnli": ("accuracy",),
        "pawsx": ("accuracy",),
        "udpos": ("f1",),
        "panx": ("f1",),
        "xquad": ("exact_match", "f1"),
        "mlqa": ("exact_match", "f1"),
        "tydiqa": ("exact_match", "f1"),
        "bucc2018": ("f1",),
        "tatoeba": ("accuracy",),
    },
    # The mean of the nine tasks, not of the groups.
    score_name="all_task",
    score_by="XTREME's evaluate.py",
    note="Percent; means over all languages, English included; for questions "
    "of exact match and F1",
    layout=Layout(
        formats={
            "xnli": formats.Labels(),
            "pawsx": formats.Labels(),
            "udpos": formats.Tags(),
            "panx": formats.Tags(),
            "xquad": formats.Answers(),
            "mlqa": formats.Answers(),
            "tydiqa": formats.Answers(),
            "bucc2018": formats.Pairs(),
            "tatoeba": formats.RowNumbers(),
        }
    ),
    reference_names={
        "chunk_f1": "f1",
        "entity_f1": "f1",
        "mlqa_exact_match": "exact_match",
        "mlqa_f1": "f1",
        "pair_f1": "f1",
    },
    source="Hu et al., 2020, https://arxiv.org/abs/2003.11080, and evaluate.py "
    "of https://github.com/google-research/xtreme",
)
