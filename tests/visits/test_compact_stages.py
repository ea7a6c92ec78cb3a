"""A graph on compact vocabularies, and on whole ones."""

import json

import h5py
import numpy as np
import pytest

from command import stilts
from command import tiny_backbone
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import Score

FLAGS = [
    "--route=mnli",
    "--targets=udpos",
    "--languages=en",
    "--data=pocket",
    "--replay=0.25",
    "--train_limit=24",
    "--eval_limit=16",
    "--max_length=24",
    "--batch_size=8",
    "--learning_rate=1e-3",
    "--epochs=3",
    "--eval_every_steps=3",
    "--dev_limit=32",
    "--keras_backend=torch",
    *tiny_backbone(),
]
WHOLE = 1062


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The results and the stages of one graph, with and without."""
    found = {}
    for flag in ("--compact_vocabulary", "--nocompact_vocabulary"):
        run_dir = tmp_path_factory.mktemp("runs") / "run"
        stilts("run", *FLAGS, flag, f"--run_dir={run_dir}")
        rows = read_rows(run_dir / "results.jsonl", Score)
        found[flag] = rows, stages(run_dir)
    return tuple(found.values())


def stages(run_dir):
    """Dict from path to manifest and weights of each stage."""
    found = {}
    for manifest in sorted(run_dir.glob("stages/**/manifest.json")):
        facts, weights = json.loads(manifest.read_text()), {}
        if "stage" in facts:
            with h5py.File(manifest.with_name("model.weights.h5")) as file:
                file.visititems(
                    lambda name, item, weights=weights: (
                        weights.update({name: item[()]})
                        if isinstance(item, h5py.Dataset)
                        else None
                    )
                )
            found[facts["stage"]] = facts, weights
    return found


def test_scores_are_those_of_whole_vocabularies(runs):
    scores = [
        [(row.route, row.metric, row.value) for row in rows] for rows, _ in runs
    ]
    assert scores[0] == scores[1] and scores[0]


def test_weights_are_those_of_whole_vocabularies(runs):
    (_, ours), (_, theirs) = runs
    assert list(ours) == list(theirs) and len(ours) == 2
    for path, (_, weights) in ours.items():
        for name, value in weights.items():
            # Nothing depends on the bias of keys: Adam scales up its rounding.
            bound = 2e-5 if name.endswith("key_dense/vars/1") else 1e-6
            apart = np.abs(value - theirs[path][1][name]).max()
            assert apart < bound, (path, name)


def test_stages_tell_how_many_rows_they_trained(runs):
    (_, ours), (_, theirs) = runs
    first, second = (facts["vocabulary_rows"] for facts, _ in ours.values())
    # The second replays the first's rows.
    assert first < second < WHOLE
    assert {f["vocabulary_rows"] for f, _ in theirs.values()} == {WHOLE}
