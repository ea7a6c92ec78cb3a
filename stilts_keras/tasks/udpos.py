"""UD-POS: part-of-speech tags of Universal Dependencies, as in XTREME.

XTREME-R adds five languages, from version 2.7. The Hub has them as published:
a fused form, such as Polish `żebym`, and after it the words that it is made of.
The words are tagged here, where XTREME tags the fused forms: of these languages
scores differ a little from the reference's.
"""

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
        "vi:Vietnamese yo:Yoruba zh:Chinese lt:Lithuanian pl:Polish "
        "uk:Ukrainian wo:Wolof ro:Romanian"
    ).split()
)
# All treebanks of a language, by the names of their files.
TREEBANKS = {
    "lt": ("lt_alksnis", "lt_hse"),
    "pl": ("pl_lfg", "pl_pdb"),
    "uk": ("uk_iu",),
    "wo": ("wo_wtb",),
    "ro": ("ro_nonstandard", "ro_rrt", "ro_simonero"),
}


def udpos_example(row):
    """Reads words and their tags, without fused forms, which have none.

    A sentence of nothing else is left out, as in XTREME.
    """
    words, tags = row["tokens"], row["pos_tags"]
    if None in tags:
        found = [pair for pair in zip(words, tags, strict=True) if pair[1]]
        if not found:
            return None
        words, tags = zip(*found, strict=True)
    return TaggedWords(words=tuple(words), tags=tuple(tags))


def _universal_dependencies(treebanks, *splits):
    """Names the repository's converted branch; it holds a script besides."""
    known = {"train": "train", "dev": "validation", "test": "test"}
    return Repository(
        id="universal-dependencies/universal_dependencies",
        configs=treebanks,
        columns={"pos_tags": "upos"},
        revision="refs/convert/parquet",
        by_folder=True,
        splits={split: known[split] for split in splits},
    )


UDPOS = Task(
    name="udpos",
    problem="tagging",
    repositories=(
        Repository(
            id="google/xtreme",
            config="udpos.{language}",
            language_names=LANGUAGE_NAMES,
            without={
                "train": ("th", "tl", "yo", *TREEBANKS),
                "dev": ("kk", "th", "tl", "yo", *TREEBANKS),
                "test": tuple(TREEBANKS),
            },
        ),
        _universal_dependencies(TREEBANKS, "train", "dev"),
        # This treebank has test rows alone.
        _universal_dependencies(
            TREEBANKS | {"pl": (*TREEBANKS["pl"], "pl_pud")}, "test"
        ),
    ),
    columns={"tokens": Words(), "pos_tags": Labels(unlabelled=("_",))},
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
