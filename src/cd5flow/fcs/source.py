"""The open file: bounded reads, with errors that name it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cd5flow.errors import FcsTruncatedError, FileAccessError


@dataclass(frozen=True, slots=True)
class Source:
    """An FCS file open for reading.

    Attributes:
        name: the file's name, as messages show it.
        size: bytes in the file.
        stream: unbuffered, so that DATA goes straight into the decoder's block.
    """

    name: str
    size: int
    stream: RawIOBase

    def read(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes; fewer where the file ends.

        Raises:
            FileAccessError: the system refuses to read.
        """
        length = min(length, self.size - offset)
        if length <= 0:  # the system may refuse to seek to a place that a hostile file names
            return b""
        buffer = np.empty(length, dtype=np.uint8)
        return buffer[: self._fill(offset, buffer)].tobytes()

    def read_into(self, offset: int, buffer: npt.NDArray[np.uint8]) -> None:
        """Fill the buffer from ``offset``.

        Raises:
            FcsTruncatedError: the file became shorter since it was opened.
            FileAccessError: the system refuses to read.
        """
        found = self._fill(offset, buffer)
        if found < buffer.nbytes:
            raise FcsTruncatedError(
                f"{self.name}: ended at byte {offset + found:,} while being read, "
                f"expected {self.size:,} bytes"
            )

    def _fill(self, offset: int, buffer: npt.NDArray[np.uint8]) -> int:
        view = buffer.data
        done = 0
        try:
            self.stream.seek(offset)
            while done < len(view):
                count = self.stream.readinto(view[done:])
                if not count:
                    break
                done += count
        except OSError as error:
            raise FileAccessError(f"{self.name}: cannot be read ({error.strerror})") from error
        return done


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a regular file.

    Raises:
        FileAccessError: it is absent, a folder, not a regular file, or may not be read.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise FileAccessError(f"{path}: is a folder, expected an FCS file")
        if not stat.S_ISREG(status.st_mode):
            raise FileAccessError(f"{path}: is not a regular file, expected an FCS file")
        stream = path.open("rb", buffering=0)
    except FileNotFoundError as error:
        raise FileAccessError(f"{path}: no such file") from error
    except PermissionError as error:
        raise FileAccessError(f"{path}: may not be read (permission denied)") from error
    except (OSError, ValueError) as error:
        raise FileAccessError(f"{path}: cannot be opened ({error})") from error
    with stream:
        yield Source(name=path.name, size=status.st_size, stream=stream)
