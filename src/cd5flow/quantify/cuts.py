"""Where CD5 begins: every cut that a tube and its controls allow, best first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cd5flow.model.limits import Cd5Limits
from cd5flow.model.reasons import Reason
from cd5flow.model.result import CutMethod
from cd5flow.numerics.order_statistics import MAD_TO_SD, median, median_rows, quantile
from cd5flow.quantify.resampling import (
    Floats,
    generator,
    middle_95_percent,
    resampled_quantiles,
)

Signal = npt.NDArray[np.floating[Any]]
"""CD5 (or background) of a population: linear compensated units, one value an event."""

Halves = Callable[[Signal, str], tuple[Floats, Floats]]
"""Centre and lower-half SD of a signal: (1,) as they are, or (resamples,) as they might have been."""

EMPTY: Signal = np.empty(0, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class NegativeReference:
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
        others: CD5 of other cells that may show that CD5 was in the tube.
    """

    blasts: Signal
    t_cells: Signal
    references: tuple[NegativeReference, ...]
    background: Mapping[str, Signal]
    controls: tuple[ControlSignal, ...] = ()
    others: Signal = field(default_factory=lambda: EMPTY)


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
        by_hand: whether a person placed it on this tube.
        ci95: where it lies when its reference is drawn anew, linear; None where nothing is drawn.
        own_centre: median of the negatives as they are, before any scaling to the blasts.
        own_spread: their robust SD likewise.
        may_be_low: whether its population may shine less than the blasts do, and nothing tells.
    """

    method: CutMethod
    linear: float
    reference: Reason
    reference_events: int
    centre: float | None = None
    spread: float | None = None
    by_hand: bool = False
    ci95: tuple[float, float] | None = None
    own_centre: float | None = None
    own_spread: float | None = None
    may_be_low: bool = False

    @property
    def name(self) -> str:
        """What it is called in a reason."""
        return "by_hand" if self.by_hand else self.method.value

    def percent(self, blasts: Signal) -> float | None:
        """Return the share of blasts at or above the cut; None without blasts."""
        if blasts.size == 0:
            return None
        return 100 * int(np.count_nonzero(blasts >= self.linear)) / int(blasts.size)


def find_cuts(
    readout: Readout,
    limits: Cd5Limits,
    *,
    valley_linear: float | None,
    by_hand: Cut | None = None,
    seed: int = 0,
) -> tuple[Cut, ...]:
    """Return every available cut, best first: FMO, internal negative, fixed, isotype, valley.

    An FMO with few blasts follows the fixed one: it is an alternative. Beside one with enough an internal
    cut stands where it contradicts that least.

    Args:
        readout: the tube.
        limits: minima and quantiles.
        valley_linear: the valley among the blasts' own CD5, where there is one.
        by_hand: a cut that a person placed; it goes before all others.
        seed: of the random numbers by which references are drawn anew.
    """
    cuts: list[Cut] = [] if by_hand is None else [by_hand]
    fmo = _control_cut(readout.controls, "fmo", CutMethod.FMO, limits, seed)
    enough = [cut for cut in fmo if cut.reference_events >= limits.fmo_blasts]
    cuts += enough
    internal = internal_cuts(readout, limits, seed=seed)
    cuts += [_beside(cut, enough[0], limits) for cut in internal] if enough else internal
    if limits.fixed_cut_linear is not None:
        cuts.append(
            Cut(
                CutMethod.FIXED,
                limits.fixed_cut_linear,
                Reason("CUT_REFERENCE", case="validated"),
                0,
            )
        )
    cuts += [cut for cut in fmo if cut not in enough]
    cuts += _control_cut(readout.controls, "isotype", CutMethod.ISOTYPE, limits, seed)
    # A valley at or below the negatives' own centre parts negatives from negatives.
    centres = [cut.centre for cut in cuts if cut.centre is not None]
    if valley_linear is not None and all(valley_linear > centre for centre in centres):
        note = Reason("CUT_REFERENCE", case="valley")
        cuts.append(Cut(CutMethod.VALLEY, valley_linear, note, int(readout.blasts.size)))
    return tuple(cuts)


def _beside(cut: Cut, fmo: Cut, limits: Cd5Limits) -> Cut:
    """Return an internal cut as far as it contradicts an FMO's: the place nearest to that which it allows.

    How much more the blasts shine than the negatives is told from other channels, not from that of CD5.
    The right cut lies between the negatives' own and the scaled one; an FMO is what tells where.
    """
    if cut.own_centre is None or cut.own_spread is None:
        return cut
    own = cut.own_centre + limits.reference_spreads * cut.own_spread
    low, high = sorted((own, cut.linear))
    place = min(max(fmo.linear, low), high)
    if place == cut.linear:
        return cut
    population = cut.reference.values["population"]
    note = Reason("CUT_REFERENCE", case="nearest", population=population, low=low, high=high)
    return replace(cut, linear=place, reference=note)


def internal_cut(readout: Readout, limits: Cd5Limits) -> Cut | None:
    """Return the first of `internal_cuts`; None where there is none."""
    return next(iter(internal_cuts(readout, limits)), None)


def internal_cuts(readout: Readout, limits: Cd5Limits, *, seed: int = 0) -> tuple[Cut, ...]:
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
        _internal(reference, readout=readout, limits=limits, seed=seed)
        for reference, centre, _ in usable
        if centre <= lowest
    )


@dataclass(frozen=True, slots=True)
class _Scaled:
    """A reference's centre and SD scaled to the blasts, with the factors: one value a resample."""

    centre: Floats
    spread: Floats
    shift: Floats
    widen: Floats

    def cut(self, spreads: float) -> Floats:
        return self.centre + spreads * self.spread


def _internal(
    reference: NegativeReference, *, readout: Readout, limits: Cd5Limits, seed: int
) -> Cut:
    markers = _backgrounds(reference, readout.background, limits)
    found = _scaled(reference, markers, readout.background, half=_as_they_are)

    def drawn(values: Signal, name: str) -> tuple[Floats, Floats]:
        rng = generator(seed, f"{reference.name}/{name}")
        pair = resampled_quantiles(values, (25, 50), resamples=limits.resamples, rng=rng)
        return pair[:, 1], MAD_TO_SD * (pair[:, 1] - pair[:, 0])

    anew = _scaled(reference, markers, readout.background, half=drawn)
    note = Reason("CUT_REFERENCE", case="unscaled", population=reference.name)
    if markers:
        note = Reason(
            "CUT_REFERENCE",
            case="scaled",
            population=reference.name,
            centre=found.shift[0],
            spread=found.widen[0],
        )
    own_centre, own_spread = lower_half(reference.cd5)
    return Cut(
        CutMethod.INTERNAL_NEGATIVE,
        float(found.cut(limits.reference_spreads)[0]),
        note,
        int(reference.cd5.size),
        float(found.centre[0]),
        float(found.spread[0]),
        ci95=middle_95_percent(anew.cut(limits.reference_spreads)),
        own_centre=own_centre,
        own_spread=own_spread,
        may_be_low=not markers,
    )


def _scaled(
    reference: NegativeReference,
    markers: Sequence[tuple[str, bool]],
    blasts: Mapping[str, Signal],
    *,
    half: Halves,
) -> _Scaled:
    """Return a reference's centre and SD as they would be for cells with the blasts' background.

    The factors are the median over markers, and at least 1.

    Args:
        reference: the population that lacks CD5.
        markers: those that it and the blasts lack, and whether their centres have a ratio.
        blasts: marker to the blasts' signal.
        half: how centre and SD are taken.
    """
    centre, spread = half(reference.cd5, "CD5")
    shifts, widths = [], []
    for marker, has_ratio in markers:
        ours = half(blasts[marker], f"blasts/{marker}")
        theirs = half(reference.background[marker], marker)
        with np.errstate(divide="ignore", invalid="ignore"):
            widths.append(np.nan_to_num(ours[1] / theirs[1], nan=1.0, posinf=1.0))
            if has_ratio:
                shifts.append(np.nan_to_num(ours[0] / theirs[0], nan=1.0, posinf=1.0))
    one = np.ones_like(centre)
    shift = np.maximum(median_rows(shifts), 1.0) if shifts else one
    widen = np.maximum(median_rows(widths), 1.0) if widths else one
    return _Scaled(np.where(centre > 0, centre * shift, centre), spread * widen, shift, widen)


def _as_they_are(values: Signal, _name: str) -> tuple[Floats, Floats]:
    centre, spread = lower_half(values)
    return np.array([centre]), np.array([spread])


def quantile_cut(negatives: Signal, percent: float) -> float:
    """Return the least cut with no more than the rest of the negatives at or above it.

    That is the quantile, but for integer data, which hold each value many times: where the quantile
    is such a value, all of its events would be positive, so the cut lies in the gap above it.
    """
    place = quantile(negatives, percent)
    allowed = (1 - percent / 100) * negatives.size
    if np.count_nonzero(negatives >= place) <= allowed + 1:
        return place
    above = negatives[negatives > place]
    beyond = np.nextafter(negatives.max(), np.inf, dtype=negatives.dtype)
    return (place + float(above.min())) / 2 if above.size else float(beyond)


def lower_half(values: Signal) -> tuple[float, float]:
    """Return median, and robust SD from the values below it."""
    centre = median(values)
    below = centre - values.compress(values <= centre)
    return centre, MAD_TO_SD * median(below) if below.size else 0.0


def _backgrounds(
    reference: NegativeReference, blasts: Mapping[str, Signal], limits: Cd5Limits
) -> list[tuple[str, bool]]:
    """Return the markers by which backgrounds are compared, and whether their centres have a ratio.

    A marker on which half of the blasts lie beyond the reference's cut is one that they carry. A
    centre within noise of zero gives no ratio.
    """
    found = []
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
            found.append((marker, centre > 0 and other_centre > 0.2 * other_spread))
    return found


def _control_cut(
    controls: Sequence[ControlSignal], role: str, method: CutMethod, limits: Cd5Limits, seed: int
) -> list[Cut]:
    for control in controls:
        if control.role != role or not control.blasts.size:
            continue
        percent = limits.fmo_quantile_percent
        centre, spread = lower_half(control.blasts)
        draws = resampled_quantiles(
            control.blasts, (percent,), resamples=limits.resamples, rng=generator(seed, role)
        )
        return [
            Cut(
                method,
                quantile_cut(control.blasts, percent),
                Reason("CUT_REFERENCE", case="percentile", percent=percent, role=role),
                int(control.blasts.size),
                centre,
                spread,
                ci95=middle_95_percent(draws),
                own_centre=centre,
                own_spread=spread,
            )
        ]
    return []
