import keras
import numpy as np

from encoders import tiny_encoder
from stilts_keras.backbones.family import without_drawing


def values(encoder):
    return [
        keras.ops.convert_to_numpy(variable.value)
        for variable in encoder.network.trainable_variables
    ]


def test_weights_that_are_to_be_read_are_no_numbers_until_then():
    with without_drawing():
        undrawn = keras.layers.Dense(3)
        undrawn.build((None, 2))
    drawn = keras.layers.Dense(3)
    drawn.build((None, 2))
    assert np.isnan(keras.ops.convert_to_numpy(undrawn.kernel)).all()
    assert np.isfinite(keras.ops.convert_to_numpy(drawn.kernel)).all()


def test_all_weights_of_a_folder_are_read(tmp_path):
    encoder = tiny_encoder()
    encoder.save(tmp_path)
    model = encoder.family.load_keras(str(tmp_path), "float32")
    read = [
        keras.ops.convert_to_numpy(variable.value)
        for variable in model.trainable_variables
    ]
    assert len(read) == len(values(encoder))
    for one, other in zip(read, values(encoder), strict=True):
        assert np.array_equal(one, other)
