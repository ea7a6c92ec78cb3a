"""Robustness: what disturbances leave of scores, and what routes change in it.

"Robust" is no benchmark here: which disturbances, at which severities, on
which targets is the user's choice, and all measures are those of
`scoring.robustness`.
"""

from stilts_keras.reporting.robustness.scores import CLEAN
from stilts_keras.reporting.robustness.scores import SCORES
from stilts_keras.reporting.robustness.scores import score_tables
from stilts_keras.reporting.robustness.scores import severity_lines
from stilts_keras.reporting.robustness.sentences import sentences
from stilts_keras.reporting.robustness.tables import CHANGES
from stilts_keras.reporting.robustness.tables import ROBUSTNESS
from stilts_keras.reporting.robustness.tables import tables_of

__all__ = [
    "CHANGES",
    "CLEAN",
    "ROBUSTNESS",
    "SCORES",
    "score_tables",
    "sentences",
    "severity_lines",
    "tables_of",
]
