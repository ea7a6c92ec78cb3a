"""Files of recordings on their way to features: broken, silent, long, many."""

import dataclasses
import io
import re

import datasets
import numpy as np
import pytest
import soundfile

from stilts_keras.audio import decoding
from stilts_keras.backbones.log_mel import LogMel
from stilts_keras.data import features as feature_making
from stilts_keras.data import sources
from stilts_keras.data.features import load_features
from stilts_keras.data.features_cache import key_of
from stilts_keras.errors import InputError
from stilts_keras.problems import problem_of
from stilts_keras.tasks import SIB_FLEURS
from stilts_keras.tasks import SIB_FLEURS_RECOGNISED
from stilts_keras.tasks import SIB_FLEURS_TEXT
from stilts_keras.tasks.audio_columns import Audio

RATE = 16_000
NAMES = list(SIB_FLEURS.numbered_labels)


def sound(seconds=0.1, loudness=0.5, rate=RATE):
    times = np.arange(round(rate * seconds)) / rate
    file = io.BytesIO()
    samples = loudness * np.sin(2 * np.pi * 300 * times)
    soundfile.write(file, samples, rate, format="FLAC")
    return file.getvalue()


GOOD, SILENT, BROKEN = sound(), sound(loudness=0), b"no sound" * 9


def write(folder, split, files, *, hub=False, **changes):
    """Writes items, each of a list of files; as the Hub has them, or plain."""
    rows = {
        "index_id": list(range(len(files))),
        "category": [n % 7 for n in range(len(files))],
        "text": [f"Text {n}." for n in range(len(files))],
        "whisper_asr": [
            [f"Heard {n} {k}." for k in range(len(each))]
            for n, each in enumerate(files)
        ],
        "audio": [
            [
                {"bytes": data, "path": f"fleurs/{n}-{k}.flac"}
                for k, data in enumerate(each)
            ]
            for n, each in enumerate(files)
        ],
    } | changes
    audio = {
        "bytes": datasets.Value("binary"),
        "path": datasets.Value("string"),
    }
    kinds = {
        "index_id": datasets.Value("int64"),
        "category": datasets.Value("int64"),
        "text": datasets.Value("string"),
        "whisper_asr": datasets.List(datasets.Value("string")),
        "audio": datasets.List(audio),
    }
    file = folder / "WueNLP" / "sib-fleurs" / "eng_Latn" / f"{split}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    data = datasets.Dataset.from_dict(rows, features=datasets.Features(kinds))
    if hub:
        data = data.cast_column("audio", datasets.List(datasets.Audio()))
    data.to_parquet(file)


def load(folder, split="train", task=SIB_FLEURS, **changes):
    problem = problem_of(task)
    arguments = {"max_length": 50, "count": None, "tokenizer": LogMel()}
    return load_features(
        sources.open_data(str(folder)),
        task,
        "en",
        split,
        pack=problem.pack,
        pack_key=problem.pack_key,
        **(arguments | changes),
    )


@pytest.mark.parametrize("hub", [True, False], ids=["Hub", "plain"])
def test_every_recording_is_a_feature_of_its_item(tmp_path, hub):
    write(tmp_path, "train", [[GOOD], [GOOD, sound(0.2)], [GOOD]], hub=hub)
    split = load(tmp_path)
    assert split.features["example"][:] == [0, 1, 1, 2]
    # 20 ms each.
    assert split.lengths.tolist() == [5, 5, 10, 5]
    labels = [SIB_FLEURS.labels.index(NAMES[n]) for n in (0, 1, 1, 2)]
    assert split.features["label"][:] == labels
    assert [item.label for item in split.examples] == NAMES[:3]


def test_other_tasks_of_the_rows_never_see_the_sound(tmp_path):
    write(tmp_path, "train", [[BROKEN]] * 3, hub=True)
    data = sources.open_data(str(tmp_path))
    for task in (SIB_FLEURS_TEXT, SIB_FLEURS_RECOGNISED):
        rows = data.load(task, "en", "train")
        assert "audio" not in rows.column_names
    item = SIB_FLEURS_RECOGNISED.to_example(rows[1] | {"category": "travel"})
    assert item.texts == ("Heard 1 0.",)


# ------------------------------------------------------------- What is wrong
def test_a_broken_file_is_left_out_of_what_is_learnt_from_by_name(tmp_path):
    files = [[GOOD]] * 200
    files[7] = [GOOD, BROKEN]
    write(tmp_path, "train", files)
    split = load(tmp_path)
    assert len(split.features) == 199
    assert split.examples[7] is None and split.examples[8].label == NAMES[1]
    (note,) = split.notes()
    assert "1 of 200 rows left out: a broken audio '7-1.flac': " in note
    assert note.endswith("row 7")
    with pytest.raises(InputError, match=r"row 7 has a broken audio '7-1\.fl"):
        load(tmp_path, bad_rows="error")


def test_a_file_that_was_cut_is_a_bad_row_by_its_name(tmp_path):
    file = io.BytesIO()
    soundfile.write(file, np.full(RATE, 0.5), RATE, format="WAV")
    cut = file.getvalue()[: 44 + RATE]
    write(tmp_path, "train", [[GOOD]] * 199 + [[GOOD, cut]])
    (note,) = load(tmp_path).notes()
    assert note.endswith(
        "left out: a broken audio '199-1.flac': cut off, 16,000 of 32,000 "
        "bytes are there, row 199"
    )


def test_more_than_one_in_a_hundred_is_an_error(tmp_path):
    write(tmp_path, "train", [[GOOD]] * 50 + [[BROKEN]])
    with pytest.raises(InputError, match=r"row 50 has a broken audio '50-0"):
        load(tmp_path)


def test_an_evaluated_broken_file_is_an_error(tmp_path):
    write(tmp_path, "test", [[GOOD], [BROKEN]])
    with pytest.raises(InputError, match=r"row 1 has a broken audio '1-0\.fl"):
        load(tmp_path, "test", is_evaluated=True)


def test_a_silent_file_is_not_learnt_from_but_is_evaluated(tmp_path):
    files = [[GOOD]] * 199 + [[SILENT, GOOD]]
    write(tmp_path, "train", files)
    write(tmp_path, "test", files)
    (note,) = load(tmp_path).notes()
    assert note.endswith("left out: silent audio '199-0.flac', row 199")
    split = load(tmp_path, "test", is_evaluated=True)
    assert len(split.features) == 201
    (note,) = split.notes()
    assert "evaluated, though nothing is heard: silent audio '199" in note


@pytest.mark.parametrize(
    ("value", "fault"),
    [([], "no audio"), ([None], "null in audio"), (None, "null in audio")],
)
def test_an_item_without_a_recording_is_missing(tmp_path, value, fault):
    rows = [[{"bytes": GOOD, "path": "a"}], value]
    write(tmp_path, "test", [[GOOD]] * 2, audio=rows)
    with pytest.raises(InputError, match=f"row 1 has {fault}"):
        load(tmp_path, "test", is_evaluated=True)


def test_a_path_alone_is_not_followed(tmp_path):
    """Its file could change, and no fingerprint would."""
    file = tmp_path / "a.flac"
    file.write_bytes(GOOD)
    files = [[{"bytes": None, "path": str(file)}]]
    write(tmp_path, "test", [[GOOD]], audio=files)
    with pytest.raises(InputError, match="row 0 has no bytes of audio 'a.fl"):
        load(tmp_path, "test", is_evaluated=True)


@pytest.mark.parametrize(
    "file",
    [
        {"bytes": "UklGRiQ=", "path": "a.wav"},
        {"bytes": [82, 73], "path": "a.wav"},
        {"bytes": GOOD, "path": 7},
    ],
    ids=["text", "numbers", "path"],
)
def test_what_is_no_bytes_is_wrong(file):
    """JSON has no bytes: such rows are refused in words."""
    for read in (Audio().read, Audio().read_lightly):
        with pytest.raises(ValueError, match="in audio. Expected an object"):
            read("audio", [file], ())


def test_a_column_of_sound_may_have_another_name(tmp_path):
    write(tmp_path, "train", [[GOOD]] * 2, hub=True)
    file = next(tmp_path.rglob("train.parquet"))
    rows = datasets.Dataset.from_parquet(str(file))
    rows.rename_column("audio", "speech").to_parquet(file)
    (repository,) = SIB_FLEURS.repositories
    renamed = dataclasses.replace(repository, columns={"audio": "speech"})
    task = dataclasses.replace(SIB_FLEURS, repositories=(renamed,))
    assert load(tmp_path, task=task).lengths.tolist() == [5, 5]


# --------------------------------------------------------- Long, and many
def test_long_recordings_are_cut_and_counted(tmp_path):
    write(tmp_path, "train", [[sound(1.0)], [sound(1.02)], [sound(2.0)]])
    split = load(tmp_path, max_length=50)
    assert split.lengths.tolist() == [50, 50, 50]
    assert split.features["num_cut"][:] == [0, 1, 50]
    assert split.num_cut_rows == 2


def test_features_are_made_once(tmp_path, monkeypatch):
    write(tmp_path, "train", [[GOOD]] * 3)
    first = load(tmp_path)
    monkeypatch.setattr(LogMel, "encode", None)
    again = load(tmp_path)
    assert again.features["frames"][:] == first.features["frames"][:]


def test_another_decoder_makes_features_of_sound_anew(tmp_path, monkeypatch):
    write(tmp_path, "train", [[GOOD]] * 3)
    first = load(tmp_path)
    for module, name, value in (
        (decoding, "DECODING_VERSION", 99),
        (soundfile, "__libsndfile_version__", "99.0"),
    ):
        monkeypatch.setattr(module, name, value)
        again = load(tmp_path)
        assert again.features._fingerprint != first.features._fingerprint
        first = again


def test_caches_of_text_stay_as_they_are(tmp_path):
    write(tmp_path, "train", [[GOOD]] * 3)
    data = sources.open_data(str(tmp_path))
    chosen = {"count": None, "numbers": None, "setting": None}
    chosen["shuffle_seed"] = None
    for task, more in ((SIB_FLEURS_TEXT, set()), (SIB_FLEURS, {"heard"})):
        key = key_of(data, task, "en", "train", **chosen)
        assert set(key) == {"features", "task", "data"} | more


def test_few_recordings_are_in_memory_at_once(tmp_path, monkeypatch):
    write(tmp_path, "train", [[GOOD, GOOD]] * 40)
    sizes = []

    class Counting(LogMel):
        def encode(self, waveforms):
            sizes.append(len(waveforms))
            return super().encode(waveforms)

    split = load(tmp_path, tokenizer=Counting())
    assert len(split.features) == 80
    assert sum(sizes) == 80
    assert max(sizes) == 2 * feature_making.AUDIO_BATCH_SIZE
    # What is predicted is known without them.
    assert all(
        recording.samples is None
        for item in split.examples
        for recording in item.recordings
    )


def test_features_are_as_large_as_16_bit_sound(tmp_path):
    write(tmp_path, "train", [[sound(10.0)]])
    split = load(tmp_path, max_length=1500)
    (frames,) = split.features["frames"][:]
    assert len(frames) == 2 * 10 * RATE


def test_the_synthetic_rows_read(material):
    split = load(material / "data", "test", max_length=1500, is_evaluated=True)
    assert len(split.features) == 60
    assert split.notes() == [] and split.num_cut_rows == 0
    assert re.fullmatch(r"\d+\.ogg", split.examples[0].recordings[0].name)
