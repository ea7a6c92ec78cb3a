"""How long what is left will take, worked by hand."""

import dataclasses
import json

import pytest

from fake_speeds import evaluation
from fake_speeds import small_graph
from fake_speeds import speed
from stilts_keras import files
from stilts_keras.records import speeds
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import Speed
from stilts_keras.reporting import time_left

# 10 and 20 seconds besides the steps.
SAME = [speed("a"), speed("b", seconds=70.0, step_seconds=0.5)]
# Batches of twice as many rows, 30 seconds besides.
OTHER = speed(
    "c", tasks=("udpos",), batch_size=20, seconds=110.0, step_seconds=0.8
)


def left_of(rows, built=None):
    built = built or small_graph()
    paces = speeds.Paces(rows)
    return time_left.of_graph(built, paces, built.stages)


def test_stages_take_what_the_same_size_took():
    built = small_graph()
    panx = [s for s in built.stages if s.path.endswith("panx:1k")]
    found = time_left.of_graph(built, speeds.Paces(SAME), panx, {})
    # Medians: 15 seconds and 100 steps of 0.4 each.
    assert found.training_seconds == pytest.approx(2 * (15 + 40))
    assert (found.num_same, found.num_scaled) == (2, 0)
    assert found.is_whole


def test_other_stages_take_their_share_of_positions():
    found = left_of([*SAME, OTHER])
    # A position took 0.3 / 640, 0.5 / 640 and 0.8 / 1280 seconds: the median
    # is 0.4 / 640. Besides: 10, 20 and 30 seconds.
    assert found.training_seconds == pytest.approx(2 * (15 + 40) + 20 + 40)
    assert (found.num_same, found.num_scaled) == (2, 1)


def test_rows_cut_into_more_sequences_take_more_steps():
    rows = [dataclasses.replace(row, steps_ratio=1.5) for row in SAME]
    built = small_graph()
    (panx, *_) = [s for s in built.stages if s.path == "panx:1k"]
    found = time_left.of_graph(built, speeds.Paces(rows), [panx], {})
    assert found.seconds == pytest.approx(15 + 1.5 * 40)


def test_evaluations_take_what_the_same_rows_took():
    built = small_graph()
    rows = built.cells[0].facts["de"].data_fingerprint
    measured = [
        evaluation("x|de", rows, 3.0),
        evaluation("y|de", rows, 5.0),
        evaluation("x|fr", "other rows", 10.0),
    ]
    found = left_of(measured, built)
    # German as it took; English as the target's median of 3, 5 and 10.
    assert found.evaluation_seconds == pytest.approx(2 * 4 + 2 * 5)
    assert found.unknown_evaluations == 0 and found.unknown_stages == 3
    # Of more rows than were asked for nothing is known.
    measured = [evaluation("x|fr", "other rows", 10.0, max_rows=None)]
    assert left_of(measured, built).unknown_evaluations == 4


@pytest.mark.parametrize(
    "changes",
    [{"backbone": "other"}, {"dtype_policy": "bfloat16"}, {"is_lora": True}],
)
def test_what_is_of_another_kind_says_nothing(changes):
    found = left_of([speed(**changes)])
    assert found.seconds == 0 and found.unknown_stages == 3


def test_only_one_machine_and_way_counts():
    rows = [
        *SAME,
        speed("d", host="elsewhere"),
        speed("e", backend="jax"),
        speed("f", devices=4),
    ]
    assert [row.of for row in speeds.of_machine(rows)] == ["a", "b"]
    assert [row.of for row in speeds.of_machine(rows, backend="jax")] == ["e"]
    assert speeds.of_machine(rows, backend="tensorflow") == []


def test_a_run_folder_and_a_store_are_read(tmp_path):
    run_dir, store = tmp_path / "run", tmp_path / "store"
    RowFile(run_dir / "speeds.jsonl", Speed).add([speed("a")])
    told = json.loads(json.dumps(dataclasses.asdict(speed("b", seconds=70.0))))
    for name, facts in (
        ("aa", {"speed": told | {"of": "a", "seconds": 1.0}}),
        ("bb", {"speed": told}),
        # Of an older version; and damaged.
        ("cc", {}),
        ("dd", {"speed": {"of": "d"}}),
    ):
        folder = store / name / name[0]
        folder.mkdir(parents=True)
        files.write_json(folder / "manifest.json", files.sealed(facts))
    found = speeds.known(run_dir, store)
    assert {row.of: row.seconds for row in found} == {"a": 40.0, "b": 70.0}
    assert speeds.known(None, None) == []


# ------------------------------------------------------------------ In words
def lines(rows, built=None, left=None, stages=None, **options):
    built = built or small_graph()
    stages = built.stages if stages is None else stages
    return time_left.plan_lines(built, stages, left, rows, **options)


def test_an_estimate_tells_what_it_rests_on():
    built = small_graph()
    rows = built.cells[0].facts["de"].data_fingerprint
    measured = [*SAME, OTHER, evaluation("x|de", rows, 4.0)]
    (line,) = lines(measured, built)
    # 170 seconds of training, 16 of evaluation.
    assert line == (
        "Time: about 3 min on this machine, one stage after the other (torch "
        "on cpu; 2 stages by the 2 measured of the same tasks and size: 0.4 "
        "(0.3 to 0.5) s a step of 10x64; 1 by the positions of a step (batch "
        "x length), as other stages of this backbone took; evaluation 16 s of "
        "it, as the same rows or target took)."
    )


def test_what_was_not_measured_is_counted_and_not_guessed():
    first, second = lines(SAME)
    assert first.startswith("Time: about 3 min on this machine")
    assert second.endswith("0 stages, 4 evaluations of one language.")


@pytest.mark.parametrize(
    "rows, options, says",
    [
        ([], {}, "nothing was measured on this machine; a run keeps it"),
        ([speed(host="far")], {}, "(but on far, which says nothing of it)"),
        (SAME, {"backend": "jax"}, "nothing was measured on this machine on j"),
        ([speed(backbone="other")], {}, "of this backbone, precision"),
    ],
)
def test_where_nothing_was_measured_a_plan_says_so_and_how(rows, options, says):
    (line,) = lines(rows, **options)
    assert says in line and "Run a small part of this first" in line


def test_a_plan_with_nothing_left_needs_no_time():
    assert lines(SAME, left={}, stages=[]) == []


@pytest.mark.parametrize(
    "seconds, text",
    [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (7800, "2 h 10 min")],
)
def test_times_are_written_as_read(seconds, text):
    assert time_left.text_of(seconds) == text
