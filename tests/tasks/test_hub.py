"""The live Hub holds what the task files say: `pytest -m network`.

Rows, columns and names of classes as the Hub's metadata had them when the
task files were written. BUCC and CCG are not on the Hub; Wikipedia (mlm) is
too large to fetch here.
"""

import pytest

from stilts_keras.data.rows import RowReader
from stilts_keras.data.rows import class_names
from stilts_keras.data.sources import open_data
from stilts_keras.tasks import TASKS

NLI_COLUMNS = "premise hypothesis label"
SQUAD_COLUMNS = "id question context answers"
COLUMNS = {
    "anli": NLI_COLUMNS,
    "commonsenseqa": "question choices answerKey",
    "copa": "premise choice1 choice2 question label",
    "cosmosqa": "context question answer0 answer1 answer2 answer3 label",
    "hellaswag": "ctx_a ctx_b endings label",
    "minds14": "audio intent_class",
    "minds14_text": "transcription intent_class",
    "mlqa": SQUAD_COLUMNS,
    "mnli": NLI_COLUMNS,
    "panx": "tokens ner_tags",
    "pawsx": "sentence1 sentence2 label",
    "qqp": "question1 question2 label",
    "sib200": "text category",
    "sib_fleurs": "audio category",
    "sib_fleurs_recognised": "whisper_asr category",
    "sib_fleurs_text": "text category",
    "siqa": "context question answerA answerB answerC label",
    "snli": NLI_COLUMNS,
    "squad": SQUAD_COLUMNS,
    "squad_retrieval": SQUAD_COLUMNS,
    "squad_v2": SQUAD_COLUMNS,
    "tatoeba": "source_sentence target_sentence",
    "tydiqa": SQUAD_COLUMNS,
    "udpos": "tokens pos_tags",
    "xcopa": "premise choice1 choice2 question label",
    "xnli": NLI_COLUMNS,
    "xquad": SQUAD_COLUMNS,
}
NLI = {"label": "entailment neutral contradiction"}
# Columns of class labels and their names, in the Hub's order.
CLASSES = {
    "anli": NLI,
    "copa": {"label": "choice1 choice2"},
    **dict.fromkeys(
        ("minds14", "minds14_text"),
        {
            "intent_class": "abroad address app_error atm_limit balance "
            "business_loan card_issues cash_deposit direct_debit freeze "
            "high_value_payment joint_account latest_transactions pay_bill"
        },
    ),
    "mnli": NLI,
    "panx": {"ner_tags": "O B-PER I-PER B-ORG I-ORG B-LOC I-LOC"},
    "pawsx": {"label": "0 1"},
    "qqp": {"label": "not_duplicate duplicate"},
    "snli": NLI,
    "udpos": {
        "pos_tags": "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN "
        "PUNCT SCONJ SYM VERB X"
    },
    "xnli": NLI,
}


def rows_of(name, split, text):
    """Reads `en:5010 sw:390` as {(name, "en", split): 5010, ...}."""
    pairs = (pair.split(":") for pair in text.split())
    return {(name, code, split): int(count) for code, count in pairs}


def rows_in_all(name, split, count, **others):
    codes = TASKS[name].languages
    return {(name, x, split): others.get(x, count) for x in codes}


ROWS = {
    **rows_of("anli", "train", "en:162865"),
    **rows_of("anli", "dev", "en:3200"),
    **rows_of("commonsenseqa", "train", "en:9741"),
    **rows_of("commonsenseqa", "dev", "en:1221"),
    **rows_of("copa", "train", "en:400"),
    **rows_of("copa", "dev", "en:100"),
    **rows_of("cosmosqa", "train", "en:25262"),
    **rows_of("cosmosqa", "dev", "en:2985"),
    **rows_of("hellaswag", "train", "en:39905"),
    **rows_of("hellaswag", "dev", "en:10042"),
    **rows_of("mlqa", "dev", "en:1148"),
    **rows_of("mlqa", "test", "en:11590"),
    **rows_of("mnli", "train", "en:392702"),
    **rows_of("mnli", "dev", "en:9815"),
    **rows_of("panx", "train", "en:20000 sw:1000 te:1000 yo:100 jv:100"),
    **rows_of("panx", "dev", "en:10000 sw:1000 te:1000 my:100 jv:100"),
    **rows_of("panx", "test", "en:10000 sw:1000 te:1000 yo:100 my:100"),
    **rows_in_all("pawsx", "train", 49_401),
    **rows_in_all("pawsx", "dev", 2_000),
    **rows_in_all("pawsx", "test", 2_000),
    **rows_of("qqp", "train", "en:363846"),
    **rows_of("qqp", "dev", "en:40430"),
    **rows_in_all("sib200", "train", 701),
    **rows_in_all("sib200", "dev", 99),
    **rows_in_all("sib200", "test", 204),
    **rows_of("siqa", "train", "en:33410"),
    **rows_of("siqa", "dev", "en:1954"),
    **rows_of("snli", "train", "en:550152"),
    **rows_of("snli", "dev", "en:10000"),
    **rows_of(
        "squad",
        "train",
        "en:87599 ar:78058 de:80069 es:81810 hi:82451 vi:84816 zh:76285",
    ),
    **rows_of(
        "squad",
        "dev",
        "en:10570 ar:9512 de:9927 es:10123 hi:10253 vi:10356 zh:9568",
    ),
    **rows_of("squad_retrieval", "train", "en:87599"),
    **rows_of("squad_retrieval", "dev", "en:10570"),
    **rows_of("squad_v2", "train", "en:130319"),
    **rows_of("squad_v2", "dev", "en:11873"),
    **rows_in_all(
        "tatoeba",
        "test",
        1_000,
        jv=205,
        ka=746,
        kk=575,
        ml=687,
        sw=390,
        ta=307,
        te=234,
        th=548,
    ),
    **rows_of("udpos", "train", "en:21253 kk:31"),
    **rows_of("udpos", "dev", "en:3974"),
    **rows_of("udpos", "test", "en:5440 kk:1047 th:1000 tl:55 yo:100"),
    **rows_in_all("xcopa", "dev", 100),
    **rows_in_all("xcopa", "test", 500),
    **rows_in_all("xnli", "train", 392_702),
    **rows_in_all("xnli", "dev", 2_490),
    **rows_in_all("xnli", "test", 5_010),
    **rows_in_all("xquad", "test", 1_190),
}
# The languages of these lie in one file, whose rows alone are documented.
ROWS_OF_ALL_LANGUAGES = {("tydiqa", "train"): 49_881, ("tydiqa", "dev"): 5_077}
# Of these, all splits together in English; None: not documented.
ROWS_OF_ALL_SPLITS = {
    **dict.fromkeys(
        ("sib_fleurs", "sib_fleurs_text", "sib_fleurs_recognised"), 986
    ),
    **dict.fromkeys(("minds14", "minds14_text")),
}


def test_every_task_on_the_hub_has_its_rows_and_columns_here():
    local = {"bucc2018", "ccg", "lareqa", "mlm", "noisy_panx", "noisy_xnli"}
    # A third party's copy, whose columns nobody here has seen.
    local |= {"mewslix", "wikipedia_pairs"}
    expected = set(TASKS) - local
    joined = {name for name, _ in ROWS_OF_ALL_LANGUAGES}
    joined |= set(ROWS_OF_ALL_SPLITS)
    assert {name for name, _, _ in ROWS} | joined == expected
    assert set(COLUMNS) == expected
    for (name, language, split), count in ROWS.items():
        assert language in TASKS[name].languages
        assert split in TASKS[name].splits
        known = TASKS[name].published_count(language)
        if split == "train" and (language == "en" or known):
            assert count == known


def check_rows(name, rows):
    assert set(COLUMNS[name].split()) <= set(rows.column_names)
    classes = class_names(rows.features)
    reader = RowReader(
        TASKS[name], rows.features, where=name, is_evaluated=False
    )
    for column, labels in CLASSES.get(name, {}).items():
        assert classes[column] == labels.split()
    for index in range(20):
        reader.read(index, rows[index])


@pytest.mark.network
@pytest.mark.parametrize(("place", "num_rows"), ROWS.items(), ids=str)
def test_the_hub_holds_the_documented_rows(place, num_rows):
    name, language, split = place
    rows = open_data("hub").load(TASKS[name], language, split)
    assert len(rows) == num_rows
    check_rows(name, rows)


@pytest.mark.network
@pytest.mark.parametrize(
    ("place", "num_rows"), ROWS_OF_ALL_LANGUAGES.items(), ids=str
)
def test_the_languages_of_one_file_are_all_of_it(place, num_rows):
    name, split = place
    total = 0
    for language in TASKS[name].languages:
        rows = open_data("hub").load(TASKS[name], language, split)
        check_rows(name, rows)
        total += len(rows)
    assert total == num_rows


@pytest.mark.network
@pytest.mark.parametrize(("name", "num_rows"), ROWS_OF_ALL_SPLITS.items())
def test_the_splits_are_all_rows(name, num_rows):
    total = 0
    for split in TASKS[name].splits:
        rows = open_data("hub").load(TASKS[name], "en", split)
        check_rows(name, rows)
        total += len(rows)
    assert num_rows in (None, total)


def test_every_label_name_on_the_hub_is_known():
    for name, columns in CLASSES.items():
        if TASKS[name].labels:
            (labels,) = columns.values()
            assert set(labels.split()) == set(TASKS[name].labels)
            # Files may hold the numbers alone.
            assert tuple(labels.split()) == TASKS[name].numbered_labels
