"""Results of XTREME and XTREME-R in one run: a table of each."""

import statistics

import pytest

from stilts_keras.reporting.evidence import Evidence
from stilts_keras.reporting.evidence import JudgedScore
from stilts_keras.reporting.report.frames import frames_of
from stilts_keras.scoring.suite import OURS
from stilts_keras.scoring.suites import XTREME
from stilts_keras.scoring.suites import XTREME_R
from stilts_keras.scoring.suites import expand_targets


def value_of(route, target, language):
    """Some percent, another for each."""
    text = f"{route} {target.name} {language}"
    return sum(map(ord, text)) % 97 + len(text) / 10


def evidence(targets, lacks=()):
    rows = [
        JudgedScore(
            route=route,
            seed=1,
            target=target.name,
            language=language,
            metric=metric,
            split="test",
            value=value_of(route, target, language),
            n=100,
            stage=f"{route} {target.name}",
            data_fingerprint="",
            zero_shot=language != "en",
        )
        for route in ("pretrained", "mnli")
        for target in expand_targets(targets)
        for metric in target.metrics
        for language in target.languages
        if language not in lacks
    ]
    return Evidence(rows=rows, baseline="pretrained")


def score_of(suite, target, name):
    return statistics.fmean(
        value_of("mnli", target, language)
        for language in suite.languages_of(name)
    )


def test_each_suite_has_its_table_of_its_languages_and_settings():
    frames = frames_of(evidence(["xtreme", "xtreme_r"]), [])
    for suite in (XTREME, XTREME_R):
        (row,) = (
            row for row in frames[suite.name]["rows"] if row["label"] == "mnli"
        )
        expected = {
            name: score_of(suite, target, name)
            for target, name in zip(suite.targets, suite.names, strict=True)
        }
        for name, value in expected.items():
            assert row["cells"][name]["value"] == pytest.approx(value)
        mean = statistics.fmean(expected.values())
        assert row["cells"][suite.title]["value"] == pytest.approx(mean)
    notes = frames["xtreme_r"]["notes"]
    assert f"XTREME-R: a mean as {OURS} defines it" in notes
    assert "tatoeba: evaluated after squad" in notes
    assert "tatoeba: evaluated after squad" not in frames["xtreme"]["notes"]
    # Both settings have their columns among the targets.
    assert {"tatoeba", "tatoeba_after_squad"} <= set(
        frames["summary"]["columns"]
    )


def test_a_suite_has_no_table_where_the_other_setting_alone_was_evaluated():
    names = [name for name in XTREME_R.names if name != "tatoeba"]
    frames = frames_of(evidence([*names, "tatoeba"]), [])
    assert "xtreme_r" not in frames
    frames = frames_of(evidence([*names, "tatoeba_after_squad"]), [])
    assert "xtreme_r" in frames


def test_languages_that_are_not_there_are_said_of_the_suite_that_wants_them():
    frames = frames_of(evidence(["xtreme", "xtreme_r"], lacks=["lt", "wo"]), [])
    (note,) = (n for n in frames["xtreme_r"]["notes"] if "Not all" in n)
    assert "udpos" in note and "tatoeba" in note and "xquad" not in note
    assert not any("Not all" in n for n in frames["xtreme"]["notes"])
