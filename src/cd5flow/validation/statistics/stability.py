"""How a specimen's result moves with the hours from its collection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from cd5flow.validation.statistics.arrays import Interval, Numbers, mean_interval, pairs


@dataclass(frozen=True, slots=True)
class Change:
    """The change from the first hours to these, over specimens: mean with Student's interval."""

    hours: float
    n: int
    mean: float
    ci95: Interval | None


def changes_over_time(
    specimens: Sequence[str], hours: Numbers, values: Numbers
) -> tuple[Change, ...]:
    """Return the mean change of specimens from their own earliest result, hour by hour.

    Args:
        specimens: (n,) whose result it is.
        hours: (n,) from collection.
        values: (n,) results; those of one specimen at the same hours are taken as their mean.
    """
    at, value = pairs(hours, values)
    by_specimen: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for name, hour, one in zip(specimens, at.tolist(), value.tolist(), strict=True):
        by_specimen[name][hour].append(one)
    moved: dict[float, list[float]] = defaultdict(list)
    for series in by_specimen.values():
        first = min(series)
        for hour, found in series.items():
            if hour > first:
                moved[hour].append(float(np.mean(found)) - float(np.mean(series[first])))
    return tuple(
        Change(hour, len(found), float(np.mean(found)), mean_interval(found))
        for hour, found in sorted(moved.items())
    )


def stable_hours(changes: Sequence[Change], *, within: float) -> float | None:
    """Return the last hours up to which every mean change keeps within a goal; None where none does.

    Source: the classical design of CLSI EP25, by the change itself, not by its significance.
    """
    kept = takewhile(lambda one: abs(one.mean) <= within, changes)
    return max((one.hours for one in kept), default=None)
