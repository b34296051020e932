"""Where the files are that results were made of: by their SHA-256, under whatever name they have now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from cd5flow.analysis.fingerprint import file_sha256
from cd5flow.errors import FileAccessError

INPUTS: Final = "inputs.json"
_LARGEST: Final = 50_000_000
_KINDS: Final = frozenset({".fcs", ".lmd", ".csv", ".yaml", ".yml"})


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
    path = out / INPUTS
    try:
        if path.stat().st_size > _LARGEST:
            return
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return
    yield from _files(content, out)


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
