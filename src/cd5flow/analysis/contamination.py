"""Which other cells may lie among the blasts: read from a gated tube, beside every cut on the way.

Two kinds of border are looked at. A cut on one lineage marker parts the blasts from cells of another
lineage: their tail across it is estimated among the events that pass every other gate. And mature
lymphocytes (T cells that lost surface CD3, NK cells without an NK marker) pass the lineage gates as
blasts do and differ by more CD45: those above the T cells' median, where few blasts reach, are
reflected about it, and counted where they then fall into the gate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from cd5flow.gating.apply import inside_of
from cd5flow.model.events import Mask
from cd5flow.model.geometry import Boolean, Dimension, Interval, dimensions
from cd5flow.model.limits import NeighbourRule
from cd5flow.model.names import BLASTS, READOUT
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Gating
from cd5flow.numerics.order_statistics import finite_values, median, pick
from cd5flow.preprocess.transforms import Columns
from cd5flow.quantify.contamination import Neighbour, across_cut, beyond_own
from cd5flow.quantify.cuts import EMPTY, Signal

Rows = npt.NDArray[np.intp]


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
    if not gating.lineage.cluster or BLASTS not in gating.tree or not panel.has(READOUT):
        return ()
    line = _Line(gating, columns, panel, rule)
    found = [line.across(name) for name in line.names]
    found.append(line.mature())
    return tuple(n for n in found if n is not None and n.events > 0)


class _Line:
    """The gates from the first that looks at lineage or CD45 down to the blasts, each by itself.

    Attributes:
        names: the gates.
        rows: the events that come to the first of them.
        passes: gate to which of those it holds, whatever its parent holds.
    """

    def __init__(self, gating: Gating, columns: Columns, panel: Panel, rule: NeighbourRule) -> None:
        self.gating, self.columns, self.panel, self.rule = gating, columns, panel, rule
        self._kept: dict[Dimension, Signal] = {}
        tree = gating.tree
        line = (*tree.ancestors(BLASTS), BLASTS)
        telling = {*rule.lineage, rule.axis}
        first = next((i for i, g in enumerate(line) if self.read(g) & telling), len(line) - 1)
        self.names = line[first:]
        self.rows: Rows = np.flatnonzero(gating.members[tree[line[first]].parent])
        self.passes: dict[str, Mask] = {name: self._passes(name) for name in self.names}
        self.cd5: Signal = columns.column(Dimension(panel.detector(READOUT))).take(self.rows)

    def read(self, name: str) -> set[str]:
        """Return the markers that a gate itself looks at."""
        axes = dimensions(self.gating.tree[name].region)
        return {m for d in axes if (m := self.panel.marker_of(d.detector)) is not None}

    def across(self, name: str) -> Neighbour | None:
        """Return the cells beyond a gate's cut on a lineage marker that may lie on the blasts' side."""
        region = self.gating.tree[name].region
        if not isinstance(region, Interval) or not self.read(name) & set(self.rule.lineage):
            return None
        others = self._all(n for n in self.names if n != name)
        values = self._values(region.dimension)
        kept = values.compress(others & self.passes[name])
        events, like = 0.0, EMPTY
        for cut, beyond in (
            (region.low, None if region.low is None else values < region.low),
            (region.high, None if region.high is None else values >= region.high),
        ):
            if cut is None or beyond is None:
                continue
            there = others & beyond
            if not there.any():
                continue
            outside = values.compress(there)
            away = np.abs(outside - cut)
            events += across_cut(outside, kept, cut, rule=self.rule)
            # Those nearer the cut are the likelier to have a tail across it.
            near = self.cd5.compress(there).compress(away <= median(away))
            like = np.concatenate([like, near])
        return Neighbour(name, events, self._like(like))

    def _reading(self) -> list[str]:
        return [name for name in self.names if self.rule.axis in self.read(name)]

    def _above(self, reading: Sequence[str], middles: Mapping[Dimension, float]) -> Rows:
        axis = next(iter(middles))
        passing = self._all(n for n in self.names if n not in reading)
        return np.flatnonzero(passing & (self._values(axis) >= middles[axis]))

    def mature(self) -> Neighbour | None:
        """Return the mature lymphocytes that may lie in the gate by their CD45."""
        reading = self._reading()
        middles = self._middles(reading)
        if middles is None:
            return None
        axis = next(iter(middles))
        values, middle = self._values(axis), middles[axis]
        above = self._above(reading, middles)
        for name in reading:
            if not above.size:
                break
            region = self.gating.tree[name].region
            if isinstance(region, Boolean):
                above = above[self.passes[name][above]]
                continue
            seen = [
                2 * middles[d] - self._values(d)[above] if d in middles else self._values(d)[above]
                for d in dimensions(region)
            ]
            above = above[inside_of(region, seen)]
        blasts = values.compress(self._all(self.names))
        own = np.count_nonzero(blasts <= 2 * median(blasts) - middle) if blasts.size else 0
        events = beyond_own(int(above.size), int(own), rule=self.rule)
        return Neighbour(self.rule.axis, events, self._like(self.cd5[above]))

    def _middles(self, reading: Sequence[str]) -> Mapping[Dimension, float] | None:
        """Return where mature lymphocytes have their median on each axis of CD45 that gates read."""
        axes = [
            d
            for name in reading
            for d in dimensions(self.gating.tree[name].region)
            if self.panel.marker_of(d.detector) == self.rule.axis
        ]
        members = (self.gating.members.get(name) for name in self.rule.mature)
        mature = next(
            (m for m in members if m is not None and np.count_nonzero(m) >= self.rule.events), None
        )
        if mature is None or not axes:
            return None
        return {d: median(finite_values(pick(self.columns.column(d), mature))) for d in axes}

    def _like(self, cd5: Signal) -> Signal:
        known = finite_values(cd5)
        return known if known.size >= self.rule.events else EMPTY

    def _all(self, names: Iterable[str]) -> Mask:
        held = np.ones(self.rows.size, dtype=np.bool_)
        for name in names:
            held &= self.passes[name]
        return held

    def _values(self, dimension: Dimension) -> Signal:
        kept = self._kept.get(dimension)
        if kept is not None:
            return kept
        values = self.columns.column(dimension).take(self.rows)
        # Several gates look at this axis, and each of them twice.
        if self.panel.marker_of(dimension.detector) == self.rule.axis:
            self._kept[dimension] = values
        return values

    def _passes(self, name: str) -> Mask:
        region = self.gating.tree[name].region
        if isinstance(region, Boolean):
            return _joined(region, self.gating.members, self.rows)
        return inside_of(region, [self._values(d) for d in dimensions(region)])


def _joined(region: Boolean, members: Mapping[str, Mask], rows: Rows) -> Mask:
    """Return which events a combination of populations holds."""
    sides = []
    for operand in region.operands:
        side = members[operand.gate][rows]
        sides.append(~side if operand.complement else side)
    join = np.logical_and if region.operator == "and" else np.logical_or
    return np.asarray(join.reduce(sides))
