"""A submission scores as XTREME's evaluator scores it, or is refused."""

import json
import shutil

import pytest
from sklearn.metrics import f1_score

from stilts_keras.errors import InputError
from stilts_keras.scoring import xtreme
from stilts_keras.tasks import SUITES
from stilts_keras.tasks import TASKS


# ------------------------------------------------- The reference's own example
@pytest.fixture(scope="module")
def mock(material):
    """Labels, predictions and scores that XTREME's evaluator is tested by."""
    folder = material / "xtreme_mock"
    if not folder.is_dir():
        pytest.skip(f"needs XTREME's mock files: {folder} is not there")
    return folder


def leaves(value, path=()):
    """Yields (path, number) of all numbers in nested dicts."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path, value


def test_every_field_equals_the_reference(mock):
    found = xtreme.score_submission(mock / "predictions", mock / "labels")
    expected = dict(leaves(json.loads((mock / "expected.json").read_text())))
    assert len(expected) == 375
    assert dict(leaves(found)) == pytest.approx(expected, abs=1e-9)
    assert found["all_task"] == pytest.approx(62.17319850507248, abs=1e-9)


def test_an_absent_task_is_absent_not_zero(mock, tmp_path):
    shutil.copytree(mock / "predictions", tmp_path / "mine")
    shutil.rmtree(tmp_path / "mine" / "udpos")
    whole = xtreme.score_submission(mock / "predictions", mock / "labels")
    found = xtreme.score_submission(tmp_path / "mine", mock / "labels")
    assert found.pop("absent") == ["udpos"]
    for key in ("all_task", "tagging", "udpos"):
        whole.pop(key)
    assert found == whole


def test_labels_may_be_read_once_for_several_submissions(mock):
    labels = xtreme.read_labels(mock / "labels")
    assert set(labels) == set(SUITES["xtreme"])
    assert xtreme.score_submission(
        mock / "predictions", labels
    ) == xtreme.score_submission(mock / "predictions", mock / "labels")


# ------------------------------------------------------- A world of our own
def answers_json(answers):
    questions = [
        {"id": name, "answers": [{"text": text} for text in texts]}
        for name, texts in answers.items()
    ]
    return json.dumps({"data": [{"paragraphs": [{"qas": questions}]}]})


GOLD = {
    "classification": None,
    "tagging": None,
    "span_extraction": answers_json({"q1": ["北京大学"], "q2": ["der Hund"]}),
    "mining": "a\t1\nb\t2\nc\t3\n",
    "retrieval": "2\n0\n1\n",
}
GUESS = {
    "span_extraction": json.dumps({"q1": "北京", "q2": "Hund", "q9": "x"}),
    "mining": "b\t2\nc\t1\n",
    "retrieval": "2\n1\n1\n",
}


def contents(task, is_gold):
    first, *_, last = task.labels or ("", "")
    if task.problem == "classification":
        return f"{first}\n{last if is_gold else first}\n{last}\n"
    if task.problem == "tagging":
        # Three words, then two.
        end = last if is_gold else first
        return f"{first}\n{first}\n{last}\n\n{end}\n{last}\n"
    return (GOLD if is_gold else GUESS)[task.problem]


def write(folder, is_gold, tasks=SUITES["xtreme"], languages=None):
    for name in tasks:
        task = TASKS[name]
        ending = "json" if task.problem == "span_extraction" else "tsv"
        for language in languages or task.languages:
            file = folder / name / f"test-{language}.{ending}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(contents(task, is_gold), "utf-8")


@pytest.fixture
def folders(tmp_path):
    write(tmp_path / "labels", True)
    write(tmp_path / "mine", False)
    return tmp_path


def score(folders, **kwargs):
    return xtreme.score_submission(
        folders / "mine", folders / "labels", **kwargs
    )


def test_scores_are_as_worked_by_hand(folders):
    found = score(folders)
    assert found["xnli"]["accuracy"]["sw"] == pytest.approx(200 / 3)
    assert found["tatoeba"]["avg_metric"] == pytest.approx(200 / 3)
    bucc = {"f1": 40.0, "precision": 50.0, "recall": 100 / 3}
    for metric, value in bucc.items():
        assert found["bucc2018"][metric]["zh"] == pytest.approx(value)
    # SQuAD: 北京 is another token than 北京大学, and der is no article.
    assert found["xquad"]["f1"]["de"] == pytest.approx(100 * (2 / 3) / 2)
    assert found["xquad"]["exact_match"]["de"] == 0.0
    # MLQA: characters in Chinese, articles in German.
    assert found["mlqa"]["f1"]["zh"] == pytest.approx(100 * 2 / 3)
    assert found["mlqa"]["exact_match"]["de"] == pytest.approx(50.0)
    assert found["xquad"]["avg_metric"] == pytest.approx(100 * (2 / 3) / 4)


def test_means_are_over_languages_then_tasks_not_groups(folders):
    found = score(folders)
    tasks = SUITES["xtreme"]
    mean = sum(found[task]["avg_metric"] for task in tasks) / 9
    assert found["all_task"] == pytest.approx(mean)
    qa = [found[task]["avg_metric"] for task in ("xquad", "mlqa", "tydiqa")]
    assert found["qa"] == pytest.approx(sum(qa) / 3)


def test_pairs_score_as_scikit_learn_scores_membership(folders):
    gold, guess = {("a", 1), ("b", 2), ("c", 3)}, {("b", 2), ("c", 1)}
    pairs = sorted(gold | guess)
    expected = f1_score(
        [pair in gold for pair in pairs], [pair in guess for pair in pairs]
    )
    assert score(folders)["bucc2018"]["f1"]["fr"] == pytest.approx(
        100 * expected
    )


def test_a_missing_answer_scores_0_and_still_counts(folders):
    file = folders / "mine/xquad/test-de.json"
    file.write_text(json.dumps({"q2": "der Hund"}))
    assert score(folders)["xquad"]["exact_match"]["de"] == 50.0


@pytest.mark.parametrize(
    ("file", "text", "pieces"),
    [
        ("mine/xnli/test-sw.tsv", None, ["'xnli'", "'sw'", "not there"]),
        ("labels/xnli/test-sw.tsv", None, ["'xnli'", "'sw'", "the labels"]),
        ("mine/xnli/test-sw.tsv", "neutral\n", ["test-sw.tsv", "1 lines", "3"]),
        ("mine/udpos/test-th.tsv", "X\n", ["1 sentences", "Expected 2"]),
        (
            "mine/udpos/test-th.tsv",
            "X\nX\nX\n\nX\n",
            ["sentence 2", "line 5", "1 tags", "Expected 2"],
        ),
        ("mine/mlqa/test-zh.json", "{", ["test-zh.json", "not JSON"]),
        ("mine/mlqa/test-zh.json", "[1]", ["test-zh.json", "id"]),
        ("mine/mlqa/test-zh.json", '{"a": 1}', ["test-zh.json", "text"]),
        ("labels/mlqa/test-zh.json", '{"a": "b"}', ["SQuAD's JSON", "data"]),
        ("mine/bucc2018/test-de.tsv", "a 1\n", ["line 1", "tab", "'a 1'"]),
        ("mine/xnli/test-sw.tsv", b"\xff\n", ["test-sw.tsv", "not UTF-8"]),
        ("labels/xnli/test-sw.tsv", "maybe\n", ["'maybe'", "neutral"]),
        ("labels/udpos/test-th.tsv", "B-PER\n", ["'B-PER'", "NOUN"]),
        ("labels/tatoeba/test-de.tsv", "[12]\n", ["'[12]'", "numbers"]),
        ("labels/xnli/test-sw.tsv", "", ["test-sw.tsv", "empty"]),
        ("labels/tatoeba", None, ["'tatoeba'", "labels hold none"]),
    ],
)
def test_what_is_missing_or_damaged_is_named(folders, file, text, pieces):
    path = folders / file
    if text is None:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    elif isinstance(text, bytes):
        path.write_bytes(text)
    else:
        path.write_text(text, "utf-8")
    with pytest.raises(InputError) as caught:
        score(folders)
    for piece in pieces:
        assert piece in str(caught.value)
    assert "\n" not in str(caught.value)


def test_wrong_labels_in_predictions_are_wrong_not_errors(folders):
    (folders / "mine/xnli/test-sw.tsv").write_text("maybe\nmaybe\nmaybe\n")
    assert score(folders)["xnli"]["accuracy"]["sw"] == 0.0


def test_languages_that_neither_side_has_may_be_left_out(folders):
    for side in ("mine", "labels"):
        (folders / side / "tydiqa/test-te.json").unlink()
    with pytest.raises(InputError, match=r"'te'.*--allow_missing"):
        score(folders)
    found = score(folders, allow_missing=True)
    assert found["absent_languages"] == {"tydiqa": ["te"]}
    assert "te" not in found["tydiqa"]["f1"]
    (folders / "mine/tydiqa/test-sw.json").unlink()
    with pytest.raises(InputError, match=r"'sw'.*is not there"):
        score(folders, allow_missing=True)


def test_submissions_are_found_below_a_folder(tmp_path):
    write(tmp_path / "pretrained/seed-1", False, ["xnli"], ["de"])
    # A route may bear a target's name.
    write(tmp_path / "udpos/seed-1", False, ["xnli"], ["de"])
    found = xtreme.find_submissions(tmp_path)
    assert list(found) == ["pretrained/seed-1", "udpos/seed-1"]
    one = tmp_path / "udpos/seed-1"
    assert xtreme.find_submissions(one) == {"": one}
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="XTREME's layout"):
        xtreme.find_submissions(tmp_path / "empty")
    with pytest.raises(InputError, match="does not exist"):
        xtreme.find_submissions(tmp_path / "none")


def test_files_of_other_systems_are_read(folders):
    file = folders / "mine/xnli/test-sw.tsv"
    lines = file.read_text().splitlines()
    file.write_bytes(("\ufeff" + "\r\n".join(lines)).encode())
    assert score(folders)["xnli"]["accuracy"]["sw"] == pytest.approx(200 / 3)


def test_the_groups_are_the_suite():
    members = [task for group in xtreme.GROUPS.values() for task in group]
    assert sorted(members) == sorted(SUITES["xtreme"])
