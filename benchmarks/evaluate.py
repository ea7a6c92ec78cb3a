"""Times zero-shot evaluation of XNLI, tokenising included.

    python -m benchmarks.evaluate [--rows=80] [--layers=12] [--hidden=384] ...

Hugging Face's fast tokenizer and model on torch, batches sorted by length and
padded to their longest row, in `inference_mode`; ours is what a run does:
rows read and packed, predicted and scored, on each backend. All languages of
XNLI that the rows have, so many rows each. Prints one JSON line.
"""

import argparse
import os
import sys

from benchmarks import harness
from benchmarks import pairs

MAX_LENGTH = 256


def main():
    options = parser().parse_args()
    if options.contestant:
        pairs.compete(options, our_work, hugging_face_work)
        return
    contestants = pairs.contestants("benchmarks.evaluate", options)
    with harness.started(contestants) as children:
        # Compiles, and reads what is read once.
        first = harness.rounds(children, num_rounds=1)
        answers = harness.rounds(children, num_rounds=options.rounds)
    harness.print_line(
        "evaluate",
        {
            **{
                name: getattr(options, name)
                for name in ("layers", "hidden", "vocabulary", "rows", "batch")
            },
            "pairs": pairs.kind(),
            "num_pairs": answers[pairs.BASE][0]["num_pairs"],
        },
        answers,
        base=pairs.BASE,
        first_seconds={n: round(a[0]["seconds"], 2) for n, a in first.items()},
        padding_share={
            name: round(taken[-1]["padding_share"], 4)
            for name, taken in answers.items()
        },
    )


def parser():
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    pairs.add_flags(made)
    made.add_argument("--rows", type=int, default=80, help="per language")
    made.add_argument("--batch", type=int, default=32)
    return made


def our_work(options, place):
    """Makes what evaluates as a run does."""
    harness.prepare()
    from stilts_keras.data.batches import padding_share
    from stilts_keras.problems import problem_of
    from stilts_keras.steps.evaluate import Evaluator
    from stilts_keras.steps.lengths import lengths_for
    from stilts_keras.tasks import get_task

    task = get_task("xnli")
    problem, tokenizer = problem_of(task), pairs.our_tokenizer()
    languages = pairs.data().languages(task, "test")
    model = pairs.our_model(options, task, problem, tokenizer)

    def work():
        splits = [
            pairs.packed(
                task,
                problem,
                tokenizer,
                language,
                "test",
                max_length=MAX_LENGTH,
                count=options.rows,
            )
            for language in languages
        ]
        evaluator = Evaluator(
            task=task,
            problem=problem,
            tokenizer=tokenizer,
            batch_size=options.batch,
            padded_lengths=lengths_for(splits),
        )
        found = [evaluator.evaluate(model, split) for split in splits]
        shares = [
            padding_share(split.lengths, evaluator.batches(split))
            for split in splits
        ]
        return {
            "num_pairs": sum(len(each.predictions) for each in found),
            "padding_share": sum(shares) / len(shares),
        }

    return work


def hugging_face_work(options, place):
    """Makes what evaluates by batches sorted by length."""
    import torch

    from stilts_keras.tasks import get_task

    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    task = get_task("xnli")
    tokenizer = pairs.hugging_face_tokenizer(place)
    model = pairs.hugging_face_model(options, tokenizer).eval()
    languages = pairs.data().languages(task, "test")

    def predict(language):
        rows = pairs.texts(task, language, "test", options.rows)
        coded = tokenizer(
            rows["first"],
            rows["second"],
            truncation=True,
            max_length=MAX_LENGTH,
        )
        lengths = [len(ids) for ids in coded["input_ids"]]
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        predicted, num_positions = [0] * len(order), 0
        for start in range(0, len(order), options.batch):
            chosen = order[start : start + options.batch]
            batch = tokenizer.pad(
                {name: [v[i] for i in chosen] for name, v in coded.items()},
                return_tensors="pt",
            )
            num_positions += batch["input_ids"].numel()
            with torch.inference_mode():
                best = model(**batch).logits.argmax(-1).tolist()
            for index, number in zip(chosen, best, strict=True):
                predicted[index] = number
        return predicted, 1 - sum(lengths) / num_positions

    def work():
        found = [predict(language) for language in languages]
        return {
            "num_pairs": sum(len(predicted) for predicted, _ in found),
            "padding_share": sum(share for _, share in found) / len(found),
        }

    return work


if __name__ == "__main__":
    sys.exit(main())
