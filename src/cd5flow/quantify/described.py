"""What a result tells of CD5 beside the share: the cut, medians, how bright, T cells, other cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cd5flow.model.limits import Cd5Limits
from cd5flow.model.result import (
    ContaminationSection,
    CutAlternative,
    CutSection,
    IntensitySection,
    MedianSection,
    ReagentSection,
    TCellSection,
)
from cd5flow.numerics.order_statistics import median
from cd5flow.quantify.contamination import Neighbour
from cd5flow.quantify.cuts import Signal
from cd5flow.quantify.etp import is_far_below
from cd5flow.quantify.measurement import Measurement
from cd5flow.quantify.reagent import Proof


def cut_section(measured: Measurement | None, *, with_percent: bool) -> CutSection | None:
    """Return the cut used with every other that was computed; None where there is none."""
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
        by_hand=cut.by_hand,
        ci95_linear=cut.ci95,
        alternatives=tuple(
            CutAlternative(
                method=other.method.value,
                linear=other.linear,
                percent=other.percent(blasts) if with_percent else None,
            )
            for other in others
        ),
    )


def medians(measured: Measurement | None) -> MedianSection:
    """Return medians on the linear scale; of the negatives their own, not as scaled for the cut."""
    if measured is None:
        return MedianSection(blasts=None, negative_reference=None, t_cells=None)
    reference = measured.reference
    return MedianSection(
        blasts=_median(measured.readout.blasts),
        negative_reference=None if reference is None else reference[0],
        t_cells=_median(measured.readout.t_cells),
    )


def intensity(measured: Measurement | None, limits: Cd5Limits) -> IntensitySection:
    """Return how bright the blasts are; a ratio of medians that are not above zero is none.

    T cells are a yardstick where there are enough and half of them carry CD5: those that cellular
    therapy left may lack it.
    """
    median = medians(measured)
    blasts, negative = median.blasts, median.negative_reference
    t_cells = _yardstick(measured)
    share = _ratio(blasts, t_cells)
    return IntensitySection(
        difference=None if blasts is None or negative is None else blasts - negative,
        ratio=_ratio(blasts, negative),
        percent_of_t_cells=None if share is None else 100 * share,
        far_below_t_cells=is_far_below(blasts, t_cells, limits),
        far_below_fold=limits.etp_fold,
    )


def _yardstick(measured: Measurement | None) -> float | None:
    """Return the median CD5 of normal T cells; None where they are too few, or lack CD5."""
    if measured is None or measured.t_cells is None:
        return None
    middle = median(measured.t_cells)
    if measured.cuts and middle < measured.cuts[0].linear:
        return None
    return middle


def reagent_section(proof: Proof | None) -> ReagentSection | None:
    """Return what shows that CD5 was in the tube; None where nothing tells what bright is."""
    if proof is None:
        return None
    return ReagentSection(
        by=proof.by,
        bright_t_cells=proof.t_cells,
        bright_blasts=proof.blasts,
        bright_others=proof.other_cells,
    )


def t_cell_section(measured: Measurement | None) -> TCellSection | None:
    """Return the share of normal T cells at or above the cut; None where CD5 was not measured."""
    if measured is None:
        return None
    cells = measured.readout.t_cells
    if not measured.cuts or not cells.size:
        return TCellSection(events=int(cells.size), positive_events=None, percent=None)
    positive = int(np.count_nonzero(cells >= measured.cuts[0].linear))
    return TCellSection(
        events=int(cells.size), positive_events=positive, percent=100 * positive / int(cells.size)
    )


def contamination_sections(
    neighbours: Sequence[Neighbour], blasts: int, *, place: float
) -> tuple[ContaminationSection, ...]:
    """Return the other cells that may lie in the blast gate, as the band was widened by them."""
    if not blasts:
        return ()
    sections = []
    for neighbour in neighbours:
        share = neighbour.positive_share(place)
        sections.append(
            ContaminationSection(
                source=neighbour.source,
                events=neighbour.events,
                percent_of_blasts=min(100 * neighbour.events / blasts, 100.0),
                cd5_positive_percent=None if share is None else 100 * share,
                expected_events=neighbour.expected,
            )
        )
    return tuple(sections)


def _median(values: Signal) -> float | None:
    return median(values) if values.size else None


def _ratio(value: float | None, over: float | None) -> float | None:
    if value is None or over is None or value <= 0 or over <= 0:
        return None
    ratio = value / over
    return ratio if np.isfinite(ratio) else None
