"""A submission scores as XTREME's evaluator scores it, or is refused."""

import json
import shutil

import pytest
from sklearn.metrics import f1_score

from stilts_keras.errors import InputError
from stilts_keras.scoring import submission
from stilts_keras.scoring.suites import XTREME
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
    found = submission.score_submission(
        XTREME, mock / "predictions", mock / "labels"
    )
    expected = dict(leaves(json.loads((mock / "expected.json").read_text())))
    assert len(expected) == 375
    assert dict(leaves(found)) == pytest.approx(expected, abs=1e-9)
    assert found["all_task"] == pytest.approx(62.17319850507248, abs=1e-9)


def test_an_absent_task_is_absent_not_zero(mock, tmp_path):
    shutil.copytree(mock / "predictions", tmp_path / "mine")
    shutil.rmtree(tmp_path / "mine" / "udpos")
    whole = submission.score_submission(
        XTREME, mock / "predictions", mock / "labels"
    )
    found = submission.score_submission(
        XTREME, tmp_path / "mine", mock / "labels"
    )
    assert found.pop("absent") == ["udpos"]
    for key in ("all_task", "tagging", "udpos"):
        whole.pop(key)
    assert found == whole


def test_labels_may_be_read_once_for_several_submissions(mock):
    labels = submission.read_labels(XTREME, mock / "labels")
    assert set(labels) == set(XTREME.names)
    assert submission.score_submission(
        XTREME, mock / "predictions", labels
    ) == submission.score_submission(
        XTREME, mock / "predictions", mock / "labels"
    )


# ------------------------------------------------------- A world of our own
def answers_json(answers, repeats=1):
    questions = [
        {"id": name, "answers": [{"text": text} for text in texts]}
        for name, texts in answers.items()
    ]
    paragraphs = [{"qas": questions}] * repeats
    return json.dumps({"data": [{"paragraphs": paragraphs}]})


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


def write(folder, is_gold, tasks=XTREME.names, languages=None):
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
    return submission.score_submission(
        XTREME, folders / "mine", folders / "labels", **kwargs
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
    tasks = XTREME.names
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
        ("mine/xnli/test-sw.tsv", None, ["'xnli' lacks sw in the pred"]),
        ("labels/xnli/test-sw.tsv", None, ["'xnli' lacks sw in the labels"]),
        ("mine/xnli/test-sw.tsv", "neutral\n", ["test-sw.tsv", "1 lines", "3"]),
        ("mine/udpos/test-th.tsv", "X\n", ["1 sentences", "Expected 2"]),
        (
            "mine/udpos/test-th.tsv",
            "X\nX\nX\n\nX\n",
            ["sentence 2", "line 5", "1 tags", "Expected 2"],
        ),
        ("mine/mlqa/test-zh.json", "{", ["test-zh.json", "not JSON"]),
        ("mine/mlqa/test-zh.json", "[" * 10**6, ["zh.json", "not JSON"]),
        ("mine/mlqa/test-zh.json", "[1]", ["zh.json", "id", "Received: list"]),
        ("mine/mlqa/test-zh.json", '{"a": 1}', ["zh.json", "'a'", "text", "1"]),
        ("labels/mlqa/test-zh.json", '{"a": "b"}', ["SQuAD's JSON", "data"]),
        (
            "labels/mlqa/test-zh.json",
            answers_json({"q": []}),
            ["test-zh.json", "first at 'q': []", "not empty"],
        ),
        (
            "labels/mlqa/test-zh.json",
            answers_json({"q": [None]}),
            ["test-zh.json", "first at 'q': [None]"],
        ),
        (
            "labels/mlqa/test-zh.json",
            answers_json({"q": ["x"]}, repeats=2),
            ["test-zh.json", "'q' more than once"],
        ),
        ("mine/bucc2018/test-de.tsv", "a 1\n", ["line 1", "tab", "'a 1'"]),
        ("mine/xnli/test-sw.tsv", b"\xff\n", ["test-sw.tsv", "not UTF-8"]),
        (
            "labels/xnli/test-sw.tsv",
            "neutral\nmaybe\n",
            ["test-sw.tsv", "line 2: 'maybe'", "neutral"],
        ),
        (
            "labels/udpos/test-th.tsv",
            "X\nX\n\nX\nB-PER\n",
            ["line 5: 'B-PER'", "NOUN"],
        ),
        ("labels/tatoeba/test-de.tsv", "[12]\n", ["line 1: '[12]'", "number"]),
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
    with pytest.raises(InputError, match=r"lacks te in.*--allow_missing"):
        score(folders)
    found = score(folders, allow_missing=True)
    assert found["absent_languages"] == {"tydiqa": ["te"]}
    assert found["is_partial"] is True
    assert "te" not in found["tydiqa"]["f1"]
    tasks = XTREME.names
    mean = sum(found[task]["avg_metric"] for task in tasks) / 9
    assert found["all_task"] == pytest.approx(mean)
    (folders / "mine/tydiqa/test-sw.json").unlink()
    with pytest.raises(InputError, match=r"lacks sw in the predictions"):
        score(folders, allow_missing=True)
    write(folders / "mine", False, ["tydiqa"], ["sw", "te"])
    with pytest.raises(InputError, match=r"lacks te in the labels"):
        score(folders, allow_missing=True)


def test_a_whole_score_is_not_called_partial(folders):
    for allow_missing in (False, True):
        found = score(folders, allow_missing=allow_missing)
        assert not {"is_partial", "absent", "absent_languages"} & set(found)


def test_all_missing_languages_are_named_at_once(folders):
    for language in ("de", "sw"):
        (folders / f"mine/xnli/test-{language}.tsv").unlink()
    with pytest.raises(InputError, match="'xnli' lacks de, sw in the pred"):
        score(folders)


def test_a_task_s_folder_without_files_is_an_error_not_absent(folders):
    shutil.rmtree(folders / "mine/xnli")
    assert score(folders)["absent"] == ["xnli"]
    (folders / "mine/xnli").mkdir()
    with pytest.raises(InputError, match="'xnli' lacks ar, bg, de"):
        score(folders)


def test_a_submission_without_any_task_is_an_error(folders):
    (folders / "nothing").mkdir()
    with pytest.raises(InputError, match="holds no file of XTREME's layout"):
        submission.score_submission(
            XTREME, folders / "nothing", folders / "labels"
        )


# --------------------------------------------------------- Labels from memory
MEMORY = {
    "span_extraction": {"q1": ["北京大学"], "q2": ["der Hund"]},
    "mining": [["a", "1"], ["b", "2"], ["c", "3"], ["c", "3"]],
    "retrieval": [2, 0, 1],
}


def from_memory():
    """The labels of `write`, as a data set gives them."""
    labels = {}
    for name in XTREME.names:
        task = TASKS[name]
        gold = MEMORY.get(task.problem)
        if gold is None:
            blocks = contents(task, True).strip().split("\n\n")
            gold = [block.split("\n") for block in blocks]
            if task.problem == "classification":
                (gold,) = gold
        labels[name] = dict.fromkeys(task.languages, gold)
    return labels


def test_labels_from_memory_score_as_those_of_files(folders):
    found = submission.score_submission(XTREME, folders / "mine", from_memory())
    assert found == score(folders)


@pytest.mark.parametrize(
    ("task", "gold", "pieces"),
    [
        ("xnli", ["maybe"], ["'xnli' in 'de'", "line 1: 'maybe'", "neutral"]),
        ("panx", [["O"], ["X"]], ["'panx' in 'de'", "line 3: 'X'", "B-LOC"]),
        ("mlqa", {"q": []}, ["'mlqa' in 'de'", "'q': []"]),
        ("mlqa", {"q": "text"}, ["'mlqa' in 'de'", "'q': 'text'", "a list"]),
        ("bucc2018", ["ab"], ["'bucc2018' in 'de'", "'ab'", "two ids"]),
        ("tatoeba", [-1], ["'tatoeba' in 'de'", "-1", "from 0"]),
        ("xnli", [], ["'xnli' in 'de' is empty"]),
        ("xnlli", ["neutral"], ["'xnlli'", "Did you mean 'xnli'"]),
    ],
)
def test_wrong_labels_from_memory_are_named(folders, task, gold, pieces):
    with pytest.raises(InputError) as caught:
        submission.score_submission(
            XTREME, folders / "mine", {task: {"de": gold}}
        )
    for piece in pieces:
        assert piece in str(caught.value)


# ----------------------------------------------------------- Scores of a run
def test_a_run_s_own_scores_average_as_a_submission_does(mock):
    whole = submission.score_submission(
        XTREME, mock / "predictions", mock / "labels"
    )
    by_language = {
        task: {
            metric: values
            for metric, values in whole[task].items()
            if not metric.startswith("avg_")
        }
        for task in XTREME.names
    }
    assert XTREME.summarise(by_language) == whole


def test_our_metrics_have_the_names_that_the_reference_gives_them():
    for name in XTREME.names:
        names = set(map(XTREME.reference_name, TASKS[name].metrics))
        assert set(XTREME.task_scores[name]) <= names


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({"squad": {"f1": {"en": 1.0}}}, "Unknown task of XTREME 'squad'"),
        ({"xquad": {"f1": {"en": 1.0}}}, "'xquad' needs .* exact_match and f1"),
        ({"xnli": {"accuracy": {}}}, "'xnli' needs values of accuracy"),
    ],
)
def test_scores_that_cannot_be_averaged_are_named(scores, message):
    with pytest.raises(InputError, match=message):
        XTREME.summarise(scores)


def test_submissions_are_found_below_a_folder(tmp_path):
    write(tmp_path / "pretrained/seed-1", False, ["xnli"], ["de"])
    # A route may bear a target's name.
    write(tmp_path / "udpos/seed-1", False, ["xnli"], ["de"])
    found = submission.find_submissions(XTREME, tmp_path)
    assert list(found) == ["pretrained/seed-1", "udpos/seed-1"]
    one = tmp_path / "udpos/seed-1"
    assert submission.find_submissions(XTREME, one) == {"": one}
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="XTREME's layout"):
        submission.find_submissions(XTREME, tmp_path / "empty")
    with pytest.raises(InputError, match="does not exist"):
        submission.find_submissions(XTREME, tmp_path / "none")


def test_files_of_other_systems_are_read(folders):
    whole = score(folders)
    for name in ("xnli/test-sw.tsv", "udpos/test-th.tsv"):
        file = folders / "mine" / name
        lines = file.read_text().splitlines()
        file.write_bytes(("\ufeff" + "\r\n".join(lines)).encode())
    assert score(folders) == whole


def test_only_line_feeds_and_returns_end_a_line(folders):
    for side, ids in (("labels", "a\u2028b\t1\n"), ("mine", "a\u2028b\t1\n")):
        (folders / side / "bucc2018/test-fr.tsv").write_text(ids, "utf-8")
    assert score(folders)["bucc2018"]["f1"]["fr"] == 100.0


def test_the_groups_are_the_suite():
    members = [task for group in XTREME.groups.values() for task in group]
    assert sorted(members) == sorted(XTREME.names)
