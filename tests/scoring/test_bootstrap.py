"""Resampling: against SciPy, closed forms, and simulated null effects."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from stilts_keras.errors import InputError
from stilts_keras.scoring import bootstrap
from stilts_keras.scoring import metrics


def sample(right, ids=None):
    right = np.asarray(right, float)
    return bootstrap.Sample(right, np.ones_like(right), ids)


def answers(random, n, share):
    return random.random(n) < share


# -------------------------------------------------------------------- Drawing
def test_draws_vary_like_the_score_of_other_examples():
    random = np.random.default_rng(1)
    made = sample(answers(random, 400, 0.7))
    (draws,) = bootstrap.draw({"x": made}, num_draws=4000).values()
    error = 100 * np.sqrt(0.7 * 0.3 / 400)
    assert draws.std() == pytest.approx(error, rel=0.1)
    assert draws.mean() == pytest.approx(made.value, abs=4 * error / 63)


def test_the_spread_is_that_of_scipys_bootstrap():
    random = np.random.default_rng(2)
    parts = random.integers(0, 5, 200).astype(float)
    wholes = parts + random.integers(1, 5, 200)
    made = bootstrap.Sample(parts, wholes)
    draws = bootstrap.draw({"x": made}, num_draws=4000)["x"]
    expected = stats.bootstrap(
        (parts, wholes),
        lambda a, b, axis: 100 * a.sum(axis=axis) / b.sum(axis=axis),
        paired=True,
        n_resamples=4000,
        rng=np.random.default_rng(3),
        method="percentile",
    )
    assert draws.std() == pytest.approx(expected.standard_error, rel=0.08)


def test_equal_answers_are_equal_in_every_draw():
    right = answers(np.random.default_rng(3), 50, 0.5)
    draws = bootstrap.draw({"a": sample(right), "b": sample(right)})
    assert (draws["a"] == draws["b"]).all()


def test_paired_answers_differ_less_than_answers_of_other_questions():
    random = np.random.default_rng(4)
    right = answers(random, 500, 0.6)
    nearly = right ^ (random.random(500) < 0.02)
    paired = bootstrap.draw({"a": sample(right), "b": sample(nearly)})
    other = bootstrap.draw({"a": sample(right), "b": sample(nearly[:-1])})
    gap = [(found["a"] - found["b"]).std() for found in (paired, other)]
    assert gap[0] < gap[1] / 3


def test_translations_are_drawn_together_by_their_ids_in_any_order():
    right = answers(np.random.default_rng(5), 60, 0.5)
    names = [f"q{number}" for number in range(60)]
    order = np.random.default_rng(6).permutation(60)
    draws = bootstrap.draw(
        {
            "de": sample(right, names),
            "fr": sample(right[order], [names[at] for at in order]),
        }
    )
    assert draws["de"] == pytest.approx(draws["fr"], abs=1e-4)
    # Another language has some of the questions only.
    part = bootstrap.draw(
        {"de": sample(right, names), "vi": sample(right[:40], names[:40])}
    )
    assert 0.5 < np.corrcoef(part["de"], part["vi"])[0, 1] < 0.95


def test_draws_of_one_sample_do_not_depend_on_the_others():
    right = answers(np.random.default_rng(7), 80, 0.5)
    alone = bootstrap.draw({"a": sample(right)})["a"]
    beside = bootstrap.draw({"b": sample(right[:30]), "a": sample(right)})["a"]
    assert (alone == beside).all()


def test_chunks_of_draws_are_one_draw(monkeypatch):
    right = answers(np.random.default_rng(8), 300, 0.5)
    made = {"a": sample(right)}
    monkeypatch.setattr(bootstrap, "MAX_WEIGHTS", 70 * 1000)
    draws = bootstrap.draw(made)["a"]
    assert draws.std() == pytest.approx(100 * 0.5 / np.sqrt(300), rel=0.15)


def test_sentences_without_pairs_need_no_memory():
    size = 300_000
    parts, wholes = np.zeros(size), np.zeros(size)
    parts[:100], wholes[:100] = 2, 2
    names = [str(number) for number in range(size)]
    draws = bootstrap.draw({"a": bootstrap.Sample(parts, wholes, names)})
    assert (draws["a"] == 100).all()


@pytest.mark.parametrize(
    "wrong",
    [
        bootstrap.Sample(np.zeros(0), np.zeros(0)),
        bootstrap.Sample(np.zeros(2), np.zeros(3)),
        bootstrap.Sample(np.zeros(2), np.zeros(2), ["a"]),
    ],
)
def test_samples_that_do_not_fit_are_refused(wrong):
    with pytest.raises(InputError, match="Sample 'x'"):
        bootstrap.draw({"x": wrong})


@pytest.mark.parametrize(
    "name, gold, guess, language",
    [
        ("accuracy", ["a", "b", "a"], ["a", "a", "a"], "en"),
        ("accuracy", [["N", "V"], ["N"]], [["N", "N"], ["N"]], "th"),
        ("chunk_f1", [["N", "V"], ["N"]], [["N", "N"], ["N"]], "ar"),
        (
            "entity_f1",
            [["B-PER", "I-PER", "O"], ["O", "B-LOC"]],
            [["B-PER", "O", "O"], ["O", "B-LOC"]],
            "hi",
        ),
        ("f1", [["das rote Haus"], ["ja"]], ["rote Haus", "nein"], "de"),
        ("exact_match", [["北京"], ["上海"]], ["北京", "上"], "zh"),
        ("mlqa_f1", [["北京市"], ["上海"]], ["北京", "上海"], "zh"),
        ("squad_v2_f1", [[], ["a b"]], ["", "a"], "en"),
        ("pair_f1", [["1"], [], ["2"]], [["1"], ["3"], []], "zh"),
    ],
)
def test_parts_and_wholes_make_up_the_metric(name, gold, guess, language):
    parts, wholes = metrics.find(name).sample(gold, guess, language)
    assert len(parts) == len(wholes) == len(gold)
    whole = metrics.score([name], gold, guess, language)[name]
    assert bootstrap.Sample(parts, wholes).value == pytest.approx(whole)
    assert 0 < whole < 100


# -------------------------------------------------------------------- Judging
def judge(ours, theirs):
    """Compares two lists of right answers, one list for each seed."""
    draws = bootstrap.draw(
        {
            (which, seed): sample(right)
            for which, runs in enumerate((ours, theirs))
            for seed, right in enumerate(runs)
        },
        num_draws=300,
    )
    values = [
        100 * (np.mean(a) - np.mean(b))
        for a, b in zip(ours, theirs, strict=True)
    ]
    return bootstrap.estimate(
        values,
        [draws[0, at] - draws[1, at] for at in range(len(ours))],
        num_examples=len(ours[0]),
    )


def test_one_seed_gives_mcnemars_answer():
    random = np.random.default_rng(9)
    ours = answers(random, 2000, 0.55)
    theirs = np.where(random.random(2000) < 0.7, ours, ~ours)
    draws = bootstrap.draw(
        {"a": sample(ours), "b": sample(theirs)}, num_draws=20_000
    )
    value = 100 * (ours.mean() - theirs.mean())
    found = bootstrap.estimate([value], [draws["a"] - draws["b"]])
    gains = int((ours & ~theirs).sum())
    losses = int((theirs & ~ours).sum())
    # McNemar's test without continuity correction.
    expected = stats.chi2.sf((gains - losses) ** 2 / (gains + losses), 1)
    assert found.p == pytest.approx(expected, rel=0.1, abs=0.005)
    assert (found.low <= 0 <= found.high) == (found.p >= 0.05)


def test_many_examples_leave_students_t_over_the_seeds():
    values = np.array([1.0, 2.5, 1.5])
    draws = np.repeat(values[:, None], 50, axis=1)
    found = bootstrap.estimate(values, draws)
    expected = stats.ttest_1samp(values, 0.0)
    assert found.p == pytest.approx(expected.pvalue, rel=0.01)
    interval = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(interval, abs=0.02)


def test_an_interval_excludes_zero_where_p_is_small():
    random = np.random.default_rng(11)
    for shift in (0.0, 0.05, 0.1, 0.2):
        runs = [answers(random, 300, 0.5 + shift) for _ in range(3)]
        found = judge(runs, [answers(random, 300, 0.5) for _ in range(3)])
        assert (found.low <= 0 <= found.high) == (found.p >= 0.05)
        assert found.num_seeds == 3


def test_no_difference_in_any_draw_is_no_evidence():
    right = [[True, False, True]]
    found = judge(right, right)
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_the_interval_of_a_score_is_wilsons():
    right = answers(np.random.default_rng(20), 500, 0.8)
    made = sample(right)
    draws = bootstrap.draw({"a": made}, num_draws=4000)["a"]
    found = bootstrap.estimate([made.value], [draws])
    test = stats.binomtest(int(right.sum()), 500)
    wilson = test.proportion_ci(method="wilson")
    assert found.low == pytest.approx(100 * wilson.low, abs=0.5)
    assert found.high == pytest.approx(100 * wilson.high, abs=0.5)


def test_examples_that_all_differ_alike_are_evidence():
    found = judge([[True] * 30], [[False] * 30])
    # The sign test's is 2e-9.
    assert found.value == 100 and 1e-9 < found.p < 1e-6
    assert found.low > 0


def test_seeds_that_agree_by_luck_do_not_end_the_matter():
    random = np.random.default_rng(18)
    ours = [random.permutation(np.arange(40) < 24) for _ in range(2)]
    theirs = [random.permutation(np.arange(40) < 16) for _ in range(2)]
    found = judge(ours, theirs)
    assert found.value == pytest.approx(20.0)
    # One degree of freedom: twenty points are not much.
    assert found.p > 0.05


@pytest.mark.parametrize("n, seed_noise", [(40, 0.3), (200, 0.5)])
def test_two_seeds_without_an_effect_hardly_ever_reject_at_1_percent(
    n, seed_noise
):
    num_tables = 600
    found = p_values(2, n, seed_noise, num_tables=num_tables, seed=19)
    for level in (0.01, 0.001):
        count = sum(p < level for p in found)
        assert count <= stats.binom.ppf(0.995, num_tables, level)


def test_holm_by_hand():
    # 0.01 * 4, 0.02 * 3, then never less than before.
    assert bootstrap.holm([0.02, 0.5, 0.01, 0.04]) == pytest.approx(
        [0.06, 0.5, 0.04, 0.08]
    )
    assert bootstrap.holm([]) == []


@pytest.mark.parametrize("number", [1, 2, 37])
def test_holm_is_statsmodels(number):
    found = np.random.default_rng(17).random(number) ** 4
    expected = multipletests(found, method="holm")[1]
    assert bootstrap.holm(found) == pytest.approx(expected)


def p_values(num_seeds, n, seed_noise, *, num_tables, seed):
    """Lists p of differences between two routes that are equally good.

    Examples have a difficulty of their own, which each route meets in its own
    way; every training has a level of its own.
    """
    random = np.random.default_rng(seed)
    found = []
    for _ in range(num_tables):
        difficulty = random.normal(0, 1, n)
        runs = []
        for _ in range(2):
            own = random.normal(0, 0.5, n)
            level = random.normal(0, seed_noise, (num_seeds, 1))
            noise = random.normal(0, 1, (num_seeds, n))
            runs.append(difficulty + own + level + noise > 0)
        found.append(judge(*runs).p)
    return found


def false_positives(*case, **options):
    return sum(p < 0.05 for p in p_values(*case, **options))


def test_without_an_effect_one_seed_rejects_in_5_percent_of_cases():
    num_tables = 600
    count = false_positives(1, 200, 0.0, num_tables=num_tables, seed=12)
    low, high = stats.binom.interval(0.99, num_tables, 0.05)
    assert low <= count <= high


@pytest.mark.parametrize("num_seeds", [2, 3, 5])
@pytest.mark.parametrize("seed_noise", [0.0, 0.2])
def test_without_an_effect_several_seeds_reject_no_more(num_seeds, seed_noise):
    num_tables = 250
    count = false_positives(
        num_seeds, 200, seed_noise, num_tables=num_tables, seed=13
    )
    assert count <= stats.binom.ppf(0.995, num_tables, 0.05)


def test_one_seed_does_not_speak_for_others():
    # What the documentation warns of: seeds differ, and one was drawn.
    count = false_positives(1, 200, 0.3, num_tables=100, seed=14)
    assert count > stats.binom.ppf(0.999, 100, 0.05)


@pytest.mark.parametrize("is_parallel", [True, False])
def test_means_over_languages_reject_in_5_percent_of_cases(is_parallel):
    """Translations of a question are one question; others are several."""
    random = np.random.default_rng(15)
    count, num_tables, n = 0, 400, 150
    for _ in range(num_tables):
        shape = (1 if is_parallel else 4, n)
        samples = {}
        for which in "ab":
            hard = random.normal(0, 1, shape) + random.normal(0, 0.3, (4, n))
            for language in range(4):
                samples[which, language] = sample(hard[language] > 0)
        draws = bootstrap.draw(samples, num_draws=300)
        gaps = [
            (
                samples["a", language].value - samples["b", language].value,
                draws["a", language] - draws["b", language],
            )
            for language in range(4)
        ]
        value = np.mean([gap for gap, _ in gaps])
        found = bootstrap.estimate(
            [value],
            [np.mean([drawn for _, drawn in gaps], axis=0)],
            num_examples=n,
        )
        count += found.p < 0.05
    low, high = stats.binom.interval(0.99, num_tables, 0.05)
    assert low <= count <= high


@pytest.mark.parametrize(
    "values, draws",
    [
        (np.zeros(0), np.zeros((0, 4))),
        (np.zeros(2), np.zeros((3, 4))),
        (np.zeros(1), np.zeros(4)),
    ],
)
def test_values_and_draws_must_fit(values, draws):
    with pytest.raises(InputError, match="at least one seed"):
        bootstrap.estimate(values, draws)
