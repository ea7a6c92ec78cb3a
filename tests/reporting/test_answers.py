"""Each target's answer is that of its own column, and of transfer alone."""

import pytest

from stilts_keras.reporting import answers
from stilts_keras.reporting import rendering
from stilts_keras.reporting import tables


def cell(value, difference=None, *, significant=False, **facts):
    known = {}
    if difference is not None:
        known = {
            "difference": difference,
            "difference_low": difference - 2,
            "difference_high": difference + 2,
            "p": 0.01,
            "adjusted_p": 0.04 if significant else 0.4,
            "detectable": 4.5,
            "is_significant": significant,
            "difference_above_chance": True,
            "is_transfer": True,
        }
    return tables.new_cell(value, **known | facts)


OWN = {"own_task": True, "is_transfer": False}
FRAME = {
    "title": "",
    "columns": ["panx", "xnli", "udpos", "tatoeba"],
    "notes": [],
    "rows": [
        {
            "label": "pretrained",
            "cells": {
                "panx": cell(50.0),
                "xnli": cell(40.0),
                "tatoeba": cell(20.0),
            },
        },
        {"label": "longer:9", "cells": {"panx": cell(70.0, 20.0)}},
        {
            "label": "panx",
            "cells": {
                "panx": cell(60.0, 10.0, significant=True, **OWN),
                "tatoeba": cell(30.0, 10.0, **OWN),
                "xnli": cell(30.0, -10.0, significant=True),
            },
        },
        {
            "label": "mnli",
            "cells": {
                "panx": cell(53.0, 3.0, significant=True),
                "xnli": cell(45.0, 5.0, significant=True, **OWN),
            },
        },
        {
            "label": "squad",
            "cells": {
                "panx": cell(51.0, 1.0),
                # Neither is clear of chance.
                "xnli": cell(
                    33.0, -7.0, significant=True, difference_above_chance=False
                ),
            },
        },
        {"label": "chance", "cells": {"panx": cell(2.0), "xnli": cell(33.0)}},
    ],
}


@pytest.fixture
def rows():
    table = answers.answer_table(FRAME, "pretrained")
    return {
        values[0]: dict(zip(table["columns"], values, strict=True))
        for values in table["rows"]
    }


def test_the_best_is_of_transfer_and_no_control(rows):
    found = rows["panx"]
    assert (found["best route"], found["points"]) == ("mnli", 3.0)
    assert (found["points low"], found["points high"]) == (1.0, 5.0)
    assert found["pretrained"] == 50.0 and found["p"] == 0.04
    assert found["detectable"] == 4.5
    assert (found["better"], found["worse"], found["routes"]) == (1, 0, 2)


def test_where_all_lose_the_best_is_the_smallest_loss(rows):
    found = rows["xnli"]
    assert (found["best route"], found["points"]) == ("squad", -7.0)
    # That of squad does not count.
    assert (found["better"], found["worse"], found["routes"]) == (0, 1, 2)


def test_a_target_that_no_other_route_has_has_no_row(rows):
    assert list(rows) == ["panx", "xnli", "tatoeba"]
    bare = FRAME | {"rows": FRAME["rows"][:2]}
    assert answers.answer_table(bare, "pretrained") is None


def test_a_target_without_transfer_is_not_passed_over(rows):
    found = rows.pop("tatoeba")
    assert (found["pretrained"], found["routes"]) == (20.0, 0)
    assert {*found.values()} == {"tatoeba", 20.0, None, 0}
    text = rendering.plain_to_markdown(
        answers.answer_table(FRAME, "pretrained")
    )
    assert "| tatoeba | 20.0 | - | - | - | - | - | - | 0 |" in text


def test_the_best_is_over_as_many_seeds_as_any():
    few = {"difference_count": 1}
    all_ = {"difference_count": 3}
    frame = FRAME | {
        "rows": [
            FRAME["rows"][0],
            {"label": "panx", "cells": {"xnli": cell(41.0, 1.0, **few)}},
            {"label": "siqa", "cells": {"xnli": cell(39.0, -1.0, **all_)}},
            {"label": "squad", "cells": {"xnli": cell(38.0, -2.0, **all_)}},
        ]
    }
    (row,) = answers.answer_table(frame, "pretrained")["rows"]
    assert row[2:4] == ["siqa", -1.0]


def test_what_cannot_be_judged_is_not_counted_as_alike():
    frame = FRAME | {
        "rows": [
            FRAME["rows"][0],
            {
                "label": "mnli",
                "cells": {"panx": cell(53.0, 3.0, p=None, adjusted_p=None)},
            },
        ]
    }
    ((*_, better, worse, number),) = answers.answer_table(frame, "pretrained")[
        "rows"
    ]
    assert (better, worse, number) == (None, None, 1)


def test_points_are_written_with_their_sign():
    text = rendering.plain_to_markdown(
        answers.answer_table(FRAME, "pretrained")
    )
    assert (
        "| panx | 50.0 | mnli | +3.0 (+1.0 to +5.0) | 0.040 | 4.5 | 1 | 0 | 2 |"
        in (text)
    )
