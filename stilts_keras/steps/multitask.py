"""One backbone under several heads: the Model that a stage trains.

A batch is `{head key: features}` with a single key: it goes through the
backbone and that head. One Model and one optimizer hold all of them, since
an optimizer shared by several Models fails on JAX.
"""

import gc

import keras
import numpy as np
from keras import ops

from stilts_keras import memory
from stilts_keras.backbones.vocabulary import CompactVocabulary
from stilts_keras.backbones.vocabulary import compact_rows
from stilts_keras.backend import check_spread
from stilts_keras.backend import gathered
from stilts_keras.backend import jit_compile
from stilts_keras.backend import num_processes
from stilts_keras.backend import on_device
from stilts_keras.backend import spread
from stilts_keras.backend import steady_function

HEAD_STDDEV = 0.02


class MultiTask(keras.Model):
    """A backbone under heads by key."""

    def __init__(self, encoder, heads, *, network=None, seed=0):
        """Builds all heads, so that training never meets a new variable.

        Args:
            encoder: `backbones.encoder.Encoder`.
            network: `keras.Model` from the encoder's inputs to hidden states
                (b, l, h), or to a list of them; None for the encoder's own.
            heads: dict from key to layer, called as `head(hidden, x)`.
            seed: int. Draws the heads' kernels, equal on every backend.
        """
        super().__init__(name="multi_task")
        self.encoder = encoder
        self.backbone = network or encoder.network
        self.heads = heads
        random = np.random.default_rng([seed, 1])
        hidden_dim = keras.tree.flatten(self.backbone.output)[0].shape[-1]
        for head in heads.values():
            head.build((None, None, hidden_dim))
            _initialise(head, random)
        self.built = True
        # For predictions; `Update` compiles again, with its optimizer.
        self.compile(jit_compile=jit_compile())

    def call(self, x, training=None):
        """Maps `{key: features}` to that head's logits.

        The backbone's inputs may be (b, l) or, for several sequences of one
        row, (b, c, l): these are folded to (b * c, l) for it. Heads get the
        mask as it came, under a name of its own.
        """
        ((key, features),) = x.items()
        mask = features[self.encoder.tokenizer.mask_input]
        hidden = self.backbone(
            {
                name: _folded(features[name], taken.dtype)
                for name, taken in self.backbone.input.items()
            },
            training=training,
        )
        features = {
            name: value
            for name, value in features.items()
            if name not in self.encoder.inputs
        }
        return self.heads[key](
            hidden, {**features, "mask": mask}, training=training
        )

    @memory.giving_back()
    def compact(self, rows, folder=None):
        """Leaves the backbone some rows of its token embedding, to train on.

        Args:
            rows: int array (k,), sorted. Ids of tokens.
            folder: path or None. As `CompactVocabulary` takes it.
        """
        self.encoder.vocabulary = CompactVocabulary(
            self.encoder.token_embedding, rows, folder
        )

    def compact_to(self, all_features, folder=None):
        """Leaves the backbone the rows that features need, if they are few.

        Args:
            all_features: iterable of packed features; see `compact_rows`.
            folder: path or None. As `CompactVocabulary` takes it.

        Returns:
            int. Rows of the token embedding that are left.
        """
        encoder = self.encoder
        rows = compact_rows(
            all_features, encoder.tokenizer.layout, encoder.vocabulary_size
        )
        if rows is None:
            return encoder.vocabulary_size
        self.compact(rows, folder)
        return len(rows)

    def prepared(self, x):
        """Turns what `collate` makes into what the network takes now.

        Args:
            x: dict of NumPy arrays.

        Returns:
            Dict of arrays: rows of a compact vocabulary in place of ids; on
            the device where that saves waiting.

        Raises:
            ValueError: If an id is not in the compact vocabulary.
        """
        vocabulary = self.encoder.vocabulary
        if vocabulary is not None:
            name = self.encoder.tokenizer.ids_input
            x = {**x, name: vocabulary.rows_of(x[name])}
        return on_device(x)

    @memory.giving_back()
    def end_training(self, num_steps):
        """Makes a compact vocabulary whole again, which ends training.

        The optimizer goes first, for its memory; what predicts is made anew,
        for it may hold on to the smaller table.

        Args:
            num_steps: int. The weights are those after so many steps.
        """
        vocabulary = self.encoder.vocabulary
        if vocabulary is None:
            return
        decay = self.optimizer.decay(vocabulary.variable, num_steps)
        self.compile(jit_compile=jit_compile())
        # Compiled functions and their optimizer refer to each other.
        gc.collect()
        vocabulary.expand(decay)
        self.encoder.vocabulary = None

    def predict_on_batch(self, x):
        """Maps `{key: features}` to that head's logits, as NumPy arrays."""
        return super().predict_on_batch(spread(x))

    def make_predict_function(self, force=False):
        """Makes what `predict_on_batch` calls with a list of one batch."""
        if self.predict_function is None or force:
            check_spread(self.variables)
        step = steady_function(lambda x: self.predict_step((x,)))
        if step is None:
            is_new = self.predict_function is None or force
            super().make_predict_function(force)
            if is_new and num_processes() > 1:
                self.predict_function = _gathering(self.predict_function)
        elif self.predict_function is None or force:
            self.predict_function = lambda batches: step(*batches[0])


def _gathering(predict):
    """Has outputs be whole in each of several processes."""

    def predict_together(state, batches):
        outputs, state = predict(state, batches)
        return gathered(outputs), state

    return predict_together


def _folded(array, dtype):
    """Folds (b, c, l) to (b * c, l); bools become what attention takes."""
    return ops.reshape(ops.cast(array, dtype), (-1, ops.shape(array)[-1]))


def _initialise(head, random):
    for variable in head.trainable_variables:
        if variable.path.endswith("kernel"):
            values = random.standard_normal(tuple(variable.shape))
            variable.assign(values.astype("float32") * HEAD_STDDEV)
