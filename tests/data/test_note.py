"""What a folder says of its rows stands wherever a figure of them does."""

import json

import pytest

import fake_runs
from stilts_keras.data import note
from stilts_keras.data.sources import open_data
from stilts_keras.errors import InputError
from stilts_keras.reporting import report
from stilts_keras.reporting.evidence import gather
from stilts_keras.tasks import get_task

TEXT = "synthetic speech, spoken by nobody"


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "facebook/xnli/de"
    place.mkdir(parents=True)
    row = {"premise": "a", "hypothesis": "b", "label": 0}
    (place / "test.jsonl").write_text(json.dumps(row) + "\n")
    return tmp_path


def test_a_repositorys_note_is_read_whichever_source_holds_the_rows(folder):
    xnli = get_task("xnli")
    data = open_data(f"{folder},pocket")
    assert data.note(xnli, "de", "test") == ""
    note.note_of.cache_clear()
    (folder / "facebook/xnli/NOTE.md").write_text(
        "synthetic speech,\n spoken by nobody\n"
    )
    assert data.note(xnli, "de", "test") == TEXT
    # These rows are from the pocket.
    assert data.note(xnli, "en", "test") == ""


@pytest.mark.parametrize("text", [" \n", "x" * 301])
def test_an_empty_or_long_note_is_refused(folder, text):
    note.note_of.cache_clear()
    (folder / "facebook/xnli/NOTE.md").write_text(text)
    with pytest.raises(InputError, match="NOTE.md.*1 to 300"):
        open_data(str(folder)).note(get_task("xnli"), "de", "test")


def test_tables_figures_and_sentences_say_it(tmp_path):
    run_dir = tmp_path / "run"
    said = f"{note.DATA_NOTE}xnli: {TEXT}"
    gold = {"de": ["neutral", "entailment"] * 20}
    for route in ("pretrained", "mnli"):
        fake_runs.write_scores(
            run_dir, route, "xnli", gold, gold=gold, notes=(said,)
        )
    made = report.build(gather([run_dir]))
    assert said in made.sentences
    for name in ("summary", "xnli"):
        assert said in made.frames[name]["notes"]
    assert said in made.differences["xnli"]["notes"]
    _, svg = made.figures["differences_xnli"]
    assert TEXT in svg.decode()
