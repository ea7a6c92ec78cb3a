"""Mewsli-X: find the entity that a news article mentions, among a million.

Mentions are of WikiNews in 11 languages, candidates are descriptions from 50
editions of Wikipedia: 1,003,893 in the release of 2022, which is other data
than the paper's. For its test rows 52.51 is quoted of XLM-R large and 41.45 of
mBERT, means over the languages (the place itself was not seen). What XTREME-R
calls mAP@20 is the reciprocal rank of the one right entity, and is called so
here.

Rows are those of the release, made by its `get-mewsli-x.sh` and put into a
folder `extra/mewsli_x` (`candidate_set_entities.jsonl`,
`wikinews_mentions-test.jsonl`, `wikipedia_pairs-train.jsonl`, ...), or of the
Hub's copy, whose mentions are marked already (not verified).
"""

import dataclasses

from stilts_keras.tasks.columns import Id
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.columns import is_null
from stilts_keras.tasks.example import Candidate
from stilts_keras.tasks.example import Query
from stilts_keras.tasks.example import Search
from stilts_keras.tasks.nested_columns import Records
from stilts_keras.tasks.nested_columns import Spans
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task
from stilts_keras.tasks.wikipedia_pairs import CONTEXT
from stilts_keras.tasks.wikipedia_pairs import HUB
from stilts_keras.tasks.wikipedia_pairs import RELEASE
from stilts_keras.tasks.wikipedia_pairs import SPAN
from stilts_keras.tasks.wikipedia_pairs import WIKIPEDIA_PAIRS
from stilts_keras.tasks.wikipedia_pairs import entity_text
from stilts_keras.tasks.wikipedia_pairs import mention_text


def entity_example(row):
    """Reads a candidate."""
    candidate = Candidate(id=row["entity_id"], text=entity_text(row))
    return Search(candidates=(candidate,))


def mewslix_example(row):
    """Reads an article with its mentions, or one mention that is marked."""
    if row["mentions"] is not None and row["context"] is not None:
        queries = [
            Query(
                id=mention["example_id"],
                text=mention_text(row["context"], mention["mention_span"]),
                answers=_answers(mention["entity_id"]),
            )
            for mention in row["mentions"]
        ]
        return Search(queries=tuple(queries))
    query_id, text = row["example_id"], row["mention"]
    if None in (query_id, text):
        raise ValueError(
            "there are neither context and mentions, as in the release, nor "
            "example_id, mention and entity_id"
        )
    answers = _answers(row["entity_id"])
    return Search(queries=(Query(id=query_id, text=text, answers=answers),))


def _answers(entity_id):
    """Lists the one right entity; none where nobody tells it."""
    return () if entity_id is None else (entity_id,)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer(Id):
    """The id of the entity that is meant; null or empty hides it."""

    def read(self, name, value, labels):
        """Returns the id, or None."""
        if is_null(value) or value == "":
            return None
        return super().read(name, value, labels)


ANSWER = Answer(may_be_absent=True)


ENTITIES = Task(
    name="mewslix_entities",
    problem="dual_encoder",
    repositories=(
        Repository(
            id=RELEASE,
            splits={"test": "candidate_set_entities"},
            on_hub=False,
        ),
        Repository(
            id=HUB, config="candidate_entities", splits={"test": "test"}
        ),
    ),
    columns={
        "entity_id": Id(),
        "description": Text(),
        "sentence_spans": Spans(may_be_absent=True),
    },
    to_example=entity_example,
    # Descriptions are in many: ISO 639-2's code for that.
    languages=("mul",),
    language="mul",
    splits=("test",),
    metrics=("mrr_at_20",),
)

MEWSLIX = Task(
    name="mewslix",
    problem="dual_encoder",
    repositories=(
        Repository(
            id=RELEASE,
            splits={
                "dev": "wikinews_mentions-dev",
                "test": "wikinews_mentions-test",
            },
            language_column="context.language",
            on_hub=False,
        ),
        Repository(
            id=HUB,
            config="{language}",
            splits={"dev": "validation", "test": "test"},
        ),
    ),
    columns={
        "context": CONTEXT,
        "mentions": Records(
            fields=(
                ("example_id", Id()),
                ("entity_id", ANSWER),
                ("mention_span", SPAN),
            ),
            may_be_absent=True,
        ),
        "example_id": Id(may_be_absent=True),
        "mention": Text(may_be_absent=True),
        "entity_id": ANSWER,
    },
    to_example=mewslix_example,
    languages=tuple("ar de en es fa ja pl ro ta tr uk".split()),
    splits=("dev", "test"),
    train_task="wikipedia_pairs",
    head_key="wikipedia_pairs",
    candidates=ENTITIES,
    metrics=("mrr_at_20",),
    recipe=WIKIPEDIA_PAIRS.recipe,
    licence=WIKIPEDIA_PAIRS.licence,
    citation=WIKIPEDIA_PAIRS.citation,
)
