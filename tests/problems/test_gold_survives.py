"""Gold labels survive pack, collate, decode and finish on whole data sets."""

import numpy as np
import pytest

from stilts_keras.data import sources
from stilts_keras.data.batches import bucket_lengths
from stilts_keras.data.features import load_features
from stilts_keras.problems import problem_of
from stilts_keras.tasks import HELLASWAG
from stilts_keras.tasks import MNLI
from stilts_keras.tasks import SQUAD
from stilts_keras.tasks import TATOEBA
from stilts_keras.tasks import UDPOS
from stilts_keras.tasks import XNLI
from stilts_keras.tasks import XQUAD
from stilts_keras.tasks.task import Recipe

NUM_ROWS = 100
# Shorter than published, so that sentences and contexts need windows.
MAX_LENGTH = {"tagging": 32, "span_extraction": 192}
MATERIAL = [
    (task, language, split)
    for task, split in (
        (XNLI, "test"),
        (UDPOS, "test"),
        (XQUAD, "test"),
    )
    for language in task.languages
] + [(SQUAD, "en", "train"), (MNLI, "en", "dev"), (HELLASWAG, "en", "dev")]
POCKET = [
    (MNLI, "en", "dev"),
    (XNLI, "hi", "test"),
    (XNLI, "tr", "test"),
    (HELLASWAG, "en", "dev"),
    (UDPOS, "ru", "test"),
    (SQUAD, "en", "train"),
    (XQUAD, "hi", "test"),
    (XQUAD, "de", "test"),
]


def load(data, task, language, split, tokenizer):
    problem = problem_of(task)
    return problem, load_features(
        data,
        task,
        language,
        split,
        pack=problem.pack,
        pack_key=problem.pack_key,
        tokenizer=tokenizer,
        max_length=MAX_LENGTH.get(task.problem, Recipe().max_length),
        count=NUM_ROWS,
    )


def right_logits(task, y, length):
    """Logits whose best entry is the gold one, wherever there is one."""
    if task.problem == "span_extraction":
        eye = np.eye(length, dtype="float32")
        return np.stack([eye[y["start"]], eye[y["end"]]], axis=-1)
    labels = y["tags"] if task.problem == "tagging" else y["label"]
    width = max(len(task.labels), 4)
    return np.eye(width, dtype="float32")[np.maximum(labels, 0)]


def round_trip(problem, task, split, tokenizer):
    length = bucket_lengths(split.max_length)[-1]
    decoded = []
    for start in range(0, len(split.features), 64):
        columns = split.features[start : start + 64]
        _, y = problem.collate(columns, length, tokenizer)
        logits = right_logits(task, y, length)
        decoded += problem.decode(logits, columns)
    return problem.finish(decoded, split.features, split.examples)


def check(data, task, language, split_name, tokenizer):
    problem, split = load(data, task, language, split_name, tokenizer)
    gold, predictions = round_trip(problem, task, split, tokenizer)
    assert len(gold) == len(predictions) == len(split.examples)
    assert split.lengths.max() <= split.max_length
    if task.problem != "span_extraction":
        assert gold == predictions
        return
    num_exact = 0
    for item, texts, prediction in zip(
        split.examples, gold, predictions, strict=True
    ):
        fits, is_whole = answer_facts(item, tokenizer)
        if not fits:
            continue
        # Where a piece holds more than the answer, the whole piece comes.
        assert texts[0].strip() in prediction
        if is_whole:
            assert prediction == texts[0].strip()
            num_exact += 1
    assert num_exact > 0.6 * len(gold)


def answer_facts(item, tokenizer):
    """Whether an answer fits a window, and whether pieces end at its edges."""
    text, start = item.answers[0]
    end = start + len(text.rstrip())
    start += len(text) - len(text.lstrip())
    _, starts, ends = tokenizer.encode_with_offsets(item.context)
    inside = [
        (first, last)
        for first, last in zip(starts, ends, strict=True)
        if first < end and last > start
    ]
    is_whole = inside[0][0] == start and inside[-1][1] == end
    # 30 pieces; those of white space alone count too.
    num_pieces = sum(
        start <= f and e <= end for f, e in zip(starts, ends, strict=True)
    )
    return num_pieces <= 28, is_whole


@pytest.mark.parametrize(
    ("task", "language", "split"),
    MATERIAL,
    ids=[f"{task.name} {language}" for task, language, _ in MATERIAL],
)
def test_gold_survives_on_real_rows(
    material, xlmr_tokenizer, task, language, split
):
    data = sources.open_data(str(material / "data"))
    if language not in data.languages(task, split):
        pytest.skip(f"the material has no {task.name} {language} {split}")
    check(data, task, language, split, xlmr_tokenizer)


@pytest.mark.parametrize(
    ("task", "language", "split"),
    POCKET,
    ids=[f"{task.name} {language}" for task, language, _ in POCKET],
)
def test_gold_survives_on_pocket_rows(pocket_tokenizer, task, language, split):
    data = sources.open_data("pocket")
    check(data, task, language, split, pocket_tokenizer)


def test_real_sentences_need_windows(material, xlmr_tokenizer):
    data = sources.open_data(str(material / "data"))
    for task, language in ((UDPOS, "ar"), (XQUAD, "th")):
        _, split = load(data, task, language, "test", xlmr_tokenizer)
        assert len(split.features) > len(split.examples)


def test_tatoeba_rows_find_themselves(pocket_tokenizer):
    data = sources.open_data("pocket")
    problem, split = load(data, TATOEBA, "hi", "test", pocket_tokenizer)
    vectors = np.random.default_rng(0).standard_normal((NUM_ROWS, 16))
    columns = split.features[:]
    decoded = vectors[columns["example"]].astype("float32")
    gold, nearest = problem.finish(decoded, split.features, split.examples)
    assert gold == nearest
    assert sorted(gold) == list(range(NUM_ROWS))
