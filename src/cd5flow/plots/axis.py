"""One axis of a picture: its channel, the scale it is shown on, its window and its ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, assert_never

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import MaxNLocator

from cd5flow.model.geometry import Dimension, Interval
from cd5flow.model.scale import Asinh, Hyperlog, Linear, Log, Logicle, Scale
from cd5flow.pipeline import Tube
from cd5flow.preprocess.transforms import inverse, scale_exact

Values = npt.NDArray[np.floating[Any]]

_SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


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


@dataclass(frozen=True, slots=True)
class Ticks:
    """Where an axis is marked.

    Attributes:
        places: of the long marks, on the axis's scale.
        words: at them, in linear units.
        between: places of the short marks.
    """

    places: list[float]
    words: list[str]
    between: list[float]


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
    """Return marker and fluorochrome as labelled, with the detector: "CD5 PC7 (FL5-A)"."""
    if tube.fcs.raw.channel(detector).is_time:
        return "Time (seconds)"
    marker = tube.panel.marker_of(detector)
    words = detector if marker is None else tube.panel.labels.get(marker, marker)
    if words == detector:
        words = marker or tube.fcs.raw.channel(detector).label or detector
    return words if words == detector else f"{words} ({detector})"


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
            steps = [k * v for v in values if v for k in range(2, 10)]
            between = _places(steps, transform)
            return Ticks(
                _places(values, transform),
                [power_of_ten(value) for value in values],
                [place for place in between if axis.low < place < axis.high],
            )
        case _:
            assert_never(transform)


def _round(axis: Axis, low: float, high: float) -> Ticks:
    values = [
        float(v)
        for v in MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, high)
        if low <= v <= high
    ]
    transform = axis.dimension.scale
    places = values if transform is None else _places(values, transform)
    return Ticks(places, [thousands(value) for value in values], [])


def _places(values: list[float], transform: Scale) -> list[float]:
    return [float(place) for place in scale_exact(np.array(values, dtype=np.float64), transform)]


def _decades(axis: Axis, transform: Log | Asinh | Logicle | Hyperlog) -> list[float]:
    """Return the powers of ten of either sign, and zero, that stand apart in the window."""
    top = math.ceil(math.log10(transform.t)) + 1
    rising = [10.0**k for k in range(-3, top)]
    nothing = [] if isinstance(transform, Log) else [0.0]
    below = [] if isinstance(transform, Log) else [-v for v in reversed(rising)]
    apart = 0.075 * (axis.high - axis.low)
    chosen: list[tuple[float, float]] = []
    # From the top down, so that what is crowded about zero gives way.
    for value in (*reversed(rising), *nothing, *reversed(below)):
        place = float(scale_exact(value, transform))
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
            return f"{value / unit:g}{letter}"
    return f"{value:g}"
