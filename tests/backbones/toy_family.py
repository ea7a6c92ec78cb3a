"""A family that is like none of the package's, in one file.

No token stands at the beginning, one at the end; padding is id 7; the inputs
have names of their own and there is no KerasHub class. `register` adds it.
"""

import functools

from stilts_keras.backbones import FAMILIES
from stilts_keras.backbones.family import Family
from stilts_keras.backbones.family import from_preset
from stilts_keras.backbones.tokenizer import Layout

END, UNKNOWN, PAD, MASK, FIRST_TEXT = 5, 6, 7, 8, 9


class Toy(Family):
    """Each layer mixes a token with the mean of its sequence."""

    name = "toy"
    keras_class = "ToyBackbone"
    summary = "mean"

    def num_parameters(self, backbone):
        if backbone.vocabulary_size is None:
            return None
        hidden = backbone.hidden_dim
        per_layer = 2 * hidden * hidden + hidden
        return (
            backbone.vocabulary_size * hidden + backbone.num_layers * per_layer
        )

    def layout(self, pieces):
        # Pieces 0 to 2 of the file are no text.
        shift = FIRST_TEXT - 3
        return Layout(
            before=(),
            between=(END,),
            after=(END,),
            pad_id=PAD,
            unknown_id=UNKNOWN,
            mask_id=MASK,
            text_ids=range(FIRST_TEXT, pieces.size + shift),
            vocabulary_size=pieces.size + shift,
            shift=shift,
            num_control_pieces=3,
            anchor="last",
            ids_input="words",
            mask_input="is_word",
        )

    def build(self, backbone, vocabulary_size, dtype_policy):
        return backbone_class()(
            vocabulary_size=vocabulary_size,
            num_layers=backbone.num_layers,
            hidden_dim=backbone.hidden_dim,
            dropout=backbone.dropout,
            dtype=dtype_policy,
        )

    def state(self, model, layer):
        return model.get_layer(f"mixed_{layer}").output

    def attention_dropouts(self, model):
        return []

    def load_keras(self, preset, dtype_policy):
        return from_preset(backbone_class(), preset, dtype=dtype_policy)


@functools.cache
def backbone_class():
    """Makes the class when Keras is wanted, and not before."""
    import keras
    import keras_hub
    from keras import ops

    @keras.saving.register_keras_serializable("toy")
    class Mean(keras.layers.Layer):
        def call(self, state, is_word):
            mask = ops.cast(is_word, state.dtype)[:, :, None]
            total = ops.sum(state * mask, axis=1, keepdims=True)
            mean = total / ops.sum(mask, axis=1, keepdims=True)
            return ops.concatenate(
                [state, ops.broadcast_to(mean, ops.shape(state))], axis=-1
            )

    @keras.saving.register_keras_serializable("toy")
    class ToyBackbone(keras_hub.models.Backbone):
        def __init__(
            self,
            vocabulary_size,
            num_layers,
            hidden_dim,
            dropout,
            dtype=None,
            **kwargs,
        ):
            words = keras.Input((None,), dtype="int32", name="words")
            is_word = keras.Input((None,), dtype="int32", name="is_word")
            embedding = keras_hub.layers.ReversibleEmbedding(
                vocabulary_size, hidden_dim, name="embedding", dtype=dtype
            )
            drop = keras.layers.Dropout(dropout, name="mixed_0", dtype=dtype)
            state = drop(embedding(words))
            for layer in range(1, num_layers + 1):
                mixed = Mean(name=f"mean_{layer}", dtype=dtype)(state, is_word)
                state = keras.layers.Dense(
                    hidden_dim,
                    activation="tanh",
                    name=f"mixed_{layer}",
                    dtype=dtype,
                )(mixed)
            super().__init__(
                inputs={"words": words, "is_word": is_word},
                outputs=state,
                dtype=dtype,
                **kwargs,
            )
            self.token_embedding = embedding
            self.vocabulary_size = vocabulary_size
            self.num_layers = num_layers
            self.hidden_dim = hidden_dim
            self.dropout = dropout

        def get_config(self):
            return super().get_config() | {
                "vocabulary_size": self.vocabulary_size,
                "num_layers": self.num_layers,
                "hidden_dim": self.hidden_dim,
                "dropout": self.dropout,
            }

    return ToyBackbone


def register():
    """Adds the family, as a name in `backbones/__init__.py` would."""
    FAMILIES["toy"] = Toy()
