"""Files that lie in a data folder for a split, but would not be read.

A split that is not at its place may lie beside it: with another ending or
spelling, at another depth, in a folder named by another code of the language.
To take the next source instead, or to leave the language out, would hide
that. A path is a stray if its words say nothing but what the place says:
repository, task, configuration, language and split, in any order and spelling.
One word more, and it is another data set, configuration or language. Within
the very folder of the configuration one word is enough: the split's.
"""

import functools
import pathlib
import re

from stilts_keras.data.formats import ENDINGS
from stilts_keras.data.layout import expected_places
from stilts_keras.data.layout import pieces
from stilts_keras.errors import InputError
from stilts_keras.tasks import TASKS
from stilts_keras.tasks.languages import ENGLISH
from stilts_keras.tasks.languages import LANGUAGES

MAX_DEPTH = 6
SPLIT_WORDS = {
    "train": set("train training trn".split()),
    "dev": set("validation valid val dev devel development".split()),
    "test": set("test testing tst".split()),
}
ALL_SPLIT_WORDS = frozenset().union(*SPLIT_WORDS.values())
# Words that say nothing of whose rows a file has.
FORMAT_WORDS = set(
    "7z arrow bz2 conll conllu csv feather gz incomplete iob iob2 json jsonl "
    "ndjson parquet pkl tab tar tgz tsv txt xls xlsx xml xz zip zst".split()
)
NEUTRAL_WORDS = FORMAT_WORDS | set(
    "data dataset datasets default hub of part partial split splits".split()
)
# Scripts and regions that follow a language's code.
LANGUAGE_TAILS = set(
    "arab beng br cn cyrl deva gb geor grek hans hant hebr jpan kore latn mlym "
    "mymr taml telu thai tw us".split()
)
MORE_CODES = {
    "ar": "arb",
    "de": "ger",
    "el": "gre",
    "en": "eng",
    "et": "ekk",
    "eu": "baq",
    "fa": "fas per",
    "fr": "fre",
    "ka": "geo",
    "ms": "msa may zsm",
    "my": "mya bur",
    "nl": "dut",
    "sw": "swa",
    "yo": "yor",
    "zh": "zho chi",
}
# What lies beside rows in repositories of the Hub.
ORDINARY_NAMES = set(
    "authors changelog changes checksums citation copying dataset_dict "
    "dataset_info dataset_infos licence license manifest metadata notice "
    "readme requirements sha256sums state".split()
)
ORDINARY_ENDINGS = set(
    ".bib .cfg .crc .duckdb .gif .html .ini .ipynb .jpeg .jpg .lock .log .md "
    ".md5 .metadata .pdf .png .py .pyc .rst .sh .sha256 .svg .toml .yaml "
    ".yml".split()
)


class Strays:
    """Finds strays in one data folder, each of whose folders it lists once."""

    def __init__(self, folder, own_tasks=()):
        """Takes the data folder's path, and the user's own tasks."""
        self.folder = pathlib.Path(folder)
        # Their names alone: other processes may not know the tasks.
        self._known = _repositories_of([*TASKS.values(), *own_tasks])
        self._listed = {}

    def find(self, task, language, split):
        """Finds a file that was meant to be a split, but is not its place.

        Args:
            task: `Task`.
            language: str.
            split: str. One whose place is empty.

        Returns:
            str. The file's path below the data folder; None if there is none.
        """
        for repository in task.repositories:
            if repository.may_hold(language, split):
                place = _Place(task, repository, language, split)
                for parts in self._walk((), place):
                    if place.is_meant_by(parts):
                        return "/".join(parts)
                for parts in self._in_very_folders(place):
                    return "/".join(parts)
        return None

    def check_any_repository(self, task, language, split):
        """Checks that the data folder holds what at least one task reads.

        Raises:
            InputError: If not, with the layout, an example and what is there.
        """
        known = sorted(self._known | _repositories_of([task]))
        if any((self.folder / name).is_dir() for name in known):
            return
        example = re.split(
            " or | and ", expected_places(task, language, split)
        )[0]
        folders, files = self._entries(())
        there = ", ".join([*(f"{name}/" for name in folders), *files][:5])
        raise InputError(
            f"Data folder {str(self.folder)!r} holds no repository that a task "
            "reads. Expected <repository>/<config>/<split>.parquet (or "
            f"{', '.join(ENDINGS[1:])}), such as {example}. It holds: "
            f"{there or 'nothing'}.{self._hint(known)}"
        )

    def _hint(self, known):
        folders, _ = self._entries(())
        around = [self.folder / name for name in folders]
        for name in known:
            namespace, _, _ = name.partition("/")
            if self.folder.name == namespace:
                around.append(self.folder.parent)
            if self.folder.as_posix().endswith(f"/{name}"):
                around.append(self.folder.parents[name.count("/")])
        for folder in around:
            if any((folder / name).is_dir() for name in known):
                return f" Did you mean --data={folder}?"
        return ""

    def _entries(self, parts):
        """Lists a folder: names of folders and of files that are not ordinary.

        Both sorted; none where there is no such folder.
        """
        if parts not in self._listed:
            folder = self.folder.joinpath(*parts)
            entries = sorted(folder.iterdir()) if folder.is_dir() else []
            shown = [e for e in entries if e.name[0] not in "._~"]
            self._listed[parts] = (
                [entry.name for entry in shown if entry.is_dir()],
                [
                    entry.name
                    for entry in shown
                    if not entry.is_dir() and not _is_ordinary(entry)
                ],
            )
        return self._listed[parts]

    def _walk(self, parts, place):
        """Yields the files in all folders that the place's words allow."""
        folders, files = self._entries(parts)
        for name in files:
            yield (*parts, name)
        for name in folders:
            if len(parts) < MAX_DEPTH and place.allows(name):
                yield from self._walk((*parts, name), place)

    def _in_very_folders(self, place):
        """Yields files that one word, the split's, gives away."""
        for very in place.very_folders:
            folders, files = self._entries(very)
            has_splits = False
            nameless = []
            for inner in [(name,) for name in files] + [
                (folder, name)
                for folder in folders
                for name in self._entries((*very, folder))[1]
                if very[-1] == place.config or _is_split_word(folder)
            ]:
                if place.is_proper((*very, *inner)):
                    has_splits = True
                elif any(map(place.names_split, inner)):
                    yield (*very, *inner)
                elif not any(map(_is_split_word, inner)):
                    nameless.append((*very, *inner))
            if not has_splits:
                yield from nameless


class _Place:
    """Where rows are expected, and the words that may stand in their path."""

    def __init__(self, task, repository, language, split):
        self.task = task
        self.repository = tuple(repository.id.split("/"))
        here = pieces(repository, language, split)
        template = " ".join(
            repository.configs.get(
                language, [repository.config, *repository.parts.values()]
            )
        )
        self.has_languages = bool(
            repository.configs or "{language}" in template
        )
        self.config = here[0][0]
        self.very_folders = list(
            dict.fromkeys(
                (*self.repository, *inner)
                for config, _ in here
                for inner in (
                    [(config,), ("data",), ()]
                    if config == "default"
                    else [(config,)]
                )
            )
        )
        self.suffixes = [set(_words(name)[1:]) for _, name in here]
        self.split_words = set(SPLIT_WORDS[split])
        for _, name in here:
            first = _words(name)[0]
            for words in SPLIT_WORDS.values():
                if first in words:
                    self.split_words |= words
        self.languages = _codes_of(language, repository)
        names = [task.name, *self.repository]
        self.names = {_joined(name) for name in [*names, repository.id]}
        self.own_names = {_joined(task.name), _joined(self.repository[-1])}
        self.words = NEUTRAL_WORDS.union(
            self.languages,
            self.split_words,
            LANGUAGE_TAILS,
            self.names,
            *map(_words, [*names, template.replace("{language}", " ")]),
            *self.suffixes,
        )
        if task.kind.is_parallel:
            # Its pairs are often named by both languages.
            self.words |= _codes_of(ENGLISH, repository)
        self.known = _known_places(task)

    def allows(self, name):
        """Whether all words of a file's or folder's name are the place's."""
        return _joined(name) in self.names or all(
            word in self.words or re.fullmatch(r"v?\d+", word)
            for word in _words(name)
        )

    def is_meant_by(self, parts):
        """Whether a file's path says what the place says, in other words."""
        path = (*parts[:-1], _without_ending(parts[-1]))
        if not all(map(self.allows, path)) or self.is_proper(parts):
            return False
        rest = path
        if path[: len(self.repository)] == self.repository:
            rest = path[len(self.repository) :]
        elif not any(name in _joined("".join(path)) for name in self.own_names):
            return False
        words = {word for name in rest for word in _words(name)}
        has_split = bool(words & self.split_words)
        # Of another split, but one that is named like the configuration.
        is_other = words & (ALL_SPLIT_WORDS - self.split_words)
        if is_other or not (has_split or self.has_languages):
            return False
        return has_split or bool(words & self.languages)

    def is_proper(self, parts):
        """Whether a file is at the place of any task's split."""
        for length in range(1, len(parts)):
            places = self.known.get("/".join(parts[:length]))
            if places:
                return not places.isdisjoint(_places_of(parts[length:]))
        return False

    def names_split(self, name):
        """Whether a name has a word of the split's, and is of no other.

        Where the split is `validation_matched`, `validation_mismatched` is
        another.
        """
        words = set(_words(_without_ending(name)))
        more = {word for word in words if not word.isdigit()}
        more -= self.split_words | NEUTRAL_WORDS
        return bool(words & self.split_words) and any(
            not suffix or not more or more == suffix for suffix in self.suffixes
        )


def _words(name):
    return re.findall(r"[^\W_]+", name.lower())


def _joined(name):
    return "".join(_words(name))


def _is_split_word(name):
    return not ALL_SPLIT_WORDS.isdisjoint(_words(name))


def _is_ordinary(file):
    stem = file.name.lower().partition(".")[0]
    return (
        stem in ORDINARY_NAMES
        or file.suffix.lower() in ORDINARY_ENDINGS
        or file.name.endswith("~")
    )


def _without_ending(name):
    """Drops a file's last ending, unless it may be a language or a split."""
    stem, dot, ending = name.rpartition(".")
    is_said = ending.lower() in ALL_SPLIT_WORDS | _all_codes()
    return name if not dot or is_said else stem


def _places_of(inner):
    """Yields (configuration, split) that a path below a repository may be."""
    *folders, name = inner
    stem, ending = pathlib.PurePath(name).stem, pathlib.PurePath(name).suffix
    if ending not in ENDINGS:
        return
    split = re.sub(r"-\d.*-of-\d.*$", "", stem)
    config = "/".join(folders)
    yield ("default" if config in ("", "data") else config), split
    if folders:
        config = "/".join(folders[:-1])
        yield ("default" if config in ("", "data") else config), folders[-1]


def _repositories_of(tasks):
    return {repository.id for task in tasks for repository in task.repositories}


def _known_places(task):
    """Returns repository -> {(configuration, split)}: of all tasks, and this.

    A task of the user's own is in no registry.
    """
    known = dict(_places_of_all())
    for name, places in _places_of_tasks([task]).items():
        known[name] = known.get(name, set()) | places
    return known


@functools.cache
def _places_of_all():
    return _places_of_tasks(TASKS.values())


def _places_of_tasks(tasks):
    known = {}
    for task in tasks:
        for repository in task.repositories:
            known.setdefault(repository.id, set()).update(
                place
                for split in repository.splits
                for language in task.languages
                for place in pieces(repository, language, split)
            )
    return known


def _codes_of(language, repository):
    """Returns words that stand for a language, in any repository."""
    own = _words(repository.language_name(language))
    return {language.lower(), *own} | _codes().get(language, set())


@functools.cache
def _codes():
    codes = {code: {code} for code in LANGUAGES}
    for code, language in LANGUAGES.items():
        codes[code] |= {_words(language.name)[0]}
        codes[code] |= set(MORE_CODES.get(code, "").split())
    for task in TASKS.values():
        for repository in task.repositories:
            for code, name in repository.language_names.items():
                codes.setdefault(code, {code}).update(_words(name))
    return codes


@functools.cache
def _all_codes():
    return frozenset().union(*_codes().values())
