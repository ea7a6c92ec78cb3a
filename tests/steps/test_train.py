import collections
import types

import datasets
import keras
import numpy as np
import pytest

from stilts_keras.data.batches import pad
from stilts_keras.data.features import SplitFeatures
from stilts_keras.data.mixture import proportional_rates
from stilts_keras.data.mixture import source_order
from stilts_keras.errors import StageError
from stilts_keras.graph.backbone import describe_backbone
from stilts_keras.models import xlm_roberta
from stilts_keras.models.multitask import MultiTask
from stilts_keras.problems import problem_of
from stilts_keras.problems.classification import ClassificationHead
from stilts_keras.steps.train import TrainSource
from stilts_keras.steps.train import num_stage_steps
from stilts_keras.steps.train import train
from stilts_keras.tasks import get_task
from stilts_keras.tasks.task import Recipe

RECIPE = Recipe(epochs=2, batch_size=4, learning_rate=0.01, eval_every_steps=0)


class Regression:
    """A problem of the least effort; it notes the batches it collates."""

    def __init__(self):
        self.masks = []

    def collate(self, columns, length, tokenizer, random=None):
        token_ids = pad(columns["token_ids"], length, 1)
        x = {"token_ids": token_ids, "padding_mask": token_ids != 1}
        self.masks.append(x["padding_mask"])
        return x, {"label": np.asarray(columns["label"], dtype="float32")}

    def loss(self, y, logits):
        error = keras.ops.subtract(logits[:, 0], y["label"])
        return keras.ops.mean(keras.ops.square(error))


def split_of(labels, max_length=16):
    random = np.random.default_rng(len(labels))
    lengths = random.integers(3, max_length + 1, len(labels))
    ids = [random.integers(4, 20, length).tolist() for length in lengths]
    columns = {"token_ids": ids, "length": lengths, "label": labels}
    return SplitFeatures(
        where="toy",
        language="en",
        rows=None,
        features=datasets.Dataset.from_dict(columns),
        read=None,
        max_length=max_length,
    )


def toy_source(name, labels):
    return TrainSource(
        name=name, key=name, problem=Regression(), split=split_of(labels)
    )


def toy_model(sources):
    inputs = {
        name: keras.Input((None,), dtype="int32", name=name)
        for name in ("token_ids", "padding_mask")
    }
    embedding = keras.layers.Embedding(20, 4)
    hidden = embedding(inputs["token_ids"])
    embedding.embeddings.assign(
        np.random.default_rng(0).standard_normal((20, 4))
    )
    return MultiTask(
        keras.Model(inputs, hidden),
        {source.key: ClassificationHead(1, 4, 0.0) for source in sources},
        {source.key: source.problem.loss for source in sources},
    )


def run(sources, *, recipe=RECIPE, seed=0, scores=(), log_every_steps=4):
    """Trains a toy; returns all that came of it."""
    scores = iter(scores)
    noted = types.SimpleNamespace(losses=[], logs=[], kept=[])
    noted.best = train(
        toy_model(sources),
        sources,
        recipe,
        stage_name="first+second",
        seed=seed,
        tokenizer=None,
        log_every_steps=log_every_steps,
        on_log=noted.logs.append,
        on_step=lambda step, loss: noted.losses.append((step, loss)),
        evaluate_dev=lambda step: next(scores),
        keep_best=lambda: noted.kept.append(len(noted.losses)),
    )
    return noted


def make_sources():
    return [
        toy_source("first", np.linspace(-1, 1, 12)),
        toy_source("second", np.linspace(3, 5, 9)),
    ]


@pytest.fixture
def sources():
    return make_sources()


@pytest.fixture(scope="module")
def plain():
    """A run without a dev score, for all tests that only look at it."""
    sources = make_sources()
    return sources, run(sources)


def test_epochs_are_passes_over_all_sources_together(plain):
    sources, noted = plain
    assert num_stage_steps(RECIPE, sources) == 11
    assert [step for step, _ in noted.losses] == list(range(1, 12))


def test_a_seed_fixes_the_losses(plain, sources):
    _, noted = plain
    assert run(sources, seed=0).losses == noted.losses
    assert run(sources, seed=4).losses != noted.losses


def test_a_loss_that_is_no_number_stops_the_stage(sources):
    poisoned = [sources[0], toy_source("second", [float("nan")] * 9)]
    order = source_order(proportional_rates([12, 9]), num_steps=11, seed=[0, 2])
    step = order.tolist().index(1) + 1
    with pytest.raises(StageError, match="Loss became nan") as raised:
        run(poisoned)
    message = str(raised.value)
    assert f"step {step} of 11 of stage 'first+second'" in message
    assert "source 'second'" in message
    assert "learning rate 0.01" in message


def test_the_best_dev_score_is_kept(sources):
    recipe = Recipe(**vars(RECIPE) | {"eval_every_steps": 3})
    # After steps 3, 6, 9 and the last one.
    noted = run(sources, recipe=recipe, scores=[1.0, 5.0, 5.0, 2.0])
    assert noted.best == (5.0, 6)
    assert noted.kept == [3, 6]


def test_without_a_dev_score_the_last_step_stays(plain, sources):
    recipe = Recipe(**vars(RECIPE) | {"eval_every_steps": 5})
    noted = run(sources, recipe=recipe, scores=[None, None, None])
    assert noted.best == (None, 11)
    assert noted.kept == []
    # `plain` does not even ask for one.
    assert plain[1].best == (None, 11)


def test_logs_hold_the_means_since_the_last_log(plain):
    sources, noted = plain
    assert [log.step for log in noted.logs] == [4, 8, 11]
    order = source_order(proportional_rates([12, 9]), num_steps=11, seed=[0, 2])
    masks = {index: iter(s.problem.masks) for index, s in enumerate(sources)}
    steps = [
        (sources[index].name, loss, next(masks[index]))
        for index, (_, loss) in zip(order, noted.losses, strict=True)
    ]
    for log, first, end in zip(noted.logs, (0, 4, 8), (4, 8, 11), strict=True):
        losses = collections.defaultdict(list)
        for name, loss, _ in steps[first:end]:
            losses[name].append(loss)
        means = {name: np.mean(values) for name, values in losses.items()}
        assert log.loss == pytest.approx(means)
        window = [mask for *_, mask in steps[first:end]]
        share = 1 - sum(m.sum() for m in window) / sum(m.size for m in window)
        assert log.padding_share == pytest.approx(share)
        assert 0 < share < 1
        per_example = log.tokens_per_second / log.examples_per_second
        tokens = sum(m.sum() for m in window) / sum(map(len, window))
        assert per_example == pytest.approx(tokens)
        # 11 steps, 1 of them warm-up; of the last step, not the next.
        rate = 0.01 * (11 - (end - 1)) / 10
        assert log.learning_rate == pytest.approx(rate)


def test_mixed_bfloat16_learns_with_float32_variables():
    described = describe_backbone(
        "random",
        tokenizer="pocket",
        num_layers=1,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        max_sequence_length=16,
        dropout=0.0,
    )
    root = xlm_roberta.load_root(
        described,
        tokenizer=xlm_roberta.load_tokenizer(described),
        dtype_policy="mixed_bfloat16",
    )
    problem = problem_of(get_task("mnli"))
    split = split_of([0, 1, 2] * 4)
    model = MultiTask(
        root, {"mnli": problem.head(root)}, {"mnli": problem.loss}
    )
    losses = []
    train(
        model,
        [TrainSource(name="mnli", key="mnli", problem=problem, split=split)],
        Recipe(
            epochs=30, batch_size=12, learning_rate=1e-2, eval_every_steps=0
        ),
        stage_name="mnli",
        seed=0,
        tokenizer=None,
        log_every_steps=100,
        on_log=lambda log: None,
        on_step=lambda step, loss: losses.append(loss),
        evaluate_dev=None,
        keep_best=None,
    )
    assert losses[-1] < 0.5 * losses[0]
    assert root.get_layer("transformer_layer_0").compute_dtype == "bfloat16"
    variables = model.trainable_variables + model.optimizer.variables
    assert {
        variable.dtype for variable in variables if "iter" not in variable.path
    } == {"float32"}
