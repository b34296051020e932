"""Whether a population stands apart from normal cells that look like it but for one marker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.gating.profile_limits import Apart
from cd5flow.gating.profiles import ProfileRow, Profiles
from cd5flow.numerics.density import find_dips, profile, span
from cd5flow.numerics.kmeans import group_medians
from cd5flow.numerics.order_statistics import median

Values = npt.NDArray[np.float32]
Picked = npt.NDArray[np.bool_]

_SMOOTHING: Final = 0.1
"""Decades over which a density is smoothed at 2,000 events and more."""


def neighbours_but_for(
    marker: str,
    own: Mapping[str, npt.NDArray[np.float64]],
    others: Mapping[str, npt.NDArray[np.float64]],
    *,
    rule: Apart,
) -> Picked:
    """Return which other groups lie beside some groups on every axis of a rule but one marker.

    Args:
        marker: the axis on which they may differ.
        own: axis to the middle of each group of the population, in decades.
        others: the same of the groups asked about.
        rule: the axes and how near is near.
    """
    axes = [axis for axis in rule.axes if axis in own and axis != marker]
    near = [np.abs(others[axis][:, None] - own[axis][None, :]) <= rule.axes[axis] for axis in axes]
    return np.asarray(np.logical_and.reduce(near).any(axis=1))


def stands_apart(own: Values, others: Values, *, rule: Apart) -> bool:
    """Whether a valley lies between two sets of cells on one axis.

    Where the other cells are too few beside these to show a second peak, nothing speaks against it.

    Args:
        own: places of the population on the axis, in decades.
        others: of the cells it is told from.
        rule: how many others are asked, and how deep a valley.
    """
    if len(others) < max(rule.events, rule.part_percent / 100 * len(own)):
        return True
    both = np.concatenate([own, others])
    low, high = span(both)
    shape = profile(both, base=_SMOOTHING, low=low, high=high)
    if shape is None:
        return False
    ends = sorted((median(own), median(others)))
    dips = find_dips(shape, min_depth=rule.depth, min_events=rule.events)
    return any(ends[0] < dip.place < ends[1] for dip in dips)


@dataclass(frozen=True)
class Beside:
    """What the normal cells that lie beside a population say of it.

    Attributes:
        kind: the normal cells of which it may be the tail; "" where it stands apart.
        same: whether it is a part of these, and no population of its own.
        own: the numbers of groups that are its own dim part.
    """

    kind: str = ""
    same: bool = False
    own: tuple[int, ...] = ()


NOTHING_BESIDE: Final = Beside()


def cells_beside(
    row: ProfileRow,
    own: npt.NDArray[np.intp],
    normal: Mapping[int, str],
    *,
    labels: npt.NDArray[np.intp],
    values: Values,
    markers: tuple[str, ...],
    profiles: Profiles,
) -> Beside:
    """Return what the normal cells beside a population say of it.

    They look like it but for the marker of its row, and no valley parts it from them. Where they are
    fewer, and nothing but a lack names them, they are its own dim part; else it may be their bright one.

    Args:
        row: the leukaemic profile that it fits.
        own: the numbers of its groups.
        normal: the number of every normal group to its name.
        labels: (n,) the group of each event.
        values: (n, m) their places in decades.
        markers: the m axes.
        profiles: when cells are apart, and what is proven.
    """
    rule, marker = profiles.apart, row.apart_by
    if rule is None or marker is None or marker not in markers or not normal:
        return NOTHING_BESIDE
    look = _Looked(own, labels, values, markers, rule)
    part = _part_of_a_kind(look, normal, marker)
    if part.kind:
        return part
    numbers = np.array(sorted(normal), dtype=np.intp)
    beside = look.neighbours(numbers, marker, {})
    if look.apart(beside, marker):
        return NOTHING_BESIDE
    proven = {one.name for one in profiles.normal if one.has_evidence(markers, profiles.levels)}
    named = Counter(normal[int(g)] for g in labels[np.isin(labels, beside)])
    known = Counter({name: n for name, n in named.items() if name in proven})
    events = int(np.isin(labels, own).sum())
    if known.total() >= max(rule.events, rule.part_percent / 100 * events):
        return Beside(known.most_common(1)[0][0])
    if named.total() >= events:
        return Beside(named.most_common(1)[0][0])
    return Beside(own=tuple(int(g) for g in beside if normal[int(g)] not in proven))


def _part_of_a_kind(look: _Looked, normal: Mapping[int, str], marker: str) -> Beside:
    """Return of which kind of normal cells, asked by itself, a population is a part.

    Other cells between may show a valley that parts it from them, but not from this kind.
    """
    for kind, rule in look.rule.kinds.items():
        if not set(rule.axes) & set(look.markers):
            continue
        groups = np.array(sorted(g for g, name in normal.items() if name == kind), dtype=np.intp)
        near = look.neighbours(groups, marker, rule.axes) if len(groups) else groups
        parting = {marker, *rule.parted_by} & set(look.markers)
        if not any(look.apart(near, axis) for axis in parting):
            inside, around = np.isin(look.labels, look.own), np.isin(look.labels, groups)
            return Beside(kind, same=bool(inside.sum() < around.sum()))
    return NOTHING_BESIDE


@dataclass(frozen=True)
class _Looked:
    """A population among the groups of a tube's cells.

    Attributes:
        own: the numbers of its groups.
        labels: (n,) the group of each event.
        values: (n, m) their places in decades.
        markers: the m axes.
        rule: when cells are apart.
    """

    own: npt.NDArray[np.intp]
    labels: npt.NDArray[np.intp]
    values: Values
    markers: tuple[str, ...]
    rule: Apart

    def neighbours(
        self, groups: npt.NDArray[np.intp], marker: str, axes: Mapping[str, float]
    ) -> npt.NDArray[np.intp]:
        """Return which groups lie beside it on every axis, further ones among them, but a marker."""
        rule = self.rule.model_copy(update={"axes": {**self.rule.axes, **axes}})
        beside = neighbours_but_for(
            marker, self._middles(self.own), self._middles(groups), rule=rule
        )
        return groups[beside]

    def apart(self, groups: npt.NDArray[np.intp], axis: str) -> bool:
        """Whether a valley on an axis parts it from some groups, or these are too few to be asked."""
        places = self.values[:, self.markers.index(axis)]
        inside, near = np.isin(self.labels, self.own), np.isin(self.labels, groups)
        return stands_apart(places[inside], places[near], rule=self.rule)

    def _middles(self, groups: npt.NDArray[np.intp]) -> dict[str, npt.NDArray[np.float64]]:
        each = group_medians(self.values, self.labels, groups)
        return {m: each[:, j] for j, m in enumerate(self.markers)}
