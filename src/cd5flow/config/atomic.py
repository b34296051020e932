"""Files and folders that appear whole or not at all: filled under a hidden name, then renamed.

The hidden name stands beside the place, or in a folder aside on the same file system. What a run that
was ended from outside leaves there is ``.tmp-XXXXXXXX-name``; a folder on its way out is
``.old-XXXXXXXX-name``.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from cd5flow.errors import OutputError
from cd5flow.model.opening import check_regular

_TEMPORARY: Final = ".tmp-????????-"
_OLD: Final = ".old-????????-"

ANYBODY: Final = 0o666
OWNER: Final = 0o600


def as_private_as(inputs: Iterable[Path]) -> int:
    """Return the permissions that what is made from some files may have: those that all of them give.

    The owner may read and write; a file that cannot be looked at, or is given to nobody else, makes
    it private. Without inputs, everybody may; what the system's umask takes away goes besides.
    """
    mode = ANYBODY
    for path in inputs:
        try:
            mode &= path.stat().st_mode
        except OSError:
            mode = 0
    return mode & 0o666 | OWNER


def of_folder(mode: int) -> int:
    """Return the permissions of a folder whose files have these: whoever reads may look inside."""
    return mode | (mode & 0o444) >> 2


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say of a file or folder that it cannot be written where the system refuses it.

    Raises:
        OutputError: the block raised an OSError.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error


def check_place(path: Path) -> None:
    """Refuse to write where a pipe, device or folder stands, which would be gone.

    Raises:
        OutputError: something stands there that is no regular file.
    """
    with writing(path):
        if path.exists():
            check_regular(path)


@contextlib.contextmanager
def open_atomically(path: Path, *, mode: int = ANYBODY) -> Iterator[BinaryIO]:
    """Open a new file that takes its place, through to the disk, when the block has ended well.

    An earlier file's permissions are kept, as far as ``mode`` gives them too. After an error the
    earlier file is as it was.

    Raises:
        OutputError: it cannot be written.
    """
    spare = _hidden(_TEMPORARY, path, path.parent)
    check_place(path)
    try:
        with writing(path):
            with open(spare, "xb", opener=partial(os.open, mode=mode)) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(OSError):
                spare.chmod(path.stat().st_mode & 0o777 & mode)
            spare.replace(path)
            _sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            spare.unlink()


def write_atomically(path: Path, content: bytes, *, mode: int = ANYBODY) -> Path:
    """Write a file, and the folders above it where they are absent; return its path.

    Raises:
        OutputError: it cannot be written.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with open_atomically(path, mode=mode) as file:
        file.write(content)
    return path


@contextlib.contextmanager
def spare_folder(folder: Path, aside: Path) -> Iterator[Path]:
    """Give the path of a folder to fill, yet to be made, that is gone when the block ends.

    Args:
        folder: whose place it may take, by `place_folder` or `exchange_folder`.
        aside: the folder in which it lies.
    """
    spare = _hidden(_TEMPORARY, folder, aside)
    try:
        yield spare
    finally:
        shutil.rmtree(spare, ignore_errors=True)


def write_new(path: Path, content: bytes, *, mode: int = ANYBODY) -> None:
    """Write a file that is not there yet through to the disk, in a folder that nobody sees yet.

    Raises:
        OSError: it cannot be written.
    """
    with open(path, "xb", opener=partial(os.open, mode=mode)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def place_folder(spare: Path, folder: Path) -> None:
    """Put a whole folder in a place where nothing is.

    Raises:
        OSError: it cannot be put there, as where somebody has put one there meanwhile.
    """
    _sync_folder(spare)
    spare.rename(folder)
    _sync_folder(folder.parent)


def exchange_folder(spare: Path, folder: Path) -> None:
    """Put a whole folder in another's place.

    Raises:
        OSError: it cannot be put there; the earlier one is as it was.
    """
    old = _hidden(_OLD, folder, folder.parent)
    folder.rename(old)
    try:
        place_folder(spare, folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def recover_folder(folder: Path) -> None:
    """Bring back a folder that an interrupted exchange left under its hidden name, or clear it.

    Raises:
        OSError: it cannot be brought back.
    """
    for left in sorted(folder.parent.glob(f"{_OLD}{folder.name}")):
        if folder.exists():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.rename(folder)


def recover_folders(parent: Path) -> None:
    """Recover every folder in a folder.

    Raises:
        OSError: one cannot be brought back.
    """
    for left in sorted(parent.glob(f"{_OLD}*")):
        recover_folder(parent / left.name[len(_OLD) :])


def clear_temporary_files(parent: Path, names: Collection[str]) -> None:
    """Remove what writers of files of these names left in a folder; nobody may be writing there."""
    for left in parent.glob(f"{_TEMPORARY}*"):
        if left.name[len(_TEMPORARY) :] in names:
            with contextlib.suppress(OSError):
                left.unlink()


def _sync_folder(folder: Path) -> None:
    """Write a folder's entries to the disk, where the system can."""
    with contextlib.suppress(OSError, AttributeError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _hidden(pattern: str, path: Path, within: Path) -> Path:
    """Return a name of its own for a file or folder, in a folder."""
    return within / f"{pattern.replace('?' * 8, secrets.token_hex(4))}{path.name}"
