"""The report: what a run found, as text, tables and figures.

Built from results.jsonl and the predictions, without any framework.
"""

from stilts_keras.reporting.report.building import Report
from stilts_keras.reporting.report.building import build
from stilts_keras.reporting.report.drawing import draw_differences
from stilts_keras.reporting.report.folder import FOLDER
from stilts_keras.reporting.report.folder import REPORT_FILE
from stilts_keras.reporting.report.folder import is_there
from stilts_keras.reporting.report.folder import keep
from stilts_keras.reporting.report.folder import kept
from stilts_keras.reporting.report.folder import write
from stilts_keras.reporting.report.frames import SOURCE_LANGUAGES
from stilts_keras.reporting.report.text import provenance
from stilts_keras.reporting.report.text import to_markdown

__all__ = [
    "FOLDER",
    "REPORT_FILE",
    "SOURCE_LANGUAGES",
    "Report",
    "build",
    "draw_differences",
    "is_there",
    "keep",
    "kept",
    "provenance",
    "to_markdown",
    "write",
]
