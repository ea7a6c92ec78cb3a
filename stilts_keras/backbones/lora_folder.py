"""What a LoRA stage's folder tells without its weights: of what it is a part.

Such a folder holds low-rank factors alone. Its manifest says which full
weights they are added to, its base: the root backbone, as it was asked for,
or the folder of the nearest stage that was trained in full.
"""

import os
import pathlib

from stilts_keras import files
from stilts_keras.backbones.family_facts import SIZES
from stilts_keras.backbones.family_facts import TOKENIZER_FOLDER
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError

FACTORS_FILE = "lora.safetensors"
# The key of the manifest.
LORA = "lora"
_WEIGHTS = ".weights.h5"


def is_lora(folder):
    """Whether a folder is that of a LoRA stage."""
    return pathlib.Path(folder, FACTORS_FILE).is_file()


def lora_facts(ranks, *, backbone, target, base=None):
    """Makes what a LoRA stage's manifest tells of itself.

    Args:
        ranks: list of int. Of the stages since the base, the last its own.
        backbone: `Backbone`. The root's, as it was asked for.
        target: path. The folder that is to be written.
        base: path or None. Folder of the stage that is the base; None where
            the root is.

    Returns:
        Dict, JSON-serialisable: `rank`, `alpha`, `ranks` and `base`.
    """
    # The scale alpha / rank is 1; see `backbones.lora`.
    facts = {"rank": ranks[-1], "alpha": ranks[-1], "ranks": list(ranks)}
    if base is None:
        return facts | {"base": _root_facts(backbone)}
    # From where the folders really lie: a run's may be links to a store's.
    place, start = map(os.path.realpath, (base, target))
    manifest = files.read_sealed(pathlib.Path(base) / files.MANIFEST)
    return facts | {
        "base": {
            "stage": pathlib.Path(os.path.relpath(place, start)).as_posix(),
            "fingerprint": manifest["fingerprint"],
            "weights": _weights(manifest),
        }
    }


def _root_facts(backbone):
    """Lists what `describe_backbone` takes, and what it is to find."""
    facts = {"name": backbone.path or backbone.name}
    tokenizer = backbone.tokenizer_path
    if backbone.kind == "pocket":
        facts, tokenizer = {"name": backbone.name}, None
    elif tokenizer and backbone.path:
        is_own = pathlib.Path(tokenizer).is_relative_to(backbone.path)
        tokenizer = None if is_own else tokenizer
    if tokenizer:
        facts["tokenizer"] = tokenizer
    if backbone.kind == "random":
        facts["family"] = backbone.family
        facts |= {
            size: getattr(backbone, size)
            for size in SIZES
            if size != "vocabulary_size"
        }
    return {"backbone": facts, "fingerprint": backbone.fingerprint}


def _weights(manifest):
    return {
        name: facts["sha256"]
        for name, facts in manifest["files"].items()
        if "/" not in name and name.endswith(_WEIGHTS)
    }


def base_facts(folder):
    """Reads of which base a LoRA stage's folder is.

    Raises:
        DamageError: If the manifest is gone or damaged.
    """
    return files.read_sealed(pathlib.Path(folder) / files.MANIFEST)[LORA][
        "base"
    ]


def how_described(folder, facts):
    """Returns the arguments of `describe_backbone` that give a root base.

    Args:
        folder: path. Of the LoRA stage, which has the tokenizer's file, too.
        facts: dict. What `base_facts` has read.
    """
    how = dict(facts["backbone"])
    if "tokenizer" in how and not pathlib.Path(how["tokenizer"]).is_file():
        for own in sorted(pathlib.Path(folder, TOKENIZER_FOLDER).iterdir()):
            how["tokenizer"] = str(own)
    return how


def base_stage(folder):
    """Returns the fingerprint of the stage that a folder needs, or None."""
    manifest = files.read_sealed(pathlib.Path(folder) / files.MANIFEST)
    base = manifest.get(LORA, {}).get("base", {})
    return base["fingerprint"] if "stage" in base else None


def find_base(folder):
    """Finds the base's folder from the LoRA stage's own.

    Args:
        folder: path. Of a LoRA stage whose base is a stage.

    Returns:
        path.

    Raises:
        InputError: If it is gone, damaged, or another.
    """
    facts = base_facts(folder)
    place = pathlib.Path(os.path.realpath(folder), facts["stage"])
    place = pathlib.Path(os.path.normpath(place))
    try:
        check_base(folder, place)
        manifest = files.read_sealed(place / files.MANIFEST)
        for name in facts["weights"]:
            files.check_file(place, name, manifest)
    except DamageError as error:
        raise missing_base(folder, str(error).rstrip(".")) from error
    return place


def check_base(folder, base):
    """Compares a base with the one that factors were trained on.

    Args:
        folder: path. Of the LoRA stage.
        base: path. Of the stage that is taken for its base.

    Raises:
        InputError: If its weights are others; only manifests are compared.
        DamageError: If a manifest is gone or damaged.
    """
    facts = base_facts(folder)
    manifest = files.read_sealed(pathlib.Path(base) / files.MANIFEST)
    found = manifest.get("fingerprint")
    if found != facts["fingerprint"]:
        raise missing_base(folder, f"{base} holds stage {found}")
    if _weights(manifest) != facts["weights"]:
        raise missing_base(folder, f"{base} holds other weights of that stage")


def missing_base(folder, reason):
    """Makes the one-line InputError for a base that is gone or another.

    Args:
        folder: path. Of the LoRA stage.
        reason: str.
    """
    facts = base_facts(folder)
    if "stage" in facts:
        needed = f"stage {facts['fingerprint']} at {facts['stage']}"
    else:
        needed = f"backbone {facts['backbone']['name']!r}"
    return InputError(
        f"Stage folder {str(folder)!r} holds LoRA factors alone, which are "
        f"added to {needed}: {reason}. Bring that back, or delete the folder "
        "and run the command that made it again."
    )
