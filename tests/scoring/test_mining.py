"""Mining and nearest neighbours, against the full matrix of cosines."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from stilts_keras.errors import InputError
from stilts_keras.scoring import mining
from stilts_keras.scoring import neighbours

# Blocks of 128 x 128 cosines, the smallest, and of 128 x 128 to 384 x 384.
SMALLEST = 4 * 128**2
BLOCKS = [SMALLEST, 4 * 300**2, 4 * 384**2, neighbours.BLOCK_BYTES]


def cosines_of(source, target):
    """All cosines in float64, (n, m)."""
    sides = []
    for side in (source, target):
        side = np.asarray(side, dtype=np.float64)
        norms = np.sqrt((side**2).sum(axis=1, keepdims=True))
        sides.append(side / np.where(norms == 0, 1, norms))
    return sides[0] @ sides[1].T


def mined_plainly(source, target, k=4):
    """The definition of ratio margin mining, on the full matrix."""
    cosines = cosines_of(source, target)
    named = []
    ways = []
    for matrix in (cosines, cosines.T):
        neighbours = np.argsort(-matrix, axis=1, kind="stable")[:, :k]
        values = np.take_along_axis(matrix, neighbours, axis=1)
        ways.append((neighbours, values))
    means = [
        [np.mean(row) if len(row) else 0.0 for row in values]
        for _, values in ways
    ]
    for way, (neighbours, values) in enumerate(ways):
        for row in range(len(neighbours)):
            best = None
            for other, cosine in zip(neighbours[row], values[row], strict=True):
                scale = (means[way][row] + means[1 - way][other]) / 2
                score = cosine / scale if scale else 0.0
                pair = (row, other) if way == 0 else (other, row)
                if best is None or score > best[0]:
                    best = score, pair
            if best:
                named.append(best)
    sources, targets, scores = [], [], []
    for score, (row, column) in sorted(named, key=lambda item: -item[0]):
        if score > 0 and row not in sources and column not in targets:
            sources.append(row)
            targets.append(column)
            scores.append(score)
    return sources, targets, scores


def translations(n, m, h, seed):
    """Random embeddings (n, h), (m, h), where rows of equal index are near."""
    random = np.random.default_rng(seed)
    shared = random.standard_normal((max(n, m), h))
    return [
        (shared[:num] + random.standard_normal((num, h))).astype(np.float32)
        for num in (n, m)
    ]


def signs(n, h, seed):
    """Rows of four +-1 or of none: all cosines are quarters, with no rounding.

    So there are many ties, equal rows and rows of zeros.
    """
    random = np.random.default_rng(seed)
    rows = np.zeros((n, h), dtype=np.float32)
    for row in rows:
        if random.random() > 0.05:
            places = random.choice(h, size=4, replace=False)
            row[places] = random.choice([-1, 1], size=4)
    return rows


@settings(max_examples=40)
@given(
    n=st.integers(0, 300),
    m=st.integers(0, 300),
    h=st.integers(4, 40),
    k=st.integers(1, 6),
    block_bytes=st.sampled_from(BLOCKS),
    seed=st.integers(0, 2**32 - 1),
)
def test_ties_fall_as_in_the_full_matrix_whatever_the_block(
    n, m, h, k, block_bytes, seed
):
    source, target = signs(n, h, seed), signs(m, h, seed + 1)
    cosines = cosines_of(source, target)
    ways = neighbours.both_ways(
        source, target, num_neighbours=k, block_bytes=block_bytes
    )
    for found, matrix in zip(ways, (cosines, cosines.T), strict=True):
        order = np.argsort(-matrix, axis=1, kind="stable")[:, :k]
        assert np.array_equal(found.indices, order)
        highest = np.take_along_axis(matrix, order, axis=1)
        assert np.array_equal(found.cosines, highest)
    mined = mining.mine(
        source, target, num_neighbours=k, block_bytes=block_bytes
    )
    sources, targets, scores = mined_plainly(source, target, k)
    assert mined.sources.tolist() == sources
    assert mined.targets.tolist() == targets
    assert mined.scores == pytest.approx(scores, abs=1e-12)
    if m:
        found = neighbours.nearest(source, target, block_bytes=block_bytes)
        assert found.tolist() == cosines.argmax(axis=1).tolist()


@pytest.mark.parametrize("block_bytes", BLOCKS)
@pytest.mark.parametrize(
    ("n", "m"), [(500, 300), (257, 900), (1, 50), (3, 2), (128, 128)]
)
def test_mine_equals_brute_force(n, m, block_bytes):
    source, target = translations(n, m, 48, seed=n)
    mined = mining.mine(source, target, block_bytes=block_bytes)
    sources, targets, scores = mined_plainly(source, target)
    assert mined.sources.tolist() == sources
    assert mined.targets.tolist() == targets
    assert mined.scores == pytest.approx(scores, rel=1e-5)
    assert mined.scores.dtype == np.float64
    assert (np.diff(mined.scores) <= 0).all()


def test_translations_are_mined():
    source, target = translations(400, 300, 256, seed=0)
    shuffle = np.random.default_rng(1).permutation(300)
    mined = mining.mine(source, target[shuffle])
    right = shuffle[mined.targets[:300]] == mined.sources[:300]
    assert right.mean() > 0.99


@pytest.mark.parametrize("block_bytes", BLOCKS)
def test_block_size_moves_cosines_by_rounding_only(block_bytes):
    source, target = translations(700, 500, 200, seed=2)
    whole = neighbours.both_ways(source, target)
    parts = neighbours.both_ways(source, target, block_bytes=block_bytes)
    for one, other in zip(whole, parts, strict=True):
        assert np.array_equal(one.indices, other.indices)
        assert one.cosines == pytest.approx(other.cosines, abs=1e-6)


def test_length_and_precision_of_rows_are_no_matter_and_they_stay():
    source, target = translations(60, 50, 32, seed=3)
    expected = mining.mine(source, target)
    source = source.astype(np.float64) * np.logspace(-9, 9, 60)[:, None]
    before = source.copy()
    mined = mining.mine(source, target)
    assert np.array_equal(mined.sources, expected.sources)
    assert np.array_equal(mined.targets, expected.targets)
    assert mined.scores == pytest.approx(expected.scores, abs=1e-5)
    assert np.array_equal(source, before)


@pytest.mark.filterwarnings("error")
def test_zeros_and_empty_sides_give_no_pairs_and_no_nan():
    some = np.ones((3, 4), np.float32)
    for source in (np.zeros((5, 4), np.float32), some[:0]):
        for pair in ((source, some), (some, source), (source, source)):
            assert not len(mining.mine(*pair).scores)
    assert neighbours.nearest(some[:0], some).shape == (0,)
    assert neighbours.nearest(0 * some, some).tolist() == [0, 0, 0]


def test_all_equal_embeddings_are_no_trap():
    # As of a model that has collapsed: each source takes the first free one.
    same = np.ones((1000, 4), np.float32)
    mined = mining.mine(same, same, block_bytes=SMALLEST)
    assert (mined.sources.tolist(), mined.targets.tolist()) == ([0], [0])
    assert mined.scores == pytest.approx([1.0])


def test_later_and_better_columns_replace_all_that_was_found():
    # Every cosine of each row is above those before it.
    angles = np.linspace(3, 0.1, 1000)
    target = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    source = np.array([[1, 0], [2, 0]], np.float32)
    ways = neighbours.both_ways(source, target, block_bytes=SMALLEST)
    assert ways[0].indices.tolist() == [[999, 998, 997, 996]] * 2
    assert ways[1].indices.tolist() == [[0, 1]] * 1000


def test_nearest_is_asked_by_the_first_side():
    queries = np.array([[1, 0.1], [0, 1]], np.float32)
    index = np.array([[-1, 0], [9, 0], [1, 0], [0, 2]], np.float32)
    found = neighbours.nearest(queries, index)
    assert found.tolist() == [1, 3]
    assert found.dtype == np.int64


def test_memory_is_linear():
    n = 8000
    source, target = translations(n, n, 16, seed=4)
    peaks = []
    for half in (n // 2, n):
        tracemalloc.start()
        mining.mine(source[:half], target[:half], block_bytes=2**20)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    full_matrix = 4 * n**2
    assert peaks[1] < full_matrix / 50
    # Not 4 times: what grows is linear, up to how sets grow.
    assert peaks[1] < 3 * peaks[0]


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (np.ones((2, 3)), np.ones((2, 4)), "one size.*2, 3.*2, 4"),
        (np.ones(3), np.ones((2, 3)), r"source embeddings .*\(3,\)"),
        (np.ones((2, 3)), np.ones((2, 3), int), "target .* int64"),
        (np.ones((2, 3)), np.array([[1.0] * 3, [1, np.nan, 1]]), "first at 1"),
        (np.full((2, 3), 1e300), np.ones((2, 3)), "2 source rows"),
    ],
)
def test_embeddings_that_do_not_fit_are_named(source, target, message):
    with pytest.raises(InputError, match=message):
        mining.mine(source, target)


def test_options_that_cannot_be_are_named():
    some = np.ones((2, 3))
    with pytest.raises(InputError, match="num_neighbours .*Received: 0"):
        mining.mine(some, some, num_neighbours=0)
    with pytest.raises(InputError, match="at least 65536.*Received: 1024"):
        mining.mine(some, some, block_bytes=1024)
    with pytest.raises(InputError, match="2 queries but the index has 0"):
        neighbours.nearest(some, some[:0])
    with pytest.raises(InputError, match="1 query rows are not"):
        neighbours.nearest(np.array([[np.inf]]), np.ones((1, 1)))


def best_by_trying(scores, is_gold, num_gold):
    """The best F1 of all thresholds at a score, and of none at all."""
    best = 0.0
    for threshold in scores:
        output = scores >= threshold
        right = (output & is_gold).sum()
        best = max(best, 200.0 * right / (output.sum() + num_gold))
    return best


@given(
    pairs=st.lists(
        st.tuples(st.sampled_from([0.5, 0.9, 1.0, 1.1, 1.3]), st.booleans())
    ),
    num_missed=st.integers(0, 5),
)
def test_threshold_makes_the_best_cut_of_all(pairs, num_missed):
    pairs = sorted(pairs, key=lambda pair: -pair[0])
    scores = np.array([score for score, _ in pairs])
    is_gold = np.array([right for _, right in pairs], dtype=bool)
    num_gold = is_gold.sum() + num_missed
    threshold, f1 = mining.best_threshold(scores, is_gold, num_gold)
    assert f1 == pytest.approx(best_by_trying(scores, is_gold, num_gold))
    if f1:
        output = scores >= threshold
        right = (output & is_gold).sum()
        assert f1 == pytest.approx(200 * right / (output.sum() + num_gold))


@pytest.mark.parametrize(
    ("scores", "is_gold", "num_gold", "expected"),
    [
        # Midway between the scores around the cut.
        ([1.5, 1.25, 0.75], [1, 1, 0], 2, (1.0, 100.0)),
        # The last pair is best output: nothing is below it.
        ([1.5, 1.25], [1, 1], 2, (1.25, 100.0)),
        # A cut cannot part equal scores, in whatever order they come.
        ([1.5, 1.0, 1.0, 0.5], [1, 1, 0, 0], 2, (0.75, 80.0)),
        ([1.5, 1.0, 1.0, 0.5], [1, 0, 1, 0], 2, (0.75, 80.0)),
        # Of equally good cuts the first: 2 of 2 + 2, or 2 * 2 of 6 + 2.
        ([6.0, 5, 4, 3, 2, 1], [1, 0, 0, 0, 0, 1], 2, (5.5, 200 / 3)),
        ([1.5], [0], 3, (0.0, 0.0)),
        ([], [], 0, (0.0, 0.0)),
    ],
)
def test_thresholds_worked_by_hand(scores, is_gold, num_gold, expected):
    found = mining.best_threshold(scores, is_gold, num_gold)
    assert found == pytest.approx(expected)


def test_threshold_parts_neighbouring_floats():
    scores = np.array([np.nextafter(1.0, 2), 1.0])
    threshold, f1 = mining.best_threshold(scores, [True, False], 1)
    assert (scores >= threshold).tolist() == [True, False]
    assert f1 == 100.0


@pytest.mark.parametrize(
    ("scores", "is_gold", "num_gold", "message"),
    [
        ([1.0, 2.0], [1, 0], 1, "descending"),
        ([np.nan], [1], 1, "must be numbers"),
        ([1.0], [1, 0], 1, r"\(1,\) and \(2,\)"),
        ([2.0, 1.0], [1, 1], 1, "2 pairs are marked .*num_gold=1"),
    ],
)
def test_scores_that_do_not_fit_are_named(scores, is_gold, num_gold, message):
    with pytest.raises(InputError, match=message):
        mining.best_threshold(scores, is_gold, num_gold)


def test_unique_sentences_keep_one_copy_and_tell_which_repeat():
    first, repeats = mining.unique_sentences(["b", "a", "b", "", "c", "b", ""])
    assert first.tolist() == [0, 1, 3, 4]
    assert repeats.tolist() == [True, False, True, False]
    first, repeats = mining.unique_sentences([])
    assert (first.shape, repeats.shape) == ((0,), (0,))
    assert (first.dtype, repeats.dtype) == (np.int64, bool)


def embedded(texts):
    """Cheap embeddings (n, 96): hashed tokens, projected at random.

    Numbers and capitals are what Chinese and English have in common; letters
    tell apart sentences that have the same of them, or none.
    """
    text = pytest.importorskip("sklearn.feature_extraction.text")
    random = np.random.default_rng(5)
    embeddings = 0
    for weight, options in (
        (1.0, {"token_pattern": r"[0-9]+|[A-Z]{2,}", "lowercase": False}),
        (0.3, {"analyzer": "char", "ngram_range": (1, 3)}),
    ):
        hashing = text.HashingVectorizer(
            n_features=2**14, dtype=np.float32, **options
        )
        projection = random.standard_normal((2**14, 96)).astype(np.float32)
        embeddings += weight * (hashing.transform(texts) @ projection)
    return embeddings


def test_real_pools_are_mined_as_by_brute_force(material):
    parquet = pytest.importorskip("pyarrow.parquet")
    folder = material / "data/extra/bucc2018"
    if not folder.is_dir():
        pytest.skip(f"needs BUCC's Chinese and English sentences at {folder}")
    names = ("zh-en.zh", "zh-en.en", "zh-en.gold")
    zh, en, gold = (
        parquet.read_table(folder / name / "validation.parquet").to_pydict()
        for name in names
    )
    sides, ids, repeats = [], [], []
    for pool in (zh, en):
        first, repeat = mining.unique_sentences(pool["sentence"])
        sides.append(embedded([pool["sentence"][row] for row in first]))
        ids.append([pool["id"][row] for row in first])
        repeats.append(repeat)
    mined = mining.mine(*sides, block_bytes=5 * 2**20)
    sources, targets, scores = mined_plainly(*sides)
    assert mined.scores == pytest.approx(scores, rel=1e-5)
    found = zip(mined.sources.tolist(), mined.targets.tolist(), strict=True)
    expected = zip(sources, targets, strict=True)
    # Of thousands of scores some are nearer than float32 can tell; only their
    # order may differ.
    assert set(found) == set(expected)

    kept = ~(repeats[0][mined.sources] | repeats[1][mined.targets])
    pairs = [
        (ids[0][source], ids[1][target])
        for source, target in zip(
            mined.sources[kept], mined.targets[kept], strict=True
        )
    ]
    true = set(zip(gold["source_id"], gold["target_id"], strict=True))
    is_gold = np.array([pair in true for pair in pairs])
    threshold, f1 = mining.best_threshold(
        mined.scores[kept], is_gold, len(true)
    )
    assert f1 == pytest.approx(
        best_by_trying(mined.scores[kept], is_gold, len(true))
    )
    output = {
        pair
        for pair, score in zip(pairs, mined.scores[kept], strict=True)
        if score >= threshold
    }
    right = len(output & true)
    assert f1 == pytest.approx(200 * right / (len(output) + len(true)))
    # Far above the 0.01 of pairs drawn by chance.
    assert right >= 5
    print(f"F1 {f1:.2f}, threshold {threshold:.4f}, {right} of {len(true)}")


# ------------------------------------------------------ The nearest few of many
@pytest.mark.parametrize("block_bytes", [4 * 128**2, 64 * 2**20])
@pytest.mark.parametrize("size", [7, 128, 700])
def test_highest_are_those_of_a_reversed_stable_sort(size, block_bytes):
    random = np.random.default_rng(size)
    # Few directions, so that many cosines are equal.
    index = np.eye(4, dtype="float32")[random.integers(0, 4, size)]
    queries = random.standard_normal((150, 4)).astype("float32")
    found = neighbours.highest(queries, index, 20, block_bytes=block_bytes)
    unit = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    expected = np.argsort(unit @ index.T, axis=1, kind="stable")[:, ::-1]
    np.testing.assert_array_equal(found.indices, expected[:, :20])
    np.testing.assert_allclose(
        found.cosines,
        np.take_along_axis(unit @ index.T, found.indices, axis=1),
        atol=1e-6,
    )


def test_highest_reads_a_mapped_index_a_block_at_a_time(tmp_path):
    random = np.random.default_rng(0)
    shape = (60_000, 64)
    index = np.memmap(tmp_path / "index", "float32", "w+", shape=shape)
    for start in range(0, len(index), 10_000):
        index[start : start + 10_000] = random.standard_normal((10_000, 64))
    queries = np.array(index[[59_999, 5]])
    tracemalloc.start()
    found = neighbours.highest(queries, index, 20, block_bytes=2**20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.indices[:, 0].tolist() == [59_999, 5]
    # The index has 15 MB.
    assert peak < 4 * 2**20
