"""What cells are that may be disease too small for the gates: scattered look-alikes, odd T cells.

Seen on all markers at once, most cells that pass the gates of blasts and form no cluster there are
normal: the tails of NK cells, progenitors with a little CD7, dead cells. They are grouped again by
themselves (of very many those alone that look like none of the tube's normal groups), so that a few tens
of cells among a million can be told, and held against the same profiles and those of rare normal cells.
What then still lies together may be disease that no gate was drawn around. T cells that carry a sign of
immaturity are looked at likewise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.gating.cell_sample import Values, decades
from cd5flow.gating.cell_types import CellTypes, find_suspects, grouped_cells
from cd5flow.gating.profiles import Profiles, Row
from cd5flow.gating.row_matching import ClusterLevels, first_fitting, signs_of
from cd5flow.gating.state import GatingState, stream_of
from cd5flow.gating.strategy import Strategy
from cd5flow.model.events import Mask
from cd5flow.model.names import DENOMINATOR, LOOK_ALIKES, T_CELLS
from cd5flow.model.reasons import Reason
from cd5flow.numerics.kmeans import group_medians
from cd5flow.numerics.order_statistics import median_rows

NK_KINDS: Final = frozenset({"nk_cells", "nk_like"})
Rows = npt.NDArray[np.intp]
Picked = npt.NDArray[np.bool_]


def find_gatherings(
    strategy: Strategy,
    state: GatingState,
    cells: CellTypes | None,
    *,
    doubtful: Mask | None = None,
) -> tuple[Reason, ...]:
    """Return why disease may hide among the look-alikes of a tube; empty where nothing speaks for it.

    CD7 may be cut where brighter cells part from the blasts: what passes the other rules that rest on CD7
    is looked at too.

    Without profiles nothing tells what scattered cells are: then as many as a detection asks for may
    hide one.

    Args:
        strategy: the strategy.
        state: what has been gated.
        cells: the kinds of cells of the tube; None where they cannot be told.
        doubtful: a cluster that the gates found and that lies among normal cells.
    """
    masks = [state.members.get(LOOK_ALIKES), doubtful, *state.passed]
    known = [mask for mask in masks if mask is not None]
    if not known:
        return ()
    scattered: Mask = np.logical_or.reduce(known)
    rows = _counted(scattered, state)
    least = strategy.burden.lod_events
    look = _closer_look(strategy, state, cells)
    if look is None:
        return (Reason("SCATTER_HIDES", events=len(rows)),) if len(rows) >= least else ()
    if len(rows) > look.profiles.gathering.most_together:
        kept = look.unlike_groups(rows)
        if doubtful is not None:
            kept |= doubtful[rows]
        rows = rows[kept]
    return tuple(
        Reason("LOOK_ALIKES_GATHER", events=events, what=what)
        for what, events in look.populations(rows)
        if events >= least
    )


def find_immature_t_cells(
    strategy: Strategy, state: GatingState, cells: CellTypes | None
) -> tuple[Reason, ...]:
    """Return populations of T cells that carry a sign of immaturity, however small beside normal ones."""
    look, t_cells = _closer_look(strategy, state, cells), state.members.get(T_CELLS)
    if look is None or t_cells is None:
        return ()
    rows = _counted(t_cells, state)
    return tuple(
        Reason("OUTSIDE_PROFILES", events=events, what=what)
        for what, events in look.populations(rows[look.carry_a_sign(rows)])
        if events >= strategy.burden.lod_events
    )


def _counted(cells: Mask, state: GatingState) -> Rows:
    """Return the events of a population in the denominator."""
    denominator = state.members.get(DENOMINATOR)
    return np.flatnonzero(cells if denominator is None else cells & denominator)


def _closer_look(
    strategy: Strategy, state: GatingState, cells: CellTypes | None
) -> _CloserLook | None:
    profiles, laip = state.inputs.profiles, state.inputs.laip
    if cells is None or profiles is None:
        return None
    # Blasts that at diagnosis looked as NK cells do are not told from them: these explain nothing then.
    gates = (gate.unless_carried for path in strategy.paths for gate in path.gates)
    nk_explains = laip is None or not any(rule.holds(laip) for rule in gates if rule is not None)
    whole = state.members.count(DENOMINATOR) or len(state.inputs.columns)
    return _CloserLook(state, cells, profiles, whole, nk_explains)


@dataclass(frozen=True)
class _CloserLook:
    """Some cells of a tube, grouped by themselves and held against the profiles.

    Attributes:
        state: what has been gated.
        cells: the kinds of cells of the tube, whose references tell levels.
        profiles: what cells look like.
        whole: events of the denominator.
        nk_explains: whether NK cells explain what looks like them.
    """

    state: GatingState
    cells: CellTypes
    profiles: Profiles
    whole: int
    nk_explains: bool

    def unlike_groups(self, rows: Rows) -> Picked:
        """Return which events look like no normal group of the tube."""
        inputs = self.state.inputs
        named = self.cells.names_of(
            rows, columns=inputs.columns, panel=inputs.panel, scales=inputs.scales
        )
        unlike = np.asarray(named == "")
        return unlike if self.nk_explains else unlike | np.isin(named, sorted(NK_KINDS))

    def carry_a_sign(self, rows: Rows) -> Picked:
        """Return which events carry a strong sign of immaturity, clearly above where one begins.

        What lies far below the background on another marker is no cell's light: a dye beyond the end of
        its scale was taken off wrongly, and every other channel is wrong with it.
        """
        rule, background = self.profiles.gathering, self.cells.references.low_background
        carry = np.zeros(len(rows), dtype=np.bool_)
        for marker, above in self.profiles.signs.strong.items():
            if marker in self.cells.markers:
                carry |= self._places(marker, rows) > background[marker] + above + rule.decades / 2
        carrying = np.flatnonzero(carry)
        for marker in background:
            places = self._places(marker, rows[carrying])
            carry[carrying] &= places > background[marker] - rule.below_background
        return carry

    def populations(self, rows: Rows) -> Iterator[tuple[str, int]]:
        """Yield what each population that no profile of normal cells explains is, and its events.

        Its events are those that lie close together: within a ball about the middle of one of its groups.
        """
        markers, rule = self.cells.markers, self.profiles.gathering
        values: Values = np.stack([self._places(marker, rows) for marker in markers], axis=1)
        known = np.isfinite(values).all(axis=1)
        rows, values = rows[known], values[known]
        if not len(rows):
            return
        grouped = np.maximum(values, self.cells.floors).astype(np.float32)
        labels = self._grouped(grouped)
        groups = np.unique(labels)
        medians = group_medians(values, labels, groups)
        levels = ClusterLevels.of(
            {m: medians[:, j] for j, m in enumerate(markers)}, self.cells.references
        )
        normal = self._normal_groups(levels, np.bincount(labels)[groups])
        for one in find_suspects(
            groups[~normal],
            labels=labels,
            rows=rows,
            values=values,
            grouped=grouped,
            markers=markers,
            references=self.cells.references,
            profiles=self.profiles,
        ):
            own = grouped[np.isin(labels, one.groups)]
            middles = (median_rows(grouped[labels == g]) for g in one.groups)
            near = (np.abs(own - middle).max(axis=1) <= rule.decades for middle in middles)
            yield one.what, max(int(np.count_nonzero(inside)) for inside in near)

    def _places(self, marker: str, rows: Rows) -> Values:
        inputs = self.state.inputs
        return decades(marker, rows, inputs.columns, inputs.panel, inputs.scales)

    def _grouped(self, places: Values) -> npt.NDArray[np.intp]:
        grouping, events = self.profiles.grouping, self.profiles.gathering.group_events
        number = int(np.clip(len(places) // events, 1, grouping.groups))
        rng = np.random.default_rng([self.state.inputs.seed, stream_of(LOOK_ALIKES)])
        return grouped_cells(places, self.cells.markers, grouping, groups=number, rng=rng)

    def _normal_groups(self, levels: ClusterLevels, counts: npt.NDArray[np.integer]) -> Picked:
        """Return which groups are normal: by a row of common cells, or of rare ones while few."""
        signs = signs_of(levels, self.profiles.signs)
        common = first_fitting(
            levels, signs, self._explaining(self.profiles.normal), self.profiles.levels
        )
        normal = np.array([row is not None for row in common])
        for row in self._explaining(self.profiles.rare):
            found = first_fitting(levels, signs, (row,), self.profiles.levels)
            rare = np.array([one is not None for one in found]) & ~normal
            if 100 * counts[rare].sum() <= row.at_most_percent * self.whole:
                normal |= rare
        return normal

    def _explaining(self, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        return rows if self.nk_explains else tuple(row for row in rows if row.name not in NK_KINDS)
