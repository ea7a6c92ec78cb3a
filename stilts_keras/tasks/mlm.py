"""Masked language modelling on Wikipedia, or on any plain text."""

from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.example import PlainText
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task


def mlm_example(row):
    """Reads one text."""
    return PlainText(text=row["text"])


MLM = Task(
    name="mlm",
    problem="masked_lm",
    repositories=(
        Repository(
            id="wikimedia/wikipedia",
            config="20231101.{language}",
            splits={"train": "train"},
        ),
        # A folder of one's own text: extra/mlm_text/de/train.txt, say.
        Repository(
            id="extra/mlm_text",
            config="{language}",
            splits={"train": "train"},
            on_hub=False,
        ),
    ),
    columns={"text": Text()},
    to_example=mlm_example,
    # XTREME's 40 languages; Wikipedia names its editions by these codes.
    languages=tuple(
        "en af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk ko "
        "ml mr ms my nl pt ru sw ta te th tl tr ur vi yo zh".split()
    ),
    splits=("train",),
    metrics=(),
    # The paper's settings of intermediate tasks are not known: our choice.
    recipe=Recipe(epochs=1, learning_rate=5e-5, max_length=256),
    licence="CC BY-SA 3.0, GFDL",
    citation="Devlin et al., 2019, https://arxiv.org/abs/1810.04805",
)
