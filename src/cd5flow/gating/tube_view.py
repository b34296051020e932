"""What a gating method may see, and what it may answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from cd5flow.model.events import Mask
from cd5flow.model.geometry import Dimension, Region
from cd5flow.model.laip import Laip
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Evidence
from cd5flow.model.reasons import Reason
from cd5flow.model.references import MarkerRef, PopulationRef
from cd5flow.model.scale import Logicle, Scale
from cd5flow.numerics.order_statistics import finite_values, pick, quantile, robust_sd
from cd5flow.preprocess.transforms import Columns, inverse, scale_exact

if TYPE_CHECKING:
    from cd5flow.gating.cell_types import CellTypes

_MOST = 0.75
"""Of a parent with more of the events than this the row numbers would take more than its values."""


class Spec(BaseModel):
    """A part of a strategy file: frozen, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Position(Spec):
    """A place on a gate's axis, told relative to a population found in the same tube.

    The population's quantile on the axis, moved by robust standard deviations of that population
    (`robust_sd`) and by decades of linear signal.
    """

    population: PopulationRef
    quantile_percent: float = Field(default=50, ge=0, le=100)
    spreads: float = 0
    decades: float = Field(default=0, ge=-10, le=10)
    min_events: int = Field(default=50, ge=1)


Edge = Position | tuple[Position, ...]
"""A position, or several of which the first whose population has enough events is taken."""


class Side(Spec):
    """One axis and its bounds; an edge left out is no bound on that side."""

    axis: MarkerRef
    low: Edge | None = None
    high: Edge | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Side:
        if self.low is None and self.high is None:
            raise ValueError("give low, high or both")
        return self


@dataclass(frozen=True, slots=True)
class Resolved:
    """A method's answer: where the gate lies, and why there."""

    region: Region
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A method could not say where the gate lies, and why."""

    reason: Reason
    evidence: Evidence


Outcome = Resolved | Unresolved


class NoMarkerError(KeyError):
    """The tube carries none of the markers of an axis."""


def refuse_one_channel_twice(*axes: str) -> None:
    """Refuse axes of one gate that could be the same channel.

    Raises:
        ValueError: two of them have a marker in common.
    """
    for first, second in combinations(axes, 2):
        common = set(first.split("|")) & set(second.split("|"))
        if common:
            raise ValueError(f"two axes are {', '.join(sorted(common))}: each needs its own")


@dataclass(slots=True)
class Consulted:
    """What a method asked of other populations, so that a gate can tell what it rests on.

    Attributes:
        populations: those whose events it used; a control's as ``fmo:granulocytes``.
        unplaced: edges that no population could place (``EDGE``).
    """

    populations: dict[str, None] = field(default_factory=dict)
    unplaced: dict[Reason, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Control:
    """A control tube of the same panel, seen through the gates found so far on the sample.

    Attributes:
        columns: its events on any axis.
        members: gates them; population name to its mask.
    """

    columns: Columns
    members: Callable[[], Mapping[str, Mask]]


@dataclass(frozen=True, slots=True)
class Refused:
    """A control tube that may not be used, and why."""

    reasons: tuple[Reason, ...]


class NoControlError(LookupError):
    """No control of a role was given, or it may not be used.

    Attributes:
        reason: which of these.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TubeView:
    """One gate's view of the tube.

    Attributes:
        columns: the tube's columns on any axis.
        panel: which channel carries which marker.
        scales: the display scale of each detector.
        members: populations resolved so far, by name, in file order.
        inside: who is in the parent, over all events.
        rng: this gate's own random numbers.
        consulted: what was asked of other populations so far.
        laip: what the patient's blasts looked like at diagnosis, where that is known.
        controls: the control tubes, by role.
        cell_types: tells what kinds of cells the tube holds; None where that cannot be told.
    """

    columns: Columns
    panel: Panel
    scales: Mapping[str, Scale]
    members: Mapping[str, Mask]
    inside: Mask
    rng: np.random.Generator
    consulted: Consulted = field(default_factory=Consulted)
    laip: Laip | None = None
    controls: Mapping[str, Control | Refused] = field(default_factory=dict)
    cell_types: Callable[[], CellTypes | None] = lambda: None

    @property
    def events(self) -> int:
        """How many events the parent has."""
        return int(np.count_nonzero(self.inside))

    def marker(self, axis: str) -> str:
        """Return the first marker of ``A|B|C`` that the tube carries.

        Raises:
            NoMarkerError: it carries none.
        """
        found = self.panel.first_of(axis)
        if found is None:
            raise NoMarkerError(axis)
        return found

    def dimension(self, axis: str, *, linear: bool = False, compensated: bool = True) -> Dimension:
        """Return a marker's axis on its display scale, or in linear units.

        Raises:
            NoMarkerError: the tube does not carry it.
        """
        detector = self.panel.detector(self.marker(axis))
        found = None if linear or axis == "Time" else self.scales.get(detector)
        return Dimension(detector, found, compensated)

    def values(self, dimension: Dimension) -> npt.NDArray[np.floating]:
        """Return the parent's values on an axis."""
        column = self.columns.column(dimension)
        if self.inside.all():
            return column
        if self.events > _MOST * column.size:
            return pick(column, self.inside)
        return column.take(self.columns.rows(self.inside))

    def values_of(self, population: str, dimension: Dimension) -> npt.NDArray[np.floating]:
        """Return a population's values on an axis; empty where it was not gated."""
        found = self._events_of(population, dimension)
        if found.size:
            self.consulted.populations[population] = None
        return found

    def values_of_control(
        self, role: str, population: str, dimension: Dimension
    ) -> npt.NDArray[np.floating]:
        """Return the values that a population has in a control tube; empty where it was not gated.

        Raises:
            NoControlError: there is no such control, or it may not be used.
        """
        control = self.controls.get(role)
        if control is None:
            raise NoControlError(Reason("UNRESOLVED", case="no_control", role=role))
        if isinstance(control, Refused):
            raise NoControlError(
                Reason("UNRESOLVED", case="control_refused", role=role, why=control.reasons)
            )
        mask = control.members().get(population)
        if mask is None or not mask.any():
            return np.empty(0, dtype=np.float32)
        self.consulted.populations[in_control(role, population)] = None
        return pick(control.columns.column(dimension), mask)

    def _events_of(self, population: str, dimension: Dimension) -> npt.NDArray[np.floating]:
        mask = self.members.get(population)
        if mask is None:
            return np.empty(0, dtype=np.float32)
        return self.columns.of(mask, dimension)

    def at(self, edge: Edge | None, dimension: Dimension) -> float | None:
        """Return where an edge lies on an axis.

        None where no population of it has enough events, or none that is to be moved by decades
        has a signal above zero: below it there are no decades.
        """
        if edge is None:
            return None
        positions: Sequence[Position] = (edge,) if isinstance(edge, Position) else edge
        for position in positions:
            found = finite_values(self._events_of(position.population, dimension))
            if found.size < position.min_events:
                continue
            place = quantile(found, position.quantile_percent)
            if position.spreads:
                place += position.spreads * robust_sd(found)
            moved = shift_decades(place, position.decades, dimension.scale)
            # Between signals at either end of what float32 holds no place is a number.
            if moved is not None and np.isfinite(moved):
                self.consulted.populations[position.population] = None
                return moved
        axis = self.panel.marker_of(dimension.detector) or dimension.detector
        names = dict.fromkeys(position.population for position in positions)
        self.consulted.unplaced[Reason("EDGE", axis=axis, populations=tuple(names))] = None
        return None


def in_control(role: str, population: str) -> str:
    """Return by what name a gate says that it rests on a control's population."""
    return f"{role}:{population}"


def shift_decades(place: float, decades: float, transform: Scale | None) -> float | None:
    """Return a place on a display scale after its linear signal is multiplied by 10^decades.

    None where that signal is not above zero.
    """
    if decades == 0:
        return place
    linear = place if transform is None else float(inverse(place, transform))
    if not linear > 0:
        return None
    moved = linear * 10**decades
    return moved if transform is None else float(scale_exact(moved, transform))


def linear_end(transform: Scale | None) -> float:
    """Return where the quasi-linear part of a logicle scale ends: 2 W decades above its bottom.

    Below it a signal is no larger than the noise that the scale was widened for; 0 on other scales.
    """
    if isinstance(transform, Logicle):
        return (2 * transform.w + transform.a) / (transform.m + transform.a)
    return 0.0
