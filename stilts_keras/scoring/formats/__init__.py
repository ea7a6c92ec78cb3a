"""How predictions and labels lie in files: one file to read per format.

Every format is a class with the same few parts; see `format.Format`. A suite's
layout says which task's files are of which. Every plan imports the suites:
what needs NumPy or SciPy is imported where it is used.
"""

from stilts_keras.scoring.formats.answers import Answers
from stilts_keras.scoring.formats.choices import Choices
from stilts_keras.scoring.formats.labels import Labels
from stilts_keras.scoring.formats.pairs import Pairs
from stilts_keras.scoring.formats.rankings import Rankings
from stilts_keras.scoring.formats.row_numbers import RowNumbers
from stilts_keras.scoring.formats.tags import Tags

# Where no suite says otherwise: by what a kind of problem predicts.
BY_PREDICTION = {
    "label": Labels,
    "number": RowNumbers,
    "tags": Tags,
    "text": Answers,
    "pairs": Pairs,
    "ranking": Rankings,
}

__all__ = [
    "BY_PREDICTION",
    "Answers",
    "Choices",
    "Labels",
    "Pairs",
    "Rankings",
    "RowNumbers",
    "Tags",
]
