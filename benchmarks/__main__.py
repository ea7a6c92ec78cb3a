"""Runs benchmarks one after the other, and prints the table.

    python -m benchmarks [--lines=FILE] [--table] [NAME ...]

docs/speed.md has it. Without names: all that are in it, but `gpu`. `--lines`
says where the JSON lines are kept (benchmarks/lines.jsonl): a line takes the
place of an earlier one of the same benchmark and sizes. `--table` runs nothing.
Do this on a machine that does nothing else.
"""

import argparse
import json
import pathlib
import subprocess
import sys

from benchmarks import harness
from benchmarks.table import GOALS
from benchmarks.table import table

LINES = pathlib.Path(__file__).with_name("lines.jsonl")
# Sizes beside each benchmark's own.
ARGUMENTS = {"mining": [["10000"], ["30000"], ["100000", "1024", "1"]]}


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--lines", type=pathlib.Path, default=LINES)
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    unknown = set(options.names) - set(GOALS)
    if unknown:
        parser.error(
            f"unknown benchmarks {sorted(unknown)}; known: {', '.join(GOALS)}"
        )
    names = options.names or [name for name in GOALS if name != "gpu"]
    lines = read(options.lines)
    for name in [] if options.table else names:
        for arguments in ARGUMENTS.get(name, [[]]):
            for line in measure(name, arguments):
                lines = [*(o for o in lines if key(o) != key(line)), line]
                write(options.lines, lines)
    print(table(lines))


def key(line):
    return line["benchmark"], json.dumps(line["sizes"])


def read(file):
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def write(file, lines):
    order = list(GOALS)
    lines.sort(key=lambda line: order.index(line["benchmark"]))
    text = "".join(json.dumps(line) + "\n" for line in lines)
    file.write_text(text, encoding="utf-8")


def measure(name, arguments):
    """Runs one benchmark and yields its lines."""
    print(f"{name} {' '.join(arguments)}", file=sys.stderr, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *arguments],
        cwd=harness.ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield from map(json.loads, done.stdout.splitlines())


if __name__ == "__main__":
    sys.exit(main())
