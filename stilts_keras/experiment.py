"""Run an experiment: have its visits made, keep what they yield, report.

The main loop; read this first, then `visits/walk.py`.
"""

import contextlib

from stilts_keras import backend
from stilts_keras import files
from stilts_keras import launchers
from stilts_keras.errors import StageError
from stilts_keras.interruption import Interruption
from stilts_keras.launchers.schedule import Run
from stilts_keras.options import Options
from stilts_keras.records.run_folder import VISITS
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.reporting import rendering
from stilts_keras.reporting.progress import Progress
from stilts_keras.reporting.refresh import Refresher
from stilts_keras.reporting.refresh import places
from stilts_keras.reporting.refresh import refresh
from stilts_keras.scoring import submission_files
from stilts_keras.visits.follow import check_hosts
from stilts_keras.visits.follow import follow
from stilts_keras.visits.screen import Screen


def run(graph, options=None, *, console=None, settings=None, **parts):
    """Trains and evaluates whatever of a graph is not done yet.

    May be cut off at any moment and called again: it goes on where it was,
    and on a CPU the results are those of a run that was never cut off.

    Args:
        graph: `Graph`.
        options: `Options` or None.
        console: `rich.console.Console` or None for the terminal.
        settings: dict or None. Kept in `run.json`, such as the flags given.
        **parts: what makes `Options`, where none are given; `run_dir` at
            least.

    Returns:
        List of `records.rows.Score`: the graph's part of `results.jsonl`.
        Of several processes at one run, the first has it, others none.

    Raises:
        InputError: If data, backbone or run folder are unfit, or another
            process writes to the folder; before any training.
        StageError: If a stage cannot be finished, or the disk is full. With
            launchers of other processes, once all others are.
        Interrupted: If the process was asked to stop.
    """
    options = options or Options(**parts)
    backend.prepare()
    hosts = backend.read_hosts()
    check_hosts(hosts, options, graph.request.average)
    with backend.joined(hosts):
        if not backend.is_first_process():
            follow(graph, options, hosts)
            return []
        return _run(graph, options, console, settings or {})


def _run(graph, options, console, settings):
    folder = RunFolder(options.run_dir, graph, **options.storage)
    progress = Progress(console=console)
    refresher = Refresher(folder.path, folder.baseline, progress.note)
    screen = Screen(folder, progress, refresher)
    with (
        Interruption() as interruption,
        files.refusals_said(),
        folder.lock(launchers.role_of(options)) as note,
    ):
        with screen:
            if note:
                screen.note(note)
            failures = launchers.launch(
                Run(
                    folder=folder,
                    options=options,
                    screen=screen,
                    interruption=interruption,
                    settings=settings,
                )
            )
        with contextlib.suppress(OSError):
            # There may be none, or one that is not absorbed.
            (folder.path / VISITS).rmdir()
        if folder.files.scores():
            _report(folder, screen, console)
        elif not failures:
            screen.note(
                "Nothing was scored: the labels of all targets are hidden. "
                f"Predictions: {folder.path / submission_files.FOLDER}"
            )
        # Also what was trained before there was a mirror, or while it was out
        # of reach.
        failures += folder.upload(graph.stages)
    if failures:
        raise StageError(" ".join(failures))
    return folder.files.scores()


def _report(folder, screen, console):
    """Writes the report, where results have changed, and shows its summary."""
    made = refresh(folder.path, folder.baseline)
    for frame in made["frames"].values():
        rendering.print_frame(frame, console)
    lines = (*made["sentences"], *made["problems"], *places(folder.path))
    with screen:
        for line in lines:
            screen.note(line)
