"""Times mining of random embeddings against one product of the same size.

    python -m benchmarks.mining [sentences of a side] [h] [pairs of timings]

Without arguments: 10,000 sentences of 1,024 numbers on either side, and five
pairs. BUCC's largest pools have some hundred thousand. The product is that of
NumPy's BLAS, block by block, for no machine holds all cosines of such pools.
"""

import sys

import numpy as np
import threadpoolctl

from benchmarks import harness
from stilts_keras.scoring import mining
from stilts_keras.scoring.neighbours import BLOCK_BYTES

SIZES = (10_000, 1024, harness.NUM_ROUNDS)


def main():
    n, h, num_pairs = harness.sizes(SIZES)
    sizes = [str(n), str(h)]
    contestants = {
        name: harness.Contestant("benchmarks.mining", [name, *sizes])
        for name in ("product", "mining")
    }
    with harness.started(contestants) as children:
        answers = harness.rounds(children, num_rounds=num_pairs)
    harness.print_line(
        "mining",
        {"n": n, "m": n, "h": h},
        answers,
        base="product",
        pool_gib=round(2 * 4 * n * h / harness.GIB, 3),
        blas=[
            {
                "library": pool["internal_api"],
                "version": pool["version"],
                "threads": pool["num_threads"],
            }
            for pool in threadpoolctl.threadpool_info()
            if pool["user_api"] == "blas"
        ],
    )


def compete(name, n, h):
    random = np.random.default_rng(0)
    source = random.standard_normal((n, h), dtype=np.float32)
    target = source + random.standard_normal((n, h), dtype=np.float32)

    def mine():
        mined = mining.mine(source, target)
        right = int((mined.sources == mined.targets).sum())
        return {"num_pairs": len(mined.scores), "num_right": right}

    def multiply():
        num_rows = max(1, BLOCK_BYTES // (4 * n))
        block = np.empty((num_rows, n), dtype=np.float32)
        for start in range(0, n, num_rows):
            rows = source[start : start + num_rows]
            np.matmul(rows, target.T, out=block[: len(rows)])

    with harness.channel() as answer:
        answer({"mining": mine, "product": multiply}[name])


if __name__ == "__main__":
    if sys.argv[1:2] in (["mining"], ["product"]):
        compete(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
