"""Samples without a result: as ``failures.csv`` lists them, and as later runs need to know them.

For later runs each is a small file of its own, written when the sample fails, so that a batch that is
ended from outside forgets none.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from cd5flow.config.atomic import OWNER, write_atomically
from cd5flow.report.tables import csv_text, inert

FAILURES: Final = "failures.csv"
FAILURE_COLUMNS: Final = ("sample", "file", "error", "message")
_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class Failure:
    """A sample without a result.

    Attributes:
        sample: its id.
        file: its file's name.
        error: the class of what was raised.
        message: what was wrong, in one line.
    """

    sample: str
    file: str
    error: str
    message: str


def failures_csv(failures: Iterable[Failure]) -> str:
    """Return ``failures.csv``."""
    return csv_text(FAILURE_COLUMNS, (asdict(failure) for failure in failures))


def read_failures(out: Path) -> tuple[Failure, ...]:
    """Return what ``failures.csv`` of a results folder lists; nothing where it cannot be read."""
    try:
        text = (out / FAILURES).read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (OSError, ValueError, csv.Error):
        return ()
    return tuple(
        Failure(*(_plain(row.get(name) or "") for name in FAILURE_COLUMNS)) for row in rows
    )


def _plain(cell: str) -> str:
    """Return a cell without the apostrophe that made it inert."""
    return cell[1:] if cell.startswith("'") and inert(cell[1:]) == cell else cell


@dataclass(frozen=True, slots=True)
class RememberedFailure:
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


_REMEMBERED: Final = TypeAdapter(RememberedFailure)


@dataclass(frozen=True, slots=True)
class FailureJournal:
    """The failures of a results folder.

    Attributes:
        folder: where their files lie.
    """

    folder: Path

    def read(self, name: str) -> RememberedFailure | None:
        """Return the failure of the sample whose folder has this name; None without one."""
        try:
            return _REMEMBERED.validate_json(self._path(name).read_bytes())
        except (OSError, ValidationError):
            return None

    def write(self, name: str, failure: RememberedFailure) -> None:
        """Remember a failure.

        Raises:
            OutputError: it cannot be written.
        """
        write_atomically(self._path(name), _REMEMBERED.dump_json(failure), mode=OWNER)

    def forget(self, name: str) -> None:
        """Forget a failure, if there was one; nothing is left of an empty journal."""
        with contextlib.suppress(OSError):
            self._path(name).unlink()
            self.folder.rmdir()  # succeeds on an empty one only

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_SUFFIX}"
