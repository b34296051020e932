"""A folder without a sheet: which files are samples, which are their controls, and which neither."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cd5flow.analysis.option_words import Role
from cd5flow.batch.sample_sheet import SheetRow
from cd5flow.fcs import other_wells
from cd5flow.model.names import shown_name

SUFFIXES: Final = frozenset({".fcs", ".lmd"})

HIDDEN: Final = "hidden"
OTHER_KIND: Final = "neither .fcs nor .lmd"
LINKED_FOLDER: Final = "a link to a folder; links are not followed"
DEAD_LINK: Final = "a link that leads to no file"
NO_SAMPLE: Final = "a control by its name, but the sample it belongs to is not beside it"
OTHER_SET: Final = "another data set of its file; name it in a sheet's column dataset"
NOT_IN_SHEET: Final = "not named in the sheet"

_CONTROL: Final = re.compile(r"(?P<sample>.+)_(?P<kind>FMO|ISO)-CD5", re.IGNORECASE)
_ROLES: Final[dict[str, Role]] = {"FMO": "fmo", "ISO": "isotype"}


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A file or folder that is left out, and why.

    Attributes:
        place: its path below the folder that was searched, with slashes.
        reason: in words.
    """

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder holds.

    Attributes:
        rows: the samples and their controls, in the order of their paths.
        not_taken: everything else.
    """

    rows: list[SheetRow] = field(default_factory=list)
    not_taken: list[NotTaken] = field(default_factory=list)


def find_tubes(folder: Path, *, results: Path | None = None) -> Found:
    """Return a row for each FCS file below a folder, and what was left out.

    ``X_FMO-CD5.fcs`` and ``X_ISO-CD5.fcs`` are controls of ``X.fcs`` in the same folder, in any
    case. Hidden files are left out, and folders that are links.

    Args:
        folder: where to look.
        results: the results folder; where it lies below `folder` it is not searched.
    """
    found = Found()
    files = _tubes(folder, results, found.not_taken)
    names = {(file.parent, file.stem.lower()): file for file in files}
    for file in files:
        place = _below(folder, file)
        control = _CONTROL.fullmatch(file.stem)
        if control is None:
            found.rows.append(SheetRow(place, file, shown_name(file.stem)))
            found.not_taken.extend(
                NotTaken(f"{place}, data set {number}", OTHER_SET) for number in other_wells(file)
            )
            continue
        of = names.get((file.parent, control["sample"].lower()))
        if of is None:
            found.not_taken.append(NotTaken(place, NO_SAMPLE))
        else:
            role = _ROLES[control["kind"].upper()]
            found.rows.append(
                SheetRow(place, file, shown_name(file.stem), role, shown_name(of.stem))
            )
    return found


def beside_sheet(
    folder: Path, rows: Iterable[SheetRow], *, results: Path | None = None
) -> list[NotTaken]:
    """Return the FCS files below a folder that its sheet does not name."""
    named = {os.path.realpath(row.file) for row in rows}
    files = _tubes(folder, results, [])
    return [
        NotTaken(_below(folder, file), NOT_IN_SHEET)
        for file in files
        if os.path.realpath(file) not in named
    ]


def _tubes(folder: Path, results: Path | None, left: list[NotTaken]) -> list[Path]:
    """Return every FCS file below a folder, sorted; what is none is added to `left`."""
    refused: list[OSError] = []
    files = sorted(_files(folder, results, left, refused))
    for error in refused:
        place = _below(folder, Path(error.filename or folder))
        left.append(NotTaken(place, f"cannot be read ({error.strerror or error})"))
    return files


def _files(
    folder: Path, results: Path | None, left: list[NotTaken], refused: list[OSError]
) -> Iterator[Path]:
    seen = {_identity(folder)}
    out = None if results is None else os.path.realpath(results)
    for parent, folders, names in os.walk(folder, onerror=refused.append):
        inner = []
        for name in sorted(folders):
            path = Path(parent, name)
            reason = _no_folder(path, seen)
            # Results below the tubes are no tubes; a results folder of the tubes' own is searched.
            if os.path.realpath(path) == out:
                continue
            if reason:
                left.append(NotTaken(_below(folder, path), reason))
            else:
                inner.append(name)
        folders[:] = inner
        for name in sorted(names):
            path = Path(parent, name)
            reason = _no_tube(path)
            if reason:
                left.append(NotTaken(_below(folder, path), reason))
            else:
                yield path


def _no_folder(path: Path, seen: set[tuple[int, int] | str]) -> str:
    """Return why a folder is not searched; empty where it is."""
    if path.name.startswith("."):
        return HIDDEN
    identity = _identity(path)
    # Windows' junctions are no links to every Python, but they lead to places seen before.
    if path.is_symlink() or identity in seen:
        return LINKED_FOLDER
    seen.add(identity)
    return ""


def _no_tube(path: Path) -> str:
    """Return why a file is no tube; empty where it is."""
    if path.name.startswith("."):
        return HIDDEN
    if path.suffix.lower() not in SUFFIXES:
        return OTHER_KIND
    return DEAD_LINK if path.is_symlink() and not path.exists() else ""


def _identity(path: Path) -> tuple[int, int] | str:
    try:
        status = path.stat()
    except OSError:
        return str(path)
    return (status.st_dev, status.st_ino)


def _below(folder: Path, path: Path) -> str:
    return shown_name(path.relative_to(folder).as_posix())
