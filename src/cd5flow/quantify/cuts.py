"""Where CD5 begins: every cut that a tube and its controls allow, best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from cd5flow.model.limits import Cd5Limits
from cd5flow.model.result import CutMethod

Signal = npt.NDArray[np.floating[Any]]
"""CD5 (or background) of a population: linear compensated units, one value an event."""

MAD_TO_SD = 1.4826
EMPTY: Signal = np.empty(0, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Reference:
    """A population of the tube that lacks CD5.

    Attributes:
        name: the population.
        cd5: its signal in the CD5 channel.
        background: marker to the population's signal there, for markers that it and the blasts
            lack.
    """

    name: str
    cd5: Signal
    background: Mapping[str, Signal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ControlSignal:
    """An accepted control tube, through the sample's own gates.

    Attributes:
        role: fmo, isotype or positive.
        blasts: CD5 of its blasts.
        bright_events: CD5-bright events, for a positive control.
    """

    role: str
    blasts: Signal
    bright_events: int = 0


@dataclass(frozen=True, slots=True)
class Readout:
    """What the CD5 read-out sees of a gated tube.

    Attributes:
        blasts: CD5 of the blasts.
        t_cells: CD5 of normal T cells; empty where they were not gated.
        references: negative populations, in the strategy's order, those that were gated.
        background: marker to the blasts' signal there (see `Reference.background`).
        controls: accepted control tubes.
    """

    blasts: Signal
    t_cells: Signal
    references: tuple[Reference, ...]
    background: Mapping[str, Signal]
    controls: tuple[ControlSignal, ...] = ()


@dataclass(frozen=True, slots=True)
class Cut:
    """A place on the CD5 axis from which events count as positive.

    Attributes:
        method: where it came from.
        linear: compensated linear units.
        reference: the population or tube behind it, in words.
        reference_events: how many events of it.
        centre: median of the negatives, linear; None where the method has none.
        spread: robust SD of the negatives, linear; None where the method has none.
    """

    method: CutMethod
    linear: float
    reference: str
    reference_events: int
    centre: float | None = None
    spread: float | None = None

    def percent(self, blasts: Signal) -> float | None:
        """Return the share of blasts at or above the cut; None without blasts."""
        if blasts.size == 0:
            return None
        return 100 * int(np.count_nonzero(blasts >= self.linear)) / int(blasts.size)


def find_cuts(
    readout: Readout, limits: Cd5Limits, *, valley_linear: float | None
) -> tuple[Cut, ...]:
    """Return every available cut, best first: FMO, internal negative, fixed, isotype, valley.

    Args:
        readout: the tube.
        limits: minima and quantiles.
        valley_linear: the valley among the blasts' own CD5, where there is one.
    """
    cuts: list[Cut] = []
    cuts += _control_cut(readout.controls, "fmo", CutMethod.FMO, limits)
    cuts += internal_cuts(readout, limits)
    if limits.fixed_cut_linear is not None:
        cuts.append(
            Cut(CutMethod.FIXED, limits.fixed_cut_linear, "the laboratory's validated cut", 0)
        )
    cuts += _control_cut(readout.controls, "isotype", CutMethod.ISOTYPE, limits)
    # A valley at or below the negatives' own centre parts negatives from negatives.
    centres = [cut.centre for cut in cuts if cut.centre is not None]
    if valley_linear is not None and all(valley_linear > centre for centre in centres):
        note = "valley between two peaks of the blasts"
        cuts.append(Cut(CutMethod.VALLEY, valley_linear, note, int(readout.blasts.size)))
    return tuple(cuts)


def internal_cut(readout: Readout, limits: Cd5Limits) -> Cut | None:
    """Return the first of `internal_cuts`; None where there is none."""
    return next(iter(internal_cuts(readout, limits)), None)


def internal_cuts(readout: Readout, limits: Cd5Limits) -> tuple[Cut, ...]:
    """Return the cut above each reference population with enough events and a width, in order.

    A reference whose median lies beyond the cut of another is passed over: it is not negative, but
    holds blasts (as NK cells do by CD56 where the blasts carry it).

    Centre + spreads x robust SD, the SD taken below the median (1.4826 x the median distance of the
    lower half), so that CD5-positive B cells among the reference do not count. Blasts are larger
    than lymphocytes and shine more by themselves: in channels of markers that both lack, the
    blasts' centre and SD over the reference's say by how much, and scale the cut. Where the
    reference is the brighter one there, it is not scaled down: a cut too low reads as CD5.
    """
    events = limits.reference_events
    found = [(r, *lower_half(r.cd5)) for r in readout.references if r.cd5.size >= events]
    # One without a width is piled up at one value (the scale's floor): its centre is no cut.
    usable = [one for one in found if one[2] > 0]
    lowest = min((c + limits.reference_spreads * s for _, c, s in usable), default=0.0)
    return tuple(
        _internal(reference, centre, spread, readout=readout, limits=limits)
        for reference, centre, spread in usable
        if centre <= lowest
    )


def _internal(
    reference: Reference, centre: float, spread: float, *, readout: Readout, limits: Cd5Limits
) -> Cut:
    shift, widen = _background_ratio(reference, readout.background, limits)
    centre_blasts = centre * shift if centre > 0 else centre
    spread_blasts = spread * widen
    note = (
        f"{reference.name}, scaled to the blasts' background: "
        f"centre x {shift:.2f}, spread x {widen:.2f}"
    )
    return Cut(
        CutMethod.INTERNAL_NEGATIVE,
        centre_blasts + limits.reference_spreads * spread_blasts,
        note,
        int(reference.cd5.size),
        centre_blasts,
        spread_blasts,
    )


def quantile_cut(negatives: Signal, percent: float) -> float:
    """Return the least cut with no more than the rest of the negatives at or above it.

    That is the quantile, but for integer data, which hold each value many times: where the quantile
    is such a value, all of its events would be positive, so the cut lies in the gap above it.
    """
    place = float(np.percentile(negatives, percent))
    allowed = (1 - percent / 100) * negatives.size
    if np.count_nonzero(negatives >= place) <= allowed + 1:
        return place
    above = negatives[negatives > place]
    beyond = np.nextafter(negatives.max(), np.inf, dtype=negatives.dtype)
    return (place + float(above.min())) / 2 if above.size else float(beyond)


def lower_half(values: Signal) -> tuple[float, float]:
    """Return median, and robust SD from the values below it."""
    centre = float(np.median(values))
    below = centre - values[values <= centre]
    return centre, float(MAD_TO_SD * np.median(below)) if below.size else 0.0


def _background_ratio(
    reference: Reference, blasts: Mapping[str, Signal], limits: Cd5Limits
) -> tuple[float, float]:
    """Return how much brighter and wider the blasts' background is, the median over markers, at least 1.

    A marker on which half of the blasts lie beyond the reference's cut is one that they carry.
    """
    shifts, widths = [], []
    for marker, theirs in reference.background.items():
        ours = blasts.get(marker, EMPTY)
        if min(ours.size, theirs.size) < limits.background_events:
            continue
        (centre, spread), (other_centre, other_spread) = lower_half(ours), lower_half(theirs)
        if (
            spread > 0
            and other_spread > 0
            and centre <= other_centre + limits.reference_spreads * other_spread
        ):
            widths.append(spread / other_spread)
            # A centre within noise of zero gives no ratio.
            if centre > 0 and other_centre > 0.2 * other_spread:
                shifts.append(centre / other_centre)
    shift = float(np.median(shifts)) if shifts else 1.0
    widen = float(np.median(widths)) if widths else 1.0
    return max(shift, 1.0), max(widen, 1.0)


def _control_cut(
    controls: Sequence[ControlSignal], role: str, method: CutMethod, limits: Cd5Limits
) -> list[Cut]:
    for control in controls:
        if control.role == role and control.blasts.size > 0:
            linear = quantile_cut(control.blasts, limits.fmo_quantile_percent)
            centre, spread = lower_half(control.blasts)
            note = f"{limits.fmo_quantile_percent:g}th percentile of the {role} tube's blasts"
            return [Cut(method, linear, note, int(control.blasts.size), centre, spread)]
    return []
