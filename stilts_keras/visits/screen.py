"""Shows the training where it is looked at: progress, and TensorBoard."""

import contextlib
import time

from stilts_keras.records import speeds
from stilts_keras.reporting import time_left
from stilts_keras.versions import versions
from stilts_keras.visits.values import Onlooker

# Between two lines of how long visits made elsewhere will take.
REST_EVERY_SECONDS = 600.0


class Screen(Onlooker):
    """Hands on what a visit tells: to a display, and to curves."""

    def __init__(self, folder, progress, refresher=None, clock=time.monotonic):
        """Shows nothing yet.

        Args:
            folder: `RunFolder`. Whose curves they are.
            progress: `Progress`, or `Status` where another process shows it.
            refresher: `Refresher` or None. None: what is shown of all results
                is the driver's, or is shown once the run has ended.
            clock: function that returns seconds; for tests.
        """
        self._folder = folder
        self.progress = progress
        self._refresher = refresher
        self._clock = clock
        self._rest_told_at = clock()
        self._left = None
        self._writers = ()
        self._closing = contextlib.ExitStack()

    def __enter__(self):
        """Starts the display."""
        self.progress.__enter__()
        return self

    def __exit__(self, *error):
        """Ends it, and closes the curves."""
        self._closing.close()
        self.progress.__exit__(*error)

    def start(self, stage, num_steps, step):
        """A stage's training begins, or goes on after `step` steps."""
        self.end_stage()
        self._writers = self._folder.files.training_writers(stage)
        for writer in self._writers:
            self._closing.enter_context(writer)
        self.progress.start(f"{stage.path} seed {stage.seed}", num_steps, step)
        if self._left is not None:
            self.progress.tell_rest(self._rest_seconds(stage))

    def note(self, text):
        """There is something that the user should read at once."""
        self.progress.note(text)

    def step(self, step, loss):
        """A step is done."""
        self.progress.update(step, loss)

    def scalars(self, step, values):
        """There are scalars of the training: dict from tag to float."""
        for writer in self._writers:
            for tag, value in values.items():
                writer.scalar(tag, value, step)

    def end_stage(self):
        """The stage that is shown, if there is one, has ended."""
        self._closing.close()
        self.progress.finish()

    def expect(self, left):
        """All that is left (`Remaining`) will be made here, one by one."""
        if self._refresher:
            self._left = left
            self._stored = speeds.known(None, self._folder.stages.store)

    def _rest_seconds(self, now):
        """Estimates what comes after the stage of now.

        Returns:
            float; None where of a part nothing was measured yet.
        """
        found = self._time_left(self._left, self._stored, now)
        return found.seconds if found.is_whole else None

    def _time_left(self, left, stored, now=None):
        """Estimates what is left (`Remaining`), but for the stage of now."""
        rows = {row.of: row for row in stored}
        rows |= {row.of: row for row in self._folder.files.speeds()}
        here = speeds.of_machine(rows.values(), backend=versions()["backend"])
        stages = [
            stage
            for stage in self._folder.graph.stages
            if stage.fingerprint in left.stages and stage is not now
        ]
        return time_left.of_graph(
            self._folder.graph, speeds.Paces(here), stages, left.cells
        )

    def tell_rest(self, left, num_at_once):
        """Says, every ten minutes, how long visits made elsewhere will take.

        Args:
            left: `Remaining`. Not made yet, or at work.
            num_at_once: int. How many visits are at work.
        """
        now = self._clock()
        if not num_at_once or now - self._rest_told_at < REST_EVERY_SECONDS:
            return
        self._rest_told_at = now
        stored = speeds.known(None, self._folder.stages.store)
        found = self._time_left(left, stored)
        if found.seconds:
            about = "About" if found.is_whole else "At least"
            time_text = time_left.text_of(found.seconds / num_at_once)
            how = f", {num_at_once} visits at once" * (num_at_once > 1)
            self.note(f"{about} {time_text} of the whole run left{how}.")

    def end_visit(self, left):
        """A visit's results are kept; `left` (`Remaining`) is still to do."""
        if self._left is not None:
            self._left = left
        if self._refresher:
            self._refresher.refresh_if_due(left)


class Together:
    """Several displays as one; see `Progress`."""

    def __init__(self, *displays):
        """Takes the displays."""
        self._displays = displays

    def __enter__(self):
        """Starts each."""
        for display in self._displays:
            display.__enter__()
        return self

    def __exit__(self, *error):
        """Ends each."""
        for display in self._displays:
            display.__exit__(*error)

    def start(self, stage_name, num_steps, step=0):
        """A stage begins."""
        for display in self._displays:
            display.start(stage_name, num_steps, step)

    def update(self, step, loss=None):
        """A step is done."""
        for display in self._displays:
            display.update(step, loss)

    def note(self, text):
        """There is something to read."""
        for display in self._displays:
            display.note(text)

    def finish(self):
        """The stage has ended."""
        for display in self._displays:
            display.finish()
