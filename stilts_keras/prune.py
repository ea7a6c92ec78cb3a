"""Deletes weights that no run needs any more, from a run or from a store."""

import dataclasses
import pathlib
import time

from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.reporting import results
from stilts_keras.run_folder import KEEP
from stilts_keras.run_folder import RESULTS_FILE
from stilts_keras.run_folder import RUN_FILE
from stilts_keras.run_folder import locked
from stilts_keras.stage_folders import StageFolders
from stilts_keras.stage_folders import runs_of_store
from stilts_keras.stage_folders import stages_in_run
from stilts_keras.stage_folders import stages_in_store

# A writer that is still at work is younger.
LEFTOVER_AFTER_SECONDS = 24 * 3600


@dataclasses.dataclass(frozen=True)
class Pruning:
    """What may be deleted.

    Attributes:
        paths: list of path.
        num_bytes: int. Their size.
        notes: list of str. What the user should know before saying yes.
    """

    paths: list
    num_bytes: int
    notes: list


def prune_run(run_dir, *, keep="all", is_agreed):
    """Deletes from a run folder what is left over.

    Args:
        run_dir: path.
        keep: str. Weights that stay: `all` that the run's routes trained,
            `last` those that a target was evaluated with, or `none`; in each
            case also those that scores still to come will be read from.
        is_agreed: function of a `Pruning` -> bool.

    Returns:
        `Pruning`: what was deleted; empty if it was not agreed to.

    Raises:
        InputError: If it is no run folder, is damaged, or in use.
    """
    if keep not in KEEP:
        raise unknown("keep", str(keep), KEEP)
    _check_is_run(run_dir)
    with locked(run_dir):
        needed = _needed(run_dir, keep)
        found = stages_in_run(run_dir)
        paths = [path for name, path in found.items() if name not in needed]
        paths += [
            path
            for path in sorted(pathlib.Path(run_dir).rglob(".*.progress"))
            if path.name[1:-9] in found
            or path.name[1:-9] not in _graph_of(run_dir)["stages"]
        ]
        return _delete([*paths, *files.leftovers(run_dir)], [], is_agreed)


def prune_store(store, *, is_agreed):
    """Deletes the stages of a store that no run has a link to, or waits for.

    Args:
        store: path.
        is_agreed: function of a `Pruning` -> bool.

    Returns:
        `Pruning`: what was deleted; empty if it was not agreed to.

    Raises:
        InputError: If it is no folder, or a run's files are damaged.
    """
    store = StageFolders(None, store).store
    if not store.is_dir():
        raise InputError(f"stage_store {str(store)!r} is no folder.")
    needed, notes = set(), []
    for run_dir in runs_of_store(store):
        if (run_dir / RUN_FILE).is_file():
            needed |= set(stages_in_run(run_dir)) | _needed(run_dir, "none")
        else:
            notes.append(f"Run {run_dir} is gone; what it used is not kept.")
    paths = [
        path
        for name, path in stages_in_store(store).items()
        if name not in needed
    ]
    paths += [
        path
        for path in files.leftovers(store)
        if time.time() - path.stat().st_mtime > LEFTOVER_AFTER_SECONDS
    ]
    return _delete(paths, notes, is_agreed)


def _delete(paths, notes, is_agreed):
    pruning = Pruning(paths, sum(map(files.num_bytes, paths)), notes)
    if not paths or not is_agreed(pruning):
        return Pruning([], 0, notes)
    for path in paths:
        files.remove(path)
    return pruning


def _check_is_run(run_dir):
    if not pathlib.Path(run_dir, RUN_FILE).is_file():
        raise InputError(
            f"{str(run_dir)!r} is no run folder: it has no {RUN_FILE}."
        )


def _graph_of(run_dir):
    return files.read_sealed(pathlib.Path(run_dir, RUN_FILE))["graph"]


def _needed(run_dir, keep):
    """Returns the fingerprints of the stages that a run must not lose."""
    graph = _graph_of(run_dir)
    scored = {
        (f"{row['route']}|{row['target']}|{row['seed']}", row["language"])
        for row in results.read_results(pathlib.Path(run_dir, RESULTS_FILE))
    }
    needed = {
        "all": set(graph["stages"]),
        "last": set(graph["cells"].values()),
        "none": set(),
    }[keep]
    for cell, stage in graph["cells"].items():
        target = cell.split("|")[1]
        languages = [
            key.split("|")[1]
            for key in graph["evaluation"]
            if key.split("|")[0] == target
        ]
        is_done = all((cell, language) in scored for language in languages)
        # What is not scored yet will be read, or trained from its parents.
        while not is_done and stage in graph["stages"]:
            needed.add(stage)
            stage = graph["stages"][stage]
    return needed
