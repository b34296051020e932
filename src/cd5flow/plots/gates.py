"""A picture of each gate: the parent's events, the region, who and how many are in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cd5flow.model.geometry import Boolean, Ellipse, Interval, Intervals, Polygon, Rectangle
from cd5flow.model.populations import Gate
from cd5flow.plots.axis import Axis, shown
from cd5flow.plots.beside import draw_beside
from cd5flow.plots.canvas import note, sheet
from cd5flow.plots.clouds import Counts, draw_cloud, draw_histogram
from cd5flow.plots.drawing import Count, Drawing, count_of, drawn_within
from cd5flow.plots.maps import background
from cd5flow.plots.outlines import draw_ellipse, draw_interval, draw_polygon, draw_rectangle
from cd5flow.plots.run import draw_run
from cd5flow.plots.scene import Automatic, Scene

Made = tuple[Figure, tuple[Axis, ...], Counts]
"""A figure, its axes, and how many events of each family it shows."""


def gate_drawings(scene: Scene, gate: Gate) -> Iterator[Drawing]:
    """Yield the pictures of a gate: several where it has more than two axes.

    Beside a gate that a person drew stands the automatic one, dashed; in a picture of its own where
    it lies on other axes.
    """
    counted = count_of(scene.gating, gate.name, gate.parent)
    found = scene.automatic.get(gate.name)
    is_shown = found is None or isinstance(found.gate.region, Boolean)
    for number, (figure, axes, totals) in enumerate(_figures(scene, gate), start=1):
        words = _share(counted)
        if found is not None and draw_beside(figure.axes, axes, found.gate.region, scene.tube):
            is_shown = True
            words += f"\ndashed: automatic, {found.events:,}"
        note(figure.axes[0], words)
        yield Drawing(
            gate.name if number == 1 else f"{gate.name}-{number}",
            "gate",
            tuple(axis.label for axis in axes),
            counted,
            drawn_within(scene, totals, gate.parent),
            figure,
            str(counted),
            None if found is None else found.events,
        )
    if found is not None and not is_shown:
        yield from _automatic(scene, gate, found)


def _automatic(scene: Scene, gate: Gate, found: Automatic) -> Iterator[Drawing]:
    """Yield the pictures of a gate that a person drew anew on other axes."""
    parent = int(scene.gating.members[gate.parent].sum())
    counted = Count(gate.name, found.events, gate.parent, parent)
    there = replace(found.gate, parent=gate.parent)
    for number, (figure, axes, totals) in enumerate(_figures(scene, there), start=1):
        note(figure.axes[0], f"automatic: {found.events:,}")
        yield Drawing(
            f"{gate.name}-automatic" if number == 1 else f"{gate.name}-automatic-{number}",
            "gate",
            tuple(axis.label for axis in axes),
            counted,
            drawn_within(scene, totals, gate.parent),
            figure,
            f"automatic {counted}",
            found.events,
        )


def is_of_time(scene: Scene, gate: Gate) -> bool:
    """Whether a gate leaves out stretches of time."""
    region = gate.region
    if not isinstance(region, Interval | Intervals):
        return False
    return scene.tube.fcs.raw.channel(region.dimension.detector).is_time


def _share(counted: Count) -> str:
    if counted.percent is None:
        return "0 of 0"
    return f"{counted.percent:.3g} %\n{counted.events:,} of {counted.parent_events:,}"


def _figures(scene: Scene, gate: Gate) -> Iterator[Made]:
    events, region = scene.events(gate.parent), gate.region
    match region:
        case Interval() | Intervals() if is_of_time(scene, gate):
            figure, (upper, lower) = sheet(rows=2)
            axes = draw_run(upper, lower, scene, events, region)
            nobody = scene.count_kinds(events[:0])
            yield figure, tuple(axis for axis in axes if axis is not None), nobody
        case Interval():
            yield _spans(scene, gate, (region,))
        case Intervals(dimension=dimension, spans=spans):
            yield _spans(scene, gate, tuple(Interval(dimension, *span) for span in spans))
        case Rectangle(sides=(side,)):
            yield _spans(scene, gate, (side,))
        case Rectangle(sides=sides):
            for pair in _pairs(sides):
                yield _box(scene, gate, pair)
        case Polygon() | Ellipse():
            figure, (axes_drawn,) = sheet()
            x, y = scene.axis(region.x), scene.axis(region.y)
            totals = draw_cloud(axes_drawn, scene, events, x=x, y=y)
            _outline(axes_drawn, region)
            yield figure, (x, y), totals
        case Boolean():
            yield from _combined(scene, gate)
        case _:
            assert_never(region)


def _pairs(sides: tuple[Interval, ...]) -> Iterator[tuple[Interval, Interval]]:
    """Yield sides two by two; an odd last one goes with the first."""
    for i in range(0, len(sides) - 1, 2):
        yield sides[i], sides[i + 1]
    if len(sides) % 2:
        yield sides[0], sides[-1]


def _spans(scene: Scene, gate: Gate, given: tuple[Interval, ...]) -> Made:
    """Draw one axis with the bounds of every span."""
    figure, (axes,) = sheet()
    sides = [shown(side, scene.tube) for side in given]
    x = scene.axis(sides[0].dimension)
    totals = draw_histogram(axes, scene, scene.events(gate.parent), x=x)
    for side in sides:
        draw_interval(axes, side)
    return figure, (x,), totals


def _box(scene: Scene, gate: Gate, pair: tuple[Interval, Interval]) -> Made:
    figure, (axes,) = sheet()
    across, up = (shown(side, scene.tube) for side in pair)
    x, y = scene.axis(across.dimension), scene.axis(up.dimension)
    totals = draw_cloud(axes, scene, scene.events(gate.parent), x=x, y=y)
    draw_rectangle(axes, across, up, x=x, y=y)
    return figure, (x, y), totals


def _outline(axes: Axes, region: Polygon | Ellipse) -> None:
    if isinstance(region, Polygon):
        draw_polygon(axes, region)
    else:
        draw_ellipse(axes, region)


def _combined(scene: Scene, gate: Gate) -> Iterator[Made]:
    """Yield a population without axes of its own on the tube's map; nothing where it has no map."""
    ground = background(scene)
    if ground is None:
        return
    figure, (axes,) = sheet()
    x, y = ground
    members = scene.gating.members[gate.name]
    totals = draw_cloud(axes, scene, scene.events(gate.parent), x=x, y=y, members=members)
    yield figure, (x, y), totals
