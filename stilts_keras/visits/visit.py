"""A visit: one stage, trained if need be, with all cells that it serves.

A visit takes values and yields values; it writes nothing but its stage.
`worker.py` makes one in a process, or on a machine, of its own.
"""

import keras

from stilts_keras import backend
from stilts_keras.visits.averaging import average_stage
from stilts_keras.visits.evaluation import Shared
from stilts_keras.visits.evaluation import evaluate_cell
from stilts_keras.visits.evaluation import recall
from stilts_keras.visits.training import train_stage
from stilts_keras.visits.values import Note
from stilts_keras.visits.values import Trained


def make(visit, place, onlooker, interruption):
    """Trains and evaluates what a visit asks for.

    Args:
        visit: Visit.
        place: Place.
        onlooker: Onlooker.
        interruption: Interruption.

    Yields:
        `Trained`, `Scored`, `Recalled` and `Note`, each as soon as it is
        known.

    Raises:
        StageError: If the stage cannot be finished.
        Interrupted: If the process was asked to stop; progress is saved.
    """
    options = place.setting.options
    divided = place.root.divided_axes if options.model_parallel else None
    # For each anew: Keras forgets it at the end of a visit.
    with backend.on_devices(options.devices, divided):
        yield from _make(visit, place, onlooker, interruption)


def _make(visit, place, onlooker, interruption):
    model = None
    if visit.is_trained:
        make_stage = average_stage if visit.stage.averaged else train_stage
        model, notes = make_stage(visit, place, onlooker, interruption)
        yield Trained(visit.stage)
        yield from map(Note, notes)
    if visit.lessons:
        yield Note(f"measuring what is left after {visit.stage.path}")
        model = model or place.models.finished(visit.stage)
        yield recall(visit, place, model, interruption)
    shared = Shared()
    for cell in visit.cells:
        under = f" under {cell.disturbance} {cell.severity}"
        yield Note(
            f"evaluating {cell.target.name} after {cell.route}"
            f"{under if cell.disturbance else ''}: {' '.join(cell.languages)}"
        )
        if model is None and cell.target.kind.is_trained:
            model = place.models.finished(cell.stage)
        yield from evaluate_cell(cell, place, model, interruption, shared)
    # A Model is full of circles: without this, the next one would be built
    # while the last still fills the device's memory.
    del model
    keras.utils.clear_session(free_memory=True)
