"""Find translations by the similarity of pooled hidden states; no training."""

import keras
import numpy as np
from keras import ops

from stilts_keras.data.batches import pad
from stilts_keras.data.tokenizer import PAD_ID
from stilts_keras.data.tokenizer import cut_longest_first


class Retrieval:
    """Embeds both sides; each English sentence picks its nearest neighbour.

    Source: Artetxe and Schwenk, 2019, https://arxiv.org/abs/1812.10464, in
    the direction of https://github.com/google-research/xtreme: the other
    language is indexed and English queries.
    """

    pack_key = "retrieval 1"
    pooling = "mean"

    def __init__(self, task):
        """Takes the Task."""

    def layer(self, num_layers):
        """Returns the hidden state to pool: 14 of 24, or as far up.

        Source: Phang et al.'s and XTREME's code take 14 for XLM-R large,
        where 0 is the embedding.
        """
        return round(num_layers * 14 / 24)

    def pack(self, examples, tokenizer, max_length):
        """Packs two features per Example: side 0 is foreign, 1 English."""
        columns = {
            name: [] for name in ("token_ids", "example", "side", "num_cut")
        }
        for side, name in enumerate(("source", "target")):
            texts = tokenizer.encode([getattr(item, name) for item in examples])
            for position, ids in enumerate(texts):
                (part,), num_cut = cut_longest_first([ids], max_length - 2)
                columns["token_ids"].append(tokenizer.pack(part))
                columns["example"].append(position)
                columns["side"].append(side)
                columns["num_cut"].append(num_cut)
        return columns

    def collate(self, columns, length, tokenizer, random=None):
        """Pads to (b, l); there is nothing to learn."""
        token_ids = pad(columns["token_ids"], length, PAD_ID)
        x = {"token_ids": token_ids, "padding_mask": token_ids != PAD_ID}
        return x, {}

    def head(self, backbone):
        """Makes the pooling."""
        return MeanPooling()

    def decode(self, logits, columns):
        """Returns each sentence's embedding in float32."""
        return list(np.asarray(logits, dtype="float32"))

    def finish(self, decoded, features, examples):
        """Returns row numbers: the own one, and the nearest neighbour's."""
        embeddings = np.stack(decoded)
        embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
        sides = np.asarray(features["side"][:])
        order = np.argsort(np.asarray(features["example"][:]), kind="stable")
        foreign = embeddings[order[sides[order] == 0]]
        english = embeddings[order[sides[order] == 1]]
        nearest = (english @ foreign.T).argmax(axis=1)
        return list(range(len(nearest))), nearest.tolist()


class MeanPooling(keras.layers.Layer):
    """Mean over all tokens, `<s>` and `</s>` included, padding not.

    Source: run_tatoeba.sh of https://github.com/google-research/xtreme.
    """

    def call(self, hidden, x, training=None):
        """Maps hidden states (b, l, h) to float32 embeddings (b, h)."""
        mask = ops.cast(x["padding_mask"], "float32")[:, :, None]
        total = ops.sum(ops.cast(hidden, "float32") * mask, axis=1)
        return total / ops.sum(mask, axis=1)
