"""One batch at a time in a results folder, and one writer of whatever else several may change.

The operating system's own lock on a file decides: it is gone with the process that holds it, however
that ended. The file's content names the holder, for people and for two cases that the system's lock
does not reach: other machines on a network folder, and file systems without locks.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from pydantic import TypeAdapter, ValidationError

from cd5flow.config.atomic import writing
from cd5flow.errors import BusyError

LOCK: Final = "lock"

_CONTENT_BYTES: Final = 4096
_LOCKED_BYTE: Final = 1 << 20
"""The byte that is locked on Windows, past the content, which others may then read."""

_TRIES: Final = 100

_POLL_SECONDS: Final = 0.05

_SETTLE_SECONDS: Final = 0.5
"""Without locks: how long two that start in the same moment have to see each other."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock.

    Attributes:
        host: the machine's name.
        pid: the process.
        process_started: when the process started, in the system's own count; empty if unknown.
            A process id alone is used again after a while.
        since: when the lock was taken (UTC).
        token: tells holders apart.
    """

    host: str
    pid: int
    process_started: str
    since: str
    token: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


_HOLDER: Final = TypeAdapter(Holder)


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that is held.

    Attributes:
        path: its file.
        holder: this process.
        earlier: who held it and ended without giving it back; None in an orderly world.
    """

    path: Path
    holder: Holder
    earlier: Holder | None


@contextmanager
def hold(folder: Path, *, other: str = "another batch", patience: float = 0) -> Iterator[Lock]:
    """Hold the lock of a folder, which is made where it is absent and goes if nothing is left in it.

    Args:
        folder: where the lock's file lies.
        other: what another holder is called where it is in the way.
        patience: seconds to wait for it to end.

    Raises:
        BusyError: another holds it, or may still do so on another machine.
        OutputError: the folder cannot be written.
    """
    until = time.monotonic() + patience
    with contextlib.ExitStack() as held:
        while True:
            try:
                lock = held.enter_context(_hold(folder, other))
                break
            except BusyError:
                if time.monotonic() >= until:
                    raise
                time.sleep(_POLL_SECONDS)
        yield lock


@contextmanager
def _hold(folder: Path, other: str) -> Iterator[Lock]:
    path = folder / LOCK
    with writing(folder.parent):
        file, locked = _opened(path)
    mine = False
    try:
        earlier = _admitted(path, file, other, locked=locked)
        mine = True
        holder = _taken(path, file, other, locked=locked)
        yield Lock(path, holder, earlier)
    finally:
        _close(path, file, remove=mine)
        with contextlib.suppress(OSError):
            folder.rmdir()  # succeeds on an empty one only


def _taken(path: Path, file: BinaryIO, other: str, *, locked: bool | None) -> Holder:
    """Write this process into the lock's file."""
    holder = _me()
    with writing(path):
        _write(file, holder)
    if not locked:
        _settled(path, holder, other)
    return holder


def read_holder(path: Path) -> Holder | None:
    """Return whom a lock's file names; None where it names nobody."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        return _parsed(file.read(_CONTENT_BYTES))
    return None


def _opened(path: Path) -> tuple[BinaryIO, bool | None]:
    """Open the lock's file and lock it.

    Returns:
        The file, and whether it is locked now; None where the system has no locks here.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    for _ in range(_TRIES):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.fdopen(os.open(path, flags, 0o666), "r+b")
        except FileNotFoundError:
            continue  # another batch ended and took the folder with it
        except FileExistsError:
            if path.parent.exists() and not path.parent.is_dir():
                raise
            continue  # it went while it was being made
        try:
            locked = _lock(file)
            # A holder that ends removes the file: what was locked may be no longer in its place.
            if locked is False or _same_file(path, file):
                return file, locked
        except BaseException:
            file.close()
            raise
        file.close()
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def _lock(file: BinaryIO) -> bool | None:
    try:
        if os.name == "nt":
            import msvcrt  # noqa: PLC0415 - Windows alone has it

            file.seek(_LOCKED_BYTE)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl  # noqa: PLC0415 - Windows has none

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}:
            return False
        return None  # such as ENOLCK: a file system without locks
    return True


def _same_file(path: Path, file: BinaryIO) -> bool:
    try:
        there, here = path.stat(), os.fstat(file.fileno())
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def _admitted(path: Path, file: BinaryIO, other: str, *, locked: bool | None) -> Holder | None:
    """Return the dead holder that a lock's file names, if it does.

    Raises:
        BusyError: the holder lives, or may.
    """
    file.seek(0)
    there = _parsed(file.read(_CONTENT_BYTES))
    out = path.parent.parent
    if locked is False:
        raise BusyError(f"{out}: {other} is writing into it ({there or 'just started'})")
    if there is None:
        return None
    if there.host != socket.gethostname():
        raise BusyError(
            f"{out}: {other} may be writing into it ({there}); "
            f"if that one has ended, delete {path} and run again"
        )
    if locked is None and _lives(there):
        raise BusyError(
            f"{out}: {other} is writing into it ({there}); "
            f"if that is something else, delete {path} and run again"
        )
    return there


def _settled(path: Path, holder: Holder, other: str) -> None:
    """Without the system's locks: see whether another took the same dead holder's place.

    Raises:
        BusyError: the other was later, and has it.
    """
    time.sleep(_SETTLE_SECONDS)
    there = read_holder(path)
    if there is None or there.token != holder.token:
        raise BusyError(f"{path.parent.parent}: {other} is writing into it ({there})")


def _close(path: Path, file: BinaryIO, *, remove: bool) -> None:
    """Give the lock back: nothing is left of it."""
    if remove and os.name != "nt":
        with contextlib.suppress(OSError):
            path.unlink()
    with contextlib.suppress(OSError):
        file.close()
    if remove and os.name == "nt":
        # No open file can be removed there; one that another batch has opened meanwhile stays.
        with contextlib.suppress(OSError):
            path.unlink()


def _me() -> Holder:
    return Holder(
        host=socket.gethostname(),
        pid=os.getpid(),
        process_started=_process_started(os.getpid()),
        since=datetime.now(UTC).isoformat(timespec="seconds"),
        token=secrets.token_hex(8),
    )


def _write(file: BinaryIO, holder: Holder) -> None:
    text = json.dumps(asdict(holder), indent=2) + "\n"
    file.seek(0)
    file.truncate()
    file.write(text.encode("ascii"))
    file.flush()
    os.fsync(file.fileno())


def _parsed(content: bytes) -> Holder | None:
    try:
        return _HOLDER.validate_json(content)
    except ValidationError:
        return None


def _lives(holder: Holder) -> bool:
    """Return whether a holder on this machine may still live."""
    started = _process_started(holder.pid)
    if started or holder.process_started:
        return started == holder.process_started
    if os.name == "nt":  # os.kill would end it
        return True
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _process_started(pid: int) -> str:
    """Return when a process started, told apart between boots; empty where unknown (Linux alone)."""
    try:
        # Field 22 of proc(5), counted after the command, which may hold blanks.
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {line.rpartition(')')[2].split()[19]}"
    except (OSError, IndexError):
        return ""
