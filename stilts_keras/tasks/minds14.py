"""MInDS-14: what does the caller of a bank want? 14 intents, heard.

The data set has no official split. Here a row's split follows from the hash of
its transcription, without case and punctuation: 60 % of the wordings train,
10 % choose checkpoints, 30 % are tested. So it is the same everywhere, rows
that others add move none, and no wording is both learnt and tested; published
figures are on other splits. Speakers may be in several splits: the rows name
none, so that nothing keeps them apart, and what was learnt of a voice may help
with its other sentences. English is that of Australia, Britain and the United
States together; of the other languages, Czech is none of XTREME's or
XTREME-R's and left out.

People said freely what they wanted, in their own language: rows of different
languages are no translations. Recordings are of telephone quality, 8 kHz.
"""

from stilts_keras.tasks.audio_columns import Audio
from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.example import Recordings
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

CONFIGS = {
    "en": ("en-US", "en-GB", "en-AU"),
    "de": ("de-DE",),
    "es": ("es-ES",),
    "fr": ("fr-FR",),
    "it": ("it-IT",),
    "ko": ("ko-KR",),
    "nl": ("nl-NL",),
    "pl": ("pl-PL",),
    "pt": ("pt-PT",),
    "ru": ("ru-RU",),
    "zh": ("zh-CN",),
}
REPOSITORIES = (
    Repository(
        id="PolyAI/minds14",
        configs=CONFIGS,
        splits={"train": "train", "dev": "train", "test": "train"},
        split_column="transcription",
        split_shares={"train": 0.6, "dev": 0.1, "test": 0.3},
    ),
)
LABELS = (
    "abroad",
    "address",
    "app_error",
    "atm_limit",
    "balance",
    "business_loan",
    "card_issues",
    "cash_deposit",
    "direct_debit",
    "freeze",
    "high_value_payment",
    "joint_account",
    "latest_transactions",
    "pay_bill",
)
LICENCE = "CC BY 4.0"
CITATION = "Gerz et al., 2021, https://arxiv.org/abs/2104.08524"


def minds14_example(row):
    """Reads a recording and its intent."""
    return Recordings(recordings=row["audio"], label=row["intent_class"])


MINDS14 = Task(
    name="minds14",
    problem="classification",
    repositories=REPOSITORIES,
    columns={"audio": Audio(), "intent_class": Label()},
    to_example=minds14_example,
    languages=tuple(CONFIGS),
    splits=("train", "dev", "test"),
    labels=LABELS,
    metrics=("accuracy", "macro_f1"),
    # Our choice; of 30 s, the longest that Whisper hears.
    recipe=Recipe(epochs=10, batch_size=16, max_length=1500),
    licence=LICENCE,
    citation=CITATION,
)
