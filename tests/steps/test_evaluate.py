import os
import signal

import numpy as np
import pytest

import fakes
from encoders import tiny_encoder
from letters import LETTERS
from stilts_keras.errors import Interrupted
from stilts_keras.interruption import Interruption
from stilts_keras.problems.classification import Classification
from stilts_keras.problems.span_extraction import SpanExtraction
from stilts_keras.problems.tagging import TokenHead
from stilts_keras.scoring.collapse import BEGINNING
from stilts_keras.steps.evaluate import Evaluator
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.tasks import get_task
from stilts_keras.tasks.example import Question
from stilts_keras.tasks.example import TextPair

XNLI = get_task("xnli")


class Logits(Classification):
    """Predicts the logits themselves, which show any difference."""

    def decode(self, logits, columns):
        return list(logits)


@pytest.fixture(scope="module")
def model():
    encoder = tiny_encoder(hidden_dim=16, dropout=0.2)
    heads = {
        "nli": Logits(XNLI).head(encoder),
        "tags": TokenHead(5, encoder),
    }
    model = MultiTask(encoder, heads)
    # Larger logits than fresh heads give.
    for head in model.heads.values():
        kernel = head.logits.kernel
        kernel.assign(np.asarray(kernel) * 200)
    return model


def split_of(size=21, order=None, max_length=32):
    random = np.random.default_rng(0)
    lengths = random.integers(3, 33, size)
    ids = [[0, *random.integers(4, 1000, n - 2), 2] for n in lengths]
    labels = [XNLI.labels[number] for number in random.integers(0, 3, size)]
    examples = [TextPair(first="a", label=label) for label in labels]
    order = range(size) if order is None else order
    columns = {
        "token_ids": [ids[index] for index in order],
        "length": [lengths[index] for index in order],
        "label": [0] * size,
        "example": list(range(size)),
    }
    return fakes.split_of(
        columns,
        examples=[examples[index] for index in order],
        max_length=max_length,
    )


def evaluator(problem, batch_size=4, **changes):
    return Evaluator(
        task=XNLI,
        problem=problem(XNLI),
        tokenizer=LETTERS,
        batch_size=batch_size,
        padded_lengths=(16, 32),
        **changes,
    )


def logits(model, split, batch_size=4):
    return np.stack(evaluator(Logits, batch_size).predict(model, split))


def test_predictions_do_not_depend_on_the_batch_size(model):
    expected = logits(model, split_of())
    assert expected.shape == (21, 3)
    assert expected.std(axis=0).min() > 0.1
    for batch_size in (1, 5, 64):
        found = logits(model, split_of(), batch_size)
        assert found == pytest.approx(expected, abs=2e-5)


def test_predictions_come_in_the_order_of_the_features(model):
    order = np.random.default_rng(1).permutation(21)
    expected = logits(model, split_of())[order]
    found = logits(model, split_of(order=order))
    assert found == pytest.approx(expected, abs=2e-5)


def test_padding_changes_no_prediction(model):
    columns = split_of().features[:]
    problem = Logits(XNLI)
    for key, count in (("nli", 1), ("tags", 32)):
        states = []
        for length in (32, 50):
            x, _ = problem.collate(columns, length, LETTERS)
            found = model.predict_on_batch({key: x})
            found = found.reshape(21, -1, found.shape[-1])[:, :count]
            valid = x["padding_mask"][:, :count]
            states.append(found[valid])
        assert states[0].std() > 0.1
        assert states[1] == pytest.approx(states[0], abs=2e-5)


def test_evaluation_compares_the_best_class_with_gold(model):
    split = split_of()
    evaluation = evaluator(Classification).evaluate(model, split)
    best = logits(model, split).argmax(axis=1)
    assert evaluation.gold == [item.label for item in split.examples]
    assert evaluation.predictions == [XNLI.labels[index] for index in best]
    right = np.equal(evaluation.gold, evaluation.predictions).mean()
    assert evaluation.metrics["accuracy"] == pytest.approx(100 * right)


def test_evaluation_leaves_the_dropout_as_it_was(model):
    layer = model.backbone.get_layer("transformer_layer_1")
    before = layer._self_attention_layer._dropout
    logits(model, split_of())
    assert before == layer._self_attention_layer._dropout == 0.2


def test_a_batch_is_predicted_before_a_signal_counts(model, monkeypatch):
    # On JAX the model is without its variables in a batch.
    done = []
    whole = type(model).predict_on_batch

    def interrupted(self, x):
        os.kill(os.getpid(), signal.SIGTERM)
        outputs = whole(self, x)
        done.append(True)
        return outputs

    monkeypatch.setattr(type(model), "predict_on_batch", interrupted)
    with pytest.raises(Interrupted), Interruption() as interruption:
        how = evaluator(Logits, held=interruption.held)
        how.evaluate(model, split_of())
    assert done == [True]


CONTEXTS = {
    "de": "Das {}. Haus steht seit 1889 in Berlin.",
    "hi": "घर संख्या {} 1889 में बना था।",
    "zh": "第{}座塔建于1889年，位于城市中心。",
    "th": "หอคอยที่ {} สร้างขึ้นในปี 1889",
    "ar": "\u200fبني البرج رقم {} عام 1889.",
}


@pytest.mark.parametrize("language", CONTEXTS)
def test_logits_that_tell_no_token_apart_make_constant_answers(
    language, pocket_tokenizer
):
    task = get_task("xquad")
    problem = SpanExtraction(task)
    contexts = [CONTEXTS[language].format(number) for number in range(12)]
    examples = [
        Question(
            id=str(number),
            question="?",
            context=context,
            answers=(("1889", context.index("1889")),),
        )
        for number, context in enumerate(contexts)
    ]
    columns = problem.pack(examples, pocket_tokenizer, 64)
    split = fakes.split_of(
        columns, examples=examples, language=language, max_length=64
    )
    random = np.random.default_rng(3)
    same = np.zeros((len(columns["example"]), 64, 2), "float32")
    for logits_of, constant in (
        (same, BEGINNING),
        (random.normal(size=same.shape), None),
    ):
        decoded = problem.decode(logits_of, columns)
        found = Evaluator(
            task=task,
            problem=problem,
            tokenizer=None,
            batch_size=4,
            padded_lengths=(64,),
        ).scored(split, decoded)
        same_text = len(set(found.predictions)) == 1
        assert found.constant == (
            repr(found.predictions[0]) if same_text else constant
        )
