"""XTREME-R: ten tasks in up to 48 languages.

Files are XTREME's where it has the task. Those of XCOPA are an object per
line, `{"label": 0}`, the number of the choice; those of Mewsli-X and LAReQA an
object from each mention or question to the ids of what was found, the best
first, of which 20 count (labels: to the ids of what is right). That is as in
the reference, but for LAReQA, which its evaluator does not score: there, a file
holds the questions of one language, and what was found for them in the pool
of all languages; a score is the mean over languages, which is that over all
questions where languages have as many, as XQuAD-R's have.

What the reference calls `map@20` of Mewsli-X is the mean reciprocal rank, and
bears that name here. As LAReQA is never scored there, its overall score can
never be computed: ours is the mean of the ten tasks. Its groups are kept, to
which LAReQA does not belong.

Tatoeba is evaluated after SQuAD v1.1, as run_tatoeba.sh has it and Ruder et al.
say, where XTREME takes what the route has left: two targets with two names.
"""

from stilts_keras.scoring import formats
from stilts_keras.scoring.suite import Layout
from stilts_keras.scoring.suite import Suite
from stilts_keras.scoring.suites.xtreme import XTREME
from stilts_keras.tasks import LAREQA
from stilts_keras.tasks import MEWSLIX
from stilts_keras.tasks import MLQA
from stilts_keras.tasks import PANX
from stilts_keras.tasks import TATOEBA
from stilts_keras.tasks import TYDIQA
from stilts_keras.tasks import UDPOS
from stilts_keras.tasks import XCOPA
from stilts_keras.tasks import XNLI
from stilts_keras.tasks import XQUAD

XTREME_R = Suite(
    name="xtreme_r",
    title="XTREME-R",
    tasks=(
        XNLI,
        XCOPA,
        UDPOS,
        PANX,
        XQUAD,
        MLQA,
        TYDIQA,
        TATOEBA,
        MEWSLIX,
        LAREQA,
    ),
    evaluated_after={"tatoeba": ("squad",)},
    groups={
        "classification": ("xnli", "xcopa"),
        "tagging": ("udpos", "panx"),
        "qa": ("xquad", "mlqa", "tydiqa"),
        "retrieval": ("tatoeba", "mewslix"),
        "multi_choice": ("xcopa",),
    },
    task_scores={
        "xnli": ("accuracy",),
        "xcopa": ("accuracy",),
        "udpos": ("f1",),
        "panx": ("f1",),
        "xquad": ("exact_match", "f1"),
        "mlqa": ("exact_match", "f1"),
        "tydiqa": ("exact_match", "f1"),
        "tatoeba": ("accuracy",),
        "mewslix": ("mrr_at_20",),
        "lareqa": ("map_at_20",),
    },
    score_name="stilts_keras_mean",
    note=XTREME.note,
    layout=Layout(
        formats={
            "xnli": formats.Labels(),
            "xcopa": formats.Choices(),
            "udpos": formats.Tags(),
            "panx": formats.Tags(),
            "xquad": formats.Answers(),
            "mlqa": formats.Answers(),
            "tydiqa": formats.Answers(),
            "tatoeba": formats.RowNumbers(),
            "mewslix": formats.Rankings(),
            "lareqa": formats.Rankings(),
        },
        labels="xtreme_r_labels",
    ),
    reference_names=XTREME.reference_names,
    source="Ruder et al., 2021, https://arxiv.org/abs/2104.07412, and "
    "evaluate.py of https://github.com/google-research/xtreme",
)
