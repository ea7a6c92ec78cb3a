"""Disturbances of recordings: noise, a bad microphone, a bad room, gaps.

All are of the samples, 16 kHz, before frames are made of them; what comes out
is as long as what goes in, but for `speed`. Samples are not cut at full scale,
but by `clipping`. Each recording of an example is disturbed by itself, and a
recording in which nothing is heard stays so.

SciPy and NumPy are imported inside functions: plans only ask for names.
"""

import dataclasses
import fractions

from stilts_keras.audio.decoding import SAMPLE_RATE_HZ
from stilts_keras.disturbances.disturbance import Disturbance
from stilts_keras.disturbances.shares import drawn

PROBLEMS = ("classification",)
NUM_VOICES = 8
SPAN_SECONDS = 0.1
FILTER_ORDER = 8
# A sound is away when a millionth of its power is left, -60 dB.
NEPERS_OF_60_DB = 6.9078
# What filters and resamples.
SCIPY = ("scipy",)


def in_recordings(operation):
    """Makes the `change` of a Disturbance that changes recordings.

    Args:
        operation: function (samples, *, strength, random) -> float array.
            `samples` is a float64 array (n,), `random` of this recording.

    Returns:
        Function, as `Disturbance.change`.
    """

    def change(example, *, language, strength, random):
        recordings = example.recordings
        changed = tuple(
            dataclasses.replace(
                recording,
                samples=operation(
                    recording.samples.astype("float64"),
                    strength=strength,
                    random=lot,
                ).astype("float32"),
            )
            for recording, lot in zip(
                recordings, random.spawn(len(recordings)), strict=True
            )
        )
        return dataclasses.replace(example, recordings=changed)

    return change


# ------------------------------------------------------------------ Noise
def with_white_noise(samples, *, strength, random):
    """Adds noise of all frequencies alike, at a ratio in dB."""
    return samples + _at_ratio(
        random.standard_normal(len(samples)), samples, strength
    )


def with_babble(samples, *, strength, random):
    """Adds voices that talk at once, at a ratio in dB.

    They are made of the recording itself: eight copies, each begun elsewhere,
    up to a quarter faster or slower and so higher or lower, and every second
    one backwards. So the babble has the voice's own frequencies, and needs no
    other recordings.
    """
    import numpy as np

    babble = np.zeros(len(samples))
    for number in range(NUM_VOICES):
        percent = int(random.integers(80, 126))
        voice = _faster(samples, fractions.Fraction(percent, 100))
        voice = voice[:: 1 if number % 2 else -1]
        voice = np.roll(voice, int(random.integers(len(voice))))
        babble += np.resize(voice, len(samples))
    return samples + _at_ratio(babble, samples, strength)


def _at_ratio(noise, samples, decibels):
    """Scales noise so that the samples' power is so many dB above it."""
    import numpy as np

    power, of_noise = np.mean(samples**2), np.mean(noise**2)
    if not of_noise:
        return noise
    return noise * np.sqrt(power / of_noise * 10 ** (-decibels / 10))


# --------------------------------------------------------- The microphone
def at_speed(samples, *, strength, random):
    """Plays faster or slower, by lot, and so higher or lower."""
    factor = fractions.Fraction(strength).limit_denominator(100)
    return _faster(samples, factor if random.random() < 0.5 else 1 / factor)


def _faster(samples, factor):
    from scipy import signal

    return signal.resample_poly(samples, factor.denominator, factor.numerator)


def quieter(samples, *, strength, random):
    """Records so many dB too softly, in steps of 16 bits."""
    import numpy as np

    steps = 2**15
    return np.round(samples * 10 ** (-strength / 20) * steps) / steps


def clipped(samples, *, strength, random):
    """Cuts a share of the samples at the loudness of the rest.

    Of those that are not zero: digital silence, as around synthetic speech,
    would else be the rest, and all sound be cut to it.
    """
    import numpy as np

    heard = samples[samples != 0]
    if not len(heard):
        return samples
    loudest = np.quantile(np.abs(heard), 1 - strength)
    return np.clip(samples, -loudest, loudest)


def below(samples, *, strength, random):
    """Leaves out what is above a frequency in Hz."""
    from scipy import signal

    sections = signal.butter(
        FILTER_ORDER, strength, fs=SAMPLE_RATE_HZ, output="sos"
    )
    return signal.sosfilt(sections, samples)


# --------------------------------------------------------------- The room
def reverberating(samples, *, strength, random):
    """Adds a room's echo, as loud as the voice, that takes so many s to fade.

    The echo is noise that falls by 60 dB in that time, the voice's loudness is
    kept, and what echoes on after the end is lost.
    """
    import numpy as np
    from scipy import signal

    # Drawn for the longest, so that a longer echo begins like a shorter one.
    num = round(max(STRENGTHS_SECONDS) * SAMPLE_RATE_HZ)
    times = np.arange(1, num + 1) / SAMPLE_RATE_HZ
    echo = random.standard_normal(num)
    echo *= np.exp(-NEPERS_OF_60_DB * times / strength)
    room = np.concatenate([[1.0], echo / np.sqrt(np.sum(echo**2))])
    heard = signal.fftconvolve(samples, room)[: len(samples)]
    power, now = np.mean(samples**2), np.mean(heard**2)
    return heard * np.sqrt(power / now) if now else heard


# ----------------------------------------------------------------- Gaps
def with_gaps(samples, *, strength, random):
    """Silences a share of the spans of 0.1 s."""
    num_samples = round(SPAN_SECONDS * SAMPLE_RATE_HZ)
    num_spans = -(-len(samples) // num_samples)
    silenced = samples.copy()
    for span in drawn(num_spans, strength, random):
        silenced[span * num_samples : (span + 1) * num_samples] = 0
    return silenced


def _of_recordings(name, operation, strengths, unit, libraries=()):
    return Disturbance(
        name=name,
        change=in_recordings(operation),
        strengths=strengths,
        unit=unit,
        reads="audio",
        problems=PROBLEMS,
        libraries=libraries,
    )


RATIOS = (20, 15, 10, 5, 0)
STRENGTHS_SECONDS = (0.2, 0.4, 0.8, 1.2, 2.0)
NOISE_UNIT = "dB of the recording above the noise"
WHITE_NOISE = _of_recordings(
    "white_noise", with_white_noise, RATIOS, NOISE_UNIT
)
BABBLE = _of_recordings("babble", with_babble, RATIOS, NOISE_UNIT, SCIPY)
SPEED = _of_recordings(
    "speed",
    at_speed,
    (1.1, 1.2, 1.3, 1.4, 1.5),
    "times as fast or as slow",
    SCIPY,
)
GAIN = _of_recordings("gain", quieter, (10, 20, 30, 40, 50), "dB quieter")
CLIPPING = _of_recordings(
    "clipping", clipped, (0.02, 0.05, 0.1, 0.2, 0.4), "share of samples heard"
)
BAND_LIMIT = _of_recordings(
    "band_limit",
    below,
    (4000, 3000, 2000, 1000, 500),
    "Hz, the highest heard",
    SCIPY,
)
REVERBERATION = _of_recordings(
    "reverberation",
    reverberating,
    STRENGTHS_SECONDS,
    "s until -60 dB",
    SCIPY,
)
MASKED_SPANS = _of_recordings(
    "masked_spans", with_gaps, (0.05, 0.1, 0.2, 0.3, 0.5), "share of the time"
)
