"""The walls: which room may import which, and what no room may contain."""

import ast
import pathlib
import re
import subprocess
import sys

import pytest

from stilts_keras.backbones import FAMILIES

PACKAGE = pathlib.Path(__file__).resolve().parents[1] / "stilts_keras"
# Room or module -> floor. Imports go strictly downward, or stay in a room.
FLOORS = {
    "audio": 0,
    "errors": 0,
    "files": 1,
    "interruption": 1,
    "memory": 0,
    "backend": 1,
    "backbones": 2,
    "tasks": 1,
    "versions": 1,
    "options": 5,
    "flag_definitions": 6,
    "flag_values": 7,
    "command_help": 7,
    "reporting": 5,
    "data": 2,
    "disturbances": 2,
    "scoring": 2,
    "graph": 3,
    "records": 4,
    "problems": 4,
    "steps": 5,
    "score": 6,
    "export": 6,
    "predict": 6,
    "rank": 6,
    "visits": 6,
    "launchers": 7,
    "experiment": 8,
    "commands": 9,
    "main": 10,
    "__main__": 11,
}
FRAMEWORKS = {"keras", "keras_hub", "tensorflow", "jax", "torch"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def module_name(file):
    parts = ["stilts_keras", *file.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts).removesuffix(".__init__")


def imports_of(file):
    """All modules that a file imports, wherever in the file."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                names.add(whole if whole in ALL_NAMES else node.module)
    return names


ALL_NAMES = {module_name(file) for file in MODULES}


def room(name):
    return name.split(".")[1]


def ours(file):
    return {
        name
        for name in imports_of(file)
        if name.startswith("stilts_keras.") and name in ALL_NAMES
    }


def test_every_room_has_a_floor():
    rooms = {room(name) for name in ALL_NAMES if name != "stilts_keras"}
    assert rooms == set(FLOORS)


@pytest.mark.parametrize("file", MODULES, ids=module_name)
def test_imports_go_strictly_downward(file):
    name = module_name(file)
    if name == "stilts_keras":
        assert not ours(file)
        return
    for other in ours(file):
        assert (
            room(other) == room(name)
            or FLOORS[room(other)] < FLOORS[room(name)]
        ), f"{name} imports {other}"


def test_no_circles():
    graph = {module_name(file): ours(file) for file in MODULES}
    finished, open_path = set(), []

    def visit(name):
        assert name not in open_path, f"circle: {[*open_path, name]}"
        if name not in finished:
            open_path.append(name)
            for other in graph[name]:
                visit(other)
            open_path.pop()
            finished.add(name)

    for name in graph:
        visit(name)


@pytest.mark.parametrize(
    "rooms", ["tasks", "scoring", "reporting", "data", "graph", "errors"]
)
def test_lower_rooms_know_no_framework(rooms):
    for file in MODULES:
        name = module_name(file)
        if name != "stilts_keras" and room(name) == rooms:
            heads = {other.partition(".")[0] for other in imports_of(file)}
            assert not heads & FRAMEWORKS, name


def test_backend_specific_code_lives_in_one_room():
    users = {
        room(module_name(file))
        for file in MODULES
        if {name.partition(".")[0] for name in imports_of(file)}
        & {"tensorflow", "jax", "torch"}
    }
    assert users == {"backend"}


def test_flags_are_defined_in_one_module():
    sources = {module_name(file): file.read_text() for file in MODULES}
    definers = {name for name, text in sources.items() if "DEFINE_" in text}
    assert definers == {"stilts_keras.flag_definitions"}
    users = {
        module_name(file)
        for file in MODULES
        if any(name.startswith("absl") for name in imports_of(file))
    }
    command = {"flag_definitions", "flag_values", "command_help", "commands"}
    assert users == {f"stilts_keras.{name}" for name in {*command, "main"}}


def test_no_module_is_named_after_nothing():
    names = {file.stem for file in MODULES}
    assert not names & {"utils", "util", "common", "base", "helpers", "misc"}


def test_no_assert_no_exit_no_pickle_in_the_package():
    for file in MODULES:
        for node in ast.walk(ast.parse(file.read_text())):
            assert not isinstance(node, ast.Assert), file
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if file.name != "__main__.py":
                    assert called not in ("exit", "sys.exit", "quit"), file
                assert "pickle" not in called, file


MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
# Still to be cut; nothing may be added.
LONG_FILES = set()
LONG_FUNCTIONS = {"stilts_keras.steps.train.train"}


def num_code_lines(function):
    """Lines of a function, its decorators and docstring left out."""
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        lines -= first.end_lineno - first.lineno + 1
    return lines


def test_no_file_over_400_lines_no_function_over_60_but_the_step_loop():
    files, functions = set(), set()
    for file in MODULES:
        text, name = file.read_text(), module_name(file)
        if len(text.splitlines()) > MAX_FILE_LINES:
            files.add(name)
        functions |= {
            f"{name}.{node.name}"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef)
            and num_code_lines(node) > MAX_FUNCTION_LINES
        }
    # What was cut comes off the lists, so that it stays so.
    assert files == LONG_FILES
    assert functions | {"stilts_keras.steps.train.train"} == LONG_FUNCTIONS


# ----------------------------------------------------- What only backbones know
# Names of the contract, which all may use, are left out: `mask_id`, `arrays`.
TOKENS = (
    "<s> </s> <pad> <unk> <mask> [cls] [sep] [pad] [unk] [mask] pad_id bos_id "
    "eos_id cls_id sep_id unknown_id unk_id cls_token sep_token pad_token"
).split()
INPUTS = (
    "token_ids padding_mask segment_ids input_ids attention_mask "
    "token_type_ids encoder_token_ids encoder_padding_mask"
).split()
# These tell of others: of published scores, of what SentencePiece's trainer
# takes, of what stands in predictions that were not joined to text, of the name
# that Keras has for a mask, and of a published column of recognised speech.
ALLOWED = (
    "stilts_keras.reporting.published",
    "stilts_keras.data.pocket.vocabulary",
    "stilts_keras.scoring.formats.answers",
    "stilts_keras.backend.attention",
    "stilts_keras.tasks.sib_fleurs_recognised",
    "stilts_keras.data.pocket.spoken",
)


def words_of(file):
    """Names and texts of a file's code; docstrings may tell of origins."""
    tree = ast.parse(file.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname", "module"):
            word = getattr(node, field, None)
            if isinstance(word, str):
                yield word
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield str(node.value)


def familys_words(file):
    """What a file's code says of a family, a token or an input."""
    names = set()
    for family in FAMILIES.values():
        names |= {family.name, family.keras_class, *family.model_types}
        names |= {family.keras_tokenizer_class or family.name, *family.presets}
    plain = {re.sub("[-_]", "", name).lower() for name in names}
    found = set()
    for word in map(str.lower, words_of(file)):
        found |= {token for token in TOKENS if token in word}
        found |= {name for name in INPUTS if name in word}
        bare = re.sub("[-_]", "", word)
        found |= {name for name in plain if name in bare}
    return found


def test_no_family_token_or_input_is_known_outside_the_backbones_room():
    for file in MODULES:
        name = module_name(file)
        if room(f"{name}.") != "backbones" and name not in ALLOWED:
            assert not familys_words(file), name


def test_the_search_finds_what_a_family_says():
    found = familys_words(PACKAGE / "backbones" / "xlm_roberta.py")
    assert {"<s>", "pad_id", "xlmroberta"} <= found
    assert "padding_mask" in familys_words(PACKAGE / "backbones/tokenizer.py")


def loaded_by(code):
    """Which of the slow libraries a piece of code leaves imported."""
    slow = FRAMEWORKS | {"pandas", "datasets", "pyarrow", "numpy"}
    script = f"import sys\n{code}\nprint(*(set(sys.modules) & {slow!r}))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split("\n")[-2].split())


def test_importing_the_package_loads_no_framework():
    code = "import stilts_keras; stilts_keras.Graph; stilts_keras.InputError"
    assert not loaded_by(code) & (FRAMEWORKS | {"pandas", "datasets"})


@pytest.mark.parametrize(
    "arguments", ["tasks", "plan --flagfile=flags/quickstart.flags"]
)
def test_plan_and_tasks_load_no_framework(arguments):
    code = (
        f"import os; os.chdir({str(PACKAGE.parent)!r})\n"
        "from stilts_keras.main import main\n"
        f"assert main(['stilts', *{arguments!r}.split()]) == 0"
    )
    assert not loaded_by(code) & (FRAMEWORKS | {"pandas", "datasets"})
