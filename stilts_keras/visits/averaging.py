"""Makes a visit's stage that is the mean of others."""

import dataclasses
import os

from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.steps import arrays
from stilts_keras.steps import checkpoint
from stilts_keras.versions import versions


def average_stage(visit, place, onlooker, interruption):
    """Averages finished stages and writes the folder of the mean.

    Args:
        visit: `Visit`, of a stage that is the mean of others.
        place: `Place`.
        onlooker: `Onlooker`.
        interruption: `Interruption`.

    Returns:
        Tuple: its Model, and what there is to say of it.
    """
    stage = visit.stage
    if stage.num_checkpoints:
        model, what = _of_checkpoints(stage, place)
    else:
        seeds = ", ".join(str(parent.seed) for parent in stage.averaged)
        what = f"the mean of seeds {seeds}"
        model = place.models.mean_of(stage)
    with interruption.held():
        place.save_stage(stage, model, {**_facts(stage), "end": what})
    return model, [f"{stage.path} seed {stage.seed}: {what}"]


def _of_checkpoints(stage, place):
    """Takes the mean that the parent kept; says what it is of."""
    (parent,) = stage.averaged
    folder = place.models.folder(parent)
    model = place.models.finished(parent)
    model.encoder.factors = []
    count = stage.num_checkpoints
    arrays.read_weights(checkpoint.mean_file(folder, count), model)
    steps = files.read_sealed(folder / files.MANIFEST)["checkpoints"]
    steps = steps[str(count)]
    what = f"the mean of the weights after steps {', '.join(map(str, steps))}"
    if len(steps) < count:
        what += f"; there were no {count} evaluations"
    return model, what


def check_means(graph, stages, left):
    """Refuses averages of checkpoints that finished stages did not keep.

    Args:
        graph: Graph.
        stages: `StageFolders`.
        left: `Remaining`.

    Raises:
        InputError: If one has to be trained again.
    """
    for stage in graph.stages:
        if stage.fingerprint not in left.stages or not stage.num_checkpoints:
            continue
        (parent,) = stage.averaged
        if parent.fingerprint in left.stages:
            continue
        manifest, count = stages.manifest(parent), stage.num_checkpoints
        name = checkpoint.mean_file("", count).as_posix()
        if manifest is None or name in manifest["files"]:
            continue
        folder = stages.find(parent)
        place = os.path.realpath(folder) if folder else "it from the mirror"
        raise InputError(
            f"Stage {parent.path!r}, seed {parent.seed}, was trained without "
            f"--average=checkpoints:{count} and keeps no mean of its last "
            f"evaluations. Delete {place}, so that it is trained again, or "
            "choose another --run_dir and --stage_store."
        )


def _facts(stage):
    """Lists what the mean's manifest tells besides its files."""
    return {
        "stage": stage.path,
        "fingerprint": stage.fingerprint,
        "backbone": stage.backbone.name,
        "parent": stage.parent.fingerprint,
        "averaged": [parent.fingerprint for parent in stage.averaged],
        # What was seen, the stages tell that are averaged.
        "sources": [],
        "seed": stage.seed,
        "recipe": dataclasses.asdict(stage.recipe),
        "num_steps": 0,
        "best_step": None,
        "dev_score": None,
        "constants": None,
        **versions(),
    }
