"""Regions as files write them: what `result.json` shows of a gate, read back into geometry.

`written_region` and `WrittenRegion.region` are each other's inverse, to the last bit. By hand less
is needed: a dimension without ``scale`` lies on its channel's display scale.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Ellipse,
    Interval,
    Intervals,
    Operand,
    Polygon,
    Rectangle,
    Region,
)
from cd5flow.model.scale import Asinh, Hyperlog, Linear, Log, Logicle, Scale

Scales = Mapping[str, Scale]
"""Display scale of each detector; one that is absent has none, as Time."""

DISPLAY: Final = "display"
LINEAR: Final = "linear"

Number = Annotated[float, Field(allow_inf_nan=False)]
Pair = tuple[Number, Number]
Named = Annotated[str, Field(min_length=1)]


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WrittenLinear(_Written):
    """(x + A) / (T + A)."""

    type: Literal["linear"]
    t: Number
    a: Number = 0

    @property
    def scale(self) -> Scale:
        """The scale itself."""
        return Linear(self.t, self.a)


class WrittenLog(_Written):
    """log10(x / T) / M + 1."""

    type: Literal["log"]
    t: Number
    m: Number

    @property
    def scale(self) -> Scale:
        """The scale itself."""
        return Log(self.t, self.m)


class WrittenAsinh(_Written):
    """(asinh(x sinh(M ln 10) / T) + A ln 10) / ((M + A) ln 10)."""

    type: Literal["asinh"]
    t: Number
    m: Number
    a: Number = 0

    @property
    def scale(self) -> Scale:
        """The scale itself."""
        return Asinh(self.t, self.m, self.a)


class WrittenLogicle(_Written):
    """The logicle scale of top T, width W, M decades and A decades below zero."""

    type: Literal["logicle"]
    t: Number
    w: Number
    m: Number
    a: Number = 0

    @property
    def scale(self) -> Scale:
        """The scale itself."""
        return Logicle(self.t, self.w, self.m, self.a)


class WrittenHyperlog(_Written):
    """The hyperlog scale of top T, width W, M decades and A decades below zero."""

    type: Literal["hyperlog"]
    t: Number
    w: Number
    m: Number
    a: Number = 0

    @property
    def scale(self) -> Scale:
        """The scale itself."""
        return Hyperlog(self.t, self.w, self.m, self.a)


WrittenScale = Annotated[
    WrittenLinear | WrittenLog | WrittenAsinh | WrittenLogicle | WrittenHyperlog,
    Field(discriminator="type"),
]


class WrittenDimension(_Written):
    """One axis of a region.

    Attributes:
        detector: the channel's ``$PnN``. Time is in seconds.
        scale: on what bounds are given: ``display``, the tube's own scale of the channel, on which
            nearly all events lie between 0 and 1; ``linear`` or null, the signal itself; or a scale
            with its parameters.
        compensated: whether the tube's matrix applies.
    """

    detector: Named
    scale: Literal["display", "linear"] | WrittenScale | None = DISPLAY
    compensated: bool = True

    @model_validator(mode="after")
    def _has_a_scale(self) -> WrittenDimension:
        self.dimension({})
        return self

    def dimension(self, scales: Scales) -> Dimension:
        """Return the axis, on the tube's display scale where none is named."""
        match self.scale:
            case "display":
                found = scales.get(self.detector)
            case None | "linear":
                found = None
            case given:
                found = given.scale
        return Dimension(self.detector, found, self.compensated)


class _WrittenRegion(_Written):
    """A region that geometry would refuse is refused when it is read."""

    @model_validator(mode="after")
    def _is_a_region(self) -> Any:
        self.region({})
        return self

    def region(self, scales: Scales) -> Region:
        raise NotImplementedError


class WrittenSide(_WrittenRegion):
    """low <= x < high on one axis; a bound left out or null is none."""

    dimension: WrittenDimension
    low: Number | None = None
    high: Number | None = None

    def region(self, scales: Scales) -> Interval:
        """Return the interval."""
        return Interval(self.dimension.dimension(scales), self.low, self.high)


class WrittenInterval(WrittenSide):
    """An interval as a region of its own."""

    shape: Literal["interval"]


class WrittenIntervals(_WrittenRegion):
    """Any of several spans on one axis."""

    shape: Literal["intervals"]
    dimension: WrittenDimension
    spans: tuple[Pair, ...]

    def region(self, scales: Scales) -> Intervals:
        """Return the intervals."""
        return Intervals(self.dimension.dimension(scales), self.spans)


class WrittenRectangle(_WrittenRegion):
    """Inside each of several sides, every one on an axis of its own."""

    shape: Literal["rectangle"]
    sides: tuple[WrittenSide, ...]

    def region(self, scales: Scales) -> Rectangle:
        """Return the rectangle."""
        return Rectangle(tuple(side.region(scales) for side in self.sides))


class WrittenPolygon(_WrittenRegion):
    """Inside a polygon on two axes; the last vertex joins the first."""

    shape: Literal["polygon"]
    x: WrittenDimension
    y: WrittenDimension
    vertices: tuple[Pair, ...]

    def region(self, scales: Scales) -> Polygon:
        """Return the polygon."""
        return Polygon(self.x.dimension(scales), self.y.dimension(scales), self.vertices)


class WrittenEllipse(_WrittenRegion):
    """(p - centre)' covariance^-1 (p - centre) <= distance_squared; covariance is xx, xy, yy."""

    shape: Literal["ellipse"]
    x: WrittenDimension
    y: WrittenDimension
    centre: Pair
    covariance: tuple[Number, Number, Number]
    distance_squared: Number

    def region(self, scales: Scales) -> Ellipse:
        """Return the ellipse."""
        axes = self.x.dimension(scales), self.y.dimension(scales)
        return Ellipse(*axes, self.centre, self.covariance, self.distance_squared)


class WrittenOperand(_Written):
    """A population, or its complement."""

    gate: Named
    complement: bool = False


class WrittenBoolean(_WrittenRegion):
    """In all of several populations (and), or in any (or)."""

    shape: Literal["boolean"]
    operator: Literal["and", "or"]
    operands: tuple[WrittenOperand, ...]

    def region(self, scales: Scales) -> Boolean:  # noqa: ARG002 - it has no axes of its own
        """Return the combination."""
        operands = tuple(Operand(one.gate, one.complement) for one in self.operands)
        return Boolean(self.operator, operands)


WrittenRegion = Annotated[
    WrittenInterval
    | WrittenIntervals
    | WrittenRectangle
    | WrittenPolygon
    | WrittenEllipse
    | WrittenBoolean,
    Field(discriminator="shape"),
]
"""Any region."""


def written_region(region: Region) -> dict[str, Any]:
    """Return a region as plain names, numbers and lists, its kind under ``shape``."""
    return {"shape": type(region).__name__.lower(), **_plain(region)}


def _plain(thing: object) -> Any:
    if isinstance(thing, Linear | Log | Asinh | Logicle | Hyperlog):
        return {"type": type(thing).__name__.lower(), **dataclasses.asdict(thing)}
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return {f.name: _plain(getattr(thing, f.name)) for f in dataclasses.fields(thing)}
    if isinstance(thing, tuple):
        return [_plain(item) for item in thing]
    return thing
