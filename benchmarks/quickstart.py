"""Times the quickstart, first and second run, and prints one JSON line.

    python -m benchmarks.quickstart [tensorflow|jax|torch]

README.md's table of the quickstart, and the times in docs/speed.md ("The
quickstart"), are this script's output.
"""

import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time
from importlib import metadata

from stilts_keras.reporting import rendering
from stilts_keras.reporting import report
from stilts_keras.reporting.evidence import gather

ROOT = pathlib.Path(__file__).resolve().parents[1]


def main():
    backend = sys.argv[1] if len(sys.argv) > 1 else "tensorflow"
    with tempfile.TemporaryDirectory() as folder:
        # An empty cache, as on a new machine.
        environment = {
            **os.environ,
            "HF_HOME": f"{folder}/hf",
            "XDG_CACHE_HOME": f"{folder}/cache",
        }
        command = [
            sys.executable,
            "-m",
            "stilts_keras",
            "run",
            "--flagfile=flags/quickstart.flags",
            f"--run_dir={folder}/run",
            f"--keras_backend={backend}",
        ]
        seconds = []
        for _ in range(2):
            started = time.perf_counter()
            subprocess.run(
                command,
                cwd=ROOT,
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            seconds.append(round(time.perf_counter() - started, 1))
        made = report.build(gather([f"{folder}/run"]))
    print(
        json.dumps(
            {
                "benchmark": "quickstart",
                "backend": backend,
                "first_run_seconds": seconds[0],
                "second_run_seconds": seconds[1],
                "num_results": len(made.evidence.rows),
                "cores": os.cpu_count(),
                "machine": platform.processor() or platform.machine(),
                "python": platform.python_version(),
                "keras": metadata.version("keras"),
                "table": rendering.to_markdown(made.frames["summary"]),
            }
        )
    )


if __name__ == "__main__":
    main()
