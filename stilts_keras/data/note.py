"""What is to be said of a folder's rows wherever a figure of them stands.

A repository's folder may hold a `NOTE.md`, such as of speech that nobody
spoke. It is a property of these files and not of the task, whose rows on the
Hub may be other ones.
"""

import functools

from stilts_keras.errors import InputError

FILE = "NOTE.md"
# How it begins among the notes of a row of results.
DATA_NOTE = "Data of "
# It stands below tables and figures.
MAX_LETTERS = 300


@functools.cache
def note_of(folder):
    """Reads the note of a repository's folder.

    Args:
        folder: path.

    Returns:
        str, in one line; empty where there is none.

    Raises:
        InputError: If it is empty, too long, or no text.
    """
    file = folder / FILE
    try:
        text = " ".join(file.read_text("utf-8").split())
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read ({error}).") from None
    if not 0 < len(text) <= MAX_LETTERS:
        raise InputError(
            f"{file}: a note stands below every table of its rows, and must "
            f"have 1 to {MAX_LETTERS} letters. Received: {len(text)}."
        )
    return text
