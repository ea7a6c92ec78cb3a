"""The page of results says what the real study's report says, and no more."""

import json
import math
import re

import pytest

import fake_runs
from benchmarks import results
from benchmarks import results_page
from pages import PAGES
from pages import links
from stilts_keras.main import FLAGS
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import Training
from stilts_keras.reporting.route_names import is_plain

SHARES = {
    "pretrained": 0.4,
    "longer:120": 0.55,
    "mnli": 0.9,
    "mnli-shuffled": 0.5,
    "squad_v2": 0.7,
}
SETTINGS = {
    "languages": [*fake_runs.LANGUAGES],
    "train_limit": 640,
    "eval_limit": 150,
    "batch_size": 16,
    "epochs": 3.0,
    "learning_rate": 1e-4,
    "max_length": 64,
    "dtype_policy": "float32",
    "run_dir": "/home/somebody/runs/x",
}
FLAGFILE = "# What it asks.\n--route=mnli\n"


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    """A study of two targets, the first with the rows and head of MNLI."""
    folder = tmp_path_factory.mktemp("study")
    for target in ("xnli", "pawsx"):
        fake_runs.write_run(folder, SHARES, target=target, seeds=(1, 2, 3))
    RowFile(folder / "trainings.jsonl", Training).add(
        [
            fake_runs.training("f", "mnli", num_steps=120),
            fake_runs.training("g", "squad_v2", num_steps=80),
            fake_runs.training("pretrained xnli 1", "mnli", num_steps=90),
            fake_runs.training("xnli", "mnli/mnli", parent="f", num_steps=90),
        ]
    )
    return fake_runs.describe(folder, asked=SETTINGS)


@pytest.fixture(scope="module")
def kept(run_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    results.keep([run_dir], folder)
    return folder


def facts_of(folder):
    return json.loads((folder / results.STUDY_FILE).read_text("utf-8"))


def section(text, heading):
    """What stands below a heading, up to the next of its level or above."""
    level = len(heading.split()[0])
    below = text.partition(f"{heading}\n")[2]
    return re.split(rf"^#{{1,{level}}} ", below, flags=re.MULTILINE)[0]


# ------------------------------------------------------------------ The page
def test_the_page_is_rebuilt_byte_for_byte_from_a_run_folder(
    run_dir, kept, tmp_path
):
    results.keep([run_dir], tmp_path)
    files = sorted(file.name for file in kept.iterdir())
    assert files == sorted(file.name for file in tmp_path.iterdir())
    assert len(files) > 1
    for name in files:
        assert (kept / name).read_bytes() == (tmp_path / name).read_bytes()


def test_no_place_of_a_machine_is_kept(kept):
    assert "somebody" not in (kept / results.STUDY_FILE).read_text("utf-8")


def test_the_page_tells_setting_and_answer(kept):
    text = results_page.page(facts_of(kept), FLAGFILE)
    assert "4 stages of 380 steps" in text
    setting = section(text, "## Setting")
    assert "640 rows" in setting and "Seeds 1, 2, 3." in setting
    assert "jax, float32, with keras 3.15" in setting
    answer = section(text, "## The answer")
    assert "`mnli` on pawsx" in answer.splitlines()[1]
    assert "results/differences.png" in answer
    assert f"```text\n{FLAGFILE}```" in text


def test_differences_to_controls_are_those_of_the_scores(kept):
    facts = facts_of(kept)
    text = results_page.page(facts, FLAGFILE)
    scores = {row["label"]: row["cells"] for row in facts["summary"]["rows"]}
    for control in ("longer:120", "mnli-shuffled"):
        block = section(text, f"### Differences to `{control}`")
        rows = [line for line in block.splitlines() if line.startswith("| ")]
        head, *rows = ([cell.strip() for cell in r.split("|")] for r in rows)
        assert [row[1] for row in rows] == ["pretrained", "mnli", "squad_v2"]
        for row in rows:
            for target, cell in zip(head[2:-1], row[2:-1], strict=True):
                found = scores[row[1]][target], scores[control][target]
                difference = found[0]["value"] - found[1]["value"]
                assert float(cell.rstrip("†≡")) == pytest.approx(
                    difference, abs=0.051
                )
                # MNLI's rows and head are those of XNLI.
                assert ("≡" in cell) == ((row[1], target) == ("mnli", "xnli"))


def ranks(text_similarity, logme_stage, num_examples):
    return {
        "text_similarity": text_similarity,
        "logme_heads": None,
        "logme_stage": logme_stage,
        "num_examples": num_examples,
    }


def test_each_target_is_told_with_its_metric_languages_and_stage(kept):
    text = section(results_page.page(facts_of(kept), FLAGFILE), "## Setting")
    codes = "de hi es ru zh tr"
    assert f"| xnli | `accuracy` | {codes} | `mnli` | 90 |" in text
    # Nothing was trained for it that is kept.
    assert f"| pawsx | `accuracy` | {codes} | - | - |" in text
    # squad_v2's stage leads nowhere.
    assert "Steps before a target's: `mnli` 120.\n" in text


RANKING = {
    "measures": dict.fromkeys(ranks(1, 1, 1), ""),
    "targets": [
        {
            "target": "xnli",
            "judgements": {
                "text_similarity": {"regret_at_1": 0.0, "spearman": 1.0},
                "logme_stage": {"regret_at_1": 4.0, "spearman": None},
                "num_examples": {"regret_at_1": 12.34, "spearman": None},
            },
            "candidates": [
                {"route": "mnli", "ranks": ranks(1, 1, 1)},
                {"route": "squad_v2", "ranks": ranks(2, 1, 1)},
                {"route": "panx", "ranks": ranks(None, 3, None)},
            ],
        },
        {"target": "tatoeba", "judgements": {}, "candidates": []},
    ],
}


def test_what_was_known_before_training_is_told(kept):
    text = results_page.page(facts_of(kept) | {"ranking": RANKING}, FLAGFILE)
    block = section(text, "## Before paying")
    assert "| ordered by | xnli | Spearman |" in block
    assert "| `text_similarity` | 0.0 (mnli) | +1.00 |" in block
    # Two routes of the same value are both first.
    assert "| `logme_stage` | 4.0 (mnli, squad_v2) | - |" in block
    assert "| `num_examples`" not in block
    assert "so that it orders none: `num_examples`." in block
    assert "logme_heads" not in block
    assert "Before paying" not in results_page.page(facts_of(kept), FLAGFILE)


def test_the_front_page_tells_the_finding(kept):
    facts = facts_of(kept)
    text = f"# It\n\n{results.MARK}\n> What was\n> there.\n\nAnd then.\n"
    found = results.front_page(text, facts)
    assert results.front_page(found, facts) == found
    above, quoted, below = re.split(r"\n\n", found.strip())
    assert (above, below) == ("# It", "And then.")
    lines = quoted.splitlines()[1:]
    said = " ".join(line.removeprefix("> ") for line in lines)
    assert said == facts["sentences"][0]
    assert max(map(len, lines)) <= 81


# ---------------------------------------------------------- Beside the paper
def cell(difference, *, own_task=False):
    return {
        "difference": difference,
        "is_significant": False,
        "own_task": own_task,
        "is_transfer": not own_task,
    }


FRAME = {
    "rows": [
        {"label": "pretrained", "cells": {"xnli": cell(None)}},
        {"label": "longer:9", "cells": {"xnli": cell(9.0)}},
        {"label": "mnli", "cells": {"xnli": cell(8.0, own_task=True)}},
        {
            "label": "squad_v2",
            "cells": {"xnli": cell(-1.0), "panx": cell(4.0), "udpos": None},
        },
        {"label": "mnli/squad_v2", "cells": {"panx": cell(5.0)}},
    ]
}


def test_a_routes_mean_is_over_what_is_transfer():
    means = {row["label"]: results_page.mean_gain(row) for row in FRAME["rows"]}
    assert means["squad_v2"] == 1.5
    assert means["mnli"] is None and means["pretrained"] is None


def test_published_gains_are_differences_within_one_source():
    gain, place = results_page.published_gain("panx", "entity_f1")
    # RemBERT's Table 16: 64.0 after the best task, 65.4 without.
    assert gain == pytest.approx(-1.4) and "2010.12821" in place
    assert results_page.published_gain("tatoeba", "accuracy")[0] == math.inf
    assert results_page.published_gain("xcopa", "accuracy")[0] is None


# ---------------------------------------------------------- What is kept here
FOLDER = results.DOCS / "results"


def test_the_page_here_says_what_is_kept():
    text = (results.ROOT / results_page.FLAGFILE).read_text("utf-8")
    assert PAGES["docs/results.md"] == results_page.page(facts_of(FOLDER), text)


def test_the_flagfile_here_is_the_one_that_was_run():
    file = results.ROOT / results_page.FLAGFILE
    lines = file.read_text("utf-8").splitlines()
    given = {}
    for line in lines:
        if line.startswith("--"):
            name, _, value = line.removeprefix("--").partition("=")
            given.setdefault(name, []).append(value)
    settings = facts_of(FOLDER)["settings"]
    facts = facts_of(FOLDER)
    assert settings["route"] == given.pop("route")
    assert facts["seeds"] == [int(seed) for seed in given.pop("seed")]
    assert facts["backend"] == given.pop("keras_backend").pop()
    for name, values in given.items():
        found = [FLAGS[name].parser.parse(value) for value in values]
        if isinstance(settings[name], list):
            found = [one for each in found for one in as_list(each)]
        else:
            (found,) = found
        assert settings[name] == found, name


def as_list(value):
    return value if isinstance(value, list) else [value]


def test_figures_here_are_those_of_the_page():
    shown = {link for link in links(PAGES["docs/results.md"]) if "png" in link}
    there = {f"results/{file.name}" for file in FOLDER.glob("*.png")}
    assert shown == there and len(shown) == 3


def test_a_second_look_is_told(kept):
    facts = facts_of(kept)
    told = "p is of a second look"
    assert told not in results_page.page(facts, FLAGFILE)
    more = facts | {"seeds": [1, 2, 3, 4]}
    assert told in results_page.page(more, FLAGFILE)
    assert told in PAGES["docs/results.md"]


def test_the_study_here_is_whole():
    facts = facts_of(FOLDER)
    assert not facts["problems"] and len(facts["seeds"]) >= 3
    assert "Missing or damaged" not in PAGES["docs/results.md"]
    ranked = {
        one["route"]
        for target in facts["ranking"]["targets"]
        for one in target["candidates"]
    }
    assert ranked and ranked == set(filter(is_plain, ranked))
    summary = facts["summary"]
    rows = {row["label"]: row["cells"] for row in summary["rows"]}
    assert set(rows) - {"chance"} == set(facts["settings"]["route"])
    # Every route has a score of every target, of every seed.
    for route in facts["settings"]["route"]:
        for target in facts["settings"]["targets"]:
            assert rows[route][target]["count"] == len(facts["seeds"])


def test_the_front_page_here_tells_the_finding():
    text = PAGES["README.md"]
    assert text == results.front_page(text, facts_of(FOLDER))
    assert results.MARK in text
