"""Figures of results: the tables' frames, drawn for a report or TensorBoard.

Every function takes numbers that are computed already, such as a frame of
`reporting.tables`, and returns a `matplotlib.figure.Figure`; `to_png` and
`to_svg` give its bytes, the same for the same data on the same Matplotlib.
Nothing here touches pyplot, and Matplotlib's settings are as before after
each call; they are global while it runs, so call from one thread.
"""

from stilts_keras.reporting.figures.chains import forgetting_curves
from stilts_keras.reporting.figures.curves import number_of_tasks_curve
from stilts_keras.reporting.figures.maps import difference_map
from stilts_keras.reporting.figures.severities import severity_curves
from stilts_keras.reporting.figures.shares import sampling_bars
from stilts_keras.reporting.figures.source_languages import effect_bars
from stilts_keras.reporting.figures.source_languages import source_set_curves
from stilts_keras.reporting.figures.style import to_png
from stilts_keras.reporting.figures.style import to_svg

__all__ = [
    "difference_map",
    "effect_bars",
    "forgetting_curves",
    "number_of_tasks_curve",
    "sampling_bars",
    "severity_curves",
    "source_set_curves",
    "to_png",
    "to_svg",
]
