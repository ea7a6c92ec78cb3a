"""What is known of a Backbone before it is loaded: where, what size, which."""

import dataclasses
import pathlib
from collections.abc import Mapping

from stilts_keras.backbones import DEFAULT_FAMILY
from stilts_keras.backbones import FAMILIES
from stilts_keras.backbones import family_of
from stilts_keras.backbones import get_family
from stilts_keras.backbones.family_facts import SIZES
from stilts_keras.backbones.family_facts import TOKENIZER_FOLDER
from stilts_keras.backbones.huggingface import read_config
from stilts_keras.backbones.huggingface import weight_files
from stilts_keras.backbones.lora_folder import FACTORS_FILE
from stilts_keras.backbones.lora_folder import is_lora
from stilts_keras.backbones.pieces import TOKENIZER_NAMES
from stilts_keras.backbones.stage_heads import refuse_old_stage
from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.files import at_home
from stilts_keras.files import fingerprint_of
from stilts_keras.files import sha256_of

POCKET_FOLDER = pathlib.Path(__file__).resolve().parent / "pocket"
HUB = "hf://"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Backbone:
    """A pretrained encoder and its tokenizer, described but not loaded.

    Attributes:
        name: str. As the user wrote it.
        family: str or None. Its `Family`; None where a download must tell.
        kind: str. `pocket`, `random`, `preset`, `hub`, `keras_folder`,
            `lora_folder` or `huggingface_folder`.
        path: str or None. Absolute folder, for pocket and folders.
        tokenizer_path: str or None. Absolute path of the tokenizer's file;
            None where the preset brings its own, or audio is read.
        num_layers: int or None. Sizes are None while unknown.
        num_heads: int or None.
        hidden_dim: int or None.
        intermediate_dim: int or None.
        vocabulary_size: int or None.
        max_sequence_length: int or None.
        dropout: float or None.
        settings: mapping. What the network follows besides sizes.
        fingerprint: str. 16 hex digits of what determines weights (for
            `random`: their shapes) and tokenizer; never a path or a time.
    """

    name: str
    kind: str
    family: str | None = DEFAULT_FAMILY
    path: str | None = None
    tokenizer_path: str | None = None
    num_layers: int | None = None
    num_heads: int | None = None
    hidden_dim: int | None = None
    intermediate_dim: int | None = None
    vocabulary_size: int | None = None
    max_sequence_length: int | None = None
    dropout: float | None = None
    settings: Mapping = dataclasses.field(default_factory=dict, hash=False)
    fingerprint: str

    @property
    def reads(self):
        """`text` or `audio`; None while the family is unknown."""
        return None if self.family is None else get_family(self.family).reads

    @property
    def num_encoder_parameters(self):
        """Parameters without embeddings; None while a size is unknown."""
        if self.family is None:
            return None
        return get_family(self.family).num_encoder_parameters(self)

    @property
    def num_parameters(self):
        """Parameters of the whole encoder; None while unknown."""
        if self.family is None:
            return None
        return get_family(self.family).num_parameters(self)

    @property
    def divided_axes(self):
        """Dict from a regular expression of paths to the axis divided."""
        divisions = get_family(self.family).divisions
        return {path: found.axis for path, found in divisions.items()}

    def limits(self, problems):
        """Says what a user should know of this family and some problems.

        Args:
            problems: set of str. Names.

        Returns:
            List of str; empty while the family is unknown.
        """
        if self.family is None:
            return []
        known = get_family(self.family).limits
        return [known[name] for name in sorted(problems & set(known))]


def describe_backbone(
    name,
    *,
    tokenizer=None,
    family=None,
    num_layers=2,
    num_heads=4,
    hidden_dim=128,
    intermediate_dim=512,
    max_sequence_length=512,
    dropout=0.1,
):
    """Finds out which Backbone a name means, without loading it.

    Args:
        name: str. `pocket`, `random`, a KerasHub preset, `hf://owner/name`,
            or a Hugging Face or KerasHub folder.
        tokenizer: str or None. Tokenizer file to use instead of the
            backbone's own; `pocket` means the packaged one.
        family: str or None. This and all below: for `random` only.
        num_layers: int.
        num_heads: int.
        hidden_dim: int. A multiple of `num_heads`.
        intermediate_dim: int.
        max_sequence_length: int. Positions, where the family has them.
        dropout: float in [0, 1).

    Returns:
        A `Backbone`.

    Raises:
        InputError: If the name means nothing, or files are missing or of
            another kind.
    """
    name = str(name)
    if family is not None and name != "random":
        raise InputError(
            f"Backbone {name!r} says itself of which family it is. Received: "
            f"family={family!r}. Leave --family out, or pass "
            "--backbone=random."
        )
    if name == "pocket":
        return _pocket(tokenizer)
    tokenizer_path = _find_tokenizer(tokenizer)
    if name == "random":
        values = (num_layers, num_heads, hidden_dim, intermediate_dim)
        values += (None, max_sequence_length, dropout)
        sizes = dict(zip(SIZES, values, strict=True))
        return _random(sizes, tokenizer_path, family or DEFAULT_FAMILY)
    for known in FAMILIES.values():
        if name in known.presets:
            return _preset(name, known, tokenizer_path)
    if name.startswith(HUB):
        return _hub(name, tokenizer_path)
    folder = at_home(name)
    if folder.is_dir():
        return _folder(name, folder.resolve(), tokenizer_path)
    raise _no_backbone(name, folder)


def _pocket(tokenizer):
    if tokenizer not in (None, "pocket"):
        raise InputError(
            "Backbone 'pocket' was pretrained with its own tokenizer. "
            f"Received: tokenizer={tokenizer!r}. Leave --tokenizer out, or "
            "pass --backbone=random."
        )
    for name in ("config.json", "model.weights.h5"):
        if not (POCKET_FOLDER / name).is_file():
            raise InputError(
                f"Backbone 'pocket' lacks {POCKET_FOLDER / name}. Make it by "
                "stilts run --flagfile=flags/pocket_pretraining.flags."
            )
    return dataclasses.replace(
        _folder("pocket", POCKET_FOLDER, None), kind="pocket"
    )


def _random(sizes, tokenizer_path, family):
    family = get_family(family)
    if not family.has_positions:
        sizes["max_sequence_length"] = None
    if tokenizer_path is None and family.reads == "text":
        raise InputError(
            "Backbone 'random' needs a tokenizer. Pass --tokenizer=FILE, such "
            "as PATH/sentencepiece.bpe.model, or --tokenizer=pocket."
        )
    for name, value in sizes.items():
        if name != "dropout" and value is not None and value < 1:
            raise InputError(
                f"Backbone 'random': {name} must be at least 1. Received: "
                f"{value}."
            )
    if not 0 <= sizes["dropout"] < 1:
        raise InputError(
            "Backbone 'random': dropout must be at least 0 and below 1. "
            f"Received: {sizes['dropout']}."
        )
    if sizes["hidden_dim"] % sizes["num_heads"]:
        raise InputError(
            "Backbone 'random': hidden_dim must be a multiple of num_heads. "
            f"Received: hidden_dim={sizes['hidden_dim']}, "
            f"num_heads={sizes['num_heads']}."
        )
    return _describe(
        name="random",
        kind="random",
        family=family.name,
        tokenizer_path=tokenizer_path,
        sizes=sizes,
        settings=family.random_settings,
        identity=sizes,
    )


def _preset(name, family, tokenizer_path):
    return _describe(
        name=name,
        kind="preset",
        family=family.name,
        tokenizer_path=tokenizer_path,
        sizes=dict(zip(SIZES, family.presets[name], strict=True)),
        identity={"name": name},
    )


def _hub(name, tokenizer_path):
    owner, _, repository = name.removeprefix(HUB).partition("/")
    if not (owner and repository):
        raise InputError(
            f"Backbone {name!r} must name a Hub repository as "
            "hf://namespace/name, such as hf://FacebookAI/xlm-roberta-base."
        )
    return _describe(
        name=name,
        kind="hub",
        family=None,
        tokenizer_path=tokenizer_path,
        sizes={},
        identity={"name": name},
    )


def _folder(name, folder, tokenizer_path):
    where = f"Backbone folder {name!r}"
    refuse_old_stage(folder)
    config = read_config(folder)
    family = family_of(config, where)
    patterns = _weight_patterns(family, config)
    if is_lora(folder):
        patterns = (FACTORS_FILE,)
    if "model_type" in config:
        kind = "huggingface_folder"
        sizes, settings = family.read_config(config, where)
        own = [folder / name for name in family.tokenizer_files]
    else:
        kind = "lora_folder" if is_lora(folder) else "keras_folder"
        inner = config.get("config", {})
        sizes = family.read_keras_config(inner)
        settings = family.read_keras_settings(config)
        own = [folder / TOKENIZER_FOLDER / name for name in TOKENIZER_NAMES]
    if tokenizer_path is None and family.reads == "text":
        tokenizer_path = _own_tokenizer(where, own)
    return _describe(
        name=name,
        kind=kind,
        family=family.name,
        path=str(folder),
        tokenizer_path=tokenizer_path,
        sizes=sizes,
        settings=settings,
        identity=_identity(folder, weight_files(folder, patterns)),
    )


def weight_patterns(name, folder):
    """Says which files may hold a folder's weights.

    Args:
        name: str. The backbone's, for messages.
        folder: path. Holds its config.json.

    Returns:
        Tuple of str: glob patterns, the preferred first.

    Raises:
        InputError: If no family opens such a folder.
    """
    config = read_config(folder)
    where = f"Backbone {name!r}"
    family = family_of(config, where)
    if "model_type" in config:
        # Before gigabytes are fetched that cannot be opened.
        family.read_config(config, where)
    return _weight_patterns(family, config)


def _weight_patterns(family, config):
    is_huggingface = "model_type" in config
    return family.weight_files if is_huggingface else ("*.weights.h5",)


def _describe(*, kind, tokenizer_path, sizes, identity, **rest):
    identity = {"kind": kind, **identity}
    if rest["family"] not in (None, DEFAULT_FAMILY):
        identity["family"] = rest["family"]
    if tokenizer_path and rest["family"]:
        _check_reads_text(rest["name"], get_family(rest["family"]))
    if tokenizer_path:
        identity["tokenizer"] = sha256_of(tokenizer_path)
    return Backbone(
        kind=kind,
        tokenizer_path=tokenizer_path,
        fingerprint=fingerprint_of(identity),
        **sizes,
        **rest,
    )


def _check_reads_text(name, family):
    if family.reads != "text":
        raise InputError(
            f"Backbone {name!r} is of family {family.name!r}, which reads "
            f"{family.reads} and takes no tokenizer. Leave --tokenizer out."
        )


def _identity(folder, weights):
    """Hashes what determines the weights: files and how they are read."""
    # KerasHub's metadata.json holds the date of saving.
    configs = [
        path
        for path in folder.iterdir()
        if path.suffix == ".json" and path.name != "metadata.json"
    ]
    return {path.name: sha256_of(path) for path in sorted({*configs, *weights})}


def _own_tokenizer(where, paths):
    for path in paths:
        if path.is_file():
            return str(path)
    names = " or ".join(path.name for path in paths)
    raise InputError(
        f"{where} has no tokenizer ({names}). Copy its file there, or pass "
        "--tokenizer=FILE."
    )


def _find_tokenizer(tokenizer):
    if tokenizer is None:
        return None
    path = at_home(tokenizer).resolve()
    if str(tokenizer) == "pocket":
        path = POCKET_FOLDER / TOKENIZER_FOLDER / "vocabulary.spm"
    if not path.is_file():
        raise InputError(
            f"Tokenizer {str(tokenizer)!r}: there is no file {path}. Pass the "
            "path of a tokenizer's file, or --tokenizer=pocket."
        )
    return str(path)


def _no_backbone(name, folder):
    if folder.exists():
        return InputError(
            f"Backbone {name!r} is a file. Pass the folder that holds it."
        )
    if folder.name != name:
        return InputError(
            f"Backbone {name!r}: there is no such folder ({folder.absolute()}"
            "). Pass a folder, hf://namespace/name or a KerasHub preset."
        )
    presets = [
        preset for family in FAMILIES.values() for preset in family.presets
    ]
    return unknown(
        "backbone",
        name,
        ["pocket", "random", *presets, "hf://namespace/name", "a folder"],
    )
