"""How things are timed, and how a budget is told: used by speed.py."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PEAK_CODE = """
import json, re, sys, time, warnings
warnings.simplefilter("ignore")
def peak():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s+([0-9]+) kB", status.read())[1]) * 1024
"""
"""Begins the code of a fresh process: `peak()` is the most memory that it ever held."""


@dataclass(frozen=True)
class Budget:
    """One line of the table.

    Attributes:
        what: is measured.
        measured: the figure, a ratio wherever there are two of a kind.
        limit: the budget in words; empty where the line is for the record.
        held: whether it is kept; None where the line is for the record.
    """

    what: str
    measured: str
    limit: str = ""
    held: bool | None = None

    def row(self) -> str:
        """Return the line in Markdown."""
        verdict = {True: "held", False: "**NOT HELD**", None: "for the record"}[self.held]
        return f"| {self.what} | {self.measured} | {self.limit} | {verdict} |"


HEAD = "| what | measured | budget | |\n|---|---|---|---|"


def at_most(what: str, ratio: float, limit: float, detail: str = "") -> Budget:
    """Return a budget of a ratio that may not be exceeded."""
    return Budget(what, f"{ratio:.2f} x{detail}", f"at most {limit:g} x", ratio <= limit)


def at_least(what: str, ratio: float, limit: float, detail: str = "") -> Budget:
    """Return a budget of how many times faster."""
    measured = f"{ratio:.2f} x faster{detail}"
    return Budget(what, measured, f"at least {limit:g} x faster", ratio >= limit)


def fastest(calls: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the least seconds of each call.

    They are taken in turn, so that all see the same machine, and the first round does not count.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            taken[name].append(time.perf_counter() - start)
    return {name: min(seconds[1:]) for name, seconds in taken.items()}


def fresh(code: str, *arguments: str | Path, python: str = sys.executable) -> Any:
    """Return what a process of its own prints as JSON on its last line."""
    ran = subprocess.run(
        [python, "-c", PEAK_CODE + code, *map(str, arguments)],
        capture_output=True,
        check=False,
        text=True,
        cwd=Path(__file__).parent,
    )
    if ran.returncode:
        raise RuntimeError(f"{ran.stderr.strip().splitlines()[-1:]} of\n{code}")
    return json.loads(ran.stdout.splitlines()[-1])


def in_processes(
    codes: Mapping[str, str], *arguments: str | Path, repeats: int
) -> dict[str, dict[str, float]]:
    """Return the least of every figure that processes print, each run so many times in turn."""
    least: dict[str, dict[str, float]] = {name: {} for name in codes}
    for _ in range(repeats):
        for name, code in codes.items():
            for figure, value in fresh(code, *arguments).items():
                least[name][figure] = min(value, least[name].get(figure, value))
    return least


def ms(seconds: float) -> str:
    """Return seconds as "12.3 ms" or "1.23 s"."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.1f} ms"
