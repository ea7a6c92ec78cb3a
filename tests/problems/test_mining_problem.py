"""Pools of sentences, their gold pairs, and a threshold chosen on dev."""

import dataclasses

import numpy as np
import pytest

from letters import LETTERS
from stilts_keras.errors import InputError
from stilts_keras.problems.mining import Mining
from stilts_keras.scoring.metrics import score
from stilts_keras.tasks import TATOEBA
from stilts_keras.tasks.example import GoldPair
from stilts_keras.tasks.example import PoolSentence

TASK = dataclasses.replace(TATOEBA, problem="mining")
# Signs on the axes: each sentence's meaning; translations share a meaning.
MEANINGS = 8


def pool(side, texts):
    return [
        PoolSentence(id=f"{side}-{index}", text=text, side=side)
        for index, text in enumerate(texts)
    ]


def pair(source, target):
    return GoldPair(source_id=f"source-{source}", target_id=f"target-{target}")


def finish(examples, vectors, threshold, problem=None):
    """Embeds each text by `vectors`, in the order that packing gives."""
    problem = problem or Mining(TASK)
    columns = problem.pack(examples, LETTERS, 16)
    decoded = np.array(
        [vectors[examples[position].text] for position in columns["example"]],
        dtype="float32",
    )
    if threshold is None:
        threshold = problem.threshold(decoded, columns, examples)
    return problem.finish(decoded, columns, examples, threshold), threshold


def meaning(index, noise=0.0, seed=0):
    vector = np.eye(MEANINGS)[index]
    return vector + noise * np.random.default_rng(seed).random(MEANINGS)


def world():
    """Five source and six target sentences; three pairs are translations."""
    sources = ["一", "二", "三", "四", "五"]
    targets = ["one", "two", "three", "x", "y", "z"]
    examples = pool("source", sources) + pool("target", targets)
    examples += [pair(0, 0), pair(1, 1), pair(2, 2)]
    vectors = {
        text: meaning(index, 0.1, index) for index, text in enumerate(sources)
    }
    vectors |= {
        text: meaning(index, 0.1, 10 + index)
        for index, text in enumerate(targets[:3])
    }
    vectors |= {
        text: meaning(5 + index, 0.4, 20 + index)
        for index, text in enumerate(targets[3:])
    }
    return examples, vectors


def test_gold_pairs_are_no_sentences():
    examples, _ = world()
    columns = Mining(TASK).pack(examples, LETTERS, 16)
    assert columns["side"] == [0] * 5 + [1] * 6
    assert columns["example"] == list(range(11))


def test_translations_are_mined_and_others_are_not():
    examples, vectors = world()
    (gold, mined), _ = finish(examples, vectors, None)
    assert gold == [["target-0"], ["target-1"], ["target-2"], [], []]
    assert mined == gold
    assert score(["pair_f1"], gold, mined) == {"pair_f1": 100.0}
    assert Mining(TASK).ids(examples) == [f"source-{n}" for n in range(5)]


def test_a_threshold_decides_what_is_output():
    examples, vectors = world()
    (_, none), _ = finish(examples, vectors, 1e9)
    assert none == [[]] * 5
    (_, everything), _ = finish(examples, vectors, 0.0)
    assert sum(map(len, everything)) > 3


def test_the_threshold_knows_no_test_gold():
    examples, vectors = world()
    (_, mined), threshold = finish(examples, vectors, None)
    hidden = [item for item in examples if isinstance(item, PoolSentence)]
    (gold, found), _ = finish(hidden, vectors, threshold)
    assert found == mined
    assert gold == [[]] * 5


def test_a_text_that_repeats_in_its_pool_is_not_output():
    examples, vectors = world()
    again = PoolSentence(id="target-9", text="two", side="target")
    (gold, mined), _ = finish([*examples, again], vectors, 0.0)
    assert gold[1] == ["target-1"]
    assert mined[1] == []
    assert mined[0] == ["target-0"]


def test_a_gold_pair_of_an_unknown_sentence_is_named():
    examples, _ = world()
    with pytest.raises(InputError, match=r"target sentence 'target-77'"):
        Mining(TASK).ids([*examples, pair(0, 77)])


def test_an_id_that_stands_twice_in_a_pool_is_refused():
    examples, _ = world()
    again = PoolSentence(id="target-0", text="other", side="target")
    with pytest.raises(InputError, match="two target sentences have one id"):
        Mining(TASK).ids([*examples, again])
