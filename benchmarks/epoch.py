"""Times one epoch of MNLI end to end, tokenising included.

    python -m benchmarks.epoch [--rows=2000] [--layers=12] [--hidden=384] ...

Hugging Face's Trainer on torch with `group_by_length` and the fused AdamW,
against what a stage does: rows read and packed, trained by `train` with its
own order, log and progress, on each backend. Models are made before; whatever
a fresh process compiles at its first stage is told as `first_seconds`, and
found in JAX's cache on the disk afterwards. Prints one JSON line.
"""

import argparse
import os
import sys

from benchmarks import harness
from benchmarks import pairs

MAX_LENGTH = 256
LEARNING_RATE = 1e-5


def main():
    options = parser().parse_args()
    if options.contestant:
        pairs.compete(options, our_work, hugging_face_work)
        return
    contestants = pairs.contestants("benchmarks.epoch", options)
    with harness.started(contestants) as children:
        first = harness.rounds(children, num_rounds=1)
        answers = harness.rounds(children, num_rounds=options.rounds)
    harness.print_line(
        "epoch",
        {
            **{
                name: getattr(options, name)
                for name in ("layers", "hidden", "vocabulary", "rows", "batch")
            },
            "pairs": pairs.kind(),
            "num_steps": answers[pairs.BASE][0]["num_steps"],
        },
        answers,
        base=pairs.BASE,
        first_seconds={n: round(a[0]["seconds"], 2) for n, a in first.items()},
        **{
            what: {
                name: round(taken[-1][what], 4)
                for name, taken in answers.items()
                if what in taken[-1]
            }
            for what in ("loss", "padding_share", "waiting_share")
        },
    )


def parser():
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    pairs.add_flags(made)
    made.add_argument("--rows", type=int, default=2000)
    made.add_argument("--batch", type=int, default=16)
    return made


def our_work(options, place):
    """Makes what trains a stage."""
    harness.prepare()
    from stilts_keras.interruption import Interruption
    from stilts_keras.problems import problem_of
    from stilts_keras.steps.checkpoint import TrainingProgress
    from stilts_keras.steps.train import Training
    from stilts_keras.steps.train import TrainSource
    from stilts_keras.steps.train import Watch
    from stilts_keras.steps.train import train
    from stilts_keras.tasks import get_task
    from stilts_keras.tasks.task import Recipe

    class Logs(Watch):
        """Keeps the last log."""

        def log(self, log):
            self.last = log

    task = get_task("mnli")
    problem, tokenizer = problem_of(task), pairs.our_tokenizer()
    model = pairs.our_model(options, task, problem, tokenizer)
    recipe = Recipe(
        batch_size=options.batch,
        max_length=MAX_LENGTH,
        learning_rate=LEARNING_RATE,
        epochs=1,
        eval_every_steps=0,
    )

    def source_of(split):
        return TrainSource(
            name="mnli", key=task.head_key, problem=problem, split=split
        )

    def work():
        split = pairs.packed(
            task,
            problem,
            tokenizer,
            "en",
            "train",
            max_length=MAX_LENGTH,
            count=options.rows,
        )
        num_steps = -(-len(split.lengths) // options.batch)
        training = Training(
            sources=(source_of(split),),
            shares=(1.0,),
            recipe=recipe,
            num_steps=num_steps,
            stage_name="mnli",
            seed=1,
            log_every_steps=num_steps,
        )
        logs = Logs()
        # What a run does before and after, and what that costs.
        model.compact_to([split.features])
        train(
            model,
            training,
            tokenizer=tokenizer,
            progress=TrainingProgress(place / "progress", None),
            interruption=Interruption(),
            watch=logs,
        )
        model.end_training(num_steps)
        return {
            "num_steps": num_steps,
            "loss": logs.last.loss["mnli"],
            "padding_share": logs.last.padding_share,
            "waiting_share": logs.last.waiting_share,
        }

    return work


def hugging_face_work(options, place):
    """Makes what trains with Hugging Face's Trainer."""
    import datasets
    import transformers

    from stilts_keras.tasks import get_task

    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    task = get_task("mnli")
    vocabulary = place / "tokenizer"
    vocabulary.mkdir()
    tokenizer = pairs.hugging_face_tokenizer(vocabulary)
    model = pairs.hugging_face_model(options, tokenizer)
    arguments = transformers.TrainingArguments(
        output_dir=str(place / "trainer"),
        num_train_epochs=1,
        per_device_train_batch_size=options.batch,
        learning_rate=LEARNING_RATE,
        # Below 1: a share of the steps.
        warmup_steps=0.1,
        weight_decay=0.1,
        max_grad_norm=1.0,
        optim="adamw_torch_fused",
        train_sampling_strategy="group_by_length",
        logging_strategy="no",
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )

    def coded(rows):
        return tokenizer(
            rows["first"],
            rows["second"],
            truncation=True,
            max_length=MAX_LENGTH,
        )

    def work():
        texts = pairs.texts(task, "en", "train", options.rows)
        rows = datasets.Dataset.from_dict(texts)
        rows = rows.map(coded, batched=True, remove_columns=["first", "second"])
        trainer = transformers.Trainer(
            model=model,
            args=arguments,
            train_dataset=rows,
            processing_class=tokenizer,
        )
        found = trainer.train()
        return {"num_steps": found.global_step, "loss": found.training_loss}

    return work


if __name__ == "__main__":
    sys.exit(main())
