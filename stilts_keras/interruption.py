"""SIGINT, SIGTERM, SIGUSR1: stop at a point where nothing is lost."""

import contextlib
import os
import signal
import threading

from stilts_keras.errors import Interrupted

# Schedulers of clusters warn of a time limit by one of their user's choice.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


class Interruption:
    """Turns the first signal into `Interrupted`, the second into an exit.

    Use as a context manager. Outside the main thread, which alone is told of
    signals, it does nothing.
    """

    def __init__(self):
        """Knows of no signal yet."""
        self._number = None
        self._is_raised = False
        self._is_held = False
        self._agreed = None
        self._num_held = 0
        self._before = {}

    def __enter__(self):
        """Takes the signals over."""
        self.take_over()
        return self

    def take_over(self):
        """Takes the signals over, again where another library did so."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                before = signal.signal(number, self._take)
                self._before.setdefault(number, before)

    def __exit__(self, *exception):
        """Gives them back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    @contextlib.contextmanager
    def held(self):
        """Lets a block finish that must not be cut off.

        Raises:
            Interrupted: At the end of the block, if a signal came in it.
        """
        was_held, self._is_held = self._is_held, True
        try:
            yield
        finally:
            self._is_held = was_held
        if was_held or not self._is_agreed():
            return
        self._raise_once()

    def _is_agreed(self):
        """Whether no other process is to be waited for before stopping."""
        if self._agreed is None or self._is_raised:
            return True
        self._num_held += 1
        number = self._agreed(self._num_held, self._number)
        self._number = self._number if number is None else number
        return number is not None

    @contextlib.contextmanager
    def together(self, agreed):
        """Has several processes stop at the end of the same held block.

        All of them must meet the same held blocks meanwhile.

        Args:
            agreed: function of the number of held blocks that have ended, and
                of the signal's number or None, to a signal's number or None:
                whether all are to stop now.
        """
        self._agreed = agreed
        try:
            yield
        finally:
            self._agreed = None

    def _take(self, number, frame):
        if self._number is not None:
            # Whoever asks twice does not want to wait.
            os._exit(128 + number)
        self._number = number
        if not self._is_held and self._agreed is None:
            self._raise_once()

    def _raise_once(self):
        if self._number is not None and not self._is_raised:
            self._is_raised = True
            raise Interrupted(self._number)
