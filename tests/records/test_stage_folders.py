"""Stages in a run, in a store, or in both: found, linked, deleted, pruned."""

import os
import time

import pytest

from fakes import graph
from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.graph.route import PRETRAINED
from stilts_keras.main import main
from stilts_keras.records import prune
from stilts_keras.records.lock import locked
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import Score
from stilts_keras.records.run_folder import RunFolder
from stilts_keras.records.stage_folders import StageFolders
from stilts_keras.records.stage_folders import stages_in_run
from stilts_keras.records.stage_folders import stages_in_store


def make(folders, stage):
    """Writes what passes for a finished stage."""
    with files.write_folder(folders.target(stage), {}) as partial:
        (partial / "weights").write_bytes(b"w" * 100)
    folders.adopt(stage)


@pytest.fixture
def stages():
    return graph().stages


def test_without_a_store_stages_lie_in_the_run(tmp_path, stages):
    folders = StageFolders(tmp_path / "run")
    assert folders.find(stages[0]) is None
    make(folders, stages[0])
    place = folders.find(stages[0])
    assert place == folders.place(stages[0]) and not place.is_symlink()
    assert place.relative_to(tmp_path / "run/stages").as_posix() == (
        f"{stages[0].path}/{stages[0].fingerprint}"
    )
    folders.drop(stages[0])
    assert folders.find(stages[0]) is None


def test_a_stage_of_the_version_before_is_refused(tmp_path, stages):
    folders = StageFolders(tmp_path / "run", tmp_path / "store")
    make(folders, stages[0])
    (folders.find(stages[0]) / "heads.weights.h5").write_bytes(b"w")
    with pytest.raises(InputError, match="earlier version.*Delete the folder"):
        folders.find(stages[0])


def test_a_store_shares_stages_between_runs(tmp_path, stages):
    first = StageFolders(tmp_path / "first", tmp_path / "store")
    second = StageFolders(tmp_path / "second", tmp_path / "store")
    make(first, stages[0])
    assert first.place(stages[0]).is_symlink()
    assert second.find(stages[0]) is not None
    assert not second.is_in_run(stages[0])
    second.adopt(stages[0])
    assert second.is_in_run(stages[0])
    files.check_folder(second.place(stages[0]))
    # The link alone goes; the other run keeps its own.
    second.drop(stages[0])
    assert first.is_in_run(stages[0]) and not second.is_in_run(stages[0])


def test_links_hold_from_any_working_directory(tmp_path, stages, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(StageFolders("run", "store"), stages[0])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert StageFolders(tmp_path / "run").find(stages[0]) is not None


def test_a_link_to_nothing_is_no_stage(tmp_path, stages):
    folders = StageFolders(tmp_path / "run", tmp_path / "store")
    make(folders, stages[0])
    files.remove(os.path.realpath(folders.find(stages[0])))
    assert folders.find(stages[0]) is None
    make(folders, stages[0])
    assert folders.is_in_run(stages[0])


def test_a_damaged_stage_is_discarded_with_its_link(tmp_path, stages):
    folders = StageFolders(tmp_path / "run", tmp_path / "store")
    make(folders, stages[0])
    folders.discard(folders.find(stages[0]))
    assert folders.find(stages[0]) is None
    assert stages_in_store(tmp_path / "store") == {}
    assert stages_in_run(tmp_path / "run") == {}


def test_damage_in_a_run_leaves_the_stores_own_alone(tmp_path, stages):
    make(StageFolders(tmp_path / "run"), stages[0])
    folders = StageFolders(tmp_path / "run", tmp_path / "store")
    make(StageFolders(tmp_path / "other", tmp_path / "store"), stages[0])
    damaged = folders.find(stages[0])
    assert damaged == folders.place(stages[0])
    folders.discard(damaged)
    files.check_folder(folders.find(stages[0]))


def test_a_store_is_a_folder(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="stage_store .* is no folder"):
        StageFolders(tmp_path / "run", tmp_path / "file")


# ---------------------------------------------------------------------- Prune
def make_run(path, store=None, scored=True, built=None):
    """Writes a run with all its stages, and its scores or none."""
    built = built or graph()
    folder = RunFolder(path, built, stage_store=store)
    with folder.lock():
        folder.describe({})
    for stage in built.stages:
        make(folder.stages, stage)
    if scored:
        RowFile(path / "results.jsonl", Score).add(scores_of(built))
    return built


def scores_of(built):
    return [
        Score(
            route=cell.route,
            seed=cell.seed,
            target=cell.target.name,
            language=language,
            split="test",
            metric=metric,
            stage=cell.stage.fingerprint if cell.stage else PRETRAINED,
            value=1.0,
            n=1,
            zero_shot=True,
            data_fingerprint=facts.data_fingerprint,
        )
        for cell in built.cells
        for language, facts in cell.facts.items()
        for metric in cell.target.metrics
    ]


def yes(pruning):
    return True


def paths_in(run_dir):
    return {place.parent.name for place in stages_in_run(run_dir).values()}


@pytest.mark.parametrize("keep", ["all", "last", "none"])
def test_a_run_keeps_what_it_was_told_to(tmp_path, keep):
    built = make_run(tmp_path / "run")
    prune.prune_run(tmp_path / "run", keep=keep, is_agreed=yes)
    kept = set(stages_in_run(tmp_path / "run"))
    evaluated = {cell.stage for cell in built.cells} - {None}
    assert kept == {
        stage.fingerprint
        for stage in {
            "all": set(built.stages),
            "last": evaluated,
            "none": set(),
        }[keep]
    }


def test_a_cell_that_lacks_a_language_is_not_done(tmp_path):
    built = make_run(tmp_path / "run")
    file = RowFile(tmp_path / "run" / "results.jsonl", Score)
    rows = [
        row
        for row in file.rows()
        if (row.route, row.target, row.language)
        != ("mnli/squad", "udpos", "de")
    ]
    file.path.unlink()
    RowFile(file.path, Score).add(rows)
    prune.prune_run(tmp_path / "run", keep="none", is_agreed=yes)
    (cell,) = [
        cell
        for cell in built.cells
        if (cell.route, cell.target.name) == ("mnli/squad", "udpos")
    ]
    assert set(stages_in_run(tmp_path / "run")) == {cell.stage.fingerprint}


def test_states_and_chains_that_lack_a_score_keep_their_weights(tmp_path):
    built = graph(
        targets=["xnli", "tatoeba"],
        languages=["en", "de"],
        retrieval_layer="sweep",
        measure_forgetting=True,
    )
    make_run(tmp_path / "run", built=built)
    prune.prune_run(tmp_path / "run", keep="none", is_agreed=yes)
    # Every target is scored, but neither all states nor what is left of it.
    assert set(stages_in_run(tmp_path / "run")) == {
        stage.fingerprint for stage in built.stages
    }


def test_a_run_that_is_not_done_loses_nothing_it_will_read(tmp_path):
    built = make_run(tmp_path / "run", scored=False)
    done = prune.prune_run(tmp_path / "run", keep="none", is_agreed=yes)
    assert done.paths == []
    assert len(stages_in_run(tmp_path / "run")) == len(built.stages)


def test_leftovers_go_and_progress_that_is_wanted_stays(tmp_path):
    built = make_run(tmp_path / "run")
    folders = StageFolders(tmp_path / "run")
    finished, unfinished = built.stages[0], built.stages[1]
    folders.drop(unfinished)
    for stage in (finished, unfinished):
        folders.progress(stage).mkdir()
    stranger = folders.place(finished).with_name(".0123456789abcdef.progress")
    stranger.mkdir()
    partial = tmp_path / "run" / ".x.partial"
    partial.write_text("half")
    done = prune.prune_run(tmp_path / "run", is_agreed=yes)
    assert set(done.paths) == {folders.progress(finished), stranger, partial}
    assert folders.progress(unfinished).is_dir()


def test_nothing_goes_without_a_yes(tmp_path, capsys):
    built = make_run(tmp_path / "run")
    command = ["stilts", "prune", f"--run_dir={tmp_path / 'run'}"]
    assert main([*command, "--keep=none"]) == 2
    captured = capsys.readouterr()
    assert "Pass --yes" in captured.err
    assert built.stages[0].fingerprint in captured.out
    assert len(stages_in_run(tmp_path / "run")) == len(built.stages)
    assert main([*command, "--keep=none", "--yes"]) == 0
    assert f"Deleted: {len(built.stages)} folders" in capsys.readouterr().out
    assert stages_in_run(tmp_path / "run") == {}


def test_a_store_keeps_what_any_run_uses(tmp_path):
    store = tmp_path / "store"
    built = make_run(tmp_path / "first", store)
    other = make_run(
        tmp_path / "second", store, built=graph(routes=["pretrained", "squad"])
    )
    prune.prune_run(tmp_path / "first", keep="none", is_agreed=yes)
    assert set(stages_in_store(store)) >= {
        stage.fingerprint for stage in (*built.stages, *other.stages)
    }
    prune.prune_store(store, is_agreed=yes)
    assert set(stages_in_store(store)) == {
        stage.fingerprint for stage in other.stages
    }


def test_a_store_is_not_pruned_under_a_run_at_work(tmp_path):
    store = tmp_path / "store"
    make_run(tmp_path / "run", store)
    with locked(tmp_path / "run"), pytest.raises(InputError, match="at work"):
        prune.prune_store(store, is_agreed=yes)
    assert prune.prune_store(store, is_agreed=yes).paths == []


def test_a_run_that_cannot_be_looked_into_is_not_taken_for_gone(tmp_path):
    store = tmp_path / "store"
    make_run(tmp_path / "disk" / "run", store)
    os.rename(tmp_path / "disk", tmp_path / "unmounted")
    with pytest.raises(InputError, match="cannot be looked into.*delete"):
        prune.prune_store(store, is_agreed=yes)


def test_a_damaged_run_file_does_not_give_other_routes_up(tmp_path):
    built = make_run(tmp_path / "run")
    for stage in built.stages:
        place = StageFolders(tmp_path / "run").place(stage)
        facts = {"parent": stage.parent and stage.parent.fingerprint}
        files.remove(place)
        with files.write_folder(place, facts):
            pass
    (tmp_path / "run" / "run.json").write_text("damaged")
    folder = RunFolder(tmp_path / "run", graph(routes=["pretrained"]))
    folder.describe({})
    done = prune.prune_run(tmp_path / "run", is_agreed=yes)
    assert done.paths == []


def test_progress_of_a_stage_that_the_store_lost_stays(tmp_path):
    store = tmp_path / "store"
    built = make_run(tmp_path / "run", store)
    folders = StageFolders(tmp_path / "run", store)
    lost = folders.find(built.stages[0])
    files.remove(os.path.realpath(lost))
    folders.progress(built.stages[0]).mkdir()
    done = prune.prune_run(tmp_path / "run", is_agreed=yes)
    assert done.paths == []


def test_a_real_folder_without_manifest_gives_way_to_a_link(tmp_path, stages):
    folders = StageFolders(tmp_path / "run", tmp_path / "store")
    folders.place(stages[0]).mkdir(parents=True)
    (folders.place(stages[0]) / "weights").write_text("of whom?")
    make(folders, stages[0])
    assert folders.place(stages[0]).is_symlink()


def test_folders_of_a_store_are_open_to_whom_it_is_open(tmp_path, stages):
    store = tmp_path / "store"
    store.mkdir()
    store.chmod(0o2775)
    folders = StageFolders(tmp_path / "run", store)
    make(folders, stages[0])
    folders.register()
    for folder in (folders.find(stages[0]).resolve().parent, store / "runs"):
        assert folder.stat().st_mode & 0o7777 == 0o2775


def test_a_home_is_written_with_a_tilde(capsys):
    assert main(["stilts", "prune", "--run_dir=~/no/such/run"]) == 2
    assert os.path.expanduser("~") in capsys.readouterr().err


def test_a_store_tells_of_runs_that_are_gone(tmp_path):
    store = tmp_path / "store"
    make_run(tmp_path / "run", store)
    os.rename(tmp_path / "run", tmp_path / "moved")
    seen = []
    done = prune.prune_store(store, is_agreed=seen.append)
    assert done.paths == []
    assert f"Run {tmp_path / 'run'} is gone" in seen[0].notes[0]
    assert len(stages_in_store(store)) > 0


def test_a_writer_at_work_in_a_store_is_left_alone(tmp_path):
    store = tmp_path / "store"
    make_run(tmp_path / "run", store)
    for name in ("young", "old"):
        (store / "aa").mkdir(exist_ok=True)
        (store / "aa" / f".{name}.partial").mkdir()
    past = time.time() - 2 * prune.LEFTOVER_AFTER_SECONDS
    os.utime(store / "aa" / ".old.partial", (past, past))
    done = prune.prune_store(store, is_agreed=yes)
    assert [path.name for path in done.paths] == [".old.partial"]


def test_only_run_folders_and_stores_are_pruned(tmp_path, capsys):
    assert main(["stilts", "prune"]) == 2
    assert "--run_dir" in capsys.readouterr().err
    assert main(["stilts", "prune", f"--run_dir={tmp_path}"]) == 2
    assert "is no run folder" in capsys.readouterr().err
    assert main(["stilts", "prune", f"--stage_store={tmp_path}/x"]) == 2
    assert "is no folder" in capsys.readouterr().err


# ------------------------------------------------------------------------ LoRA
def test_a_store_keeps_what_a_linked_lora_stage_is_added_to(tmp_path):
    store = tmp_path / "store"
    base, child = graph().stages[:2]
    folders = StageFolders(tmp_path / "run", store)
    folders.register()
    make(folders, base)
    facts = {"lora": {"base": {"stage": "x", "fingerprint": base.fingerprint}}}
    with files.write_folder(folders.target(child), facts) as partial:
        (partial / "factors").write_bytes(b"f")
    folders.adopt(child)
    # The run has a link to the factors alone.
    folders.drop(base)
    assert prune.prune_store(store, is_agreed=yes).paths == []
    folders.drop(child)
    prune.prune_store(store, is_agreed=yes)
    assert stages_in_store(store) == {}


def test_a_graph_says_what_lora_stages_are_added_to():
    full = graph(routes=["mnli/squad"])
    assert not any(
        "base" in facts for facts in full.description()["stages"].values()
    )
    # The root is none of the stages.
    lora = graph(routes=["mnli/squad"], recipe={"lora_rank": 8})
    for stage in lora.stages:
        assert stage.base is None
        assert stage.lora_ranks == [8] * stage.depth
        assert "base" not in lora.description()["stages"][stage.fingerprint]
    assert not set(lora.stages) & set(full.stages)
