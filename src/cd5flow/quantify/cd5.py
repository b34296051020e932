"""CD5 on the blasts: the share, how sure it is, and what may be said of it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from cd5flow.model.limits import Cd5Limits
from cd5flow.model.populations import Lineage
from cd5flow.model.reasons import Reason, codes
from cd5flow.model.result import Cd5Section, Cd5State, CutMethod, Pattern
from cd5flow.quantify.contamination import Neighbour, contamination
from cd5flow.quantify.cuts import Cut
from cd5flow.quantify.described import (
    contamination_sections,
    cut_section,
    intensity,
    medians,
    t_cell_section,
)
from cd5flow.quantify.measurement import DEFINITE_CUTS, Cd5Axis, Measurement, measure
from cd5flow.quantify.pattern import pattern_of
from cd5flow.quantify.statistics import interval

__all__ = ["Cd5Axis", "Circumstances", "Measurement", "Threshold", "judge_cd5", "measure"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """The protocol's rule: percent and whether equal is enough."""

    percent: float
    operator: str

    def met_by(self, percent: float) -> bool:
        """Whether an unrounded percentage meets it."""
        return percent >= self.percent if self.operator == ">=" else percent > self.percent

    @property
    def rule(self) -> str:
        """What is asked for, as ``>= 70 %``."""
        return f"{self.operator} {self.percent:g} %"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else bears on the state.

    Attributes:
        has_cd5: whether the panel holds CD5.
        panel_gap: markers without which no blasts can be told ("CD45"); empty where none is
            missing.
        compensated: whether compensation is known.
        lineage: what the blasts are, and what that rests on.
        blast_events: events in the blast gate.
        quality_fail: whether states are withheld.
        neighbours: other cells that may lie in the blast gate.
    """

    has_cd5: bool
    panel_gap: tuple[str, ...]
    compensated: bool
    lineage: Lineage
    blast_events: int
    quality_fail: bool
    neighbours: tuple[Neighbour, ...] = ()


def judge_cd5(
    measured: Measurement | None,
    *,
    threshold: Threshold,
    limits: Cd5Limits,
    circumstances: Circumstances,
) -> Cd5Section:
    """Return the CD5 section of the result.

    Args:
        measured: the tube's signals and cuts; None where there is no CD5.
        threshold: the protocol's rule.
        limits: the strategy's.
        circumstances: what else bears on the state.
    """
    blockers = _blockers(limits, circumstances)
    n = circumstances.blast_events
    if measured is None:
        return _section(threshold, Cd5State.NOT_EVALUABLE, blockers, n)
    few = _without_signal(measured, limits, n) if circumstances.lineage.cluster else []
    blockers += few or _unproven(measured, limits)
    if codes(blockers) - {"QUALITY_FAIL"}:
        # A cut on a signal of unknown make-up is no cut.
        shown = measured if circumstances.compensated else None
        return _section(threshold, Cd5State.NOT_EVALUABLE, blockers, n, measured=shown)
    blasts, cut = measured.readout.blasts, measured.cuts[0]
    positive = int(np.count_nonzero(blasts >= cut.linear))
    percent = 100 * positive / blasts.size
    ci = interval(positive, int(blasts.size), method=limits.interval)
    assert ci is not None  # noqa: S101 - there are blasts
    share = _Share(positive, percent, ci, _band(measured, circumstances.neighbours))
    pattern = pattern_of(
        blasts,
        measured.t_cells,
        cut=cut.linear,
        percent=percent,
        scaled=measured.axis.scaled,
        limits=limits.pattern,
    )
    state, reasons = _state(share, measured, threshold=threshold, pattern=pattern, limits=limits)
    if blockers:  # quality alone: whatever else blocks has no number to show
        shown_all_the_same = Reason("QUALITY_FAIL", case="numbers_shown")
        state, reasons = Cd5State.NOT_EVALUABLE, [shown_all_the_same, *reasons]
    section = _section(
        threshold, state, reasons, int(blasts.size), measured=measured, share=share, pattern=pattern
    )
    others = contamination_sections(circumstances.neighbours, int(blasts.size), place=cut.linear)
    notes = etp_notes(percent, threshold=threshold, limits=limits)
    told = {"contamination": others, "notes": notes, "ci_method": limits.interval}
    return section.model_copy(update=told)


@dataclass(frozen=True, slots=True)
class _Share:
    positive: int
    percent: float
    ci: tuple[float, float]
    band: tuple[float, float]


def _blockers(limits: Cd5Limits, circumstances: Circumstances) -> list[Reason]:
    """Return why no state can be given, as far as it does not depend on a cut."""
    n = circumstances.blast_events
    blockers = []
    if not circumstances.has_cd5:
        blockers.append(Reason("NO_CD5"))
    if circumstances.panel_gap:
        missing = circumstances.panel_gap
        blockers.append(Reason("LINEAGE_UNPROVEN", case="panel", missing=missing))
    elif not circumstances.lineage.is_proven:
        blockers.append(Reason("LINEAGE_UNPROVEN", case="no_proof"))
    if not circumstances.compensated:
        blockers.append(Reason("NOT_COMPENSATED"))
    if not circumstances.lineage.cluster:
        blockers.append(Reason("FEW_BLASTS", case="no_cluster", blasts=n))
    elif n < limits.evaluable_blasts:
        least = limits.evaluable_blasts
        blockers.append(Reason("FEW_BLASTS", case="evaluable", blasts=n, least=least))
    if circumstances.quality_fail:
        blockers.append(Reason("QUALITY_FAIL", case="no_state"))
    return blockers


def _without_signal(measured: Measurement, limits: Cd5Limits, blasts: int) -> list[Reason]:
    """Return that too few of the blasts have a CD5 value that is a number; mostly they all have."""
    usable = int(measured.readout.blasts.size)
    if usable >= limits.evaluable_blasts or blasts < limits.evaluable_blasts or not usable < blasts:
        return []
    fewest = limits.evaluable_blasts
    return [Reason("FEW_BLASTS", case="with_signal", blasts=usable, least=fewest)]


def _unproven(measured: Measurement, limits: Cd5Limits) -> list[Reason]:
    """Return why there is no cut, or why CD5 is not shown to have been in the tube.

    Events are CD5-bright that stand `bright_stain_index` above the negatives: their distance from
    the negatives' centre over twice the negatives' SD.
    """
    if not measured.cuts:
        return [Reason("NO_CUT")]
    readout = measured.readout
    if any(
        c.role == "positive" and c.bright_events >= limits.bright_events for c in readout.controls
    ):
        return []
    if measured.negatives is None:
        return [Reason("CD5_REAGENT_UNPROVEN", case="no_negatives")]
    centre, spread = measured.negatives
    bright = centre + 2 * limits.bright_stain_index * spread
    t_bright = int(np.count_nonzero(readout.t_cells >= bright))
    blasts_bright = int(np.count_nonzero(readout.blasts >= bright))
    # A bright mode is more than the tail of a dim or negative one.
    blasts_mode = blasts_bright >= max(
        limits.bright_events, limits.bright_blasts_percent / 100 * readout.blasts.size
    )
    if t_bright >= limits.bright_events or blasts_mode:
        return []
    reason = Reason(
        "CD5_REAGENT_UNPROVEN",
        case="few_bright",
        t_cells=t_bright,
        blasts=blasts_bright,
        least=limits.bright_events,
    )
    return [reason]


def _band(measured: Measurement, neighbours: tuple[Neighbour, ...]) -> tuple[float, float]:
    """Return the lowest and highest percentage over the defensible places and other cells."""
    blasts, cut = measured.readout.blasts, measured.cuts[0]
    shares = [np.count_nonzero(blasts >= place) / blasts.size for place in measured.defensible]
    others = contamination(neighbours, int(blasts.size), place=cut.linear)
    low, high = others.around(float(min(shares)), float(max(shares)))
    return 100 * low, 100 * high


def etp_notes(percent: float, *, threshold: Threshold, limits: Cd5Limits) -> tuple[Reason, ...]:
    """Return what a share says that meets the trial's rule and that of early T precursors.

    Both hold of one case: the definition of early-T-precursor leukaemia asks for CD5 on fewer than
    75 % of the blasts, among other markers (Leukemia 2018;32:874).
    """
    limit = limits.etp_percent
    if limit is None or not threshold.met_by(percent) or percent >= limit:
        return ()
    shown = _below(percent, limit)
    return (Reason("ETP_CD5_PART", percent=shown, rule=threshold.rule, limit=limit),)


def _below(percent: float, limit: float) -> str:
    """Return a percentage with as many decimals as show that it lies below a limit."""
    for decimals in range(1, 6):
        text = f"{percent:.{decimals}f}"
        if float(text) < limit:
            return text
    return f"just below {limit:g}"


def _state(
    share: _Share,
    measured: Measurement,
    *,
    threshold: Threshold,
    pattern: Pattern,
    limits: Cd5Limits,
) -> tuple[Cd5State, list[Reason]]:
    """Return the state where one may be given, and what speaks against a definite one."""
    n, ci, band, cuts = int(measured.readout.blasts.size), share.ci, share.band, measured.cuts
    reasons = []
    if n < limits.definite_blasts:
        least = limits.definite_blasts
        reasons.append(Reason("FEW_BLASTS", case="definite", blasts=n, least=least))
    reasons += spanning("CI_SPANS", ci, threshold)
    reasons += spanning("BAND_SPANS", band, threshold)
    method = cuts[0].method
    few_for_fmo = method is CutMethod.FMO and cuts[0].reference_events < limits.fmo_blasts
    if method not in DEFINITE_CUTS or few_for_fmo:
        reasons.append(Reason("WEAK_CUT", method=method))
    backed = _backed_by_fmo(cuts, limits)
    if cuts[0].by_hand and not backed:
        reasons.append(Reason("CUT_BY_HAND", decades=limits.disagreement_decades))
    unclear = pattern in {Pattern.DIM, Pattern.HETEROGENEOUS} and not backed
    if unclear and _reaches(measured, threshold, limits):
        reasons.append(Reason("DIM_WITHOUT_FMO", pattern=pattern))
    if not threshold.met_by(share.percent):
        reasons += _hidden_by_weak_stain(measured, threshold, pattern=pattern, limits=limits)
    if reasons:
        return Cd5State.BORDERLINE, reasons + _disagreement(measured, threshold, limits)
    state = Cd5State.MEETS if threshold.met_by(share.percent) else Cd5State.DOES_NOT_MEET
    return state, _disagreement(measured, threshold, limits)


def _reaches(measured: Measurement, threshold: Threshold, limits: Cd5Limits) -> bool:
    """Whether some cut that can be defended puts the share on the other side of the threshold.

    Without an FMO nothing says where dim CD5 begins: every cut of the tube counts, those that carry no
    definite state among them, and each as far to either side as an internal one may lie.
    """
    blasts = measured.readout.blasts
    widen = 10**limits.internal_band_decades
    places = [cut.linear for cut in measured.cuts]
    places += [place * factor for place in places for factor in (widen, 1 / widen)]
    shares = [100 * np.count_nonzero(blasts >= place) / blasts.size for place in places]
    return threshold.met_by(min(shares)) != threshold.met_by(max(shares))


def spanning(code: str, ends: tuple[float, float], threshold: Threshold) -> list[Reason]:
    """Return that a range of percentages lies on both sides of the threshold, under this code."""
    if threshold.met_by(ends[0]) == threshold.met_by(ends[1]):
        return []
    return [Reason(code, low=ends[0], high=ends[1], rule=threshold.rule)]


def _hidden_by_weak_stain(
    measured: Measurement, threshold: Threshold, *, pattern: Pattern, limits: Cd5Limits
) -> list[Reason]:
    """Return that a share below the threshold may be one of a full stain that meets it.

    Blasts that just met the threshold would be, with the reagent as it should be, ``z`` SD of the
    background above the cut: ``z`` is the normal quantile of the threshold. With a part ``f`` of that
    light they move towards the negatives' centre, while the background keeps its SD; as large a share
    as the threshold then lies above ``centre + f (cut - centre) - (1 - f) z SD``. Where the blasts
    reach the threshold there, the stain may have hidden their CD5. Without an FMO the centre itself is
    known only roughly, and a stain that falls short leaves dim CD5 open.
    """
    if measured.negatives is None:
        return []
    centre, spread = measured.negatives
    index, expected = measured.stain_index, limits.stain.expected_index
    if expected is None:
        return []
    shown = "–" if index is None else index
    part = 1.0 if index is None else min(1.0, max(0.0, index / expected))
    if pattern is not Pattern.PARTIAL:
        if part < 1 and not _backed_by_fmo(measured.cuts, limits):
            return [Reason("STAIN_MAY_HIDE_CD5", case="no_fmo", index=shown, expected=expected)]
        part /= limits.stain.margin
    if part == 1.0:
        return []
    z = NormalDist().inv_cdf(min(max(threshold.percent, 1.0), 99.0) / 100)
    cut = measured.cuts[0].linear
    place = centre + part * (cut - centre) - (1 - part) * z * spread
    blasts = measured.readout.blasts
    if not threshold.met_by(100 * np.count_nonzero(blasts >= place) / blasts.size):
        return []
    reason = Reason(
        "STAIN_MAY_HIDE_CD5",
        case="weak",
        index=shown,
        expected=expected,
        percent=100 * part,
        rule=threshold.rule,
    )
    return [reason]


def _backed_by_fmo(cuts: tuple[Cut, ...], limits: Cd5Limits) -> bool:
    """Whether the cut used is an FMO's, or one by hand that agrees with an FMO's."""
    used = cuts[0]
    if used.method is CutMethod.FMO:
        return True
    fmo = next((cut for cut in cuts if cut.method is CutMethod.FMO), None)
    if not used.by_hand or fmo is None or min(used.linear, fmo.linear) <= 0:
        return False
    return abs(float(np.log10(fmo.linear / used.linear))) <= limits.disagreement_decades


def _disagreement(measured: Measurement, threshold: Threshold, limits: Cd5Limits) -> list[Reason]:
    """Return a reason for each cut of the band that gives another answer, or lies far off."""
    used, *others = measured.cuts
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


def _section(
    threshold: Threshold,
    state: Cd5State,
    reasons: list[Reason],
    blast_events: int,
    *,
    measured: Measurement | None = None,
    share: _Share | None = None,
    pattern: Pattern | None = None,
) -> Cd5Section:
    median = medians(measured)
    return Cd5Section(
        state=state,
        reasons=tuple(reasons),
        percent=None if share is None else share.percent,
        positive_events=0 if share is None else share.positive,
        blast_events=blast_events,
        ci95_percent=None if share is None else share.ci,
        band_percent=None if share is None else share.band,
        threshold_percent=threshold.percent,
        operator=">=" if threshold.operator == ">=" else ">",
        cut=cut_section(measured, with_percent=share is not None),
        pattern=pattern,
        median=median,
        stain_index=None if measured is None else measured.stain_index,
        intensity=intensity(median),
        t_cells=t_cell_section(measured),
    )
