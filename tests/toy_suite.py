"""A suite in one file: a format, a layout and a mean of its own.

Beside this file a suite needs its import line in `scoring.suites`.
"""

import json

from stilts_keras import files
from stilts_keras.scoring import formats
from stilts_keras.scoring.formats.format import Format
from stilts_keras.scoring.formats.format import read_lines
from stilts_keras.scoring.suite import Layout
from stilts_keras.scoring.suite import Suite
from stilts_keras.tasks import UDPOS
from stilts_keras.tasks import XNLI
from stilts_keras.tasks import XQUAD


class Objects(Format):
    """An object with a label per line."""

    ending = "jsonl"

    def read(self, file):
        return [json.loads(line)["label"] for line in read_lines(file)]

    def write(self, file, predictions, ids=None):
        files.write_jsonl(file, [{"label": label} for label in predictions])


TOY = Suite(
    name="toy",
    title="Toy",
    tasks=(XNLI, UDPOS, XQUAD),
    languages={name: ("de", "hi") for name in ("xnli", "udpos", "xquad")},
    task_scores={
        "xnli": ("accuracy",),
        "udpos": ("recall", "precision"),
        "xquad": ("em",),
    },
    groups={"sentences": ("xnli",), "words": ("udpos", "xquad")},
    score_name="toy_score",
    score_of=("sentences", "words"),
    layout=Layout(
        formats={
            "xnli": Objects(),
            "udpos": formats.Tags(),
            "xquad": formats.Answers(),
        },
        place="{language}/{task}.{ending}",
        labels="toy_labels",
    ),
    reference_names={"exact_match": "em"},
)
