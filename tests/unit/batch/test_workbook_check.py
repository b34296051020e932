"""Workbooks that are made to fill the memory, damaged, or packed as workbooks are not."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart

from cd5flow.batch.table_file import read_table
from cd5flow.errors import SheetError

SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET = "xl/worksheets/sheet1.xml"
MANY = " ".join(f"a{n}='1'" for n in range(300))
HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>file</t></is></c></row>'


def _plain(rows: Sequence[Sequence[object]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


PLAIN = _plain([["file"], ["a.fcs"]])


def _with(name: str, text: str, *, way: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return the plain workbook with one member put in another's place."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(PLAIN)) as old, zipfile.ZipFile(made, "w", way) as new:
        for other in old.namelist():
            if other != name:
                new.writestr(other, old.read(other))
        new.writestr(name, text)
    return made.getvalue()


def _sheet(rows: str) -> str:
    return f"<worksheet {SPACE}><sheetData>{rows}</sheetData></worksheet>"


def refusal(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "samples.xlsx"
    path.write_bytes(content)
    start = time.process_time()
    with pytest.raises(SheetError) as refused:
        read_table(path)
    assert time.process_time() - start < 5
    assert "\n" not in refused.value.message
    return refused.value.message


def test_a_plain_workbook_is_read(tmp_path: Path) -> None:
    path = tmp_path / "samples.xlsx"
    path.write_bytes(PLAIN)
    assert read_table(path).rows == ((2, ("a.fcs",)),)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (_with(SHEET, _sheet(HEAD + "<row/>" * 200_000)), "row 100,001"),
        (_with(SHEET, _sheet(HEAD + '<row r="1048576"/>')), "row 1,048,576"),
        (_with(SHEET, _sheet('<row r="1"><c r="XFD1"/></row>')), "column 16,384"),
        (_with(SHEET, _sheet(f"<row>{'<c/>' * 600}</row>")), "column 501"),
        (_with(SHEET, _sheet("<row>" * 100 + "</row>" * 100)), "deeper"),
        (_with(SHEET, _sheet(f"<row {MANY}/>")), "attributes"),
        (_with(SHEET, _sheet(f'<row a="{"x" * 600_000}"/>')), "a tag of more than"),
        (_with("xl/sharedStrings.xml", f"<sst {SPACE}>{'<si/>' * 600_000}</sst>"), "more elements"),
        (
            _with("xl/sharedStrings.xml", f"<sst {SPACE}><si>{'x' * 70_000_000}</si></sst>"),
            "unpacks",
        ),
        (
            _with("xl/styles.xml", f"<styleSheet {SPACE}>{'<xf/>' * 70_000}</styleSheet>"),
            "more elem",
        ),
        (_with(SHEET, "<!DOCTYPE a [<!ENTITY b 'c'>]>" + _sheet(HEAD)), "document type"),
        (_with("xl/odd.bin", "x", way=zipfile.ZIP_LZMA), "packed in a way"),
        (PLAIN[:-40], "File is not a zip file"),
        (b"PK\x05\x06" + b"\0" * 18, "is no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "encrypted or an old"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_sheet_needs_is_refused_in_one_line(
    tmp_path: Path, content: bytes, why: str
) -> None:
    assert why in refusal(tmp_path, content)


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    broken = bytearray(_plain([["file"], *[[f"tube-{n}.fcs"] for n in range(500)]]))
    at = broken.index(b"xl/worksheets/sheet1.xml") + 200
    broken[at : at + 40] = b"\xff" * 40
    assert "is no workbook that can be read" in refusal(tmp_path, bytes(broken))


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    locked = bytearray(PLAIN)
    for sign in (b"PK\x03\x04", b"PK\x01\x02"):
        at = locked.index(sign) + (6 if sign.endswith(b"\x03\x04") else 8)
        locked[at] |= 1
    assert "is encrypted" in refusal(tmp_path, bytes(locked))


def test_a_chart_as_the_first_sheet_is_passed_over(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["file"])
    chart = book.create_chartsheet(index=0)
    chart.add_chart(BarChart())
    made = io.BytesIO()
    book.save(made)
    path = tmp_path / "samples.xlsx"
    path.write_bytes(made.getvalue())
    assert read_table(path).columns == ("file",)
