"""A picture of each gate (the parent's events, the region, who and how many are in), and overviews."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, assert_never

from matplotlib.figure import Figure

from cd5flow.model.geometry import Boolean, Ellipse, Interval, Intervals, Polygon, Rectangle
from cd5flow.model.names import ALL
from cd5flow.model.populations import Gate
from cd5flow.plots.axis import Axis
from cd5flow.plots.canvas import note, sheet
from cd5flow.plots.clouds import Counts, draw_cloud, draw_histogram
from cd5flow.plots.drawing import Count, Drawing, count_of, drawn_within
from cd5flow.plots.outlines import (
    draw_automatic,
    draw_interval,
    draw_outline,
    draw_rectangle,
    sides_shown,
)
from cd5flow.plots.scene import Scene
from cd5flow.plots.time_course import draw_run

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
    automatic = None if found is None else found.events
    for name, made in _named(gate.name, _figures(scene, gate)):
        figure, axes, _ = made
        words = _share(counted)
        if found is not None and draw_automatic(figure.axes, axes, found.gate.region, scene.tube):
            is_shown = True
            words += f"\ndashed: automatic, {found.events:,}"
        note(figure.axes[0], words)
        yield _drawing(scene, name, made, counted, title=str(counted), automatic=automatic)
    if found is None or is_shown:
        return
    counted = Count(gate.name, found.events, gate.parent, counted.parent_events)
    there = replace(found.gate, parent=gate.parent)
    for name, made in _named(f"{gate.name}-automatic", _figures(scene, there)):
        note(made[0].axes[0], f"automatic: {found.events:,}")
        yield _drawing(
            scene, name, made, counted, title=f"automatic {counted}", automatic=found.events
        )


def _named(name: str, made: Iterator[Made]) -> Iterator[tuple[str, Made]]:
    for number, one in enumerate(made, start=1):
        yield (name if number == 1 else f"{name}-{number}"), one


def _drawing(
    scene: Scene, name: str, made: Made, counted: Count, *, title: str, automatic: int | None
) -> Drawing:
    figure, axes, totals = made
    return Drawing(
        name,
        "gate",
        tuple(axis.label for axis in axes),
        counted,
        drawn_within(scene, totals, counted.parent),
        figure,
        title,
        automatic,
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
        case Interval() | Intervals() | Rectangle(sides=(_,)):
            yield _spans(scene, gate, sides_shown(region, scene.tube))
        case Rectangle():
            for across, up in _pairs(sides_shown(region, scene.tube)):
                yield _box(scene, gate, across, up)
        case Polygon() | Ellipse():
            figure, (axes_drawn,) = sheet()
            x, y = scene.axis(region.x), scene.axis(region.y)
            totals = draw_cloud(axes_drawn, scene, events, x=x, y=y)
            draw_outline(axes_drawn, region)
            yield figure, (x, y), totals
        case Boolean():
            yield from _combined(scene, gate)
        case _:
            assert_never(region)


def _pairs(sides: Sequence[Interval]) -> Iterator[tuple[Interval, Interval]]:
    """Yield sides two by two; an odd last one goes with the first."""
    for i in range(0, len(sides) - 1, 2):
        yield sides[i], sides[i + 1]
    if len(sides) % 2:
        yield sides[0], sides[-1]


def _spans(scene: Scene, gate: Gate, sides: Sequence[Interval]) -> Made:
    """Draw one axis with the bounds of every span."""
    figure, (axes,) = sheet()
    x = scene.axis(sides[0].dimension)
    totals = draw_histogram(axes, scene, scene.events(gate.parent), x=x)
    for side in sides:
        draw_interval(axes, side)
    return figure, (x,), totals


def _box(scene: Scene, gate: Gate, across: Interval, up: Interval) -> Made:
    figure, (axes,) = sheet()
    x, y = scene.axis(across.dimension), scene.axis(up.dimension)
    totals = draw_cloud(axes, scene, scene.events(gate.parent), x=x, y=y)
    draw_rectangle(axes, across, up, x=x, y=y)
    return figure, (x, y), totals


def _combined(scene: Scene, gate: Gate) -> Iterator[Made]:
    """Yield a population without axes of its own on each of the tube's maps that shows its parts.

    The outlines of the populations that it joins are drawn there. Where none of them has any it is
    shown on the first map; nothing is yielded where the tube has no map.
    """
    grounds = [(x, y) for _, x, y in _maps_of(scene)]
    outlines = _outlines_of(scene, gate)
    drawn = [
        (x, y, there)
        for x, y in grounds
        if (there := [one for one in outlines if (one.x, one.y) == (x.dimension, y.dimension)])
    ]
    for x, y, there in drawn or [(x, y, []) for x, y in grounds[:1]]:
        figure, (axes,) = sheet()
        members = scene.gating.members[gate.name]
        totals = draw_cloud(axes, scene, scene.events(gate.parent), x=x, y=y, members=members)
        for outline in there:
            draw_outline(axes, outline)
        yield figure, (x, y), totals


def _outlines_of(scene: Scene, gate: Gate) -> list[Polygon | Ellipse]:
    """Return the outlines of the populations that a gate joins: their own, and those on the way to them."""
    tree = scene.gating.tree
    operands = gate.region.operands if isinstance(gate.region, Boolean) else ()
    above = set() if gate.parent == ALL else {gate.parent, *tree.ancestors(gate.parent)}
    found = []
    for operand in operands:
        if operand.complement or operand.gate not in tree:
            continue
        for name in (*tree.ancestors(operand.gate), operand.gate):
            region = tree[name].region
            if name not in above and isinstance(region, Polygon | Ellipse):
                found.append(region)
    return found


_MAPS: Final = (
    ("map-cd45-ssc", "CD45", "SSC"),
    ("map-fsc-ssc", "FSC", "SSC"),
    ("map-cd3-cycd3", "CD3", "cyCD3"),
    ("map-cd3-cd7", "CD3", "CD7"),
    ("map-cd45-cd56", "CD45", "CD56|CD16+CD56|CD16"),
)
"""Names with the markers across and up; a map is drawn where the tube has both."""


def map_drawings(scene: Scene) -> Iterator[Drawing]:
    """Yield overviews with the blasts on top: every map that the tube has markers for."""
    whole = scene.mapped
    counted = count_of(scene.gating, whole, ALL)
    for name, x, y in _maps_of(scene):
        figure, (axes,) = sheet()
        totals = draw_cloud(axes, scene, scene.events(whole), x=x, y=y)
        yield Drawing(
            name,
            "map",
            (x.label, y.label),
            counted,
            drawn_within(scene, totals, whole),
            figure,
            f"{whole}, {counted.events:,} events",
        )


def _maps_of(scene: Scene) -> Iterator[tuple[str, Axis, Axis]]:
    for name, across, up in _MAPS:
        x, y = scene.marker_axis(across), scene.marker_axis(up)
        if x is not None and y is not None:
            yield name, x, y
