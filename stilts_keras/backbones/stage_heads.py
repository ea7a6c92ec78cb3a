"""What a finished stage's folder says of the heads that lie in it.

Its manifest names each head under its key: the problem, the labels in the
order of the logits, tasks, metrics, and the file of its weights.
"""

import dataclasses
import pathlib
import urllib.parse

from stilts_keras import files
from stilts_keras.errors import InputError

HEADS = "heads"
ENDING = ".weights.h5"
# Of the version before, whose manifests name no heads.
OLD_FILE = "heads.weights.h5"
# A file's name may have 255 bytes on most file systems.
NAME_LENGTH = 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class StageHead:
    """One head of a stage; a Problem can be made of it, as of a Task.

    Attributes:
        key: str. Tasks of equal key share the head.
        problem: str. The Problem's name.
        labels: tuple of str. Class or tag names in the order of the logits;
            empty where the problem has none.
        has_unanswerable: bool. Whether a question may have no answer.
        tasks: tuple of str. That the stage trained it on.
        metrics: tuple of str. Those tasks'.
    """

    key: str
    problem: str
    labels: tuple[str, ...] = ()
    has_unanswerable: bool = False
    tasks: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()

    @property
    def file(self):
        """Str. The weights' path in the stage's folder, from any key.

        What a file system might not take or tell apart gets a checksum.
        """
        name = urllib.parse.quote(self.key, safe=" +@,()")[:NAME_LENGTH]
        if name != self.key.lower() or name.startswith("."):
            name = f"{name}-{files.digest_of(self.key)[:8]}"
        return f"{HEADS}/{name}{ENDING}"

    def facts(self):
        """Returns what the manifest tells under the head's key."""
        facts = dataclasses.asdict(self) | {"file": self.file}
        del facts["key"]
        return facts


def describe_heads(tasks):
    """Describes the heads of a stage.

    Args:
        tasks: iterable of `Task`, labels known; of the stage's sources.

    Returns:
        Dict from head key to `StageHead`, in the order of first use.
    """
    found = {}
    for task in tasks:
        head = found.get(task.head_key)
        if head is None:
            head = StageHead(
                key=task.head_key,
                problem=task.problem,
                labels=tuple(task.labels),
                has_unanswerable=task.has_unanswerable,
            )
        found[task.head_key] = dataclasses.replace(
            head,
            tasks=_joined(head.tasks, [task.name]),
            metrics=_joined(head.metrics, task.metrics),
            has_unanswerable=head.has_unanswerable or task.has_unanswerable,
        )
    return found


def _joined(names, more):
    return tuple(dict.fromkeys([*names, *more]))


def read_heads(folder):
    """Reads which heads a stage's folder holds; their weights stay there.

    Args:
        folder: path.

    Returns:
        Dict from head key to `StageHead`.

    Raises:
        InputError: If it is no stage's folder, or one of an old version.
    """
    folder = pathlib.Path(folder)
    refuse_old_stage(folder)
    if not (folder / files.MANIFEST).is_file():
        raise InputError(
            f"{str(folder)!r} is no finished stage: it has no "
            f"{files.MANIFEST}. Expected a folder such as "
            "RUN_DIR/stages/<route>/<fingerprint>."
        )
    manifest = files.read_sealed(folder / files.MANIFEST)
    if HEADS not in manifest:
        raise InputError(
            f"{str(folder)!r} is no finished stage: its {files.MANIFEST} "
            "names no heads. Expected a folder such as "
            "RUN_DIR/stages/<route>/<fingerprint>."
        )
    names = [field.name for field in dataclasses.fields(StageHead)]
    return {
        key: StageHead(
            key=key,
            **{
                name: tuple(facts[name])
                if isinstance(facts[name], list)
                else facts[name]
                for name in names
                if name in facts
            },
        )
        for key, facts in manifest[HEADS].items()
    }


def listed(heads):
    """Names heads for a message: key, problem and tasks of each.

    Args:
        heads: dict of `read_heads`.
    """
    return "; ".join(
        f"{head.key} ({head.problem}: {', '.join(head.tasks)})"
        for head in heads.values()
    )


def refuse_old_stage(folder):
    """Raises InputError where a stage's folder is of the version before."""
    if (pathlib.Path(folder) / OLD_FILE).is_file():
        raise InputError(
            f"Stage folder {str(folder)!r} is of an earlier version of "
            f"stilts_keras, whose {OLD_FILE} does not say what its heads are. "
            "Delete the folder and run the command that made it again; to "
            f"use its backbone alone, delete {OLD_FILE}."
        )
