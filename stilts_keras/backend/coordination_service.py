"""Runs JAX's coordination service: a process of its own, beside the first.

`python coordination_service.py ADDRESS NUM_PROCESSES LINGER_SECONDS
SOON_SECONDS`

In the first process, as JAX starts it, it would end with that, and JAX then
ends all others at once by an abort that says nothing of a run. Here it outlives
the first process, so that they find out for themselves. It prints a line when
it listens, and ends when it reads `now`, some seconds after it reads `soon`, or
after its parent is gone.
"""

import os
import sys
import time

# JAX's own limit, above what `hosts` waits for.
HEARTBEAT_SECONDS = 100


def main(address, num_processes, linger_seconds, soon_seconds):
    """Serves until it is told to end, or its parent is gone."""
    from jaxlib import _jax

    service = _jax.get_distributed_runtime_service(
        address, int(num_processes), heartbeat_timeout=HEARTBEAT_SECONDS
    )
    print("listening", flush=True)
    word = sys.stdin.readline().strip()
    pauses = {"now": 0, "soon": soon_seconds}
    time.sleep(float(pauses.get(word, linger_seconds)))
    del service
    # Whoever has not said good-bye is not waited for.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
