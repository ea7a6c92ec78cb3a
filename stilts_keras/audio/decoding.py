"""A sound file's bytes to one recording: mono, 16 kHz, float32 in [-1, 1].

WAV, FLAC, OGG (Vorbis and Opus) and whatever else libsndfile reads. Channels
are averaged. Other rates are resampled by a polyphase filter, which also takes
out what would be heard as another frequency (SciPy's `resample_poly`, a Kaiser
window of beta 5).

SciPy and soundfile are imported inside functions: plans need none of them.
"""

import dataclasses
import io
import math

SAMPLE_RATE_HZ = 16_000
# Of full scale, -80 dB: three steps of 16 bits. A microphone's own noise is
# louder, and so is what lossy codecs leave of speech.
MAX_SILENCE = 1e-4


class BrokenRecording(ValueError):
    """A sound file that cannot be heard; says why, without its name."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Recording:
    """What was recorded once.

    Attributes:
        name: str. The file's, for messages.
        samples: float32 array (n,), n > 0, at `SAMPLE_RATE_HZ`; None where it
            was not decoded, since nobody asked what is heard.
    """

    name: str
    samples: object

    @property
    def is_silent(self):
        """Whether it was decoded, and no sample is louder than -80 dB."""
        if self.samples is None:
            return False
        return bool(abs(self.samples).max() <= MAX_SILENCE)


def decode(data, name):
    """Decodes a sound file.

    Args:
        data: bytes of the whole file.
        name: str. The file's, for messages.

    Returns:
        `Recording`.

    Raises:
        BrokenRecording: If it is no sound file, has no samples, or samples
            that are no numbers.
    """
    import numpy as np
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            channels = file.read(dtype="float32", always_2d=True)
            rate = file.samplerate
    except (soundfile.SoundFileError, RuntimeError, ValueError) as error:
        # libsndfile's words end in a full stop; ours are part of a sentence.
        reason = str(error).rpartition(": ")[2].rstrip(".")
        raise BrokenRecording(reason) from error
    if not len(channels):
        raise BrokenRecording("no samples")
    samples = channels.mean(axis=1, dtype="float32")
    if not np.isfinite(samples).all():
        raise BrokenRecording("samples that are no numbers")
    return Recording(name=name, samples=resample(samples, rate))


def resample(samples, rate, to_rate=SAMPLE_RATE_HZ):
    """Resamples; equal rates give the very samples.

    Args:
        samples: float32 array (n,).
        rate: int. Hz, of the samples.
        to_rate: int. Hz.

    Returns:
        float32 array (ceil(n * to_rate / rate),).
    """
    from scipy import signal

    if rate == to_rate:
        return samples
    common = math.gcd(rate, to_rate)
    found = signal.resample_poly(samples, to_rate // common, rate // common)
    return found.astype("float32")
