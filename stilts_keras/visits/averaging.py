"""Makes a visit's stage that is the mean of others."""

import dataclasses

from stilts_keras.backbones.stage_heads import describe_heads
from stilts_keras.steps import checkpoint
from stilts_keras.versions import versions


def average_stage(stage, place, onlooker, interruption):
    """Averages finished stages and writes the folder of the mean.

    Args:
        stage: Stage, with stages that it is the mean of.
        place: `Place`.
        onlooker: `Onlooker`.
        interruption: `Interruption`.

    Returns:
        Tuple: its Model, and what there is to say of it.
    """
    names = ", ".join(f"seed {parent.seed}" for parent in stage.averaged)
    onlooker.note(f"averaging {stage.parent.path}: {names}")
    model = place.models.mean_of(stage)
    with interruption.held():
        checkpoint.save_stage(
            place.setting.stages.target(stage),
            model=model,
            heads=describe_heads(
                place.inputs.task(source.task) for source in stage.all_sources
            ),
            facts=_facts(stage),
        )
        place.setting.stages.adopt(stage)
    return model, []


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
