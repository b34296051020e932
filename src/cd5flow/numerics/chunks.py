"""Many events a chunk at a time, so that the working arrays of a step stay in the cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

EVENTS: Final = 65_536
"""Events of a chunk, unless its step does with less memory than most."""


def chunks(events: int, at_once: int = EVENTS) -> Iterator[slice]:
    """Yield the stretches of so many events, in order."""
    for start in range(0, events, at_once):
        yield slice(start, min(start + at_once, events))
