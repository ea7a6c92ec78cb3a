"""Regressions over languages, against formulas written out anew."""

import numpy as np
import pytest
from scipy import stats

from stilts_keras.errors import InputError
from stilts_keras.scoring.regression import regress


def draw(num_clusters, size, seed, effect=0.0, noise=1.0):
    """Outcomes whose clusters share a part of outcome and predictor."""
    random = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(num_clusters), size)
    shared = random.normal(size=(2, num_clusters))[:, clusters]
    own = random.normal(size=(2, clusters.size))
    predictor = shared[0] + 0.5 * own[0]
    outcomes = effect * predictor + noise * (shared[1] + 0.5 * own[1])
    return outcomes, predictor, [f"family {index}" for index in clusters]


def sandwich(outcomes, columns, clusters):
    """Coefficients and errors by the formula, with no library's help."""
    x = np.array([[1.0, *row] for row in zip(*columns, strict=True)])
    bread = np.linalg.inv(x.T @ x)
    b = bread @ x.T @ outcomes
    u = outcomes - x @ b
    n, k = x.shape
    filling = np.zeros((k, k))
    for cluster in set(clusters):
        rows = [i for i, name in enumerate(clusters) if name == cluster]
        score = sum(x[i] * u[i] for i in rows)
        filling += np.outer(score, score)
    g = len(set(clusters))
    factor = g / (g - 1) * (n - 1) / (n - k)
    return b, np.sqrt(np.diag(factor * bread @ filling @ bread))


def test_errors_are_those_of_the_sandwich_formula():
    outcomes, first, clusters = draw(32, 2, seed=1, effect=0.5)
    second = np.random.default_rng(2).uniform(10, 20, len(outcomes))
    # Unequal clusters, in no order.
    keep = np.random.default_rng(3).permutation(len(outcomes))[:50]
    outcomes, first, second = outcomes[keep], first[keep], second[keep]
    clusters = [clusters[index] for index in keep]
    found = regress(outcomes, {"a": first, "b": second}, clusters)
    b, error = sandwich(outcomes, [first, second], clusters)
    degrees = len(set(clusters)) - 1
    reach = stats.t.ppf(0.975, degrees) * error
    assert [t["name"] for t in found["terms"]] == ["intercept", "a", "b"]
    for index, term in enumerate(found["terms"]):
        assert term["coefficient"] == pytest.approx(b[index])
        assert term["error"] == pytest.approx(error[index])
        assert term["low"] == pytest.approx(b[index] - reach[index])
        assert term["high"] == pytest.approx(b[index] + reach[index])
        p = 2 * stats.t.sf(abs(b[index] / error[index]), degrees)
        assert term["p"] == pytest.approx(p)
    assert found["n"] == 50
    assert found["num_clusters"] == len(set(clusters)) < 50


def test_a_line_is_found():
    x = np.arange(12.0)
    outcomes = 3.0 - 2.0 * x
    found = regress(outcomes, {"x": x}, list("aabbccddeeff"))
    intercept, slope = (term["coefficient"] for term in found["terms"])
    assert (intercept, slope) == (pytest.approx(3.0), pytest.approx(-2.0))
    assert found["r_squared"] == pytest.approx(1.0)
    assert found["terms"][1]["p"] < 1e-6


def test_without_predictors_the_mean_is_left():
    # Clusters of one: the error is that of a plain mean, s / sqrt(n), and
    # its interval Student's.
    outcomes = [1.0, 2.0, 4.0, 9.0]
    (term,) = regress(outcomes, {}, list("abcd"))["terms"]
    assert term["coefficient"] == pytest.approx(4.0)
    assert term["error"] == pytest.approx(np.std(outcomes, ddof=1) / 2)
    interval = stats.ttest_1samp(outcomes, 0).confidence_interval(0.95)
    assert (term["low"], term["high"]) == pytest.approx(interval)


def test_doubling_the_rows_of_each_cluster_teaches_nothing():
    outcomes, x, clusters = draw(15, 1, seed=4, effect=1.0)
    once = regress(outcomes, {"x": x}, clusters)["terms"][1]
    twice = regress(np.tile(outcomes, 2), {"x": np.tile(x, 2)}, clusters * 2)[
        "terms"
    ][1]
    assert twice["coefficient"] == pytest.approx(once["coefficient"])
    # But for (n - 1) / (n - k), which tends to one.
    ratio = (14 / 13) / (29 / 28)
    assert once["error"] ** 2 / twice["error"] ** 2 == pytest.approx(ratio)


def test_confidence_widens_the_interval():
    outcomes, x, clusters = draw(12, 3, seed=5)
    half = regress(outcomes, {"x": x}, clusters, confidence=0.5)["terms"][1]
    most = regress(outcomes, {"x": x}, clusters, confidence=0.99)["terms"][1]
    assert most["low"] < half["low"] < half["high"] < most["high"]
    assert most["p"] == half["p"]


def rate(num_clusters, num):
    """How often an effect is found that is not there."""
    found = 0
    for seed in range(num):
        outcomes, x, clusters = draw(num_clusters, 4, seed=100 + seed)
        found += regress(outcomes, {"x": x}, clusters)["terms"][1]["p"] < 0.05
    return found / num


def reach(share, num):
    """Four standard deviations of a binomial share."""
    return 4 * np.sqrt(share * (1 - share) / num)


def test_with_many_clusters_p_is_near_what_it_says():
    assert abs(rate(100, 800) - 0.05) < reach(0.05, 800)


def test_with_fewer_clusters_p_is_as_much_too_small_as_is_said():
    assert abs(rate(30, 800) - 0.07) < reach(0.07, 800)
    assert rate(8, 800) > 0.05 + reach(0.05, 800)


def test_without_clusters_an_effect_would_often_be_found():
    found = 0
    for seed in range(300):
        outcomes, x, _ = draw(30, 4, seed=100 + seed)
        found += stats.linregress(x, outcomes).pvalue < 0.05
    assert found > 60


def test_an_effect_that_is_there_is_covered_by_the_interval():
    num, hits = 300, 0
    for seed in range(num):
        outcomes, x, clusters = draw(30, 4, seed=5000 + seed, effect=0.7)
        term = regress(outcomes, {"x": x}, clusters)["terms"][1]
        hits += term["low"] <= 0.7 <= term["high"]
    assert abs(hits / num - 0.93) < reach(0.93, num)


@pytest.mark.parametrize(
    ("num", "words"),
    [(9, "9 clusters, fewer than 10"), (29, "29 clusters, fewer than 30")],
)
def test_few_clusters_are_warned_of(num, words):
    outcomes, x, clusters = draw(num, 3, seed=6)
    (warning,) = regress(outcomes, {"x": x}, clusters)["warnings"]
    assert words in warning and "Cameron and Miller, 2015" in warning


def test_many_clusters_are_not_warned_of():
    outcomes, x, clusters = draw(30, 1, seed=6)
    assert regress(outcomes, {"x": x}, clusters)["warnings"] == []


def test_few_outcomes_per_predictor_are_warned_of():
    outcomes, x, clusters = draw(39, 1, seed=7)
    more = np.random.default_rng(8).normal(size=(3, 39))
    columns = dict(zip("xyzw", [x, *more], strict=True))
    (warning,) = regress(outcomes, columns, clusters)["warnings"]
    assert "39 outcomes for 4 predictors" in warning
    del columns["w"]
    assert regress(outcomes, columns, clusters)["warnings"] == []


def test_a_predictor_of_one_cluster_alone_is_warned_of():
    outcomes, _, clusters = draw(30, 3, seed=9)
    flag = [float(name == "family 3") for name in clusters]
    (warning,) = regress(outcomes, {"flag": flag}, clusters)["warnings"]
    assert "flag varies through family 3 alone" in warning


GOOD = {
    "outcomes": [1.0, 2.0, 4.0, 3.0, 7.0, 5.0],
    "predictors": {"x": [0.0, 1.0, 2.0, 3.0, 4.0, 6.0]},
    "clusters": list("aabbcc"),
}


def test_the_case_that_the_errors_are_made_of_is_right():
    assert regress(**GOOD)["num_clusters"] == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clusters": list("aaabbb")}, "at least 3 clusters. Received 2: a, b"),
        ({"clusters": list("aabbc")}, "6 outcomes but 5 values of the clus"),
        ({"predictors": {"x": [1.0] * 5}}, "6 outcomes but 5 values of x"),
        ({"predictors": {"x": [0.1] * 6}}, "'x' is 0.1 throughout"),
        ({"predictors": {"x": [0.1, None] * 3}}, "'x'. Received: nan at ind"),
        ({"predictors": {"x": ["SOV"] * 6}}, "numbers as predictor 'x'"),
        ({"predictors": {"x": [[1.0]] * 6}}, "shape \\(6, 1\\)"),
        ({"predictors": {"intercept": range(6)}}, "may not be named 'interc"),
        ({"outcomes": [1, 2, np.inf, 3, 4, 5]}, "outcomes. Received: inf at"),
        ({"outcomes": [2.0] * 6}, "All 6 outcomes are 2"),
        ({"outcomes": []}, "0 outcomes but"),
    ],
)
def test_what_cannot_be_done_is_said(change, message):
    with pytest.raises(InputError, match=message):
        regress(**{**GOOD, **change})


def test_collinear_predictors_are_named():
    outcomes, x, clusters = draw(12, 2, seed=10)
    z = np.random.default_rng(11).normal(size=24)
    columns = {"x": x, "z": z, "both": 1e-6 * (3.0 + x - 2.0 * z)}
    with pytest.raises(InputError, match="follows from the others.*x, z, both"):
        regress(outcomes, columns, clusters)


def test_units_do_not_make_predictors_collinear():
    outcomes, x, clusters = draw(12, 3, seed=12)
    z = np.random.default_rng(13).normal(size=36)
    plain = regress(outcomes, {"x": x, "z": z}, clusters)
    scaled = regress(outcomes, {"x": 1e-7 * x, "z": 1e7 * z}, clusters)
    for ours, theirs in zip(plain["terms"], scaled["terms"], strict=True):
        assert ours["p"] == pytest.approx(theirs["p"], rel=1e-4)


def test_too_many_terms_are_refused():
    outcomes, _, clusters = draw(5, 1, seed=14)
    columns = dict(zip("wxyz", np.eye(5), strict=False))
    with pytest.raises(InputError, match="more than 5 outcomes. Received: 5"):
        regress(outcomes, columns, clusters)
    # As many clusters as terms: errors could come out as zero.
    outcomes, x, clusters = draw(3, 4, seed=15)
    columns = {"x": x, "squared": x**2}
    with pytest.raises(InputError, match="at least 4 clusters. Received 3"):
        regress(outcomes, columns, clusters)
