"""Jobs that go wrong in every way that a process can; no part of the product."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from cd5flow.batch.engine import Reply

LONG_SECONDS = 600.0
"""How long a job hangs: longer than any test waits."""

MEMORY_BYTES = 300_000_000
"""What a process that eats memory is given beyond what it has."""


class UnsendableError(Exception):
    """An exception that no process can send to another."""

    def __init__(self, what: str, *, of: str) -> None:
        super().__init__(f"{what} of {of}")
        self.lock = threading.Lock()


def prepare() -> None:
    """Need nothing."""


def prepare_in_vain() -> None:
    raise ImportError("a library is missing")


def prepare_at_second_try(path: Path) -> None:
    """End the first process that comes here."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def note(path: Path) -> None:
    """Add a line to a file, in one piece."""
    with path.open("a", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n")


def go_wrong(how: str) -> None:
    """Do what a word says."""
    match how:
        case "raise":
            raise ValueError("two\nlines")
        case "stay":
            raise UnsendableError("no copy", of="this")
        case "hang":
            time.sleep(LONG_SECONDS)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "quit" | "leave":
            os._exit(0 if how == "quit" else 3)
        case "exit":
            sys.exit(4)
        case "grow":
            _grow_past_a_limit()
        case "eat":
            _eat_in_a_group()


def work(job: str) -> Reply:
    """Do a job that is a word, or a word and a file: ``note FILE`` and ``hang FILE`` leave a line."""
    how, _, file = job.partition(" ")
    if file:
        note(Path(file))
    if how == "slow":
        time.sleep(0.5)
    go_wrong(how)
    return Reply(
        message=f"{job}: {os.environ.get('OMP_NUM_THREADS')} thread", worker=str(os.getpid())
    )


def _grow_past_a_limit() -> None:
    """Ask for more memory than this process may have."""
    import resource  # noqa: PLC0415 - Windows has none

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        bytearray(10 * MEMORY_BYTES)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def memory_group() -> Path | None:
    """Return a folder in which groups of processes with limited memory can be made, if there is."""
    for root in (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")):
        probe = root / f"cd5flow-probe-{os.getpid()}"
        with suppress(OSError):
            probe.mkdir()
            limited = any((probe / name).exists() for name in _LIMITS)
            probe.rmdir()
            if limited:
                return root
    return None


_LIMITS = ("memory.max", "memory.limit_in_bytes")


def _eat_in_a_group() -> None:
    """Take memory without end, until the kernel ends this process; nothing else is in its group."""
    root = memory_group()
    assert root is not None
    group = root / f"cd5flow-eat-{os.getpid()}"
    group.mkdir()
    name = next(name for name in _LIMITS if (group / name).exists())
    (group / name).write_text(str(MEMORY_BYTES))
    with suppress(OSError):
        (group / "memory.swap.max").write_text("0")
    (group / "cgroup.procs").write_text(str(os.getpid()))
    taken = []
    while True:
        taken.append(bytearray(os.urandom(1) * 10_000_000))


def clear_groups() -> None:
    """Remove the groups of processes that are gone."""
    root = memory_group()
    for group in () if root is None else root.glob("cd5flow-eat-*"):
        with suppress(OSError):
            group.rmdir()
