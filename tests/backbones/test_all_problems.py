"""Families go through `run` with all problems.

By default a toy one in a file of its own, for a family is one file; those of
the package, on every backend, are marked slow.
"""

import dataclasses
import json
import math
import pathlib
import subprocess
import sys

import pytest

from backbones import toy_family
from backbones.tiny import WRITERS
from backends import environment
from encoders import describe_tiny
from stilts_keras.backbones import FAMILIES
from stilts_keras.backbones.loading import load_root
from stilts_keras.backbones.loading import load_tokenizer
from stilts_keras.errors import InputError
from stilts_keras.problems import PROBLEMS
from stilts_keras.problems.retrieval import Retrieval
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import Score
from stilts_keras.tasks import TASKS
from stilts_keras.tasks import get_task

SCRIPT = pathlib.Path(__file__).with_name("all_problems_run.py")
BACKENDS = ("tensorflow", "jax", "torch")


def write_questions(folder):
    """Writes rows of SQuAD 2.0: every other question has no answer."""
    for split in ("train", "validation"):
        rows = [
            {
                "id": f"{split}-{index}",
                "question": "Where is the dog?",
                "context": f"Dog {index} is in the house of a man.",
                "answers": {"text": ["house"], "answer_start": [start]}
                if index % 2
                else {"text": [], "answer_start": []},
            }
            for index in range(32)
            for start in [len(f"Dog {index} is in the ")]
        ]
        file = folder / "rajpurkar/squad_v2/squad_v2" / f"{split}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture(
    scope="module",
    params=[
        # Compiles nothing.
        ("toy", "torch"),
        *(
            pytest.param((name, backend), marks=pytest.mark.slow)
            for name in WRITERS
            for backend in BACKENDS
        ),
    ],
    ids="-".join,
)
def runs(request, tmp_path_factory, write_pools):
    name, backend = request.param
    folder = tmp_path_factory.mktemp(name)
    write_pools(folder / "data", "de")
    write_questions(folder / "data")
    backbone = name
    if name in WRITERS:
        backbone = folder / "backbone"
        backbone.mkdir()
        WRITERS[name](backbone)
    done = subprocess.run(
        [
            sys.executable,
            SCRIPT,
            folder,
            f"{folder / 'data'},pocket",
            backbone,
        ],
        env=environment(backend, folder),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture
def encoder(monkeypatch):
    monkeypatch.setitem(FAMILIES, "toy", toy_family.Toy())
    described = describe_tiny(family="toy")
    return load_root(described, tokenizer=load_tokenizer(described))


def stages(run_dir):
    return {
        file.parent.relative_to(run_dir): json.loads(file.read_text("utf-8"))
        for file in run_dir.glob("stages/**/manifest.json")
    }


def files_of_stages(run_dir):
    """Checksums of the stages' files, but for KerasHub's date of saving."""
    return {
        (folder, name): facts
        for folder, manifest in stages(run_dir).items()
        for name, facts in manifest["files"].items()
        if name != "metadata.json"
    }


def test_all_problems_are_trained_or_evaluated(runs):
    rows = read_rows(runs / "whole" / "results.jsonl", Score)
    targets = {row.target for row in rows}
    learned = {
        part.split("@")[0].split(":")[0]
        for folder in stages(runs / "whole")
        for name in folder.parts
        for part in name.split("+")
    } & set(TASKS)
    problems = {get_task(name).problem for name in targets | learned}
    assert problems == set(PROBLEMS)
    assert get_task("squad_v2").has_unanswerable and "squad_v2" in learned
    routes = {"pretrained", "mlm@de+hellaswag/squad_v2"}
    assert {row.route for row in rows} == routes


def test_a_run_that_was_cut_off_ends_as_the_undisturbed_one(runs):
    whole, resumed = runs / "whole", runs / "resumed"
    facts = [
        sorted(map(str, read_rows(run_dir / "results.jsonl", Score)))
        for run_dir in (whole, resumed)
    ]
    assert facts[0] == facts[1]
    assert files_of_stages(whole) == files_of_stages(resumed)


def test_a_finished_stage_is_a_backbone_with_the_same_states(runs):
    """Retrieval reads the backbone alone: equal scores, equal states."""

    def scores(run_dir, route):
        return {
            row.language: row.value
            for row in read_rows(run_dir / "results.jsonl", Score)
            if (row.route, row.target) == (route, "tatoeba")
        }

    found = scores(runs / "again", "pretrained")
    assert found == scores(runs / "whole", "mlm@de+hellaswag/squad_v2")
    assert found


def test_sequences_are_the_familys_own(encoder):
    pair = encoder.tokenizer.join([10, 11], [12])
    assert pair.columns == {"words": [10, 11, 5, 12, 5]}
    assert (pair.starts, pair.anchor) == ((0, 3), 4)
    x = encoder.tokenizer.arrays(encoder.tokenizer.columns([pair]), 7)
    assert x["words"].tolist() == [[10, 11, 5, 12, 5, 7, 7]]
    assert x["is_word"].tolist() == [[True] * 5 + [False] * 2]


def test_parameters_are_counted_without_a_framework(encoder):
    described = describe_tiny(family="toy")
    assert described.num_parameters is None
    size = encoder.tokenizer.vocabulary_size
    counted = dataclasses.replace(described, vocabulary_size=size)
    made = sum(math.prod(v.shape) for v in encoder.network.trainable_variables)
    assert counted.num_parameters == made


def test_no_first_token_stands_for_a_sequence(encoder):
    problem = Retrieval(get_task("tatoeba"))
    with pytest.raises(InputError, match="--retrieval_pooling=mean"):
        problem.head(encoder, "cls")
    assert problem.head(encoder, "mean").summary == "mean"
