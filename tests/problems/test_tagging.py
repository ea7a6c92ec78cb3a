"""Exactly one tag for each word, however long the sentence."""

import numpy as np
import pytest

from letters import LETTERS
from stilts_keras.errors import InputError
from stilts_keras.problems.tagging import IGNORED
from stilts_keras.problems.tagging import Tagging
from stilts_keras.tasks import UDPOS
from stilts_keras.tasks.example import TaggedWords

LABELS = UDPOS.labels


def sentence(words, tags):
    return TaggedWords(words=tuple(words), tags=tuple(tags))


def round_trip(examples, tokenizer, max_length):
    """Lets logits be right at each first piece; returns what comes back."""
    problem = Tagging(UDPOS)
    columns = problem.pack(examples, tokenizer, max_length)
    assert max(map(len, columns["token_ids"])) <= max_length
    _, y = problem.collate(columns, max_length, tokenizer)
    logits = np.eye(len(LABELS))[np.maximum(y["tags"], 0)]
    decoded = problem.decode(logits, columns)
    return problem.finish(decoded, columns, examples)


def test_a_sentence_is_packed_as_worked_by_hand():
    item = sentence(["a", "bcd", "ef"], ["DET", "NOUN", "VERB"])
    columns = Tagging(UDPOS).pack([item], LETTERS, 16)
    assert columns == {
        "token_ids": [[0, 10, 11, 12, 13, 14, 15, 2]],
        "length": [8],
        "positions": [[1, 2, 5]],
        # ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN ... VERB
        "tags": [[5, 7, 15]],
        "example": [0],
        "num_cut": [0],
    }


def test_only_first_pieces_carry_tags():
    item = sentence(["a", "bcd", "ef"], ["DET", "NOUN", "VERB"])
    problem = Tagging(UDPOS)
    columns = problem.pack([item], LETTERS, 16)
    x, y = problem.collate(columns, 10, LETTERS)
    no = IGNORED
    assert y["tags"].tolist() == [[no, 5, 7, no, no, 15, no, no, no, no]]
    assert x["padding_mask"].sum() == 8


def test_words_without_pieces_become_unknown():
    item = sentence(["", "ab", "i"], ["X", "NOUN", "PRON"])
    columns = Tagging(UDPOS).pack([item], LETTERS, 8)
    assert columns["token_ids"] == [[0, 3, 10, 11, 18, 2]]
    assert columns["positions"] == [[1, 2, 4]]


def test_a_word_longer_than_the_window_goes_on_in_the_next_ones():
    words = ["a", "bcdefghijklmnopq", "r", "s"]
    item = sentence(words, ["X", "NOUN", "PRON", "VERB"])
    problem = Tagging(UDPOS)
    columns = problem.pack([item], LETTERS, 8)
    spelt = "".join(
        chr(token + 87) for row in columns["token_ids"] for token in row[1:-1]
    )
    assert spelt == "".join(words)
    assert max(map(len, columns["token_ids"])) == 8
    assert columns["positions"] == [[1], [1], [], [5, 6]]
    assert round_trip([item], LETTERS, 8) == ([list(item.tags)],) * 2


def test_a_tag_that_no_training_row_has_is_scored_but_not_learnt():
    item = sentence(["a", "b"], ["DET", "S\\NP"])
    problem = Tagging(UDPOS)
    columns = problem.pack([item], LETTERS, 8)
    assert columns["tags"] == [[LABELS.index("DET"), IGNORED]]
    gold, _ = problem.finish([[0, 0]], columns, [item])
    assert gold == [["DET", "S\\NP"]]


def test_a_zero_width_word_keeps_its_tag(pocket_tokenizer):
    item = sentence(["a", "\u200b", "b"], ["DET", "X", "NOUN"])
    gold, predictions = round_trip([item], pocket_tokenizer, 16)
    assert gold == predictions == [["DET", "X", "NOUN"]]


@pytest.mark.parametrize("max_length", [8, 9, 16, 40, 1000])
def test_a_sentence_longer_than_the_window_is_rejoined(max_length):
    random = np.random.default_rng(max_length)
    sizes = random.integers(0, 9, 200)
    examples = []
    for part in np.split(sizes, [60, 61, 150]):
        words = ["abcdefghi"[:size] for size in part]
        examples.append(sentence(words, random.choice(LABELS, len(words))))
    gold, predictions = round_trip(examples, LETTERS, max_length)
    assert [len(tags) for tags in predictions] == [60, 1, 89, 50]
    assert gold == predictions


def test_windows_lose_no_piece_and_cut_no_word():
    words = ["abc", "de", "fghi", "j", "kl"]
    item = sentence(words, ["X"] * 5)
    columns = Tagging(UDPOS).pack([item], LETTERS, 8)
    assert columns["token_ids"] == [
        [0, 10, 11, 12, 13, 14, 2],
        [0, 15, 16, 17, 18, 19, 2],
        [0, 20, 21, 2],
    ]
    assert columns["positions"] == [[1, 4], [1, 5], [1]]
    assert columns["example"] == [0, 0, 0]


@pytest.mark.parametrize(
    ("words", "tags"),
    [
        ("แมว นอน บน เสื่อ", "NOUN VERB ADP NOUN"),
        ("猫 在 睡觉 。", "NOUN ADP VERB PUNCT"),
        ("القط نائم .", "NOUN ADJ PUNCT"),
        ("बिल्ली सो रही है ।", "NOUN VERB AUX AUX PUNCT"),
    ],
)
@pytest.mark.parametrize("name", ["pocket_tokenizer", "xlmr_tokenizer"])
def test_tags_survive_packing_and_decoding(request, name, words, tags):
    item = sentence(words.split(), tags.split())
    tokenizer = request.getfixturevalue(name)
    gold, predictions = round_trip([item], tokenizer, 12)
    assert gold == predictions == [tags.split()]


def test_unequal_words_and_tags_are_refused(pocket_tokenizer):
    item = sentence(["a", "b"], ["DET"])
    with pytest.raises(InputError, match="2 words and 1 tags"):
        Tagging(UDPOS).pack([item], pocket_tokenizer, 16)


def test_loss_counts_words_only():
    tags = np.array([[IGNORED, 3, IGNORED, 0]], "int32")
    logits = np.zeros((1, 4, 17), "float32")
    logits[0, [0, 2]] = 50.0 * np.arange(17)
    total, weight = map(float, Tagging(UDPOS).loss({"tags": tags}, logits))
    assert (total, weight) == (pytest.approx(2 * np.log(17), rel=1e-5), 2)
