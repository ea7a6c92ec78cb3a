"""What a reader sees: every dashboard, drawn by a real browser.

Set STILTS_SCREENSHOTS to a folder to keep the pictures.
"""

import io
import os
import pathlib

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from chrome import chrome
from stilts_keras.records.tensorboard import EventWriter
from stilts_keras.reporting import boards
from tensorboard_server import eventually
from tensorboard_server import serve

ROUTES = {"pretrained": 52.0, "mnli": 61.0, "mnli/squad": 58.0}
LANGUAGES = {"de": 6.0, "fr": 5.0, "sw": -9.0, "zh": 0.0}
STEPS = (0, 500, 1000)
METRICS = ("xnli/accuracy", "xnli/gap", "xquad/f1", "xquad/exact_match")


def write_curves(folder):
    for route, level in ROUTES.items():
        with EventWriter(folder / route) as writer:
            for step in STEPS:
                for language, more in LANGUAGES.items():
                    value = level + more + step / 200
                    tag = f"zero_shot/xnli/accuracy/{language}"
                    writer.scalar(tag, value, step)
                    tag = f"zero_shot/xquad/f1/{language}"
                    writer.scalar(tag, value - 9, step)


def bar_chart():
    axes = (figure := Figure(figsize=(5, 3))).subplots()
    axes.bar(list(LANGUAGES), [61.0 + more for more in LANGUAGES.values()])
    axes.set_title("XNLI after mnli")
    figure.savefig(stream := io.BytesIO(), format="png")
    return stream.getvalue()


def make_sessions():
    return [
        {
            "name": f"sessions/{route}/seed-{seed}",
            "hparams": {
                "route": route,
                "seed": seed,
                "learning_rate": 1e-5 * (1 + len(route) % 4),
                "backend": "jax",
                "mixed_precision": seed > 1,
            },
            "metrics": {
                metric: level + seed + 3 * number
                for number, metric in enumerate(METRICS)
                if (route, metric) != ("mnli", "xquad/f1")
            },
        }
        for route, level in ROUTES.items()
        for seed in (1, 2, 3)
    ]


def make_embeddings():
    generator = np.random.default_rng(0)
    languages = [name for name in LANGUAGES for _ in range(40)]
    centres = {name: generator.normal(size=16) for name in LANGUAGES}
    return [
        {
            "name": f"{route}: tatoeba",
            "vectors": np.stack(
                [
                    centres[name] * spread + generator.normal(size=16)
                    for name in languages
                ]
            ),
            "columns": {
                "sentence": [f"{name} {i}" for i, name in enumerate(languages)],
                "language": languages,
            },
        }
        for route, spread in (("pretrained", 4), ("mnli", 1))
    ]


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    write_curves(folder)
    with EventWriter(folder) as writer:
        writer.text(
            "report", "# Findings\n\n| route | de |\n|---|---|\n| mnli | 71.3 |"
        )
        writer.image("figures/xnli", bar_chart())
    boards.write_sessions(folder, make_sessions())
    boards.write_layout(
        folder,
        {
            "Zero-shot by language": {
                "XNLI accuracy": ["zero_shot/xnli/accuracy/"],
                "XQuAD F1": ["zero_shot/xquad/f1/"],
            },
            "One language": {"German": ["zero_shot/.*/de$"]},
        },
    )
    boards.write_projector(folder, make_embeddings())
    return folder


# Curves that lead somewhere.
LINES = """elements("path.line").filter((path) =>
  /^M.*L/.test(path.getAttribute("d"))).length"""
PICTURES = """elements("img").filter((image) =>
  image.naturalWidth === 500 && image.naturalHeight === 300).length"""


def coloured_part(png):
    """Which part of the middle of a picture is neither grey nor white."""
    pixels = matplotlib.image.imread(io.BytesIO(png))[..., :3]
    height, width = pixels.shape[:2]
    middle = pixels[height // 4 : -height // 4, width // 4 : -width // 4]
    return np.mean(np.ptp(middle, axis=-1) > 0.2)


def show_timeseries(page, address):
    page.open(f"{address}/?tagFilter=figures|xnli/accuracy/de#timeseries")
    page.wait_for_text("2 cards", "/de", *ROUTES)
    page.wait(PICTURES)
    # The table below the curve: 52 + 6 + 1000 / 200 and so on.
    page.wait_for_text("63", "72", "69")


def show_scalars(page, address):
    page.open(f"{address}/#scalars")
    page.click("zero_shot")
    page.wait_for_text("zero_shot/xnli/accuracy/de", *ROUTES)
    page.wait(f"{LINES} >= 3")


def show_custom_scalars(page, address):
    page.open(f"{address}/#custom_scalars")
    page.wait_for_text("Zero-shot by language", "XNLI accuracy", "XQuAD F1")
    # Three routes times four languages in each of the open charts.
    page.wait_for_text("Matches (12)", "One language")
    page.wait(f"{LINES} >= 24")


def show_images(page, address):
    page.open(f"{address}/#images")
    page.wait_for_text("figures/xnli")
    page.wait(PICTURES)


def show_text(page, address):
    page.open(f"{address}/#text")
    page.wait_for_text("Findings", "route", "71.3")
    page.wait("elements('td').some((cell) => cell.textContent === '71.3')")


def show_table(page, address):
    page.open(f"{address}/#hparams")
    page.wait_for_text("Hyperparameters", "learning rate", "mixed precision")
    page.wait_for_text("xnli accuracy", "xquad exact match", "mnli/squad")
    # 52 + seed 1 in the first metric, 61 + seed 3 + 9 in the last.
    page.wait_for_text("53.000", "73.000")


def show_parallel_coordinates(page, address):
    page.click("PARALLEL COORDINATES VIEW")
    # An axis for each of five hyperparameters and four metrics, and a line
    # for each session that has all of these metrics.
    page.wait("elements('g.axis').length === 9")
    page.wait("elements('.foreground path').length === 6")


def show_scatter_plots(page, address):
    page.click("SCATTER PLOT MATRIX VIEW")
    # Nine sessions in a square per column and metric; three have no F1.
    page.wait("elements('circle').length === (9 * 4 * 9) - 3 * (9 + 4 - 1)")


def show_projector(page, address):
    page.open(f"{address}/#projector")
    page.wait_for_text("2 tensors found", "Total variance described")
    page.wait_for_text("Points:\n160", "Dimension:\n16")
    eventually(lambda: coloured_part(page.screenshot()), lambda x: x > 0.01)


VIEWS = [
    show_timeseries,
    show_scalars,
    show_custom_scalars,
    show_images,
    show_text,
    show_table,
    show_parallel_coordinates,
    show_scatter_plots,
    show_projector,
]


def test_a_browser_draws_every_dashboard(logs, tmp_path):
    pictures = os.environ.get("STILTS_SCREENSHOTS", tmp_path / "screenshots")
    with chrome() as page, serve(logs) as address:
        for show in VIEWS:
            show(page, address)
            name = show.__name__.removeprefix("show_")
            page.screenshot(pathlib.Path(pictures, f"{name}.png"))
            assert not page.errors, name
