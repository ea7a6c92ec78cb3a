"""What --disturb may say."""

import pytest

from stilts_keras.disturbances.asked import Asked
from stilts_keras.disturbances.asked import parse
from stilts_keras.errors import InputError
from stilts_keras.tasks import TASKS

TARGETS = ("xnli", "panx")


def parsed(*texts):
    return parse(texts, TASKS, TARGETS)


def test_severities_are_named_or_all_five():
    typos, casing = parsed("typos:3,1", "casing")
    assert typos == Asked(name="typos", severities=(1, 3))
    assert casing.severities == (1, 2, 3, 4, 5)


def test_what_is_asked_for_twice_stands_once():
    assert parsed("typos:1", "typos:5,1") == parsed("typos:1,5")


def test_rows_of_a_task_bring_their_clean_ones():
    (noise,) = parsed("real_noise@xnli")
    assert noise == Asked(name="real_noise", severities=(0, 1), target="xnli")


def test_asked_is_read_as_it_is_written():
    asked = parsed("typos@panx:1,2", "casing", "real_noise")
    assert parse(asked, TASKS, TARGETS) == asked


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("typo:1", "Did you mean 'typos'?"),
        ("realnoise", "Did you mean 'real_noise'?"),
        ("typos@xnly", "Did you mean 'xnli'?"),
        ("typos:6", "from 0 (clean) to 5. Received: 6"),
        ("typos:", "such as typos:1,3,5. Received: ''"),
        ("typos:one", "such as typos:1,3,5. Received: 'one'"),
        ("real_noise:3", "Pass --disturb=real_noise. Received: '3'"),
    ],
)
def test_what_is_wrong_is_said_with_the_next_move(text, said):
    with pytest.raises(InputError) as caught:
        parsed(text)
    assert said in str(caught.value)
