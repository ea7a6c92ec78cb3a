"""What is trained first for a target hands on its head."""

import dataclasses
import json

import numpy as np

from command import TINY_SIZES
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.graph.graph import Graph
from stilts_keras.interruption import Interruption
from stilts_keras.options import Options
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.visits.place import Place
from stilts_keras.visits.planning import plan_visits
from stilts_keras.visits.values import Onlooker
from stilts_keras.visits.values import Setting
from stilts_keras.visits.visit import make

RECIPE = {
    "max_length": 16,
    "batch_size": 8,
    "epochs": 1.0,
    "learning_rate": 1e-2,
    "eval_every_steps": 0,
}


def write_rows(folder):
    """A few rows of Social IQa, of COPA and of XCOPA in Estonian."""
    copa = {
        "premise": "It rains.",
        "choice1": "wet",
        "choice2": "dry",
        "question": "effect",
    }
    siqa = {"context": "Kim slept.", **{f"answer{x}": x for x in "ABC"}}
    places = {
        "lighteval/siqa/default/train": [
            {**siqa, "question": f"Why {n}?", "label": str(1 + n % 3)}
            for n in range(16)
        ],
        "aps/super_glue/copa/train": [
            {**copa, "label": n % 2} for n in range(8)
        ],
        "cambridgeltl/xcopa/et/test": [{**copa, "label": 0}],
    }
    for name, rows in places.items():
        file = folder / f"{name}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def weights(head):
    return [np.asarray(weight) for weight in head.get_weights()]


def test_the_head_goes_on_as_the_stage_before_left_it(tmp_path):
    write_rows(tmp_path / "rows")
    graph = Graph(
        routes=["pretrained"],
        targets=["xcopa"],
        data=str(tmp_path / "rows"),
        backbone=describe_backbone("random", tokenizer="pocket", **TINY_SIZES),
        recipe=RECIPE,
    )
    before, stage = graph.stages
    folder = RunFolder(tmp_path / "run", graph)
    place = Place(
        Setting(
            data=graph.data,
            backbone=graph.backbone,
            stages=folder.stages,
            options=Options(run_dir=folder.path),
        )
    )
    place.inputs.prepare(graph.stages, [], [])
    first, _ = plan_visits(graph, folder.remaining())
    with Interruption() as interruption:
        list(make(first, place, Onlooker(), interruption))
    left = weights(place.models.finished(before).heads["siqa"])
    begun = weights(place.models.untrained(stage).heads["copa"])
    assert all(map(np.array_equal, left, begun))
    anew = dataclasses.replace(stage, takes_head=False)
    new = weights(place.models.untrained(anew).heads["copa"])
    assert not all(map(np.array_equal, left, new))
