"""Whether a backbone can read what tasks hold: text, or audio."""

from stilts_keras.errors import InputError

WORDS = {"text": "text", "audio": "recordings"}


def check_readable(backbone, tasks, known):
    """Checks that a backbone reads what tasks hold.

    Args:
        backbone: `Backbone`. While its family is not known, nothing is.
        tasks: iterable of `Task`, which are to be trained or evaluated.
        known: mapping from name to `Task`, of all that may be chosen.

    Raises:
        InputError: If one is of another kind; names those that fit.
    """
    if backbone.reads is None:
        return
    for task in tasks:
        if task.reads != backbone.reads:
            raise InputError(
                f"Backbone {backbone.name!r} reads {WORDS[backbone.reads]}, "
                f"and task {task.name!r} has {WORDS[task.reads]}. Tasks that "
                f"fit: {', '.join(_fitting(task, backbone.reads, known))}. Or "
                f"pass a backbone that reads {WORDS[task.reads]}."
            )


def _fitting(task, reads, known):
    """Names tasks that are read so: of the same rows, or else all."""
    fitting = [other for other in known.values() if other.reads == reads]
    places = {repository.id for repository in task.repositories}
    kin = [
        other.name
        for other in fitting
        if places & {repository.id for repository in other.repositories}
    ]
    return kin or [other.name for other in fitting]
