"""What test_families.py has each backend do, in a process of its own.

`KERAS_BACKEND=torch python family_run.py FOLDER` writes FOLDER/torch.npz. The
first of the processes must be torch: it writes the folders that all read, and
a stage of each.
"""

import json
import math
import pathlib
import sys

import keras
import numpy as np

from backbones import speech
from backbones.tiny import SPEECH_WRITERS
from backbones.tiny import WRITERS
from stilts_keras import backend
from stilts_keras import files
from stilts_keras.backbones import get_family
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.backbones.loading import fetch
from stilts_keras.backbones.loading import load_root
from stilts_keras.backbones.loading import load_stage
from stilts_keras.backbones.loading import load_tokenizer
from stilts_keras.backbones.log_mel import LogMel
from stilts_keras.backbones.lora import add_lora
from stilts_keras.backbones.lora import merge_lora
from stilts_keras.backbones.lora_folder import LORA
from stilts_keras.backbones.lora_folder import lora_facts
from stilts_keras.backbones.vocabulary import CompactVocabulary

NAME = keras.backend.backend()
# Pairs and single texts; nothing that is normalised, for transformers 5 does
# not read how from a SentencePiece model.
TEXTS = (
    ("北京是中国的首都。", "The capital of China is Beijing."),
    ("กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",),
    ("القاهرة هي عاصمة مصر.", "नई दिल्ली भारत की राजधानी है।"),
    ("A dog sleeps; it doesn't run (yet) in 2026!",),
)
NUM_TOKENS = 16


def main(folder):
    backend.prepare()
    found = {}
    for name, write in {**WRITERS, **SPEECH_WRITERS}.items():
        place = folder / name
        if NAME == "torch":
            place.mkdir()
            write(place)
        arrays = look_at(place, folder / f"{name}_stage")
        found |= {f"{name}/{key}": array for key, array in arrays.items()}
    np.savez(folder / f"{NAME}.npz", **found)


def look_at(folder, stage):
    """Loads, saves and loads again; notes all that must agree."""
    root = describe_backbone(str(folder))
    tokenizer = load_tokenizer(root)
    encoder = load_root(root, tokenizer=tokenizer)
    own_stage = stage.with_name(f"{stage.name}_{NAME}")
    encoder.save(own_stage)
    described = describe_backbone(str(own_stage))
    again = load_root(described, tokenizer=load_tokenizer(described))
    if NAME == "torch":
        own_stage.rename(stage)
    loaded = load_stage(stage, backbone=root, tokenizer=tokenizer)
    x = batch(tokenizer)
    found = {}
    if root.reads == "text":
        # First: what comes back must give all the rest.
        found["swapped"] = swapped(encoder, x[tokenizer.ids_input])
        found["ids"] = ids(tokenizer)
        found["ids_again"] = ids(again.tokenizer)
    found |= {
        "states": states(encoder, x),
        "again": states(again, x),
        "loaded": states(loaded, x),
        "num_parameters": [
            root.num_parameters,
            described.num_parameters,
            num_parameters(encoder.network),
            num_parameters(loaded.network),
        ],
        "settings": json.dumps([encoder.settings, again.settings]),
        "dropout": [encoder.dropout, again.dropout, loaded.dropout],
    }
    if root.reads == "audio":
        found |= speech.steps(root)
    found |= adapted(root, again, stage.with_name(f"{stage.name}_lora_{NAME}"))
    if NAME == "torch" and root.reads == "audio":
        found["expected"] = speech.from_transformers(folder, x)
    elif NAME == "torch":
        found["expected"] = from_transformers(folder, tokenizer, x)
        found["expected_ids"] = ids_of_transformers(folder, tokenizer)
    return found


def adapted(root, encoder, folder):
    """Puts factors beside the weights, saves them and loads the folder."""
    x = batch(encoder.tokenizer)
    before = weights(encoder)
    add_lora(encoder, 2, seed=0)
    random = np.random.default_rng(1)
    for adapter in encoder.adapters.values():
        noise = random.standard_normal(adapter.factor_b.shape)
        adapter.factor_b.assign(noise.astype("float32"))
    facts = {LORA: lora_facts([2], backbone=root, target=folder)}
    with files.write_folder(folder, facts) as partial:
        encoder.save(partial)
    found = {
        "adapted": states(encoder, x),
        "num_factors": [
            num_parameters(encoder.network),
            get_family(root.family).num_lora_parameters(root, 2),
        ],
        "factors_a": [a.factors()[0] for a in encoder.adapters.values()],
    }
    merge_lora(encoder)
    described = describe_backbone(str(folder))
    again = load_root(fetch(described), tokenizer=load_tokenizer(described))
    pairs = zip(weights(again), weights(encoder), before, strict=True)
    found["merged"] = [
        [np.array_equal(one, other), np.array_equal(one, old)]
        for one, other, old in pairs
    ]
    if NAME == "torch":
        found["merged_states"] = states(again, x)
    return found


def weights(encoder):
    return [
        keras.ops.convert_to_numpy(variable).copy()
        for variable in encoder.network.weights
    ]


def batch(tokenizer):
    """A pair, a single text and a very short one, padded, of random ids.

    For what reads audio, three recordings.
    """
    if isinstance(tokenizer, LogMel):
        return speech.batch(tokenizer)
    random = np.random.default_rng(0)
    text = tokenizer.text_ids
    rows = [
        [random.integers(text.start, text.stop, n).tolist() for n in lengths]
        for lengths in ((4, 5), (12,), (1,))
    ]
    columns = tokenizer.columns([tokenizer.join(*parts) for parts in rows])
    x = tokenizer.arrays(columns, NUM_TOKENS)
    return {name: array.astype("int32") for name, array in x.items()}


def swapped(encoder, ids):
    """Takes rows of the token embedding away and back; JSON of what holds."""

    def table():
        return keras.ops.convert_to_numpy(encoder.token_embedding).copy()

    def embedded(ids):
        layer = encoder.family.token_embedding(encoder._model)
        return keras.ops.convert_to_numpy(layer(ids))

    whole, by_ids = table(), embedded(ids)
    variables = encoder.network.variables
    needed = np.unique(ids)
    vocabulary = CompactVocabulary(encoder.token_embedding, needed)
    facts = {
        "has only the rows": np.array_equal(table(), whole[needed]),
        "tells its shape": tuple(encoder.token_embedding.shape)
        == (len(needed), whole.shape[1]),
        "embeds alike": np.array_equal(
            embedded(vocabulary.rows_of(ids)), by_ids
        ),
    }
    vocabulary.expand(1.0)
    pairs = zip(variables, encoder.network.variables, strict=True)
    facts["comes back"] = np.array_equal(table(), whole)
    facts["has the variables it had"] = all(a is b for a, b in pairs)
    return json.dumps(facts)


def states(encoder, x):
    """Returns all hidden states of valid tokens: (n + 1, tokens, h)."""
    mask = x[encoder.tokenizer.mask_input] > 0
    inputs = {name: x[name] for name in encoder.inputs}
    layers = range(encoder.num_layers + 1)
    found = encoder.cut(layers).predict_on_batch(inputs)
    return np.stack([state[mask] for state in found])


def num_parameters(network):
    return sum(math.prod(v.shape) for v in network.trainable_variables)


def ids(tokenizer):
    """Returns the ids (and segments) of TEXTS as one text."""
    rows = [tokenizer.join(*tokenizer.encode(texts)) for texts in TEXTS]
    return json.dumps([list(row.columns.values()) for row in rows])


# ------------------------------------------------------------- By transformers
def from_transformers(folder, tokenizer, x):
    import torch
    import transformers

    layout = tokenizer.layout
    model = transformers.AutoModelForTextEncoding.from_pretrained(folder)
    inputs = {
        "input_ids": x[layout.ids_input],
        "attention_mask": x[layout.mask_input],
    }
    if layout.segments_input:
        inputs["token_type_ids"] = x[layout.segments_input]
    with torch.no_grad():
        found = model.eval()(
            **{
                name: torch.tensor(array, dtype=torch.long)
                for name, array in inputs.items()
            },
            output_hidden_states=True,
        ).hidden_states
    mask = x[layout.mask_input] > 0
    return np.stack([state.numpy()[mask] for state in found])


def ids_of_transformers(folder, tokenizer):
    import transformers

    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    found = []
    for texts in TEXTS:
        row = theirs(*texts)
        found.append([row["input_ids"]])
        if tokenizer.layout.segments_input:
            zeros = [0] * len(row["input_ids"])
            found[-1].append(row.get("token_type_ids", zeros))
    return json.dumps(found)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
