"""A picture of each gate: the parent's events, the region, and who and how many are in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from cd5flow.model.geometry import Boolean, Ellipse, Interval, Intervals, Polygon, Rectangle
from cd5flow.model.names import ALL
from cd5flow.model.populations import Gate
from cd5flow.plots.axis import Axis
from cd5flow.plots.density import Counts, Drawn, draw_cloud
from cd5flow.plots.drawing import Count, Drawing, count_of, drawn_within
from cd5flow.plots.histogram import draw_histogram
from cd5flow.plots.maps import maps_of
from cd5flow.plots.outlines import (
    automatic_lines,
    interval_lines,
    outline,
    rectangle_line,
    sides_shown,
)
from cd5flow.plots.plotted_tube import PlottedTube
from cd5flow.plots.scene import Key, Layer, Panel, Scene
from cd5flow.plots.text import Text, phrase
from cd5flow.plots.time_course import draw_run


@dataclass(frozen=True, slots=True)
class _View:
    """A gate on some axes: its frames, its legend, and how many events of each family it shows."""

    panels: tuple[Panel, ...]
    legend: tuple[Key, ...]
    axes: tuple[Axis, ...]
    totals: Counts

    def scene(self, note: Sequence[Text], more: Sequence[Layer] = ()) -> Scene:
        """Return the picture with a note, and further layers in each of its frames."""
        first, *rest = (replace(one, layers=(*one.layers, *more)) for one in self.panels)
        return Scene((replace(first, note=tuple(note)), *rest), self.legend)


def gate_drawings(plotted: PlottedTube, gate: Gate) -> Iterator[Drawing]:
    """Yield the pictures of a gate: several where it has more than two axes.

    Beside a gate that a person drew stands the automatic one, dashed; in a picture of its own where
    it lies on other axes.
    """
    counted = count_of(plotted.gating, gate.name, gate.parent)
    found = plotted.automatic.get(gate.name)
    is_shown = found is None or isinstance(found.gate.region, Boolean)
    automatic = None if found is None else found.events
    for name, view in _named(gate.name, _views(plotted, gate)):
        note = list(_share(counted))
        beside: list[Layer] = []
        if found is not None:
            beside = automatic_lines(view.axes, found.gate.region, plotted.tube)
        if found is not None and beside:
            is_shown = True
            note.append(phrase("automatic_dashed", events=f"{found.events:,}"))
        scene = view.scene(note, beside)
        yield _drawing(plotted, name, view, counted, scene=scene, automatic=automatic)
    if found is None or is_shown:
        return
    counted = Count(gate.name, found.events, gate.parent, counted.parent_events)
    there = replace(found.gate, parent=gate.parent)
    for name, view in _named(f"{gate.name}-automatic", _views(plotted, there)):
        scene = view.scene([phrase("automatic", events=f"{found.events:,}")])
        yield _drawing(plotted, name, view, counted, scene=scene, automatic=found.events)


def _named(name: str, made: Iterator[_View]) -> Iterator[tuple[str, _View]]:
    for number, one in enumerate(made, start=1):
        yield (name if number == 1 else f"{name}-{number}"), one


def _drawing(
    plotted: PlottedTube,
    name: str,
    view: _View,
    counted: Count,
    *,
    scene: Scene,
    automatic: int | None,
) -> Drawing:
    return Drawing(
        name,
        "gate",
        tuple(axis.label for axis in view.axes),
        counted,
        drawn_within(plotted, view.totals, counted.parent),
        scene,
        automatic_events=automatic,
    )


def is_of_time(plotted: PlottedTube, gate: Gate) -> bool:
    """Whether a gate leaves out stretches of time."""
    region = gate.region
    if not isinstance(region, Interval | Intervals):
        return False
    return plotted.tube.fcs.raw.channel(region.dimension.detector).is_time


def _share(counted: Count) -> Iterator[Text]:
    if counted.percent is None:
        yield phrase("of", events="0", parent="0")
        return
    yield phrase("share", percent=f"{counted.percent:.3g}")
    yield phrase("of", events=f"{counted.events:,}", parent=f"{counted.parent_events:,}")


def _views(plotted: PlottedTube, gate: Gate) -> Iterator[_View]:
    region = gate.region
    match region:
        case Interval() | Intervals() if is_of_time(plotted, gate):
            panels, axes = draw_run(plotted, gate.parent, region)
            nobody = 0 * plotted.count_kinds(gate.parent)
            yield _View(panels, (), axes, nobody)
        case Interval() | Intervals() | Rectangle(sides=(_,)):
            sides = sides_shown(region, plotted.tube)
            drawn = draw_histogram(plotted, gate.parent, sides[0].dimension)
            yield _view(drawn, [line for side in sides for line in interval_lines(side)])
        case Rectangle():
            for across, up in _pairs(sides_shown(region, plotted.tube)):
                drawn = draw_cloud(plotted, gate.parent, across.dimension, up.dimension)
                x, y = drawn.axes
                yield _view(drawn, [rectangle_line(across, up, x=x, y=y)])
        case Polygon() | Ellipse():
            drawn = draw_cloud(plotted, gate.parent, region.x, region.y)
            yield _view(drawn, [outline(region)])
        case Boolean():
            yield from _combined(plotted, gate)
        case _:
            assert_never(region)


def _view(drawn: Drawn, lines: Sequence[Layer]) -> _View:
    panel = replace(drawn.panel, layers=(*drawn.panel.layers, *lines))
    return _View((panel,), drawn.legend, drawn.axes, drawn.totals)


def _pairs(sides: Sequence[Interval]) -> Iterator[tuple[Interval, Interval]]:
    """Yield sides two by two; an odd last one goes with the first."""
    for i in range(0, len(sides) - 1, 2):
        yield sides[i], sides[i + 1]
    if len(sides) % 2:
        yield sides[0], sides[-1]


def _combined(plotted: PlottedTube, gate: Gate) -> Iterator[_View]:
    """Yield a population without axes of its own on each of the tube's maps that shows its parts.

    The outlines of the populations that it joins are drawn there. Where none of them has any it is
    shown on the first map; nothing is yielded where the tube has no map.
    """
    grounds = [(x, y) for _, x, y in maps_of(plotted)]
    outlines = _outlines_of(plotted, gate)
    there = [
        (x, y, lines)
        for x, y in grounds
        if (lines := [outline(one) for one in outlines if (one.x, one.y) == (x, y)])
    ]
    for x, y, lines in there or [(x, y, []) for x, y in grounds[:1]]:
        members = plotted.gating.members[gate.name]
        yield _view(draw_cloud(plotted, gate.parent, x, y, members=members), lines)


def _outlines_of(plotted: PlottedTube, gate: Gate) -> list[Polygon | Ellipse]:
    """Return the outlines of the populations that a gate joins: their own, and those on the way to them."""
    tree = plotted.gating.tree
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
