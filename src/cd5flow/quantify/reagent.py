"""Whether CD5 was in the tube: cells that are bright with it, told from negatives and their tails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cd5flow.model.limits import Cd5Limits
from cd5flow.numerics.beta import normal_deviates
from cd5flow.numerics.order_statistics import median
from cd5flow.quantify.cuts import Signal
from cd5flow.quantify.measurement import Measurement
from cd5flow.quantify.pattern import Scaled, valleys

Witness = Literal["positive_control", "t_cells", "blasts", "other_cells"]


@dataclass(frozen=True, slots=True)
class Negatives:
    """Where cells without CD5 lie.

    Attributes:
        centre, spread: median and robust SD, linear units.
    """

    centre: float
    spread: float

    def bright_from(self, limits: Cd5Limits) -> float:
        """Return from where on an event is CD5-bright, linear units.

        It stands `bright_stain_index` above them: its distance from the centre over twice the SD.
        """
        return self.centre + 2 * limits.bright_stain_index * self.spread

    def far_above(self, limits: Cd5Limits) -> float:
        """Return how high a mode of its own must lie, linear units.

        So many decades above the centre; where that lies within its own noise of zero, above the SD.
        """
        return float(max(self.centre, self.spread) * 10**limits.bright_mode_decades)


@dataclass(frozen=True, slots=True)
class Proof:
    """What shows that CD5 was in the tube, or how many bright events were found where nothing does.

    Attributes:
        by: the cells that show it; None where none do.
        t_cells, blasts, other_cells: events of each that count as CD5-bright.
    """

    by: Witness | None
    t_cells: int = 0
    blasts: int = 0
    other_cells: int = 0


def prove_reagent(measured: Measurement, limits: Cd5Limits) -> Proof | None:
    """Return what shows that CD5 was in the tube; None where no negatives tell what bright is.

    A positive control is asked first, then normal T cells, then the blasts, then other lymphocytes:
    after CD5 CAR-T cells no normal T cells may be left.
    """
    readout = measured.readout
    for control in readout.controls:
        if control.role == "positive" and control.bright_events >= limits.bright_events:
            return Proof("positive_control")
    if measured.negatives is None:
        return None
    negatives, scaled = Negatives(*measured.negatives), measured.axis.scaled
    t_cells = bright_t_cells(readout.t_cells, negatives, scaled, limits)
    blasts = bright_mode(readout.blasts, negatives, scaled, limits)
    others = bright_mode(readout.others, negatives, scaled, limits)
    found: tuple[tuple[Witness, int], ...] = (
        ("t_cells", t_cells),
        ("blasts", blasts),
        ("other_cells", others),
    )
    by = next((name for name, events in found if events >= limits.bright_events), None)
    return Proof(by, t_cells, blasts, others)


def bright_t_cells(cells: Signal, negatives: Negatives, scaled: Scaled, limits: Cd5Limits) -> int:
    """Return how many T cells are CD5-bright; where they are few of many, only a mode of them counts.

    All normal T cells carry CD5, so that no valley is asked of them; but those beyond the end of many
    that do not are the others' tail.
    """
    bright = int(np.count_nonzero(cells >= negatives.bright_from(limits)))
    if bright >= limits.bright_t_cells_percent / 100 * cells.size:
        return bright
    return bright_mode(cells, negatives, scaled, limits)


def bright_mode(cells: Signal, negatives: Negatives, scaled: Scaled, limits: Cd5Limits) -> int:
    """Return how many events of a population are CD5-bright in a mode of their own; 0 without one.

    A valley parts the mode from the negatives: from those in the population, or where it holds none
    from as many as it has events, put where the negatives lie. Its median stands
    `bright_mode_decades` above them. A tail has no valley, and a dim mode lies too near.

    Args:
        cells: linear units, any order.
        negatives: where cells without CD5 lie.
        scaled: the display scale.
        limits: what is bright, and what is a mode.
    """
    bright = negatives.bright_from(limits)
    above = int(np.count_nonzero(cells >= bright))
    fewest = max(limits.bright_events, round(limits.bright_blasts_percent / 100 * cells.size))
    if above < fewest:
        return 0
    deviates = normal_deviates(cells.size)
    beside = np.asarray(negatives.centre + deviates * negatives.spread, dtype=np.float32)
    found = valleys(
        np.concatenate([cells, beside]), scaled, depth=limits.valley_depth, events=fewest
    )
    centre = float(scaled(np.array([negatives.centre]))[0])
    # From the highest valley down: what lies above it is the mode.
    for valley in sorted((v for v in found if v > centre), reverse=True):
        mode = cells.compress(scaled(cells) >= valley)
        if mode.size and median(mode) >= max(bright, negatives.far_above(limits)):
            return int(np.count_nonzero(mode >= bright))
    return 0
