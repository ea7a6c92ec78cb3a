"""Sound files become mono at 16 kHz, with the frequencies that they had."""

import io

import numpy as np
import pytest
import soundfile

from stilts_keras.audio.decoding import SAMPLE_RATE_HZ
from stilts_keras.audio.decoding import BrokenRecording
from stilts_keras.audio.decoding import decode
from stilts_keras.audio.decoding import resample

HZ = 440


def tone(rate, hz=HZ, seconds=1.0, loudness=0.5):
    times = np.arange(round(rate * seconds)) / rate
    return (loudness * np.sin(2 * np.pi * hz * times)).astype("float32")


def file_of(samples, rate, **options):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, **options)
    return file.getvalue()


def loudest_hz(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return spectrum.argmax() * SAMPLE_RATE_HZ / len(samples)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize(
    "options",
    [
        {"format": "WAV", "subtype": "PCM_16"},
        {"format": "WAV", "subtype": "FLOAT"},
        {"format": "FLAC"},
        {"format": "OGG", "subtype": "VORBIS"},
    ],
    ids=lambda options: " ".join(options.values()),
)
def test_a_tone_keeps_its_frequency_and_length(rate, options):
    found = decode(file_of(tone(rate), rate, **options), "tone")
    assert found.name == "tone" and found.samples.dtype == "float32"
    assert len(found.samples) == SAMPLE_RATE_HZ
    assert abs(loudest_hz(found.samples) - HZ) <= 1
    middle = found.samples[1000:-1000]
    assert abs(np.abs(middle).max() - 0.5) < 0.02


def test_opus_is_read():
    data = file_of(tone(48_000), 48_000, format="OGG", subtype="OPUS")
    assert abs(loudest_hz(decode(data, "tone").samples) - HZ) <= 1


def test_16_khz_is_left_as_it_is():
    samples = tone(16_000)
    data = file_of(samples, 16_000, format="WAV", subtype="FLOAT")
    np.testing.assert_array_equal(decode(data, "tone").samples, samples)


def test_channels_are_averaged():
    left, right = tone(16_000, 300), tone(16_000, 2_000)
    both = np.stack([left, right], axis=1)
    data = file_of(both, 16_000, format="WAV", subtype="FLOAT")
    np.testing.assert_allclose(
        decode(data, "tone").samples, (left + right) / 2, atol=1e-6
    )


@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_resampling_equals_interpolation_by_whole_periods(rate):
    """Fourier's: exact for sounds that repeat in the window, as these do."""
    rng = np.random.default_rng(0)
    hz = rng.integers(50, 3_000, size=20)
    samples = sum(tone(rate, x, loudness=0.02) for x in hz)
    spectrum = np.fft.rfft(samples)
    exact = np.fft.irfft(
        np.pad(spectrum, (0, SAMPLE_RATE_HZ))[: SAMPLE_RATE_HZ // 2 + 1],
        SAMPLE_RATE_HZ,
    ) * (SAMPLE_RATE_HZ / rate)
    # A filter knows nothing of what was before and after.
    inner = slice(400, -400)
    found = resample(samples, rate)
    error = np.abs(found - exact)[inner].max()
    assert error < 0.01 * np.abs(exact).max()


def test_what_16_khz_cannot_say_is_taken_out_and_not_folded():
    found = resample(tone(48_000, 11_000), 48_000)
    # It would be heard at 5 kHz.
    assert np.abs(found[400:-400]).max() < 0.005


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "Format not recognised"),
        (b"no sound at all" * 100, "Format not recognised"),
        (file_of(tone(8_000), 8_000, format="WAV")[:40], "\\w"),
        (file_of(tone(8_000)[:0], 8_000, format="WAV"), "no samples"),
        (
            file_of(
                np.full(100, np.nan, "float32"),
                8_000,
                format="WAV",
                subtype="FLOAT",
            ),
            "no numbers",
        ),
    ],
    ids=["empty", "text", "cut in its header", "no samples", "no numbers"],
)
def test_a_broken_file_says_why(data, reason):
    with pytest.raises(BrokenRecording, match=reason):
        decode(data, "x")


@pytest.mark.parametrize(
    ("loudness", "is_silent"), [(0, True), (5e-5, True), (2e-4, False)]
)
def test_silent_is_what_is_below_80_db(loudness, is_silent):
    data = file_of(
        tone(16_000, loudness=loudness), 16_000, format="WAV", subtype="FLOAT"
    )
    assert decode(data, "x").is_silent is is_silent
