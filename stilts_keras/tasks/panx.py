"""PAN-X: named entities in Wikipedia's text (WikiAnn), as in XTREME(-R)."""

from stilts_keras.tasks.columns import Labels
from stilts_keras.tasks.columns import Words
from stilts_keras.tasks.example import TaggedWords
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

LANGUAGES = tuple(
    "ar he vi id jv ms tl eu ml ta te af nl en de el bn hi mr ur fa fr it pt "
    "es bg ru ja ka ko th sw yo my zh kk tr et fi hu qu pl uk az lt pa gu "
    "ro".split()
)
# XTREME-R's own, which google/xtreme lacks on the Hub.
ADDED = tuple("qu pl uk az lt pa gu ro".split())


def panx_example(row):
    """Reads words and their tags.

    The original files write `en:word`; copies mostly lack the prefix. It goes
    only where every word has the same one, and at its first colon only: a
    word may hold colons of its own.
    """
    words = row["tokens"]
    prefix = words[0].partition(":")[0] + ":"
    if prefix[:-1] in LANGUAGES and all(w.startswith(prefix) for w in words):
        words = [word.removeprefix(prefix) for word in words]
    return TaggedWords(words=tuple(words), tags=tuple(row["ner_tags"]))


PANX = Task(
    name="panx",
    problem="tagging",
    repositories=(
        Repository(
            id="google/xtreme",
            config="PAN-X.{language}",
            without={split: ADDED for split in ("train", "dev", "test")},
        ),
        Repository(id="unimelb-nlp/wikiann", config="{language}"),
    ),
    columns={"tokens": Words(), "ner_tags": Labels()},
    to_example=panx_example,
    languages=LANGUAGES,
    splits=("train", "dev", "test"),
    labels=tuple("B-LOC B-ORG B-PER I-LOC I-ORG I-PER O".split()),
    numbered_labels=tuple("O B-PER I-PER B-ORG I-ORG B-LOC I-LOC".split()),
    metrics=("entity_f1",),
    # Phang et al.'s code: 10 epochs, batch 32, length 256.
    recipe=Recipe(epochs=10, max_length=256),
    num_train_examples=20_000,
    licence="not stated (WikiAnn; Wikipedia's text is CC BY-SA)",
    citation="Pan et al., 2017, https://aclanthology.org/P17-1178",
)
