"""Which command takes what was given to another one: said at the end of a refusal."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from cd5flow.model.opening import read_regular

Kind = Literal["tube", "folder", "result", "sheet", "strategy", "protocol"]

TAKEN_BY: Final[Mapping[Kind, Mapping[str, str]]] = {
    "tube": {
        **dict.fromkeys(
            ("export", "eligibility", "override", "pool", "review", "sign", "verify"), "analyze"
        ),
        "strategies": "inspect",
        "protocols": "inspect",
        "sheet": "inspect",
    },
    "folder": {"analyze": "batch", "inspect": "sheet", "deidentify": "sheet"},
    "result": {"analyze": "override", "inspect": "export", "batch": "export"},
    "sheet": {"analyze": "batch", "inspect": "batch", "sheet": "batch"},
    "strategy": {"protocols": "strategies check"},
    "protocol": {"strategies": "protocols check"},
}
"""What a file is, and a command that was given it and takes none, to one that does."""

_WHAT: Final[Mapping[Kind, str]] = {
    "tube": "an FCS file",
    "folder": "a folder",
    "result": "a result",
    "sheet": "a sheet",
    "strategy": "a strategy",
    "protocol": "a protocol",
}
_FIRST_BYTES: Final = 4096
_FORMAT: Final = re.compile(rb"""["']?format["']?\s*:\s*["']?cd5flow\.(strategy|protocol)/""")


def hint(words: Sequence[str]) -> str:
    """Return which command takes the first file that the given one does not; empty where all fit.

    Args:
        words: the command line, the command first.
    """
    command = words[0] if words else ""
    for place in _places(words[1:]):
        kind = _kind_of(place)
        meant = None if kind is None else TAKEN_BY[kind].get(command)
        if kind is not None and meant is not None:
            return f"; {place} is {_WHAT[kind]}, and for that there is: cd5flow {meant} {place}"
    return ""


def _places(words: Sequence[str]) -> Iterator[Path]:
    """Yield the words that are files or folders and stand after no option."""
    before = ""
    for word in words:
        if not word.startswith("-") and not before.startswith("--"):
            yield Path(word)
        before = word


def _kind_of(place: Path) -> Kind | None:
    """Return what a file is, by its first bytes and its ending; None where it is none of these."""
    if place.is_dir():
        return "folder"
    with contextlib.suppress(OSError):
        start = read_regular(place, _FIRST_BYTES)
        if start.startswith(b"FCS"):
            return "tube"
        if b"cd5flow.result/" in start:
            return "result"
        if found := _FORMAT.search(start):
            return "strategy" if found[1] == b"strategy" else "protocol"
        if place.suffix.lower() in {".csv", ".xlsx"}:
            return "sheet"
    return None
