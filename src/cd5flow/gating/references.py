"""From which cells of a tube its marker levels are told: normal T cells, and cells without a marker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cd5flow.gating.profiles import SCATTER, Landmark

Exact = npt.NDArray[np.float64]
Picked = npt.NDArray[np.bool_]

_STAINED = 1.3
"""Decades above zero signal from which a group surely carries a marker."""
_LEAST = 0.9
"""Decades above zero signal that a landmark's further markers have."""
_DIM = 0.8
"""Decades above zero signal from which CD45 tells a leukocyte."""


@dataclass(frozen=True)
class References:
    """Where a tube's own cells lie.

    Attributes:
        t_cells: which groups are the landmark of normal T cells; none where the tube has none.
        lymphocyte: CD45, FSC and SSC of the cells that those are told from.
        told_by: which groups these are.
        told_from: the same in words.
        low_background: marker to the level of small cells that lack it.
        high_background: marker to that of granulocytes.
        granulocyte_scatter: side scatter of those.
        t_level: marker to the level of the T cells; empty where there are none.
    """

    t_cells: Picked
    told_by: Picked
    lymphocyte: Mapping[str, float]
    told_from: str
    low_background: Mapping[str, float]
    high_background: Mapping[str, float]
    granulocyte_scatter: float
    t_level: Mapping[str, float]

    def background(self, marker: str, scatter: Exact) -> Exact:
        """Return the level of cells that lack a marker, at each of some side scatters.

        Cells of more side scatter have more light of their own, on some channels more than others.
        """
        low, high = self.low_background[marker], self.high_background[marker]
        start = self.lymphocyte["SSC"]
        reach = max(self.granulocyte_scatter - start, 0.3)
        return np.asarray(low + np.clip((scatter - start) / reach, 0, 1) * (high - low))


def find_references(
    places: Mapping[str, Exact],
    events: npt.NDArray[np.integer],
    *,
    zero: Mapping[str, float],
    landmark: Landmark,
) -> References:
    """Return a tube's references.

    Args:
        places: marker to the median of each group, in decades.
        events: of each group.
        zero: marker to where zero signal lies.
        landmark: how T cells are recognised.
    """
    weights = events.astype(np.float64)
    t_cells = _t_cells(places, weights, zero, landmark)
    told_from, which = "normal T cells", t_cells
    if not t_cells.any():
        told_from, which = _others(places, weights, zero, landmark)
    lymphocyte = {m: _middle(places[m], weights, which) for m in ("CD45", *SCATTER)}
    low, high = {}, {}
    bright = (places["SSC"] > lymphocyte["SSC"] + 0.35) & (places["CD45"] > zero["CD45"] + _DIM)
    small = (
        (places["SSC"] < lymphocyte["SSC"] + 0.3)
        & (places["FSC"] > lymphocyte["FSC"] - 0.35)
        & (places["CD45"] > zero["CD45"] + 0.4)
    )
    for marker in places:
        if marker in SCATTER or marker == "CD45":
            continue
        low[marker] = _lowest(places[marker], weights, small, zero[marker])
        high[marker] = low[marker]
        if bright.any():
            there = _quantile(places[marker][bright], weights[bright], 0.4)
            high[marker] = float(np.clip(there, low[marker], low[marker] + 1.5))
    return References(
        t_cells=t_cells,
        told_by=which,
        lymphocyte=lymphocyte,
        told_from=told_from,
        low_background=low,
        high_background=high,
        granulocyte_scatter=_middle(places["SSC"], weights, bright)
        if bright.any()
        else lymphocyte["SSC"] + 0.7,
        t_level={m: _middle(places[m], weights, t_cells) for m in places} if t_cells.any() else {},
    )


def _t_cells(
    places: Mapping[str, Exact],
    weights: Exact,
    zero: Mapping[str, float],
    landmark: Landmark,
) -> Picked:
    """Return the groups of normal T cells.

    Of the groups that every marker allows, those that agree best with all of them and hold enough
    events together; a few events beyond every population do not.
    """
    none = np.zeros(len(weights), dtype=np.bool_)
    if landmark.bright not in places:
        return none
    allowed = _may_be_t(places, zero, landmark)
    score = places[landmark.bright] - zero[landmark.bright]
    for marker in landmark.positive:
        if marker in places:
            score = score + places[marker] - zero[marker]
    either = [places[m] - zero[m] for m in landmark.either if m in places]
    if either:
        score = score + 0.5 * np.maximum.reduce(either)
    score = score + places["CD45"] - zero["CD45"]
    leukocytes = places["CD45"] > zero["CD45"] + 1
    if leukocytes.any():
        small = _quantile(places["SSC"][leukocytes], weights[leukocytes], 0.2)
        score = score - 0.7 * np.abs(places["SSC"] - small)
    enough = max(landmark.events, landmark.percent / 100 * weights.sum())
    for i in np.argsort(-np.where(allowed, score, -np.inf), kind="stable"):
        if not allowed[i]:
            break
        alike = allowed & (np.abs(score - score[i]) < 0.8)
        alike &= _near(
            places, {m: float(places[m][i]) for m in _SIZES | {landmark.bright}}, landmark
        )
        if weights[alike].sum() >= enough:
            return _settled(places, weights, allowed, alike, landmark)
    return none


_SIZES = {"CD45", *SCATTER}


def _settled(
    places: Mapping[str, Exact],
    weights: Exact,
    allowed: Picked,
    alike: Picked,
    landmark: Landmark,
) -> Picked:
    """Return the groups around the middle of those found, until that settles."""
    for _ in range(2):
        middle = {m: _middle(places[m], weights, alike) for m in _SIZES | {landmark.bright}}
        moved = allowed & _near(places, middle, landmark)
        if not moved.any():
            break
        alike = moved
    return alike


def _near(places: Mapping[str, Exact], middle: Mapping[str, float], landmark: Landmark) -> Picked:
    """Return which groups lie as near to a place as one population of lymphocytes does."""
    reach = {landmark.bright: 0.6, "CD45": 0.35, "SSC": 0.3, "FSC": 0.25}
    return np.asarray(
        np.logical_and.reduce([np.abs(places[m] - middle[m]) < reach[m] for m in reach])
    )


def _may_be_t(places: Mapping[str, Exact], zero: Mapping[str, float], landmark: Landmark) -> Picked:
    allowed = places[landmark.bright] > zero[landmark.bright] + _STAINED
    allowed &= places["CD45"] > zero["CD45"] + 1
    for marker in landmark.positive:
        if marker in places:
            allowed &= places[marker] > zero[marker] + _LEAST
    for marker, above in landmark.absent.items():
        if marker in places:
            allowed &= places[marker] <= zero[marker] + above
    both = landmark.both_absent
    if both is not None and set(both.markers) <= set(places):
        first, second = both.markers
        allowed &= ~(
            (places[first] > zero[first] + both.above)
            & (places[second] > zero[second] + both.above)
        )
    return np.asarray(allowed)


def _others(
    places: Mapping[str, Exact],
    weights: Exact,
    zero: Mapping[str, float],
    landmark: Landmark,
) -> tuple[str, Picked]:
    """Return the cells that stand in for T cells: other lymphocytes, else the main population."""
    leukocytes = places["CD45"] > zero["CD45"] + 1
    mature = leukocytes.copy()
    for marker, above in landmark.absent.items():
        if marker in places and marker != "CD19":
            mature &= places[marker] < zero[marker] + above
    for marker in (landmark.bright, *landmark.positive):
        if marker in places:
            mature &= places[marker] < zero[marker] + 1.6
    if mature.any():
        top = _quantile(places["CD45"][mature], weights[mature], 0.97)
        found = mature & (places["CD45"] > top - 0.4)
        found &= places["SSC"] < places["SSC"][found].min() + 0.3
        if weights[found].sum() >= landmark.events:
            return "other lymphocytes", found
    every = leukocytes if leukocytes.any() else np.ones(len(weights), dtype=np.bool_)
    middle = _middle(places["CD45"], weights, every)
    return "the main population", every & (np.abs(places["CD45"] - middle) < 0.5)


def _lowest(values: Exact, weights: Exact, which: Picked, zero: float) -> float:
    """Return the level of cells that lack a marker: the lowest mode that holds a part of the cells."""
    if not which.any():
        return zero + 0.6
    mode = _lowest_mode(values[which], weights[which])
    # Where every cell carries the marker there is no such mode, and zero signal is all that tells.
    return float(np.clip(mode, zero + 0.2, zero + 1.2)) if mode < zero + 1.4 else zero + 0.7


def _lowest_mode(
    values: Exact, weights: Exact, *, width: float = 0.18, part: float = 0.03
) -> float:
    """Return the lowest mode of group medians, smoothed, with at least a part of the weight by it."""
    places = np.linspace(values.min() - 0.3, values.max() + 0.3, 200)
    density = (weights * np.exp(-0.5 * ((places[:, None] - values) / width) ** 2)).sum(axis=1)
    inner = density[1:-1]
    tops = 1 + np.flatnonzero((inner >= density[:-2]) & (inner >= density[2:]))
    for top in tops:
        near = np.abs(values - places[top]) < 0.4
        if weights[near].sum() >= part * weights.sum():
            return float(places[top])
    return float(values.min())


def _middle(values: Exact, weights: Exact, which: Picked) -> float:
    return _quantile(values[which], weights[which], 0.5)


def _quantile(values: Exact, weights: Exact, share: float) -> float:
    """Return a weighted quantile: the least value with that share of the weight at or below it."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, share * reached[-1])])
