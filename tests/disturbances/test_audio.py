"""Disturbances of recordings do what they say, measured on the samples."""

import numpy as np
import pytest
from scipy import signal

from stilts_keras.audio.decoding import SAMPLE_RATE_HZ
from stilts_keras.audio.decoding import Recording
from stilts_keras.audio.decoding import decode
from stilts_keras.data.pocket.voices import hum
from stilts_keras.disturbances import DISTURBANCES
from stilts_keras.tasks import SIB_FLEURS
from stilts_keras.tasks import SIB_FLEURS_TEXT
from stilts_keras.tasks import XNLI
from stilts_keras.tasks.example import Recordings

OF_AUDIO = [known for known in DISTURBANCES.values() if known.reads == "audio"]
NAMES = [known.name for known in OF_AUDIO]
SEVERITIES = range(1, 6)


def voice(seconds=3.0, seed=0):
    """Sounds like speech: loud and soft, of many frequencies."""
    rng = np.random.default_rng(seed)
    num = round(seconds * SAMPLE_RATE_HZ)
    noise = signal.lfilter([1], [1, -0.9], rng.standard_normal(num))
    times = np.arange(num) / SAMPLE_RATE_HZ
    loudness = 0.55 + 0.45 * np.sin(2 * np.pi * 3 * times)
    return (0.05 * noise * loudness).astype("float32")


def example(*waves):
    recordings = tuple(
        Recording(name=f"{n}.wav", samples=wave) for n, wave in enumerate(waves)
    )
    return Recordings(recordings=recordings, label="travel")


def disturbed(name, severity, *waves, number=0):
    found = (
        DISTURBANCES[name]
        .at(severity)
        .apply(
            example(*waves),
            task="sib_fleurs",
            language="de",
            split="test",
            number=number,
        )
    )
    assert found.label == "travel"
    assert [each.name for each in found.recordings] == [
        f"{n}.wav" for n in range(len(waves))
    ]
    samples = [each.samples for each in found.recordings]
    assert all(each.dtype == np.float32 for each in samples)
    assert all(np.isfinite(each).all() for each in samples)
    return samples


def strength(name, severity):
    return DISTURBANCES[name].at(severity).strength


def test_all_that_was_promised_is_there():
    assert (
        NAMES
        == sorted(NAMES)
        == [
            "babble",
            "band_limit",
            "clipping",
            "gain",
            "masked_spans",
            "reverberation",
            "speed",
            "white_noise",
        ]
    )
    assert strength("white_noise", 1) == strength("babble", 1) == 20
    assert strength("white_noise", 5) == strength("babble", 5) == 0


@pytest.mark.parametrize("name", NAMES)
def test_they_are_of_recordings_alone(name):
    assert DISTURBANCES[name].fits(SIB_FLEURS)
    assert not DISTURBANCES[name].fits(SIB_FLEURS_TEXT)
    assert not DISTURBANCES[name].fits(XNLI)


@pytest.mark.parametrize("name", NAMES)
def test_severity_0_is_the_very_example(name):
    clean = example(voice())
    setting = DISTURBANCES[name].at(0)
    names = {"task": "x", "language": "de", "split": "test", "number": 0}
    assert setting.apply(clean, **names) is clean


@pytest.mark.parametrize("name", NAMES)
def test_the_example_alone_decides_what_is_drawn(name):
    wave = voice(0.5)
    before = wave.copy()
    first, again = (disturbed(name, 3, wave)[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    # What was read is as it was.
    np.testing.assert_array_equal(wave, before)
    assert len(first) != len(wave) or not np.array_equal(first, wave)


@pytest.mark.parametrize(
    "name",
    ["babble", "masked_spans", "reverberation", "speed", "white_noise"],
)
def test_rows_and_recordings_of_one_row_are_drawn_by_themselves(name):
    wave = voice(3.0)
    one, other = disturbed(name, 5, wave, wave)
    third = [disturbed(name, 5, wave, number=n)[0] for n in range(1, 9)]
    assert any(
        len(each) != len(one) or not np.array_equal(each, one)
        for each in (other, *third)
    )


@pytest.mark.parametrize("name", NAMES)
def test_silence_and_a_single_sample_stay_what_they_are(name):
    silent = np.zeros(4_000, "float32")
    (found,) = disturbed(name, 5, silent)
    assert not found.any()
    (found,) = disturbed(name, 5, np.full(1, 0.5, "float32"))
    assert len(found) >= 1


# ------------------------------------------------------------------ Noise
@pytest.mark.parametrize("name", ["white_noise", "babble"])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_the_ratio_of_signal_to_noise_is_what_was_asked_for(name, severity):
    wave = voice()
    (found,) = disturbed(name, severity, wave)
    noise = found.astype("float64") - wave
    ratio = 10 * np.log10(np.mean(wave**2.0) / np.mean(noise**2))
    assert abs(ratio - strength(name, severity)) < 0.01


@pytest.mark.parametrize("name", ["white_noise", "babble"])
def test_a_higher_severity_has_the_same_noise_louder(name):
    wave = voice()
    soft, loud = (
        disturbed(name, severity, wave)[0].astype("float64") - wave
        for severity in (1, 5)
    )
    np.testing.assert_allclose(loud, 10 * soft, atol=1e-5)


def low_share(samples):
    power = np.abs(np.fft.rfft(samples)) ** 2
    return power[: len(power) // 4].sum() / power.sum()


def test_white_noise_is_white_and_babble_has_the_voice_s_frequencies():
    wave = voice()
    white, babble = (
        disturbed(name, 5, wave)[0] - wave for name in ("white_noise", "babble")
    )
    assert abs(low_share(white) - 0.25) < 0.02
    assert abs(low_share(babble) - low_share(wave)) < 0.05
    # But it says nothing of when the voice is loud.
    envelopes = [
        signal.resample_poly(np.abs(each), 1, 400) for each in (babble, wave)
    ]
    assert abs(np.corrcoef(*envelopes)[0, 1]) < 0.4


# --------------------------------------------------------- The microphone
@pytest.mark.parametrize("severity", SEVERITIES)
def test_speed_changes_length_and_pitch_by_the_factor(severity):
    times = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    wave = (0.3 * np.sin(2 * np.pi * 500 * times)).astype("float32")
    factor, seen = strength("speed", severity), set()
    for number in range(12):
        (found,) = disturbed("speed", severity, wave, number=number)
        ratio = len(wave) / len(found)
        seen.add(ratio > 1)
        assert abs(max(ratio, 1 / ratio) - factor) < 0.01
        spectrum = np.abs(np.fft.rfft(found * np.hanning(len(found))))
        hz = spectrum.argmax() * SAMPLE_RATE_HZ / len(found)
        assert abs(hz - 500 * ratio) < 5
    assert seen == {True, False}


@pytest.mark.parametrize("severity", SEVERITIES)
def test_gain_is_so_many_db_and_has_steps_of_16_bits(severity):
    wave = voice()
    (found,) = disturbed("gain", severity, wave)
    quieter = 10 * np.log10(np.mean(wave**2.0) / np.mean(found**2.0))
    assert abs(quieter - strength("gain", severity)) < 0.5
    steps = found.astype("float64") * 2**15
    np.testing.assert_array_equal(steps, np.round(steps))


@pytest.mark.parametrize("severity", SEVERITIES)
def test_the_share_of_clipped_samples_is_what_was_asked_for(severity):
    wave = voice()
    (found,) = disturbed("clipping", severity, wave)
    share = np.mean(found != wave)
    assert abs(share - strength("clipping", severity)) < 0.001
    assert np.ptp(np.abs(found[found != wave])) == 0


def test_clipping_leaves_sound_amid_digital_silence():
    """Seven tenths of zeros would else be most of the samples."""
    silence = np.zeros(7 * SAMPLE_RATE_HZ, "float32")
    (found,) = disturbed("clipping", 5, np.concatenate([silence, voice()]))
    (alone,) = disturbed("clipping", 5, voice())
    np.testing.assert_array_equal(found[len(silence) :], alone)
    assert alone.any()
    (found,) = disturbed("clipping", 5, silence)
    assert not found.any()


@pytest.mark.parametrize("severity", SEVERITIES)
def test_what_is_above_the_band_is_gone_and_the_rest_is_left(severity):
    edge = strength("band_limit", severity)
    (found,) = disturbed("band_limit", severity, voice())
    bins, before = signal.welch(voice(), SAMPLE_RATE_HZ, nperseg=4096)
    _, after = signal.welch(found, SAMPLE_RATE_HZ, nperseg=4096)
    kept, gone = bins < 0.8 * edge, bins > 1.5 * edge
    np.testing.assert_allclose(after[kept], before[kept], rtol=0.2)
    # 24 dB at least.
    assert (after[gone] < before[gone] * 10**-2.4).all()


# --------------------------------------------------------------- The room
@pytest.mark.parametrize("severity", SEVERITIES)
def test_the_echo_falls_by_60_db_in_the_time_asked_for(severity):
    """Schroeder's integral of what becomes of a single click."""
    seconds = strength("reverberation", severity)
    click = np.zeros(round(3 * SAMPLE_RATE_HZ), "float32")
    click[0] = 1
    (found,) = disturbed("reverberation", severity, click)
    left = np.cumsum(found[:0:-1].astype("float64") ** 2)[::-1]
    decibels = 10 * np.log10(left / left[0])
    # By the line from -5 to -25 dB, as rooms are measured.
    begin, end = (np.argmax(decibels < level) for level in (-5, -25))
    measured = 3 * (end - begin) / SAMPLE_RATE_HZ
    assert abs(measured / seconds - 1) < 0.1
    # As loud as the direct sound.
    assert abs(found[0] ** 2 / np.sum(found**2.0) - 0.5) < 0.01


def test_reverberation_keeps_length_and_loudness():
    wave = voice()
    (found,) = disturbed("reverberation", 5, wave)
    assert len(found) == len(wave)
    assert abs(np.mean(found**2.0) / np.mean(wave**2.0) - 1) < 1e-3


# ----------------------------------------------------------------- Gaps
@pytest.mark.parametrize("severity", SEVERITIES)
def test_the_share_of_silenced_time_is_what_was_asked_for(severity):
    shares = []
    for number in range(20):
        wave = voice(5.0, seed=number)
        (found,) = disturbed("masked_spans", severity, wave, number=number)
        is_silenced = found == 0
        shares.append(is_silenced.mean())
        np.testing.assert_array_equal(found[~is_silenced], wave[~is_silenced])
    assert abs(np.mean(shares) - strength("masked_spans", severity)) < 0.01


def test_gaps_of_a_low_severity_are_gaps_of_a_high_one():
    wave = voice(5.0)
    gaps = [
        disturbed("masked_spans", severity, wave)[0] == 0
        for severity in SEVERITIES
    ]
    for fewer, more in zip(gaps, gaps[1:], strict=False):
        assert (more | ~fewer).all()


def test_a_hummed_voice_is_still_a_voice_after_all_of_them():
    wave = decode(hum(3, "de", "seed", 16_000), "x").samples
    for name in NAMES:
        for severity in SEVERITIES:
            (found,) = disturbed(name, severity, wave)
            assert np.abs(found).max() < 4
