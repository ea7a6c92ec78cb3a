"""Times tokenising and packing of MNLI's pairs, and checks that ids agree.

    python -m benchmarks.tokenize [--rows=10000] [--rounds=5]

Hugging Face's fast tokenizer on one thread against our packing, from texts to
lists of ids, in one process, in turn. Prints one JSON line.
"""

import argparse
import os
import sys
import tempfile

from benchmarks import harness
from benchmarks import pairs

BASE = "huggingface"
MAX_LENGTH = 256


def main():
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument("--rows", type=int, default=10_000)
    made.add_argument("--rounds", type=int, default=harness.NUM_ROUNDS)
    options = made.parse_args()
    # Before the tokenizer's library is imported.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["RAYON_NUM_THREADS"] = "1"
    os.environ.setdefault("KERAS_BACKEND", "torch")
    with tempfile.TemporaryDirectory() as place:
        contestants, ids = contestants_on(options.rows, place)
        ours, theirs = (ids(name) for name in ("ours", BASE))
        different = sum(a != b for a, b in zip(ours, theirs, strict=True))
        answers = harness.rounds(contestants, num_rounds=options.rounds)
    harness.print_line(
        "tokenize",
        {
            "rows": len(ours),
            "tokens": sum(map(len, ours)),
            "pairs": pairs.kind(),
        },
        answers,
        base=BASE,
        rows_of_different_ids=different,
    )


def contestants_on(num_rows, place):
    """Returns functions by name, and one that gives a name's ids."""
    from stilts_keras.problems import problem_of
    from stilts_keras.tasks import get_task
    from stilts_keras.tasks.example import TextPair

    task = get_task("mnli")
    problem, tokenizer = problem_of(task), pairs.our_tokenizer()
    theirs = pairs.hugging_face_tokenizer(place)
    rows = pairs.texts(task, "en", "train", num_rows)
    examples = [
        TextPair(first=first, second=second, label=task.labels[0])
        for first, second in zip(rows["first"], rows["second"], strict=True)
    ]

    def ours_now():
        return problem.pack(examples, tokenizer, MAX_LENGTH)

    def theirs_now():
        return theirs(
            rows["first"],
            rows["second"],
            truncation=True,
            max_length=MAX_LENGTH,
        )

    def ids(name):
        if name == BASE:
            return theirs_now()["input_ids"]
        return ours_now()[tokenizer.ids_input]

    # A turn answers with nothing but its seconds.
    turns = {
        BASE: lambda: len(theirs_now()),
        "ours": lambda: len(ours_now()),
    }
    return turns, ids


if __name__ == "__main__":
    sys.exit(main())
