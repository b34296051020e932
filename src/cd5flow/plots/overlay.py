"""CD5 of the blasts over what it is compared with, where the cut lies, and where else it could."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from cd5flow.model.geometry import Dimension
from cd5flow.model.names import BLASTS, CD5_POSITIVE, T_CELLS
from cd5flow.model.scale import Scale
from cd5flow.pipeline import Analysis
from cd5flow.plots.axis import Axis, channel_label, ticks
from cd5flow.plots.canvas import (
    FONT,
    LINE_COLOUR,
    SMALL,
    draw_ticks,
    name_axes,
    note,
    printable,
    sheet,
    span,
)
from cd5flow.plots.drawing import Count, Drawing
from cd5flow.plots.palette import colour_of, word_of
from cd5flow.preprocess.transforms import scale, scale_exact
from cd5flow.quantify.cuts import Cut

Floats = npt.NDArray[np.floating[Any]]

OVERLAY: Final = "cd5-overlay"
"""The picture's name; populations have no hyphen in theirs."""

_BINS: Final = 160
_CONTROL: Final = "#000000"
_OTHER: Final = "#8c8c8c"
_BAND: Final = "#E69F00"
_HEIGHT: Final = 1.75  # of the frame over the curves, for the legend
_TAILS_PERCENT: Final = (0.2, 99.8)


@dataclass(frozen=True, slots=True)
class _Curve:
    name: str
    values: Floats
    style: dict[str, Any]


def overlay_drawing(analysis: Analysis) -> Drawing | None:
    """Return CD5 of blasts, T cells, negative references and control tubes; None without blasts.

    Each curve is scaled to its own highest bin; how many events it has stands in the legend.
    """
    measured = analysis.measured
    if measured is None or not measured.readout.blasts.size:
        return None
    transform = analysis.tube.scales[measured.axis.channel]
    curves = list(_curves(analysis))
    axis = _window(analysis, transform, curves)
    figure, (axes,) = sheet()
    _draw_band(axes, analysis, transform)
    for curve in curves:
        _draw_curve(axes, axis, curve, transform)
    _draw_cuts(axes, transform, measured.cuts)
    span(axes, axis.low, axis.high, up=False)
    span(axes, 0.0, _HEIGHT, up=True)
    draw_ticks(axes, ticks(axis), up=False)
    name_axes(axes, x=axis.label, y="events, each curve to its own height")
    cd5 = analysis.result.cd5
    if cd5.percent is not None:
        note(axes, f"{cd5.percent:.3g} %\n{cd5.positive_events:,} of {cd5.blast_events:,}")
    _draw_legend(axes)
    drawn = tuple(
        Count(curve.name, int(curve.values.size), BLASTS, cd5.blast_events) for curve in curves
    )
    positive = Count(CD5_POSITIVE, cd5.positive_events, BLASTS, cd5.blast_events)
    return Drawing(OVERLAY, "overlay", (axis.label,), positive, drawn, figure, _title(analysis))


def _title(analysis: Analysis) -> str:
    cd5 = analysis.result.cd5
    if cd5.percent is None:
        return f"CD5 on {cd5.blast_events:,} blasts: no percentage, {cd5.state}"
    return f"CD5 on {cd5.percent:.3g} % of {cd5.blast_events:,} blasts: {cd5.state}"


def _curves(analysis: Analysis) -> Iterator[_Curve]:
    """Yield every curve that has events: references first, the blasts on top."""
    assert analysis.measured is not None  # noqa: S101 - asked before
    readout, detector = analysis.measured.readout, analysis.measured.axis.channel
    for reference in readout.references:
        if reference.cd5.size:
            colour = colour_of(reference.name) or _OTHER
            yield _Curve(reference.name, reference.cd5, {"color": colour, "linewidth": 1.0})
    if readout.t_cells.size:
        style = {"color": colour_of(T_CELLS), "linewidth": 1.2}
        yield _Curve(T_CELLS, readout.t_cells, style)
    for control in analysis.controls:
        mask = control.members.get(BLASTS)
        if mask is not None and mask.any():
            signal = control.tube.columns.column(Dimension(detector))[mask]
            signal = signal[np.isfinite(signal)]
            name = (
                f"{control.role} tube" if control.is_accepted else f"{control.role} tube (refused)"
            )
            dashed: dict[str, Any] = {
                "color": _CONTROL,
                "linewidth": 1.0,
                "linestyle": (0, (3, 1.5)),
            }
            yield _Curve(name, signal, dashed)
    yield _Curve(BLASTS, readout.blasts, {"color": colour_of(BLASTS), "linewidth": 1.6})


def _window(analysis: Analysis, transform: Scale, curves: list[_Curve]) -> Axis:
    assert analysis.measured is not None  # noqa: S101 - asked before
    ends = [
        float(end)
        for curve in curves
        if curve.values.size
        for end in np.percentile(scale(curve.values, transform), _TAILS_PERCENT)
    ]
    ends += [float(scale_exact(cut.linear, transform)) for cut in analysis.measured.cuts]
    low, high = min(ends), max(ends)
    margin = 0.04 * (high - low) or 0.05
    detector = analysis.measured.axis.channel
    label = channel_label(analysis.tube, detector)
    return Axis(Dimension(detector, transform), label, low - margin, high + margin)


def _draw_curve(axes: Axes, axis: Axis, curve: _Curve, transform: Scale) -> None:
    places = axis.place(scale(curve.values, transform))
    counts, edges = np.histogram(places, bins=_BINS, range=(axis.low, axis.high))
    reach = 1 if curve.values.size > 20_000 else 2 if curve.values.size > 2_000 else 4
    weights = np.bartlett(2 * reach + 3)
    smooth = np.convolve(counts, weights / weights.sum(), mode="same")
    smooth = smooth / max(float(smooth.max()), 1e-9)
    middles = (edges[:-1] + edges[1:]) / 2
    label = printable(f"{word_of(curve.name)} {curve.values.size:,}")
    axes.plot(middles, smooth, label=label, **curve.style)
    if curve.name == BLASTS:
        axes.fill_between(middles, smooth, color=curve.style["color"], alpha=0.22, linewidth=0)


def _draw_band(axes: Axes, analysis: Analysis, transform: Scale) -> None:
    band = analysis.result.cd5.band_percent
    if analysis.measured is None or band is None:
        return
    places = analysis.measured.defensible
    low, high = (float(scale_exact(place, transform)) for place in (min(places), max(places)))
    label = f"other cuts: {band[0]:.3g} to {band[1]:.3g} %"
    axes.axvspan(low, high, color=_BAND, alpha=0.35, linewidth=0, label=label)


def _draw_cuts(axes: Axes, transform: Scale, cuts: tuple[Cut, ...]) -> None:
    """Draw the cut that was used, and thinner the others."""
    named: set[str] = set()
    for i, cut in enumerate(cuts):
        place = float(scale_exact(cut.linear, transform))
        words = "by hand" if cut.by_hand else cut.method.value.replace("_", " ")
        axes.plot(
            (place, place),
            (0.0, 1.08 if i == 0 else 1.04),
            color=LINE_COLOUR,
            linewidth=1.2 if i == 0 else 0.7,
            linestyle="-" if i == 0 else ":",
            label=f"cut: {words}" if i == 0 else _once(f"or {words}", named),
        )


def _once(label: str, named: set[str]) -> str:
    """Return a label the first time, and then one that no legend shows."""
    if label in named:
        return "_again"
    named.add(label)
    return label


def _draw_legend(axes: Axes) -> None:
    legend = axes.legend(
        loc="upper right",
        fontsize=SMALL - 1,
        frameon=False,
        borderaxespad=0.2,
        labelspacing=0.25,
        handlelength=1.6,
    )
    for text in legend.get_texts():
        text.set_fontfamily(FONT)
        text.set_parse_math(False)
