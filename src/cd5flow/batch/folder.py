"""A folder without a sheet: which files are samples, and which are their controls."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cd5flow.batch.sheet import Row
from cd5flow.controls import Role

SUFFIXES: Final = frozenset({".fcs", ".lmd"})

_CONTROL: Final = re.compile(r"(?P<sample>.+)_(?P<kind>FMO|ISO)-CD5", re.IGNORECASE)
_ROLES: Final[dict[str, Role]] = {"FMO": "fmo", "ISO": "isotype"}


def find_tubes(folder: Path) -> tuple[list[Row], list[Path]]:
    """Return a row for each FCS file below a folder, and the controls that belong to no sample.

    ``X_FMO-CD5.fcs`` and ``X_ISO-CD5.fcs`` are controls of ``X.fcs`` in the same folder, in any
    case. Hidden files are left out.
    """
    files = sorted(_files(folder))
    names = {(file.parent, file.stem.lower()): file for file in files}
    rows: list[Row] = []
    orphans: list[Path] = []
    for file in files:
        place = file.relative_to(folder).as_posix()
        control = _CONTROL.fullmatch(file.stem)
        if control is None:
            rows.append(Row(place, file, file.stem))
            continue
        of = names.get((file.parent, control["sample"].lower()))
        if of is None:
            orphans.append(file)
        else:
            role = _ROLES[control["kind"].upper()]
            rows.append(Row(place, file, file.stem, role, of.stem))
    return rows, orphans


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(parent) / name
