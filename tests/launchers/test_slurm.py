"""Jobs: how they are asked for, put back, and what they have made taken."""

import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys

import pytest
from launchers_run import submitted
from made_visits import Screen
from made_visits import write_visit

from fakes import graph
from stilts_keras.errors import InputError
from stilts_keras.errors import Interrupted
from stilts_keras.graph.part import parts_of
from stilts_keras.interruption import Interruption
from stilts_keras.launchers import jobs
from stilts_keras.launchers import slurm
from stilts_keras.launchers.schedule import Run
from stilts_keras.options import Options
from stilts_keras.records.lock import locked
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.records.visit_folders import visit_folder
from stilts_keras.visits.planning import plan_visits


@pytest.fixture
def run(tmp_path):
    built = graph(routes=["mnli"], targets=["xnli"], languages=["en", "de"])
    store = tmp_path / "store"
    return Run(
        folder=RunFolder(tmp_path / "run", built, stage_store=store),
        options=Options(
            run_dir=tmp_path / "run", stage_store=store, launcher="slurm"
        ),
        screen=Screen(),
        interruption=Interruption(),
        settings={},
    )


def program(folder, name, text):
    """Puts a program into a folder that PATH begins with."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


# ------------------------------------------------------------------- The last
def test_what_jobs_have_made_is_taken_and_nothing_is_missing(run):
    for part in parts_of(run.folder.graph):
        write_visit(run.folder.path, part)
    assert slurm.launch(run) == []
    assert len(run.folder.files.scores()) == 2
    assert (run.folder.path / "run.json").is_file()


def test_what_is_not_made_is_named_with_its_job_s_last_words(run):
    first, last = parts_of(run.folder.graph)
    logs = run.folder.path / "visits" / "logs"
    logs.mkdir(parents=True)
    log = logs / f"{first.fingerprint}.log"
    log.write_text("mnli: 3/9 steps\nstilts: error: the loss is nan.\n")
    said = slurm.launch(run)
    assert said == [
        f"mnli seed 1 ({first.fingerprint}) is not made ({log}: stilts: error: "
        "the loss is nan).",
        f"mnli/mnli seed 1 ({last.fingerprint}) is not made.",
        "`stilts plan --format=slurm` with the same flags submits what is "
        "left.",
    ]


def test_a_visit_at_work_is_left_to_its_job(run):
    part = parts_of(run.folder.graph)[-1]
    write_visit(run.folder.path, part)
    path = visit_folder(run.folder.path, part.fingerprint)
    with locked(path):
        said = " ".join(slurm.launch(run))
    assert (
        f"({part.fingerprint}) is being made by process {os.getpid()}" in said
    )
    assert path.exists() and not run.folder.files.scores()


# --------------------------------------------------------------------- A job
@pytest.fixture
def stopped(run, monkeypatch, tmp_path):
    """Function: a job that is stopped by a signal; what it asked scontrol."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    asked = programs / "asked"

    def stop(number, answer="exit 0"):
        program(programs, "scontrol", f'echo "$@" >> {asked}; {answer}')

        def make_visit(*arguments, **how):
            raise Interrupted(number)

        monkeypatch.setattr(slurm, "make_visit", make_visit)
        part = parts_of(run.folder.graph)[0]
        with pytest.raises(Interrupted) as caught:
            slurm.make(part, run.options, {})
        notes = getattr(caught.value, "__notes__", [])
        return notes, asked.read_text() if asked.exists() else ""

    return stop


def test_a_job_warned_of_its_time_limit_goes_back_into_the_queue(
    stopped, monkeypatch
):
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    notes, asked = stopped(signal.SIGUSR1)
    assert asked == "requeue 77\n"
    assert notes == ["Job 77 is in the queue again."]


def test_a_job_that_is_cancelled_or_pre_empted_does_not(stopped, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    assert stopped(signal.SIGTERM) == ([], "")


@pytest.mark.parametrize("saved, asked", [(False, ""), (True, "requeue 77\n")])
def test_a_job_that_gets_no_further_is_not_restarted_for_ever(
    stopped, run, monkeypatch, saved, asked
):
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "3")
    steps = iter([(0, 20), (0, 30 if saved else 20)])
    monkeypatch.setattr(slurm, "progress_of", lambda *place: next(steps))
    notes, found = stopped(signal.SIGUSR1)
    assert found == asked
    assert ("Give it more time" in notes[0]) == (not saved)


def test_a_process_of_no_job_asks_for_nothing(stopped, monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert stopped(signal.SIGUSR1) == ([], "")


def test_a_queue_that_refuses_is_said(stopped, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    notes, _ = stopped(signal.SIGUSR1, "echo disabled >&2; exit 1")
    assert notes == ["scontrol could not requeue job 77 (disabled)."]


# ----------------------------------------------------------------- The script
@pytest.fixture
def script(tmp_path):
    """The script for a tree of five visits."""
    built = graph(
        routes=["pretrained", "mnli", "mnli/squad"],
        targets=["xnli", "tatoeba"],
        languages=["de"],
    )
    left = RunFolder(tmp_path / "run", built).remaining(is_plan=True)
    visits = plan_visits(built, left)
    found = jobs.jobs_of(built, visits, tmp_path / "run", ["--seed=1"])
    file = tmp_path / "submit.sh"
    file.write_text(jobs.as_script(found, "--partition=gpu --time=8:00:00"))
    return file


def test_a_job_waits_for_the_stage_before_it_and_the_report_for_all(
    script, tmp_path
):
    asked = submitted(script, tmp_path)
    dependencies = {
        number: [a for a in arguments if a.startswith("--dependency=")]
        for number, arguments in asked.items()
    }
    # The bare backbone and mnli; mnli/xnli and mnli/squad; mnli/squad/xnli.
    assert dependencies == {
        100: [],
        101: [],
        102: ["--dependency=afterok:101"],
        103: ["--dependency=afterok:101"],
        104: ["--dependency=afterok:103"],
        105: ["--dependency=afterany:100:102:104"],
    }
    wanted = {"--requeue", "--kill-on-invalid-dep=yes", "--partition=gpu"}
    assert all(wanted <= {*arguments} for arguments in asked.values())


def test_the_job_of_an_average_waits_for_all_its_parents(tmp_path):
    built = graph(
        routes=["mnli"],
        targets=["xquad"],
        languages=["de"],
        seeds=(1, 2),
        average=["seeds"],
    )
    left = RunFolder(tmp_path / "run", built).remaining(is_plan=True)
    visits = plan_visits(built, left)
    file = tmp_path / "submit.sh"
    found = jobs.jobs_of(built, visits, tmp_path / "run", [])
    file.write_text(jobs.as_script(found))
    dependencies = [
        [a for a in arguments if a.startswith("--dependency=")]
        for arguments in submitted(file, tmp_path).values()
    ]
    # mnli and squad of each seed; of those of squad the mean.
    assert dependencies == [
        [],
        ["--dependency=afterok:100"],
        [],
        ["--dependency=afterok:102"],
        ["--dependency=afterok:101:103"],
        ["--dependency=afterany:104"],
    ]


def test_the_script_is_clean(script):
    beside = os.path.dirname(sys.executable)
    places = os.pathsep.join([beside, os.environ["PATH"]])
    program = shutil.which("shellcheck", path=places)
    if program is None:
        pytest.skip("needs shellcheck")
    subprocess.run([program, script], check=True)


def test_words_of_flags_reach_the_job_as_they_were(tmp_path):
    name = "it's $HOME; a `b` 9%j"
    found = jobs.Jobs(
        folder=str(tmp_path),
        logs=str(tmp_path / name),
        visits=[{"fingerprint": "0f", "name": "mnli", "after": []}],
        visit=["stilts", "visit", f"--backbone={name}"],
        report=["stilts", "run"],
    )
    script = tmp_path / "submit.sh"
    script.write_text(jobs.as_script(found, f"--comment={shlex.quote(name)}"))
    program(
        tmp_path,
        "sbatch",
        f'for word in "$@"; do echo "$word" >> {tmp_path}/words; done; echo 5',
    )
    subprocess.run(
        ["bash", script],
        check=True,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    words = (tmp_path / "words").read_text().splitlines()
    assert f"--comment={name}" in words
    # What sbatch would put the job's number in place of.
    log = str(tmp_path / name / "0f.log").replace("%", "%%")
    assert f"--output={log}" in words
    (first, last) = (w for w in words if w.startswith("--wrap=exec "))
    assert shlex.split(first.removeprefix("--wrap=exec ")) == [
        *("stilts", "visit", f"--backbone={name}", "--visit=0f"),
    ]
    assert last == "--wrap=exec stilts run"
    assert "--dependency=afterany:5" in words
    assert (tmp_path / name).is_dir()


def test_where_sbatch_refuses_a_job_none_is_submitted_after_it(tmp_path):
    names = ("0a", "0b", "0c")
    found = jobs.Jobs(
        folder=str(tmp_path),
        logs="logs",
        visits=[
            {"fingerprint": name, "name": "mnli", "after": list(names[:at])}
            for at, name in enumerate(names)
        ],
        visit=["v"],
        report=["r"],
    )
    script = tmp_path / "submit.sh"
    script.write_text(jobs.as_script(found))
    program(
        tmp_path,
        "sbatch",
        f'echo "$@" >> {tmp_path}/asked; case "$*" in *0b*) exit 1; esac; '
        "echo 5",
    )
    done = subprocess.run(
        ["bash", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    assert done.returncode == 1
    assert done.stderr.startswith("sbatch refused stilts-0b and none is")
    assert len((tmp_path / "asked").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "words, said",
    [
        ("--comment='x", "cannot be read as a shell's words"),
        ("--time=1 --dependency=afterok:1", "must not hold '--dependency="),
        ("-d afterok:1", "must not hold '-d'"),
        ("--array=1-4", "must not hold '--array=1-4'"),
    ],
)
def test_arguments_that_undo_the_order_of_jobs_are_refused(words, said):
    found = jobs.Jobs(folder="/f", logs="/l", visits=[], visit=[], report=[])
    with pytest.raises(InputError, match=said):
        jobs.as_script(found, words)


def test_a_run_with_nothing_left_submits_its_report_alone():
    found = jobs.Jobs(
        folder="/f", logs="/l", visits=[], visit=["v"], report=["r"]
    )
    script = jobs.as_script(found)
    assert 'submit report "" "$report"' in script
    assert "Nothing is left to be made" in script
