"""One training step, ours and Hugging Face's, for benchmarks of both.

Frameworks are imported inside the functions: a process takes one of them.
"""

import dataclasses

import numpy as np

from benchmarks import harness

NUM_CLASSES = 3
# Of the learning-rate schedule; no benchmark takes as many.
NUM_SCHEDULED = 10_000
LEARNING_RATE = 1e-5


@dataclasses.dataclass(frozen=True)
class Sizes:
    """What is trained.

    Attributes:
        layers: int.
        hidden: int.
        vocabulary: int. Rows of the token embedding.
        batch: int. Rows of a batch.
        length: int. Tokens of a row.
    """

    layers: int
    hidden: int
    vocabulary: int
    batch: int
    length: int

    @property
    def heads(self):
        """Heads of attention, 64 numbers each, as XLM-R has them."""
        return max(1, self.hidden // 64)

    @property
    def step_flop(self):
        """Floating-point operations of a step's matrix products.

        A product of (m, k) and (k, n) counts 2 m k n. A token meets, in each
        layer, query, key, value and output (4 h h), the inner layers
        (2 h 4h), and attention's two products with all l tokens (2 l h); the
        backward pass takes twice the forward. Embedding, head, update,
        normalisation and dropout are not counted, nor is anything computed a
        second time.
        """
        h, tokens = self.hidden, self.batch * self.length
        per_token = 2 * (4 * h * h + 2 * h * 4 * h + 2 * self.length * h)
        return 3 * tokens * self.layers * per_token


def our_step(sizes, batches, *, dtype_policy="float32", compact=True):
    """Makes our engine's step, on the backend of `KERAS_BACKEND`.

    Args:
        sizes: `Sizes`.
        batches: dict of arrays, as `tokens.read` gives it.
        dtype_policy: str.
        compact: bool. Whether to train on the embedding's rows that occur, as
            a run does.

    Returns:
        Tuple: a function of a number of steps that takes them, waits for the
        last, and returns its loss; and the rows of the embedding trained on.
    """
    harness.prepare()
    from stilts_keras.backbones.description import describe_backbone
    from stilts_keras.backbones.loading import load_root
    from stilts_keras.backbones.loading import load_tokenizer
    from stilts_keras.problems import problem_of
    from stilts_keras.steps.multitask import MultiTask
    from stilts_keras.steps.optimizer import make_optimizer
    from stilts_keras.steps.update import Update
    from stilts_keras.tasks import get_task
    from stilts_keras.tasks.task import Recipe

    backbone = describe_backbone(
        "random",
        tokenizer="pocket",
        num_layers=sizes.layers,
        num_heads=sizes.heads,
        hidden_dim=sizes.hidden,
        intermediate_dim=4 * sizes.hidden,
    )
    tokenizer = load_tokenizer(backbone)
    # As many rows, whatever the tokenizer needs of them.
    tokenizer.vocabulary_size = sizes.vocabulary
    encoder = load_root(
        backbone, tokenizer=tokenizer, dtype_policy=dtype_policy
    )
    problem = problem_of(get_task("mnli"))
    model = MultiTask(encoder, {"nli": problem.head(encoder)})
    xs = _inputs(tokenizer, batches)
    if compact:
        _compact(model, batches["stage"])
    xs = [model.prepared(x) for x in xs]
    num_rows = encoder.token_embedding.shape[0]
    optimizer = make_optimizer(
        Recipe(learning_rate=LEARNING_RATE),
        NUM_SCHEDULED,
        model.trainable_variables,
    )
    update = Update(model, {"nli": problem.loss}, optimizer)
    ys = [{"label": label} for label in batches["label"]]
    turn = _Turn(len(xs))

    def run(num_steps):
        for number in turn.take(num_steps):
            # Read in each step, as a run does on a CPU.
            loss = float(update("nli", xs[number], ys[number]))
        return loss

    return run, num_rows


def _inputs(tokenizer, batches):
    layout = tokenizer.layout
    return [
        {layout.ids_input: ids, layout.mask_input: mask.astype(bool)}
        for ids, mask in zip(batches["ids"], batches["mask"], strict=True)
    ]


def _compact(model, ids):
    """Leaves a model the rows of its embedding that a run would."""
    import datasets

    name = model.encoder.tokenizer.ids_input
    model.compact_to([datasets.Dataset.from_dict({name: [ids.tolist()]})])


def hugging_face_step(
    sizes, batches, *, device="cpu", bfloat16=False, compiled=False
):
    """Makes the step of Hugging Face transformers on torch, as users write it.

    SDPA attention, fused AdamW, clipping, linear decay with warm-up, gradients
    set to None; float32, or bfloat16 by autocast.

    Args:
        sizes: `Sizes`.
        batches: as of `our_step`.
        device: str.
        bfloat16: bool.
        compiled: bool. Through `torch.compile`.

    Returns:
        Function as `our_step` returns first.
    """
    import torch
    import transformers

    config = transformers.XLMRobertaConfig(
        vocab_size=sizes.vocabulary,
        hidden_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=4 * sizes.hidden,
        max_position_embeddings=514,
        type_vocab_size=1,
        num_labels=NUM_CLASSES,
        attn_implementation="sdpa",
    )
    model = transformers.XLMRobertaForSequenceClassification(config)
    model = model.to(device).train()
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": 0.1},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=LEARNING_RATE,
        fused=True,
    )
    schedule = transformers.get_linear_schedule_with_warmup(
        optimizer, NUM_SCHEDULED // 10, NUM_SCHEDULED
    )
    called = torch.compile(model) if compiled else model
    ready = [
        {
            "input_ids": torch.from_numpy(ids.astype(np.int64)).to(device),
            "attention_mask": torch.from_numpy(mask).to(device),
            "labels": torch.from_numpy(label.astype(np.int64)).to(device),
        }
        for ids, mask, label in zip(
            batches["ids"], batches["mask"], batches["label"], strict=True
        )
    ]
    turn = _Turn(len(ready))

    def run(num_steps):
        for number in turn.take(num_steps):
            with torch.autocast(device, torch.bfloat16, enabled=bfloat16):
                loss = called(**ready[number]).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
        return float(loss.detach())

    return run


class _Turn:
    """Goes round the batches, from call to call."""

    def __init__(self, num_batches):
        self._num_batches = num_batches
        self._next = 0

    def take(self, num_steps):
        for _ in range(num_steps):
            yield self._next
            self._next = (self._next + 1) % self._num_batches
