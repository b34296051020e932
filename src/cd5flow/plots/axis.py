"""One axis of a picture: its channel, the scale it is shown on, its window and its ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, assert_never

import numpy as np
import numpy.typing as npt

from cd5flow.model.geometry import Dimension, Interval
from cd5flow.model.scale import Asinh, Hyperlog, Linear, Log, Logicle, Scale
from cd5flow.pipeline import Tube
from cd5flow.plots.scene import Side, Ticks
from cd5flow.plots.text import Text, phrase
from cd5flow.preprocess.transforms import inverse, scale_exact

Values = npt.NDArray[np.floating[Any]]

_SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_TICKS: Final = 5  # steps of a linear axis, at most
_FEW_DECADES: Final = 2  # powers of ten below which others are needed, to tell the scale


@dataclass(frozen=True, slots=True)
class Axis:
    """A channel as it is shown.

    Attributes:
        dimension: the channel on the scale that it is shown on.
        label: marker, fluorochrome and detector.
        low, high: the window, on that scale.
    """

    dimension: Dimension
    label: str
    low: float
    high: float

    def place(self, values: Values) -> Values:
        """Return values moved to the border where they lie outside the window."""
        return np.clip(values, self.low, self.high)

    def side(self, label: Text | None = None) -> Side:
        """Return the axis with its ticks, and its channel and unit as label if no other is given."""
        words = unit_label(self) if label is None else label
        return Side(self.low, self.high, words, ticks(self))


def unit_label(axis: Axis) -> Text:
    """Return what an axis shows and in which unit: its ticks are linear units of an instrument."""
    transform = axis.dimension.scale
    name = "linear" if transform is None else type(transform).__name__.lower()
    return phrase("axis", channel=axis.label, scale=phrase(f"scale_{name}"))


def shown(side: Interval, tube: Tube) -> Interval:
    """Return an interval of a linear channel on the channel's display scale, where it has one.

    The scales rise, so the events inside stay the same; lines that slant would not, which is why
    polygons are shown on their own axes.
    """
    transform = tube.scales.get(side.dimension.detector)
    if side.dimension.scale is not None or transform is None:
        return side
    dimension = Dimension(side.dimension.detector, transform, side.dimension.compensated)
    return Interval(dimension, _moved(side.low, transform), _moved(side.high, transform))


def _moved(bound: float | None, transform: Scale) -> float | None:
    if bound is None:
        return None
    place = float(scale_exact(bound, transform))
    return place if math.isfinite(place) else None


def channel_label(tube: Tube, detector: str) -> str:
    """Return marker and fluorochrome as labelled, with the detector: "CD5 PC7 (FL5-A)".

    A detector that is called by the dye says it once: "CD5 PE-A", "SSC-A".
    """
    marker = tube.panel.marker_of(detector)
    words = detector if marker is None else tube.panel.labels.get(marker, marker)
    if words == detector:
        words = marker or tube.fcs.raw.channel(detector).label or detector
    if words == detector:
        return words
    light, _, _ = detector.rpartition("-")
    if light and f" {words}".endswith(f" {light}"):
        return words.removesuffix(light) + detector
    return f"{words} ({detector})"


def is_scatter(tube: Tube, detector: str) -> bool:
    """Whether a channel shows light scattered, of which there is none below zero."""
    return (tube.panel.marker_of(detector) or detector).upper().startswith(("FSC", "SSC"))


def ticks(axis: Axis) -> Ticks:
    """Return ticks in linear units: decades on logarithmic scales, thousands on linear ones."""
    transform = axis.dimension.scale
    match transform:
        case None:
            return _round(axis, axis.low, axis.high)
        case Linear():
            low, high = (float(inverse(end, transform)) for end in (axis.low, axis.high))
            return _round(axis, low, high)
        case Log() | Asinh() | Logicle() | Hyperlog():
            values = _decades(axis, transform)
            if sum(value != 0 for value in values) < _FEW_DECADES:
                return _within_decades(axis, transform)
            steps = [k * v for v in values if v for k in range(2, 10)]
            between = _places(steps, transform)
            return Ticks(
                tuple(_places(values, transform)),
                tuple(power_of_ten(value) for value in values),
                tuple(place for place in between if axis.low < place < axis.high),
            )
        case _:
            assert_never(transform)


def _within_decades(axis: Axis, transform: Log | Asinh | Logicle | Hyperlog) -> Ticks:
    """Return ticks of a window too narrow for decades: at 1, 2 and 5 times a power of ten."""
    low, high = (float(inverse(end, transform)) for end in (axis.low, axis.high))
    power = math.floor(math.log10(max(abs(low), abs(high), 1e-3)))
    digits = [d * 10.0**k for k in (power - 2, power - 1, power) for d in (1, 2, 5)]
    values = sorted({0.0, *digits, *(-value for value in digits)})
    chosen: list[tuple[float, float]] = []
    apart = 0.1 * (axis.high - axis.low)
    for value, place in zip(values, _places(values, transform), strict=True):
        inside = axis.low <= place <= axis.high
        if inside and (not chosen or place - chosen[-1][1] >= apart):
            chosen.append((value, place))
    return Ticks(tuple(p for _, p in chosen), tuple(thousands(v) for v, _ in chosen))


def _round(axis: Axis, low: float, high: float) -> Ticks:
    values = round_values(low, high)
    transform = axis.dimension.scale
    places = values if transform is None else _places(values, transform)
    return Ticks(tuple(places), tuple(thousands(value) for value in values))


def round_values(low: float, high: float) -> list[float]:
    """Return the round numbers of a window that are 1, 2 or 5 times a power of ten apart."""
    least = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(least))
    step = next(digit * power for digit in (1, 2, 5, 10, 20) if digit * power >= least)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [number * step for number in range(first, last + 1)]


def _places(values: Iterable[float], transform: Scale) -> list[float]:
    return [float(v) for v in scale_exact(np.array(list(values), dtype=np.float64), transform)]


def _decades(axis: Axis, transform: Log | Asinh | Logicle | Hyperlog) -> list[float]:
    """Return the powers of ten of either sign, and zero, that stand apart in the window."""
    top = math.ceil(math.log10(transform.t)) + 1
    rising = [10.0**k for k in range(-3, top)]
    nothing = [] if isinstance(transform, Log) else [0.0]
    below = [] if isinstance(transform, Log) else [-v for v in reversed(rising)]
    # From the top down, so that what is crowded about zero gives way.
    values = [*reversed(rising), *nothing, *reversed(below)]
    apart = 0.075 * (axis.high - axis.low)
    chosen: list[tuple[float, float]] = []
    for value, place in zip(values, _places(values, transform), strict=True):
        if not axis.low <= place <= axis.high:
            continue
        if value == 0 and chosen and chosen[-1][1] - place < apart:
            chosen.pop()
        if not chosen or chosen[-1][1] - place >= apart:
            chosen.append((value, place))
    return [value for value, _ in reversed(chosen)]


def power_of_ten(value: float) -> str:
    """Return 1000 as "10³", and 0 as itself."""
    if value == 0:
        return "0"
    power = str(round(math.log10(abs(value)))).translate(_SUPERSCRIPTS)
    return f"{'−' if value < 0 else ''}10{power}"


def thousands(value: float) -> str:
    """Return 50000 as "50K", 2500000 as "2.5M"."""
    for unit, letter in ((1e6, "M"), (1e3, "K")):
        if abs(value) >= unit:
            return f"{value / unit:g}{letter}".replace("-", "−")
    return f"{value:g}".replace("-", "−")
