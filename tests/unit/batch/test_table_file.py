from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path

import pytest
from openpyxl import Workbook

import cd5flow.batch.table_file as module
from cd5flow.batch.table_file import SheetTable, read_table
from cd5flow.errors import SheetError


def csv_sheet(folder: Path, content: str | bytes) -> SheetTable:
    path = folder / "samples.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path)


def workbook(folder: Path, rows: list[list[object]]) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    path = folder / "samples.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_columns_may_be_parted_as_spreadsheets_do(
    tmp_path: Path, delimiter: str, line_end: str
) -> None:
    text = line_end.join(delimiter.join(row) for row in (["File", "Tube "], ["a.fcs", " T1"]))
    sheet = csv_sheet(tmp_path, text)
    assert sheet.columns == ("file", "tube")
    assert sheet.rows == ((2, ("a.fcs", "T1")),)


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert csv_sheet(tmp_path, b"\xef\xbb\xbffile\na.fcs\n").columns == ("file",)


def test_rows_are_numbered_as_a_spreadsheet_does_and_empty_ones_left_out(tmp_path: Path) -> None:
    sheet = csv_sheet(tmp_path, 'file,tube\n\n"a.fcs","two\nlines"\n,,\nb.fcs\n')
    assert [number for number, _ in sheet.rows] == [3, 5]


def test_a_workbook_reads_as_a_person_sees_it(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["file", "sample_id", "collected_at", "tube", "accession"],
        ["a.fcs", 12, datetime(2026, 1, 31), 1.5, None],  # noqa: DTZ001 - Excel knows no zones
        [None, None, None, None, None],
        ["b.fcs", 12.0, datetime(2026, 1, 31, 9, 30), True, "x "],  # noqa: DTZ001
    ]
    sheet = read_table(workbook(tmp_path, rows))
    assert sheet.rows == (
        (2, ("a.fcs", "12", "2026-01-31", "1.5")),
        (4, ("b.fcs", "12", "2026-01-31T09:30:00", "True", "x")),
    )


@pytest.mark.parametrize(
    ("cell", "word"),
    [(date(2026, 1, 2), "2026-01-02"), (time(9, 5), "09:05:00"), (0.1, "0.1"), (None, "")],
)
def test_cells_become_text(cell: object, word: str) -> None:
    assert module._word(cell) == word


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty"),
        (b"\n\n , \n", "is empty"),
        ("file\nMüller.fcs\n".encode("latin-1"), "line 2 is not UTF-8"),
        (b"\x00\x01\x02", "neither CSV nor XLSX"),
        (b'file\n"a.fcs', "line 2"),
        (b"PK\x03\x04 not a workbook", "no workbook"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    with pytest.raises(SheetError, match=fault):
        csv_sheet(tmp_path, content)


def test_a_zip_file_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    import zipfile  # noqa: PLC0415

    path = tmp_path / "samples.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("letter.txt", "dear lab")
    with pytest.raises(SheetError, match="no workbook"):
        read_table(path)


def test_an_absent_sheet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="No such file"):
        read_table(tmp_path / "samples.csv")


def test_a_file_of_another_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    with pytest.raises(SheetError, match="larger than 10 bytes"):
        csv_sheet(tmp_path, "file\nabcdefgh.fcs\n")
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    monkeypatch.setattr(module, "MAX_ROWS", 2)
    with pytest.raises(SheetError, match="more than 2 rows"):
        csv_sheet(tmp_path, "file\na\nb\n")
