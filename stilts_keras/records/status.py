"""How far a visit is: a small file that others read while it is made."""

import json
import math
import pathlib
import time

from stilts_keras import files

STATUS_FILE = "status.json"
WRITE_EVERY_SECONDS = 2.0


class Status:
    """Takes what a progress display does, and writes it for other processes.

    Attributes:
        notes: list of str. What the user should read.
    """

    def __init__(self, folder, every_seconds=WRITE_EVERY_SECONDS):
        """Writes nothing yet.

        Args:
            folder: path of the visit, which exists when something is told.
            every_seconds: float. Least time between two writes for steps.
        """
        self._file = pathlib.Path(folder, STATUS_FILE)
        self._every = every_seconds
        self._written_at = -float("inf")
        self._stage = None
        self._step = self._num_steps = self._loss = None
        self.notes = []

    def __enter__(self):
        """Returns itself."""
        return self

    def __exit__(self, *error):
        """Does nothing: what was told stays."""

    def start(self, stage_name, num_steps, step=0):
        """A stage begins, or goes on after `step` steps."""
        self._stage, self._num_steps, self._step = stage_name, num_steps, step
        self._loss = None
        self._write()

    def update(self, step, loss=None):
        """A step is done; it is written from time to time."""
        self._step, self._loss = step, loss
        if time.monotonic() - self._written_at >= self._every:
            self._write()

    def note(self, text):
        """There is something that the user should read at once."""
        self.notes.append(text)
        self._write()

    def finish(self):
        """The stage has ended; its last step stays to be read."""
        if self._stage is not None:
            self._write()

    def _write(self):
        loss = math.nan if self._loss is None else float(self._loss)
        files.write_json(
            self._file,
            {
                "stage": self._stage,
                "step": self._step,
                "num_steps": self._num_steps,
                # JSON has no word for what is not finite.
                "loss": loss if math.isfinite(loss) else None,
                "notes": self.notes,
            },
        )
        self._written_at = time.monotonic()


def read(folder):
    """Reads how far a visit is.

    Args:
        folder: path of the visit.

    Returns:
        Dict with `stage` (None where none was trained), `step`,
        `num_steps`, `loss` and `notes`; {} where nothing was told yet.
    """
    try:
        return json.loads(pathlib.Path(folder, STATUS_FILE).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
