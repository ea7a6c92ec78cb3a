"""Studies of source languages whose truth is known."""

import dataclasses

import numpy as np
import pytest

import fake_runs
import fake_studies
from fake_studies import no_gain
from fake_studies import tagging_gains
from stilts_keras.reporting import language_contrasts
from stilts_keras.reporting import language_effects
from stilts_keras.reporting import language_sentences
from stilts_keras.reporting import report
from stilts_keras.reporting import source_languages
from stilts_keras.reporting.evidence import Evidence
from stilts_keras.reporting.report.frames import frames_of
from stilts_keras.reporting.source_languages import LOG_ODDS


def tables_of(evidence):
    studies = source_languages.studies_of(evidence)
    return language_effects.tables_of(studies, evidence)


def records(table):
    return [
        dict(zip(table["columns"], row, strict=True)) for row in table["rows"]
    ]


@pytest.fixture(scope="module")
def evidence():
    return fake_studies.study(tagging_gains)


@pytest.fixture(scope="module")
def tables(evidence):
    return tables_of(evidence)


@pytest.fixture(scope="module")
def made(evidence):
    return report.build(evidence)


def test_routes_of_one_task_with_counts_are_a_study(evidence):
    (study,) = source_languages.studies_of(evidence)
    assert study.task == "xnli"
    assert study.languages == {"en", "de", "es"}
    assert list(study.sets)[:2] == ["xnli:600", "xnli:2400"]
    assert len(study.sets) == 8
    # XNLI after XNLI is more of the same, and comes last.
    assert study.kinds == {
        "pawsx": "classification",
        "panx": "tagging",
        "udpos": "tagging",
        "xnli": "classification, own task",
    }


def test_one_route_alone_or_without_counts_is_no_study():
    rows = [
        fake_runs.score(route=route, target="panx", metric="entity_f1")
        for route in ("pretrained", "xnli:600", "mnli", "mnli/squad")
    ]
    evidence = Evidence(rows=rows, baseline="pretrained")
    assert source_languages.studies_of(evidence) == []
    assert tables_of(evidence) == {}


def test_a_source_that_no_one_describes_is_no_study():
    rows = [
        fake_runs.score(route=route, target="xnli")
        for route in ("own@de:1k", "own@es:1k")
    ]
    evidence = Evidence(rows=rows, baseline="own@de:1k")
    assert source_languages.studies_of(evidence) == []


def test_only_languages_that_no_source_is_in_are_compared(evidence):
    (study,) = source_languages.studies_of(evidence)
    rows = source_languages.rows_of(study, evidence, [study])
    assert {row.language for row in rows} == {
        *("fr", "hi", "ru", "tr", "zh", "fi", "ar")
    }


def test_a_gain_is_over_as_many_english_examples_seed_by_seed(evidence):
    (study,) = source_languages.studies_of(evidence)
    cells = source_languages.cells_of(study, evidence, [study])
    (cell,) = [
        cell
        for cell in cells
        if cell.place == ("xnli", "es", 600, "panx", "hi")
    ]

    def values(route):
        return [
            row.value
            for row in evidence.rows
            if (row.route, row.target, row.language) == (route, "panx", "hi")
        ]

    expected = np.subtract(values("xnli@es:600"), values("xnli:600"))
    assert cell.gains == pytest.approx(expected)
    # Three sets, two sizes, four targets, seven languages.
    assert len(cells) == 3 * 2 * 4 * 7


def test_log_odds_give_more_to_a_point_near_the_end():
    low = source_languages._scaled(60.0, 500, LOG_ODDS)
    high = source_languages._scaled(61.0, 500, LOG_ODDS)
    near = source_languages._scaled(99.0, 500, LOG_ODDS)
    end = source_languages._scaled(100.0, 500, LOG_ODDS)
    assert end - near > high - low > 0
    # By hand: 300.5 of 501 right.
    assert low == pytest.approx(np.log(300.5 / 200.5))


def test_the_interaction_that_is_there_is_found_and_no_other(tables):
    found = records(tables["language_interaction"])
    assert [row["languages"] for row in found] == [
        *("de", "es", "en+de+es", "mean of these")
    ]
    for row in found:
        assert (row["kind"], row["less"]) == ("tagging", "classification")
        assert row["points"] == pytest.approx(4.0, abs=1.5)
    mean = found[-1]
    assert mean["low"] < 4.0 < mean["high"]
    assert mean["adjusted p"] == mean["p"] < 0.01
    assert mean["p in log-odds"] < 0.01
    assert mean["detectable"] < 4.0
    assert (mean["families"], mean["seeds"]) == (7, 3)
    assert mean["sources"] == "xnli"


def test_gains_are_those_that_are_there(tables):
    found = {
        (row["kind"], row["languages"]): row
        for row in records(tables["language_gains"])
    }
    assert len(found) == 3 * 4
    tagging = found["tagging", "mean of these"]
    assert tagging["points"] == pytest.approx(5.0, abs=1.0)
    assert tagging["low"] > 3.0
    assert found["classification", "es"]["low"] < 2.0
    assert tagging["doubling low"] < 0.0 < tagging["doubling high"]


def test_without_an_effect_the_report_says_what_it_could_have_shown():
    tables = tables_of(fake_studies.study(no_gain, seed=5))
    _, said = language_sentences.sentences(tables)
    detectable = records(tables["language_interaction"])[-1]["detectable"]
    assert "no proof of no difference" in said
    assert "7 families and 3 seeds" in said
    assert (
        "a true one of tagging less classification would have been shown in 80 "
        f"of 100 such studies only from {detectable:.1f} points on." in said
    )


def test_an_effect_is_said_with_its_interval(tables):
    gains, said = language_sentences.sentences(tables)
    assert "tagging +" in gains and "own task" not in gains
    assert "tagging gains more than classification from other languages" in said


def test_growth_is_the_slope_over_doublings():
    def gain(target, names, size):
        return 0.0 if names == "en" else 2.0 * np.log2(size / 300)

    tables = tables_of(fake_studies.study(gain, spread=0.01, of_seed=0.01))
    for row in records(tables["language_gains"]):
        assert row["per doubling"] == pytest.approx(2.0, abs=0.2)


def test_sources_are_averaged_and_compared_within_themselves():
    def gain(target, names, size):
        return 0.0 if names == "en" else 2.0

    made = fake_studies.study(
        gain,
        tasks=("xnli", "panx"),
        sizes=(600,),
        # After panx alone there is a kind that xnli lacks.
        targets=("xnli", "panx", "udpos"),
    )
    tables = tables_of(made)
    gains = records(tables["language_gains"])
    assert {row["source"] for row in gains} == {"xnli", "panx", "all sources"}
    (found,) = records(tables["language_interaction"])[-1:]
    # After xnli, classification is its own: both kinds are after panx only.
    assert found["sources"] == "panx"
    assert all(row["per doubling"] is None for row in gains)


def test_weights_are_a_mean_of_means():
    places = [
        ("xnli", "es", 600, "panx", "fr"),
        ("xnli", "es", 600, "panx", "hi"),
        ("xnli", "es", 600, "udpos", "fr"),
        ("xnli", "es", 2400, "panx", "fr"),
    ]
    weights = language_contrasts._nested(places)
    assert weights == pytest.approx([0.125, 0.125, 0.25, 0.5])


def test_sets_of_unlike_shares_weigh_as_one_place():
    place = ("xnli", "de+es", 600, "panx", "fr")
    other = ("xnli", "de+es", 600, "panx", "hi")
    weights = language_contrasts._nested([place, place, other])
    assert weights == pytest.approx([0.25, 0.25, 0.5])


def test_seeds_of_other_routes_are_not_asked_of_a_study(evidence, tables):
    rows = evidence.rows + [
        dataclasses.replace(row, seed=7)
        for row in evidence.rows
        if row.route == "pretrained"
    ]
    found = tables_of(dataclasses.replace(evidence, rows=rows))
    assert found["language_gains"]["rows"] == tables["language_gains"]["rows"]


def test_a_run_that_is_half_done_says_why_nothing_is_judged(evidence):
    rows = [
        row
        for row in evidence.rows
        if row.seed != 3 or row.route not in ("xnli:600", "xnli:2400")
    ]
    tables = tables_of(dataclasses.replace(evidence, rows=rows))
    for table in tables.values():
        assert table["rows"] == []
        assert table["notes"][-1].startswith("Nothing to judge: nowhere are")


def test_a_study_may_hold_the_baseline(evidence):
    made = dataclasses.replace(evidence, baseline="xnli:600")
    (study,) = source_languages.studies_of(made)
    frame = frames_of(made, [study])["source_languages_xnli"]
    labels = [row["label"] for row in frame["rows"]]
    assert labels[0] == "xnli:600" and len(set(labels)) == len(labels) == 8


def test_targets_at_chance_are_left_out_and_named():
    made = fake_studies.study(tagging_gains, chance=58.0)
    tables = tables_of(made)
    # Their intervals reach down to 57; those of tags are higher.
    kinds = {row["kind"] for row in records(tables["language_gains"])}
    assert kinds == {"tagging"}
    notes = tables["language_gains"]["notes"]
    assert any("pawsx, xnli after xnli: left out" in note for note in notes)
    assert records(tables["language_interaction"]) == []
    assert "cannot be judged" in language_sentences.sentences(tables)[1]


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"languages": ("en", "fr", "hi")}, "languages of 2 families"),
        ({"draws": None}, "predictions are missing"),
    ],
)
def test_what_cannot_be_judged_is_named(changes, why):
    made = fake_studies.study(tagging_gains, **changes)
    tables = tables_of(made)
    assert not tables["language_gains"]["rows"]
    assert any(why in note for note in tables["language_gains"]["notes"])
    assert "the table says why" in language_sentences.sentences(tables)[0]


def test_collapsed_and_missing_scores_are_in_no_gain(evidence):
    (study,) = source_languages.studies_of(evidence)
    rows = [
        row
        for row in evidence.rows
        if (row.route, row.target, row.language, row.seed)
        != ("xnli@es:600", "panx", "hi", 2)
    ]
    rows = [
        dataclasses.replace(row, constant="O")
        if (row.route, row.target, row.language) == ("xnli:2400", "udpos", "ru")
        else row
        for row in rows
    ]
    made = dataclasses.replace(evidence, rows=rows)
    places = {
        cell.place for cell in source_languages.cells_of(study, made, [study])
    }
    assert ("xnli", "es", 600, "panx", "hi") not in places
    assert ("xnli", "de", 600, "panx", "hi") in places
    assert ("xnli", "de", 2400, "udpos", "ru") not in places
    assert len(places) == 3 * 2 * 4 * 7 - 1 - 3


def test_a_size_of_few_families_has_a_gain_and_no_growth(evidence):
    rows = [
        row
        for row in evidence.rows
        if not (
            row.route == "xnli@es:2400"
            and row.target == "pawsx"
            and row.language not in ("fr", "hi")
        )
    ]
    tables = tables_of(dataclasses.replace(evidence, rows=rows))
    (found,) = [
        row
        for row in records(tables["language_gains"])
        if (row["kind"], row["languages"]) == ("classification", "es")
    ]
    assert found["points"] is not None and found["per doubling"] is None
    (note,) = [
        note
        for note in tables["language_gains"]["notes"]
        if note.startswith("Not judged")
    ]
    assert "2 families" in note and "es, per doubling" in note


def test_without_english_there_are_curves_and_no_gains():
    made = fake_studies.study(no_gain, sets=("es", "de"), sizes=(600,))
    (study,) = source_languages.studies_of(made)
    assert tables_of(made) == {}
    assert "source_languages_xnli" in frames_of(made, [study])


def test_curves_have_a_point_for_each_set_and_size(made):
    frame = made.frames["source_languages_xnli"]
    assert frame["columns"] == [
        *("classification", "tagging", "classification, own task")
    ]
    baseline, *others = frame["rows"]
    assert baseline["label"] == "pretrained" and "languages" not in baseline
    assert [(row["languages"], row["num_examples"]) for row in others[-2:]] == [
        *(("en+de+es", 600), ("en+de+es", 2400))
    ]
    cell = others[0]["cells"]["tagging"]
    assert cell["value"] == pytest.approx(60.0, abs=1.0)
    assert cell["difference"] == pytest.approx(5.0, abs=1.0)


def test_the_report_shows_studies_with_their_figures(made, tmp_path):
    report.write(made, tmp_path / "report")
    text = (tmp_path / "report" / "report.md").read_text("utf-8")
    section = text.partition("## Source languages")[2].partition("\n## ")[0]
    for name in (
        "language_interaction",
        "language_gains",
        "source_languages_xnli",
    ):
        assert f"figures/{name}.png" in section
        assert (tmp_path / "report" / "tables" / f"{name}.csv").is_file()
    for sentence in made.sentences[2:4]:
        assert sentence in text
