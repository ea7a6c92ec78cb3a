"""Every registered task: complete, readable, and found by name."""

import dataclasses

import pytest

from stilts_keras.data.rows import Reading
from stilts_keras.data.rows import RowReader
from stilts_keras.data.sources import PocketData
from stilts_keras.data.sources import open_data
from stilts_keras.errors import InputError
from stilts_keras.graph.task_facts import TaskFacts
from stilts_keras.scoring.metrics import METRICS
from stilts_keras.scoring.suites import SUITES
from stilts_keras.scoring.suites import XTREME
from stilts_keras.scoring.suites import XTREME_R
from stilts_keras.scoring.suites import expand_targets
from stilts_keras.tasks import TASKS
from stilts_keras.tasks import get_task
from stilts_keras.tasks.example import GoldPair
from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.example import PoolSentence
from stilts_keras.tasks.example import Question
from stilts_keras.tasks.example import Recordings
from stilts_keras.tasks.example import SentencePair
from stilts_keras.tasks.example import TaggedWords
from stilts_keras.tasks.example import TextPair
from stilts_keras.tasks.example import Transcripts
from stilts_keras.tasks.task import PROBLEMS
from stilts_keras.tasks.task import Repository
from stilts_keras.tasks.task import Task

# XTREME, evaluate.py: languages of each task, in its order.
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
# XTREME-R, the same: what it adds, and the languages of its new tasks.
ADDED = {
    "xcopa": "et ht id it qu sw ta th tr vi zh",
    "udpos": "lt pl uk wo ro",
    "panx": "qu pl uk az lt pa gu ro",
    "xquad": "ro",
    "tatoeba": "az lt pl uk ro",
    "mewslix": "ar de en es fa ja pl ro ta tr uk",
    # XQuAD-R's own; the evaluator names none.
    "lareqa": "ar de el en es hi ru th tr vi zh",
}
# Of each, how many languages the material has test rows in.
IN_MATERIAL = {"panx": 47, "tydiqa": 3, "bucc2018": 0}


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_task_is_complete(task):
    assert task.problem in PROBLEMS
    assert task.licence and task.citation
    assert (
        task.language in task.languages
        or task.train_task
        or not task.kind.is_trained
    )
    assert len(set(task.languages)) == len(task.languages)
    assert all(metric in METRICS for metric in task.metrics)
    assert (
        task.is_trainable
        or task.train_task
        or not task.recipe.epochs
        or not task.kind.is_trained
    )
    for repository in task.repositories:
        # Bare names are refused by the Hub's client.
        assert repository.id.count("/") == 1
    if task.train_task:
        assert get_task(task.train_task).head_key == task.head_key
        assert get_task(task.train_task).labels == task.labels


@pytest.mark.parametrize("name", XTREME.names)
def test_languages_are_those_of_xtreme(name):
    assert XTREME.languages_of(name) == tuple(LANGUAGES[name].split())


@pytest.mark.parametrize("name", XTREME_R.names)
def test_languages_are_those_of_xtreme_r(name):
    before, added = LANGUAGES.get(name, ""), ADDED.get(name, "")
    expected = tuple(f"{before} {added}".split())
    assert XTREME_R.languages_of(name) == expected


def test_the_xtreme_suite_has_nine_targets():
    assert len(XTREME.names) == 9
    assert all(TASKS[name].is_target for name in XTREME.names)


def test_anliplus_shares_one_head_of_the_same_labels():
    tasks = [TASKS[name] for name in SUITES["anliplus"].names]
    assert {task.head_key for task in tasks} == {"nli"}
    assert len({task.labels for task in tasks}) == 1
    # Of SNLI's rows 549,367 have a label, and Phang et al.'s ANLI+ has
    # 1,104,934 rows (both not verified, but the sum holds).
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
        # Decoding takes time.
        limit = min(limit, 20 if task.reads == "text" else 3)
        rows = rows.select(range(min(limit, len(rows))))
        reader = RowReader(
            task, rows.features, where=task.name, is_evaluated=True
        )
        for index, row in enumerate(rows):
            yield language, reader.read(index, row).item


KINDS = {
    "classification": (TextPair, Recordings, Transcripts),
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
            if task.problem == "classification" and item is not None:
                assert item.label in task.labels
            if isinstance(item, MultipleChoice):
                assert 0 <= item.label < len(item.choices)
            if isinstance(item, TaggedWords):
                assert len(item.words) == len(item.tags)
    return seen


# Typos that people made are nothing to make up.
NOT_MADE_UP = ("noisy_panx", "noisy_xnli")


@pytest.mark.parametrize(
    "task",
    [task for task in TASKS.values() if task.name not in NOT_MADE_UP],
    ids=lambda task: task.name,
)
def test_pocket_rows_read(task):
    data = PocketData()
    seen = check(task, data)
    for split in task.splits:
        held = data.languages(task, split)
        assert held and set(held) <= seen
        for language in held:
            rows = data.num_rows(task, language, split)
            assert rows == len(data.load(task, language, split))


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_real_rows_read_in_every_language(task, real_data):
    lacking = ("qqp", "mewslix", "wikipedia_pairs", "minds14", "minds14_text")
    if task.name in lacking:
        pytest.skip(f"the material has no rows of {task.name}")
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
    assert all(TASKS[name].is_target for name in SUITES["starter"].names)


def test_unknown_names_get_a_suggestion():
    with pytest.raises(InputError, match="Did you mean 'xquad'"):
        expand_targets(["xqaud"])


def test_wrong_definition_fails_at_import():
    with pytest.raises(ValueError, match="problem must be one of"):
        Task(
            name="x",
            problem="parsing",
            repositories=(Repository(id="a/b"),),
            columns={},
            to_example=dict,
            languages=("en",),
            splits=("train",),
            metrics=(),
        )


def test_who_translated_is_one_of_two():
    with pytest.raises(ValueError, match="machines.*people.*Received: 'me'"):
        dataclasses.replace(TASKS["xnli"], translated_by="me")


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_what_is_translated_says_how_its_rows_are_found(task):
    assert bool(task.translated_by) == bool(task.parallel_by)
    assert set(task.num_train_examples_in) <= set(task.train_languages)
    if task.is_trainable:
        assert task.language in task.train_languages
    if task.parallel_by not in ("", "number"):
        held = PocketData().languages(task, "train")
        rows = PocketData().load(task, held[0], "train")
        names = rows[task.parallel_by][:]
        assert len(set(names)) == len(names)


def test_another_order_of_numbers_is_one_of_the_same_labels():
    with pytest.raises(ValueError, match="the labels in another order"):
        dataclasses.replace(TASKS["panx"], numbered_labels=("O", "B-PER"))


# ------------------------------------------------- Rows, as worked by hand
def read(name, **row):
    return TASKS[name].to_example(row)


NLI = {"premise": "A", "hypothesis": "B"}
COSMOS = {"context": "A.", "question": "B?"}
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
            read("cosmosqa", label=3, **COSMOS, **CHOICES),
            MultipleChoice(
                prompt="A. B?", choices=("0", "1", "2", "3"), label=3
            ),
        ),
        (
            read("cosmosqa", label=None, **COSMOS, **CHOICES),
            MultipleChoice(prompt="A. B?", choices=("0", "1", "2", "3")),
        ),
        (
            read("commonsenseqa", question="Q?", choices=CSQA, answerKey="B"),
            MultipleChoice(prompt="Q?", choices=("x", "y", "z"), label=1),
        ),
        (
            read("commonsenseqa", question="Q?", choices=CSQA, answerKey=None),
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


@pytest.mark.parametrize("arm", ["sib_fleurs_text", "sib_fleurs_recognised"])
def test_sib_200_before_its_own_sentences_is_no_transfer(arm):
    """Its training rows may be those that are tested there, and vice versa."""
    arm, sib200 = (TaskFacts.of(TASKS[name]) for name in (arm, "sib200"))
    assert arm.trains_as(sib200)
    assert sib200.trains_as(arm)


def test_label_orders_are_the_documented_ones():
    assert TASKS["panx"].labels == tuple(sorted(TASKS["panx"].labels))
    found = {task.name: " ".join(task.labels) for task in TASKS.values()}
    assert {name: labels for name, labels in found.items() if labels} == {
        **dict.fromkeys(
            ("anli", "mnli", "noisy_xnli", "snli", "xnli"),
            "entailment neutral contradiction",
        ),
        "noisy_panx": "B-LOC B-ORG B-PER I-LOC I-ORG I-PER O",
        "panx": "B-LOC B-ORG B-PER I-LOC I-ORG I-PER O",
        "pawsx": "0 1",
        "qqp": "not_duplicate duplicate",
        **dict.fromkeys(
            (
                "sib200",
                "sib_fleurs",
                "sib_fleurs_text",
                "sib_fleurs_recognised",
            ),
            "entertainment geography health politics science/technology "
            "sports travel",
        ),
        **dict.fromkeys(
            ("minds14", "minds14_text"),
            "abroad address app_error atm_limit balance business_loan "
            "card_issues cash_deposit direct_debit freeze high_value_payment "
            "joint_account latest_transactions pay_bill",
        ),
        "udpos": "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN "
        "PUNCT SCONJ SYM VERB X",
    }


def test_suites_and_tasks_have_different_names():
    assert not set(SUITES) & set(TASKS)
    for suite in SUITES.values():
        assert all(TASKS[task.name] is task for task in suite.tasks)


def read_checked(name, row, is_evaluated=True):
    """Reads one row as all rows are read."""
    reader = RowReader(TASKS[name], row, where=name, is_evaluated=is_evaluated)
    return reader.read(0, row)


def test_only_rows_of_snli_may_lack_a_label():
    row = {"premise": "A", "hypothesis": "B", "label": -1}
    assert read_checked("snli", row) == Reading(None)
    for name in ("mnli", "anli", "xnli"):
        found = read_checked(name, row, is_evaluated=False)
        assert found == Reading(None, fault="no label")
        with pytest.raises(InputError, match="row 0 has no label"):
            read_checked(name, row)


def test_targets_of_english_rows_only_name_their_train_task():
    found = {name: TASKS[name].train_task for name in XTREME.names}
    assert {name: task for name, task in found.items() if task} == {
        "xnli": "mnli",
        "xquad": "squad",
        "mlqa": "squad",
    }


def test_questions_without_answers_are_of_squad_2_alone():
    row = {"id": "1", "question": "Q?", "context": "C."}
    row["answers"] = {"text": [], "answer_start": []}
    assert read_checked("squad_v2", row).item.answers == ()
    for name in ("squad", "xquad", "mlqa", "tydiqa"):
        with pytest.raises(InputError, match="has no answers"):
            read_checked(name, row)


def test_languages_of_tydiqa_are_told_apart(material):
    data = open_data(material / "data")
    names = {"en": "english", "ko": "korean", "sw": "swahili"}
    assert set(data.languages(TASKS["tydiqa"], "train")) == set(names)
    for language, name in names.items():
        rows = data.load(TASKS["tydiqa"], language, "train")
        assert len(rows) == data.num_rows(TASKS["tydiqa"], language, "train")
        assert all(id_.startswith(f"{name}-") for id_ in rows["id"])


def test_gold_pairs_of_bucc_lie_in_its_pools(material):
    data = open_data(material / "data")
    rows = data.load(TASKS["bucc2018"], "zh", "dev")
    items = [read("bucc2018", **row) for row in rows]
    gold = [item for item in items if isinstance(item, GoldPair)]
    pools = [item for item in items if isinstance(item, PoolSentence)]
    ids = {
        side: {item.id for item in pools if item.side == side}
        for side in ("source", "target")
    }
    assert {pair.source_id for pair in gold} <= ids["source"]
    assert {pair.target_id for pair in gold} <= ids["target"]
    assert (len(ids["source"]), len(ids["target"])) == (4360, 6811)
    assert len(gold) == 129
