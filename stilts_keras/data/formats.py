"""Formats of files: what each holds, and how it becomes the Hub's columns.

- `.parquet`: the columns, with their types.
- `.jsonl`, `.json`: an object for each row, or a list of them; for questions
  also SQuAD's nested JSON, and answers as a list of objects.
- `.csv`: a header, then rows, quoted where need be. Each value is text.
- `.tsv`: likewise, without quotes: a quotation mark is text. For tagging there
  is no header, but CoNLL's two columns.
- `.conll`: for tagging, a token, a tab and its tag in each line, and a blank
  line after each sentence.
- `.txt`: a text in each line.

`datasets` is imported inside functions: planning needs none of it.
"""

import contextlib
import functools
import hashlib
import os

from stilts_keras.data import squad_json
from stilts_keras.data import text_files
from stilts_keras.errors import InputError
from stilts_keras.errors import first_line
from stilts_keras.tasks.columns import Answers
from stilts_keras.tasks.columns import Labels
from stilts_keras.tasks.columns import Words

# Those of `datasets` read these; the other endings are read here.
LOADERS = {
    ".parquet": "parquet",
    ".jsonl": "json",
    ".json": "json",
    ".txt": "text",
}
ENDINGS = (*LOADERS, ".csv", ".tsv", ".conll")
# Part of a file's fingerprint, so that rows packed from what an ending used to
# mean are not taken for those of today: raise where its reading changes.
VERSIONS = {".csv": 2}


@contextlib.contextmanager
def quiet_datasets():
    """Hides the progress bars of `datasets` for a while; ours are enough."""
    import datasets

    shown = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()


def count_parquet_rows(file):
    """Returns the number of rows that a parquet file's footer names.

    Raises:
        InputError: If the file is no parquet file.
    """
    import pyarrow.parquet

    try:
        return pyarrow.parquet.read_metadata(file).num_rows
    except (OSError, pyarrow.ArrowException) as error:
        raise _unreadable(file, error) from error


def read_column(file, column, task):
    """Reads one column of one file.

    Args:
        file: `pathlib.Path`.
        column: str.
        task: `Task` that the rows are for.

    Returns:
        List of the values; None if the file has no such column.

    Raises:
        InputError: If the file cannot be read.
    """
    if file.suffix == ".parquet":
        import pyarrow.parquet

        try:
            if column not in pyarrow.parquet.read_schema(file).names:
                return None
            table = pyarrow.parquet.read_table(file, columns=[column])
            return table[column].to_pylist()
        except (OSError, pyarrow.ArrowException) as error:
            raise _unreadable(file, error) from error
    rows = read_files([file], f"{file} {file.stat().st_mtime_ns}", task)
    return rows[column][:] if column in rows.column_names else None


def read_files(files, fingerprint, task):
    """Reads files of one ending, one after the other.

    Args:
        files: list of `pathlib.Path`.
        fingerprint: str. Changes with the files' contents: the name under
            which `datasets` keeps the rows.
        task: `Task` that the rows are for; its problem decides what `.tsv`
            and `.json` may hold.

    Returns:
        A `datasets.Dataset` with the Hub's columns.

    Raises:
        InputError: If a file cannot be read, with the line where there is one.
    """
    import datasets

    _check_one_ending(files)
    if files[0].suffix == ".parquet":
        files = _files_with_rows(files)
    else:
        for file in files:
            _check_utf8(file)
    # Without this the cache would not notice a file changed in place, nor
    # that another task reads the same file in another way.
    name = " ".join([fingerprint, task.problem, *task.columns])
    token = hashlib.sha256(name.encode()).hexdigest()[:16]
    cache = os.path.join(
        datasets.config.HF_DATASETS_CACHE, "stilts_keras", "rows", token
    )
    try:
        with quiet_datasets():
            rows = _read(files, task, cache, token)
            if _has_answers(task):
                rows = _answers_as_columns(rows, cache, token)
            if files[0].suffix == ".txt":
                rows = _without_blank_lines(rows)
            return rows
    except Exception as error:  # noqa: BLE001 - datasets raises many kinds
        raise _unreadable(files[0], error) from error


def _read(files, task, cache, token):
    import datasets

    read = _own_reader(files, task)
    if read is None:
        return datasets.load_dataset(
            LOADERS[files[0].suffix],
            data_files=[str(file) for file in files],
            split="train",
            cache_dir=cache,
        )
    function, features = read
    return datasets.Dataset.from_generator(
        _never_empty,
        features=features,
        gen_kwargs={"function": function, "files": files},
        cache_dir=cache,
        fingerprint=token,
    )


def _own_reader(files, task):
    """Returns a function from a file to its rows, and their features.

    None where `datasets` has a loader for these files.
    """
    import datasets

    text = datasets.Value("string")
    ending = files[0].suffix
    if task.problem == "tagging" and ending in (".tsv", ".conll"):
        words = _column_of(task, Words)
        tags = _column_of(task, Labels)
        features = {name: datasets.List(text) for name in (words, tags)}
        return text_files.Sentences(words, tags), datasets.Features(features)
    if ending == ".conll":
        raise InputError(
            f"File {str(files[0])!r} has CoNLL's two columns, which only tasks "
            f"that tag words read. Give the rows of task {task.name!r} as "
            ".parquet, .jsonl, .csv or .tsv."
        )
    if ending in (".csv", ".tsv"):
        header = text_files.read_header(files)
        return text_files.table_rows, datasets.Features(
            dict.fromkeys(header, text)
        )
    if _has_answers(task) and ending == ".json":
        if any(squad_json.articles_of(file) is not None for file in files):
            has_breaks = squad_json.BREAKS in task.columns
            return (
                functools.partial(squad_json.rows_of, has_breaks=has_breaks),
                squad_json.features(has_breaks),
            )
    return None


def _has_answers(task):
    """Whether rows are SQuAD's, or have its answers."""
    return any(isinstance(kind, Answers) for kind in task.columns.values())


def _column_of(task, kind):
    """Returns the name of the one column of a kind."""
    (name,) = (n for n, it in task.columns.items() if isinstance(it, kind))
    return name


def _never_empty(function, files):
    """Yields all files' rows; `datasets` has only a riddle for none."""
    count = 0
    for file in files:
        for row in function(file):
            count += 1
            yield row
    if not count:
        raise text_files.no_rows(files[0])


def _answers_as_columns(rows, cache, token):
    """Answers as lists of objects mean what the Hub's dict of lists means."""
    import datasets

    if not isinstance(rows.features.get("answers"), datasets.List):
        return rows
    features = rows.features.copy()
    features["answers"] = squad_json.features()["answers"]
    os.makedirs(cache, exist_ok=True)
    return rows.map(
        lambda answers: {"answers": list(map(squad_json.by_column, answers))},
        input_columns="answers",
        batched=True,
        features=features,
        new_fingerprint=token,
        cache_file_name=os.path.join(cache, "answers.arrow"),
    )


def _without_blank_lines(rows):
    """Blank lines part paragraphs of plain text; they are no rows."""
    lines = enumerate(rows["text"])
    kept = [index for index, line in lines if line.strip()]
    return rows if len(kept) == len(rows) else rows.select(kept)


# ------------------------------------------------------------- What is wrong
def _check_one_ending(files):
    for file in files:
        if file.suffix != files[0].suffix:
            raise InputError(
                f"Files {str(files[0])!r} and {str(file)!r} belong together, "
                "but differ in format. Convert one of them."
            )


def _files_with_rows(files):
    """Leaves out files without rows, at which the loader fails."""
    kept = [file for file in files if count_parquet_rows(file)]
    if not kept:
        raise text_files.no_rows(files[0])
    return kept


def _check_utf8(file):
    """Finds the first wrong line: the JSON loader would keep its bytes."""
    with open(file, "rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise InputError(
                    f"File {str(file)!r} cannot be read: line {number} is not "
                    f"UTF-8 ({error.reason}). Convert the file to UTF-8."
                ) from error


def _unreadable(file, error):
    cause = error
    while cause.__cause__ is not None and not isinstance(cause, InputError):
        cause = cause.__cause__
    if isinstance(cause, InputError):
        return cause
    if isinstance(cause, StopIteration):
        return text_files.no_rows(file)
    return InputError(
        f"File {str(file)!r} cannot be read: {first_line(cause)}. Expected "
        "a valid file of that type, in UTF-8. Fetch or convert it again."
    )
