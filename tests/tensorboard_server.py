"""A real TensorBoard in a process of its own, asked over HTTP."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ADDRESS = re.compile(r"at (http://127\.0\.0\.1:\d+)")
STOPS_WITHIN_SECONDS = 10
# Nothing of these is needed to serve, and all of it takes time.
QUIET = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}


@contextlib.contextmanager
def serve(logdir, *options, seconds=120):
    """Runs TensorBoard until the block ends.

    Yields its address once it lists every folder with an event file and has
    read what lies there.
    """
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", logdir]
    command += ["--host", "127.0.0.1", "--port", "0", *options]
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | QUIET,
        )
        try:
            address = eventually(
                lambda: _address(process, output), seconds=seconds
            )
            _wait_for_runs(address, logdir, seconds)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(STOPS_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def get(address, path, **query):
    """Fetches one path and returns the bytes."""
    url = f"{address}{path}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def get_json(address, path, **query):
    """Fetches one path and returns the JSON value."""
    return json.loads(get(address, path, **query))


def post_json(address, path, value):
    """Sends a JSON value and returns the answer's."""
    request = urllib.request.Request(
        address + path,
        json.dumps(value).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def eventually(read, found=bool, seconds=60):
    """Calls `read` until `found` holds of what it returns; returns that."""
    ends = time.monotonic() + seconds
    while not found(value := read()):
        assert time.monotonic() < ends, f"After {seconds} s still {value!r}."
        time.sleep(0.1)
    return value


def _address(process, output):
    output.seek(0)
    text = output.read()
    assert process.poll() is None, f"TensorBoard has ended:\n{text}"
    found = ADDRESS.search(text)
    return found and found[1]


def _wait_for_runs(address, logdir, seconds):
    logdir = pathlib.Path(logdir)
    expected = {
        file.parent.relative_to(logdir).as_posix()
        for file in logdir.rglob("*tfevents*")
    }
    eventually(
        lambda: expected - set(get_json(address, "/data/runs")),
        lambda missing: not missing,
        seconds,
    )
    # A run is listed before its file has been read to the end.
    before = None
    while before != (now := _tags(address)):
        before = now
        time.sleep(0.5)


def _tags(address):
    plugins = ("scalars", "text", "images")
    return [get(address, f"/data/plugin/{name}/tags") for name in plugins]
