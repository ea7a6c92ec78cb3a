"""TensorFlow, JAX and torch, each in one process of its own: backend_run.py."""

import pathlib

import numpy as np
import pytest

from backends import BACKENDS
from backends import OTHERS
from backends import run_on_backends

SCRIPT = pathlib.Path(__file__).with_name("backend_run.py")
WITHOUT_EFFECT = (
    "self_attention_layer/key/bias",
    "multiple_choice_head/dense_3/bias",
    "span_head/dense_4/bias",
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return run_on_backends(SCRIPT, tmp_path_factory.mktemp("backends"))


def weights(found, prefix):
    """The variables under a prefix, in the Model's order."""
    names = [name for name in found if name.startswith(f"{prefix}/")]
    assert names
    return {name.removeprefix(prefix): found[name] for name in names}


def apart(found, prefix, others, other_prefix=None):
    """The largest difference between two sets of equally many variables."""
    ours = weights(found, prefix).values()
    theirs = weights(others, other_prefix or prefix).values()
    return max(
        np.abs(one - other).max()
        for one, other in zip(ours, theirs, strict=True)
    )


# ------------------------------------------------------------ Equal beginnings
@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("prefix", ["root", "start", "toy_start"])
def test_weights_start_equal_on_all_backends(runs, name, prefix):
    assert apart(runs[name], prefix, runs["torch"]) == 0


def test_random_root_has_kernels_and_embeddings_of_its_own(runs):
    for name, value in weights(runs["torch"], "root").items():
        if name.endswith(("kernel", "embeddings")):
            assert value.std() > 0.01, name


@pytest.mark.parametrize("name", OTHERS)
def test_a_data_set_looks_alike_on_all_backends(runs, name):
    """JAX fills its last batch with rows again, which must not count."""
    ours, theirs = runs[name], runs["torch"]
    for what in ("survey_numbers", "survey_labels"):
        assert ours[what].tolist() == theirs[what].tolist()
    for what in ("survey_mean", "survey_gram", "survey_cross"):
        np.testing.assert_allclose(
            ours[what], theirs[what], rtol=1e-4, atol=1e-3, err_msg=what
        )


# ---------------------------------------------------------------- Mixed stage
@pytest.mark.parametrize("name", OTHERS)
def test_three_backends_train_alike(runs, name):
    ours, theirs = runs[name], runs["torch"]
    assert len(ours["losses"]) == 50
    assert np.abs(ours["losses"] - theirs["losses"]).max() < 1e-4
    ends = weights(theirs, "end")
    for name, value in weights(ours, "end").items():
        # Biases that shift all scores of a softmax alike change no loss: their
        # gradients are rounding errors, which Adam makes steps of. JAX pads
        # to other lengths than the others, and so adds up in another order.
        bound = 5e-3 if name.endswith(WITHOUT_EFFECT) else 2e-5
        assert np.abs(value - ends[name]).max() < bound, name


def test_the_softmax_of_pairs_is_that_of_numpy(runs):
    found = runs["torch"]
    queries, answers = found["pairs_before"].transpose(1, 0, 2)
    np.testing.assert_allclose(
        np.linalg.norm(found["pairs_before"], axis=-1), 1, atol=1e-6
    )
    logits = 100 * queries @ answers.T
    np.testing.assert_allclose(found["pairs_logits"], logits, atol=1e-4)
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    loss = -np.log(np.diag(likely)).mean()
    assert found["pairs_losses"][0] == pytest.approx(loss, abs=1e-4)


@pytest.mark.parametrize("name", BACKENDS)
def test_pairs_are_learnt_alike_on_three_backends(runs, name):
    ours, theirs = runs[name], runs["torch"]
    losses = ours["pairs_losses"]
    assert losses[-1] < losses[0]
    # The scale is learnt.
    assert ours["pairs_scale"] != 100
    for what, apart in (("losses", 1e-3), ("after", 1e-4), ("scale", 1e-4)):
        what = f"pairs_{what}"
        assert np.abs(ours[what] - theirs[what]).max() < apart, what


def test_the_mixed_stage_tests_what_it_should(runs):
    found = runs["torch"]
    assert len(found["sources_seen"]) == 5
    # Otherwise clipping would be idle.
    assert (found["norms"] > 1).mean() > 0.3
    ends = weights(found, "end")
    for name, value in weights(found, "start").items():
        assert (ends[name] != value).any(), name


@pytest.mark.parametrize("name", BACKENDS)
def test_logs_tell_the_learning_rate_of_their_last_step(runs, name):
    # 50 steps, 5 of them warm-up; steps are counted from 0.
    steps = np.array([9, 19, 29, 39, 49])
    expected = 1e-3 * (50 - steps) / 45
    assert runs[name]["rates"] == pytest.approx(expected, rel=1e-5)


# ------------------------------------------------------- Reference in float64
def reference(found, *, slices=False, idle_heads_stand_still=False):
    """AdamW over the toy's 20 steps, with gradients worked by hand.

    The flags bring in what TensorFlow did by itself: the norm of each position
    of the batch instead of each row, and heads without gradients left alone.
    """
    start = [v.astype("float64") for v in weights(found, "toy_start").values()]
    assert [v.shape for v in start] == [(10, 4), (4,), (), (4,), ()]
    now = [value.copy() for value in start]
    mean = [np.zeros_like(value) for value in start]
    square = [np.zeros_like(value) for value in start]
    decayed = (True, True, False, True, False)
    losses, norms, num_steps = [], [], 20
    for step, key in enumerate(found["toy_keys"]):
        ids, y = found["toy_token_ids"][step], found["toy_y"][step]
        place = 1 if key == "first" else 3
        kernel, bias = now[place : place + 2]
        state = now[0][ids].mean(axis=1)
        error = state @ kernel + bias - y
        losses.append((error**2).mean())
        to_logits = 2 * error / len(error)
        grads = [np.zeros_like(value) for value in start]
        to_hidden = np.outer(to_logits, kernel)[:, None] / ids.shape[1]
        np.add.at(grads[0], ids, np.broadcast_to(to_hidden, (*ids.shape, 4)))
        grads[place] = state.T @ to_logits
        grads[place + 1] = to_logits.sum()
        squares = [(grad**2).sum() for grad in grads]
        if slices:
            squares[0] = ids.shape[1] * (to_hidden**2).sum()
        norms.append(np.sqrt(sum(squares)))
        rate = 0.05 * min((step + 1) / 4, (num_steps - step) / 16)
        beta_1, beta_2 = 0.9 ** (step + 1), 0.999 ** (step + 1)
        alpha = rate * np.sqrt(1 - beta_2) / (1 - beta_1)
        for index, grad in enumerate(grads):
            if idle_heads_stand_still and not squares[index]:
                continue
            grad = grad / max(1, norms[-1])
            if decayed[index]:
                now[index] = now[index] * (1 - rate * 0.1)
            mean[index] = 0.9 * mean[index] + 0.1 * grad
            square[index] = 0.999 * square[index] + 0.001 * grad**2
            now[index] = now[index] - alpha * mean[index] / (
                np.sqrt(square[index]) + 1e-8
            )
    return losses, norms, now


def off(found, expected):
    """The largest difference of the toy's weights from a reference."""
    ends = weights(found, "toy_end").values()
    return max(
        np.abs(value - other).max()
        for value, other in zip(ends, expected, strict=True)
    )


@pytest.mark.parametrize("name", BACKENDS)
def test_optimizer_agrees_with_a_float64_reference(runs, name):
    losses, norms, end = reference(runs[name])
    assert np.mean(np.array(norms) > 1) > 0.5
    assert runs[name]["toy_losses"] == pytest.approx(losses, rel=5e-5)
    assert off(runs[name], end) < 1e-5


def test_tensorflow_clips_repeated_embedding_rows_rightly(runs):
    found = runs["tensorflow"]
    assert off(found, reference(found)[-1]) < 1e-5
    assert off(found, reference(found, slices=True)[-1]) > 1e-3


@pytest.mark.parametrize("name", BACKENDS)
def test_idle_heads_move_alike_on_all_backends(runs, name):
    found = runs[name]
    assert off(found, reference(found)[-1]) < 1e-5
    still = reference(found, idle_heads_stand_still=True)[-1]
    assert off(found, still) > 1e-3


# ---------------------------------------------------------------- Micro-batches
TASKS = ("mnli", "hellaswag", "squad", "udpos", "mlm")


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("task", TASKS)
def test_slices_of_a_batch_give_the_gradient_and_loss_of_all(runs, name, task):
    found = runs[name]
    whole, slices = (found[f"{task}/{how}/loss"] for how in ("whole", "slices"))
    assert slices == pytest.approx(whole, rel=1e-6)
    assert found[f"{task}/slices/num_steps"] == 1
    ours = weights(found, f"{task}/slices/moment")
    theirs = weights(found, f"{task}/whole/moment")
    assert ours.keys() == theirs.keys()
    largest = max(np.abs(value).max() for value in theirs.values())
    assert largest > 1e-3
    for key, value in theirs.items():
        assert np.abs(ours[key] - value).max() < 2e-6 * largest, key


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("task", TASKS)
def test_slices_have_equal_gradients_on_all_backends(runs, name, task):
    prefix = f"{task}/slices/moment"
    assert apart(runs[name], prefix, runs["torch"]) < 2e-6


@pytest.mark.parametrize("task", ["udpos", "mlm"])
def test_the_mean_of_slices_means_would_be_another(runs, task):
    sums, sizes = (
        runs["torch"][f"{task}/{what}"] for what in ("sums", "weights")
    )
    assert len(set(sizes)) > 1
    whole = runs["torch"][f"{task}/whole/loss"]
    assert sums.sum() / sizes.sum() == pytest.approx(whole, rel=1e-5)
    means = sums / np.maximum(sizes, 1)
    assert means.mean() != pytest.approx(whole, rel=1e-4)


def test_an_eighth_of_a_batch_keeps_an_eighth_of_its_activations(runs):
    whole, slices = (runs["torch"][f"bytes_kept/{n}"] for n in (32, 4))
    assert whole > 2**20
    assert slices == pytest.approx(whole / 8, rel=0.02)


# ------------------------------------------------------------------------ LoRA
@pytest.mark.parametrize("name", OTHERS)
def test_factors_train_alike_on_three_backends(runs, name):
    ours, theirs = runs[name], runs["torch"]
    assert apart(ours, "lora_start", theirs) == 0
    assert np.abs(ours["lora_losses"] - theirs["lora_losses"]).max() < 1e-5
    ends = weights(theirs, "lora_end")
    for key, value in weights(ours, "lora_end").items():
        assert np.abs(value - ends[key]).max() < 1e-5, key


@pytest.mark.parametrize("name", BACKENDS)
def test_a_lora_stage_changes_factors_and_heads_alone(runs, name):
    found = runs[name]
    assert apart(found, "lora_frozen", found, "lora_after") == 0
    ends = weights(found, "lora_end")
    starts = weights(found, "lora_start")
    for key, value in starts.items():
        assert (ends[key] != value).any(), key
    factors = [key for key in starts if "/factor_" in key]
    # One layer's queries and values.
    assert len(factors) == 4
    assert all(not starts[key].any() for key in factors if key.endswith("_b"))
    # The embedding is among what is frozen: masked tokens are found by it.
    assert any("embeddings" in key for key in weights(found, "lora_frozen"))


@pytest.mark.parametrize("name", BACKENDS)
def test_slices_give_the_gradient_of_factors(runs, name):
    whole = weights(runs[name], "lora_whole").values()
    largest = max(np.abs(value).max() for value in whole)
    assert largest > 1e-3
    bound = 2e-6 * largest
    assert apart(runs[name], "lora_slices", runs[name], "lora_whole") < bound


# ----------------------------------------------------------- Stages on the disk
@pytest.mark.parametrize("reader", OTHERS)
def test_a_stage_crosses_backends(runs, reader):
    assert apart(runs[reader], "loaded", runs["torch"], "end") < 1e-6


@pytest.mark.parametrize("reader", OTHERS)
def test_a_stage_is_a_preset_on_other_backends(runs, reader):
    end = list(weights(runs["torch"], "end").values())
    preset = list(weights(runs[reader], "preset").values())
    for value, expected in zip(preset, end[: len(preset)], strict=True):
        assert value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", OTHERS)
def test_the_update_is_compiled_once_for_all_lengths(runs, name):
    assert runs[name]["update_traces"] == 1


# ------------------------------------------------------------------ Evaluation
@pytest.mark.parametrize("name", OTHERS)
def test_equal_splits_are_compiled_once(runs, name):
    first, *later = runs[name]["traces"]
    # Two bucket lengths; JAX calls the Model once more to learn its shapes.
    assert first <= 3
    assert later == [first, first]


# -------------------------------------------------------- Compact vocabularies
def tables(found, name):
    """Returns the table's rows that were trained, and the others; the rest."""
    table, *others = weights(found, f"vocabulary/{name}").values()
    rows = found["vocabulary/rows"]
    return table[rows], np.delete(table, rows, axis=0), others


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("variant", ["plain", "other"])
def test_a_compact_vocabulary_gives_the_weights_of_the_whole(
    runs, name, variant
):
    found = runs[name]
    trained, idle, others = tables(found, f"{variant}/compact")
    expected, idle_expected, others_expected = tables(found, f"{variant}/whole")
    rows = found["vocabulary/rows"]
    assert 48 <= len(rows) <= 64
    assert np.abs(trained - found["vocabulary/start"][rows]).max() > 0.05
    assert np.abs(trained - expected).max() < 1e-6
    for one, other in zip(others, others_expected, strict=True):
        assert np.abs(one - other).max() < 1e-6
    start = np.delete(found["vocabulary/start"], rows, axis=0)
    if variant == "plain":
        assert np.abs(idle - start).max() > 0.01
        # A float32 table is rounded in each of the eight steps.
        assert np.abs(idle / idle_expected - 1).max() < 8 * 2**-24
    else:
        assert np.array_equal(idle, start)
        assert np.array_equal(idle, idle_expected)


@pytest.mark.parametrize("name", BACKENDS)
def test_a_compact_stage_goes_on_as_if_uninterrupted(runs, name):
    found = runs[name]
    for ours, theirs in zip(
        weights(found, "vocabulary/resumed/compact_compact").values(),
        weights(found, "vocabulary/plain/compact").values(),
        strict=True,
    ):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("how", ["compact_whole", "whole_compact"])
def test_a_stage_goes_on_with_another_vocabulary(runs, name, how):
    found, then = runs[name], how.split("_")[1]
    names = f"vocabulary/resumed/{how}", f"vocabulary/plain/{then}"
    assert apart(found, names[0], found, names[1]) < 2e-6


# ------------------------------------------------------------- Several devices
@pytest.mark.parametrize("name", ["two", "resumed"])
def test_several_devices_give_the_weights_of_one(runs, name):
    """With dropout and slices; one was begun on two and goes on on one."""
    found = runs["jax"]
    assert 0 < apart(found, "devices/one", found, f"devices/{name}") < 1e-5


def test_each_device_has_its_part_of_the_rows(runs):
    expected = np.arange(24).reshape(2, 4, 3)
    assert np.array_equal(runs["jax"]["devices/rows"], expected)


def test_devices_that_keras_forgot_are_an_error_and_not_one_device(runs):
    said = str(runs["jax"]["devices/forgotten"])
    assert "lies on 1 of 2 devices" in said


def test_devices_that_are_not_there_are_refused(runs):
    said = str(runs["jax"]["devices/absent"])
    assert said.startswith("--devices=3, but JAX has 2 here: cpu:0, cpu:1.")
