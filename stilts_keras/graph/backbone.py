"""What is known of a Backbone before it is loaded: where, what size, which."""

import dataclasses
import json
import pathlib

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.files import digest_of
from stilts_keras.files import sha256_of

POCKET_FOLDER = pathlib.Path(__file__).resolve().parents[1] / "models/pocket"

SIZES = (
    "num_layers",
    "num_heads",
    "hidden_dim",
    "intermediate_dim",
    "vocabulary_size",
    "max_sequence_length",
    "dropout",
)
# Source: KerasHub 0.32, xlm_roberta_presets.py and each preset's config.json.
PRESETS = {
    "xlm_roberta_base_multi": (12, 12, 768, 3072, 250_002, 512, 0.1),
    "xlm_roberta_large_multi": (24, 16, 1024, 4096, 250_002, 512, 0.1),
}
HUGGINGFACE_KEYS = (
    "num_hidden_layers",
    "num_attention_heads",
    "hidden_size",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
    "hidden_dropout_prob",
)
# Where a folder keeps its SentencePiece model.
TOKENIZERS = {
    "huggingface_folder": "sentencepiece.bpe.model",
    "keras_folder": "assets/tokenizer/vocabulary.spm",
}
WEIGHTS = {
    "huggingface_folder": "*.safetensors",
    "keras_folder": "*.weights.h5",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Backbone:
    """A pretrained encoder and its tokenizer, described but not loaded.

    Attributes:
        name: str. As the user wrote it.
        kind: str. `pocket`, `random`, `preset`, `keras_folder` or
            `huggingface_folder`.
        path: str or None. Absolute folder, for pocket and folders.
        tokenizer_path: str or None. Absolute path of the SentencePiece model;
            None where the preset brings its own.
        num_layers: int or None. Sizes are None while unknown.
        num_heads: int or None.
        hidden_dim: int or None.
        intermediate_dim: int or None.
        vocabulary_size: int or None.
        max_sequence_length: int or None.
        dropout: float or None.
        fingerprint: str. 16 hex digits of what determines weights (for
            `random`: their shapes) and tokenizer; never a path or a time.
    """

    name: str
    kind: str
    path: str | None = None
    tokenizer_path: str | None = None
    num_layers: int | None = None
    num_heads: int | None = None
    hidden_dim: int | None = None
    intermediate_dim: int | None = None
    vocabulary_size: int | None = None
    max_sequence_length: int | None = None
    dropout: float | None = None
    fingerprint: str

    @property
    def num_encoder_parameters(self):
        """Parameters without embeddings; None while a size is unknown."""
        sizes = (self.num_layers, self.hidden_dim, self.intermediate_dim)
        if None in sizes:
            return None
        layers, hidden, inner = sizes
        attention = 4 * hidden * (hidden + 1)
        feedforward = 2 * hidden * inner + inner + hidden
        layer_norms = 4 * hidden
        return layers * (attention + feedforward + layer_norms)

    @property
    def num_parameters(self):
        """Parameters of the whole XLM-R encoder; None while unknown."""
        encoder = self.num_encoder_parameters
        if None in (encoder, self.vocabulary_size, self.max_sequence_length):
            return None
        # The 2 is the layer norm over token and position embeddings.
        rows = self.vocabulary_size + self.max_sequence_length + 2
        return encoder + rows * self.hidden_dim


def describe_backbone(
    name,
    *,
    tokenizer=None,
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
        tokenizer: str or None. SentencePiece model file to use instead of the
            backbone's own; `pocket` means the packaged one.
        num_layers: int. This and all below: for `random` only.
        num_heads: int.
        hidden_dim: int. A multiple of `num_heads`.
        intermediate_dim: int.
        max_sequence_length: int. Positions.
        dropout: float in [0, 1).

    Returns:
        A `Backbone`.

    Raises:
        InputError: If the name means nothing, or files are missing or of
            another kind.
    """
    name = str(name)
    if name == "pocket":
        return _pocket(tokenizer)
    tokenizer_path = _find_tokenizer(tokenizer)
    if name == "random":
        values = (num_layers, num_heads, hidden_dim, intermediate_dim)
        values += (None, max_sequence_length, dropout)
        return _random(dict(zip(SIZES, values, strict=True)), tokenizer_path)
    if name in PRESETS or name.startswith("hf://"):
        return _preset(name, tokenizer_path)
    folder = pathlib.Path(name).expanduser()
    if folder.is_dir():
        return _folder(name, folder.resolve(), tokenizer_path)
    raise _no_backbone(name, folder)


def fingerprint_of(value):
    """Returns 16 hex digits of the SHA-256 of a JSON value, keys sorted."""
    return digest_of(json.dumps(value, sort_keys=True, separators=(",", ":")))


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


def _random(sizes, tokenizer_path):
    if tokenizer_path is None:
        raise InputError(
            "Backbone 'random' needs a tokenizer. Pass "
            "--tokenizer=PATH/sentencepiece.bpe.model or --tokenizer=pocket."
        )
    for name, value in sizes.items():
        if name not in ("dropout", "vocabulary_size") and value < 1:
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
        tokenizer_path=tokenizer_path,
        sizes=sizes,
        identity=sizes,
    )


def _preset(name, tokenizer_path):
    owner, _, repository = name.removeprefix("hf://").partition("/")
    if name not in PRESETS and not (owner and repository):
        raise InputError(
            f"Backbone {name!r} must name a Hub repository as "
            "hf://namespace/name, such as hf://FacebookAI/xlm-roberta-base."
        )
    values = PRESETS.get(name, (None,) * len(SIZES))
    return _describe(
        name=name,
        kind="preset",
        tokenizer_path=tokenizer_path,
        sizes=dict(zip(SIZES, values, strict=True)),
        identity={"name": name},
    )


def _folder(name, folder, tokenizer_path):
    config = _read_config(folder)
    if config.get("model_type") == "xlm-roberta":
        kind = "huggingface_folder"
        sizes = _sizes(folder, config, HUGGINGFACE_KEYS)
        # The first two of RoBERTa's positions stand for padding.
        sizes["max_sequence_length"] -= 2
    elif "registered_name" in config or "class_name" in config:
        kind = "keras_folder"
        inner = config.get("config", {})
        sizes = {size: inner.get(size) for size in SIZES}
    else:
        found = config.get("model_type", f"the keys {sorted(config)}")
        raise InputError(
            f"Backbone folder {name!r}: config.json says {found!r}. Expected "
            "model_type 'xlm-roberta' (Hugging Face) or a registered_name "
            "(KerasHub). Pass the folder of an XLM-R encoder."
        )
    return _describe(
        name=name,
        kind=kind,
        path=str(folder),
        tokenizer_path=tokenizer_path or _own_tokenizer(name, folder, kind),
        sizes=sizes,
        identity=_hash_files(_weight_files(name, folder, kind)),
    )


def _describe(*, kind, tokenizer_path, sizes, identity, **rest):
    identity = {"kind": kind, **identity}
    if tokenizer_path:
        identity["tokenizer"] = sha256_of(tokenizer_path)
    return Backbone(
        kind=kind,
        tokenizer_path=tokenizer_path,
        fingerprint=fingerprint_of(identity),
        **sizes,
        **rest,
    )


def _hash_files(paths):
    return {path.name: sha256_of(path) for path in paths}


def _weight_files(name, folder, kind):
    if not any(folder.glob(WEIGHTS[kind])):
        raise InputError(
            f"Backbone folder {name!r} has a config.json but no weights "
            f"({WEIGHTS[kind]}). Download them into it, or pass "
            "--backbone=random for untrained weights."
        )
    # KerasHub's metadata.json holds the date of saving.
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix in (".json", ".safetensors", ".h5")
        and path.name != "metadata.json"
    )


def _own_tokenizer(name, folder, kind):
    path = folder / TOKENIZERS[kind]
    if not path.is_file():
        raise InputError(
            f"Backbone folder {name!r} has no {TOKENIZERS[kind]}. Pass its "
            "SentencePiece model by --tokenizer."
        )
    return str(path)


def _find_tokenizer(tokenizer):
    if tokenizer is None:
        return None
    path = pathlib.Path(tokenizer).expanduser().resolve()
    if str(tokenizer) == "pocket":
        path = POCKET_FOLDER / TOKENIZERS["keras_folder"]
    if not path.is_file():
        raise InputError(
            f"Tokenizer {str(tokenizer)!r}: there is no file {path}. Pass the "
            "path of a SentencePiece model, or --tokenizer=pocket."
        )
    return str(path)


def _read_config(folder):
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"Backbone folder '{folder}' needs a readable config.json, as "
            f"Hugging Face and KerasHub write it. Received: {error}."
        ) from None
    if not isinstance(config, dict):
        raise InputError(
            f"Backbone folder '{folder}': config.json must hold an object. "
            f"Received: {type(config).__name__}."
        )
    return config


def _sizes(folder, config, keys):
    missing = [key for key in keys if key not in config]
    if missing:
        raise InputError(
            f"Backbone folder '{folder}': config.json lacks "
            f"{', '.join(missing)}. Copy the file again."
        )
    return {size: config[key] for size, key in zip(SIZES, keys, strict=True)}


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
    return unknown(
        "backbone",
        name,
        ["pocket", "random", *PRESETS, "hf://namespace/name", "a folder"],
    )
