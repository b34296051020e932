"""Whether a population stands apart from normal cells that look like it but for one marker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.gating.profiles import Apart
from cd5flow.numerics.density import find_dips, profile, span

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
    ends = sorted((float(np.median(own)), float(np.median(others))))
    dips = find_dips(shape, min_depth=rule.depth, min_events=rule.events)
    return any(ends[0] < dip.place < ends[1] for dip in dips)
