"""UD-POS: part-of-speech tags of Universal Dependencies, as in XTREME."""

from stilts_keras.tasks.columns import Labels
from stilts_keras.tasks.columns import Words
from stilts_keras.tasks.example import TaggedWords
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

UPOS = tuple(
    "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM "
    "VERB X".split()
)
# google/xtreme names its configurations by English language names.
LANGUAGE_NAMES = dict(
    pair.split(":")
    for pair in (
        "af:Afrikaans ar:Arabic bg:Bulgarian de:German el:Greek en:English "
        "es:Spanish et:Estonian eu:Basque fa:Persian fi:Finnish fr:French "
        "he:Hebrew hi:Hindi hu:Hungarian id:Indonesian it:Italian ja:Japanese "
        "kk:Kazakh ko:Korean mr:Marathi nl:Dutch pt:Portuguese ru:Russian "
        "ta:Tamil te:Telugu th:Thai tl:Tagalog tr:Turkish ur:Urdu "
        "vi:Vietnamese yo:Yoruba zh:Chinese"
    ).split()
)


def udpos_example(row):
    """Reads words and their tags."""
    return TaggedWords(words=tuple(row["tokens"]), tags=tuple(row["pos_tags"]))


UDPOS = Task(
    name="udpos",
    problem="tagging",
    repositories=(
        Repository(
            id="google/xtreme",
            config="udpos.{language}",
            language_names=LANGUAGE_NAMES,
            without={
                "train": ("th", "tl", "yo"),
                "dev": ("kk", "th", "tl", "yo"),
            },
        ),
    ),
    columns={"tokens": Words(), "pos_tags": Labels()},
    to_example=udpos_example,
    languages=tuple(LANGUAGE_NAMES),
    splits=("train", "dev", "test"),
    labels=UPOS,
    metrics=("chunk_f1", "accuracy"),
    # Phang et al.'s code: 10 epochs, batch 32, length 256.
    recipe=Recipe(epochs=10, max_length=256),
    num_train_examples=21_253,
    licence="each treebank's own",
    citation="Nivre et al., 2020, https://arxiv.org/abs/2004.10643",
)
