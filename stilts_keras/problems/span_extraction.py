"""The answer to a question as a span of its context."""

import keras
import numpy as np
from keras import ops

from stilts_keras.errors import InputError
from stilts_keras.problems.problem import Problem
from stilts_keras.problems.tagging import TokenHead
from stilts_keras.scoring import spans

# As in XTREME's and Phang et al.'s code.
DOC_STRIDE = 128
MAX_QUESTION_LENGTH = 64
MAX_ANSWER_LENGTH = 30
NUM_BEST = 20
# Fewer tokens of context than this cannot be read with sense.
MIN_CONTEXT_LENGTH = 8
# Of a window, besides what the backbone takes.
COLUMNS = (
    "context_start",
    "first_characters",
    "end_characters",
    "none",
    "answer_start",
    "answer_end",
    "example",
    "num_cut",
)


class SpanExtraction(Problem):
    """Packs question and context in windows that step by `DOC_STRIDE`.

    Where questions may lack an answer, the token that stands for the sequence
    (XLM-R's first one) stands for none, and a threshold on how much it
    outscores the best span decides (Rajpurkar et al., 2018,
    https://arxiv.org/abs/1806.03822). Elsewhere it is never an answer.

    Source: Devlin et al., 2019, section 4.2, https://arxiv.org/abs/1810.04805,
    with the settings of https://github.com/google-research/xtreme.
    """

    pack_key = "span extraction 2"
    has_ids = True

    def __init__(self, task):
        """Takes the Task, which tells whether answers may be missing."""
        self.has_threshold = task.has_unanswerable

    def pack(self, examples, tokenizer, max_length):
        """Packs each question with every window of its context."""
        questions = tokenizer.encode([item.question for item in examples])
        sequences, columns = [], {name: [] for name in COLUMNS}
        for position, (item, question) in enumerate(
            zip(examples, questions, strict=True)
        ):
            num_cut = max(0, len(question) - MAX_QUESTION_LENGTH)
            question = question[:MAX_QUESTION_LENGTH]
            ids, starts, ends = tokenizer.encode_with_offsets(item.context)
            answer = _token_span(item.answers, starts, ends)
            room = tokenizer.room(2, max_length) - len(question)
            for start, end in _windows(len(ids), room):
                packed = tokenizer.join(question, ids[start:end])
                sequences.append(packed)
                first, last = _in_window(answer, start, end, packed)
                columns["context_start"].append(packed.starts[1])
                columns["first_characters"].append(starts[start:end])
                columns["end_characters"].append(ends[start:end])
                columns["none"].append(packed.anchor)
                columns["answer_start"].append(first)
                columns["answer_end"].append(last)
                columns["example"].append(position)
                columns["num_cut"].append(num_cut)
        return columns | tokenizer.columns(sequences)

    def collate(self, columns, length, tokenizer, random=None):
        """Pads to (b, l); y holds the answer's first and last token."""
        y = {
            "start": np.asarray(columns["answer_start"], dtype="int32"),
            "end": np.asarray(columns["answer_end"], dtype="int32"),
        }
        return tokenizer.arrays(columns, length), y

    def head(self, encoder):
        """Makes the head: two scores for each token."""
        return SpanHead(2, encoder)

    def loss(self, y, logits):
        """Returns the means of both cross entropies in nats; their number.

        Windows count alike, with an answer or without.
        """
        losses = [
            keras.losses.sparse_categorical_crossentropy(
                y[name], logits[:, :, index], from_logits=True
            )
            for index, name in enumerate(("start", "end"))
        ]
        both = losses[0] + losses[1]
        return ops.sum(both) / 2, ops.cast(ops.size(both), both.dtype)

    def decode(self, logits, columns):
        """Returns each window's best span and how no answer scores.

        A tuple per window: score, characters from and to, score of none.
        """
        return [
            (
                *_best_span(row[start : start + len(firsts)], firsts, ends),
                float(row[none].sum()),
            )
            for row, none, start, firsts, ends in zip(
                logits,
                columns["none"],
                columns["context_start"],
                columns["first_characters"],
                columns["end_characters"],
                strict=True,
            )
        ]

    def contexts(self, examples):
        """Returns the contexts, which answers are cut from."""
        return (item.context for item in examples if item is not None)

    def ids(self, examples):
        """Returns the questions' ids."""
        return [item.id for item in examples if item is not None]

    def threshold(self, decoded, features, examples):
        """Returns the margin above which no answer is best, by F1."""
        gold, predictions, margins = _answers(decoded, features, examples)
        return spans.best_threshold(gold, predictions, margins)

    def finish(self, decoded, features, examples, threshold=None):
        """Takes the best window; returns answer texts, one per Example.

        With a threshold, the answer is empty where none outscores the best
        span by more than that.
        """
        gold, predictions, margins = _answers(decoded, features, examples)
        if threshold is not None:
            predictions = [
                "" if margin > threshold else text
                for text, margin in zip(predictions, margins, strict=True)
            ]
        return gold, predictions


def _answers(decoded, features, examples):
    """Joins windows: gold texts, best texts, and the margins of no answer.

    The span is that of the window where it scores highest, and the score of
    none is its lowest: one window with an answer is enough.
    """
    best, lowest = {}, {}
    for example, (*span, null) in zip(
        features["example"][:], decoded, strict=True
    ):
        if example not in best or span[0] > best[example][0]:
            best[example] = span
        lowest[example] = min(null, lowest.get(example, np.inf))
    gold, predictions, margins = [], [], []
    for index, item in enumerate(examples):
        if item is not None:
            score, start, end = best[index]
            gold.append([text for text, _ in item.answers])
            predictions.append(item.context[start:end])
            margins.append(lowest[index] - score)
    return gold, predictions, margins


def _windows(num_tokens, room):
    """Yields (first, end) of windows that overlap and cover all tokens."""
    if room < MIN_CONTEXT_LENGTH:
        raise InputError(
            f"a question leaves {room} tokens for its context. Expected at "
            f"least {MIN_CONTEXT_LENGTH}: raise --max_length."
        )
    stride = min(DOC_STRIDE, room // 2)
    start = 0
    while start + room < num_tokens:
        yield start, start + room
        start += stride
    yield start, num_tokens


def _token_span(answers, starts, ends):
    """Finds the first and last token that the first answer touches."""
    if not answers:
        return None
    text, begin = answers[0]
    # Offsets leave out white space at a piece's edges; so must the answer's.
    end = begin + len(text.rstrip())
    begin += len(text) - len(text.lstrip())
    touched = [
        index
        for index, (first, last) in enumerate(zip(starts, ends, strict=True))
        if first < end and last > begin
    ]
    return (touched[0], touched[-1]) if touched else None


def _in_window(answer, start, end, packed):
    """Token positions in the packed window; its anchor's where not inside.

    Training on that token for windows without the answer follows XTREME's
    code.
    """
    if answer is None or answer[0] < start or answer[1] >= end:
        return packed.anchor, packed.anchor
    offset = packed.starts[1] - start
    return answer[0] + offset, answer[1] + offset


def _best_span(logits, firsts, ends):
    """Finds the best (start, end) among the best starts and best ends."""
    if not firsts:  # A context of zero-width characters has no piece.
        return (-np.inf, 0, 0)
    starts = np.argsort(-logits[:, 0], kind="stable")[:NUM_BEST]
    stops = np.argsort(-logits[:, 1], kind="stable")[:NUM_BEST]
    best = (-np.inf, firsts[0], ends[0])
    for first in starts:
        for last in stops:
            if first <= last < first + MAX_ANSWER_LENGTH:
                score = float(logits[first, 0] + logits[last, 1])
                if score > best[0] and firsts[first] < ends[last]:
                    best = (score, firsts[first], ends[last])
    return best


class SpanHead(TokenHead):
    """Scores every token as the answer's first and as its last."""

    def call(self, hidden, x, training=None):
        """Maps hidden states (b, l, h) to float32 logits (b, l, 2).

        Padding gets a very low value, so that no softmax reaches it.
        """
        logits = super().call(hidden, x, training=training)
        mask = ops.cast(x["mask"], logits.dtype)[:, :, None]
        return logits - (1.0 - mask) * 1e9
