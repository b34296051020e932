"""Normal thymocytes told from a clone: a smear of maturation that ends in the T cells."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.gating.profiles import Smear
from cd5flow.numerics.order_statistics import median, quantile, quantiles

Values = npt.NDArray[np.float32]
Picked = npt.NDArray[np.bool_]
Centres = npt.NDArray[np.floating]

NOT_TOLD: Final[Mapping[str, float]] = MappingProxyType({})
"""No level of any marker."""
_FEWEST: Final = 20
"""Of fewer cells no shape can be told."""


def reached_from(start: Centres, others: Centres, decades: float) -> npt.NDArray[np.intp]:
    """Return which other groups touch some groups, directly or by others between.

    Args:
        start: (n, m) places of the groups begun with.
        others: (k, m) places of the groups asked about.
        decades: how far apart two may lie on every axis and touch.
    """
    found: set[int] = set()
    todo = list(start)
    while todo and len(found) < len(others):
        away = np.abs(others - todo.pop()).max(axis=1)
        fresh = {int(i) for i in np.flatnonzero(away <= decades)} - found
        found |= fresh
        todo += [others[i] for i in sorted(fresh)]
    return np.array(sorted(found), dtype=np.intp)


def is_smear(
    values: Mapping[str, Values],
    mature: Mapping[str, Values] | None,
    rule: Smear,
    *,
    t_level: Mapping[str, float] = NOT_TOLD,
) -> bool:
    """Whether cells mature from young to old without a gap.

    Along the axis of age they reach far, markers rise and fall together with it, and the way to the
    T cells is filled, or ends near them. A clone is tight, or stands apart from the T cells.

    Args:
        values: marker to the places of the cells asked about, in decades, background levelled out.
        mature: the same of the T cells that touch them, directly or by others between; None where
            the tube has no T cells, and the cells' own shape is all that tells.
        rule: how a smear looks.
        t_level: marker to the place of the normal T cells; empty where there are none.
    """
    if rule.axis not in values:
        return False
    own = values[rule.axis].astype(np.float64)
    if own.size < _FEWEST:
        return False
    if _matures(values, rule, rule.correlation) and _ends_near(values, t_level, rule):
        return True
    if mature is None or mature[rule.axis].size < _FEWEST:
        return False
    if not _is_filled(own, mature[rule.axis].astype(np.float64), rule):
        return False
    both = {m: np.concatenate([places, mature[m]]) for m, places in values.items()}
    return _matures(both, rule, rule.correlation_to_t_cells)


def _matures(values: Mapping[str, Values], rule: Smear, correlation: float) -> bool:
    """Whether cells reach far along the axis of age, and markers rise and fall together with it."""
    axis = values[rule.axis].astype(np.float64)
    low, high = quantiles(axis, (10, 90))
    if high - low < rule.decades:
        return False
    signed = [(m, 1.0) for m in rule.rises] + [(m, -1.0) for m in rule.falls]
    with np.errstate(invalid="ignore"):
        together = [
            sign * float(np.corrcoef(axis, values[marker])[0, 1])
            for marker, sign in signed
            if marker in values
        ]
    return bool(together) and float(np.mean(together)) >= correlation


def _ends_near(values: Mapping[str, Values], t_level: Mapping[str, float], rule: Smear) -> bool:
    """Whether the oldest tenth of cells lies near the normal T cells, where these are known."""
    axis = values[rule.axis]
    oldest = axis >= quantile(axis, 90)
    return all(
        median(values[marker][oldest]) >= t_level[marker] - decades
        for marker, decades in rule.ends.items()
        if marker in values and marker in t_level
    )


def _is_filled(own: npt.NDArray[np.float64], old: npt.NDArray[np.float64], rule: Smear) -> bool:
    """Whether cells lie in the middle of the way from the younger to the older."""
    young, ripe = median(own), median(old)
    third = (ripe - young) / 3
    if 3 * third < rule.decades / 2:
        return False
    axis = np.concatenate([own, old])
    between = np.count_nonzero((axis > young + third) & (axis < ripe - third))
    return bool(100 * between >= rule.middle_percent * min(own.size, old.size))
