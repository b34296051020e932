"""Samples without a result, as ``failures.csv`` lists them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from cd5flow.report import inert
from cd5flow.report.tables import csv_text

FAILURES: Final = "failures.csv"
FAILURE_COLUMNS: Final = ("sample", "file", "error", "message")


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
        text = (out / FAILURES).read_text(encoding="utf-8")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (OSError, ValueError, csv.Error):
        return ()
    return tuple(
        Failure(*(_plain(row.get(name) or "") for name in FAILURE_COLUMNS)) for row in rows
    )


def _plain(cell: str) -> str:
    """Return a cell without the apostrophe that made it inert."""
    return cell[1:] if cell.startswith("'") and inert(cell[1:]) == cell else cell
