"""What a batch was given: a sheet, a folder, or tubes that are named one by one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cd5flow.batch.tube_folder import SUFFIXES
from cd5flow.errors import FileAccessError, OptionError, SheetError

SHEETS: Final = ("samples.csv", "samples.xlsx")
"""A folder that holds one of these is taken by it."""


def are_tubes(sources: Sequence[Path]) -> bool:
    """Return whether tubes or several folders are named, and not a sheet or one folder."""
    return len(sources) > 1 or sources[0].suffix.lower() in SUFFIXES


def common_folder(sources: Sequence[Path]) -> Path:
    """Return what holds the sources: the source itself where it is a sheet or a folder.

    Raises:
        FileAccessError: one is absent.
        OptionError: a sheet is among several sources.
    """
    if not are_tubes(sources):
        return sources[0]
    for one in sources:
        if one.is_dir():
            sheet = sheet_of(one)
        elif one.suffix.lower() in SUFFIXES:
            sheet = None
            if not one.is_file():
                found = "is no regular file" if one.exists() else "is not there"
                raise FileAccessError(f"{one}: {found}, expected an FCS file")
        else:
            sheet = one
        if sheet is not None:
            raise OptionError(f"{sheet}: found a sheet among several sources, expected it alone")
    folders = [one if one.is_dir() else one.parent for one in absolute(sources)]
    return Path(os.path.commonpath(folders))


def absolute(sources: Sequence[Path]) -> list[Path]:
    """Return sources from the root, so that what is named twice is one."""
    return [one.absolute() for one in sources]


def sheet_of(source: Path) -> Path | None:
    """Return the sheet that a source is or holds; None for a folder without one."""
    if source.is_file():
        return source
    if not source.is_dir():
        found = "is no regular file" if source.exists() else "is not there"
        raise FileAccessError(f"{source}: {found}, expected a folder or a sample sheet")
    there = [source / name for name in SHEETS if (source / name).is_file()]
    if len(there) > 1:
        raise SheetError(f"{source}: holds {' and '.join(SHEETS)}; name the one to use")
    return there[0] if there else None
