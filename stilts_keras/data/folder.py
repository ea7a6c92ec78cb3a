"""Rows of a folder that holds repositories in the Hub's layout."""

import collections
import dataclasses
import functools
import hashlib
import pathlib
import re

from stilts_keras.data import formats
from stilts_keras.data.layout import expected_places
from stilts_keras.data.layout import field_values
from stilts_keras.data.layout import language_of
from stilts_keras.data.layout import numbers_in_split
from stilts_keras.data.layout import pieces
from stilts_keras.data.layout import select_language
from stilts_keras.data.layout import select_split
from stilts_keras.data.layout import split_text
from stilts_keras.data.layout import stack
from stilts_keras.data.layout import with_audio_of
from stilts_keras.data.layout import with_task_columns
from stilts_keras.data.note import note_of
from stilts_keras.data.strays import Strays
from stilts_keras.errors import InputError


class FolderData:
    """A folder that holds repositories as `<id>/<config>/<split>.parquet`.

    The files of one split may also be numbered (`<split>-00000-of-00002`), lie
    in a folder named after the split, or, for the config `default`, directly
    in the repository or its `data` folder. `formats` says which endings are
    read. What lies there for a split but would not be read is refused.
    """

    def __init__(self, folder, own_tasks=()):
        """Takes the folder's path, and the user's own tasks."""
        self.folder = pathlib.Path(folder).resolve()
        self.name = str(self.folder)
        self._found = {}
        self._columns = {}
        self._strays = Strays(self.folder, own_tasks)

    def languages(self, task, split):
        """Returns the task's languages that this source holds for a split.

        Raises:
            InputError: If a split lies there twice, in part, or under a name
                by which it would not be read; or if the folder holds no
                repository that any task knows.
        """
        return tuple(
            language
            for language in task.languages
            if self._place(task, language, split)
        )

    def num_rows(self, task, language, split):
        """Returns the rows named by the files' footers; None for text."""
        place = self._place(task, language, split)
        if place.repository.language_column:
            counts = self._count_languages(place, task)
            return counts[place.repository.language_name(language)]
        if any(file.suffix != ".parquet" for file in place.all_files):
            return None
        if place.repository.split_column:
            return self._count_split(place, split, task)
        return sum(map(formats.count_parquet_rows, place.all_files))

    def fingerprint(self, task, language, split):
        """Returns the sha256 of the files' contents, wherever they lie."""
        digest = hashlib.sha256()
        place = self._place(task, language, split)
        for file in place.all_files:
            digest.update(_file_sha256(str(file), file.stat().st_mtime_ns))
            version = formats.VERSIONS.get(file.suffix)
            if version:
                digest.update(f"{file.suffix} {version}".encode())
        share = split_text(place.repository, split)
        return f"files {digest.hexdigest()}{share}"

    def origin(self, task, language, split):
        """Returns the file of the rows, or the first of several."""
        first, *others = self._place(task, language, split).all_files
        return f"{first} and {len(others)} more" if others else str(first)

    def note(self, task, language, split):
        """Returns what is to be said of the rows; see `data.note`."""
        place = self._place(task, language, split)
        return note_of(self.folder / place.repository.id)

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
            part: formats.read_files(files, f"{fingerprint} {part}", task)
            for part, files in place.files.items()
        }
        rows = select_language(stack(tables), place.repository, language, task)
        rows = select_split(rows, place.repository, split, task)
        # Only by the Task's names is it known which columns it reads.
        return with_audio_of(with_task_columns(rows, place.repository), task)

    def _place(self, task, language, split):
        key = (task.name, language, split)
        if key not in self._found:
            self._found[key] = self._find(task, language, split)
        return self._found[key]

    def _find(self, task, language, split):
        is_there = False
        for repository in task.repositories:
            if not repository.may_hold(language, split):
                continue
            files = {
                part: _find_joined(
                    self.folder / repository.id,
                    repository.configs_for(language, part),
                    repository.splits[split],
                )
                for part in repository.parts or [None]
            }
            if not all(files.values()):
                continue
            place = _Place(repository, files)
            name = repository.language_name(language)
            if not repository.language_column:
                return place
            if self._count_languages(place, task)[name]:
                return place
            is_there = True
        if not is_there:
            self._check_not_passed_over(task, language, split)
        return None

    def _check_not_passed_over(self, task, language, split):
        """Raises InputError if something there was meant to be these rows."""
        self._check_none_in_part(task, language, split)
        found = self._strays.find(task, language, split)
        if found:
            raise InputError(
                f"Data folder {self.name!r} has {found!r}, which is not read: "
                f"rows of task {task.name!r} ({language}, {split}) are "
                f"expected as {expected_places(task, language, split)} "
                f"(or {', '.join(formats.ENDINGS[1:])}). Rename or convert "
                "it, or move it out of the data folder."
            )
        self._strays.check_any_repository(task, language, split)

    def _check_none_in_part(self, task, language, split):
        """Raises InputError if some of the files that make a split are there.

        Another source would give them all, and these be passed over.
        """
        for repository in task.repositories:
            if not repository.may_hold(language, split):
                continue
            there, missing = [], []
            for config, name in pieces(repository, language, split):
                files = _find_files(self.folder / repository.id, config, name)
                place = f"{repository.id}/{config}/{name}"
                (there if files else missing).append(place)
            if there and missing:
                raise InputError(
                    f"Data folder {self.name!r} has {' and '.join(there)}, but "
                    f"not {' and '.join(missing)}, which rows of task "
                    f"{task.name!r} ({language}, {split}) need too: expected "
                    f"{expected_places(task, language, split)}. Add what is "
                    "missing, or move the rest out of the data folder."
                )

    def _count_languages(self, place, task):
        """Counts the rows of each language in files that hold several."""
        return collections.Counter(
            language_of(value)
            for file in place.all_files
            for value in self._language_column(file, place.repository, task)
        )

    def _count_split(self, place, split, task):
        """Counts the rows of one split in files that hold all of them."""
        column = place.repository.split_column
        return sum(
            len(numbers_in_split(values, place.repository, split, task))
            for values in (
                formats.read_column(file, column, task) or []
                for file in place.all_files
            )
        )

    def _language_column(self, file, repository, task):
        column = repository.language_column
        key = (file, file.stat().st_mtime_ns, column)
        if key not in self._columns:
            values = formats.read_column(file, column.partition(".")[0], task)
            if values is None:
                raise InputError(
                    f"File {str(file)!r} has no column {column!r}, which names "
                    "each row's language. Give the Hub's columns."
                )
            self._columns[key] = field_values(values, column)
        return self._columns[key]


@dataclasses.dataclass(frozen=True)
class _Place:
    """Files of one split: part -> files; the part None is the whole."""

    repository: object
    files: dict

    @property
    def all_files(self):
        return [file for files in self.files.values() for file in files]


def _find_joined(repository, configs, splits):
    """Finds the files of all splits of `a+b`; none where one is missing."""
    found = [
        _find_files(repository, config, split)
        for config in configs
        for split in splits.split("+")
    ]
    return tuple(sum(found, ())) if all(found) else ()


def _find_files(repository, config, split):
    """Finds the files of one configuration and split, never of others."""
    folders = [repository / config]
    if config == "default":
        folders += [repository, repository / "data"]
    found = [files for f in folders for files in _files_of(f, split)]
    if len(found) > 1:
        raise InputError(
            f"Split {split!r} lies there twice: {str(found[0][0])!r} and "
            f"{str(found[1][0])!r}. Keep the one that is to be read, and move "
            "the other out of the data folder."
        )
    for files in found:
        _check_all_parts(files)
    return found[0] if found else ()


def _files_of(folder, split):
    """Returns a list of tuples of files: of one ending and numbered or not."""
    groups = collections.defaultdict(list)
    pattern = re.compile(rf"{re.escape(split)}(-\d.*-of-\d.*)?")
    for file in _visible(folder):
        if file.suffix in formats.ENDINGS:
            match = pattern.fullmatch(file.name.removesuffix(file.suffix))
            if match:
                groups[bool(match[1]), file.suffix].append(file)
    for file in _visible(folder / split):
        if file.suffix in formats.ENDINGS:
            groups["folder", file.suffix].append(file)
    return [tuple(files) for files in groups.values()]


def _visible(folder):
    if not folder.is_dir():
        return []
    files = (file for file in folder.iterdir() if file.name[0] != ".")
    return sorted(files)


def _check_all_parts(files):
    """Raises InputError where `-of-00002` files are fewer than they say."""
    total = re.search(r"-of-(\d+)", files[0].name)
    if total and len(files) != int(total.group(1)):
        raise InputError(
            f"File {str(files[0])!r} is one of {int(total.group(1))}, but "
            f"{len(files)} are there. Fetch the others too."
        )


@functools.cache
def _file_sha256(path, mtime_ns):
    """Hashes a file; the modification time only renews this cache."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
