"""A collapsed model is no finding: in the report of runs whose truth is known.

The first run is the one that a learning rate of 0.5 left: `pretrained` predicts
neutral 200 times, `mnli` entailment 200 times.
"""

import numpy as np
import pytest

import fake_runs
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import Training
from stilts_keras.records.scalars import write_scalars
from stilts_keras.records.tensorboard import read_scalars
from stilts_keras.reporting import boards
from stilts_keras.reporting import collapsed
from stilts_keras.reporting import overview
from stilts_keras.reporting import report
from stilts_keras.reporting.evidence import gather

N = 200
LANGUAGES = ("en", "de", "zh", "th", "ar")
RATE = 0.5


def gold_of(n=N):
    """Entailment in 46 % of the rows, neutral in 30 %, as in that run."""
    shares = (("entailment", 0.46), ("neutral", 0.30), ("contradiction", 0.24))
    labels = [name for name, share in shares for _ in range(int(n * share))]
    return np.random.default_rng(7).permutation(labels).tolist()


def write(run_dir, guesses_of, *, target="xnli", seed=1, languages=LANGUAGES):
    """Adds routes: a function of (gold, language) gives each its guesses."""
    gold = {language: gold_of() for language in languages}
    for route, guess in guesses_of.items():
        fake_runs.write_scores(
            run_dir,
            route,
            target,
            {code: guess(gold[code], code) for code in languages},
            gold=gold,
            seed=seed,
        )


def always(label, languages=LANGUAGES):
    """Predicts one class in some languages, and knows the others."""

    def guesses(gold, language):
        if language in languages:
            return [label] * len(gold)
        return right(0.8)(gold, language)

    return guesses


def right(share):
    def guesses(gold, language):
        random = np.random.default_rng([len(language), *language.encode()])
        return fake_runs.answers(random, gold, share)

    return guesses


def add_trainings(run_dir, *rows):
    RowFile(run_dir / "trainings.jsonl", Training).add(rows)


def trained(stage, path, rate, **changes):
    return fake_runs.training(
        stage, path, recipe={"learning_rate": rate}, **changes
    )


def build(run_dir):
    return report.build(gather([fake_runs.describe(run_dir)]))


def cells_of(frame, route):
    return next(row["cells"] for row in frame["rows"] if row["label"] == route)


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("collapsed") / "run"
    write(
        run_dir, {"pretrained": always("neutral"), "mnli": always("entailment")}
    )
    add_trainings(
        run_dir,
        trained("pretrained xnli 1", "mnli", RATE),
        trained("f mnli", "mnli", 3e-5),
        trained("mnli xnli 1", "mnli/mnli", RATE, parent="f mnli"),
    )
    return run_dir


@pytest.fixture(scope="module")
def made(run_dir):
    return build(run_dir)


def test_two_collapsed_models_are_no_gain(made):
    cells = cells_of(made.frames["summary"], "mnli")
    # The number stays, and is larger than the other's by these points.
    assert cells["xnli"]["value"] == pytest.approx(46.0)
    assert cells["xnli"]["collapsed"]
    for name in ("difference", "p", "adjusted_p"):
        assert cells["xnli"][name] is None
    finding, transfer, *_ = made.sentences
    assert finding.startswith("No difference to `pretrained` counts")
    assert "no difference of a language can be judged" in transfer
    text = report.to_markdown(made)
    assert "| mnli | 46.0" in text and "‡" in text and "+16" not in text
    assert "differences" not in made.figures
    assert made.plain["typology"]["rows"] == []


def test_each_collapsed_result_is_told_with_its_rate_and_the_next_move(made):
    (first, second) = made.sentences[2:]
    assert "`pretrained` on xnli, seed 1, learning rate 0.5:" in first
    assert "neutral (en de zh th ar)" in first
    assert "`mnli` on xnli, seed 1, learning rate 3e-05, then 0.5:" in second
    assert "entailment (en de zh th ar)" in second
    for sentence in (first, second):
        assert "a lower --learning_rate" in sentence
        assert sentence in report.to_markdown(made)


def test_tensorboard_tells_and_marks_it(made, tmp_path):
    text = overview._texts(made)["finding"]
    assert "Collapsed: `mnli` on xnli" in text
    sessions = {
        session["hparams"]["route"]: session["metrics"]
        for session in overview._sessions(made)
    }
    for metrics in sessions.values():
        assert metrics["collapsed/languages"] == len(LANGUAGES)
        assert "mean/difference" not in metrics
    write_scalars(made.evidence.rows, tmp_path)
    points = read_scalars(tmp_path / "mnli")
    assert ("collapsed/xnli/accuracy/th", 1, 1.0) in points
    # What the session's columns are made of holds them too.
    boards.write_sessions(tmp_path, overview._sessions(made))


@pytest.mark.parametrize("broken", ["pretrained", "siqa"])
def test_collapsed_languages_leave_the_others_compared(tmp_path, broken):
    """As PAWS-X with 1,000 rows: 60.3 in some languages alike."""
    routes = {"pretrained": right(0.6), "siqa": right(0.75)}
    routes[broken] = always("entailment", ("de", "th"))
    write(tmp_path, routes)
    made = build(tmp_path)
    frame = made.differences["xnli"]
    cells = cells_of(frame, "siqa")
    for language in ("de", "th"):
        assert cells[language]["difference"] is None
        assert cells[language]["collapsed"] == (broken == "siqa")
    for language in ("zh", "ar"):
        assert cells[language]["p"] is not None
    assert " of 2 differences (" in made.sentences[1]
    summary = cells_of(made.frames["summary"], "siqa")["xnli"]
    both = [cells[language]["difference"] for language in ("zh", "ar")]
    assert summary["difference"] == pytest.approx(np.mean(both))
    # The mean is over all of them, and says so.
    values = [cells[code]["value"] for code in ("de", "zh", "th", "ar")]
    assert summary["value"] == pytest.approx(np.mean(values))
    assert not summary["complete"]
    assert "(de th)" in made.sentences[2] and len(made.sentences) == 3


def test_a_collapsed_seed_leaves_the_others_compared(tmp_path):
    for seed in (1, 2, 3):
        routes = {"pretrained": right(0.6), "siqa": right(0.75)}
        if seed == 2:
            routes["siqa"] = always("neutral")
        write(tmp_path, routes, seed=seed)
    made = build(tmp_path)
    cell = cells_of(made.frames["summary"], "siqa")["xnli"]
    assert cell["count"] == 3 and cell["difference_count"] == 2
    assert cell["collapsed"] and not cell["complete"]
    assert cell["difference"] > 5
    (sentence,) = made.sentences[2:]
    assert "seed 2" in sentence and "learning rate not known" in sentence


def test_scores_near_chance_are_no_gain_however_far_apart(tmp_path):
    """Neither constant nor above chance: 30 and 46 where chance is 46."""

    def nearly(label):
        def guesses(gold, language):
            return ["contradiction", *[label] * (len(gold) - 1)]

        return guesses

    write(
        tmp_path,
        {"pretrained": nearly("neutral"), "siqa": nearly("entailment")},
    )
    made = build(tmp_path)
    cell = cells_of(made.frames["summary"], "siqa")["xnli"]
    assert cell["difference"] > 15 and cell["adjusted_p"] < 0.05
    assert not cell["is_significant"] and not cell["difference_above_chance"]
    assert "counts" in made.sentences[0] and "gain" not in made.sentences[0]
    assert "significant gains 0 (0 %)" in made.sentences[1]
    assert "4 differences do not count" in made.sentences[1]
    notes = made.frames["summary"]["notes"]
    assert any("counts only where the better" in note for note in notes)


def test_a_fall_to_chance_is_a_loss(tmp_path):
    def guessing(gold, language):
        return [*["neutral"] * 20, *["entailment"] * (len(gold) - 20)]

    write(tmp_path, {"pretrained": right(0.8), "siqa": guessing})
    cell = cells_of(build(tmp_path).frames["summary"], "siqa")["xnli"]
    assert not cell["above_chance"]
    assert cell["is_significant"] and cell["difference"] < 0


def test_two_unlike_trainings_that_learned_lie_above_chance(tmp_path):
    """65 and 95: an interval over seeds would reach from 0 to 100."""
    for seed, share in {1: 0.65, 2: 0.95}.items():
        write(
            tmp_path,
            {"pretrained": right(0.6), "siqa": right(share)},
            seed=seed,
        )
    cell = cells_of(build(tmp_path).frames["summary"], "siqa")["xnli"]
    assert cell["count"] == 2 and cell["low"] < 46
    assert cell["above_chance"] and cell["difference_above_chance"]


def test_stages_that_only_lead_to_others_are_told_too(tmp_path):
    write(tmp_path, {"pretrained": right(0.6), "mnli": right(0.6)})
    add_trainings(
        tmp_path,
        trained("f mnli", "mnli", RATE, constants={"mnli": "neutral"}),
        # A mixture of which one source was learned is no collapse.
        trained("f a", "a", RATE, constants={"mnli": "neutral", "qqp": None}),
        trained("f b", "b", RATE, constants={}),
        trained("f c", "c", RATE, constants=None),
    )
    (sentence,) = build(tmp_path).sentences[2:]
    assert "stage `mnli`, seed 1, learning rate 0.5:" in sentence
    assert "neutral (dev rows of mnli)" in sentence


def test_seeds_that_collapse_alike_are_told_together(tmp_path):
    for seed, label in ((1, "neutral"), (2, "entailment"), (3, "neutral")):
        shares = {"pretrained": right(0.6), "mnli": always(label)}
        write(tmp_path, shares, seed=seed, languages=("de", "zh"))
    first, second = build(tmp_path).sentences[2:4]
    assert "`mnli` on xnli, seeds 1, 3, learning" in first
    assert "every example, neutral (de zh)." in first
    assert "`mnli` on xnli, seed 2, learning" in second


def test_of_many_the_first_are_told(tmp_path):
    routes = [f"mnli:{number}" for number in range(1, 9)]
    write(
        tmp_path,
        {"pretrained": right(0.6)} | dict.fromkeys(routes, always("neutral")),
        languages=("de",),
    )
    told = build(tmp_path).sentences[2:]
    assert len(told) == collapsed.MAX_NAMED + 1
    assert "3 more" in told[-1]


@pytest.mark.parametrize(
    ("target", "stage", "found", "not_found"),
    [
        ("xnli", "f", "more --epochs", "--retrieval_layer"),
        ("tatoeba", "f", "another --retrieval_layer", "not trained"),
        ("tatoeba", "pretrained", "not trained", "--learning_rate"),
    ],
)
def test_the_next_move_is_one_that_can_be_made(target, stage, found, not_found):
    layer = 16 if target == "tatoeba" else None
    row = fake_runs.score(
        target=target, stage=stage, layer=layer, constant="number 0"
    )
    sentence = collapsed.of_results([row], [])
    assert found in sentence and not_found not in sentence


def test_a_report_ends_well_where_no_language_is_zero_shot(tmp_path):
    # The last is a control, and no number of tasks.
    routes = ("pretrained", "mnli", "mnli/squad", "mnli/squad/mlm", "longer:9")
    write(
        tmp_path / "run",
        {route: always("neutral") for route in routes},
        languages=("en",),
    )
    made = build(tmp_path / "run")
    frame = made.frames["number_of_tasks"]
    assert [row["shape"][0] for row in frame["rows"]] == [0, 1, 2, 3]
    assert "number_of_tasks" not in made.figures
