"""A run as jobs of an engine: one for each visit, and one that reports.

Loads no framework: it is what `stilts plan` prints.
"""

import dataclasses
import json
import os
import re
import shlex
import sys

from stilts_keras.errors import InputError
from stilts_keras.records.run_folder import VISITS
from stilts_keras.visits.planning import planned

LOGS = "logs"
# Before the time limit: a step is finished and the progress written by then.
WARNING_SECONDS = 300

SCRIPT = """\
#!/usr/bin/env bash
# Submits {num_visits} jobs, one for each visit that is left of a run, and one
# that takes their results and reports. Written by `stilts plan
# --format=slurm`; run it where sbatch is. A job that is cut off goes on where
# it was; one that fails takes those with it that need it, and no other. Where
# sbatch refuses one, none is submitted after it.
set -euo pipefail

cd {folder}
logs={logs}
mkdir -p "$logs"
sbatch_args=({sbatch_args})
visit={visit}
report={report}

refused() {{
    {{
        echo "sbatch refused stilts-$1 and none is submitted after it. Those"
        echo "before it are made; submit what is left once they have ended, by"
        echo "stilts plan --format=slurm with the same flags."
    }} >&2
    exit 1
}}

# submit NAME DEPENDENCY COMMAND: prints the number of the job. Bash does not
# stop at what fails in a $(...) by itself; % in the name of a log is sbatch's.
submit() {{
    local job
    job=$(sbatch --parsable --requeue --open-mode=append \\
        --kill-on-invalid-dep=yes --signal=B:USR1@{seconds} \\
        --job-name="stilts-$1" --output="${{logs//%/%%}}/$1.log" \\
        ${{2:+"--dependency=$2"}} \\
        ${{sbatch_args[@]+"${{sbatch_args[@]}}"}} --wrap="exec $3") \\
        || refused "$1"
    printf '%s\\n' "${{job%%;*}}"
}}

# visit_of FINGERPRINT [JOB[:JOB...]]: a visit, after the jobs that it needs.
visit_of() {{
    submit "$1" "${{2:+afterok:$2}}" "$visit --visit=$1"
}}

{visits}

submit report {dependency} "$report"
"""


@dataclasses.dataclass(frozen=True)
class Jobs:
    """What is to be done, and in which order.

    Attributes:
        folder: str. Where commands are to be run.
        logs: str. The folder for what they print.
        visits: list of dict with `fingerprint`, `name`, and `after`: list of
            the fingerprints that it needs, parents first.
        visit: list of str. The command of a visit, but for `--visit=`.
        report: list of str. The command that comes last.
    """

    folder: str
    logs: str
    visits: list
    visit: list
    report: list


def jobs_of(graph, visits, run_dir, flags):
    """Puts together what is left of a run as jobs.

    Args:
        graph: Graph.
        visits: list of `Visit`, parents first.
        run_dir: path.
        flags: list of str. Those that the graph is made of.

    Returns:
        `Jobs`.
    """
    command = [sys.executable, "-m", "stilts_keras"]
    return Jobs(
        folder=os.getcwd(),
        logs=os.path.join(run_dir, VISITS, LOGS),
        visits=[
            {
                "fingerprint": fingerprint,
                "name": one.part.name,
                "after": list(one.needs),
            }
            for fingerprint, one in planned(graph, visits).items()
        ],
        visit=[*command, "visit", *flags],
        report=[*command, "run", *flags, "--launcher=slurm"],
    )


def as_json(jobs):
    """Writes jobs for any engine: a graph of commands.

    Args:
        jobs: `Jobs`.

    Returns:
        str. A JSON object with `folder`, where the commands are to be run;
        `visits`, each with `fingerprint`, `name`, `after` and `command`; and
        `report`, with `command`, to be run when all others have ended.
    """
    return json.dumps(
        {
            "folder": jobs.folder,
            "visits": [
                {
                    **visit,
                    "command": [
                        *jobs.visit,
                        f"--visit={visit['fingerprint']}",
                    ],
                }
                for visit in jobs.visits
            ],
            "report": {"command": jobs.report},
        },
        ensure_ascii=False,
        indent=2,
    )


def as_script(jobs, sbatch_args=""):
    """Writes jobs as a script that submits them to Slurm.

    Args:
        jobs: `Jobs`.
        sbatch_args: str. More arguments of each `sbatch`, as a shell reads
            them.

    Returns:
        str. Of bash.

    Raises:
        InputError: If a shell could not read the arguments, or they would
            undo the order of the jobs.
    """
    lines = []
    nearest = _nearest(jobs.visits)
    needed = {name for names in nearest.values() for name in names}
    for visit in jobs.visits:
        name = visit["fingerprint"]
        after = ":".join(f"$job_{one}" for one in nearest[name])
        after = f' "{after}"' if after else ""
        lines.append(f"# {visit['name']}")
        lines.append(f"job_{name}=$(visit_of {name}{after})")
    ends = [
        f"$job_{visit['fingerprint']}"
        for visit in jobs.visits
        if visit["fingerprint"] not in needed
    ]
    dependency = f'"afterany:{":".join(ends)}"' if ends else '""'
    return SCRIPT.format(
        num_visits=len(jobs.visits),
        folder=shlex.quote(jobs.folder),
        logs=shlex.quote(jobs.logs),
        sbatch_args=shlex.join(_words(sbatch_args)),
        visit=shlex.quote(shlex.join(jobs.visit)),
        report=shlex.quote(shlex.join(jobs.report)),
        seconds=WARNING_SECONDS,
        visits="\n".join(lines) or "# Nothing is left to be made.",
        dependency=dependency,
    )


def _nearest(visits):
    """Finds what each visit waits for: that itself waits for all the rest."""
    after = {visit["fingerprint"]: visit["after"] for visit in visits}
    return {
        name: [
            one
            for one in needs
            if not any(one in after[other] for other in needs)
        ]
        for name, needs in after.items()
    }


def _words(sbatch_args):
    try:
        words = shlex.split(sbatch_args)
    except ValueError as error:
        raise InputError(
            f"sbatch_args cannot be read as a shell's words ({error}). "
            f"Received: {sbatch_args!r}."
        ) from error
    for word in words:
        if re.match("-[da]|--(dependency|array|wrap)", word):
            raise InputError(
                f"sbatch_args must not hold {word!r}: what a job is, and which "
                "jobs it waits for, the script itself says. Leave it out."
            )
    return words
