"""The automatic gate, dashed, in the picture of the gate that a person drew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cd5flow.gating.find_gate import BY_HAND
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
from cd5flow.model.populations import Evidence, Gate, GateTree, Gating
from cd5flow.plots.drawing import Drawing
from cd5flow.plots.gates import gate_drawings
from cd5flow.plots.outlines import AUTOMATIC, GATE
from cd5flow.plots.plotted_tube import PlottedTube
from cd5flow.plots.scene import Bound, Dash, Line, Panel, Scene
from support.analysed import CLEAR, analysis
from support.drawn import layers, notes

FITC, PE, CD45 = "FITC-A", "PE-A", "V500-A"
ELLIPSE = 72
"""Corners that an ellipse is drawn with."""


def scaled(detector: str) -> Dimension:
    return Dimension(detector, analysis(CLEAR).tube.scales[detector])


def with_gate(region: Region, method: str, events: int) -> Gating:
    one = analysis(CLEAR)
    mask = np.arange(len(one.tube.fcs.raw)) < events
    gate = Gate("picked", "all", region, Evidence(method, 0))
    tree = GateTree((*one.gating.tree.gates, gate))
    return replace(one.gating, tree=tree, members=one.gating.members | {"picked": mask})


def pictures(drawn: Region, found: Region) -> list[Drawing]:
    """Return the pictures of a gate that a person drew where another had been found."""
    plotted = PlottedTube(
        analysis(CLEAR).tube, with_gate(drawn, BY_HAND, 300), with_gate(found, "valley", 500)
    )
    return list(gate_drawings(plotted, plotted.gating.tree["picked"]))


def lines(where: Scene | Panel, *, dashed: bool, up: bool = False) -> list[float]:
    """Return where lines from end to end of the frame stand."""
    return [
        bound.place
        for bound in layers(where, Bound)
        if (bound.stroke.dash is Dash.DASHED) == dashed and bound.up == up
    ]


def outlines(scene: Scene) -> dict[int, bool]:
    """Return for each outline of a gate, by its number of corners, whether it is dashed."""
    gates = [line for line in layers(scene, Line) if line.closed and line.fill is None]
    return {
        len(line.corners): line.stroke is not None and line.stroke.dash is Dash.DASHED
        for line in gates
    }


def test_bounds_on_one_axis_are_dashed_beside_the_drawn_ones() -> None:
    (one,) = pictures(Interval(scaled(PE), 0.4), Interval(scaled(PE), 0.3, 0.7))
    assert lines(one.scene, dashed=False) == [0.4]
    assert lines(one.scene, dashed=True) == [0.3, 0.7]
    assert "automatic_dashed(events=500)" in notes(one.scene)
    assert one.automatic_events == 500
    assert one.counted.events == 300


def test_spans_are_dashed_too() -> None:
    (one,) = pictures(Interval(scaled(PE), 0.4), Intervals(scaled(PE), ((0.1, 0.2), (0.3, 0.5))))
    assert lines(one.scene, dashed=True) == [0.1, 0.2, 0.3, 0.5]


def test_an_ellipse_stands_beside_a_polygon_on_the_same_axes() -> None:
    ellipse = Ellipse(scaled(PE), scaled(CD45), (0.5, 0.5), (0.01, 0.0, 0.01), 4.0)
    polygon = Polygon(scaled(PE), scaled(CD45), ((0.2, 0.2), (0.8, 0.3), (0.5, 0.9)))
    (one,) = pictures(polygon, ellipse)
    assert outlines(one.scene) == {3: False, ELLIPSE: True}
    (other,) = pictures(ellipse, polygon)
    assert outlines(other.scene) == {3: True, ELLIPSE: False}


def test_rectangles_are_shown_pair_by_pair() -> None:
    sides = [Interval(scaled(d), 0.3) for d in (FITC, PE, CD45)]
    fewer = [Interval(scaled(d), 0.4) for d in (FITC, PE, CD45)]
    drawn = pictures(Rectangle(tuple(fewer)), Rectangle(tuple(sides)))
    assert len(drawn) == 2
    for one in drawn:
        boxes = [line for line in layers(one.scene, Line) if len(line.corners) == 4]
        assert [line.stroke for line in boxes] == [GATE, AUTOMATIC]


def test_a_side_that_one_axis_lacks_is_a_line() -> None:
    box = Rectangle((Interval(scaled(PE), 0.2), Interval(scaled(CD45), 0.4)))
    (one,) = pictures(box, Interval(scaled(PE), 0.3))
    assert lines(one.scene, dashed=True) == [0.3]
    (other,) = pictures(box, Interval(scaled(CD45), 0.3))
    assert lines(other.scene, dashed=True, up=True) == [0.3]


def test_a_gate_drawn_on_other_axes_has_a_second_picture() -> None:
    drawn, automatic = pictures(Interval(scaled(PE), 0.4), Interval(scaled(CD45), 0.3))
    assert (drawn.name, automatic.name) == ("picked", "picked-automatic")
    assert lines(drawn.scene, dashed=True) == []
    assert lines(automatic.scene, dashed=False) == [0.3]
    assert "automatic(events=500)" in notes(automatic.scene)
    assert automatic.counted.events == 500


def test_a_combination_has_no_outline() -> None:
    drawn = pictures(Interval(scaled(PE), 0.4), Boolean("and", (Operand("t_cells"),)))
    assert [one.name for one in drawn] == ["picked"]
    assert not any("dashed" in line for line in notes(drawn[0].scene))


def test_stretches_of_time_are_dashed_in_both_frames() -> None:
    time = analysis(CLEAR).tube.fcs.raw.time
    assert time is not None
    axis = Dimension(time.detector)
    (one,) = pictures(Interval(axis, 0.0, 5.0), Interval(axis, 1.0, 6.0))
    for frame in one.scene.panels:
        assert lines(frame, dashed=True) == [1.0, 6.0]


def test_without_a_drawn_gate_nothing_is_dashed() -> None:
    one = analysis(CLEAR)
    assert PlottedTube(one.tube, one.gating, one.gating).automatic == {}
    plotted = PlottedTube(one.tube, one.gating)
    (drawing,) = gate_drawings(plotted, one.gating.tree["blasts_1_CD45_SSC"])
    assert outlines(drawing.scene) == {ELLIPSE: False}
    assert drawing.automatic_events is None


def test_a_union_shows_the_outlines_of_its_populations() -> None:
    one = analysis(CLEAR)
    plotted = PlottedTube(one.tube, one.gating)
    parts = [gate for gate in one.gating.tree.grouped() if isinstance(gate.region, Ellipse)]
    drawn = list(gate_drawings(plotted, one.gating.tree["blasts"]))

    assert parts
    assert sum(len(outlines(each.scene)) for each in drawn) == len(parts)
    assert [each.name for each in drawn] == ["blasts", "blasts-2"][: len(drawn)]
