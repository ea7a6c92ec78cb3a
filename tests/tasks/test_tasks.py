"""Every registered task: complete, readable, and found by name."""

import pytest

from stilts_keras.data.features import _label_names
from stilts_keras.data.features import _read_row
from stilts_keras.data.sources import FolderData
from stilts_keras.data.sources import PocketData
from stilts_keras.errors import InputError
from stilts_keras.scoring.metrics import METRICS
from stilts_keras.tasks import SUITES
from stilts_keras.tasks import TASKS
from stilts_keras.tasks import expand_targets
from stilts_keras.tasks import get_task
from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.example import Question
from stilts_keras.tasks.example import SentencePair
from stilts_keras.tasks.example import TaggedWords
from stilts_keras.tasks.example import TextPair
from stilts_keras.tasks.task import PROBLEMS
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

# XTREME, evaluate.py: languages of each task.
NUM_LANGUAGES = {"xnli": 15, "udpos": 33, "xquad": 11, "tatoeba": 36}


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_task_is_complete(task):
    assert task.problem in PROBLEMS
    assert task.licence and task.citation
    assert task.language in task.languages or task.problem == "retrieval"
    assert len(set(task.languages)) == len(task.languages)
    assert all(metric in METRICS for metric in task.metrics)
    assert (
        task.is_trainable
        or task.train_task
        or not task.recipe.epochs
        or (task.problem == "retrieval")
    )
    for repository in task.repositories:
        # Bare names are refused by the Hub's client.
        assert repository.id.count("/") == 1
    if task.train_task:
        assert get_task(task.train_task).head_key == task.head_key
        assert get_task(task.train_task).labels == task.labels


@pytest.mark.parametrize("name", NUM_LANGUAGES)
def test_languages_are_those_of_xtreme(name):
    assert len(TASKS[name].languages) == NUM_LANGUAGES[name]


def first_examples(task, data, split, limit=20):
    for language in data.languages(task, split):
        rows = data.load(task, language, split)
        rows = rows.select(range(min(limit, len(rows))))
        names = _label_names(rows.features)
        for index, row in enumerate(rows):
            yield language, _read_row(task, row, names, f"row {index}")


KINDS = {
    "classification": TextPair,
    "multiple_choice": MultipleChoice,
    "tagging": TaggedWords,
    "span_extraction": Question,
    "retrieval": SentencePair,
}


def check(task, data):
    seen = set()
    for split in ("train", "test"):
        for language, item in first_examples(task, data, split):
            seen.add(language)
            if task.problem in KINDS:
                assert isinstance(item, KINDS[task.problem])
            if isinstance(item, TextPair):
                assert item.label in task.labels
            if isinstance(item, TaggedWords):
                assert len(item.words) == len(item.tags)
    return seen


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_pocket_rows_read(task):
    assert check(task, PocketData())


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_real_rows_read_in_every_language(task, material):
    seen = check(task, FolderData(material / "data"))
    held = {
        language
        for split in task.splits
        for language in FolderData(material / "data").languages(task, split)
    }
    assert seen == held
    if task.name in NUM_LANGUAGES:
        assert len(seen) == NUM_LANGUAGES[task.name]


def test_suites_expand_in_order_without_repetition():
    assert [task.name for task in expand_targets(["xquad", "starter"])] == [
        "xquad",
        "xnli",
        "udpos",
        "tatoeba",
    ]
    assert all(TASKS[name].is_target for name in SUITES["starter"])


def test_unknown_names_get_a_suggestion():
    with pytest.raises(InputError, match="Did you mean 'xquad'"):
        expand_targets(["xqaud"])


def test_wrong_definition_fails_at_import():
    with pytest.raises(ValueError, match="problem must be one of"):
        Task(
            name="x",
            problem="parsing",
            repositories=(Repository(id="a/b"),),
            to_example=dict,
            languages=("en",),
            splits=("train",),
            metrics=(),
        )


@pytest.mark.network
def test_hub_holds_the_documented_rows():
    """Needs the live Hub: `pytest -m network`."""
    from stilts_keras.data.sources import HubData

    for task in TASKS.values():
        if task.num_train_examples and task.name != "mlm":
            rows = HubData().load(task, "en", "train")
            assert len(rows) == task.num_train_examples, task.name
