"""Samples that failed, as later runs need to know them: one small file each.

They are written when a sample fails, so that a batch that is ended from outside forgets none.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from cd5flow.config.atomic import write_atomically

_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class Remembered:
    """A sample that failed.

    Attributes:
        key: what it was made from and what was asked for, as one digest.
        error: the class of what was raised.
        message: what was wrong, in one line.
        timeout: seconds that it was given; None is no limit.
    """

    key: str
    error: str
    message: str
    timeout: float | None


@dataclass(frozen=True, slots=True)
class Journal:
    """The failures of a results folder.

    Attributes:
        folder: where their files lie.
    """

    folder: Path

    def read(self, name: str) -> Remembered | None:
        """Return the failure of the sample whose folder has this name; None without one."""
        try:
            said = json.loads(self._path(name).read_bytes())
            timeout = said["timeout"]
            return Remembered(
                key=str(said["key"]),
                error=str(said["error"]),
                message=str(said["message"]),
                timeout=None if timeout is None else float(timeout),
            )
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, name: str, failure: Remembered) -> None:
        """Remember a failure.

        Raises:
            OutputError: it cannot be written.
        """
        write_atomically(self._path(name), json.dumps(asdict(failure)).encode())

    def forget(self, name: str) -> None:
        """Forget a failure, if there was one; nothing is left of an empty journal."""
        with contextlib.suppress(OSError):
            self._path(name).unlink()
            self.folder.rmdir()  # succeeds on an empty one only

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_SUFFIX}"
