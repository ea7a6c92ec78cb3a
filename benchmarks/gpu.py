"""Times training steps on a GPU, ours against Hugging Face's; eight minutes.

    python -m benchmarks.gpu                      # Wherever a GPU is
    python -m benchmarks.gpu --device=cpu --tiny  # Whether it runs at all

Base and large in bfloat16, 128 and 384 tokens, batches from 16 up to what the
memory holds: ours on JAX and on torch, against Hugging Face transformers with
SDPA attention, `torch.compile` and the fused AdamW, and against the best
product of two bfloat16 matrices that torch reaches on the card. Token ids are
random: nothing is read but this project. Each process takes one model and all
its batch sizes. Every measurement is a JSON line of its own, printed as soon
as it is there; the most telling ones come first, and what the time does not
allow is said to be left out, as is a package that the machine does not have.

Contestants do not take turns here: a card is used by one process at a time.
The spread over the steps is printed instead.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from benchmarks import harness
from benchmarks import training

# Layers, hidden.
MODELS = {"base": (12, 768), "large": (24, 1024), "tiny": (2, 64)}
VOCABULARY = 250_002
# Of the vocabulary, distinct ids in a stage's data: about as many as in MNLI.
NUM_DISTINCT = 32_000
BATCHES = {128: (32, 64, 128, 16), 384: (16, 32, 8)}
# Most telling first.
PLAN = tuple(
    (model, length, contestant)
    for model, length in (
        ("large", 128),
        ("base", 128),
        ("large", 384),
        ("base", 384),
    )
    for contestant in ("huggingface", "torch", "jax")
)
NEEDED = {
    "huggingface": ("torch", "transformers"),
    "torch": ("torch", "keras", "keras_hub"),
    "jax": ("jax", "keras", "keras_hub"),
}
ALL_SECONDS = 480
# Below this, starting and compiling a model is not worth beginning.
LEAST_SECONDS = 45
STEPS_IN_A_TURN = 5
NUM_TURNS = 5


def main():
    options = parser().parse_args()
    if options.contestant == "peak":
        measure_peak(options)
    elif options.contestant:
        measure(options)
    else:
        orchestrate(options)


def parser():
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument("--device", default="cuda")
    made.add_argument("--tiny", action="store_true", help="small sizes")
    made.add_argument("--seconds", type=float, default=ALL_SECONDS)
    made.add_argument("--whole", action="store_true", help="no compact rows")
    for name in ("model", "contestant"):
        made.add_argument(f"--{name}", help=argparse.SUPPRESS)
    made.add_argument("--length", type=int, help=argparse.SUPPRESS)
    made.add_argument("--ends", type=float, help=argparse.SUPPRESS)
    return made


def say(**line):
    print(json.dumps({"benchmark": "gpu", **line}), flush=True)


# ------------------------------------------------------------------ The parent
def orchestrate(options):
    """Runs the plan, one process after the other, while there is time."""
    ends = time.time() + options.seconds
    plan = PLAN
    if options.tiny:
        plan = [("tiny", 16, name) for name in NEEDED]
    missing = {
        name: [p for p in packages if importlib.util.find_spec(p) is None]
        for name, packages in NEEDED.items()
    }
    say(
        kind="machine",
        device=options.device,
        machine=harness.machine(),
        versions=harness.versions(),
        missing={name: lacks for name, lacks in missing.items() if lacks},
    )
    lines = []
    if importlib.util.find_spec("torch"):
        lines += run_child(options, ends, contestant="peak")
    for model, length, name in plan:
        what = {"contestant": name, "model": model, "length": length}
        if missing[name]:
            say(kind="left_out", **what, why=f"no {', '.join(missing[name])}")
        elif ends - time.time() < (0 if options.tiny else LEAST_SECONDS):
            say(kind="left_out", **what, why="no time left")
        else:
            lines += run_child(options, ends, **what)
    summarise(lines)


def run_child(options, ends, **what):
    """Runs one contestant; what it prints goes through as it comes.

    Returns:
        List of dict: the lines.
    """
    arguments = [f"--{name}={value}" for name, value in what.items()]
    arguments += [f"--device={options.device}", f"--ends={ends}"]
    arguments += ["--tiny"] * options.tiny + ["--whole"] * options.whole
    name = what["contestant"]
    environment = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_BACKEND": name if name in ("torch", "jax") else "torch",
    }
    if options.device == "cpu":
        environment["JAX_PLATFORMS"] = "cpu"
    lines = []
    with tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.gpu", *arguments],
            cwd=harness.ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        timer = threading.Timer(max(ends - time.time(), 1), child.kill)
        timer.start()
        for line in child.stdout:
            if line.startswith("{"):
                print(line, end="", flush=True)
                lines.append(json.loads(line))
        status = child.wait()
        timer.cancel()
        if status and time.time() >= ends:
            say(kind="left_out", **what, why="ran out of time")
        elif status:
            errors.seek(0)
            last = errors.read().strip().splitlines()[-1:] or [""]
            say(kind="failed", **what, why=last[0][-300:])
    return lines


def summarise(lines):
    """Says of each model and length who was fastest, at which batch."""
    rate = "tokens_per_second"
    peaks = [
        line["tflop_per_second"] for line in lines if line["kind"] == "peak"
    ]
    best = {}
    for line in lines:
        if line["kind"] != "step":
            continue
        group = best.setdefault((line["model"], line["length"]), {})
        held = group.get(line["contestant"])
        if (
            held is None
            or held["tokens_per_second"] < line["tokens_per_second"]
        ):
            group[line["contestant"]] = line
    for (model, length), group in best.items():
        theirs = group.get("huggingface")
        say(
            kind="summary",
            model=model,
            length=length,
            batch={n: line["batch"] for n, line in group.items()},
            tokens_per_second={n: line[rate] for n, line in group.items()},
            share_of_peak={
                n: round(line["tflop_per_second"] / peaks[0], 3)
                for n, line in group.items()
                if peaks
            },
            times_as_fast={
                n: round(line[rate] / theirs[rate], 3)
                for n, line in group.items()
                if theirs and n != "huggingface"
            },
        )


# ---------------------------------------------------------------- The children
def measure_peak(options):
    """Multiplies square bfloat16 matrices: the card's peak as reached."""
    import torch

    size = 256 if options.tiny else 8192
    one, other = (
        torch.randn(size, size, dtype=torch.bfloat16, device=options.device)
        for _ in range(2)
    )

    def multiply():
        begun = time.perf_counter()
        for _ in range(10):
            made = one @ other
        float(made[0, 0])
        return (time.perf_counter() - begun) / 10

    multiply()
    seconds = [multiply() for _ in range(5)]
    card = None
    if options.device != "cpu":
        card = torch.cuda.get_device_name()
    say(
        kind="peak",
        card=card,
        matrix=size,
        dtype="bfloat16",
        tflop_per_second=round(2e-12 * size**3 / min(seconds), 1),
    )


def measure(options):
    """Times the steps of one model at each batch size that time allows."""
    layers, hidden = MODELS[options.model]
    batches = (2, 4) if options.tiny else BATCHES[options.length]
    length = options.length
    vocabulary = 4000 if options.tiny else VOCABULARY
    for batch in batches:
        if not options.tiny and options.ends - time.time() < LEAST_SECONDS / 2:
            say(kind="left_out", **told(options, batch), why="no time left")
            return
        sizes = training.Sizes(layers, hidden, vocabulary, batch, length)
        try:
            step, num_rows = make_step(options, sizes)
            begun = time.perf_counter()
            step(STEPS_IN_A_TURN)
            first = time.perf_counter() - begun
            turns = []
            for _ in range(NUM_TURNS):
                begun = time.perf_counter()
                step(STEPS_IN_A_TURN)
                turns.append((time.perf_counter() - begun) / STEPS_IN_A_TURN)
        except RuntimeError as error:  # JAX's errors are of this kind, too.
            if "memory" not in str(error).lower():
                raise
            say(kind="left_out", **told(options, batch), why="no memory left")
            return
        seconds = statistics.median(turns)
        say(
            kind="step",
            **told(options, batch),
            embedding_rows=num_rows,
            seconds=round(seconds, 5),
            slowest=round(max(turns), 5),
            fastest=round(min(turns), 5),
            first_seconds=round(first, 1),
            tokens_per_second=round(batch * length / seconds),
            tflop_per_second=round(sizes.step_flop / 1e12 / seconds, 2),
            peak_gib=peak_gib(options),
        )
        del step


def told(options, batch):
    return {
        "contestant": options.contestant,
        "model": options.model,
        "length": options.length,
        "batch": batch,
    }


def make_step(options, sizes):
    """Makes a contestant's step on random ids, three quarters of them tokens.

    Returns:
        Tuple: function of a number of steps, which waits for the last; rows of
        the embedding that are trained.
    """
    import numpy as np

    random = np.random.default_rng(0)
    shape = (2, sizes.batch, sizes.length)
    lengths = random.integers(sizes.length // 2, sizes.length + 1, shape[:2])
    mask = (np.arange(sizes.length) < lengths[..., None]).astype("int32")
    num_distinct = 100 if options.tiny else NUM_DISTINCT
    ids = random.integers(4, num_distinct, shape, dtype="int32")
    batches = {
        "ids": np.where(mask == 1, ids, 1).astype("int32"),
        "mask": mask,
        "label": random.integers(0, 3, shape[:2], dtype="int32"),
        "stage": np.arange(num_distinct),
    }
    if options.contestant == "huggingface":
        step = training.hugging_face_step(
            sizes,
            batches,
            device=options.device,
            bfloat16=True,
            compiled=not options.tiny,
        )
        return step, sizes.vocabulary
    return training.our_step(
        sizes,
        batches,
        dtype_policy="mixed_bfloat16",
        compact=not options.whole,
    )


def peak_gib(options):
    """Most memory of the card, of all batch sizes so far; None if untold."""
    if options.device == "cpu":
        return round(harness.peak_bytes() / harness.GIB, 2)
    if options.contestant == "jax":
        import jax

        stats = jax.local_devices()[0].memory_stats() or {}
        most = stats.get("peak_bytes_in_use")
    else:
        import torch

        most = torch.cuda.max_memory_allocated()
    return None if most is None else round(most / harness.GIB, 2)


if __name__ == "__main__":
    sys.exit(main())
