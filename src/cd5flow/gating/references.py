"""From which cells of a tube its marker levels are told: normal T cells, and cells without a marker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cd5flow.gating.profile_limits import References as Limits
from cd5flow.gating.profile_limits import SmallCellBackground
from cd5flow.gating.profiles import SCATTER, Landmark

Exact = npt.NDArray[np.float64]
Picked = npt.NDArray[np.bool_]


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
        granulocyte_scatter: side scatter of those,
        least_scatter: and at least so many decades above lymphocytes.
        t_level: marker to the level of the T cells; empty where there are none.
    """

    t_cells: Picked
    told_by: Picked
    lymphocyte: Mapping[str, float]
    told_from: str
    low_background: Mapping[str, float]
    high_background: Mapping[str, float]
    granulocyte_scatter: float
    least_scatter: float
    t_level: Mapping[str, float]

    def background(self, marker: str, scatter: Exact) -> Exact:
        """Return the level of cells that lack a marker, at each of some side scatters.

        Cells of more side scatter have more light of their own, on some channels more than others.
        """
        low, high = self.low_background[marker], self.high_background[marker]
        start = self.lymphocyte["SSC"]
        reach = max(self.granulocyte_scatter - start, self.least_scatter)
        return np.asarray(low + np.clip((scatter - start) / reach, 0, 1) * (high - low))


def find_references(
    places: Mapping[str, Exact],
    events: npt.NDArray[np.integer],
    *,
    zero: Mapping[str, float],
    landmark: Landmark,
    limits: Limits,
) -> References:
    """Return a tube's references.

    Args:
        places: marker to the median of each group, in decades.
        events: of each group.
        zero: marker to where zero signal lies.
        landmark: how T cells are recognised.
        limits: from which cells levels are told.
    """
    weights = events.astype(np.float64)
    t_cells = _t_cells(places, weights, zero, landmark, limits)
    told_from, which = "normal T cells", t_cells
    if not t_cells.any():
        told_from, which = _others(places, weights, zero, landmark, limits)
    lymphocyte = {m: _middle(places[m], weights, which) for m in ("CD45", *SCATTER)}
    low, high = {}, {}
    much, little = limits.granulocytes, limits.small_cells
    bright = (places["SSC"] > lymphocyte["SSC"] + much.ssc_above) & (
        places["CD45"] > zero["CD45"] + much.cd45_above
    )
    small = (
        (places["SSC"] < lymphocyte["SSC"] + little.ssc_below)
        & (places["FSC"] > lymphocyte["FSC"] + little.fsc_above)
        & (places["CD45"] > zero["CD45"] + little.cd45_above)
    )
    for marker in places:
        if marker in SCATTER or marker == "CD45":
            continue
        low[marker] = _lowest(places[marker], weights, small, zero[marker], little)
        high[marker] = low[marker]
        if bright.any():
            there = _quantile(places[marker][bright], weights[bright], much.percentile / 100)
            high[marker] = float(np.clip(there, low[marker], low[marker] + much.at_most))
    return References(
        t_cells=t_cells,
        told_by=which,
        lymphocyte=lymphocyte,
        told_from=told_from,
        low_background=low,
        high_background=high,
        granulocyte_scatter=_middle(places["SSC"], weights, bright)
        if bright.any()
        else lymphocyte["SSC"] + much.usual_ssc,
        least_scatter=much.least_ssc,
        t_level={m: _middle(places[m], weights, t_cells) for m in places} if t_cells.any() else {},
    )


def _leukocytes(places: Mapping[str, Exact], zero: Mapping[str, float], limits: Limits) -> Picked:
    return np.asarray(places["CD45"] > zero["CD45"] + limits.leukocyte_cd45)


def _t_cells(
    places: Mapping[str, Exact],
    weights: Exact,
    zero: Mapping[str, float],
    landmark: Landmark,
    limits: Limits,
) -> Picked:
    """Return the groups of normal T cells.

    Of the groups that every marker allows, those that agree best with all of them and hold enough
    events together; a few events beyond every population do not.
    """
    none = np.zeros(len(weights), dtype=np.bool_)
    if landmark.bright not in places:
        return none
    leukocytes = _leukocytes(places, zero, limits)
    allowed = leukocytes & _may_be_t(places, weights, zero, landmark, leukocytes)
    if leukocytes.any():
        least = _least_scatter(places, weights, landmark, leukocytes)
        allowed &= places["SSC"] < least + landmark.ssc_above
    score = _agreement(places, weights, zero, landmark, leukocytes)
    enough = max(landmark.events, landmark.percent / 100 * weights.sum())
    for i in np.argsort(-np.where(allowed, score, -np.inf), kind="stable"):
        if not allowed[i]:
            break
        alike = allowed & (np.abs(score - score[i]) < landmark.agreement.alike)
        alike &= _near(
            places, {m: float(places[m][i]) for m in _SIZES | {landmark.bright}}, landmark
        )
        if weights[alike].sum() >= enough:
            return _settled(places, weights, allowed, alike, landmark)
    return none


def _agreement(
    places: Mapping[str, Exact],
    weights: Exact,
    zero: Mapping[str, float],
    landmark: Landmark,
    leukocytes: Picked,
) -> Exact:
    """Return how well each group agrees with all that is known of normal T cells."""
    rule = landmark.agreement
    score = places[landmark.bright] - zero[landmark.bright]
    for marker in landmark.positive:
        if marker in places:
            score = score + places[marker] - zero[marker]
    either = [places[m] - zero[m] for m in landmark.either if m in places]
    if either:
        score = score + rule.either * np.maximum.reduce(either)
    score = score + places["CD45"] - zero["CD45"]
    if leukocytes.any():
        small = _least_scatter(places, weights, landmark, leukocytes)
        score = score - rule.scatter * np.abs(places["SSC"] - small)
    return score


def _least_scatter(
    places: Mapping[str, Exact], weights: Exact, landmark: Landmark, leukocytes: Picked
) -> float:
    """Return the side scatter of the leukocytes with little of it, as lymphocytes have."""
    share = landmark.agreement.small_percent / 100
    return _quantile(places["SSC"][leukocytes], weights[leukocytes], share)


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
    extent = landmark.extent
    reach = {landmark.bright: extent.bright, "CD45": extent.CD45}
    reach |= {"SSC": extent.SSC, "FSC": extent.FSC}
    return np.asarray(
        np.logical_and.reduce([np.abs(places[m] - middle[m]) < reach[m] for m in reach])
    )


def _may_be_t(
    places: Mapping[str, Exact],
    weights: Exact,
    zero: Mapping[str, float],
    landmark: Landmark,
    leukocytes: Picked,
) -> Picked:
    allowed = places[landmark.bright] > zero[landmark.bright] + landmark.bright_above
    for marker in landmark.positive:
        if marker in places:
            allowed &= places[marker] > zero[marker] + landmark.positive_above
    for marker, above in landmark.absent.items():
        if marker in places:
            limit = zero[marker] + above
            least = landmark.absent_of_least
            if least is not None and marker in least.above and leukocytes.any():
                shown, share = places[marker][leukocytes], least.percent / 100
                of_least = _quantile(shown, weights[leukocytes], share) + least.above[marker]
                limit = max(limit, min(of_least, zero[marker] + least.at_most))
            allowed &= places[marker] <= limit
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
    limits: Limits,
) -> tuple[str, Picked]:
    """Return the cells that stand in for T cells: other lymphocytes, else the main population."""
    rule = limits.stand_in
    leukocytes = _leukocytes(places, zero, limits)
    mature = leukocytes.copy()
    for marker, above in landmark.absent.items():
        if marker in places and marker != "CD19":
            mature &= places[marker] < zero[marker] + above
    for marker in (landmark.bright, *landmark.positive):
        if marker in places:
            mature &= places[marker] < zero[marker] + rule.lacks_above
    if mature.any():
        top = _quantile(places["CD45"][mature], weights[mature], rule.bright_percent / 100)
        found = mature & (places["CD45"] > top - rule.cd45_below)
        found &= places["SSC"] < places["SSC"][found].min() + rule.ssc_above
        usual = _middle(places["CD45"], weights, leukocytes) - rule.cd45_not_below
        bright = found.any() and _middle(places["CD45"], weights, found) > usual
        if bright and weights[found].sum() >= landmark.events:
            return "other lymphocytes", found
    every = leukocytes if leukocytes.any() else np.ones(len(weights), dtype=np.bool_)
    middle = _middle(places["CD45"], weights, every)
    return "the main population", every & (np.abs(places["CD45"] - middle) < rule.cd45_around)


def _lowest(
    values: Exact, weights: Exact, which: Picked, zero: float, rule: SmallCellBackground
) -> float:
    """Return the level of cells that lack a marker: the lowest mode that holds a part of the cells."""
    if not which.any():
        return zero + rule.otherwise
    mode = _lowest_mode(values[which], weights[which], rule)
    # Where every cell carries the marker there is no such mode, and zero signal is all that tells.
    if mode >= zero + rule.none_above:
        return zero + rule.otherwise
    return float(np.clip(mode, zero + rule.lowest, zero + rule.highest))


def _lowest_mode(values: Exact, weights: Exact, rule: SmallCellBackground) -> float:
    """Return the lowest mode of group medians, smoothed, with at least a part of the weight by it."""
    places = np.linspace(values.min() - 0.3, values.max() + 0.3, 200)
    bumps = np.exp(-0.5 * ((places[:, None] - values) / rule.width) ** 2)
    density = (weights * bumps).sum(axis=1)
    inner = density[1:-1]
    tops = 1 + np.flatnonzero((inner >= density[:-2]) & (inner >= density[2:]))
    for top in tops:
        near = np.abs(values - places[top]) < rule.near
        if weights[near].sum() >= rule.share_percent / 100 * weights.sum():
            return float(places[top])
    return float(values.min())


def _middle(values: Exact, weights: Exact, which: Picked) -> float:
    return _quantile(values[which], weights[which], 0.5)


def _quantile(values: Exact, weights: Exact, share: float) -> float:
    """Return a weighted quantile: the least value with that share of the weight at or below it."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, share * reached[-1])])
