import dataclasses

import datasets
import keras
import numpy as np
import pytest

from letters import LETTERS
from stilts_keras import backend
from stilts_keras.backbones.vocabulary import CompactVocabulary
from stilts_keras.backbones.vocabulary import compact_rows

SPECIAL = [0, 1, 2, 3, 1061]


def features(ids):
    return datasets.Dataset.from_dict({"token_ids": ids, "length": [9] * 4})


def rows(*ids, num_rows=1062):
    return compact_rows(map(features, ids), LETTERS.layout, num_rows).tolist()


def table(num_rows=40):
    random = np.random.default_rng(0)
    return random.standard_normal((num_rows, 3)).astype("float32")


def values(variable):
    return keras.ops.convert_to_numpy(variable).copy()


# ------------------------------------------------------------ Which rows
def test_rows_are_those_of_all_data_and_special_tokens():
    found = rows([[100, 101], [102], [], [100]], [[7], [1000], [7], [7]])
    assert set(found) == {*SPECIAL, 7, 100, 101, 102, 1000}


def test_several_sequences_in_a_feature_are_read_too():
    found = rows([[[100], [101, 102]], [[103]], [[]], []])
    assert set(found) == {*SPECIAL, 100, 101, 102, 103}


def test_rows_left_out_of_a_selection_are_not_needed():
    kept = features([[50], [51], [52], [53]]).select([1, 3])
    found = compact_rows([kept], LETTERS.layout, 1062).tolist()
    assert set(found) == {*SPECIAL, 51, 53}


def test_a_family_without_a_mask_has_no_row_for_it():
    layout = dataclasses.replace(LETTERS.layout, mask_id=None)
    ids = features([[50], [51], [52], [53]])
    assert compact_rows([ids], layout, 1062).tolist() == [
        *SPECIAL[:4],
        *range(50, 54),
    ]


@pytest.mark.parametrize(
    "num_ids, size", [(16, 16), (17, 18), (33, 36), (200, 208), (257, 288)]
)
def test_sizes_are_eight_per_doubling_filled_from_the_lowest(num_ids, size):
    ids = np.arange(500, 500 + num_ids - len(SPECIAL)).tolist()
    found = rows([ids, [], [], []])
    assert len(found) == size and found == sorted(set(found))
    filled = set(found) - {*SPECIAL, *ids}
    assert filled == set(range(4, 4 + size - num_ids))


def test_most_of_a_table_is_all_of_it():
    ids = features([list(range(500, 840)), [], [], []])
    assert compact_rows([ids], LETTERS.layout, 1062) is not None
    ids = features([list(range(4, 900)), [], [], []])
    assert compact_rows([ids], LETTERS.layout, 1062) is None


# -------------------------------------------------------------- The variable
def test_a_variable_takes_a_value_of_another_shape():
    variable = keras.Variable(table())
    before = id(variable)
    for value in (table(7), table(90)):
        backend.replace_value(variable, value.copy())
        assert tuple(variable.shape) == value.shape
        assert np.array_equal(values(variable), value)
        variable.assign(value + 1)
        assert np.array_equal(values(variable), value + 1)
    assert id(variable) == before and variable.trainable


def test_ids_find_their_rows():
    variable = keras.Variable(table())
    vocabulary = CompactVocabulary(variable, [2, 5, 30])
    ids = np.array([[30, 2], [2, 5]])
    found = values(variable)[vocabulary.rows_of(ids)]
    assert np.array_equal(found, table()[ids])


def test_an_id_without_a_row_is_refused():
    vocabulary = CompactVocabulary(keras.Variable(table()), [2, 5, 30])
    with pytest.raises(ValueError, match=r"2 of the batch.*\[3, 31\]"):
        vocabulary.rows_of(np.array([[30, 3], [31, 5], [3, 3]]))


def test_rows_come_back_bit_equal_and_trained_where_they_were():
    variable = keras.Variable(table())
    vocabulary = CompactVocabulary(variable, [2, 5, 30])
    trained = values(variable) + 1
    variable.assign(trained)
    vocabulary.expand(1.0)
    expected = table()
    expected[[2, 5, 30]] = trained
    assert np.array_equal(values(variable), expected)


def test_decay_reaches_only_rows_that_were_not_there():
    variable = keras.Variable(table())
    vocabulary = CompactVocabulary(variable, [2, 5, 30])
    trained = values(variable)
    decay = 0.9876543210123
    expected = (table().astype("float64") * decay).astype("float32")
    assert np.array_equal(vocabulary.decayed(decay), expected)
    vocabulary.expand(decay)
    expected[[2, 5, 30]] = trained
    assert np.array_equal(values(variable), expected)
