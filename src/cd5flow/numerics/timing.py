"""Where the time goes: seconds a stage, for who asks; nobody else pays for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

Stage = Callable[[str], AbstractContextManager[None]]
"""Marks a stage of the work by its name: ``with stage("read"): ...``."""


def untimed(_name: str) -> AbstractContextManager[None]:
    """Mark a stage that nobody times."""
    return nullcontext()


class Stopwatch:
    """Adds up the seconds of each stage; a stage within another is a part of it.

    Attributes:
        seconds: stage to its seconds, in the order in which stages first began; a part is named
            ``whole/part``.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self._within: list[str] = []

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time a stage; several of one name are added up."""
        self._within.append(name)
        path = "/".join(self._within)
        self.seconds.setdefault(path, 0.0)
        begun = self._clock()
        try:
            yield
        finally:
            self.seconds[path] += self._clock() - begun
            self._within.pop()

    @property
    def total(self) -> float:
        """Seconds of all stages, parts not counted twice."""
        return sum(seconds for path, seconds in self.seconds.items() if "/" not in path)

    def as_dict(self) -> dict[str, Any]:
        """Return the seconds as a profile file holds them."""
        return {
            "seconds": self.total,
            "stages": [{"stage": path, "seconds": s} for path, s in self.seconds.items()],
        }

    def rows(self) -> list[tuple[str, str, str]]:
        """Return a table: stage, seconds, percent of all; parts stand indented under their whole."""
        whole = self.total or 1.0
        shown = [("stage", "seconds", "%")]
        for path, seconds in self._in_order():
            *above, name = path.split("/")
            shown.append(
                ("  " * len(above) + name, f"{seconds:.3f}", f"{100 * seconds / whole:.0f}")
            )
        return [*shown, ("all", f"{self.total:.3f}", "100")]

    def _in_order(self) -> Iterator[tuple[str, float]]:
        """Yield each stage before its parts."""

        def below(path: str) -> Iterator[tuple[str, float]]:
            for other, seconds in self.seconds.items():
                if other.rpartition("/")[0] == path:
                    yield other, seconds
                    yield from below(other)

        yield from below("")
