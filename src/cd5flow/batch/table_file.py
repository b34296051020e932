"""A sample sheet's cells: CSV or XLSX as text, with the row numbers that a spreadsheet shows."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

from cd5flow.batch.workbook_check import MAX_ROWS, check_workbook
from cd5flow.errors import SheetError
from cd5flow.model.opening import open_regular

MAX_BYTES: Final = 20_000_000

_ENCRYPTED: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How compound files begin: workbooks of old, and new ones with a password (MS-CFB 2.2)."""

Cells = list[str]


@dataclass(frozen=True, slots=True)
class SheetTable:
    """A sheet as text.

    Attributes:
        path: the file.
        columns: the names in the first row, in order, case and blanks about them taken off.
        rows: number in the file (the first is 1) and cells of every row that is not empty.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_table(path: Path) -> SheetTable:
    """Read a sheet.

    Raises:
        SheetError: it is absent, unreadable, too large, no CSV or XLSX, or empty.
    """
    try:
        with open_regular(path) as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise SheetError(f"{path}: cannot be read ({error.strerror or error})") from error
    if len(content) > MAX_BYTES:
        raise SheetError(f"{path}: larger than {MAX_BYTES:,} bytes, no sample sheet")
    if content.startswith(_ENCRYPTED):
        raise SheetError(
            f"{path}: is an encrypted or an old (.xls) workbook; save it as .xlsx without a password"
        )
    is_workbook = content.startswith(b"PK")
    lines = _workbook(content, path) if is_workbook else _text(content, path)
    rows = [(number, tuple(cells)) for number, cells in lines if any(cells)]
    if not rows:
        raise SheetError(f"{path}: is empty, expected a row of column names and a row a tube")
    return SheetTable(path, tuple(name.lower() for name in rows[0][1]), tuple(rows[1:]))


def _text(content: bytes, path: Path) -> Iterator[tuple[int, Cells]]:
    """Yield the rows of a CSV; comma, semicolon or tab, whichever the first line has most of."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SheetError(
            f"{path}: line {line} is not UTF-8; save it as 'CSV UTF-8', or as XLSX"
        ) from error
    if "\0" in text:
        raise SheetError(f"{path}: is neither CSV nor XLSX")
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from _numbered(([cell.strip() for cell in cells] for cells in reader), path)
    except csv.Error as error:
        raise SheetError(f"{path}: line {reader.line_num}: {error}") from error


def _workbook(content: bytes, path: Path) -> Iterator[tuple[int, Cells]]:
    """Yield the rows of a workbook's first sheet of cells; formulas as the values last computed."""
    from openpyxl import load_workbook  # noqa: PLC0415 - 0.1 s that only workbooks pay

    with warnings.catch_warnings():
        # About formatting that is not read: drop-down lists, colours.
        warnings.simplefilter("ignore")
        try:
            check_workbook(content)
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            cells = book.worksheets[0].iter_rows(values_only=True, max_row=MAX_ROWS + 1)
            rows = [[_word(cell) for cell in row] for row in cells]
            book.close()
        except MemoryError:
            raise
        except Exception as error:  # whatever a damaged one does to the libraries that unpack it
            why = " ".join(str(error).split())[:200] or type(error).__name__
            if b"xl/chartsheets/" in content and not isinstance(error, zipfile.BadZipFile):
                why = "one of its sheets is a chart; expected sheets of cells alone"
            raise SheetError(f"{path}: is no workbook that can be read ({why})") from error
    yield from _numbered(rows, path)


def _numbered(rows: Iterable[Cells], path: Path) -> Iterator[tuple[int, Cells]]:
    for number, cells in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise SheetError(f"{path}: more than {MAX_ROWS:,} rows, no sample sheet")
        while cells and not cells[-1]:
            cells.pop()
        yield number, cells


def _word(cell: object) -> str:
    """Return a cell as a person reads it: 12 for 12.0, ISO for dates."""
    match cell:
        case None:
            return ""
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime() | date() | time():
            return cell.isoformat()
        case _:
            return str(cell).strip()
