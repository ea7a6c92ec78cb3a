"""What test_three_backends.py has each backend do, in a process of its own.

`KERAS_BACKEND=torch python backend_run.py FOLDER` writes FOLDER/torch.npz. The
first of the processes must be torch: it makes what the others read.
"""

import contextlib
import pathlib
import sys

import keras
import keras_hub
import numpy as np

from encoders import describe_tiny
from encoders import table_encoder
from encoders import tiny_encoder
from steps.two_devices import on_one_and_two
from steps.vocabulary_run import compact_and_whole
from stilts_keras import backend
from stilts_keras import files
from stilts_keras.backbones.loading import load_stage
from stilts_keras.backbones.lora import add_lora
from stilts_keras.backbones.stage_heads import describe_heads
from stilts_keras.data.features import load_features
from stilts_keras.data.mixture import Sampling
from stilts_keras.data.sources import PocketData
from stilts_keras.interruption import Interruption
from stilts_keras.problems import problem_of
from stilts_keras.problems.dual_encoder import DualEncoder
from stilts_keras.steps import checkpoint
from stilts_keras.steps.evaluate import Evaluator
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.steps.optimizer import MultiTaskAdamW
from stilts_keras.steps.optimizer import make_optimizer
from stilts_keras.steps.survey import survey
from stilts_keras.steps.survey import surveyor
from stilts_keras.steps.train import Training
from stilts_keras.steps.train import TrainSource
from stilts_keras.steps.train import Watch
from stilts_keras.steps.train import train
from stilts_keras.steps.update import Update
from stilts_keras.tasks import get_task
from stilts_keras.tasks.example import Candidate
from stilts_keras.tasks.example import Query
from stilts_keras.tasks.example import Search
from stilts_keras.tasks.task import Recipe

NAME = keras.backend.backend()
TASKS = ("mnli", "hellaswag", "squad", "udpos", "mlm")
NUM_STEPS = 50
RECIPE = Recipe(batch_size=8, learning_rate=1e-3, eval_every_steps=0)
TOY_STEPS = 20
SIZES = {
    "num_layers": 1,
    "hidden_dim": 16,
    "intermediate_dim": 32,
    "max_sequence_length": 32,
    "dropout": 0.0,
}


def main(folder):
    backend.prepare()
    found = {}
    # What was drawn before must not matter.
    keras.utils.set_random_seed(len(NAME))
    encoder = tiny_encoder(**SIZES)
    tokenizer = encoder.tokenizer
    found |= values("root", encoder.network.trainable_variables)
    found |= toy_run()
    found |= updates_of_lengths()
    model, sources = mixed_model(encoder)
    found |= surveyed(encoder, sources[TASKS.index("hellaswag")])
    found |= mixed_run(model, sources, tokenizer, folder / NAME)
    found |= sliced(model, sources, tokenizer)
    if NAME == "torch":
        found |= memory(model, sources[TASKS.index("hellaswag")], tokenizer)
    found |= traces(model, sources, tokenizer)
    found |= lora_run(sources, tokenizer)
    found |= pairs()
    found |= stage(model, folder / "stage")
    found |= compact_and_whole(folder / f"vocabulary_{NAME}")
    if NAME == "jax":
        found |= on_one_and_two(folder / "devices")
    np.savez(folder / f"{NAME}.npz", **found)


def values(prefix, variables):
    return {
        f"{prefix}/{number}/{variable.path}": keras.ops.convert_to_numpy(
            variable
        ).copy()
        for number, variable in enumerate(variables)
    }


# ------------------------------------------------------ Before any training
def surveyed(encoder, source):
    """Looks at one data set through the bare backbone."""
    found = survey(surveyor(encoder), get_task(source.name), [source.split])
    return {
        "survey_numbers": [found.num_rows, found.num_sequences],
        "survey_mean": found.mean,
        "survey_gram": found.moments.gram,
        "survey_cross": found.moments.cross,
        "survey_labels": found.moments.label_sum,
    }


# ------------------------------------------------ Pairs, each against the rest
def pairs():
    """Trains a dual encoder for a few steps; embeds pairs and single texts."""
    encoder = tiny_encoder(**SIZES)
    problem = DualEncoder(None)
    examples = [
        Search(
            queries=(Query(id=f"{n}", text=f"who {n}", answers=(f"{n}",)),),
            candidates=(Candidate(id=f"{n}", text=f"it was {n} " * n),),
        )
        for n in range(1, 7)
    ]
    model = MultiTask(encoder, {"dual": problem.head(encoder)}, seed=1)
    columns = problem.pack(examples, encoder.tokenizer, 24)
    x, y = problem.collate(columns, 24, encoder.tokenizer)
    found = {
        "pairs_logits": model({"dual": dict(x)}, training=True),
        "pairs_before": model.predict_on_batch({"dual": x}),
    }
    update = Update(
        model,
        {"dual": problem.loss},
        make_optimizer(
            Recipe(learning_rate=1e-2), 5, model.trainable_variables
        ),
    )
    found["pairs_losses"] = [float(update("dual", x, y)) for _ in range(5)]
    columns = problem.pack_evaluated(examples, encoder.tokenizer, 24)
    x, _ = problem.collate(columns, 24, encoder.tokenizer)
    found["pairs_after"] = model.predict_on_batch({"dual": x})
    found["pairs_scale"] = model.heads["dual"].logit_scale
    return {
        name: keras.ops.convert_to_numpy(value) for name, value in found.items()
    }


# --------------------------------------------------- Two heads worked by hand
class Mean(keras.layers.Layer):
    """The mean hidden state times a kernel, plus a bias."""

    def build(self, hidden_shape):
        self.kernel = self.add_weight(shape=(hidden_shape[-1],), name="kernel")
        self.bias = self.add_weight(shape=(), initializer="zeros", name="bias")

    def call(self, hidden, x, training=None):
        mean = keras.ops.mean(hidden, axis=1)
        return keras.ops.matmul(mean, self.kernel) + self.bias


def squared_error(y, logits):
    squares = keras.ops.square(keras.ops.subtract(logits, y))
    return keras.ops.sum(squares), keras.ops.cast(keras.ops.size(y), "float32")


def toy_run():
    """Trains a table of 10 rows under two heads, one row repeated 64 times."""
    random = np.random.default_rng(0)
    model = MultiTask(table_encoder(10), {"first": Mean(), "second": Mean()})
    recipe = Recipe(learning_rate=0.05, warmup_ratio=0.2, weight_decay=0.1)
    update = Update(
        model,
        {"first": squared_error, "second": squared_error},
        make_optimizer(recipe, TOY_STEPS, model.trainable_variables),
    )
    first = values("toy_start", model.trainable_variables)
    token_ids = np.zeros((TOY_STEPS, 8, 8), dtype="int32")
    token_ids[:, :, 7] = random.integers(0, 10, (TOY_STEPS, 8))
    y = 3 + random.standard_normal((TOY_STEPS, 8)).astype("float32")
    keys = np.array(["first", "first", "first", "second"] * (TOY_STEPS // 4))
    losses = [
        float(update(key, {"token_ids": ids, "padding_mask": ids >= 0}, wanted))
        for key, ids, wanted in zip(keys, token_ids, y, strict=True)
    ]
    return {
        **first,
        **values("toy_end", model.trainable_variables),
        "toy_losses": losses,
        "toy_token_ids": token_ids,
        "toy_y": y,
        "toy_keys": keys,
    }


# ------------------------------------------- A mixed stage on real pocket rows
def mixed_model(encoder):
    sources, heads = [], {}
    for name in TASKS:
        task = get_task(name)
        problem = problem_of(task)
        heads[task.head_key] = problem.head(encoder)
        split = load_features(
            PocketData(),
            task,
            "en",
            "train",
            pack=problem.pack,
            pack_key=problem.pack_key,
            tokenizer=encoder.tokenizer,
            max_length=32,
            count=48,
        )
        sources.append(
            TrainSource(
                name=name, key=task.head_key, problem=problem, split=split
            )
        )
    return MultiTask(encoder, heads, seed=1), sources


class Noted(Watch):
    """Notes losses and logs."""

    def __init__(self):
        self.losses, self.logs = [], []

    def step(self, step, loss):
        self.losses.append(loss)

    def log(self, log):
        self.logs.append(log)


def mixed_run(model, sources, tokenizer, folder):
    start = values("start", model.trainable_variables)
    numbers = [len(source.split.lengths) for source in sources]
    noted, norms = Noted(), []
    training = Training(
        sources=tuple(sources),
        shares=tuple(Sampling().shares(TASKS, numbers)),
        recipe=RECIPE,
        num_steps=NUM_STEPS,
        stage_name="mixed",
        seed=1,
        log_every_steps=10,
    )
    with noting_gradient_norms(norms):
        train(
            model,
            training,
            tokenizer=tokenizer,
            progress=checkpoint.TrainingProgress(folder / "progress", None),
            interruption=Interruption(),
            watch=noted,
        )
    logs = noted.logs
    return {
        **start,
        **values("end", model.trainable_variables),
        "losses": noted.losses,
        "norms": norms,
        "sources_seen": sorted({name for log in logs for name in log.loss}),
        "rates": [log.learning_rate for log in logs],
    }


@contextlib.contextmanager
def noting_gradient_norms(norms):
    """Notes the norms before clipping, where steps run eagerly: on torch."""
    apply = MultiTaskAdamW._backend_apply_gradients

    def noted(self, grads, variables):
        squares = [keras.ops.sum(keras.ops.square(grad)) for grad in grads]
        norms.append(float(sum(squares)) ** 0.5)
        apply(self, grads, variables)

    if NAME == "torch":
        MultiTaskAdamW._backend_apply_gradients = noted
    try:
        yield
    finally:
        MultiTaskAdamW._backend_apply_gradients = apply


# -------------------------------------------------------------------- Slices
def sliced(model, sources, tokenizer):
    """Takes one step on each source's rows, at once and in slices.

    Adam's first moment after one step is a tenth of the clipped gradient.
    """
    start = copies(model.trainable_variables)
    losses = {source.key: source.problem.loss for source in sources}
    # As in the mixed run: JAX finds those steps in its cache on the disk.
    optimizer = make_optimizer(RECIPE, NUM_STEPS, model.trainable_variables)
    whole = Update(model, losses, optimizer)
    slices = Update(model, losses, optimizer, micro_batch_size=4)
    found = {}
    for source in sources:
        x, y = batch_of(source, tokenizer)
        for how, update in (("whole", whole), ("slices", slices)):
            assign(optimizer.variables, np.zeros(len(optimizer.variables)))
            name = f"{source.name}/{how}"
            found[f"{name}/loss"] = float(update(source.key, x, y))
            found[f"{name}/num_steps"] = int(optimizer.iterations)
            moments = [v for v in optimizer.variables if "momentum" in v.path]
            found |= values(f"{name}/moment", moments)
            assign(model.trainable_variables, start)
        if NAME == "torch":  # The others would compile for this.
            found |= losses_of_slices(source, x, y, model)
    return found


def losses_of_slices(source, x, y, model):
    logits = model.predict_on_batch({source.key: x})
    pairs = []
    for rows in (slice(0, 4), slice(4, 8)):
        part = {name: value[rows] for name, value in y.items()}
        pairs.append(
            [float(v) for v in source.problem.loss(part, logits[rows])]
        )
    sums, sizes = zip(*pairs, strict=True)
    return {f"{source.name}/sums": sums, f"{source.name}/weights": sizes}


def copies(variables):
    return [keras.ops.convert_to_numpy(v).copy() for v in variables]


def assign(variables, new):
    for variable, value in zip(variables, new, strict=True):
        variable.assign(np.broadcast_to(value, variable.shape))


def batch_of(source, tokenizer):
    # Seven rows make a slice of four and one of three.
    columns = source.split.features[: 7 if source.name == "udpos" else 8]
    random = np.random.default_rng(0)
    x, y = source.problem.collate(columns, 32, tokenizer, random)
    if "tags" in y:
        # A slice may predict nothing at all.
        y["tags"][:4] = -1
    return x, y


def lora_run(sources, tokenizer):
    """Trains factors under two heads; then one step whole, and in slices."""
    encoder = tiny_encoder(**SIZES)
    add_lora(encoder, 4, seed=1)
    chosen = [sources[TASKS.index(name)] for name in ("mnli", "mlm")]
    heads = {source.key: source.problem.head(encoder) for source in chosen}
    model = MultiTask(encoder, heads, seed=1)
    frozen = model.non_trainable_weights
    trained = model.trainable_variables
    found = values("lora_start", trained) | values("lora_frozen", frozen)
    losses = {source.key: source.problem.loss for source in chosen}
    recipe = Recipe(learning_rate=0.01, warmup_ratio=0.0)
    optimizer = make_optimizer(recipe, 12, trained)
    update = Update(model, losses, optimizer)
    batches_of = {s.key: batch_of(s, tokenizer) for s in chosen}
    keys = [source.key for source in chosen] * 6
    found["lora_losses"] = [float(update(k, *batches_of[k])) for k in keys]
    found |= values("lora_end", trained) | values("lora_after", frozen)
    moments = [v for v in optimizer.variables if "momentum" in v.path]
    end, key = copies(trained), keys[0]
    slices = Update(model, losses, optimizer, micro_batch_size=4)
    for how, taken in (("whole", update), ("slices", slices)):
        assign(optimizer.variables, np.zeros(len(optimizer.variables)))
        taken(key, *batches_of[key])
        found |= values(f"lora_{how}", moments)
        assign(trained, end)
    return found


class Held:
    """A tensor kept for the backward pass, counted while it is kept."""

    num_bytes = most = 0

    def __init__(self, tensor):
        self.tensor = tensor
        Held.num_bytes += tensor.nbytes
        Held.most = max(Held.most, Held.num_bytes)

    def __del__(self):
        Held.num_bytes -= self.tensor.nbytes


def memory(model, source, tokenizer):
    """Counts what a step on 32 rows of four sequences keeps for its gradient.

    Torch alone tells; weights, which are there in any case, are left out.
    """
    import torch

    x, y = source.problem.collate(
        source.split.features[:32], 32, tokenizer, None
    )
    weights = {
        variable.value.untyped_storage().data_ptr()
        for variable in model.trainable_variables
    }

    def pack(tensor):
        is_weight = tensor.untyped_storage().data_ptr() in weights
        return tensor if is_weight else Held(tensor)

    def unpack(kept):
        return kept.tensor if isinstance(kept, Held) else kept

    losses = {source.key: source.problem.loss}
    optimizer = make_optimizer(RECIPE, NUM_STEPS, model.trainable_variables)
    start, found = copies(model.trainable_variables), {}
    for size in (32, 4):
        update = Update(model, losses, optimizer, micro_batch_size=size)
        Held.most = Held.num_bytes
        with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
            update(source.key, x, y)
        found[f"bytes_kept/{size}"] = Held.most
    assign(model.trainable_variables, start)
    return found


# -------------------------------------------------------------------- Traces
def updates_of_lengths():
    """Counts calls of the optimizer's Python code in steps of three lengths."""
    model = MultiTask(table_encoder(10), {"first": Mean()})
    optimizer = make_optimizer(RECIPE, NUM_STEPS, model.trainable_variables)
    calls = []
    apply = MultiTaskAdamW.apply

    def counted(self, *arguments):
        calls.append(True)
        return apply(self, *arguments)

    MultiTaskAdamW.apply = counted
    try:
        update = Update(model, {"first": squared_error}, optimizer)
        for length in (4, 8, 12):
            ids = np.zeros((2, length), dtype="int32")
            x = {"token_ids": ids, "padding_mask": ids >= 0}
            update("first", x, np.ones(2, "float32"))
    finally:
        MultiTaskAdamW.apply = apply
    return {"update_traces": len(calls)}


def traces(model, sources, tokenizer):
    """Counts calls of the Model's Python code in equal evaluations."""
    source = sources[0]
    evaluator = Evaluator(
        task=get_task(source.name),
        problem=source.problem,
        tokenizer=tokenizer,
        batch_size=8,
        padded_lengths=(16, 32),
    )
    calls = []
    call = MultiTask.call

    def counted(self, x, training=None):
        calls.append(tuple(x[source.key]["token_ids"].shape))
        return call(self, x, training=training)

    MultiTask.call = counted
    counts = []
    try:
        for _ in range(3):
            evaluator.predict(model, source.split)
            counts.append(len(calls))
    finally:
        MultiTask.call = call
    return {"traces": counts}


# ---------------------------------------------------------- A stage of torch's
def stage(model, folder):
    """Torch saves a stage; the others load it, whole and as a preset."""
    if NAME == "torch":
        heads = describe_heads(map(get_task, TASKS))
        checkpoint.save_stage(folder, model=model, heads=heads, facts={})
        return {}
    files.check_folder(folder)
    for variable in model.trainable_variables:
        variable.assign(np.zeros(variable.shape, "float32"))
    encoder = load_stage(
        folder,
        backbone=describe_tiny(**SIZES),
        tokenizer=model.encoder.tokenizer,
    )
    checkpoint.load_heads(folder, model.heads)
    loaded = [
        variable
        for part in (encoder.network, *model.heads.values())
        for variable in part.trainable_variables
    ]
    preset = keras_hub.models.Backbone.from_preset(str(folder))
    return {
        **values("loaded", loaded),
        **values("preset", preset.trainable_variables),
    }


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
