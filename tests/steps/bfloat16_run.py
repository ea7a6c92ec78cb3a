"""What test_bfloat16.py has each backend do, in a process of its own.

`KERAS_BACKEND=torch python bfloat16_run.py FOLDER` writes FOLDER/torch.npz:
for every task, what three steps and an evaluation give, in float32 and in
`mixed_bfloat16`, from the same weights.
"""

import pathlib
import sys

import keras
import numpy as np

from encoders import tiny_encoder
from stilts_keras import backend
from stilts_keras.data import batches
from stilts_keras.data.features import load_features
from stilts_keras.data.sources import open_data
from stilts_keras.problems import problem_of
from stilts_keras.steps.evaluate import Evaluator
from stilts_keras.steps.lengths import lengths_for
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.steps.optimizer import make_optimizer
from stilts_keras.steps.update import Update
from stilts_keras.tasks import get_task
from stilts_keras.tasks.task import Recipe

NAME = keras.backend.backend()
# One for each problem, those that only evaluate last.
TRAINED = ("mnli", "hellaswag", "udpos", "squad", "squad_retrieval", "mlm")
ONLY_EVALUATED = ("tatoeba", "bucc2018")
POLICIES = ("float32", "mixed_bfloat16")
LENGTH, NUM_STEPS, BATCH = 32, 3, 8


def main(folder):
    # JAX would compile for each of several lengths.
    batches.BUCKET_LENGTHS = ()
    backend.prepare()
    # Keras's own update has no steps in bfloat16: 1 - 0.999 is 0 there.
    found = two_dtypes() if NAME == "torch" else {}
    for policy in POLICIES:
        encoder = tiny_encoder(policy, num_layers=1, dropout=0.0)
        found |= trained(encoder, policy) | embedded(encoder, policy, folder)
    np.savez(folder / f"{NAME}.npz", **found)


def two_dtypes():
    """Clips and steps on a float32 and a bfloat16 variable, twice."""
    variables = [
        keras.Variable(np.ones(5), dtype=dtype, name="kernel")
        for dtype in ("float32", "bfloat16")
    ]
    recipe = Recipe(learning_rate=0.5, warmup_ratio=0.0, weight_decay=0.1)
    optimizer = make_optimizer(recipe, 10, variables)
    for _ in range(2):
        # Norms 3 and 4: 5 together.
        grads = [
            keras.ops.full((5,), norm / 5**0.5, dtype=variable.dtype)
            for norm, variable in zip((3.0, 4.0), variables, strict=True)
        ]
        optimizer.apply(grads, variables)
    moments = [v for v in optimizer.variables if "momentum" in v.path]
    return {
        f"{what}/{number}": keras.ops.convert_to_numpy(
            keras.ops.cast(variable, "float32")
        )
        for what, made in (("two", variables), ("two_moments", moments))
        for number, variable in enumerate(made)
    }


def features(data, name, split, encoder):
    task = get_task(name)
    problem = problem_of(task)
    is_trained = name in TRAINED
    return load_features(
        open_data(data),
        task,
        "en" if is_trained else "de",
        split,
        pack=problem.pack,
        pack_key=problem.pack_key,
        tokenizer=encoder.tokenizer,
        max_length=LENGTH,
        count=BATCH * NUM_STEPS if is_trained else None,
        is_evaluated=not is_trained,
    )


def trained(encoder, policy):
    tasks = {name: get_task(name) for name in TRAINED}
    problems = {task.head_key: problem_of(task) for task in tasks.values()}
    heads = {key: problem.head(encoder) for key, problem in problems.items()}
    model = MultiTask(encoder, heads, seed=1)
    recipe = Recipe(learning_rate=1e-3, warmup_ratio=0.0)
    optimizer = make_optimizer(recipe, 100, model.trainable_variables)
    losses = {key: problem.loss for key, problem in problems.items()}
    update = Update(model, losses, optimizer)
    found = {}
    for name, task in tasks.items():
        problem = problems[task.head_key]
        split = features("pocket", name, "train", encoder)
        steps = []
        for step in range(NUM_STEPS):
            rows = split.features[step * BATCH : (step + 1) * BATCH]
            random = np.random.default_rng(step)
            x, y = problem.collate(rows, LENGTH, encoder.tokenizer, random)
            steps.append(float(update(task.head_key, x, y)))
        found[f"{policy}/{name}/losses"] = steps
        found[f"{policy}/{name}/predicted"] = predicted(
            model, task, problem, split, encoder
        )
    found[f"{policy}/variables"] = sorted(
        {v.dtype for v in model.variables + optimizer.variables}
    )
    layer = encoder.network.get_layer("transformer_layer_0")
    found[f"{policy}/computed"] = layer.compute_dtype
    return found


def predicted(model, task, problem, split, encoder):
    """Whether all that an evaluation gives is a number."""
    if task.name == "mlm":  # Is never evaluated.
        x, _ = problem.collate(
            split.features[:BATCH],
            LENGTH,
            encoder.tokenizer,
            np.random.default_rng(0),
        )
        logits = model.predict_on_batch({task.head_key: x})
        return np.isfinite(np.asarray(logits, dtype="float32")).all()
    return evaluated(model, task, problem, split, encoder)[0]


def evaluated(model, task, problem, split, encoder):
    evaluator = Evaluator(
        task=task,
        problem=problem,
        tokenizer=encoder.tokenizer,
        batch_size=BATCH,
        padded_lengths=lengths_for([split]),
    )
    if task.name in ONLY_EVALUATED:
        (found,) = evaluator.evaluate_layers(model, split)
    else:
        found = evaluator.evaluate(model, split)
    assert len(found.predictions) == len(found.gold) > 0
    return np.isfinite(list(found.metrics.values())).all(), found.embeddings


def embedded(encoder, policy, folder):
    found = {}
    for name in ONLY_EVALUATED:
        task = get_task(name)
        problem = problem_of(task)
        data = "pocket" if name == "tatoeba" else folder / "data"
        where = "test" if name == "tatoeba" else "dev"
        split = features(data, name, where, encoder)
        model = MultiTask(
            encoder,
            {task.head_key: problem.head(encoder)},
            network=encoder.cut([1]),
        )
        is_finite, vectors = evaluated(model, task, problem, split, encoder)
        found[f"{policy}/{name}/predicted"] = is_finite
        found[f"{policy}/{name}/vectors"] = np.asarray(vectors, "float32")
    return found


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
