"""Which of several processes at one run this is, as Keras's variables say."""

import dataclasses
import os

from stilts_keras.errors import InputError

ADDRESSES, NUMBER, NAME = (
    "KERAS_DISTRIBUTION_JOB_ADDRESSES",
    "KERAS_DISTRIBUTION_NUM_PROCESSES",
    "KERAS_DISTRIBUTION_PROCESS_ID",
)


@dataclasses.dataclass(frozen=True)
class Hosts:
    """What the environment says of the processes of a run.

    Attributes:
        address: str. HOST:PORT of the first.
        num_processes: int.
        process_id: int. This one's, from 0.
    """

    address: str
    num_processes: int
    process_id: int


def read_hosts(environ=os.environ):
    """Reads Keras's variables.

    Args:
        environ: mapping.

    Returns:
        `Hosts`; None where this process is alone.

    Raises:
        InputError: If some are missing, or contradict each other.
    """
    given = {name: environ.get(name) for name in (ADDRESSES, NUMBER, NAME)}
    missing = [name for name, value in given.items() if not value]
    if len(missing) == len(given):
        return None
    if missing:
        raise InputError(
            f"Several processes at one run: {' and '.join(missing)} not set. "
            f"Set all of {ADDRESSES} (HOST:PORT of the first), {NUMBER} and "
            f"{NAME} (from 0), or none."
        )
    number, own = (_whole_number(name, given[name]) for name in (NUMBER, NAME))
    addresses = given[ADDRESSES].split(",")
    if number < 1 or not own < number:
        raise InputError(
            f"{NAME}={own} is none of {NUMBER}={number} processes. They are "
            "counted from 0."
        )
    if len(addresses) not in (1, number):
        raise InputError(
            f"{ADDRESSES} has {len(addresses)} addresses for {NUMBER}="
            f"{number}. Expected one for each, or the first one's alone."
        )
    host, _, port = addresses[0].rpartition(":")
    if not host or not port.isdecimal():
        raise InputError(
            f"{ADDRESSES} must begin with HOST:PORT. Received: "
            f"{addresses[0]!r}."
        )
    return None if number == 1 else Hosts(addresses[0], number, own)


def _whole_number(name, text):
    if not text.isdecimal():
        raise InputError(f"{name} must be a whole number. Received: {text!r}.")
    return int(text)
