"""Makes a run in one of several processes: for test_hosts.py.

`python hosts_run.py FOLDER NAME` leaves FOLDER/NAME.json, with the losses that
this process has seen, and the run in FOLDER/run. The number of devices is that
of the processes that the environment tells of.
"""

import json
import os
import pathlib
import signal
import sys
import time

from steps import devices_run
from stilts_keras import experiment
from stilts_keras.backend.hosts import NAME
from stilts_keras.backend.hosts import NUMBER
from stilts_keras.errors import InputError
from stilts_keras.errors import Interrupted
from stilts_keras.errors import StageError
from stilts_keras.options import Options
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.steps import train
from stilts_keras.visits import follow

# One device for each process; the script of several has asked for two.
os.environ["XLA_FLAGS"] = os.environ["XLA_FLAGS"].replace(
    "device_count=2", "device_count=1"
)
# What a process is to do to itself, and after how many steps.
STOP, DIE = "stop", "die"


def main(folder, name):
    losses = look_on()
    number = int(os.environ.get(NUMBER, 1))
    recipe = {"batch_size": 9} if name.startswith("unequal") else {}
    graph = devices_run.graph_of(**recipe)
    options = Options(run_dir=folder / "run", devices=number)
    found = {"losses": losses}
    try:
        experiment.run(graph, options)
    except (InputError, StageError) as error:
        found["error"] = str(error)
    except Interrupted as error:
        found["stopped"] = [error.signal_number, *error.__notes__]
    if os.environ.get(NAME, "0") == "0":
        run = RunFolder(folder / "run", graph)
        found["left"] = len(run.remaining(is_plan=True).cells)
        found["scores"] = sorted(
            [row.route, row.target, row.language, row.metric, row.value]
            for row in run.files.scores()
        )
    (folder / f"{name}.json").write_text(json.dumps(found))


def look_on():
    """Returns a list of losses, which fills; may end this process."""
    losses, run_step = [], train.Update.__call__
    what, _, after = os.environ.get("STILTS_TEST_END", "").partition("@")

    def step(self, *batch):
        result = run_step(self, *batch)
        losses.append(float(result))
        if what and len(losses) == int(after):
            if what == DIE:
                # So that the other is in its next step.
                time.sleep(1.0)
                os.kill(os.getpid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGTERM)
        return result

    train.Update.__call__ = step
    # Not what is compared here, and most of the time.
    experiment._report = lambda *_: None
    experiment.Refresher = lambda *_: None
    experiment.Progress = lambda console: devices_run.Display()
    devices_run.SEEN = devices_run.Seen()
    devices_run.SEEN.stop_at = None
    # A follower that wrote would be seen.
    follow.RunFolder.describe = _only_first(follow.RunFolder.describe)
    return losses


def _only_first(function):
    def checked(*args):
        assert os.environ.get(NAME, "0") == "0"
        return function(*args)

    return checked


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
