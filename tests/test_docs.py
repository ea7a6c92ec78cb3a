"""What README and the pages of docs/ show is true, and runs.

Commands are parsed and planned, examples of Python run, rows that are shown are
read, names exist, links lead somewhere.
"""

import os
import re
import shlex
import subprocess
import sys
import tomllib

import pytest

import fake_runs
from own_rows import write_reviews
from pages import PAGES
from pages import ROOT
from pages import anchor
from pages import block_after
from pages import blocks
from pages import headings
from pages import inline_code
from pages import links
from pages import prose
from pages import shell_lines
from stilts_keras.backbones import FAMILIES
from stilts_keras.command_help import USAGE
from stilts_keras.data import sources
from stilts_keras.data.rows import RowReader
from stilts_keras.disturbances import DISTURBANCES
from stilts_keras.graph.own_tasks import load_task_file
from stilts_keras.graph.route import Route
from stilts_keras.main import FLAGS
from stilts_keras.main import main
from stilts_keras.reporting import rendering
from stilts_keras.scoring.suites import SUITES
from stilts_keras.tasks import TASKS
from test_house import FLOORS

PACKAGE = ROOT / "stilts_keras"
COMMANDS = re.findall(r"^  ([a-z]+) ", USAGE, re.MULTILINE)
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]
MAX_LINES = 200
# Flags of absl, TensorBoard, sbatch and XLA.
FOREIGN = ("flagfile", "help", "logdir", "partition", "time")
FOREIGN += ("xla_force_host_platform_device_count",)
# Mark above rows that are shown -> the task and language that they are of.
ROWS = {"bucc": ("bucc2018", "de"), "ccg": ("ccg", "en")}
# Examples that a test below, or the module named, runs.
RUN = {
    "python": "",
    "own task": "test_own_task",
    "own metric": "",
    "own rows": "",
    "bucc to jsonl": "data/test_bad_rows",
    "run folder": "",
    "flags/studies/small_real.flags": "test_results_page",
    **dict.fromkeys(ROWS, ""),
}
MARK = re.compile(r"<!-- (?:example|command|file): ([a-z_./ ]+) -->\n\Z")


def stilts_commands():
    found = (line for line in shell_lines() if line.startswith("stilts "))
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("command", stilts_commands())
def test_shell_examples_plan(command, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shares = {"pretrained": 0.5, "mnli": 0.7}
    for name, seed in (("first", 1), ("seed_1", 1), ("seed_2", 2)):
        run_dir = tmp_path / "runs" / name
        if command.startswith("stilts report") and name in command:
            fake_runs.write_run(run_dir, shares, seeds=(seed,), n=30)
            fake_runs.describe(run_dir)
    if "--task_file" in command:
        task = block_after("<!-- example: own task -->")
        (tmp_path / "reviews.py").write_text(task, "utf-8")
        write_reviews(tmp_path / "rows")
    words = shlex.split(command.partition(" > ")[0])
    # What takes a backbone and rows is planned, by the same flags.
    words[1] = "plan" if words[1] in ("run", "rank") else words[1]
    words = [
        f"--flagfile={ROOT}/{word.partition('=')[2]}"
        if word.startswith("--flagfile=")
        else word
        for word in words
    ]
    status = main(words)
    error = capsys.readouterr().err
    # There is no run of that name to be scored or taken away.
    reason = {
        "score": "does not exist",
        "export": "no finished stage",
        "predict": "does not exist",
        "prune": "is no ",
    }
    assert status == (2 if words[1] in reason else 0), error
    assert reason.get(words[1], "") in error


def test_other_shell_lines_name_what_is_there():
    seen = set()
    for line in shell_lines():
        if line.startswith("stilts "):
            continue
        words = shlex.split(line)
        seen.add(words[0])
        if words[:3] == ["python", "-m", "benchmarks"]:
            continue
        if words[:2] == ["pip", "install"]:
            assert words[2] == "-e"
            extra = re.fullmatch(r"\.(?:\[(\w+)\])?", words[3]).group(1)
            assert extra is None or extra in EXTRAS
        elif words[0] == "tensorboard":
            assert re.fullmatch(r"--logdir=runs/\w+/tensorboard", words[1])
        else:
            assert line in ("python3 -m venv .venv", ". .venv/bin/activate") + (
                "pytest",
            )
    assert {"tensorboard", "pip", "pytest"} <= seen


def test_every_other_block_is_an_example_that_a_test_knows():
    seen = set()
    for kind in ("python", "text", ""):
        for page, above, block in blocks(kind):
            mark = MARK.search(above)
            if mark:
                seen.add(mark.group(1))
            else:
                # The routes and the house have tests by their headings.
                assert page in ("docs/routes.md", "docs/architecture.md"), block
    assert seen == set(RUN)


def test_python_example_runs(tmp_path):
    code = block_after("<!-- example: python -->")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    # udpos (two metrics, six languages) and tatoeba (five), two routes.
    assert done.stdout.splitlines()[-1].startswith("34 tatoeba de")


def test_own_metric_scores():
    names = {}
    exec(block_after("<!-- example: own metric -->"), names)
    gold = ["entailment", "contradiction", "contradiction", "neutral"]
    guesses = ["entailment", "neutral", "entailment", "neutral"]
    assert names["HALF_RIGHT"](gold, guesses) == pytest.approx(62.5)


def write_rows(folder, block):
    """Writes lines of a path and a row each."""
    for line in block.splitlines():
        path, row = line.split(maxsplit=1)
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{row}\n", "utf-8")


def read(data, task, language, split):
    """The Examples of a split, each row checked."""
    rows = data.load(task, language, split)
    reader = RowReader(task, rows.features, where="here", is_evaluated=True)
    return [reader.read(index, row).item for index, row in enumerate(rows)]


@pytest.mark.parametrize("mark", ROWS)
def test_rows_shown_are_read(tmp_path, mark):
    name, language = ROWS[mark]
    block = block_after(f"<!-- example: {mark} -->")
    write_rows(tmp_path, block)
    data = sources.open_data(str(tmp_path))
    examples = read(data, TASKS[name], language, "dev")
    assert len(examples) == block.count("validation")


def test_own_rows_shown_are_those_of_the_own_task(tmp_path):
    file = tmp_path / "reviews.py"
    file.write_text(block_after("<!-- example: own task -->"), "utf-8")
    (task,) = load_task_file(file)
    write_rows(tmp_path, block_after("<!-- example: own rows -->"))
    data = sources.open_data(str(tmp_path / "rows"), [task])
    for language, split in (("en", "train"), ("en", "dev"), ("de", "test")):
        (example,) = read(data, task, language, split)
        assert example.first and example.label in ("good", "bad", 0, 1)


def test_routes_shown_are_routes():
    block = block_after("## A route")
    routes = [line.split()[0] for line in block.splitlines() if line[0] != " "]
    assert len(routes) == 9
    for route in routes:
        written_out = route
        for short, full in {
            "anliplus": "snli+mnli+anli",
            "mlm@de,fr,ru:20k": "mlm@de:20k+mlm@fr:20k+mlm@ru:20k",
            "xnli@en,de,es:10k": "xnli:10k+xnli@de:10k+xnli@es:10k",
        }.items():
            written_out = written_out.replace(short, full)
        assert str(Route.parse(route)) == written_out


# --------------------------------------------------------------- What is named
@pytest.mark.parametrize("page", PAGES)
def test_flags_named_exist_and_take_the_values_shown(page):
    for name in re.findall(r"--([a-z_]+)\b", PAGES[page]):
        known = name in FLAGS or name.removeprefix("no") in FLAGS
        assert known or name in FOREIGN, name
    for code in inline_code(PAGES[page]):
        for word in shlex.split(code) if " --" in f" {code}" else ():
            name, given, value = word.removeprefix("--").partition("=")
            if word != name and given and name not in FOREIGN:
                for one in value.split("|"):
                    FLAGS[name].parser.parse(one)


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_modules_named_exist(page):
    for code in inline_code(PAGES[page]):
        words = code.split()
        if words[0] == "stilts" and words[1:]:
            assert words[1] in COMMANDS or words[1] in ("--help",), code
        if words[:2] == ["stilts", "tasks"]:
            assert set(words[2:]) <= set(TASKS), code
        if code.startswith("python -m "):
            module = words[2].replace(".", "/")
            there = ROOT / f"{module}.py", ROOT / module / "__main__.py"
            assert any(file.is_file() for file in there), code
        if code.startswith("pip install"):
            found = re.findall(r"\[(\w+)\]", code)
            assert set(found) <= set(EXTRAS), code


@pytest.mark.parametrize("page", PAGES)
def test_files_named_exist(page):
    for code in inline_code(PAGES[page]):
        is_file = re.fullmatch(r"[\w/]+\.(py|flags)", code)
        is_folder = re.fullmatch(r"(stilts_keras|tests|tasks)/[\w/]*", code)
        # The user's own.
        if (is_file or is_folder) and code != "reviews.py":
            assert (ROOT / code).exists() or (PACKAGE / code).exists(), code


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings(page):
    for link in links(PAGES[page]):
        path, _, place = link.partition("#")
        file = ((ROOT / page).parent / path if path else ROOT / page).resolve()
        assert file.is_file(), link
        if place:
            text = PAGES[file.relative_to(ROOT).as_posix()]
            assert place in map(anchor, headings(text)), link


def test_every_page_is_listed():
    listed = {link.partition("#")[0] for link in links(PAGES["docs/README.md"])}
    pages = {page.removeprefix("docs/") for page in PAGES}
    assert listed == pages - {"README.md"} | {"../README.md"}


@pytest.mark.parametrize("page", [page for page in PAGES if "/" in page])
def test_pages_are_short_and_open_with_their_question(page):
    assert len(PAGES[page].splitlines()) <= MAX_LINES
    title, opening = PAGES[page].split("\n\n")[:2]
    assert title.startswith("# ")
    assert "?" in opening


def texts_with_references():
    """Texts outside the pages that may send a reader to one, by file."""
    folders = (PACKAGE, ROOT / "flags", ROOT / "benchmarks")
    files = [
        file
        for folder in folders
        for file in folder.rglob("*")
        if file.suffix in (".py", ".flags")
    ]
    for file in [*files, ROOT / "CHANGELOG.md", ROOT / "pyproject.toml"]:
        lines = file.read_text("utf-8").splitlines()
        yield file, " ".join(line.strip(' #"') for line in lines)


def test_references_from_code_and_flagfiles_lead_somewhere():
    seen = 0
    for file, text in texts_with_references():
        assert not re.search(r"README(\.md)?,? [A-Z]", text), file
        for page, heading in re.findall(
            r"\b((?:docs/\w+|README)\.md)(?: \(\"([^\"]+)\"\))?", text
        ):
            assert page in PAGES, (file, page)
            assert not heading or heading in headings(PAGES[page]), file
            seen += 1
    assert seen > 10


# ------------------------------------------------------------- What is listed
def test_tables_name_all_that_is_there():
    named = {page: set(inline_code(text)) for page, text in PAGES.items()}
    flagfiles = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "flags").rglob("*.flags")
        if file.parent.name != "xtreme"
    }
    shown = {name for name in named["docs/studies.md"] if "/<" not in name}
    assert flagfiles == {name for name in shown if name.endswith(".flags")}
    for family in FAMILIES.values():
        assert {family.name, *family.presets} <= named["docs/backbones.md"]
    given = {task.disturbance for task in TASKS.values() if task.disturbs}
    assert {*DISTURBANCES, *given} <= named["docs/robustness.md"]
    samplings = {name.partition(" ")[0] for name in named["docs/routes.md"]}
    assert set(FLAGS["sampling"].parser.enum_values) <= samplings
    suite = SUITES["xtreme_r"]
    text = " ".join(PAGES["docs/scoring.md"].split())
    for name in ("udpos", "panx", "xquad", "tatoeba"):
        number = len(suite.languages_of(name))
        assert re.search(rf"\b{name} \({number}( languages)?\)", text), name


def test_the_run_folder_shown_is_what_the_package_writes():
    block = block_after("<!-- example: run folder -->")
    names = re.findall(r"^  (\w+)(?:\.jsonl?|/)", block, re.MULTILINE)
    assert len(names) > 12
    source = " ".join(file.read_text("utf-8") for file in PACKAGE.rglob("*.py"))
    for name in set(names):
        assert re.search(rf"\"{name}[\"./]", source), name


def test_house_names_every_room_and_module():
    block = block_after("## The house")
    for path in PACKAGE.iterdir():
        if path.is_dir() and (path / "__init__.py").exists():
            assert f"{path.name}/" in block
            for file in path.glob("*.py"):
                if (
                    path.name in ("problems", "tasks")
                    or file.stem == "__init__"
                ):
                    continue
                assert file.name in block, file


def test_floors_shown_are_those_of_the_house():
    shown = {}
    for line in block_after("## The house").splitlines():
        found = re.match(r"  (\w+)(?:/|\.py)\s.*?(\d+)(?:, (\d+))?$", line)
        if found:
            room, floor, second = found.groups()
            shown[room] = int(floor)
            if second:
                shown["commands"] = int(second)
    # The one module that nobody imports, and the command is.
    assert shown == {
        room: floor for room, floor in FLOORS.items() if room != "__main__"
    }


def test_all_marks_of_tables_are_told_of():
    marks = {letter for letter in rendering.LATEX if not letter.isascii()}
    assert len(marks) >= 6
    shown = re.findall(r"^\| (\S) \|", PAGES["docs/report.md"], re.MULTILINE)
    assert marks <= set(shown)


def test_no_block_is_left_open():
    for page, text in PAGES.items():
        assert "```" not in prose(text), page
