"""Tells what share of the machine's matmul peak a training step reaches.

    python -m benchmarks.roofline            # XLM-R base, 8 x 128
    python -m benchmarks.roofline --layers=12 --hidden=384 --batch=16 ...

The peak is the best product of two square float32 matrices that any backend
reaches here, in turn with the steps. A step's floating-point operations are
those of `training.Sizes.step_flop`: matrix products of the encoder's layers,
2 m k n each, forward and twice that backward; nothing else is counted, while
the time is that of the whole step, embedding and update included. Prints one
JSON line; `seconds` are those of a step.
"""

import argparse
import pathlib
import statistics
import sys
import tempfile

import numpy as np

from benchmarks import harness
from benchmarks import tokens
from benchmarks import training

BACKENDS = ("tensorflow", "jax", "torch")
DEFAULT = {
    "layers": 12,
    "hidden": 768,
    "vocabulary": 250_002,
    "batch": 8,
    "length": 128,
}
NUM_BATCHES = 4
NUM_PRODUCTS = 3


def main():
    options = parser().parse_args()
    given = {name: getattr(options, name) for name in DEFAULT}
    sizes = training.Sizes(**given)
    if options.contestant:
        compete(options, sizes)
        return
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "tokens.npz"
        told = tokens.write(
            file, sizes.vocabulary, sizes.batch, sizes.length, NUM_BATCHES
        )
        arguments = [f"--{key}={value}" for key, value in given.items()]
        arguments += [f"--tokens={file}", f"--matrix={options.matrix}"]
        contestants = {
            name: harness.Contestant(
                "benchmarks.roofline",
                [*arguments, f"--contestant={name}"],
                {"KERAS_BACKEND": name},
            )
            for name in options.backends.split(",")
        }
        with harness.started(contestants) as children:
            answers = harness.rounds(children, num_rounds=options.rounds)
    print_shares(sizes, told, options, answers)


def parser():
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in DEFAULT.items():
        made.add_argument(f"--{name}", type=int, default=default)
    made.add_argument("--matrix", type=int, default=3072, help="its rows")
    made.add_argument("--rounds", type=int, default=harness.NUM_ROUNDS)
    made.add_argument("--backends", default=",".join(BACKENDS))
    made.add_argument("--contestant", help=argparse.SUPPRESS)
    made.add_argument("--tokens", help=argparse.SUPPRESS)
    return made


def print_shares(sizes, told, options, answers):
    """Prints the line: shares round by round, then their median and range."""
    step_gflop = sizes.step_flop / 1e9
    peaks = {
        name: max(a["matmul_gflop_per_second"] for a in taken)
        for name, taken in answers.items()
    }
    shares, own_shares = {}, {}
    for name, taken in answers.items():
        # The machine's peak of that round: load meets both alike.
        best = [
            max(a["matmul_gflop_per_second"] for a in round_)
            for round_ in zip(*answers.values(), strict=True)
        ]
        rates = [step_gflop / a["seconds"] for a in taken]
        shares[name] = harness.spread(rates, best)
        own = [a["matmul_gflop_per_second"] for a in taken]
        own_shares[name] = harness.spread(rates, own)
    harness.print_json(
        "roofline",
        {**vars(sizes), "matrix": options.matrix, **told},
        seconds={
            n: [round(a["seconds"], 4) for a in t] for n, t in answers.items()
        },
        step_gflop=round(step_gflop),
        step_gflop_per_second={
            n: round(step_gflop / statistics.median(a["seconds"] for a in t))
            for n, t in answers.items()
        },
        matmul_gflop_per_second={n: round(p) for n, p in peaks.items()},
        share_of_peak=shares,
        share_of_own_peak=own_shares,
    )


def compete(options, sizes):
    """Takes part: products of matrices, then a step."""
    with harness.channel() as answer:
        batches = tokens.read(options.tokens)
        step, _ = training.our_step(sizes, batches)
        multiply = product(options.matrix)
        step(2)
        multiply()

        def work():
            seconds = min(timed(multiply) for _ in range(NUM_PRODUCTS))
            flop = 2 * options.matrix**3
            return {
                "seconds": timed(lambda: step(1)),
                "matmul_gflop_per_second": flop / 1e9 / seconds,
            }

        answer(work)


def product(size):
    """Makes a function that multiplies two matrices, and waits for it."""
    import keras

    random = np.random.default_rng(0)
    one, other = (
        keras.ops.convert_to_tensor(
            random.standard_normal((size, size), dtype="float32")
        )
        for _ in range(2)
    )

    def multiply():
        made = keras.ops.matmul(one, other)
        return float(made[0, 0])

    return multiply


def timed(work):
    begun = harness.now()
    work()
    return harness.now() - begun


if __name__ == "__main__":
    sys.exit(main())
