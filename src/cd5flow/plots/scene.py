"""A picture before it is drawn: frames with axes, and what lies in them in the units of the axes.

A scene knows neither language, paper nor pixels. `cd5flow.plots.svg` draws it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from cd5flow.plots.text import Text

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
Pixels: TypeAlias = npt.NDArray[np.uint8]
Rgb: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Ticks:
    """Where an axis is marked.

    Attributes:
        places: of the long marks, in units of the axis.
        words: at them, in linear units.
        between: places of the short marks.
    """

    places: tuple[float, ...] = ()
    words: tuple[str, ...] = ()
    between: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """One axis of a frame: its window, its marks, and what it shows."""

    low: float
    high: float
    label: Text = ""
    ticks: Ticks = field(default_factory=Ticks)

    def __post_init__(self) -> None:
        """Refuse a window without width: nothing has a place in it."""
        if not self.low < self.high:
            raise ValueError(f"an axis from {self.low} to {self.high}")


class Dash(Enum):
    """How a line is broken; lines differ in it as well as in colour."""

    SOLID = "solid"
    DASHED = "dashed"
    SHORT = "short"
    DOTTED = "dotted"
    DASH_DOT = "dash_dot"

    @property
    def lengths(self) -> tuple[float, ...]:
        """Lengths of strokes and gaps in turn, in points; none of a whole line."""
        return _LENGTHS[self]


_LENGTHS: Final[dict[Dash, tuple[float, ...]]] = {
    Dash.SOLID: (),
    Dash.DASHED: (4.0, 2.0),
    Dash.SHORT: (2.2, 1.6),
    Dash.DOTTED: (0.9, 1.5),
    Dash.DASH_DOT: (5.0, 1.5, 0.9, 1.5),
}


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line's colour, width in points, and dash."""

    colour: str
    width: float = 1.0
    dash: Dash = Dash.SOLID


class Shape(Enum):
    """The mark of a population, by its letter in Unicode; each is told from the others in grey."""

    CIRCLE = "●"
    SQUARE = "■"
    TRIANGLE = "▲"
    DIAMOND = "◆"
    TRIANGLE_DOWN = "▼"
    CROSS = "✕"


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """How many events lie where, over the whole frame.

    Attributes:
        pixels: (rows, columns) numbers of colours, the lowest row first.
        palette: the colours; the first is that of no event.
    """

    pixels: Pixels
    palette: tuple[Rgb, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """One mark an event; (n,) places across and up."""

    x: Floats
    y: Floats
    shape: Shape
    colour: str
    size: float = 2.0
    halo: bool = False
    """Whether each has a white rim, to be seen upon a density."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line through (n, 2) corners; closed, it is an outline. It may be filled."""

    corners: Floats
    stroke: Stroke | None
    closed: bool = False
    fill: str | None = None
    opacity: float = 1.0
    """Of what it is filled with."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one axis, shaded from end to end of the other.

    Attributes:
        low, high: its ends.
        fill: its colour.
        opacity: of the colour.
        edge: of the lines at its ends; None is none.
        height: how far up the frame it reaches, 1 is to the top.
    """

    low: float
    high: float
    fill: str
    opacity: float = 0.35
    edge: Stroke | None = None
    height: float = 1.0


@dataclass(frozen=True, slots=True)
class Bound:
    """A line from end to end of the frame at one place of an axis; `up` is whether of the other one.

    `height` is how much of the frame it crosses, 1 is all.
    """

    place: float
    stroke: Stroke
    up: bool = False
    height: float = 1.0


Layer: TypeAlias = Density | Marks | Line | Span | Bound


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of the legend: words beside a mark or a line, or beside a shade where it has neither."""

    text: Text
    colour: str
    shape: Shape | None = None
    stroke: Stroke | None = None
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Beyond:
    """What lies at one end of an axis or beyond it, and so is drawn at the edge.

    Attributes:
        up: whether the axis is the one that goes up.
        high: whether the end is the upper one.
        percent: of the events drawn.
    """

    up: bool
    high: bool
    percent: float


@dataclass(frozen=True, slots=True)
class Panel:
    """A frame.

    Attributes:
        x, y: its axes.
        layers: what lies in it, the lowest first.
        note: lines in its upper left corner.
        beyond: where events are drawn at the edge.
    """

    x: Side
    y: Side
    layers: tuple[Layer, ...]
    note: tuple[Text, ...] = ()
    beyond: tuple[Beyond, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture: frames above each other, the uppermost first, and one legend above them."""

    panels: tuple[Panel, ...]
    legend: tuple[Key, ...] = ()


WHITE: Final[Rgb] = (255, 255, 255)
