"""Shows how far all visits are that are being made, in one place."""

from stilts_keras.records import status
from stilts_keras.records.visit_folders import visit_folder


class Board:
    """Reads what visits tell of themselves, and shows it."""

    def __init__(self, run_dir, screen):
        """Shows nothing yet.

        Args:
            run_dir: path.
            screen: Screen of the driver.
        """
        self._run_dir = run_dir
        self._screen = screen
        self._displays = {}
        self._said = set()

    def begin(self, fingerprint, name):
        """A visit is handed out."""
        self._displays[fingerprint] = _Line(
            name, self._screen.progress.another()
        )

    def show(self):
        """Shows what has changed."""
        for fingerprint, line in self._displays.items():
            self._read(fingerprint, line)

    def end(self, fingerprint):
        """A visit is not being made any more; call before it is absorbed."""
        line = self._displays.pop(fingerprint)
        self._read(fingerprint, line)
        line.end()

    def _read(self, fingerprint, line):
        known = status.read(visit_folder(self._run_dir, fingerprint))
        # Several visits tell the same of data that they share.
        for note in known.get("notes", ()):
            if note not in self._said:
                self._said.add(note)
                self._screen.note(note)
        line.show(known)


class _Line:
    """One visit on the board."""

    def __init__(self, name, display):
        self._name = name
        self._display = display
        self._shown = None

    def show(self, known):
        if not known.get("stage"):
            return
        if self._shown is None:
            self._display.start(self._name, known["num_steps"], known["step"])
        if known["step"] != self._shown:
            self._shown = known["step"]
            self._display.update(known["step"], known["loss"])

    def end(self):
        self._display.finish()
