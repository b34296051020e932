"""Where the files are that results were made of: by their SHA-256, under whatever name they have now.

``inputs.json`` of a results folder is a list of records, one a file: `sample` (the name of its folder),
`role` (`tube`, or that of a control), `path` (relative to the results folder) and `sha256`. Its owner alone
may read it, since folders may be named after people.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cd5flow.analysis.fingerprint import file_sha256
from cd5flow.analysis.option_words import Role
from cd5flow.config.atomic import OWNER, open_atomically
from cd5flow.config.lock import hold
from cd5flow.errors import FileAccessError
from cd5flow.model.result import Result

INPUTS: Final = "inputs.json"
_TUBE: Final = "tube"
_LARGEST: Final = 50_000_000
_KINDS: Final = frozenset({".fcs", ".lmd", ".csv", ".yaml", ".yml"})
_LOCK: Final = ".inputs"
_PATIENCE: Final = 10.0
"""Seconds for another run that records its files at the same time."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that a sample's result was made of.

    Attributes:
        sample: the name of the sample's folder among the results.
        role: `tube`, or that of a control.
        path: where it lies.
        sha256: of what was read.
    """

    sample: str
    role: str
    path: Path
    sha256: str


def files_of(
    result: Result, folder: str, tube: Path, controls: Mapping[Role, Path]
) -> list[InputFile]:
    """Return the files that a result was made of.

    Args:
        result: what came out.
        folder: the name of the sample's folder.
        tube: the sample's FCS file.
        controls: role to file, of those that were given.
    """
    files = [InputFile(folder, _TUBE, tube, result.sample.sha256)]
    read = {one.role: one.sha256 for one in result.controls}
    files += [
        InputFile(folder, role, controls[role], read[role]) for role in controls if role in read
    ]
    return files


def record_inputs(out: Path, files: Iterable[InputFile]) -> None:
    """Write where the files of some samples lie into ``inputs.json``; those of other samples stay in it.

    The file is not touched where it says all of it already.

    Raises:
        OutputError: it cannot be written.
        BusyError: another run has been writing it for ten seconds.
    """
    new = [_record(out, one) for one in files]
    if not new:
        return
    samples = {one["sample"] for one in new}
    with hold(out / _LOCK, other="another run", patience=_PATIENCE):
        before = _content(out)
        kept = [one for one in before if one.get("sample") not in samples]
        records = sorted([*kept, *new], key=lambda one: str(one.get("sample", "")))
        if records == before:
            return
        with open_atomically(out / INPUTS, mode=OWNER) as file:
            file.write((json.dumps(records, indent=1) + "\n").encode("ascii"))


def _record(out: Path, file: InputFile) -> dict[str, str]:
    # Folders are resolved, as the system does with "..", and the file's own name stays.
    path = Path(os.path.realpath(file.path.parent)) / file.path.name
    place = str(path)
    with suppress(ValueError):  # on another drive
        place = os.path.relpath(path, os.path.realpath(out))
    return {"sample": file.sample, "role": file.role, "path": place, "sha256": file.sha256}


def _content(out: Path) -> list[dict[str, Any]]:
    """Return the records of ``inputs.json``; none of what is no such file."""
    content = _read(out)
    return [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []


class InputFiles:
    """The files that a batch's ``inputs.json`` names, and those below folders that are named instead.

    Args:
        out: the results folder.
        folders: where to look first.

    Raises:
        FileAccessError: one of these is no folder.
    """

    def __init__(self, out: Path, folders: Sequence[Path]) -> None:
        for folder in folders:
            if not folder.is_dir():
                raise FileAccessError(f"{folder}: is no folder, expected one that holds the tubes")
        self._named = dict(_recorded(out))
        self._folders = tuple(folders)
        self._sha256: dict[tuple[Path, int, int], str | None] = {}

    def find(self, name: str, sha256: str) -> Path | None:
        """Return a file by its name and SHA-256; None where none is found.

        Without a SHA-256 the name alone tells. Files of the name are looked at before others, and what
        was read once is not read again.
        """
        known = self._named.get(sha256)
        candidates = [*self._below(name), *([] if known is None else [known])]
        for path in candidates:
            if not sha256 or self._digest(path) == sha256:
                return path
        if not sha256:
            return None
        kind = Path(name).suffix.lower()
        others = (path for path in self._below(None) if path.suffix.lower() == kind)
        return next((path for path in others if self._digest(path) == sha256), None)

    def place_of(self, sha256: str) -> Path | None:
        """Return where ``inputs.json`` says that a file lies, whatever lies there now."""
        return self._named.get(sha256)

    def _below(self, name: str | None) -> Iterator[Path]:
        """Yield files below the folders, those of one name or all of the kinds that are read."""
        for folder in self._folders:
            for path in sorted(folder.rglob("*")):
                fits = path.suffix.lower() in _KINDS if name is None else path.name == name
                if fits and path.is_file():
                    yield path

    def _digest(self, path: Path) -> str | None:
        try:
            status = path.stat()
        except OSError:
            return None
        key = path, status.st_size, status.st_mtime_ns
        if key not in self._sha256:
            self._sha256[key] = file_sha256(path)
        return self._sha256[key]


def _recorded(out: Path) -> Iterator[tuple[str, Path]]:
    """Yield SHA-256 and path of every file that ``inputs.json`` names."""
    yield from _files(_read(out), out)


def _read(out: Path) -> Any:
    """Return what ``inputs.json`` holds; None where it cannot be read."""
    path = out / INPUTS
    try:
        return None if path.stat().st_size > _LARGEST else json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _files(value: Any, out: Path) -> Iterator[tuple[str, Path]]:
    """Yield what names a file by path and SHA-256, wherever it stands."""
    match value:
        case {"path": str(path), "sha256": str(sha256)}:
            yield sha256, out / path
            yield from (one for part in value.values() for one in _files(part, out))
        case dict():
            yield from (one for part in value.values() for one in _files(part, out))
        case list():
            yield from (one for part in value for one in _files(part, out))
        case _:
            return
