from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

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
from cd5flow.model.members import Members
from cd5flow.model.populations import Evidence, Gate, GateTree
from cd5flow.pipeline import Analysis
from cd5flow.plots import Drawing, drawings
from cd5flow.plots.gates import gate_drawings
from cd5flow.plots.plotted_tube import PlottedTube
from cd5flow.plots.scene import Bound, Density, Floats, Line, Marks, Scene, Span
from cd5flow.plots.time_course import left_out, rates
from support.analysed import CLEAR, CLOGGED, FOUR_COLOUR, NO_CD5, analysis
from support.drawn import labels, layers, notes

FITC, PE, CD45 = "FITC-A", "PE-A", "V500-A"


def gates(one: Analysis) -> Iterator[Drawing]:
    return (drawing for drawing in drawings(one) if drawing.kind in {"gate", "run"})


def drawn(region: Region, *, events: int | None = None) -> list[Scene]:
    """Return the pictures of one gate of all events of a tube, or of the first few of them."""
    one = analysis(CLEAR)
    parent = np.arange(len(one.tube.fcs.raw)) < (events or len(one.tube.fcs.raw))
    inside = parent & one.gating.members["blasts"]
    gate = Gate("picked", "all", region, Evidence("test", 0))
    tree = GateTree((*one.gating.tree.gates, gate))
    members = {**one.gating.members, "all": parent, "picked": inside}
    gating = replace(one.gating, tree=tree, members=Members(members))
    plotted = PlottedTube(one.tube, gating)
    return [drawing.scene for drawing in gate_drawings(plotted, gate)]


def scaled(detector: str) -> Dimension:
    return Dimension(detector, analysis(CLEAR).tube.scales[detector])


def bounds(scene: Scene) -> list[float]:
    """Return where upright lines stand."""
    return [bound.place for bound in layers(scene, Bound) if not bound.up]


def outline(scene: Scene) -> Floats:
    """Return the corners of the one outline."""
    (line,) = layers(scene, Line)
    assert line.closed
    return line.corners


def test_an_interval_is_two_lines_on_a_histogram_of_the_parent() -> None:
    (scene,) = drawn(Interval(scaled(PE), 0.3, 0.6))
    assert bounds(scene) == [0.3, 0.6]
    whole = layers(scene, Line)[0].corners
    counts = np.square(whole[1:-1, 1])
    assert round(float(counts.sum()) / 2) == len(analysis(CLEAR).tube.fcs.raw)
    assert scene.panels[0].x.low < 0.3
    assert scene.panels[0].x.high > 0.6


def test_an_open_interval_is_one_line() -> None:
    (scene,) = drawn(Interval(scaled(PE), None, 0.6))
    assert bounds(scene) == [0.6]


def test_a_rectangle_of_one_side_is_a_histogram() -> None:
    (scene,) = drawn(Rectangle((Interval(scaled(PE), 0.3),)))
    assert bounds(scene) == [0.3]
    assert not layers(scene, Density)


def test_a_rectangle_stands_on_the_density_of_the_parent() -> None:
    (scene,) = drawn(Rectangle((Interval(scaled(PE), 0.2, 0.7), Interval(scaled(CD45), 0.4))))
    low, _, high, _ = outline(scene)
    assert tuple(low) == (0.2, 0.4)
    assert high[0] == pytest.approx(0.7)
    assert high[1] == scene.panels[0].y.high
    assert len(layers(scene, Density)) == 1


@pytest.mark.parametrize(("sides", "number"), [(3, 2), (4, 2), (5, 3)])
def test_more_sides_are_shown_in_pairs(sides: int, number: int) -> None:
    detectors = (FITC, PE, CD45, "APC-A", "APC-H7-A")[:sides]
    every = drawn(Rectangle(tuple(Interval(scaled(d), 0.3) for d in detectors)))
    assert len(every) == number
    assert len({label for scene in every for label in labels(scene.panels[0])}) == sides


def test_a_polygon_has_the_vertices_that_decide() -> None:
    vertices = ((0.2, 0.2), (0.8, 0.3), (0.5, 0.9))
    (scene,) = drawn(Polygon(scaled(PE), scaled(CD45), vertices))
    np.testing.assert_allclose(outline(scene), vertices)


def test_an_ellipse_is_the_curve_of_equal_distance() -> None:
    region = Ellipse(scaled(PE), scaled(CD45), (0.5, 0.6), (0.01, 0.006, 0.008), 4.0)
    (scene,) = drawn(region)
    steps = outline(scene) - np.array(region.centre)
    inverse = np.linalg.inv([[0.01, 0.006], [0.006, 0.008]])
    distance = np.einsum("ni,ij,nj->n", steps, inverse, steps)
    np.testing.assert_allclose(distance, 4.0, rtol=1e-9)


def test_the_share_of_the_parent_stands_in_the_picture() -> None:
    (scene,) = drawn(Interval(scaled(PE), 0.3, 0.6))
    inside, whole = analysis(CLEAR).gating.count("blasts"), len(analysis(CLEAR).tube.fcs.raw)
    assert inside is not None
    assert notes(scene) == [
        f"share(percent={100 * inside / whole:.3g})",
        f"of(events={inside:,} parent={whole:,})",
    ]


def test_no_event_is_no_fault() -> None:
    one = analysis(CLEAR)
    nobody = np.zeros(len(one.tube.fcs.raw), dtype=np.bool_)
    members = dict.fromkeys(one.gating.members, nobody)
    empty = replace(one, gating=replace(one.gating, members=Members(members)))
    for drawing in gates(empty):
        assert drawing.counted.events == 0
        assert drawing.counted.percent is None
        assert "of(events=0 parent=0)" in notes(drawing.scene)
        assert not layers(drawing.scene, Density)
        assert not layers(drawing.scene, Marks)


def test_a_boolean_population_is_shown_on_cd45_and_side_scatter() -> None:
    (scene,) = drawn(Boolean("and", (Operand("blasts"),)))
    across, up = labels(scene.panels[0])
    assert across.startswith("CD45")
    assert up.startswith("SSC")
    assert len(layers(scene, Density)) == 1


def test_time_shows_the_rate_and_shades_what_was_left_out() -> None:
    one = analysis(CLOGGED)
    gate = one.gating.tree["stable"]
    (drawing,) = [found for found in gates(one) if found.name == "stable"]
    rate, signal = drawing.scene.panels
    assert drawing.axes == ("Time", "CD45 V500-A")
    assert labels(signal) == ("axis_seconds", "CD45 V500-A")
    assert labels(rate) == ("", "axis_rate")
    assert len(layers(signal, Density)) == 1
    assert isinstance(gate.region, Interval | Intervals)
    gaps = left_out(gate.region, rate.x.low, rate.x.high)
    assert gaps
    for panel in (rate, signal):
        assert [(span.low, span.high) for span in layers(panel, Span)] == gaps
    (stairs,) = layers(rate, Line)
    x, y = stairs.corners[1:-1].T
    assert np.sum(y[::2] * (x[1::2] - x[::2])) == pytest.approx(len(one.tube.fcs.raw))


@pytest.mark.parametrize(
    ("region", "gaps"),
    [
        (Interval(Dimension("Time"), 2, 8), [(0, 2), (8, 10)]),
        (Interval(Dimension("Time"), None, 8), [(8, 10)]),
        (Interval(Dimension("Time"), -5, 15), []),
        (Intervals(Dimension("Time"), ((0, 4), (6, 10))), [(4, 6)]),
        (Intervals(Dimension("Time"), ((-9, -5), (1, 2))), [(0, 1), (2, 10)]),
    ],
)
def test_what_lies_outside_is_left_out(
    region: Interval | Intervals, gaps: list[tuple[float, float]]
) -> None:
    assert left_out(region, 0, 10) == gaps


@pytest.mark.parametrize(("ticks", "tick"), [(333, 0.1), (161, 1.0), (5000, 0.01), (1, 1.0)])
def test_a_steady_flow_has_no_surges(ticks: int, tick: float) -> None:
    moments = np.repeat(np.arange(ticks) * tick, 7)
    rate, edges = rates(moments, 0.0, float(moments[-1]), tick=tick)
    np.testing.assert_allclose(rate, 7 / tick)
    assert np.sum(rate * np.diff(edges)) == pytest.approx(7 * ticks)


@pytest.mark.parametrize("name", [CLEAR, CLOGGED, FOUR_COLOUR, NO_CD5])
def test_every_gate_of_a_tube_has_a_picture(name: str) -> None:
    one = analysis(name)
    names = [drawing.name for drawing in drawings(one)]
    assert len(set(names)) == len(names)
    assert {gate.name for gate in one.gating.tree.gates} <= set(names)


def without_markers(one: Analysis) -> Analysis:
    panel = replace(one.tube.panel, markers={}, labels={})
    return replace(one, tube=replace(one.tube, panel=panel))


def test_a_tube_without_known_markers_has_no_map_to_show_combined_gates_on() -> None:
    names = [drawing.name for drawing in drawings(without_markers(analysis(CLEAR)))]
    assert "cells" in names
    assert "nucleated" not in names
    assert not any(name.startswith("map") for name in names)
