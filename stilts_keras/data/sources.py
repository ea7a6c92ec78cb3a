"""Where rows come from: the Hub, a folder of the Hub's layout, or the pocket.

All three hand over the same thing for (task, language, split): a `Dataset`
with the Hub's columns. Nothing above this module knows which one it was.
`datasets` is imported inside functions: planning needs none of it.
"""

import functools

from stilts_keras.data import pocket
from stilts_keras.data.folder import FolderData
from stilts_keras.data.hub import HubData
from stilts_keras.data.layout import pieces
from stilts_keras.data.layout import select_language
from stilts_keras.data.layout import select_split
from stilts_keras.data.layout import split_text
from stilts_keras.data.layout import stack
from stilts_keras.data.layout import with_audio_of
from stilts_keras.errors import InputError
from stilts_keras.files import at_home


def open_data(name, own_tasks=()):
    """Opens a data source by the value of `--data`.

    Args:
        name: str. `hub`, `pocket`, the path of a folder, or several of these
            with commas: the first that holds a split gives it.
        own_tasks: iterable of Task. The user's own, which folders may hold
            rows of besides those of the package.

    Returns:
        `HubData`, `PocketData`, `FolderData` or `FirstOf`.

    Raises:
        InputError: If it is neither word and no such folder exists.
    """
    if "," in str(name):
        parts = str(name).split(",")
        return FirstOf([open_data(part, own_tasks) for part in parts])
    if name == "hub":
        return HubData()
    if name == "pocket":
        return PocketData()
    folder = at_home(name)
    if not folder.is_dir():
        raise InputError(
            f"Data folder {str(folder)!r} does not exist. Pass --data=hub, "
            "--data=pocket, or an existing folder in the Hub's layout "
            "(<repository>/<config>/<split>.parquet)."
        )
    return FolderData(folder, own_tasks)


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

    def note(self, task, language, split):
        """Returns what is to be said of the rows, by their source."""
        return self._holder(task, language, split).note(task, language, split)

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


# Splits that are made of one file's rows take them all each time.
_made = functools.lru_cache(maxsize=16)(pocket.load)


class PocketData:
    """The built-in small world of `data.pocket`."""

    name = "pocket"

    def languages(self, task, split):
        """Returns the task's languages that this source holds for a split."""
        return tuple(
            language
            for language in task.languages
            if self._repository(task, language, split)
        )

    def num_rows(self, task, language, split):
        """Returns the number of rows, without generating them."""
        repository = self._repository(task, language, split)
        if repository.split_column:
            return len(self.load(task, language, split))
        only = language if repository.language_column else None
        return sum(
            pocket.num_rows(repository.id, *place, only)
            for place in pieces(repository, language, split)
        )

    def fingerprint(self, task, language, split):
        """Returns a string that changes whenever the rows would."""
        repository = self._repository(task, language, split)
        places = [
            f"{repository.id}/{config}/{name}"
            for config, name in pieces(repository, language, split)
        ]
        if repository.language_column:
            places.append(language)
        share = split_text(repository, split)
        return f"pocket {pocket.VERSION} {' '.join(places)}{share}"

    def origin(self, task, language, split):
        """Returns where the rows are from, for messages."""
        return self.name

    def note(self, task, language, split):
        """Returns what is to be said of the rows: nothing."""
        return ""

    def load(self, task, language, split):
        """Generates the rows as a `datasets.Dataset`.

        Raises:
            InputError: If the pocket has no such rows.
        """
        import datasets

        repository = self._repository(task, language, split)
        if repository is None:
            raise InputError(
                f"The pocket has no rows for task {task.name!r} ({language}, "
                f"{split}). Pass --data=hub or --data=FOLDER."
            )
        tables = {
            part: datasets.concatenate_datasets(
                [
                    _made(repository.id, config, name)
                    for config in repository.configs_for(language, part)
                    for name in repository.splits[split].split("+")
                ]
            )
            for part in repository.parts or [None]
        }
        rows = select_language(stack(tables), repository, language, task)
        return with_audio_of(select_split(rows, repository, split, task), task)

    def _repository(self, task, language, split):
        """Returns the first Repository with such rows, or None."""
        for repository in task.repositories:
            if repository.may_hold(language, split) and all(
                self._has(repository, language, place)
                for place in pieces(repository, language, split)
            ):
                return repository
        return None

    def _has(self, repository, language, place):
        held = pocket.languages(repository.id, *place)
        return language in held if repository.language_column else bool(held)
