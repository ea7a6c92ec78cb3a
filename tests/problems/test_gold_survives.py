"""Gold labels survive pack, collate, decode and finish on whole data sets."""

import dataclasses

import numpy as np
import pytest

from stilts_keras.backbones.log_mel import LogMel
from stilts_keras.data import sources
from stilts_keras.data.features import labels_in
from stilts_keras.data.features import load_features
from stilts_keras.problems import problem_of
from stilts_keras.scoring.metrics import score
from stilts_keras.tasks import BUCC2018
from stilts_keras.tasks import HELLASWAG
from stilts_keras.tasks import MNLI
from stilts_keras.tasks import SQUAD
from stilts_keras.tasks import TASKS
from stilts_keras.tasks import TATOEBA
from stilts_keras.tasks import TYDIQA
from stilts_keras.tasks import UDPOS
from stilts_keras.tasks import XNLI
from stilts_keras.tasks import XQUAD
from stilts_keras.tasks.example import GoldPair
from stilts_keras.tasks.task import Recipe

NUM_ROWS = 100
# Shorter than published, so that sentences and contexts need windows.
MAX_LENGTH = {"tagging": 32, "span_extraction": 192}
MATERIAL = [
    (task, language, "test" if task.is_target else "dev")
    for task in TASKS.values()
    if task.metrics and task.name != "qqp"
    # Decoding takes time.
    for language in (task.languages if task.reads == "text" else ("de",))
] + [(SQUAD, "en", "train"), (TYDIQA, "en", "train")]
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


@pytest.fixture(scope="module")
def real_data(material, tmp_path_factory):
    """The material, and its categories by a parser in place of CCGbank."""
    folder = tmp_path_factory.mktemp("ccg")
    (folder / "extra").mkdir()
    (folder / "extra/ccg").symlink_to(material / "data/extra/ccg_fracas")
    return sources.open_data(f"{material / 'data'},{folder}")


def str_of(value):
    return getattr(value, "name", value)


def load(data, task, language, split, tokenizer):
    if task.labels_from_data:
        labels = labels_in(data, task, language)
        task = dataclasses.replace(task, labels=labels)
    problem = problem_of(task)
    return (
        task,
        problem,
        load_features(
            data,
            task,
            language,
            split,
            pack=problem.pack,
            pack_key=problem.pack_key,
            tokenizer=tokenizer if task.reads == "text" else LogMel(),
            max_length=MAX_LENGTH.get(task.problem, Recipe().max_length),
            count=NUM_ROWS,
        ),
    )


def right_logits(task, y, length):
    """Logits whose best entry is the gold one, wherever there is one."""
    if task.problem == "span_extraction":
        eye = np.eye(length, dtype="float32")
        return np.stack([eye[y["start"]], eye[y["end"]]], axis=-1)
    labels = y["tags"] if task.problem == "tagging" else y["label"]
    width = max(len(task.labels), 5)
    return np.eye(width, dtype="float32")[np.maximum(labels, 0)]


def round_trip(problem, task, split, tokenizer):
    decoded, length = [], split.max_length
    for start in range(0, len(split.features), 64):
        columns = split.features[start : start + 64]
        reader = tokenizer if task.reads == "text" else LogMel()
        _, y = problem.collate(columns, length, reader)
        logits = right_logits(task, y, length)
        decoded += problem.decode(logits, columns)
    threshold = None
    if problem.has_threshold:
        threshold = problem.threshold(decoded, split.features, split.examples)
    return problem.finish(decoded, split.features, split.examples, threshold)


def check_pairs(problem, split):
    """Gives a question and its answer one axis, which no other answer has."""
    _, axes = np.unique(split.features["answer"], return_inverse=True)
    vectors = np.eye(len(axes), dtype="float32")[axes]
    decoded = np.stack([vectors, vectors], axis=1)
    gold, predictions = problem.finish(
        decoded,
        split.features,
        split.examples,
        pool=problem.pool([split], [decoded]),
        language=split.language,
    )
    assert len(gold) == len(split.examples)
    assert gold == [found[:1] for found in predictions]


def check(data, task, language, split_name, tokenizer):
    task, problem, split = load(data, task, language, split_name, tokenizer)
    if task.problem == "dual_encoder":
        check_pairs(problem, split)
        return
    gold, predictions = round_trip(problem, task, split, tokenizer)
    assert len(gold) == len(predictions) == len(split.examples)
    assert split.lengths.max() <= split.max_length
    if task.problem != "span_extraction":
        if task.labels_from_data:
            # Categories of no training row are never predicted.
            assert score(["accuracy"], gold, predictions)["accuracy"] > 90
            return
        assert gold == predictions
        return
    unanswerable = [not texts for texts in gold]
    if task.has_unanswerable:
        assert any(unanswerable)
        pairs = zip(predictions, unanswerable, strict=True)
        assert not any(text for text, is_without in pairs if is_without)
    num_exact = 0
    for item, texts, prediction in zip(
        split.examples, gold, predictions, strict=True
    ):
        if not texts:
            continue
        fits, is_whole = answer_facts(item, tokenizer)
        if not fits:
            continue
        # Where a piece holds more than the answer, the whole piece comes.
        assert texts[0].strip() in prediction
        if is_whole:
            assert prediction == texts[0].strip()
            num_exact += 1
    assert num_exact > 0.6 * (len(gold) - sum(unanswerable))


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
    [row for row in MATERIAL if row[0].kind.is_trained],
    ids=str_of,
)
def test_gold_survives_on_real_rows(
    real_data, xlmr_tokenizer, task, language, split
):
    if language not in real_data.languages(task, split):
        pytest.skip(f"the material has no {task.name} {language} {split}")
    check(real_data, task, language, split, xlmr_tokenizer)


@pytest.mark.parametrize(
    ("task", "language", "split"),
    POCKET,
    ids=str_of,
)
def test_gold_survives_on_pocket_rows(pocket_tokenizer, task, language, split):
    data = sources.open_data("pocket")
    check(data, task, language, split, pocket_tokenizer)


def test_real_sentences_need_windows(real_data, xlmr_tokenizer):
    for task, language in ((UDPOS, "ar"), (XQUAD, "th")):
        _, _, split = load(real_data, task, language, "test", xlmr_tokenizer)
        assert len(split.features) > len(split.examples)


def test_tatoeba_rows_find_themselves(pocket_tokenizer):
    data = sources.open_data("pocket")
    _, problem, split = load(data, TATOEBA, "hi", "test", pocket_tokenizer)
    vectors = np.random.default_rng(0).standard_normal((NUM_ROWS, 16))
    columns = split.features[:]
    decoded = vectors[columns["example"]].astype("float32")
    gold, nearest = problem.finish(decoded, split.features, split.examples)
    assert gold == nearest
    assert sorted(gold) == list(range(NUM_ROWS))


@pytest.mark.parametrize("language", TATOEBA.languages)
def test_real_translations_find_each_other(real_data, xlmr_tokenizer, language):
    _, problem, split = load(
        real_data, TATOEBA, language, "test", xlmr_tokenizer
    )
    vectors = np.random.default_rng(0).standard_normal((NUM_ROWS, 16))
    decoded = vectors[split.features["example"][:]].astype("float32")
    gold, nearest = problem.finish(decoded, split.features, split.examples)
    assert gold == nearest
    english = [split.examples[index].target for index in gold]
    assert english == sorted(english)


def test_real_gold_pairs_are_mined_from_their_pools(real_data, xlmr_tokenizer):
    """Each gold pair shares a vector; all other sentences have their own."""
    problem = problem_of(BUCC2018)
    split = load_features(
        real_data,
        BUCC2018,
        "zh",
        "dev",
        pack=problem.pack,
        pack_key=problem.pack_key,
        tokenizer=xlmr_tokenizer,
        max_length=64,
        count=None,
    )
    partner = {
        item.target_id: item.source_id
        for item in split.examples
        if isinstance(item, GoldPair)
    }
    assert len(partner) == 129
    random = np.random.default_rng(0)
    vectors = {}
    decoded = np.stack(
        [
            vectors.setdefault(
                partner.get(item.id, item.id), random.standard_normal(64)
            )
            for item in (split.examples[i] for i in split.features["example"])
        ]
    ).astype("float32")
    threshold = problem.threshold(decoded, split.features, split.examples)
    gold, mined = problem.finish(
        decoded, split.features, split.examples, threshold
    )
    assert len(gold) == len(problem.ids(split.examples)) == 4360
    assert sum(map(len, gold)) == 129
    # Sentences that stand twice in a pool are never output.
    assert score(["pair_f1"], gold, mined)["pair_f1"] > 97
