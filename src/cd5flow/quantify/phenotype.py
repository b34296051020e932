"""How blasts look beside the normal T cells of the same tube, marker by marker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from cd5flow.model.events import Mask
from cd5flow.model.geometry import Dimension
from cd5flow.model.names import BLASTS, T_CELLS
from cd5flow.model.panel import Panel
from cd5flow.model.result import PhenotypeEntry
from cd5flow.numerics.order_statistics import finite_values, quantiles
from cd5flow.preprocess.transforms import Columns

LEFT_OUT = frozenset(
    {"FSC", "FSC-H", "FSC-W", "SSC", "SSC-H", "SSC-W", "Time", "viability", "nuclear"}
)
READ_OUT = "CD5"
"""It has a section of its own, and must not guide who is a blast in a later tube."""

ENDS_PERCENT = (2.5, 50.0, 97.5)


def phenotype(
    members: Mapping[str, Mask], *, columns: Columns, panel: Panel, min_events: int
) -> tuple[PhenotypeEntry, ...]:
    """Return where the blasts lie on each marker but CD5, in linear units and against T cells.

    Args:
        members: populations; `blasts` and `t_cells` are read.
        columns: the tube's events.
        panel: its markers.
        min_events: fewest blasts, and fewest T cells to measure by.

    Returns:
        An entry a marker in the panel's order; none where there are too few blasts.
    """
    blasts, normal = _rows(members.get(BLASTS)), _rows(members.get(T_CELLS))
    if blasts.size < min_events:
        return ()
    few = normal.size < min_events
    entries = []
    for marker, detector in panel.markers.items():
        if marker in LEFT_OUT or marker == READ_OUT:
            continue
        signal = columns.column(Dimension(detector))
        beside = None if few else finite_values(signal.take(normal))
        entries.append(_entry(marker, detector, finite_values(signal.take(blasts)), beside))
    return tuple(entry for entry in entries if entry is not None)


def _rows(mask: Mask | None) -> npt.NDArray[np.intp]:
    return np.empty(0, dtype=np.intp) if mask is None else np.flatnonzero(mask)


def _entry(
    marker: str,
    detector: str,
    blasts: npt.NDArray[np.floating[Any]],
    t_cells: npt.NDArray[np.floating[Any]] | None,
) -> PhenotypeEntry | None:
    if not blasts.size:
        return None
    low, median, high = quantiles(blasts, ENDS_PERCENT)
    if t_cells is None or not t_cells.size:
        return PhenotypeEntry(marker=marker, channel=detector, low=low, median=median, high=high)
    dim, normal, bright = quantiles(t_cells, (16, 50, 95))
    # T cells are a yardstick where they carry the marker: a signal that none of theirs is zero or less.
    measurable = dim > 0
    return PhenotypeEntry(
        marker=marker,
        channel=detector,
        low=low,
        median=median,
        high=high,
        t_cells_median=normal,
        low_decades=_decades(low, normal) if measurable else None,
        median_decades=_decades(median, normal) if measurable else None,
        high_decades=_decades(high, normal) if measurable else None,
        above_t_cells_percent=100 * float(np.mean(blasts > bright)),
    )


def _decades(signal: float, of: float) -> float | None:
    return float(np.log10(signal / of)) if signal > 0 else None
