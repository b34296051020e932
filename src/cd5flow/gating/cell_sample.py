"""An even part of a tube's single cells, in decades on every marker but CD5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.gating.profile_limits import Grouping
from cd5flow.gating.profiles import SCATTER
from cd5flow.model.events import Mask
from cd5flow.model.geometry import Dimension
from cd5flow.model.names import READOUT
from cd5flow.model.panel import Panel
from cd5flow.model.scale import Logicle, Scale
from cd5flow.numerics.order_statistics import MAD_TO_SD, median
from cd5flow.preprocess.transforms import Columns, scale

Values = npt.NDArray[np.float32]

_NO_AXES: Final = frozenset({READOUT, "Time", "viability", "FSC-H", "FSC-W", "SSC-H", "SSC-W"})


@dataclass(frozen=True)
class CellSample:
    """Cells on all axes by which kinds are told.

    Attributes:
        rows: (n,) the events, as rising row numbers of the tube.
        markers: the m axes, CD5 not among them.
        values: (n, m) places in decades.
        grouped: the same, background levelled out.
        weights: (m,) by how much a decade counts.
        zero: marker to where zero signal lies.
        floors: (m,) places below which a marker is background.
    """

    rows: npt.NDArray[np.intp]
    markers: tuple[str, ...]
    values: Values
    grouped: Values
    weights: Values
    zero: Mapping[str, float]
    floors: npt.NDArray[np.float64]


def take_sample(
    parent: Mask,
    *,
    columns: Columns,
    panel: Panel,
    scales: Mapping[str, Scale],
    rule: Grouping,
) -> CellSample | None:
    """Return an even part of a population's single cells; None where too few or no CD45 tells.

    Args:
        parent: whose events are looked at.
        columns: the tube's events on any axis.
        panel: its markers.
        scales: display scale of each detector.
        rule: how many, and what background is.
    """
    markers = tuple(m for m in panel.markers if m not in _NO_AXES | rule.not_by)
    if "CD45" not in markers or not set(SCATTER) <= set(markers):
        return None
    rows = _single_rows(parent, columns, panel, sample=rule.cells)
    values = np.stack([decades(m, rows, columns, panel, scales) for m in markers], axis=1)
    known = np.isfinite(values).all(axis=1)
    rows, values = rows[known], values[known]
    if len(rows) < 10 * rule.fewest:
        return None
    zero = {m: _zero(scales.get(panel.detector(m))) for m in markers}
    floors = np.array([-np.inf if m in SCATTER else zero[m] + rule.background for m in markers])
    return CellSample(
        rows=rows,
        markers=markers,
        values=values,
        grouped=np.maximum(values, floors).astype(np.float32),
        weights=np.array([rule.scatter_weights.get(m, 1.0) for m in markers], dtype=np.float32),
        zero=zero,
        floors=floors,
    )


def _single_rows(
    parent: Mask, columns: Columns, panel: Panel, *, sample: int
) -> npt.NDArray[np.intp]:
    """Return an even part of the events whose pulses look like those of one cell."""
    rows = np.flatnonzero(parent)
    rows = rows[:: max(1, len(rows) // (2 * sample))]
    single = np.ones(len(rows), dtype=np.bool_)
    for area, other in (("FSC", "FSC-H"), ("SSC", "SSC-H"), ("FSC", "FSC-W")):
        if other == "FSC-W" and panel.has("FSC-H"):
            continue
        if not (panel.has(area) and panel.has(other)):
            continue
        first, second = (
            columns.column(Dimension(panel.detector(m)))[rows].astype(np.float64)
            for m in (area, other)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(second) if other == "FSC-W" else np.log(first / second)
        ratio[~np.isfinite(ratio)] = np.inf
        if not single.any():
            break
        middle = median(ratio[single])
        if not np.isfinite(middle):
            continue
        away = ratio - middle if other == "FSC-W" else np.abs(ratio - middle)
        spread = MAD_TO_SD * median(np.abs(ratio[single] - middle))
        ended = _at_end(first, columns, panel.detector(area)) if other != "FSC-W" else False
        single &= (away < max(4 * spread, 0.05)) | ended
    rows = rows[single]
    return np.asarray(rows[:: max(1, len(rows) // sample)], dtype=np.intp)


def _at_end(
    values: npt.NDArray[np.float64], columns: Columns, detector: str
) -> npt.NDArray[np.bool_]:
    """Return which values are at the end of their scale, and so tell no doublet."""
    end = columns.events.raw.channel(detector).last_step
    return np.zeros(values.shape, dtype=np.bool_) if end is None else values >= end


def decades(
    marker: str,
    rows: npt.NDArray[np.intp],
    columns: Columns,
    panel: Panel,
    scales: Mapping[str, Scale],
) -> Values:
    """Return events' places in decades: of the display scale, of scatter in plain logarithms."""
    detector = panel.detector(marker)
    linear = columns.column(Dimension(detector))[rows]
    transform = scales.get(detector)
    if marker in SCATTER or not isinstance(transform, Logicle):
        return np.log10(np.maximum(linear, 1)).astype(np.float32)
    return np.asarray(scale(linear, transform) * np.float32(transform.m + transform.a))


def _zero(transform: Scale | None) -> float:
    """Return where zero signal lies, in decades from the bottom of the display scale."""
    return transform.w + transform.a if isinstance(transform, Logicle) else 0.0
