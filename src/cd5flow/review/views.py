"""A gate as the page shows it: the planes it is drawn on, its edges and corners, and both turned back.

Places are those of the shown scale: a channel that its region reads in linear units is shown on its
display scale where it has one, as in every picture of the report.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from cd5flow.errors import OverrideError
from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Ellipse,
    Interval,
    Intervals,
    Polygon,
    Rectangle,
    Region,
    Shape,
)
from cd5flow.model.populations import Evidence, Gate, GateTree
from cd5flow.pipeline import Tube
from cd5flow.plots.axis import Axis, shown, ticks
from cd5flow.plots.plotted_tube import PlottedTube
from cd5flow.preprocess.transforms import inverse

CORNERS: Final = 12
"""Corners that an ellipse is given once one of them is moved."""

_OUTLINE: Final = 72
_FEWEST: Final = 3
_MOST_CORNERS: Final = 60
_LETTERS: Final = 400  # most that a name of an edge may have

Places = tuple[tuple[float, float], ...]

_NO_EVIDENCE: Final = Evidence("", 0)


@dataclass(frozen=True, slots=True)
class EdgeHandle:
    """An edge of a region that lies across one axis.

    Attributes:
        key: which of the region's edges it is.
        name: of the edge, within its gate.
        along: the axis on which it moves.
        at: its place there.
    """

    key: str
    name: str
    along: Literal["x", "y"]
    at: float


@dataclass(frozen=True, slots=True)
class View:
    """One picture of a gate: its parent's events on one or two axes.

    Attributes:
        gate: the gate that is drawn, which for joined populations is one of theirs.
        parent: whose events are shown.
        x: the axis across.
        y: the axis up; None for a histogram.
        edges: of what is bounded on these axes.
        corners: of a polygon, or of an ellipse as the polygon that it becomes; None of others.
        outline: of an ellipse as it is; None of others.
    """

    gate: str
    parent: str
    x: Axis
    y: Axis | None
    edges: tuple[EdgeHandle, ...] = ()
    corners: Places | None = None
    outline: Places | None = None

    @property
    def axes(self) -> tuple[Dimension, ...]:
        """The channels that it shows."""
        return (self.x.dimension,) if self.y is None else (self.x.dimension, self.y.dimension)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain names, numbers and lists."""
        return {
            "gate": self.gate,
            "parent": self.parent,
            "x": _axis_json(self.x),
            "y": None if self.y is None else _axis_json(self.y),
            **self.shape_json(),
        }

    def shape_json(self) -> dict[str, Any]:
        """Return the gate on these axes alone."""
        return {
            "edges": [
                {"key": e.key, "name": e.name, "along": e.along, "at": e.at} for e in self.edges
            ],
            "corners": None if self.corners is None else [list(p) for p in self.corners],
            "outline": None if self.outline is None else [list(p) for p in self.outline],
        }


def views_of(plotted: PlottedTube, tree: GateTree, name: str) -> tuple[View, ...]:
    """Return every picture of a gate; of joined populations, those of the gates that are joined."""
    return tuple(
        view for gate in drawn_gates(tree, name) for view in _views(plotted, gate, gate.region)
    )


def drawn_gates(tree: GateTree, name: str) -> tuple[Gate, ...]:
    """Return the gates with a shape of their own that decide on a population within its parent."""
    above = {name for name in (tree[name].parent,) if name in tree}
    above.update(*(tree.ancestors(one) for one in above))
    met: dict[str, None] = {}

    def meet(one: str) -> None:
        gate = tree[one]
        if isinstance(gate.region, Boolean):
            for operand in gate.region.operands:
                for before in (*tree.ancestors(operand.gate), operand.gate):
                    if before not in above and before not in met:
                        meet(before)
        met[one] = None

    meet(name)
    return tuple(tree[one] for one in met if not isinstance(tree[one].region, Boolean))


def beside(plotted: PlottedTube, view: View, region: Region) -> dict[str, Any] | None:
    """Return another region on the axes of a view; None where it lies on others."""
    if isinstance(region, Boolean):
        return None
    gate = Gate(view.gate, view.parent, region, _NO_EVIDENCE)
    for other in _views(plotted, gate, region):
        if other.axes == view.axes:
            return other.shape_json()
    return None


def _views(plotted: PlottedTube, gate: Gate, region: Region) -> Iterator[View]:
    match region:
        case Interval() | Intervals():
            yield _span_view(plotted, gate, region)
        case Rectangle(sides=sides):
            edges = _rectangle_edges(plotted.tube, region)
            if len(sides) == 1:
                x = plotted.axis(edges[0][0], gate.parent)
                yield View(gate.name, gate.parent, x, None, _along(edges[0][1], "x"))
            for i, j in _pairs(len(sides)):
                x, y = (
                    plotted.axis(edges[i][0], gate.parent),
                    plotted.axis(edges[j][0], gate.parent),
                )
                both = (*_along(edges[i][1], "x"), *_along(edges[j][1], "y"))
                yield View(gate.name, gate.parent, x, y, both)
        case Polygon(x=x, y=y, vertices=vertices):
            yield View(
                gate.name,
                gate.parent,
                plotted.axis(x, gate.parent),
                plotted.axis(y, gate.parent),
                corners=vertices,
            )
        case Ellipse(x=x, y=y):
            yield View(
                gate.name,
                gate.parent,
                plotted.axis(x, gate.parent),
                plotted.axis(y, gate.parent),
                corners=around(region, CORNERS),
                outline=around(region, _OUTLINE),
            )
        case Boolean():
            return


def _span_view(plotted: PlottedTube, gate: Gate, region: Interval | Intervals) -> View:
    if isinstance(region, Interval):
        side = shown(region, plotted.tube)
        edges = _ends(side, "0", "")
        dimension = side.dimension
    else:
        sides = [shown(Interval(region.dimension, *s), plotted.tube) for s in region.spans]
        dimension = sides[0].dimension
        edges = tuple(
            edge for i, one in enumerate(sides) for edge in _ends(one, str(i), f"span {i + 1} ")
        )
    return View(gate.name, gate.parent, plotted.axis(dimension, gate.parent), None, edges)


def _rectangle_edges(
    tube: Tube, region: Rectangle
) -> list[tuple[Dimension, tuple[EdgeHandle, ...]]]:
    found = []
    for i, side in enumerate(region.sides):
        one = shown(side, tube)
        detector = side.dimension.detector
        marker = tube.panel.marker_of(detector) or detector
        found.append((one.dimension, _ends(one, str(i), f"{marker} "[:_LETTERS])))
    return found


def _ends(side: Interval, key: str, before: str) -> tuple[EdgeHandle, ...]:
    ends = (("low", side.low), ("high", side.high))
    return tuple(
        EdgeHandle(f"{key}:{end}", f"{before}{end}", "x", at) for end, at in ends if at is not None
    )


def _along(edges: Sequence[EdgeHandle], axis: Literal["x", "y"]) -> tuple[EdgeHandle, ...]:
    return tuple(EdgeHandle(e.key, e.name, axis, e.at) for e in edges)


def _pairs(sides: int) -> Iterator[tuple[int, int]]:
    """Yield sides two by two; an odd last one goes with the first."""
    for i in range(0, sides - 1, 2):
        yield i, i + 1
    if sides % 2 and sides > 1:
        yield 0, sides - 1


def around(ellipse: Ellipse, places: int) -> Places:
    """Return corners of the polygon of an ellipse's own area whose corners lie evenly around it."""
    xx, xy, yy = ellipse.covariance
    # The ellipse is the unit circle under the covariance's lower Cholesky factor.
    a = math.sqrt(xx)
    b, c = xy / a, math.sqrt(yy - xy * xy / xx)
    turn = 2 * math.pi / places
    size = math.sqrt(ellipse.distance_squared * turn / math.sin(turn))
    cx, cy = ellipse.centre
    return tuple(
        (
            cx + size * a * math.cos(k * turn),
            cy + size * (b * math.cos(k * turn) + c * math.sin(k * turn)),
        )
        for k in range(places)
    )


def redrawn(region: Region, drawing: Mapping[str, Any], tube: Tube) -> Shape:
    """Return a region with edges moved, or with other corners.

    Args:
        region: the region as it is.
        drawing: ``edges``: places by the key of the edge; or ``corners``: all of them.
        tube: the tube.

    Raises:
        OverrideError: no such region can be: edges in the wrong order, corners too few, too many or
            crossing lines, or a region that has no edges.
    """
    if isinstance(region, Boolean):
        raise OverrideError("this gate joins populations and has no edges of its own")
    try:
        match region:
            case Interval():
                return _moved(region, "0", _edges(drawing), tube)
            case Intervals(spans=spans, dimension=dimension):
                moved = [
                    _moved(Interval(dimension, *span), str(i), _edges(drawing), tube)
                    for i, span in enumerate(spans)
                ]
                return Intervals(dimension, tuple((m.low or 0.0, m.high or 0.0) for m in moved))
            case Rectangle(sides=sides):
                edges = _edges(drawing)
                return Rectangle(
                    tuple(_moved(side, str(i), edges, tube) for i, side in enumerate(sides))
                )
            case Polygon(x=x, y=y) | Ellipse(x=x, y=y):
                return Polygon(x, y, _corners(drawing))
    except ValueError as impossible:
        raise OverrideError(f"this gate cannot be drawn so: {impossible}") from impossible


def _edges(drawing: Mapping[str, Any]) -> Mapping[str, float]:
    edges = drawing.get("edges")
    if not isinstance(edges, dict):
        raise ValueError("no edges are given")  # noqa: TRY004 - one fault of a drawing like the others
    return {str(key): _number(at) for key, at in edges.items()}


def _moved(side: Interval, key: str, edges: Mapping[str, float], tube: Tube) -> Interval:
    """Return a side with the edges that are named moved; the others stay to the last bit."""
    scale = None if side.dimension.scale is not None else tube.scales.get(side.dimension.detector)

    def place(end: str, before: float | None) -> float | None:
        at = edges.get(f"{key}:{end}")
        if at is None or before is None:
            return before
        return at if scale is None else float(inverse(at, scale))

    return Interval(side.dimension, place("low", side.low), place("high", side.high))


def _corners(drawing: Mapping[str, Any]) -> Places:
    given = drawing.get("corners")
    if not isinstance(given, list) or not _FEWEST <= len(given) <= _MOST_CORNERS:
        raise ValueError(f"expected {_FEWEST} to {_MOST_CORNERS} corners")
    corners = []
    for one in given:
        if not isinstance(one, list) or len(one) != 2:
            raise ValueError("a corner has two numbers")
        corners.append((_number(one[0]), _number(one[1])))
    if _crosses(corners):
        raise ValueError("its lines cross each other")
    return tuple(corners)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a place is a finite number")
    return float(value)


def _crosses(corners: Sequence[tuple[float, float]]) -> bool:
    """Return whether two lines of a polygon that share no corner cross."""
    n = len(corners)
    lines = [(corners[i], corners[(i + 1) % n]) for i in range(n)]
    return any(
        _cross(*lines[i], *lines[j])
        for i in range(n)
        for j in range(i + 2, n)
        if not (i == 0 and j == n - 1)
    )


Point = tuple[float, float]


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Point, b: Point, p: Point) -> float:
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


def _axis_json(axis: Axis) -> dict[str, Any]:
    marks = ticks(axis)
    return {
        "label": axis.label,
        "low": axis.low,
        "high": axis.high,
        "ticks": [
            {"at": float(at), "text": text}
            for at, text in zip(marks.places, marks.words, strict=True)
        ],
        "between": [float(at) for at in marks.between],
    }
