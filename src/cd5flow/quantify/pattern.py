"""How CD5 is spread over the blasts: the valley between two peaks, and the word for the whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cd5flow.model.limits import PatternLimits
from cd5flow.model.result import Pattern
from cd5flow.numerics.density import Dip, find_dips, profile, span
from cd5flow.numerics.order_statistics import median, quantiles
from cd5flow.quantify.cuts import Signal

Scaled = Callable[[Signal], Signal]
"""From linear units to the display scale."""

SMOOTHING = 0.015
"""Of the display scale, for the peaks of the blasts' CD5."""
FEWEST = 20
"""Events of a peak, whatever the share asked for."""


def valley_of(blasts: Signal, scaled: Scaled, *, depth: float) -> float | None:
    """Return the deepest valley among the blasts' CD5 on the display scale; None with one peak."""
    found = _dips(blasts, scaled, depth=depth, events=max(FEWEST, int(0.01 * blasts.size)))
    return max(found, key=lambda d: d.depth).place if found else None


def valleys(cells: Signal, scaled: Scaled, *, depth: float, events: int) -> tuple[float, ...]:
    """Return every valley between two peaks of a population, on the display scale, ascending.

    Args:
        cells: linear units.
        scaled: the display scale.
        depth: of a valley, at least.
        events: of either peak, at least.
    """
    return tuple(dip.place for dip in _dips(cells, scaled, depth=depth, events=events))


def pattern_of(
    blasts: Signal,
    t_cells: Signal | None,
    *,
    cut: float,
    percent: float,
    scaled: Scaled,
    limits: PatternLimits,
) -> Pattern:
    """Return the word for how CD5 is spread, by the strategy's rules in their order.

    Args:
        blasts: CD5 of the blasts, linear units.
        t_cells: of normal T cells; None where there are too few to compare with.
        cut: where CD5 begins, linear units.
        percent: share of the blasts at or above it.
        scaled: the display scale.
        limits: the rules.
    """
    if percent < limits.negative_percent:
        return Pattern.NEGATIVE
    if is_partial(blasts, scaled, limits):
        return Pattern.PARTIAL
    middle = median(blasts)
    floor = max(cut, 1e-9)
    if t_cells is not None:
        top = median(t_cells)
        bright = middle > 0 and top > 0 and np.log10(top / middle) <= limits.bright_decades
    else:
        bright = middle > 0 and np.log10(middle / floor) >= limits.bright_above_cut_decades
    if bright:
        return Pattern.BRIGHT
    if is_heterogeneous(blasts, floor=floor, limits=limits):
        return Pattern.HETEROGENEOUS
    return Pattern.DIM


def is_partial(cells: Signal, scaled: Scaled, limits: PatternLimits) -> bool:
    """Whether a valley parts cells in two; `cells` in linear units."""
    fewest = max(FEWEST, int(limits.partial_percent / 100 * cells.size))
    return bool(_dips(cells, scaled, depth=limits.partial_valley_depth, events=fewest))


def is_heterogeneous(cells: Signal, *, floor: float, limits: PatternLimits) -> bool:
    """Whether cells spread too far for one word; signals below a tenth of `floor` count as that."""
    low, high = (max(p, floor / 10) for p in quantiles(cells, (10, 90)))
    return bool(np.log10(high / low) >= limits.heterogeneous_decades)


def _dips(blasts: Signal, scaled: Scaled, *, depth: float, events: int) -> tuple[Dip, ...]:
    if blasts.size < 2 * events:
        return ()
    places = scaled(blasts)
    low, high = span(places)
    shape = profile(places, base=SMOOTHING, low=low, high=high)
    return find_dips(shape, min_depth=depth, min_events=events) if shape is not None else ()
