"""Gates put in an order in which every parent and operand comes before its use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cd5flow.model.geometry import Boolean, Region
from cd5flow.model.names import ALL

MOST_GATES: Final = 5_000
"""Gates of one tube that are read; people draw some dozens."""


MOST_STEPS: Final = 100
"""Gates that rest on each other in a row; people draw some twenty."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One gate as a file defines it.

    Attributes:
        name: its name in our tree.
        label: what the file calls it.
        parent: the parent's name.
        region: who is in; None where the model has no such region.
        outside: why it has none.
        part_of: the gate that it is a helper of, as our own writer says; None for others.
    """

    name: str
    label: str
    parent: str
    region: Region | None
    outside: str | None = None
    part_of: str | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """The gates that must come before it."""
        operands = self.region.operands if isinstance(self.region, Boolean) else ()
        names = (self.parent, *(operand.gate for operand in operands))
        return tuple(dict.fromkeys(name for name in names if name != ALL))


def in_order(
    entries: Mapping[str, Entry],
) -> tuple[tuple[Entry, ...], dict[str, str], list[str]]:
    """Sort gates so that what they rest on comes first; else in the file's order.

    Returns:
        The gates that can be had; label of every other one to the reason; and every fault:
        references to gates that are not there, and circles.
    """
    faults = [
        f"gate {entry.label!r}: found no gate {need!r}, to which it refers"
        for entry in entries.values()
        for need in entry.needs
        if need not in entries
    ]
    if faults:
        return (), {}, faults
    placed: dict[str, Entry] = {}
    steps: dict[str, int] = {}
    refused: dict[str, str] = {}
    for first in entries:
        path: list[str] = []  # each entry rests on the next, as one after the other is looked at
        open_now = [first]
        while open_now:
            name = open_now[-1]
            if name in placed or name in refused:
                open_now.pop()
                continue
            if path and path[-1] == name:  # everything that it rests on is settled
                path.pop()
                open_now.pop()
                _settle(entries[name], placed, refused)
                steps[name] = 1 + max((steps[n] for n in entries[name].needs), default=0)
                if steps[name] > MOST_STEPS:
                    deep = f"gate {entries[name].label!r}: rests on {MOST_STEPS} others in a row"
                    return (), {}, [deep]
                continue
            path.append(name)
            waiting = [n for n in entries[name].needs if n not in placed and n not in refused]
            circle = next((n for n in waiting if n in path), None)
            if circle is not None:
                round_it = " -> ".join(repr(n) for n in (*path[path.index(circle) :], circle))
                return (), {}, [f"gates rest on themselves: {round_it}"]
            open_now += reversed(waiting)
    return tuple(placed.values()), {entries[n].label: why for n, why in refused.items()}, []


def _settle(entry: Entry, placed: dict[str, Entry], refused: dict[str, str]) -> None:
    below = next((need for need in entry.needs if need in refused), None)
    if entry.region is None:
        refused[entry.name] = entry.outside or "it has no region"
    elif below is not None:
        refused[entry.name] = f"it rests on gate {below!r}, which is not read: {refused[below]}"
    else:
        placed[entry.name] = entry
