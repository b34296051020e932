"""What a weak stain with CD5 may have hidden, by the laboratory's own figure for it."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from cd5flow.criteria.asked import ShareRule
from cd5flow.model.basis_sections import WeakStainBasis
from cd5flow.model.limits import Cd5Limits
from cd5flow.model.result import CutMethod, Pattern
from cd5flow.quantify.measurement import Measurement


def weak_stain(
    measured: Measurement, place: float | None, *, pattern: Pattern, limits: Cd5Limits
) -> WeakStainBasis | None:
    """Return what a full stain would have shown; None where it would show the same.

    Args:
        measured: the tube's signals.
        place: see `weak_stain_place`.
        pattern: of the blasts.
        limits: the strategy's.
    """
    if place is None:
        return None
    blasts = measured.readout.blasts
    return WeakStainBasis(
        part_percent=100 * _part_of_full_stain(measured, pattern=pattern, limits=limits),
        percent=100 * np.count_nonzero(blasts >= place) / blasts.size,
    )


def weak_stain_place(
    measured: Measurement, threshold: ShareRule, *, pattern: Pattern, limits: Cd5Limits
) -> float | None:
    """Return where the band's lowest cut would lie by the laboratory's own figure, linear units.

    Blasts that just met the threshold would be, with the reagent as it should be, ``z`` SD of the
    background above the cut: ``z`` is the normal quantile of the threshold. With a part ``f`` of that
    light they move towards the negatives' centre, while the background keeps its SD; as large a share
    as the threshold then lies above ``centre + f (cut - centre) - (1 - f) z SD``. The cut is the lowest
    that can be defended: the shift adds to what is unsure of the cut, it does not stand in for it. Where
    negative cells of the tube placed it, it is lower because they may shine more than the blasts do by
    themselves: their centre and SD are lower by the same factor then.

    Returns:
        None where the stain is as it should be, or nothing tells.
    """
    part = _part_of_full_stain(measured, pattern=pattern, limits=limits)
    if part == 1.0 or measured.negatives is None:
        return None
    lowest = min(measured.defensible)
    centre, spread = _as_of_the_blasts(measured, measured.negatives, lowest)
    z = NormalDist().inv_cdf(min(max(threshold.threshold_percent, 1.0), 99.0) / 100)
    return centre + part * (lowest - centre) - (1 - part) * z * spread


def _as_of_the_blasts(
    measured: Measurement, negatives: tuple[float, float], lowest: float
) -> tuple[float, float]:
    """Return centre and SD of the negatives as they are where the lowest cut is the right one."""
    used, (centre, spread) = measured.cuts[0], negatives
    if (
        used.method is not CutMethod.INTERNAL_NEGATIVE
        or centre <= 0
        or not 0 < lowest < used.linear
    ):
        return negatives
    factor = lowest / used.linear
    return factor * centre, factor * spread


def _part_of_full_stain(measured: Measurement, *, pattern: Pattern, limits: Cd5Limits) -> float:
    """Return how much of its usual light CD5 may have had, 0 to 1; 1 where no figure says less."""
    index, expected = measured.stain_index, limits.stain.expected_index
    if expected is None:
        return 1.0
    part = 1.0 if index is None else min(1.0, max(0.0, index / expected))
    # A valley parts carriers from the others whatever the light.
    return part if pattern is Pattern.PARTIAL else part / limits.stain.margin
