"""Routes: the small language that says what is trained before a target.

route  = "pretrained" | "longer" [ ":" steps ] | stage *( "/" stage )
stage  = source *( "+" source )
source = name [ "@" language *( "," language ) ] [ ":" count ] | suite
name   = task [ "-shuffled" ]
"""

import dataclasses
import re

from stilts_keras.errors import InputError
from stilts_keras.errors import unknown
from stilts_keras.scoring.suites import SUITES
from stilts_keras.tasks import TASKS
from stilts_keras.tasks import shuffled
from stilts_keras.tasks.task import Task

PRETRAINED = "pretrained"
# No stage before the target, whose own takes more steps instead.
LONGER = "longer"
SYNTAX = (
    "'task', 'task@language' or 'task:count', joined by '+' in one stage and "
    "by '/' in sequence, such as 'mnli+squad:20k/hellaswag'"
)

# Let '-' and '.' pass, so that 'paws-x' and ':1.5k' get the apter error.
_FOREIGN = re.compile(r"[^a-z0-9_.@:+/,-]")
_SOURCE = re.compile(r"([^@:]*)(?:@([^@:]*))?(?::([^@:]*))?")
# Twelve digits are more rows than any data set has.
_COUNT = re.compile(r"([1-9][0-9]{0,11})(k?)")


@dataclasses.dataclass(frozen=True)
class Source:
    """A task in one language, at one size; `str` of it is canonical.

    Attributes:
        task: Task.
        language: str. One of the task's languages.
        count: int or None. Number of training examples; None leaves it to
            `train_limit`, or means all.
    """

    task: Task
    language: str
    count: int | None = None

    @property
    def name(self):
        """The source without its count."""
        if self.language == self.task.language:
            return self.task.name
        return f"{self.task.name}@{self.language}"

    def __str__(self):
        """Writes the source as a route does, without what goes unsaid."""
        return self.name + _count_text(self.count)


@dataclasses.dataclass(frozen=True)
class Route:
    """The stages before a target, each a tuple of Sources trained together.

    `Route.parse(str(route)) == route` for every route.

    Attributes:
        stages: tuple of tuples of Source.
        is_longer: bool. Whether it has none, and the target's own stage takes
            more steps: a control that costs what other routes do.
        more_steps: int or None. How many; None leaves it to `route_steps`.
    """

    stages: tuple[tuple[Source, ...], ...] = ()
    is_longer: bool = False
    more_steps: int | None = None

    def __str__(self):
        """Writes the route; equal routes give equal text."""
        if self.is_longer:
            return LONGER + _count_text(self.more_steps)
        return "/".join(map(format_stage, self.stages)) or PRETRAINED

    @property
    def is_control(self):
        """Whether it trains the target longer, or on shuffled labels."""
        return self.is_longer or any(
            source.task.is_shuffled for stage in self.stages for source in stage
        )

    @property
    def shape(self):
        """Number of different tasks, and number of stages."""
        tasks = {s.task.name for stage in self.stages for s in stage}
        return len(tasks), len(self.stages)

    @classmethod
    def parse(cls, text, tasks=TASKS):
        """Reads a route.

        Args:
            text: str. Such as `pretrained`, `squad@es:20k+mnli/hellaswag` or
                `longer:9k`.
                A suite, such as `anliplus`, is short for its tasks.
            tasks: mapping from name to Task: all that may be named.

        Returns:
            A `Route`.

        Raises:
            InputError: If the text is no route, or names a task, language or
                count that cannot be trained on.
        """
        text = str(text)
        _check_characters(text)
        if text == PRETRAINED:
            return cls()
        name, _, steps = text.partition(":")
        if name == LONGER:
            steps = steps if ":" in text else None
            steps = _parse_count(f"Route {text!r}:", steps, "steps")
            return cls(is_longer=True, more_steps=steps)
        parts = text.split("/")
        if "" in parts:
            raise _empty(text, "stage", "/", parts)
        return cls(tuple(_parse_stage(text, part, tasks) for part in parts))


def format_stage(sources):
    """Writes the sources of one stage, joined by `+`."""
    return "+".join(map(str, sources))


def _count_text(count):
    if count is None:
        return ""
    return f":{count}" if count % 1000 else f":{count // 1000}k"


def _check_characters(text):
    if not text:
        raise InputError(
            f"Route '' is empty. Expected '{PRETRAINED}' or {SYNTAX}."
        )
    found = _FOREIGN.search(text)
    if not found:
        return
    character = found.group()
    if character.isspace():
        what, fix = "white space", "".join(text.split())
    elif character.isupper():
        what, fix = f"the upper-case letter {character!r}", text.lower()
    else:
        what, fix = f"the character {character!r}", None
    move = f"Expected {SYNTAX}."
    if fix and not _FOREIGN.search(fix):
        move = f"Names are lower-case and hold no spaces: write {fix!r}."
    raise InputError(
        f"Route {text!r} has {what} at position {found.start() + 1}. {move}"
    )


def _empty(text, what, separator, parts):
    fix = separator.join(filter(None, parts))
    move = f"Write {fix!r}." if fix else f"Expected {SYNTAX}."
    return InputError(
        f"Route {text!r}: {what} {parts.index('') + 1} of "
        f"{separator.join(parts)!r} is empty; a {what} must stand on each "
        f"side of {separator!r}. {move}"
    )


def _parse_stage(text, stage, tasks):
    parts = stage.split("+")
    if "" in parts:
        raise _empty(text, "source", "+", parts)
    sources = {}
    names = [name for part in parts for name in _expand(text, part)]
    for name in names:
        source = _parse_source(text, name, tasks)
        if (source.task.name, source.language) in sources:
            suites = [name for name in parts if name in SUITES]
            held = f" ({suites[0]!r} holds it)" if suites else ""
            raise InputError(
                f"Route {text!r}: stage {stage!r} names task "
                f"{source.task.name!r} in language {source.language!r} twice"
                f"{held}. Name it once, with the number of examples "
                "that you want."
            )
        sources[source.task.name, source.language] = source
    return tuple(sources.values())


def _expand(text, part):
    """Replaces a suite by its tasks, and languages by a source for each."""
    whole = re.split("[@:]", part)[0]
    name = shuffled.base_name(whole)
    if name not in SUITES:
        return _expand_languages(text, part)
    members = [f"{task}{whole[len(name) :]}" for task in SUITES[name].names]
    where = f"Route {text!r}, source {part!r}:"
    if _untrainable(name):
        raise InputError(
            f"{where} suite {name!r} holds tasks without a train split "
            f"({', '.join(_untrainable(name))}). Name the tasks to train on, "
            f"with '+', and pass --targets={name}."
        )
    if part != whole:
        raise InputError(
            f"{where} a suite takes neither language nor count, since they "
            "would not say which of its tasks they are for. Write out "
            f"'{'+'.join(members)}', with '@' and ':' where you want them."
        )
    return members


def _expand_languages(text, part):
    found = _SOURCE.fullmatch(part)
    if "," not in part or not found:
        return (part,)
    if "," not in (found[2] or ""):
        raise InputError(
            f"Route {text!r}, source {part!r}: a comma stands only between "
            f"languages, as in 'mlm@de,fr'. Expected {SYNTAX}."
        )
    languages = found[2].split(",")
    if "" in languages:
        raise _empty(text, "language", ",", languages)
    count = f":{found[3]}" if found[3] else ""
    return tuple(f"{found[1]}@{language}{count}" for language in languages)


def _untrainable(suite):
    return [task.name for task in SUITES[suite].tasks if not task.is_trainable]


def _parse_source(text, part, tasks):
    where = f"Route {text!r}, source {part!r}:"
    found = _SOURCE.fullmatch(part)
    if not found:
        raise InputError(
            f"{where} expected at most one '@' and then at most one ':', as "
            "in 'squad@es:20k'. Put the language before the count."
        )
    name, language, count = found.groups()
    task = _trainable_task(where, name, tasks)
    if language is None:
        language = task.language
    if language not in task.languages:
        error = unknown("language", language, task.train_languages)
        raise InputError(f"{where} {error}")
    if language not in task.train_languages:
        raise InputError(
            f"{where} task {name!r} has no train rows in language "
            f"{language!r}. It can be trained on in: "
            f"{', '.join(task.train_languages)}."
        )
    return Source(task, language, _parse_count(where, count))


def _trainable_task(where, name, tasks):
    base = shuffled.base_name(name)
    if base == name:
        return _plain_task(where, name, tasks)
    task = _plain_task(where, base, tasks)
    if not task.kind.has_labels:
        raise InputError(
            f"{where} task {base!r} ({task.problem}) has no labels that could "
            "be shuffled among its rows. Leave it out, or shuffle a task of "
            "classes, choices, tags or answers, such as "
            f"'mnli{shuffled.SUFFIX}'."
        )
    return shuffled.shuffled(task)


def _plain_task(where, name, tasks):
    if name == LONGER:
        raise InputError(
            f"{where} {LONGER!r} is a whole route and cannot be part of one: "
            "nothing is trained before the target, whose own stage takes more "
            "steps. Pass it as a --route of its own."
        )
    if name == PRETRAINED:
        raise InputError(
            f"{where} {PRETRAINED!r} is a whole route and cannot be part of "
            "one; every route begins at the pretrained backbone. Leave it out."
        )
    if name not in tasks:
        suites = [suite for suite in SUITES if not _untrainable(suite)]
        error = unknown("task", name, [*tasks, *suites])
        raise InputError(f"{where} {error}")
    task = tasks[name]
    if task.is_trainable:
        return task
    if not task.kind.is_trained:
        reason = "is a retrieval task, which is only evaluated"
        move = f"Leave it out of the route and pass --targets={name}."
    elif task.train_task:
        reason = f"has no train split (its splits: {', '.join(task.splits)})"
        move = f"Train on {task.train_task!r} and pass --targets={name}."
    else:
        reason = f"has no train split (its splits: {', '.join(task.splits)})"
        move = "Train on another task."
    raise InputError(f"{where} task {name!r} {reason}. {move}")


def _parse_count(where, count, what="examples"):
    if count is None:
        return None
    found = _COUNT.fullmatch(count)
    if not found:
        raise InputError(
            f"{where} the number of {what} must be a whole number above 0, "
            f"such as 50000 or 50k. Received: {count!r}."
        )
    return int(found[1]) * (1000 if found[2] else 1)
