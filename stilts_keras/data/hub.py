"""Rows of the Hugging Face Hub, or of its local cache.

`datasets` is imported inside functions: planning needs none of it.
"""

import contextlib
import functools
import os

from stilts_keras.data.layout import expected_places
from stilts_keras.data.layout import select_language
from stilts_keras.data.layout import select_split
from stilts_keras.data.layout import split_text
from stilts_keras.data.layout import stack
from stilts_keras.data.layout import with_audio_of
from stilts_keras.data.layout import with_task_columns
from stilts_keras.errors import InputError
from stilts_keras.errors import first_line

CONNECT_TIMEOUT_SECONDS = 10


class HubData:
    """The Hugging Face Hub, parquet only."""

    name = "hub"

    def __init__(self):
        """Has loaded nothing yet."""
        self._loaded_from = {}

    def languages(self, task, split):
        """Returns the task's languages: what the Hub is documented to hold."""
        return tuple(
            language
            for language in task.languages
            # Nobody has documented these.
            if language not in task.extra_languages
            and self._repositories(task, language, split)
        )

    def num_rows(self, task, language, split):
        """Returns None: nothing is known before the download."""
        return None

    def fingerprint(self, task, language, split):
        """Returns repository, configuration, split and revision.

        Those of the first repository, until another has given the rows.
        """
        repository = self._loaded_from.get(
            (task.name, language, split),
            self._repositories(task, language, split)[0],
        )
        configs = "+".join(repository.configs_for(language))
        return (
            f"hub {repository.id}/{configs}"
            f"/{repository.splits[split]}@{repository.revision or 'main'}"
            f"{split_text(repository, split)}"
        )

    def origin(self, task, language, split):
        """Returns the repository that has given the rows."""
        key = (task.name, language, split)
        return f"{self.name} {self._loaded_from[key].id}"

    def note(self, task, language, split):
        """Returns what is to be said of the rows: nothing."""
        return ""

    def load(self, task, language, split):
        """Downloads (or finds in the cache) the rows.

        Raises:
            InputError: If no listed repository gives them.
        """
        problems = []
        repositories = self._repositories(task, language, split)
        if not repositories:
            raise InputError(
                f"Task {task.name!r} ({language}, {split}) is not on the Hub. "
                "Pass --data=FOLDER,hub with a folder that holds "
                f"{expected_places(task, language, split)}."
            )
        offline = not _hub_answers()
        for repository in repositories:
            try:
                with _offline_mode() if offline else contextlib.nullcontext():
                    rows = _load_from_hub(repository, language, split)
                rows = select_language(rows, repository, language, task)
                rows = select_split(rows, repository, split, task)
                rows = with_task_columns(rows, repository)
                rows = with_audio_of(rows, task)
                self._loaded_from[task.name, language, split] = repository
                return rows
            except Exception as error:  # noqa: BLE001 - named below
                problems.append(f"{repository.id}: {first_line(error)}")
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

    def _repositories(self, task, language, split):
        """Lists those that are documented to hold a language and split."""
        return [
            repository
            for repository in task.repositories
            if repository.on_hub and repository.is_documented(language, split)
        ]


def _load_from_hub(repository, language, split):
    import datasets

    # A config name would be refused in such a revision, and leaving both out
    # would silently join all configurations.
    argument = "data_dir" if repository.by_folder else "name"
    tables = {
        part: [
            datasets.load_dataset(
                repository.id,
                split=repository.splits[split],
                revision=repository.revision,
                **{argument: config},
            )
            for config in repository.configs_for(language, part)
        ]
        for part in repository.parts or [None]
    }
    return stack(
        {
            part: found[0]
            if len(found) == 1
            else datasets.concatenate_datasets(found)
            for part, found in tables.items()
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
