"""What a stopwatch makes of a training, worked by hand."""

from stilts_keras.visits.pace import Stopwatch


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_steps_are_told_apart_from_all_that_is_besides():
    clock = Clock()
    watch = Stopwatch(clock)
    # Four steps, the first compiled; dev rows between the third and fourth.
    for now in (10.0, 12.0, 15.0):
        clock.now = now
        watch.step()
    clock.now = 95.0
    watch.pause()
    clock.now = 98.0
    watch.step()
    clock.now = 99.0
    watch.step()
    clock.now = 110.0
    # Steps that have a beginning: of 2, 3 and 1 seconds.
    assert watch.facts() == {
        "seconds": 110.0,
        "num_steps": 5,
        "step_seconds": 2.0,
    }


def test_a_single_step_is_all_that_is_known():
    clock = Clock()
    watch = Stopwatch(clock)
    assert watch.facts() == {}
    clock.now = 7.0
    watch.step()
    assert watch.facts()["step_seconds"] == 7.0
