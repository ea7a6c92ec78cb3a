"""A sound file's bytes to one recording: mono, 16 kHz, float32 in [-1, 1].

WAV, FLAC, OGG (Vorbis and Opus) and whatever else libsndfile reads. Channels
are averaged. Other rates are resampled by a polyphase filter, which also takes
out what would be heard as another frequency (SciPy's `resample_poly`, a Kaiser
window of beta 5).

SciPy and soundfile are imported inside functions: plans need none of them.
"""

import dataclasses
import importlib.metadata
import io
import math

from stilts_keras.audio.wholeness import why_cut

# Part of every cache key of what is heard: raise it when samples change.
DECODING_VERSION = 1
SAMPLE_RATE_HZ = 16_000
# Of full scale, -80 dB: three steps of 16 bits. A microphone's own noise is
# louder, and so is what lossy codecs leave of speech.
MAX_SILENCE = 1e-4
# Where a file does not say how long it is, libsndfile takes the largest number.
MAX_FRAMES = 2**48


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
        BrokenRecording: If it is no sound file, is cut off, has no samples,
            or samples that are no numbers.
    """
    import numpy as np
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.frames > MAX_FRAMES:
                raise BrokenRecording("does not say how long it is; convert it")
            channels = file.read(dtype="float32", always_2d=True)
            rate, cut = file.samplerate, why_cut(data, file, len(channels))
    except (soundfile.SoundFileError, RuntimeError, ValueError) as error:
        # libsndfile's words end in a full stop; ours are part of a sentence.
        reason = str(error).rpartition(": ")[2].rstrip(".")
        raise BrokenRecording(reason) from error
    if not len(channels):
        raise BrokenRecording("no samples")
    if cut:
        raise BrokenRecording(cut)
    samples = channels.mean(axis=1, dtype="float32")
    if not np.isfinite(samples).all():
        raise BrokenRecording("samples that are no numbers")
    return Recording(name=name, samples=resample(samples, rate))


def identity():
    """Returns what samples depend on besides a file: JSON-serialisable.

    A list: our version, and those of what decodes and resamples.
    """
    import soundfile

    return [
        DECODING_VERSION,
        f"soundfile {soundfile.__version__}",
        soundfile.__libsndfile_version__,
        f"scipy {importlib.metadata.version('scipy')}",
    ]


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
