"""Published scores: only verified ones, each beside what it compares to."""

import dataclasses

import pytest

import fake_runs
from stilts_keras.reporting.published import BEST
from stilts_keras.reporting.published import PRETRAINED
from stilts_keras.reporting.published import PUBLISHED
from stilts_keras.reporting.published import XTREME_SCRIPTS
from stilts_keras.reporting.published import agreement
from stilts_keras.scoring.metrics import METRICS
from stilts_keras.tasks import get_task
from stilts_keras.tasks.task import Recipe

# Derived or from memory in the brief of papers, or of other models: mBERT.
FORBIDDEN = {
    *(0.8, 1.5, 1.1, -1.4, 2.1, 10.9, 0.4, 4.9, 5.4),
    *(68.1, 68.2, 73.5, 76.4, 61.7, 47.7, 72.6, 70.3, 56.7, 38.7, 59.6),
    *(82.8, 69.0, 62.3, 83.9, 69.4, 67.2, 81.9, 61.4),
}
FIGURES = [
    (published, target, metric, value)
    for published in PUBLISHED
    for target, scores in published.scores.items()
    for metric, value in scores.items()
]
# As a run of the papers' own settings would be described.
PAPERS = {
    "backbone": {"name": "xlm_roberta_large_multi", "fingerprint": "0"},
    "data": "hub",
    "eval_limit": None,
    "settings": {
        "train_limit": None,
        "sampling": {"kind": "proportional"},
        "replay": 0.0,
        "route_steps": None,
        "eval_on_dev": [],
        "retrieval_layer": None,
        "retrieval_pooling": None,
    },
}
SEEDS = "1 seed; theirs are not known here"


def described(**changes):
    """PAPERS with other settings, or other facts at the top."""
    settings = {
        name: value
        for name, value in changes.items()
        if name not in ("backbone", "data", "eval_limit")
    }
    top = {name: changes[name] for name in changes if name not in settings}
    return {**PAPERS, **top, "settings": {**PAPERS["settings"], **settings}}


def score(
    route,
    target="pawsx",
    *,
    value=80.0,
    english=90.0,
    metric=None,
    languages=None,
    seed=1,
    split="test",
):
    """One row per language, all but English of one value."""
    task = get_task(target)
    return [
        fake_runs.score(
            route=route,
            seed=seed,
            target=target,
            language=language,
            split=split,
            metric=metric or task.metrics[0],
            value=english if language == "en" else value,
            zero_shot=language != "en",
        )
        for language in languages or task.languages
    ]


def compare(rows, description=PAPERS, baseline="pretrained"):
    return agreement(rows, description, baseline=baseline)


@pytest.mark.parametrize(
    ("published", "target", "metric", "value"),
    FIGURES,
    ids=[f"{row.kind[0]}-{task}-{name}-{v}" for row, task, name, v in FIGURES],
)
def test_every_figure_is_of_a_task_and_metric_of_ours(
    published, target, metric, value
):
    assert metric in get_task(target).metrics
    assert metric in METRICS
    assert 0 < value < 100 and value not in FORBIDDEN


def test_every_row_says_where_it_was_read():
    for published in PUBLISHED:
        assert "arXiv 20" in published.provenance
        assert published.kind in (PRETRAINED, BEST)
        assert "English included" in published.languages


def test_figures_are_as_read():
    found = {
        (published.name[:5], target, metric, value)
        for published, target, metric, value in FIGURES
    }
    assert ("XLM-R", "xnli", "accuracy", 79.2) in found
    assert ("XLM-R", "mlqa", "mlqa_exact_match", 53.2) in found
    assert ("XLM-R", "tatoeba", "accuracy", 57.3) in found
    assert ("STILT", "tydiqa", "exact_match", 59.5) in found
    # The best intermediate task lowers PAN-X.
    assert ("STILT", "panx", "entity_f1", 64.0) in found
    assert len(FIGURES) == 10 + 2 + 10 + 6


def test_conflicting_figures_both_stand_with_their_provenance():
    found = {
        (value, published.provenance)
        for published, target, _, value in FIGURES
        if published.kind == BEST and target == "panx"
    }
    assert {value for value, _ in found} == {64.0, 64.7}
    assert len({provenance for _, provenance in found}) == 2


def test_recipes_name_fields_of_recipes():
    for target, recipe in XTREME_SCRIPTS.items():
        assert get_task(target).is_target
        assert set(recipe) <= set(Recipe.__dataclass_fields__)


def test_the_mean_is_over_all_languages_then_seeds():
    rows = [
        *score("pretrained", value=80.0, english=94.0, seed=1),
        *score("pretrained", value=70.0, english=84.0, seed=2),
    ]
    entry, *others = compare(rows)
    # Six languages and English: (6 * 80 + 94) / 7 = 82, and 72.
    assert entry == {
        "target": "pawsx",
        "metric": "accuracy",
        "published": 86.4,
        "name": "XLM-R large",
        "provenance": "RemBERT, arXiv 2010.12821, Tables 7 and 16",
        "ours": pytest.approx(77.0),
        "route": "pretrained",
        "differs": [
            "mean of 2 seeds; theirs are not known here",
            "learning_rate 1e-05, theirs 2e-05",
            "max_length 256, theirs 128",
        ],
    }
    # No route stands beside the best intermediate task, of two sources.
    assert [other["ours"] for other in others] == [None, None]


def entries(rows, kind=PRETRAINED, **changes):
    """Entries of one kind of row, of the first that tells of each figure."""
    found = {}
    for entry in compare(rows, described(**changes)):
        is_best = entry["name"].startswith("STILTs")
        if is_best == (kind == BEST):
            found.setdefault((entry["target"], entry["metric"]), entry)
    return list(found.values())


def test_only_targets_of_the_run_are_set_beside():
    found = compare(score("pretrained") + score("pretrained", "tatoeba"))
    assert {entry["target"] for entry in found} == {"pawsx", "tatoeba"}
    assert compare([]) == []


@pytest.mark.parametrize(
    "name",
    [
        "pocket",
        "random",
        "xlm_roberta_base_multi",
        "hf://FacebookAI/xlm-roberta-base",
        "hf://someone/xlm-roberta-large",
        "/models/xlm-roberta-large-finetuned",
    ],
)
def test_another_backbone_has_nothing_beside_it(name):
    rows = score("pretrained")
    assert compare(rows, described(backbone={"name": name})) == []


@pytest.mark.parametrize(
    "description", [None, {}, {"backbone": None}, {"backbone": {}}]
)
def test_an_unknown_backbone_has_nothing_beside_it(description):
    assert compare(score("pretrained"), description) == []


@pytest.mark.parametrize(
    "name", ["xlm_roberta_large_multi", "hf://FacebookAI/xlm-roberta-large"]
)
def test_every_name_of_the_backbone_is_known(name):
    (entry,) = entries(score("pretrained"), backbone={"name": name})
    assert entry["ours"] == pytest.approx((6 * 80 + 90) / 7)
    assert not any("backbone" in text for text in entry["differs"])


@pytest.mark.parametrize(
    "name", ["/m/xlm-roberta-large", "~/xlm-roberta-large/"]
)
def test_a_folder_of_the_backbone_is_taken_at_its_word(name):
    (entry,) = entries(score("pretrained"), backbone={"name": name})
    text = f"backbone known by its folder's name alone: {name}"
    assert text in entry["differs"]


def test_a_description_without_settings_says_so():
    found = compare(score("pretrained"), {"backbone": PAPERS["backbone"]})
    assert found[0]["differs"] == [SEEDS, "data unknown", "settings unknown"]


def test_missing_languages_are_named():
    (entry,) = entries(score("pretrained", languages=["en", "de", "fr"]))
    assert "3 of 7 languages, without es, ja, ko, zh" in entry["differs"]
    assert entry["ours"] == pytest.approx((90 + 80 + 80) / 3)


def test_only_languages_of_all_seeds_count():
    rows = [
        *score("pretrained", languages=["en", "de"], seed=1),
        *score("pretrained", languages=["de", "fr"], value=60.0, seed=2),
    ]
    (entry,) = entries(rows)
    assert entry["ours"] == pytest.approx(70.0)
    assert (
        "1 of 7 languages, without en, es, fr, ja, ko, zh" in (entry["differs"])
    )


def test_seeds_without_a_common_language_have_no_score():
    rows = [
        *score("pretrained", languages=["en"], seed=1),
        *score("pretrained", languages=["de"], seed=2),
    ]
    (entry,) = entries(rows)
    assert (entry["ours"], entry["route"], entry["differs"]) == (None, None, [])


def test_dev_rows_are_named_and_never_mixed_with_test_rows():
    (entry,) = entries(score("pretrained", split="dev"))
    assert "dev rows in place of test rows" in entry["differs"]
    rows = score("pretrained", split="dev", value=10.0) + score("pretrained")
    (entry,) = entries(rows)
    assert entry["ours"] == pytest.approx((6 * 80 + 90) / 7)
    assert not any("dev" in text for text in entry["differs"])


def test_a_trained_language_is_named():
    first, *others = score("pretrained")
    assert first.language == "de"
    first = dataclasses.replace(first, zero_shot=False)
    (entry,) = entries([first, *others])
    assert "not zero-shot: de" in entry["differs"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"eval_limit": 50}, "eval_limit 50"),
        ({"data": "pocket"}, "data pocket, not the Hub's"),
        ({"data": "/rows,hub"}, "data /rows,hub, not the Hub's"),
        ({"train_limit": 1000}, "train_limit 1000"),
        ({"epochs": 1.0}, "epochs 1.0, theirs 5"),
        ({"learning_rate": 3e-5}, "learning_rate 3e-05, theirs 2e-05"),
        ({"batch_size": 8}, "batch_size 8, theirs 32"),
        ({"num_steps": 10}, "num_steps 10"),
        (
            {"dtype_policy": "mixed_bfloat16"},
            "dtype_policy mixed_bfloat16, the task's own float32",
        ),
    ],
)
def test_every_changed_setting_is_named(changes, text):
    before = entries(score("pretrained"))[0]["differs"]
    after = entries(score("pretrained"), **changes)[0]["differs"]
    assert text not in before
    assert text in after


def test_settings_of_the_papers_are_not_named():
    settings = {"learning_rate": 2e-5, "max_length": 128}
    (entry,) = entries(score("pretrained"), **settings)
    assert entry["differs"] == [SEEDS]


def test_other_recipes_of_xtreme_s_scripts_are_named():
    (entry, _) = entries(score("pretrained", "xquad"))
    assert entry["differs"] == [
        SEEDS,
        "epochs 2, theirs 3",
        "learning_rate 1e-05, theirs 3e-05",
        "batch_size 16, theirs 32",
        "weight_decay 0.01, theirs 0.0001",
    ]


def test_retrieval_names_its_own_settings_only():
    rows = score("pretrained", "tatoeba")
    settings = {"epochs": 1.0, "train_limit": 10, "learning_rate": 1e-3}
    (entry,) = entries(rows, **settings)
    assert entry["ours"] == pytest.approx(80.0)
    assert entry["differs"] == [SEEDS]
    settings = {"retrieval_layer": 7, "retrieval_pooling": "cls"}
    (entry,) = entries(rows, **settings, max_length=64)
    assert entry["differs"] == [
        SEEDS,
        "max_length 64, the task's own 512",
        "retrieval_layer 7",
        "retrieval_pooling cls",
    ]


@pytest.mark.parametrize("layer", [None, "sweep", 14])
def test_the_published_layer_is_no_difference(layer):
    rows = score("pretrained", "tatoeba")
    (entry,) = entries(rows, retrieval_layer=layer, retrieval_pooling="mean")
    assert entry["differs"] == [SEEDS]


def test_mining_takes_no_limit_and_names_its_two_recipes():
    rows = score("pretrained", "bucc2018")
    (entry,) = entries(rows, eval_limit=50)
    assert entry["published"] == 66.0
    assert entry["differs"][0] == SEEDS
    assert "XTREME's script for BUCC" in entry["differs"][1]
    assert len(entry["differs"]) == 2


def test_the_best_other_route_stands_beside_the_best_task():
    rows = [
        *score("pretrained", value=99.0),
        *score("mnli", value=81.0),
        *score("squad", value=82.0),
    ]
    (entry,) = entries(rows, BEST)
    assert entry["route"] == "squad"
    assert entry["published"] == 87.9
    assert entry["ours"] == pytest.approx((6 * 82 + 90) / 7)
    assert entry["differs"] == [
        SEEDS,
        "best of 2 routes by these very scores; theirs of 9 tasks and their "
        "mixture",
    ]
    (entry,) = entries(rows, PRETRAINED)
    assert entry["route"] == "pretrained"


def test_a_control_is_never_the_best_task():
    rows = [
        *score("mnli", value=81.0),
        *score("longer:9k", value=83.0),
        *score("mnli-shuffled", value=84.0),
    ]
    (entry,) = entries(rows, BEST)
    assert entry["route"] == "mnli"


def test_both_conflicting_rows_are_set_beside():
    found = compare(score("mnli"))
    assert [entry["published"] for entry in found] == [86.4, 87.9, 87.7]
    assert [entry["route"] for entry in found] == [None, "mnli", "mnli"]


def test_a_route_that_is_not_done_is_not_the_best():
    rows = score("mnli") + score("squad", languages=["en"], english=99.0)
    (entry,) = entries(rows, BEST)
    assert entry["route"] == "mnli"


def test_one_route_gives_all_metrics_of_a_target():
    rows = [
        *score("mnli", "xquad", value=70.0),
        *score("mnli", "xquad", value=60.0, metric="exact_match"),
        *score("squad", "xquad", value=72.0),
        *score("squad", "xquad", value=50.0, metric="exact_match"),
    ]
    found = {entry["metric"]: entry for entry in entries(rows, BEST)}
    assert {entry["route"] for entry in found.values()} == {"squad"}
    assert found["exact_match"]["ours"] == pytest.approx((50 * 10 + 90) / 11)
    assert found["exact_match"]["published"] == 63.3


def test_a_metric_that_was_not_measured_is_none():
    rows = score("pretrained", "xquad")
    found = {entry["metric"]: entry["ours"] for entry in entries(rows)}
    assert found["f1"] is not None and found["exact_match"] is None


@pytest.mark.parametrize(
    ("route", "changes", "text"),
    [
        ("mnli/squad", {}, "several intermediate stages; theirs is one"),
        ("mnli/squad", {"replay": 0.1}, "replay 0.1"),
        ("mnli:20k", {}, "the route caps its training examples"),
        ("mnli@de", {}, "the route trains in other languages than English"),
        ("mnli+qqp", {}, "sampling proportional; theirs is not known here"),
        ("mnli", {"route_steps": 100}, "route_steps 100"),
        ("mnli", {"epochs": 5}, "epochs 5 in every stage"),
        (
            "mnli",
            {"epochs": 1.0},
            "epochs 1.0 in every stage, the task's own 5",
        ),
    ],
)
def test_what_sets_a_route_apart_is_named(route, changes, text):
    (entry,) = entries(score(route), BEST, **changes)
    assert text in entry["differs"]
    assert text not in entries(score("mnli"), BEST)[0]["differs"]


def test_another_baseline_is_named_beside_the_best_task():
    found = compare(score("mnli"), baseline="mnli")
    assert "baseline mnli; theirs is pretrained" in found[1]["differs"]
    found = compare(score("pretrained"), baseline="mnli")
    assert not any("baseline" in text for text in found[0]["differs"])
