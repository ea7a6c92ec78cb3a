"""Recordings to frames: Whisper's own, cut to what was recorded."""

import io

import numpy as np
import pytest

from backbones.speech import waveforms
from stilts_keras.backbones.log_mel import MAX_SAMPLES
from stilts_keras.backbones.log_mel import LogMel
from stilts_keras.backbones.log_mel import mel_filters
from stilts_keras.errors import InputError

SECOND = 16_000
LENGTHS = {
    "whole positions": 3 * SECOND,
    "part of a position": 2 * SECOND + 123,
    "less than a window": 37,
    "just under 30 s": MAX_SAMPLES - 100,
    "30 s": MAX_SAMPLES,
    "above 30 s": MAX_SAMPLES + 5 * SECOND,
}


@pytest.fixture(scope="module")
def extractor():
    transformers = pytest.importorskip("transformers")
    return transformers.WhisperFeatureExtractor()


def frames_of(waveform):
    (found,) = LogMel().encode([waveform])
    return found.frames


def exact(extractor, waveform):
    """transformers' frames by its NumPy path, which rounds least: (n, m)."""
    found = extractor._np_extract_fbank_features([waveform], "cpu")
    return found[0].T


def padded(waveform, length):
    heard = waveform[:length]
    return np.pad(heard, (0, length - len(heard)))


# -------------------------------------------------------- Equal to transformers
@pytest.mark.parametrize("num_mels", [80, 128])
def test_filters_are_those_of_transformers(num_mels):
    transformers = pytest.importorskip("transformers")
    theirs = transformers.WhisperFeatureExtractor(feature_size=num_mels)
    assert np.abs(mel_filters(num_mels) - theirs.mel_filters).max() < 1e-12


@pytest.mark.parametrize("name", LENGTHS)
def test_frames_are_those_of_audio_padded_to_30_s_cut_to_its_length(
    extractor, name
):
    (waveform,) = waveforms(LENGTHS[name], hum=0.0)
    found = frames_of(waveform)
    assert found.dtype == "float32"
    num_positions = -(-min(len(waveform), MAX_SAMPLES) // 320)
    assert found.shape == (2 * num_positions, 80)
    expected = exact(extractor, padded(waveform, MAX_SAMPLES))
    assert np.abs(found - expected[: len(found)]).max() < 1e-6
    # As it is called, which is in float32 on torch.
    called = extractor(waveform, sampling_rate=SECOND)["input_features"]
    assert np.abs(found - called[0].T[: len(found)]).max() < 1e-5


def test_without_padding_only_the_last_two_frames_differ(extractor):
    """There the end is mirrored where here, as with padding, silence is."""
    (waveform,) = waveforms(3 * SECOND)
    found = frames_of(waveform)
    apart = np.abs(found - exact(extractor, waveform)).max(axis=1)
    assert apart[:-2].max() < 1e-6
    assert apart[-2:].max() > 1e-3


def test_sound_in_the_last_window_alone_sets_the_floor_as_with_padding(
    extractor,
):
    # What is loudest lies beyond the frames that are kept.
    waveform = np.zeros(3 * SECOND, "float32")
    waveform[-10:] = 1.0
    expected = exact(extractor, padded(waveform, MAX_SAMPLES))
    found = frames_of(waveform)
    assert np.abs(found - expected[: len(found)]).max() < 1e-6


def test_frames_of_a_tone_are_those_of_transformers(extractor):
    """By its NumPy path; on torch it rounds otherwise near the floor."""
    (waveform,) = waveforms(2 * SECOND)
    found = frames_of(waveform)
    expected = exact(extractor, padded(waveform, MAX_SAMPLES))
    assert np.abs(found - expected[: len(found)]).max() < 1e-6


def test_real_files_give_the_frames_of_transformers(extractor, material):
    """As of a tone: speech has bands of next to nothing, too."""
    soundfile = pytest.importorskip("soundfile")
    parquet = pytest.importorskip("pyarrow.parquet")
    places = sorted(material.glob("data/WueNLP/sib-fleurs/**/*.parquet"))
    if not places:
        pytest.skip("needs the recordings of WueNLP/sib-fleurs")
    for place in places[::4]:
        rows = next(parquet.ParquetFile(place).iter_batches(1)).to_pylist()
        content = rows[0]["audio"][0]["bytes"]
        waveform, rate = soundfile.read(io.BytesIO(content), dtype="float32")
        assert rate == SECOND
        found = frames_of(waveform)
        expected = exact(extractor, padded(waveform, MAX_SAMPLES))
        assert np.abs(found - expected[: len(found)]).max() < 1e-6
        called = extractor(waveform, sampling_rate=SECOND)["input_features"]
        apart = np.abs(found - called[0].T[: len(found)])
        assert apart.max() < 1e-4 and apart.mean() < 1e-6


# ------------------------------------------------------------ As a tokenizer is
def test_what_is_cut_is_counted_in_positions_of_the_whole_recording():
    log_mel = LogMel()
    short, long = log_mel.encode(waveforms(320 * 7 + 1, MAX_SAMPLES + 320 * 10))
    assert (len(short), len(long)) == (8, 1500)
    (kept,), num_cut = log_mel.fit([short], 8)
    assert (len(kept), num_cut) == (8, 0)
    (kept,), num_cut = log_mel.fit([short], 5)
    assert (len(kept), num_cut) == (5, 3)
    # Cut frames are the first ones of the whole recording.
    assert np.array_equal(kept.frames, short.frames[:10])
    (kept,), num_cut = log_mel.fit([long], 1500)
    assert (len(kept), num_cut) == (1500, 10)


def test_a_feature_is_its_frames_and_padding_is_zeros_and_masked():
    log_mel = LogMel(24)
    frames = log_mel.encode(waveforms(320 * 3, 320 * 5))
    sequences = [log_mel.join(each) for each in frames]
    columns = log_mel.columns(sequences)
    assert columns["length"] == [3, 5]
    assert all(isinstance(content, bytes) for content in columns["frames"])
    x = log_mel.arrays(columns, 8)
    assert x["frames"].shape == (2, 8 * 2 * 24)
    assert x["frames"].dtype == "float32"
    assert x["padding_mask"].dtype == bool
    assert x["padding_mask"].sum(axis=1).tolist() == [3, 5]
    for row, each in zip(x["frames"], frames, strict=True):
        rows = row.reshape(-1, 24)
        assert np.array_equal(rows[: len(each.frames)], each.frames)
        assert not rows[len(each.frames) :].any()


def test_frames_of_one_recording_do_not_depend_on_others():
    both = LogMel().encode(waveforms(5000, 9000))
    (alone,) = LogMel().encode(waveforms(5000))
    assert np.array_equal(both[0].frames, alone.frames)


def test_features_are_kept_apart_by_what_frames_depend_on():
    assert LogMel().fingerprint == LogMel(80).fingerprint
    assert LogMel().fingerprint != LogMel(128).fingerprint


def test_silence_has_frames():
    found = frames_of(np.zeros(1000, "float32"))
    assert found.shape == (8, 80)
    assert np.unique(found).tolist() == [-1.5]


@pytest.mark.parametrize(
    ("recording", "pattern"),
    [
        ("text", "reads recordings. Received: text"),
        (np.zeros(0, "float32"), r"one channel.*shape \(0,\)"),
        (np.zeros((2, 9), "float32"), r"one channel.*shape \(2, 9\)"),
        (np.array([0.0, np.nan]), "samples that are no numbers"),
    ],
)
def test_what_is_no_recording_is_refused_in_one_line(recording, pattern):
    with pytest.raises(InputError, match=pattern) as raised:
        LogMel().encode([recording])
    assert "\n" not in str(raised.value)
