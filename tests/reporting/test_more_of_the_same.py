"""More of the same is no transfer: marked everywhere, in no finding."""

import dataclasses

import pytest

import fake_runs
from stilts_keras.graph.task_facts import TaskFacts
from stilts_keras.reporting import findings
from stilts_keras.reporting import own_task
from stilts_keras.reporting import rendering
from stilts_keras.reporting import report
from stilts_keras.reporting import tables
from stilts_keras.reporting.evidence import Evidence
from stilts_keras.reporting.evidence import gather
from stilts_keras.reporting.figures import difference_table
from stilts_keras.reporting.robustness import CHANGES
from stilts_keras.reporting.robustness import sentences
from stilts_keras.reporting.robustness.changes import CHANGE_COLUMNS
from stilts_keras.reporting.robustness.changes import OWN_COLUMN
from stilts_keras.tasks import TASKS

FACTS = {
    name: TaskFacts.of(TASKS[name])
    for name in ("xnli", "mnli", "snli", "panx", "noisy_panx", "squad_v2")
}


@pytest.mark.parametrize(
    "route, target, expected",
    [
        ("pretrained", "xnli", False),
        # Its rows, in another language and size, or beside others.
        ("panx:1200", "panx", True),
        ("panx@de:20k", "panx", True),
        ("squad_v2/mnli+panx", "xnli", True),
        # XNLI trains on MNLI; SNLI has its head; noisy PAN-X is PAN-X.
        ("mnli", "xnli", True),
        ("snli", "xnli", True),
        ("panx", "noisy_panx", True),
        ("mnli/squad_v2", "panx", False),
        # The question's other head.
        ("squad_v2", "xquad", False),
    ],
)
def test_rows_of_the_target_or_its_head_are_more_of_the_same(
    route, target, expected
):
    assert own_task.is_own(route, target, FACTS) is expected


def test_what_an_older_run_did_not_keep_is_said_and_not_guessed():
    old = {
        name: dataclasses.replace(facts, counts_as=())
        for name, facts in FACTS.items()
    }
    assert own_task.is_own("mnli", "xnli", old) is None
    # Its own name tells.
    assert own_task.is_own("panx", "panx", old) is True
    places = [("pretrained", "xnli"), ("panx", "panx"), ("mnli", "xnli")]
    assert "not known of mnli on xnli." in own_task.untold(places, old)
    assert own_task.untold(places, FACTS) == ""


def cell(difference, adjusted_p, **facts):
    return tables.new_cell(
        60.0,
        difference=difference,
        difference_low=difference - 1,
        difference_high=difference + 1,
        p=adjusted_p / 2,
        adjusted_p=adjusted_p,
        is_significant=adjusted_p < 0.05,
        count=1,
        difference_count=1,
        **facts,
    )


OWN = {"own_task": True, "is_transfer": False}


def summary(panx):
    """As the first real run: the largest gain is that of PAN-X on PAN-X."""
    return {
        "title": "",
        "columns": ["panx"],
        "notes": [],
        "rows": [
            {"label": "pretrained", "cells": {"panx": tables.new_cell(50.0)}},
            {"label": "panx", "cells": {"panx": panx}},
            {"label": "mnli", "cells": {"panx": cell(1.1, 0.01)}},
        ],
    }


def test_more_of_the_same_never_makes_the_headline():
    frame = summary(cell(5.2, 0.001, **OWN))
    text = findings.finding(frame, "pretrained")
    assert "5.2" not in text and "Of 1 difference " in text
    assert "1 is a significant gain: +1.1 points of `mnli` on panx" in text
    assert text.endswith(
        " 1 more difference is of the target's own task or head (≡), which is "
        "no transfer."
    )
    # Were it transfer, it would.
    other = findings.finding(summary(cell(5.2, 0.001)), "pretrained")
    assert "the largest +5.2 points of `panx` on panx" in other


def test_a_run_of_nothing_else_claims_no_transfer():
    frame = summary(cell(5.2, 0.001, **OWN))
    frame["rows"].pop()
    text = findings.finding(frame, "pretrained")
    assert text.startswith("No difference to `pretrained` is of transfer")
    assert "5.2" not in text


def test_it_counts_among_no_gains_of_single_languages():
    counts = findings.negative_transfer(
        {"panx": summary(cell(5.2, 0.001, **OWN))}
    )
    assert counts["cells"] == counts["gains"] == counts["own"] == 1


def test_a_control_is_in_no_finding_and_is_told_of():
    rows = [
        {"label": "pretrained", "cells": {"panx": tables.new_cell(50.0)}},
        {"label": "longer:150", "cells": {"panx": cell(9.0, 0.001)}},
        {"label": "mnli-shuffled", "cells": {"panx": cell(5.0, 0.001)}},
        {"label": "siqa", "cells": {"panx": cell(3.0, 0.001)}},
    ]
    frame = {"title": "", "columns": ["panx"], "rows": rows, "notes": []}
    said = findings.finding(frame, "pretrained")
    assert "1 is a significant gain: +3.0 points of `siqa` on panx" in said
    assert said.endswith(
        " `longer:150`, `mnli-shuffled` are controls, and no transfer: the "
        "most gained is +9.0 points, of `longer:150` on panx."
    )
    counts = findings.negative_transfer({"panx": frame})
    assert (counts["cells"], counts["gains"]) == (1, 1)
    frame["rows"] = rows[:2]
    said = findings.finding(frame, "pretrained")
    assert said.startswith("Only controls were compared to `pretrained`")


def test_the_mark_stands_in_every_form_of_a_table_with_one_line():
    frame = summary(cell(5.2, 0.001, **OWN))
    notes = tables.notes.cell_notes(frame["rows"])
    frame["notes"] = notes
    assert sum("more of the same" in note for note in notes) == 1
    assert "60.0≡ (+5.2†)" in rendering.to_markdown(frame)
    assert r"60.0$\equiv$" in rendering.to_latex(frame)
    assert ",own_task,is_transfer," in rendering.to_csv(frame).split("\n")[0]
    # Where there is none, nothing is explained.
    assert "≡" not in str(tables.notes.cell_notes(frame["rows"][2:]))


def test_it_does_not_pale_the_colours_of_what_is_transfer():
    def deepest(frame):
        return difference_table.differences_in(frame, {}).limit

    assert deepest(summary(cell(50.0, 0.001))) == 50.0
    assert deepest(summary(cell(50.0, 0.001, **OWN))) == 1.2
    # Where there is nothing else, it has them.
    frame = summary(cell(50.0, 0.001, **OWN))
    frame["rows"].pop()
    assert deepest(frame) == 50.0


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    shares = {"pretrained": 0.5, "mnli": 0.9, "siqa": 0.5}
    run_dir = tmp_path_factory.mktemp("own") / "run"
    fake_runs.write_run(run_dir, shares, n=40)
    fake_runs.describe(run_dir)
    return report.build(gather([run_dir]))


def cells_of(made):
    rows = made.frames["summary"]["rows"]
    return {row["label"]: row["cells"]["xnli"] for row in rows}


def test_rows_are_marked_from_the_run_to_the_figure(made):
    cells = cells_of(made)
    marked = {name for name, found in cells.items() if found["own_task"]}
    assert marked == {"mnli"}
    assert not cells["mnli"]["is_transfer"] and cells["siqa"]["is_transfer"]
    assert "`mnli`" not in made.sentences[0] + made.sentences[1]
    assert "6 more differences" in made.sentences[1]
    drawn = made.figures["differences"][1].decode("utf-8")
    # The difference, and the caption.
    assert drawn.count("≡") == 2
    notes = made.plain["typology"]["notes"]
    assert any("mnli on xnli" in note and "≡" in note for note in notes)


def test_it_stays_in_the_correction(made):
    cells = cells_of(made)
    p = cells["siqa"]["p"]
    # Of two tests, the larger p stays, the smaller one doubles.
    assert cells["mnli"]["p"] < p
    assert cells["mnli"]["adjusted_p"] == pytest.approx(2 * cells["mnli"]["p"])
    assert cells["mnli"]["is_significant"]


def test_differences_to_a_baseline_of_the_own_task_are_none_either(tmp_path):
    run_dir = tmp_path / "run"
    fake_runs.write_run(run_dir, {"mnli": 0.9, "siqa": 0.5}, n=40)
    fake_runs.describe(run_dir, baseline="mnli")
    cells = cells_of(report.build(gather([run_dir])))
    assert cells["mnli"]["own_task"] and not cells["siqa"]["own_task"]
    assert not cells["siqa"]["is_transfer"]


def test_a_headline_of_robustness_is_of_transfer_too():
    def row(route, points, mark):
        facts = {
            "route": route,
            "target": "panx",
            "disturbance": "casing",
            "in": "zero-shot",
            "points": points,
            "low": points - 1,
            "high": points + 1,
            "adjusted p": 0.01,
            "p of drops": 0.01,
            "drops differ": -points,
            "seeds": 3,
            "detectable": 4.0,
            OWN_COLUMN: mark,
        }
        return [facts.get(name) for name in CHANGE_COLUMNS]

    rows = [row("panx", 20.0, own_task.MARK), row("mnli", 10.5, "")]
    evidence = Evidence(baseline="pretrained")
    for left, begins in (
        (rows, "Robustness, zero-shot: intermediate training changes it. Of 1"),
        (rows[:1], "Robustness: all differences of retention"),
    ):
        table = {"columns": CHANGE_COLUMNS, "rows": left}
        (text,) = sentences({CHANGES: table}, evidence)
        assert text.startswith(begins) and "20.0" not in text
