"""What breaks a run, and what it is compared to afterwards.

Everything goes through the command line in real processes. The flags that the
promises are about stand here and nowhere else.

Most of the time goes into imports, so the tests of this folder run ahead in a
few threads, and pytest waits for each: they take `harness` and parameters, and
no other fixture.
"""

import concurrent.futures
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import h5py
import pytest

import stilts_keras
from backends import QUICK_XLA
from command import tiny_backbone

SAVING = ["--save_every_minutes=0.005"]
FAIL = ["--on_damage=fail"]

LOCK_FILE = ".lock"
BACKENDS = ("tensorflow", "jax", "torch")
TARGETS = ("xnli", "tatoeba")
FLAGS = [
    "--route=pretrained",
    "--route=mlm@de:160+mnli:160/squad",
    "--languages=en,de",
    "--data=pocket",
    *tiny_backbone(),
    "--dropout=0.1",
    "--max_length=32",
    "--train_limit=320",
    "--eval_limit=32",
    "--batch_size=8",
    "--epochs=1",
    "--learning_rate=3e-3",
    "--eval_every_steps=7",
    "--dev_limit=32",
]
# The stages of these flags: where their folders are, below `stages`.
MIXTURE = "mlm@de:160+mnli:160"
CHAIN = f"{MIXTURE}/squad:320"
PATIENCE = 600.0


class Process:
    """A started command; what it prints goes to files."""

    def __init__(self, command, env, folder):
        self.stdout_file = folder / "stdout"
        self.stderr_file = folder / "stderr"
        with (
            open(self.stdout_file, "wb") as stdout,
            open(self.stderr_file, "wb") as stderr,
        ):
            self.popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=env,
                cwd=folder,
                start_new_session=True,
            )
        self.pid = self.popen.pid

    @property
    def stdout(self):
        return self.stdout_file.read_text("utf-8", "replace")

    @property
    def stderr(self):
        return self.stderr_file.read_text("utf-8", "replace")

    @property
    def error_lines(self):
        """What the command says; TensorFlow's own log is not that."""
        return [
            line
            for line in self.stderr.splitlines()
            if line.strip() and not re.match(r"[IWEF]\d{4} ", line)
        ]

    @property
    def running(self):
        return self.popen.poll() is None

    @property
    def status(self):
        """Exit status as a shell has it: 128 + n for signal n."""
        code = self.popen.returncode
        return 128 - code if code < 0 else code

    def send(self, number):
        # A process that has just ended by itself is no error of the test.
        with contextlib.suppress(ProcessLookupError):
            self.popen.send_signal(number)

    def wait(self, seconds=PATIENCE):
        """Returns the exit status; kills what does not end."""
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return self.status

    def kill(self):
        self.send(signal.SIGKILL)
        self.popen.wait()

    def wait_until(self, condition, what):
        """Waits for `condition()` while the process runs."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if not self.running or time.monotonic() > end:
                status = self.popen.poll()
                self.kill()
                pytest.fail(
                    f"never came: {what} (exit status {status})\n"
                    f"{self.stdout[-1000:]}\n{self.stderr[-2000:]}"
                )
            time.sleep(0.01)


def snapshot(run_dir):
    """Names, sizes and times: unequal after any change of the folder."""
    found = []
    for folder, _, names in os.walk(run_dir):
        found.append((folder, 0, 0))
        for name in names:
            # Temporary files come and go.
            with contextlib.suppress(OSError):
                facts = os.stat(os.path.join(folder, name))
                found.append(
                    (f"{folder}/{name}", facts.st_size, facts.st_mtime_ns)
                )
    return sorted(found)


def contents(run_dir):
    """All that a run folder holds, but for who last wrote there."""
    return {
        str(file.relative_to(run_dir)): file.read_bytes()
        for file in sorted(run_dir.rglob("*"))
        if file.is_file() and file.name != LOCK_FILE
    }


def leftovers(run_dir):
    """Hidden files and folders; a finished run has none but its lock."""
    return [
        str(path.relative_to(run_dir))
        for path in sorted(run_dir.rglob(".*"))
        if path.name != LOCK_FILE
    ]


def rows(run_dir):
    """Results, sorted, each as one text."""
    lines = (run_dir / "results.jsonl").read_text("utf-8").splitlines()
    return sorted(
        json.dumps(json.loads(line), sort_keys=True) for line in lines
    )


def arrays(file):
    """All data sets of an HDF5 file as (type, shape, bytes)."""
    found = {}

    def take(name, item):
        if isinstance(item, h5py.Dataset):
            value = item[()]
            found[name] = str(item.dtype), item.shape, value.tobytes()

    with h5py.File(file) as group:
        group.visititems(take)
    return found


def manifests(run_dir):
    """Stage folders below the run folder with their manifests."""
    return {
        str(file.parent.relative_to(run_dir)): json.loads(file.read_bytes())
        for file in sorted((run_dir / "stages").rglob("manifest.json"))
        if not any(
            part.startswith(".") for part in file.relative_to(run_dir).parts
        )
    }


def weights(run_dir):
    """All arrays of all finished stages."""
    return {
        file.relative_to(run_dir).as_posix(): arrays(file)
        for folder in manifests(run_dir)
        for file in sorted((run_dir / folder).rglob("*.h5"))
    }


def differences(found, expected):
    """Names what differs between two finished run folders."""
    messages = []

    def compare(what, left, right):
        for name in sorted(left.keys() | right.keys()):
            if name not in left:
                messages.append(f"{what} {name} is missing")
            elif name not in right:
                messages.append(f"{what} {name} is too much")
            elif left[name] != right[name]:
                messages.append(f"{what} {name} differs")

    left, right = rows(found), rows(expected)
    for row in left:
        if row not in right:
            messages.append(f"row is too much: {row}")
    for row in right:
        if row not in left:
            messages.append(f"row is missing: {row}")
    if len(left) != len(right):
        messages.append(f"{len(left)} rows in place of {len(right)}")
    for folder in (
        "predictions",
        "submission",
        "report/tables",
        "report/figures",
    ):
        compare(folder, contents(found / folder), contents(expected / folder))
    # At least one array each: nothing is compared to nothing.
    assert all(weights(expected).values()) and weights(expected)
    compare("weights", weights(found), weights(expected))
    facts = "best_step", "dev_score", "num_steps"
    compare(
        "manifest",
        *(
            {
                folder: [manifest[fact] for fact in facts]
                for folder, manifest in manifests(run_dir).items()
            }
            for run_dir in (found, expected)
        ),
    )
    return messages


def broken_stages(run_dir):
    """Names files of finished stages that their manifests do not describe."""
    broken = []
    for folder, manifest in manifests(run_dir).items():
        for name, facts in manifest["files"].items():
            file = run_dir / folder / name
            whole = file.read_bytes() if file.is_file() else b""
            if (
                hashlib.sha256(whole).hexdigest() != facts["sha256"]
                or len(whole) != facts["num_bytes"]
            ):
                broken.append(str(file))
    return broken


def flip_byte(file, index=None):
    """Flips the last bit of one byte, by default the middle one."""
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2 if index is None else index] ^= 1
    file.write_bytes(whole)


class Harness:
    """Runs the experiment, whole or disturbed, and compares."""

    backends = BACKENDS
    targets = TARGETS
    mixture = MIXTURE
    chain = CHAIN
    fail = FAIL
    Process = Process

    snapshot = staticmethod(snapshot)
    contents = staticmethod(contents)
    leftovers = staticmethod(leftovers)
    rows = staticmethod(rows)
    differences = staticmethod(differences)
    manifests = staticmethod(manifests)
    weights = staticmethod(weights)
    broken_stages = staticmethod(broken_stages)
    flip_byte = staticmethod(flip_byte)

    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        self.pool, self.futures = None, {}
        self._stopped = False
        self._made = {}
        self._locks = {}
        self._lock = threading.Lock()
        self.env = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            # The package that this test session imports, wherever it is.
            "PYTHONPATH": str(pathlib.Path(stilts_keras.__file__).parents[1]),
            "JAX_COMPILATION_CACHE_DIR": str(folder / "jax_cache"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
            "XLA_FLAGS": QUICK_XLA,
        }

    def stop(self):
        """Ends what still runs; nothing begins after this."""
        self._stopped = True
        if self.pool is not None:
            self.pool.shutdown(wait=False, cancel_futures=True)
        for process in self.processes:
            if process.running:
                process.kill()
        if self.pool is not None:
            self.pool.shutdown()

    def new_folder(self, name):
        with self._lock:
            number = len(list(self.folder.iterdir()))
            folder = self.folder / f"{number}-{name}"
            folder.mkdir()
        return folder

    def start(
        self, backend, run_dir, *extra, targets=TARGETS, prefix=(), env=None
    ):
        """Starts the command on a run folder.

        Args:
            backend: str.
            run_dir: path.
            extra: strings. More flags.
            targets: strings.
            prefix: strings. A command that starts this one.
            env: dict or None. Environment variables to change.

        Returns:
            `Process`.
        """
        assert not self._stopped
        process = Process(
            [
                *prefix,
                sys.executable,
                "-m",
                "stilts_keras",
                "run",
                *FLAGS,
                *SAVING,
                f"--targets={','.join(targets)}",
                f"--run_dir={run_dir}",
                f"--keras_backend={backend}",
                *extra,
            ],
            {**self.env, **(env or {})},
            self.new_folder("output"),
        )
        self.processes.append(process)
        return process

    def run(self, *arguments, status=0, **options):
        """Runs the command to its end, which must be as expected."""
        process = self.start(*arguments, **options)
        process.wait()
        assert process.status == status, (
            f"exit status {process.status}\n{process.stdout[-1000:]}\n"
            f"{process.stderr[-3000:]}"
        )
        assert status == 0 or "Traceback" not in process.stderr
        return process

    def once(self, key, make):
        """Returns `make()`, called once in the session for each key."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]

    def undisturbed(self, backend, targets=TARGETS):
        """Run folder of the experiment without any disturbance."""

        def make():
            run_dir = self.new_folder(f"undisturbed-{backend}") / "run"
            self.run(backend, run_dir, targets=targets)
            return run_dir

        return self.once((backend, targets), make)

    def copy(self, run_dir):
        """A copy that a test may break."""
        folder = self.new_folder("copy") / "run"
        shutil.copytree(run_dir, folder)
        return folder

    def stage(self, run_dir, name):
        """The folder of the one stage of this name."""
        (file,) = (run_dir / "stages" / name).glob("[!.]*/manifest.json")
        return file.parent

    def progress(self, run_dir):
        """What is saved of stages in training, whole saves only, last first."""
        saves = [
            path
            for folder in (run_dir / "stages").rglob(".*.progress")
            for path in sorted(folder.glob("[!.]*"), reverse=True)
        ]
        return [path for path in saves if path.is_file() or any(path.iterdir())]

    def steps_of_the_first_stage(self, run_dir):
        """Steps with a point in TensorBoard, from all processes, sorted."""
        from stilts_keras.records.tensorboard import read_scalars

        folder = run_dir / "tensorboard" / "pretrained" / "xnli" / "seed-1"
        return sorted(
            step
            for tag, step, _ in read_scalars(folder)
            if tag.startswith("loss/")
        )

    def assert_equal(self, run_dir, expected):
        """No difference to the undisturbed run, and nothing left behind."""
        assert differences(run_dir, expected) == []
        assert leftovers(run_dir) == []
        assert broken_stages(run_dir) == []


@pytest.fixture(scope="session")
def harness(tmp_path_factory):
    harness = Harness(tmp_path_factory.mktemp("faults"))
    yield harness
    harness.stop()


# --------------------------------------------------------------- In threads
FOLDER = pathlib.Path(__file__).parent
NUM_WORKERS = max(1, min(4, os.cpu_count() or 1))


def is_ours(item):
    return FOLDER in item.path.parents


def pytest_collection_modifyitems(items):
    """The longest tests of this folder begin first."""
    places = [index for index, item in enumerate(items) if is_ours(item)]
    ordered = sorted(
        (items[index] for index in places),
        key=lambda item: "_killed_at_random" not in item.name,
    )
    for index, item in zip(places, ordered, strict=True):
        items[index] = item


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if not is_ours(pyfuncitem):
        return None
    harness = pyfuncitem.funcargs["harness"]
    if harness.pool is None:
        harness.pool = concurrent.futures.ThreadPoolExecutor(NUM_WORKERS)
        for item in pyfuncitem.session.items:
            if is_ours(item):
                params = item.callspec.params if "callspec" in dir(item) else {}
                harness.futures[item.nodeid] = harness.pool.submit(
                    item.obj, harness=harness, **params
                )
    harness.futures[pyfuncitem.nodeid].result()
    return True
