"""Rows are disturbed as they are read: what is packed is what is shown."""

import pytest

from data.packing import Packing
from stilts_keras.data import features
from stilts_keras.data import sources
from stilts_keras.disturbances import TYPOS
from stilts_keras.disturbances import Disturbance
from stilts_keras.tasks import XNLI
from stilts_keras.tasks import XQUAD

NOTHING = Disturbance(
    name="nothing",
    change=lambda example, **how: example,
    strengths=(0.01, 0.02, 0.03, 0.04, 0.05),
    unit="share of nothing",
    problems=("classification",),
)


def load(tokenizer, pack, task=XNLI, split="test", **changes):
    arguments = {"count": 30, "max_length": 16, "pack_key": "disturbing"}
    return features.load_features(
        sources.open_data("pocket"),
        task,
        "de",
        split,
        pack=pack,
        tokenizer=tokenizer,
        is_evaluated=True,
        **arguments | changes,
    )


@pytest.mark.parametrize("task", [XNLI, XQUAD], ids=lambda task: task.name)
def test_packed_and_shown_examples_are_the_disturbed_ones(
    pocket_tokenizer, task
):
    clean, disturbed = Packing(), Packing()
    plain = load(pocket_tokenizer, clean, task)
    found = load(pocket_tokenizer, disturbed, task, setting=TYPOS.at(5))
    assert disturbed.seen == found.examples
    assert clean.seen == plain.examples
    assert disturbed.seen != clean.seen
    assert found.where == f"{plain.where}, typos 5"
    assert found.notes() == [*plain.notes(), "typos 5: 20 % of letters"]


def test_severities_are_cached_apart_and_0_is_as_the_clean_rows(
    pocket_tokenizer,
):
    clean = load(pocket_tokenizer, Packing()).examples
    texts = []
    for severity in (0, 1, 5, 5):
        pack = Packing()
        found = load(
            pocket_tokenizer, pack, split="dev", setting=TYPOS.at(severity)
        )
        texts.append((len(pack.seen), found.examples))
    assert [number for number, _ in texts] == [30, 30, 30, 0]
    assert texts[2][1] == texts[3][1] != texts[1][1]
    same = load(pocket_tokenizer, Packing(), setting=TYPOS.at(0))
    assert same.examples == clean


def test_a_row_is_disturbed_alike_however_many_are_taken(pocket_tokenizer):
    whole = load(pocket_tokenizer, Packing(), count=None, setting=TYPOS.at(4))
    part = load(pocket_tokenizer, Packing(), count=20, setting=TYPOS.at(4))
    by_number = dict(enumerate(whole.examples))
    numbers = [part.reader.number(index) for index in range(20)]
    assert numbers != list(range(20))
    assert part.examples == [by_number[number] for number in numbers]


def test_rows_may_be_taken_by_their_numbers(pocket_tokenizer):
    whole = load(pocket_tokenizer, Packing(), count=None)
    numbers = (3, 8, 21)
    part = load(pocket_tokenizer, Packing(), count=None, numbers=numbers)
    assert part.examples == [whole.examples[number] for number in numbers]
    other = Packing()
    others = load(pocket_tokenizer, other, count=None, numbers=(3, 8, 22))
    assert len(other.seen) == 3
    # Three things, three names: what is computed of one is kept under it.
    assert len({whole.where, part.where, others.where}) == 3


def test_where_no_row_has_what_is_changed_it_is_said(pocket_tokenizer):
    """Of a language that is not known here, nobody can tell before."""
    changed = load(pocket_tokenizer, Packing(), setting=TYPOS.at(5))
    nothing = load(pocket_tokenizer, Packing(), setting=NOTHING.at(5))
    for split, note in (
        (changed, "typos 5: 20 % of letters"),
        (nothing, "nothing 5: 5 % of nothing"),
    ):
        assert split.notes() == [note]
        assert len(split.examples) == 30
    assert len(changed.notes()) == 1
    assert nothing.notes()[1] == (
        "nothing 5: no row of xnli (de, test) has what it changes"
    )
    examples = changed.examples
    changed.release()
    assert "examples" not in vars(changed)
    assert changed.examples == examples
