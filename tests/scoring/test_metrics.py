"""Metrics by name."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from stilts_keras.errors import InputError
from stilts_keras.scoring import metrics


def test_accuracy_of_labels_is_in_percent():
    assert metrics.find("accuracy")(
        ["a", "b", "a"], ["a", "a", "a"]
    ) == pytest.approx(200 / 3)


def test_accuracy_takes_numpy_labels():
    assert metrics.find("accuracy")([0, 1], np.array([0, 0])) == 50.0


def test_macro_f1_is_that_of_scikit_learn():
    random = np.random.default_rng(0)
    for _ in range(20):
        gold = random.choice(list("abcd"), 50, p=[0.6, 0.2, 0.15, 0.05])
        guess = np.where(
            random.random(50) < 0.6, gold, random.choice(list("abcde"), 50)
        )
        expected = 100 * f1_score(gold, guess, average="macro")
        found = metrics.find("macro_f1")(gold.tolist(), guess.tolist())
        assert found == pytest.approx(expected, abs=1e-9)


def test_macro_f1_by_hand():
    # a: 1 right of 1 given and 2 predicted, 2/3; b: nothing right; c: all.
    gold, guess = ["a", "b", "c", "c"], ["a", "a", "c", "c"]
    expected = 100 * (2 / 3 + 0 + 1) / 3
    assert metrics.find("macro_f1")(gold, guess) == pytest.approx(expected)
    assert metrics.find("macro_f1")(gold, gold) == pytest.approx(100)


def test_the_interval_of_macro_f1_is_that_of_a_bootstrap():
    random = np.random.default_rng(1)
    gold = random.choice(list("abcd"), 400, p=[0.5, 0.25, 0.15, 0.1])
    guess = np.where(
        random.random(400) < 0.7, gold, random.choice(list("abcd"), 400)
    )
    low, high = metrics.find("macro_f1").interval(gold.tolist(), guess.tolist())
    draws = random.integers(0, 400, (500, 400))
    scores = [
        100 * f1_score(gold[at], guess[at], average="macro") for at in draws
    ]
    ends = np.quantile(scores, [0.025, 0.975])
    assert (low, high) == pytest.approx(tuple(ends), abs=1.0)


def test_accuracy_of_tags_counts_words_not_sentences():
    gold = [["A"], ["A", "B", "C"]]
    assert metrics.find("accuracy")(gold, [["B"], ["A", "B", "C"]]) == 75.0


def test_accuracy_agrees_with_scikit_learn():
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    gold = random.integers(0, 3, 200)
    guess = random.integers(0, 3, 200)
    expected = 100 * sklearn_metrics.accuracy_score(gold, guess)
    assert metrics.find("accuracy")(gold, guess) == pytest.approx(expected)


@pytest.mark.parametrize("name", sorted(metrics.METRICS))
def test_unequal_lengths_are_named(name):
    with pytest.raises(InputError, match="2 gold examples but 1 predictions"):
        metrics.score([name], [["A"], ["B"]], ["A"])


@pytest.mark.parametrize("name", sorted(metrics.METRICS))
def test_nothing_to_score_is_an_error(name):
    with pytest.raises(InputError, match="nothing to score"):
        metrics.score([name], [], [])


@pytest.mark.parametrize("name", ["accuracy", "chunk_f1", "entity_f1"])
def test_sentences_of_unequal_length_are_named(name):
    with pytest.raises(InputError, match="Sentence 1 has 2 .* but 1 "):
        metrics.METRICS[name]([["A"], ["A", "B"]], [["A"], ["A"]])


def test_text_labels_against_numbers_are_an_error_not_zero():
    with pytest.raises(InputError, match="both must be texts or both numbers"):
        metrics.find("accuracy")(["0", "1"], [0, 1])


@pytest.mark.parametrize("answers", [[], "text"])
def test_questions_need_a_list_of_gold_answers(answers):
    with pytest.raises(InputError, match="Question 0 needs a list"):
        metrics.find("f1")([answers], ["x"])


def test_score_keeps_the_order_of_names():
    scores = metrics.score(("exact_match", "f1"), [["a b c"]], ["b"])
    assert list(scores) == ["exact_match", "f1"]
    assert scores["exact_match"] == 0.0
    assert scores["f1"] == pytest.approx(200 / 3)


def test_score_suggests_a_metric_for_an_unknown_name():
    with pytest.raises(InputError, match="Did you mean 'chunk_f1'"):
        metrics.score(["chunk_f"], [["A"]], [["A"]])


@pytest.mark.parametrize(
    ("name", "gold", "predictions"),
    [
        ("f1", [["a b"], ["c"]], ["b", "c d"]),
        ("exact_match", [["b"], ["c"]], ["b", "c d"]),
    ],
)
def test_scores_per_example_average_to_the_metric(name, gold, predictions):
    metric = metrics.find(name)
    scores = metric.per_example(gold, predictions)
    assert scores.mean() == metric(gold, predictions)


@pytest.mark.parametrize("name", ["chunk_f1", "accuracy", "pair_f1"])
def test_what_is_no_mean_over_examples_has_no_scores_per_example(name):
    with pytest.raises(InputError, match=f"'{name}' is no mean"):
        metrics.find(name).per_example([["A"]], [["A"]])


def test_chance_is_the_share_of_the_most_frequent_label():
    gold = ["a", "a", "a", "b"]
    assert metrics.find("accuracy").chance(gold) == pytest.approx(75.0)


def test_chance_of_retrieval_is_one_in_n():
    assert metrics.find("accuracy").chance(list(range(200))) == pytest.approx(
        0.5
    )


def test_chance_of_chunks_is_no_zero_for_a_merged_constant():
    random = np.random.default_rng(1)
    gold = [
        random.choice(["NOUN", "VERB", "DET"], size=8).tolist()
        for _ in range(50)
    ]
    constant = metrics.find("chunk_f1")(gold, [["NOUN"] * 8] * 50)
    assert constant < 5 < metrics.find("chunk_f1").chance(gold) < 50


def test_spans_have_no_chance_level():
    assert metrics.find("f1").chance([["a"]]) is None


def test_only_mlqa_s_rules_differ_by_language():
    gold, guess = [["der Hund"]], ["Hund"]
    names = ["f1", "mlqa_f1", "mlqa_exact_match"]
    german = metrics.score(names, gold, guess, language="de")
    english = metrics.score(names, gold, guess, language="en")
    assert german["mlqa_exact_match"] == german["mlqa_f1"] == 100.0
    assert english["mlqa_exact_match"] == 0.0
    assert english["f1"] == english["mlqa_f1"] == german["f1"]
    for name in names:
        scores = metrics.find(name).per_example(gold, guess, "de")
        assert scores.mean() == german[name]


def test_pairs_are_counted_over_all_sentences():
    gold = [["1"], ["2", "3"], [], []]
    guess = [["1"], ["3"], ["4"], []]
    # Two right, three predicted, three in gold.
    assert metrics.find("pair_f1")(gold, guess) == pytest.approx(200 * 2 / 6)
    assert metrics.find("pair_f1")(gold, [[]] * 4) == 0.0
    assert metrics.find("pair_f1").chance(gold) is None


def test_pairs_score_as_scikit_learn_scores_membership():
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(2)
    # One column for each target id: is it a translation of the row's?
    gold, guess = random.random((2, 60, 20)) < 0.05
    expected = 100 * sklearn_metrics.f1_score(gold, guess, average="micro")
    ids = [
        [np.flatnonzero(row).tolist() for row in side] for side in (gold, guess)
    ]
    assert metrics.find("pair_f1")(*ids) == pytest.approx(expected)


def test_a_pair_found_twice_counts_once():
    assert metrics.find("pair_f1")([["1"]], [["1", "1"]]) == 100.0


@pytest.mark.parametrize("sides", [(["12"], [[]]), ([[]], ["12"])])
def test_sentences_need_lists_of_ids(sides):
    with pytest.raises(InputError, match="Sentence 0 needs a list .* '12'"):
        metrics.find("pair_f1")(*sides)


def test_squad_v2_needs_lists_of_answers():
    with pytest.raises(InputError, match="Question 1 needs a list .* 'text'"):
        metrics.find("squad_v2_f1")([[], "text"], ["", "text"])


def test_mlqa_s_language_must_be_one_of_its_own():
    with pytest.raises(InputError, match="Unknown language of MLQA 'fr'"):
        metrics.score(["mlqa_f1"], [["x"]], ["x"], language="fr")


@pytest.mark.parametrize("name", ["mlqa_f1", "squad_v2_exact_match"])
def test_answers_have_no_chance_level_by_any_rule(name):
    assert metrics.find(name).chance([["a"]]) is None


def test_questions_without_an_answer_count_for_squad_v2_alone():
    gold, guess = [[], ["x"]], ["", "x"]
    assert metrics.find("squad_v2_f1")(gold, guess) == 100.0
    assert metrics.find("squad_v2_exact_match")(gold, guess) == 100.0
    with pytest.raises(InputError, match="Question 0 needs"):
        metrics.find("f1")(gold, guess)
