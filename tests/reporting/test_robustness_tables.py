"""Robustness in a report: by hand, and of runs whose truth is known."""

import dataclasses

import pytest

import fake_disturbed
import fake_runs
from stilts_keras.graph.task_facts import TaskFacts
from stilts_keras.records.results import RowFile
from stilts_keras.records.results import clean_and_disturbed
from stilts_keras.records.rows import Score
from stilts_keras.reporting import model_card
from stilts_keras.reporting import overview
from stilts_keras.reporting import report
from stilts_keras.reporting import robustness
from stilts_keras.reporting.evidence import gather
from stilts_keras.reporting.robustness.pairs import pairs_of
from stilts_keras.tasks import get_task

SHARES = {"pretrained": 0.6, "siqa": 0.8}
LANGUAGES = ("en", "de", "hi", "ru")
SEEDS = (1, 2, 3)


def records(table):
    return [
        dict(zip(table["columns"], row, strict=True)) for row in table["rows"]
    ]


def found_in(table, **wanted):
    """The one row of a plain table that has these values, zero-shot."""
    wanted = {"in": "zero-shot"} | wanted
    (row,) = [row for row in records(table) if wanted.items() <= row.items()]
    return row


def built(run_dir):
    return report.build(gather([run_dir]))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """MNLI keeps more under typos than the baseline, and not in noise."""
    run_dir = tmp_path_factory.mktemp("disturbed") / "run"
    fake_runs.write_run(
        run_dir, SHARES, seeds=SEEDS, n=200, languages=LANGUAGES
    )
    before = built(run_dir)
    fake_disturbed.write_disturbed(
        run_dir,
        {"pretrained": {1: 0.9, 3: 0.6}, "siqa": {1: 0.98, 3: 0.9}},
    )
    fake_disturbed.write_disturbed(
        run_dir,
        {route: {0: 1.0, 1: 0.85} for route in SHARES},
        disturbance="real_noise",
        rows=120,
    )
    return run_dir, before, built(run_dir)


@pytest.fixture(scope="module")
def made(study):
    return study[2]


# --------------------------------------------------------------- Clean rows
def test_disturbed_rows_change_nothing_of_what_clean_rows_say(study):
    _, before, after = study
    frames = {k: v for k, v in after.frames.items() if k != "robustness"}
    plain = {
        name: table
        for name, table in after.plain.items()
        if not name.startswith("robustness")
    }
    assert frames == before.frames and plain == before.plain
    assert after.differences == before.differences
    assert after.secondary == before.secondary
    sentences = [x for x in after.sentences if not x.startswith("Robustness")]
    assert sentences == before.sentences
    assert overview._sessions(after) == overview._sessions(before)
    assert report.provenance(after) == report.provenance(before)


def test_without_disturbances_nothing_is_said_of_robustness(study):
    _, before, _ = study
    assert "obustness" not in report.to_markdown(before)
    assert not [name for name in before.frames if "robust" in name]
    assert not [name for name in before.plain if "robust" in name]
    assert not [name for name in before.figures if "robust" in name]


def test_severity_0_of_a_disturbance_is_no_clean_score():
    rows = [
        fake_runs.score(),
        fake_runs.score(disturbance="real_noise"),
        fake_runs.score(disturbance="typos", severity=2),
    ]
    clean, disturbed = clean_and_disturbed(rows)
    assert clean == rows[:1] and disturbed == rows[1:]


def test_a_models_card_has_clean_scores_alone(tmp_path):
    rows = [
        fake_runs.score(Score, value=70.0),
        fake_runs.score(Score, value=11.0, disturbance="typos", severity=1),
    ]
    RowFile(tmp_path / "results.jsonl", Score).add(rows)
    text = model_card._scores({"fingerprint": "f"}, tmp_path)
    assert "70.0" in text and "11.0" not in text


# ------------------------------------------------------------------ By hand
def first_right(number, gold):
    """Answers of which the first are right."""
    return [
        truth if at < number else fake_disturbed.other_label(truth)
        for at, truth in enumerate(gold)
    ]


def hand_made(tmp_path, clean, disturbed, *, gold=None, **facts):
    """A run of one route: right answers of 40, by language."""
    run_dir = tmp_path / "run"
    if gold is None:
        gold = {code: [*fake_runs.LABELS] * 14 for code in clean}
        gold = {code: truths[:40] for code, truths in gold.items()}
    for numbers, more in (
        (clean, {}),
        (disturbed, {"disturbance": "typos", "severity": 2}),
    ):
        fake_runs.write_scores(
            run_dir,
            "pretrained",
            "xnli",
            {code: first_right(n, gold[code]) for code, n in numbers.items()},
            gold=gold,
            **more,
            **facts,
        )
    return run_dir


def test_retention_drop_and_worst_language_by_hand(tmp_path):
    run_dir = hand_made(
        tmp_path,
        {"en": 40, "de": 32, "hi": 24},
        {"en": 10, "de": 28, "hi": 12},
    )
    table = built(run_dir).plain["robustness_scores_xnli"]
    row = found_in(table, route="pretrained", severity=2)
    # English is not zero-shot, and stands by itself.
    english = found_in(table, **{"in": "trained"})
    assert english["retention"] == 25.0 and english["languages"] == 1
    assert row["languages"] == 2 and row["seeds"] == 1
    assert row["clean"] == pytest.approx(100 * 56 / 80)
    assert row["disturbed"] == pytest.approx(50.0)
    assert row["retention"] == pytest.approx(100 * 40 / 56)
    assert row["drop"] == pytest.approx(20.0)
    assert row["worst language"] == "hi"
    assert row["its retention"] == pytest.approx(50.0)
    # Of 40 items, 32 and 24 are right as all English ones are; the others
    # are wrong where English is right.
    assert row["consistency, clean"] == pytest.approx(70.0)
    # Against the clean English items, not against the disturbed ones.
    assert row["consistency, disturbed"] == pytest.approx(50.0)
    for name in table["intervals"]:
        low, high = (row[end] for end in table["intervals"][name])
        assert low < row[name] < high, name


def test_markdown_has_intervals_in_brackets_and_csv_in_columns(study):
    *_, made = study
    text = report.to_markdown(made)
    head = "| route | disturbance | in | severity | clean | disturbed |"
    assert head in text
    row = found_in(
        made.plain["robustness_scores_xnli"],
        route="siqa",
        disturbance="typos",
        severity=3,
    )
    expected = (
        f"{row['retention']:.1f} ({row['retention low']:.1f} to "
        f"{row['retention high']:.1f})"
    )
    assert expected in text


def test_a_disturbances_own_rows_may_be_those_of_english_too(tmp_path):
    clean = {"en": 40, "de": 32}
    run_dir = hand_made(tmp_path, clean, clean)
    gold = {code: ([*fake_runs.LABELS] * 14)[4:40] for code in clean}
    for severity, number in ((0, 30), (1, 27)):
        fake_runs.write_scores(
            run_dir,
            "pretrained",
            "xnli",
            {
                "en": first_right(36, gold["en"]),
                "de": first_right(number, gold["de"]),
            },
            gold=gold,
            disturbance="recognised",
            severity=severity,
        )
    row = found_in(
        built(run_dir).plain["robustness_scores_xnli"],
        disturbance="recognised",
    )
    assert row["clean"] == pytest.approx(100 * 30 / 36)
    assert row["retention"] == pytest.approx(90.0)
    assert row["consistency, clean"] == pytest.approx(100 * 30 / 36)
    assert row["consistency, disturbed"] == pytest.approx(100 * 27 / 36)


def test_consistency_is_over_the_languages_that_have_it(tmp_path):
    gold = {code: ([*fake_runs.LABELS] * 14)[:40] for code in ("en", "de")}
    # Other rows in Hindi.
    gold["hi"] = ["neutral", "entailment"] * 20
    run_dir = hand_made(
        tmp_path,
        {"en": 40, "de": 30, "hi": 30},
        {"en": 40, "de": 20, "hi": 10},
        gold=gold,
    )
    row = found_in(built(run_dir).plain["robustness_scores_xnli"])
    assert row["consistency, clean"] == pytest.approx(75.0)
    assert row["consistency, disturbed"] == pytest.approx(50.0)
    assert row["retention"] == pytest.approx(50.0)


@pytest.mark.parametrize(
    "gold, english",
    [
        # Other gold in German: not the same items, whatever the task says.
        ({"de": ["neutral"] * 40, "en": ["entailment"] * 40}, True),
        # No English score.
        ({"de": ["neutral", "entailment"] * 20}, False),
    ],
)
def test_items_without_a_counterpart_have_no_consistency(
    tmp_path, gold, english
):
    numbers = {"de": 30, "en": 30} if english else {"de": 30}
    run_dir = hand_made(tmp_path, numbers, numbers, gold=gold)
    row = found_in(built(run_dir).plain["robustness_scores_xnli"])
    assert row["consistency, disturbed"] is None
    assert row["retention"] == pytest.approx(100.0)


def test_tasks_say_whether_their_test_rows_are_parallel():
    parallel = {
        name
        for name in ("xnli", "pawsx", "xcopa", "sib200", "panx", "xquad")
        if get_task(name).parallel_tests
    }
    assert parallel == {"xnli", "pawsx", "xcopa", "sib200"}
    facts = TaskFacts.of(get_task("sib200"))
    assert TaskFacts.from_dict(facts.to_dict(), "run.json") == facts
    # Run folders of before do not tell.
    old = {k: v for k, v in facts.to_dict().items() if k != "parallel_tests"}
    assert not TaskFacts.from_dict(old, "run.json").parallel_tests


# ---------------------------------------------------------------- Real noise
def test_real_noise_is_compared_with_the_same_rows_alone(study):
    run_dir, _, made = study
    row = found_in(
        made.plain["robustness_scores_xnli"],
        route="siqa",
        disturbance="real_noise",
    )
    sums = {}
    for score in RowFile(run_dir / "results.jsonl", Score).rows():
        named = (score.route, score.disturbance)
        if named == ("siqa", "real_noise") and score.zero_shot:
            assert score.n == 120
            key = score.seed, score.severity
            sums[key] = sums.get(key, 0.0) + score.value
    expected = sum(sums[seed, 0] for seed in SEEDS) / 3 / (len(LANGUAGES) - 1)
    assert row["clean"] == pytest.approx(expected)
    # A ratio of means in each seed, then their mean.
    ratios = [100 * sums[seed, 1] / sums[seed, 0] for seed in SEEDS]
    assert row["retention"] == pytest.approx(sum(ratios) / 3)
    whole = found_in(
        made.plain["robustness_scores_xnli"],
        route="siqa",
        disturbance="typos",
        severity=1,
    )
    assert whole["clean"] != row["clean"]
    # A part of the rows is not known to be a part of the English ones.
    assert row["consistency, clean"] is None
    notes = made.plain["robustness_scores_xnli"]["notes"]
    assert any("real_noise of xnli" in note for note in notes)


def test_a_disturbed_score_of_other_rows_is_no_retention(tmp_path):
    run_dir = fake_runs.write_run(
        tmp_path / "run", SHARES, n=60, languages=LANGUAGES
    )
    # Fewer rows, but none of its own: as after an edit of results.
    fake_disturbed.write_disturbed(
        run_dir, {"siqa": {1: 0.5}}, rows=50, disturbance="casing"
    )
    made = built(run_dir)
    assert "robustness" not in made.frames
    assert any("not the same ones" in x for x in made.evidence.problems)
    assert any("nothing can be compared" in x for x in made.sentences)


def test_lost_predictions_are_named_and_the_others_judged(tmp_path):
    run_dir = fake_runs.write_run(tmp_path / "run", SHARES, n=60)
    fake_disturbed.write_disturbed(
        run_dir, {route: {1: 0.5} for route in SHARES}
    )
    (run_dir / "predictions/siqa/xnli/seed-1/typos-1/test-hi.jsonl").unlink()
    made = built(run_dir)
    (problem,) = made.evidence.problems[1:]
    assert "test-hi.jsonl" in problem and "not judged" in problem
    change = found_in(made.plain["robustness_changes"])
    # Without English and Hindi.
    assert change["languages"] == len(fake_runs.LANGUAGES) - 2


def test_severity_0_that_was_asked_for_is_the_clean_score_and_no_own_rows(
    tmp_path,
):
    run_dir = fake_runs.write_run(
        tmp_path / "run", SHARES, n=60, languages=("en", "de")
    )
    fake_disturbed.write_disturbed(
        run_dir, {route: {0: 1.0, 1: 0.5} for route in SHARES}
    )
    evidence = gather([run_dir])
    with_0 = robustness.tables_of(evidence)
    evidence.disturbed = [row for row in evidence.disturbed if row.severity]
    assert robustness.tables_of(evidence) == with_0
    notes = with_0[1]["robustness_scores_xnli"]["notes"]
    assert not any("rows of its own" in note for note in notes)


def test_severity_0_alone_disturbs_nothing(tmp_path):
    run_dir = fake_runs.write_run(
        tmp_path / "run", SHARES, n=60, languages=("en", "de")
    )
    fake_disturbed.write_disturbed(run_dir, {"siqa": {0: 1.0}})
    evidence = gather([run_dir])
    _, plain = robustness.tables_of(evidence)
    assert evidence.disturbed and robustness.sentences(plain, evidence) == []


# ------------------------------------------------------ Against the baseline
def test_the_change_that_is_there_is_found_and_no_other(made):
    table = made.plain["robustness_changes"]
    typos = found_in(table, disturbance="typos")
    noise = found_in(table, disturbance="real_noise")
    # Truly 94 % against 75 %.
    assert typos["points"] == pytest.approx(19.0, abs=4.0)
    assert typos["low"] < 19.0 < typos["high"]
    # Of three seeds, with two degrees of freedom.
    assert typos["adjusted p"] < 0.05
    assert typos["drops differ"] < 0
    assert noise["adjusted p"] > 0.05
    assert noise["low"] < 0.0 < noise["high"]
    # Holm's correction of two tests, the two of English apart.
    assert typos["adjusted p"] == pytest.approx(2 * typos["p"])
    assert noise["adjusted p"] == pytest.approx(noise["p"])


def test_the_sentence_answers_by_the_numbers(made):
    (sentence,) = [x for x in made.sentences if x.startswith("Robustness")]
    row = found_in(made.plain["robustness_changes"], disturbance="typos")
    assert "intermediate training changes it" in sentence
    assert "1 is significant" in sentence and "1 keeps more" in sentence
    assert f"{row['points']:+.1f} points of `siqa` on xnli" in sentence
    assert "under typos" in sentence and "keeps less" not in sentence


def test_no_change_is_told_with_what_could_have_been_found(tmp_path):
    run_dir = fake_runs.write_run(tmp_path / "run", SHARES, n=100)
    fake_disturbed.write_disturbed(
        run_dir, {route: {2: 0.8} for route in SHARES}
    )
    made = built(run_dir)
    (sentence,) = [x for x in made.sentences if x.startswith("Robustness")]
    row = found_in(made.plain["robustness_changes"])
    assert "no intermediate training changes it significantly" in sentence
    assert "no proof of none" in sentence and "one seed" in sentence
    assert f"only from {row['detectable']:.1f} points on" in sentence
    assert row["detectable"] > row["high"] - row["points"]


def test_what_may_be_chance_has_nothing_to_lose(tmp_path):
    shares = {"pretrained": 0.34, "siqa": 0.8}
    run_dir = fake_runs.write_run(tmp_path / "run", shares, n=100)
    fake_disturbed.write_disturbed(
        run_dir, {"pretrained": {1: 1.0}, "siqa": {1: 0.6}}
    )
    made = built(run_dir)
    assert made.plain["robustness_changes"]["rows"] == []
    notes = made.plain["robustness_changes"]["notes"]
    assert any("may be chance" in note for note in notes)
    cells = {
        row["label"]: row["cells"]["xnli: typos"]
        for row in made.frames["robustness"]["rows"]
    }
    assert not cells["pretrained"]["above_chance"]
    assert cells["siqa"]["above_chance"]
    (sentence,) = [x for x in made.sentences if x.startswith("Robustness")]
    assert "can be judged" in sentence


def test_clean_predictions_that_are_constant_are_compared_with_nothing(
    tmp_path,
):
    run_dir = fake_runs.write_run(tmp_path / "run", SHARES, n=60)
    fake_disturbed.write_disturbed(
        run_dir, {route: {1: 0.7} for route in SHARES}
    )
    evidence = gather([run_dir])
    evidence.rows = [
        dataclasses.replace(row, constant="neutral")
        if row.language == "de"
        else row
        for row in evidence.rows
    ]
    frames, plain = robustness.tables_of(evidence)
    change = found_in(plain["robustness_changes"])
    assert change["languages"] == len(fake_runs.LANGUAGES) - 2


def test_a_seed_that_collapsed_leaves_the_others_and_is_named(tmp_path):
    run_dir = fake_runs.write_run(
        tmp_path / "run", SHARES, n=60, seeds=SEEDS, languages=LANGUAGES
    )
    fake_disturbed.write_disturbed(
        run_dir, {route: {1: 0.7, 3: 0.5} for route in SHARES}
    )
    evidence = gather([run_dir])
    evidence.rows = [
        dataclasses.replace(row, constant="neutral")
        if (row.route, row.seed) == ("siqa", 2)
        else row
        for row in evidence.rows
    ]
    frames, plain = robustness.tables_of(evidence)
    change = found_in(plain["robustness_changes"], route="siqa")
    assert (change["seeds"], change["languages"]) == (2, 3)
    labels = [row["label"] for row in frames["robustness"]["rows"]]
    assert labels == ["pretrained", "siqa"]
    (note,) = [
        note
        for note in plain["robustness_changes"]["notes"]
        if "predictions are constant" in note
    ]
    assert "siqa on xnli under typos, zero-shot, seed 2" in note


def test_a_language_that_collapsed_in_one_seed_is_named(tmp_path):
    run_dir = fake_runs.write_run(
        tmp_path / "run",
        SHARES,
        n=60,
        seeds=(1, 2),
        languages=("en", "de", "hi"),
    )
    fake_disturbed.write_disturbed(
        run_dir, {route: {1: 0.7} for route in SHARES}
    )
    evidence = gather([run_dir])
    evidence.rows = [
        dataclasses.replace(row, constant="neutral")
        if (row.route, row.seed, row.language) == ("siqa", 2, "hi")
        else row
        for row in evidence.rows
    ]
    frames, plain = robustness.tables_of(evidence)
    change = found_in(plain["robustness_changes"], route="siqa")
    assert (change["seeds"], change["languages"]) == (2, 1)
    for table in (*plain.values(), *frames.values()):
        (note,) = [x for x in table["notes"] if x.startswith("In no mean")]
        assert note.endswith(
            ": hi of siqa on xnli under typos, zero-shot, seed 2"
        )


def test_a_route_without_a_language_to_compare_is_named(tmp_path):
    run_dir = fake_runs.write_run(tmp_path / "run", SHARES, n=60)
    fake_disturbed.write_disturbed(
        run_dir, {"pretrained": {1: 0.9, 4: 0.7}, "siqa": {1: 0.9}}
    )
    _, plain = robustness.tables_of(gather([run_dir]))
    notes = " ".join(plain["robustness_changes"]["notes"])
    assert "has all severities" in notes
    assert "siqa on xnli under typos, zero-shot" in notes


def test_languages_are_those_that_all_severities_have(tmp_path):
    run_dir = fake_runs.write_run(tmp_path / "run", SHARES, n=60)
    fake_disturbed.write_disturbed(
        run_dir, {route: {1: 0.9, 4: 0.7} for route in SHARES}
    )
    evidence = gather([run_dir])
    evidence.disturbed = [
        row
        for row in evidence.disturbed
        if (row.language, row.severity, row.route) != ("ru", 4, "siqa")
    ]
    _, plain = robustness.tables_of(evidence)
    assert found_in(plain["robustness_changes"])["languages"] == 5


# ------------------------------------------------------------- Other metrics
WORDS = ["B-PER", "I-PER", "O", "B-LOC", "O"]


def test_entity_f1_is_resampled_by_sentences(tmp_path):
    run_dir = tmp_path / "run"
    gold = {code: [WORDS] * 60 for code in ("en", "de", "hi")}
    without = ["O", "O", "O", "B-LOC", "O"]

    def guesses(number):
        return {
            code: [WORDS] * number + [without] * (60 - number) for code in gold
        }

    for route, numbers in (("pretrained", (50, 20)), ("siqa", (50, 45))):
        for number, facts in zip(
            numbers, ({}, {"disturbance": "drops", "severity": 3}), strict=True
        ):
            fake_runs.write_scores(
                run_dir,
                route,
                "panx",
                guesses(number),
                gold=gold,
                metric="entity_f1",
                **facts,
            )
    made = built(run_dir)
    row = found_in(made.plain["robustness_scores_panx"], route="siqa")

    # By hand: 60 places, and as many persons as there are sentences whole.
    def f1(number):
        return 2 * (60 + number) / (60 + number + 120)

    assert row["retention"] == pytest.approx(100 * f1(45) / f1(50))
    assert row["consistency, clean"] is None
    change = found_in(made.plain["robustness_changes"])
    expected = 100 * (f1(45) - f1(20)) / f1(50)
    assert change["points"] == pytest.approx(expected)
    assert change["p"] < 0.001


def test_pairs_are_drawn_on_the_same_examples(study):
    run_dir, *_ = study
    evidence = gather([run_dir])
    pairs, _ = pairs_of(evidence)
    clean = {(row.route, row.seed, row.language): row for row in evidence.rows}
    typos = [pair for pair in pairs if pair.row.disturbance == "typos"]
    assert len(typos) == 2 * 3 * 2 * len(LANGUAGES)
    for pair in typos:
        row = pair.clean
        # As the clean tables draw it.
        same = clean[row.route, row.seed, row.language]
        assert row.draws == pytest.approx(same.draws, abs=1e-4)


# ------------------------------------------------------- Figures and boards
def test_report_shows_map_and_curves(made, tmp_path):
    report.write(made, tmp_path / "report")
    text = (tmp_path / "report/report.md").read_text("utf-8")
    for name in ("robustness", "robustness_xnli"):
        assert f"](figures/{name}.png)" in text
        assert (tmp_path / f"report/figures/{name}.svg").is_file()
    section = text.partition("## Robustness")[2].partition("\n## ")[0]
    assert section.count("no benchmark") == 3
    for name in ("robustness", "robustness_changes", "robustness_scores_xnli"):
        assert (tmp_path / f"report/tables/{name}.csv").is_file()
        assert (tmp_path / f"report/tables/{name}.tex").is_file()


def test_curves_begin_at_the_clean_score_and_leave_means_out(made):
    table = made.plain["robustness_scores_xnli"]
    lines = robustness.severity_lines(table)
    assert list(lines) == ["typos", "real_noise"]
    points = lines["typos"]["pretrained"]
    assert [point[0] for point in points] == [1, 3]
    all_of_it = found_in(
        table, route="pretrained", disturbance="typos", severity="all"
    )
    mean = sum(point[1] for point in points) / 2
    assert all_of_it["retention"] == pytest.approx(mean)


def test_without_zero_shot_languages_those_trained_in_answer(tmp_path):
    run_dir = fake_runs.write_run(
        tmp_path / "run", SHARES, n=80, languages=("en",)
    )
    fake_disturbed.write_disturbed(
        run_dir, {"pretrained": {1: 0.3}, "siqa": {1: 0.95}}
    )
    made = built(run_dir)
    change = found_in(made.plain["robustness_changes"], **{"in": "trained"})
    assert change["adjusted p"] < 0.001
    (sentence,) = [x for x in made.sentences if x.startswith("Robustness")]
    assert "only in languages that the target was trained in" in sentence
    assert made.frames["robustness"]["title"].endswith("trained")
    table = made.plain["robustness_scores_xnli"]
    assert list(robustness.severity_lines(table)) == ["typos"]
    assert "## Robustness" in report.to_markdown(made)
