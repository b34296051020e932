"""Which other cells may lie among the blasts, and which cells like them lie just outside.

Every population of blasts is looked at in the same way, be it the cluster at the end of a chain of
gates or one of several that were told by groups: across each edge of each gate on its way. Beyond an
edge, among the events that pass every other gate, other cells lie with a tail that may reach across it.
Mature lymphocytes (T cells that lost surface CD3, NK cells without an NK marker) pass the lineage gates
as blasts do and differ by more CD45: those above the T cells' median, where few blasts reach, are
reflected about it, and counted where they then fall into the gate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cd5flow.analysis.blast_lines import Line, Rows, populations_of
from cd5flow.gating.apply import inside_of
from cd5flow.gating.edges import Edge
from cd5flow.model.events import Mask
from cd5flow.model.geometry import Boolean, Dimension, dimensions
from cd5flow.model.limits import NeighbourRule
from cd5flow.model.names import BLASTS, DENOMINATOR, READOUT
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Gating
from cd5flow.numerics.order_statistics import finite_values, median, pick
from cd5flow.preprocess.transforms import Columns
from cd5flow.quality.quality_input import OutsideBlasts
from cd5flow.quantify.contamination import Neighbour, beyond_own, tail_across
from cd5flow.quantify.cuts import EMPTY, Signal


def find_neighbours(
    gating: Gating, columns: Columns, panel: Panel, *, rule: NeighbourRule
) -> tuple[Neighbour, ...]:
    """Return the other cells that may lie among the blasts; none where there is no cluster.

    Args:
        gating: the tube's populations, blasts among them.
        columns: its events.
        panel: its markers.
        rule: the strategy's.
    """
    if not panel.has(READOUT):
        return ()
    found = [
        neighbour
        for look in _looks(gating, columns, panel, rule)
        for neighbour in (*look.across_edges(), look.mature())
    ]
    return _together(n for n in found if n is not None and n.events > 0)


def _together(found: Iterable[Neighbour]) -> tuple[Neighbour, ...]:
    """Return neighbours of which no two have one source."""
    by_source: dict[str, list[Neighbour]] = {}
    for one in found:
        by_source.setdefault(one.source, []).append(one)
    return tuple(
        Neighbour(
            source,
            events=sum(one.events for one in several),
            like=_like_of(several),
            expected=sum(one.expected or 0.0 for one in several),
        )
        for source, several in by_source.items()
    )


def _like_of(several: Sequence[Neighbour]) -> Signal:
    """Return CD5 of the like of several neighbours, of each as its part of all of them.

    Empty where the like of most of them are too few.
    """
    whole = sum(one.events for one in several)
    known = [one for one in several if one.like.size]
    if len(several) == 1 or 2 * sum(one.events for one in known) < whole:
        return several[0].like if len(several) == 1 else EMPTY
    size = max(one.like.size for one in known)
    picked = [
        np.linspace(0, one.like.size - 1, round(size * one.events / whole)).astype(np.intp)
        for one in known
    ]
    return np.concatenate([one.like[rows] for one, rows in zip(known, picked, strict=True)])


def find_outside(
    gating: Gating, columns: Columns, panel: Panel, *, rule: NeighbourRule
) -> OutsideBlasts | None:
    """Return the cells that lie just outside the blasts and are of no normal population.

    Just outside are those that one gate alone keeps out, on the way to any of their populations. Which
    are normal is told by the groups of a sample of cells. Without groups the lineage gates alone tell,
    and those alone are counted that the last gate keeps out, which finds the cluster among all that pass
    them. None where there is no cluster, or no denominator.
    """
    populations = populations_of(gating)
    whole = gating.members.get(DENOMINATOR)
    if not populations or whole is None or not whole.any():
        return None
    if gating.sampled is None:
        (name,) = populations[:1]
        gate = gating.tree[name]
        left = gating.members[gate.parent] & whole & ~gating.members[BLASTS]
        events, cells = int(np.count_nonzero(left)), int(np.count_nonzero(whole))
        return OutsideBlasts(events, cells, population=gate.parent, method=gate.evidence.method)
    kinds = gating.sampled
    sampled = whole[kinds.rows]
    rows = kinds.rows[sampled & ~kinds.is_normal]
    outside: list[Rows] = []
    for name in populations:
        line = Line(name, gating=gating, columns=columns, panel=panel, rule=rule, among=rows)
        outside.append(line.rows[(line.misses() == 1) & ~line.blasts])
    events = len(set(np.concatenate(outside).tolist()))
    return OutsideBlasts(events, int(np.count_nonzero(sampled)))


def _looks(
    gating: Gating, columns: Columns, panel: Panel, rule: NeighbourRule
) -> tuple[_Look, ...]:
    looks = []
    for name in populations_of(gating):
        told = Line(name, gating=gating, columns=columns, panel=panel, rule=rule)
        sampled = None
        if gating.sampled is not None:
            among = gating.sampled.rows
            sampled = Line(
                name, gating=gating, columns=columns, panel=panel, rule=rule, among=among
            )
        looks.append(_Look(told, sampled, rule))
    return tuple(looks)


@dataclass(frozen=True)
class _Look:
    """What lies around one population.

    Attributes:
        line: the gates that lead to it.
        sampled: the same of the events whose kind is told by groups; None where no groups tell.
        rule: the strategy's.
        cd5: of the line's events; empty without the marker.
    """

    line: Line
    sampled: Line | None
    rule: NeighbourRule
    cd5: Signal = field(init=False)

    def __post_init__(self) -> None:
        line, cd5 = self.line, EMPTY
        if line.panel.has(READOUT):
            cd5 = line.columns.column(Dimension(line.panel.detector(READOUT))).take(line.rows)
        object.__setattr__(self, "cd5", cd5)

    def across_edges(self) -> Iterator[Neighbour]:
        """Yield the cells beyond each edge of each gate that may lie on the blasts' side of it."""
        for name in self.line.names:
            sampled = None if self.sampled is None else self.sampled.edges(name)
            for i, edge in enumerate(self.line.edges(name)):
                if not self._is_toward_mature(edge):
                    yield from self._across(name, edge, None if sampled is None else sampled[i])

    def _across(self, name: str, edge: Edge, sampled: Edge | None) -> Iterator[Neighbour]:
        line, others = self.line, self.line.but(name)
        there = others & (edge.beyond > 0)
        if not there.any():
            return
        outside = edge.beyond.compress(there)
        inside = edge.beyond.compress(others & line.passes[name] & (edge.beyond <= 0))
        normal = 1.0 if sampled is None else self._normal_share(name, sampled)
        tail = tail_across(outside, inside, 0.0, rule=self.rule)
        most, likely = (line.step * normal * tail.events(noise) for noise in (self.rule.noise, 0.0))
        # Those nearer the edge are the likelier to have a tail across it.
        like = self.cd5.compress(there).compress(outside <= median(outside))
        yield Neighbour(self._source(name, edge), most, self._like(like), likely)

    def _source(self, name: str, edge: Edge) -> str:
        """Return the gate where it has one axis, and of several the marker on which the edge is."""
        axes = dimensions(self.line.gating.tree[name].region)
        marker = self.line.panel.marker_of(edge.axis.detector)
        return name if len(axes) == 1 or marker is None else marker

    def _is_toward_mature(self, edge: Edge) -> bool:
        """Whether mature lymphocytes lie beyond an edge, which `mature` looks for."""
        return edge.upper and self.line.panel.marker_of(edge.axis.detector) == self.rule.axis

    def _normal_share(self, name: str, edge: Edge) -> float:
        """Return which part of the cells beyond an edge is of normal populations, at the most.

        The others are the population's own tail, or of no population that is known. It is told as if
        one more cell had been sampled, and that one were normal.
        """
        assert self.sampled is not None  # noqa: S101 - an edge of it is given
        kinds = self.sampled.gating.sampled
        assert kinds is not None  # noqa: S101 - likewise
        beyond = self.sampled.rows[self.sampled.but(name) & (edge.beyond > 0)]
        normal = np.count_nonzero(kinds.are_normal(beyond))
        return (normal + 1) / (beyond.size + 1)

    def _reading(self) -> list[str]:
        return [name for name in self.line.names if self.rule.axis in self.line.read(name)]

    def _above(self, reading: Sequence[str], middles: Mapping[Dimension, float]) -> Rows:
        axis = next(iter(middles))
        passing: Mask = self.line.but(*reading)
        return np.flatnonzero(passing & (self.line.values(axis) >= middles[axis]))

    def mature(self) -> Neighbour | None:
        """Return the mature lymphocytes that may lie in the gate by their CD45."""
        line, reading = self.line, self._reading()
        middles = self._middles(reading)
        if middles is None:
            return None
        axis = next(iter(middles))
        values, middle = line.values(axis), middles[axis]
        above = self._above(reading, middles)
        for name in reading:
            if not above.size:
                break
            region = line.gating.tree[name].region
            if isinstance(region, Boolean):
                above = above[line.passes[name][above]]
                continue
            seen = [
                2 * middles[d] - line.values(d)[above] if d in middles else line.values(d)[above]
                for d in dimensions(region)
            ]
            above = above[inside_of(region, seen)]
        blasts = values.compress(line.held(line.names))
        own = np.count_nonzero(blasts <= 2 * median(blasts) - middle) if blasts.size else 0
        most, likely = (
            line.step * beyond_own(int(above.size), int(own), rule=rule)
            for rule in (self.rule, self.rule.without_noise)
        )
        return Neighbour(self.rule.axis, most, self._like(self.cd5[above]), likely)

    def _middles(self, reading: Sequence[str]) -> Mapping[Dimension, float] | None:
        """Return where mature lymphocytes have their median on each axis of CD45 that gates read."""
        line = self.line
        axes = [
            d
            for name in reading
            for d in dimensions(line.gating.tree[name].region)
            if line.panel.marker_of(d.detector) == self.rule.axis
        ]
        members = (line.gating.members.get(name) for name in self.rule.mature)
        mature = next(
            (m for m in members if m is not None and np.count_nonzero(m) >= self.rule.events), None
        )
        if mature is None or not axes:
            return None
        return {d: median(finite_values(pick(line.columns.column(d), mature))) for d in axes}

    def _like(self, cd5: Signal) -> Signal:
        known = finite_values(cd5)
        return known if known.size >= self.rule.events else EMPTY
