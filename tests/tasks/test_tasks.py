"""Every registered task: complete, readable, and found by name."""

import pytest

from stilts_keras.data.features import _label_names
from stilts_keras.data.features import _read_row
from stilts_keras.data.sources import PocketData
from stilts_keras.data.sources import open_data
from stilts_keras.errors import InputError
from stilts_keras.scoring.metrics import METRICS
from stilts_keras.tasks import SUITES
from stilts_keras.tasks import TASKS
from stilts_keras.tasks import expand_targets
from stilts_keras.tasks import get_task
from stilts_keras.tasks.example import GoldPair
from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.example import PoolSentence
from stilts_keras.tasks.example import Question
from stilts_keras.tasks.example import SentencePair
from stilts_keras.tasks.example import TaggedWords
from stilts_keras.tasks.example import TextPair
from stilts_keras.tasks.task import PROBLEMS
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

# XTREME, evaluate.py: languages of each task, in any order.
LANGUAGES = {
    "xnli": "ar bg de el en es fr hi ru sw th tr ur vi zh",
    "pawsx": "de en es fr ja ko zh",
    "udpos": "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr "
    "nl pt ru ta te th tl tr ur vi yo zh",
    "panx": "ar he vi id jv ms tl eu ml ta te af nl en de el bn hi mr ur fa "
    "fr it pt es bg ru ja ka ko th sw yo my zh kk tr et fi hu",
    "xquad": "en es de el ru tr ar vi th zh hi",
    "mlqa": "en es de ar hi vi zh",
    "tydiqa": "en ar bn fi id ko ru sw te",
    "bucc2018": "de fr ru zh",
    "tatoeba": "ar he vi id jv tl eu ml ta te af nl de el bn hi mr ur fa fr "
    "it pt es bg ru ja ka ko th sw zh kk tr et fi hu",
}
# Of each, how many languages the material has test rows in.
IN_MATERIAL = {"panx": 39, "tydiqa": 3, "bucc2018": 0}
# The built-in world has no rows of these.
NOT_IN_POCKET = set(
    "anli bucc2018 ccg commonsenseqa copa cosmosqa mlqa panx pawsx qqp siqa "
    "snli squad_v2 tydiqa".split()
)


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_task_is_complete(task):
    assert task.problem in PROBLEMS
    assert task.licence and task.citation
    assert task.language in task.languages or task.is_retrieval
    assert len(set(task.languages)) == len(task.languages)
    assert all(metric in METRICS for metric in task.metrics)
    assert (
        task.is_trainable
        or task.train_task
        or not task.recipe.epochs
        or task.is_retrieval
    )
    for repository in task.repositories:
        # Bare names are refused by the Hub's client.
        assert repository.id.count("/") == 1
    if task.train_task:
        assert get_task(task.train_task).head_key == task.head_key
        assert get_task(task.train_task).labels == task.labels


@pytest.mark.parametrize("name", SUITES["xtreme"])
def test_languages_are_those_of_xtreme(name):
    assert set(TASKS[name].languages) == set(LANGUAGES[name].split())


def test_the_xtreme_suite_has_nine_targets():
    assert len(SUITES["xtreme"]) == 9
    assert all(TASKS[name].is_target for name in SUITES["xtreme"])


def test_anliplus_shares_one_head_of_the_same_labels():
    tasks = [TASKS[name] for name in SUITES["anliplus"]]
    assert {task.head_key for task in tasks} == {"nli"}
    assert len({task.labels for task in tasks}) == 1
    # 549,367 of SNLI's rows have a label (Phang et al.'s ANLI+: 1,104,934).
    total = sum(task.num_train_examples for task in tasks)
    assert total - 550_152 + 549_367 == 1_104_934


@pytest.fixture
def real_data(material, tmp_path):
    """The material, and its categories by a parser in place of CCGbank."""
    link = tmp_path / "extra" / "ccg"
    link.parent.mkdir()
    link.symlink_to(material / "data" / "extra" / "ccg_fracas")
    return open_data(f"{material / 'data'},{tmp_path}")


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
    "mining": (PoolSentence, GoldPair),
}


def check(task, data):
    seen = set()
    for split in task.splits:
        for language, item in first_examples(task, data, split):
            seen.add(language)
            if task.problem in KINDS and item is not None:
                assert isinstance(item, KINDS[task.problem])
            if isinstance(item, TextPair):
                assert item.label in task.labels
            if isinstance(item, MultipleChoice):
                assert 0 <= item.label < len(item.choices)
            if isinstance(item, TaggedWords):
                assert len(item.words) == len(item.tags)
    return seen


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_pocket_rows_read(task):
    assert bool(check(task, PocketData())) != (task.name in NOT_IN_POCKET)


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_real_rows_read_in_every_language(task, real_data):
    if task.name == "qqp":
        pytest.skip("the material has no rows of QQP")
    seen = check(task, real_data)
    held = {
        language
        for split in task.splits
        for language in real_data.languages(task, split)
    }
    assert seen == held
    assert seen
    if task.name in LANGUAGES:
        num = len(real_data.languages(task, "test"))
        assert num == IN_MATERIAL.get(task.name, len(task.languages))


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


# ------------------------------------------------- Rows, as worked by hand
def read(name, **row):
    return TASKS[name].to_example(row)


NLI = {"premise": "A", "hypothesis": "B"}
CHOICES = {f"answer{index}": str(index) for index in range(4)}
CSQA = {"label": ["A", "B", "C"], "text": ["x", "y", "z"]}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (read("snli", **NLI, label=None), None),
        (
            read("snli", **NLI, label="neutral"),
            TextPair(first="A", second="B", label="neutral"),
        ),
        (
            read("qqp", question1="A", question2="B", label="duplicate"),
            TextPair(first="A", second="B", label="duplicate"),
        ),
        (
            read("pawsx", sentence1="A", sentence2="B", label="1"),
            TextPair(first="A", second="B", label="1"),
        ),
        (
            read("cosmosqa", context="A.", question="B?", label=3, **CHOICES),
            MultipleChoice(
                prompt="A. B?", choices=("0", "1", "2", "3"), label=3
            ),
        ),
        (
            read("cosmosqa", context="A.", question="B?", label=-1, **CHOICES),
            MultipleChoice(prompt="A. B?", choices=("0", "1", "2", "3")),
        ),
        (
            read("commonsenseqa", question="Q?", choices=CSQA, answerKey="B"),
            MultipleChoice(prompt="Q?", choices=("x", "y", "z"), label=1),
        ),
        (
            read("commonsenseqa", question="Q?", choices=CSQA, answerKey=""),
            MultipleChoice(prompt="Q?", choices=("x", "y", "z")),
        ),
        (
            read(
                "siqa",
                context="C.",
                question="Q?",
                answerA="x",
                answerB="y",
                answerC="z",
                label="3",
            ),
            MultipleChoice(prompt="C. Q?", choices=("x", "y", "z"), label=2),
        ),
        (
            read(
                "copa",
                premise="It fell.",
                choice1="x",
                choice2="y",
                question="cause",
                label="choice2",
            ),
            MultipleChoice(
                prompt="It fell. What was the cause?",
                choices=("x", "y"),
                label=1,
            ),
        ),
        (
            read("bucc2018", part="gold", source_id="s", target_id="t"),
            GoldPair(source_id="s", target_id="t"),
        ),
        (
            read("bucc2018", part="target", id="t", sentence="A."),
            PoolSentence(id="t", text="A.", side="target"),
        ),
        (
            read("ccg", tokens=["a"], tags=["NP/N"]),
            TaggedWords(words=("a",), tags=("NP/N",)),
        ),
    ],
)
def test_rows_read_as_worked_by_hand(item, expected):
    assert item == expected


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (["en:New", "en:York"], ["New", "York"]),
        (["New", "York"], ["New", "York"]),
        # At the first colon only.
        (["de:12:30", "de:Uhr"], ["12:30", "Uhr"]),
        # One word alone with a colon is a word, not a prefix.
        (["en:x", "York"], ["en:x", "York"]),
        (["http://a", "http://b"], ["http://a", "http://b"]),
        (["zh:", "zh:京"], ["", "京"]),
    ],
)
def test_panx_prefixes_go_only_where_they_are_prefixes(tokens, words):
    found = read("panx", tokens=tokens, ner_tags=["O"] * len(tokens))
    assert list(found.words) == words


def test_label_orders_are_the_documented_ones():
    assert TASKS["panx"].labels == tuple(sorted(TASKS["panx"].labels))
    assert len(TASKS["panx"].labels) == 7
    assert len(TASKS["udpos"].labels) == 17
    assert TASKS["qqp"].labels == ("not_duplicate", "duplicate")


# ----------------------------------------------------------------- The live Hub
# Rows of each split, as documented when the repositories were last read.
HUB_ROWS = {
    ("mnli", "en", "train"): 392_702,
    ("mnli", "en", "dev"): 9_815,
    ("snli", "en", "train"): 550_152,
    ("anli", "en", "train"): 162_865,
    ("anli", "en", "dev"): 3_200,
    ("qqp", "en", "train"): 363_846,
    ("qqp", "en", "dev"): 40_430,
    ("squad", "en", "train"): 87_599,
    ("squad_v2", "en", "train"): 130_319,
    ("squad_v2", "en", "dev"): 11_873,
    ("hellaswag", "en", "train"): 39_905,
    ("cosmosqa", "en", "train"): 25_262,
    ("commonsenseqa", "en", "train"): 9_741,
    ("siqa", "en", "train"): 33_410,
    ("copa", "en", "train"): 400,
    ("xnli", "sw", "test"): 5_010,
    ("pawsx", "ko", "test"): 2_000,
    ("udpos", "en", "train"): 21_253,
    ("udpos", "th", "test"): 1_000,
    ("panx", "en", "train"): 20_000,
    ("panx", "yo", "test"): 100,
    ("xquad", "zh", "test"): 1_190,
    ("mlqa", "en", "test"): 11_590,
    ("tatoeba", "sw", "test"): 390,
}


@pytest.mark.network
@pytest.mark.parametrize(("place", "num_rows"), HUB_ROWS.items())
def test_the_hub_holds_the_documented_rows(place, num_rows):
    """Needs the live Hub: `pytest -m network`."""
    name, language, split = place
    rows = open_data("hub").load(TASKS[name], language, split)
    assert len(rows) == num_rows
    names = _label_names(rows.features)
    for index in range(20):
        _read_row(TASKS[name], rows[index], names, f"row {index}")
    for labels in names.values():
        assert TASKS[name].problem == "multiple_choice" or set(labels) <= set(
            TASKS[name].labels
        )
