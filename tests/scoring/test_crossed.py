"""Contrasts over languages and seeds: worked by hand, and simulated."""

import numpy as np
import pytest
from scipy import stats

from stilts_keras.errors import InputError
from stilts_keras.scoring import crossed
from stilts_keras.scoring.behrens_fisher import Error

FAMILIES = ("Slavic", "Turkic", "Uralic", "Dravidian", "Bantu", "Semitic")


def judge_mean(differences, clusters=FAMILIES, **options):
    """Judges the mean of a group of one language in each family."""
    number = len(differences)
    return crossed.judge(
        differences,
        np.full(number, 1 / number),
        ["one"] * number,
        clusters[:number],
        **options,
    )


def test_one_seed_leaves_students_t_over_the_families():
    found = judge_mean([[1.0], [2.0], [6.0]])
    expected = stats.ttest_1samp([1.0, 2.0, 6.0], 0.0)
    assert found.value == 3.0 and found.num_clusters == 3
    assert found.p == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval(0.95)
    assert found.interval() == pytest.approx(interval)


def test_two_kinds_in_the_same_families_are_compared_in_pairs():
    tagging, classification = [3.0, 1.0, 5.0, 4.0], [1.0, 0.5, 2.0, 1.0]
    found = crossed.judge(
        np.array([*tagging, *classification])[:, None],
        [0.25] * 4 + [-0.25] * 4,
        ["tagging"] * 4 + ["classification"] * 4,
        FAMILIES[:4] * 2,
    )
    expected = stats.ttest_rel(tagging, classification)
    assert found.value == pytest.approx(2.125)
    assert found.p == pytest.approx(expected.pvalue)


def test_two_kinds_in_other_families_have_the_sum_of_both_variances():
    found = crossed.judge(
        np.array([1.0, 2.0, 6.0, 0.0, 1.0, 2.0])[:, None],
        [1 / 3] * 3 + [-1 / 3] * 3,
        ["a"] * 3 + ["b"] * 3,
        FAMILIES,
    )
    # By hand: means 3 and 1; variances 7 and 1, each over 3; t of 2 degrees.
    error = (7 / 3 + 1 / 3) ** 0.5
    assert found.value == pytest.approx(2.0)
    assert found.p == pytest.approx(2 * stats.t.sf(2.0 / error, 2))


def test_languages_of_one_family_count_once():
    apart = judge_mean([[1.0], [2.0], [6.0]])
    twice = crossed.judge(
        [[1.0], [1.0], [2.0], [2.0], [6.0], [6.0]],
        [1 / 6] * 6,
        ["one"] * 6,
        ["a", "a", "b", "b", "c", "c"],
    )
    assert twice == apart


def test_families_that_agree_leave_students_t_over_the_seeds():
    values = [1.0, 2.5, 1.5]
    found = judge_mean([values] * 5)
    expected = stats.ttest_1samp(values, 0.0)
    assert found.p == pytest.approx(expected.pvalue, rel=0.01)
    assert found.num_seeds == 3


def test_two_ways_of_variance_by_hand():
    # Means of families 1 and 3 and 5, of seeds 2 and 4, nothing left over.
    found = judge_mean([[0.0, 2.0], [2.0, 4.0], [4.0, 6.0]])
    random = np.random.default_rng(3)
    languages = (4 / 3) ** 0.5 * random.standard_t(2, 400_000)
    seeds = (2 / 2) ** 0.5 * random.standard_t(1, 400_000)
    share = (np.abs(languages + seeds) >= 3.0).mean()
    assert found.p == pytest.approx(share, rel=0.02)


def test_levels_of_groups_are_no_error():
    rows = [[1.0], [2.0], [6.0]]
    plain = judge_mean(rows)
    other = [[value - 30.0] for [value] in rows]
    both = crossed.judge(
        [*rows, *other],
        [1 / 6] * 6,
        ["panx"] * 3 + ["udpos"] * 3,
        FAMILIES[:3] * 2,
    )
    assert both.value == pytest.approx(3.0 - 15.0)
    assert both.interval()[1] - both.value == pytest.approx(
        plain.interval()[1] - plain.value
    )


def test_few_large_families_are_fewer_than_they_are():
    random = np.random.default_rng(4)
    rows = random.normal(0, 1, (12, 1))
    even = [*"aabbccddeeff"]
    uneven = [*"aaaaaaabcdef"]
    weights, groups = [1 / 12] * 12, ["one"] * 12
    spans = [
        crossed.judge(rows, weights, groups, clusters).num_clusters
        for clusters in (even, uneven)
    ]
    assert spans == [6, 6]
    count, effective = crossed._count_clusters(
        np.array(weights), crossed._numbered(uneven)[0], 6
    )
    # By hand: 144 over 49 + 5.
    assert count == 6 and effective == pytest.approx(144 / 54)


def test_shared_examples_add_what_families_cannot_tell():
    random = np.random.default_rng(5)
    rows = [[1.0], [2.0], [3.0], [2.0]]
    shared = np.tile(random.normal(2, 3, 4000), (4, 1))
    own = random.normal(2, 3, (4, 4000))
    plain = judge_mean(rows)
    wider = judge_mean(rows, draws=shared)
    # A quarter of it would be in the families' own parts.
    of_families = stats.tvar([1.0, 2.0, 3.0, 2.0]) / 4
    of_examples = 9.0 * 3 / 4
    size = (of_families + of_examples) ** 0.5
    freedom = 3 * ((of_families + of_examples) / of_families) ** 2
    expected = 2 * stats.t.sf(2.0 / size, freedom)
    assert wider.p == pytest.approx(expected, abs=0.01)
    same = judge_mean(rows, draws=own)
    assert same.p == pytest.approx(plain.p, abs=0.02)


def test_trainings_that_err_by_themselves_have_degrees_of_freedom_each():
    # Two trainings, each of the same part in all families: 1 and 3, 2 and 2.
    rows = [[2.0, 6.0]] * 3 + [[4.0, 4.0]] * 3
    options = {"weights": [1 / 6] * 6, "groups": [1] * 3 + [2] * 3}
    options["clusters"] = FAMILIES[:3] * 2
    apart = crossed.judge(rows, trainings=[1] * 3 + [2] * 3, **options)
    # By hand: variance 2 over two seeds, of the first training alone.
    assert apart.errors[1] == Error(1.0, 1.0)
    rows[3:] = [[4.0, 8.0]] * 3
    rows[:3] = [[6.0, 2.0]] * 3
    apart = crossed.judge(rows, trainings=[1] * 3 + [2] * 3, **options)
    assert apart.errors[1] == Error(pytest.approx(2.0**0.5), 2.0)
    together = crossed.judge(rows, **options)
    assert together.errors[1].size == pytest.approx(0.0)


def test_a_seed_that_moves_all_trainings_alike_counts_in_full():
    rows = [[2.0, 6.0]] * 6
    found = crossed.judge(
        rows,
        [1 / 6] * 6,
        [1] * 3 + [2] * 3,
        FAMILIES[:3] * 2,
        trainings=[1] * 3 + [2] * 3,
    )
    # Of the mean over trainings: variance 8 over two seeds.
    assert found.errors[1].size == pytest.approx(2.0)


# ------------------------------------------------------------- Simulated runs
def simulate(random, num_families, num_seeds, sizes, effect=0.0):
    """A kind of problem against another: families x seeds, both kinds."""
    of_family, of_seed, of_both = sizes
    kinds = []
    for level in (effect, 0.0):
        kinds.append(
            level
            + of_family * random.normal(size=(num_families, 1))
            + of_seed * random.normal(size=(1, num_seeds))
            + of_both * random.normal(size=(num_families, num_seeds))
        )
    names = [f"family {at}" for at in range(num_families)]
    return crossed.judge(
        np.concatenate(kinds),
        [1 / num_families] * num_families + [-1 / num_families] * num_families,
        ["tagging"] * num_families + ["classification"] * num_families,
        names * 2,
    )


CASES = [
    (1.0, 0.0, 1.0),
    (0.0, 1.0, 1.0),
    (1.0, 1.0, 1.0),
    (0.0, 0.0, 1.0),
    (0.3, 1.0, 0.3),
]


@pytest.mark.parametrize("sizes", CASES)
@pytest.mark.parametrize("shape", [(4, 2), (6, 3), (12, 2)])
def test_without_an_effect_no_more_than_5_percent_reject(shape, sizes):
    random = np.random.default_rng(6)
    found = [simulate(random, *shape, sizes).p for _ in range(400)]
    rejected = sum(p < 0.05 for p in found)
    assert rejected <= stats.binom.ppf(0.995, len(found), 0.05)


def simulate_trainings(random, num_seeds, sizes):
    """A kind of problem in eight families after two trainings."""
    of_family, of_training, of_seed, of_rest = sizes
    shape = (2, 8, num_seeds)
    rows = (
        of_family * random.normal(size=(1, 8, 1))
        + of_training * random.normal(size=(2, 1, num_seeds))
        + of_seed * random.normal(size=(1, 1, num_seeds))
        + of_rest * random.normal(size=shape)
    )
    names = [f"family {at}" for at in range(8)]
    keys = [1] * 8 + [2] * 8
    return crossed.judge(
        rows.reshape(16, -1), [1 / 16] * 16, keys, names * 2, trainings=keys
    )


@pytest.mark.parametrize(
    "sizes, most",
    [
        ((1.0, 1.0, 0.0, 1.0), 0.05),
        ((0.0, 1.0, 0.5, 0.2), 0.05),
        # What the module warns of.
        ((0.0, 0.0, 1.0, 0.2), 0.13),
    ],
)
def test_several_trainings_reject_no_more_than_is_said(sizes, most):
    random = np.random.default_rng(16)
    found = [simulate_trainings(random, 2, sizes).p for _ in range(400)]
    rejected = sum(p < 0.05 for p in found)
    assert rejected <= stats.binom.ppf(0.995, len(found), most)


def test_intervals_cover_an_effect_that_is_there():
    random = np.random.default_rng(7)
    found = [simulate(random, 8, 3, (1.0, 0.5, 1.0), 4.0) for _ in range(200)]
    ends = [each.interval() for each in found]
    covered = sum(low <= 4.0 <= high for low, high in ends)
    assert covered >= stats.binom.ppf(0.005, len(found), 0.95)
    assert np.mean([each.value for each in found]) == pytest.approx(4, abs=0.2)


def test_one_seed_has_the_level_of_its_families():
    random = np.random.default_rng(8)
    found = [simulate(random, 6, 1, (1.0, 0.0, 1.0)).p for _ in range(600)]
    low, high = stats.binom.interval(0.99, 600, 0.05)
    assert low <= sum(p < 0.05 for p in found) <= high


@pytest.mark.parametrize(
    "num_seeds, sizes", [(1, (1.0, 0.0, 0.5)), (5, (1.0, 0.3, 1.0))]
)
def test_the_smallest_detectable_effect_is_found_in_80_of_100(num_seeds, sizes):
    random = np.random.default_rng(9)
    size = np.median(
        [
            simulate(random, 10, num_seeds, sizes).detectable()
            for _ in range(200)
        ]
    )
    found = [simulate(random, 10, num_seeds, sizes, size).p for _ in range(200)]
    power = np.mean([p < 0.05 for p in found])
    assert power == pytest.approx(0.8, abs=0.08)


def test_a_stricter_level_and_more_power_detect_less():
    found = judge_mean([[1.0], [2.0], [6.0]])
    plain = found.detectable()
    assert found.detectable(level=0.01) > plain
    assert found.detectable(power=0.9) > plain
    # t of 2 degrees about 5.6535 lies beyond 4.302653 in 80 of 100 cases; the
    # standard error is the root of 7 / 3.
    assert stats.nct.sf(4.302653, 2, 5.6535) == pytest.approx(0.8, abs=1e-4)
    assert plain == pytest.approx(5.6535 * (7 / 3) ** 0.5, rel=1e-3)


def test_what_cannot_be_judged_is_said():
    with pytest.raises(InputError, match="languages of 2 families"):
        judge_mean([[1.0], [2.0]])
    with pytest.raises(InputError, match="needs a weight, a group"):
        crossed.judge([[1.0]], [1.0, 1.0], ["a"], ["b"])
    with pytest.raises(InputError, match="languages of 1 families"):
        crossed.judge(
            [[1.0], [2.0], [3.0], [4.0]],
            [1 / 3] * 3 + [-1.0],
            ["a"] * 3 + ["b"],
            ["a", "b", "c", "c"],
        )
