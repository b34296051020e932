"""The files of a sample's folder: their hashes, and the folder written anew with a review."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cd5flow.config.atomic import (
    as_private_as,
    exchange_folder,
    of_folder,
    spare_folder,
    write_new,
    writing,
)
from cd5flow.errors import FileAccessError, OutputError
from cd5flow.model.opening import open_regular
from cd5flow.model.result import Result
from cd5flow.report.folder import RESULT
from cd5flow.report.source import HTML, PDF, read_source


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that is not as it was.

    Attributes:
        path: in the sample's folder, with ``/``.
        what: ``changed``, ``missing`` or ``added``.
    """

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path} was {self.what.replace('missing', 'taken away')}"


def folder_hashes(folder: Path, *, without: str = "") -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, by path with ``/``.

    Args:
        folder: the sample's folder.
        without: a name in it that is left out with all that is below.

    Raises:
        FileAccessError: a file cannot be read, or something is no file.
    """
    found = {}
    for path in _files(folder, without):
        try:
            with open_regular(path) as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise FileAccessError(f"{path}: cannot be read ({error.strerror or error})") from error
        found[path.relative_to(folder).as_posix()] = digest
    return found


def differences(recorded: Mapping[str, str], found: Mapping[str, str]) -> tuple[Difference, ...]:
    """Return every file that differs from what was recorded, by path."""
    told = []
    for path in sorted(recorded.keys() | found.keys()):
        if path not in found:
            told.append(Difference(path, "missing"))
        elif path not in recorded:
            told.append(Difference(path, "added"))
        elif found[path] != recorded[path]:
            told.append(Difference(path, "changed"))
    return tuple(told)


def rewrite(folder: Path, result: Result, *, aside: Path) -> dict[str, str]:
    """Write a sample's folder anew with another review: result and reports, all else as it is.

    It takes the earlier one's place as a whole. Returns the SHA-256 of what was written, by path.

    Args:
        folder: the sample's folder.
        result: the same result, with the review as it is now.
        aside: a folder on the same file system in which the new one is filled.

    Raises:
        OutputError: it cannot be written; the earlier folder is as it was.
        InputError: the report cannot be printed again.
    """
    mode = as_private_as([folder / RESULT])
    printed = {RESULT: result.to_json().encode()}
    if (folder / PDF).is_file() or (folder / HTML).is_file():
        printed |= dict(read_source(folder).printed(result))
    with writing(folder):
        aside.mkdir(parents=True, exist_ok=True)
    with spare_folder(folder, aside) as spare:
        try:
            spare.mkdir(mode=of_folder(mode))
            _link_others(folder, spare, frozenset(printed))
            for name, content in printed.items():
                write_new(spare / name, content, mode=mode)
            exchange_folder(spare, folder)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be written ({error.strerror or error})") from error
    return {name: hashlib.sha256(content).hexdigest() for name, content in printed.items()}


def _files(folder: Path, without: str) -> Iterator[Path]:
    try:
        there = sorted(folder.iterdir())
    except OSError as error:
        raise FileAccessError(f"{folder}: cannot be read ({error.strerror or error})") from error
    for path in there:
        if path.name == without:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files(path, "")
        else:
            yield path


def _link_others(folder: Path, spare: Path, printed: frozenset[str]) -> None:
    """Carry over every other file, as a hard link where that can be."""
    for path in _files(folder, ""):
        place = path.relative_to(folder)
        if place.as_posix() in printed:
            continue
        there = spare / place
        there.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, there, follow_symlinks=False)
        except (OSError, NotImplementedError):
            shutil.copy2(path, there)
