"""How many processors there are to work with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_CONTROL_GROUPS: Final = Path("/sys/fs/cgroup")


def count_processors() -> int:
    """Return on how many processors this process may run: affinity and a container's quota count."""
    try:
        found = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        found = os.cpu_count() or 1
    quota = _container_quota()
    return found if quota is None else min(found, quota)


def _container_quota(root: Path = _CONTROL_GROUPS) -> int | None:
    """Return how many whole processors a container is given, at least 1; None without a limit.

    Linux writes it as microseconds in a period, in other files in each version of control groups.
    """
    try:
        if (root / "cpu.max").is_file():
            quota, period = (root / "cpu.max").read_text(encoding="ascii").split()
        else:
            quota = (root / "cpu/cpu.cfs_quota_us").read_text(encoding="ascii")
            period = (root / "cpu/cpu.cfs_period_us").read_text(encoding="ascii")
        return None if int(quota) <= 0 else max(1, int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return None  # "max", or no such control group
