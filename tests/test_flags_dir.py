"""Every flagfile says what it answers, and plans."""

import itertools
import json
import pathlib
import re
import time

import pytest

from stilts_keras.graph.route import Route
from stilts_keras.main import main
from stilts_keras.reporting.route_names import source_set_of
from stilts_keras.scoring.suites import XTREME
from stilts_keras.tasks import get_task

ROOT = pathlib.Path(__file__).resolve().parents[1]
FLAGS = ROOT / "flags"
FLAGFILES = sorted(FLAGS.rglob("*.flags"))
NEEDS_DATA = {"real_small.flags", "real_xtreme_small.flags"}
STUDIES = {
    "number_of_tasks.flags",
    "multitask_vs_sequential.flags",
    "paper_grid.flags",
}
NEEDS_BACKBONE = {
    "source_language_scaling_small.flags": "multilingual_e5_small",
    "robustness_small.flags": "multilingual_e5_small",
    "small_real.flags": "multilingual_e5_small",
    "robustness_speech_small.flags": "whisper_tiny_multi",
}
NEEDS_NOISE = {"robustness.flags", "robustness_small.flags"}
NEEDS_SENTENCES = {"mt5_source_language.flags"}
NEEDS_POOLS = {
    "xtreme_xlmr_large.flags",
    "bucc2018.flags",
    "small_real.flags",
    *STUDIES,
}
# They ask for more rows or tokens than it has, or have small forms; that of mT5
# is of the pocket as it stands; it has no typos that people made, and no sound.
NOT_FOR_POCKET = {
    "robustness.flags",
    "robustness_small.flags",
    "robustness_speech.flags",
    "robustness_speech_small.flags",
    "source_language_scaling.flags",
    "mt5_source_language.flags",
    "mt5_source_language_small.flags",
    "small_real.flags",
}
# Only to be added to another one.
SECOND = "small.flags"


@pytest.mark.parametrize("file", FLAGFILES, ids=lambda file: file.name)
def test_flagfile_opens_with_question_command_hardware_and_result(file):
    lines = file.read_text().splitlines()
    head = []
    for line in lines:
        if not line.startswith("#"):
            break
        head.append(line)
    text = "\n".join(head)
    assert "?" in text or "Question:" in text
    assert f"--flagfile=flags/{file.relative_to(FLAGS).as_posix()}" in text
    for word in ("Command:", "Hardware:", "Time:", "Expected:"):
        assert word in text, word


def write_folder(folder, write_pools):
    """Writes what is not on the Hub: BUCC's pools and a bit of CCG."""
    for language in ("de", "fr", "ru", "zh"):
        write_pools(folder, language)
    for split in ("train", "validation"):
        file = folder / "extra" / "ccg" / "default" / f"{split}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('{"tokens": ["Cats", "sleep"], "tags": ["N", "S"]}\n')


def write_sentences(folder):
    """Writes a row of LAReQA in each of its languages."""
    row = {
        "id": "1",
        "context": "Cats sleep. Dogs do not.",
        "question": "Who sleeps?",
        "answers": {"text": ["Cats"], "answer_start": [0]},
        "sentence_breaks": [[0, 11], [12, 24]],
    }
    for language in get_task("lareqa").languages:
        file = folder / "extra" / "lareqa_xquad_r" / language
        file.mkdir(parents=True)
        (file / "validation.jsonl").write_text(json.dumps(row) + "\n")


def write_noise(folder):
    """Writes a row of what people mistyped, as it lies in a folder."""
    rows = {
        "noisy_xnli": {"premise": "Ctas.", "hypothesis": "A.", "label": 0},
        "noisy_panx": {"tokens": ["Ctas"], "ner_tags": [0], "langs": ["de"]},
    }
    for name, row in rows.items():
        file = folder / "extra" / name / "de" / "test.jsonl"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(row) + "\n")


@pytest.mark.parametrize(
    "name, targets",
    [
        # Their training tasks: mnli, pawsx, siqa and copa, panx, udpos, squad,
        # tydiqa.
        ("source_language_scaling", 8),
        # Less pawsx, and squad_retrieval and wikipedia_pairs.
        ("mt5_source_language", 9),
    ],
)
def test_sources_differ_in_language_and_size_alone(
    name, targets, capsys, tmp_path
):
    write_sentences(tmp_path)
    file = FLAGS / "studies" / f"{name}.flags"
    data = f"--data={tmp_path},hub"
    start = time.process_time()
    assert main(["stilts", "plan", f"--flagfile={file}", data]) == 0
    # Of CPU, on a machine that others work on too: 1 s where it is quiet.
    assert time.process_time() - start < 2.5
    out = capsys.readouterr().out
    first = FLAGS / "studies" / "source_language_scaling.flags"
    routes = [
        flag.removeprefix("--route=")
        for flag in first.read_text().splitlines()
        if flag.startswith("--route=")
    ]
    sets = [
        source_set_of(str(Route.parse(route)), lambda task: "en")
        for route in routes[1:]
    ]
    # Every set of languages with every size that its source has.
    by_task = {}
    for found in sets:
        by_task.setdefault(found.task, set()).add(
            (found.languages, found.num_examples)
        )
    for held in by_task.values():
        languages, sizes = (set(each) for each in zip(*held, strict=True))
        assert held == set(itertools.product(languages, sizes))
        assert len(languages) == 4 and len(sizes) >= 3
    expected = 3 * (len(sets) + targets * len(routes))
    assert re.search(rf"all stages, each once\s+{expected:,} ", out), out[-900:]


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_studies_train_every_stage_once(name, capsys, tmp_path, write_pools):
    write_folder(tmp_path, write_pools)
    file = FLAGS / "studies" / name
    data = f"--data={tmp_path},hub"
    assert main(["stilts", "plan", f"--flagfile={file}", data]) == 0
    out = capsys.readouterr().out
    flags = file.read_text().splitlines()
    routes = [f[8:] for f in flags if f.startswith("--route=")]
    num_seeds = max(1, sum(f.startswith("--seed=") for f in flags))
    # Without regard to suites, which are short for one stage each. Steps are
    # shared by a route's stages, so that only routes of equal length share.
    is_fixed = any(f.startswith("--route_steps=") for f in flags)
    chains = {
        (route.count("/") if is_fixed else 0, *route.split("/")[: end + 1])
        for route in routes
        if route != "pretrained"
        for end in range(route.count("/") + 1)
    }
    # XQuAD and MLQA train on the same rows; retrieval trains on none.
    targets = len(XTREME.names) - 1 - 2
    # MNLI and SQuAD as routes are what XNLI and XQuAD train after none.
    twice = 0 if is_fixed else len({"mnli", "squad"} & set(routes))
    expected = num_seeds * (len(chains) + targets * len(routes) - twice)
    assert re.search(rf"all stages, each once\s+{expected} ", out), out[-900:]


@pytest.mark.parametrize("file", FLAGFILES, ids=lambda file: file.name)
def test_flagfile_plans(file, request, capsys, tmp_path, write_pools):
    extra = []
    if file.name in NEEDS_POOLS:
        write_folder(tmp_path, write_pools)
        extra = [f"--data={tmp_path},hub"]
    if file.name in NEEDS_BACKBONE:
        extra += [f"--backbone={NEEDS_BACKBONE[file.name]}"]
    if file.name in NEEDS_NOISE:
        write_noise(tmp_path)
        extra += [f"--data={tmp_path},hub"]
    if file.name in NEEDS_SENTENCES:
        write_sentences(tmp_path)
        extra = [f"--data={tmp_path},hub"]
    if file.name == SECOND:
        first = FLAGS / "studies" / "number_of_tasks.flags"
        extra = [f"--flagfile={first}", f"--flagfile={file}"]
        extra += ["--data=hub", "--tokenizer=pocket"]
    if file.name in NEEDS_DATA:
        data = request.getfixturevalue("material") / "data"
        tokenizer = "FacebookAI/xlm-roberta-base/sentencepiece.bpe.model"
        extra = [f"--data={data}", f"--tokenizer={data / tokenizer}"]
    status = main(["stilts", "plan", f"--flagfile={file}", *extra])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    assert "to train" in captured.out
    assert re.search(r"-> \w+ in \d+ languages?", captured.out)


@pytest.mark.parametrize(
    "file",
    [file for file in FLAGFILES if file.name not in {SECOND, *NOT_FOR_POCKET}],
    ids=lambda file: file.name,
)
def test_flagfile_can_be_tried_on_the_pocket(file, capsys, tmp_path):
    pocket = ["--data=pocket", "--backbone=pocket", "--max_length=40"]
    pocket += [f"--run_dir={tmp_path / 'run'}"]
    status = main(["stilts", "plan", f"--flagfile={file}", *pocket])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    assert "to train" in captured.out


def test_every_target_of_xtreme_has_a_flagfile():
    names = {file.stem for file in (FLAGS / "xtreme").glob("*.flags")}
    assert names == set(XTREME.names)


@pytest.mark.parametrize("name", ["robustness", "robustness_speech"])
def test_robustness_disturbs_what_the_small_form_does_and_more(name):
    asked = []
    for form in (name, f"{name}_small"):
        lines = (FLAGS / "studies" / f"{form}.flags").read_text().splitlines()
        asked.append(
            {
                re.split("[:@]", line.removeprefix("--disturb="))[0]
                for line in lines
                if line.startswith("--disturb=")
            }
        )
        # With two seeds t has one degree of freedom.
        assert sum(line.startswith("--seed=") for line in lines) == 3
    assert asked[1] < asked[0]
