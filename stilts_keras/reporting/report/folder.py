"""The folder that a report is written to."""

import pathlib

from stilts_keras import files
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.reporting import rendering
from stilts_keras.reporting.report.text import to_markdown

FOLDER = "report"
REPORT_FILE = "report.md"
FRAMES_FILE = "report.json"
# Of what a report holds; a report of another version is made anew.
VERSION = 7


def write(report, folder):
    """Writes report.md, the tables as CSV and LaTeX, the figures.

    What an earlier report left in the folder is replaced.

    Args:
        report: `Report`.
        folder: path.

    Returns:
        The path of report.md.

    Raises:
        InputError: If the folder holds something else; nothing is deleted.
    """
    folder = pathlib.Path(folder)
    _claim(folder)
    for name in ("tables", "figures"):
        files.remove(folder / name)
    for name, frame in _all_frames(report).items():
        _write_text(folder / "tables" / f"{name}.csv", rendering.to_csv(frame))
        _write_text(
            folder / "tables" / f"{name}.tex", rendering.to_latex(frame)
        )
    for name, table in report.plain.items():
        _write_text(
            folder / "tables" / f"{name}.csv", rendering.plain_to_csv(table)
        )
        _write_text(
            folder / "tables" / f"{name}.tex", rendering.plain_to_latex(table)
        )
    for name, (png, svg) in report.figures.items():
        _write_bytes(folder / "figures" / f"{name}.png", png)
        _write_bytes(folder / "figures" / f"{name}.svg", svg)
    _write_text(folder / REPORT_FILE, to_markdown(report))
    return folder / REPORT_FILE


def _claim(folder):
    """Marks a folder as a report's, or raises if it is something else's."""
    try:
        names = {
            path.name
            for path in folder.iterdir()
            if not path.name.endswith(files.PARTIAL)
        }
    except FileNotFoundError:
        names = set()
    except OSError as error:
        raise InputError(
            f"A report cannot be written to {str(folder)!r} ({error}). Name a "
            "folder, or one that can be made."
        ) from None
    if names and FRAMES_FILE not in names:
        raise InputError(
            f"{str(folder)!r} holds something else and no {FRAMES_FILE}: no "
            "report was written there. Name another folder, or an empty one."
        )
    try:
        # Of no results: until all is written, the report is of none.
        _keep(folder, {"digest": ""})
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"A report cannot be written to {str(folder)!r} ({error})."
        ) from None


def is_there(folder):
    """Whether a report lies in a folder."""
    return (pathlib.Path(folder) / REPORT_FILE).is_file()


def _all_frames(report):
    return (
        report.frames
        | report.secondary
        | {
            f"differences_{target}": frame
            for target, frame in report.differences.items()
        }
    )


def _write_text(path, text):
    with files.atomic_write(path) as file:
        file.write(text)


def _write_bytes(path, content):
    with files.atomic_write(path, "wb") as file:
        file.write(content)


def keep(report, folder, digest):
    """Notes the tables, so that they can be shown again without computing.

    Args:
        report: `Report`.
        folder: path.
        digest: str. Of all that the report was computed from.
    """
    _keep(
        folder,
        {
            "digest": digest,
            "sentences": report.sentences,
            "frames": report.frames,
            "problems": report.evidence.problems,
        },
    )


def _keep(folder, facts):
    files.write_json(
        pathlib.Path(folder) / FRAMES_FILE,
        files.sealed({"version": VERSION, **facts}),
    )


def kept(folder, digest):
    """Reads what `keep` noted.

    Args:
        folder: path.
        digest: str.

    Returns:
        The dict; None if there is none of this digest and version.
    """
    try:
        found = files.read_sealed(pathlib.Path(folder) / FRAMES_FILE)
    except DamageError:
        return None
    is_current = (found["version"], found["digest"]) == (VERSION, digest)
    return found if is_current else None
