"""The whole way, on every backend: routes to results, events and tables."""

import json
import shutil

import pytest

from backends import QUICK_XLA
from command import stilts
from command import tiny_backbone
from encoders import describe_tiny
from stilts_keras.graph.graph import Graph
from stilts_keras.main import main
from stilts_keras.records.lock import LOCK_FILE
from stilts_keras.records.results import read_rows
from stilts_keras.records.rows import LayerScore
from stilts_keras.records.rows import Score
from stilts_keras.records.rows import Speed
from stilts_keras.records.speeds import Paces
from stilts_keras.records.speeds import of_machine
from stilts_keras.records.tensorboard import read_scalars
from stilts_keras.reporting.time_left import of_graph
from stilts_keras.scoring import submission
from stilts_keras.scoring.metrics import score
from stilts_keras.scoring.suites import XTREME
from stilts_keras.tasks import get_task

ROUTES = ("pretrained", "mlm@de/squad+hellaswag")
TARGETS = ("xnli", "udpos", "xquad", "tatoeba", "bucc2018")
RETRIEVAL = ("tatoeba", "bucc2018")
LANGUAGES = ("en", "de", "hi")
FLAGS = [
    *(f"--route={route}" for route in ROUTES),
    f"--targets={','.join(TARGETS)}",
    f"--languages={','.join(LANGUAGES)}",
    "--retrieval_layer=sweep",
    *tiny_backbone(num_layers=2),
    "--max_length=32",
    "--train_limit=48",
    "--eval_limit=16",
    "--batch_size=16",
    "--epochs=1",
    "--learning_rate=1e-3",
    "--log_every_steps=1",
    "--eval_every_steps=2",
    "--dev_limit=16",
]


def run(backend, run_dir, data, *extra, check=True):
    return stilts(
        "run",
        *FLAGS,
        f"--run_dir={run_dir}",
        f"--data={data}",
        f"--keras_backend={backend}",
        *extra,
        check=check,
        XLA_FLAGS=QUICK_XLA,
    )


# On TensorFlow the documented example and its quickstart run, too.
BACKENDS = (
    pytest.param("tensorflow", marks=pytest.mark.slow),
    "jax",
    "torch",
)


@pytest.fixture(scope="module")
def data(tmp_path_factory, write_pools):
    """The pocket, and smaller pools to mine than it has."""
    folder = tmp_path_factory.mktemp("pools")
    write_pools(folder, "de")
    return f"{folder},pocket"


@pytest.fixture(scope="module")
def runs(tmp_path_factory, data):
    """Runs the experiment on a backend when it is first asked for."""
    made = {}

    def run_on(backend):
        if backend not in made:
            run_dir = tmp_path_factory.mktemp(backend) / "run"
            made[backend] = run_dir, run(backend, run_dir, data)
        return made[backend]

    return run_on


@pytest.fixture(params=BACKENDS)
def finished(request, runs):
    """One finished run: its backend, its folder and what it printed."""
    return request.param, *runs(request.param)


@pytest.fixture
def own_run(request, runs, tmp_path):
    """A copy of a finished run that a test may change."""
    shutil.copytree(runs(request.param)[0], tmp_path / "run")
    return request.param, tmp_path / "run"


@pytest.fixture(scope="module")
def graph(data):
    return Graph(
        routes=ROUTES,
        targets=TARGETS,
        languages=LANGUAGES,
        data=data,
        retrieval_layer="sweep",
        backbone=describe_tiny(hidden_dim=16, intermediate_dim=32),
        train_limit=48,
        eval_limit=16,
        recipe={
            "max_length": 32,
            "batch_size": 16,
            "epochs": 1.0,
            "learning_rate": 1e-3,
            "eval_every_steps": 2,
            "dev_limit": 16,
        },
    )


def stage_folders(run_dir):
    return sorted(file.parent for file in run_dir.rglob("manifest.json"))


def test_every_stage_is_trained_once(finished, graph):
    _, run_dir, _ = finished
    folders = {folder.name for folder in stage_folders(run_dir)}
    assert folders == {stage.fingerprint for stage in graph.stages}
    assert len(stage_folders(run_dir)) == len(graph.stages)


def test_how_long_all_took_is_kept(finished, graph):
    backend, run_dir, _ = finished
    rows = read_rows(run_dir / "speeds.jsonl", Speed)
    assert {row.of for row in rows if row.num_steps} == {
        stage.fingerprint for stage in graph.stages
    }
    assert {row.of for row in rows if not row.num_steps} == {
        f"{cell.key}|{language}"
        for cell in graph.cells
        for language in cell.languages
    }
    for row in rows:
        assert (row.backend, row.device) == (backend, "cpu")
        assert row.seconds > row.num_steps * (row.step_seconds or 0.0)
    # The next run of the same would know all of it.
    here = of_machine(rows, backend=backend)
    found = of_graph(graph, Paces(here), graph.stages)
    assert found.is_whole and found.num_same == len(graph.stages)


def test_stages_of_masked_lm_train_the_whole_vocabulary(finished):
    _, run_dir, _ = finished
    found = {
        facts["stage"]: facts["vocabulary_rows"]
        for facts in (
            json.loads((folder / "manifest.json").read_text())
            for folder in stage_folders(run_dir)
        )
    }
    masked = {path for path in found if path.rpartition("/")[2][:3] == "mlm"}
    assert masked and all(found[path] == 1062 for path in masked)
    assert any(rows < 1062 for rows in found.values()), found


def test_results_hold_every_cell_language_and_metric(finished, graph):
    _, run_dir, _ = finished
    rows = read_rows(run_dir / "results.jsonl", Score)
    metrics = {task.name: task.metrics for task in graph.targets}
    expected = {
        (cell.route, cell.target.name, language, metric)
        for cell in graph.cells
        for language in cell.languages
        for metric in metrics[cell.target.name]
    }
    found = [(row.route, row.target, row.language, row.metric) for row in rows]
    assert set(found) == expected and len(found) == len(expected)
    for row in rows:
        # Pools are never cut.
        assert row.n == (20 if row.target == "bucc2018" else 16)
    assert all(row.low <= row.value <= row.high for row in rows)


def test_zero_shot_is_marked_truthfully(finished):
    _, run_dir, _ = finished
    for row in read_rows(run_dir / "results.jsonl", Score):
        english = row.language == "en"
        assert row.zero_shot is (row.target in RETRIEVAL or not english)


def test_a_language_seen_through_other_tasks_is_marked_truthfully(finished):
    _, run_dir, _ = finished
    for row in read_rows(run_dir / "results.jsonl", Score):
        # The route's masked LM alone was trained in German.
        seen = row.language == "de" and row.route != "pretrained"
        assert row.seen_language is seen


def test_events_equal_results(finished):
    _, run_dir, _ = finished
    rows = read_rows(run_dir / "results.jsonl", Score)
    for route in ROUTES:
        # One run for each route, so that it has one colour everywhere.
        found = read_scalars(run_dir / "tensorboard" / route)
        values = {tag: value for tag, _, value in found}
        assert {step for _, step, _ in found} == {1}
        expected = {}
        for row in rows:
            if row.route == route:
                kind = "zero_shot" if row.zero_shot else "supervised"
                place = f"{row.target}/{row.metric}/{row.language}"
                expected[f"{kind}/{place}"] = row.value
                if row.collapsed:
                    expected[f"collapsed/{place}"] = 1.0
        assert values.keys() == expected.keys()
        for tag, value in values.items():
            assert value == pytest.approx(expected[tag], rel=1e-6)


def test_training_curves_are_logged_for_each_source(finished):
    _, run_dir, _ = finished
    folder = run_dir.joinpath(
        "tensorboard",
        "mlm@de:48",
        "squad:48+hellaswag:48",
        "stage",
        "seed-1",
    )
    tags = {}
    for tag, step, value in read_scalars(folder):
        tags.setdefault(tag, []).append((step, value))
    assert {"loss/squad:48", "loss/hellaswag:48"} <= set(tags)
    steps = [step for step, _ in tags["train/learning_rate"]]
    # One epoch over both sources in batches of 16, a point for each step.
    assert steps == list(range(1, len(steps) + 1)) and len(steps) >= 6
    assert all(value > 0 for _, value in tags["train/examples_per_second"])
    assert all(value > 0 for _, value in tags["train/tokens_per_second"])
    assert all(0 <= value < 1 for _, value in tags["train/padding_share"])
    assert all(0 <= value < 1 for _, value in tags["train/waiting_share"])


def report_events(run_dir):
    """The texts and images of the report in TensorBoard."""
    return "".join(
        file.read_bytes().decode("utf-8", "replace")
        for file in (run_dir / "tensorboard" / "report").glob("events.*")
    )


def test_tables_are_shown_in_tensorboard(finished):
    _, run_dir, _ = finished
    content = report_events(run_dir)
    for name in ("tables/summary", *(f"tables/{t}" for t in TARGETS)):
        assert name in content
    assert "Zero-shot scores of each target" in content


def test_kept_predictions_give_the_scores(finished):
    _, run_dir, _ = finished
    for row in read_rows(run_dir / "results.jsonl", Score):
        file = run_dir.joinpath(
            "predictions",
            row.route,
            row.target,
            "seed-1",
            f"{row.split}-{row.language}.jsonl",
        )
        lines = [json.loads(line) for line in file.open(encoding="utf-8")]
        gold = [line["gold"] for line in lines]
        predictions = [line["prediction"] for line in lines]
        value = score([row.metric], gold, predictions)[row.metric]
        assert value == pytest.approx(row.value, abs=1e-9)


def test_a_sweep_keeps_every_layer_and_counts_the_documented_one(finished):
    _, run_dir, _ = finished
    layers = {}
    for row in read_rows(run_dir / "retrieval_layers.jsonl", LayerScore):
        assert row.pooling == "mean"
        key = row.route, row.target, row.language
        layers.setdefault(key, {})[row.layer] = row.value
    assert len(layers) == len(ROUTES) * 3
    assert all(list(values) == [0, 1, 2] for values in layers.values())
    for row in read_rows(run_dir / "results.jsonl", Score):
        if row.target in RETRIEVAL:
            assert (row.layer, row.pooling) == (1, "mean")
            key = row.route, row.target, row.language
            assert layers[key][1] == row.value
        else:
            assert row.layer is None
    folder = run_dir / "tensorboard" / ROUTES[0] / "tatoeba" / "seed-1"
    curve = {
        step: value
        for tag, step, value in read_scalars(folder)
        if tag == "layers/tatoeba/accuracy/hi"
    }
    assert curve == pytest.approx(layers[ROUTES[0], "tatoeba", "hi"])


def test_the_submission_scores_as_the_results_say(finished):
    _, run_dir, _ = finished
    folder = run_dir / "submission"
    submissions = submission.find_submissions(XTREME, folder / "xtreme")
    assert sorted(submissions) == [f"{route}/seed-1" for route in ROUTES][::-1]
    num_seen = 0
    for route in ROUTES:
        found = submission.score_submission(
            XTREME,
            submissions[f"{route}/seed-1"],
            folder / "labels",
            allow_missing=True,
        )
        for row in read_rows(run_dir / "results.jsonl", Score):
            name = XTREME.reference_name(row.metric)
            scores = found[row.target]
            if row.route == route and name in scores:
                value = scores[name][row.language]
                assert value == pytest.approx(row.value, abs=1e-9)
                num_seen += 1
    # Of UD-POS's two metrics XTREME has one.
    rows = read_rows(run_dir / "results.jsonl", Score)
    assert num_seen == len(rows) - len(ROUTES) * len(LANGUAGES)


def test_table_names_routes_targets_and_differences(finished):
    _, _, done = finished
    for name in (*ROUTES, *TARGETS):
        assert name in done.stdout
    assert "(+" in done.stdout or "(-" in done.stdout
    assert "chance" in done.stdout


def test_second_run_trains_nothing_and_prints_the_same_table(runs, data):
    run_dir, first = runs("torch")
    before = {file: file.stat().st_mtime_ns for file in run_dir.rglob("*.h5")}
    again = run("torch", run_dir, data)
    after = {file: file.stat().st_mtime_ns for file in run_dir.rglob("*.h5")}
    assert before == after
    assert "steps" not in again.stdout
    table = first.stdout[first.stdout.index("Zero-shot scores") :]
    assert table in again.stdout


@pytest.mark.parametrize("own_run", ["torch"], indirect=True)
def test_growing_by_a_route_trains_only_what_is_new(own_run, data):
    backend, run_dir = own_run
    before = stage_folders(run_dir)
    # How batches are sliced is no part of what a stage is known by.
    slices = "--micro_batch_size=5"
    run(backend, run_dir, data, "--route=mlm@de/hellaswag", slices)
    new = set(stage_folders(run_dir)) - set(before)
    # The stage itself and three targets after it; mlm@de is there already.
    assert len(new) == 4
    assert all("hellaswag" in str(folder) for folder in new)
    for folder in (*before, *new):
        manifest = json.loads((folder / "manifest.json").read_text())
        assert manifest["micro_batch_size"] == (5 if folder in new else None)
        assert manifest["end"] == "all steps done"


def contents(run_dir):
    """All that a run folder holds, but for who last wrote there."""
    return {
        file: file.read_bytes()
        for file in run_dir.rglob("*")
        if file.is_file() and file.name != LOCK_FILE
    }


@pytest.mark.parametrize("own_run", ["torch"], indirect=True)
@pytest.mark.parametrize(
    "change",
    [
        "--learning_rate=5e-4",
        "--eval_limit=10",
        "--max_length=24",
        "--retrieval_pooling=cls",
        "--eval_on_dev=xnli",
    ],
)
def test_other_settings_in_the_same_folder_are_refused(
    own_run, change, data, capsys
):
    _, run_dir = own_run
    before = contents(run_dir)
    place = [f"--run_dir={run_dir}", f"--data={data}"]
    assert main(["stilts", "run", *FLAGS, *place, change]) == 2
    error = capsys.readouterr().err
    assert "--run_dir" in error and "Traceback" not in error
    assert len(error.strip().splitlines()) == 1
    assert before == contents(run_dir)


@pytest.mark.parametrize(
    "others",
    [
        ["jax"],
        pytest.param(["jax", "tensorflow"], marks=pytest.mark.slow),
    ],
    ids=",".join,
)
def test_backends_agree_where_nothing_is_trained(runs, others):
    values = [
        [
            row.value
            for row in read_rows(runs(backend)[0] / "results.jsonl", Score)
            if (row.route, row.target) == ("pretrained", "tatoeba")
        ]
        for backend in ["torch", *others]
    ]
    assert values[0] and all(value == values[0] for value in values)


def test_a_collapsed_model_is_told_when_it_happens(tmp_path):
    run_dir = tmp_path / "run"
    small = [flag for flag in FLAGS if not flag.startswith("--route=")]
    shown = stilts(
        "run",
        *small,
        "--route=mnli",
        "--targets=xnli,tatoeba",
        "--languages=de",
        "--retrieval_layer=1",
        "--eval_limit=40",
        # Of fewer, a constant could be right often enough.
        "--dev_limit=60",
        "--learning_rate=0.5",
        "--data=pocket",
        f"--run_dir={run_dir}",
        "--keras_backend=torch",
    ).stdout
    rows = {
        row.target: row for row in read_rows(run_dir / "results.jsonl", Score)
    }
    assert rows["xnli"].constant in get_task("xnli").labels
    # The same weights as those that predicted one label of all dev rows.
    assert "dev rows of mnli:48" in rows["tatoeba"].constant
    assert all(row.collapsed for row in rows.values())
    for what in ("stage `mnli:48`", "`mnli` on xnli", "`mnli` on tatoeba"):
        told = [
            line
            for line in shown.splitlines()
            if line.startswith(f"Collapsed: {what}")
        ]
        assert told
        assert all("learning rate 0.5" in line for line in told)
        assert all("a lower --learning_rate" in line for line in told)
