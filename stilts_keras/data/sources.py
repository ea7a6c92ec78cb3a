"""Where rows come from: the Hub, a folder of the Hub's layout, or the pocket.

All three hand over the same thing for (task, language, split): a `Dataset`
with the Hub's columns. Nothing above this module knows which one it was.
`datasets` is imported inside functions: planning needs none of it.
"""

import contextlib
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


def open_data(name):
    """Opens a data source by the value of `--data`.

    Args:
        name: str. `hub`, `pocket`, or the path of a folder.

    Returns:
        `HubData`, `PocketData` or `FolderData`.

    Raises:
        InputError: If it is neither word and no such folder exists.
    """
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
            if self._files(task, language, split)
        )

    def num_rows(self, task, language, split):
        """Returns the rows named by the files' footers; None for text."""
        files = self._files(task, language, split)
        if any(file.suffix != ".parquet" for file in files):
            return None
        return sum(_parquet_rows(file) for file in files)

    def fingerprint(self, task, language, split):
        """Returns the sha256 of the files' contents, wherever they lie."""
        digest = hashlib.sha256()
        for file in self._files(task, language, split):
            digest.update(_file_sha256(str(file), file.stat().st_mtime_ns))
        return f"files {digest.hexdigest()}"

    def load(self, task, language, split):
        """Reads the rows as a `datasets.Dataset`.

        Raises:
            InputError: If there is no file, or one cannot be read.
        """
        files = self._files(task, language, split)
        if not files:
            places = " or ".join(
                f"{repository.id}/{repository.config_for(language)}/"
                f"{repository.splits[split]}.parquet"
                for repository in task.repositories
                if split in repository.splits
            )
            raise InputError(
                f"Data folder {self.name!r} has no rows for task "
                f"{task.name!r} ({language}, {split}). Expected {places}."
            )
        return _read_files(files, self.fingerprint(task, language, split))

    def _files(self, task, language, split):
        key = (task.name, language, split)
        if key not in self._found:
            self._found[key] = self._find(task, language, split)
        return self._found[key]

    def _find(self, task, language, split):
        for repository in task.repositories:
            if split in repository.splits:
                files = _find_files(
                    self.folder / repository.id,
                    repository.config_for(language),
                    repository.splits[split],
                )
                if files:
                    return files
        return ()


class HubData:
    """The Hugging Face Hub, parquet only."""

    name = "hub"

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
        """Returns repository, configuration, split and revision."""
        repository = self._repositories(task, split)[0]
        return (
            f"hub {repository.id}/{repository.config_for(language)}"
            f"/{repository.splits[split]}@{repository.revision or 'main'}"
        )

    def load(self, task, language, split):
        """Downloads (or finds in the cache) the rows.

        Raises:
            InputError: If no listed repository gives them.
        """
        problems = []
        offline = not _hub_answers()
        for repository in self._repositories(task, split):
            try:
                with _offline_mode() if offline else contextlib.nullcontext():
                    return _load_from_hub(repository, language, split)
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

    loader = LOADERS[files[0].suffix]
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
    # Without this the cache would not notice a file changed in place.
    token = hashlib.sha256(fingerprint.encode()).hexdigest()[:16]
    cache = os.path.join(
        datasets.config.HF_DATASETS_CACHE, "stilts_keras", "rows", token
    )
    try:
        with quiet_datasets():
            return datasets.load_dataset(
                loader,
                data_files=[str(file) for file in files],
                split="train",
                cache_dir=cache,
            )
    except Exception as error:  # noqa: BLE001 - datasets raises many kinds
        raise _unreadable(files[0], error) from error


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
    return InputError(
        f"File {str(file)!r} cannot be read: {_first_line(cause)}. Expected "
        "a valid file of that type, in UTF-8. Fetch or convert it again."
    )


def _first_line(error):
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")[:300]


def _load_from_hub(repository, language, split):
    import datasets

    config = repository.config_for(language)
    arguments = {"revision": repository.revision}
    if repository.by_folder:
        # A config name would be refused there, and leaving both out would
        # silently join all configurations.
        arguments["data_dir"] = config
    else:
        arguments["name"] = config
    return datasets.load_dataset(
        repository.id, split=repository.splits[split], **arguments
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
