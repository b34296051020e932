"""Samples that failed, as later runs need to know them: one small file each.

They are written when a sample fails, so that a batch that is ended from outside forgets none.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from cd5flow.errors import OutputError

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
        path = self._path(name)
        spare = path.with_name(f".tmp-{secrets.token_hex(4)}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with spare.open("xb") as file:
                file.write(json.dumps(asdict(failure)).encode())
                file.flush()
                os.fsync(file.fileno())
            spare.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                spare.unlink()
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error

    def forget(self, name: str) -> None:
        """Forget a failure, if there was one; nothing is left of an empty journal."""
        with contextlib.suppress(OSError):
            self._path(name).unlink()
            self.folder.rmdir()  # succeeds on an empty one only

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_SUFFIX}"
