"""What was read of a file of rules, kept between runs: reading takes longer than all else at a start.

Kept is the plain content of a YAML file that had no fault, as JSON, for exactly these bytes. Models
validate it anew at every start, so that nothing but the reading is taken on trust. It lies where the
system keeps what may go at any time, for its owner alone; what is damaged, of another version or
somebody else's counts as absent, and where nothing can be kept the file is read again. The variable
``CD5FLOW_CACHE`` names another folder; empty, it keeps nothing.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import stat
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from cd5flow._version import __version__
from cd5flow.config.atomic import OWNER, write_atomically
from cd5flow.errors import OutputError
from cd5flow.model.opening import read_regular

VARIABLE: Final = "CD5FLOW_CACHE"

_MOST_BYTES: Final = 4_000_000
"""Of an entry: a file of 1 MB, the most that is read, as JSON with every character escaped."""

_MOST_ENTRIES: Final = 64
"""Kept at a time; the files that come with cd5flow are a dozen."""

_ALONE: Final = 0o700


def kept_folder() -> Path | None:
    """Return where readings are kept, which need not exist; None where nothing is to be kept."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named).absolute() if named else None
    try:
        home = Path.home()
    except RuntimeError:  # a user whom the system does not know
        return None
    match sys.platform:
        case "win32":
            cache = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
        case "darwin":
            cache = home / "Library" / "Caches"
        case _:
            # The XDG Base Directory Specification: a relative path is to be ignored.
            said = Path(os.environ.get("XDG_CACHE_HOME", ""))
            cache = said if said.is_absolute() else home / ".cache"
    return cache / "cd5flow"


def recall(sha256: str, *, reader: str) -> str | None:
    """Return the content as JSON that was kept of a file, None where none that can be trusted is.

    Args:
        sha256: of the file's bytes, hexadecimal.
        reader: says by what it was read; another reader's does not count.
    """
    folder = kept_folder()
    if folder is None:
        return None
    try:
        if not _ours(folder.lstat(), stat.S_IFDIR):
            return None
        path = _entry(folder, sha256)
        if not _ours(path.lstat(), stat.S_IFREG):
            return None
        digest, _, content = read_regular(path, _MOST_BYTES).decode("utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return content if digest == _digest(sha256, reader, content) else None


def keep(sha256: str, content: str, *, reader: str) -> None:
    """Keep a file's content as JSON, where that can be; see `recall`."""
    folder = kept_folder()
    if folder is None:
        return
    with contextlib.suppress(OSError, OutputError):
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=_ALONE, exist_ok=True)
        if not _ours(folder.lstat(), stat.S_IFDIR):
            return
        body = f"{_digest(sha256, reader, content)}\n{content}".encode()
        write_atomically(_entry(folder, sha256), body, mode=OWNER)
        _clear(folder)


def _entry(folder: Path, sha256: str) -> Path:
    return folder / f"{sha256}.reading"


def _digest(sha256: str, reader: str, content: str) -> str:
    said = "\n".join((__version__, _parser(), reader, sha256, content))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


@functools.cache
def _parser() -> str:
    """Return the version of the library that parses YAML, without importing it."""
    try:
        return version("ruamel.yaml")
    except PackageNotFoundError:
        return "unknown"


def _ours(found: os.stat_result, kind: int) -> bool:
    """Return whether something is of a kind, and nobody but its owner, this user, may write it."""
    if stat.S_IFMT(found.st_mode) != kind:
        return False
    if sys.platform == "win32":  # its folder of a user is that user's alone
        return True
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _clear(folder: Path) -> None:
    """Remove the oldest entries beyond the most that are kept."""
    entries = sorted(folder.glob("*.reading"), key=lambda path: path.stat().st_mtime)
    for path in entries[:-_MOST_ENTRIES]:
        path.unlink(missing_ok=True)
