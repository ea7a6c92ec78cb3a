"""Find the translations that two pools of sentences hold, as in BUCC."""

import numpy as np

from stilts_keras.errors import InputError
from stilts_keras.problems.retrieval import Retrieval
from stilts_keras.problems.retrieval import rows_of_side
from stilts_keras.scoring import mining
from stilts_keras.tasks.example import GoldPair
from stilts_keras.tasks.example import PoolSentence

SIDES = ("source", "target")


class Mining(Retrieval):
    """Embeds both pools; pairs whose margin is above a threshold are output.

    The threshold is chosen on dev, BUCC's sample set. A sentence whose text
    occurs twice in its pool takes part, but is never output, for its text
    names no one id.

    Source: Artetxe and Schwenk, 2019, https://arxiv.org/abs/1811.01136, as in
    https://github.com/google-research/xtreme.
    """

    pack_key = "mining 1"
    has_threshold = True
    has_ids = True

    def sides(self, examples):
        """Yields (position, side, text) of the pools' sentences."""
        for position, item in enumerate(examples):
            if isinstance(item, PoolSentence):
                yield position, SIDES.index(item.side), item.text

    def ids(self, examples):
        """Returns the ids of the source sentences.

        Raises:
            InputError: If a gold pair names a sentence that is in no pool, or
                an id stands twice in one.
        """
        known = {}
        for side in SIDES:
            names = [item.id for item in _pool(examples, side)]
            known[side] = set(names)
            if len(known[side]) < len(names):
                raise InputError(
                    f"two {side} sentences have one id. Give each its own."
                )
        for source, target in _gold(examples):
            for side, name in (("source", source), ("target", target)):
                if name not in known[side]:
                    raise InputError(
                        f"a gold pair names the {side} sentence {name!r}, "
                        "which is not there. Give all sentences of that side."
                    )
        return [item.id for item in _pool(examples, "source")]

    def threshold(self, decoded, features, examples):
        """Returns the margin from which a pair is output, best by F1."""
        pairs, scores = _mine(decoded, features, examples)
        gold = set(_gold(examples))
        is_gold = np.array([pair in gold for pair in pairs], dtype=bool)
        threshold, _ = mining.best_threshold(scores, is_gold, len(gold))
        return threshold

    def finish(self, decoded, features, examples, threshold):
        """Returns target ids for each source sentence: gold and mined."""
        pairs, scores = _mine(decoded, features, examples)
        mined = [
            pair
            for pair, score in zip(pairs, scores.tolist(), strict=True)
            if score >= threshold
        ]
        sources = [item.id for item in _pool(examples, "source")]
        return (
            _by_source(sources, _gold(examples)),
            _by_source(sources, mined),
        )


def _mine(decoded, features, examples):
    """Mines distinct sentences; returns pairs of ids, and their scores."""
    found, names, repeats = [], [], []
    for number, side in enumerate(SIDES):
        rows = rows_of_side(features, number)
        sentences = _pool(examples, side)
        first, is_repeated = mining.unique_sentences(
            [item.text for item in sentences]
        )
        found.append(decoded[rows[first]])
        names.append([sentences[index].id for index in first])
        repeats.append(is_repeated)
    sources, targets, scores = mining.mine(*found)
    kept = ~(repeats[0][sources] | repeats[1][targets])
    pairs = [
        (names[0][source], names[1][target])
        for source, target in zip(
            sources[kept].tolist(), targets[kept].tolist(), strict=True
        )
    ]
    return pairs, scores[kept]


def _pool(examples, side):
    return [
        item
        for item in examples
        if isinstance(item, PoolSentence) and item.side == side
    ]


def _gold(examples):
    return [
        (item.source_id, item.target_id)
        for item in examples
        if isinstance(item, GoldPair)
    ]


def _by_source(sources, pairs):
    """Lists the target ids of each source sentence."""
    targets = {name: [] for name in sources}
    for source, target in pairs:
        targets[source].append(target)
    return list(targets.values())
