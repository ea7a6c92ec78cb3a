"""Voices from files to scores: a tiny Whisper learns what they hum."""

import pytest

from command import TINY_SIZES
from command import stilts
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.data.sources import open_data
from stilts_keras.errors import InputError
from stilts_keras.export import export
from stilts_keras.predict import predict
from stilts_keras.records import predictions
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import Score
from stilts_keras.tasks import SIB_FLEURS

NUM_ITEMS, NUM_RECORDINGS = 84, 112


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speech")
    out = stilts(
        "run",
        "--route=minds14:40",
        "--targets=sib_fleurs",
        "--languages=en,tr",
        "--disturb=white_noise:5",
        "--backbone=random",
        "--family=whisper",
        *(f"--{name}={value}" for name, value in TINY_SIZES.items()),
        "--data=pocket",
        "--epochs=4",
        "--learning_rate=0.01",
        "--eval_every_steps=0",
        "--keras_backend=torch",
        f"--run_dir={folder}",
    ).stdout
    return folder, out, read_rows(folder / "results.jsonl", Score)


def of(rows, language, disturbance=""):
    (row,) = (
        row
        for row in rows
        if (row.language, row.metric, row.disturbance)
        == (language, "accuracy", disturbance)
    )
    return row


def test_what_is_hummed_is_learnt_in_another_language_too(finished):
    _, _, rows = finished
    for language in ("en", "tr"):
        row = of(rows, language)
        assert row.low > row.chance
        assert row.zero_shot == (language == "tr")


def test_an_item_is_scored_once_however_often_it_was_said(finished):
    folder, _, rows = finished
    assert {row.n for row in rows} == {NUM_ITEMS}
    files = list(folder.rglob("predictions/**/test-tr.jsonl"))
    assert len(files) == 2
    for file in files:
        assert len(file.read_text().splitlines()) == NUM_ITEMS


def test_noise_as_loud_as_the_voices_is_heard(finished):
    _, out, rows = finished
    for language in ("en", "tr"):
        noisy = of(rows, language, "white_noise")
        assert noisy.severity == 5
        assert noisy.value < of(rows, language).value
    assert "0 dB of the recording above the noise" in out


def stage_of(folder):
    (stage,) = folder.glob("stages/minds14:40/sib_fleurs/*")
    return stage


def test_rows_without_labels_are_predicted_as_the_run_did(finished, tmp_path):
    folder, _, _ = finished
    rows = open_data("pocket").load(SIB_FLEURS, "tr", "test")
    file = tmp_path / "rows/WueNLP/sib-fleurs/tur_Latn/test.parquet"
    file.parent.mkdir(parents=True)
    rows.remove_columns("category").to_parquet(file)
    written = predict(
        stage_of(folder),
        SIB_FLEURS,
        data=open_data(str(tmp_path / "rows")),
        output=tmp_path / "predicted",
    )
    known = predictions.file_of(
        folder,
        route="minds14:40",
        target="sib_fleurs",
        seed=1,
        split="test",
        language="tr",
    )
    _, guesses, _ = predictions.read(known)
    assert list(written) == ["tr"]
    assert written["tr"].read_text().splitlines() == guesses


def test_a_stage_that_hears_is_a_backbone_again_and_never_exported(
    finished, tmp_path
):
    stage = stage_of(finished[0])
    assert describe_backbone(stage).reads == "audio"
    for task in (None, "none"):
        with pytest.raises(InputError, match="attends to the silence"):
            export(stage, tmp_path / "exported", task=task)
    assert not list(tmp_path.iterdir())
