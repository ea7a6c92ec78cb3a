"""Work done in a thread, a little before its results are asked for."""

import collections
import concurrent.futures
import itertools

# One being ready while the next is made: more would only take memory.
NUM_AHEAD = 2


class Ahead:
    """Gives a function's results for items in their order.

    Use as a context manager: the thread ends with the block, however that
    ends.
    """

    def __init__(self, function, items, *, name):
        """Takes what is to be done.

        Args:
            function: function of an item.
            items: iterable. Taken a few at a time, in the caller's thread.
            name: str. The thread's.
        """
        self._function = function
        self._items = iter(items)
        self._results = collections.deque()
        # One thread: results are made one after the other, in order.
        self._thread = concurrent.futures.ThreadPoolExecutor(
            max_workers=1, thread_name_prefix=name
        )

    def __enter__(self):
        """Begins; returns the iterator over results."""
        self._fill()
        return self

    def __exit__(self, *exception):
        """Ends the thread, after the item that it is at."""
        self._thread.shutdown(cancel_futures=True)

    def __iter__(self):
        """Returns itself."""
        return self

    def __next__(self):
        """Waits for the next result.

        Raises:
            Exception: What the function raised, with its own traceback.
        """
        if not self._results:
            raise StopIteration
        result = self._results.popleft().result()
        self._fill()
        return result

    def _fill(self):
        missing = NUM_AHEAD - len(self._results)
        for item in itertools.islice(self._items, missing):
            self._results.append(self._thread.submit(self._function, item))
