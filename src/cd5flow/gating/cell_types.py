"""What kinds of cells a tube holds: groups over all markers but CD5, named by reference profiles.

An even part of the parent's single cells is grouped; each group's levels are told from cells of the
same tube, and the first profile that fits names it. Groups that no normal profile explains are joined
where they touch, and named by the leukaemic profiles. Nothing here decides who is in a population:
gates do, which are placed around what is found here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.gating.cell_sample import CellSample, decades, take_sample
from cd5flow.gating.maturation import is_smear, reached_from
from cd5flow.gating.profile_limits import Apart, Grouping
from cd5flow.gating.profiles import SCATTER, Profiles, Smear
from cd5flow.gating.references import References, find_references
from cd5flow.gating.row_matching import ClusterLevels, carried_together, first_fitting, signs_of
from cd5flow.gating.separation import (
    NOTHING_BESIDE,
    cells_beside,
    neighbours_but_for,
    stands_apart,
)
from cd5flow.model.events import Mask
from cd5flow.model.names import T_CELLS
from cd5flow.model.panel import Panel
from cd5flow.model.scale import Scale
from cd5flow.numerics.kmeans import group_medians, k_means, split_spanning
from cd5flow.numerics.order_statistics import median
from cd5flow.preprocess.transforms import Columns

Values = npt.NDArray[np.float32]

NONE: Final[Mapping[int, str]] = MappingProxyType({})
"""No group with a name."""


@dataclass(frozen=True)
class CellPopulation:
    """Groups that belong together.

    Attributes:
        name: of the profile that fits; "" where none does.
        what: the same in words.
        groups: their numbers.
        rows: the sampled events, as row numbers of the tube.
        accepted: whether a profile proves leukaemia of T lineage.
        smear: whether it is normal maturation by its shape.
        tail_of: the normal cells of which it may be the tail, since no valley parts them; "" for none.
        same_kind: whether it is a part of those, by every marker that tells them.
        lacks: markers that these cells lack.
        cd7_alone: whether CD7 is all that speaks for the T lineage.
        immature: whether a sign of immaturity, or CD45 below lymphocytes, sets it apart from mature cells.
        runner_up: the next profile that would have fitted; "" for none.
        levels: marker to its decades above cells that lack it (CD45 and scatter: from lymphocytes).
    """

    name: str
    what: str
    groups: tuple[int, ...]
    rows: npt.NDArray[np.intp]
    accepted: bool
    smear: bool
    tail_of: str
    same_kind: bool
    lacks: tuple[str, ...]
    cd7_alone: bool
    immature: bool
    runner_up: str
    levels: Mapping[str, float]


@dataclass(frozen=True)
class CellTypes:
    """The cells of a tube by kind.

    Attributes:
        sample: the cells that were grouped.
        rows: the sampled events, as row numbers of the tube, in file order.
        names: the normal population of each of them; "" where none fits.
        values: (n, m) their places in decades on each of `markers`.
        markers: the axes, CD5 not among them.
        suspects: populations outside the normal profiles, largest first.
        references: the levels that all others are told from.
        reference: which cells CD45 and scatter are told from, in words.
        reference_rows: these cells, as row numbers of the tube.
        centres: (g, m) middle of each group, background levelled out.
        centre_names: (g,) the population of each group; "" where a profile accepts it as leukaemic.
        floors: (m,) places below which a marker is background.
        reach: an event further from a group than this on any marker, in decades, does not look like it.
    """

    sample: CellSample
    rows: npt.NDArray[np.intp]
    names: npt.NDArray[np.str_]
    values: Values
    markers: tuple[str, ...]
    suspects: tuple[CellPopulation, ...]
    references: References
    reference: str
    reference_rows: npt.NDArray[np.intp]
    centres: Values
    centre_names: npt.NDArray[np.str_]
    floors: npt.NDArray[np.float64]
    reach: float

    def of(self, names: Iterable[str]) -> npt.NDArray[np.intp]:
        """Return the sampled events of normal populations, as row numbers of the tube."""
        return self.rows[np.isin(self.names, list(names))]

    def has_place(self) -> npt.NDArray[np.bool_]:
        """Return which sampled events are of a population, whether or not a profile names it.

        Others are of groups too small to have a place.
        """
        placed = self.names != ""
        for one in self.suspects:
            placed |= np.isin(self.rows, one.rows)
        return np.asarray(placed)

    def names_of(
        self,
        rows: npt.NDArray[np.intp],
        *,
        columns: Columns,
        panel: Panel,
        scales: Mapping[str, Scale],
    ) -> npt.NDArray[np.str_]:
        """Return the population that each of some events looks like; "" for none, or an accepted one.

        An event looks like the nearest group if it lies within its reach on every marker.

        Args:
            rows: the events, as row numbers of the tube.
            columns: the tube's events on any axis.
            panel: its markers.
            scales: display scale of each detector.
        """
        places = [decades(m, rows, columns, panel, scales) for m in self.markers]
        nearest, away = self._nearest(np.maximum(np.stack(places, axis=1), self.floors))
        return np.where(away <= self.reach, self.centre_names[nearest], "")

    def tail_of(
        self,
        rows: npt.NDArray[np.intp],
        marker: str,
        *,
        columns: Columns,
        panel: Panel,
        scales: Mapping[str, Scale],
        rule: Apart,
    ) -> str:
        """Return the cells of which some events may be the tail on a marker; "" where they stand apart.

        These look like the events on every other axis of the rule, and no valley parts them.

        Args:
            rows: the events, as row numbers of the tube.
            marker: the marker.
            columns: the tube's events on any axis.
            panel: its markers.
            scales: display scale of each detector.
            rule: when cells are apart.
        """
        if marker not in self.markers or not len(rows):
            return ""
        told = np.flatnonzero(self.centre_names != "")
        places = {m: decades(m, rows, columns, panel, scales) for m in self.markers}
        own = {
            m: np.array([median(np.maximum(v, floor))])
            for (m, v), floor in zip(places.items(), self.floors, strict=True)
        }
        others = {m: self.centres[told, j].astype(np.float64) for j, m in enumerate(self.markers)}
        beside = told[neighbours_but_for(marker, own, others, rule=rule)]
        nearest, _ = self._nearest(self.sample.grouped)
        near = np.isin(nearest, beside)
        axis = self.values[near, self.markers.index(marker)]
        if stands_apart(places[marker], axis, rule=rule):
            return ""
        return str(Counter(self.centre_names[nearest[near]].tolist()).most_common(1)[0][0])

    def _nearest(self, grouped: Values) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
        """Return the nearest group of each event, and how far it is on the axis where that is most."""
        nearest = np.zeros(len(grouped), dtype=np.intp)
        away = np.full(len(grouped), np.inf)
        for i, centre in enumerate(self.centres):
            here = np.abs(grouped - centre).max(axis=1)
            nearer = here < away
            nearest[nearer], away[nearer] = i, here[nearer]
        return nearest, away


def find_cell_types(
    parent: Mask,
    *,
    columns: Columns,
    panel: Panel,
    scales: Mapping[str, Scale],
    profiles: Profiles,
    rng: np.random.Generator,
) -> CellTypes | None:
    """Return what kinds of cells a population holds; None where too few or no CD45 tells.

    Args:
        parent: whose events are looked at.
        columns: the tube's events on any axis.
        panel: its markers.
        scales: display scale of each detector.
        profiles: what cells look like.
        rng: draws the start of the grouping.
    """
    sample = take_sample(
        parent, columns=columns, panel=panel, scales=scales, rule=profiles.grouping
    )
    return None if sample is None else tell_kinds(sample, profiles, rng=rng)


def tell_kinds(sample: CellSample, profiles: Profiles, *, rng: np.random.Generator) -> CellTypes:
    """Return what kinds of cells a sample holds, grouped from a start.

    Args:
        sample: the cells.
        profiles: what they look like.
        rng: draws the start of the grouping.
    """
    rule, markers = profiles.grouping, sample.markers
    rows, values, grouped = sample.rows, sample.values, sample.grouped
    labels = grouped_cells(grouped, markers, rule, groups=rule.groups, rng=rng)
    counts = np.bincount(labels)
    groups = np.flatnonzero(counts >= rule.fewest)
    medians = group_medians(values, labels, groups)
    places = {m: medians[:, j] for j, m in enumerate(markers)}
    references = find_references(
        places,
        counts[groups],
        zero=sample.zero,
        landmark=profiles.landmark,
        limits=profiles.references,
    )
    levels = ClusterLevels.of(places, references)
    signs = signs_of(levels, profiles.signs)
    fits = first_fitting(levels, signs, profiles.normal, profiles.levels)
    names = np.array(["" if row is None else row.name for row in fits])
    names[references.t_cells] = T_CELLS
    suspects = find_suspects(
        groups[names == ""],
        labels=labels,
        rows=rows,
        values=values,
        grouped=grouped,
        markers=markers,
        references=references,
        profiles=profiles,
        normal=dict(zip(groups[names != ""].tolist(), names[names != ""].tolist(), strict=True)),
    )
    for one in suspects:
        # What is a clone's own dim part has no normal name.
        names[np.isin(groups, one.groups)] = one.tail_of if one.same_kind else ""
    suspects = tuple(one for one in suspects if not one.same_kind)
    by_label = np.full(len(counts), "", dtype=object)
    by_label[groups] = names
    return CellTypes(
        sample=sample,
        rows=rows,
        names=by_label[labels].astype(np.str_),
        values=values,
        markers=markers,
        suspects=suspects,
        references=references,
        reference=references.told_from,
        reference_rows=rows[np.isin(labels, groups[references.told_by])],
        # The middle of places that are levelled out is the middle, levelled out.
        centres=np.maximum(medians, sample.floors).astype(np.float32),
        centre_names=_centre_names(names, groups, suspects),
        floors=sample.floors,
        reach=rule.reach,
    )


def _centre_names(
    names: npt.NDArray[np.str_],
    groups: npt.NDArray[np.intp],
    suspects: tuple[CellPopulation, ...],
) -> npt.NDArray[np.str_]:
    """Return the population of each group that is not accepted as leukaemic; "" for those that are."""
    others = {
        g: one.tail_of or one.what for one in suspects if not one.accepted for g in one.groups
    }
    return np.array([name or others.get(int(g), "") for name, g in zip(names, groups, strict=True)])


def grouped_cells(
    grouped: Values,
    markers: tuple[str, ...],
    rule: Grouping,
    *,
    groups: int,
    rng: np.random.Generator,
) -> npt.NDArray[np.intp]:
    """Return the group of each of some cells.

    Args:
        grouped: (n, m) their places in decades, background levelled out.
        markers: the m axes.
        rule: how they are grouped.
        groups: into about so many.
        rng: draws the start.
    """
    weights = np.array([rule.scatter_weights.get(m, 1.0) for m in markers], dtype=np.float32)
    labels = k_means(grouped * weights, groups, rng=rng)
    spans = rule.spanning
    if spans is None:
        return labels
    stained = [j for j, m in enumerate(markers) if m not in SCATTER]
    return split_spanning(
        grouped[:, stained],
        labels,
        apart=spans.decades,
        clear=spans.clear,
        part=spans.part_percent / 100,
    )


def find_suspects(
    suspects: npt.NDArray[np.intp],
    *,
    labels: npt.NDArray[np.intp],
    rows: npt.NDArray[np.intp],
    values: Values,
    grouped: Values,
    markers: tuple[str, ...],
    references: References,
    profiles: Profiles,
    normal: Mapping[int, str] = NONE,
) -> tuple[CellPopulation, ...]:
    """Return the populations that the groups without a name form, and what each is.

    Args:
        suspects: the numbers of these groups.
        labels: (n,) the group of each event.
        rows: (n,) the events, as row numbers of the tube.
        values: (n, m) their places in decades.
        grouped: the same, background levelled out.
        markers: the m axes.
        references: what levels are told from.
        profiles: what cells look like.
        normal: the number of every other group to its name; none where these are all that is told.
    """
    found: list[CellPopulation] = []
    where: list[npt.NDArray[np.floating]] = []
    rule = profiles.joined_by
    stained = [j for j, m in enumerate(markers) if m in rule.markers]
    centres = group_medians(grouped[:, stained], labels, suspects)
    mature = np.array([g for g, name in normal.items() if name == T_CELLS], dtype=np.intp)
    ripe = group_medians(grouped[:, stained], labels, mature)

    def mature_beside(start: npt.NDArray[np.floating]) -> dict[str, Values] | None:
        """Return the T cells that touch some groups; None where there are no T cells."""
        if not mature.size:
            return None
        near = np.isin(labels, mature[reached_from(start, ripe, rule.decades)])
        return {m: grouped[near, j] for j, m in enumerate(markers)}

    left = dict(normal)
    sizes = np.bincount(labels)
    # The largest first: of two that reach the same dim cells they are its own.
    for joined in sorted(_joined(centres, rule.decades), key=lambda i: -sizes[suspects[i]].sum()):
        own = suspects[joined]
        inside = np.isin(labels, own)
        cells = {m: values[inside, j] for j, m in enumerate(markers)}
        medians = {m: np.array([median(places)], dtype=places.dtype) for m, places in cells.items()}
        levels = ClusterLevels.of(medians, references)
        together = carried_together(cells, profiles.signs.both, references)
        signs = signs_of(levels, profiles.signs, together=together)
        share = 100 * float(np.mean(inside))
        rows_asked = tuple(r for r in profiles.leukaemic if share <= (r.most_percent or 100))
        (row,) = first_fitting(levels, signs, rows_asked, profiles.levels)
        others = tuple(one for one in rows_asked if row is None or one.name != row.name)
        (second,) = first_fitting(levels, signs, others, profiles.levels)
        likely = row is not None and row.accepted
        smear = (
            row is not None
            and profiles.smear is not None
            and is_smear(
                {m: grouped[inside, j] for j, m in enumerate(markers)},
                mature_beside(centres[joined]),
                profiles.smear,
                t_level=references.t_level,
            )
        )
        beside = NOTHING_BESIDE
        if row is not None and likely and not smear:
            beside = cells_beside(
                row,
                own,
                left,
                labels=labels,
                values=values,
                markers=markers,
                profiles=profiles,
            )
            inside |= np.isin(labels, beside.own)
            left = {g: name for g, name in left.items() if g not in beside.own}
        found.append(
            CellPopulation(
                name="" if row is None else row.name,
                what="cells outside every profile" if row is None else row.what,
                groups=(*(int(g) for g in own), *beside.own),
                rows=rows[inside],
                accepted=likely and not smear and not beside.kind,
                smear=smear,
                tail_of=beside.kind,
                same_kind=beside.same,
                lacks=() if row is None else row.lacks,
                cd7_alone=row is not None and row.cd7_alone,
                immature=bool(signs.fit("some")[0])
                or float(levels.of_lymphocytes["CD45"][0]) < (profiles.signs.cd45_below or -np.inf),
                runner_up="" if second is None else second.name,
                levels={m: float(level[0]) for m, level in levels.shown().items()},
            )
        )
        where.append(centres[joined])
    if profiles.smear is not None:
        found = _with_the_young(found, where, profiles.smear)
    return tuple(sorted(found, key=lambda one: (-len(one.rows), one.groups)))


def _with_the_young(
    found: list[CellPopulation], where: list[npt.NDArray[np.floating]], rule: Smear
) -> list[CellPopulation]:
    """Return the populations, those beside a smear as a part of it: its younger cells are no clone."""
    smears = [place for one, place in zip(found, where, strict=True) if one.smear]
    told = []
    for one, place in zip(found, where, strict=True):
        beside = any(len(reached_from(smear, place, rule.beside)) for smear in smears)
        young = beside and one.accepted
        told.append(replace(one, smear=True, accepted=False) if young else one)
    return told


def _joined(centres: npt.NDArray[np.floating], decades: float) -> list[npt.NDArray[np.intp]]:
    """Return the groups that touch, directly or by others between, as lists of their indices."""
    left = set(range(len(centres)))
    found = []
    while left:
        reached = {min(left)}
        todo = list(reached)
        while todo:
            away = np.abs(centres - centres[todo.pop()]).max(axis=1)
            fresh = {int(i) for i in np.flatnonzero(away <= decades)} & (left - reached)
            reached |= fresh
            todo += fresh
        left -= reached
        found.append(np.array(sorted(reached), dtype=np.intp))
    return found
