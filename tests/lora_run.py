"""What test_lora_run.py has torch do, in a process of its own.

`KERAS_BACKEND=torch python lora_run.py FOLDER` writes FOLDER/torch.npz.
"""

import dataclasses
import json
import pathlib
import sys

import h5py
import numpy as np
import torch
import transformers

from encoders import describe_tiny
from stilts_keras import backend
from stilts_keras import files
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.backbones.loading import fetch
from stilts_keras.backbones.loading import load_root
from stilts_keras.backbones.loading import load_tokenizer
from stilts_keras.backbones.stage_heads import read_heads
from stilts_keras.data.sources import PocketData
from stilts_keras.export import export
from stilts_keras.graph.graph import Graph
from stilts_keras.interruption import Interruption
from stilts_keras.options import Options
from stilts_keras.predict import predict
from stilts_keras.records import prune
from stilts_keras.records import results
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import Score
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.records.stage_folders import stages_in_run
from stilts_keras.tasks import TASKS
from stilts_keras.visits.place import Place
from stilts_keras.visits.planning import plan_visits
from stilts_keras.visits.values import Onlooker
from stilts_keras.visits.values import Scored
from stilts_keras.visits.values import Setting
from stilts_keras.visits.visit import make

# XNLI is reached by a last stage of MNLI, which is LoRA's on each route.
ROUTES = ("squad", "squad/udpos", "udpos/squad")
LORA_TASKS = ("mnli", "xnli", "udpos")
RECIPE = {
    "max_length": 24,
    "batch_size": 8,
    "epochs": 1,
    "learning_rate": 0.02,
    "eval_every_steps": 0,
}


def main(folder):
    backend.prepare()
    for name in LORA_TASKS:
        task = TASKS[name]
        recipe = dataclasses.replace(task.recipe, lora_rank=2)
        TASKS[name] = dataclasses.replace(task, recipe=recipe)
    built = graph_on(describe_tiny(), ROUTES)
    run_dir = folder / "run"
    first, rows = visit(built, run_dir)
    found = {"first": first, "again": visit(built, run_dir)[0]}
    places = {
        "/".join(each.sources[0].task.name for each in stage.chain): place
        for name, place in stages_in_run(run_dir).items()
        for stage in built.stages
        if stage.fingerprint == name
    }
    found["stages"] = {path: described(p) for path, p in places.items()}
    last = places["squad/udpos/mnli"]
    written = predict(
        last,
        TASKS["xnli"],
        data=PocketData(),
        output=folder / "predicted",
        languages=["en"],
        max_length=24,
    )
    found["predicted"] = written["en"].read_text().split("\n")
    found["apart"] = exported(last, folder / "exported")
    found["card"] = (folder / "exported" / "README.md").read_text()
    other = graph_on(describe_backbone(str(last)), ["pretrained"])
    visit(other, folder / "other")
    (place,) = stages_in_run(folder / "other").values()
    found["other"] = [described(place), other.backbone.fingerprint]
    found["replay"] = replayed(folder / "replayed")
    RowFile(run_dir / results.RESULTS_FILE, Score).add(rows)
    prune.prune_run(run_dir, keep="last", is_agreed=lambda pruning: True)
    kept = stages_in_run(run_dir)
    found["kept"] = [p for p, place in places.items() if place.name in kept]
    fetch(describe_backbone(str(last)))
    np.savez(folder / "torch.npz", found=json.dumps(found))


def replayed(run_dir):
    """A LoRA stage that also takes steps of the full stage before it."""
    built = graph_on(describe_tiny(), ["squad"], replay=0.5)
    first, _ = visit(built, run_dir)
    again, _ = visit(built, run_dir)
    (last,) = [stage for stage in built.stages if stage.replayed]
    places = stages_in_run(run_dir)
    heads = [
        weights_of_head(places[stage.fingerprint], "squad")
        for stage in (last.parent, last)
    ]
    moved = max(float(np.abs(a - b).max()) for a, b in zip(*heads, strict=True))
    manifest = files.check_folder(places[last.fingerprint])
    return {
        "is_same_later": first == again,
        "lora": described(places[last.fingerprint])["lora"],
        "moved": moved,
        "seen": {s["name"]: s["sequences_seen"] for s in manifest["sources"]},
    }


def weights_of_head(folder, key):
    file = pathlib.Path(folder, read_heads(folder)[key].file)
    found = []
    with h5py.File(file) as opened:
        opened.visititems(
            lambda _, item: (
                found.append(item[()])
                if isinstance(item, h5py.Dataset)
                else None
            )
        )
    return found


def graph_on(backbone, routes, **how):
    return Graph(
        routes=list(routes),
        targets=["xnli"],
        data=PocketData(),
        backbone=backbone,
        languages=["en"],
        train_limit=24,
        eval_limit=16,
        recipe=RECIPE,
        **how,
    )


def visit(built, run_dir):
    """Makes all visits, without reports; returns predictions, scores.

    Nothing is scored as far as the folder knows, so that a second call
    evaluates what the first has trained.
    """
    folder = RunFolder(run_dir, built)
    predictions, scores = {}, []
    with Interruption() as interruption, folder.lock():
        left = folder.remaining()
        place = Place(
            Setting(
                data=built.data,
                backbone=built.backbone,
                stages=folder.stages,
                options=Options(run_dir=run_dir),
            )
        )
        folder.describe({})
        for each in plan_visits(built, left):
            for found in make(each, place, Onlooker(), interruption):
                if isinstance(found, Scored):
                    values = [row.value for row in found.rows]
                    predictions[found.cell.route] = [found.predictions, values]
                    scores += found.rows
    return predictions, scores


def described(folder):
    manifest = files.check_folder(folder)
    return {
        "fingerprint": manifest["fingerprint"],
        "lora": manifest.get("lora"),
        "files": sorted(manifest["files"]),
    }


def exported(stage, output):
    """Returns how far transformers' states are from ours."""
    export(stage, output)
    backbone = fetch(describe_backbone(str(stage)))
    encoder = load_root(backbone, tokenizer=load_tokenizer(backbone))
    ids = np.random.default_rng(0).integers(4, 99, (2, 8)).astype("int32")
    x = {"token_ids": ids, "padding_mask": np.ones_like(ids)}
    ours = encoder.network.predict_on_batch(x)
    model = transformers.AutoModel.from_pretrained(output).eval()
    with torch.no_grad():
        theirs = model(torch.tensor(ids, dtype=torch.long)).last_hidden_state
    return float(np.abs(ours - theirs.numpy()).max())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
