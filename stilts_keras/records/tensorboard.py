"""TensorBoard event files, written without TensorFlow.

TensorBoard's own `EventFileWriter` reaches for TensorFlow if it is installed
(`tensorboard.compat.tf`), and TensorFlow takes all GPU memory beside JAX or
torch. Pinning TensorBoard's stub instead would break `tf.summary` for the
rest of the process. An event file is only a sequence of records, so this
module writes the records with the parts of TensorBoard that need neither.
"""

import os
import pathlib
import socket
import struct
import time
import uuid

from stilts_keras.errors import InputError

FLUSH_EVERY_SECONDS = 5.0
# The signature, the length of the first chunk and its name.
PNG_BEGINS = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR"


class EventWriter:
    """Writes what TensorBoard shows of one run to a new event file.

    Events reach the disk at the latest with the first event after five
    seconds, on `flush` and on `close`.
    """

    def __init__(self, folder, suffix=""):
        """Makes the folder and opens a new event file in it.

        Args:
            folder: str or path. TensorBoard names the run after it.
            suffix: str. What the file's name ends in, to find it by.
        """
        from tensorboard.compat.proto import event_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter

        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._event = event_pb2.Event
        self._records = RecordWriter(
            open(folder / (_file_name() + suffix), "xb")
        )
        self._flushed_at = time.monotonic()
        # Readers take a file without this first record for an old format.
        self._write(file_version="brain.Event:2")
        self.flush()

    def __enter__(self):
        """Returns the writer."""
        return self

    def __exit__(self, *exception):
        """Closes the file, also after an error."""
        self.close()

    def scalar(self, tag, value, step):
        """Writes one point of a curve for the Scalars dashboard.

        Args:
            tag: str. The curve's name; `/` groups curves.
            value: float, or an array of one element.
            step: int. The point's place on the x axis.
        """
        from tensorboard.compat.proto import tensor_pb2
        from tensorboard.compat.proto import types_pb2

        tensor = tensor_pb2.TensorProto(
            dtype=types_pb2.DT_FLOAT, float_val=[float(value)]
        )
        # A shape without dimensions; unset would mean an unknown rank.
        tensor.tensor_shape.SetInParent()
        self._summary(tag, tensor, step, _scalar_metadata())

    def text(self, tag, markdown, step=0):
        """Writes a text for the Text dashboard.

        Args:
            tag: str. The text's name.
            markdown: str. Shown as Markdown, tables included.
            step: int. Later steps stand beside earlier ones.
        """
        from tensorboard.compat.proto import tensor_pb2
        from tensorboard.compat.proto import types_pb2

        tensor = tensor_pb2.TensorProto(
            dtype=types_pb2.DT_STRING, string_val=[markdown.encode("utf-8")]
        )
        tensor.tensor_shape.SetInParent()
        self._summary(tag, tensor, step, _text_metadata())

    def image(self, tag, png, step=0):
        """Writes a picture for the Images dashboard.

        Args:
            tag: str. The picture's name; `/` groups pictures.
            png: bytes. A whole PNG file.
            step: int. A slider leads from one step to the next.

        Raises:
            InputError: If the bytes are no PNG.
        """
        from tensorboard.compat.proto import tensor_pb2
        from tensorboard.compat.proto import types_pb2

        sides = [b"%d" % side for side in _png_sides(png, tag)]
        tensor = tensor_pb2.TensorProto(
            dtype=types_pb2.DT_STRING, string_val=[*sides, png]
        )
        tensor.tensor_shape.dim.add(size=3)
        self._summary(tag, tensor, step, _image_metadata())

    def record(self, tag, metadata, content=None):
        """Writes what only one plugin of TensorBoard can read.

        Args:
            tag: str. The name under which the plugin looks.
            metadata: `SummaryMetadata` that names the plugin; what it holds
                beyond that is the plugin's.
            content: bytes, or None if the metadata says it all.
        """
        from tensorboard.compat.proto import summary_pb2
        from tensorboard.compat.proto import tensor_pb2
        from tensorboard.compat.proto import types_pb2

        if content is None:
            # There must be a tensor; one without elements is the smallest.
            tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT)
            tensor.tensor_shape.dim.add(size=0)
        else:
            tensor = tensor_pb2.TensorProto(
                dtype=types_pb2.DT_STRING, string_val=[content]
            )
            tensor.tensor_shape.SetInParent()
        made = summary_pb2.SummaryMetadata()
        made.CopyFrom(metadata)
        made.data_class = summary_pb2.DATA_CLASS_TENSOR
        self._summary(tag, tensor, 0, made)

    def flush(self):
        """Hands all events so far to the operating system."""
        self._records.flush()
        self._flushed_at = time.monotonic()

    def close(self):
        """Flushes and closes the file; a second call does nothing."""
        if not self._records.closed:
            self._records.close()

    def _summary(self, tag, tensor, step, metadata):
        """Writes one tensor under its tag."""
        from tensorboard.compat.proto import summary_pb2

        value = summary_pb2.Summary.Value(
            tag=tag, tensor=tensor, metadata=metadata
        )
        self._write(step=int(step), summary=summary_pb2.Summary(value=[value]))
        if time.monotonic() - self._flushed_at > FLUSH_EVERY_SECONDS:
            self.flush()

    def _write(self, **fields):
        """Writes one event with the time of now."""
        event = self._event(wall_time=time.time(), **fields)
        self._records.write(event.SerializeToString())


def read_scalars(folder):
    """Reads the scalars of a run back with TensorBoard's own reader.

    That reader loads TensorFlow where it is installed.

    Args:
        folder: str or path. A run's folder; folders below are other runs.

    Returns:
        A list of `(tag, step, value)` in the order written, the files in the
        order in which they were begun.

    Raises:
        InputError: If the folder holds no event file.
    """
    files = sorted(pathlib.Path(folder).glob("events.out.tfevents.*"))
    if not files:
        raise InputError(f"No event file of TensorBoard lies in {folder}.")
    return [point for file in files for point in _scalars_in(file)]


def _scalars_in(file):
    """Yields the scalars of one event file."""
    from tensorboard.backend.event_processing import event_file_loader
    from tensorboard.plugins.scalar import metadata
    from tensorboard.util import tensor_util

    # Only a tag's first value must carry the metadata.
    scalar_tags = set()
    for event in event_file_loader.EventFileLoader(str(file)).Load():
        for value in event.summary.value:
            if value.metadata.plugin_data.plugin_name == metadata.PLUGIN_NAME:
                scalar_tags.add(value.tag)
            if value.tag in scalar_tags:
                number = tensor_util.make_ndarray(value.tensor).item()
                yield value.tag, event.step, number


def _scalar_metadata():
    """What sends a value to the Scalars dashboard."""
    from tensorboard.compat.proto import summary_pb2
    from tensorboard.plugins.scalar import metadata

    made = metadata.create_summary_metadata(display_name="", description="")
    made.data_class = summary_pb2.DATA_CLASS_SCALAR
    return made


def _text_metadata():
    """What sends a value to the Text dashboard."""
    from tensorboard.compat.proto import summary_pb2
    from tensorboard.plugins.text import metadata

    made = metadata.create_summary_metadata(display_name="", description="")
    made.data_class = summary_pb2.DATA_CLASS_TENSOR
    return made


def _image_metadata():
    """What sends a value to the Images dashboard."""
    from tensorboard.compat.proto import summary_pb2
    from tensorboard.plugins.image import metadata

    made = metadata.create_summary_metadata(display_name="", description="")
    made.data_class = summary_pb2.DATA_CLASS_BLOB_SEQUENCE
    return made


def _png_sides(png, tag):
    """Reads width and height from the first chunk of a PNG file."""
    place = len(PNG_BEGINS)
    if not png.startswith(PNG_BEGINS) or len(png) < place + 8:
        raise InputError(
            f"Image {tag!r}: expected the bytes of a PNG file. Received: "
            f"{len(png)} bytes that begin with {png[:8]!r}."
        )
    return struct.unpack(">II", png[place : place + 8])


def _file_name():
    """A name that sorts by time and no other writer has.

    Nanoseconds, so that files of one second sort in the order of writing.
    """
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    return (
        f"events.out.tfevents.{seconds:010d}.{nanoseconds:09d}."
        f"{socket.gethostname()}.{os.getpid()}.{uuid.uuid4().hex[:8]}"
    )
