"""The command `stilts`: reads flags, and says in one line what went wrong."""

import signal
import sys

from absl import flags

import stilts_keras
from stilts_keras import command_help
from stilts_keras import commands
from stilts_keras import flag_definitions
from stilts_keras.errors import InputError
from stilts_keras.errors import Interrupted
from stilts_keras.errors import StageError
from stilts_keras.errors import unknown

FLAGS = flags.FLAGS
TAKE_NAMES = ("tasks",)


def main(argv=None):
    """Runs a command.

    Args:
        argv: list of str or None for the process's own.

    Returns:
        int. The exit status: 0 done, 1 a stage failed, 2 wrong input, 130
        or 143 stopped by SIGINT or SIGTERM.
    """
    argv = list(sys.argv if argv is None else argv)
    try:
        return _run_command(argv)
    except (InputError, flags.Error) as error:
        return _fail(error, 2)
    except StageError as error:
        return _fail(error, 1)
    except KeyboardInterrupt as error:
        return _stopped(error)


def _fail(error, status):
    # absl begins some of its messages so.
    line = " ".join(str(error).replace("ERROR:: ", "").split())
    print(f"stilts: error: {line}", file=sys.stderr)
    return status


def _stopped(error):
    number = signal.SIGINT
    if isinstance(error, Interrupted):
        number = error.signal_number
    lines = [f"stilts: stopped by {signal.Signals(number).name}."]
    lines += getattr(error, "__notes__", [])
    lines.append("Run the same command again to go on.")
    print(" ".join(lines), file=sys.stderr)
    return 128 + number


def _run_command(argv):
    known = {
        "run": commands.run,
        "visit": commands.visit,
        "plan": commands.plan,
        "rank": commands.rank,
        "report": commands.report,
        "prune": commands.prune,
        "predict": commands.predict,
        "export": commands.export,
        "score": commands.score,
        "tasks": commands.tasks,
    }
    if FLAGS.is_parsed():
        FLAGS.unparse_flags()
        for group in flag_definitions.GROUPS.values():
            for name in group:
                FLAGS[name].unparse()
    asked = argv[1:] or ["--help"]
    if {"--help", "-h", "-help", "help"} & set(asked):
        print(command_help.text())
        return 0
    if "--version" in asked:
        print(f"stilts_keras {stilts_keras.__version__}")
        return 0
    try:
        rest = FLAGS(argv)[1:]
    except UnicodeDecodeError as error:
        raise InputError(f"A flagfile is not UTF-8: {error}.") from error
    if not rest:
        raise InputError(
            f"No command given. Expected one of: {', '.join(known)}; "
            "`stilts --help` tells more."
        )
    if rest[0] not in known:
        raise unknown("command", rest[0], known)
    if rest[1:] and rest[0] not in TAKE_NAMES:
        raise InputError(
            f"Unexpected argument {rest[1]!r} after {rest[0]!r}. Flags are "
            "written --name=value, without spaces."
        )
    from stilts_keras.files import refusals_said

    with refusals_said():
        known[rest[0]](*rest[1:])
    return 0
