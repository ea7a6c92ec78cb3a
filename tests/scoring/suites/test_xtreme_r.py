"""XTREME-R's ten tasks scored from files, beside a count of our own."""

import collections
import json
import random
import shutil

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from stilts_keras import score
from stilts_keras.errors import InputError
from stilts_keras.main import main
from stilts_keras.scoring import submission
from stilts_keras.scoring.formats import Choices
from stilts_keras.scoring.suite import OURS
from stilts_keras.scoring.suites import XTREME
from stilts_keras.scoring.suites import XTREME_R

NUM = 6
QUESTIONS = ("xquad", "mlqa", "tydiqa")
RANKED = ("mewslix", "lareqa")


# ------------------------------------------------- Files, made without formats
def lines(values):
    return "".join(f"{value}\n" for value in values)


def squad_json(gold):
    questions = [
        {"id": name, "answers": [{"text": text, "answer_start": 0}]}
        for name, text in gold.items()
    ]
    return json.dumps({"data": [{"paragraphs": [{"qas": questions}]}]})


def example(name, rng):
    """Gold and predictions of one language: (values, texts of the files)."""
    if name in ("xnli", "tatoeba"):
        labels = "entailment neutral contradiction".split()
        known = labels if name == "xnli" else list(map(str, range(NUM)))
        gold, guess = (rng.choices(known, k=NUM) for _ in range(2))
        return gold, guess, lines(gold), lines(guess)
    if name == "xcopa":
        gold, guess = (rng.choices([0, 1], k=NUM) for _ in range(2))
        # The reference's labels are its rows, with the label among the rest.
        rows = [
            {"premise": "p", "idx": n, "label": x} for n, x in enumerate(gold)
        ]
        answers = [{"label": x} for x in guess]
        return (
            gold,
            guess,
            lines(map(json.dumps, rows)),
            lines(map(json.dumps, answers)),
        )
    if name in ("udpos", "panx"):
        # Chunks of one word each, so that they can be counted by words.
        tags = ("B-PER", "B-LOC") if name == "panx" else ("NOUN", "VERB")
        gold = [[tags[0], tags[1]] for _ in range(NUM)]
        guess = [rng.choice([tags, tags[::-1]]) for _ in range(NUM)]
        texts = [
            "".join(lines(sentence) + "\n" for sentence in side)
            for side in (gold, guess)
        ]
        return gold, guess, *texts
    ids = [f"{name}-{n}" for n in range(NUM)]
    if name in QUESTIONS:
        words = "drei vier acht zehn".split()
        gold, guess = (
            {one: " ".join(rng.choices(words, k=2)) for one in ids}
            for _ in range(2)
        )
        return gold, guess, squad_json(gold), json.dumps(guess)
    pool = [f"Q{n}" for n in range(60)]
    size = 1 if name == "mewslix" else 25
    gold = {one: rng.sample(pool, size) for one in ids}
    guess = {one: rng.sample(pool, 20) for one in ids[1:]}
    return gold, guess, json.dumps(gold), json.dumps(guess)


# ---------------------------------------------------------- Counted once more
def token_f1(truth, guess):
    common = sum(
        (
            collections.Counter(truth.split())
            & collections.Counter(guess.split())
        ).values()
    )
    return 2 * common / (len(truth.split()) + len(guess.split()))


def reciprocal(gold, ranking):
    places = [n for n, one in enumerate(ranking, 1) if one in gold]
    return 1 / places[0] if places else 0.0


def average_precision(gold, ranking):
    right = np.array([one in gold for one in ranking], float)
    precisions = np.cumsum(right) / np.arange(1, len(right) + 1)
    return (precisions * right).sum() / min(len(gold), 20)


def counted(name, gold, guess):
    """The score of one language, in percent."""
    if name in ("xnli", "tatoeba", "xcopa"):
        return 100 * accuracy_score(gold, guess)
    if name in ("udpos", "panx"):
        return 100 * np.mean(
            [list(x) == list(y) for x, y in pairs(gold, guess)]
        )
    if name in QUESTIONS:
        exact = np.mean([gold[one] == guess[one] for one in gold])
        f1 = np.mean([token_f1(gold[one], guess[one]) for one in gold])
        return 100 * (exact + f1) / 2
    rule = reciprocal if name == "mewslix" else average_precision
    return 100 * np.mean(
        [rule(gold[one], guess[one]) if one in guess else 0.0 for one in gold]
    )


def pairs(gold, guess):
    return zip(gold, guess, strict=True)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder of labels, one of predictions, and each task's score."""
    folder = tmp_path_factory.mktemp("xtreme_r")
    rng = random.Random(14)
    scores = {}
    for name in XTREME_R.names:
        ending = XTREME_R.layout.formats[name].ending
        of_languages = []
        for language in XTREME_R.languages_of(name):
            gold, guess, label_text, guess_text = example(name, rng)
            for side, text in (("labels", label_text), ("mine", guess_text)):
                file = folder / side / name / f"test-{language}.{ending}"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, "utf-8")
            of_languages.append(counted(name, gold, guess))
        scores[name] = np.mean(of_languages)
    return folder, scores


def test_ten_tasks_score_as_counted_independently(world):
    folder, scores = world
    found = submission.score_submission(
        XTREME_R, folder / "mine", folder / "labels"
    )
    assert len(scores) == 10
    for name, value in scores.items():
        assert found[name]["avg_metric"] == pytest.approx(value, abs=1e-9)
    mean = np.mean(list(scores.values()))
    assert found["stilts_keras_mean"] == pytest.approx(mean, abs=1e-9)
    retrieval = np.mean([scores["tatoeba"], scores["mewslix"]])
    assert found["retrieval"] == pytest.approx(retrieval, abs=1e-9)
    # The name that the reference's own mean would have.
    assert "all_task" not in found


def test_the_files_end_as_the_references_do(world):
    folder, _ = world
    endings = {
        name: next((folder / "mine" / name).iterdir()).suffix
        for name in XTREME_R.names
    }
    assert endings.pop("xcopa") == ".jsonl"
    for name in (*QUESTIONS, *RANKED):
        assert endings.pop(name) == ".json"
    assert set(endings.values()) == {".tsv"}


def test_the_mean_is_ours_says_so_and_needs_all_ten(world, tmp_path):
    folder, scores = world
    frame = score.score(folder / "mine", folder / "labels", suite=XTREME_R)
    assert frame["columns"] == [*XTREME_R.names, "XTREME-R"]
    assert f"XTREME-R: a mean as {OURS} defines it" in frame["notes"]
    shutil.copytree(folder / "mine", tmp_path / "nine")
    shutil.rmtree(tmp_path / "nine/lareqa")
    frame = score.score(tmp_path / "nine", folder / "labels", suite=XTREME_R)
    assert "XTREME-R" not in frame["columns"]
    assert "not in the predictions: lareqa" in frame["notes"]


def test_the_command_scores_by_the_name_of_the_benchmark(world, tmp_path):
    folder, scores = world
    output = tmp_path / "scores.json"
    main(
        [
            "stilts",
            "score",
            "--benchmark=xtreme_r",
            f"--predictions={folder / 'mine'}",
            f"--labels={folder / 'labels'}",
            f"--output={output}",
        ]
    )
    found = json.loads(output.read_text())
    assert found["lareqa"]["map_at_20"].keys() == set(
        XTREME_R.languages_of("lareqa")
    )
    assert found["mewslix"]["avg_metric"] == pytest.approx(scores["mewslix"])


def test_xtreme_reads_its_own_languages_of_the_same_files(world, tmp_path):
    folder, _ = world
    for side in ("labels", "mine"):
        for name in ("udpos", "xquad"):
            shutil.copytree(folder / side / name, tmp_path / side / name)
    found = submission.score_submission(
        XTREME, tmp_path / "mine", tmp_path / "labels"
    )
    assert set(found["udpos"]["f1"]) == set(XTREME.languages_of("udpos"))
    assert "ro" not in found["xquad"]["f1"]


# -------------------------------------------------------------- What is refused
def changed(world, tmp_path, name, text, side="mine"):
    """Scores one task with one of its files replaced."""
    folder, _ = world
    for one in ("labels", "mine"):
        shutil.copytree(folder / one / name, tmp_path / one / name)
    file = sorted((tmp_path / side / name).iterdir())[0]
    file.write_text(text, "utf-8")
    return submission.score_submission(
        XTREME_R, tmp_path / "mine", tmp_path / "labels"
    )


@pytest.mark.parametrize(
    ("name", "text", "piece"),
    [
        ("xcopa", '{"label": "0"}\n', "line 1: expected an object with the"),
        ("xcopa", '{"label": 0}\n{"lable": 1}\n', "line 2: expected"),
        ("xcopa", '{"label": true}\n', "line 1: expected"),
        ("xcopa", "[" * 9000, "line 1: expected"),
        ("xcopa", '{"label": 0}\n', f"1 lines. Expected {NUM}"),
        ("lareqa", "[1]", "Received: list"),
        ("mewslix", '{"mewslix-1": "Q1"}', "'mewslix-1': expected the list"),
        ("mewslix", '{"mewslix-1": [1]}', "'mewslix-1': expected the list"),
    ],
)
def test_a_damaged_file_is_refused_by_name(world, tmp_path, name, text, piece):
    with pytest.raises(InputError) as caught:
        changed(world, tmp_path, name, text)
    assert piece in str(caught.value) and name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_labels_without_anything_right_are_refused(world, tmp_path):
    text = json.dumps({"mewslix-1": []})
    with pytest.raises(InputError, match="a list of ids, not empty"):
        changed(world, tmp_path, "mewslix", text, side="labels")


def test_twenty_of_a_longer_ranking_count(world, tmp_path):
    folder, _ = world
    file = sorted((folder / "labels/mewslix").iterdir())[0]
    gold = json.loads(file.read_text())
    late = {one: [*map(str, range(20)), *right] for one, right in gold.items()}
    found = changed(world, tmp_path, "mewslix", json.dumps(late))
    language = file.stem.removeprefix("test-")
    assert found["mewslix"]["mrr_at_20"][language] == 0.0


# ------------------------------------------------------------ What looks wrong
def test_likely_mistakes_in_rankings_are_named(world, tmp_path):
    of_others = {f"other-{n}": ["Q1"] for n in range(NUM)}
    found = changed(world, tmp_path, "lareqa", json.dumps(of_others))
    assert any("have no answer" in doubt for doubt in found["doubts"])
    strange = {f"lareqa-{n}": ["title"] for n in range(NUM)}
    found = changed(world, tmp_path / "more", "lareqa", json.dumps(strange))
    assert any("is in the labels" in doubt for doubt in found["doubts"])


def test_likely_mistakes_in_choices_are_named():
    gold = [0, 1] * 20
    found = [
        cause
        for _, cause in Choices().doubts(
            XTREME_R.task("xcopa"), gold, [str(x + 1) for x in gold]
        )
    ]
    assert "counted from 1; the first choice is number 0" in found
    found = list(Choices().doubts(XTREME_R.task("xcopa"), gold, ["0"] * 40))
    assert len(found) == 1
    right = [str(x) for x in gold]
    assert not list(Choices().doubts(XTREME_R.task("xcopa"), gold, right))
