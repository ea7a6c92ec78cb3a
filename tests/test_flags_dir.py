"""Every flagfile says what it answers, and plans."""

import pathlib
import re

import pytest

from stilts_keras.main import main
from stilts_keras.scoring.suites import XTREME

ROOT = pathlib.Path(__file__).resolve().parents[1]
FLAGS = ROOT / "flags"
FLAGFILES = sorted(FLAGS.rglob("*.flags"))
NEEDS_DATA = {"real_small.flags", "real_xtreme_small.flags"}
STUDIES = {
    "number_of_tasks.flags",
    "multitask_vs_sequential.flags",
    "paper_grid.flags",
}
NEEDS_BACKBONE = {"source_language_scaling_small.flags"}
NEEDS_SENTENCES = {"mt5_source_language.flags"}
NEEDS_POOLS = {"xtreme_xlmr_large.flags", "bucc2018.flags", *STUDIES}
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


def test_every_target_of_xtreme_has_a_flagfile():
    names = {file.stem for file in (FLAGS / "xtreme").glob("*.flags")}
    assert names == set(XTREME.names)
