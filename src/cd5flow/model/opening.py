"""Files that users name, opened only if they are files: a pipe would wait for ever, a device never end."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


def open_regular(path: Path) -> BufferedReader:
    """Open a file to read, once it is known to be a regular one.

    Raises:
        OSError: it is absent, may not be read, or is a folder, pipe, socket or device.
    """
    check_regular(path)
    return path.open("rb")


def check_regular(path: Path) -> None:
    """Refuse what is there and no regular file, or a link to none.

    Raises:
        OSError: it is a folder, pipe, socket or device, or is not there.
    """
    try:
        mode = path.stat().st_mode
    except ValueError as fault:  # a name that no system takes
        raise OSError(errno.EINVAL, str(fault), os.fspath(path)) from fault
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "is no regular file", os.fspath(path))


def read_regular(path: Path, most_bytes: int) -> bytes:
    """Return a file's bytes, one more than ``most_bytes`` where it has more.

    Raises:
        OSError: as of `open_regular`.
    """
    with open_regular(path) as stream:
        return stream.read(most_bytes + 1)
