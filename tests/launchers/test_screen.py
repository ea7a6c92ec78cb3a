"""How long the whole run will take is said while others make its visits."""

import keras
import pytest

from fake_speeds import evaluation
from fake_speeds import small_graph
from fake_speeds import speed
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.visits.screen import Screen

BACKEND = keras.backend.backend()


class Display:
    """Takes notes."""

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run", small_graph(), stage_store=None)


def test_the_rest_of_a_run_is_said_every_ten_minutes(folder):
    times = iter([0.0, 599.0, 600.0, 700.0, 1200.0, 1300.0])
    display = Display()
    screen = Screen(folder, display, clock=lambda: next(times))
    folder.path.mkdir()
    trained = speed(backend=BACKEND, seconds=120.0, step_seconds=1.2)
    folder.files.keep_speeds([trained])
    left = folder.remaining(is_plan=True)
    screen.tell_rest(left, 2)
    assert not display.notes
    screen.tell_rest(left, 2)
    # Three trainings of 120 seconds; evaluation was not measured.
    assert display.notes == [
        "At least 3 min of the whole run left, 2 visits at once."
    ]
    screen.tell_rest(left, 2)
    assert len(display.notes) == 1
    rows = folder.graph.cells[0].facts["de"].data_fingerprint
    measured = evaluation("x|de", rows, 30.0, backend=BACKEND)
    folder.files.keep_speeds([measured])
    screen.tell_rest(left, 1)
    # 360 seconds and 4 evaluations of 30.
    assert display.notes[1:] == ["About 8 min of the whole run left."]
    screen.tell_rest(left, 0)
    assert len(display.notes) == 2
