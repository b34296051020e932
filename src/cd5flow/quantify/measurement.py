"""The CD5 signals of a tube, every cut that they allow, and where else a cut might be put."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cd5flow.criteria.doubts import DEFINITE_CUTS, defended
from cd5flow.model.limits import Cd5Limits
from cd5flow.model.result import CutMethod
from cd5flow.numerics.order_statistics import median
from cd5flow.quantify.cuts import Cut, Readout, Signal, find_cuts, quantile_cut
from cd5flow.quantify.pattern import valley_of


@dataclass(frozen=True, slots=True)
class Cd5Axis:
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
    axis: Cd5Axis
    cuts: tuple[Cut, ...]
    t_cell_events: int
    defensible: tuple[float, ...]

    @property
    def rivals(self) -> tuple[Cut, ...]:
        """The cuts beside the one used that can be defended, best first; see `defended`."""
        return defended(self.cuts)[1:]

    @property
    def negatives(self) -> tuple[float, float] | None:
        """Centre and SD of the best negatives at hand, as the blasts' would be, linear units."""
        for cut in self.cuts:
            if cut.centre is not None and cut.spread is not None and cut.spread > 0:
                return cut.centre, cut.spread
        return None

    @property
    def reference(self) -> tuple[float, float] | None:
        """Median and robust SD of the same negatives as they are, not scaled, linear units."""
        for cut in self.cuts:
            if cut.own_centre is not None and cut.own_spread is not None and cut.own_spread > 0:
                return cut.own_centre, cut.own_spread
        return None

    @property
    def t_cells(self) -> Signal | None:
        """CD5 of normal T cells; None where they are too few to be used."""
        cells = self.readout.t_cells
        return cells if cells.size >= self.t_cell_events else None

    @property
    def stain_index(self) -> float | None:
        """(Median of T cells - median of negatives) / (2 x robust SD of negatives)."""
        if self.reference is None or self.t_cells is None:
            return None
        return (median(self.t_cells) - self.reference[0]) / (2 * self.reference[1])


def measure(
    readout: Readout, *, axis: Cd5Axis, limits: Cd5Limits, by_hand: Cut | None = None, seed: int = 0
) -> Measurement:
    """Place every cut that the tube and its controls allow, after one that a person placed."""
    place = valley_of(readout.blasts, axis.scaled, depth=limits.valley_depth)
    valley = None if place is None else axis.linear(place)
    cuts = find_cuts(readout, limits, valley_linear=valley, by_hand=by_hand, seed=seed)
    places = defensible_places(readout, cuts, limits)
    return Measurement(readout, axis, cuts, limits.t_cell_events, places)


def defensible_places(
    readout: Readout, cuts: tuple[Cut, ...], limits: Cd5Limits
) -> tuple[float, ...]:
    """Return every place, linear units, at which a careful reader might put the cut instead.

    The cut used, moved by `band_decades` either way (`internal_band_decades` where no FMO placed it, and
    upwards `unscaled_band_decades` where it may be low); the ends of its own interval when its reference
    is drawn anew; other quantiles of the FMO; the next-best method and any other that may carry a
    definite state, as far as `defended`.
    """
    if not cuts:
        return ()
    cut = cuts[0]
    decades = limits.band_decades if cut.method is CutMethod.FMO else limits.internal_band_decades
    upwards = max(decades, limits.unscaled_band_decades) if cut.may_be_low else decades
    places = [cut.linear, cut.linear * 10**upwards, cut.linear * 10**-decades]
    if cut.ci95 is not None:
        places += cut.ci95
    if cut.method in {CutMethod.FMO, CutMethod.ISOTYPE}:
        control = next(c for c in readout.controls if c.role == cut.method.value)
        places += [quantile_cut(control.blasts, q) for q in limits.fmo_band_quantiles_percent]
    rivals = defended(cuts)[1:]
    places += [c.linear for i, c in enumerate(rivals) if i == 0 or c.method in DEFINITE_CUTS]
    return tuple(places)
