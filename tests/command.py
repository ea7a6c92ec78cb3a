"""The command `stilts` in a process of its own, as a user runs it."""

import os
import subprocess
import sys

# A backbone of hardly any size, with the pocket's tokenizer.
TINY_SIZES = {
    "num_layers": 1,
    "num_heads": 2,
    "hidden_dim": 16,
    "intermediate_dim": 32,
    "max_sequence_length": 64,
}


def tiny_backbone(**changes):
    """Returns the flags of a tiny random backbone."""
    sizes = {**TINY_SIZES, **changes}
    return [
        "--backbone=random",
        "--tokenizer=pocket",
        *(f"--{name}={value}" for name, value in sizes.items()),
    ]


def stilts(*arguments, check=True, **environment):
    """Runs the command and returns the finished process, output as text.

    Args:
        arguments: str or path. The command and its flags.
        check: bool. Whether it must succeed.
        environment: str. Variables besides those of this process.
    """
    done = subprocess.run(
        [sys.executable, "-m", "stilts_keras", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )
    if check:
        assert done.returncode == 0, done.stderr[-3000:]
    return done
