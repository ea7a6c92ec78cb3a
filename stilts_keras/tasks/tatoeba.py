"""Tatoeba: find the translation of each English sentence."""

from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.example import SentencePair
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

LANGUAGE_NAMES = dict(
    pair.split(":")
    for pair in (
        "ar:ara he:heb vi:vie id:ind jv:jav tl:tgl eu:eus ml:mal ta:tam te:tel "
        "af:afr nl:nld de:deu el:ell bn:ben hi:hin mr:mar ur:urd fa:pes fr:fra "
        "it:ita pt:por es:spa bg:bul ru:rus ja:jpn ka:kat ko:kor th:tha sw:swh "
        "zh:cmn kk:kaz tr:tur et:est fi:fin hu:hun az:aze lt:lit pl:pol uk:ukr "
        "ro:ron"
    ).split()
)
# XTREME-R's own, which google/xtreme lacks on the Hub.
ADDED = tuple("az lt pl uk ro".split())


def tatoeba_example(row):
    """The Hub's rows keep the line breaks of the original files."""
    return SentencePair(
        source=row["source_sentence"].strip(),
        target=row["target_sentence"].strip(),
    )


TATOEBA = Task(
    name="tatoeba",
    problem="retrieval",
    repositories=(
        Repository(
            id="google/xtreme",
            config="tatoeba.{language}",
            language_names=LANGUAGE_NAMES,
            splits={"test": "validation"},
            without={"test": ADDED},
        ),
        Repository(
            id="mteb/tatoeba-bitext-mining",
            config="{language}-eng",
            language_names=LANGUAGE_NAMES,
            splits={"test": "test"},
            columns={
                "source_sentence": "sentence1",
                "target_sentence": "sentence2",
            },
        ),
    ),
    columns={"source_sentence": Text(), "target_sentence": Text()},
    to_example=tatoeba_example,
    languages=tuple(LANGUAGE_NAMES),
    splits=("test",),
    metrics=("accuracy",),
    # XTREME's code: batch 100, length 512; never trained.
    recipe=Recipe(max_length=512, batch_size=100),
    licence="CC BY 2.0 FR",
    citation="Artetxe and Schwenk, 2019, https://arxiv.org/abs/1812.10464",
)
