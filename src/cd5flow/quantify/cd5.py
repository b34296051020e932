"""CD5 on the blasts: the share, how sure it is, and what may be said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cd5flow.density import Dip, dips, profile, span
from cd5flow.model.limits import Cd5Limits, IntervalMethod, PatternLimits
from cd5flow.model.result import (
    Cd5Section,
    Cd5State,
    CutAlternative,
    CutMethod,
    CutSection,
    MedianSection,
    Pattern,
)
from cd5flow.quantify.cuts import Cut, Readout, Signal, find_cuts, quantile_cut
from cd5flow.quantify.statistics import interval

DEFINITE_CUTS = frozenset({CutMethod.FMO, CutMethod.INTERNAL_NEGATIVE, CutMethod.FIXED})
"""Cuts that may carry a definite state."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The CD5 axis.

    Attributes:
        channel: the detector.
        scaled: from linear units to the display scale.
        linear: and back.
    """

    channel: str
    scaled: Callable[[Signal], Signal]
    linear: Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Threshold:
    """The protocol's rule: percent and whether equal is enough."""

    percent: float
    operator: str

    def met_by(self, percent: float) -> bool:
        """Whether an unrounded percentage meets it."""
        return percent >= self.percent if self.operator == ">=" else percent > self.percent


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else bears on the state.

    Attributes:
        has_cd5: whether the panel holds CD5.
        panel_gap: markers without which no blasts can be told ("CD45"); empty where none is
            missing.
        compensated: whether compensation is known.
        lineage_proven: whether the blasts are shown to be T.
        blast_events: events in the blast gate.
        cluster: whether they lie together as a population does.
        quality_fail: whether states are withheld.
        contamination: share (0 to 1) of the blast gate that may be other cells.
    """

    has_cd5: bool
    panel_gap: tuple[str, ...]
    compensated: bool
    lineage_proven: bool
    blast_events: int
    cluster: bool
    quality_fail: bool
    contamination: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """The CD5 signals of a tube and every cut they allow.

    Attributes:
        readout: the signals.
        axis: the CD5 axis.
        cuts: best first; empty where none can be placed.
        t_cell_events: fewest normal T cells for their CD5 to be used.
        defensible: places, linear units, at which the cut might be put instead: the band.
    """

    readout: Readout
    axis: Axis
    cuts: tuple[Cut, ...]
    t_cell_events: int
    defensible: tuple[float, ...]

    @property
    def negatives(self) -> tuple[float, float] | None:
        """Centre and SD of the best negatives at hand, linear units."""
        for cut in self.cuts:
            if cut.centre is not None and cut.spread is not None and cut.spread > 0:
                return cut.centre, cut.spread
        return None

    @property
    def stain_index(self) -> float | None:
        """(Median of T cells - median of negatives) / (2 x robust SD of negatives)."""
        t_cells = self.readout.t_cells
        if self.negatives is None or t_cells.size < self.t_cell_events:
            return None
        return float((np.median(t_cells) - self.negatives[0]) / (2 * self.negatives[1]))


def measure(readout: Readout, *, axis: Axis, limits: Cd5Limits) -> Measurement:
    """Place every cut that the tube and its controls allow."""
    valley = _valley(readout.blasts, axis, limits.valley_depth)
    cuts = find_cuts(readout, limits, valley_linear=valley)
    places = defensible_places(readout, cuts, limits)
    return Measurement(readout, axis, cuts, limits.t_cell_events, places)


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
    blockers += _unproven(measured, limits)
    if any(not b.startswith("QUALITY_FAIL") for b in blockers):
        # A cut on a signal of unknown make-up is no cut.
        shown = measured if circumstances.compensated else None
        return _section(threshold, Cd5State.NOT_EVALUABLE, blockers, n, measured=shown)
    blasts, cut = measured.readout.blasts, measured.cuts[0]
    positive = int(np.count_nonzero(blasts >= cut.linear))
    percent = 100 * positive / blasts.size
    ci = interval(positive, int(blasts.size), method=IntervalMethod.WILSON)
    assert ci is not None  # noqa: S101 - there are blasts
    share = _Share(positive, percent, ci, _band(measured, circumstances.contamination))
    pattern = _pattern(measured, percent, limits.pattern)
    state, reasons = _state(share, measured, threshold=threshold, pattern=pattern, limits=limits)
    if blockers:
        state, reasons = Cd5State.NOT_EVALUABLE, [*blockers, *reasons]
    return _section(
        threshold, state, reasons, int(blasts.size), measured=measured, share=share, pattern=pattern
    )


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
    elif not circumstances.lineage_proven:
        blockers.append(
            "LINEAGE_UNPROVEN: nothing in this tube proves that the cells are T-ALL blasts"
        )
    if not circumstances.compensated:
        blockers.append("NOT_COMPENSATED: the spillover into CD5 is unknown")
    if not circumstances.cluster:
        blockers.append(f"FEW_BLASTS: no cluster of blasts; {n} events lie in their gate")
    elif n < limits.evaluable_blasts:
        blockers.append(f"FEW_BLASTS: {n} blasts, at least {limits.evaluable_blasts} needed")
    if circumstances.quality_fail:
        blockers.append(
            "QUALITY_FAIL: a quality check failed; the numbers are shown, no state is given"
        )
    return blockers


def _valley(blasts: Signal, axis: Axis, depth: float) -> float | None:
    """Return the deepest valley among the blasts' CD5, in linear units."""
    found = _dips(blasts, axis, depth=depth, events=max(20, int(0.01 * blasts.size)))
    return axis.linear(max(found, key=lambda d: d.depth).place) if found else None


def _dips(blasts: Signal, axis: Axis, *, depth: float, events: int) -> tuple[Dip, ...]:
    if blasts.size < 2 * events:
        return ()
    scaled = axis.scaled(blasts)
    low, high = span(scaled)
    shape = profile(scaled, base=0.015, low=low, high=high)
    return dips(shape, min_depth=depth, min_events=events) if shape is not None else ()


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


def defensible_places(
    readout: Readout, cuts: tuple[Cut, ...], limits: Cd5Limits
) -> tuple[float, ...]:
    """Return every place, linear units, at which a careful reader might put the cut instead.

    The cut used, moved by `band_decades` either way (`internal_band_decades` where no FMO placed it);
    other quantiles of the FMO; the next-best method and any other that may carry a definite state.
    """
    if not cuts:
        return ()
    cut = cuts[0]
    decades = limits.band_decades if cut.method is CutMethod.FMO else limits.internal_band_decades
    places = [cut.linear, cut.linear * 10**decades, cut.linear * 10**-decades]
    if cut.method in {CutMethod.FMO, CutMethod.ISOTYPE}:
        control = next(c for c in readout.controls if c.role == cut.method.value)
        places += [quantile_cut(control.blasts, q) for q in limits.fmo_band_quantiles_percent]
    places += [c.linear for i, c in enumerate(cuts[1:]) if i == 0 or c.method in DEFINITE_CUTS]
    return tuple(places)


def _band(measured: Measurement, contamination: float) -> tuple[float, float]:
    """Return the lowest and highest percentage over the defensible places and contamination.

    With a share f of other cells in the gate, the share p of the blasts lies between
    (p - f) / (1 - f) and p / (1 - f).
    """
    blasts = measured.readout.blasts
    shares = [np.count_nonzero(blasts >= place) / blasts.size for place in measured.defensible]
    low, high = float(min(shares)), float(max(shares))
    if contamination > 0:
        f = min(contamination, 0.95)
        low, high = min(low, (low - f) / (1 - f)), max(high, high / (1 - f))
    return 100 * max(low, 0.0), 100 * min(high, 1.0)


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
    rule = f"{threshold.operator} {threshold.percent:g} %"
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
    if pattern in {Pattern.DIM, Pattern.HETEROGENEOUS} and method is not CutMethod.FMO:
        reasons.append(f"DIM_WITHOUT_FMO: CD5 is {pattern.value} and no FMO says where it begins")
    if reasons:
        return Cd5State.BORDERLINE, reasons + _disagreement(cuts, limits)
    state = Cd5State.MEETS if threshold.met_by(share.percent) else Cd5State.DOES_NOT_MEET
    return state, _disagreement(cuts, limits)


def _disagreement(cuts: tuple[Cut, ...], limits: Cd5Limits) -> list[str]:
    """Return a reason for each strong cut that lies far from the one used."""
    used = cuts[0]
    reasons = []
    for other in cuts[1:]:
        if other.method not in DEFINITE_CUTS or used.linear <= 0 or other.linear <= 0:
            continue
        apart = abs(float(np.log10(other.linear / used.linear)))
        if apart > limits.disagreement_decades:
            reasons.append(
                f"CUTS_DISAGREE: {other.method.value} lies {apart:.2f} decades from {used.method.value}"
            )
    return reasons


def _pattern(measured: Measurement, percent: float, limits: PatternLimits) -> Pattern:
    """Return the word for how CD5 is spread, by the strategy's rules in their order."""
    readout, cut = measured.readout, measured.cuts[0]
    blasts = readout.blasts
    if percent < limits.negative_percent:
        return Pattern.NEGATIVE
    fewest = max(20, int(limits.partial_percent / 100 * blasts.size))
    if _dips(blasts, measured.axis, depth=limits.partial_valley_depth, events=fewest):
        return Pattern.PARTIAL
    middle = float(np.median(blasts))
    floor = max(cut.linear, 1e-9)
    if readout.t_cells.size >= measured.t_cell_events:
        top = float(np.median(readout.t_cells))
        bright = middle > 0 and top > 0 and np.log10(top / middle) <= limits.bright_decades
    else:
        bright = middle > 0 and np.log10(middle / floor) >= limits.bright_above_cut_decades
    if bright:
        return Pattern.BRIGHT
    low, high = (max(float(p), floor / 10) for p in np.percentile(blasts, (10, 90)))
    if np.log10(high / low) >= limits.heterogeneous_decades:
        return Pattern.HETEROGENEOUS
    return Pattern.DIM


def _medians(measured: Measurement | None) -> MedianSection:
    if measured is None:
        return MedianSection(blasts=None, negative_reference=None, t_cells=None)
    readout, negatives = measured.readout, measured.negatives
    return MedianSection(
        blasts=float(np.median(readout.blasts)) if readout.blasts.size else None,
        negative_reference=None if negatives is None else negatives[0],
        t_cells=float(np.median(readout.t_cells)) if readout.t_cells.size else None,
    )


def _cut_section(measured: Measurement | None, *, with_percent: bool) -> CutSection | None:
    if measured is None or not measured.cuts:
        return None
    cut, *others = measured.cuts
    axis, blasts = measured.axis, measured.readout.blasts
    # A hair lower on the display scale, so that events exactly at the cut are in there too.
    just_below = np.nextafter(np.float32(cut.linear), np.float32(-np.inf))
    return CutSection(
        method=cut.method,
        channel=axis.channel,
        linear=cut.linear,
        scaled=float(axis.scaled(np.array([just_below]))[0]),
        reference=cut.reference,
        reference_events=cut.reference_events,
        alternatives=tuple(
            CutAlternative(
                method=other.method.value,
                linear=other.linear,
                percent=other.percent(blasts) if with_percent else None,
            )
            for other in others
        ),
    )


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
        cut=_cut_section(measured, with_percent=share is not None),
        pattern=pattern,
        median=_medians(measured),
        stain_index=None if measured is None else measured.stain_index,
    )
