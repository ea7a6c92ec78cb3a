"""Makes visits by an engine: each once those that it needs are made.

An engine has `num_free` (how many it takes now), `start(part)`,
`wait(timeout_seconds)`, which returns [(fingerprint, `Outcome`)], and `stop()`,
which asks all to save and stop and returns lines to say.
"""

import dataclasses
import time

from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.errors import Interrupted
from stilts_keras.interruption import Interruption
from stilts_keras.launchers.board import Board
from stilts_keras.options import Options
from stilts_keras.records import results
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.records.visit_folders import absorb
from stilts_keras.records.visit_folders import progress_of
from stilts_keras.records.visit_folders import visit_folder
from stilts_keras.records.visit_folders import visit_folders
from stilts_keras.visits.planning import planned
from stilts_keras.visits.screen import Screen
from stilts_keras.visits.walk import begin
from stilts_keras.visits.walk import without
from stilts_keras.visits.worker import DONE
from stilts_keras.visits.worker import FAILED

POLL_SECONDS = 0.5
# Each time files of all rows are written anew.
ABSORB_EVERY_SECONDS = 10.0
# A driver that was killed leaves workers that save and end.
PATIENCE_SECONDS = 60.0
# Of those in a row that get no further.
MOST_RETRIES = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """What a launcher is handed.

    Attributes:
        folder: `RunFolder`, locked.
        options: Options.
        screen: Screen.
        interruption: Interruption.
        settings: dict. Kept in `run.json`.
    """

    folder: RunFolder
    options: Options
    screen: Screen
    interruption: Interruption
    settings: dict


def absorb_earlier(run, *, patience_seconds=PATIENCE_SECONDS):
    """Takes over what earlier drivers, or jobs without one, have made.

    Args:
        run: Run.
        patience_seconds: float. How long to wait for visits at work.

    Raises:
        InputError: If one is at work still.
    """
    end = time.monotonic() + patience_seconds
    waiting, said = visit_folders(run.folder.path), set()
    if waiting:
        run.folder.files.mend(run.folder.damages)
    while waiting:
        with run.interruption.held():
            busy = absorb(run.folder, waiting)
        for path, who in busy.items():
            if path not in said:
                run.screen.note(
                    f"Waiting for visit {path.name}, made by {who}."
                )
                said.add(path)
            if time.monotonic() > end:
                raise InputError(
                    f"Visit {path.name} of this run is being made by {who}. "
                    "Wait for it, or end it, and run again."
                )
        waiting = list(busy)
        if waiting:
            time.sleep(POLL_SECONDS)


class Schedule:
    """The visits of a run on their way through an engine."""

    def __init__(self, run, engine):
        """Finds what is left, and all that can be wrong with it.

        Args:
            run: Run.
            engine: as above.
        """
        self._run, self._engine = run, engine
        self._folder = run.folder
        begun = begin(
            run.folder, run.options, run.screen, run.settings, is_here=False
        )
        self._left = begun.left
        self._planned = planned(run.folder.graph, begun.visits)
        self._waiting = list(self._planned)
        self._running = {}
        self._done = []
        self._absorbed_at = time.monotonic()
        self._failed = {}
        self._retries = dict.fromkeys(self._planned, 0)
        self._board = Board(run.folder.path, run.screen)

    def work(self):
        """Makes all visits that can be made.

        Returns:
            List of str: which failed, why, and which need them.

        Raises:
            Interrupted: If the process was asked to stop; what was being made
                is saved.
        """
        try:
            while self._waiting or self._running:
                with self._run.interruption.held():
                    self._start_ready()
                if not self._running:
                    break
                # Held: engines have ways of their own with what is raised.
                with self._run.interruption.held():
                    self._take(self._engine.wait(POLL_SECONDS))
                self._board.show()
                self._run.screen.end_visit(self._left)
        except Interrupted as interrupted:
            for line in self._engine.stop():
                interrupted.add_note(line)
            raise
        with self._run.interruption.held():
            self._absorb()
            self._folder.files.arrange()
        return self._failures()

    def _start_ready(self):
        left = dict.fromkeys(self._waiting)
        for fingerprint in self._waiting:
            if not self._engine.num_free:
                break
            needs = self._planned[fingerprint].needs
            if any(need in self._failed for need in needs):
                del left[fingerprint]
                self._failed[fingerprint] = None
            elif not any(n in left or n in self._running for n in needs):
                del left[fingerprint]
                self._start(fingerprint)
        self._waiting = list(left)

    def _start(self, fingerprint):
        self._running[fingerprint] = progress_of(self._folder.path, fingerprint)
        self._board.begin(fingerprint, self._name(fingerprint))
        self._engine.start(self._planned[fingerprint].part)

    def _name(self, fingerprint):
        return self._planned[fingerprint].part.name

    def _take(self, found):
        """Notes what is done, and has what was cut off gone on with."""
        for fingerprint, outcome in found:
            self._board.end(fingerprint)
            before = self._running.pop(fingerprint)
            if outcome.kind == DONE:
                self._done.append(fingerprint)
            elif outcome.kind == FAILED:
                self._fail(fingerprint, outcome.text)
            else:
                self._retry(fingerprint, before, outcome.text)
        if time.monotonic() - self._absorbed_at >= ABSORB_EVERY_SECONDS:
            self._absorb()

    def _absorb(self):
        """Takes over what is done; nothing that is started waits for it."""
        paths = [visit_folder(self._folder.path, name) for name in self._done]
        for path in paths:
            files.await_seen(path / results.RUN_FILE)
        absorb(self._folder, paths)
        for fingerprint in self._done:
            visit = self._planned[fingerprint].visit
            self._left = without(self._left, visit)
        if self._done:
            self._folder.drop_unneeded(self._run.options.keep, self._left)
            self._run.screen.tell_rest(self._left, len(self._running))
        self._done = []
        self._absorbed_at = time.monotonic()

    def _retry(self, fingerprint, before, text):
        name = self._name(fingerprint)
        if progress_of(self._folder.path, fingerprint) > before:
            self._retries[fingerprint] = 0
        self._retries[fingerprint] += 1
        number = self._retries[fingerprint]
        if number > MOST_RETRIES:
            self._fail(
                fingerprint,
                f"{text}; {number} times in a row without getting further",
            )
            return
        self._run.screen.note(
            f"{name}: {text}; it goes on from what is saved ({number} of "
            f"{MOST_RETRIES} retries without getting further)."
        )
        self._waiting.insert(0, fingerprint)

    def _fail(self, fingerprint, text):
        self._failed[fingerprint] = text
        self._run.screen.note(f"{self._name(fingerprint)} failed: {text}")

    def _failures(self):
        lines = []
        for fingerprint, text in self._failed.items():
            if text is None:
                continue
            need = [
                other.part.name
                for other in self._planned.values()
                if fingerprint in other.needs
            ]
            line = f"{self._name(fingerprint)} failed: {text.rstrip('.')}."
            if need:
                line += f" Not made, for they need it: {', '.join(need)}."
            lines.append(line)
        return lines
