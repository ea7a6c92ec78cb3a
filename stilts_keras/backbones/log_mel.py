"""Recordings to the frames that a speech backbone takes.

It stands where other families have a `Tokenizer`, and has those of its
methods that recordings need. What a token is there is a position here: 20 ms
of audio, two frames. All lengths are in positions.

Frames are those of Radford et al., 2022, https://arxiv.org/abs/2212.04356,
section 2.2, as transformers' WhisperFeatureExtractor makes them of audio that
silence pads to 30 s; then they are cut to the audio's own length. So the
loudest frame, which sets the floor of all, is that of the whole recording, of
its first 30 s at most, however much of it is used later.
"""

import dataclasses
import functools

from stilts_keras.audio.decoding import SAMPLE_RATE_HZ
from stilts_keras.errors import InputError
from stilts_keras.files import fingerprint_of

WINDOW_SAMPLES, HOP_SAMPLES = 400, 160
FRAMES_PER_POSITION = 2
POSITION_SAMPLES = FRAMES_PER_POSITION * HOP_SAMPLES
MAX_SECONDS = 30
MAX_SAMPLES = MAX_SECONDS * SAMPLE_RATE_HZ
# Part of every cache key: raise it when frames change.
VERSION = 1
# Least energy; and how many powers of ten below the loudest are told apart.
FLOOR, DECADES = 1e-10, 8.0
FRAMES, MASK, LENGTH = "frames", "padding_mask", "length"
# Of one machine as of another.
STORED = "<f4"


@dataclasses.dataclass(frozen=True, eq=False)
class LogMelFrames:
    """The frames of a recording.

    Attributes:
        frames: float32 array (2 l, m), log-mel energies of l positions.
        num_positions: int. Of the whole recording, which may be longer.
    """

    frames: object
    num_positions: int

    def __len__(self):
        """Positions."""
        return len(self.frames) // FRAMES_PER_POSITION


class LogMel:
    """Waveforms to frames, frames to arrays."""

    vocabulary_size = None
    mask_id = None
    mask_input = MASK
    num_bytes = 0

    def __init__(self, num_mels=80):
        """Takes the number of mel filters."""
        self.num_mels = num_mels

    @functools.cached_property
    def fingerprint(self):
        """What packed features depend on: 16 hexadecimal digits."""
        return fingerprint_of({"log_mel": VERSION, "num_mels": self.num_mels})

    def encode(self, waveforms):
        """Turns waveforms into frames.

        Args:
            waveforms: list of float32 arrays (n,), in [-1, 1], of 16 kHz.

        Returns:
            List of `LogMelFrames`, each of ceil(n / 320) positions, of 1500 at
            most.

        Raises:
            InputError: If one is no waveform, is empty, or holds what is no
                number.
        """
        return [self._encode(waveform) for waveform in waveforms]

    def fit(self, parts, max_length):
        """Cuts the end of a recording that is too long.

        Args:
            parts: list of one `LogMelFrames`.
            max_length: int. Positions.

        Returns:
            Tuple: list of one `LogMelFrames`, and how many positions were cut.
        """
        (recording,) = parts
        frames = recording.frames[: FRAMES_PER_POSITION * max_length]
        kept = LogMelFrames(frames, recording.num_positions)
        return [kept], recording.num_positions - len(kept)

    def join(self, recording):
        """Gives one sequence of one recording: the same."""
        return recording

    def columns(self, recordings):
        """Turns recordings into the columns of packed features.

        Args:
            recordings: list of `LogMelFrames`.

        Returns:
            Dict of lists: `frames` (bytes), `length` (positions).
        """
        return {
            FRAMES: [
                recording.frames.astype(STORED).tobytes()
                for recording in recordings
            ],
            LENGTH: [len(recording) for recording in recordings],
        }

    def arrays(self, columns, length):
        """Pads packed features to what the network takes.

        Padded frames are zeros, as those that convolution adds at an end. One
        stands after the other, so that the last axis is that of all inputs.

        Args:
            columns: dict of lists of b features, as `columns` makes them.
            length: int. Positions that every recording is padded to.

        Returns:
            Dict of arrays: float32 frames (b, 2 l m), bool mask (b, l).
        """
        # Here, so that plans are instant.
        import numpy as np

        size = FRAMES_PER_POSITION * self.num_mels
        rows = [np.frombuffer(content, STORED) for content in columns[FRAMES]]
        frames = np.zeros((len(rows), length * size), "float32")
        for place, row in zip(frames, rows, strict=True):
            place[: len(row)] = row
        lengths = np.array([len(row) // size for row in rows])
        return {FRAMES: frames, MASK: np.arange(length) < lengths[:, None]}

    def _encode(self, waveform):
        # Here, so that plans are instant.
        import numpy as np

        _check(waveform)
        num_positions = -(-len(waveform) // POSITION_SAMPLES)
        heard = np.asarray(waveform[:MAX_SAMPLES], "float64")
        # Of the silence that follows, as much as a window with sound sees.
        num_samples = num_positions * POSITION_SAMPLES + 3 * HOP_SAMPLES
        padded = np.zeros(min(num_samples, MAX_SAMPLES))
        padded[: len(heard)] = heard
        padded = np.pad(padded, WINDOW_SAMPLES // 2, "reflect")
        windows = np.lib.stride_tricks.sliding_window_view(
            padded, WINDOW_SAMPLES
        )
        # The published transform leaves out the last window.
        windows = windows[::HOP_SAMPLES][:-1]
        hann = np.hanning(WINDOW_SAMPLES + 1)[:-1]
        spectrum = np.fft.rfft(windows * hann)
        energies = np.abs(spectrum) ** 2 @ mel_filters(self.num_mels)
        frames = np.log10(np.maximum(energies, FLOOR))
        frames = np.maximum(frames, frames.max() - DECADES) / 4 + 1
        frames = frames[: FRAMES_PER_POSITION * num_positions]
        return LogMelFrames(frames.astype("float32"), num_positions)


def _check(waveform):
    # Here, so that plans are instant.
    import numpy as np

    if isinstance(waveform, str):
        raise InputError(
            "A speech backbone reads recordings. Received: text. Choose a "
            "task with audio, or a backbone that reads text."
        )
    if np.ndim(waveform) != 1 or not len(waveform):
        raise InputError(
            "A recording must be one channel of 1 or more samples. Received: "
            f"shape {np.shape(waveform)}. Check the file."
        )
    if not np.isfinite(waveform).all():
        raise InputError(
            "A recording holds samples that are no numbers. Check the file."
        )


@functools.cache
def mel_filters(num_mels):
    """Makes triangular filters of equal area, evenly spaced in mels.

    Slaney's mels are linear below 1 kHz and logarithmic above.

    Args:
        num_mels: int.

    Returns:
        float64 array (201, num_mels): frequency bins from 0 to 8 kHz.
    """
    # Here, so that plans are instant.
    import numpy as np

    top_hz = SAMPLE_RATE_HZ / 2
    bins_hz = np.linspace(0, top_hz, WINDOW_SAMPLES // 2 + 1)
    # 15 mels are 1 kHz, and 27 more multiply it by 6.4.
    top_mel = 15 + 27 * np.log(top_hz / 1000) / np.log(6.4)
    mels = np.linspace(0, top_mel, num_mels + 2)
    edges_hz = np.where(
        mels < 15, mels * 1000 / 15, 1000 * 6.4 ** ((mels - 15) / 27)
    )
    left, middle, right = edges_hz[:-2], edges_hz[1:-1], edges_hz[2:]
    bins_hz = bins_hz[:, None]
    rising = (bins_hz - left) / (middle - left)
    falling = (right - bins_hz) / (right - middle)
    heights = 2 / (right - left)
    return np.maximum(0, np.minimum(rising, falling)) * heights
