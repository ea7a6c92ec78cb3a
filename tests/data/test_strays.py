"""What lies in a folder for a split, but is not read, is never passed over."""

import dataclasses

import pytest

from stilts_keras.data import sources
from stilts_keras.data.folder import FolderData
from stilts_keras.errors import InputError
from stilts_keras.main import main
from stilts_keras.tasks import ANLI
from stilts_keras.tasks import BUCC2018
from stilts_keras.tasks import CCG
from stilts_keras.tasks import HELLASWAG
from stilts_keras.tasks import MLM
from stilts_keras.tasks import MLQA
from stilts_keras.tasks import MNLI
from stilts_keras.tasks import PANX
from stilts_keras.tasks import PAWSX
from stilts_keras.tasks import SQUAD
from stilts_keras.tasks import SQUAD_V2
from stilts_keras.tasks import TASKS
from stilts_keras.tasks import TATOEBA
from stilts_keras.tasks import TYDIQA
from stilts_keras.tasks import UDPOS
from stilts_keras.tasks import XNLI
from stilts_keras.tasks import XQUAD
from stilts_keras.tasks.task import Repository


def lay(folder, *names):
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")


# kind of fault: the task, split and file
STRAYS = {
    "unread ending": (XNLI, "test", "facebook/xnli/de/test.xml"),
    "no ending": (XNLI, "test", "facebook/xnli/de/test"),
    "compressed": (XNLI, "test", "facebook/xnli/de/test.jsonl.gz"),
    "archive": (XNLI, "test", "facebook/xnli/de.zip"),
    "CoNLL-U": (UDPOS, "test", "google/xtreme/udpos.German/test.conllu"),
    "in capitals": (XNLI, "test", "facebook/xnli/de/TEST.parquet"),
    "ending in capitals": (XNLI, "test", "facebook/xnli/de/test.JSONL"),
    "not fetched whole": (
        XNLI,
        "test",
        "facebook/xnli/de/test.parquet.incomplete",
    ),
    "first of the Hub's rows": (
        XNLI,
        "test",
        "facebook/xnli/de/partial-test/0000.parquet",
    ),
    "split by another name": (XNLI, "test", "facebook/xnli/de/testing.csv"),
    "dev for validation": (XNLI, "dev", "facebook/xnli/de/dev.tsv"),
    "valid for validation": (XNLI, "dev", "facebook/xnli/de/valid.jsonl"),
    "our split for theirs": (XQUAD, "test", "google/xquad/xquad.de/test.json"),
    "a word more": (XNLI, "test", "facebook/xnli/de/test_clean.jsonl"),
    "a word before": (XNLI, "test", "facebook/xnli/de/my.test.jsonl"),
    "a folder more": (XNLI, "test", "facebook/xnli/de/extra/test.parquet"),
    "split without a name": (XNLI, "test", "facebook/xnli/de/rows.csv"),
    "named by config": (XNLI, "test", "facebook/xnli/de.tsv"),
    "config in the name": (XNLI, "test", "facebook/xnli/test.de.jsonl"),
    "split above language": (XNLI, "test", "facebook/xnli/test/de.jsonl"),
    "in a data folder": (XNLI, "test", "facebook/xnli/data/de/test.jsonl"),
    "no language": (XNLI, "test", "facebook/xnli/test.parquet"),
    "config default": (XNLI, "test", "facebook/xnli/default/test.parquet"),
    "config in capitals": (XNLI, "test", "facebook/xnli/DE/test.parquet"),
    "config by region": (XNLI, "test", "facebook/xnli/de-DE/test.parquet"),
    "config by script": (XNLI, "test", "facebook/xnli/deu_Latn/test.parquet"),
    "config in words": (XNLI, "test", "facebook/xnli/German/test.parquet"),
    "config with task": (XNLI, "test", "facebook/xnli/xnli.de/test.parquet"),
    "config by our code": (
        TATOEBA,
        "test",
        "google/xtreme/tatoeba.de/validation.parquet",
    ),
    "config by pair": (
        TATOEBA,
        "test",
        "google/xtreme/tatoeba.deu-eng/validation.parquet",
    ),
    "config by code for name": (
        UDPOS,
        "test",
        "google/xtreme/udpos.de/test.tsv",
    ),
    "config once for twice": (
        MLQA,
        "test",
        "facebook/mlqa/mlqa.de/test.parquet",
    ),
    "config by another dump": (
        MLM,
        "train",
        "wikimedia/wikipedia/20220301.de/train.parquet",
    ),
    "repository by task": (XNLI, "test", "xnli/de/test.parquet"),
    "repository in capitals": (XNLI, "test", "facebook/XNLI/de/test.parquet"),
    "repository with a dash": (XNLI, "test", "facebook-xnli/de/test.parquet"),
    "repository in the cache": (
        XNLI,
        "test",
        "datasets--facebook--xnli/de/test.parquet",
    ),
    "repository by suite": (
        TATOEBA,
        "test",
        "xtreme/tatoeba.deu/validation.parquet",
    ),
    "repository below data": (XNLI, "test", "data/xnli/de/test.parquet"),
    "config as repository": (PANX, "test", "PAN-X.de/test.tsv"),
    "all in one name": (XNLI, "test", "xnli.de.test.jsonl"),
}
# kind of fault, of tasks in English alone
ENGLISH = {
    "GLUE's own name": (MNLI, "dev", "nyu-mll/glue/mnli/dev_matched.tsv"),
    "validation, for short": (MNLI, "dev", "nyu-mll/glue/mnli/dev.tsv"),
    "published name": (
        SQUAD,
        "train",
        "rajpurkar/squad/plain_text/train-v1.1.json",
    ),
    "split in the name": (
        HELLASWAG,
        "train",
        "Rowan/hellaswag/hellaswag_train.json",
    ),
    "unread ending": (HELLASWAG, "dev", "Rowan/hellaswag/validation.xml"),
    "config as repository": (MNLI, "train", "nyu-mll/mnli/train.parquet"),
    "own name": (CCG, "train", "extra/ccg/default/ccgbank.auto"),
    "one for three": (ANLI, "train", "facebook/anli/plain_text/train.jsonl"),
}


def check_named(folder, case, language):
    task, split, name = case
    lay(folder, name)
    # Another repository that a task knows: this is a data folder.
    lay(folder, "stanfordnlp/snli/plain_text/test.parquet")
    data = sources.open_data(f"{folder},hub")
    with pytest.raises(InputError) as caught:
        data.languages(task, split)
    message = str(caught.value)
    assert repr(name) in message
    repository = task.repositories[0]
    place = f"{repository.id}/{repository.configs_for(language)[0]}/"
    assert place in message
    assert f"{task.name!r} ({language}, {split})" in message
    assert "Rename or convert" in message
    assert "\n" not in message
    with pytest.raises(InputError, match="not read"):
        data.load(task, language, split)


@pytest.mark.parametrize("kind", STRAYS)
def test_a_stray_is_named_before_the_next_source_is_taken(kind, tmp_path):
    task, split, name = STRAYS[kind]
    is_german = "no language" not in kind and "default" not in kind
    one = dataclasses.replace(
        task, languages=("fr", "de") if is_german else ("de", "fr")
    )
    check_named(tmp_path, (one, split, name), "de")


@pytest.mark.parametrize("kind", ENGLISH)
def test_a_stray_of_an_english_task_is_named(kind, tmp_path):
    check_named(tmp_path, ENGLISH[kind], "en")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("facebook/xnli/de/test.xml", "not read"),
        ("x/y.parquet", "It holds: x/"),
    ],
)
def test_the_command_ends_with_one_line(tmp_path, capsys, name, words):
    lay(tmp_path, name)
    flags = [f"--data={tmp_path},hub", "--backbone=pocket", "--targets=xnli"]
    assert main(["stilts", "plan", *flags, "--route=pretrained"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_one_tasks_stray_stops_no_other_task(tmp_path, capsys):
    lay(tmp_path, "facebook/xnli/de/test.xml")
    lay(tmp_path, "google/xquad/xquad.de/validation.parquet")
    flags = [f"--data={tmp_path}", "--backbone=pocket", "--targets=udpos"]
    assert main(["stilts", "plan", *flags, "--route=pretrained"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "'udpos'" in line and "xquad" in line and "test.xml" not in line


def test_a_stray_of_ones_own_task_is_named(tmp_path):
    task = dataclasses.replace(
        MLM,
        name="mine",
        repositories=(Repository(id="me/it", config="{language}"),),
    )
    lay(tmp_path, "me/it/german/train.txt")
    with pytest.raises(InputError, match=r"me/it/german/train\.txt"):
        FolderData(tmp_path).languages(task, "train")


# task, split, files that are there for something else
ORDINARY = [
    (
        XNLI,
        "test",
        [
            "README.md",
            "facebook/README.md",
            "facebook/xnli/README.md",
            "facebook/xnli/.gitattributes",
            "facebook/xnli/dataset_infos.json",
            "facebook/xnli/xnli.py",
            "facebook/xnli/LICENSE",
            "facebook/xnli/LICENSE.txt",
            "facebook/xnli/de/README.md",
            "facebook/xnli/de/.test.parquet.swp",
            "facebook/xnli/de/dataset_info.json",
            "facebook/xnli/de/test.parquet.lock",
            "facebook/xnli/de/test.jsonl~",
            "facebook/xnli/de/_SUCCESS",
        ],
    ),
    (
        XNLI,
        "test",
        [
            "facebook/xnli/de/train.parquet",
            "facebook/xnli/de/validation.parquet",
            "facebook/xnli/de/notes.csv",
        ],
    ),
    (
        XNLI,
        "test",
        [
            "facebook/xnli/eu/test.parquet",
            "facebook/xnli/all_languages/test.parquet",
            "google/xtreme/XNLI/test.parquet",
            "mteb/xnli/deu/test.parquet",
            "extra/noisy_xnli/de/test.parquet",
        ],
    ),
    (
        XQUAD,
        "test",
        [
            "google/xquad/xquad.it/validation.parquet",
            "google-research-datasets/xquad_r/de/validation.parquet",
        ],
    ),
    (
        TATOEBA,
        "test",
        [
            "google/xtreme/tatoeba.amh/validation.parquet",
            "google/xtreme/tatoeba.nds/validation.parquet",
            "google/xtreme/PAN-X.de/validation.parquet",
            "google/xtreme/bucc18.de/validation.parquet",
            "google/xtreme/MLQA.de.de/validation.parquet",
            "google/xtreme/tydiqa/validation.parquet",
        ],
    ),
    (
        MLQA,
        "test",
        [
            "facebook/mlqa/mlqa.de.en/test.parquet",
            "facebook/mlqa/mlqa.en.de/test.parquet",
            "facebook/mlqa/mlqa-translate-test.de/test.parquet",
            "facebook/mlqa/mlqa-translate-train.de/train.parquet",
        ],
    ),
    (
        PAWSX,
        "test",
        [
            "google/xtreme/PAWS-X.de/test.parquet",
            "google-research-datasets/paws/test.parquet",
        ],
    ),
    (UDPOS, "test", ["google/xtreme/udpos.Latvian/test.parquet"]),
    (
        PANX,
        "dev",
        [
            "unimelb-nlp/wikiann/lv/validation.parquet",
            "unimelb-nlp/wikiann/zh-classical/validation.parquet",
            "unimelb-nlp/wikiann/zh-min-nan/validation.parquet",
        ],
    ),
    (
        MNLI,
        "dev",
        [
            "nyu-mll/glue/mnli/validation_mismatched.parquet",
            "nyu-mll/glue/mnli/test_matched.parquet",
            "nyu-mll/glue/mnli/train.parquet",
            "nyu-mll/glue/qqp/validation.parquet",
            "nyu-mll/glue/sst2/validation.parquet",
        ],
    ),
    (
        ANLI,
        "train",
        [
            "facebook/anli/plain_text/dev_r1.parquet",
            "facebook/anli/plain_text/test_r1.parquet",
        ],
    ),
    (SQUAD, "train", ["rajpurkar/squad_v2/squad_v2/train.parquet"]),
    (SQUAD_V2, "train", ["rajpurkar/squad/plain_text/train.parquet"]),
    (HELLASWAG, "dev", ["Rowan/hellaswag/test-00000-of-00001.parquet"]),
    (CCG, "train", ["extra/ccg_fracas/default/train.parquet"]),
    (BUCC2018, "test", ["extra/bucc2018/de-en.de/validation.parquet"]),
    (TYDIQA, "dev", ["google-research-datasets/tydiqa/primary_task/x.parquet"]),
    (
        MLM,
        "train",
        [
            "wikimedia/wikipedia/20231101.simple/train.parquet",
            "extra/mlm_text/ro/train.parquet",
        ],
    ),
]


@pytest.mark.parametrize(
    ("task", "split", "names"),
    ORDINARY,
    ids=lambda value: value.name if hasattr(value, "name") else None,
)
def test_ordinary_files_are_left_alone(task, split, names, tmp_path):
    lay(tmp_path, *names, "stanfordnlp/snli/plain_text/train.parquet")
    data = sources.open_data(f"{tmp_path},hub")
    assert FolderData(tmp_path).languages(task, split) == ()
    for language in data.languages(task, split)[:1]:
        assert data.fingerprint(task, language, split).startswith("hub ")


def test_no_file_of_a_split_that_is_there_is_a_stray(tmp_path):
    lay(tmp_path, "facebook/xnli/de/test.parquet", "facebook/xnli/de/test.xml")
    only = dataclasses.replace(XNLI, languages=("de",))
    assert FolderData(tmp_path).languages(only, "test") == ("de",)


def test_no_real_file_is_taken_for_a_stray(material):
    data = FolderData(material / "data")
    for task in TASKS.values():
        for split in task.splits:
            held = data.languages(task, split)
            assert set(held) <= set(task.languages)


@pytest.mark.parametrize(
    "names", [[], ["notes.txt"], ["de/test.parquet"], ["me/mine/x.parquet"]]
)
def test_a_folder_without_any_known_repository_says_the_layout(names, tmp_path):
    lay(tmp_path, *names)
    for data in (str(tmp_path), f"{tmp_path},hub"):
        with pytest.raises(InputError) as caught:
            sources.open_data(data).languages(XNLI, "test")
        message = str(caught.value)
        assert repr(str(tmp_path)) in message
        assert "<repository>/<config>/<split>.parquet" in message
        assert "such as facebook/xnli/ar/test.parquet" in message
        there = names[0].partition("/")[0] if names else "nothing"
        assert f"It holds: {there}" in message
        assert "\n" not in message


@pytest.mark.parametrize(
    ("passed", "meant"),
    [
        ("", "data"),
        ("data/facebook", "data"),
        ("data/facebook/xnli", "data"),
    ],
)
def test_a_folder_above_or_below_the_data_folder_names_it(
    passed, meant, tmp_path
):
    lay(tmp_path, "data/facebook/xnli/de/test.parquet")
    with pytest.raises(InputError) as caught:
        sources.open_data(str(tmp_path / passed)).languages(MNLI, "train")
    assert f"--data={tmp_path / meant}?" in str(caught.value)
