"""Processes that tests start, watch and kill."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from cd5flow.config.lock import hold

PATIENCE_SECONDS = 300.0
"""How long a test waits for what must come, on a machine that is busy with other things.

Nothing is asserted on how long it took.
"""


def hold_until_killed(folder: Path) -> None:
    """Hold a folder's lock, in a process that never gives it back."""
    with hold(folder):
        time.sleep(10 * PATIENCE_SECONDS)


def with_tests() -> str:
    """Return a PYTHONPATH by which other processes find the tests' helpers too."""
    there = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(Path(__file__).parents[1]), *([there] if there else [])])


def until(there: Callable[[], object], *, what: str) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not there():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return False
        try:  # no such folder on this system
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    return state not in {"Z", "X"}


def noted(path: Path) -> list[int]:
    """Return the process ids that jobs have noted in a file."""
    return [int(line) for line in path.read_text("ascii").split()] if path.exists() else []
