"""SIB-200: what is a sentence about? FLORES-200's, in many languages.

Row `index_id` is the same sentence in every language, in all splits. Of the
205 languages, those of XTREME and XTREME-R.
"""

from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.example import TextPair
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

# FLORES-200 names languages with their scripts.
LANGUAGE_NAMES = dict(
    pair.split(":")
    for pair in (
        "en:eng_Latn af:afr_Latn ar:arb_Arab az:azj_Latn bg:bul_Cyrl "
        "bn:ben_Beng de:deu_Latn el:ell_Grek es:spa_Latn et:est_Latn "
        "eu:eus_Latn fa:pes_Arab fi:fin_Latn fr:fra_Latn gu:guj_Gujr "
        "he:heb_Hebr hi:hin_Deva ht:hat_Latn hu:hun_Latn id:ind_Latn "
        "it:ita_Latn ja:jpn_Jpan jv:jav_Latn ka:kat_Geor kk:kaz_Cyrl "
        "ko:kor_Hang lt:lit_Latn ml:mal_Mlym mr:mar_Deva ms:zsm_Latn "
        "my:mya_Mymr nl:nld_Latn pa:pan_Guru pl:pol_Latn pt:por_Latn "
        "qu:quy_Latn ro:ron_Latn ru:rus_Cyrl sw:swh_Latn ta:tam_Taml "
        "te:tel_Telu th:tha_Thai tl:tgl_Latn tr:tur_Latn uk:ukr_Cyrl "
        "ur:urd_Arab vi:vie_Latn wo:wol_Latn yo:yor_Latn zh:zho_Hans"
    ).split()
)


def sib200_example(row):
    """Reads a sentence and its topic."""
    return TextPair(first=row["text"], label=row["category"])


SIB200 = Task(
    name="sib200",
    problem="classification",
    repositories=(
        Repository(
            id="Davlan/sib200",
            config="{language}",
            language_names=LANGUAGE_NAMES,
        ),
    ),
    columns={"text": Text(), "category": Label()},
    to_example=sib200_example,
    languages=tuple(LANGUAGE_NAMES),
    splits=("train", "dev", "test"),
    translated_by="people",
    parallel_by="index_id",
    parallel_tests=True,
    labels=(
        "entertainment",
        "geography",
        "health",
        "politics",
        "science/technology",
        "sports",
        "travel",
    ),
    metrics=("accuracy", "macro_f1"),
    # The paper's settings are not known: our choice.
    recipe=Recipe(epochs=20, batch_size=16, max_length=128),
    num_train_examples=701,
    num_train_examples_in=dict.fromkeys(set(LANGUAGE_NAMES) - {"en"}, 701),
    licence="CC BY-SA 4.0",
    citation="Adelani et al., 2024, https://arxiv.org/abs/2309.07445",
)
