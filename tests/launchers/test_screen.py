"""How long the whole run will take is said while others make its visits."""

import platform

import keras
import pytest

from fakes import BACKBONE
from fakes import graph
from stilts_keras.records.rows import Speed
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.visits.screen import Screen


class Display:
    """Takes notes."""

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


@pytest.fixture
def folder(tmp_path):
    """A run of panx, mnli and mnli/panx, each of 100 steps."""
    built = graph(
        routes=["pretrained", "mnli"],
        targets=["panx"],
        languages=["en", "de"],
        train_limit=1000,
        eval_limit=50,
        recipe={"batch_size": 10, "max_length": 64, "epochs": 1.0},
    )
    return RunFolder(tmp_path / "run", built, stage_store=None)


def speed(of, **changes):
    facts = {
        "of": of,
        "tasks": ("panx",),
        "backbone": BACKBONE.fingerprint,
        "host": platform.node(),
        "device": "cpu",
        "devices": 1,
        "backend": keras.backend.backend(),
        "dtype_policy": "float32",
        "batch_size": 10,
        "max_lengths": (64,),
        "seconds": 120.0,
        "num_steps": 100,
        "step_seconds": 1.2,
    }
    return Speed(**facts | changes)


def test_the_rest_of_a_run_is_said_every_ten_minutes(folder):
    times = iter([0.0, 599.0, 600.0, 700.0, 1200.0, 1300.0])
    display = Display()
    screen = Screen(folder, display, clock=lambda: next(times))
    folder.path.mkdir()
    folder.files.keep_speeds([speed("a")])
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
    evaluation = {"num_steps": 0, "step_seconds": None, "max_rows": 50}
    folder.files.keep_speeds(
        [speed("x|de", rows=rows, seconds=30.0, **evaluation)]
    )
    screen.tell_rest(left, 1)
    # 360 seconds and 4 evaluations of 30.
    assert display.notes[1:] == ["About 8 min of the whole run left."]
    screen.tell_rest(left, 0)
    assert len(display.notes) == 2
