"""Mewsli-X's Wikipedia pairs: find the entity that is mentioned.

What Mewsli-X is trained on: English mentions with the entity's description.
Rows are those of the release (`wikipedia_pairs-train.jsonl` and `-dev.jsonl`,
in a folder `extra/mewsli_x`), or of the Hub's copy, whose columns are texts
that are made already (not verified).
"""

import re

from stilts_keras.tasks.columns import Column
from stilts_keras.tasks.columns import Id
from stilts_keras.tasks.columns import MissingValue
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.example import Candidate
from stilts_keras.tasks.example import Query
from stilts_keras.tasks.example import Search
from stilts_keras.tasks.example import id_of
from stilts_keras.tasks.nested_columns import Number
from stilts_keras.tasks.nested_columns import Record
from stilts_keras.tasks.nested_columns import Spans
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

RELEASE = "extra/mewsli_x"
HUB = "izhx/mewsli-x"
CONTEXT = Record(
    fields=(("text", Text()), ("sentence_spans", Spans())), may_be_absent=True
)
SPAN = Record(fields=(("start", Number()), ("end", Number()), ("text", Text())))
MENTION_FIELDS = (
    ("example_id", Id()),
    ("entity_id", Id()),
    ("mention_span", SPAN),
)
_BRACES = re.compile(r"\{(.*?)\}")


def mention_text(context, span):
    """Marks a mention in its sentence, and says it before.

    `Smith: The verdict came for { Smith }, who stepped down.` Braces that
    are there already become round.

    Args:
        context: dict. `text` and `sentence_spans`.
        span: dict. `start`, `end` and `text` of the mention.

    Returns:
        str.

    Raises:
        ValueError: If the mention is not where it is said to be, or in no
            one sentence.
    """
    start, end, mention = span["start"], span["end"], span["text"]
    if context["text"][start:end] != mention:
        raise ValueError(
            f"the mention {mention!r} at character {start}, where the text "
            f"reads {context['text'][start:end]!r}. Mend the offset."
        )
    for first, last in context["sentence_spans"]:
        if first <= start and end <= last:
            break
    else:
        raise ValueError(
            f"the mention {mention!r} at character {start}, in none of the "
            "sentence_spans. Expected a mention within one sentence."
        )
    left = _BRACES.sub(r"(\1)", context["text"][first:start])
    right = _BRACES.sub(r"(\1)", context["text"][end:last])
    return one_line(f"{mention}: {left} {{ {mention} }} {right}")


def entity_text(entity):
    """Joins the sentences of an entity's description.

    Args:
        entity: dict. `description`, and `sentence_spans` or None.
    """
    text = entity["description"]
    spans = entity["sentence_spans"]
    if spans is not None:
        text = " ".join(text[start:end] for start, end in spans)
    return one_line(text)


def one_line(text):
    """Puts spaces for line breaks and, once, one space for two."""
    return " ".join(text.splitlines()).replace("  ", " ").strip()


class Entity(Column):
    """An entity of the release, or its text alone."""

    _record = Record(
        fields=(
            ("entity_id", Id()),
            ("description", Text()),
            ("sentence_spans", Spans()),
        )
    )

    def read(self, name, value, labels):
        """Returns (id, text)."""
        if isinstance(value, str):
            if not value.strip():
                raise MissingValue(f"empty {name}")
            text = one_line(value)
            return id_of(text), text
        entity = self._record.read(name, value, labels)
        return entity["entity_id"], entity_text(entity)


def wikipedia_pairs_example(row):
    """Reads a mention and its entity."""
    entity_id, text = row["entity"]
    nested = row["contextual_mention"]
    if nested is not None:
        mention = nested["mention"]
        query_id = mention["example_id"]
        query = mention_text(nested["context"], mention["mention_span"])
    elif row["mention"] is not None:
        query = row["mention"]
        query_id = row["example_id"]
        if query_id is None:
            query_id = id_of(query)
    else:
        raise ValueError("neither contextual_mention nor mention is there")
    return Search(
        queries=(Query(id=query_id, text=query, answers=(entity_id,)),),
        candidates=(Candidate(id=entity_id, text=text),),
    )


WIKIPEDIA_PAIRS = Task(
    name="wikipedia_pairs",
    problem="dual_encoder",
    repositories=(
        Repository(
            id=RELEASE,
            splits={
                "train": "wikipedia_pairs-train",
                "dev": "wikipedia_pairs-dev",
            },
            on_hub=False,
        ),
        Repository(
            id=HUB,
            config="wikipedia_pairs",
            splits={"train": "train", "dev": "validation"},
        ),
    ),
    columns={
        "contextual_mention": Record(
            fields=(
                ("context", CONTEXT),
                ("mention", Record(fields=MENTION_FIELDS)),
            ),
            may_be_absent=True,
        ),
        "example_id": Id(may_be_absent=True),
        "mention": Text(may_be_absent=True),
        "entity": Entity(),
    },
    to_example=wikipedia_pairs_example,
    languages=("en",),
    splits=("train", "dev"),
    metrics=("mrr_at_20",),
    # XTREME-R's train_mewslix.sh for XLM-R large: 8 x 4 rows (each of 8
    # against its own 8; here against all 32), 2 epochs, 64 tokens.
    recipe=Recipe(
        epochs=2,
        learning_rate=1e-5,
        batch_size=32,
        max_length=64,
        warmup_ratio=0.0,
        weight_decay=0.0,
    ),
    num_train_examples=167_719,
    licence="Apache 2.0; text CC BY-SA (Wikipedia)",
    citation="Ruder et al., 2021, https://aclanthology.org/2021.emnlp-main.802",
)
