"""Deletes weights that no run needs any more, from a run or from a store."""

import dataclasses
import os
import pathlib
import time

from stilts_keras import files
from stilts_keras.backbones.lora_folder import base_stage
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.files import MANIFEST
from stilts_keras.records import results
from stilts_keras.records.lock import is_at_work
from stilts_keras.records.lock import locked
from stilts_keras.records.remaining import KEEP
from stilts_keras.records.remaining import kept_stages
from stilts_keras.records.remaining import of_chains
from stilts_keras.records.remaining import of_graph
from stilts_keras.records.remaining import remaining
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import ChainScore
from stilts_keras.records.rows import LayerScore
from stilts_keras.records.rows import Score
from stilts_keras.records.rows import Unscored
from stilts_keras.records.stage_folders import DOWNLOADS
from stilts_keras.records.stage_folders import STAGES
from stilts_keras.records.stage_folders import StageFolders
from stilts_keras.records.stage_folders import runs_of_store
from stilts_keras.records.stage_folders import stages_in_run
from stilts_keras.records.stage_folders import stages_in_store
from stilts_keras.records.visit_folders import visit_folders
from stilts_keras.records.visit_folders import visits_at_work

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
    run_dir = files.at_home(run_dir)
    _check_is_run(run_dir)
    with locked(run_dir):
        _check_visits(run_dir, "Prune when it has ended.")
        return _delete(lambda: (_left_over(run_dir, keep), []), is_agreed)


def _check_visits(run_dir, move):
    """Raises where a visit is made without a driver of its run."""
    for name, who in visits_at_work(run_dir).items():
        raise InputError(
            f"Visit {name} of run {str(run_dir)!r} is being made by {who}. "
            f"{move}"
        )


def _left_over(run_dir, keep):
    needed = _needed(run_dir, keep)
    found = stages_in_run(run_dir)
    known = _graph_of(run_dir)["stages"]
    paths = [path for name, path in found.items() if name not in needed]
    for progress in sorted((run_dir / STAGES).rglob(".*.progress")):
        name = progress.name[1:].partition(".")[0]
        # A link may lead to nothing, and the stage be in training.
        is_finished = name in found and (found[name] / MANIFEST).is_file()
        if is_finished or name not in known:
            paths.append(progress)
    return [*paths, *files.leftovers(run_dir)]


def prune_store(store, *, is_agreed):
    """Deletes the stages of a store that no run has a link to, or waits for.

    Args:
        store: path.
        is_agreed: function of a `Pruning` -> bool.

    Returns:
        `Pruning`: what was deleted; empty if it was not agreed to.

    Raises:
        InputError: If it is no folder, a run that uses it is at work or
            cannot be looked into, or a run's files are damaged.
    """
    store = StageFolders(None, store).store
    if not store.is_dir():
        raise InputError(f"stage_store {str(store)!r} is no folder.")
    return _delete(lambda: _unused(store), is_agreed)


def _unused(store):
    """Lists what no run needs, with notes on runs that are gone."""
    needed, notes = set(), []
    for file, run_dir in runs_of_store(store).items():
        if not _is_there(run_dir, file):
            notes.append(f"Run {run_dir} is gone; what it used is not kept.")
            continue
        if is_at_work(run_dir):
            # It may have found a stage here that it will soon link.
            raise InputError(
                f"Run {str(run_dir)!r} uses this store and is at work. Prune "
                "when it has ended."
            )
        _check_visits(run_dir, "It uses this store. Prune when it has ended.")
        # What jobs have trained is linked by their visits until it is taken.
        for place in (run_dir, *visit_folders(run_dir)):
            needed |= set(stages_in_run(place))
        if (run_dir / results.RUN_FILE).is_file():
            needed |= _needed(run_dir, "none")
    found = stages_in_store(store)
    # A run may have a link to a LoRA stage, and none to what it is added to.
    needed |= {base_stage(found[name]) for name in needed & set(found)}
    paths = [path for name, path in found.items() if name not in needed]
    begun = [
        path for path in (store / DOWNLOADS).glob("*") if not is_at_work(path)
    ]
    return [*paths, *filter(_is_old, [*begun, *files.leftovers(store)])], notes


def _is_there(run_dir, file):
    """Whether a run exists; a disk that is not mounted tells nothing."""
    try:
        os.listdir(run_dir.parent)
        if not run_dir.exists():
            return False
        os.listdir(run_dir)
    except OSError as error:
        raise InputError(
            f"Run folder {str(run_dir)!r} uses this store but cannot be "
            f"looked into ({error}). Make it accessible, or delete "
            f"{str(file)!r} if it is gone for ever."
        ) from error
    return True


def _is_old(path):
    try:
        age_seconds = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return False
    return age_seconds > LEFTOVER_AFTER_SECONDS


def _delete(find, is_agreed):
    """Deletes what was found, asked about, and is found once more."""
    paths, notes = find()
    pruning = Pruning(paths, sum(map(files.num_bytes, paths)), notes)
    if not paths or not is_agreed(pruning):
        return Pruning([], 0, notes)
    # The answer may have taken its time.
    again, _ = find()
    paths = [path for path in paths if path in again]
    size = sum(map(files.num_bytes, paths))
    for path in paths:
        files.remove(path)
    return Pruning(paths, size, notes)


def _check_is_run(run_dir):
    if not pathlib.Path(run_dir, results.RUN_FILE).is_file():
        raise InputError(
            f"{str(run_dir)!r} is no run folder: it has no {results.RUN_FILE}."
        )


def _graph_of(run_dir):
    file = pathlib.Path(run_dir, results.RUN_FILE)
    run = files.read_sealed(file)
    results.check_format(run, file)
    return run["graph"]


def _needed(run_dir, keep):
    """Returns the fingerprints of the stages that a run must not lose."""
    description = _graph_of(run_dir)
    found = stages_in_run(run_dir)
    scores = read_rows(run_dir / results.RESULTS_FILE, Score)
    layers = read_rows(run_dir / results.LAYERS_FILE, LayerScore)
    chains = read_rows(run_dir / results.FORGETTING_FILE, ChainScore)
    unscored = read_rows(run_dir / results.UNSCORED_FILE, Unscored)
    is_of_graph = of_graph(description)
    left = remaining(
        description,
        filter(is_of_graph, scores),
        filter(is_of_graph, layers),
        filter(of_chains(description), chains),
        filter(is_of_graph, unscored),
        # A link may lead to nothing.
        lambda name: name in found and (found[name] / MANIFEST).is_file(),
    )
    kept = kept_stages(description, keep, left)
    if keep == "all":
        # And those of routes that a damaged run.json has forgotten.
        kept |= _ancestry(found, scores)
    return kept


def _ancestry(found, scores):
    """Returns the stages that results are of, and all before them."""
    names, waiting = set(), {row.stage for row in scores}
    while waiting:
        name = waiting.pop()
        if name in found and name not in names:
            names.add(name)
            if (found[name] / MANIFEST).is_file():
                manifest = files.read_sealed(found[name] / MANIFEST)
                waiting.add(manifest.get("parent"))
                waiting.update(manifest.get("averaged", ()))
    return names
