"""The command: what it answers, and how it refuses."""

import importlib.util
import json
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from command import tiny_backbone
from stilts_keras.main import main
from stilts_keras.records.stage_mirror import StageMirror

ROOT = pathlib.Path(__file__).resolve().parents[1]
TINY = [
    *tiny_backbone(),
    *"--data=pocket --dropout=0 --max_length=48 --dev_limit=16".split(),
    *"--batch_size=16 --train_limit=32 --eval_limit=16".split(),
    *"--epochs=1 --learning_rate=1e-3".split(),
]


def stilts(*arguments):
    return main(["stilts", *arguments])


def error_line(capsys):
    """The one line on stderr."""
    captured = capsys.readouterr().err
    lines = [line for line in captured.splitlines() if line.strip()]
    assert len(lines) == 1, captured
    assert lines[0].startswith("stilts: error: ")
    return lines[0]


def test_help_is_short_and_grouped(capsys):
    assert stilts("--help") == 0
    out = capsys.readouterr().out
    for word in ("run", "plan", "tasks", "what to train:", "--route"):
        assert word in out
    assert max(map(len, out.splitlines())) <= 80
    assert len(out.splitlines()) < 200


def help_of_flags(capsys):
    """The help's text of each flag, in one line."""
    assert stilts("--help") == 0
    out = capsys.readouterr().out
    blocks = re.findall(r"^  --(\w+)(.*\n(?: {10,}.*\n)*)", out + "\n", re.M)
    assert all(text.startswith("  ") for _, text in blocks), "runs together"
    return {name: " ".join(text.split()) for name, text in blocks}


def test_help_tells_each_flag_in_our_words_alone(capsys):
    texts = help_of_flags(capsys)
    assert {"route", "sampling_temperature", "flagfile"} <= set(texts)
    assert texts["sampling_temperature"].startswith("With --sampling=temp")
    for name, text in texts.items():
        # What absl adds to the flags that may be repeated.
        assert "repeat this option" not in text, name
        # A sentence or more, and perhaps the default.
        assert re.search(r"\.( \[[^][]+\])?$", text), (name, text)
    for choice in ("capped", "mixed_bfloat16", "jax", "cls"):
        assert choice in " ".join(texts.values())


def test_every_command_of_the_help_is_accepted(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert stilts("--help") == 0
    out = capsys.readouterr().out.replace("\\\n", " ")
    commands = re.findall(r"^  stilts (\w+) (--.*)$", out, re.M)
    assert len(commands) >= 2
    for command, arguments in commands:
        assert command in ("run", "plan")
        assert stilts("plan", *arguments.split()) == 0, arguments
    assert list(tmp_path.iterdir()) == []


# How the example of a flag's help is tried. Not here: folders of a run.
TRY_FLAG = {
    "route": ["--targets=xnli"],
    "task_recipe": ["--targets=xquad", "--route=squad"],
    "sampling_rates": [
        "--targets=xnli",
        "--route=mnli+mlm@de",
        "--sampling=explicit",
    ],
}


def test_every_example_of_a_flag_s_help_is_accepted(capsys):
    examples = {
        name: found[1]
        for name, text in help_of_flags(capsys).items()
        if (found := re.search(r"such as (\S+?)[,.]?( |$)", text))
        and "RUN_DIR" not in found[1]
    }
    assert set(examples) == set(TRY_FLAG)
    for name, example in examples.items():
        assert stilts("plan", *TRY_FLAG[name], f"--{name}={example}") == 0
    # And its last words.
    assert stilts("plan", "--targets=xnli", "--route=pretrained") == 0


def test_tasks_lists_every_task(capsys):
    from stilts_keras.scoring.suites import SUITES
    from stilts_keras.tasks import TASKS

    assert stilts("tasks") == 0
    out = capsys.readouterr().out
    assert all(name in out for name in [*TASKS, *SUITES])


def test_plan_prints_each_stage_once(capsys):
    assert (
        stilts(
            "plan",
            *TINY,
            "--route=pretrained",
            "--route=mnli",
            "--route=mnli/squad",
            "--targets=xnli,tatoeba",
        )
        == 0
    )
    out = capsys.readouterr().out
    # mnli, mnli/squad, and xnli after each of the three routes: without a
    # route of its own, xnli's stage is the very stage `mnli`.
    assert "xnli" in out and "tatoeba" in out
    assert out.count("learning rate") == 4


def test_plan_says_that_the_backend_is_not_there(capsys, monkeypatch):
    arguments = ("plan", *TINY, "--route=mnli", "--targets=xnli")
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *args: None if name == "jax" else found(name, *args),
    )
    assert stilts(*arguments, "--keras_backend=jax") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Backend 'jax' is not installed. Install it with: pip" in said
    assert stilts(*arguments, "--keras_backend=tensorflow") == 0
    assert "is not installed" not in capsys.readouterr().out


WRONG = {
    "no command": (["--route=mnli"], "No command"),
    "unknown command": (["rnu"], "Did you mean 'run'"),
    "unknown flag": (["plan", "--rout=mnli"], "rout"),
    "wrong flag value": (["plan", "--epochs=three"], "epochs"),
    "unknown enum value": (["plan", "--keras_backend=theano"], "theano"),
    "stray argument": (["plan", "mnli"], "mnli"),
    "unknown task": (["plan", "--route=mnil", "--targets=xnli"], "'mnli'"),
    "unknown target": (["plan", "--route=mnli", "--targets=xnil"], "'xnli'"),
    "unknown language": (
        ["plan", "--route=mnli@xx", "--targets=xnli"],
        "'xx'",
    ),
    "language of no target": (
        ["plan", "--route=mnli", "--targets=xnli", "--languages=qq"],
        "'qq'",
    ),
    "broken route": (["plan", "--route=mnli//squad", "--targets=xnli"], "//"),
    "count of zero": (["plan", "--route=mnli:0", "--targets=xnli"], "0"),
    "too large a count": (
        ["plan", "--route=mnli:900k", "--targets=xnli"],
        "900000",
    ),
    "route given twice": (
        ["plan", "--route=mnli", "--route=mnli@en", "--targets=xnli"],
        "mnli",
    ),
    "retrieval as a stage": (
        ["plan", "--route=tatoeba", "--targets=xnli"],
        "tatoeba",
    ),
    "target without training rows as a stage": (
        ["plan", "--route=xquad", "--targets=xnli"],
        "squad",
    ),
    "no target": (["plan", "--route=mnli"], "target"),
    "no route": (["plan", "--targets=xnli"], "route"),
    "unknown baseline": (
        ["plan", "--route=mnli", "--targets=xnli", "--baseline=squad"],
        "squad",
    ),
    "missing data folder": (
        ["plan", "--route=mnli", "--targets=xnli", "--data=/nowhere"],
        "/nowhere",
    ),
    "unknown backbone": (
        [
            "plan",
            "--route=mnli",
            "--targets=xnli",
            "--backbone=xlm_roberta_bas",
        ],
        "xlm_roberta_base_multi",
    ),
    "missing tokenizer": (
        ["plan", "--route=mnli", "--targets=xnli", "--tokenizer=/no.model"],
        "/no.model",
    ),
    "length above the backbone's": (
        ["plan", "--route=mnli", "--targets=xnli", "--max_length=600"],
        "600",
    ),
    "run without a folder": (
        ["run", "--route=mnli", "--targets=xnli"],
        "run_dir",
    ),
    "score without predictions": (["score"], "--predictions"),
    "score without labels": (["score", "--predictions=tests"], "--labels"),
    "score of no submission": (
        ["score", "--predictions=tests", "--labels=flags"],
        "XTREME's layout",
    ),
    "suite as a source in a language": (
        ["plan", "--route=anliplus@de", "--targets=xnli"],
        "snli+mnli+anli",
    ),
    "layer above the backbone's": (
        ["plan", "--route=mnli", "--targets=xnli", "--retrieval_layer=9"],
        "retrieval_layer",
    ),
    "layer that is no number": (
        ["plan", "--route=mnli", "--targets=xnli", "--retrieval_layer=top"],
        "'sweep'",
    ),
    "unknown disturbance": (
        ["plan", "--route=mnli", "--targets=xnli", "--disturb=typoz:1"],
        "Did you mean 'typos'?",
    ),
    "disturbance that fits no target": (
        ["plan", "--route=mnli", "--targets=panx", "--disturb=word_drops"],
        "fits no target",
    ),
    # The Hub has its gold alone.
    "pools that are not there": (
        ["plan", "--route=mnli", "--targets=bucc2018", "--data=hub"],
        "must lie in a folder: extra/bucc2018/",
    ),
    "missing flagfile": (["plan", "--flagfile=/nowhere.flags"], "nowhere"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_one_line_and_exit_2(case, capsys):
    arguments, expected = WRONG[case]
    command, rest = arguments[:1], arguments[1:]
    assert stilts(*command, *TINY, *rest) == 2
    assert expected in error_line(capsys)


def test_flagfile_that_is_not_utf8_is_one_line(tmp_path, capsys):
    file = tmp_path / "bad.flags"
    file.write_bytes(b"# caf\xe9\n--route=mnli\n")
    assert stilts("plan", f"--flagfile={file}") == 2
    assert "UTF-8" in error_line(capsys)


def write_rows(folder, rows, *, split="train"):
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / f"{split}.jsonl").write_text("\n".join(lines), "utf-8")


@pytest.fixture
def data_folder(tmp_path):
    """A small folder of one's own: mnli and xnli in JSON Lines."""
    folder = tmp_path / "data"
    labels = ("entailment", "neutral", "contradiction")
    rows = [
        {
            "premise": f"the dog sees {n} cats",
            "hypothesis": "the dog sees cats",
            "label": labels[n % 3],
        }
        for n in range(24)
    ]
    write_rows(folder / "nyu-mll/glue/mnli", rows)
    write_rows(folder / "facebook/xnli/de", rows, split="test")
    return folder


def run_on(folder, tmp_path, *extra):
    return stilts(
        "run",
        *TINY,
        f"--data={folder}",
        "--route=mnli",
        "--targets=xnli",
        f"--run_dir={tmp_path / 'run'}",
        *extra,
    )


def spoil(row, **changes):
    return {**row, **changes}


ROW = {"premise": "the dog", "hypothesis": "the cat", "label": "neutral"}
BAD_ROWS = {
    "wrong label": (spoil(ROW, label="maybe"), "maybe"),
    "empty text": (spoil(ROW, hypothesis="  "), "row 24"),
    "missing column": ({"premise": "a", "label": "neutral"}, "hypothesis"),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_row_is_named_before_any_training(
    case, data_folder, tmp_path, capsys
):
    row, expected = BAD_ROWS[case]
    file = data_folder / "nyu-mll/glue/mnli/train.jsonl"
    with file.open("a") as stream:
        stream.write("\n" + json.dumps(row))
    if case == "missing column":
        file.write_text(json.dumps(row))
    assert run_on(data_folder, tmp_path) == 2
    assert expected in error_line(capsys)
    assert not (tmp_path / "run" / "stages").exists()


def test_row_above_max_length_is_refused_on_request(
    data_folder, tmp_path, capsys
):
    long = spoil(ROW, premise="the dog sees the cat " * 30)
    file = data_folder / "nyu-mll/glue/mnli/train.jsonl"
    with file.open("a") as stream:
        stream.write("\n" + json.dumps(long))
    assert run_on(data_folder, tmp_path, "--long_rows=error") == 2
    assert "--max_length" in error_line(capsys)


def test_file_that_is_not_utf8_is_named(data_folder, tmp_path, capsys):
    file = data_folder / "nyu-mll/glue/mnli/train.jsonl"
    file.write_bytes(b'{"premise": "caf\xe9", "hypothesis": "a"}\n')
    assert run_on(data_folder, tmp_path) == 2
    assert "train.jsonl" in error_line(capsys)


def test_folder_that_is_no_run_folder_is_left_alone(tmp_path, capsys):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.tex").write_text("years of work")
    status = stilts(
        "run", *TINY, "--route=mnli", "--targets=xnli", f"--run_dir={folder}"
    )
    assert status == 2
    assert "run_dir" in error_line(capsys)
    assert [file.name for file in folder.iterdir()] == ["chapter.tex"]


def test_module_runs_as_a_command():
    done = subprocess.run(
        [sys.executable, "-m", "stilts_keras", "tasks"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert "tatoeba" in done.stdout


def test_entry_point_is_installed():
    assert shutil.which("stilts", path=str(pathlib.Path(sys.executable).parent))


def write_labels(folder, text):
    for language in "ar bg de el en es fr hi ru sw th tr ur vi zh".split():
        file = folder / "xnli" / f"test-{language}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def test_score_writes_the_evaluators_structure(tmp_path, capsys):
    write_labels(tmp_path / "labels", "neutral\nneutral\n")
    write_labels(tmp_path / "mine", "neutral\nentailment\n")
    arguments = [f"--predictions={tmp_path / 'mine'}"]
    arguments += [f"--labels={tmp_path / 'labels'}"]
    out = tmp_path / "out" / "scores.json"
    assert stilts("score", *arguments, f"--output={out}") == 0
    shown = capsys.readouterr().out
    assert "50.0" in shown
    assert "not in the predictions: pawsx, udpos" in shown
    scores = json.loads(out.read_text("utf-8"))
    assert scores["xnli"]["avg_metric"] == 50.0
    assert scores["xnli"]["accuracy"]["sw"] == 50.0
    assert "all_task" not in scores
    # Several submissions below one folder: by name.
    write_labels(tmp_path / "all/b/seed-1", "neutral\nneutral\n")
    write_labels(tmp_path / "all/a", "neutral\nentailment\n")
    arguments[0] = f"--predictions={tmp_path / 'all'}"
    assert stilts("score", *arguments, f"--output={out}") == 0
    scores = json.loads(out.read_text("utf-8"))
    assert {name: s["xnli"]["avg_metric"] for name, s in scores.items()} == {
        "a": 50.0,
        "b/seed-1": 100.0,
    }
    assert "(+50.0)" in capsys.readouterr().out
    # An unknown baseline is told before anything is written.
    out.unlink()
    arguments += [f"--output={out}", "--baseline=c"]
    assert stilts("score", *arguments) == 2
    assert "Unknown baseline 'c'" in error_line(capsys)
    assert not out.exists()


def test_a_damaged_submission_is_one_line(tmp_path, capsys):
    write_labels(tmp_path / "labels", "neutral\nneutral\n")
    write_labels(tmp_path / "mine", "neutral\n")
    arguments = [f"--predictions={tmp_path / 'mine'}"]
    arguments += [f"--labels={tmp_path / 'labels'}"]
    out = tmp_path / "scores.json"
    assert stilts("score", *arguments, f"--output={out}") == 2
    assert "test-ar.tsv" in error_line(capsys)
    assert not out.exists()


def test_a_second_writer_is_told_who_holds_the_folder(tmp_path, capsys):
    code = (
        "import fcntl, sys, time\n"
        "file = open(sys.argv[1], 'w')\n"
        "file.write('process 77 on there'); file.flush()\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "time.sleep(60)\n"
    )
    folder = tmp_path / "run"
    folder.mkdir()
    holder = subprocess.Popen(
        [sys.executable, "-c", code, folder / ".lock"],
        stdout=subprocess.PIPE,
        text=True,
    )
    arguments = [*TINY, "--route=pretrained", "--targets=tatoeba"]
    try:
        assert holder.stdout.readline() == "held\n"
        assert stilts("run", *arguments, f"--run_dir={folder}") == 2
        assert "in use by process 77 on there" in error_line(capsys)
        # Readers are not blocked.
        assert stilts("plan", *arguments, f"--run_dir={folder}") == 0
    finally:
        holder.kill()
        holder.wait()
    # A lock ends with its process, and the file that stays locks nothing.
    arguments.append("--targets=xpto")
    assert stilts("run", *arguments, f"--run_dir={folder}") == 2
    assert "in use" not in error_line(capsys)


PLACES = ("--run_dir=r", "--stage_store=s")


@pytest.fixture
def refused(tmp_path, monkeypatch, capsys):
    """Function: the one line of a command that leaves an empty folder so."""
    monkeypatch.chdir(tmp_path)

    def run(command, *arguments):
        asked = [*TINY, "--route=mnli", "--targets=xnli", *arguments]
        assert stilts(command, *asked) == 2
        assert not list(tmp_path.iterdir())
        return error_line(capsys)

    return run


@pytest.mark.parametrize(
    "arguments, said",
    [
        (
            ["--launcher=ray", "--run_dir=r"],
            "--launcher=ray with --num_workers=1 needs --stage_store=FOLDER",
        ),
        (["--num_workers=2", "--run_dir=r"], "needs --stage_store=FOLDER"),
        (["--num_workers=0", *PLACES], "num_workers must be a whole number"),
        (
            ["--launcher=ray", "--num_workers=2", *PLACES],
            "--num_workers=2 is of --launcher=local",
        ),
        (["--ray_address=a:1", *PLACES], "--ray_address=a:1 is of"),
        (["--gpus_per_stage=1", *PLACES], "--gpus_per_stage=1.0 is of"),
        (
            ["--launcher=ray", "--gpus_per_stage=-1", *PLACES],
            "gpus_per_stage must be a number of at least 0",
        ),
    ],
)
def test_a_launcher_without_what_it_needs_is_refused(arguments, said, refused):
    assert said in refused("run", *arguments)


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--run_dir=r"], "Pass --stage_store=FOLDER"),
        (["--stage_store=s"], "Pass --run_dir=FOLDER"),
        ([*PLACES], "Pass --visit=FINGERPRINT"),
        ([*PLACES, "--visit=12"], "Unknown visit '12': the graph of these"),
    ],
)
def test_a_visit_that_is_not_there_is_one_line(arguments, said, refused):
    assert said in refused("visit", *arguments)


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--stage_mirror=mirror", *PLACES], "names no place of files"),
        (["--stage_mirror=s3://b/x", "--run_dir=r"], "pass --stage_store="),
    ],
)
def test_a_mirror_that_cannot_be_is_one_line(arguments, said, refused):
    assert said in refused("run", *arguments)


def test_plan_says_what_the_mirror_has(tmp_path, monkeypatch, capsys):
    asked = []
    flags = [*TINY, "--route=mnli/squad", "--targets=xnli", *PLACES]
    flags.append(f"--stage_mirror=file://{tmp_path}/mirror")
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(
            StageMirror, "has", lambda self, name: asked.append(name)
        )
        assert stilts("plan", *flags) == 0
    assert "mirror" not in capsys.readouterr().out
    (tmp_path / "mirror" / "manifests").mkdir(parents=True)
    (tmp_path / "mirror" / "manifests" / asked[0]).write_text("")
    assert stilts("plan", *flags) == 0
    out = capsys.readouterr().out
    assert out.count("in the mirror") == 1
    assert re.search(r"reused from the mirror +1 ", out)
    # A job of what is there would have nothing to do.
    jobs = []
    for others in ([], flags[-1:]):
        assert stilts("plan", *flags[:-1], *others, "--format=json") == 0
        jobs.append(len(json.loads(capsys.readouterr().out)["visits"]))
    assert jobs[1] == jobs[0] - 1
    assert [place.name for place in tmp_path.iterdir()] == ["mirror"]


def test_jobs_are_printed_for_other_engines(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    asked = [*TINY, "--route=mnli/squad", "--targets=xnli", "--train_limit=9"]
    assert stilts("plan", *asked, *PLACES, "--format=json") == 0
    jobs = json.loads(capsys.readouterr().out)
    assert jobs["folder"] == str(tmp_path)
    names = [visit["name"] for visit in jobs["visits"]]
    squad = "mnli:9/squad:9"
    assert names == [
        f"{path} seed 1" for path in ("mnli:9", squad, f"{squad}/mnli:9")
    ]
    first, second, third = jobs["visits"]
    one, two = first["fingerprint"], second["fingerprint"]
    assert [v["after"] for v in jobs["visits"]] == [[], [one], [one, two]]
    command = third["command"]
    assert command[1:4] == ["-m", "stilts_keras", "visit"]
    assert {"--train_limit=9", "--stage_store=s"} <= set(command)
    assert command[-1] == f"--visit={third['fingerprint']}"
    assert jobs["report"]["command"][-1] == "--launcher=slurm"
    assert not list(tmp_path.iterdir())
    for missing in PLACES:
        others = [place for place in PLACES if place != missing]
        assert stilts("plan", *asked, *others, "--format=slurm") == 2
        assert missing[:-2] in error_line(capsys)
    assert stilts("plan", *asked, "--format=huggingface") == 2
    assert "slurm or json" in error_line(capsys)
