"""Find translations by the similarity of pooled hidden states; no training."""

import keras
import numpy as np
from keras import ops

from stilts_keras.backbones.encoder import summarise
from stilts_keras.errors import InputError
from stilts_keras.problems.problem import Problem
from stilts_keras.scoring import neighbours

# Layers of the backbone -> the hidden state to pool (0 is the embedding).
# 24: Phang et al.'s code, and XTREME's run_tatoeba.sh; 12: XTREME's script.
DOCUMENTED_LAYERS = {12: 8, 24: 14}
# Phang et al.'s code, for Tatoeba and BUCC alike. (XTREME's script takes the
# state 20 of 24 and `cls` for BUCC; its authors discuss both as mistakes.)
DOCUMENTED_POOLING = "mean"
NUM_SAMPLED_PAIRS = 100


def documented_layer(num_layers):
    """Returns the hidden state that is pooled unless a flag says otherwise.

    Args:
        num_layers: int. Of the backbone; for depths that no source documents,
            a layer as far up as 14 of 24.
    """
    return DOCUMENTED_LAYERS.get(num_layers, round(num_layers * 14 / 24))


class Retrieval(Problem):
    """Embeds both sides; each English sentence picks its nearest neighbour.

    Source: Artetxe and Schwenk, 2019, https://arxiv.org/abs/1812.10464, in
    the direction of https://github.com/google-research/xtreme: the other
    language is indexed and English queries.
    """

    pack_key = "retrieval 1"

    def __init__(self, task):
        """Takes the Task."""

    def sides(self, examples):
        """Yields (position, side, text): side 0 is foreign, 1 English."""
        for side, name in enumerate(("source", "target")):
            for position, item in enumerate(examples):
                yield position, side, getattr(item, name)

    def pack(self, examples, tokenizer, max_length):
        """Packs a feature for each sentence of either side."""
        columns = {name: [] for name in ("example", "side", "num_cut")}
        sequences = []
        sides = list(self.sides(examples))
        texts = tokenizer.encode([text for _, _, text in sides])
        for (position, side, _), ids in zip(sides, texts, strict=True):
            (part,), num_cut = tokenizer.fit([ids], max_length)
            sequences.append(tokenizer.join(part))
            columns["example"].append(position)
            columns["side"].append(side)
            columns["num_cut"].append(num_cut)
        return columns | tokenizer.columns(sequences)

    def collate(self, columns, length, tokenizer, random=None):
        """Pads to (b, l); there is nothing to learn."""
        return tokenizer.arrays(columns, length), {}

    def head(self, encoder, pooling=DOCUMENTED_POOLING):
        """Makes the pooling: `mean` or `cls`.

        Raises:
            InputError: If it is `cls` and no first token stands for all.
        """
        if pooling == "cls" and encoder.summary != "first":
            raise InputError(
                f"Backbones of family {encoder.family.name!r} have no first "
                "token that stands for a sequence. Pass "
                "--retrieval_pooling=mean."
            )
        return Pooling(pooling)

    def decode(self, logits, columns):
        """Returns the embeddings (b, layers, h) in float32."""
        return np.asarray(logits, dtype="float32")

    def finish(self, decoded, features, examples, threshold=None):
        """Returns row numbers: the own one, and the nearest neighbour's.

        In the alphabetical order of the English sentences, as XTREME's files
        have it: in the rows' own order a constant would be the answer.

        Args:
            decoded: float32 array (n, h). Embeddings, one per feature.
            features: columns of the features.
            examples: list of Examples.
            threshold: None. There is none.
        """
        foreign = rows_of_side(features, 0)
        english = rows_of_side(features, 1)
        kept = [item for item in examples if item is not None]
        order = sorted(
            range(len(kept)), key=lambda index: (kept[index].target, index)
        )
        found = neighbours.nearest(decoded[english[order]], decoded[foreign])
        return order, found.tolist()


def sample_pairs(embeddings, split, num_pairs=NUM_SAMPLED_PAIRS):
    """Takes the first pairs of a split, to be looked at.

    Args:
        embeddings: float32 array (n, h). One per feature.
        split: `SplitFeatures` of a retrieval task.
        num_pairs: int. At most.

    Returns:
        Dict of equally many entries: `vectors` (2 p, h), `texts`, `pairs`
        (number of the pair) and `languages`.
    """
    sides = [rows_of_side(split.features, side) for side in (0, 1)]
    examples = [item for item in split.examples if item is not None]
    num_pairs = min(num_pairs, len(examples))
    kept = examples[:num_pairs]
    return {
        "vectors": np.concatenate(
            [np.asarray(embeddings[rows[:num_pairs]]) for rows in sides]
        ),
        "texts": [item.source for item in kept]
        + [item.target for item in kept],
        "pairs": [*range(num_pairs)] * 2,
        "languages": [split.language] * num_pairs + ["en"] * num_pairs,
    }


def rows_of_side(features, side):
    """Returns the numbers of one side's features, by their Example."""
    rows = np.flatnonzero(np.asarray(features["side"][:]) == side)
    examples = np.asarray(features["example"][:])[rows]
    return rows[np.argsort(examples, kind="stable")]


class Pooling(keras.layers.Layer):
    """One vector for a sequence, from each of several hidden states.

    `mean`: over all tokens, special ones included, padding not, as in
    run_tatoeba.sh of https://github.com/google-research/xtreme. `cls`: the
    state of the first token.
    """

    def __init__(self, pooling, **kwargs):
        """Takes `mean` or `cls`."""
        super().__init__(**kwargs)
        self.summary = "first" if pooling == "cls" else pooling

    def call(self, hidden, x, training=None):
        """Maps states (b, l, h), one or a list, to float32 (b, layers, h)."""
        # Of a Model with a list of one output, Keras returns that output.
        states = keras.tree.flatten(hidden)
        return ops.stack(
            [
                summarise(ops.cast(state, "float32"), x["mask"], self.summary)
                for state in states
            ],
            axis=1,
        )
