"""Progress on a terminal and in a log."""

import io

import pytest
from rich.console import Console

from stilts_keras.reporting.progress import Progress


class Clock:
    """A clock that the test turns."""

    def __init__(self):
        """Starts at zero."""
        self.now = 0.0

    def __call__(self):
        """Returns the seconds."""
        return self.now


class Loss:
    """A loss that counts how often it is waited for."""

    def __init__(self):
        """Was never waited for."""
        self.reads = 0

    def __float__(self):
        """Counts and returns a value."""
        self.reads += 1
        return 0.5


def run_stage(progress, clock, loss=0.25):
    """Runs a stage of 100 steps, one per second."""
    with progress:
        progress.start("mnli/squad[x]", 100)
        for step in range(1, 101):
            clock.now += 1.0
            progress.update(step, loss)
            if step == 50:
                progress.note("dev 61.5")
        progress.finish()


def test_the_time_left_of_the_whole_run_stands_beside_the_stages():
    clock = Clock()
    console = Console(file=io.StringIO(), width=40)
    progress = Progress(console, every_seconds=30, clock=clock)
    for name, rest in (("mnli", None), ("squad", 3600.0)):
        progress.start(name, 60)
        progress.tell_rest(rest)
        for step in range(1, 46):
            clock.now += 1.0
            progress.update(step)
        progress.finish()
    lines = console.file.getvalue().splitlines()
    # Nothing was measured yet of what comes after the first.
    assert lines[1] == "mnli: 30/60 steps, 0:30 left"
    assert lines[4] == (
        "squad: 30/60 steps, 0:30 left, about 1:00:30 of the whole run"
    )


def test_a_log_gets_few_plain_lines():
    clock = Clock()
    console = Console(file=io.StringIO(), width=40)
    run_stage(Progress(console, every_seconds=30, clock=clock), clock)
    assert console.file.getvalue().splitlines() == [
        "mnli/squad[x]: 0/100 steps",
        "mnli/squad[x]: 30/100 steps, loss 0.2500, 1:10 left",
        "dev 61.5",
        "mnli/squad[x]: 60/100 steps, loss 0.2500, 0:40 left",
        "mnli/squad[x]: 90/100 steps, loss 0.2500, 0:10 left",
        "mnli/squad[x]: 100/100 steps, loss 0.2500, took 1:40",
    ]


def test_a_pause_changes_the_time_left_by_nothing():
    clock = Clock()
    console = Console(file=io.StringIO(), width=40)
    with Progress(console, every_seconds=10, clock=clock) as progress:
        progress.start("a", 100)
        for step in range(1, 61):
            # Someone closes the lid for an hour.
            clock.now += 3600.0 if step == 35 else 1.0
            progress.update(step)
    lines = console.file.getvalue().splitlines()
    assert "a: 30/100 steps, 1:10 left" in lines
    assert "a: 35/100 steps, 1:05 left" in lines
    assert "a: 55/100 steps, 0:45 left" in lines


def test_a_terminal_gets_a_bar_with_stage_steps_and_loss():
    clock = Clock()
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    run_stage(Progress(console, clock=clock), clock)
    text = console.file.getvalue()
    assert "\x1b[" in text
    assert "mnli/squad[x]" in text
    assert "100/100" in text
    assert "0.2500" in text
    assert "dev 61.5" in text
    assert "took 1:40" in text


def test_the_loss_is_waited_for_only_when_shown():
    clock = Clock()
    loss = Loss()
    console = Console(file=io.StringIO())
    run_stage(Progress(console, every_seconds=30, clock=clock), clock, loss)
    assert loss.reads == 4


def test_a_new_stage_ends_the_one_before():
    console = Console(file=io.StringIO(), width=80)
    with Progress(console, clock=Clock()) as progress:
        progress.start("a", 2)
        progress.update(2)
        progress.start("b", 3_700)
    assert console.file.getvalue().splitlines() == [
        "a: 0/2 steps",
        "a: 2/2 steps, took 0:00",
        "b: 0/3700 steps",
        "b: 0/3700 steps, took 0:00",
    ]


@pytest.mark.parametrize("terminal", [False, True])
def test_a_stage_cut_off_by_an_error_is_not_reported_as_done(terminal):
    console = Console(file=io.StringIO(), force_terminal=terminal, width=80)
    with (
        pytest.raises(RuntimeError),
        Progress(console, clock=Clock()) as progress,
    ):
        progress.start("a", 2)
        raise RuntimeError
    assert "took" not in console.file.getvalue()


def test_hours_are_written_out():
    clock = Clock()
    console = Console(file=io.StringIO(), width=80)
    with Progress(console, clock=clock) as progress:
        progress.start("a", 1)
        clock.now = 3_723.0
        progress.update(1)
    assert console.file.getvalue().endswith("a: 1/1 steps, took 1:02:03\n")


def test_a_stage_that_goes_on_says_from_where_and_how_long():
    clock = Clock()
    console = Console(file=io.StringIO(), width=80)
    with Progress(console, every_seconds=10, clock=clock) as progress:
        progress.start("a", 100, step=60)
        for step in range(61, 81):
            clock.now += 1.0
            progress.update(step)
    assert console.file.getvalue().splitlines() == [
        "a: 60/100 steps",
        "a: 70/100 steps, 0:30 left",
        "a: 80/100 steps, 0:20 left",
        "a: 80/100 steps, took 0:20",
    ]
