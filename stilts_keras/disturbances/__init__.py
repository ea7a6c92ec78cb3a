"""The disturbances: what `--disturb` may name.

Adding one is an entry of a file here. What people or machines have made of
the clean rows, such as typos that they really made, is no entry but a Task of
its own file, which says what it disturbs: see `Task.disturbs`.
"""

from stilts_keras.disturbances.audio import BABBLE
from stilts_keras.disturbances.audio import BAND_LIMIT
from stilts_keras.disturbances.audio import CLIPPING
from stilts_keras.disturbances.audio import GAIN
from stilts_keras.disturbances.audio import MASKED_SPANS
from stilts_keras.disturbances.audio import REVERBERATION
from stilts_keras.disturbances.audio import SPEED
from stilts_keras.disturbances.audio import WHITE_NOISE
from stilts_keras.disturbances.characters import DIACRITICS
from stilts_keras.disturbances.characters import DROPS
from stilts_keras.disturbances.characters import SWAPS
from stilts_keras.disturbances.characters import TYPOS
from stilts_keras.disturbances.disturbance import Disturbance
from stilts_keras.disturbances.disturbance import Setting
from stilts_keras.disturbances.words import CASING
from stilts_keras.disturbances.words import NUMBERS
from stilts_keras.disturbances.words import PUNCTUATION
from stilts_keras.disturbances.words import WHITESPACE
from stilts_keras.disturbances.words import WORD_DROPS
from stilts_keras.errors import unknown

__all__ = [
    "BABBLE",
    "BAND_LIMIT",
    "CASING",
    "CLIPPING",
    "DIACRITICS",
    "DISTURBANCES",
    "DROPS",
    "GAIN",
    "MASKED_SPANS",
    "NUMBERS",
    "PUNCTUATION",
    "REVERBERATION",
    "SPEED",
    "SWAPS",
    "TYPOS",
    "WHITESPACE",
    "WHITE_NOISE",
    "WORD_DROPS",
    "Disturbance",
    "Setting",
    "get_disturbance",
]

DISTURBANCES = {
    value.name: value
    for value in list(globals().values())
    if isinstance(value, Disturbance)
}


def get_disturbance(name):
    """Returns the Disturbance of that name.

    Raises:
        InputError: If there is none; the nearest name is suggested.
    """
    if name not in DISTURBANCES:
        raise unknown("disturbance", name, DISTURBANCES)
    return DISTURBANCES[name]
