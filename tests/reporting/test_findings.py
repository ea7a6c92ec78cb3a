"""What a report says in words, computed from its numbers."""

import numpy as np
import pytest

from stilts_keras.reporting import findings
from stilts_keras.reporting import tables
from stilts_keras.reporting import typology
from stilts_keras.tasks.languages import distance_from_english
from stilts_keras.tasks.languages import family_of


def compared(difference, p, *, adjusted_p=None, value=50.0):
    adjusted_p = p if adjusted_p is None else adjusted_p
    return tables.new_cell(
        value,
        difference=difference,
        difference_low=difference - 1,
        difference_high=difference + 1,
        p=p,
        adjusted_p=adjusted_p,
        is_significant=adjusted_p is not None and adjusted_p < 0.05,
        detectable=abs(difference) + 2 if p is not None else None,
        count=1,
        difference_count=1,
    )


def frame(cells):
    """A frame from {route: {column: cell}}, the baseline's row first."""
    columns = dict.fromkeys(name for row in cells.values() for name in row)
    return {
        "title": "",
        "columns": list(columns),
        "notes": [],
        "rows": [
            {
                "label": "pretrained",
                "cells": {name: tables.new_cell(40.0) for name in columns},
            },
            *({"label": name, "cells": row} for name, row in cells.items()),
        ],
    }


def test_the_largest_gain_and_loss_are_told_with_their_numbers():
    made = frame(
        {
            "mnli": {
                "xnli": compared(3.0, 0.001),
                "tatoeba": compared(8.3, 0.0001, value=25.9),
            },
            "squad": {
                "xnli": compared(-2.5, 0.01, adjusted_p=0.03),
                "tatoeba": compared(9.9, 0.06),
            },
        }
    )
    assert findings.finding(made, "pretrained") == (
        "Of 4 differences to `pretrained` in languages that no stage trained "
        "the target in, 2 are significant gains, the largest +8.3 points of "
        "`mnli` on tatoeba (to 25.9; 95 % interval of it alone +7.3 to +9.3, "
        "p < 0.001 after Holm's correction for all); 1 is a significant loss: "
        "-2.5 points of `squad` on xnli (to 50.0; 95 % interval of it alone "
        "-3.5 to -1.5, p = 0.030 after Holm's correction for all)."
    )


def test_where_nothing_is_significant_the_finding_says_so():
    made = frame({"mnli": {"xnli": compared(-3.0, 0.02, adjusted_p=0.2)}})
    text = findings.finding(made, "pretrained")
    assert text.startswith("No route differs significantly from `pretrained`")
    assert "-3.0 points of `mnli` on xnli" in text and "p = 0.200" in text
    assert text.endswith(
        " That is no proof of none: with these examples and one seed, a true "
        "difference would have been shown in 80 of 100 such studies only from "
        "5.0 points on."
    )


def test_what_could_have_been_found_is_of_all_that_count_on_most_seeds():
    cells = {
        name: compared(points, 0.5) | {"difference_count": number}
        for name, points, number in (
            ("xnli", -3.0, 3),
            ("tatoeba", 0.5, 1),
            ("panx", 20.0, 3),
            ("pawsx", 200.0, 3),
        )
    }
    cells["udpos"] = compared(0.0, 0.5) | {"difference_above_chance": False}
    text = findings.finding(frame({"mnli": cells}), "pretrained")
    assert text.endswith(
        " 1 difference does not count: neither score is clear of chance. That "
        "is no proof of none: with these examples and 3 seeds, for half of the "
        "3 differences on them a true difference would have been shown in 80 "
        "of 100 such studies only from 22.0 points on."
    )


def test_what_no_study_could_have_shown_is_said():
    cells = {"xnli": compared(99.0, 0.5)}
    text = findings.finding(frame({"mnli": cells}), "pretrained")
    assert text.endswith(
        "a true difference of any size would not have been shown in 80 of 100 "
        "such studies."
    )
    # The same weights on the same rows: nothing errs, and nothing was missed.
    cells["xnli"]["detectable"] = None
    text = findings.finding(frame({"mnli": cells}), "pretrained")
    assert "proof" not in text and text.endswith("correction for all).")


def test_gains_without_losses():
    made = frame({"mnli": {"xnli": compared(3.0, 0.001)}})
    text = findings.finding(made, "pretrained")
    assert "1 is a significant gain" in text
    assert text.endswith("none is a significant loss.")


def test_a_baseline_alone_has_no_finding():
    made = frame({tables.CHANCE: {"xnli": tables.new_cell(33.3)}})
    text = findings.finding(made, "pretrained")
    assert text.startswith("Only `pretrained` was evaluated")


def test_differences_without_predictions_are_not_judged():
    made = frame({"mnli": {"xnli": tables.new_cell(50.0, difference=9.0)}})
    text = findings.finding(made, "pretrained")
    assert text.startswith("No difference to `pretrained` can be judged")


def test_routes_without_a_common_language_are_not_called_unevaluated():
    made = frame({"mnli": {"xnli": tables.new_cell(50.0)}})
    text = findings.finding(made, "pretrained")
    assert "No route has a zero-shot language in common" in text


def test_negative_transfer_counts_what_survives_the_correction():
    made = frame(
        {
            "mnli": {
                "de": compared(-3.0, 0.001),
                "tr": compared(-3.0, 0.01, adjusted_p=0.3),
                "ru": compared(3.0, 0.001),
                "hi": tables.new_cell(50.0, difference=-9.0),
            }
        }
    )
    counts = findings.negative_transfer({"panx": made})
    assert counts == {
        "cells": 3,
        "losses": 1,
        "gains": 1,
        "significant": [
            "-3.0 points of `mnli` on panx in de",
            "+3.0 points of `mnli` on panx in ru",
        ],
        "beside_chance": 0,
        "own": 0,
    }
    text = findings.negative_transfer_sentence(counts)
    assert "losses are 1 of 3 differences (33 %)" in text
    assert text.endswith(
        " They are -3.0 points of `mnli` on panx in de; +3.0 points of `mnli` "
        "on panx in ru."
    )


def test_many_significant_languages_are_counted_and_not_named():
    cells = {code: compared(-3.0, 0.001) for code in "de ru tr hi es".split()}
    counts = findings.negative_transfer({"panx": frame({"mnli": cells})})
    text = findings.negative_transfer_sentence(counts)
    assert (
        "losses are 5 of 5 differences (100 %)" in text and "in de" not in text
    )


def test_a_share_of_what_is_there_is_not_told_as_none():
    counts = {"cells": 231, "losses": 1, "gains": 0, "significant": ["x"]}
    text = findings.negative_transfer_sentence(
        counts | {"beside_chance": 2, "own": 0}
    )
    assert (
        "losses are 1 of 231 differences (< 1 %), significant gains 0" in text
    )
    assert text.endswith(
        "It is x. 2 differences do not count: neither score is clear of chance."
    )


def test_negative_transfer_without_cells_says_so():
    counts = findings.negative_transfer({})
    assert "can be judged" in findings.negative_transfer_sentence(counts)


LANGUAGES = "ar bg de el es fi hi id ja ka ko ru sw ta th tr vi zh".split()


def regressed(effect, languages=LANGUAGES, targets=("xnli", "xquad")):
    """Differences that fall with the distance from English, by `effect`."""
    random = np.random.default_rng(3)
    frames = {
        target: frame(
            {
                "mnli": {
                    language: compared(
                        effect * (distance_from_english(language))
                        + level
                        + random.normal(0, 0.3),
                        0.5,
                    )
                    for language in languages
                }
            }
        )
        for level, target in enumerate(targets)
    }
    return typology.typology_table(frames, "pretrained")


def test_a_loss_with_distance_is_found_whatever_the_targets_levels():
    table = regressed(-5.0)
    (row,) = [row for row in table["rows"] if row[1] == typology.DISTANCE]
    route, _, points, low, high, p, n, num_families = row
    assert route == "mnli"
    assert points == pytest.approx(-5.0, abs=1.5)
    assert low < points < high < 0 and p < 0.05
    known = [
        code for code in LANGUAGES if distance_from_english(code) is not None
    ]
    assert n == 2 * len(known)
    assert num_families == len({family_of(code) for code in known})


def test_too_few_languages_are_warned_of():
    table = regressed(-5.0, languages=["de", "es", "ru", "hi", "tr", "fi"])
    assert any("mnli" in note for note in table["notes"])


def test_what_cannot_be_regressed_is_said_and_not_guessed():
    table = regressed(-5.0, languages=["de", "es"], targets=("xnli",))
    assert not table["rows"]
    assert any(note.startswith("mnli: ") for note in table["notes"])


def beside_chance(difference, p):
    return compared(difference, p) | {
        "difference_above_chance": False,
        "is_significant": False,
    }


def test_differences_beside_chance_are_no_headline():
    made = frame(
        {
            "mnli": {
                "xnli": beside_chance(16.5, 0.005),
                "tatoeba": compared(2.0, 0.3),
            }
        }
    )
    text = findings.finding(made, "pretrained")
    assert text.startswith("No route differs significantly")
    assert "+2.0 points of `mnli` on tatoeba" in text and "16.5" not in text
    assert "1 difference does not count: neither score is clear" in text
    made = frame({"mnli": {"xnli": beside_chance(16.5, 0.005)}})
    text = findings.finding(made, "pretrained")
    assert text.startswith("No difference to `pretrained` counts")
    assert "chance" in text


def test_differences_beside_chance_are_no_negative_transfer():
    made = frame(
        {
            "mnli": {
                "de": beside_chance(-9.0, 0.001),
                "ru": compared(-3.0, 0.001),
            }
        }
    )
    counts = findings.negative_transfer({"xnli": made})
    assert counts["losses"] == 1 and counts["beside_chance"] == 1
    said = findings.negative_transfer_sentence(counts)
    assert "losses are 1 of 2 differences (50 %)" in said


def test_where_all_has_collapsed_the_finding_says_so():
    made = frame({"mnli": {"xnli": tables.new_cell(50.0, collapsed=True)}})
    text = findings.finding(made, "pretrained")
    assert text.startswith("No difference to `pretrained` counts")
    assert "constant" in text
