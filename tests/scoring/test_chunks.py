"""The chunk rule, against cases worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stilts_keras.errors import InputError
from stilts_keras.scoring.chunks import chunks_of
from stilts_keras.scoring.metrics import METRICS

UPOS = (
    "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM "
    "VERB X"
).split()
IOB2 = ["O"] + [f"{p}-{k}" for p in "BI" for k in ("PER", "ORG", "LOC")]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("", set()),
        ("O O", set()),
        ("NOUN", {("NOUN", 0, 0)}),
        ("NOUN NOUN VERB", {("NOUN", 0, 1), ("VERB", 2, 2)}),
        ("SYM SYM", {("SYM", 0, 0), ("SYM", 1, 1)}),
        ("NOUN SYM NOUN", {("NOUN", 0, 0), ("SYM", 1, 1), ("NOUN", 2, 2)}),
        ("INTJ INTJ", {("INTJ", 0, 1)}),
        ("SCONJ INTJ", {("SCONJ", 0, 0), ("INTJ", 1, 1)}),
        ("CCONJ SCONJ", {("CCONJ", 0, 0), ("SCONJ", 1, 1)}),
        ("B-PER I-PER O B-LOC", {("PER", 0, 1), ("LOC", 3, 3)}),
        ("B-PER B-PER", {("PER", 0, 0), ("PER", 1, 1)}),
        ("O I-PER I-PER", {("PER", 1, 2)}),
        ("B-PER I-ORG", {("PER", 0, 0), ("ORG", 1, 1)}),
        ("S-PER I-PER", {("PER", 0, 0), ("PER", 1, 1)}),
        ("B-PER E-PER I-PER", {("PER", 0, 1), ("PER", 2, 2)}),
        (". NOUN .", {("NOUN", 1, 1)}),
    ],
)
def test_chunks_follow_the_rule_of_the_reference(tags, expected):
    assert chunks_of(tags.split()) == expected


chunk_f1 = METRICS["chunk_f1"]


def test_chunks_reject_an_empty_tag():
    with pytest.raises(InputError, match="tag is empty"):
        chunks_of(["NOUN", ""])


def test_chunk_f1_tells_cconj_from_sconj():
    # Later seqeval releases score 100 here.
    assert chunk_f1([["CCONJ", "NOUN"]], [["SCONJ", "NOUN"]]) == 50.0


def test_chunk_f1_is_not_word_accuracy():
    # One wrong word of three breaks the only chunk of gold.
    assert chunk_f1([["NOUN"] * 3], [["NOUN", "VERB", "NOUN"]]) == 0.0


def test_chunk_f1_is_micro_over_sentences():
    gold = [["NOUN"], ["VERB", "ADJ", "ADV"]]
    guess = [["VERB"], ["VERB", "ADJ", "ADV"]]
    assert chunk_f1(gold, guess) == pytest.approx(75.0)


def test_chunks_never_cross_the_end_of_a_sentence():
    assert chunk_f1([["NOUN"], ["NOUN"]], [["NOUN"], ["VERB"]]) == 50.0


def test_chunk_f1_without_any_chunk_is_zero_as_in_the_reference():
    assert chunk_f1([["O", "O"]], [["O", "O"]]) == 0.0


def pairs_of(tags):
    """Draws gold and predicted sentences of equal lengths."""
    pair = st.tuples(st.sampled_from(tags), st.sampled_from(tags))
    return st.lists(st.lists(pair, min_size=1, max_size=8), min_size=1)


@given(st.one_of(pairs_of(UPOS), pairs_of(IOB2)))
def test_chunk_f1_lies_in_0_to_100_and_is_symmetric(sentences):
    gold = [[pair[0] for pair in sentence] for sentence in sentences]
    guess = [[pair[1] for pair in sentence] for sentence in sentences]
    value = chunk_f1(gold, guess)
    assert 0.0 <= value <= 100.0
    assert value == chunk_f1(guess, gold)


@given(st.one_of(pairs_of(UPOS), pairs_of(IOB2)))
def test_identical_tags_score_100_where_they_have_a_chunk(sentences):
    gold = [[pair[0] for pair in sentence] for sentence in sentences]
    has_chunk = any(tag != "O" for sentence in gold for tag in sentence)
    assert chunk_f1(gold, gold) == (100.0 if has_chunk else 0.0)


@given(pairs_of(UPOS))
def test_chunks_of_bare_tags_cover_every_word_once(sentences):
    for sentence in sentences:
        tags = [pair[0] for pair in sentence]
        words = [
            word
            for _, first, last in chunks_of(tags)
            for word in range(first, last + 1)
        ]
        assert sorted(words) == list(range(len(tags)))
