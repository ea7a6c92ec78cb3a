"""A suite is one value: its tasks, layout, groups and mean."""

import dataclasses
import json
import types

import pytest

from stilts_keras import score
from stilts_keras.errors import InputError
from stilts_keras.scoring import submission
from stilts_keras.scoring import submission_files
from stilts_keras.scoring import suites
from stilts_keras.scoring.suite import OURS
from stilts_keras.scoring.suite import Suite
from stilts_keras.scoring.suites import SUITES
from stilts_keras.tasks import MNLI
from stilts_keras.tasks import TASKS
from stilts_keras.tasks import XNLI
from toy_suite import TOY

# Target: gold, predictions, ids.
RUN = {
    "xnli": (["neutral", "entailment"], ["neutral", "neutral"], None),
    "udpos": (
        [["DET", "NOUN"], ["VERB"]],
        [["DET", "VERB"], ["VERB"]],
        None,
    ),
    "xquad": ([["Hund"], ["1889", "in 1889"]], ["Katze", "1889"], ["a", "b"]),
}


def kept(run_dir, suites, languages=("de", "hi", "en")):
    """The submission files of a run that evaluated `RUN`."""
    for target, (gold, predictions, ids) in RUN.items():
        cell = types.SimpleNamespace(
            route="mnli", target=TASKS[target], seed=1, split="test"
        )
        found = types.SimpleNamespace(
            gold=gold, predictions=predictions, ids=ids
        )
        for language in languages:
            submission_files.keep(run_dir, suites, cell, language, found)
    return run_dir / "submission"


def test_a_suite_of_one_file_keeps_and_scores_a_run_s_predictions(tmp_path):
    folder = kept(tmp_path, [TOY])
    files = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    }
    names = ("xnli.jsonl", "udpos.tsv", "xquad.json")
    assert files == {
        f"{side}/{language}/{name}"
        for side in ("toy/mnli/seed-1", "toy_labels")
        # English is none of its languages.
        for language in ("de", "hi")
        for name in names
    }
    found = submission.score_submission(
        TOY, folder / "toy/mnli/seed-1", folder / "toy_labels"
    )
    assert found["xnli"]["accuracy"] == {"de": 50.0, "hi": 50.0}
    # Two of three chunks are right, of three predicted and of three in gold.
    assert found["udpos"]["avg_metric"] == pytest.approx(200 / 3)
    assert found["xquad"]["em"]["hi"] == found["xquad"]["avg_metric"] == 50.0
    assert found["words"] == pytest.approx((200 / 3 + 50) / 2)
    # The mean of the groups, as it says, and not of the tasks.
    mean = (50 + found["words"]) / 2
    assert found["toy_score"] == pytest.approx(mean)
    assert "all_task" not in found
    assert not {"absent", "doubts", "is_partial"} & set(found)


def test_score_lays_a_suite_s_submissions_side_by_side(tmp_path):
    folder = kept(tmp_path, [TOY])
    out = tmp_path / "scores.json"
    frame = score.score(
        folder / "toy", folder / "toy_labels", suite=TOY, output=out
    )
    assert frame["columns"] == ["xnli", "udpos", "xquad", "Toy"]
    assert frame["title"] == "Toy's score of each target"
    assert f"Toy: a mean as {OURS} defines it" in frame["notes"]
    (scores,) = json.loads(out.read_text()).values()
    (row,) = frame["rows"]
    assert row["cells"]["Toy"]["value"] == scores["toy_score"]


def test_a_suite_that_is_registered_is_a_target_and_kept(monkeypatch):
    monkeypatch.setitem(SUITES, TOY.name, TOY)
    found = suites.expand_targets(["toy"])
    assert [task.name for task in found] == list(TOY.names)
    assert {task.languages for task in found} == {("de", "hi")}
    assert TOY in suites.scored() and TOY in suites.with_files()
    assert suites.get_suite("toy") is TOY


def test_two_suites_keep_the_same_predictions_apart(tmp_path):
    folder = kept(tmp_path, [*suites.with_files(), TOY], languages=["de"])
    assert {path.name for path in folder.iterdir()} == {
        "xtreme",
        "labels",
        "xtreme_r",
        "xtreme_r_labels",
        "toy",
        "toy_labels",
    }
    lines = (folder / "labels/xnli/test-de.tsv").read_text()
    assert lines == "neutral\nentailment\n"
    lines = (folder / "toy_labels/de/xnli.jsonl").read_text()
    assert json.loads(lines.split("\n")[1]) == {"label": "entailment"}


def test_one_task_in_two_settings_is_two_targets_for_two_suites(tmp_path):
    route_end, after = (
        suites.expand_targets([name])[0]
        for name in ("tatoeba", "tatoeba_after_squad")
    )
    assert after.train_first == ("squad",)
    for target, predictions in ((route_end, [0, 1]), (after, [0, 0])):
        cell = types.SimpleNamespace(
            route="mnli", target=target, seed=1, split="test"
        )
        found = types.SimpleNamespace(
            gold=[0, 1], predictions=predictions, ids=None
        )
        for language in ("de", "ro"):
            submission_files.keep(
                tmp_path, suites.with_files(), cell, language, found
            )
    folder = tmp_path / "submission"
    for suite, labels, score_of in (
        ("xtreme", "labels", {"de": 100.0}),
        # XTREME has no Romanian.
        ("xtreme_r", "xtreme_r_labels", {"de": 50.0, "ro": 50.0}),
    ):
        found = submission.score_submission(
            SUITES[suite],
            folder / suite / "mnli/seed-1",
            folder / labels,
            allow_missing=True,
        )
        assert found["tatoeba"]["accuracy"] == score_of


def test_only_what_has_no_head_is_evaluated_after_something():
    with pytest.raises(ValueError, match=r"evaluated_after .* \['xnli'\]"):
        dataclasses.replace(TOY, evaluated_after={"xnli": ("squad",)})


def test_what_a_suite_lacks_is_named_in_its_own_words(tmp_path):
    folder = kept(tmp_path, [TOY])
    mine, labels = folder / "toy/mnli/seed-1", folder / "toy_labels"
    (mine / "hi/udpos.tsv").unlink()
    with pytest.raises(InputError, match=r"lacks hi .* Toy's score needs"):
        submission.score_submission(TOY, mine, labels)
    (mine / "de/udpos.tsv").unlink()
    (mine / "fr").mkdir()
    found = submission.score_submission(TOY, mine, labels)
    assert found["absent"] == ["udpos"]
    assert not {"toy_score", "words"} & set(found)
    assert found["doubts"] == [
        "Folder 'fr' is none of Toy's tasks and was not read"
    ]
    with pytest.raises(InputError, match="Toy's layout, <language>/<task>"):
        submission.read_labels(TOY, tmp_path)


def test_a_format_s_own_length_error_names_the_file(tmp_path):
    folder = kept(tmp_path, [TOY])
    file = folder / "toy/mnli/seed-1/de/xnli.jsonl"
    file.write_text(file.read_text().split("\n")[0] + "\n")
    with pytest.raises(InputError, match=r"de/xnli.jsonl.* 2 gold .* 1 pred"):
        submission.score_submission(
            TOY, folder / "toy/mnli/seed-1", folder / "toy_labels"
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"groups": {"a": ("mnli",)}}, "groups must name tasks among"),
        ({"task_scores": {"xnli": ("f1",)}}, "task_scores must tell of each"),
        ({"score_of": ("all",)}, "score_of must name tasks or groups"),
        ({"languages": {"copa": ("et",)}}, "languages must name tasks"),
    ],
)
def test_a_wrong_suite_fails_at_import(changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(TOY, **changes)


def test_a_mere_set_of_tasks_has_no_score():
    pair = Suite(name="pair", tasks=(MNLI, XNLI))
    assert pair.names == ("mnli", "xnli")
    assert not pair.is_scored and pair.layout is None
    assert not pair.can_score("mnli", {"accuracy": {"en": 1.0}})
