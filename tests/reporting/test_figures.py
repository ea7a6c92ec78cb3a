"""Figures: what they promise to show, and that it can be read."""

import dataclasses
import itertools
import re
import subprocess
import sys
import xml.etree.ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.patches import Rectangle

import fake_runs
from stilts_keras.errors import InputError
from stilts_keras.records.rows import SourceShare
from stilts_keras.reporting import figures
from stilts_keras.reporting import tables
from stilts_keras.reporting.figures import chains
from stilts_keras.reporting.figures import curves
from stilts_keras.reporting.figures import difference_layout
from stilts_keras.reporting.figures import difference_table
from stilts_keras.reporting.figures import maps
from stilts_keras.reporting.figures import page
from stilts_keras.reporting.figures import shares
from stilts_keras.reporting.figures import style
from stilts_keras.reporting.figures import texts
from stilts_keras.tasks.languages import LANGUAGES

MINUS = "\N{MINUS SIGN}"
LONG_ROUTE = "snli+mnli+anli/squad_v2/hellaswag"
LONGEST_ROUTE = "mnli+qqp+hellaswag@de:50000/squad_v2+squad@es/ccg+pos/anli"
ROUTES = ["mnli", "squad", "mnli/squad", "mnli+squad", "qqp", "ccg@de:50k"]
ROUTES += ["hellaswag", LONG_ROUTE, "snli+mnli+anli", LONGEST_ROUTE, "pos"]
TARGETS = ["xnli", "pawsx", "xcopa", "udpos", "panx", "xquad", "mlqa"]
TARGETS += ["tydiqa", "tatoeba"]


def make_cell(value=60.0, difference=None, **changes):
    return {
        "value": value,
        "difference": difference,
        "margin": 1.5,
        "deviation": None,
        "count": 1,
        "zero_shot": True,
        "above_chance": True,
        "complete": True,
    } | changes


def make_frame(differences, columns, *, notes=()):
    """Builds a frame from {route: differences}; None: no score."""
    rows = [
        {
            "label": "pretrained",
            "cells": {column: make_cell() for column in columns},
        }
    ]
    for route, values in differences.items():
        cells = {
            column: make_cell(60 + value, value)
            for column, value in zip(columns, values, strict=True)
            if value is not None
        }
        rows.append({"label": route, "cells": cells})
    chance = {column: make_cell(33.3) for column in columns}
    rows.append({"label": "chance", "cells": chance})
    return {
        "title": "Zero-shot scores of each target",
        "columns": list(columns),
        "notes": list(notes),
        "rows": rows,
    }


def make_large(routes=ROUTES, columns=TARGETS, seed=1):
    values = np.random.default_rng(seed).normal(0, 2, (len(routes), 99))
    frame = make_frame(
        {
            route: [float(value) for value in row[: len(columns)]]
            for route, row in zip(routes, values, strict=True)
        },
        columns,
        notes=["One seed (1): differences may be chance"],
    )
    for row in frame["rows"]:
        for cell in row["cells"].values():
            cell["is_significant"] = abs(cell["difference"] or 0) > 2.5
    return frame


def make_families():
    """Ten routes and forty languages, with their families."""
    languages = [code for code in LANGUAGES if code != "en"][:39]
    frame = make_large(ROUTES[:10], ["zero-shot", *languages])
    return frame, {code: LANGUAGES[code].family for code in languages}


def make_numbers(shapes, columns=("xnli", "panx", "mean"), **changes):
    return {
        "title": "Zero-shot scores by number of intermediate tasks",
        "columns": list(columns),
        "notes": ["mean over targets: xnli (accuracy), panx (f1)"],
        "rows": [
            {
                "label": f"{tasks} in {stages}",
                "shape": (tasks, stages),
                "cells": {
                    column: make_cell(50 + tasks + stages / 10, **changes)
                    for column in columns
                },
            }
            for tasks, stages in shapes
        ],
    }


SHAPES = [(0, 0)] + [
    (tasks, stages) for tasks in range(1, 10) for stages in {1, tasks}
]


def make_lessons(scores):
    """Builds a frame of dev scores from {path: {source: score}}."""
    return {
        "title": "Dev scores of each source along the chains",
        "columns": list(
            dict.fromkeys(name for found in scores.values() for name in found)
        ),
        "notes": [],
        "rows": [
            {
                "label": label,
                "cells": {
                    name: make_cell(value) for name, value in found.items()
                },
            }
            for label, found in scores.items()
        ],
    }


LESSONS = {
    "mnli": {"mnli": 85.0},
    "mnli/squad": {"mnli": 80.0, "squad": 88.0},
    "mnli/squad/hellaswag": {"mnli": 79.8, "squad": 80.0, "hellaswag": 79.9},
    "hellaswag": {"hellaswag": 82.0},
    "hellaswag/squad": {"hellaswag": 75.0, "squad": 89.0},
}


def make_stage(path, *names, seed=1):
    shares = [
        SourceShare(
            name=name,
            share=1 / len(names),
            sequences=100,
            sequences_seen=100 * (number + 1),
            tokens_seen=5000 * (number + 1) ** 2,
        )
        for number, name in enumerate(names)
    ]
    return fake_runs.training("f", path, seed=seed, sources=tuple(shares))


MIXTURES = [
    make_stage("mnli+squad", "mnli", "squad"),
    make_stage("mnli/squad+hellaswag", "squad", "hellaswag"),
    make_stage("snli+mnli+anli", "snli", "mnli", "anli"),
    make_stage(LONGEST_ROUTE, "hellaswag@de:50000", "squad_v2"),
]


def make_all():
    """Draws each kind of figure, small ones and large ones."""
    frame, families = make_families()
    small = make_frame({"mnli": [1.0, -2.0]}, ["xnli", "panx"])
    return {
        "one cell": figures.difference_map(make_frame({"a": [1.0]}, ["xnli"])),
        "small": figures.difference_map(small),
        "large": figures.difference_map(make_large()),
        "languages": figures.difference_map(frame, groups=families),
        "families": figures.difference_map(
            make_large(ROUTES[:3], sorted(set(families.values())))
        ),
        "curve": figures.number_of_tasks_curve(
            make_numbers(SHAPES, [*TARGETS, "mean"], deviation=0.5)
        ),
        "curve of one target": figures.number_of_tasks_curve(
            make_numbers(SHAPES[:5], ["a_rather_long_name_of_a_target"])
        ),
        "forgetting": figures.forgetting_curves(make_lessons(LESSONS)),
        "long chain": figures.forgetting_curves(make_lessons(make_chain(10))),
        "sampling": figures.sampling_bars(MIXTURES),
        "much sampling": figures.sampling_bars(MIXTURES * 8),
        "source sizes": figures.source_set_curves(make_sets()),
        "effects": figures.effect_bars(
            make_effects(8), names=EFFECT_NAMES, detectable="detectable"
        ),
    }


SOURCE_SETS = ("en", "es", "de", "en+de+es")
EFFECT_NAMES = ("kind", "less", "languages")


def make_sets(kinds=("classification", "tagging", "span extraction"), **cell):
    """A frame of a source in four sets of languages and three sizes."""
    cell = {"low": 58.0, "high": 63.0} | cell
    rows = [
        {
            "label": f"{name} {size}",
            "languages": name,
            # As thirds add up.
            "num_examples": size - (name == "en+de+es"),
            "cells": {
                kind: make_cell(60 + at + place, **cell)
                for place, kind in enumerate(kinds)
            },
        }
        for at, name in enumerate(SOURCE_SETS)
        for size in (1800, 5400, 16_200)
    ]
    baseline = {kind: make_cell(55.0) for kind in kinds}
    return {
        "title": "Zero-shot scores after xnli by language and size",
        "columns": list(kinds),
        "rows": [{"label": "pretrained", "cells": baseline}, *rows],
        "notes": [],
    }


def make_effects(number, **changes):
    """A plain table of effects, every fourth of them a mean."""
    row = {
        "kind": "tagging",
        "less": "classification",
        "points": 1.0,
        "low": -0.5,
        "high": 2.5,
        "adjusted p": 0.2,
        "detectable": 2.0,
    } | changes
    names = [*SOURCE_SETS[1:], "mean of these"]
    return {
        "title": "Does the source's language matter more for one kind?",
        "columns": [*row, "languages"],
        "rows": [[*row.values(), names[at % 4]] for at in range(number)],
        "notes": [],
    }


def make_chain(length):
    """Scores of a chain that forgets nothing at all: all lines end alike."""
    names = [f"intermediate_task_{number}" for number in range(length)]
    return {
        "/".join(names[: end + 1]): dict.fromkeys(names[: end + 1], 80.0)
        for end in range(length)
    }


@pytest.fixture(scope="module")
def drawn():
    return make_all()


KINDS = ["one cell", "small", "large", "languages", "families", "curve"]
KINDS += ["curve of one target", "forgetting", "long chain", "sampling"]
KINDS += ["much sampling", "source sizes", "effects"]


def texts_of(figure):
    """All texts that are to be seen, those of ticks included."""
    figure.canvas.draw()
    found = list(figure.texts)
    for axes in figure.axes:
        found += [*axes.texts]
        if not axes.axison:
            continue
        found += [text for text in axes.get_children() if is_text(text)]
        for axis in (axes.xaxis, axes.yaxis):
            found.append(axis.label)
            low, high = sorted(axis.get_view_interval())
            found += [
                label
                for at, label in zip(
                    axis.get_majorticklocs(),
                    # None where they are switched off.
                    axis.get_majorticklabels(),
                    strict=False,
                )
                if low <= at <= high
            ]
    return [
        text
        for text in dict.fromkeys(found)
        if text.get_visible() and text.get_text()
    ]


def is_text(artist):
    return isinstance(artist, matplotlib.text.Text)


def words_of(figure):
    return [text.get_text() for text in texts_of(figure)]


def numbers_in(axes):
    return {text.get_text(): text for text in axes.texts}


def cells_of(figure):
    """The coloured cells, row by row."""
    return [
        patch
        for patch in figure.axes[0].patches
        if isinstance(patch, Rectangle) and patch.get_label() != "significant"
    ]


def cell_around(figure, text):
    (axes,) = [axes for axes in figure.axes if text in axes.texts]
    box = text.get_window_extent()
    (found,) = [
        patch
        for patch in cells_of(figure)
        if patch.get_window_extent().contains(
            (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        )
    ]
    return found


def marks_of(figure):
    return [
        patch
        for patch in figure.axes[0].patches
        if patch.get_label() == "significant"
    ]


def luminance(colour):
    parts = np.array(to_rgb(colour))
    linear = np.where(
        parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4
    )
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    lights = sorted([luminance(one), luminance(other)])
    return (lights[1] + 0.05) / (lights[0] + 0.05)


# Full deficiency on linear RGB, by Machado et al. 2009.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}


def seen(colour, sight):
    """CIE Lab of a colour as a sight has it."""
    parts = np.array(to_rgb(colour))
    linear = np.where(
        parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4
    )
    linear = np.clip(SIGHT[sight] @ linear, 0, 1)
    xyz = (
        np.array(
            [
                [0.4124, 0.3576, 0.1805],
                [0.2126, 0.7152, 0.0722],
                [0.0193, 0.1192, 0.9505],
            ]
        )
        @ linear
        / [0.9505, 1.0, 1.089]
    )
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def apart(one, other, sight):
    return float(np.linalg.norm(seen(one, sight) - seen(other, sight)))


def test_zero_is_white():
    frame = make_frame({"mnli": [0.0, 3.0, -1.0]}, ["a", "b", "c"])
    figure = figures.difference_map(frame)
    zero = numbers_in(figure.axes[0])["+0.0"]
    assert to_rgb(cell_around(figure, zero).get_facecolor()) == (1, 1, 1)


def test_the_colours_reach_as_far_to_gains_as_to_losses():
    frame = make_frame({"mnli": [0.2, 3.0, -1.0]}, ["a", "b", "c"])
    bar = figures.difference_map(frame).axes[1]
    assert bar.get_ylim() == (-3.0, 3.0)
    assert bar.get_ylabel() == "points"


def test_gains_and_losses_have_the_bar_s_colours():
    frame = make_frame({"mnli": [2.0, -2.0]}, ["a", "b"])
    figure = figures.difference_map(frame)
    numbers = numbers_in(figure.axes[0])
    gain = cell_around(figure, numbers["+2.0"]).get_facecolor()
    loss = cell_around(figure, numbers[f"{MINUS}2.0"]).get_facecolor()
    assert to_rgb(gain) == pytest.approx(to_rgb(maps.LOSS_TO_GAIN[-1]))
    assert to_rgb(loss) == pytest.approx(to_rgb(maps.LOSS_TO_GAIN[0]))


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([1.0, -1.0, 0.5, 0.9, 0.8, -30.0], ["+2", "+1", "0"]),
        ([1.0, -1.0, 0.5, 0.9, 0.8, -1.1], ["+1.2", "+0.6", "0"]),
        ([1.0, -30.0], ["+30", "+15", "0"]),
        ([0.0, 0.0], ["+0.1", "+0.05", "0"]),
    ],
)
def test_one_outlier_does_not_wash_out_the_rest(values, ticks):
    columns = [f"t{number}" for number in range(len(values))]
    frame = make_frame({"mnli": values}, columns)
    words = words_of(figures.difference_map(frame))
    assert set(ticks) <= set(words)
    assert f"{min(values) + 0.0:+.1f}".replace("-", MINUS) in words


def test_a_bar_that_ends_before_a_value_has_a_pointed_end():
    def points(values):
        columns = [f"t{number}" for number in range(len(values))]
        frame = make_frame({"mnli": values}, columns)
        figure = figures.difference_map(frame)
        figure.canvas.draw()
        bar = figure.axes[1]
        middle = bar.get_window_extent().y0 + bar.get_window_extent().y1
        return sorted(
            "up" if 2 * patch.get_window_extent().y0 > middle else "down"
            for patch in bar.get_children()
            if isinstance(patch, PathPatch)
        )

    calm = [1.0, -1.0, 0.5, 0.9, 0.8, 1.1]
    assert points(calm) == []
    assert points([*calm, -30.0]) == ["down"]
    assert points([*calm, 30.0]) == ["up"]
    assert points([*calm, *calm, 30.0, -30.0]) == ["down", "up"]


def test_a_significant_cell_is_marked_and_others_are_not():
    frame = make_frame({"mnli": [1.0, -2.0], "qqp": [0.4, 3.0]}, ["a", "b"])
    frame["rows"][1]["cells"]["b"]["is_significant"] = True
    figure = figures.difference_map(frame)
    marked = numbers_in(figure.axes[0])[f"{MINUS}2.0"]
    (mark,) = marks_of(figure)
    box = mark.get_window_extent()
    assert box.contains(*marked.get_window_extent().min)
    assert box.contains(*marked.get_window_extent().max)
    bold = [
        text for text in figure.axes[0].texts if text.get_weight() == "bold"
    ]
    assert bold == [marked]
    assert any("framed and bold: significant" in w for w in words_of(figure))


def test_what_the_tables_say_of_significance_is_said_here_too():
    mark = difference_table.DAGGER
    notes = [f"{mark} differs from the baseline: p < 0.05 by draws"]
    frame = make_frame({"mnli": [1.0]}, ["a"], notes=notes)
    frame["rows"][1]["cells"]["a"]["is_significant"] = True
    text = " ".join(words_of(figures.difference_map(frame)))
    assert "Framed and bold differs from the baseline: p < 0.05" in text
    assert text.count("bold") == 1
    frame = make_frame(
        {"mnli": [1.0]}, ["a"], notes=["No difference is significant (x)"]
    )
    text = " ".join(words_of(figures.difference_map(frame)))
    assert "No difference is significant" in text and "bold" not in text


def test_without_significance_the_caption_does_not_speak_of_it():
    figure = figures.difference_map(make_frame({"mnli": [1.0]}, ["a"]))
    assert not marks_of(figure)
    assert not any("significant" in word for word in words_of(figure))


def test_a_cell_without_a_score_is_hatched():
    frame = make_frame({"mnli": [1.0, None], "qqp": [1.0, 2.0]}, ["a", "b"])
    figure = figures.difference_map(frame)
    hatched = [patch for patch in cells_of(figure) if patch.get_hatch()]
    assert len(cells_of(figure)) == 4 and len(hatched) == 1
    assert len(figure.axes[0].texts) == 3
    assert any("hatched" in word for word in words_of(figure))
    whole = figures.difference_map(make_frame({"mnli": [1.0]}, ["a"]))
    assert not any("hatched" in word for word in words_of(whole))


def test_baseline_and_chance_and_columns_without_differences_are_left_out():
    frame = make_frame({"mnli": [1.0]}, ["xnli"])
    frame["columns"].append("en")
    for row in frame["rows"]:
        row["cells"]["en"] = make_cell(80.0)
    words = words_of(figures.difference_map(frame))
    assert "mnli" in words and "xnli" in words
    assert not {"pretrained", "chance", "en"} & set(words)
    assert any("difference to pretrained" in word.lower() for word in words)


def test_a_frame_may_name_its_baseline():
    frame = make_frame({"mnli": [1.0]}, ["xnli"])
    frame["rows"].insert(0, {"label": "qqp", "cells": {"xnli": make_cell()}})
    frame["baseline"] = "pretrained"
    figure = figures.difference_map(frame)
    words = words_of(figure)
    assert "qqp" in words and "pretrained" not in words
    assert [bool(patch.get_hatch()) for patch in cells_of(figure)] == [True, 0]


def test_what_is_not_zero_shot_or_over_fewer_languages_is_marked():
    frame = make_frame({"a": [1.0, 3.0, 4.0], "b": [2.0] * 3}, "xyz")
    frame["rows"][1]["cells"]["x"]["complete"] = False
    frame["rows"][1]["cells"]["y"]["zero_shot"] = False
    for row in frame["rows"]:
        row["cells"]["z"]["zero_shot"] = False
    words = words_of(figures.difference_map(frame))
    assert {"+1.0~", "+3.0*", "+4.0", "z*", "x", "y"} <= set(words)
    text = " ".join(words)
    assert "* not zero-shot" in text and "~ over fewer languages" in text


def test_numbers_are_legible_on_every_colour():
    for difference in np.linspace(-3, 3, 601):
        colour = maps._map_colour(difference, 3.0)
        assert contrast(colour, maps._ink(colour)) >= 4.5


def test_quiet_texts_are_legible_too():
    assert contrast(style.QUIET, "white") >= 4.5
    assert contrast(style.INK, "white") >= 4.5


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_differ_for_the_colour_blind(sight):
    for size in (1.0, 2.0, 3.0):
        gain = maps._map_colour(size, 3.0)
        loss = maps._map_colour(-size, 3.0)
        assert apart(gain, loss, sight) > 12 * size
        assert apart(gain, "white", sight) > 12 * size
        assert apart(loss, "white", sight) > 12 * size
    steps = [maps._map_colour(size, 3.0) for size in range(-3, 4)]
    for one, other in itertools.combinations(steps, 2):
        assert apart(one, other, sight) > 8
    for one, other in itertools.combinations(style.LINE_COLOURS, 2):
        assert apart(one, other, sight) > 8
    bars = [shares.BAR_STYLES[key]["color"] for key in shares.BAR_STYLES]
    for one, other in itertools.combinations(bars, 2):
        assert apart(one, other, sight) > 20


def test_lines_differ_without_colour_too():
    styles = [chains._line_style(number) for number in range(8)]
    looks = {(style["marker"], str(style["linestyle"])) for style in styles}
    assert len(looks) == 8
    many = {str(chains._line_style(number)) for number in range(50)}
    assert len(many) == 50
    kinds = curves.SERIES_STYLES.values()
    assert len({(kind["marker"], kind["linestyle"]) for kind in kinds}) == 3


def test_groups_stand_side_by_side_in_their_order():
    columns = ["de", "zero-shot", "fi", "fr", "hu"]
    groups = {"hu": "Uralic", "de": "IE", "fi": "Uralic", "fr": "IE"}
    frame = make_frame({"mnli": [1.0, 2.0, 3.0, 4.0, 5.0]}, columns)
    figure = figures.difference_map(frame, groups=groups)
    places = {
        text.get_text(): text.get_window_extent()
        for text in texts_of(figure)
        if text.get_text() in {"-".join(columns), *columns, *groups.values()}
    }
    order = sorted(set(columns) - {"zero-shot"}, key=lambda n: places[n].x0)
    assert order == ["fi", "hu", "de", "fr"]
    lefts = sorted(patch.get_x() for patch in cells_of(figure))
    gaps = np.diff(lefts).round(3)
    assert gaps[0] == gaps[2] > gaps[1] == gaps[3]
    assert places["Uralic"].y0 > places["fi"].y1
    middle = (places["fi"].x0 + places["hu"].x1) / 2
    assert (places["Uralic"].x0 + places["Uralic"].x1) / 2 == pytest.approx(
        middle, abs=6
    )


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_overlaps(drawn, kind):
    texts = texts_of(drawn[kind])
    boxes = [text.get_window_extent() for text in texts]
    for (one, left), (other, right) in itertools.combinations(
        zip(texts, boxes, strict=True), 2
    ):
        across = min(left.x1, right.x1) - max(left.x0, right.x0)
        down = min(left.y1, right.y1) - max(left.y0, right.y0)
        # Boxes reach below the letters that are there.
        assert across < 0.5 or down < 2.5, (one.get_text(), other.get_text())


@pytest.mark.parametrize("kind", KINDS)
def test_long_labels_stay_inside_the_figure(drawn, kind):
    figure = drawn[kind]
    page = figure.bbox
    for text in texts_of(figure):
        box = text.get_window_extent()
        assert page.x0 + 4 < box.x0 and box.x1 < page.x1 - 4, text
        assert page.y0 + 4 < box.y0 and box.y1 < page.y1 - 4, text


@pytest.mark.parametrize("kind", ["small", "large", "languages", "families"])
def test_no_label_reaches_into_the_cells(drawn, kind):
    figure = drawn[kind]
    texts_of(figure)
    cells = figure.axes[0].get_window_extent()
    for text in figure.texts:
        box = text.get_window_extent()
        assert (
            box.x1 < cells.x0 or box.y0 > cells.y1 - 2.5 or box.y1 < cells.y0
        ), text
    width = min(patch.get_window_extent().width for patch in cells_of(figure))
    for text in figure.axes[0].texts:
        assert text.get_window_extent().width < width - 2, text


def test_long_routes_wrap_between_stages():
    lines = difference_layout.wrap_route(LONG_ROUTE, 1.5)
    assert lines == ["snli+mnli+anli/", "squad_v2/hellaswag"]
    assert difference_layout.wrap_route("mnli", 1.7) == ["mnli"]
    narrow = difference_layout.wrap_route(LONG_ROUTE, 0.9)
    assert "".join(narrow) == LONG_ROUTE
    assert all(texts.width_of([line]) <= 0.9 for line in narrow)


def test_figures_have_the_size_of_a_screen(drawn):
    pixels = {
        kind: 100 * figure.get_size_inches() for kind, figure in drawn.items()
    }
    assert pixels["large"][0] <= 1200 and pixels["large"][1] <= 700
    languages = list(LANGUAGES)[:15]
    frame = make_large(ROUTES, languages)
    width, height = 100 * figures.difference_map(frame).get_size_inches()
    assert width <= 1600 and height <= 700
    assert pixels["languages"][0] <= 2400
    for kind in ("curve", "forgetting", "long chain", "much sampling"):
        assert pixels[kind][0] <= 1700, kind


@pytest.mark.parametrize("write", [figures.to_png, figures.to_svg])
def test_the_same_frame_gives_the_same_bytes(drawn, write):
    again = figures.difference_map(make_large())
    first = write(drawn["large"])
    assert write(again) == first
    # A figure that was drawn once is still the same.
    assert write(drawn["large"]) == first
    assert write(figures.sampling_bars(MIXTURES)) == write(drawn["sampling"])
    other = figures.difference_map(make_large(seed=2))
    assert write(other) != first


def test_files_say_neither_when_nor_by_what_they_were_written(drawn):
    png = figures.to_png(drawn["small"])
    svg = figures.to_svg(drawn["small"])
    assert png.startswith(b"\x89PNG\r\n") and b"tEXt" not in png
    assert b"<dc:date>" not in svg
    assert matplotlib.__version__.encode() not in svg


def test_dpi_scales_the_picture(drawn):
    sizes = [
        tuple(np.frombuffer(found[16:24], ">u4"))
        for found in (
            figures.to_png(drawn["small"]),
            figures.to_png(drawn["small"], dpi=200),
        )
    ]
    assert sizes[0] == tuple(
        (100 * drawn["small"].get_size_inches()).astype(int)
    )
    assert abs(np.array(sizes[1]) - 2 * np.array(sizes[0])).max() <= 1


def test_texts_of_an_svg_are_texts(drawn):
    svg = figures.to_svg(drawn["large"]).decode()
    root = xml.etree.ElementTree.fromstring(svg)
    texts = [
        "".join(node.itertext())
        for node in root.iter("{http://www.w3.org/2000/svg}text")
    ]
    assert {"mnli/squad", "tatoeba", "points"} <= set(texts)
    assert re.search('font[^;"]*sans-serif', svg)


@pytest.mark.parametrize("kind", KINDS)
def test_all_figures_can_be_written(drawn, kind):
    assert isinstance(drawn[kind], Figure)
    assert len(figures.to_png(drawn[kind], dpi=50)) > 1000
    xml.etree.ElementTree.fromstring(figures.to_svg(drawn[kind]))


def test_the_user_s_settings_change_nothing_and_are_kept():
    frame = make_frame({"mnli": [1.0, -2.0]}, ["xnli", "panx"])
    plain = figures.to_png(figures.difference_map(frame))
    changes = {"font.size": 30, "savefig.dpi": 300, "axes.grid": True}
    with matplotlib.rc_context(changes):
        before = dict(matplotlib.rcParams)
        assert figures.to_png(figures.difference_map(frame)) == plain
        assert dict(matplotlib.rcParams) == before


def test_pyplot_and_frameworks_stay_out():
    code = (
        "import sys\n"
        "from stilts_keras.reporting import figures\n"
        "from stilts_keras.records.rows import SourceShare, Training\n"
        "seen = {'sequences': 1, 'sequences_seen': 1, 'tokens_seen': 1}\n"
        "both = [SourceShare(name=n, share=0.5, **seen) for n in 'ab']\n"
        "stage = Training(stage='f', path='a', parent=None, seed=1, "
        "num_steps=1, sources=tuple(both))\n"
        "figures.to_png(figures.sampling_bars([stage]))\n"
        "names = ['matplotlib.pyplot', 'tensorflow', 'keras', 'jax', 'torch']\n"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_dollars_in_names_are_no_formulas():
    frame = make_frame({"a$b$_c": [1.0]}, ["x$y^2$"])
    words = words_of(figures.difference_map(frame))
    assert "a$b$_c" in words and "x$y^2$" in words
    assert b"a$b$_c" in figures.to_svg(figures.difference_map(frame))


@pytest.mark.parametrize(
    "frame",
    [
        make_frame({}, ["xnli"]),
        make_frame({"mnli": [None]}, ["xnli"]),
        {"title": "Nothing", "columns": [], "notes": [], "rows": []},
    ],
)
def test_no_differences_are_an_error_not_an_empty_map(frame):
    with pytest.raises(InputError, match="no differences to draw"):
        figures.difference_map(frame)


def test_frames_of_tables_can_be_drawn():
    rows = [
        fake_runs.score(route=route, language=language, value=value, n=10)
        for route, value in (("pretrained", 50.0), ("mnli", 51.5))
        for language in ("de", "zh")
    ]
    primary = {"xnli": "accuracy"}
    frame = tables.summary_frame(rows, "pretrained", primary=primary)
    assert "+1.5" in words_of(figures.difference_map(frame))
    frame = tables.number_of_tasks_frame(
        rows, primary=primary, shape=lambda route: (route == "mnli",) * 2
    )
    assert len(figures.number_of_tasks_curve(frame).axes) == 2


def lines_in(axes):
    """The points of each line that has several or a marker of its own."""
    return {
        container.get_label(): container[0].get_xydata().tolist()
        for container in axes.containers
    }


def test_no_task_and_one_task_belong_to_both_series():
    shapes = [(0, 0), (1, 1), (2, 1), (2, 2), (3, 1), (3, 3)]
    figure = figures.number_of_tasks_curve(make_numbers(shapes))
    large, *small = figure.axes
    for axes in small:
        assert lines_in(axes) == {
            "one stage each": [[0, 50], [1, 51.1], [2, 52.2], [3, 53.3]],
            "all in one stage": [[0, 50], [1, 51.1], [2, 52.1], [3, 53.1]],
        }
    assert [len(points) for points in lines_in(large).values()] == [4, 4]
    assert {"one stage each", "all in one stage"} <= set(words_of(figure))


def test_other_shapes_are_points_of_their_own():
    figure = figures.number_of_tasks_curve(make_numbers([(0, 0), (3, 2)]))
    for name in (curves.IN_BETWEEN, curves.ONE_EACH):
        assert name in words_of(figure)
    assert lines_in(figure.axes[1])[curves.IN_BETWEEN] == [[3, 53.2]]


def test_a_series_without_points_of_its_own_is_left_out():
    figure = figures.number_of_tasks_curve(
        make_numbers([(0, 0), (1, 1), (2, 1)])
    )
    assert list(lines_in(figure.axes[0])) == [curves.ALL_IN_ONE]
    assert curves.ONE_EACH not in words_of(figure)
    figure = figures.number_of_tasks_curve(make_numbers([(0, 0), (1, 1)]))
    assert list(lines_in(figure.axes[0])) == [curves.ONE_EACH]


def bars_in(axes):
    """The half heights of all bars, rounded."""
    return {
        round(float(np.ptp(segment[:, 1])) / 2, 3)
        for container in axes.containers
        for lines in container[2]
        for segment in lines.get_segments()
    }


def test_bars_are_deviations_or_else_intervals():
    several = make_numbers(SHAPES, deviation=0.4)
    several["rows"][0]["cells"]["mean"]["deviation"] = None
    figure = figures.number_of_tasks_curve(several)
    assert bars_in(figure.axes[0]) == {0.4, 0.0}
    assert any("standard deviation" in word for word in words_of(figure))
    single = figures.number_of_tasks_curve(make_numbers(SHAPES))
    assert bars_in(single.axes[0]) == {1.5}
    assert any("95 % interval" in word for word in words_of(single))
    none = figures.number_of_tasks_curve(make_numbers(SHAPES, margin=None))
    assert not bars_in(none.axes[0])
    assert not any("bars" in word for word in words_of(none))


@pytest.mark.parametrize("most", [1, 2, 9, 23])
def test_numbers_of_tasks_are_whole(most):
    figure = figures.number_of_tasks_curve(
        make_numbers([(number, number) for number in range(most + 1)])
    )
    for axes in figure.axes:
        ticks = [label.get_text() for label in axes.get_xticklabels()]
        assert all(tick.isdigit() for tick in ticks) and len(ticks) > 1


def test_a_tiny_change_is_no_cliff():
    frame = make_numbers([(0, 0), (1, 1)])
    for row in frame["rows"]:
        for cell in row["cells"].values():
            cell["value"] = 50 + row["shape"][0] / 100
    for axes in figures.number_of_tasks_curve(frame).axes:
        assert np.ptp(axes.get_ylim()) >= style.MIN_SPAN


def test_without_a_common_mean_there_are_only_small_panels():
    frame = make_numbers(SHAPES, ["xnli", "panx"])
    figure = figures.number_of_tasks_curve(frame)
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == ["xnli", "panx"]
    only = figures.number_of_tasks_curve(make_numbers(SHAPES, ["mean"]))
    assert [axes.get_title("left") for axes in only.axes] == ["mean"]


def test_no_scores_are_an_error_not_an_empty_curve():
    with pytest.raises(InputError, match="no scores to draw"):
        figures.number_of_tasks_curve(make_numbers([]))
    empty = make_numbers(SHAPES)
    for row in empty["rows"]:
        row["cells"] = {}
    with pytest.raises(InputError, match="no scores to draw"):
        figures.number_of_tasks_curve(empty)


def curves_in(axes):
    """The points of the lines with markers, without those unknown."""
    return [
        [(x, y) for x, y in line.get_xydata().tolist() if y == y]
        for line in axes.lines
        if line.get_marker() not in ("None", "", None)
    ]


def test_each_longest_chain_is_a_panel_with_a_line_for_each_source():
    figure = figures.forgetting_curves(make_lessons(LESSONS))
    stages = [
        [label.get_text().strip() for label in axes.get_xticklabels()]
        for axes in figure.axes
    ]
    assert stages == [["mnli", "squad", "hellaswag"], ["hellaswag", "squad"]]
    assert curves_in(figure.axes[0]) == [
        [(0, 85.0), (1, 80.0), (2, 79.8)],
        [(1, 88.0), (2, 80.0)],
        [(2, 79.9)],
    ]
    assert curves_in(figure.axes[1]) == [[(1, 89.0)], [(0, 82.0), (1, 75.0)]]
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()


@pytest.mark.parametrize("kind", ["forgetting", "long chain"])
def test_stages_are_named_below_the_axis(drawn, kind):
    texts_of(drawn[kind])
    for axes in drawn[kind].axes:
        bottom = axes.get_window_extent().y0
        for label in axes.get_xticklabels():
            assert label.get_window_extent().y1 < bottom


def test_lines_are_named_at_their_ends_in_their_order():
    figure = figures.forgetting_curves(make_lessons(LESSONS))
    texts_of(figure)
    names = sorted(
        figure.axes[0].texts, key=lambda text: text.get_window_extent().y0
    )
    assert [text.get_text() for text in names] == [
        "mnli",
        "hellaswag",
        "squad",
    ]


def test_twins_of_a_stage_are_followed_along_their_own_route():
    figure = figures.forgetting_curves(
        make_lessons(
            {
                "mnli of mnli": {"mnli": 85.0},
                "mnli of mnli/qqp": {"mnli": 80.0},
                "mnli/qqp": {"mnli": 70.0, "qqp": 90.0},
            }
        )
    )
    (axes,) = figure.axes
    assert curves_in(axes)[0] == [(0, 80.0), (1, 70.0)]


def test_twins_of_a_whole_chain_are_panels_that_say_so():
    figure = figures.forgetting_curves(
        make_lessons(
            {
                "mnli": {"mnli": 85.0},
                "mnli/qqp of mnli/qqp": {"mnli": 70.0, "qqp": 90.0},
                "mnli/qqp of mnli/qqp/pos": {"mnli": 75.0, "qqp": 91.0},
            }
        )
    )
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == ["stages of mnli/qqp", "stages of mnli/qqp/pos"]


def test_a_stage_without_scores_is_a_gap():
    scores = {name: found for name, found in LESSONS.items() if "/" in name}
    figure = figures.forgetting_curves(make_lessons(scores))
    (axes,) = figure.axes
    assert curves_in(axes)[0] == [(1, 80.0), (2, 79.8)]
    assert len(axes.get_xticklabels()) == 3


def test_too_many_chains_are_counted_not_drawn():
    scores = {}
    for number in range(15):
        scores[f"t{number}"] = {f"t{number}": 80.0}
        scores[f"t{number}/mnli"] = {f"t{number}": 70.0, "mnli": 80.0}
    figure = figures.forgetting_curves(make_lessons(scores))
    assert len(figure.axes) == page.MAX_PANELS
    assert "The first 12 of 15 chains" in words_of(figure)


def test_without_a_chain_there_is_nothing_to_forget():
    for scores in ({}, {"mnli": {"mnli": 80.0}}):
        with pytest.raises(InputError, match="no route has two stages"):
            figures.forgetting_curves(make_lessons(scores))


def test_bars_are_shares_of_all_that_a_stage_has_seen():
    figure = figures.sampling_bars([make_stage("a+b", "a", "b")])
    (axes,) = figure.axes
    widths = [
        [round(bar.get_width(), 1) for bar in bars] for bars in axes.containers
    ]
    assert widths == [[33.3, 66.7], [20.0, 80.0]]
    (expected,) = axes.lines
    assert expected.get_xdata().tolist() == [50.0, 50.0]
    assert axes.get_xlim() == (0, 100)
    words = words_of(figure)
    assert {"a+b", "a", "b", "sequences seen", "tokens seen"} <= set(words)
    assert "Percent of what the stage has seen; seed 1" in words


def test_stages_of_one_source_are_left_out():
    figure = figures.sampling_bars([make_stage("a", "a"), *MIXTURES])
    assert len(figure.axes) == len(MIXTURES)
    for stages in ([], [make_stage("a", "a")]):
        with pytest.raises(InputError, match="no stage has two sources"):
            figures.sampling_bars(stages)


def test_seeds_are_named_where_there_are_several():
    stages = [make_stage("a+b", "a", "b", seed=seed) for seed in (1, 2)]
    words = words_of(figures.sampling_bars(stages))
    assert "a+b, seed 1" in words and "a+b, seed 2" in words


def test_a_stage_that_has_seen_nothing_has_no_bars():
    stage = make_stage("a+b", "a", "b")
    unseen = [
        dataclasses.replace(source, sequences_seen=0, tokens_seen=0)
        for source in stage.sources
    ]
    stage = dataclasses.replace(stage, sources=tuple(unseen))
    (axes,) = figures.sampling_bars([stage]).axes
    assert {bar.get_width() for bars in axes.containers for bar in bars} == {0}


def test_too_many_stages_are_counted_not_drawn():
    figure = figures.sampling_bars(MIXTURES * 8)
    assert len(figure.axes) == page.MAX_PANELS
    assert "The first 12 of 32 stages" in words_of(figure)


# ------------------------------------------------------------ Source languages
def test_each_kind_is_a_panel_with_a_line_for_each_set(drawn):
    figure = drawn["source sizes"]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["classification", "tagging", "span extraction"]
    for axes in figure.axes:
        lines = {bars.get_label(): bars[0] for bars in axes.containers}
        assert list(lines) == list(SOURCE_SETS)
        heights = {name: line.get_ydata() for name, line in lines.items()}
        assert np.ptp(heights["es"]) == 0
        assert heights["es"][0] == heights["en"][0] + 1
    words = words_of(figure)
    assert {"1.8k", "5.4k", "16.2k", *SOURCE_SETS} <= set(words)


def test_long_bars_do_not_flatten_the_points():
    figure = figures.source_set_curves(make_sets(low=0.0, high=100.0))
    low, high = figure.axes[0].get_ylim()
    # Points from 55, the baseline, to 63.
    assert 40 < low < 55 and 63 < high < 80


def test_sets_without_scores_are_an_error_not_an_empty_curve():
    frame = make_sets()
    frame["rows"] = frame["rows"][:1]
    with pytest.raises(InputError, match="no scores to draw"):
        figures.source_set_curves(frame)


def test_significant_effects_are_filled_and_bands_are_detectable():
    table = make_effects(1, **{"adjusted p": 0.01})
    figure = figures.effect_bars(
        table, names=EFFECT_NAMES, detectable="detectable"
    )
    (axes,) = figure.axes
    (point,) = [line for line in axes.lines if line.get_marker() == "o"]
    assert point.get_markerfacecolor() == point.get_color()
    (band,) = axes.patches
    assert (band.get_x(), band.get_width()) == (-2.0, 4.0)
    assert "tagging less classification, es" in words_of(figure)
    (hollow,) = [
        line
        for line in figures.effect_bars(make_effects(1), names=EFFECT_NAMES)
        .axes[0]
        .lines
        if line.get_marker() == "o"
    ]
    assert to_rgb(hollow.get_markerfacecolor()) == (1.0, 1.0, 1.0)


def test_of_many_effects_the_means_are_drawn_and_the_others_counted():
    figure = figures.effect_bars(
        make_effects(40), names=EFFECT_NAMES, means="mean of these"
    )
    points = [x for x in figure.axes[0].lines if x.get_marker() == "o"]
    assert len(points) == 10
    assert any("10 of 40" in word for word in words_of(figure))


def test_no_effects_are_an_error_not_an_empty_figure():
    with pytest.raises(InputError, match="no effects to draw"):
        figures.effect_bars(make_effects(0), names=EFFECT_NAMES)
