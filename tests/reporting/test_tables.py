"""Tables, first as numbers and then as drawn."""

import dataclasses
import io

import pytest
from rich.console import Console

import fake_runs
from stilts_keras.errors import InputError
from stilts_keras.reporting import rendering
from stilts_keras.reporting import tables
from stilts_keras.scoring.suites import XTREME

PRIMARY = {"xnli": "accuracy", "tatoeba": "accuracy"}


def make_rows(scores, **changes):
    """Builds rows from {(route, seed, target, language): value}."""
    return [
        fake_runs.score(
            **{
                "route": route,
                "seed": seed,
                "target": target,
                "language": language,
                "value": value,
                "n": 10,
                "zero_shot": language != "en",
            }
            | changes
        )
        for (route, seed, target, language), value in scores.items()
    ]


@pytest.fixture
def rows():
    """Two routes, two seeds, one trained and one retrieval target."""
    return make_rows(
        {
            ("pretrained", 1, "xnli", "en"): 80.0,
            ("pretrained", 1, "xnli", "de"): 60.0,
            ("pretrained", 1, "xnli", "zh"): 40.0,
            ("pretrained", 2, "xnli", "en"): 82.0,
            ("pretrained", 2, "xnli", "de"): 62.0,
            ("pretrained", 2, "xnli", "zh"): 42.0,
            ("mnli", 1, "xnli", "en"): 90.0,
            ("mnli", 1, "xnli", "de"): 70.0,
            ("mnli", 1, "xnli", "zh"): 41.0,
            ("mnli", 2, "xnli", "en"): 92.0,
            ("mnli", 2, "xnli", "de"): 70.0,
            ("mnli", 2, "xnli", "zh"): 41.0,
            ("pretrained", 1, "tatoeba", "de"): 30.0,
            ("mnli", 1, "tatoeba", "de"): 20.0,
        }
    )


def cell(frame, label, column):
    """Looks one cell up."""
    (found,) = (row for row in frame["rows"] if row["label"] == label)
    return found["cells"][column]


def draw(width, frame):
    """Prints to a string of some width that is no terminal."""
    console = Console(file=io.StringIO(), width=width)
    rendering.print_frame(frame, console)
    return console.file.getvalue()


def test_summary_is_the_mean_over_seeds_and_zero_shot_languages(rows):
    frame = tables.summary_frame(rows, "pretrained", primary=PRIMARY)
    assert frame["columns"] == ["xnli", "tatoeba"]
    assert cell(frame, "pretrained", "xnli")["value"] == pytest.approx(51.0)
    assert cell(frame, "pretrained", "xnli")["difference"] is None
    assert cell(frame, "mnli", "xnli")["value"] == pytest.approx(55.5)
    assert cell(frame, "mnli", "xnli")["difference"] == pytest.approx(4.5)
    assert cell(frame, "mnli", "tatoeba")["difference"] == pytest.approx(-10)


def test_tables_name_the_targets_that_were_scored_on_dev_rows(rows):
    rows = [
        dataclasses.replace(row, split="dev")
        if row.target == "tatoeba"
        else row
        for row in rows
    ]
    frame = tables.summary_frame(rows, "pretrained", primary=PRIMARY)
    assert "tatoeba: on dev rows" in frame["notes"]
    frame = tables.target_frame(rows, "xnli", "accuracy", "pretrained")
    assert not any("dev rows" in note for note in frame["notes"])


def summary(**scores):
    return {name: {"avg_metric": value} for name, value in scores.items()}


def test_xtreme_table_averages_seeds_and_shows_no_score_that_is_not_there():
    scores = {
        ("pretrained", 1): summary(xnli=60.0, xquad=50.0),
        ("pretrained", 2): summary(xnli=62.0, xquad=54.0),
        ("mnli", 1): summary(xnli=64.0) | {"absent": ["xquad"]},
    }
    frame = tables.suite_frame(XTREME, scores, "pretrained", notes=["A note"])
    assert frame["columns"] == ["xnli", "xquad"]
    assert cell(frame, "pretrained", "xnli")["value"] == 61.0
    assert cell(frame, "pretrained", "xnli")["difference"] is None
    assert cell(frame, "mnli", "xnli")["difference"] == 4.0
    assert "xquad" not in frame["rows"][1]["cells"]
    assert frame["notes"][-1] == "A note"
    whole = {("pretrained", 1): summary(xnli=60.0) | {"all_task": 40.0}}
    frame = tables.suite_frame(XTREME, whole, "pretrained")
    assert cell(frame, "pretrained", "XTREME")["value"] == 40.0


def test_layer_table_has_a_column_for_each_hidden_state():
    rows = [
        dataclasses.replace(row, layer=layer, value=10.0 * layer + index)
        for layer in (0, 1, 10, 2)
        for index, row in enumerate(
            make_rows(
                {
                    ("pretrained", 1, "tatoeba", "de"): 0.0,
                    ("pretrained", 1, "tatoeba", "hi"): 0.0,
                }
            )
        )
    ]
    frame = tables.layer_frame(rows, "tatoeba", "accuracy")
    assert frame["columns"] == ["0", "1", "2", "10"]
    assert cell(frame, "pretrained", "10")["value"] == 100.5


def test_summary_uses_each_target_s_metric_only(rows):
    noise = make_rows({("mnli", 1, "xnli", "de"): 0.0}, metric="f1")
    noise += make_rows({("mnli", 1, "udpos", "de"): 0.0})
    assert tables.summary_frame(
        rows + noise, "pretrained", primary=PRIMARY
    ) == tables.summary_frame(rows, "pretrained", primary=PRIMARY)


def test_an_average_over_seeds_is_compared_to_the_mean_of_all_seeds(rows):
    rows += make_rows(
        {
            ("average-seeds", 1, "xnli", "de"): 66.0,
            ("average-seeds", 1, "xnli", "zh"): 50.0,
            ("mnli/average-seeds", 1, "xnli", "de"): 70.0,
            ("mnli/average-seeds", 1, "xnli", "zh"): 47.0,
        }
    )
    frame = tables.summary_frame(rows, "pretrained", primary=PRIMARY)
    found = cell(frame, "average-seeds", "xnli")
    assert (found["value"], found["count"]) == (58.0, 1)
    # Seed 1 alone would be 50.
    assert found["difference"] == pytest.approx(58.0 - 51.0)
    assert found["p"] is None
    assert any(note.startswith("average-seeds:") for note in frame["notes"])
    # Two averages are of the same seeds.
    frame = tables.summary_frame(rows, "average-seeds", primary=PRIMARY)
    found = cell(frame, "mnli/average-seeds", "xnli")
    assert (found["difference"], found["difference_count"]) == (0.5, 1)


def test_differences_compare_only_languages_zero_shot_for_both(rows):
    # The route saw German: its mean is over Chinese alone.
    seen = make_rows({("mnli@de", 1, "xnli", "de"): 99.0}, zero_shot=False)
    seen += make_rows({("mnli@de", 1, "xnli", "zh"): 45.0})
    frame = tables.summary_frame(rows + seen, "pretrained", primary=PRIMARY)
    found = cell(frame, "mnli@de", "xnli")
    assert found["value"] == 45.0
    assert found["difference"] == pytest.approx(45.0 - 40.0)
    assert not found["complete"]
    assert rendering.format_cell(found) == "45.0 (+5.0)~"
    assert any(note.startswith("~") for note in frame["notes"])


def test_the_baseline_is_the_first_route_unless_named(rows):
    frame = tables.summary_frame(rows, None, primary=PRIMARY)
    assert cell(frame, "pretrained", "xnli")["difference"] is None
    assert cell(frame, "mnli", "xnli")["difference"] is not None
    frame = tables.summary_frame(rows, "mnli", primary=PRIMARY)
    assert cell(frame, "pretrained", "xnli")["difference"] == pytest.approx(
        -4.5
    )


def test_a_baseline_without_results_is_named_with_a_suggestion(rows):
    with pytest.raises(InputError, match="Did you mean 'pretrained'"):
        tables.summary_frame(rows, "pretraned", primary=PRIMARY)


def test_no_results_are_an_error_not_an_empty_table(rows):
    with pytest.raises(InputError, match="no results"):
        tables.summary_frame([], None, primary=PRIMARY)
    with pytest.raises(InputError, match="no results of target 'xquad'"):
        tables.target_frame(rows, "xquad", "f1", None)


def test_target_table_keeps_english_apart_from_the_mean(rows):
    frame = tables.target_frame(rows, "xnli", "accuracy", "pretrained")
    assert frame["columns"] == ["en", "zero-shot", "de", "zh"]
    assert cell(frame, "mnli", "en")["value"] == pytest.approx(91.0)
    assert not cell(frame, "mnli", "en")["zero_shot"]
    assert cell(frame, "mnli", "zero-shot")["value"] == pytest.approx(55.5)
    assert cell(frame, "mnli", "zero-shot")["difference"] == pytest.approx(4.5)
    assert cell(frame, "mnli", "de")["value"] == pytest.approx(70.0)


def test_a_language_that_another_task_was_trained_in_is_marked(rows):
    seen = make_rows(
        {("mlm@de", 1, "xnli", "de"): 61.0}, seen_language=True
    ) + make_rows({("mlm@de", 1, "xnli", "zh"): 41.0}, seen_language=False)
    frame = tables.target_frame(rows + seen, "xnli", "accuracy", "pretrained")
    assert cell(frame, "mlm@de", "de")["seen_language"]
    assert not cell(frame, "mlm@de", "zh")["seen_language"]
    assert not cell(frame, "pretrained", "de")["seen_language"]
    lines = draw(200, frame)
    assert "61.0¶" in lines and "41.0¶" not in lines
    assert r"61.0\P{}" in rendering.to_latex(frame)
    assert sum(note.startswith("¶") for note in frame["notes"]) == 1
    frame = tables.target_frame(rows, "xnli", "accuracy", "pretrained")
    assert not any(note.startswith("¶") for note in frame["notes"])


def test_retrieval_targets_have_no_english_and_no_mark(rows):
    frame = tables.target_frame(rows, "tatoeba", "accuracy", "pretrained")
    assert frame["columns"] == ["zero-shot", "de"]
    assert not any("not zero-shot" in note for note in frame["notes"])


def test_a_target_that_lacks_a_route_shows_a_dash(rows):
    rows = [
        row for row in rows if (row.route, row.target) != ("mnli", "tatoeba")
    ]
    frame = tables.summary_frame(rows, "pretrained", primary=PRIMARY)
    markdown = rendering.to_markdown(frame)
    assert "| mnli | 55.5±0.0 n2 (+4.5) | - |" in markdown


def of_seed(rows, seed):
    return [row for row in rows if row.seed == seed]


def with_interval(rows, half_width, chance):
    return [
        dataclasses.replace(
            row,
            low=row.value - half_width,
            high=row.value + half_width,
            chance=chance,
        )
        for row in rows
    ]


def test_chance_is_a_row_of_its_own(rows):
    rows = with_interval(rows, 1.0, 100 / 3)
    frame = tables.summary_frame(rows, None, primary=PRIMARY)
    assert frame["rows"][-1]["label"] == "chance"
    assert cell(frame, "chance", "xnli")["value"] == pytest.approx(33.333, 1e-3)
    frame = tables.target_frame(rows, "xnli", "accuracy", None)
    assert cell(frame, "chance", "zh")["value"] == pytest.approx(33.333, 1e-3)


def test_what_may_be_chance_is_marked(rows):
    rows = of_seed(rows, 1)
    sure = tables.summary_frame(
        with_interval(rows, 1.0, 0.5), None, primary=PRIMARY
    )
    unsure = tables.summary_frame(
        with_interval(rows, 200.0, 0.5), None, primary=PRIMARY
    )
    texts = [rendering.to_markdown(frame) for frame in (sure, unsure)]
    assert "°" not in texts[0] and "±1.0" in texts[0]
    assert "±200.0°" in texts[1] and "° may be chance" in texts[1]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "61.2"),
        ({"zero_shot": False}, "61.2*"),
        ({"in_benchmark": False, "margin": 1.0}, "61.2±1.0§"),
        ({"difference": 1.25}, "61.2 (+1.2)"),
        ({"margin": 2.0, "difference": 1.0}, "61.2±2.0 (+1.0)"),
        ({"margin": 30.0, "above_chance": False}, "61.2±30.0°"),
        (
            {"margin": 1.0, "above_chance": False, "collapsed": True},
            "61.2±1.0°‡",
        ),
        ({"difference": -0.01}, "61.2 (+0.0)"),
        ({"difference": -1.0}, "61.2 (-1.0)"),
        ({"value": None}, "-"),
        ({"deviation": 0.8, "count": 3}, "61.2±0.8 n3"),
        ({"deviation": 0.8, "count": 3, "margin": 2.0}, "61.2±0.8 n3"),
        (
            {"deviation": 0.8, "count": 3, "difference": 1.3},
            "61.2±0.8 n3 (+1.3)",
        ),
        (
            {"deviation": 0.8, "count": 3, "zero_shot": False},
            "61.2±0.8* n3",
        ),
        ({"difference": -2.0, "is_significant": True}, "61.2 (-2.0†)"),
    ],
)
def test_cells_are_short_and_signed(changes, text):
    made = tables.new_cell(61.21, count=1)
    assert rendering.format_cell(made | changes) == text


def test_markdown_has_the_same_numbers_and_escapes_its_marks(rows):
    rows = of_seed(rows, 1)
    frame = tables.target_frame(rows, "xnli", "accuracy", "pretrained")
    markdown = rendering.to_markdown(frame)
    assert "| route | en | zero-shot | de | zh |" in markdown
    assert "| mnli | 90.0* | 55.5 (+5.5) | 70.0 | 41.0 |" in markdown
    assert "\n- \\* not zero-shot" in markdown


def test_printed_tables_show_the_numbers(rows):
    text = draw(100, tables.summary_frame(rows, None, primary=PRIMARY))
    assert "55.5±0.0 n2 (+4.5)" in text
    text = draw(100, tables.target_frame(rows, "xnli", "accuracy", None))
    assert "91.0±1.4* n2" in text
    assert "One seed" not in text


def test_forty_languages_fold_into_tables_that_fit():
    languages = ["en", *(f"l{i}" for i in range(39))]
    long_route = "mnli+qqp+hellaswag@de:50000/squad_v2+squad@es"
    rows = make_rows(
        {
            (route, 1, "panx", language): 50.0
            for route in ("pretrained", long_route)
            for language in languages
        }
    )
    text = draw(100, tables.target_frame(rows, "panx", "accuracy", None))
    assert max(len(line) for line in text.splitlines()) <= 100
    assert text.count("continued") >= 3
    assert "…" not in text
    for language in languages:
        assert f" {language} " in text


@pytest.mark.parametrize("width", [40, 60, 100, 300])
def test_tables_have_at_most_twelve_columns_and_fit_the_width(width):
    languages = [f"l{i:02d}" for i in range(40)]
    rows = make_rows({("a", 1, "panx", key): 50.0 for key in languages})
    text = draw(width, tables.target_frame(rows, "panx", "accuracy", None))
    heads = [line for line in text.splitlines() if "route" in line]
    assert all(len(line.split()) <= 13 for line in heads)
    assert max(len(line) for line in text.splitlines()) <= width


def test_routes_stay_on_one_line_where_the_table_folds_for_them():
    route = "mnli+hellaswag@de:20k/squad_v2"
    languages = [f"l{i:02d}" for i in range(30)]
    rows = make_rows({(route, 1, "panx", key): 50.0 for key in languages})
    text = draw(100, tables.target_frame(rows, "panx", "accuracy", None))
    assert text.count(f" {route} ") == text.count("panx: accuracy")


def test_route_names_are_not_read_as_style():
    rows = make_rows({("[bold]x", 1, "panx", "de"): 50.0})
    text = draw(100, tables.target_frame(rows, "panx", "accuracy", None))
    assert "[bold]x" in text


def test_means_over_languages_are_taken_within_each_seed_first(rows):
    frame = tables.summary_frame(rows, "pretrained", primary=PRIMARY)
    found = cell(frame, "pretrained", "xnli")
    # 50 and 52: languages 20 points apart add nothing to the deviation.
    assert found["deviation"] == pytest.approx(2**0.5)
    assert found["count"] == 2
    assert cell(frame, "mnli", "tatoeba")["deviation"] is None
    assert cell(frame, "mnli", "tatoeba")["count"] == 1


def test_single_languages_show_their_seeds_too(rows):
    frame = tables.target_frame(rows, "xnli", "accuracy", "pretrained")
    assert cell(frame, "mnli", "en")["count"] == 2
    assert cell(frame, "mnli", "en")["deviation"] == pytest.approx(2**0.5)
    assert cell(frame, "mnli", "de")["deviation"] == 0.0
    assert cell(frame, "mnli", "zero-shot")["deviation"] == 0.0


def test_xtreme_s_scores_show_their_seeds_too():
    scores = {
        ("pretrained", 1): summary(xnli=60.0, xquad=50.0),
        ("pretrained", 2): summary(xnli=62.0),
    }
    frame = tables.suite_frame(XTREME, scores, "pretrained")
    markdown = rendering.to_markdown(frame)
    assert "| pretrained | 61.0±1.4 n2 | 50.0 n1 |" in markdown
    assert any("over seeds" in note for note in frame["notes"])


def test_layers_show_their_seeds_too():
    rows = [
        dataclasses.replace(row, layer=3)
        for row in make_rows(
            {
                ("pretrained", 1, "tatoeba", "de"): 10.0,
                ("pretrained", 1, "tatoeba", "hi"): 30.0,
                ("pretrained", 2, "tatoeba", "de"): 14.0,
                ("pretrained", 2, "tatoeba", "hi"): 34.0,
            }
        )
    ]
    frame = tables.layer_frame(rows, "tatoeba", "accuracy")
    assert "22.0±2.8 n2" in rendering.to_markdown(frame)


def test_a_table_with_seeds_shows_every_count_and_no_interval(rows):
    frame = tables.summary_frame(
        with_interval(rows, 7.0, 0.5), None, primary=PRIMARY
    )
    markdown = rendering.to_markdown(frame)
    assert "| pretrained | 51.0±1.4 n2 | 30.0 n1 |" in markdown
    assert "| chance | 0.5 | 0.5 |" in markdown
    assert "±7.0" not in markdown and "95 % interval" not in markdown
    assert frame["notes"][-1] == (
        "± standard deviation over seeds; n: their number"
    )
    assert cell(frame, "chance", "xnli")["count"] is None


def test_a_table_of_one_seed_shows_no_count(rows):
    frame = tables.summary_frame(
        with_interval(of_seed(rows, 1), 7.0, 0.5), None, primary=PRIMARY
    )
    markdown = rendering.to_markdown(frame)
    assert "| mnli | 55.5±7.0 (+5.5) | 20.0±7.0 (-10.0) |" in markdown
    assert not any("seeds" in note for note in frame["notes"])
    assert cell(frame, "mnli", "xnli")["count"] == 1


def test_seeds_are_compared_on_the_languages_that_all_of_them_have(rows):
    extra = make_rows({("mnli", 2, "xnli", "sw"): 0.0})
    frame = tables.summary_frame(rows + extra, None, primary=PRIMARY)
    found = cell(frame, "mnli", "xnli")
    assert found == cell(
        tables.summary_frame(rows, None, primary=PRIMARY), "mnli", "xnli"
    )


def test_seeds_that_share_no_language_count_whole_and_are_marked():
    rows = make_rows(
        {
            ("pretrained", 1, "xnli", "de"): 60.0,
            ("mnli", 1, "xnli", "de"): 70.0,
            ("mnli", 2, "xnli", "zh"): 40.0,
        }
    )
    frame = tables.summary_frame(rows, None, primary=PRIMARY)
    found = cell(frame, "mnli", "xnli")
    assert (found["value"], found["count"]) == (55.0, 2)
    assert found["difference"] is None and not found["complete"]
    assert any("seeds that share none" in note for note in frame["notes"])


def test_differences_are_over_languages_that_all_seeds_of_both_have(rows):
    # The second seed of the baseline lacks Chinese.
    rows = [
        row
        for row in rows
        if (row.route, row.seed, row.language) != ("pretrained", 2, "zh")
    ]
    frame = tables.summary_frame(rows, "pretrained", primary=PRIMARY)
    assert cell(frame, "pretrained", "xnli")["value"] == 61.0
    assert cell(frame, "mnli", "xnli")["value"] == 55.5
    assert cell(frame, "mnli", "xnli")["difference"] == 70.0 - 61.0
    assert not cell(frame, "mnli", "xnli")["complete"]


FAMILIES = {
    "af": "IE: Germanic",
    "de": "IE: Germanic",
    "en": "IE: Germanic",
    "zh": "Sino-Tibetan",
    "fi": "Uralic",
}


def by_family(rows, baseline=None, metrics=PRIMARY):
    return tables.group_frame(
        rows,
        baseline,
        primary=metrics,
        kind="family",
        group_of=FAMILIES.__getitem__,
    )


@pytest.fixture
def two_targets():
    """One seed; a family with two languages in one of two targets."""
    return make_rows(
        {
            ("pretrained", 1, "xnli", "en"): 99.0,
            ("pretrained", 1, "xnli", "zh"): 40.0,
            ("pretrained", 1, "xnli", "de"): 60.0,
            ("pretrained", 1, "xnli", "af"): 50.0,
            ("pretrained", 1, "tatoeba", "de"): 15.0,
            ("mnli", 1, "xnli", "zh"): 41.0,
            ("mnli", 1, "xnli", "de"): 70.0,
            ("mnli", 1, "xnli", "af"): 60.0,
            ("mnli", 1, "tatoeba", "de"): 17.0,
        }
    )


def test_families_are_means_over_targets_of_means_over_languages(two_targets):
    frame = by_family(two_targets)
    assert frame["title"] == "Zero-shot scores by language family"
    assert frame["columns"] == ["IE: Germanic", "Sino-Tibetan"]
    # English is not zero-shot; the two targets weigh the same.
    found = cell(frame, "pretrained", "IE: Germanic")
    assert found["value"] == (55.0 + 15.0) / 2
    assert found["difference"] is None
    found = cell(frame, "mnli", "IE: Germanic")
    assert found["difference"] == (10.0 + 2.0) / 2
    assert cell(frame, "mnli", "Sino-Tibetan")["difference"] == 1.0


def test_families_compare_only_pairs_of_target_and_language_in_both(
    two_targets,
):
    seen = make_rows({("mnli@de", 1, "xnli", "de"): 99.0}, zero_shot=False)
    seen += make_rows(
        {
            ("mnli@de", 1, "xnli", "af"): 80.0,
            ("mnli@de", 1, "tatoeba", "de"): 25.0,
        }
    )
    frame = by_family(two_targets + seen)
    found = cell(frame, "mnli@de", "IE: Germanic")
    assert found["value"] == (80.0 + 25.0) / 2
    assert found["difference"] == (30.0 + 10.0) / 2
    assert not found["complete"]
    assert "Sino-Tibetan" not in frame["rows"][-1]["cells"]
    assert any(
        note.startswith("~ mean over other languages or targets")
        for note in frame["notes"]
    )


def test_families_name_their_targets_and_that_metrics_differ(two_targets):
    notes = by_family(two_targets)["notes"]
    assert "Means over targets: xnli (accuracy), tatoeba (accuracy)" in notes
    rows = [
        dataclasses.replace(row, metric="f1")
        if row.target == "tatoeba"
        else row
        for row in two_targets
    ]
    notes = by_family(rows, metrics={"xnli": "accuracy", "tatoeba": "f1"})[
        "notes"
    ]
    assert (
        "Means over targets with different metrics: xnli (accuracy), "
        "tatoeba (f1)"
    ) in notes


def test_families_show_their_seeds_too(rows):
    frame = by_family([row for row in rows if row.target == "xnli"])
    assert (
        "| pretrained | 61.0±1.4 n2 | 41.0±1.4 n2 |"
        in rendering.to_markdown(frame)
    )


def test_families_need_the_baseline(rows):
    with pytest.raises(InputError, match="Did you mean 'pretrained'"):
        by_family(rows, "pretraned")


SHAPES = {
    "pretrained": (0, 0),
    "mnli": (1, 1),
    "a/b": (2, 2),
    "b/a": (2, 2),
    "a+b": (2, 1),
}


def by_number(rows):
    return tables.number_of_tasks_frame(
        rows, primary=PRIMARY, shape=SHAPES.__getitem__
    )


def of_routes(target, scores):
    """Builds rows of German from {(route, seed): value}."""
    return make_rows(
        {
            (route, seed, target, "de"): value
            for (route, seed), value in scores.items()
        }
    )


def test_routes_of_one_shape_share_a_row_sorted_by_tasks_and_stages():
    rows = of_routes("xnli", {(route, 1): 50.0 for route in reversed(SHAPES)})
    frame = by_number(rows)
    assert [row["label"] for row in frame["rows"]] == [
        "0 tasks",
        "1 task in 1 stage",
        "2 tasks in 1 stage",
        "2 tasks in 2 stages",
    ]
    assert frame["title"] == "Zero-shot scores by number of intermediate tasks"
    assert "| intermediate tasks | xnli | mean |" in rendering.to_markdown(
        frame
    )
    assert "intermediate tasks" in draw(100, frame)


def test_replicates_of_a_shape_are_its_routes_and_seeds():
    rows = of_routes(
        "xnli",
        {
            ("pretrained", 1): 50.0,
            ("a/b", 1): 60.0,
            ("b/a", 1): 62.0,
            ("b/a", 2): 64.0,
        },
    )
    frame = by_number(rows)
    found = cell(frame, "2 tasks in 2 stages", "xnli")
    assert (found["value"], found["deviation"]) == (62.0, 2.0)
    assert (found["count"], found["difference"]) == (3, 12.0)
    assert rendering.format_cell(found) == "62.0±2.0 n3 (+12.0)"
    assert cell(frame, "0 tasks", "xnli")["difference"] is None
    assert (
        "± standard deviation over pairs of route and seed; n: their number"
        in frame["notes"]
    )


def test_the_mean_is_over_targets_that_every_route_and_seed_has():
    rows = of_routes("xnli", {("pretrained", 1): 50.0, ("a/b", 1): 60.0})
    rows += of_routes("tatoeba", {("pretrained", 1): 10.0, ("a/b", 1): 30.0})
    frame = by_number(rows)
    assert frame["columns"] == ["xnli", "tatoeba", "mean"]
    found = cell(frame, "2 tasks in 2 stages", "mean")
    assert (found["value"], found["difference"]) == (45.0, 15.0)
    assert (
        "mean over targets: xnli (accuracy), tatoeba (accuracy)"
        in frame["notes"]
    )
    # Another order of the tasks was not scored on the second target yet.
    frame = by_number(rows + of_routes("xnli", {("b/a", 1): 70.0}))
    assert cell(frame, "2 tasks in 2 stages", "tatoeba")["count"] == 1
    found = cell(frame, "2 tasks in 2 stages", "mean")
    assert (found["value"], found["count"]) == (65.0, 2)
    assert "mean over targets: xnli (accuracy)" in frame["notes"]


def test_there_is_no_mean_where_no_target_is_common():
    rows = of_routes("xnli", {("pretrained", 1): 50.0})
    rows += of_routes("tatoeba", {("mnli", 1): 30.0})
    frame = by_number(rows)
    assert frame["columns"] == ["xnli", "tatoeba"]
    assert cell(frame, "1 task in 1 stage", "tatoeba")["difference"] is None


def test_numbers_of_tasks_need_results():
    with pytest.raises(InputError, match="no results"):
        by_number([])


# ---------------------------------------------------------------- Forgetting
def lesson(path, source, value, learner, forgetting, **changes):
    facts = {
        "metric": "accuracy",
        "low": None,
        "high": None,
        "chance": None,
        "forgetting": forgetting,
        "first_route": "mnli/qqp",
    }
    return fake_runs.lesson(path, source, value, learner, **facts | changes)


LESSONS = [
    lesson("mnli", "mnli", 80.0, "mnli", 0.0),
    lesson("mnli/qqp", "mnli", 70.0, "mnli", 10.0),
    lesson("mnli/qqp", "qqp", 90.0, "mnli/qqp", 0.0),
]
PRIMARY_OF_LESSONS = {"mnli": "accuracy", "qqp": "accuracy"}


def test_forgetting_is_a_difference_to_the_stage_that_learned():
    frame = tables.forgetting_frame(LESSONS, primary=PRIMARY_OF_LESSONS)
    assert frame["columns"] == ["mnli", "qqp"]
    text = {
        row["label"]: [
            rendering.format_cell(row["cells"].get(name))
            for name in frame["columns"]
        ]
        for row in frame["rows"]
    }
    assert text == {
        "mnli": ["80.0", "-"],
        "mnli/qqp": ["70.0 (-10.0)", "90.0"],
    }


def test_forgetting_is_averaged_over_seeds():
    again = [
        dataclasses.replace(row, seed=2, value=row.value - 4) for row in LESSONS
    ]
    again[1] = dataclasses.replace(again[1], forgetting=12.0)
    frame = tables.forgetting_frame(
        [*LESSONS, *again], primary=PRIMARY_OF_LESSONS
    )
    cell = frame["rows"][1]["cells"]["mnli"]
    assert (cell["value"], cell["count"]) == (68.0, 2)
    assert cell["difference"] == -11.0


def test_stages_of_one_path_but_other_steps_are_told_apart():
    longer = lesson(
        "mnli",
        "mnli",
        85.0,
        "mnli",
        0.0,
        stage="another",
        learned_in="another",
        first_route="mnli",
    )
    frame = tables.forgetting_frame(
        [longer, *LESSONS], primary=PRIMARY_OF_LESSONS
    )
    assert [row["label"] for row in frame["rows"]] == [
        "mnli of mnli",
        "mnli of mnli/qqp",
        "mnli/qqp",
    ]


def test_xtremes_scores_of_constant_predictions_are_compared_with_nothing():
    scores = {
        ("pretrained", 1): {
            "xnli": {"avg_metric": 40.0},
            "udpos": {"avg_metric": 50.0},
            "all_task": 45.0,
        },
        ("mnli", 1): {
            "xnli": {"avg_metric": 60.0},
            "udpos": {"avg_metric": 55.0},
            "all_task": 57.5,
        },
    }
    frame = tables.suite_frame(
        XTREME, scores, "pretrained", collapsed={("pretrained", 1, "xnli")}
    )
    assert cell(frame, "pretrained", "xnli")["collapsed"]
    assert cell(frame, "mnli", "udpos")["difference"] == pytest.approx(5.0)
    for column in ("xnli", "XTREME"):
        assert cell(frame, "mnli", column)["difference"] is None
        assert cell(frame, "mnli", column)["value"] > 50
    assert any(note.startswith("‡") for note in frame["notes"])


def test_no_note_tells_of_marks_that_are_not_there(rows):
    frame = tables.summary_frame(rows, "pretrained", primary=PRIMARY)
    assert not any("‡" in note or "counts" in note for note in frame["notes"])
