"""LogME against a case by hand, and against direct maximisation."""

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from stilts_keras.errors import InputError
from stilts_keras.scoring import logme
from stilts_keras.scoring.logme import Moments


def moments_of(features, labels):
    found = Moments.zeros(features.shape[1], labels.shape[1])
    found.add(features, labels)
    return found


def draw(n, h, k, noise=0.5, seed=0):
    random = np.random.default_rng(seed)
    features = random.normal(size=(n, h)) + 1.0
    scores = features @ random.normal(size=(h, k))
    scores += noise * random.normal(size=(n, k)) * scores.std()
    return features, np.eye(k)[scores.argmax(axis=1)]


def evidence(alpha, beta, features, y):
    """Of y as the normal vector that it is, weights integrated out."""
    covariance = features @ features.T / alpha + np.eye(len(y)) / beta
    return scipy.stats.multivariate_normal(cov=covariance).logpdf(y)


def maximum_directly(features, y):
    """Maximises the evidence over log alpha and log beta, from many starts."""
    found = [
        scipy.optimize.minimize(
            lambda x: -evidence(np.exp(x[0]), np.exp(x[1]), features, y),
            start,
            method="Nelder-Mead",
            options={"xatol": 1e-7, "fatol": 1e-10, "maxiter": 4000},
        )
        for start in ((0, 0), (3, 1))
    ]
    best = min(found, key=lambda one: one.fun)
    return -best.fun, np.exp(best.x)


def test_one_feature_by_hand():
    """F = (1, 1)', y = (1, 0)': y lies along (1, 1) with 1 / 2 of its square.

    With s = 2 the rotated labels are 1 / sqrt 2 along F and 1 / sqrt 2 off
    it. Variances v1 = 2 / alpha + 1 / beta along, v2 = 1 / beta off; the best
    are their squares, v1 = v2 = 1 / 2, so that weights are worth nothing, and
    the evidence is that of two normals: -ln(2 pi / 2) - 1.
    """
    found = moments_of(np.array([[1.0], [1.0]]), np.array([[1.0], [0.0]]))
    (fit,) = logme.fit(found)
    assert fit.log_evidence == pytest.approx(-np.log(np.pi) - 1, abs=1e-9)
    assert fit.beta == pytest.approx(2)


def test_one_feature_that_explains_by_hand():
    """F = (1, 1, 1)', y = (3, 3, 0)': 12 of 18 along F, 6 off it in two.

    v1 = 3 / alpha + 1 / beta = 12, v2 = 1 / beta = 3: beta 1 / 3, alpha
    1 / 3. The evidence of normals with these variances, at their own squares:
    -(ln 12 + 2 ln 3 + 3 ln 2 pi + 3) / 2. The weight is y's mean 2 shrunk by
    beta s / (alpha + beta s) = 3 / 4.
    """
    found = moments_of(np.ones((3, 1)), np.array([[3.0], [3.0], [0.0]]))
    (fit,) = logme.fit(found)
    assert fit.beta == pytest.approx(1 / 3, rel=1e-7)
    assert fit.alpha == pytest.approx(1 / 3, rel=1e-6)
    assert fit.weights == pytest.approx([1.5], rel=1e-6)
    expected = -(np.log(12) + 2 * np.log(3) + 3 * np.log(2 * np.pi) + 3) / 2
    assert fit.log_evidence == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("h", [3, 30], ids=["few features", "more than rows"])
def test_the_fixed_point_is_the_maximum_found_directly(h):
    features, labels = draw(20, h, 3)
    labels = labels[:, labels.any(axis=0)]
    fits = logme.fit(moments_of(features, labels))
    for fit, y in zip(fits, labels.T, strict=True):
        value, (alpha, beta) = maximum_directly(features, y)
        assert fit.log_evidence == pytest.approx(value, abs=1e-5)
        assert fit.log_evidence == pytest.approx(
            evidence(fit.alpha, fit.beta, features, y), abs=1e-6
        )
        assert fit.beta == pytest.approx(beta, rel=1e-2)
        # Variances: that of weights which are worth nothing is 0.
        assert 1 / fit.alpha == pytest.approx(1 / alpha, rel=1e-2, abs=1e-9)


def test_weights_are_the_posterior_mean():
    features, labels = draw(50, 4, 2)
    fit, _ = logme.fit(moments_of(features, labels))
    ridge = fit.alpha / fit.beta * np.eye(4) + features.T @ features
    expected = np.linalg.solve(ridge, features.T @ labels[:, 0])
    assert fit.weights == pytest.approx(expected, rel=1e-9)


def test_rows_added_in_batches_are_the_same_rows():
    features, labels = draw(90, 5, 3)
    whole, parts = moments_of(features, labels), Moments.zeros(5, 3)
    for at in range(0, 90, 20):
        parts.add(features[at : at + 20], labels[at : at + 20])
    assert logme.logme(parts) == pytest.approx(logme.logme(whole), abs=1e-12)


def test_logme_knows_no_scale_and_no_rotation():
    features, labels = draw(60, 5, 3)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    found = [
        logme.logme(moments_of(x, labels))
        for x in (features, 1000 * features, features @ turn)
    ]
    assert found == pytest.approx([found[0]] * 3, abs=1e-7)


def test_features_that_tell_labels_beat_those_that_do_not():
    features, labels = draw(200, 6, 3, noise=0.1)
    shuffled = np.random.default_rng(2).permutation(features)
    clear, noise = (
        logme.logme(moments_of(x, labels)) for x in (features, shuffled)
    )
    assert clear > noise + 0.1


def test_a_copied_feature_adds_nothing_but_a_useless_one_costs():
    features, labels = draw(100, 3, 2, noise=0.2)
    more = np.random.default_rng(3).normal(size=(100, 40))
    alone = logme.logme(moments_of(features, labels))
    twice = logme.logme(moments_of(np.hstack([features] * 2), labels))
    drowned = logme.logme(moments_of(np.hstack([features, more]), labels))
    assert twice == pytest.approx(alone, abs=1e-7)
    assert drowned < alone - 0.01


def test_projected_moments_are_those_of_projected_features():
    features, labels = draw(30, 4, 3)
    random = np.random.default_rng(4)
    weights, bias = random.normal(size=(4, 2)), random.normal(size=2)
    found = moments_of(features, labels).projected(weights, bias)
    expected = moments_of(features @ weights + bias, labels)
    for name, value in vars(expected).items():
        assert np.allclose(getattr(found, name), value), name


def test_a_linear_head_reads_what_is_linear():
    features, labels = draw(400, 5, 3, noise=0.0)
    weights, bias = logme.linear_head(moments_of(features, labels))
    scores = features @ weights + bias
    assert (scores.argmax(axis=1) == labels.argmax(axis=1)).mean() > 0.85
    # Of 0 and 1, each row's posterior means come to about 1, as its labels do.
    assert scores.sum(axis=1) == pytest.approx(np.ones(400), abs=0.05)
    assert scores.mean(axis=0) == pytest.approx(labels.mean(axis=0))


def test_a_linear_head_of_labels_that_features_do_not_tell_has_no_weights():
    features = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    labels = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    weights, bias = logme.linear_head(moments_of(features, labels))
    assert not weights.any()
    assert bias.tolist() == [0.5, 0.5]


def test_a_linear_head_gives_an_absent_class_nothing():
    features, labels = draw(50, 4, 2)
    labels = np.hstack([labels, np.zeros((50, 1))])
    weights, bias = logme.linear_head(moments_of(features, labels))
    assert not weights[:, 2].any()
    assert bias[2] == 0
    assert weights[:, :2].any()


def test_labels_that_features_explain_entirely_are_finite():
    features = np.eye(4)[np.arange(40) % 4]
    found = logme.logme(moments_of(features, features[:, :2]))
    assert np.isfinite(found)
    assert found > 3


def test_a_class_without_rows_is_left_out():
    features, labels = draw(50, 4, 2)
    wider = np.hstack([labels, np.zeros((50, 3))])
    assert logme.logme(moments_of(features, wider)) == pytest.approx(
        logme.logme(moments_of(features, labels)), abs=1e-12
    )


def test_one_class_alone_is_refused():
    with pytest.raises(InputError, match="two classes"):
        logme.logme(moments_of(np.ones((5, 2)), np.ones((5, 1))))


def test_features_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="finite"):
        moments_of(np.array([[np.nan]]), np.array([[1.0]]))
