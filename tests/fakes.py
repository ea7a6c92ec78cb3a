"""Graphs on data that are not there, for tests of several rooms."""

from stilts_keras.backbones.description import Backbone
from stilts_keras.data.features import SplitFeatures
from stilts_keras.graph.graph import Graph

BACKBONE = Backbone(
    name="tiny",
    kind="random",
    max_sequence_length=512,
    fingerprint="0123456789abcdef",
)


class FakeData:
    """Holds `rows` rows of all that benchmarks list but what `lacks` names.

    And those of (task, language) in `extra`, which none lists.
    """

    name = "fake"

    def __init__(self, rows=1000, lacks=(), salt="", extra=()):
        self.rows = rows
        self.lacks = set(lacks)
        self.salt = salt
        self.extra = set(extra)

    def languages(self, task, split):
        if split not in task.splits or task.name in self.lacks:
            return ()
        return tuple(
            language
            for language in task.languages
            if language not in task.extra_languages
            or (task.name, language) in self.extra
            if (task.name, language) not in self.lacks
            and (task.name, language, split) not in self.lacks
        )

    def num_rows(self, task, language, split):
        return self.rows

    def fingerprint(self, task, language, split):
        return f"{task.name}-{language}-{split}{self.salt}"


def graph(**changes):
    values = {
        "routes": ["pretrained", "mnli", "mnli/squad"],
        "targets": ["xnli", "udpos", "tatoeba"],
        "data": FakeData(),
        "backbone": BACKBONE,
    }
    return Graph(**values | changes)


def split_of(columns, *, max_length, examples=None, language="en"):
    """Packed features as they are, with the Examples that they are of."""
    import datasets

    split = SplitFeatures(
        title="toy",
        where="toy",
        language=language,
        rows=examples,
        features=datasets.Dataset.from_dict(columns),
        reader=None,
        max_length=max_length,
    )
    # There are no rows to read them from.
    vars(split)["examples"] = examples
    return split
