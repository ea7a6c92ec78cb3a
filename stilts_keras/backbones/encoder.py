"""A loaded backbone, the same for all families: what heads and stages use."""

import functools

import keras
from keras import ops

from stilts_keras.backbones.lora import write_factors
from stilts_keras.backend import quicken_attention
from stilts_keras.backend import quicken_dropout
from stilts_keras.errors import InputError

SUMMARIES = ("first", "mean")
# KerasHub's name of the dropout of what attention gives, after its dense layer.
ATTENTION_OUTPUT_LAYER = "self_attention_dropout"
ACTIVATIONS = {
    "gelu": functools.partial(keras.activations.gelu, approximate=False),
    "gelu_tanh": functools.partial(keras.activations.gelu, approximate=True),
    "linear": keras.activations.linear,
    "relu": keras.activations.relu,
    "silu": keras.activations.silu,
    "tanh": keras.activations.tanh,
}
# Where any two of them differ by more than 1e-4.
_POINTS = (-2.0, -1.0, 0.5, 1.5)


class Encoder:
    """A backbone with weights.

    Attributes:
        family: `Family`.
        tokenizer: `Tokenizer`, or `LogMel`, whose arrays the network takes.
        settings: dict. What KerasHub's class does not say of the network.
        network: `keras.Model` from `inputs` to hidden states (b, l, h).
        inputs: tuple of str. Names of the arrays that the network takes.
        num_layers: int.
        hidden_dim: int.
        vocabulary_size: int. Rows of the token embedding; None where it has
            none, since it reads audio.
        dropout: float in [0, 1). Of heads, too.
        summary: str. How a sequence is summarised: one of `SUMMARIES`.
        classifier_activation: str. One of `ACTIVATIONS`: that of the head of
            whole sequences.
        vocabulary: `CompactVocabulary`, while the network has some rows of
            its token embedding; None where it has all.
        adapters: dict from a projection's name to the `lora.LowRank` in its
            place, while a LoRA stage is trained.
        factors: list of those of earlier LoRA stages, which the weights hold.
    """

    def __init__(self, family, model, tokenizer, settings):
        """Takes the parts; changes the model as the settings say."""
        self.family = family
        self.tokenizer = tokenizer
        self.settings = dict(settings)
        self.vocabulary = None
        self.adapters = {}
        self.factors = []
        self._model = model
        _honour(family, model, self.settings)
        self.network = family.network(model)
        self.inputs = tuple(self.network.input)
        self.num_layers = family.size(model, "num_layers")
        self.hidden_dim = family.size(model, "hidden_dim")
        self.vocabulary_size = family.size(model, "vocabulary_size")
        self.dropout = self.settings.get(
            "dropout", family.size(model, "dropout")
        )
        self.summary = family.summary
        self.classifier_activation = self.settings.get(
            "classifier_activation", family.classifier_activation
        )

    @functools.cached_property
    def layer_norm_epsilon(self):
        """Float, or None where the network has no layer norm."""
        return self.family.layer_norm_epsilon(self._model)

    @functools.cached_property
    def activation(self):
        """Str of `ACTIVATIONS`, or None where the network has another."""
        for layer in self._model._flatten_layers():
            if layer.name == self.family.inner_layer:
                return _activation_name(layer.activation)
        return None

    @property
    def masked_lm_activation(self):
        """Str. That of the head that finds masked tokens."""
        return self.family.masked_lm_activation or self.activation or "gelu"

    @property
    def attention_dropout(self):
        """Float in [0, 1). Of attention's probabilities."""
        layers = self.family.attention_dropouts(self._model)
        return layers[0].rate if layers else 0.0

    def size(self, name):
        """Returns one of `SIZES`; None where the family has none."""
        if name == "dropout":
            return self.dropout
        return self.family.size(self._model, name)

    def weights(self):
        """Returns what `Family.weights` says of all variables."""
        return self.family.weights(self._model)

    def projections(self):
        """Returns what `Family.projections` finds of this backbone."""
        return self.family.projections(self._model)

    def to_vocabulary(self, state):
        """Maps states (..., h) to how well each token fits there (..., k)."""
        return self.family.to_vocabulary(self._model, state)

    @property
    def token_embedding(self):
        """`keras.Variable` (rows, h): what tokens are embedded by, or None."""
        layer = self.family.token_embedding(self._model)
        return None if layer is None else layer.embeddings

    def cut(self, layers):
        """Cuts the network at some of its hidden states.

        Args:
            layers: list of int. 0 is the embedding, n the last layer.

        Returns:
            `keras.Model` from the network's inputs to a list of hidden states
            (b, l, h), or to the only one. It shares the network's weights.

        Raises:
            InputError: If the backbone has fewer layers.
        """
        if max(layers) > self.num_layers:
            raise InputError(
                f"retrieval_layer {max(layers)} is above the backbone's "
                f"{self.num_layers} layers. Choose 0 (the embedding) to "
                f"{self.num_layers}, or sweep."
            )
        return keras.Model(
            self.network.input,
            [self.family.state(self._model, layer) for layer in layers],
        )

    def save(self, folder):
        """Writes a KerasHub preset folder: weights, config and tokenizer.

        While a LoRA stage is trained, factors stand for the weights.

        Args:
            folder: path.

        Raises:
            ValueError: If some rows of the token embedding are not there.
        """
        if self.vocabulary is not None:
            raise ValueError(
                "The network has some rows of its token embedding only. End "
                "its training first."
            )
        if self.adapters:
            self.family.save_config(self._model, folder, self.settings)
            write_factors(self, folder)
        else:
            self.family.save(self._model, folder, self.settings)
        self.family.save_tokenizer(self.tokenizer, folder)


def summarise(state, mask, summary):
    """Makes one vector for each sequence.

    Args:
        state: tensor (b, l, h).
        mask: tensor (b, l), or (b', c, l) with b = b' c. 1 where a token is.
        summary: str. `first`: the first token's state; `mean`: the mean over
            all tokens, special ones included, padding not.

    Returns:
        Tensor (b, h).
    """
    if summary == "first":
        return state[:, 0]
    mask = ops.reshape(mask, (-1, ops.shape(mask)[-1]))
    mask = ops.cast(mask, state.dtype)[:, :, None]
    return ops.sum(state * mask, axis=1) / ops.sum(mask, axis=1)


def _activation_name(function):
    """Asks a function which of `ACTIVATIONS` it is; None if it is another."""
    points = ops.convert_to_tensor(_POINTS, "float32")
    for name, known in ACTIVATIONS.items():
        apart = ops.max(ops.abs(function(points) - known(points)))
        if float(apart) < 1e-5:
            return name
    return None


def _honour(family, model, settings):
    """Sets what KerasHub's classes fix: epsilon, activation, dropout.

    What then is computed stays the same, by the backend's quickest way.
    """
    epsilon = settings.get("layer_norm_epsilon")
    activation = settings.get("activation")
    of_attention = family.attention_dropouts(model)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.LayerNormalization):
            layer.epsilon = layer.epsilon if epsilon is None else epsilon
        elif layer.name == family.inner_layer and activation:
            layer.activation = ACTIVATIONS[activation]
        elif isinstance(layer, keras.layers.MultiHeadAttention):
            layer._dropout = settings.get("attention_dropout", layer._dropout)
            quicken_attention(layer)
        elif isinstance(layer, keras.layers.Dropout):
            rate = settings.get("dropout", layer.rate)
            if any(layer is other for other in of_attention):
                rate = settings.get("attention_dropout", layer.rate)
            elif layer.name == ATTENTION_OUTPUT_LAYER:
                rate = settings.get("attention_output_dropout", rate)
            layer.rate = rate
            quicken_dropout(layer)
