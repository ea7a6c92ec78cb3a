"""Heads do not see padding, follow their choices, and give float32."""

import keras
import numpy as np
import pytest

from encoders import tiny_encoder
from stilts_keras.problems import problem_of
from stilts_keras.tasks import HELLASWAG
from stilts_keras.tasks import MLM
from stilts_keras.tasks import SQUAD
from stilts_keras.tasks import TATOEBA
from stilts_keras.tasks import UDPOS
from stilts_keras.tasks import XNLI
from stilts_keras.tasks.example import MultipleChoice
from stilts_keras.tasks.example import PlainText
from stilts_keras.tasks.example import Question
from stilts_keras.tasks.example import SentencePair
from stilts_keras.tasks.example import TaggedWords
from stilts_keras.tasks.example import TextPair

EXAMPLES = {
    XNLI.name: [
        TextPair(first="A cat sleeps.", second="It rests.", label="neutral"),
        TextPair(first="A dog.", second="No.", label="entailment"),
    ],
    HELLASWAG.name: [
        MultipleChoice(prompt="A man", choices=("runs far", "eats"), label=0)
    ],
    UDPOS.name: [
        TaggedWords(words=("a", "dog", "runs"), tags=("DET", "NOUN", "VERB")),
        TaggedWords(words=("go",), tags=("VERB",)),
    ],
    SQUAD.name: [
        Question(
            id="1", question="Who?", context="It is Ann.", answers=(("Ann", 6),)
        )
    ],
    MLM.name: [PlainText(text="a cat sleeps"), PlainText(text="no")],
    TATOEBA.name: [SentencePair(source="die Katze", target="the cat sleeps")],
}
TASKS = pytest.mark.parametrize(
    "task",
    [XNLI, HELLASWAG, UDPOS, SQUAD, MLM, TATOEBA],
    ids=lambda task: task.name,
)


@pytest.fixture(scope="module")
def encoder():
    return tiny_encoder(max_sequence_length=80)


def inputs_of(task, tokenizer, length=48):
    problem = problem_of(task)
    columns = problem.pack(EXAMPLES[task.name], tokenizer, length)
    x, y = problem.collate(columns, length, tokenizer)
    return problem, x, y


def logits_of(encoder, head, x):
    """Folds choices into the batch, as the model of a stage does."""
    folded = {
        name: x[name].reshape(-1, x[name].shape[-1]).astype("int32")
        for name in encoder.inputs
    }
    hidden = encoder.network(folded, training=False)
    x = {**x, "mask": x["padding_mask"]}
    return keras.ops.convert_to_numpy(head(hidden, x, training=False))


def with_padding(x, count):
    """The same inputs with more padding after them."""
    longer = dict(x)
    for name, value in (("token_ids", 1), ("padding_mask", False)):
        width = [(0, 0)] * (x[name].ndim - 1) + [(0, count)]
        longer[name] = np.pad(x[name], width, constant_values=value)
    return longer


@TASKS
def test_padding_does_not_change_logits(task, encoder, pocket_tokenizer):
    problem, x, _ = inputs_of(task, pocket_tokenizer)
    head = problem.head(encoder)
    short = logits_of(encoder, head, x)
    long = logits_of(encoder, head, with_padding(x, 24))
    if task.problem in ("tagging", "span_extraction"):
        mask = x["padding_mask"]
        assert long[:, :48][mask] == pytest.approx(short[mask], abs=1e-5)
    else:
        assert long == pytest.approx(short, abs=1e-5)


@TASKS
def test_rows_of_a_batch_do_not_meet(task, encoder, pocket_tokenizer):
    problem, x, _ = inputs_of(task, pocket_tokenizer)
    head = problem.head(encoder)
    together = logits_of(encoder, head, x)
    for index, expected in enumerate(together):
        row = {name: array[index : index + 1] for name, array in x.items()}
        (alone,) = logits_of(encoder, head, row)
        assert alone == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_no_span_begins_in_padding(encoder, pocket_tokenizer):
    problem, x, _ = inputs_of(SQUAD, pocket_tokenizer)
    logits = logits_of(encoder, problem.head(encoder), x)
    assert logits[~x["padding_mask"]].max() < -1e8


def test_permuted_choices_permute_logits(encoder, pocket_tokenizer):
    problem = problem_of(HELLASWAG)
    item = MultipleChoice(prompt="A", choices=("b", "cat", "d e"), label=0)
    columns = problem.pack([item], pocket_tokenizer, 32)
    x, _ = problem.collate(columns, 32, pocket_tokenizer)
    head = problem.head(encoder)
    order = [2, 0, 1]
    logits = logits_of(encoder, head, x)
    assert logits.shape == (1, 3)
    assert len(set(logits[0].tolist())) == 3
    permuted = {name: array[:, order] for name, array in x.items()}
    again = logits_of(encoder, head, permuted)
    assert again == pytest.approx(logits[:, order], abs=1e-5)


def test_shared_embedding_is_no_weight_of_the_masked_lm_head(
    encoder, pocket_tokenizer
):
    problem, x, _ = inputs_of(MLM, pocket_tokenizer)
    head = problem.head(encoder)
    logits = logits_of(encoder, head, x)
    assert logits.shape == (
        *x["positions"].shape,
        pocket_tokenizer.vocabulary_size,
    )
    shapes = [tuple(variable.shape) for variable in head.trainable_variables]
    assert sorted(shapes) == [(8,), (8,), (8,), (8, 8), (1062,)]


@TASKS
def test_heads_give_float32_under_mixed_bfloat16(task, pocket_tokenizer):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        encoder = tiny_encoder("mixed_bfloat16", max_sequence_length=80)
        problem, x, y = inputs_of(task, pocket_tokenizer)
        logits = logits_of(encoder, problem.head(encoder), x)
        assert logits.dtype == np.float32
        assert np.isfinite(logits).all()
        if hasattr(problem, "loss"):
            total, weight = problem.loss(y, logits)
            assert np.isfinite(float(total)) and float(weight) > 0
    finally:
        keras.config.set_dtype_policy(before)
