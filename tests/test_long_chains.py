"""Chains, mixtures and replicates, end to end: shares, forgetting, stores."""

import json
import math
import re

import h5py
import numpy as np
import pytest

from command import stilts
from command import tiny_backbone
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import ChainScore
from stilts_keras.records.rows import Score
from stilts_keras.records.stage_folders import stages_in_run
from stilts_keras.records.tensorboard import read_scalars

ROUTE = "mlm@de,hi+mnli/squad"
SEEDS = (1, 2)
FLAGS = [
    "--route=pretrained",
    f"--route={ROUTE}",
    "--targets=xnli,tatoeba",
    "--languages=en,de",
    *(f"--seed={seed}" for seed in SEEDS),
    "--sampling=uniform",
    "--replay=0.25",
    "--measure_forgetting",
    "--data=pocket",
    *tiny_backbone(),
    "--max_length=32",
    "--train_limit=128",
    "--eval_limit=16",
    "--dev_limit=24",
    "--batch_size=4",
    "--epochs=1",
    "--learning_rate=1e-3",
    "--eval_every_steps=0",
    "--log_every_steps=5",
    "--keras_backend=torch",
]


def chains(run_dir, *extra, command="run"):
    return stilts(command, *FLAGS, f"--run_dir={run_dir}", *extra).stdout


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def first(tmp_path_factory, store):
    run_dir = tmp_path_factory.mktemp("first") / "run"
    return run_dir, chains(run_dir, f"--stage_store={store}")


def manifests(run_dir):
    return [
        json.loads((place / "manifest.json").read_text("utf-8"))
        for place in stages_in_run(run_dir).values()
    ]


def test_sources_get_their_shares_within_binomial_error(first):
    run_dir, _ = first
    mixtures = [m for m in manifests(run_dir) if len(m["sources"]) > 1]
    # The mixture itself, and what is replayed in both later stages.
    assert len(mixtures) == 3 * len(SEEDS)
    for manifest in mixtures:
        num_steps = manifest["num_steps"]
        shares = [source["share"] for source in manifest["sources"]]
        assert sum(shares) == pytest.approx(1)
        for source in manifest["sources"]:
            share = source["share"]
            error = math.sqrt(share * (1 - share) / num_steps)
            seen = source["sequences_seen"] / 4 / num_steps
            assert abs(seen - share) < 4 * error, source
            assert source["tokens_seen"] > source["sequences_seen"] > 0
    (chain,) = {
        tuple((s["name"], round(s["share"], 3)) for s in m["sources"])
        for m in mixtures
        if m["stage"].endswith("/squad:128")
    }
    assert chain[0] == ("squad:128", 0.75)
    assert sum(share for _, share in chain[1:]) == pytest.approx(0.25, abs=0.01)


def test_shares_are_curves_in_tensorboard(first):
    run_dir, _ = first
    name = "mlm@de:128+mlm@hi:128+mnli:128"
    folder = run_dir.joinpath("tensorboard", name, "stage", "seed-1")
    last = {tag: value for tag, _, value in read_scalars(folder)}
    (manifest,) = [
        m for m in manifests(run_dir) if (m["stage"], m["seed"]) == (name, 1)
    ]
    for what in ("sequences", "tokens"):
        total = sum(s[f"{what}_seen"] for s in manifest["sources"])
        tag = {"sequences": "examples", "tokens": "tokens"}[what]
        for source in manifest["sources"]:
            shown = last[f"sampling/{tag}/{source['name']}"]
            assert shown == pytest.approx(source[f"{what}_seen"] / total)


def lessons(run_dir):
    return read_rows(run_dir / "forgetting.jsonl", ChainScore)


def test_forgetting_is_the_loss_since_the_stage_that_learned(first):
    run_dir, _ = first
    rows = lessons(run_dir)
    known = {
        (row.source, row.metric, row.stage, row.seed): row.value for row in rows
    }
    depths = set()
    for row in rows:
        then = known[row.source, row.metric, row.learned_in, row.seed]
        assert row.forgetting == pytest.approx(then - row.value)
        if row.stage == row.learned_in:
            assert row.forgetting == 0
        depths.add((row.num_stages, row.source))
    # `pretrained` has a chain, too: that of its target's stage.
    assert depths == {
        (1, "mnli"),
        (2, "mnli"),
        (2, "squad"),
        (3, "mnli"),
        (3, "squad"),
    }


def test_forgetting_is_a_curve_along_the_chain(first):
    run_dir, out = first
    assert "Dev scores of each source along the chains" in out
    rows = lessons(run_dir)
    folder = (
        run_dir / "tensorboard" / ROUTE.replace("mlm@de,hi", "mlm@de+mlm@hi")
    )
    points = {
        (tag, step): value
        for end in ("chain", "xnli")
        for tag, step, value in read_scalars(folder / end / "seed-1")
        if tag.startswith(("chain/", "forgetting/"))
    }
    (row,) = [
        row
        for row in rows
        if (row.num_stages, row.source, row.seed) == (3, "squad", 1)
        and row.metric == "f1"
    ]
    assert points["chain/squad/f1", 3] == pytest.approx(row.value, rel=1e-6)
    assert points["forgetting/squad/f1", 3] == pytest.approx(
        row.forgetting, rel=1e-6, abs=1e-6
    )
    assert {step for _, step in points} == {1, 2, 3}


def test_replicates_differ_in_all_but_the_pretrained_weights(first):
    run_dir, out = first
    rows = read_rows(run_dir / "results.jsonl", Score)
    bare = {
        (row.seed, row.language): row.value
        for row in rows
        if (row.route, row.target) == ("pretrained", "tatoeba")
    }
    assert bare[1, "de"] == bare[2, "de"]
    heads = []
    for place in stages_in_run(run_dir).values():
        manifest = json.loads((place / "manifest.json").read_text("utf-8"))
        if manifest["stage"] == "mnli:128":
            with h5py.File(min(place.glob("heads/*"))) as file:
                found = []
                file.visititems(
                    lambda _, item, found=found: (
                        found.append(item[()].ravel())
                        if isinstance(item, h5py.Dataset)
                        else None
                    )
                )
                heads.append(np.concatenate(found))
    assert len(heads) == 2
    # Not merely trained a bit differently: drawn anew.
    assert np.corrcoef(heads)[0, 1] < 0.5
    assert " n2" in out and "standard deviation over seeds" in out


def scores(run_dir):
    return sorted(
        str(row)
        for name, kind in (
            ("results.jsonl", Score),
            ("forgetting.jsonl", ChainScore),
        )
        for row in read_rows(run_dir / name, kind)
    )


def test_another_run_takes_all_stages_from_the_store(first, tmp_path, store):
    run_dir, _ = first
    out = chains(tmp_path / "run", f"--stage_store={store}")
    assert " steps" not in out
    assert scores(tmp_path / "run") == scores(run_dir)
    places = stages_in_run(tmp_path / "run")
    assert places.keys() <= stages_in_run(run_dir).keys()
    assert all(place.is_symlink() for place in places.values())


@pytest.mark.slow
@pytest.mark.parametrize("keep", ["last", "none"])
def test_weights_that_nothing_needs_go_on_the_way(first, tmp_path, keep):
    run_dir, _ = first
    out = chains(tmp_path / "run", f"--keep={keep}")
    assert scores(tmp_path / "run") == scores(run_dir)
    evaluated = {
        row.stage for row in read_rows(run_dir / "results.jsonl", Score)
    } - {"pretrained"}
    kept = set(stages_in_run(tmp_path / "run"))
    assert kept == (evaluated if keep == "last" else set())
    assert " steps" in out
    assert " steps" not in chains(tmp_path / "run", f"--keep={keep}")
    plan = chains(tmp_path / "run", command="plan")
    assert re.search(r"to train +0 ", plan)
