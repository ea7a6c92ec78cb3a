"""Writes data folders in the Hub's layout, for tests of several modules."""

import dataclasses

import datasets

from stilts_keras.tasks import MLM
from stilts_keras.tasks.task import Repository


def write(file, texts):
    """Writes rows of one column, in the format that the name asks for."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = datasets.Dataset.from_dict({"text": texts})
    if file.suffix == ".parquet":
        rows.to_parquet(file)
    elif file.suffix == ".csv":
        rows.to_csv(file)
    elif file.suffix in (".txt", ".tsv"):
        lines = texts if file.suffix == ".txt" else ["text", *texts]
        file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    else:
        rows.to_json(file, force_ascii=False)


def task_of(config, **splits):
    return dataclasses.replace(
        MLM,
        repositories=(
            Repository(id="me/it", config=config, splits=splits or {**SPLITS}),
        ),
    )


SPLITS = {"train": "train", "dev": "validation"}
TEXTS = ["one", "zwei", "तीन"]
NAMED = task_of("{language}")
DEFAULT = task_of("default")


def rows_in(data, task, language="en", split="train"):
    return data.load(task, language, split)["text"][:]
