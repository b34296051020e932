"""A sample sheet: one row a tube. Every fault is found, each with its row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum, auto
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from cd5flow.analysis.option_words import (
    IDENTIFIERS,
    PATIENT_FACTS,
    ROLES,
    Role,
    iso_date,
    one_of,
    sample_name,
)
from cd5flow.batch.table_file import read_table
from cd5flow.errors import MOST_FAULTS, OptionError
from cd5flow.model.names import shown_name
from cd5flow.model.result import PriorTherapy, Specimen, Timepoint

SAMPLE: Final = "sample"

NOTES: Final = "notes"
"""Column for people: read by nobody."""

_BYTE: Final = re.compile(r"\\x([89a-f][0-9a-f])")
_MOST_DATA_SETS: Final = 1000


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A tube as a sheet or a folder names it.

    Attributes:
        place: where it stands: "row 5", or the file's path below the folder.
        file: the FCS file.
        sample_id: its own name; one that a sheet does not give is made from the file's.
        role: a sample, or a control of one.
        for_sample: of a control, the samples it belongs to.
        words: further arguments of `cd5flow.analysis.settings.make_settings`, only those that were said.
        identifiers: further names of the sample and facts for the head of its report.
        role_said: whether the sheet says its role, or whose control it is.
        further: what columns say that only some commands know, read.
    """

    place: str
    file: Path
    sample_id: str
    role: Literal["sample"] | Role = SAMPLE
    for_sample: str = ""
    words: Mapping[str, Any] = field(default_factory=dict)
    identifiers: Mapping[str, str] = field(default_factory=dict)
    role_said: bool = field(default=False, compare=False)
    further: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FurtherColumns:
    """Columns that a sheet may have for one command, beside those of every sheet.

    Attributes:
        read: each column's name, and what returns its cell's value or raises an `OptionError`
            ``name: what``.
        contradictions: yields what is wrong with a row's values together.
    """

    read: Mapping[str, Callable[[str], object]]
    contradictions: Callable[[Mapping[str, object]], Iterator[str]] = lambda _: iter(())

    def of(self, said: Mapping[str, str]) -> tuple[dict[str, object], list[str]]:
        """Return the values of a row, and its faults."""
        values: dict[str, object] = {}
        faults: list[str] = []
        for name, read in self.read.items():
            if name in said:
                try:
                    values[name] = read(said[name])
                except OptionError as refused:
                    faults.append(f"{name}: {refused.message.partition(': ')[2]}")
        return values, faults or list(self.contradictions(values))


NO_FURTHER: Final = FurtherColumns({})
"""A sheet as every command knows it."""


@dataclass(frozen=True, slots=True)
class SheetFault:
    """What is wrong, and where."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


def read_rows(
    path: Path, *, further: FurtherColumns = NO_FURTHER
) -> tuple[list[SheetRow], list[SheetFault]]:
    """Read a sheet: every row that names a file, and every fault that a row shows by itself.

    Args:
        path: the sheet.
        further: columns that it may have for the command that reads it.

    Raises:
        SheetError: it cannot be read as a table.
    """
    sheet = read_table(path)
    faults = [
        SheetFault("row 1", what)
        for what in _header_faults(sheet.columns, known=(*COLUMNS, *further.read))
    ]
    rows: list[SheetRow] = []
    if "file" not in sheet.columns:
        return rows, faults
    for number, cells in sheet.rows:
        place = f"row {number}"
        if len(faults) > MOST_FAULTS:
            break  # more are not told
        if len(cells) > len(sheet.columns):
            what = f"{len(cells)} cells, the first row names {len(sheet.columns)} columns"
            faults.append(SheetFault(place, what))
        said = {name: cell for name, cell in zip(sheet.columns, cells, strict=False) if cell}
        said |= {name: said[name].lower() for name in _FIXED if name in said}
        values, refused = further.of(said)
        refused = [*_row_faults(said, path.parent), *refused]
        faults += [SheetFault(place, what) for what in refused]
        if "file" in said:
            rows.append(replace(_row(place, said, path.parent), further=values))
    if not sheet.rows:
        faults.append(SheetFault("row 2", "no tube is named"))
    return rows, faults


def _header_faults(columns: tuple[str, ...], *, known: tuple[str, ...]) -> Iterator[str]:
    if "file" not in columns:
        yield f"no column 'file'; found {', '.join(filter(None, columns)) or 'nothing'}"
    for name in dict.fromkeys(columns):
        if name not in known:
            what = f"column '{name}' is unknown" if name else "a column has no name"
            yield f"{what}; known are {', '.join(known)}"
        elif columns.count(name) > 1:
            yield f"column '{name}' stands {columns.count(name)} times"


def _row_faults(said: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Yield every fault that a row shows by itself."""
    if "file" not in said:
        yield "file: is empty"
    elif not _is_file(beside(folder, said["file"])):
        yield f"file: {said['file']} is not there"
    for column in _TABLE:
        if column.name in said:
            try:
                column.read(said[column.name])
            except OptionError as refused:
                yield f"{column.name}: {refused.message.partition(': ')[2]}"
    role = said.get("role", SAMPLE)
    if role == SAMPLE and "for_sample" in said:
        yield f"for_sample: {said['for_sample']} is named, but the role is sample"
    if role in ROLES and "for_sample" not in said:
        yield f"for_sample: is empty, expected the sample that this {role} belongs to"
    spillover = said.get("spillover", "hardware")
    if spillover != "hardware" and not _is_file(beside(folder, spillover)):
        yield f"spillover: found {spillover}, expected 'hardware' or a file beside the sheet"


def _row(place: str, said: Mapping[str, str], folder: Path) -> SheetRow:
    file = beside(folder, said["file"])
    role = said.get("role", SAMPLE)
    words: dict[str, Any] = {}
    for column in _TABLE:
        if column.use is _Use.OPTION and column.name in said:
            with suppress(OptionError):  # told as a fault of the row
                words[column.name] = column.read(said[column.name])
        elif column.use is _Use.OPTION_OR_FILE and column.name in said:
            there = beside(folder, said[column.name])
            words[column.name] = str(there) if _is_file(there) else said[column.name]
    return SheetRow(
        place=place,
        file=file,
        sample_id=said.get("sample_id") or _id_of(file, words.get("dataset")),
        role=next((r for r in ROLES if r == role), SAMPLE),
        for_sample=said.get("for_sample", ""),
        words=words,
        identifiers={name: said[name] for name in (*IDENTIFIERS, *PATIENT_FACTS) if name in said},
        role_said="role" in said or "for_sample" in said,
    )


def _id_of(file: Path, dataset: int | None) -> str:
    """Return the id of a tube that its sheet gives none: its file's name, and which data set."""
    return shown_name(file.stem) if dataset is None else f"{shown_name(file.stem)}-{dataset}"


def data_set(text: str) -> int:
    """Return the number of a data set.

    Raises:
        OptionError: it is none.
    """
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _MOST_DATA_SETS):
        raise OptionError(f"dataset: found {text!r}, expected the number of a data set, from 1")
    return int(text)


def beside(folder: Path, text: str) -> Path:
    r"""Return a path relative to the sheet.

    Backslashes part folders on every system; ``\xNN`` is a byte of a name that is no UTF-8.
    """
    there = folder / text
    if _exists(there):
        return there
    as_bytes = folder / _BYTE.sub(lambda byte: chr(0xDC00 + int(byte[1], 16)), text)
    return as_bytes if _exists(as_bytes) else folder / text.replace("\\", "/")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # no name of a file: too long, or with a zero byte
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def marker_channels(text: str) -> dict[str, str]:
    """Return marker to channel from ``CD5: PE-A; CD7: FL3-A``.

    Raises:
        OptionError: it is written otherwise, or names a marker twice.
    """
    channels: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.split(";"))):
        marker, colon, channel = (word.strip() for word in part.partition(":"))
        if not (marker and colon and channel):
            raise OptionError(f"markers: found {part!r}, expected 'marker: channel; ...'")
        if marker in channels:
            raise OptionError(f"markers: {marker} is given twice")
        channels[marker] = channel
    return channels


def _role(text: str) -> str:
    if text not in (SAMPLE, *ROLES):
        raise OptionError(f"role: found {text!r}, expected {', '.join((SAMPLE, *ROLES))}")
    return text


def _therapies(text: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.replace(",", ";").split(";") if word.strip())
    for word in words:
        one_of(PriorTherapy, word, "prior_therapy")
    return words


class _Use(Enum):
    """What a column's cell is for."""

    ROW = auto()
    OPTION = auto()
    OPTION_OR_FILE = auto()
    IDENTIFIER = auto()


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that a sheet may have.

    Attributes:
        name: as the first row writes it.
        use: `ROW` says which tube this is, `OPTION` is an argument of the tube's analysis,
            `OPTION_OR_FILE` one that may name a file beside the sheet, `IDENTIFIER` is repeated in
            the summary or the head of the report as it is.
        read: returns a cell's value, or raises an `OptionError` ``name: what``.
        fixed: its words are fixed; spreadsheets like to write them with a capital.
    """

    name: str
    use: _Use
    read: Callable[[str], object] = str
    fixed: bool = False


def _word_of(words: type[StrEnum], name: str) -> Callable[[str], str]:
    """Return what reads one of fixed words."""

    def read(text: str) -> str:
        one_of(words, text, name)
        return text

    return read


def _date_or_text(name: str) -> Callable[[str], object]:
    """Return what reads a name of the sample or a fact about the patient."""
    return partial(iso_date, what=name) if name in _DATES else str


_DATES: Final = ("birth_date", "received_at")

_TABLE: Final = (
    _Column("file", _Use.ROW),
    _Column("sample_id", _Use.ROW, sample_name),
    _Column("patient_id", _Use.OPTION),
    _Column("role", _Use.ROW, _role, fixed=True),
    _Column("for_sample", _Use.ROW),
    _Column("timepoint", _Use.OPTION, _word_of(Timepoint, "timepoint"), fixed=True),
    _Column("specimen", _Use.OPTION, _word_of(Specimen, "specimen"), fixed=True),
    _Column("prior_therapy", _Use.OPTION, _therapies, fixed=True),
    _Column("collected_at", _Use.OPTION, iso_date),
    _Column("dataset", _Use.OPTION, data_set),
    _Column("spillover", _Use.OPTION_OR_FILE),
    _Column("strategy", _Use.OPTION_OR_FILE),
    _Column("protocol", _Use.OPTION_OR_FILE),
    _Column("override", _Use.OPTION_OR_FILE),
    _Column("laip", _Use.OPTION_OR_FILE),
    _Column("markers", _Use.OPTION, marker_channels),
    _Column(NOTES, _Use.ROW),
    *(_Column(name, _Use.IDENTIFIER, _date_or_text(name)) for name in IDENTIFIERS),
    *(_Column(name, _Use.IDENTIFIER, _date_or_text(name)) for name in PATIENT_FACTS),
)

COLUMNS: Final = tuple(column.name for column in _TABLE)
"""All that a sheet may have."""

_FIXED: Final = tuple(column.name for column in _TABLE if column.fixed)
