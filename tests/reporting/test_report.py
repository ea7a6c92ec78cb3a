"""The report of runs whose truth is known."""

import csv
import io
import json
import re
import xml.etree.ElementTree

import pytest

import fake_runs
from command import stilts
from stilts_keras.errors import InputError
from stilts_keras.records.lock import locked
from stilts_keras.records.results import RowFile
from stilts_keras.records.rows import ChainScore
from stilts_keras.records.rows import Training
from stilts_keras.reporting import report
from stilts_keras.reporting.evidence import gather
from stilts_keras.reporting.report import folder as report_folder

SHARES = {"pretrained": 0.5, "siqa": 0.65, "siqa/squad": 0.5}


def add_chain(run_dir):
    """Adds trainings, one of them a mixture, and lessons along a chain."""
    RowFile(run_dir / "trainings.jsonl", Training).add(
        [
            fake_runs.training("f siqa", "siqa"),
            fake_runs.training(
                "f siqa/squad",
                "siqa/squad+qqp",
                parent="f siqa",
                sources=("squad", "qqp"),
            ),
        ]
    )
    RowFile(run_dir / "forgetting.jsonl", ChainScore).add(
        [
            fake_runs.lesson("siqa", "siqa", 80.0, "siqa"),
            fake_runs.lesson("siqa/squad", "siqa", 70.0, "siqa"),
            fake_runs.lesson("siqa/squad", "squad", 60.0, "siqa/squad"),
        ]
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("report") / "run"
    fake_runs.write_run(run_dir, SHARES, seeds=(1, 2))
    add_chain(run_dir)
    fake_runs.describe(run_dir)
    return report.build(gather([run_dir]))


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("written") / "report"
    report.write(made, folder)
    return folder


def test_a_true_effect_is_found_and_no_other(made):
    cells = {
        row["label"]: row["cells"]["xnli"]
        for row in made.frames["summary"]["rows"]
    }
    assert cells["siqa"]["is_significant"]
    assert cells["siqa"]["difference"] == pytest.approx(15.0, abs=3.0)
    assert cells["siqa"]["difference_low"] > 0
    assert not cells["siqa/squad"]["is_significant"]
    assert cells["siqa"]["count"] == 2
    assert made.sentences[0].startswith("Of 2 differences to `pretrained`")
    assert "points of `siqa` on xnli" in made.sentences[0]


def test_intervals_of_means_are_as_wide_as_their_error(tmp_path):
    run_dir = fake_runs.write_run(tmp_path / "run", {"pretrained": 0.5}, n=400)
    made = report.build(gather([fake_runs.describe(run_dir)]))
    cell = made.frames["summary"]["rows"][0]["cells"]["xnli"]
    # Six languages, whose answers here have nothing in common.
    error = 100 * (0.5 * 0.5 / (6 * 400)) ** 0.5
    assert cell["margin"] == pytest.approx(1.96 * error, rel=0.15)


def test_what_could_be_found_is_what_chance_reaches_and_a_miss_of_one_in_five(
    tmp_path,
):
    run_dir = fake_runs.write_run(tmp_path / "run", SHARES, n=400)
    made = report.build(gather([fake_runs.describe(run_dir)]))
    cells = [
        row["cells"]["xnli"] for row in made.frames["summary"]["rows"][1:3]
    ]
    for cell in cells:
        # One seed: both are normal. The level is shared by two differences.
        error = (cell["difference_high"] - cell["difference"]) / 1.96
        assert cell["detectable"] == pytest.approx(
            (2.2414 + 0.8416) * error, rel=1e-3
        )
    assert "errors" not in cells[0]


def test_differences_of_each_language_stand_by_family(made):
    frame = made.differences["xnli"]
    # Of IE: Germanic, which English is of, then by the families' names.
    assert frame["columns"][0] == "de" and "en" not in frame["columns"]
    (row,) = [row for row in frame["rows"] if row["label"] == "siqa"]
    assert all(cell["p"] is not None for cell in row["cells"].values())
    assert " of 12 differences (" in made.sentences[1]


def test_report_opens_with_the_finding_and_shows_every_figure(folder, made):
    text = (folder / "report.md").read_text("utf-8")
    assert text.split("\n\n")[1] == made.sentences[0]
    named = set(re.findall(r"\]\((figures/[^)]+)\)", text))
    there = {f"figures/{file.name}" for file in folder.glob("figures/*.png")}
    assert named == there
    assert {
        "figures/differences.png",
        "figures/differences_xnli.png",
        "figures/forgetting.png",
        "figures/sampling.png",
    } <= there
    for name in ("All targets", "Forgetting", "How it was made", "tiny"):
        assert name in text


def test_figures_are_pictures_in_both_forms(folder):
    for file in folder.glob("figures/*.png"):
        assert file.read_bytes().startswith(b"\x89PNG")
        root = xml.etree.ElementTree.parse(file.with_suffix(".svg")).getroot()
        assert root.tag.endswith("svg")


def test_csv_has_all_that_is_known_of_each_cell(folder, made):
    text = (folder / "tables/summary.csv").read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    (row,) = [row for row in rows if row["route"] == "siqa"]
    cell = made.frames["summary"]["rows"][1]["cells"]["xnli"]
    for name in ("value", "low", "high", "difference", "p", "adjusted_p"):
        assert float(row[name]) == pytest.approx(cell[name])
    # Of each of six zero-shot languages; the seeds have the same ones.
    assert float(row["n"]) == 6 * 400
    assert row["is_significant"] == "True"


def test_latex_tables_are_balanced_and_escaped(folder):
    text = (folder / "tables/summary.tex").read_text("utf-8")
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len({line.count("&") for line in body}) == 1
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1
    assert r"$^{\dagger}$" in text and "†" not in text.split(r"\begin")[1]


def test_latex_escapes_what_it_would_read_as_commands():
    from stilts_keras.reporting import rendering

    table = {
        "title": "t",
        "columns": ["a_b"],
        "rows": [["50 % of {x} & ~y\\"]],
        "notes": [],
    }
    text = rendering.plain_to_latex(table)
    assert r"a\_b" in text
    assert r"50 \% of \{x\} \& \textasciitilde{}y\textbackslash{} \\" in text


def test_an_older_report_leaves_nothing_behind(made, tmp_path):
    report.write(made, tmp_path)
    old = tmp_path / "figures" / "differences_gone.png"
    old.write_bytes(b"old")
    report.write(made, tmp_path)
    assert not old.exists()
    assert (tmp_path / "figures" / "differences.png").exists()


def test_the_same_results_give_the_same_report(made, folder, tmp_path):
    report.write(made, tmp_path)
    for file in folder.rglob("*.*"):
        again = tmp_path / file.relative_to(folder)
        assert again.read_bytes() == file.read_bytes(), file


def test_nobody_elses_folder_is_written_to(made, tmp_path):
    mine = tmp_path / "figures" / "mine.pdf"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")
    with pytest.raises(InputError, match="holds something else"):
        report.write(made, tmp_path)
    assert mine.read_bytes() == b"mine"
    assert [path.name for path in tmp_path.iterdir()] == ["figures"]


def test_a_report_that_was_cut_off_is_of_no_results(
    made, tmp_path, monkeypatch
):
    report.write(made, tmp_path)
    report.keep(made, tmp_path, "digest")
    monkeypatch.setattr(report_folder, "to_markdown", None)
    with pytest.raises(TypeError):
        report.write(made, tmp_path)
    assert report.kept(tmp_path, "digest") is None


def test_kept_tables_are_those_of_the_same_results_only(made, tmp_path):
    report.keep(made, tmp_path, "digest")
    found = report.kept(tmp_path, "digest")
    assert found["sentences"] == made.sentences
    assert found["frames"] == json.loads(json.dumps(made.frames))
    assert report.kept(tmp_path, "another") is None
    file = tmp_path / "report.json"
    file.write_text(file.read_text("utf-8").replace("siqa", "qqp"), "utf-8")
    assert report.kept(tmp_path, "digest") is None


def test_missing_predictions_are_named_and_nothing_is_judged(tmp_path):
    run_dir = fake_runs.write_run(tmp_path / "run", {"pretrained": 0.5}, n=30)
    fake_runs.write_run(run_dir, {"siqa": 0.9}, n=30)
    fake_runs.describe(run_dir)
    file = run_dir / "predictions/siqa/xnli/seed-1/test-tr.jsonl"
    file.unlink()
    made = report.build(gather([run_dir]))
    cell = made.frames["summary"]["rows"][1]["cells"]["xnli"]
    assert cell["difference"] > 0 and cell["p"] is None
    assert "can be judged" in made.sentences[0]
    # The other languages' own differences can be.
    assert "of 5 differences" in made.sentences[1]
    report.write(made, tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert "## Missing or damaged" in text and str(file) in text


def test_a_target_that_the_baseline_lacks_is_shown_all_the_same(tmp_path):
    run_dir = fake_runs.write_run(tmp_path / "run", SHARES, n=30)
    fake_runs.write_run(run_dir, {"siqa": 0.6}, n=30, target="pawsx")
    fake_runs.describe(run_dir)
    made = report.build(gather([run_dir]))
    assert "pawsx" in made.frames
    report.write(made, tmp_path / "out")


def test_what_the_baseline_lacks_is_compared_with_nothing(tmp_path):
    run_dir = fake_runs.write_run(tmp_path / "run", SHARES, n=60)
    others = {"siqa": 0.9, "siqa/squad": 0.2}
    fake_runs.write_run(run_dir, others, n=60, target="pawsx")
    fake_runs.describe(run_dir)
    made = report.build(gather([run_dir]))
    assert list(made.differences) == ["xnli"]
    assert "of 12 differences" in made.sentences[1]
    for row in made.frames["summary"]["rows"]:
        if "pawsx" in row["cells"]:
            assert row["cells"]["pawsx"]["difference"] is None


def test_a_difference_of_one_common_seed_says_so(tmp_path):
    run_dir = fake_runs.write_run(tmp_path / "run", SHARES, seeds=(1,), n=100)
    fake_runs.write_run(run_dir, {"siqa": 0.65}, seeds=(2, 3), n=100)
    fake_runs.write_run(
        run_dir, {"pretrained": 0.5, "siqa/squad": 0.5}, seeds=(2,), n=100
    )
    fake_runs.describe(run_dir)
    frame = report.build(gather([run_dir])).frames["summary"]
    counts = {
        row["label"]: row["cells"]["xnli"]["difference_count"]
        for row in frame["rows"]
        if row["label"] in SHARES
    }
    assert counts == {"pretrained": None, "siqa": 2, "siqa/squad": 2}
    alone = fake_runs.write_run(tmp_path / "alone", SHARES, seeds=(1,), n=100)
    fake_runs.write_run(alone, {"siqa": 0.65}, seeds=(2, 3), n=100)
    frame = report.build(gather([fake_runs.describe(alone)])).frames["summary"]
    cell = frame["rows"][1]["cells"]["xnli"]
    assert (cell["count"], cell["difference_count"]) == (3, 1)
    assert not any("Student" in note for note in frame["notes"])


def test_few_examples_are_not_judged(tmp_path):
    shares = {"pretrained": 0.0, "siqa": 1.01}
    for n, is_judged in ((19, False), (20, True)):
        run_dir = fake_runs.write_run(tmp_path / str(n), shares, n=n)
        fake_runs.describe(run_dir)
        made = report.build(gather([run_dir]))
        cell = made.frames["summary"]["rows"][1]["cells"]["xnli"]
        assert cell["difference"] == 100
        assert cell["is_significant"] == is_judged
        assert is_judged or cell["p"] is None


def test_exact_match_has_its_own_table(tmp_path):
    run_dir = tmp_path / "run"
    gold = {"de": [["das Haus"]] * 30, "zh": [["北京"]] * 30}
    for route, share in (("pretrained", 10), ("siqa", 20)):
        guesses = {
            language: [*answers[0]] * share + ["?"] * (30 - share)
            for language, answers in gold.items()
        }
        for metric in ("f1", "exact_match"):
            fake_runs.write_scores(
                run_dir,
                route,
                "xquad",
                guesses,
                gold=gold,
                metric=metric,
                ids=[str(at) for at in range(30)],
                with_counts=metric == "f1",
            )
    made = report.build(gather([fake_runs.describe(run_dir)]))
    assert "xquad_exact_match" in made.secondary
    report.write(made, tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert "xquad: exact_match of each language" in text
    assert (tmp_path / "out/tables/xquad_exact_match.csv").is_file()


def test_why_nothing_can_be_said_of_kinds_of_languages_is_said(tmp_path):
    languages = ("en", "de", "es", "hi", "ru")
    run_dir = fake_runs.write_run(tmp_path / "run", SHARES, languages=languages)
    made = report.build(gather([fake_runs.describe(run_dir)]))
    assert not made.plain["typology"]["rows"]
    report.write(made, tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert "too few for 2 predictors" in text


def test_published_scores_stand_beside_ours_where_the_backbone_is_theirs(
    tmp_path,
):
    run_dir = fake_runs.write_run(tmp_path / "run", SHARES, n=30)
    fake_runs.describe(
        run_dir,
        backbone={"name": "xlm_roberta_large_multi", "fingerprint": "b"},
    )
    made = report.build(gather([run_dir]))
    (first, *_) = made.plain["published"]["rows"]
    assert first[:3] == ["xnli", "accuracy", 79.2]
    assert "languages" in first[-1] and "pocket" in first[-1]
    report.write(made, tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert "Beside published scores" in text and "2010.12821" in text


# ----------------------------------------------------------------- The command
def rebuild(*arguments):
    return stilts("report", *arguments, check=False)


def test_report_is_rebuilt_from_results_and_predictions_alone(tmp_path):
    run_dir = fake_runs.write_run(tmp_path / "run", SHARES, seeds=(1, 2))
    done = rebuild(f"--run_dir={run_dir}")
    assert done.returncode == 0, done.stderr
    assert "Of 2 differences" in done.stdout
    assert (run_dir / "report" / "report.md").is_file()
    assert not (run_dir / "tensorboard").exists()


def test_a_run_at_work_is_not_written_to(tmp_path):
    run_dir = fake_runs.write_run(tmp_path / "run", SHARES, n=30)
    fake_runs.describe(run_dir)
    with locked(run_dir):
        done = rebuild(f"--run_dir={run_dir}")
        assert done.returncode == 2 and "in use by" in done.stderr
        assert "Pass --output=FOLDER for a report of what" in done.stderr
        done = rebuild(f"--run_dir={run_dir}", f"--output={tmp_path / 'out'}")
        assert done.returncode == 0, done.stderr
        assert "So far: 3 of 3 stages are still to come" in done.stdout


def test_several_folders_need_a_place_for_their_report(tmp_path):
    folders = [
        fake_runs.describe(
            fake_runs.write_run(tmp_path / str(seed), SHARES, seeds=(seed,))
        )
        for seed in (1, 2)
    ]
    flags = [f"--run_dir={folder}" for folder in folders]
    done = rebuild(*flags)
    assert done.returncode == 2 and "--output=FOLDER" in done.stderr
    done = rebuild(*flags, f"--output={tmp_path / 'out'}")
    assert done.returncode == 0, done.stderr
    assert "n2" in done.stdout
    assert (tmp_path / "out" / "report.md").is_file()
    assert (tmp_path / "out" / "tensorboard" / "report").is_dir()
    assert not any((folder / "report").exists() for folder in folders)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "Pass --run_dir=FOLDER"),
        (["--run_dir=no/such"], "no run folder"),
        (
            ["--run_dir={run}", "--output={run}/run.json"],
            "cannot be made",
        ),
        (
            ["--run_dir={run}", "--output={run}/run.json/a"],
            "cannot be made",
        ),
        (["--run_dir={run}", "--output={run}"], "holds something else"),
    ],
)
def test_what_cannot_be_reported_is_one_line_and_exit_status_2(
    arguments, message, tmp_path
):
    run_dir = fake_runs.write_run(tmp_path / "run", SHARES, n=30)
    fake_runs.describe(run_dir)
    done = rebuild(*(text.format(run=run_dir) for text in arguments))
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert message in line
