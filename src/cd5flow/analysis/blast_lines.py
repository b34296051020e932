"""The gates that lead to each population of blasts, each looked at by itself.

Blasts at the end of a chain of gates have one such line, blasts told by groups one a population.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cd5flow.gating.apply import inside_of
from cd5flow.gating.edges import Edge, edges_of
from cd5flow.model.events import Mask
from cd5flow.model.geometry import Boolean, Dimension, dimensions
from cd5flow.model.limits import NeighbourRule
from cd5flow.model.names import BLASTS
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Gating
from cd5flow.preprocess.transforms import Columns, scale
from cd5flow.quantify.cuts import Signal

Rows = npt.NDArray[np.intp]

ENOUGH = 5_000
"""So many blasts of a population, evenly taken, tell of it as well as all do."""


class Line:
    """The gates from the first that looks at lineage or CD45 down to one population, each by itself.

    Attributes:
        population: its name.
        names: the gates.
        step: one in so many events is looked at.
        rows: the events looked at of those that come to the first gate.
        passes: gate to which of those it holds, whatever its parent holds.
    """

    def __init__(
        self,
        population: str,
        *,
        gating: Gating,
        columns: Columns,
        panel: Panel,
        rule: NeighbourRule,
        among: Rows | None = None,
    ) -> None:
        self.population, self.gating, self.columns, self.panel = population, gating, columns, panel
        self._kept: dict[Dimension, Signal] = {}
        tree = gating.tree
        line = (*tree.ancestors(population), population)
        telling = {*rule.lineage, rule.axis}
        first = next((i for i, g in enumerate(line) if self.read(g) & telling), len(line) - 1)
        self.names = line[first:]
        parent = gating.members[tree[line[first]].parent]
        if among is None:
            self.step = max(1, (gating.count(population) or 0) // ENOUGH)
            self.rows: Rows = np.flatnonzero(parent)[:: self.step]
        else:
            self.step, self.rows = 1, among[parent[among]]
        self.passes: dict[str, Mask] = {name: self._passes(name) for name in self.names}

    def read(self, name: str) -> set[str]:
        """Return the markers that a gate itself looks at."""
        axes = dimensions(self.gating.tree[name].region)
        return {m for d in axes if (m := self.panel.marker_of(d.detector)) is not None}

    def edges(self, name: str) -> tuple[Edge, ...]:
        """Return the edges of a gate, and where the events lie by each."""
        region = self.gating.tree[name].region
        return edges_of(region, {d: self.values(d) for d in dimensions(region)})

    def held(self, names: Iterable[str]) -> Mask:
        """Return which events several gates hold."""
        inside = np.ones(self.rows.size, dtype=np.bool_)
        for name in names:
            inside &= self.passes[name]
        return inside

    def but(self, *left_out: str) -> Mask:
        """Return which events every gate holds but those that are left out."""
        return self.held(name for name in self.names if name not in left_out)

    def misses(self) -> npt.NDArray[np.intp]:
        """Return how many gates with a region of their own do not hold each event.

        Whom a combination of populations excludes was named, and counts as far away.
        """
        count = np.zeros(self.rows.size, dtype=np.intp)
        for name, inside in self.passes.items():
            named = isinstance(self.gating.tree[name].region, Boolean)
            count += np.where(inside, 0, len(self.names) if named else 1)
        return count

    def values(self, dimension: Dimension) -> Signal:
        """Return the events on an axis."""
        kept = self._kept.get(dimension)
        if kept is None:
            plain = Dimension(dimension.detector, None, dimension.compensated)
            linear = self.columns.column(plain).take(self.rows)
            kept = linear if dimension.scale is None else scale(linear, dimension.scale)
            self._kept[dimension] = kept
        return kept

    def _passes(self, name: str) -> Mask:
        region = self.gating.tree[name].region
        if isinstance(region, Boolean):
            return self._joined(region)
        return inside_of(region, [self.values(d) for d in dimensions(region)])

    def _joined(self, region: Boolean) -> Mask:
        """Return which events a combination of populations holds."""
        sides = []
        for operand in region.operands:
            side = self.gating.members[operand.gate][self.rows]
            sides.append(~side if operand.complement else side)
        join = np.logical_and if region.operator == "and" else np.logical_or
        return np.asarray(join.reduce(sides))

    @cached_property
    def blasts(self) -> Mask:
        """Which events are of the blasts, of whichever population."""
        return self.gating.members[BLASTS][self.rows]


def populations_of(gating: Gating) -> tuple[str, ...]:
    """Return the populations of which blasts that lie together consist; none where they do not."""
    if not gating.lineage.cluster or BLASTS not in gating.tree:
        return ()
    told = tuple(one.name for one in gating.leukaemic if one.name in gating.tree)
    # A region that a person drew takes the place of the union, and of what it was made of.
    union = isinstance(gating.tree[BLASTS].region, Boolean)
    return told if told and union else (BLASTS,)
