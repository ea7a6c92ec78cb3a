"""Times mining of random embeddings and prints one JSON line.

    python benchmarks/mining.py [n] [m] [h] [block MiB]

Without sizes: 20,000 x 20,000 sentences of 1,024 numbers, and the library's
block size. BUCC's largest pools have some hundred thousand sentences.
"""

import json
import os
import platform
import resource
import sys
import time

import numpy as np
import threadpoolctl

from stilts_keras.scoring import mining

SIZES = (20_000, 20_000, 1024, mining.BLOCK_BYTES // 2**20)


def main():
    given = tuple(int(size) for size in sys.argv[1:])
    n, m, h, block_mib = given + SIZES[len(given) :]
    random = np.random.default_rng(0)
    source = random.standard_normal((n, h), dtype=np.float32)
    target = random.standard_normal((m, h), dtype=np.float32)
    num_shared = min(n, m)
    target[:num_shared] += source[:num_shared]
    before = peak_gib()
    started = time.perf_counter()
    mined = mining.mine(source, target, block_bytes=block_mib * 2**20)
    seconds = time.perf_counter() - started
    print(
        json.dumps(
            {
                "benchmark": "mining",
                "n": n,
                "m": m,
                "h": h,
                "block_bytes": block_mib * 2**20,
                "seconds": round(seconds, 1),
                "gflop_per_second": round(2e-9 * n * m * h / seconds),
                "peak_rss_gib": round(peak_gib(), 2),
                "peak_rss_gib_before": round(before, 2),
                "num_pairs": len(mined.scores),
                "num_right": int((mined.sources == mined.targets).sum()),
                "blas": [
                    {
                        "library": pool["internal_api"],
                        "version": pool["version"],
                        "threads": pool["num_threads"],
                    }
                    for pool in threadpoolctl.threadpool_info()
                    if pool["user_api"] == "blas"
                ],
                "cores": os.cpu_count(),
                "machine": platform.processor() or platform.machine(),
                "python": platform.python_version(),
                "numpy": np.__version__,
            }
        )
    )


def peak_gib():
    # Kilobytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_maxrss * unit / 2**30


if __name__ == "__main__":
    main()
