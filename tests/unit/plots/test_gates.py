from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from matplotlib import patches
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

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
from cd5flow.plots import Drawing, as_png, drawings
from cd5flow.plots.gates import gate_drawings
from cd5flow.plots.scene import Scene
from cd5flow.plots.time_course import left_out, rates
from support.analysed import CLEAR, CLOGGED, FOUR_COLOUR, NO_CD5, analysis

FITC, PE, CD45 = "FITC-A", "PE-A", "V500-A"


def gates(one: Analysis) -> Iterator[Drawing]:
    return (drawing for drawing in drawings(one) if drawing.kind == "gate")


def drawn(region: Region, *, events: int | None = None) -> list[Axes]:
    """Return the axes drawn for one gate of all events of a tube, or of the first few of them."""
    one = analysis(CLEAR)
    parent = np.arange(len(one.tube.fcs.raw)) < (events or len(one.tube.fcs.raw))
    inside = parent & one.gating.members["blasts"]
    gate = Gate("picked", "all", region, Evidence("test", 0))
    tree = GateTree((*one.gating.tree.gates, gate))
    members = {**one.gating.members, "all": parent, "picked": inside}
    gating = replace(one.gating, tree=tree, members=Members(members))
    scene = Scene(one.tube, gating)
    return [drawing.figure.axes[0] for drawing in gate_drawings(scene, gate)]


def scaled(detector: str) -> Dimension:
    return Dimension(detector, analysis(CLEAR).tube.scales[detector])


def lines(axes: Axes) -> list[float]:
    """Return where vertical lines stand."""
    return [
        float(np.asarray(line.get_xdata())[0])
        for line in axes.lines
        if line.get_linestyle() != "None" and len(np.asarray(line.get_xdata())) == 2
    ]


def images(axes: Axes) -> list[AxesImage]:
    return list(axes.images)


def patch(axes: Axes, kind: type[patches.Patch]) -> patches.Patch:
    (found,) = [p for p in axes.patches if type(p) is kind]
    return found


def test_an_interval_is_two_lines_on_a_histogram_of_the_parent() -> None:
    (axes,) = drawn(Interval(scaled(PE), 0.3, 0.6))
    assert lines(axes) == [0.3, 0.6]
    stairs, *_ = [p for p in axes.patches if isinstance(p, patches.StepPatch)]
    counts, edges, _ = stairs.get_data()
    assert round(float(np.sum(np.square(counts)))) == len(analysis(CLEAR).tube.fcs.raw)
    assert (edges[0] < 0.3, edges[-1] > 0.6) == (True, True)


def test_an_open_interval_is_one_line() -> None:
    (axes,) = drawn(Interval(scaled(PE), None, 0.6))
    assert lines(axes) == [0.6]


def test_a_rectangle_of_one_side_is_a_histogram() -> None:
    (axes,) = drawn(Rectangle((Interval(scaled(PE), 0.3),)))
    assert lines(axes) == [0.3]
    assert not images(axes)


def test_a_rectangle_stands_on_the_density_of_the_parent() -> None:
    (axes,) = drawn(Rectangle((Interval(scaled(PE), 0.2, 0.7), Interval(scaled(CD45), 0.4))))
    box = patch(axes, patches.Rectangle)
    assert isinstance(box, patches.Rectangle)
    assert (box.get_x(), box.get_y()) == (0.2, 0.4)
    assert box.get_width() == pytest.approx(0.5)
    assert box.get_y() + box.get_height() == pytest.approx(axes.get_ylim()[1])
    assert len(images(axes)) == 1


@pytest.mark.parametrize(("sides", "number"), [(3, 2), (4, 2), (5, 3)])
def test_more_sides_are_shown_in_pairs(sides: int, number: int) -> None:
    detectors = (FITC, PE, CD45, "APC-A", "APC-H7-A")[:sides]
    every = drawn(Rectangle(tuple(Interval(scaled(d), 0.3) for d in detectors)))
    assert len(every) == number
    seen = {axes.get_xlabel() for axes in every} | {axes.get_ylabel() for axes in every}
    assert len(seen) == sides


def test_a_polygon_has_the_vertices_that_decide() -> None:
    vertices = ((0.2, 0.2), (0.8, 0.3), (0.5, 0.9))
    (axes,) = drawn(Polygon(scaled(PE), scaled(CD45), vertices))
    shape = patch(axes, patches.Polygon)
    assert isinstance(shape, patches.Polygon)
    np.testing.assert_allclose(shape.get_xy()[:3], vertices)


def test_an_ellipse_is_the_curve_of_equal_distance() -> None:
    region = Ellipse(scaled(PE), scaled(CD45), (0.5, 0.6), (0.01, 0.006, 0.008), 4.0)
    (axes,) = drawn(region)
    shape = patch(axes, patches.Ellipse)
    outline = shape.get_patch_transform().transform(shape.get_path().vertices)
    steps = outline - np.array(region.centre)
    inverse = np.linalg.inv([[0.01, 0.006], [0.006, 0.008]])
    distance = np.einsum("ni,ij,nj->n", steps, inverse, steps)
    # The path is Bézier curves; its vertices on the curve are every third.
    np.testing.assert_allclose(distance[::3][:8], 4.0, rtol=1e-3)


def test_the_share_of_the_parent_stands_in_the_picture() -> None:
    (axes,) = drawn(Interval(scaled(PE), 0.3, 0.6))
    inside, whole = analysis(CLEAR).gating.count("blasts"), len(analysis(CLEAR).tube.fcs.raw)
    assert inside is not None
    words = [text.get_text() for text in axes.texts]
    assert f"{100 * inside / whole:.3g} %\n{inside:,} of {whole:,}" in words


def test_no_event_is_no_fault() -> None:
    one = analysis(CLEAR)
    nobody = np.zeros(len(one.tube.fcs.raw), dtype=np.bool_)
    members = dict.fromkeys(one.gating.members, nobody)
    empty = replace(one, gating=replace(one.gating, members=Members(members)))
    titles = [drawing.title for drawing in gates(empty)]
    assert all("0 events" in title for title in titles)
    assert f"blasts: 0 events, no {one.gating.tree['blasts'].parent}" in titles


def test_a_boolean_population_is_shown_on_cd45_and_side_scatter() -> None:
    (axes,) = drawn(Boolean("and", (Operand("blasts"),)))
    assert axes.get_xlabel().startswith("CD45")
    assert axes.get_ylabel().startswith("SSC")
    assert len(images(axes)) == 1


def test_time_shows_the_rate_and_shades_what_was_left_out() -> None:
    one = analysis(CLOGGED)
    gate = one.gating.tree["stable"]
    (drawing,) = [found for found in gates(one) if found.name == "stable"]
    rate_axes, signal = drawing.figure.axes
    assert drawing.axes == ("Time (seconds)", "CD45 V500 (V500-A)")
    assert signal.get_xlabel() == "Time (seconds)"
    assert rate_axes.get_ylabel() == "events a second"
    assert len(images(signal)) == 1
    assert isinstance(gate.region, Interval | Intervals)
    gaps = left_out(gate.region, *rate_axes.get_xlim())
    assert gaps
    for axes in (rate_axes, signal):
        shaded = [p for p in axes.patches if type(p) is patches.Rectangle]
        edges = [(p.get_x(), p.get_x() + p.get_width()) for p in shaded]
        np.testing.assert_allclose(edges, gaps)
    (stairs,) = [p for p in rate_axes.patches if isinstance(p, patches.StepPatch)]
    rate, steps, _ = stairs.get_data()
    assert np.sum(rate * np.diff(steps)) == pytest.approx(len(one.tube.fcs.raw))


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


def test_the_title_counts() -> None:
    one = analysis(CLEAR)
    titles = {drawing.name: drawing.title for drawing in gates(one)}
    blasts = next(p for p in one.result.populations if p.name == "blasts")
    assert blasts.percent_of_parent is not None
    share = f"{blasts.percent_of_parent:.3g} %"
    assert titles["blasts"] == f"blasts: {blasts.events:,} events, {share} of {blasts.parent}"


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


def test_pictures_are_png_and_equal_each_time() -> None:
    def first_two() -> list[bytes]:
        first = islice(drawings(analysis(CLEAR)), 2)
        return [as_png(drawing.figure, title=drawing.title) for drawing in first]

    once, again = first_two(), first_two()
    assert once == again
    assert all(png.startswith(b"\x89PNG\r\n") for png in once)


def test_figures_are_never_registered_with_pyplot() -> None:
    figures = [drawing.figure for drawing in drawings(analysis(FOUR_COLOUR))]
    assert all(isinstance(figure, Figure) for figure in figures)
    assert all(figure.number is None for figure in figures if hasattr(figure, "number"))
