"""Where rows come from: the Hub, a folder of the Hub's layout, or the pocket.

All three hand over the same thing for (task, language, split): a `Dataset`
with the Hub's columns. Nothing above this module knows which one it was.
`datasets` is imported inside functions: planning needs none of it.
"""

import collections
import contextlib
import csv
import dataclasses
import functools
import hashlib
import os
import pathlib
import re

from stilts_keras.data import pocket
from stilts_keras.errors import InputError

# File ending -> the loader of `datasets` that reads it.
LOADERS = {
    ".parquet": "parquet",
    ".jsonl": "json",
    ".json": "json",
    ".csv": "csv",
    ".txt": "text",
}
CONNECT_TIMEOUT_SECONDS = 10
# The standard library stops at 131,072: an article in one cell is longer.
MAX_CELL_CHARACTERS = 2**31 - 1


def open_data(name):
    """Opens a data source by the value of `--data`.

    Args:
        name: str. `hub`, `pocket`, the path of a folder, or several of these
            with commas: the first that holds a split gives it.

    Returns:
        `HubData`, `PocketData`, `FolderData` or `FirstOf`.

    Raises:
        InputError: If it is neither word and no such folder exists.
    """
    if "," in str(name):
        return FirstOf([open_data(part) for part in str(name).split(",")])
    if name == "hub":
        return HubData()
    if name == "pocket":
        return PocketData()
    folder = pathlib.Path(name).expanduser()
    if not folder.is_dir():
        raise InputError(
            f"Data folder {str(folder)!r} does not exist. Pass --data=hub, "
            "--data=pocket, or an existing folder in the Hub's layout "
            "(<repository>/<config>/<split>.parquet)."
        )
    return FolderData(folder)


class FirstOf:
    """Several data sources; each split comes from the first that holds it."""

    def __init__(self, sources):
        """Takes a list of data sources."""
        self.sources = sources
        self.name = ",".join(source.name for source in sources)

    def languages(self, task, split):
        """Returns the task's languages that any source holds for a split."""
        held = {
            language
            for source in self.sources
            for language in source.languages(task, split)
        }
        return tuple(code for code in task.languages if code in held)

    def num_rows(self, task, language, split):
        """Returns the number of rows; None where it is not known yet."""
        return self._holder(task, language, split).num_rows(
            task, language, split
        )

    def fingerprint(self, task, language, split):
        """Returns the fingerprint by the source that holds the rows."""
        return self._holder(task, language, split).fingerprint(
            task, language, split
        )

    def origin(self, task, language, split):
        """Returns the place of the rows by the source that holds them."""
        return self._holder(task, language, split).origin(task, language, split)

    def load(self, task, language, split):
        """Loads the rows as a `datasets.Dataset`.

        Raises:
            InputError: If no source holds them.
        """
        return self._holder(task, language, split).load(task, language, split)

    def _holder(self, task, language, split):
        for source in self.sources:
            if language in source.languages(task, split):
                return source
        # Its message says what is missing.
        return self.sources[-1]


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


class PocketData:
    """The built-in small world of `data.pocket`."""

    name = "pocket"

    def languages(self, task, split):
        """Returns the task's languages that this source holds for a split."""
        return tuple(
            language
            for language in task.languages
            if self._place(task, language, split)
        )

    def num_rows(self, task, language, split):
        """Returns the number of rows, without generating them."""
        return pocket.num_rows(*self._place(task, language, split))

    def fingerprint(self, task, language, split):
        """Returns a string that changes whenever the rows would."""
        place = "/".join(self._place(task, language, split))
        return f"pocket {pocket.VERSION} {place}"

    def origin(self, task, language, split):
        """Returns where the rows are from, for messages."""
        return self.name

    def load(self, task, language, split):
        """Generates the rows as a `datasets.Dataset`.

        Raises:
            InputError: If the pocket has no such rows.
        """
        place = self._place(task, language, split)
        if place is None:
            raise InputError(
                f"The pocket has no rows for task {task.name!r} ({language}, "
                f"{split}). Pass --data=hub or --data=FOLDER."
            )
        return pocket.load(*place)

    def _place(self, task, language, split):
        for repository in task.repositories:
            if split in repository.splits:
                place = (
                    repository.id,
                    repository.config_for(language),
                    repository.splits[split],
                )
                if pocket.has(*place):
                    return place
        return None


class FolderData:
    """A folder that holds repositories as `<id>/<config>/<split>.parquet`.

    The files of one split may also be numbered (`<split>-00000-of-00002`), lie
    in a folder named after the split, or, for the config `default`, directly
    in the repository or its `data` folder. JSON Lines, CSV and, for plain
    text, `.txt` are read too.
    """

    def __init__(self, folder):
        """Takes the folder's path."""
        self.folder = pathlib.Path(folder).resolve()
        self.name = str(self.folder)
        self._found = {}

    def languages(self, task, split):
        """Returns the task's languages that this source holds for a split."""
        return tuple(
            language
            for language in task.languages
            if self._place(task, language, split)
        )

    def num_rows(self, task, language, split):
        """Returns the rows named by the files' footers; None for text."""
        place = self._place(task, language, split)
        if place.repository.language_column:
            return _languages_in(place)[
                place.repository.language_name(language)
            ]
        if any(file.suffix != ".parquet" for file in place.all_files):
            return None
        return sum(_parquet_rows(file) for file in place.all_files)

    def fingerprint(self, task, language, split):
        """Returns the sha256 of the files' contents, wherever they lie."""
        digest = hashlib.sha256()
        for file in self._place(task, language, split).all_files:
            digest.update(_file_sha256(str(file), file.stat().st_mtime_ns))
        return f"files {digest.hexdigest()}"

    def origin(self, task, language, split):
        """Returns the file of the rows, or the first of several."""
        first, *others = self._place(task, language, split).all_files
        return f"{first} and {len(others)} more" if others else str(first)

    def load(self, task, language, split):
        """Reads the rows as a `datasets.Dataset`.

        Raises:
            InputError: If there is no file, or one cannot be read.
        """
        place = self._place(task, language, split)
        if place is None:
            raise InputError(
                f"Data folder {self.name!r} has no rows for task "
                f"{task.name!r} ({language}, {split}). Expected "
                f"{expected_places(task, language, split)}."
            )
        fingerprint = self.fingerprint(task, language, split)
        tables = {
            part: _read_files(files, f"{fingerprint} {part}")
            for part, files in place.files.items()
        }
        return _select_language(
            _stack(tables), place.repository, language, task
        )

    def _place(self, task, language, split):
        key = (task.name, language, split)
        if key not in self._found:
            self._found[key] = self._find(task, language, split)
        return self._found[key]

    def _find(self, task, language, split):
        for repository in task.repositories:
            if split not in repository.splits:
                continue
            files = {
                part: _find_joined(
                    self.folder / repository.id,
                    repository.config_for(language, part),
                    repository.splits[split],
                )
                for part in repository.parts or [None]
            }
            if not all(files.values()):
                continue
            place = _Place(repository, files)
            name = repository.language_name(language)
            if not repository.language_column or _languages_in(place)[name]:
                return place
        return None


@dataclasses.dataclass(frozen=True)
class _Place:
    """Files of one split: part -> files; the part None is the whole."""

    repository: object
    files: dict

    @property
    def all_files(self):
        return [file for files in self.files.values() for file in files]


def expected_places(task, language, split):
    """Names the files, in a data folder, of one language and split.

    Args:
        task: `Task`.
        language: str.
        split: str. `train`, `dev` or `test`.

    Returns:
        str. Paths below the folder, joined by `and` and `or`.
    """
    return " or ".join(
        " and ".join(
            f"{repository.id}/{repository.config_for(language, part)}/"
            f"{name}.parquet"
            for part in repository.parts or [None]
            for name in repository.splits[split].split("+")
        )
        for repository in task.repositories
        if split in repository.splits
    )


def _languages_in(place):
    """Counts the rows of each language in files that hold several."""
    column = place.repository.language_column
    return collections.Counter(
        _language_of(value)
        for file in place.all_files
        for value in _column(str(file), file.stat().st_mtime_ns, column)
    )


def _language_of(value):
    return str(value).partition("-")[0]


@functools.cache
def _column(path, mtime_ns, column):
    """Reads one column; the modification time only renews this cache."""
    file = pathlib.Path(path)
    if file.suffix == ".parquet":
        import pyarrow.parquet

        try:
            if column not in pyarrow.parquet.read_schema(file).names:
                raise _no_column(file, column)
            table = pyarrow.parquet.read_table(file, columns=[column])
            return table[column].to_pylist()
        except (OSError, pyarrow.ArrowException) as error:
            raise _unreadable(file, error) from error
    rows = _read_files([file], f"{path} {mtime_ns}")
    if column not in rows.column_names:
        raise _no_column(file, column)
    return rows[column][:]


def _no_column(file, column):
    return InputError(
        f"File {str(file)!r} has no column {column!r}, which names each row's "
        "language. Give the Hub's columns."
    )


def _stack(tables):
    """Joins the parts of a task.

    The columns `part` and `part_row` tell which is which, and where a row
    stands in its own file.
    """
    import datasets

    if list(tables) == [None]:
        return tables[None]
    tables = _with_ids_as_text(tables)
    named = [
        rows.add_column("part", [part] * len(rows)).add_column(
            "part_row", range(len(rows))
        )
        for part, rows in tables.items()
    ]
    try:
        return datasets.concatenate_datasets(named)
    except ValueError as error:
        kinds = "; ".join(
            f"{part}: {', '.join(f'{k} {v.dtype}' for k, v in found.items())}"
            for part, found in (
                (part, rows.features) for part, rows in tables.items()
            )
        )
        raise InputError(
            f"Columns of one name differ in type ({kinds}). Give all ids and "
            "sentences as text."
        ) from error


def _with_ids_as_text(tables):
    """Turns columns of numbers into text where another part has text."""
    import datasets

    kinds = collections.defaultdict(set)
    for rows in tables.values():
        for column, feature in rows.features.items():
            kinds[column].add(getattr(feature, "dtype", None))
    mixed = [
        column
        for column, found in kinds.items()
        if len(found) > 1 and found <= {"int32", "int64", "string"}
    ]
    text = datasets.Value("string")
    return {
        part: functools.reduce(
            lambda rows, column: rows.cast_column(column, text),
            [column for column in mixed if column in rows.features],
            rows,
        )
        for part, rows in tables.items()
    }


def _select_language(rows, repository, language, task):
    """Keeps one language's rows where a configuration holds several."""
    column = repository.language_column
    if not column:
        return rows
    if column not in rows.column_names:
        raise InputError(
            f"The rows of task {task.name!r} in {repository.id!r} have no "
            f"column {column!r}, which names each row's language. Give the "
            "Hub's columns."
        )
    name = repository.language_name(language)
    values = rows[column][:]
    if None in values:
        raise InputError(
            f"Row {values.index(None)} of task {task.name!r} in "
            f"{repository.id!r} has null in {column}, which names each row's "
            "language. Mend the row."
        )
    return rows.select(
        [
            index
            for index, value in enumerate(values)
            if _language_of(value) == name
        ]
    )


class HubData:
    """The Hugging Face Hub, parquet only."""

    name = "hub"

    def __init__(self):
        """Has loaded nothing yet."""
        self._loaded_from = {}

    def languages(self, task, split):
        """Returns the task's languages: what the Hub is documented to hold."""
        repositories = self._repositories(task, split)
        return tuple(
            language
            for language in task.languages
            if any(
                language not in repository.without.get(split, ())
                for repository in repositories
            )
        )

    def num_rows(self, task, language, split):
        """Returns None: nothing is known before the download."""
        return None

    def fingerprint(self, task, language, split):
        """Returns repository, configuration, split and revision.

        Those of the first repository, until another has given the rows.
        """
        repository = self._loaded_from.get(
            (task.name, language, split), self._repositories(task, split)[0]
        )
        return (
            f"hub {repository.id}/{repository.config_for(language)}"
            f"/{repository.splits[split]}@{repository.revision or 'main'}"
        )

    def origin(self, task, language, split):
        """Returns the repository that has given the rows."""
        key = (task.name, language, split)
        return f"{self.name} {self._loaded_from[key].id}"

    def load(self, task, language, split):
        """Downloads (or finds in the cache) the rows.

        Raises:
            InputError: If no listed repository gives them.
        """
        problems = []
        if not self._repositories(task, split):
            raise InputError(
                f"Task {task.name!r} ({language}, {split}) is not on the Hub. "
                "Pass --data=FOLDER,hub with a folder that holds "
                f"{expected_places(task, language, split)}."
            )
        offline = not _hub_answers()
        for repository in self._repositories(task, split):
            try:
                with _offline_mode() if offline else contextlib.nullcontext():
                    rows = _load_from_hub(repository, language, split)
                rows = _select_language(rows, repository, language, task)
                self._loaded_from[task.name, language, split] = repository
                return rows
            except Exception as error:  # noqa: BLE001 - named below
                problems.append(f"{repository.id}: {_first_line(error)}")
        if offline:
            raise InputError(
                f"The Hub ({_endpoint()}) does not answer, and task "
                f"{task.name!r} ({language}, {split}) is not in the local "
                "cache. Check the network, or pass --data=FOLDER with the "
                "rows in the Hub's layout, or --data=pocket."
            )
        raise InputError(
            f"Task {task.name!r} ({language}, {split}) cannot be loaded from "
            f"the Hub: {'; '.join(problems)}. Pass --data=FOLDER with the "
            "rows in the Hub's layout, or --data=pocket."
        )

    def _repositories(self, task, split):
        return [
            repository
            for repository in task.repositories
            if repository.on_hub and split in repository.splits
        ]


def _find_joined(repository, config, splits):
    """Finds the files of all splits of `a+b`; none where one is missing."""
    found = [
        _find_files(repository, config, split) for split in splits.split("+")
    ]
    return tuple(sum(found, ())) if all(found) else ()


def _find_files(repository, config, split):
    """Finds the files of one configuration and split, never of others."""
    folders = [repository / config]
    if config == "default":
        folders += [repository, repository / "data"]
    for folder in folders:
        for ending in LOADERS:
            for pattern in (
                f"{split}{ending}",
                f"{split}-[0-9]*-of-[0-9]*{ending}",
                f"{split}/*{ending}",
            ):
                files = tuple(sorted(folder.glob(pattern)))
                if files:
                    _check_all_parts(files)
                    return files
    return ()


def _check_all_parts(files):
    """Raises InputError where `-of-00002` files are fewer than they say."""
    total = re.search(r"-of-(\d+)", files[0].name)
    if total and len(files) != int(total.group(1)):
        raise InputError(
            f"File {str(files[0])!r} is one of {int(total.group(1))}, but "
            f"{len(files)} are there. Fetch the others too."
        )


def _parquet_rows(file):
    import pyarrow.parquet

    try:
        return pyarrow.parquet.read_metadata(file).num_rows
    except (OSError, pyarrow.ArrowException) as error:
        raise _unreadable(file, error) from error


@functools.cache
def _file_sha256(path, mtime_ns):
    """Hashes a file; the modification time only renews this cache."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _read_files(files, fingerprint):
    import datasets

    loader, options = LOADERS[files[0].suffix], {}
    if loader == "parquet":
        # The loader fails at files without rows.
        first, files = files[0], [file for file in files if _parquet_rows(file)]
        if not files:
            raise InputError(
                f"File {str(first)!r} has no rows. Fetch it again."
            )
    else:
        for file in files:
            _check_utf8(file)
    if loader == "csv":
        for file in files:
            _check_cells(file)
        options = _csv_options(files[0])
    # Without this the cache would not notice a file changed in place.
    token = hashlib.sha256(fingerprint.encode()).hexdigest()[:16]
    cache = os.path.join(
        datasets.config.HF_DATASETS_CACHE, "stilts_keras", "rows", token
    )
    try:
        with quiet_datasets():
            rows = datasets.load_dataset(
                loader,
                data_files=[str(file) for file in files],
                split="train",
                cache_dir=cache,
                **options,
            )
    except Exception as error:  # noqa: BLE001 - datasets raises many kinds
        raise _unreadable(files[0], error) from error
    return _without_blank_lines(rows) if loader == "text" else rows


def _csv_options(file):
    """Makes every cell a text: "null" is a word, and 007 has its zeros."""
    import datasets
    import pandas

    try:
        columns = pandas.read_csv(file, nrows=0).columns
    except ValueError as error:
        raise _unreadable(file, error) from error
    text = datasets.Value("string")
    return {
        "keep_default_na": False,
        "features": datasets.Features(dict.fromkeys(columns, text)),
    }


def _check_cells(file):
    """Finds the first row of another length than the header.

    The loader would fill it up with nothing, or take its cells for those of
    other columns.
    """
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    with open(file, encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines)
        header = next(reader, [])
        for row in reader:
            if row and len(row) != len(header):
                raise InputError(
                    f"File {str(file)!r} cannot be read: the row that ends "
                    f"in line {reader.line_num} has {len(row)} cells. "
                    f"Expected {len(header)}, as in the header. Quote cells "
                    "that hold separators or line breaks."
                )


def _without_blank_lines(rows):
    """Blank lines part paragraphs of plain text; they are no rows."""
    lines = enumerate(rows["text"])
    kept = [index for index, line in lines if line.strip()]
    return rows if len(kept) == len(rows) else rows.select(kept)


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
    while cause.__cause__ is not None:
        cause = cause.__cause__
    if isinstance(cause, StopIteration):
        return InputError(f"File {str(file)!r} has no rows. Fetch it again.")
    return InputError(
        f"File {str(file)!r} cannot be read: {_first_line(cause)}. Expected "
        "a valid file of that type, in UTF-8. Fetch or convert it again."
    )


def _first_line(error):
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")[:300]


def _load_from_hub(repository, language, split):
    import datasets

    # A config name would be refused in such a revision, and leaving both out
    # would silently join all configurations.
    argument = "data_dir" if repository.by_folder else "name"
    return _stack(
        {
            part: datasets.load_dataset(
                repository.id,
                split=repository.splits[split],
                revision=repository.revision,
                **{argument: repository.config_for(language, part)},
            )
            for part in repository.parts or [None]
        }
    )


@contextlib.contextmanager
def _offline_mode():
    """Does what HF_HUB_OFFLINE=1 does, which is read only at import.

    A request that nobody answers would be repeated for minutes.
    """
    import datasets
    import huggingface_hub

    modules = (datasets.config, huggingface_hub.constants)
    before = [module.HF_HUB_OFFLINE for module in modules]
    for module in modules:
        module.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        for module, value in zip(modules, before, strict=True):
            module.HF_HUB_OFFLINE = value


def _endpoint():
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co")


@functools.cache
def _hub_answers():
    """Asks once, with a bound: the Hub's client retries for minutes."""
    import urllib.error
    import urllib.request

    switch = os.environ.get("HF_HUB_OFFLINE", "0").upper()
    if switch in ("1", "TRUE", "YES", "ON"):
        return False
    request = urllib.request.Request(_endpoint(), method="HEAD")
    try:
        urllib.request.urlopen(request, timeout=CONNECT_TIMEOUT_SECONDS)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
