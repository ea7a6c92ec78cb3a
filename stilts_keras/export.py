"""Takes a finished stage away, as a folder that other libraries open."""

import os
import pathlib

from stilts_keras import files
from stilts_keras.backbones import get_family
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.backbones.huggingface_folder import huggingface_class
from stilts_keras.backbones.huggingface_folder import write_huggingface
from stilts_keras.backbones.loading import fetch
from stilts_keras.backbones.loading import load_root
from stilts_keras.backbones.loading import load_tokenizer
from stilts_keras.backbones.stage_heads import listed
from stilts_keras.backbones.stage_heads import read_heads
from stilts_keras.errors import InputError
from stilts_keras.problems import problem_of
from stilts_keras.reporting.model_card import model_card
from stilts_keras.reporting.model_card import write_card
from stilts_keras.steps.checkpoint import load_heads
from stilts_keras.tasks import TASKS

# In place of a task: no head, the backbone alone.
NONE = "none"


def export(stage, output, *, task=None):
    """Writes a stage's backbone, and one head, as transformers has them.

    The folder holds config.json, model.safetensors, the tokenizer's files and
    a card; it appears whole or not at all.

    Args:
        stage: path. Folder of a finished stage.
        output: path. The folder to write; absent or empty.
        task: str or None. Which of several heads: one of its tasks, or its
            key. `none`: the backbone alone.

    Returns:
        Tuple of the folder's path and the name of transformers' class.

    Raises:
        InputError: If there is no such stage or head, the place is taken, or
            transformers has no such class. Nothing is written.
    """
    output = _check_place(output)
    stage = files.at_home(stage)
    head = _choose(read_heads(stage), task, stage)
    manifest = files.check_folder(stage)
    backbone = fetch(describe_backbone(stage))
    problem = head.problem if head else None
    huggingface_class(get_family(backbone.family), problem)
    encoder = load_root(backbone, tokenizer=load_tokenizer(backbone))
    layer = _load_head(stage, head, encoder) if head else None
    facts = {
        "exported_from": {
            "stage": manifest["stage"],
            "fingerprint": manifest["fingerprint"],
            "head": head.key if head else None,
        }
    }
    with files.write_folder(output, facts) as partial:
        name = write_huggingface(
            partial,
            encoder,
            problem=problem,
            head=layer,
            labels=head.labels if head else (),
        )
        write_card(partial, model_card(stage, manifest, head, name))
    return output, name


def _check_place(output):
    """Refuses a folder that holds anything."""
    place = files.check_folder_place(output, "output")
    place = pathlib.Path(os.path.realpath(place))
    if place.exists() and any(place.iterdir()):
        raise InputError(
            f"--output={output} is not empty. Name a folder that is to be "
            "made, or an empty one."
        )
    return place


def _choose(heads, task, stage):
    """Returns the `StageHead` that is meant, or None for none."""
    if task == NONE:
        return None
    told = listed(heads)
    if task is None:
        if len(heads) != 1:
            raise InputError(
                f"Stage {str(stage)!r} holds {len(heads)} heads: {told}. Pass "
                f"--task=NAME, or --task={NONE} for the backbone alone."
            )
        (head,) = heads.values()
        return head
    key = TASKS[task].head_key if task in TASKS else task
    for head in heads.values():
        if task == head.key or task in head.tasks or key == head.key:
            return head
    raise InputError(
        f"Stage {str(stage)!r} has no head for task {task!r}. Its heads: "
        f"{told}. Pass one of their tasks, or --task={NONE}."
    )


def _load_head(stage, head, encoder):
    layer = problem_of(head).head(encoder)
    layer.build((None, None, encoder.hidden_dim))
    load_heads(stage, {head.key: layer})
    return layer
