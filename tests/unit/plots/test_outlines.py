"""The automatic gate, dashed, in the picture of the gate that a person drew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib import patches
from matplotlib.axes import Axes

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
from cd5flow.plots.scene import Scene
from support.analysed import CLEAR, analysis

FITC, PE, CD45 = "FITC-A", "PE-A", "V500-A"


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
    scene = Scene(
        analysis(CLEAR).tube, with_gate(drawn, BY_HAND, 300), with_gate(found, "valley", 500)
    )
    return list(gate_drawings(scene, scene.gating.tree["picked"]))


def axes_of(drawing: Drawing) -> Axes:
    return drawing.figure.axes[0]


def lines(axes: Axes, *, dashed: bool) -> list[float]:
    """Return where upright lines stand."""
    return [
        float(np.asarray(line.get_xdata())[0])
        for line in axes.lines
        if len(np.asarray(line.get_xdata())) == 2
        and line.get_linestyle() == ("--" if dashed else "-")
    ]


def outlines(axes: Axes, kind: type[patches.Patch]) -> list[bool]:
    """Return for each outline of a kind whether it is dashed."""
    found: list[Any] = [p for p in axes.patches if type(p) is kind]
    return [p.get_linestyle() not in {"-", "solid"} for p in found]


def words(axes: Axes) -> str:
    return "\n".join(text.get_text() for text in axes.texts)


def test_bounds_on_one_axis_are_dashed_beside_the_drawn_ones() -> None:
    (one,) = pictures(Interval(scaled(PE), 0.4), Interval(scaled(PE), 0.3, 0.7))
    assert lines(axes_of(one), dashed=False) == [0.4]
    assert lines(axes_of(one), dashed=True) == [0.3, 0.7]
    assert "dashed: automatic, 500" in words(axes_of(one))
    assert one.automatic_events == 500
    assert one.counted.events == 300


def test_spans_are_dashed_too() -> None:
    (one,) = pictures(Interval(scaled(PE), 0.4), Intervals(scaled(PE), ((0.1, 0.2), (0.3, 0.5))))
    assert lines(axes_of(one), dashed=True) == [0.1, 0.2, 0.3, 0.5]


def test_an_ellipse_stands_beside_a_polygon_on_the_same_axes() -> None:
    ellipse = Ellipse(scaled(PE), scaled(CD45), (0.5, 0.5), (0.01, 0.0, 0.01), 4.0)
    polygon = Polygon(scaled(PE), scaled(CD45), ((0.2, 0.2), (0.8, 0.3), (0.5, 0.9)))
    (one,) = pictures(polygon, ellipse)
    assert outlines(axes_of(one), patches.Polygon) == [False]
    assert outlines(axes_of(one), patches.Ellipse) == [True]
    (other,) = pictures(ellipse, polygon)
    assert outlines(axes_of(other), patches.Polygon) == [True]
    assert outlines(axes_of(other), patches.Ellipse) == [False]


def test_rectangles_are_shown_pair_by_pair() -> None:
    sides = [Interval(scaled(d), 0.3) for d in (FITC, PE, CD45)]
    fewer = [Interval(scaled(d), 0.4) for d in (FITC, PE, CD45)]
    drawn = pictures(Rectangle(tuple(fewer)), Rectangle(tuple(sides)))
    assert len(drawn) == 2
    for one in drawn:
        assert sorted(outlines(axes_of(one), patches.Rectangle)) == [False, True]


def test_a_side_that_one_axis_lacks_is_a_line() -> None:
    box = Rectangle((Interval(scaled(PE), 0.2), Interval(scaled(CD45), 0.4)))
    (one,) = pictures(box, Interval(scaled(PE), 0.3))
    assert lines(axes_of(one), dashed=True) == [0.3]
    (other,) = pictures(box, Interval(scaled(CD45), 0.3))
    flat = [line for line in axes_of(other).lines if line.get_linestyle() == "--"]
    assert [float(np.asarray(line.get_ydata())[0]) for line in flat] == [0.3]


def test_a_gate_drawn_on_other_axes_has_a_second_picture() -> None:
    drawn, automatic = pictures(Interval(scaled(PE), 0.4), Interval(scaled(CD45), 0.3))
    assert (drawn.name, automatic.name) == ("picked", "picked-automatic")
    assert lines(axes_of(drawn), dashed=True) == []
    assert lines(axes_of(automatic), dashed=False) == [0.3]
    assert "automatic: 500" in words(axes_of(automatic))
    assert automatic.counted.events == 500


def test_a_combination_has_no_outline() -> None:
    drawn = pictures(Interval(scaled(PE), 0.4), Boolean("and", (Operand("t_cells"),)))
    assert [one.name for one in drawn] == ["picked"]
    assert "dashed" not in words(axes_of(drawn[0]))


def test_stretches_of_time_are_dashed_in_both_frames() -> None:
    time = analysis(CLEAR).tube.fcs.raw.time
    assert time is not None
    axis = Dimension(time.detector)
    (one,) = pictures(Interval(axis, 0.0, 5.0), Interval(axis, 1.0, 6.0))
    for frame in one.figure.axes:
        assert lines(frame, dashed=True) == [1.0, 6.0]


def test_without_a_drawn_gate_nothing_is_dashed() -> None:
    one = analysis(CLEAR)
    assert Scene(one.tube, one.gating, one.gating).automatic == {}
    scene = Scene(one.tube, one.gating)
    (drawing,) = gate_drawings(scene, one.gating.tree["blasts_1_CD45_SSC"])
    assert outlines(axes_of(drawing), patches.Ellipse) == [False]
    assert drawing.automatic_events is None


def test_a_union_shows_the_outlines_of_its_populations() -> None:
    one = analysis(CLEAR)
    scene = Scene(one.tube, one.gating)
    parts = [gate for gate in one.gating.tree.grouped() if isinstance(gate.region, Ellipse)]
    drawn = list(gate_drawings(scene, one.gating.tree["blasts"]))

    assert parts
    assert sum(len(outlines(axes_of(each), patches.Ellipse)) for each in drawn) == len(parts)
    assert [each.name for each in drawn] == ["blasts", "blasts-2"][: len(drawn)]
