"""What the scattered cells are that pass the gates of blasts and form no cluster on their axes.

Seen on all markers at once most are normal: the tails of NK cells, progenitors with a little CD7, dead
cells. They are grouped again by themselves (of very many those alone that look like none of the tube's
normal groups), so that a few tens of cells among a million can be told, and held against the same
profiles and those of rare normal cells. What then still lies together may be disease that no gate was
drawn around.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.gating.cell_types import CellTypes, Values, decades, find_suspects
from cd5flow.gating.profiles import Profiles, Row
from cd5flow.gating.row_matching import ClusterLevels, first_fitting, signs_of
from cd5flow.gating.state import GatingState, stream_of
from cd5flow.gating.strategy import Strategy
from cd5flow.model.events import Mask
from cd5flow.model.names import DENOMINATOR, LOOK_ALIKES
from cd5flow.model.reasons import Reason
from cd5flow.numerics.kmeans import k_means

NK_KINDS: Final = frozenset({"nk_cells", "nk_like"})
Rows = npt.NDArray[np.intp]


def find_gatherings(
    strategy: Strategy,
    state: GatingState,
    cells: CellTypes | None,
    *,
    doubtful: Mask | None = None,
) -> tuple[Reason, ...]:
    """Return why disease may hide among the look-alikes of a tube; empty where nothing speaks for it.

    Without profiles nothing tells what scattered cells are: then as many as a detection asks for may
    hide one.

    Args:
        strategy: the strategy.
        state: what has been gated.
        cells: the kinds of cells of the tube; None where they cannot be told.
        doubtful: a cluster that the gates found and that lies among normal cells.
    """
    scattered = state.members.get(LOOK_ALIKES)
    if doubtful is not None:
        scattered = doubtful if scattered is None else scattered | doubtful
    if scattered is None:
        return ()
    denominator = state.members.get(DENOMINATOR)
    rows = np.flatnonzero(scattered if denominator is None else scattered & denominator)
    profiles = state.inputs.profiles
    if cells is None or profiles is None:
        hides = len(rows) >= strategy.burden.lod_events
        return (Reason("SCATTER_HIDES", events=len(rows)),) if hides else ()
    whole = int(np.count_nonzero(denominator)) if denominator is not None else len(scattered)
    nk_explains = _nk_explains(strategy, state)
    if len(rows) > profiles.gathering.most_together:
        rows = _unlike_groups(rows, state, cells, doubtful, nk_explains=nk_explains)
    found = _populations(state, cells, profiles, rows=rows, whole=whole, nk_explains=nk_explains)
    return tuple(
        Reason("LOOK_ALIKES_GATHER", events=events, what=what)
        for what, events in found
        if events >= strategy.burden.lod_events
    )


def _nk_explains(strategy: Strategy, state: GatingState) -> bool:
    """Whether NK cells explain what looks like them: not where blasts carried their marker at diagnosis."""
    laip = state.inputs.laip
    return laip is None or not any(map(laip.carries, strategy.nk_markers))


def _unlike_groups(
    rows: Rows,
    state: GatingState,
    cells: CellTypes,
    doubtful: Mask | None,
    *,
    nk_explains: bool,
) -> Rows:
    """Return the events that look like no normal group of the tube, and those of a doubtful cluster."""
    inputs = state.inputs
    named = cells.names_of(rows, columns=inputs.columns, panel=inputs.panel, scales=inputs.scales)
    kept = named == ""
    if not nk_explains:
        kept |= np.isin(named, sorted(NK_KINDS))
    if doubtful is not None:
        kept |= doubtful[rows]
    return rows[kept]


def _populations(
    state: GatingState,
    cells: CellTypes,
    profiles: Profiles,
    *,
    rows: Rows,
    whole: int,
    nk_explains: bool,
) -> Iterator[tuple[str, int]]:
    """Yield what each population of unexplained cells is, and how many of them lie close together."""
    inputs = state.inputs
    places = [decades(m, rows, inputs.columns, inputs.panel, inputs.scales) for m in cells.markers]
    values: Values = np.stack(places, axis=1)
    known = np.isfinite(values).all(axis=1)
    rows, values = rows[known], values[known]
    if not len(rows):
        return
    grouped = np.maximum(values, cells.floors).astype(np.float32)
    scatter = profiles.grouping.scatter_weights
    weights = np.array([scatter.get(m, 1.0) for m in cells.markers], dtype=np.float32)
    number = int(np.clip(len(rows) // profiles.gathering.group_events, 1, profiles.grouping.groups))
    rng = np.random.default_rng([inputs.seed, stream_of(LOOK_ALIKES)])
    labels = k_means(grouped * weights, number, rng=rng)
    groups = np.unique(labels)
    medians = np.array([np.median(values[labels == g], axis=0) for g in groups])
    levels = ClusterLevels.of(
        {m: medians[:, j] for j, m in enumerate(cells.markers)}, cells.references
    )
    counts = np.bincount(labels)[groups]
    normal = _normal_groups(levels, counts, profiles, whole=whole, nk_explains=nk_explains)
    for one in find_suspects(
        groups[~normal],
        labels=labels,
        rows=rows,
        values=values,
        grouped=grouped,
        markers=cells.markers,
        references=cells.references,
        profiles=profiles,
    ):
        middles = [np.median(grouped[labels == g], axis=0) for g in one.groups]
        own = grouped[np.isin(labels, one.groups)]
        near = [
            np.abs(own - middle).max(axis=1) <= profiles.gathering.decades for middle in middles
        ]
        yield one.what, int(max(np.count_nonzero(inside) for inside in near))


def _normal_groups(
    levels: ClusterLevels,
    counts: npt.NDArray[np.integer],
    profiles: Profiles,
    *,
    whole: int,
    nk_explains: bool,
) -> npt.NDArray[np.bool_]:
    """Return which groups are normal cells: by a row of the common ones, or of rare ones while few."""
    signs = signs_of(levels, profiles.signs)
    rows = profiles.normal if nk_explains else _without_nk(profiles.normal)
    common = first_fitting(levels, signs, rows, profiles.levels)
    normal = np.array([row is not None for row in common])
    for row in profiles.rare if nk_explains else _without_nk(profiles.rare):
        found = first_fitting(levels, signs, (row,), profiles.levels)
        rare = np.array([one is not None for one in found]) & ~normal
        if 100 * counts[rare].sum() <= row.at_most_percent * whole:
            normal |= rare
    return normal


def _without_nk(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    return tuple(row for row in rows if row.name not in NK_KINDS)
