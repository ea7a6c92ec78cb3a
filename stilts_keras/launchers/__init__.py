"""Launchers: the only modules that know where a run's visits are made.

Each has `launch(run)`, which takes a `Run` and returns what could not be
done: a list of str, empty where all is. The driver alone writes the run
folder; what is made elsewhere, it absorbs.
"""

import importlib

from stilts_keras.records.visit_folders import ABSORBING


def launch(run):
    """Makes what is left of a run, as its options say.

    Args:
        run: `schedule.Run`.

    Returns:
        List of str: which visits failed, and which need them.
    """
    # Imported here: an engine that is not asked for need not be there.
    name = f"{__name__}.{run.options.launcher}"
    return importlib.import_module(name).launch(run)


def role_of(options):
    """Says what a driver does in the run folder, for others to read."""
    return ABSORBING if options.launcher == "slurm" else ""
