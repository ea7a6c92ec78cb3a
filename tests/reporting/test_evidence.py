"""Reading runs again: what is missing, damaged, old or of another run."""

import json

import numpy as np
import pytest

import fake_runs
from stilts_keras import files
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.graph.task_facts import TaskFacts
from stilts_keras.records.results import FORMAT
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import Score
from stilts_keras.reporting import overview
from stilts_keras.reporting import report
from stilts_keras.reporting.evidence import gather

SHARES = {"pretrained": 0.5, "mnli": 0.7}


@pytest.fixture
def run_dir(tmp_path):
    fake_runs.write_run(tmp_path / "run", SHARES, seeds=(1, 2), n=60)
    return fake_runs.describe(tmp_path / "run")


def test_results_and_predictions_alone_are_enough(run_dir):
    (run_dir / "run.json").unlink()
    found = gather([run_dir])
    assert found.baseline == "pretrained"
    assert len(found.rows) == 2 * 2 * len(fake_runs.LANGUAGES)
    assert all(row.draws.shape == (1000,) for row in found.rows)
    (problem,) = found.problems
    assert "run.json" in problem and "not known" in problem


def test_draws_spread_as_the_scores_err(run_dir):
    for row in gather([run_dir]).rows:
        share = row.value / 100
        error = 100 * np.sqrt(share * (1 - share) / row.n)
        assert row.draws.std() == pytest.approx(error, rel=0.15)


def predictions_file(run_dir):
    return run_dir / "predictions/mnli/xnli/seed-1/test-hi.jsonl"


def lose(file):
    file.unlink()


def flip(file):
    """Another prediction: the score is not that of the results."""
    first, *rest = file.read_text("utf-8").splitlines()
    row = json.loads(first)
    right = row["prediction"] == row["gold"]
    row["prediction"] = "no label" if right else row["gold"]
    file.write_text("\n".join([json.dumps(row), *rest]), "utf-8")


def cut(file):
    file.write_bytes(file.read_bytes()[:-30])


def drop_line(file):
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))


def empty(file):
    file.write_bytes(b"")


def write_list(file):
    file.write_text("[1]\n", "utf-8")


@pytest.mark.parametrize("is_counted", [True, False])
@pytest.mark.parametrize(
    "damage", [lose, flip, cut, drop_line, empty, write_list]
)
def test_predictions_that_are_not_those_of_the_row_are_named(
    run_dir, damage, is_counted
):
    file = predictions_file(run_dir)
    if not is_counted:
        file.with_suffix(".counts").unlink()
    damage(file)
    found = gather([run_dir])
    (problem,) = found.problems
    assert str(file) in problem and "not judged" in problem
    without = [row for row in found.rows if row.draws is None]
    (row,) = without
    assert (row.route, row.language, row.seed) == ("mnli", "hi", 1)


QUESTIONS = {
    "de": [["das Haus"], ["rot"], ["im Jahr 1990"]],
    "zh": [["北京"], ["红色"], ["1990年"]],
}
ANSWERS = {
    "de": ["das rote Haus", "rot", "1991"],
    "zh": ["北京", "红", "1990年"],
}


def test_kept_counts_are_those_of_the_predictions(tmp_path):
    found = []
    for with_counts in (True, False):
        run_dir = tmp_path / str(with_counts)
        fake_runs.write_scores(
            run_dir,
            "pretrained",
            "xquad",
            ANSWERS,
            gold=QUESTIONS,
            metric="f1",
            ids=["a", "ü", "c"],
            with_counts=with_counts,
        )
        evidence = gather([fake_runs.describe(run_dir)])
        assert not evidence.problems
        found.append([row.draws.tolist() for row in evidence.rows])
    assert found[0] == found[1]
    counts = list(tmp_path.rglob("*.counts"))
    assert len(counts) == len(QUESTIONS)


@pytest.mark.parametrize("keep", [0, 10, -1])
def test_damaged_counts_are_counted_again(run_dir, keep):
    expected = gather([run_dir])
    file = predictions_file(run_dir).with_suffix(".counts")
    file.write_bytes(file.read_bytes()[:keep])
    found = gather([run_dir])
    assert found.problems == expected.problems == []
    for row, other in zip(found.rows, expected.rows, strict=True):
        assert (row.draws == other.draws).all()


def test_damaged_rows_are_named_and_the_others_count(run_dir):
    file = run_dir / "results.jsonl"
    lines = file.read_text("utf-8").splitlines()
    lines[3] = lines[3].replace('"value": ', '"value": 1')
    file.write_text("\n".join(lines), "utf-8")
    found = gather([run_dir])
    damaged, missing = found.problems
    assert "results.jsonl, line 4" in damaged
    assert "No score of xnli after pretrained, seed 1, in hi" in missing
    assert len(found.rows) == len(lines) - 1


def test_rows_of_other_weights_or_data_do_not_count(run_dir):
    gold = {"de": ["neutral"] * 10}
    for changes in ({"stage": "old"}, {"data_fingerprint": "old rows"}):
        fake_runs.write_scores(
            run_dir, "mnli", "xnli", gold, gold=gold, **changes
        )
    found = gather([run_dir])
    # The second replaced the row of now; the file is what it was made of.
    assert all(row.n == 60 for row in found.rows)


def test_without_run_json_the_last_training_of_a_route_counts(run_dir):
    (run_dir / "run.json").unlink()
    gold = {"de": ["neutral"] * 10}
    fake_runs.write_scores(
        run_dir, "mnli", "xnli", gold, gold=gold, stage="newer"
    )
    rows = [
        row
        for row in gather([run_dir]).rows
        if (row.route, row.language, row.seed) == ("mnli", "de", 1)
    ]
    assert [row.stage for row in rows] == ["newer"]


def test_cells_that_were_not_run_yet_are_named(run_dir):
    described = json.loads((run_dir / "run.json").read_text("utf-8"))["graph"]
    fake_runs.describe(
        run_dir, cells=described["cells"] | {"squad|xnli|1": "to come"}
    )
    (problem,) = gather([run_dir]).problems
    assert "No score of xnli after squad, seed 1" in problem


def test_many_missing_predictions_are_named_shortly(run_dir):
    for file in run_dir.glob("predictions/mnli/xnli/*/*.jsonl"):
        file.unlink()
    problems = gather([run_dir]).problems
    assert len(problems) == 6
    assert "Likewise 9 more" in problems[-1]


def test_a_run_json_that_tells_little_does_not_stop_a_report(run_dir):
    known = {"format": FORMAT, "graph": {}}
    files.write_json(run_dir / "run.json", files.sealed(known))
    found = gather([run_dir])
    assert found.rows and found.baseline == "pretrained"
    assert report.build(found).sentences


@pytest.mark.parametrize("known", [{"graph": {}}, {"format": FORMAT + 1}])
def test_a_folder_of_another_version_is_refused_in_one_line(run_dir, known):
    files.write_json(run_dir / "run.json", files.sealed(known))
    with pytest.raises(InputError, match="run.json: .*Choose another --run_d"):
        gather([run_dir])


def test_routes_and_targets_stand_in_the_order_of_the_flags(tmp_path):
    run_dir = tmp_path / "run"
    fake_runs.write_run(run_dir, {"mnli": 0.6}, n=20)
    fake_runs.write_run(run_dir, {"pretrained": 0.5}, n=20, target="pawsx")
    fake_runs.write_run(run_dir, {"pretrained": 0.5}, n=20)
    fake_runs.describe(
        run_dir,
        cells={
            "pretrained|xnli|1": "pretrained xnli 1",
            "pretrained|pawsx|1": "pretrained pawsx 1",
            "mnli|xnli|1": "mnli xnli 1",
        },
        data_fingerprints={
            f"{target}|{language}": f"rows of {target} {language}"
            for target in ("xnli", "pawsx")
            for language in fake_runs.LANGUAGES
        },
    )
    found = gather([run_dir])
    assert list(found.primary) == ["xnli", "pawsx"]
    routes = list(dict.fromkeys(row.route for row in found.rows))
    assert routes == ["pretrained", "mnli"]


def test_the_baseline_is_the_run_s_or_the_one_asked_for(run_dir):
    fake_runs.describe(run_dir, baseline="mnli")
    assert gather([run_dir]).baseline == "mnli"
    assert gather([run_dir], baseline="pretrained").baseline == "pretrained"
    with pytest.raises(InputError, match="Did you mean 'mnli'"):
        gather([run_dir], baseline="mnl")


# --------------------------------------------------------------- Several runs
def test_seeds_of_two_folders_make_one_experiment(tmp_path):
    whole = fake_runs.write_run(tmp_path / "ab", SHARES, seeds=(1, 2), n=50)
    parts = [
        fake_runs.describe(
            fake_runs.write_run(tmp_path / name, SHARES, seeds=(seed,), n=50)
        )
        for name, seed in (("a", 1), ("b", 2))
    ]
    fake_runs.describe(whole)
    found, expected = gather(parts), gather([whole])
    assert found.problems == expected.problems == []

    def known(evidence):
        return {
            (row.route, row.seed, row.language): row.draws.tolist()
            for row in evidence.rows
        }

    assert known(found) == known(expected)


def test_a_score_of_both_folders_counts_once_and_must_agree(run_dir, tmp_path):
    other = fake_runs.write_run(
        tmp_path / "other", SHARES, seeds=(1,), n=60, random_seed=5
    )
    fake_runs.describe(other)
    found = gather([run_dir, other])
    assert len(found.rows) == 2 * 2 * len(fake_runs.LANGUAGES)
    assert all(row.run_dir == run_dir for row in found.rows)
    assert found.problems
    assert all("the first folder counts" in text for text in found.problems)


def test_runs_of_different_experiments_are_not_merged(run_dir, tmp_path):
    other = fake_runs.write_run(tmp_path / "other", SHARES, n=60)
    fake_runs.describe(
        other, backbone={"name": "large", "fingerprint": "another"}
    )
    with pytest.raises(InputError, match="different experiments.*one by one"):
        gather([run_dir, other])


def test_runs_of_different_settings_are_not_merged(run_dir, tmp_path):
    other = fake_runs.write_run(tmp_path / "other", SHARES, seeds=(3,), n=60)
    fake_runs.describe(
        other,
        settings={"sampling": {"kind": "proportional"}, "learning_rate": 9e-3},
    )
    with pytest.raises(InputError, match="learning_rate 0.009, not None"):
        gather([run_dir, other])


def test_a_folder_named_twice_counts_once(run_dir):
    fake_runs.write_embeddings(run_dir, "mnli")
    once, twice = gather([run_dir]), gather([run_dir, run_dir])
    assert len(once.rows) == len(twice.rows)
    assert len(once.embeddings) == len(twice.embeddings) == 1


def test_a_folder_without_results_is_named(tmp_path):
    with pytest.raises(InputError, match="no run folder"):
        gather([tmp_path])
    RowFile(tmp_path / "results.jsonl", Score).add([])
    with pytest.raises(InputError, match="no results to report yet"):
        gather([tmp_path])


# ------------------------------------------------------ A task of the user's
OWN = TaskFacts(
    problem="classification",
    metrics=("accuracy",),
    languages=("de", "hi", "en"),
)


def own_run(run_dir, **graph):
    """A run of a target and a route that stilts_keras does not know."""
    shares = {"pretrained": 0.5, "own_source@de:20k": 0.7}
    fake_runs.write_run(run_dir, shares, target="own_task", n=60)
    return fake_runs.describe(run_dir, **graph)


def test_a_task_of_the_users_own_is_known_by_run_json(tmp_path):
    run_dir = own_run(tmp_path, tasks={"own_task": OWN.to_dict()})
    found = gather([run_dir])
    # What it shares with its source was not kept, as by an older version.
    (problem,) = found.problems
    assert "not known of own_source@de:20k on own_task" in problem
    assert found.primary == {"own_task": "accuracy"}
    made = report.build(found)
    assert "`own_source@de:20k` on own_task" in made.sentences[0]
    assert "own_source@de" in str(overview._sessions(made))


def test_without_run_json_the_next_move_is_named(tmp_path):
    own_run(tmp_path)
    with pytest.raises(InputError, match="'own_task'.* --task_file"):
        gather([tmp_path])


def test_facts_of_a_task_lack_no_field(tmp_path):
    facts = OWN.to_dict()
    del facts["metrics"]
    with pytest.raises(DamageError, match="run.json: task 'own_task': lacks m"):
        gather([own_run(tmp_path, tasks={"own_task": facts})])
