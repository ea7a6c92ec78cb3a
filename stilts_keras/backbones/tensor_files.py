"""Files of tensors that transformers writes, read one tensor at a time.

safetensors; HDF5, as TensorFlow models were saved; msgpack, as Flax models
were. None of the three can hold code. All tensors come as PyTorch has them:
names with dots, `weight` for what multiplies, kernels as (outputs, inputs).
"""

import contextlib
import mmap
import pathlib

from stilts_keras.errors import InputError

# What TensorFlow and Flax call PyTorch's `weight`.
_WEIGHTS = ("kernel", "embedding", "embeddings", "weight")
# Of msgpack: what the first byte of a map is.
_MAPS = (*range(0x80, 0x90), 0xDE, 0xDF)
# Of Flax: its number for an array, and how it marks one that it has cut.
_ARRAY = 1
_CHUNKED = "__msgpack_chunked_array__"


@contextlib.contextmanager
def open_file(path):
    """Opens a file by what its name says.

    Args:
        path: path. Of a `.safetensors`, `.h5` or `.msgpack` file.

    Yields:
        Dict from a tensor's name to a function () -> array.

    Raises:
        InputError: If it cannot be read.
    """
    path = pathlib.Path(path)
    open_kind, kind = {
        ".h5": (_open_hdf5, "HDF5"),
        ".msgpack": (_open_msgpack, "Flax's msgpack"),
    }.get(path.suffix, (_open_safetensors, "safetensors"))
    with contextlib.ExitStack() as stack:
        try:
            tensors = open_kind(path, stack)
        except Exception as error:  # noqa: BLE001 - of three libraries
            raise InputError(
                f"File {str(path)!r} cannot be read as {kind}: {error}. "
                "Download it again."
            ) from error
        yield tensors


def _open_safetensors(path, stack):
    import safetensors

    file = stack.enter_context(
        safetensors.safe_open(str(path), framework="numpy")
    )
    return {name: _reader(file.get_tensor, name) for name in file.keys()}


def _reader(read, *arguments):
    return lambda: read(*arguments)


def _named(path):
    """Translates a path of names; says whether its tensor is transposed."""
    *parents, last = path
    name = "weight" if last in _WEIGHTS else last
    return [*parents, name], last == "kernel"


def _turned(array, is_kernel):
    return array.T if is_kernel else array


# ------------------------------------------------------------ TensorFlow: HDF5
def _open_hdf5(path, stack):
    """Names begin anywhere: layer and class names stand before them."""
    import h5py

    file = stack.enter_context(h5py.File(path, "r"))
    found = {}

    def note(name, item):
        if not isinstance(item, h5py.Dataset):
            return
        # A list of layers named `block` holds `block_._0`, and so on.
        names = name.removesuffix(":0").replace("_._", "/").split("/")
        names, is_kernel = _named(names)
        read = _reader(lambda: _turned(item[()], is_kernel))
        for start in range(len(names)):
            found.setdefault(".".join(names[start:]), read)

    file.visititems(note)
    return found


# --------------------------------------------------------------- Flax: msgpack
def _open_msgpack(path, stack):
    """Notes where each tensor lies; none is read yet."""
    import msgpack

    file = stack.enter_context(open(path, "rb"))
    content = stack.enter_context(
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    )
    unpacker = msgpack.Unpacker(file, max_buffer_size=0)
    found = {}

    def walk(path):
        for _ in range(unpacker.read_map_header()):
            below = [*path, unpacker.unpack()]
            start = unpacker.tell()
            if content[start] in _MAPS and not _is_chunked(content, start):
                walk(below)
                continue
            unpacker.skip()
            names, is_kernel = _named(below)
            found[".".join(names)] = _reader(
                _read_msgpack, content, start, unpacker.tell(), is_kernel
            )

    walk([])
    return found


def _is_chunked(content, start):
    return _CHUNKED.encode() in content[start : start + len(_CHUNKED) + 8]


def _read_msgpack(content, start, end, is_kernel):
    import msgpack
    import numpy as np

    with memoryview(content)[start:end] as packed:
        value = msgpack.unpackb(
            packed, ext_hook=_array, max_ext_len=end - start
        )
    if isinstance(value, dict):
        chunks = [
            value["chunks"][key] for key in sorted(value["chunks"], key=int)
        ]
        shape = [value["shape"][key] for key in sorted(value["shape"], key=int)]
        value = np.concatenate(chunks).reshape(shape)
    return _turned(value, is_kernel)


def _array(code, content):
    """Decodes Flax's array: msgpack of its shape, its dtype and its bytes."""
    import ml_dtypes
    import msgpack
    import numpy as np

    if code != _ARRAY:
        raise ValueError(f"extension {code} is no array")
    shape, dtype, values = msgpack.unpackb(content, max_bin_len=len(content))
    dtype = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    return np.frombuffer(values, dtype=np.dtype(dtype)).reshape(shape)
