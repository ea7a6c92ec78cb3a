"""Progress of the stages: a bar on a terminal, plain lines elsewhere."""

import collections
import statistics
import time

# The time left is told by the median pace of so many lines: a pause, or one
# slow step, is then no pace.
NUM_PACES = 9
# A bar that redraws more often costs time and shows nothing more.
REDRAW_EVERY_SECONDS = 0.1


class Progress:
    """Shows the stage, its steps, the loss and the time left.

    On a terminal this is one line that moves. Otherwise (a log file, a pipe)
    it is a line when a stage starts, at most one every `every_seconds`, and
    one when it ends. Use as a context manager: leaving it after an error
    ends the display and reports no stage as done.
    """

    def __init__(self, console=None, every_seconds=10.0, clock=time.monotonic):
        """Draws nothing yet.

        Args:
            console: `rich.console.Console`. Default: standard output.
            every_seconds: float. Least time between two plain lines.
            clock: function that returns seconds; for tests.
        """
        from rich.console import Console

        self._console = console or Console()
        self._clock = clock
        self._pause = every_seconds
        self._bar = None
        self._stage = None
        if self._console.is_terminal:
            self._bar = _bar(self._console)
            self._pause = REDRAW_EVERY_SECONDS

    def another(self):
        """Returns a display of one more stage, beside this one."""
        other = Progress(self._console, self._pause, self._clock)
        other._bar, other._pause = self._bar, self._pause
        return other

    def __enter__(self):
        """Starts the display."""
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind, error, traceback):
        """Ends the display; a stage that an error cut off is not done."""
        if kind is None:
            self.finish()
        if self._bar:
            self._bar.stop()

    def start(self, stage_name, num_steps, step=0):
        """Begins a stage, and finishes the one before if it still runs.

        Args:
            stage_name: str. What to call it, such as `mnli/squad, seed 1`.
            num_steps: int. Steps that the stage will take.
            step: int. Steps done before, by a run that was cut off.
        """
        self.finish()
        self._stage = stage_name
        self._num_steps = num_steps
        self._step = step
        self._loss = None
        self._started_at = self._shown_at = self._clock()
        self._mark = self._started_at, step
        self._paces = collections.deque(maxlen=NUM_PACES)
        self._rest = None
        if self._bar:
            self._line = self._bar.add_task(
                _escaped(stage_name),
                total=num_steps,
                completed=step,
                loss="",
                run="",
            )
        else:
            self._print(f"{stage_name}: {step}/{num_steps} steps")

    def update(self, step, loss=None):
        """Takes note of where the stage is; shows it from time to time.

        Args:
            step: int. Steps done, counted from 1.
            loss: float, or what `float` takes, such as an array still being
                computed: it is waited for only when shown.
        """
        self._step = step
        self._loss = loss
        now = self._clock()
        if now - self._shown_at >= self._pause:
            self._shown_at = now
            self._show(now)

    def tell_rest(self, seconds):
        """Takes note of how long the run will take after this stage.

        Args:
            seconds: float or None. None where that is not known.
        """
        self._rest = seconds

    def note(self, text):
        """Prints a line of its own, above the bar if there is one.

        Args:
            text: str. Printed as it is.
        """
        self._print(text)

    def finish(self):
        """Ends the stage with its last step, loss and time."""
        if self._stage is None:
            return
        seconds = self._clock() - self._started_at
        line = f"{self._stage}: {self._step}/{self._num_steps} steps"
        line += f"{_loss_text(self._loss)}, took {_time_text(seconds)}"
        self._stage = None
        if self._bar:
            self._bar.remove_task(self._line)
        self._print(line)

    def _show(self, now):
        """Draws the bar or prints the line of this moment."""
        loss = _loss_text(self._loss)
        seconds = self._seconds_left(now)
        run = ""
        if None not in (seconds, self._rest):
            run = f"about {_time_text(seconds + self._rest)} of the whole run"
        if self._bar:
            self._bar.update(
                self._line,
                completed=self._step,
                loss=loss.lstrip(", "),
                run=run,
            )
            return
        line = f"{self._stage}: {self._step}/{self._num_steps} steps{loss}"
        if seconds is not None:
            line += f", {_time_text(seconds)} left"
        self._print(f"{line}, {run}" if run else line)

    def _seconds_left(self, now):
        """Estimates the stage's rest by its recent paces; None without one."""
        if self._step > self._mark[1]:
            since, step = self._mark
            self._paces.append((now - since) / (self._step - step))
            self._mark = now, self._step
        if not self._paces:
            return None
        left = self._num_steps - self._step
        return left * statistics.median(self._paces)

    def _print(self, line):
        """Prints one line, unwrapped and with nothing read into it."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def _bar(console):
    """Builds the moving line."""
    from rich import progress

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(bar_width=None),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[loss]}", markup=False),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[run]}", markup=False),
        console=console,
        transient=True,
        expand=True,
    )


def _escaped(text):
    """Keeps square brackets in a stage's name from being read as style."""
    from rich.markup import escape

    return escape(text)


def _loss_text(loss):
    """Writes the loss, or nothing where there is none yet."""
    return "" if loss is None else f", loss {float(loss):.4f}"


def _time_text(seconds):
    """Writes a time as h:mm:ss, or m:ss below an hour."""
    minutes, seconds = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{seconds:02d}"
    return f"{minutes}:{seconds:02d}"
