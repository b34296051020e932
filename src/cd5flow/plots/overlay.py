"""CD5 of the blasts over what it is compared with, where the cut lies, and where else it could."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cd5flow.model.geometry import Dimension
from cd5flow.model.names import BLASTS, CD5_POSITIVE, T_CELLS
from cd5flow.model.scale import Scale
from cd5flow.pipeline import Analysis
from cd5flow.plots.axis import Axis, channel_label
from cd5flow.plots.drawing import Count, Drawing
from cd5flow.plots.palette import BAND, BAND_EDGE, family_of
from cd5flow.plots.plotted_tube import TAILS_PERCENT
from cd5flow.plots.scene import (
    Bound,
    Dash,
    Key,
    Layer,
    Line,
    Panel,
    Scene,
    Side,
    Span,
    Stroke,
)
from cd5flow.plots.text import Text, phrase
from cd5flow.preprocess.transforms import scale, scale_exact
from cd5flow.quantify.cuts import Cut

Floats = npt.NDArray[np.floating[Any]]

OVERLAY: Final = "cd5-overlay"
"""The picture's name; populations have no hyphen in theirs."""

_BINS: Final = 160
_BLACK: Final = "#000000"
_OTHER: Final = "#767676"
_HEIGHT: Final = 1.12  # of the frame over the curves


@dataclass(frozen=True, slots=True)
class _Curve:
    population: str
    name: Text
    values: Floats
    stroke: Stroke


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
    cd5 = analysis.result.cd5
    band = _band(analysis, transform)
    layers: list[Layer] = [] if band is None else [band]
    for curve in curves:
        layers += _lines(axis, curve, transform)
    layers += _cut_lines(transform, measured.cuts)
    scene = Scene(
        (
            Panel(
                axis.side(),
                Side(0.0, _HEIGHT, phrase("axis_heights")),
                tuple(layers),
                note=_note(analysis),
            ),
        ),
        legend=(*_named(curves), *_cut_keys(measured.cuts), *_band_key(analysis)),
    )
    drawn = tuple(
        Count(curve.population, int(curve.values.size), BLASTS, cd5.blast_events)
        for curve in curves
    )
    positive = Count(CD5_POSITIVE, cd5.positive_events, BLASTS, cd5.blast_events)
    return Drawing(OVERLAY, "overlay", (axis.label,), positive, drawn, scene, is_front=True)


def _note(analysis: Analysis) -> tuple[Text, ...]:
    cd5 = analysis.result.cd5
    if cd5.percent is None:
        return ()
    counted = phrase("of", events=f"{cd5.positive_events:,}", parent=f"{cd5.blast_events:,}")
    return phrase("share", percent=f"{cd5.percent:.3g}"), counted


def _curves(analysis: Analysis) -> Iterator[_Curve]:
    """Yield every curve that has events: references first, the blasts on top."""
    assert analysis.measured is not None  # noqa: S101 - asked before
    readout, detector = analysis.measured.readout, analysis.measured.axis.channel
    for reference in readout.references:
        if reference.cd5.size:
            yield _curve(reference.name, reference.cd5, width=0.9)
    if readout.t_cells.size:
        yield _curve(T_CELLS, readout.t_cells, width=1.1)
    for control in analysis.controls:
        mask = control.members.get(BLASTS)
        if mask is not None and mask.any():
            signal = control.tube.columns.column(Dimension(detector))[mask]
            signal = signal[np.isfinite(signal)]
            code = "control" if control.is_accepted else "control_refused"
            name = phrase(code, role=phrase(f"role.{control.role}"))
            words = (
                f"{control.role} tube" if control.is_accepted else f"{control.role} tube (refused)"
            )
            yield _Curve(words, name, signal, Stroke(_BLACK, 1.0, Dash.DASHED))
    yield _curve(BLASTS, readout.blasts, width=1.6)


def _curve(population: str, values: Floats, *, width: float) -> _Curve:
    family = family_of(population)
    if family is None:
        name = phrase(f"population.{population}")
        return _Curve(population, name, values, Stroke(_OTHER, width, Dash.DOTTED))
    stroke = Stroke(family.colour, width, family.dash)
    return _Curve(population, phrase(f"family.{family.code}"), values, stroke)


def _window(analysis: Analysis, transform: Scale, curves: list[_Curve]) -> Axis:
    assert analysis.measured is not None  # noqa: S101 - asked before
    ends = [
        float(end)
        for curve in curves
        if curve.values.size
        for end in np.percentile(scale(curve.values, transform), TAILS_PERCENT)
    ]
    ends += [float(scale_exact(cut.linear, transform)) for cut in analysis.measured.cuts]
    low, high = min(ends), max(ends)
    margin = 0.03 * (high - low) or 0.05
    detector = analysis.measured.axis.channel
    label = channel_label(analysis.tube, detector)
    return Axis(Dimension(detector, transform), label, low - margin, high + margin)


def _lines(axis: Axis, curve: _Curve, transform: Scale) -> Iterator[Line]:
    places = axis.place(scale(curve.values, transform))
    counts, edges = np.histogram(places, bins=_BINS, range=(axis.low, axis.high))
    reach = 1 if curve.values.size > 20_000 else 2 if curve.values.size > 2_000 else 4
    weights = np.bartlett(2 * reach + 3)
    smooth = np.convolve(counts, weights / weights.sum(), mode="same")
    smooth = smooth / max(float(smooth.max()), 1e-9)
    corners = np.column_stack(((edges[:-1] + edges[1:]) / 2, smooth))
    if curve.population == BLASTS:
        ends = np.array([[axis.high, 0.0], [axis.low, 0.0]])
        filled = np.vstack((corners, ends))
        yield Line(filled, None, closed=True, fill=curve.stroke.colour, opacity=0.18)
    yield Line(corners, curve.stroke)


def _band(analysis: Analysis, transform: Scale) -> Span | None:
    if analysis.measured is None or analysis.result.cd5.band_percent is None:
        return None
    places = analysis.measured.defensible
    low, high = (float(scale_exact(place, transform)) for place in (min(places), max(places)))
    return Span(low, high, BAND, 0.35, edge=Stroke(BAND_EDGE, 0.6))


def _band_key(analysis: Analysis) -> Iterator[Key]:
    band = analysis.result.cd5.band_percent
    if band is not None:
        low, high = (f"{end:.3g}" for end in band)
        yield Key(phrase("band", low=low, high=high), BAND_EDGE, opacity=0.35)


def _named(curves: list[_Curve]) -> Iterator[Key]:
    """Yield the curves' entries, the blasts first."""
    for curve in reversed(curves):
        text = phrase("counted", name=curve.name, events=f"{curve.values.size:,}")
        yield Key(text, curve.stroke.colour, stroke=curve.stroke)


_CUT: Final = Stroke(_BLACK, 1.3)
_OTHER_CUT: Final = Stroke(_BLACK, 0.8, Dash.DOTTED)


def _cut_lines(transform: Scale, cuts: tuple[Cut, ...]) -> Iterator[Bound]:
    """Yield the cut that was used, and thinner the others."""
    for number, cut in enumerate(cuts):
        place = float(scale_exact(cut.linear, transform))
        yield Bound(place, _OTHER_CUT if number else _CUT, height=0.93 if number else 1.0)


def _cut_keys(cuts: tuple[Cut, ...]) -> Iterator[Key]:
    if cuts:
        method = "by_hand" if cuts[0].by_hand else f"cut.{cuts[0].method.value}"
        yield Key(phrase("cut_used", method=phrase(method)), _BLACK, stroke=_CUT)
    if len(cuts) > 1:
        yield Key(phrase("other_cuts"), _BLACK, stroke=_OTHER_CUT)
