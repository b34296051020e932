"""The gates of a file before they are a tree: put in order, and helpers of our own writer joined again.

Every parent and operand comes before its use. `to_gatingml` says in several gates what Gating-ML cannot
say in one, and marks the helpers as parts. A helper is joined only where the gate is still what the
writer makes of it; one that another program has changed, or refers to from elsewhere, stays a gate of
its own.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cd5flow.gating.drawn import DRAWN
from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Interval,
    Intervals,
    Operand,
    Rectangle,
    Region,
    dimensions,
)
from cd5flow.model.names import ALL
from cd5flow.model.populations import Evidence, Gate, GateTree
from cd5flow.model.scale import Log

MOST_GATES: Final = 5_000
"""Gates of one tube that are read; people draw some dozens."""

MOST_STEPS: Final = 100
"""Gates that rest on each other in a row; people draw some twenty."""

LOWEST: Final = -sys.float_info.max
LEAST_POSITIVE: Final = sys.float_info.min
"""Bounds of the helpers that hold every defined value of a channel."""

PART_OF: Final = "part of "


@dataclass(frozen=True, slots=True)
class FileGate:
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


def tree_of(gates: Iterable[FileGate]) -> GateTree:
    """Return the tree of the gates whose region the model has."""
    return GateTree(
        tuple(
            Gate(one.name, one.parent, one.region, Evidence(DRAWN, events=0))
            for one in gates
            if one.region is not None
        )
    )


def in_order(
    entries: Mapping[str, FileGate],
) -> tuple[tuple[FileGate, ...], dict[str, str], list[str]]:
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
    placed: dict[str, FileGate] = {}
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


def _settle(entry: FileGate, placed: dict[str, FileGate], refused: dict[str, str]) -> None:
    below = next((need for need in entry.needs if need in refused), None)
    if entry.region is None:
        refused[entry.name] = entry.outside or "it has no region"
    elif below is not None:
        refused[entry.name] = f"it rests on gate {below!r}, which is not read: {refused[below]}"
    else:
        placed[entry.name] = entry


def join_parts(entries: Sequence[FileGate]) -> list[FileGate]:
    """Return gates in their order, without the helpers that could be joined."""
    whole = _Whole(entries)
    gone: set[str] = set()
    for entry in entries:
        if entry.part_of is None and isinstance(entry.region, Boolean):
            joined = whole.joined(entry, entry.region)
            if joined is not None:
                region, used = joined
                whole.known[entry.name] = replace(entry, region=region)
                gone |= used
    return [whole.known[entry.name] for entry in entries if entry.name not in gone]


class _Whole:
    """The gates of a file, some of which are parts of others.

    Attributes:
        known: every gate, as joined so far.
    """

    def __init__(self, entries: Sequence[FileGate]) -> None:
        self.known = {entry.name: entry for entry in entries}
        self._references = Counter(need for entry in entries for need in entry.needs)
        self._read: dict[str, frozenset[Dimension]] = {}
        """Every axis that decides on a gate; what it rests on stands before it."""
        for entry in entries:
            own = frozenset(() if entry.region is None else dimensions(entry.region))
            self._read[entry.name] = own.union(*(self._read[need] for need in entry.needs))

    def joined(self, entry: FileGate, region: Boolean) -> tuple[Region, set[str]] | None:
        """Return a population's own region and the helpers it takes in; None where it has none."""
        parts = {
            operand.gate: self.known[operand.gate]
            for operand in region.operands
            if self._is_part(operand.gate, entry) and not operand.complement
        }
        if not parts:
            return None
        if len(parts) == len(region.operands):
            whole = _whole(region.operator, [part.region for part in parts.values()])
            if whole is not None:
                return whole, set(parts)
        if region.operator == "and":
            return self._without_guards(region, parts)
        operands: list[Operand] = []
        used: set[str] = set()
        for operand in region.operands:
            part = parts.get(operand.gate)
            inner = None if part is None else self._guarded(part)
            operands.append(operand if inner is None else inner[0])
            used |= set() if inner is None else {operand.gate, *inner[1]}
        return (Boolean("or", tuple(operands)), used) if used else None

    def _without_guards(
        self, region: Boolean, parts: Mapping[str, FileGate]
    ) -> tuple[Boolean, set[str]] | None:
        """Return a combination without the guards that its other operands make needless."""
        guards = {name for name, part in parts.items() if _is_guard(part.region)}
        operands = tuple(op for op in region.operands if op.gate not in guards)
        if not guards or not operands:
            return None
        read = frozenset[Dimension]().union(
            *(self._read.get(op.gate, frozenset()) for op in operands)
        )
        if not all(_is_implied(parts[name].region, read) for name in guards):
            return None
        return Boolean("and", operands), guards

    def _guarded(self, part: FileGate) -> tuple[Operand, set[str]] | None:
        """Return the complement that a helper guards, and its guards; None if it is no such helper."""
        if not isinstance(part.region, Boolean) or part.region.operator != "and":
            return None
        guards = {
            op.gate: self.known[op.gate]
            for op in part.region.operands
            if not op.complement and op.gate in self.known
        }
        if any(g.part_of != part.part_of or self._references[n] != 1 for n, g in guards.items()):
            return None
        found = self._without_guards(part.region, guards)
        if found is None or len(found[0].operands) != 1:
            return None
        return found[0].operands[0], found[1]

    def _is_part(self, name: str, of: FileGate) -> bool:
        """Whether a gate is a helper of a population and of nothing else."""
        part = self.known.get(name)
        return (
            part is not None
            and part.part_of == of.label
            and part.parent == of.parent
            and self._references[name] == 1
        )


def _whole(operator: str, regions: Iterable[Region | None]) -> Region | None:
    """Return the spans or the sides that helpers were made of."""
    sides: list[Interval] = []
    for region in regions:
        if isinstance(region, Interval):
            sides.append(region)
        elif isinstance(region, Rectangle) and operator == "and":
            sides += region.sides
        else:
            return None
    try:
        match operator:
            case "and":
                return Rectangle(tuple(sides))
            case "or":
                axis = sides[0].dimension
                spans = [(s.low, s.high) for s in sides if s.dimension == axis]
                closed = tuple((a, b) for a, b in spans if a is not None and b is not None)
                return Intervals(axis, closed) if len(closed) == len(sides) else None
            case _:
                return None
    except ValueError:  # spans that overlap, one axis twice: not what the writer makes
        return None


def _is_guard(region: Region | None) -> bool:
    """Whether a region holds every defined value of its axes."""
    match region:
        case Interval():
            sides: tuple[Interval, ...] = (region,)
        case Rectangle():
            sides = region.sides
        case _:
            return False
    return all(
        side.dimension.scale is None and side.high is None and side.low in {LOWEST, LEAST_POSITIVE}
        for side in sides
    )


def _is_implied(guard: Region | None, read: frozenset[Dimension]) -> bool:
    """Whether an event that is undefined in a guard lies in no complement of what reads these axes."""
    sides = guard.sides if isinstance(guard, Rectangle) else (guard,)
    for side in sides:
        assert isinstance(side, Interval)  # noqa: S101 - it is a guard
        asked = side.dimension
        if not any(
            d.detector == asked.detector
            and d.compensated == asked.compensated
            and (side.low == LOWEST or isinstance(d.scale, Log))
            for d in read
        ):
            return False
    return True
