"""Social IQa: what do people feel, want or do next, and why?"""

from stilts_keras.tasks.columns import Label
from stilts_keras.tasks.columns import Text
from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.task import Recipe
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

CHOICES = tuple(f"answer{letter}" for letter in "ABC")
SPLITS = {"train": "train", "dev": "validation"}


def siqa_example(row):
    """The prompt is the context and the question; labels are "1" to "3".

    Source: XTREME-R's code, https://github.com/google-research/xtreme.
    """
    return MultipleChoice(
        prompt=f"{row['context']} {row['question']}",
        choices=tuple(row[name] for name in CHOICES),
        label=None if row["label"] is None else int(row["label"]) - 1,
    )


SIQA = Task(
    name="siqa",
    problem="multiple_choice",
    # The authors' repository holds a script, which `datasets` refuses; the
    # copy's rows equal its rows:
    # https://github.com/EleutherAI/lm-evaluation-harness/pull/3943.
    repositories=(
        Repository(id="lighteval/siqa", splits=SPLITS),
        Repository(
            id="allenai/social_i_qa", revision="refs/pr/3", splits=SPLITS
        ),
    ),
    columns={
        "context": Text(),
        "question": Text(),
        **{name: Text() for name in CHOICES},
        "label": Label(names=tuple("123")),
    },
    to_example=siqa_example,
    languages=("en",),
    splits=("train", "dev"),
    metrics=("accuracy",),
    # XTREME-R's code, before COPA: 5 epochs, 3e-5, batch 32, length 128.
    recipe=Recipe(epochs=5, learning_rate=3e-5, max_length=128),
    num_train_examples=33_410,
    licence="not stated",
    citation="Sap et al., 2019, https://arxiv.org/abs/1904.09728",
)
