"""Tables as CSV: exact numbers, and text that no spreadsheet runs as a formula."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cd5flow.model.result import Result

Cell = str | int | float | None

POPULATION_COLUMNS: Final = (
    "name",
    "path",
    "parent",
    "events",
    "percent_of_parent",
    "percent_of_denominator",
)

_ACTIVE: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""East Asian spreadsheets take the wide signs for the narrow ones."""


def inert(cell: Cell) -> str:
    """Return a cell's text in one line; unknown is empty, numbers are exact.

    Text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV
    injection). Control characters become blanks: some readers end a row at a lone carriage return.
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        line = cell
        if not cell.isprintable():
            line = "".join(" " if unicodedata.category(c) == "Cc" else c for c in cell)
        # Some programs strip blanks before they look for a formula.
        return f"'{line}" if line.lstrip().startswith(_ACTIVE) else line
    return repr(cell)


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> str:
    """Return a table as CSV (RFC 4180 with line feeds), cells made inert.

    Raises:
        ValueError: a row has a field that is no column.
    """
    text = io.StringIO()
    table = csv.DictWriter(text, fieldnames=list(columns), lineterminator="\n")
    table.writeheader()
    table.writerows({name: inert(cell) for name, cell in row.items()} for row in rows)
    return text.getvalue()


def populations_csv(result: Result) -> str:
    """Return ``populations.csv``: one row a population, in gating order."""
    return csv_text(
        POPULATION_COLUMNS,
        (row.model_dump(include=set(POPULATION_COLUMNS)) for row in result.populations),
    )
