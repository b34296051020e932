"""A folder without a sheet: which files are samples, which are their controls, and which neither."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from cd5flow.analysis.option_words import Role
from cd5flow.batch.control_guess import guess_roles
from cd5flow.batch.sample_sheet import SAMPLE, SheetRow
from cd5flow.batch.tube_facts import TubeFacts, TubeReader
from cd5flow.model.names import shown_name

SUFFIXES: Final = frozenset({".fcs", ".lmd"})

HIDDEN: Final = "hidden"
OTHER_KIND: Final = "neither .fcs nor .lmd"
LINKED_FOLDER: Final = "a link to a folder; links are not followed"
DEAD_LINK: Final = "a link that leads to no file"
NO_SAMPLE: Final = "a control by its name, but the sample it belongs to is not beside it"
OTHER_SET: Final = "another data set of its file; name it in a sheet's column dataset"
NOT_IN_SHEET: Final = "not named in the sheet"
LIKELY_CONTROL: Final = "likely a control: {}"

_CONTROL: Final = re.compile(r"(?P<sample>.+)_(?P<kind>FMO|ISO)-CD5", re.IGNORECASE | re.DOTALL)
_ROLES: Final[dict[str, Role]] = {"FMO": "fmo", "ISO": "isotype"}


HOW_TO_GO_ON: Final = (
    "guess roles with: cd5flow sheet {} > samples.csv; look at its rows, then: "
    "cd5flow batch samples.csv"
)
ROLE_OPEN: Final = (
    "fill in role and for_sample of these rows; role sample counts one as a patient's tube"
)


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A file or folder that is left out, and why.

    Attributes:
        place: its path below the folder that was searched, with slashes.
        reason: in words.
        is_control: whether it is left out because it is likely a control.
    """

    place: str
    reason: str
    is_control: bool = field(default=False, compare=False)


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
    case. A tube that is likely a control by another name, or by its panel, is left out: whose it is
    would be a guess. Hidden files are left out, and folders that are links.

    Args:
        folder: where to look.
        results: the results folder; where it lies below `folder` it is not searched.
    """
    found = Found()
    files = list_tubes(folder, results, found.not_taken)
    return _told_apart(files, folder, found)


def take_tubes(sources: Iterable[Path], folder: Path, *, results: Path | None = None) -> Found:
    """Return the same for tubes that were named, and for those below folders that were named.

    Args:
        sources: files and folders; what is named twice is one.
        folder: that holds all of them; places are told from there.
        results: the results folder, which is not searched.
    """
    found = Found()
    files: list[Path] = []
    for source in sources:
        files += list_tubes(source, results, found.not_taken) if source.is_dir() else [source]
    return _told_apart(sorted(dict.fromkeys(files)), folder, found)


def _told_apart(files: Iterable[Path], folder: Path, found: Found) -> Found:
    """Add a row for each file that is a sample or a control of one, and what was left out."""
    files = list(files)
    named = _by_name(files)
    reader = TubeReader()
    alone: list[TubeFacts] = []
    controls: list[SheetRow] = []
    for file in files:
        place = place_below(folder, file)
        control = _CONTROL.fullmatch(file.stem)
        of = control and named(file.parent, control["sample"])
        if control is None:
            alone += reader.read(file, place)
        elif of is None:
            found.not_taken.append(NotTaken(place, NO_SAMPLE, is_control=True))
        else:
            role, sample = _ROLES[control["kind"].upper()], shown_name(of.stem)
            controls.append(SheetRow(place, file, shown_name(file.stem), role, sample))
    rows = list(controls)
    first: set[Path] = set()
    for tube, guess in zip(alone, guess_roles(alone, reader), strict=True):
        if tube.file in first:
            number = f"{tube.place}, data set {tube.dataset}"
            found.not_taken.append(NotTaken(number, OTHER_SET))
        elif guess.is_control:
            found.not_taken.append(_likely_control(tube.place, guess.why))
        else:
            rows.append(SheetRow(tube.place, tube.file, shown_name(tube.file.stem)))
        first.add(tube.file)
    found.rows.extend(sorted(rows, key=lambda row: row.file))
    return found


def _by_name(files: Iterable[Path]) -> Callable[[Path, str], Path | None]:
    """Return what finds a tube by folder and name: as it is written, else in any case if it is alone."""
    alike: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for file in files:
        alike[file.parent, file.stem.lower()].append(file)

    def find(folder: Path, name: str) -> Path | None:
        found = alike.get((folder, name.lower()), [])
        same = [file for file in found if file.stem == name]
        return (same or found)[0] if same or len(found) == 1 else None

    return find


def likely_controls(rows: Iterable[SheetRow]) -> dict[str, NotTaken]:
    """Return the places of a sheet's rows that say no role and are likely controls, with the reason."""
    reader = TubeReader()
    tubes: list[TubeFacts] = []
    asked: list[SheetRow] = []
    for row in rows:
        if row.role == SAMPLE:
            (tube, *_) = reader.read(row.file, row.place, dataset=row.words.get("dataset"))
            tubes.append(replace(tube, kind=None) if row.role_said else tube)
            asked.append(row)
    return {
        row.place: _likely_control(f"{shown_name(row.file.name)} ({row.place})", guess.why)
        for row, guess in zip(asked, guess_roles(tubes, reader), strict=True)
        if guess.is_control and not row.role_said
    }


def _likely_control(place: str, why: str) -> NotTaken:
    return NotTaken(place, LIKELY_CONTROL.format(why), is_control=True)


def beside_sheet(
    folder: Path, rows: Iterable[SheetRow], *, results: Path | None = None
) -> list[NotTaken]:
    """Return the FCS files below a folder that its sheet does not name."""
    named = {os.path.realpath(row.file) for row in rows}
    files = list_tubes(folder, results, [])
    return [
        NotTaken(place_below(folder, file), NOT_IN_SHEET)
        for file in files
        if os.path.realpath(file) not in named
    ]


def list_tubes(folder: Path, results: Path | None, left: list[NotTaken]) -> list[Path]:
    """Return every FCS file below a folder, sorted; what is none is added to `left`."""
    refused: list[OSError] = []
    files = sorted(_files(folder, results, left, refused))
    for error in refused:
        place = place_below(folder, Path(error.filename or folder))
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
                left.append(NotTaken(place_below(folder, path), reason))
            else:
                inner.append(name)
        folders[:] = inner
        for name in sorted(names):
            path = Path(parent, name)
            reason = _no_tube(path)
            if reason:
                left.append(NotTaken(place_below(folder, path), reason))
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


def place_below(folder: Path, path: Path) -> str:
    """Return a file's path below a folder as it is told, with slashes."""
    return shown_name(path.relative_to(folder).as_posix())
