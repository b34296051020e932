"""The word for each marker other than CD5 on blasts, told by other cells of the same tube."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from cd5flow.model.events import Mask
from cd5flow.model.geometry import Dimension
from cd5flow.model.limits import PatternLimits
from cd5flow.model.names import BLASTS, T_CELLS
from cd5flow.model.panel import Panel
from cd5flow.model.phenotype_rule import PhenotypeRule
from cd5flow.model.scale import Scale
from cd5flow.model.states import MarkerWord
from cd5flow.numerics.order_statistics import finite_values, median, robust_sd
from cd5flow.preprocess.transforms import Columns, scale
from cd5flow.quantify.cuts import Signal
from cd5flow.quantify.pattern import Scaled, is_heterogeneous, is_partial
from cd5flow.quantify.phenotype import LEFT_OUT, READ_OUT

Words = dict[str, MarkerWord]


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What a marker's signals are held against, linear units.

    Attributes:
        cut: from where on an event is positive; None where no cells of the tube lack the marker.
        t_cells: median of normal T cells, if they carry the marker; else None.
    """

    cut: float | None
    t_cells: float | None


def marker_words(
    blasts: Mapping[str, Mask],
    members: Mapping[str, Mask],
    *,
    columns: Columns,
    panel: Panel,
    scales: Mapping[str, Scale],
    rule: PhenotypeRule,
    limits: PatternLimits,
) -> dict[str, Words]:
    """Return the words for populations of blasts, marker by marker in the panel's order.

    Args:
        blasts: the populations by name.
        members: the gates that they are held against.
        columns: the tube's events.
        panel: its markers.
        scales: display scale of each detector.
        rule: the cells and limits.
        limits: what is partial and heterogeneous, as for CD5.

    Returns:
        A name to marker to word; without markers that nothing in the tube tells, and without any
        where a population has too few events.
    """
    told: dict[str, Words] = {name: {} for name in blasts}
    rows = {name: np.flatnonzero(mask) for name, mask in blasts.items()}
    enough = [name for name, inside in rows.items() if inside.size >= rule.events]
    for marker, detector in panel.markers.items():
        if not enough or marker in LEFT_OUT or marker == READ_OUT:
            continue
        signal = columns.column(Dimension(detector))
        beside = _yardstick(marker, signal, members, rule)
        if beside.cut is None and beside.t_cells is None:
            continue
        for name in enough:
            cells = finite_values(signal.take(rows[name]))
            if cells.size >= rule.events:
                told[name][marker] = word_of(
                    cells,
                    beside,
                    scaled=partial(scale, transform=scales[detector]),
                    rule=rule,
                    limits=limits,
                )
    return told


def _yardstick(
    marker: str, signal: Signal, members: Mapping[str, Mask], rule: PhenotypeRule
) -> Yardstick:
    cut = None
    for cells in rule.negatives:
        if marker not in cells.lacks:
            continue
        negative = _outside_blasts(signal, cells.population, members)
        if negative.size >= rule.events:
            cut = median(negative) + rule.negative_spreads * robust_sd(negative)
            break
    t_cells = None
    if marker in rule.carried:
        normal = _outside_blasts(signal, T_CELLS, members)
        if normal.size >= rule.events and median(normal) > max(cut or 0.0, 0.0):
            t_cells = median(normal)
    return Yardstick(cut, t_cells)


def _outside_blasts(signal: Signal, population: str, members: Mapping[str, Mask]) -> Signal:
    mask, blasts = members.get(population), members.get(BLASTS)
    if mask is None:
        return signal[:0]
    return finite_values(signal[mask if blasts is None else mask & ~blasts])


def word_of(
    cells: Signal,
    beside: Yardstick,
    *,
    scaled: Scaled,
    rule: PhenotypeRule,
    limits: PatternLimits,
) -> MarkerWord:
    """Return the word for a marker on a population, by the rules in their order.

    Args:
        cells: the marker on its cells, linear units.
        beside: what it is held against; at least one of the two.
        scaled: the display scale.
        rule: when it is negative, dim or bright.
        limits: when it is partial or heterogeneous.
    """
    if beside.cut is not None:
        positive = 100 * np.count_nonzero(cells >= beside.cut) / cells.size
        if positive < rule.negative_percent:
            return MarkerWord.NEGATIVE
    if is_partial(cells, scaled, limits):
        return MarkerWord.PARTIAL
    floor = max(beside.cut or 0.0, 1e-3 * (beside.t_cells or 0.0), 1e-9)
    if is_heterogeneous(cells, floor=floor, limits=limits):
        return MarkerWord.HETEROGENEOUS
    middle = max(median(cells), floor / 10)
    if beside.t_cells is not None:
        decades = float(np.log10(middle / beside.t_cells))
        dim, bright = decades < -rule.t_cells_decades, decades > rule.t_cells_decades
    else:
        decades = float(np.log10(middle / floor))
        dim, bright = decades < rule.dim_decades, decades >= rule.bright_decades
    if dim:
        return MarkerWord.DIM
    return MarkerWord.BRIGHT if bright else MarkerWord.POSITIVE
