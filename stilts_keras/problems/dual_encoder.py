"""Find what answers a query in a pool of candidates, by their embeddings."""

import dataclasses

import keras
import numpy as np
from keras import ops

from stilts_keras.backbones.encoder import summarise
from stilts_keras.errors import InputError
from stilts_keras.problems.problem import Problem
from stilts_keras.scoring import neighbours
from stilts_keras.scoring.ranking import DEPTH

# Tokens that a query keeps; XTREME-R's train_lareqa.sh.
MAX_QUERY_LENGTH = 96
# XTREME-R's third_party/bert.py.
FIRST_SCALE = 100.0
QUERY, CANDIDATE = 0, 1


@dataclasses.dataclass(frozen=True)
class Part:
    """The candidates of one language.

    Attributes:
        language: str.
        ids: list of str (m,), distinct.
        vectors: float32 array (m, h).
    """

    language: str
    ids: list
    vectors: np.ndarray


@dataclasses.dataclass(frozen=True)
class Pool:
    """All that is searched.

    Attributes:
        parts: tuple of `Part`, by language.
        answers: dict from a query's id to a list of the ids that are right, in
            all languages; None where queries name them whole.
    """

    parts: tuple[Part, ...]
    answers: dict | None

    @property
    def sizes(self):
        """Dict from language to the number of its candidates."""
        return {part.language: len(part.ids) for part in self.parts}


class DualEncoder(Problem):
    """Embeds queries and candidates with one encoder; the nearest answer.

    A training row is a query and its answer; the answers of the other rows of
    its batch are what it is told from. So a batch cannot be sliced. Other rows
    may have the same answer, and count as wrong all the same, as in the
    reference. Both sequences of a row are padded to one length.

    Source: Roy et al., 2020, https://arxiv.org/abs/2004.05484, as in
    third_party/bert.py of https://github.com/google-research/xtreme; there
    batches are sliced all the same, and each slice is a smaller softmax.
    """

    pack_key = "dual encoder 1"
    has_ids = True
    has_pool = True
    is_sliceable = False

    def __init__(self, task):
        """Takes the Task."""

    # ----------------------------------------------------------------- Packing
    def pack(self, examples, tokenizer, max_length):
        """Packs a pair of sequences for each query: itself, its answer."""
        names = ("example", "id", "answer", "num_cut")
        columns, sequences = {name: [] for name in names}, []
        for position, item in enumerate(examples):
            texts = {each.id: each.text for each in item.candidates}
            for query in item.queries:
                answer = query.answers[0]
                both = tokenizer.encode([query.text, texts[answer]])
                room = _query_length(max_length), max_length
                fitted = [
                    tokenizer.fit([ids], length)
                    for ids, length in zip(both, room, strict=True)
                ]
                sequences.append(
                    [tokenizer.join(part) for (part,), _ in fitted]
                )
                columns["example"].append(position)
                columns["id"].append(query.id)
                columns["answer"].append(answer)
                columns["num_cut"].append(sum(cut for _, cut in fitted))
        return columns | tokenizer.columns(sequences)

    def pack_evaluated(self, examples, tokenizer, max_length):
        """Packs each query and each candidate alone, each candidate once."""
        found, seen = [], set()
        for position, item in enumerate(examples):
            found += [
                (position, QUERY, each.id, each.answers, each.text)
                for each in item.queries
            ]
            for each in item.candidates:
                if each.id not in seen:
                    seen.add(each.id)
                    found.append((position, CANDIDATE, each.id, (), each.text))
        length_of = {QUERY: _query_length(max_length), CANDIDATE: max_length}
        texts = tokenizer.encode([text for *_, text in found])
        fitted = [
            tokenizer.fit([ids], length_of[side])
            for (_, side, *_), ids in zip(found, texts, strict=True)
        ]
        return {
            "example": [position for position, *_ in found],
            "side": [side for _, side, *_ in found],
            "id": [name for _, _, name, *_ in found],
            "answers": [list(answers) for *_, answers, _ in found],
            "num_cut": [cut for _, cut in fitted],
            **tokenizer.columns(
                [tokenizer.join(part) for (part,), _ in fitted]
            ),
        }

    def collate(self, columns, length, tokenizer, random=None):
        """Pads to (b, 2, l), or (b, l); y holds each query's answer's row."""
        x = tokenizer.arrays(columns, length)
        rows = len(columns["example"])
        return x, {"row": np.arange(rows, dtype="int32")}

    # ---------------------------------------------------------------- Learning
    def head(self, encoder):
        """Makes the head: pooler and scale."""
        return DualEncoderHead(encoder)

    def loss(self, y, logits):
        """Returns the queries' cross entropies in nats, and their number."""
        losses = keras.losses.sparse_categorical_crossentropy(
            y["row"], logits, from_logits=True
        )
        return ops.sum(losses), ops.cast(ops.size(losses), losses.dtype)

    # --------------------------------------------------------------- Searching
    def decode(self, logits, columns):
        """Returns embeddings in float32: (b, h), or (b, 2, h) of pairs."""
        return np.asarray(logits, dtype="float32")

    def ids(self, examples):
        """Returns the ids of the queries."""
        return [
            query.id
            for item in examples
            if item is not None
            for query in item.queries
        ]

    def pool(self, splits, decoded):
        """Makes a pool of the candidates of several splits.

        Args:
            splits: list of `SplitFeatures`, of one Task.
            decoded: list of what `decode` made of each.

        Returns:
            `Pool`.
        """
        parts = tuple(map(_part, splits, decoded))
        answers = {}
        for split in splits:
            for name, found in _queries(split.features):
                answers.setdefault(name, []).extend(
                    _with_language(each, split.language) for each in found
                )
        # Splits without queries are a pool of their own, of other rows.
        return Pool(parts, answers or None)

    def finish(
        self, decoded, features, examples, threshold=None, *, pool, language
    ):
        """Returns the right ids of each query, and the best found.

        Args:
            decoded: float32 array, of `decode`.
            features: columns of the features.
            examples: list of Examples.
            threshold: None. There is none.
            pool: `Pool`.
            language: str. Of the queries.

        Returns:
            Two lists of lists of str. Found are the `DEPTH` best of the
            queries' language and the `DEPTH` best of all others, in one
            ranking, whose first `DEPTH` so are those of the whole pool. Of
            equal cosines the later candidate is better.
        """
        names, answers = zip(*_queries(features), strict=True)
        if pool.answers is not None:
            answers = [pool.answers.get(name, []) for name in names]
        queries = _vectors(decoded, features)
        return list(map(list, answers)), _rank(queries, pool, language)


def check_pool(splits, pool_splits):
    """Raises where candidates are not distinct, or gold is not among them.

    For candidates of their own, which stand for all languages.

    Args:
        splits: list of `SplitFeatures` of queries that name candidates whole.
        pool_splits: list of `SplitFeatures` of the candidates.

    Raises:
        InputError: Says which.
    """
    known = set()
    for other in pool_splits:
        if _queries(other.features):
            raise InputError(
                f"{other.where} has queries among the candidates. Give rows "
                "that hold candidates alone."
            )
        for name in other.features["id"][:]:
            if name in known:
                raise InputError(
                    f"{other.where} has the candidate {name!r} twice. Give "
                    "each an id of its own."
                )
            known.add(name)
    for split in splits:
        for name, answers in _queries(split.features):
            unknown = set(answers) - known
            if unknown:
                raise InputError(
                    f"{split.where}: query {name!r} asks for {min(unknown)!r}, "
                    f"which is not among the {len(known):,} candidates. Give "
                    "all candidates."
                )


def _query_length(max_length):
    return min(MAX_QUERY_LENGTH, max_length)


def _with_language(name, language):
    return f"{language}:{name}"


def _is_pairs(features):
    return "side" not in _names(features)


def _names(features):
    return getattr(features, "column_names", features)


def _queries(features):
    """Lists (id, list of answers' ids) of all queries, in order."""
    ids = features["id"][:]
    if _is_pairs(features):
        return [
            (name, [answer])
            for name, answer in zip(ids, features["answer"][:], strict=True)
        ]
    sides, answers = features["side"][:], features["answers"][:]
    return [
        (name, list(found))
        for name, side, found in zip(ids, sides, answers, strict=True)
        if side == QUERY
    ]


def _vectors(decoded, features):
    """Returns the queries' embeddings (n, h)."""
    if _is_pairs(features):
        return decoded[:, QUERY]
    return decoded[np.asarray(features["side"][:]) == QUERY]


def _part(split, decoded):
    """Takes the candidates of a split, the first of each id."""
    features = split.features
    if _is_pairs(features):
        ids, vectors = features["answer"][:], decoded[:, CANDIDATE]
        rows = np.arange(len(ids))
    else:
        ids, vectors = features["id"][:], decoded
        rows = np.flatnonzero(np.asarray(features["side"][:]) == CANDIDATE)
    first = {}
    for row in rows.tolist():
        first.setdefault(ids[row], row)
    if len(first) < len(vectors):
        vectors = vectors[list(first.values())]
    # Whole, a large array stays the mapped file that it is.
    return Part(split.language, list(first), vectors)


def _rank(queries, pool, language):
    """Lists the best ids for each query; see `finish`."""
    own, others, start = None, None, 0
    for part in pool.parts:
        cosines, rows = neighbours.highest(queries, part.vectors, DEPTH)
        found = cosines, start + rows
        if part.language == language:
            own = found
        else:
            others = found if others is None else _best(others, found)
        start += len(part.ids)
    _, places = _merged([each for each in (own, others) if each is not None])
    names = _names_of(pool)
    return [[names[place] for place in row] for row in places.tolist()]


def _merged(found):
    """Merges neighbours (cosines, places in the pool), the best first."""
    cosines, places = (
        np.concatenate(each, axis=1) for each in zip(*found, strict=True)
    )
    order = np.lexsort((-places, -cosines), axis=1)
    return (
        np.take_along_axis(cosines, order, axis=1),
        np.take_along_axis(places, order, axis=1),
    )


def _best(*found):
    return tuple(each[:, :DEPTH] for each in _merged(found))


def _names_of(pool):
    names = []
    for part in pool.parts:
        is_own = pool.answers is not None
        names += (
            [_with_language(name, part.language) for name in part.ids]
            if is_own
            else part.ids
        )
    return names


class DualEncoderHead(keras.layers.Layer):
    """An embedding of length 1: dense, tanh, of what stands for a sequence.

    This is BERT's pooler, drawn anew: of pretrained ones KerasHub loads
    BERT's own only, which stands for guessing the next sentence.
    """

    def __init__(self, encoder, **kwargs):
        """Takes the `Encoder` it stands on."""
        super().__init__(**kwargs)
        self.hidden_dim = encoder.hidden_dim
        self.summary = encoder.summary
        # float32: the scale makes a small error of a cosine a large one.
        self.dense = keras.layers.Dense(
            self.hidden_dim, activation="tanh", dtype="float32"
        )

    def build(self, hidden_shape):
        """Builds the pooler, and the scale."""
        self.dense.build((None, self.hidden_dim))
        self.logit_scale = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(FIRST_SCALE),
            dtype="float32",
            name="logit_scale",
        )

    def call(self, hidden, x, training=None):
        """Maps hidden states to logits, or to embeddings.

        Args:
            hidden: tensor (b * 2, l, h) of pairs, or (b, l, h).
            x: dict. `mask` (b, 2, l) or (b, l).
            training: bool.

        Returns:
            float32: of pairs in training logits (b, b), of each query for each
            answer; else embeddings (b, 2, h) or (b, h).
        """
        state = summarise(hidden, x["mask"], self.summary)
        vectors = ops.normalize(self.dense(state), axis=-1)
        if len(x["mask"].shape) == 2:
            return vectors
        vectors = ops.reshape(vectors, (-1, 2, self.hidden_dim))
        if not training:
            return vectors
        queries, answers = vectors[:, QUERY], vectors[:, CANDIDATE]
        return self.logit_scale * ops.matmul(queries, ops.transpose(answers))
