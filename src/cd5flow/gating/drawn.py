"""Gates that a person drew in another program, as they were read from a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from cd5flow.errors import GatesError
from cd5flow.gating.fitting import renamed
from cd5flow.model.events import RawEvents, Spillover
from cd5flow.model.geometry import dimensions
from cd5flow.model.names import ALL
from cd5flow.model.populations import GateTree

DRAWN = "drawn"
"""The method that evidence of such a gate names."""


@dataclass(frozen=True, slots=True)
class DrawnGates:
    """The gates drawn on one tube.

    Attributes:
        tree: the gates; a gate's name is unique here and need not be what its author called it.
        spillover: the matrix that the gates were drawn with, where their file states it; None where
            they were drawn uncompensated or with the tube's own matrix.
        labels: gate to the name that its author gave it, where that differs.
        refused: gate, by its path of names, to the reason why our model has no such gate.
        tube_matrix: whether gates ask for the matrix that the tube's own file carries.
        doubt: why they may be those of another tube; empty where nothing says so.
        gained: channels of the gates whose ``$PnG`` is not 1, where their file does not say whether
            it was drawn before or after the gain is undone.
    """

    tree: GateTree
    spillover: Spillover | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    tube_matrix: bool = False
    doubt: Mapping[str, object] = field(default_factory=dict)
    gained: tuple[str, ...] = ()

    @property
    def detectors(self) -> set[str]:
        """The channels that the gates read."""
        return {d.detector for gate in self.tree.gates for d in dimensions(gate.region)}

    @property
    def compensated(self) -> bool:
        """Whether the gates were drawn on compensated signals."""
        return self.tube_matrix or self.spillover is not None

    def label(self, gate: str) -> str:
        """Return the name that a gate's author gave it."""
        return self.labels.get(gate, gate)

    def path(self, gate: str) -> str:
        """Return a gate's names from the outermost ancestor down, joined by ``/``."""
        return self._paths()[gate]

    def _paths(self) -> dict[str, str]:
        paths: dict[str, str] = {}
        for gate in self.tree.gates:
            above = "" if gate.parent == ALL else f"{paths[gate.parent]}/"
            paths[gate.name] = above + self.label(gate.name)
        return paths

    def short(self, gate: str) -> str:
        """Return a gate's name alone where no other bears it, else its path."""
        label = self.label(gate)
        alone = sum(self.label(other.name) == label for other in self.tree.gates) == 1
        return label if alone else f"/{self.path(gate)}"

    def find(self, wanted: str) -> str:
        """Return the one gate of a name, or of the end of a path such as ``Cells/Blasts``.

        Where nothing bears the name, an id of the file names its gate. A path that begins with
        ``/`` (or ``root/``, ``all/``) is a whole one.

        Raises:
            GatesError: there is none, several, or only one that is not read.
        """
        asked, whole = wanted, False
        for root in (f"{ALL}/", "root/", "/"):
            if wanted.startswith(root):
                asked, whole = wanted[len(root) :], True
                break
        paths = self._paths()
        found = [name for name, path in paths.items() if _names(path, asked, whole=whole)]
        if not found and not whole and asked in paths:
            return asked
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            several = listed(f"/{paths[name]}" for name in found)
            raise GatesError(f"gate {wanted!r} is ambiguous: found {several}; name one by its path")
        for path, reason in self.refused.items():
            if _names(path, asked, whole=whole):
                raise GatesError(f"gate {path!r} is not read: {reason}")
        raise GatesError(f"found no gate {wanted!r}, expected one of {listed(paths.values())}")


class GateSet(Protocol):
    """Gates of one tube in a file, read when they are asked for."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the FCS file that they were drawn on; none where they are for any tube."""
        ...

    @property
    def events(self) -> int | None:
        """Number of its events; None where the file of gates does not say."""
        ...

    @property
    def started(self) -> str | None:
        """When it was acquired, as `start_of` says; None where the file of gates does not."""
        ...

    def gates(self) -> DrawnGates:
        """Return the gates.

        Raises:
            GatesError: they cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class ImportedGates:
    """A file of drawn gates, and which of them is which population.

    Attributes:
        file: its name, without the folder.
        sha256: of its bytes.
        populations: our population to the gate's name or path.
        sets: the gates of each tube that the file speaks of; they follow from its bytes.
    """

    file: str
    sha256: str
    populations: Mapping[str, str]
    sets: tuple[GateSet, ...] = field(compare=False, repr=False)

    def on(self, tube: str, raw: RawEvents, *, started: str | None = None) -> DrawnGates:
        """Return the gates for a tube: those drawn on the file of that name.

        Several of one name are told apart by their number of events and their start. Numbers of
        events alone name no tube, since many runs stop at a round one; with the start they do. A
        single set for any tube fits every one.

        Args:
            tube: name of the FCS file.
            raw: its events.
            started: when it was acquired, as `start_of` says.

        Raises:
            GatesError: none, or more than one, is of this tube.
        """
        events = len(raw)
        named = [s for s in self.sets if any(_same_file(name, tube) for name in s.names)]
        counted = [s for s in named or self.sets if s.events == events]
        at_once = [s for s in counted if started is not None and s.started == started]
        fitting = [s for s in self.sets if not s.names] or named or at_once
        for fewer in (counted, at_once):
            if len(fitting) > 1 and fewer:
                fitting = fewer
        if len(fitting) == 1:
            (found,) = fitting
            drawn = with_slashes(self._read(found), [c.detector for c in raw.channels])
            if found.names:
                drawn = replace(drawn, gained=_gained(drawn, raw))
            if not found.names or (named and found.events in {None, events}):
                return drawn
            doubt = {"other": repr(found.names[0]), "events": found.events}
            return replace(drawn, doubt=doubt | {"tube": repr(tube), "here": events})
        names = listed(
            s.names[0] + ("" if s.events is None else f" ({s.events:,} events)")
            for s in self.sets
            if s.names
        )
        count = "several sets of gates" if fitting else "no gates"
        raise GatesError(
            f"{self.file}: holds {count} for {tube} with {events:,} events; its tubes are {names}"
        )

    def about(self, tube: str) -> ImportedGates:
        """Return the file with the gates of one tube alone, or with all where none bears its name.

        So a batch hands each worker what it needs of a workspace of many tubes.
        """
        named = tuple(s for s in self.sets if any(_same_file(name, tube) for name in s.names))
        return replace(self, sets=named) if named else self

    def _read(self, found: GateSet) -> DrawnGates:
        try:
            return found.gates()
        except GatesError as fault:
            if fault.message.startswith(self.file):
                raise
            raise GatesError(f"{self.file}: {fault.message}") from None


def _gained(drawn: DrawnGates, raw: RawEvents) -> tuple[str, ...]:
    read = drawn.detectors
    return tuple(
        f"{c.detector} ({c.gain:g})"
        for c in raw.channels
        if c.gain != 1.0 and c.detector in read and not c.is_time
    )


def start_of(keywords: Mapping[str, str]) -> str | None:
    """Return day and time at which a run began, by an FCS file's keywords; None without both."""
    day, time = (keywords.get(name, "").strip().casefold() for name in ("$DATE", "$BTIM"))
    return f"{day} {time}" if day and time else None


def with_slashes(drawn: DrawnGates, channels: Sequence[str]) -> DrawnGates:
    """Return gates on a tube's channels as the tube names them.

    FlowJo writes a slash of a channel's name as an underscore.
    """
    own: dict[str, str] = {}
    for channel in channels:
        written = channel.replace("/", "_")
        if written not in channels:
            own[written] = channel
    if not own:
        return drawn
    gates = tuple(replace(gate, region=renamed(gate.region, own)) for gate in drawn.tree.gates)
    matrix = drawn.spillover
    if matrix is not None:
        detectors = tuple(own.get(name, name) for name in matrix.detectors)
        matrix = Spillover(detectors, matrix.matrix, matrix.source)
    return replace(drawn, tree=GateTree(gates), spillover=matrix)


def same_matrix(one: Spillover, other: Spillover) -> bool:
    """Whether two matrices compensate alike; channels that a matrix leaves alone do not count."""
    names = sorted({*one.detectors, *other.detectors})
    return bool(np.allclose(_over(one, names), _over(other, names), rtol=0, atol=1e-9))


def _over(matrix: Spillover, names: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return a matrix over more channels, in a given order."""
    wide = np.eye(len(names))
    at = [names.index(name) for name in matrix.detectors]
    wide[np.ix_(at, at)] = matrix.matrix
    return wide


def _same_file(drawn_on: str, tube: str) -> bool:
    return drawn_on.casefold() in {tube.casefold(), tube.rpartition(".")[0].casefold()}


def _names(path: str, asked: str, *, whole: bool) -> bool:
    return path == asked or (not whole and path.endswith(f"/{asked}"))


def listed(names: Iterable[str], most: int = 30) -> str:
    """Return names in quotes, joined by commas, at most so many."""
    shown = [repr(name) for name in names]
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more
