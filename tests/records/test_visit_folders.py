"""The folder of a visit: what it needs, leaves behind, and hands over."""

import json
import os

import pytest

from fakes import graph
from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.graph.part import Part
from stilts_keras.graph.part import find_part
from stilts_keras.graph.part import parts_of
from stilts_keras.records import prune
from stilts_keras.records import results
from stilts_keras.records import status
from stilts_keras.records.lock import InUse
from stilts_keras.records.lock import locked
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import ChainScore
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.records.stage_folders import StageFolders
from stilts_keras.records.visit_folders import ABSORBING
from stilts_keras.records.visit_folders import VisitFolder
from stilts_keras.records.visit_folders import absorb
from stilts_keras.records.visit_folders import describe_at_work
from stilts_keras.records.visit_folders import visit_folder
from stilts_keras.scoring import submission_files


@pytest.fixture
def built():
    return graph(routes=["mnli/squad"], targets=["xnli"], languages=["de"])


@pytest.fixture
def places(tmp_path):
    return {"run_dir": tmp_path / "run", "stage_store": tmp_path / "store"}


def train(places, stage):
    """Writes the folder of a stage to the store, as far as anybody looks."""
    stages = StageFolders(places["run_dir"], places["stage_store"])
    with files.write_folder(stages.target(stage), {"heads": {}}) as folder:
        (folder / "weights").write_text(stage.path)


def folder_of(places, part):
    return VisitFolder(
        places["run_dir"], part, stage_store=places["stage_store"]
    )


# --------------------------------------------------------------------- Parts
def test_parts_hold_each_cell_once_and_only_what_comes_before(built):
    parts = parts_of(built)
    assert [part.own for part in parts] == list(built.stages)
    cells = [cell for part in parts for cell in part.cells]
    assert sorted(c.key for c in cells) == sorted(c.key for c in built.cells)
    for part in parts:
        assert part.stages == tuple(part.own.chain)
        assert part.used_by(part.own) == built.used_by(part.own)


def test_the_bare_backbone_is_a_part_where_it_is_evaluated():
    built = graph(routes=["pretrained"], targets=["tatoeba"])
    (part,) = parts_of(built)
    assert part.own is None and part.stages == () and part.cells == built.cells


def test_a_part_s_fingerprint_is_of_its_weights_and_of_what_is_scored(built):
    first = Part(built, built.stages[-1]).fingerprint
    assert first == Part(graph(**args()), built.stages[-1]).fingerprint
    others = [
        graph(**args(languages=["de", "hi"])),
        graph(**args(train_limit=9)),
        graph(**args(measure_forgetting=True)),
        graph(**args(disturb=["typos"])),
    ]
    found = {Part(other, other.stages[-1]).fingerprint for other in others}
    assert len(found | {first}) == 5


def test_disturbed_cells_are_of_the_part_that_has_their_weights(places):
    built = graph(**args(disturb=["typos"]))
    (part,) = (part for part in parts_of(built) if part.cells)
    assert part.disturbed_cells == built.disturbed_cells != ()
    assert part.disturbed_cells_of(part.own) == list(built.disturbed_cells)
    left = folder_of(places, part)
    train(places, part.stages[-2])
    keys = {cell.key for cell in (*part.cells, *part.disturbed_cells)}
    assert left.remaining().cells.keys() == keys
    # It holds nothing of the whole graph, for it is handed on.
    assert part.trials.found and part.trials._graph is None


def args(**changes):
    return {
        "routes": ["mnli/squad"],
        "targets": ["xnli"],
        "languages": ["de"],
        **changes,
    }


def test_an_unknown_fingerprint_says_what_may_differ(built):
    part = parts_of(built)[1]
    assert find_part(built, part.fingerprint).own == part.own
    with pytest.raises(InputError, match="its data or its stilts_keras differ"):
        find_part(built, "0123456789abcdef")


# -------------------------------------------------------------------- Visits
def test_a_visit_trains_its_stage_whether_or_not_it_is_evaluated(built, places):
    part = parts_of(built)[0]
    assert part.cells == ()
    left = folder_of(places, part).remaining()
    assert left.stages == {part.own.fingerprint}
    train(places, part.own)
    assert not folder_of(places, part).remaining().stages


def test_a_visit_without_the_stage_before_it_is_refused(built, places):
    first, second, _ = parts_of(built)
    with pytest.raises(InputError) as caught:
        folder_of(places, second).remaining()
    assert f"stage 'mnli' ({first.own.fingerprint}) before it" in str(
        caught.value
    )
    train(places, first.own)
    left = folder_of(places, second).remaining()
    assert left.stages == {second.own.fingerprint}


def test_a_stage_that_lies_in_the_run_alone_is_found(built, places):
    first, second, _ = parts_of(built)
    own = {**places, "stage_store": None}
    train(own, first.own)
    assert folder_of(places, second).remaining().stages == {
        second.own.fingerprint
    }


def test_a_visit_is_made_by_one_process(built, places):
    part = parts_of(built)[0]
    with folder_of(places, part).lock():
        with pytest.raises(InUse) as caught:
            with folder_of(places, part).lock():
                pass
    said = str(caught.value)
    assert said.startswith(f"Visit {part.fingerprint} (mnli seed 1), folder ")
    assert f"is in use by process {os.getpid()} on" in said


def test_a_visit_leaves_the_run_folder_alone(built, places):
    with folder_of(places, parts_of(built)[0]).lock():
        pass
    assert [path.name for path in places["run_dir"].iterdir()] == ["visits"]
    # And a run may begin there.
    RunFolder(places["run_dir"], built)


def test_a_driver_at_work_is_in_the_way_of_visits_by_hand(built, places):
    folder = folder_of(places, parts_of(built)[0])
    folder.refuse_driver()
    with locked(places["run_dir"]):
        with pytest.raises(InputError, match="makes its visits itself"):
            folder.refuse_driver()
    with locked(places["run_dir"], role=ABSORBING):
        folder.refuse_driver()


def test_a_visit_goes_on_from_the_progress_of_the_run(built, places):
    part = parts_of(built)[0]
    stages = StageFolders(places["run_dir"])
    saved = stages.progress(part.own) / "000000000007-0"
    saved.mkdir(parents=True)
    folder = folder_of(places, part)
    with folder.lock():
        own = folder.stages.progress(part.own)
        assert [path.name for path in own.iterdir()] == ["000000000007-0"]
    assert not saved.exists()
    # And the run from that of the visit, whoever goes on.
    absorb(
        RunFolder(places["run_dir"], built),
        [visit_folder(places["run_dir"], part.fingerprint)],
    )
    assert saved.is_dir()


def test_rows_of_stages_before_are_seen_in_other_visits_and_the_run(places):
    built = graph(**args(measure_forgetting=True))
    parts = parts_of(built)
    rows = [chain_score(part.own, 50.0 + at) for at, part in enumerate(parts)]
    first = visit_folder(places["run_dir"], parts[0].fingerprint)
    RowFile(first / results.FORGETTING_FILE, ChainScore).add(rows[:1])
    RowFile(places["run_dir"] / results.FORGETTING_FILE, ChainScore).add(
        rows[1:2]
    )
    seen = folder_of(places, parts[2]).earlier_chain_scores()
    assert seen == rows[:2]
    # What lies in a folder that was cut off is no hindrance.
    assert folder_of(places, parts[0]).earlier_chain_scores() == rows[:1]


def chain_score(stage, value):
    return ChainScore(
        stage_path=stage.path,
        seed=1,
        source="mnli",
        task="mnli",
        language="en",
        metric="accuracy",
        value=value,
        n=9,
        stage=stage.fingerprint,
        data_fingerprint="rows",
        learned_in=stage.fingerprint,
        num_stages=stage.depth,
        first_route="mnli/squad",
        forgetting=0.0,
    )


# ---------------------------------------------------------------- Absorption
def test_absorbing_goes_on_where_it_was_cut_off(built, places, monkeypatch):
    path = visit_folder(places["run_dir"], "0123456789abcdef")
    (path / "predictions" / "a").mkdir(parents=True)
    (path / "predictions" / "a" / "one").write_text("1")
    stage = built.stages[0]
    RowFile(path / results.FORGETTING_FILE, ChainScore).add(
        [chain_score(stage, 50.0)]
    )

    def fail(self, rows):
        raise OSError("no more")

    with monkeypatch.context() as broken:
        broken.setattr(RowFile, "add_files", fail)
        with pytest.raises(OSError, match="no more"):
            absorb(RunFolder(places["run_dir"], built), [path])
    absorb(RunFolder(places["run_dir"], built), [path])
    assert (places["run_dir"] / "predictions/a/one").read_text() == "1"
    file = places["run_dir"] / results.FORGETTING_FILE
    assert len(file.read_bytes().splitlines()) == 1
    assert not path.exists()


def test_splits_of_labels_are_those_of_all_visits(tmp_path):
    for folder, splits in (
        ("run", {"xnli": "dev", "panx": "dev"}),
        ("visit", {"udpos": "dev"}),
    ):
        file = tmp_path / folder / submission_files.FOLDER / "labels"
        file.mkdir(parents=True)
        (file / "splits.json").write_text(json.dumps(splits))
    submission_files.join_splits(tmp_path / "visit", tmp_path / "run")
    joined = tmp_path / "visit" / submission_files.FOLDER / "labels"
    assert list(json.loads((joined / "splits.json").read_text())) == [
        "panx",
        "udpos",
        "xnli",
    ]


def test_plan_says_what_is_running_where_and_how_far(built, places):
    part = parts_of(built)[0]
    folder = folder_of(places, part)
    with folder.lock():
        told = status.Status(folder.path)
        told.start("mnli seed 1", 2000)
        told.update(1500, 0.5)
        told.finish()
        (line,) = describe_at_work(places["run_dir"], lambda: parts_of(built))
    assert line.startswith(f"Running: mnli seed 1 ({part.fingerprint}), by pro")
    assert line.endswith(", step 1,500 of 2,000.")
    assert not describe_at_work(places["run_dir"], lambda: parts_of(built))


def test_a_status_of_a_loss_that_is_not_finite_can_be_read(tmp_path):
    told = status.Status(tmp_path)
    told.start("mnli", 3)
    told.update(1, float("inf"))
    told.finish()
    assert status.read(tmp_path)["loss"] is None
    assert status.read(tmp_path / "none") == {}


def test_a_status_tells_a_loss_of_zero(tmp_path):
    told = status.Status(tmp_path, every_seconds=0.0)
    told.start("mnli", 10)
    told.update(3, 0.0)
    assert status.read(tmp_path)["loss"] == 0.0


# ------------------------------------------------------------------- Pruning
def test_a_store_keeps_what_visits_have_trained(built, places):
    first, second, _ = parts_of(built)
    for part in (first, second):
        train(places, part.own)
    folder = folder_of(places, first)
    with folder.lock():
        folder.stages.adopt(first.own)
        with pytest.raises(InputError, match="is being made by process"):
            prune.prune_store(
                places["stage_store"], is_agreed=lambda pruning: True
            )
    gone = prune.prune_store(
        places["stage_store"], is_agreed=lambda pruning: True
    )
    assert [path.name for path in gone.paths] == [second.own.fingerprint]
