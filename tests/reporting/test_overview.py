"""A whole report in TensorBoard, asked for as the browser asks."""

import pytest

import fake_disturbed
import fake_runs
import fake_studies
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import ChainScore
from stilts_keras.records.rows import Training
from stilts_keras.records.scalars import write_scalars
from stilts_keras.reporting import overview
from stilts_keras.reporting import report
from stilts_keras.reporting.evidence import gather
from stilts_keras.tasks import get_task
from tensorboard_server import get
from tensorboard_server import get_json
from tensorboard_server import post_json
from tensorboard_server import serve

SHARES = {
    "pretrained": 0.5,
    "mnli": 0.65,
    "mnli/squad": 0.5,
    "mnli+qqp": 0.6,
    "mnli/squad/qqp": 0.5,
}


def write_run(run_dir):
    fake_runs.write_run(run_dir, SHARES, seeds=(1, 2), n=100)
    RowFile(run_dir / "forgetting.jsonl", ChainScore).add(
        [
            fake_runs.lesson("mnli", "mnli", 80.0, "mnli"),
            fake_runs.lesson("mnli/squad", "mnli", 70.0, "mnli"),
            fake_runs.lesson("mnli/squad", "squad", 60.0, "mnli/squad"),
        ]
    )
    RowFile(run_dir / "trainings.jsonl", Training).add(
        [
            fake_runs.training("f mnli", "mnli", num_steps=7),
            fake_runs.training(
                "f mnli+qqp", "mnli+qqp", sources=("mnli", "qqp")
            ),
            fake_runs.training(
                "mnli xnli 1", "mnli/mnli", parent="f mnli", num_steps=30
            ),
        ]
    )
    for route in ("pretrained", "mnli"):
        for language in ("de", "hi"):
            fake_runs.write_embeddings(run_dir, route, language)
    fake_disturbed.write_disturbed(
        run_dir,
        {"pretrained": {1: 0.9, 3: 0.6}, "mnli": {1: 0.98, 3: 0.9}},
    )
    return fake_runs.describe(run_dir)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    run_dir = write_run(tmp_path_factory.mktemp("overview") / "run")
    return report.build(gather([run_dir]))


@pytest.fixture(scope="module")
def address(made, tmp_path_factory):
    logs = tmp_path_factory.mktemp("logs")
    # A report of before, and scores of a route that is still there.
    overview.show(made, logs)
    overview.show(made, logs)
    evidence = made.evidence
    write_scalars([*evidence.rows, *evidence.disturbed], logs)
    with serve(logs) as address:
        yield address


def test_a_route_is_one_run_with_a_scalar_per_target_and_language(address):
    tags = get_json(address, "/data/plugin/scalars/tags")
    for route in SHARES:
        assert "zero_shot/xnli/accuracy/de" in tags[route]
        assert "supervised/xnli/accuracy/en" in tags[route]
    points = get_json(
        address,
        "/data/plugin/scalars/scalars",
        run="mnli",
        tag="zero_shot/xnli/accuracy/hi",
    )
    # The step is the seed.
    assert [step for _, step, _ in points] == [1, 2]


def test_texts_are_the_finding_the_tables_and_the_provenance(address, made):
    tags = get_json(address, "/data/plugin/text/tags")["report"]
    assert {"finding", "provenance"} <= set(tags)
    assert {f"tables/{name}" for name in made.frames} <= set(tags)
    (event,) = get_json(
        address, "/data/plugin/text/text", run="report", tag="finding"
    )
    assert "<code>pretrained</code>" in event["text"]


def test_images_are_the_figures_of_the_report(address, made):
    tags = get_json(address, "/data/plugin/images/tags")["report"]
    assert set(tags) == {
        "differences/all_targets",
        "differences/xnli",
        "forgetting",
        "number_of_tasks",
        "robustness",
        "robustness_xnli",
        "sampling",
    }
    (event,) = get_json(
        address,
        "/data/plugin/images/images",
        run="report",
        tag="differences/xnli",
        sample=0,
    )
    png = get(address, f"/data/plugin/images/individualImage?{event['query']}&")
    assert png == made.figures["differences_xnli"][0]


def test_many_languages_come_in_several_maps(tmp_path):
    languages = ("en", *sorted(get_task("panx").languages)[:25], "zh")
    run_dir = fake_runs.write_run(
        tmp_path / "run",
        {"pretrained": 0.5, "mnli": 0.6},
        languages=tuple(dict.fromkeys(languages)),
        n=30,
    )
    made = report.build(gather([fake_runs.describe(run_dir)]))
    tags = overview._images(made)
    parts = [tag for tag in tags if tag.startswith("differences/xnli/")]
    assert len(parts) == 2 and "differences/xnli" not in tags
    charts = overview._layout(made)["xnli: accuracy, by family"]
    assert charts["IE: Germanic"] == ["^zero_shot/xnli/accuracy/(af|de)$"]
    # The report has them in one.
    assert "differences_xnli" in made.figures


def test_a_target_without_its_own_metric_has_no_session(tmp_path):
    run_dir = fake_runs.write_run(tmp_path / "run", SHARES, n=30)
    gold = {"de": [["das Haus"]] * 30}
    guesses = {"de": ["das Haus"] * 30}
    fake_runs.write_scores(
        run_dir,
        "mnli",
        "xquad",
        guesses,
        gold=gold,
        metric="exact_match",
        with_counts=False,
    )
    made = report.build(gather([fake_runs.describe(run_dir)]))
    targets = {
        session["hparams"]["target"] for session in overview._sessions(made)
    }
    assert targets == {"xnli"}


def test_a_second_report_leaves_no_session_of_the_first(made, tmp_path):
    overview.show(made, tmp_path)
    before = len(list(tmp_path.rglob("*.session")))
    overview.show(made, tmp_path)
    # One for each session, and the record of all.
    assert len(list(tmp_path.rglob("*.session"))) == before
    assert before == len(SHARES) * 2 + 1


def test_there_is_a_session_for_each_route_target_and_seed(address):
    found = post_json(
        address, "/data/plugin/hparams/session_groups", SESSIONS_QUERY
    )
    sessions = {
        (group["hparams"]["route"], group["hparams"]["seed"]): group
        for group in found["sessionGroups"]
    }
    assert sessions.keys() == {
        (route, seed) for route in SHARES for seed in "12"
    }
    mnli = sessions["mnli", "1"]
    assert mnli["hparams"] == {
        "route": "mnli",
        "target": "xnli",
        "seed": "1",
        # XNLI's rows and head are MNLI's.
        "own_task": "≡ yes: no transfer",
        "sources": "mnli",
        "num_stages": 1,
        "backbone": "tiny",
        "backend": "jax",
        "sampling": "proportional",
        # Of the intermediate stage and the target's.
        "num_steps": 37,
    }
    values = {
        value["name"]["tag"]: value["value"] for value in mnli["metricValues"]
    }
    base = {
        value["name"]["tag"]: value["value"]
        for value in sessions["pretrained", "1"]["metricValues"]
    }
    assert values["mean/difference"] == pytest.approx(
        values["mean/zero_shot"] - base["mean/zero_shot"], abs=1e-3
    )
    assert values["mean/gap"] == pytest.approx(
        values["mean/english"] - values["mean/zero_shot"], abs=1e-3
    )
    assert base["mean/difference"] == 0


SESSIONS_QUERY = {
    "experimentName": "",
    "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_SUCCESS"],
    "colParams": [],
    "startIndex": 0,
    "sliceSize": 100,
}


def test_languages_are_grouped_by_target_in_the_custom_layout(address):
    layout = get_json(address, "/data/plugin/custom_scalars/layout")
    charts = {
        (category["title"], chart["title"]): chart["multiline"]["tag"]
        for category in layout["category"]
        for chart in category["chart"]
    }
    tags = charts["zero-shot, all languages", "xnli: accuracy"]
    assert tags == ["^zero_shot/xnli/accuracy/"]
    found = get_json(
        address,
        "/data/plugin/custom_scalars/scalars",
        run="mnli",
        tag="^zero_shot/xnli/accuracy/",
    )
    assert found["regex_valid"]
    assert len(found["tag_to_events"]) == len(fake_runs.LANGUAGES) - 1


def test_sentences_before_and_after_are_in_the_projector(address):
    (run,) = get_json(address, "/data/plugin/projector/runs")
    info = get_json(address, "/data/plugin/projector/info", run=run)
    names = [found["tensorName"] for found in info["embeddings"]]
    assert names == ["tatoeba after pretrained", "tatoeba after mnli"]
    assert info["embeddings"][0]["tensorShape"] == [80, 8]
    lines = get(
        address,
        "/data/plugin/projector/metadata",
        run=run,
        name=names[1],
    ).decode()
    head, first, *_ = lines.splitlines()
    assert head.split("\t") == ["text", "language", "pair"]
    assert first.split("\t") == ["sentence 0", "de", "de 0"]


def test_curves_over_the_number_of_tasks_are_scalars_too(address):
    tags = get_json(address, "/data/plugin/scalars/tags")
    points = get_json(
        address,
        "/data/plugin/scalars/scalars",
        run="report/curves/one stage each",
        tag="number_of_tasks/xnli",
    )
    assert [step for _, step, _ in points] == [0, 1, 2, 3]
    assert "report/curves/all in one stage" in tags


def test_scores_over_the_size_of_the_source_are_scalars_too(tmp_path):
    made = report.build(
        fake_studies.study(fake_studies.tagging_gains, seeds=(1,))
    )
    overview.show(made, tmp_path)
    with serve(tmp_path) as there:
        points = get_json(
            there,
            "/data/plugin/scalars/scalars",
            run="report/curves/from en+de+es",
            tag="source_size/xnli/tagging",
        )
        images = get_json(there, "/data/plugin/images/tags")["report"]
        texts = get_json(there, "/data/plugin/text/tags")["report"]
    assert [step for _, step, _ in points] == [600, 2400]
    assert points[0][2] == pytest.approx(65.0, abs=1.0)
    assert {
        "source_languages_xnli",
        "language_gains",
        "language_interaction",
    } <= set(images)
    assert "tables/language_interaction" in texts


def test_a_damaged_embedding_is_named_and_the_others_are_shown(tmp_path):
    run_dir = write_run(tmp_path / "run")
    file = run_dir / "embeddings/mnli/tatoeba/hi.npz"
    file.write_bytes(file.read_bytes()[:200])
    for language in ("de", "hi"):
        part = run_dir / f"embeddings/pretrained/tatoeba/{language}.npz"
        part.write_bytes(b"")
    made = report.build(gather([run_dir]))
    # A route of which nothing is whole is left out.
    overview.show(made, tmp_path / "logs")
    shown = overview._embeddings(made)
    assert [len(found["vectors"]) for found in shown] == [40]
    assert any(str(file) in problem for problem in made.evidence.problems)


def test_robustness_is_texts_pictures_and_curves_over_severity(address, made):
    texts = get_json(address, "/data/plugin/text/tags")["report"]
    assert {
        "tables/robustness",
        "tables/robustness_changes",
        "tables/robustness_scores_xnli",
    } <= set(texts)
    tags = get_json(address, "/data/plugin/scalars/tags")
    points = get_json(
        address,
        "/data/plugin/scalars/scalars",
        run="report/curves/robustness/mnli",
        tag="robustness/xnli/typos",
    )
    assert [step for _, step, _ in points] == [0, 1, 3]
    assert points[0][2] == 100.0 > points[1][2] > points[2][2]
    # Beside the clean ones, under names of their own.
    assert "disturbed/typos-3/zero_shot/xnli/accuracy/de" in tags["mnli"]
    assert "zero_shot/xnli/accuracy/de" in tags["mnli"]
    charts = overview._layout(made)["robustness: retention over severity"]
    assert charts == {"xnli": ["^robustness/xnli/"]}
