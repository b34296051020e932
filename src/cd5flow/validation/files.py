"""Names of a validation's files, and how an earlier one is kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cd5flow.config.atomic import write_atomically, writing
from cd5flow.report.folder import PREVIOUS, kept_versions

JSON: Final = "validation.json"
PDF: Final = "validation.pdf"
HTML: Final = "validation.html"
TUBES: Final = "tubes.csv"


def write_files(contents: Mapping[str, bytes], out: Path) -> tuple[Path, ...]:
    """Write a validation's files in order; earlier ones go under ``previous/N/``.

    The record is to come last: where it lies, the others do too.

    Raises:
        OutputError: the folder cannot be written.
    """
    there = [out / name for name in contents if (out / name).is_file()]
    if there:
        with writing(out):
            place = out / PREVIOUS / str(max(kept_versions(out), default=0) + 1)
            place.mkdir(parents=True)
            for path in there:
                path.rename(place / path.name)
    return tuple(write_atomically(out / name, content) for name, content in contents.items())
