"""Whole dashboards of TensorBoard: HParams, Custom Scalars and Projector.

Like `tensorboard`, this module writes without TensorFlow: TensorBoard's own
helpers for these three (`hparams.summary`, `custom_scalar.summary` and
`tf.train`) need it, but their protocol buffers and metadata do not.
"""

import math
import pathlib
import re
import time

from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.records.tensorboard import EventWriter

# How files of the HParams dashboard end.
SESSION = ".session"


# ------------------------------------------------------------------- HParams
def write_sessions(folder, sessions, *, record_folder=None):
    """Writes the HParams dashboard: settings and results, side by side.

    TensorBoard ticks the first five metrics and, in alphabetical order, the
    first five hyperparameters, those that differ between the sessions first;
    a click shows the others. The parallel coordinates leave out a session
    that has no value in one of the ticked columns. TensorBoard keeps the
    first record of its kind, so that what was written here before is deleted:
    files of sessions end in `.session`.

    Args:
        folder: str or path. TensorBoard's log folder, below which the
            sessions' folders are made. A session's folder may hold other
            event files, but no scalar named like a metric.
        sessions: list of dicts, one for a row of the table. `name`: str, the
            relative path of the session's folder. `hparams`: dict from name
            to str, bool, int or float; where the types of a name's values
            differ between the sessions, all are shown as text. `metrics`:
            dict from tag to float; the columns stand in the order in which
            they first occur. A metric may be missing in a session, and one
            that is not finite counts as missing. Without any session nothing
            is written.
        record_folder: str or path. Where the record of all hyperparameters
            and metrics goes, which TensorBoard shows as a run of its own;
            default: `folder`.

    Raises:
        InputError: If two sessions have the same name, a name leads out of
            the folder, or a hyperparameter is of another type or not finite.
    """
    from tensorboard.plugins.hparams import api_pb2
    from tensorboard.plugins.hparams import plugin_data_pb2

    if not sessions:
        return
    folder = pathlib.Path(folder)
    places = _places(folder, sessions)
    for old in folder.rglob(f"*{SESSION}"):
        files.remove(old)
    hparams = _alike([session["hparams"] for session in sessions])
    metrics = [_finite(session["metrics"]) for session in sessions]
    infos = api_pb2.Experiment(
        hparam_infos=_hparam_infos(hparams),
        metric_infos=[
            api_pb2.MetricInfo(
                name=api_pb2.MetricName(tag=tag), display_name=_readable(tag)
            )
            for tag in dict.fromkeys(tag for row in metrics for tag in row)
        ],
    )
    with EventWriter(record_folder or folder, SESSION) as writer:
        _record(writer, plugin_data_pb2.HParamsPluginData(experiment=infos))
    for place, values, row in zip(places, hparams, metrics, strict=True):
        with EventWriter(place, SESSION) as writer:
            _write_session(writer, values, row)


def _places(folder, sessions):
    """Returns the sessions' folders, all below `folder` and no two equal."""
    names = {}
    for session in sessions:
        name = pathlib.PurePath(session["name"])
        if name.is_absolute() or ".." in name.parts or not name.parts:
            raise InputError(
                "Expected the relative path of a session's folder. Received: "
                f"{session['name']!r}."
            )
        if name in names:
            raise InputError(f"Two sessions are named {session['name']!r}.")
        names[name] = None
    return [folder / name for name in names]


def _alike(rows):
    """Brings the values of each hyperparameter to a single type."""
    rows = [
        {name: _plain(name, value) for name, value in row.items()}
        for row in rows
    ]
    types = {}
    for row in rows:
        for name, value in row.items():
            types.setdefault(name, set()).add(type(value))
    return [
        {
            name: value if len(types[name]) == 1 else _as_text(value)
            for name, value in row.items()
        }
        for row in rows
    ]


def _plain(name, value):
    """Returns a hyperparameter as bool, float or str, also NumPy's."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    raise InputError(
        f"Hyperparameter {name!r}: expected text, a truth value or a finite "
        f"number. Received: {value!r}."
    )


def _as_text(value):
    """Writes whole numbers without the `.0` of a float."""
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _finite(metrics):
    """Leaves out what is no finite number; no view could place it."""
    return {tag: v for tag, v in metrics.items() if math.isfinite(v)}


def _hparam_infos(rows):
    """Describes each hyperparameter by its type and the values it takes."""
    from tensorboard.plugins.hparams import api_pb2

    types = {
        bool: api_pb2.DATA_TYPE_BOOL,
        float: api_pb2.DATA_TYPE_FLOAT64,
        str: api_pb2.DATA_TYPE_STRING,
    }
    made = []
    for name in dict.fromkeys(name for row in rows for name in row):
        values = sorted({row[name] for row in rows if name in row})
        info = api_pb2.HParamInfo(
            name=name,
            display_name=_readable(name),
            type=types[type(values[0])],
            differs=len(values) > 1,
        )
        info.domain_discrete.extend(values)
        made.append(info)
    return made


def _write_session(writer, hparams, metrics):
    """Writes one row of the table."""
    from tensorboard.plugins.hparams import api_pb2
    from tensorboard.plugins.hparams import plugin_data_pb2

    # When the session ran is for others to tell; unset would be 1970.
    now = time.time()
    start = plugin_data_pb2.SessionStartInfo(start_time_secs=now)
    for name, value in hparams.items():
        field = {bool: "bool_value", float: "number_value", str: "string_value"}
        setattr(start.hparams[name], field[type(value)], value)
    end = plugin_data_pb2.SessionEndInfo(
        status=api_pb2.STATUS_SUCCESS, end_time_secs=now
    )
    data = plugin_data_pb2.HParamsPluginData
    _record(writer, data(session_start_info=start))
    for tag, value in metrics.items():
        writer.scalar(tag, value, 0)
    _record(writer, data(session_end_info=end))


def _record(writer, data):
    """Writes one record of the HParams plugin under its fixed tag."""
    from tensorboard.plugins.hparams import metadata

    tags = {
        "experiment": metadata.EXPERIMENT_TAG,
        "session_start_info": metadata.SESSION_START_INFO_TAG,
        "session_end_info": metadata.SESSION_END_INFO_TAG,
    }
    tag = tags[data.WhichOneof("data")]
    writer.record(tag, metadata.create_summary_metadata(data))


def _readable(name):
    """Turns `xnli/exact_match` into words for a narrow column's head."""
    return re.sub("[/_]+", " ", name).strip() or name


# ------------------------------------------------------------ Custom Scalars
def write_layout(folder, charts):
    """Writes which curves the Custom Scalars dashboard draws together.

    Args:
        folder: str or path. TensorBoard's log folder or a run below it. The
            charts draw the curves of all runs.
        charts: dict from the title of a category to a dict from the title of
            a chart to a list of regular expressions. A chart draws every
            scalar of whose tag one of them matches the beginning; end with
            `$` to match it all. Only the first category begins open.

    Raises:
        InputError: If a regular expression is none.
    """
    from tensorboard.plugins.custom_scalar import layout_pb2
    from tensorboard.plugins.custom_scalar import metadata

    layout = layout_pb2.Layout()
    for title, contents in charts.items():
        category = layout.category.add(title=title)
        category.closed = len(layout.category) > 1
        for name, tags in contents.items():
            _check_patterns(name, tags)
            lines = layout_pb2.MultilineChartContent(tag=tags)
            category.chart.add(title=name, multiline=lines)
    with EventWriter(folder) as writer:
        writer.record(
            metadata.CONFIG_SUMMARY_TAG,
            metadata.create_summary_metadata(),
            layout.SerializeToString(),
        )


def _check_patterns(chart, patterns):
    """TensorBoard would leave the chart empty without a word."""
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise InputError(
                f"Chart {chart!r}: {pattern!r} is no regular expression "
                f"({error})."
            ) from None


# ----------------------------------------------------------------- Projector
def write_projector(folder, embeddings):
    """Writes vectors for the Projector, which shows them as points in space.

    All embeddings of a folder are listed in one menu of the Projector. Above
    100,000 points it shows the first ones.

    Args:
        folder: str or path. TensorBoard's log folder or a run below it.
        embeddings: list of dicts. `name`: str, as in the menu. `vectors`:
            float array of shape `(n, h)`. `columns`: dict from the name of a
            column to `n` texts, by which points are labelled and coloured. A
            single column is always called `label`: TensorBoard reads the
            names only of several. Tabs and line breaks become spaces.

    Raises:
        InputError: If two embeddings have the same name, the vectors are no
            matrix of finite numbers, or a column has not `n` texts.
    """
    from google.protobuf import text_format
    from tensorboard.plugins.projector import metadata
    from tensorboard.plugins.projector import projector_config_pb2

    folder = pathlib.Path(folder)
    config = projector_config_pb2.ProjectorConfig()
    contents = {}
    for number, embedding in enumerate(embeddings):
        name, columns = embedding["name"], embedding["columns"]
        vectors = _matrix(name, embedding["vectors"])
        if name in [info.tensor_name for info in config.embeddings]:
            raise InputError(f"Two embeddings are named {name!r}.")
        # By number, as names need not be names of files.
        info = config.embeddings.add(
            tensor_name=name,
            tensor_shape=vectors.shape,
            tensor_path=f"projector_{number}_vectors.tsv",
        )
        contents[info.tensor_path] = _vector_lines(vectors)
        if columns:
            info.metadata_path = f"projector_{number}_metadata.tsv"
            contents[info.metadata_path] = _metadata_lines(
                name, columns, len(vectors)
            )
    # The list of them comes last, so that it never names what is not there.
    contents[metadata.PROJECTOR_FILENAME] = [
        text_format.MessageToString(config, as_utf8=True)
    ]
    for file, lines in contents.items():
        with files.atomic_write(folder / file) as stream:
            stream.writelines(lines)
    # Only a folder with an event file is a run, and only runs are listed.
    EventWriter(folder).close()


def _matrix(name, vectors):
    """Returns the vectors as TensorBoard will hold them."""
    import numpy as np

    vectors = np.asarray(vectors, "float32")
    if vectors.ndim != 2 or not vectors.size or not np.isfinite(vectors).all():
        raise InputError(
            f"Embedding {name!r}: expected a matrix of finite numbers. "
            f"Received: shape {vectors.shape}, of which "
            f"{int(np.isfinite(vectors).sum())} numbers are finite."
        )
    return vectors


def _vector_lines(vectors):
    """Yields the lines of a file of vectors.

    As text, though larger: TensorBoard takes a file for binary only if it is
    no valid UTF-8, which numbers in binary may happen to be. The shortest
    text that is read back as the same float32 is written.
    """
    for vector in vectors:
        yield "\t".join(str(number) for number in vector) + "\n"


def _metadata_lines(name, columns, num):
    """Returns the lines of a file of texts, under a head if it has one."""
    for column, texts in columns.items():
        if len(texts) != num:
            raise InputError(
                f"Embedding {name!r}, column {column!r}: expected {num} "
                f"texts, one per vector. Received: {len(texts)}."
            )
    rows = list(zip(*columns.values(), strict=True))
    # TensorBoard takes the first line for a head if there is a tab in it.
    if len(columns) > 1:
        rows.insert(0, tuple(columns))
    lines = ["\t".join(_one_line(text) for text in row) for row in rows]
    # A blank line would be passed over and move all texts below it.
    return [(line if line.strip() else f"-{line}") + "\n" for line in lines]


def _one_line(text):
    return " ".join(str(text).splitlines()).replace("\t", " ")
