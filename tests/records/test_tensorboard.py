"""Event files, read back with TensorBoard's own readers."""

import subprocess
import sys

import numpy as np
import pytest

from stilts_keras.errors import InputError
from stilts_keras.records import tensorboard


def test_scalars_come_back_in_order(tmp_path):
    points = [("loss/mnli", 0.5, 1), ("rate", 1e-5, 1), ("loss/mnli", -2.0, 7)]
    with tensorboard.EventWriter(tmp_path) as writer:
        for tag, value, step in points:
            writer.scalar(tag, value, step)
    assert tensorboard.read_scalars(tmp_path) == [
        (tag, step, pytest.approx(value, rel=1e-6))
        for tag, value, step in points
    ]


def test_values_may_be_numpy_scalars_and_not_finite(tmp_path):
    with tensorboard.EventWriter(tmp_path) as writer:
        writer.scalar("a", np.float64(0.25), np.int64(3))
        writer.scalar("a", float("nan"), 4)
    (first, second) = tensorboard.read_scalars(tmp_path)
    assert first == ("a", 3, 0.25)
    assert np.isnan(second[2])


def test_text_is_kept_apart_from_scalars(tmp_path):
    with tensorboard.EventWriter(tmp_path) as writer:
        writer.text("report", "| ü |\n|---|")
        writer.scalar("loss", 1.0, 1)
    assert tensorboard.read_scalars(tmp_path) == [("loss", 1, 1.0)]


def test_two_writers_in_one_folder_make_two_files_in_order(tmp_path):
    for step in range(3):
        with tensorboard.EventWriter(tmp_path) as writer:
            writer.scalar("loss", step, step)
    assert len(list(tmp_path.iterdir())) == 3
    steps = [step for _, step, _ in tensorboard.read_scalars(tmp_path)]
    assert steps == [0, 1, 2]


def test_flushed_events_can_be_read_while_the_file_is_open(tmp_path):
    with tensorboard.EventWriter(tmp_path) as writer:
        writer.scalar("loss", 1.0, 1)
        writer.flush()
        assert len(tensorboard.read_scalars(tmp_path)) == 1
    writer.close()


def test_a_folder_without_events_is_named(tmp_path):
    with pytest.raises(InputError, match="No event file"):
        tensorboard.read_scalars(tmp_path)


def test_the_dashboards_recognise_scalars_and_texts(tmp_path):
    from tensorboard.backend.event_processing import plugin_event_multiplexer
    from tensorboard.util import tensor_util

    with tensorboard.EventWriter(tmp_path / "mnli" / "xnli") as writer:
        writer.scalar("loss", 0.5, 3)
        writer.text("report", "**hello**")
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(tmp_path))
    multiplexer.Reload()
    run = "mnli/xnli"
    contents = multiplexer.PluginRunToTagToContent
    assert set(contents("scalars")[run]) == {"loss"}
    assert set(contents("text")[run]) == {"report"}
    metadata = multiplexer.SummaryMetadata(run, "loss")
    assert metadata.data_class == 1
    (event,) = multiplexer.Tensors(run, "report")
    text = tensor_util.make_ndarray(event.tensor_proto).item()
    assert text == b"**hello**"


def test_writing_loads_no_framework_and_leaves_tensorboard_free(tmp_path):
    # `tensorboard.compat.tf` resolves once for the whole process: resolving
    # it here would load TensorFlow, or hide it from `tf.summary` later.
    program = f"""
import sys
from stilts_keras.records.tensorboard import EventWriter
with EventWriter({str(tmp_path)!r}) as writer:
    writer.scalar("loss", 1.0, 1)
    writer.text("report", "x")
loaded = {{"tensorflow", "keras", "jax", "torch"}} & set(sys.modules)
import tensorboard.compat
resolved = "io" in vars(tensorboard.compat.tf)
sys.exit(f"{{loaded}}, resolved={{resolved}}" if loaded or resolved else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
