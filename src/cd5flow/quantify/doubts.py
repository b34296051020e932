"""What speaks against a definite CD5 state, though there is a share."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from cd5flow.model.limits import Cd5Limits
from cd5flow.model.reasons import Reason
from cd5flow.model.result import CutMethod, Pattern
from cd5flow.quantify.cuts import Cut
from cd5flow.quantify.measurement import DEFINITE_CUTS, Measurement
from cd5flow.quantify.threshold import Threshold, spanning


@dataclass(frozen=True, slots=True)
class Share:
    """The share of blasts that carry CD5, and where it may lie.

    Attributes:
        positive: blasts at or above the cut.
        percent: of the blasts.
        corrected: the same without other cells that are known of; None where none are.
        ci: 95 % interval.
        band: lowest and highest over the defensible places and other cells.
    """

    positive: int
    percent: float
    corrected: float | None
    ci: tuple[float, float]
    band: tuple[float, float]


def doubts(
    share: Share,
    measured: Measurement,
    *,
    threshold: Threshold,
    pattern: Pattern,
    limits: Cd5Limits,
) -> list[Reason]:
    """Return what speaks against a definite state; nothing where one may be given."""
    n, cuts = int(measured.readout.blasts.size), measured.cuts
    reasons = []
    if n < limits.definite_blasts:
        least = limits.definite_blasts
        reasons.append(Reason("FEW_BLASTS", case="definite", blasts=n, least=least))
    reasons += spanning("CI_SPANS", share.ci, threshold)
    reasons += spanning("BAND_SPANS", share.band, threshold)
    if share.corrected is not None:
        reasons += spanning("CORRECTED_SPANS", (share.percent, share.corrected), threshold)
    method = cuts[0].method
    few_for_fmo = method is CutMethod.FMO and cuts[0].reference_events < limits.fmo_blasts
    if method not in DEFINITE_CUTS or few_for_fmo:
        reasons.append(Reason("WEAK_CUT", method=method))
    backed = _backed_by_fmo(cuts, limits)
    if cuts[0].by_hand and not backed:
        reasons.append(Reason("CUT_BY_HAND", decades=limits.disagreement_decades))
    unclear = pattern in {Pattern.DIM, Pattern.HETEROGENEOUS} and not backed
    if unclear and _reaches(measured, share, threshold):
        reasons.append(Reason("DIM_WITHOUT_FMO", pattern=pattern))
    if not threshold.met_by(share.percent):
        reasons += _hidden_by_weak_stain(measured, threshold, pattern=pattern, limits=limits)
    return reasons


def _reaches(measured: Measurement, share: Share, threshold: Threshold) -> bool:
    """Whether some cut that can be defended puts the share on the other side of the threshold.

    Without an FMO nothing says where dim CD5 begins: beside the band every cut that can be defended
    counts, those that carry no definite state among them.
    """
    blasts = measured.readout.blasts
    by_cuts = (cut.percent(blasts) for cut in measured.rivals)
    shares = [*share.band, *(percent for percent in by_cuts if percent is not None)]
    return threshold.met_by(min(shares)) != threshold.met_by(max(shares))


def _hidden_by_weak_stain(
    measured: Measurement, threshold: Threshold, *, pattern: Pattern, limits: Cd5Limits
) -> list[Reason]:
    """Return that a share below the threshold may be one of a full stain that meets it."""
    place = weak_stain_place(measured, threshold, pattern=pattern, limits=limits)
    blasts = measured.readout.blasts
    if place is None or not threshold.met_by(100 * np.count_nonzero(blasts >= place) / blasts.size):
        return []
    index = measured.stain_index
    reason = Reason(
        "STAIN_MAY_HIDE_CD5",
        index="–" if index is None else index,
        expected=limits.stain.expected_index,
        percent=100 * _part_of_full_stain(measured, pattern=pattern, limits=limits),
        rule=threshold.rule,
    )
    return [reason]


def weak_stain_place(
    measured: Measurement, threshold: Threshold, *, pattern: Pattern, limits: Cd5Limits
) -> float | None:
    """Return where the cut would lie by the laboratory's own figure for its stain, linear units.

    Blasts that just met the threshold would be, with the reagent as it should be, ``z`` SD of the
    background above the cut: ``z`` is the normal quantile of the threshold. With a part ``f`` of that
    light they move towards the negatives' centre, while the background keeps its SD; as large a share
    as the threshold then lies above ``centre + f (cut - centre) - (1 - f) z SD``.

    Returns:
        None where the stain is as it should be, or nothing tells.
    """
    part = _part_of_full_stain(measured, pattern=pattern, limits=limits)
    if part == 1.0 or measured.negatives is None:
        return None
    centre, spread = measured.negatives
    z = NormalDist().inv_cdf(min(max(threshold.percent, 1.0), 99.0) / 100)
    return centre + part * (measured.cuts[0].linear - centre) - (1 - part) * z * spread


def _part_of_full_stain(measured: Measurement, *, pattern: Pattern, limits: Cd5Limits) -> float:
    """Return how much of its usual light CD5 may have had, 0 to 1; 1 where no figure says less."""
    index, expected = measured.stain_index, limits.stain.expected_index
    if expected is None:
        return 1.0
    part = 1.0 if index is None else min(1.0, max(0.0, index / expected))
    # A valley parts carriers from the others whatever the light.
    return part if pattern is Pattern.PARTIAL else part / limits.stain.margin


def _backed_by_fmo(cuts: tuple[Cut, ...], limits: Cd5Limits) -> bool:
    """Whether the cut used is an FMO's, or one by hand that agrees with an FMO's."""
    used = cuts[0]
    if used.method is CutMethod.FMO:
        return True
    fmo = next((cut for cut in cuts if cut.method is CutMethod.FMO), None)
    if not used.by_hand or fmo is None or min(used.linear, fmo.linear) <= 0:
        return False
    return abs(float(np.log10(fmo.linear / used.linear))) <= limits.disagreement_decades


def disagreement(measured: Measurement, threshold: Threshold, limits: Cd5Limits) -> list[Reason]:
    """Return a reason for each cut of the band that gives another answer, or lies far off."""
    used, others = measured.cuts[0], measured.rivals
    blasts = measured.readout.blasts
    ours = 100 * np.count_nonzero(blasts >= used.linear) / blasts.size
    reasons = []
    for i, other in enumerate(others):
        if i > 0 and other.method not in DEFINITE_CUTS:
            continue
        theirs = 100 * np.count_nonzero(blasts >= other.linear) / blasts.size
        if threshold.met_by(ours) != threshold.met_by(theirs):
            reason = Reason(
                "CUTS_DISAGREE",
                case="shares",
                used=used.name,
                used_percent=ours,
                other=other.name,
                other_percent=theirs,
                rule=threshold.rule,
            )
            reasons.append(reason)
            continue
        if other.method not in DEFINITE_CUTS or used.linear <= 0 or other.linear <= 0:
            continue
        apart = abs(float(np.log10(other.linear / used.linear)))
        if apart > limits.disagreement_decades:
            reason = Reason(
                "CUTS_DISAGREE", case="places", other=other.name, decades=apart, used=used.name
            )
            reasons.append(reason)
    return reasons
