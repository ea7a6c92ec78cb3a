"""Token ids to train on, written to a file that every contestant reads.

    python -m benchmarks.tokens FILE.npz VOCABULARY BATCH LENGTH NUM_BATCHES

Ids are those of MNLI's rows by XLM-R's tokenizer where
`STILTS_TEST_MATERIAL` names a folder that has both; random otherwise. Ids too
large for a small vocabulary are numbered anew.
"""

import os
import pathlib
import subprocess
import sys

import numpy as np

from benchmarks import harness

MODEL = "FacebookAI/xlm-roberta-base/sentencepiece.bpe.model"
# Ids of XLM-R's layout that stay what they are: <s> <pad> </s> <unk>.
NUM_SPECIAL = 4
PAD_ID = 1


def write(file, vocabulary, batch, length, num_batches):
    """Has a process of its own write the file: the caller stays small.

    Returns:
        dict of what `read` gives besides arrays: `ids` (which they are) and
        `token_share` (of all positions; the others are padding).
    """
    arguments = (file, vocabulary, batch, length, num_batches)
    subprocess.run(
        [sys.executable, "-m", __name__, *map(str, arguments)],
        cwd=harness.ROOT,
        env={**os.environ, "KERAS_BACKEND": "torch"},
        check=True,
        stdout=sys.stderr,
    )
    with np.load(file) as arrays:
        return {
            "ids": str(arrays["kind"]),
            "token_share": round(float(arrays["mask"].mean()), 3),
            "distinct_ids": int(arrays["distinct"]),
            "distinct_ids_of_all_rows": len(arrays["stage"]),
        }


def read(file):
    """Reads what was written.

    Returns:
        dict: `ids`, `mask` (n, b, l) int32; `label` (n, b) int32; `stage` (k,):
        the distinct ids of all rows that a stage on them would have.
    """
    names = ("ids", "mask", "label", "stage")
    with np.load(file) as arrays:
        return {name: arrays[name] for name in names}


def main():
    file, *numbers = sys.argv[1:]
    vocabulary, batch, length, num_batches = map(int, numbers)
    num_rows = batch * num_batches
    kind, rows, labels, stage = _real(num_rows, length)
    if rows is None:
        kind, rows, labels, stage = _random(num_rows, length, vocabulary)
    if stage.max() >= vocabulary:
        # Special ids are the lowest, and stay what they are.
        anew = np.arange(len(stage)) % (vocabulary - NUM_SPECIAL) + NUM_SPECIAL
        anew = np.where(stage < NUM_SPECIAL, stage, anew)
        rows = [anew[np.searchsorted(stage, row)] for row in rows]
        stage, kind = np.unique(anew), f"{kind} numbered anew"
    ids = np.full((num_rows, length), PAD_ID, dtype="int32")
    for place, row in zip(ids, rows, strict=True):
        place[: len(row)] = row
    shape = (num_batches, batch, length)
    lengths = np.array([len(row) for row in rows])
    mask = (np.arange(length) < lengths[:, None]).astype("int32")
    np.savez(
        file,
        ids=ids.reshape(shape),
        mask=mask.reshape(shape),
        label=np.array(labels, dtype="int32").reshape(shape[:2]),
        stage=stage,
        kind=kind,
        distinct=len(np.unique(ids)),
    )


def _real(num_rows, length):
    """Returns MNLI's rows where there is material; else None."""
    from stilts_keras.backbones import get_family
    from stilts_keras.data.features import load_features
    from stilts_keras.data.sources import open_data
    from stilts_keras.problems import problem_of
    from stilts_keras.tasks import get_task

    material = os.environ.get("STILTS_TEST_MATERIAL")
    if not material:
        return None, None, None, None
    folder = pathlib.Path(material) / "data"
    task = get_task("mnli")
    problem = problem_of(task)
    split = load_features(
        open_data(folder),
        task,
        "en",
        "train",
        pack=problem.pack,
        pack_key=problem.pack_key,
        tokenizer=get_family("xlm_roberta").tokenizer(folder / MODEL),
        max_length=length,
        count=None,
    )
    every = split.features.with_format("arrow")[:]["token_ids"]
    stage = np.unique(every.combine_chunks().flatten().to_numpy())
    columns = split.features[:num_rows]
    rows, labels = columns["token_ids"], columns["label"]
    # Few rows are told again and again.
    again = np.resize(np.arange(len(rows)), num_rows)
    return (
        "MNLI",
        [np.array(rows[i]) for i in again],
        [labels[i] for i in again],
        stage,
    )


def _random(num_rows, length, vocabulary):
    random = np.random.default_rng(0)
    lengths = random.integers(length // 4, length + 1, num_rows)
    rows = [random.integers(NUM_SPECIAL, vocabulary, n) for n in lengths]
    labels = random.integers(0, 3, num_rows).tolist()
    return "random", rows, labels, np.unique(np.concatenate(rows))


if __name__ == "__main__":
    main()
