"""Times a training step, ours on each backend against Hugging Face's.

    python -m benchmarks.train_step                  # Both of docs/speed.md
    python -m benchmarks.train_step --layers=12 --hidden=384 --batch=16 ...

Hugging Face transformers trains on torch with SDPA attention and the fused
AdamW, in float32; ours is the engine as a run has it: `MultiTask`, `Update`,
the optimizer, and a compact vocabulary. Every contestant takes the same
batches, padded to the same length, in turn with the others. Prints one JSON
line for each size.
"""

import argparse
import pathlib
import sys
import tempfile

from benchmarks import harness
from benchmarks import tokens
from benchmarks import training

BASE = "huggingface"
BACKENDS = ("tensorflow", "jax", "torch")
# Layers, hidden, vocabulary, batch, length: 12 x 384, and XLM-R base.
BOTH = ((12, 384, 250_002, 16, 64), (12, 768, 250_002, 8, 128))
NUM_BATCHES = 8
NUM_WARM_UP = 2


def main():
    options = parser().parse_args()
    given = (
        options.layers,
        options.hidden,
        options.vocabulary,
        options.batch,
        options.length,
    )
    if options.contestant:
        compete(options, training.Sizes(*given))
        return
    for default in BOTH:
        chosen = [g or d for g, d in zip(given, default, strict=True)]
        compare(options, training.Sizes(*chosen))
        if any(given):
            break


def parser():
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("layers", "hidden", "vocabulary", "batch", "length"):
        made.add_argument(f"--{name}", type=int)
    made.add_argument("--rounds", type=int, default=harness.NUM_ROUNDS)
    made.add_argument("--steps", type=int, default=2, help="in each turn")
    made.add_argument("--backends", default=",".join(BACKENDS))
    made.add_argument("--whole", action="store_true", help="no compact rows")
    made.add_argument("--contestant", help=argparse.SUPPRESS)
    made.add_argument("--tokens", help=argparse.SUPPRESS)
    return made


def compare(options, sizes):
    """Lets all compete on one size, and prints its line."""
    num_tokens = (sizes.vocabulary, sizes.batch, sizes.length, NUM_BATCHES)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "tokens.npz"
        told = tokens.write(file, *num_tokens)
        names = [BASE, *filter(None, options.backends.split(","))]
        contestants = {
            name: contestant(name, options, sizes, file) for name in names
        }
        with harness.started(contestants) as children:
            rows = {n: c.facts["embedding_rows"] for n, c in children.items()}
            answers = harness.rounds(children, num_rounds=options.rounds)
    harness.print_line(
        "train_step",
        {**vars(sizes), "steps_in_a_turn": options.steps, **told},
        answers,
        base=BASE,
        dtype="float32",
        embedding_rows=rows,
        step_gflop=round(sizes.step_flop / 1e9),
        gflop_per_second={
            name: round(
                sizes.step_flop / 1e9 / min(a["seconds"] for a in taken)
            )
            for name, taken in answers.items()
        },
        loss={n: round(a[-1]["loss"], 4) for n, a in answers.items()},
    )


def contestant(name, options, sizes, file):
    arguments = [f"--{key}={value}" for key, value in vars(sizes).items()]
    arguments += [
        f"--contestant={name}",
        f"--tokens={file}",
        f"--steps={options.steps}",
        *(["--whole"] if options.whole else []),
    ]
    environment = {} if name == BASE else {"KERAS_BACKEND": name}
    return harness.Contestant("benchmarks.train_step", arguments, environment)


def compete(options, sizes):
    """Takes part, in a process of its own."""
    with harness.channel() as answer:
        batches = tokens.read(options.tokens)
        if options.contestant == BASE:
            step = training.hugging_face_step(sizes, batches)
            num_rows = sizes.vocabulary
        else:
            step, num_rows = training.our_step(
                sizes, batches, compact=not options.whole
            )
        step(NUM_WARM_UP)

        def work():
            begun = harness.now()
            loss = step(options.steps)
            seconds = (harness.now() - begun) / options.steps
            return {"seconds": seconds, "loss": loss}

        answer(work, {"embedding_rows": num_rows})


if __name__ == "__main__":
    sys.exit(main())
