"""Dashboards, as a real TensorBoard reads them and hands them out."""

import io
import struct
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from stilts_keras.errors import InputError
from stilts_keras.records.tensorboard import EventWriter
from stilts_keras.reporting import boards
from tensorboard_server import eventually
from tensorboard_server import get
from tensorboard_server import get_json
from tensorboard_server import post_json
from tensorboard_server import serve

PLUGINS = "/data/plugin"
SESSIONS = [
    {
        "name": "mnli/squad/xnli/seed-1",
        "hparams": {
            "route": "mnli/squad",
            "seed": 1,
            "learning_rate": np.float32(0.5),
            "mixed_precision": True,
            "steps": 1000,
        },
        "metrics": {"xnli/exact_match": 0.75, "xquad/f1": np.float64(0.5)},
    },
    {
        "name": "mnli",
        "hparams": {
            "route": "mnli",
            "seed": np.int64(2),
            "learning_rate": 0.25,
            "mixed_precision": False,
            "steps": "all",
        },
        "metrics": {"xnli/exact_match": 0.25, "xquad/f1": float("nan")},
    },
    {"name": "pretrained", "hparams": {}, "metrics": {"last": -1}},
]
LAYOUT = {
    "Zero-shot": {
        "XNLI": ["zero_shot/xnli/.*", "gap"],
        "German": ["zero_shot/[^/]+/accuracy/de$"],
    },
    "Training": {"Loss": ["loss"]},
}
VECTORS = np.random.default_rng(0).normal(size=(5, 3)) * 10.0 ** np.arange(
    -20, 10, 12
)
TEXTS = ["a\tb", "c\r\nd\u2028e", "", "ü | é", "x"]
EMBEDDINGS = [
    {
        "name": "mnli/squad: tatoeba ü",
        "vectors": VECTORS,
        "columns": {"text": TEXTS, "lang\tuage": ["de", "", "", "fr", "zh"]},
    },
    # In binary, zeros are valid UTF-8.
    {
        "name": "zeros",
        "vectors": np.zeros((2, 1)),
        "columns": {"text": ["", "b"]},
    },
    {"name": "bare", "vectors": [[1, 2]], "columns": {}},
]


def make_png(width, height):
    figure = Figure(figsize=(width / 100, height / 100), dpi=100)
    figure.subplots().plot([1, 2])
    figure.savefig(stream := io.BytesIO(), format="png")
    return stream.getvalue()


PNG = make_png(320, 240)


@pytest.fixture(scope="module", params=["auto", "false"], ids="fast={}".format)
def address(request, tmp_path_factory):
    """TensorBoard with all dashboards, by each of its two ways to read."""
    folder = tmp_path_factory.mktemp("logs")
    for number, route in enumerate(("pretrained", "mnli", "mnli/squad")):
        with EventWriter(folder / route) as writer:
            for language in ("de", "fr"):
                tag = f"zero_shot/xnli/accuracy/{language}"
                writer.scalar(tag, number, 0)
                writer.scalar(tag, number + 0.5, 10)
            writer.scalar("loss", 3, 0)
    with EventWriter(folder) as writer:
        writer.text("report", "| route |\n|---|\n| ü |")
        writer.image("figures/xnli", PNG)
        writer.image("figures/xnli", make_png(100, 200), 7)
    boards.write_sessions(folder / "sessions", SESSIONS)
    boards.write_layout(folder, LAYOUT)
    boards.write_projector(folder / "embeddings", EMBEDDINGS)
    boards.write_projector(folder, EMBEDDINGS[2:])
    with serve(folder, f"--load_fast={request.param}") as found:
        yield found


def ask(address, path, **query):
    return get_json(address, f"{PLUGINS}/{path}", **query)


def test_every_dashboard_is_active(address):
    # The Projector finds out only when first asked.
    plugins = eventually(
        lambda: get_json(address, "/data/plugins_listing"),
        lambda listing: listing["projector"]["enabled"],
    )
    active = {name for name, facts in plugins.items() if facts["enabled"]}
    assert active == {
        "custom_scalars",
        "hparams",
        "images",
        "projector",
        "scalars",
        "text",
        "timeseries",
    }


def test_scalars(address):
    tags = ask(address, "scalars/tags")
    assert set(tags["mnli/squad"]) == {
        "loss",
        "zero_shot/xnli/accuracy/de",
        "zero_shot/xnli/accuracy/fr",
    }
    points = ask(
        address,
        "scalars/scalars",
        run="mnli/squad",
        tag="zero_shot/xnli/accuracy/fr",
    )
    assert [point[1:] for point in points] == [[0, 2.0], [10, 2.5]]


def test_texts(address):
    assert list(ask(address, "text/tags")["."]) == ["report"]
    (text,) = ask(address, "text/text", run=".", tag="report")
    assert "<td>ü</td>" in text["text"]


def test_images(address):
    (about,) = ask(address, "images/tags")["."].values()
    assert about["samples"] == 1
    first, second = ask(
        address, "images/images", run=".", tag="figures/xnli", sample=0
    )
    assert (first["step"], second["step"]) == (0, 7)
    path = f"{PLUGINS}/images/individualImage?{first['query']}&"
    assert get(address, path) == PNG


def test_the_size_of_an_image_is_read_from_its_head(tmp_path):
    from tensorboard.backend.event_processing import event_file_loader

    with EventWriter(tmp_path) as writer:
        writer.image("x", PNG)
    (file,) = tmp_path.iterdir()
    *_, event = event_file_loader.EventFileLoader(str(file)).Load()
    strings = event.summary.value[0].tensor.string_val
    assert list(strings) == [b"320", b"240", PNG]


@pytest.mark.parametrize("png", [b"", b"GIF89a", PNG[:20], b"\xff\xd8\xff"])
def test_what_is_no_png_is_refused(tmp_path, png):
    with EventWriter(tmp_path) as writer:
        with pytest.raises(InputError, match="'x': expected .* PNG"):
            writer.image("x", png)


def test_hyperparameters_are_described(address):
    experiment = post_json(address, f"{PLUGINS}/hparams/experiment", {})
    infos = {info["name"]: info for info in experiment["hparamInfos"]}
    assert {
        name: (info["type"], info["domainDiscrete"], info["displayName"])
        for name, info in infos.items()
    } == {
        "route": ("DATA_TYPE_STRING", ["mnli", "mnli/squad"], "route"),
        "seed": ("DATA_TYPE_FLOAT64", [1, 2], "seed"),
        "learning_rate": ("DATA_TYPE_FLOAT64", [0.25, 0.5], "learning rate"),
        "mixed_precision": (
            "DATA_TYPE_BOOL",
            [False, True],
            "mixed precision",
        ),
        # Text in one session makes it text in all.
        "steps": ("DATA_TYPE_STRING", ["1000", "all"], "steps"),
    }
    assert all(info["differs"] for info in infos.values())
    assert [
        (info["name"]["tag"], info["displayName"])
        for info in experiment["metricInfos"]
    ] == [
        ("xnli/exact_match", "xnli exact match"),
        ("xquad/f1", "xquad f1"),
        ("last", "last"),
    ]


def test_sessions_carry_their_values(address):
    request = {
        "allowedStatuses": ["STATUS_SUCCESS"],
        "colParams": [],
        "startIndex": 0,
        "sliceSize": 10,
    }
    answer = post_json(address, f"{PLUGINS}/hparams/session_groups", request)
    rows = {
        group["name"]: (
            group["hparams"],
            {
                metric["name"]["tag"]: metric["value"]
                for metric in group["metricValues"]
            },
        )
        for group in answer["sessionGroups"]
    }
    assert rows == {
        "sessions/mnli/squad/xnli/seed-1": (
            {
                "route": "mnli/squad",
                "seed": 1,
                "learning_rate": 0.5,
                "mixed_precision": True,
                "steps": "1000",
            },
            {"xnli/exact_match": 0.75, "xquad/f1": 0.5},
        ),
        "sessions/mnli": (
            {
                "route": "mnli",
                "seed": 2,
                "learning_rate": 0.25,
                "mixed_precision": False,
                "steps": "all",
            },
            {"xnli/exact_match": 0.25},
        ),
        "sessions/pretrained": ({}, {"last": -1}),
    }


def test_metrics_are_scalars_of_their_session(address):
    tags = ask(address, "scalars/tags")["sessions/mnli/squad/xnli/seed-1"]
    assert set(tags) == {"xnli/exact_match", "xquad/f1"}


@pytest.mark.parametrize(
    "sessions, words",
    [
        ([("a", {}), ("a/", {})], "Two sessions are named 'a/'"),
        ([("../a", {})], "relative path .* '../a'"),
        ([("/a", {})], "relative path"),
        ([("", {})], "relative path"),
        ([("a", {"rate": float("inf")})], "'rate': .* inf"),
        ([("a", {"layers": [1]})], "'layers'"),
        ([("a", {"layers": None})], "'layers'"),
    ],
)
def test_wrong_sessions_are_refused(tmp_path, sessions, words):
    sessions = [
        {"name": name, "hparams": hparams, "metrics": {}}
        for name, hparams in sessions
    ]
    with pytest.raises(InputError, match=words):
        boards.write_sessions(tmp_path, sessions)
    assert not list(tmp_path.iterdir())


def test_without_sessions_nothing_is_written(tmp_path):
    boards.write_sessions(tmp_path / "logs", [])
    assert not list(tmp_path.iterdir())


def test_layout(address):
    categories = ask(address, "custom_scalars/layout")["category"]
    assert {
        category["title"]: {
            chart["title"]: chart["multiline"]["tag"]
            for chart in category["chart"]
        }
        for category in categories
    } == LAYOUT
    assert [category["closed"] for category in categories] == [False, True]


@pytest.mark.parametrize(
    "pattern, languages",
    [
        (LAYOUT["Zero-shot"]["XNLI"][0], {"de", "fr"}),
        (LAYOUT["Zero-shot"]["German"][0], {"de"}),
    ],
)
def test_a_chart_finds_its_scalars(address, pattern, languages):
    found = ask(address, "custom_scalars/scalars", run="mnli", tag=pattern)
    assert found["regex_valid"]
    assert set(found["tag_to_events"]) == {
        f"zero_shot/xnli/accuracy/{language}" for language in languages
    }


def test_a_pattern_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"'Loss': '\(' is no regular"):
        boards.write_layout(tmp_path, {"Training": {"Loss": ["("]}})
    assert not list(tmp_path.iterdir())


def test_the_projector_lists_runs_and_embeddings(address):
    assert set(ask(address, "projector/runs")) == {".", "embeddings"}
    info = ask(address, "projector/info", run="embeddings")
    assert [
        (embedding["tensorName"], embedding["tensorShape"])
        for embedding in info["embeddings"]
    ] == [
        ("mnli/squad: tatoeba ü", [5, 3]),
        ("zeros", [2, 1]),
        ("bare", [1, 2]),
    ]


@pytest.mark.parametrize("embedding", EMBEDDINGS, ids=lambda e: e["name"])
def test_the_projector_reads_the_vectors_exactly(address, embedding):
    received = get(
        address,
        f"{PLUGINS}/projector/tensor",
        run="embeddings",
        name=embedding["name"],
    )
    expected = np.asarray(embedding["vectors"], "float32")
    assert received == expected.tobytes()


@pytest.mark.parametrize(
    "number, lines",
    [
        # Never a blank line: the Projector would pass over it.
        (
            0,
            ["text\tlang uage", "a b\tde", "c d e\t", "-\t", "ü | é\tfr"]
            + ["x\tzh"],
        ),
        (1, ["-", "b"]),
    ],
)
def test_the_projector_reads_the_texts(address, number, lines):
    received = get(
        address,
        f"{PLUGINS}/projector/metadata",
        run="embeddings",
        name=EMBEDDINGS[number]["name"],
    )
    assert received.decode() == "".join(line + "\n" for line in lines)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"vectors": [1.0, 2.0]}, r"'a': expected a matrix .* \(2,\)"),
        ({"vectors": np.zeros((0, 3))}, r"\(0, 3\)"),
        ({"vectors": [[1.0, float("nan")]]}, "1 numbers are finite"),
        ({"columns": {"text": ["x", "y"]}}, "'text': expected 1 .*: 2"),
    ],
)
def test_wrong_embeddings_are_refused(tmp_path, changes, words):
    embedding = {"name": "a", "vectors": [[1.0]], "columns": {}}
    with pytest.raises(InputError, match=words):
        boards.write_projector(tmp_path, [embedding | changes])
    with pytest.raises(InputError, match="Two embeddings are named 'a'"):
        boards.write_projector(tmp_path, [embedding, embedding])
    assert not list(tmp_path.iterdir())


def test_writing_loads_no_framework_and_leaves_tensorboard_free(tmp_path):
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 1, 1)
    program = f"""
import sys
from stilts_keras.reporting import boards
from stilts_keras.records.tensorboard import EventWriter
with EventWriter({str(tmp_path)!r}) as writer:
    writer.image("x", {png!r})
session = {{"name": "a", "hparams": {{"b": 1}}, "metrics": {{"c": 1.0}}}}
boards.write_sessions({str(tmp_path)!r}, [session])
boards.write_layout({str(tmp_path)!r}, {{"a": {{"b": ["c"]}}}})
embedding = {{"name": "a", "vectors": [[1.0]], "columns": {{"b": ["c"]}}}}
boards.write_projector({str(tmp_path)!r}, [embedding])
frameworks = {{"tensorflow", "keras", "keras_hub", "jax", "torch"}}
loaded = frameworks & set(sys.modules)
import tensorboard.compat
resolved = "io" in vars(tensorboard.compat.tf)
sys.exit(f"{{loaded}}, resolved={{resolved}}" if loaded or resolved else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
