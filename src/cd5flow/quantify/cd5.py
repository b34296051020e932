"""CD5 on the blasts: the share, how sure it is, and what may be said of it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from cd5flow.model.limits import Cd5Limits
from cd5flow.model.populations import Lineage
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
from cd5flow.quantify.measurement import DEFINITE_CUTS, Axis, Measurement, measure
from cd5flow.quantify.pattern import pattern_of
from cd5flow.quantify.statistics import interval

__all__ = ["Axis", "Circumstances", "Measurement", "Threshold", "judge_cd5", "measure"]


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
    if any(not b.startswith("QUALITY_FAIL") for b in blockers):
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
        shown_all_the_same = (
            "QUALITY_FAIL: a quality check failed; the numbers are shown, no state is given"
        )
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


def _blockers(limits: Cd5Limits, circumstances: Circumstances) -> list[str]:
    """Return why no state can be given, as far as it does not depend on a cut."""
    n = circumstances.blast_events
    blockers = []
    if not circumstances.has_cd5:
        blockers.append("NO_CD5: no channel of this tube carries CD5")
    if circumstances.panel_gap:
        missing = ", ".join(circumstances.panel_gap)
        blockers.append(f"LINEAGE_UNPROVEN: blasts cannot be told without {missing}")
    elif not circumstances.lineage.is_proven:
        blockers.append(
            "LINEAGE_UNPROVEN: nothing in this tube proves that the cells are T-ALL blasts"
        )
    if not circumstances.compensated:
        blockers.append("NOT_COMPENSATED: the spillover into CD5 is unknown")
    if not circumstances.lineage.cluster:
        blockers.append(f"FEW_BLASTS: no cluster of blasts; {n} events lie in their gate")
    elif n < limits.evaluable_blasts:
        blockers.append(f"FEW_BLASTS: {n} blasts, at least {limits.evaluable_blasts} needed")
    if circumstances.quality_fail:
        blockers.append("QUALITY_FAIL: a quality check failed; no state is given")
    return blockers


def _without_signal(measured: Measurement, limits: Cd5Limits, blasts: int) -> list[str]:
    """Return that too few of the blasts have a CD5 value that is a number; mostly they all have."""
    usable = int(measured.readout.blasts.size)
    if usable >= limits.evaluable_blasts or blasts < limits.evaluable_blasts or not usable < blasts:
        return []
    fewest = limits.evaluable_blasts
    return [f"FEW_BLASTS: {usable} blasts with a CD5 value, at least {fewest} needed"]


def _unproven(measured: Measurement, limits: Cd5Limits) -> list[str]:
    """Return why there is no cut, or why CD5 is not shown to have been in the tube.

    Events are CD5-bright that stand `bright_stain_index` above the negatives: their distance from
    the negatives' centre over twice the negatives' SD.
    """
    if not measured.cuts:
        return [
            "NO_CUT: no FMO, no negative population with enough events, no valley among the blasts"
        ]
    readout = measured.readout
    if any(
        c.role == "positive" and c.bright_events >= limits.bright_events for c in readout.controls
    ):
        return []
    if measured.negatives is None:
        return ["CD5_REAGENT_UNPROVEN: no negative population tells what CD5-bright is"]
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
    reason = (
        f"CD5_REAGENT_UNPROVEN: {t_bright} T cells and {blasts_bright} blasts are CD5-bright, "
        f"{limits.bright_events} show that CD5 was in the tube"
    )
    return [reason]


def _band(measured: Measurement, neighbours: tuple[Neighbour, ...]) -> tuple[float, float]:
    """Return the lowest and highest percentage over the defensible places and other cells."""
    blasts, cut = measured.readout.blasts, measured.cuts[0]
    shares = [np.count_nonzero(blasts >= place) / blasts.size for place in measured.defensible]
    others = contamination(neighbours, int(blasts.size), place=cut.linear)
    low, high = others.around(float(min(shares)), float(max(shares)))
    return 100 * low, 100 * high


def etp_notes(percent: float, *, threshold: Threshold, limits: Cd5Limits) -> tuple[str, ...]:
    """Return what a share says that meets the trial's rule and that of early T precursors.

    Both hold of one case: the definition of early-T-precursor leukaemia asks for CD5 on fewer than
    75 % of the blasts, among other markers (Leukemia 2018;32:874).
    """
    limit = limits.etp_percent
    if limit is None or not threshold.met_by(percent) or percent >= limit:
        return ()
    note = (
        f"ETP_CD5_PART: {_below(percent, limit)} % meets the trial's rule ({threshold.rule}) and, "
        f"below {limit:g} %, the CD5 part of the early-T-precursor definition, without a diagnosis"
    )
    return (note,)


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
) -> tuple[Cd5State, list[str]]:
    """Return the state where one may be given, and what speaks against a definite one."""
    n, ci, band, cuts = int(measured.readout.blasts.size), share.ci, share.band, measured.cuts
    rule = threshold.rule
    reasons = []
    if n < limits.definite_blasts:
        reasons.append(
            f"FEW_BLASTS: {n} blasts, {limits.definite_blasts} needed for a definite state"
        )
    if threshold.met_by(ci[0]) != threshold.met_by(ci[1]):
        reasons.append(f"CI_SPANS: the 95 % interval {ci[0]:.1f} to {ci[1]:.1f} % spans {rule}")
    if threshold.met_by(band[0]) != threshold.met_by(band[1]):
        reasons.append(
            f"BAND_SPANS: other defensible cuts give {band[0]:.1f} to {band[1]:.1f} %, across {rule}"
        )
    method = cuts[0].method
    if method not in DEFINITE_CUTS:
        reasons.append(f"WEAK_CUT: a cut by {method.value} does not carry a definite state")
    backed = _backed_by_fmo(cuts, limits)
    if cuts[0].by_hand and not backed:
        reasons.append(
            "CUT_BY_HAND: a cut placed by hand carries a definite state only where an FMO lies "
            f"within {limits.disagreement_decades:g} decades of it"
        )
    if pattern in {Pattern.DIM, Pattern.HETEROGENEOUS} and not backed:
        reasons.append(f"DIM_WITHOUT_FMO: CD5 is {pattern.value} and no FMO says where it begins")
    if not threshold.met_by(share.percent):
        reasons += _hidden_by_weak_stain(measured, threshold, pattern=pattern, limits=limits)
    if reasons:
        return Cd5State.BORDERLINE, reasons + _disagreement(measured, threshold, limits)
    state = Cd5State.MEETS if threshold.met_by(share.percent) else Cd5State.DOES_NOT_MEET
    return state, _disagreement(measured, threshold, limits)


def _hidden_by_weak_stain(
    measured: Measurement, threshold: Threshold, *, pattern: Pattern, limits: Cd5Limits
) -> list[str]:
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
    shown = "–" if index is None else f"{index:.1f}"
    part = 1.0 if index is None else min(1.0, max(0.0, index / expected))
    if pattern is not Pattern.PARTIAL:
        if part < 1 and not _backed_by_fmo(measured.cuts, limits):
            reason = (
                f"STAIN_MAY_HIDE_CD5: T cells' stain index {shown}, {expected:g} expected; no FMO "
                "tells dim CD5 from background"
            )
            return [reason]
        part /= limits.stain.margin
    if part == 1.0:
        return []
    z = NormalDist().inv_cdf(min(max(threshold.percent, 1.0), 99.0) / 100)
    cut = measured.cuts[0].linear
    place = centre + part * (cut - centre) - (1 - part) * z * spread
    blasts = measured.readout.blasts
    if not threshold.met_by(100 * np.count_nonzero(blasts >= place) / blasts.size):
        return []
    reason = (
        f"STAIN_MAY_HIDE_CD5: T cells' stain index {shown}, {expected:g} expected; if CD5 was stained "
        f"at {100 * part:.0f} % of full strength, {threshold.rule} is possible"
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


def _disagreement(measured: Measurement, threshold: Threshold, limits: Cd5Limits) -> list[str]:
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
            reasons.append(
                f"CUTS_DISAGREE: {used.name} gives {ours:.1f} %, {other.name} {theirs:.1f} %, "
                f"on two sides of {threshold.rule}"
            )
            continue
        if other.method not in DEFINITE_CUTS or used.linear <= 0 or other.linear <= 0:
            continue
        apart = abs(float(np.log10(other.linear / used.linear)))
        if apart > limits.disagreement_decades:
            reasons.append(f"CUTS_DISAGREE: {other.name} lies {apart:.2f} decades from {used.name}")
    return reasons


def _section(
    threshold: Threshold,
    state: Cd5State,
    reasons: list[str],
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
