"""Groups of cells held against the rows of a table of profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cd5flow.gating.profiles import SCATTER, BothMarkers, Level, ProfileRow, Signs
from cd5flow.gating.references import References
from cd5flow.numerics.order_statistics import median

Exact = npt.NDArray[np.float64]
Picked = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ClusterLevels:
    """How much of each marker some groups carry.

    Attributes:
        groups: how many.
        above: marker to the decades above cells of this tube that lack it.
        of_t_cells: marker to the decades from the normal T cells; empty where there are none.
        of_lymphocytes: CD45, FSC and SSC in decades from the lymphocytes.
    """

    groups: int
    above: Mapping[str, Exact]
    of_t_cells: Mapping[str, Exact]
    of_lymphocytes: Mapping[str, Exact]

    @classmethod
    def of(cls, places: Mapping[str, Exact], references: References) -> ClusterLevels:
        """Tell places from a tube's references."""
        placed = {m: v for m, v in places.items() if m not in SCATTER and m != "CD45"}
        return cls(
            groups=len(places["CD45"]),
            above={m: v - references.background(m, places["SSC"]) for m, v in placed.items()},
            of_t_cells={
                m: v - references.t_level[m] for m, v in placed.items() if references.t_level
            },
            of_lymphocytes={m: places[m] - references.lymphocyte[m] for m in ("CD45", *SCATTER)},
        )

    def has(self, alternatives: str) -> bool:
        """Whether the panel carries one of ``A|B``."""
        return any(m in self.above or m in self.of_lymphocytes for m in alternatives.split("|"))

    def shown(self) -> dict[str, Exact]:
        """Return every level by marker."""
        return {**self.of_lymphocytes, **self.above}

    def at(self, level: Level, alternatives: str) -> Picked:
        """Return which groups carry the brightest of some markers at a level."""
        there = [m for m in alternatives.split("|") if m in self.above]
        values = np.maximum.reduce([self.above[m] for m in there])
        fits = _within(values, level.low, level.high)
        if not self.of_t_cells or (level.low_of_t_cells, level.high_of_t_cells) == (None, None):
            return fits
        relative = np.maximum.reduce([self.of_t_cells[m] for m in there])
        by_t_cells = _within(relative, level.low_of_t_cells, level.high_of_t_cells)
        return fits | by_t_cells if level.either else fits & by_t_cells


@dataclass(frozen=True)
class SignCounts:
    """How many signs of immaturity each group shows."""

    strong: npt.NDArray[np.intp]
    weak: npt.NDArray[np.intp]

    def fit(self, asked: str | None) -> Picked:
        """Return which groups show what a row asks."""
        every = self.strong + self.weak
        match asked:
            case "none":
                return np.asarray(every == 0)
            case "some":
                return np.asarray(every >= 1)
            case "enough":
                return np.asarray((self.strong >= 1) | (every >= 2))
            case _:
                return np.ones(len(every), dtype=np.bool_)


def signs_of(levels: ClusterLevels, signs: Signs, *, together: Exact | None = None) -> SignCounts:
    """Count each group's signs of immaturity; CD45 below lymphocytes is one beside another alone.

    Args:
        levels: of the groups.
        signs: what is one.
        together: decades of the pair of markers that one cell carries both of, as `carried_together`
            tells them; None tells them from the levels, where no group spans cells of either.
    """
    strong = _carried(levels, signs.strong, signs.above_t_cells)
    weak = _carried(levels, signs.weak, signs.above_t_cells)
    if signs.both is not None:
        weak = weak + (_both(levels, signs.both) if together is None else together > 0)
    if signs.cd45_below is not None:
        below = levels.of_lymphocytes["CD45"] < signs.cd45_below
        weak = weak + (below & (strong + weak > 0))
    return SignCounts(strong, weak)


def _carried(
    levels: ClusterLevels, markers: Mapping[str, float], above_t_cells: Mapping[str, float]
) -> npt.NDArray[np.intp]:
    counts = np.zeros(levels.groups, dtype=np.intp)
    for marker, above in markers.items():
        if marker not in levels.above:
            continue
        carried = levels.above[marker] > above
        if marker in above_t_cells and marker in levels.of_t_cells:
            carried &= levels.of_t_cells[marker] > above_t_cells[marker]
        counts += carried
    return counts


def _both(levels: ClusterLevels, both: BothMarkers) -> Picked:
    if not set(both.markers) <= set(levels.above):
        return np.zeros(levels.groups, dtype=np.bool_)
    return np.asarray(np.logical_and.reduce([levels.above[m] > both.above for m in both.markers]))


def carried_together(
    places: Mapping[str, npt.NDArray[np.floating]],
    both: BothMarkers | None,
    references: References,
) -> Exact | None:
    """Return by how many decades the middle cell of a population carries both of two markers.

    Of cells half of which carry one and half the other, no cell carries both.

    Args:
        places: marker to the places of the population's cells.
        both: the two, and from where they are carried.
        references: the cells that lack them.

    Returns:
        (1,) decades above where both are carried; None where they are not told.
    """
    if both is None or not set(both.markers) <= set(places):
        return None
    scatter = np.array([median(places["SSC"])], dtype=places["SSC"].dtype)
    lesser = np.minimum.reduce(
        [places[m] - references.background(m, scatter) for m in both.markers]
    )
    return np.array([median(lesser) - both.above])


def first_fitting(
    levels: ClusterLevels,
    signs: SignCounts,
    rows: Sequence[ProfileRow],
    named: Mapping[str, Level],
) -> list[ProfileRow | None]:
    """Return for each group the first row that fits it; None where none does."""
    found: list[ProfileRow | None] = [None] * levels.groups
    for row in rows:
        if not all(levels.has(need) for need in row.needs) or any(
            levels.has(other) for other in row.unless
        ):
            continue
        for i in np.flatnonzero(_fits(levels, signs, row, named)):
            if found[i] is None:
                found[i] = row
    return found


def _fits(
    levels: ClusterLevels, signs: SignCounts, row: ProfileRow, named: Mapping[str, Level]
) -> Picked:
    fits = signs.fit(row.signs)
    for axis, bounds in row.where.items():
        fits = fits & _within(levels.of_lymphocytes[axis], bounds.low, bounds.high)
    if row.every is not None:
        if len(levels.above) < row.every.markers:
            return np.zeros(levels.groups, dtype=np.bool_)
        asked = named[row.every.level]
        fits = fits & np.logical_and.reduce([levels.at(asked, m) for m in levels.above])
    for marker, level in row.markers.items():
        if any(m in levels.above for m in marker.split("|")):
            fits = fits & levels.at(named[level], marker)
    return fits


def _within(values: Exact, low: float | None, high: float | None) -> Picked:
    fits = np.ones(values.shape, dtype=np.bool_)
    if low is not None:
        fits &= values >= low
    if high is not None:
        fits &= values < high
    return fits
