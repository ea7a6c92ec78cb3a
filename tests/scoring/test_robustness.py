"""Retention, drop and consistency: by hand, against SciPy, and simulated."""

import numpy as np
import pytest
from scipy import stats

from stilts_keras.errors import InputError
from stilts_keras.scoring import bootstrap
from stilts_keras.scoring import metrics
from stilts_keras.scoring import robustness
from stilts_keras.scoring.robustness import Scores

NUM_DRAWS = 4000


def scores(*values, noise=0.0):
    """Scores of one seed each, whose draws lie `noise` to either side."""
    sides = np.array([-noise, noise])
    return Scores(np.array(values), np.array(values)[:, None] + sides)


def sample(right):
    right = np.asarray(right, float)
    return bootstrap.Sample(right, np.ones_like(right))


def drawn(num_draws=NUM_DRAWS, **samples):
    """Draws samples of one seed each on the same resamples."""
    draws = bootstrap.draw(samples, num_draws=num_draws)
    return {
        name: Scores(np.array([samples[name].value]), found[None])
        for name, found in draws.items()
    }


def estimate(found, **options):
    return bootstrap.estimate(found.values, found.draws, **options)


# ------------------------------------------------------------------- By hand
def test_retention_and_drop_by_hand():
    clean, disturbed = scores(80.0, 60.0), scores(60.0, 54.0)
    assert robustness.retention(clean, disturbed).values == pytest.approx(
        [75.0, 90.0]
    )
    assert robustness.drop(clean, disturbed).values == pytest.approx(
        [20.0, 6.0]
    )


def test_a_ratio_of_means_and_no_mean_of_ratios():
    clean = robustness.mean_of([scores(80.0), scores(20.0)])
    disturbed = robustness.mean_of([scores(60.0), scores(20.0)])
    # (60 + 20) / (80 + 20), not (75 % + 100 %) / 2.
    assert robustness.retention(clean, disturbed).values == [80.0]


def test_draws_are_divided_one_by_one():
    clean = Scores(np.array([50.0]), np.array([[40.0, 50.0]]))
    disturbed = Scores(np.array([25.0]), np.array([[20.0, 30.0]]))
    found = robustness.retention(clean, disturbed)
    assert found.draws.tolist() == [[50.0, 60.0]]
    assert (found - found).draws.tolist() == [[0.0, 0.0]]


def test_nothing_is_retained_of_nothing():
    with pytest.raises(InputError, match="clean score is 0"):
        robustness.retention(scores(0.0), scores(0.0))
    with pytest.raises(InputError, match="on other examples"):
        robustness.retention(scores(5.0, noise=5.0), scores(5.0))


def test_consistency_counts_items_predicted_as_in_english():
    found = robustness.consistency(["a", "b", "b", "c"], ["a", "b", "a", "a"])
    assert found.value == 50.0
    # Of choices, which are numbers.
    assert robustness.consistency([0, 1], [0, 1]).value == 100.0
    with pytest.raises(InputError, match="2 and 1"):
        robustness.consistency([0, 1], [0])


# ------------------------------------------------------- Against a reference
def test_the_error_of_retention_is_that_of_scipys_paired_bootstrap():
    random = np.random.default_rng(1)
    clean = random.random(300) < 0.8
    disturbed = clean & (random.random(300) < 0.8)
    found = drawn(clean=sample(clean), disturbed=sample(disturbed))
    kept = robustness.retention(found["clean"], found["disturbed"])
    expected = stats.bootstrap(
        (disturbed.astype(float), clean.astype(float)),
        lambda a, b, axis: 100 * a.sum(axis=axis) / b.sum(axis=axis),
        paired=True,
        n_resamples=NUM_DRAWS,
        rng=np.random.default_rng(2),
        method="percentile",
    )
    assert kept.values[0] == pytest.approx(100 * disturbed.sum() / clean.sum())
    assert kept.draws.std() == pytest.approx(expected.standard_error, rel=0.08)
    judged = estimate(kept)
    interval = expected.confidence_interval
    assert judged.low == pytest.approx(interval.low, abs=0.6)
    assert judged.high == pytest.approx(interval.high, abs=0.6)


def test_the_error_of_a_difference_is_that_of_scipys_paired_bootstrap():
    random = np.random.default_rng(3)
    hard = random.random(400)
    rows = [hard < share for share in (0.8, 0.6, 0.75, 0.5)]
    names = ("ours", "ours_disturbed", "theirs", "theirs_disturbed")
    found = drawn(**dict(zip(names, map(sample, rows), strict=True)))
    change = robustness.retention(
        found["ours"], found["ours_disturbed"]
    ) - robustness.retention(found["theirs"], found["theirs_disturbed"])

    def of_rows(a, b, c, d, axis):
        sums = [each.sum(axis=axis) for each in (a, b, c, d)]
        return 100 * (sums[1] / sums[0] - sums[3] / sums[2])

    expected = stats.bootstrap(
        [row.astype(float) for row in rows],
        of_rows,
        paired=True,
        n_resamples=NUM_DRAWS,
        rng=np.random.default_rng(4),
        method="percentile",
    )
    assert change.draws.std() == pytest.approx(
        expected.standard_error, rel=0.08
    )
    # Answers that hang together leave less than those of other questions.
    apart = np.hypot(
        *(
            robustness.retention(
                found[name], found[f"{name}_disturbed"]
            ).draws.std()
            for name in ("ours", "theirs")
        )
    )
    assert change.draws.std() < 0.9 * apart


def test_a_metric_that_is_no_mean_over_examples_is_resampled_as_it_is():
    random = np.random.default_rng(5)
    gold = [["B-PER", "I-PER", "O", "B-LOC"]] * 100
    guesses = [
        [
            [tag if random.random() < share else "O" for tag in tags]
            for tags in gold
        ]
        for share in (0.95, 0.7)
    ]
    metric = metrics.find("entity_f1")
    samples = [
        bootstrap.Sample(*metric.sample(gold, guess)) for guess in guesses
    ]
    found = drawn(clean=samples[0], disturbed=samples[1])
    kept = robustness.retention(found["clean"], found["disturbed"])
    scored = [metric(gold, guess) for guess in guesses]
    assert kept.values[0] == pytest.approx(100 * scored[1] / scored[0])
    # By scoring resampled sentences themselves, by another generator.
    again = np.random.default_rng(6)
    ratios = []
    for _ in range(200):
        at = again.integers(0, len(gold), len(gold))
        truth = [gold[i] for i in at]
        clean, disturbed = (
            metric(truth, [guess[i] for i in at]) for guess in guesses
        )
        ratios.append(100 * disturbed / clean)
    assert kept.draws.std() == pytest.approx(np.std(ratios), rel=0.2)


# ----------------------------------------------------------------- Simulated
def simulated(random, *, changes=0.0, seeds=1, n=200, num_draws=150):
    """A difference of retentions: `changes` is what the route truly keeps."""
    samples = {}
    for seed in range(seeds):
        hard = random.random(n)
        for route, share, kept in (
            ("a", 0.7, 0.5 - changes / 2),
            ("b", 0.75, 0.5 + changes / 2),
        ):
            luck = random.normal(0, 0.02)
            clean = hard + random.normal(0, 0.15, n) < share + luck
            disturbed = clean & (random.random(n) < kept)
            samples[route, seed, "clean"] = sample(clean)
            samples[route, seed, "disturbed"] = sample(disturbed)
    draws = bootstrap.draw(
        samples, num_draws=num_draws, seed=int(random.integers(1 << 30))
    )

    def of(route, kind):
        keys = [(route, seed, kind) for seed in range(seeds)]
        return Scores(
            np.array([samples[key].value for key in keys]),
            np.array([draws[key] for key in keys]),
        )

    theirs, ours = (
        robustness.retention(of(route, "clean"), of(route, "disturbed"))
        for route in "ab"
    )
    return estimate(ours - theirs, num_examples=n)


@pytest.mark.parametrize("seeds", [1, 3])
def test_without_an_effect_no_more_than_five_of_a_hundred_are_significant(
    seeds,
):
    random = np.random.default_rng(70 + seeds)
    found = [simulated(random, seeds=seeds).p for _ in range(250)]
    # Three standard deviations of a share of 5 % above it.
    assert np.mean(np.array(found) < 0.05) < 0.05 + 3 * np.sqrt(
        0.05 * 0.95 / 250
    )


def test_what_is_called_detectable_is_found_in_four_of_five_studies():
    random = np.random.default_rng(8)
    detectable = np.median(
        [simulated(random).detectable(0.05) for _ in range(40)]
    )
    found = [
        simulated(random, changes=detectable / 100).p < 0.05 for _ in range(300)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.08)
