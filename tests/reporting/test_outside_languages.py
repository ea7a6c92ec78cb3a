"""Languages that no benchmark lists: shown, marked, and in no mean."""

import pytest

import fake_runs
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import LayerScore
from stilts_keras.records.scalars import write_scalars
from stilts_keras.records.tensorboard import read_scalars
from stilts_keras.reporting import overview
from stilts_keras.reporting import published
from stilts_keras.reporting import rendering
from stilts_keras.reporting import report
from stilts_keras.reporting import tables
from stilts_keras.reporting.evidence import gather
from stilts_keras.reporting.figures import difference_map

INSIDE = ("en", "de", "es", "fr", "hi", "ru", "tr", "zh")
N = 100


def write(run_dir, shares, languages, **changes):
    """Adds xnli in some languages, a share of the answers right."""
    gold = [fake_runs.LABELS[at % 3] for at in range(N)]
    wrong = [fake_runs.LABELS[(at + 1) % 3] for at in range(N)]
    for route, share in shares.items():
        right = int(N * share)
        fake_runs.write_scores(
            run_dir,
            route,
            "xnli",
            dict.fromkeys(languages, gold[:right] + wrong[right:]),
            gold=dict.fromkeys(languages, gold),
            **changes,
        )


def build(run_dir):
    return report.build(gather([fake_runs.describe(run_dir)]))


@pytest.fixture(scope="module")
def run_dirs(tmp_path_factory):
    """A run as it is, and one that has Basque besides, which `mnli` loses."""
    folders = [tmp_path_factory.mktemp(name) for name in ("plain", "basque")]
    for run_dir in folders:
        write(run_dir, {"pretrained": 0.5, "mnli": 0.8}, INSIDE)
    write(
        folders[1],
        {"pretrained": 0.9, "mnli": 0.4},
        ["eu"],
        in_benchmark=False,
    )
    return folders


@pytest.fixture(scope="module")
def made(run_dirs):
    return build(run_dirs[1])


@pytest.fixture(scope="module")
def plain(run_dirs):
    return build(run_dirs[0])


def cells_of(frame, route):
    return next(row["cells"] for row in frame["rows"] if row["label"] == route)


def test_means_and_sentences_are_those_without_it(made, plain):
    for name in ("summary", "families", "scripts"):
        assert made.frames[name]["rows"] == plain.frames[name]["rows"]
        assert made.frames[name]["columns"] == plain.frames[name]["columns"]
    for route in ("pretrained", "mnli"):
        ours, theirs = (
            cells_of(found.frames["xnli"], route) for found in (made, plain)
        )
        assert ours[tables.MEAN] == theirs[tables.MEAN]
        assert ours.keys() - theirs.keys() == {"eu"}
    assert made.sentences == plain.sentences
    assert made.plain["typology"]["rows"] == plain.plain["typology"]["rows"]


def test_it_is_shown_and_marked_in_tables_with_a_line_that_explains(made):
    cell = cells_of(made.frames["xnli"], "mnli")["eu"]
    assert cell["value"] == 40.0 and not cell["in_benchmark"]
    difference = cells_of(made.differences["xnli"], "mnli")["eu"]
    assert difference["difference"] == -50.0
    text = report.to_markdown(made)
    assert "40.0°§" in text and "80.0§" not in text
    note = "§ xnli: its benchmark does not list eu, which no mean holds"
    for frame in (
        made.frames["summary"],
        made.frames["families"],
        made.frames["xnli"],
        made.differences["xnli"],
    ):
        assert note in frame["notes"]
    assert r"40.0$^{\circ}$\S{}" in rendering.to_latex(made.frames["xnli"])


def test_it_is_marked_in_maps(made):
    frame = {**made.differences["xnli"], "baseline": "pretrained"}
    figure = difference_map(frame)
    words = [text.get_text() for text in figure.texts]
    assert "eu§" in words and "de" in words and "de§" not in words
    assert any("§ not in the benchmark" in word for word in words)


def test_tensorboard_shows_it_apart_from_the_benchmark(made, plain, tmp_path):
    ours, theirs = map(overview._sessions, (made, plain))
    assert ours == theirs
    write_scalars(made.evidence.rows, tmp_path)
    tags = {tag for tag, _, _ in read_scalars(tmp_path / "mnli")}
    assert "outside_benchmark/xnli/accuracy/eu" in tags
    assert "zero_shot/xnli/accuracy/eu" not in tags
    charts = overview._layout(made)
    assert charts["languages outside the benchmark"] == {
        "xnli: accuracy": ["^outside_benchmark/xnli/accuracy/"]
    }
    assert "languages outside the benchmark" not in overview._layout(plain)


def test_published_scores_stand_beside_the_benchmarks_languages(made, plain):
    description = {"backbone": {"name": "xlm_roberta_large_multi"}}
    ours, theirs = (
        published.agreement(
            found.evidence.rows, description, baseline="pretrained"
        )
        for found in (made, plain)
    )
    assert ours == theirs and ours


def test_layers_are_averaged_without_it():
    rows = [
        fake_runs.score(
            LayerScore,
            target="tatoeba",
            layer=layer,
            language=language,
            value=value,
            in_benchmark=language != "sw",
        )
        for layer in (0, 1)
        for language, value in (("de", 40.0), ("sw", 100.0))
    ]
    frame = tables.layer_frame(rows, "tatoeba", "accuracy")
    assert cells_of(frame, "mnli")["1"]["value"] == 40.0


def test_a_run_of_such_languages_alone_is_reported(tmp_path):
    write(
        tmp_path,
        {"pretrained": 0.5, "mnli": 0.9},
        ["eu"],
        in_benchmark=False,
    )
    RowFile(tmp_path / "retrieval_layers.jsonl", LayerScore).add(
        [
            fake_runs.score(
                LayerScore,
                target="xnli",
                language="eu",
                layer=0,
                in_benchmark=False,
                stage="mnli xnli 1",
                data_fingerprint="rows of xnli eu",
            )
        ]
    )
    made = build(tmp_path)
    assert "that its target's benchmark lists" in made.sentences[0]
    assert cells_of(made.frames["summary"], "mnli") == {}
    difference = cells_of(made.differences["xnli"], "mnli")["eu"]
    assert difference["difference"] == 40.0 and difference["is_significant"]
    assert "90.0" in report.to_markdown(made)
    assert overview._sessions(made)
