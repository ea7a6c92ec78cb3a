"""Runs the same graph by every launcher, in one process and its workers.

python launchers_run.py FOLDER GRAPH
"""

import contextlib
import json
import os
import pathlib
import shlex
import stat
import subprocess
import sys

from command import tiny_backbone
from stilts_keras.main import main

FLAGS = [
    "--languages=en,de",
    "--data=pocket",
    *tiny_backbone(),
    "--dropout=0.1",
    "--max_length=24",
    "--batch_size=8",
    "--epochs=1",
    "--learning_rate=3e-3",
    "--train_limit=48",
    "--eval_limit=16",
    "--eval_every_steps=0",
]
# Without retrieval nothing is evaluated after an intermediate stage.
GRAPHS = {
    "all": [
        "--route=pretrained",
        "--route=mnli",
        "--route=mnli/squad",
        "--targets=xnli,tatoeba",
        "--measure_forgetting",
    ],
    "trained_only": ["--route=mnli/squad", "--targets=xnli", "--keep=none"],
}
LAUNCHERS = {
    "plain": [],
    "workers": ["--num_workers=2"],
    "ray": ["--launcher=ray"],
}
# What other launchers each graph is run by.
OTHERS = {
    "trained_only": ["workers"],
    "all": ["workers", "ray", "slurm"],
}
# Prints a number, and keeps what it was asked for.
SBATCH = """\
#!{python}
import json, os, sys
folder = os.environ["STAND_IN_JOBS"]
number = 100 + len(os.listdir(folder))
with open(f"{{folder}}/{{number}}.json", "x") as file:
    json.dump(sys.argv[1:], file)
print(f"{{number}};cluster")
"""


def folders(folder, graph, launcher):
    return (
        f"--run_dir={folder / graph / launcher}",
        f"--stage_store={folder / graph / launcher}_store",
    )


def stilts(*arguments):
    with contextlib.redirect_stdout(open(os.devnull, "w")):
        return main(["stilts", *arguments])


def by_slurm(folder, graph, flags):
    """Submits by the script that `plan` prints, and runs jobs in order."""
    place = folder / graph
    where = folders(folder, graph, "slurm")
    place.mkdir(exist_ok=True)
    script = place / "submit.sh"
    with open(script, "w") as file, contextlib.redirect_stdout(file):
        status = main(["stilts", "plan", *flags, *where, "--format=slurm"])
    assert status == 0
    asked = submitted(script, place)
    return asked, run_jobs(asked)


def submitted(script, place):
    """Runs a script beside a stand-in of sbatch.

    Returns:
        Dict from the number of each job to the arguments it was asked with.
    """
    jobs = place / "jobs"
    jobs.mkdir()
    programs = place / "programs"
    programs.mkdir()
    sbatch = programs / "sbatch"
    sbatch.write_text(SBATCH.format(python=sys.executable))
    sbatch.chmod(sbatch.stat().st_mode | stat.S_IXUSR)
    subprocess.run(
        ["bash", script],
        check=True,
        stdout=subprocess.DEVNULL,
        env={
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "STAND_IN_JOBS": str(jobs),
        },
    )
    return {
        int(file.stem): json.loads(file.read_text())
        for file in sorted(jobs.iterdir())
    }


def run_jobs(asked):
    """Returns the exit status of each job, or why it was not run."""
    ended = {}
    for number, arguments in asked.items():
        flags = dict(
            argument.removeprefix("--").split("=", 1)
            for argument in arguments
            if "=" in argument
        )
        kind, *before = flags.get("dependency", "").split(":")
        if kind == "afterok" and any(ended[int(one)] for one in before):
            ended[number] = "DependencyNeverSatisfied"
            continue
        assert all(int(one) in ended for one in before)
        word, *command = shlex.split(flags["wrap"])
        assert [word, *command[:3]] == [
            "exec",
            sys.executable,
            "-m",
            "stilts_keras",
        ]
        ended[number] = stilts(*command[3:])
    return ended


def run_all(folder, graph):
    """Returns how each launcher ended: of jobs, the status of each."""
    flags = [*FLAGS, *GRAPHS[graph], "--keras_backend=torch"]
    found = {}
    for launcher in ("plain", *OTHERS[graph]):
        if launcher == "slurm":
            _, found[launcher] = by_slurm(folder, graph, flags)
            continue
        where = folders(folder, graph, launcher)
        how = LAUNCHERS[launcher]
        found[launcher] = stilts("run", *flags, *where, *how)
    return found


if __name__ == "__main__":
    print(json.dumps(run_all(pathlib.Path(sys.argv[1]), sys.argv[2])))
