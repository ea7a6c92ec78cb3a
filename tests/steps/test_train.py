import collections
import dataclasses
import os
import shutil
import signal
import threading
import time

import keras
import numpy as np
import pytest

import fakes
from encoders import table_encoder
from encoders import tiny_encoder
from letters import LETTERS
from stilts_keras.data.mixture import Sampling
from stilts_keras.data.mixture import count_steps
from stilts_keras.data.mixture import source_order
from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.errors import Interrupted
from stilts_keras.errors import StageError
from stilts_keras.interruption import Interruption
from stilts_keras.problems import problem_of
from stilts_keras.problems.classification import ClassificationHead
from stilts_keras.problems.problem import Problem
from stilts_keras.steps import window
from stilts_keras.steps.checkpoint import TrainingProgress
from stilts_keras.steps.multitask import MultiTask
from stilts_keras.steps.train import Training
from stilts_keras.steps.train import TrainSource
from stilts_keras.steps.train import Watch
from stilts_keras.steps.train import train
from stilts_keras.tasks import get_task
from stilts_keras.tasks.task import Recipe

RECIPE = Recipe(epochs=2, batch_size=4, learning_rate=0.01, eval_every_steps=0)


class Regression(Problem):
    """A problem of the least effort; it notes the batches it collates."""

    def __init__(self):
        self.masks = []

    def collate(self, columns, length, tokenizer, random=None):
        x = tokenizer.arrays(columns, length)
        self.masks.append(x["padding_mask"])
        return x, {"label": np.asarray(columns["label"], dtype="float32")}

    def loss(self, y, logits):
        error = keras.ops.subtract(logits[:, 0], y["label"])
        total = keras.ops.sum(keras.ops.square(error))
        return total, keras.ops.cast(keras.ops.size(y["label"]), "float32")


def split_of(labels, max_length=16):
    random = np.random.default_rng(len(labels))
    lengths = random.integers(3, max_length + 1, len(labels))
    ids = [random.integers(4, 20, length).tolist() for length in lengths]
    columns = {"token_ids": ids, "length": lengths, "label": labels}
    return fakes.split_of(columns, max_length=max_length)


def toy_source(name, labels):
    return TrainSource(
        name=name, key=name, problem=Regression(), split=split_of(labels)
    )


def toy_model(sources):
    encoder = table_encoder(20)
    return MultiTask(
        encoder,
        {source.key: ClassificationHead(1, encoder) for source in sources},
    )


class Noted(Watch):
    """Notes all that it hears."""

    def __init__(self, scores=(), on_step=None):
        self.losses, self.logs, self.evaluated, self.starts = [], [], [], []
        self._scores = scores
        self._on_step = on_step

    def start(self, step):
        self.starts.append(step)

    def step(self, step, loss):
        self.losses.append((step, loss))
        if self._on_step:
            self._on_step(step)

    def log(self, log):
        self.logs.append(log)

    def score_dev(self, step):
        self.evaluated.append(step)
        return self._scores[step]


def run(
    sources,
    folder,
    *,
    recipe=RECIPE,
    seed=0,
    scores=(),
    log_every_steps=4,
    on_step=None,
    save_every_seconds=1000,
    on_damage=None,
    micro_batch_size=None,
    noted=None,
    num_checkpoints=0,
):
    """Trains a toy; returns all that came of it."""
    noted = noted or Noted(scores, on_step)
    numbers = [len(source.split.lengths) for source in sources]
    noted.model = toy_model(sources)
    training = Training(
        sources=tuple(sources),
        shares=tuple(Sampling().shares([s.name for s in sources], numbers)),
        recipe=recipe,
        num_steps=count_steps(sum(numbers), recipe),
        stage_name="first+second",
        seed=seed,
        micro_batch_size=micro_batch_size,
        log_every_steps=log_every_steps,
        save_every_seconds=save_every_seconds,
    )
    with Interruption() as interruption:
        noted.state = train(
            noted.model,
            training,
            tokenizer=LETTERS,
            progress=TrainingProgress(folder, on_damage, num_checkpoints),
            interruption=interruption,
            watch=noted,
        )
    noted.best = noted.state.best_score, noted.state.best_step
    return noted


def order_of_steps():
    shares = Sampling().shares(["first", "second"], [12, 9])
    return source_order(shares, num_steps=11, seed=[0, 2])


def make_sources():
    return [
        toy_source("first", np.linspace(-1, 1, 12)),
        toy_source("second", np.linspace(3, 5, 9)),
    ]


@pytest.fixture
def sources():
    return make_sources()


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A run without a dev score, for all tests that only look at it."""
    sources = make_sources()
    return sources, run(sources, tmp_path_factory.mktemp("plain") / "progress")


def test_every_step_of_all_epochs_is_taken(plain):
    _, noted = plain
    assert [step for step, _ in noted.losses] == list(range(1, 12))


def test_a_seed_fixes_the_losses(plain, sources, tmp_path):
    _, noted = plain
    assert run(sources, tmp_path / "0", seed=0).losses == noted.losses
    assert run(sources, tmp_path / "4", seed=4).losses != noted.losses


def test_a_loss_that_is_no_number_stops_the_stage(sources, tmp_path):
    poisoned = [sources[0], toy_source("second", [float("nan")] * 9)]
    step = order_of_steps().tolist().index(1) + 1
    with pytest.raises(StageError, match="Loss became nan") as raised:
        run(poisoned, tmp_path / "progress")
    message = str(raised.value)
    assert f"step {step} of 11 of stage 'first+second'" in message
    assert "source 'second'" in message
    assert "learning rate 0.01" in message


def weights(model):
    return [
        keras.ops.convert_to_numpy(variable).copy()
        for variable in model.trainable_variables
    ]


def assert_equal(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


EVALUATED = Recipe(**vars(RECIPE) | {"eval_every_steps": 3})
LATE = "000000000011"
# After each third step and the last one; the best of them is the second.
SCORES = {3: 1.0, 6: 5.0, 9: 5.0, 11: 2.0}


def test_the_weights_of_the_best_dev_score_are_kept(sources, tmp_path):
    at_six = []

    def look(step):
        if step == 7:
            with np.load(tmp_path / "progress/000000000006-1/weights.npz") as w:
                at_six.extend(w[str(n)] for n in range(len(w.files)))

    noted = run(
        sources,
        tmp_path / "progress",
        recipe=EVALUATED,
        scores=SCORES,
        on_step=look,
    )
    assert noted.best == (5.0, 6)
    assert noted.evaluated == [3, 6, 9, 11]
    kept = weights(noted.model)
    assert_equal(kept, at_six[: len(kept)])


def test_without_a_dev_score_the_last_step_stays(plain, sources, tmp_path):
    recipe = Recipe(**vars(RECIPE) | {"eval_every_steps": 5})
    nothing = dict.fromkeys((5, 10, 11))
    noted = run(sources, tmp_path / "p", recipe=recipe, scores=nothing)
    assert noted.best == plain[1].best == (None, None)
    assert noted.evaluated == [5, 10, 11]
    # `plain` does not even ask for one.
    assert plain[1].evaluated == []
    assert_equal(weights(noted.model), weights(plain[1].model))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "progress"
    return run(make_sources(), folder, recipe=EVALUATED, scores=SCORES)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("cut_at", [(1,), (6,), (11,), (2, 3, 4, 10)])
def test_a_resumed_stage_equals_an_uninterrupted_one(
    undisturbed, tmp_path, cut_at, signal_number
):
    parts = []
    for end in (*cut_at, None):

        def ask_to_stop(step, end=end):
            if step == end:
                os.kill(os.getpid(), signal_number)

        how = {"recipe": EVALUATED, "scores": SCORES, "on_step": ask_to_stop}
        folder = tmp_path / "progress"
        sources = make_sources()
        if end is None:
            parts.append(run(sources, folder, **how))
        else:
            with pytest.raises(Interrupted) as caught:
                run(sources, folder, **how)
            assert caught.value.signal_number == signal_number
            (note,) = caught.value.__notes__
            assert f"is saved at step {end} of 11 in {folder}" in note
    last = parts[-1]
    assert_equal(weights(last.model), weights(undisturbed.model))
    assert last.state == undisturbed.state
    done = len(undisturbed.losses) - len(last.losses)
    assert done == cut_at[-1]
    assert last.starts == [done]
    assert last.losses == undisturbed.losses[done:]
    for ours, theirs in zip(
        reversed(last.logs), reversed(undisturbed.logs), strict=False
    ):
        assert (ours.step, ours.loss) == (theirs.step, theirs.loss)
        assert ours.num_tokens == theirs.num_tokens


def checkpoints(folder):
    """The weights of the last evaluations, as bytes, by their steps."""
    return {
        int(place.name): (place / "weights.npz").read_bytes()
        for place in (folder / "checkpoints").iterdir()
    }


def stop_at(end):
    def ask_to_stop(step):
        if step == end:
            os.kill(os.getpid(), signal.SIGTERM)

    return ask_to_stop


def test_checkpoints_are_the_same_wherever_a_stage_was_cut_off(
    undisturbed, tmp_path
):
    how = {"recipe": EVALUATED, "scores": SCORES, "num_checkpoints": 2}
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    noted = run(make_sources(), whole, **how)
    # They change nothing of the stage itself.
    assert_equal(weights(noted.model), weights(undisturbed.model))
    assert set(checkpoints(whole)) == {9, 11}
    with pytest.raises(Interrupted):
        run(make_sources(), cut, on_step=stop_at(10), **how)
    assert set(checkpoints(cut)) == {6, 9}
    # One of a later step, whose state was not saved any more.
    shutil.copytree(
        cut / "checkpoints/000000000006", cut / "checkpoints" / LATE
    )
    run(make_sources(), cut, **how)
    assert checkpoints(cut) == checkpoints(whole)


def test_progress_without_checkpoints_is_begun_anew_where_they_are_wanted(
    undisturbed, tmp_path
):
    how = {"recipe": EVALUATED, "scores": SCORES}
    folder, noted = tmp_path / "progress", []
    with pytest.raises(Interrupted):
        run(make_sources(), folder, on_step=stop_at(7), **how)
    how |= {"num_checkpoints": 2, "on_damage": noted.append}
    again = run(make_sources(), folder, **how)
    assert "no weights of the evaluation after step 3" in str(noted[0])
    assert again.starts == [0] and set(checkpoints(folder)) == {9, 11}
    assert_equal(weights(again.model), weights(undisturbed.model))


@pytest.fixture
def accelerated(monkeypatch):
    """As where something else than a CPU computes the steps."""
    monkeypatch.setattr(window, "has_accelerator", lambda: True)


def test_losses_read_a_step_later_are_the_same(
    undisturbed, accelerated, tmp_path
):
    late = run(make_sources(), tmp_path / "p", recipe=EVALUATED, scores=SCORES)
    assert late.losses == undisturbed.losses
    assert late.state == undisturbed.state
    assert [log.loss for log in late.logs] == [
        log.loss for log in undisturbed.logs
    ]
    assert_equal(weights(late.model), weights(undisturbed.model))


def test_a_stage_cut_off_between_a_step_and_its_loss_resumes(
    undisturbed, accelerated, tmp_path
):
    def ask_to_stop(step):
        if step == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    how = {"recipe": EVALUATED, "scores": SCORES}
    first = Noted(SCORES, ask_to_stop)
    with pytest.raises(Interrupted) as caught:
        run(make_sources(), tmp_path / "p", noted=first, **how)
    # The next step was under way by then.
    assert "is saved at step 2 of 11" in caught.value.__notes__[0]
    assert first.losses == undisturbed.losses[:2]
    last = run(make_sources(), tmp_path / "p", **how)
    assert last.losses == undisturbed.losses[2:]
    assert last.state == undisturbed.state
    assert_equal(weights(last.model), weights(undisturbed.model))


def test_a_late_loss_that_is_no_number_is_named_with_its_step(
    sources, accelerated, tmp_path
):
    poisoned = [sources[0], toy_source("second", [float("nan")] * 9)]
    step = order_of_steps().tolist().index(1) + 1
    with pytest.raises(StageError, match=f"nan at step {step} of 11"):
        run(poisoned, tmp_path / "p", save_every_seconds=0)
    # What is saved is of before.
    saved = [path.name for path in (tmp_path / "p").glob("0*")]
    assert all(name < f"{step:012d}" for name in saved)


def test_progress_that_is_damaged_is_named_and_begun_anew(
    undisturbed, tmp_path
):
    def ask_to_stop(step):
        if step == 8:
            os.kill(os.getpid(), signal.SIGTERM)

    folder = tmp_path / "progress"
    how = {"recipe": EVALUATED, "scores": SCORES}
    with pytest.raises(Interrupted):
        run(make_sources(), folder, on_step=ask_to_stop, **how)
    assert sorted(path.name for path in folder.iterdir()) == [
        "000000000006-1",
        "000000000008-0",
    ]
    for state in folder.iterdir():
        file = state / "weights.npz"
        content = bytearray(file.read_bytes())
        content[-300] ^= 1
        file.write_bytes(content)
        whole = content
        whole[-300] ^= 1

        def refuse(error):
            raise error

        with pytest.raises(DamageError, match=f"{state.name}/weights.npz"):
            run(make_sources(), folder, on_damage=refuse, **how)
        file.write_bytes(whole)
    file.write_bytes(b"")
    noted = []
    again = run(make_sources(), folder, on_damage=noted.append, **how)
    assert len(noted) == 1 and str(file) in str(noted[0])
    assert again.losses == undisturbed.losses
    assert_equal(weights(again.model), weights(undisturbed.model))


# -------------------------------------------------------------- Micro-batches
@pytest.fixture(scope="module")
def sliced(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sliced") / "progress"
    how = {"recipe": EVALUATED, "scores": SCORES, "micro_batch_size": 3}
    return run(make_sources(), folder, **how)


def test_slices_train_as_whole_batches_do(undisturbed, sliced):
    ours, theirs = (
        [loss for _, loss in noted.losses] for noted in (sliced, undisturbed)
    )
    assert ours == pytest.approx(theirs, rel=1e-5)
    for one, other in zip(
        weights(sliced.model), weights(undisturbed.model), strict=True
    ):
        assert one == pytest.approx(other, abs=1e-5)
    assert int(sliced.model.optimizer.iterations) == 11


def test_a_resumed_stage_equals_an_uninterrupted_one_with_slices(
    sliced, tmp_path
):
    def ask_to_stop(step):
        if step == 7:
            os.kill(os.getpid(), signal.SIGTERM)

    how = {"recipe": EVALUATED, "scores": SCORES, "micro_batch_size": 3}
    with pytest.raises(Interrupted):
        run(make_sources(), tmp_path / "p", on_step=ask_to_stop, **how)
    threads = [thread.name for thread in threading.enumerate()]
    assert not [name for name in threads if name.startswith("feed")]
    last = run(make_sources(), tmp_path / "p", **how)
    assert last.starts == [7]
    assert last.losses == sliced.losses[7:]
    assert last.state == sliced.state
    assert_equal(weights(last.model), weights(sliced.model))


def test_a_loss_that_needs_the_whole_batch_is_refused_before_any_step(
    sources, tmp_path
):
    sources[1].problem.is_sliceable = False
    with pytest.raises(InputError, match="'second' compares all rows"):
        run(sources, tmp_path / "progress", micro_batch_size=3)
    assert not sources[0].problem.masks and not (tmp_path / "progress").exists()


# ------------------------------------------------------------- Early stopping
PATIENT = Recipe(**vars(EVALUATED) | {"early_stopping": 2})
# The best is the first; neither of the next two is above it.
FALLING = {3: 5.0, 6: 5.0, 9: 4.0, 11: 9.0}


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stopped") / "progress"
    return run(make_sources(), folder, recipe=PATIENT, scores=FALLING)


def test_a_stage_stops_after_so_many_evaluations_without_gain(
    stopped, undisturbed, tmp_path
):
    assert stopped.evaluated == [3, 6, 9]
    assert stopped.state.step == 9
    assert stopped.state.end == "no gain in 2 evaluations"
    assert stopped.best == (5.0, 3)
    # Until then all is as without: order, losses and the learning rate.
    assert stopped.losses == undisturbed.losses[:9]
    assert stopped.logs[1].learning_rate == undisturbed.logs[1].learning_rate
    # The weights are those of the best step.
    three = Recipe(**vars(RECIPE) | {"eval_every_steps": 3})
    best = run(
        make_sources(), tmp_path / "p", recipe=three, scores=FALLING | {11: 0.0}
    )
    assert best.best == (5.0, 3)
    assert_equal(weights(stopped.model), weights(best.model))


def test_the_steps_since_the_last_log_are_logged_at_an_early_end(stopped):
    assert [log.step for log in stopped.logs] == [4, 8, 9]
    assert stopped.logs[-1].learning_rate == pytest.approx(0.01 * 3 / 10)


def test_a_gain_begins_the_count_anew(tmp_path):
    scores = {3: 1.0, 6: 0.0, 9: 2.0, 11: 0.0}
    noted = run(make_sources(), tmp_path / "p", recipe=PATIENT, scores=scores)
    assert noted.state.end == "all steps done"
    assert noted.state.num_without_gain == 1
    assert noted.best == (2.0, 9)


def test_without_dev_rows_no_stage_stops_early(tmp_path):
    scores = dict.fromkeys((3, 6, 9, 11))
    noted = run(make_sources(), tmp_path / "p", recipe=PATIENT, scores=scores)
    assert (noted.state.step, noted.state.end) == (11, "all steps done")


@pytest.mark.parametrize("cut_at", [5, 6, 9])
def test_a_resumed_stage_stops_where_an_uninterrupted_one_does(
    stopped, tmp_path, cut_at
):
    def ask_to_stop(step):
        if step == cut_at:
            os.kill(os.getpid(), signal.SIGTERM)

    how = {"recipe": PATIENT, "scores": FALLING}
    with pytest.raises(Interrupted):
        run(make_sources(), tmp_path / "p", on_step=ask_to_stop, **how)
    last = run(make_sources(), tmp_path / "p", **how)
    assert last.starts == [cut_at]
    assert last.state == stopped.state
    assert last.losses == stopped.losses[cut_at:]
    assert_equal(weights(last.model), weights(stopped.model))


def test_a_stage_that_was_cut_off_as_it_stopped_takes_no_further_step(
    stopped, tmp_path
):
    def cut_off_when_evaluated(step):
        if step == 9:
            os.kill(os.getpid(), signal.SIGTERM)
        return FALLING[step]

    class Cut(dict):
        def __getitem__(self, step):
            return cut_off_when_evaluated(step)

    with pytest.raises(Interrupted):
        run(make_sources(), tmp_path / "p", recipe=PATIENT, scores=Cut())
    last = run(make_sources(), tmp_path / "p", recipe=PATIENT, scores=FALLING)
    assert last.losses == []
    assert last.state == stopped.state
    assert_equal(weights(last.model), weights(stopped.model))


# ----------------------------------------------------------------------- Logs
class Slow(Regression):
    def collate(self, *arguments):
        time.sleep(0.05)
        return super().collate(*arguments)


def test_logs_tell_the_share_of_time_that_steps_wait_for_data(plain, tmp_path):
    assert all(0 <= log.waiting_share < 1 for log in plain[1].logs)
    fast = make_sources()
    slow = [dataclasses.replace(s, problem=Slow()) for s in fast]
    noted = run(slow, tmp_path / "progress")
    # The steps after the first few are compiled, and take no time.
    assert noted.logs[-1].waiting_share > 0.5


def test_an_error_in_the_data_ends_the_stage_and_its_thread(sources, tmp_path):
    class Broken(Regression):
        def collate(self, *arguments):
            raise ArithmeticError("row 7")

    broken = [sources[0], dataclasses.replace(sources[1], problem=Broken())]
    before = set(threading.enumerate())
    with pytest.raises(ArithmeticError, match="row 7"):
        run(broken, tmp_path / "progress")
    assert set(threading.enumerate()) == before


def test_logs_hold_the_means_since_the_last_log(plain):
    sources, noted = plain
    assert [log.step for log in noted.logs] == [4, 8, 11]
    order = order_of_steps()
    masks = {index: iter(s.problem.masks) for index, s in enumerate(sources)}
    steps = [
        (sources[index].name, loss, next(masks[index]))
        for index, (_, loss) in zip(order, noted.losses, strict=True)
    ]
    for log, first, end in zip(noted.logs, (0, 4, 8), (4, 8, 11), strict=True):
        losses = collections.defaultdict(list)
        for name, loss, _ in steps[first:end]:
            losses[name].append(loss)
        means = {name: np.mean(values) for name, values in losses.items()}
        assert log.loss == pytest.approx(means)
        window = [mask for *_, mask in steps[first:end]]
        share = 1 - sum(m.sum() for m in window) / sum(m.size for m in window)
        assert log.padding_share == pytest.approx(share)
        assert 0 < share < 1
        per_example = log.tokens_per_second / log.examples_per_second
        tokens = sum(m.sum() for m in window) / sum(map(len, window))
        assert per_example == pytest.approx(tokens)
        # 11 steps, 1 of them warm-up; of the last step, not the next.
        rate = 0.01 * (11 - (end - 1)) / 10
        assert log.learning_rate == pytest.approx(rate)


def test_logs_count_what_each_source_has_given_since_the_beginning(plain):
    sources, noted = plain
    counts = np.bincount(order_of_steps())
    last = noted.logs[-1]
    assert last.num_examples == {
        source.name: 4 * count
        for source, count in zip(sources, counts, strict=True)
    }
    assert last.num_tokens == {
        source.name: sum(int(m.sum()) for m in source.problem.masks)
        for source in sources
    }


def test_mixed_bfloat16_learns_with_float32_variables(tmp_path):
    encoder = tiny_encoder(
        "mixed_bfloat16", num_layers=1, hidden_dim=16, dropout=0.0
    )
    problem = problem_of(get_task("mnli"))
    split = split_of([0, 1, 2] * 4)
    model = MultiTask(encoder, {"mnli": problem.head(encoder)})
    source = TrainSource(name="mnli", key="mnli", problem=problem, split=split)
    noted = Noted()
    train(
        model,
        Training(
            sources=(source,),
            shares=(1.0,),
            recipe=Recipe(
                batch_size=12, learning_rate=1e-2, eval_every_steps=0
            ),
            num_steps=30,
            stage_name="mnli",
            seed=0,
        ),
        tokenizer=LETTERS,
        progress=TrainingProgress(tmp_path / "progress", None),
        interruption=Interruption(),
        watch=noted,
    )
    losses = [loss for _, loss in noted.losses]
    assert losses[-1] < 0.5 * losses[0]
    assert (
        encoder.network.get_layer("transformer_layer_0").compute_dtype
        == "bfloat16"
    )
    variables = model.trainable_variables + model.optimizer.variables
    assert {
        variable.dtype for variable in variables if "iter" not in variable.path
    } == {"float32"}
