"""What benchmarks share: contestants in turn, and one JSON line.

A benchmark is run as `python -m benchmarks.NAME`. Each contestant is a child
process of its own that stays alive: frameworks do not disturb each other, and
memory is each one's own. They do the same work in turn, A B A B, so that what
else the machine does meets all of them alike.

The parent:

    commands = {
        name: harness.Contestant("benchmarks.NAME", [name], environment)
        for name in names
    }
    with harness.started(commands) as children:
        rounds = harness.rounds(children, num_rounds=5)
    harness.print_line("NAME", {"rows": 8}, rounds, base="huggingface")

The child, where `sys.argv` says that it is one, in an `if __name__ ==
"__main__"`:

    with harness.channel() as answer:
        work = ...  # Imports, models; all that is not timed.
        answer(work)  # Calls it at each turn.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time
from importlib import metadata

ROOT = pathlib.Path(__file__).resolve().parents[1]
PACKAGES = (
    "keras",
    "keras-hub",
    "tensorflow",
    "jax",
    "torch",
    "transformers",
    "accelerate",
    "tokenizers",
    "datasets",
    "numpy",
)
NUM_ROUNDS = 5
now = time.perf_counter
GIB = 2**30


@dataclasses.dataclass(frozen=True)
class Contestant:
    """A child process to be.

    Attributes:
        module: str. What `python -m` runs.
        arguments: list of str.
        environment: dict from name to value, beside the parent's.
    """

    module: str
    arguments: list
    environment: dict = dataclasses.field(default_factory=dict)


class Child:
    """A started contestant.

    Attributes:
        facts: dict. What it said of itself when it was ready.
    """

    def __init__(self, name, contestant):
        """Starts the process; `wait` waits until it is ready."""
        self._name = name
        self._process = subprocess.Popen(
            [sys.executable, "-m", contestant.module, *contestant.arguments],
            cwd=ROOT,
            env={**os.environ, **contestant.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.facts = None

    def wait(self):
        """Waits until the child has made its models."""
        self.facts = self._read()

    def turn(self):
        """Lets the child work once.

        Returns:
            dict: `seconds`, `peak_bytes` so far, and what the work returned
            of its own, if that is a dict.
        """
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return self._read()

    def close(self):
        """Ends the process."""
        self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(
                f"contestant {self._name!r} ended with status "
                f"{self._process.wait()}; what it wrote is above"
            )
        return json.loads(line)


def sizes(defaults):
    """Reads numbers from the command line; what is not given is a default.

    Args:
        defaults: tuple of int.
    """
    given = tuple(int(size) for size in sys.argv[1:])
    return given + defaults[len(given) :]


@contextlib.contextmanager
def started(contestants):
    """Starts contestants one after another; gives a dict from name to Child.

    Args:
        contestants: dict from name to `Contestant`.
    """
    children = {}
    try:
        for name, contestant in contestants.items():
            print(f"starting {name}", file=sys.stderr, flush=True)
            children[name] = Child(name, contestant)
            children[name].wait()
        yield children
    finally:
        for child in children.values():
            child.close()


@contextlib.contextmanager
def channel():
    """Gives a child its side: a function that answers turns to the end.

    What frameworks print goes to the standard error stream.

    Yields:
        Function `answer(work, facts=None)`: `work()` is called at each turn
        and timed; `facts` is a dict for the parent.
    """
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)

        def say(message):
            print(json.dumps(message), file=out, flush=True)

        def answer(work, facts=None):
            say(facts or {})
            for _ in sys.stdin:
                begun = time.perf_counter()
                said = work()
                seconds = time.perf_counter() - begun
                own = said if isinstance(said, dict) else {}
                # Its own `seconds`, if it has a better clock than this.
                say({"seconds": seconds, "peak_bytes": peak_bytes(), **own})

        yield answer


def prepare():
    """Sets a child up as the command does itself; call it before imports."""
    from stilts_keras import memory

    # Before a framework has threads.
    memory.keep_freed()

    from stilts_keras import backend

    backend.prepare()


def rounds(children, *, num_rounds=NUM_ROUNDS):
    """Lets all work in turn.

    Args:
        children: dict from name to `Child`, or to a function of no arguments
            that works in this process.
        num_rounds: int.

    Returns:
        dict from name to a list of what `Child.turn` returns.
    """
    answers = {name: [] for name in children}
    for number in range(num_rounds):
        for name, child in children.items():
            turn = child.turn if isinstance(child, Child) else timed(child)
            answers[name].append(turn())
        said = {name: round(a[-1]["seconds"], 4) for name, a in answers.items()}
        print(f"round {number + 1}: {said}", file=sys.stderr, flush=True)
    return answers


def timed(work):
    """Makes a function answer as a `Child`'s turn does."""

    def turn():
        begun = time.perf_counter()
        said = work()
        seconds = time.perf_counter() - begun
        own = said if isinstance(said, dict) else {}
        return {"seconds": seconds, "peak_bytes": peak_bytes(), **own}

    return turn


def summary(answers, *, base):
    """Summarises rounds.

    Args:
        answers: what `rounds` returns.
        base: str. Whom the others are compared with.

    Returns:
        dict: `seconds` of every round, `median_seconds`, `peak_gib`, and for
        all but the base `times_as_fast` (the base's seconds divided by
        theirs, round by round: median, min, max) and `memory_ratio` (their
        peak divided by the base's). Each is a dict from name.
    """
    seconds = {n: [a["seconds"] for a in all_] for n, all_ in answers.items()}
    peaks = {n: a[-1]["peak_bytes"] / GIB for n, a in answers.items()}
    others = [name for name in answers if name != base]
    return {
        "base": base,
        "seconds": {n: [round(s, 4) for s in v] for n, v in seconds.items()},
        "median_seconds": {
            n: round(statistics.median(v), 4) for n, v in seconds.items()
        },
        "times_as_fast": {n: spread(seconds[base], seconds[n]) for n in others},
        "peak_gib": {n: round(peak, 2) for n, peak in peaks.items()},
        "memory_ratio": {n: round(peaks[n] / peaks[base], 2) for n in others},
    }


def spread(upper, lower):
    """Returns median, min and max of ratios, pair by pair."""
    ratios = [u / v for u, v in zip(upper, lower, strict=True)]
    return {
        "median": round(statistics.median(ratios), 3),
        "min": round(min(ratios), 3),
        "max": round(max(ratios), 3),
        "num_pairs": len(ratios),
    }


def print_line(benchmark, sizes, answers, *, base, **more):
    """Prints the JSON line of rounds, and whatever else there is to say."""
    print_json(benchmark, sizes, **summary(answers, base=base), **more)


def print_json(benchmark, sizes, **more):
    """Prints one JSON line: what was measured, where, and with what."""
    line = {
        "benchmark": benchmark,
        "sizes": sizes,
        **more,
        "machine": machine(),
        "versions": versions(),
    }
    print(json.dumps(line), flush=True)


def machine():
    """Returns a dict: processor's name, cores, and what threads were asked."""
    threads = {
        name: os.environ[name]
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "XLA_FLAGS")
        if name in os.environ
    }
    return {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": _num_cores(),
        "memory_gib": _memory_gib(),
        "threads": threads,
    }


def versions():
    """Returns a dict from package to version, of what is installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def peak_bytes():
    """Returns the most memory that this process ever held, in bytes."""
    try:
        status = pathlib.Path("/proc/self/status").read_text()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    # What getrusage says may be the parent's, from before this program.
    (line,) = [s for s in status.splitlines() if s.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def _num_cores():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _memory_gib():
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return round(pages * size / GIB, 1)


def _processor():
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
