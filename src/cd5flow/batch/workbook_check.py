"""A workbook looked at before it is read: what others packed may be made to fill the memory.

An XLSX file is a zip archive of XML. What it says of its members' sizes is no more than a claim, so
each is unpacked once, in pieces that are thrown away, against a bound; elements are counted on the way.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import Final, NoReturn
from xml.parsers import expat

MOST_UNPACKED: Final = 64 << 20
"""Bytes of all members; a sheet of ten thousand tubes has a tenth of it."""
MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 500
_MOST_PLACES: Final = 2_000_000
"""Cells of all rows up to each row's last: what is left out between is made up by readers."""
_MOST_MEMBERS: Final = 1_000
_MOST_ELEMENTS: Final = 500_000
"""Of all members, cells above all: openpyxl reads a hundred thousand in a second."""
_MOST_OTHERS: Final = 60_000
"""Of members that hold no cells and no strings: formats, themes, relations."""
_DEEPEST: Final = 64
_MOST_ATTRIBUTES: Final = 200
_LONGEST_TAG: Final = 1 << 18
_PIECE: Final = 1 << 16
_WAYS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_CELL: Final = re.compile(r"([A-Z]{1,3})[0-9]{1,7}")
_XML: Final = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe", b"\xfe\xff")
_WITH_CELLS: Final = frozenset({"c", "v", "f", "is", "t", "row", "si", "r"})


def check_workbook(content: bytes) -> None:
    """Refuse a workbook that unpacks to more than a sheet can need, or that is packed strangely.

    Raises:
        ValueError: what is wrong with it.
        zipfile.BadZipFile: it is damaged.
    """
    with zipfile.ZipFile(BytesIO(content)) as archive:
        members = archive.infolist()
        _check_members(members)
        count = _Count()
        unpacked = 0
        for member in members:
            with archive.open(member) as stream:
                look = None
                while piece := stream.read(_PIECE):
                    unpacked += len(piece)
                    if unpacked > MOST_UNPACKED:
                        raise ValueError(_too_large(unpacked))
                    if look is None and piece.lstrip().startswith(_XML):
                        look = _Look(member.filename, count)
                    if look is not None:
                        look.feed(piece)


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    """Refuse what the archive's own table shows.

    Raises:
        ValueError: what is wrong.
    """
    if len(members) > _MOST_MEMBERS:
        raise ValueError(f"{len(members):,} members, expected at most {_MOST_MEMBERS:,}")
    if len({member.filename for member in members}) < len(members):
        raise ValueError("two members have one name")
    for member in members:
        if member.flag_bits & 0x1:
            raise ValueError(f"{member.filename} is encrypted")
        if member.compress_type not in _WAYS:
            raise ValueError(f"{member.filename} is packed in a way that workbooks are not")
    declared = sum(member.file_size for member in members)
    if declared > MOST_UNPACKED:
        raise ValueError(_too_large(declared))


def _too_large(size: int) -> str:
    return f"unpacks to {size:,} bytes or more, expected at most {MOST_UNPACKED:,}"


class _Count:
    """What all members hold together."""

    def __init__(self) -> None:
        self.elements = 0
        self.others = 0
        self.places = 0


class _Look:
    """One member's XML, as it comes in."""

    def __init__(self, name: str, count: _Count) -> None:
        self._name = name
        self._count = count
        self._depth = self._fed = 0
        self._row = self._column = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, piece: bytes) -> None:
        """Take the next bytes.

        Raises:
            ValueError: more of something than a sheet needs, or no XML.
        """
        self._fed += len(piece)
        try:
            self._parser.Parse(piece)
        except expat.ExpatError as fault:
            raise ValueError(f"{self._name}: {fault}") from fault
        if self._fed - self._parser.CurrentByteIndex > _LONGEST_TAG:
            raise ValueError(f"{self._name} holds a tag of more than {_LONGEST_TAG:,} bytes")

    def _doctype(self, *_: object) -> NoReturn:
        raise ValueError(f"{self._name} declares a document type")

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        local = tag.rpartition(":")[2]
        count = self._count
        count.elements += 1
        count.others += local not in _WITH_CELLS
        self._depth += 1
        if (
            count.elements > _MOST_ELEMENTS
            or count.others > _MOST_OTHERS
            or self._depth > _DEEPEST
            or len(attributes) > _MOST_ATTRIBUTES
        ):
            raise ValueError(
                f"{self._name} holds more elements, deeper or with more attributes, than a sheet of "
                "tubes needs; save it as CSV"
            )
        if local == "row":
            self._begin_row(attributes.get("r", ""))
        elif local == "c":
            self._begin_cell(attributes.get("r", ""))

    def _end(self, _: str) -> None:
        self._depth -= 1

    def _begin_row(self, number: str) -> None:
        self._row = int(number) if number.isascii() and number[:9].isdigit() else self._row + 1
        self._column = 0
        if self._row > MAX_ROWS:
            raise ValueError(f"row {self._row:,}, expected at most {MAX_ROWS:,}")

    def _begin_cell(self, place: str) -> None:
        match = _CELL.fullmatch(place)
        before = self._column
        self._column = before + 1 if match is None else _number_of(match[1])
        self._count.places += max(0, self._column - before)
        if self._column > MAX_COLUMNS or self._count.places > _MOST_PLACES:
            raise ValueError(
                f"row {self._row:,} has a cell in column {self._column:,}, expected at most "
                f"{MAX_COLUMNS:,} columns and {_MOST_PLACES:,} cells"
            )


def _number_of(letters: str) -> int:
    """Return the number of a column, from 1: A is 1, AA 27."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
