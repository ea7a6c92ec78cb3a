import subprocess
import sys

import pytest

# Pages that the system clears while arrays of 64 MiB come and go.
SCRIPT = """
import resource
import numpy as np
from stilts_keras import memory
if {is_kept}:
    memory.keep_freed()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(2**23)
begun = faults()
for _ in range(8):
    np.ones(2**23)
print(faults() - begun)
"""


def num_faults(is_kept, **environment):
    script = SCRIPT.format(is_kept=is_kept)
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), **environment},
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_pages_that_an_array_left_are_used_by_the_next():
    without = num_faults(False)
    assert num_faults(True) < without / 4
    # Whoever sets glibc's variables has chosen otherwise.
    chosen = {"MALLOC_TRIM_THRESHOLD_": "131072"}
    assert num_faults(True, **chosen) > without / 4
