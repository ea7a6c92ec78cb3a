"""Every flagfile says what it answers, and plans."""

import pathlib
import re

import pytest

from stilts_keras.main import main

ROOT = pathlib.Path(__file__).resolve().parents[1]
FLAGFILES = sorted((ROOT / "flags").rglob("*.flags"))
NEEDS_DATA = {"real_small.flags"}


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
    assert f"--flagfile=flags/{file.name}" in text
    for word in ("Command:", "Hardware:", "Time:", "Expected:"):
        assert word in text, word


@pytest.mark.parametrize("file", FLAGFILES, ids=lambda file: file.name)
def test_flagfile_plans(file, request, capsys):
    extra = []
    if file.name in NEEDS_DATA:
        data = request.getfixturevalue("material") / "data"
        tokenizer = "FacebookAI/xlm-roberta-base/sentencepiece.bpe.model"
        extra = [f"--data={data}", f"--tokenizer={data / tokenizer}"]
    status = main(["stilts", "plan", f"--flagfile={file}", *extra])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    assert "to train" in captured.out
    assert re.search(r"-> \w+ in \d+ languages", captured.out)
