"""Files behind a URL, such as an object store's: read, written, never moved.

Each takes its name whole, as in a folder; nothing is ever deleted.
"""

import importlib.util
import os
import pathlib
import shutil
import time

from stilts_keras.errors import DamageError
from stilts_keras.errors import InputError
from stilts_keras.errors import first_line
from stilts_keras.files.whole import atomic_write

# Scheme -> what fsspec needs for it beside itself.
SCHEMES = {"s3": "s3fs", "gs": "gcsfs", "file": None, "memory": None}
LOCAL = "file"
# Between tries.
PAUSES_SECONDS = (1.0, 4.0, 16.0)
CHUNK_BYTES = 32 * 2**20
# To try again would not help.
FINAL = (PermissionError, NotADirectoryError, ImportError, ValueError)


class Unreachable(InputError):
    """What a URL names cannot be reached, or refuses."""


def check_url(url, flag):
    """Raises InputError unless a URL names a place of files.

    Args:
        url: str.
        flag: str. The flag that names it, for the message.
    """
    scheme, mark, rest = url.partition("://")
    names = [part for part in rest.split("/") if part]
    is_place = mark and names and "::" not in rest and ".." not in names
    if scheme == LOCAL and not rest.startswith("/"):
        is_place = False
    if scheme not in SCHEMES or not is_place:
        raise InputError(
            f"--{flag}={url} names no place of files. Expected: "
            "s3://BUCKET/FOLDER, gs://BUCKET/FOLDER or file:///FOLDER "
            "(memory://NAME lives as long as the process)."
        )


class Remote:
    """A folder behind a URL.

    Attributes:
        url: str. Without a slash at its end.
    """

    def __init__(self, url, flag):
        """Reaches for nothing yet.

        Args:
            url: str.
            flag: str. The flag that names it, for messages.

        Raises:
            InputError: If it is none that is known, or its client is not
                installed.
        """
        check_url(url, flag)
        self.url = url.rstrip("/")
        self._flag = flag
        self._is_local = url.startswith(f"{LOCAL}://")
        self._opened = None
        client = SCHEMES[url.partition("://")[0]]
        if client and importlib.util.find_spec(client) is None:
            import fsspec

            raise InputError(
                f"--{flag}={url} needs {client}, which is not installed. "
                f"Install it with: pip install {client} "
                f"fsspec=={fsspec.__version__}"
            )

    def read(self, name):
        """Returns the bytes of a small file, or None where it is not there."""
        return self._asked("read", name, lambda fs, path: fs.cat_file(path))

    def size(self, name):
        """Returns a file's number of bytes, or None where it is not there."""
        return self._asked("read", name, lambda fs, path: fs.info(path)["size"])

    def names(self, folder):
        """Returns the set of the names in a folder, which need not exist."""
        found = self._asked(
            "read", folder, lambda fs, path: fs.ls(path, detail=False)
        )
        return {path.rstrip("/").rpartition("/")[2] for path in found or ()}

    def write(self, name, data):
        """Writes bytes as a file, whatever was there."""

        def write(fs, path):
            if not self._is_local:
                fs.pipe_file(path, data)
                return
            with atomic_write(path, "wb") as file:
                file.write(data)

        self._written(name, write)

    def put(self, file, name):
        """Copies a local file there, whatever was there."""

        def put(fs, path):
            # An object takes its name whole; a file of a disk does not.
            if not self._is_local:
                fs.put_file(os.fspath(file), path)
                return
            with open(file, "rb") as source, atomic_write(path, "wb") as copy:
                shutil.copyfileobj(source, copy, CHUNK_BYTES)

        self._written(name, put)

    def get(self, name, file, num_bytes):
        """Copies a file here; goes on where an earlier copy was cut off.

        Args:
            name: str.
            file: path of the local file.
            num_bytes: int. How long it must be.

        Raises:
            DamageError: If it is not there, or of another size.
            Unreachable: If it cannot be read.
        """
        found = self.size(name)
        if found != num_bytes:
            have = "none" if found is None else f"{found} bytes"
            raise DamageError(
                f"{self.url}/{name}: expected {num_bytes} bytes. Received: "
                f"{have}."
            )
        with open(file, "ab") as copy:
            while copy.tell() < num_bytes:
                begin = copy.tell()
                end = min(begin + CHUNK_BYTES, num_bytes)
                data = self._range(name, begin, end)
                if data is None or len(data) != end - begin:
                    raise DamageError(
                        f"{self.url}/{name}: it changed while it was read."
                    )
                # Outside what is asked again: a full disk is another matter.
                copy.write(data)

    def _range(self, name, begin, end):
        return self._asked(
            "read",
            name,
            lambda fs, path: fs.cat_file(path, start=begin, end=end),
        )

    def _written(self, name, write):
        done = self._asked("write", name, lambda *at: write(*at) or True)
        if done is None:
            raise Unreachable(
                f"--{self._flag}={self.url} is not there: no such bucket or "
                "folder. Make it, or name another."
            )

    def _asked(self, verb, name, ask):
        """Asks for something several times; returns None where it is absent."""
        for pause in (*PAUSES_SECONDS, None):
            try:
                fs, root = self._place()
                return ask(fs, f"{root}/{name}")
            except FileNotFoundError:
                return None
            # Each client has errors of its own.
            except Exception as error:  # noqa: BLE001 - named below
                if pause is None or _is_final(error):
                    tries = 1 if pause is not None else len(PAUSES_SECONDS) + 1
                    raise Unreachable(
                        f"--{self._flag}={self.url} cannot be reached to "
                        f"{verb} {name} ({first_line(error)}; tries: {tries}). "
                        "Check the network, the URL and your rights to it, "
                        f"then run the same command again; or leave "
                        f"--{self._flag} out."
                    ) from error
            time.sleep(pause)

    def _place(self):
        """Returns fsspec's file system, and the path of the folder in it."""
        if self._opened is None:
            import fsspec

            # Others write there, too.
            options = {"use_listings_cache": False}
            if self.url.startswith("s3://"):
                known = fsspec.config.conf.get("s3", {})
                options["config_kwargs"] = {
                    "retries": {"total_max_attempts": 1},
                    **known.get("config_kwargs", {}),
                }
            fs, root = fsspec.core.url_to_fs(self.url, **options)
            if hasattr(fs, "retries"):
                # They are counted, and waited for, here.
                fs.retries = 1
            self._opened = fs, root.rstrip("/")
        return self._opened


def _is_final(error):
    # Clients know no common error of a key that is not given.
    return isinstance(error, FINAL) or "Credential" in type(error).__name__


def is_safe(name):
    """Whether a file's name, told by others, stays in its folder.

    Args:
        name: str. With `/` between folders.
    """
    path = pathlib.PurePosixPath(name)
    return (
        bool(path.parts) and not path.is_absolute() and ".." not in path.parts
    )
