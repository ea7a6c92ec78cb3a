"""A visit of an average: what it writes is the mean of its parents."""

import dataclasses

import keras
import numpy as np
import pytest

from command import TINY_SIZES
from stilts_keras import files
from stilts_keras.backbones.description import describe_backbone
from stilts_keras.backbones.stage_heads import describe_heads
from stilts_keras.graph.graph import Graph
from stilts_keras.interruption import Interruption
from stilts_keras.options import Options
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.steps import checkpoint
from stilts_keras.visits.place import Place
from stilts_keras.visits.planning import plan_visits
from stilts_keras.visits.values import Onlooker
from stilts_keras.visits.values import Setting
from stilts_keras.visits.values import Trained
from stilts_keras.visits.visit import make


def place_of(graph, path):
    folder = RunFolder(path / "run", graph)
    return folder, Place(
        Setting(
            data=graph.data,
            backbone=graph.backbone,
            stages=folder.stages,
            options=Options(run_dir=folder.path),
        )
    )


def write_stage(stage, place):
    """Writes a stage's folder as if it had been trained; returns its heads."""
    model = place.models.untrained(stage)
    begun = weights(model.heads["udpos"])
    random = np.random.default_rng(stage.seed)
    for variable in model.trainable_variables:
        change = random.standard_normal(tuple(variable.shape))
        variable.assign_add(change.astype("float32"))
    checkpoint.save_stage(
        place.setting.stages.target(stage),
        model=model,
        heads=describe_heads(source.task for source in stage.sources),
        facts=place.models.lora_facts(stage),
    )
    return begun


def weights(model):
    return [np.array(weight) for weight in model.get_weights()]


@pytest.mark.parametrize(
    "rank", [2, pytest.param(None, marks=pytest.mark.slow)]
)
def test_it_is_the_mean_of_its_parents_as_they_are_evaluated(tmp_path, rank):
    graph = Graph(
        routes=["pretrained"],
        targets=["udpos"],
        data="pocket",
        backbone=describe_backbone("random", tokenizer="pocket", **TINY_SIZES),
        recipe={"lora_rank": rank, "max_length": 16},
        train_limit=16,
        seeds=(1, 2, 3),
        average=["seeds"],
    )
    folder, place = place_of(graph, tmp_path)
    *parents, stage = graph.stages
    first, *others = [write_stage(parent, place) for parent in parents]
    for other in others:
        for ours, theirs in zip(first, other, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    # What is left: cells, and the average.
    visit = plan_visits(graph, folder.remaining())[-1]
    assert visit.stage == stage and visit.is_trained
    visit = dataclasses.replace(visit, cells=())
    with Interruption() as interruption:
        trained, note = make(visit, place, Onlooker(), interruption)
    assert trained == Trained(stage)
    assert note.text == f"{stage.path} seed 1: the mean of seeds 1, 2, 3"
    files.check_folder(place.models.folder(stage))

    each = [weights(place.models.finished(parent)) for parent in parents]
    assert any((a != b).any() for a, b in zip(*each[:2], strict=True))
    mean = weights(place.models.finished(stage))
    for number, found in enumerate(mean):
        sums = sum(one[number].astype("float64") for one in each)
        np.testing.assert_array_equal(found, (sums / 3).astype("float32"))


def whole(model, step):
    """All weights as a stage that ends here would have them."""
    vocabulary, found = model.encoder.vocabulary, []
    for weight in model.weights:
        array = np.array(keras.ops.convert_to_numpy(weight))
        if vocabulary is not None and weight is vocabulary.variable:
            decay = model.optimizer.decay(weight, step)
            rows, array = array, vocabulary.decayed(decay)
            array[vocabulary.rows] = rows
        found.append(array)
    return found


@pytest.mark.parametrize(
    "rank", [None, pytest.param(2, marks=pytest.mark.slow)]
)
def test_checkpoints_are_averaged_as_stages_that_had_ended(
    tmp_path, monkeypatch, rank
):
    # A control has no dev rows: evaluations compute nothing here.
    graph = Graph(
        routes=["mnli-shuffled:24"],
        targets=["tatoeba"],
        data="pocket",
        backbone=describe_backbone("random", tokenizer="pocket", **TINY_SIZES),
        recipe={
            "lora_rank": rank,
            "max_length": 16,
            "batch_size": 8,
            "learning_rate": 1e-2,
            "weight_decay": 0.1,
            "eval_every_steps": 1,
            "epochs": 1.0,
        },
        average=["checkpoints:2"],
    )
    folder, place = place_of(graph, tmp_path)
    first, average = plan_visits(graph, folder.remaining())
    assert first.means == (2,)
    seen = []
    keep = checkpoint.TrainingProgress.keep_checkpoint

    def look(progress, model, step):
        seen.append((step, whole(model, step), model.encoder.vocabulary))
        keep(progress, model, step)

    name = "keep_checkpoint"
    monkeypatch.setattr(checkpoint.TrainingProgress, name, look)
    notes = []
    for visit in (first, average):
        visit = dataclasses.replace(visit, cells=())
        with Interruption() as interruption:
            notes += make(visit, place, Onlooker(), interruption)
    assert notes[-1].text.endswith("mean of the weights after steps 2, 3")
    assert [step for step, _, _ in seen] == [1, 2, 3]
    if rank is None:
        assert all(vocabulary is not None for _, _, vocabulary in seen)
        mean = weights(place.models.finished(average.stage))
        two = [arrays for _, arrays, _ in seen[1:]]
        for number, found in enumerate(mean):
            sums = sum(one[number].astype("float64") for one in two)
            np.testing.assert_array_equal(found, (sums / 2).astype("float32"))
    # The stage itself is the last step.
    own = place.models.finished(first.stage)
    assert not np.array_equal(
        weights(own.heads["mnli-shuffled"])[0],
        weights(place.models.finished(average.stage).heads["mnli-shuffled"])[0],
    )
