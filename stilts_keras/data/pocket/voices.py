"""Voices of the pocket world: what a class sounds like. No real speech.

A voice hums three vowels, one after another. Which ones tells the class, in
every language; how high the voice is and how long each vowel lasts is the
speaker's, and every language has its own accent, which moves all vowels. A
vowel is a train of pulses through two resonances, as a throat's.

NumPy is imported inside functions: importing the pocket world needs none.
"""

import functools
import io
import random

from stilts_keras.data.pocket.drawing import pick
from stilts_keras.data.pocket.words import LANGUAGES

# First and second resonance in Hz.
_VOWELS = {
    "a": (750, 1300),
    "e": (450, 1900),
    "i": (280, 2400),
    "o": (450, 850),
    "u": (320, 700),
}
# Three different ones in a row, so that there are 60 words.
_WORDS = tuple(
    (x, y, z)
    for x in _VOWELS
    for y in _VOWELS
    for z in _VOWELS
    if len({x, y, z}) == 3
)
_PITCHES_HZ = (100, 115, 130, 160, 190, 220)
_SECONDS = (0.08, 0.1, 0.12)


def word_of(label):
    """Returns the three vowels that stand for a class."""
    # Neighbours differ in more than the last vowel.
    return _WORDS[label * 4 % len(_WORDS)]


def hum(label, language, seed, rate):
    """Records a class, said by one of several voices.

    Args:
        label: int. The class.
        language: str.
        seed: str. Of the voice.
        rate: int. Hz.

    Returns:
        Bytes of a WAV file of about 0.3 s.
    """
    import numpy as np
    import soundfile

    rng = random.Random(seed)
    pitch, seconds = pick(rng, _PITCHES_HZ), pick(rng, _SECONDS)
    accent = 1 + 0.02 * LANGUAGES.index(language)
    sound = np.concatenate(
        [
            _vowel(_VOWELS[name], pitch, accent, round(seconds * rate), rate)
            for name in word_of(label)
        ]
    )
    # No room is quiet, and no two recordings are the same.
    hiss = np.random.default_rng(int(rng.random() * 2**53)).random(len(sound))
    sound = sound + 0.01 * (hiss - 0.5)
    file = io.BytesIO()
    soundfile.write(file, sound, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


@functools.cache
def _vowel(resonances, pitch, accent, num_samples, rate):
    import numpy as np
    from scipy import signal

    sound = np.zeros(num_samples)
    sound[:: rate // pitch] = 1
    for frequency in resonances:
        # A bandwidth of 80 Hz.
        radius = np.exp(-np.pi * 80 / rate)
        angle = 2 * np.pi * frequency * accent / rate
        poles = [1, -2 * radius * np.cos(angle), radius**2]
        sound = signal.lfilter([1], poles, sound)
    # Vowels begin and end softly, as loud as each other.
    sound *= np.hanning(num_samples)
    return 0.5 * sound / np.abs(sound).max()
