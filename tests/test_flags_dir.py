"""Every flagfile says what it answers, and plans."""

import pathlib
import re

import pytest

from stilts_keras.main import main
from stilts_keras.tasks import SUITES

ROOT = pathlib.Path(__file__).resolve().parents[1]
FLAGS = ROOT / "flags"
FLAGFILES = sorted(FLAGS.rglob("*.flags"))
NEEDS_DATA = {"real_small.flags", "real_xtreme_small.flags"}
NEEDS_POOLS = {"xtreme_xlmr_large.flags", "bucc2018.flags"}


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


@pytest.mark.parametrize("file", FLAGFILES, ids=lambda file: file.name)
def test_flagfile_plans(file, request, capsys, tmp_path, write_pools):
    extra = []
    if file.name in NEEDS_POOLS:
        for language in ("de", "fr", "ru", "zh"):
            write_pools(tmp_path, language)
        extra = [f"--data={tmp_path},hub"]
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
    assert names == set(SUITES["xtreme"])
