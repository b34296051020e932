"""Pictures of a validation, by the artists drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from cd5flow.plots.validation import (
    Points,
    draw_biases,
    draw_blanks,
    draw_differences,
    draw_dilution,
    draw_found_and_true,
    draw_spreads,
)


def axes_of(figure: Figure) -> Axes:
    (axes,) = figure.axes
    return axes


def dots(figure: Figure) -> list[list[tuple[float, float]]]:
    found = [c for c in axes_of(figure).collections if isinstance(c, PathCollection)]
    return [
        [(float(x), float(y)) for x, y in np.asarray(collection.get_offsets())]
        for collection in found
    ]


def lines(figure: Figure) -> list[tuple[list[float], list[float]]]:
    return [
        (np.asarray(line.get_xdata()).tolist(), np.asarray(line.get_ydata()).tolist())
        for line in axes_of(figure).get_lines()
    ]


def words(figure: Figure) -> list[str]:
    figure.draw_without_rendering()
    axes = axes_of(figure)
    texts = (*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels())
    return [text.get_text() for text in texts]


def test_every_tube_is_a_dot_of_its_group() -> None:
    groups = [Points("dim", [10.0, 20.0], [11.0, 19.0]), Points("bright", [90.0], [91.0])]
    figure = draw_found_and_true(groups, threshold=70.0, truth="FMO rule")
    assert dots(figure) == [[(10.0, 11.0), (20.0, 19.0)], [(90.0, 91.0)]]
    assert {"■ dim", "■ bright"} <= set(words(figure))


def test_the_threshold_lies_on_both_axes() -> None:
    figure = draw_found_and_true([], threshold=70.0, truth="FMO rule")
    # From border to border, 0 to 1.
    assert ([70.0, 70.0], [0, 1]) in lines(figure)
    assert ([0, 1], [70.0, 70.0]) in lines(figure)


def test_a_difference_beyond_the_picture_is_drawn_at_its_border() -> None:
    groups = [Points("a", [50.0, 60.0], [30.0, -2.0])]
    figure = draw_differences(groups, bias=1.0, limits=(-3.0, 5.0), half=10.0, truth="FMO rule")
    assert dots(figure) == [[(50.0, 10.0), (60.0, -2.0)]]
    heights = {ys[0] for _, ys in lines(figure) if len(set(ys)) == 1}
    assert {0.0, 1.0, -3.0, 5.0} <= heights


def test_a_dilution_is_drawn_on_logarithms_with_its_line() -> None:
    groups = [Points("a", [10.0, 0.1], [10.0, 0.1])]
    figure = draw_dilution(groups, lines=[(0.9, 0.1)], lloq=0.05)
    assert dots(figure) == [[(10.0, 10.0), (0.1, 0.1)]]
    assert (axes_of(figure).get_xscale(), axes_of(figure).get_yscale()) == ("log", "log")
    slopes = {
        round(math.log(ys[1] / ys[0]) / math.log(xs[1] / xs[0]), 6)
        for xs, ys in lines(figure)
        if xs[0] != xs[1] and ys[0] != ys[1]
    }
    assert slopes == {1.0, 0.9}
    assert "0.1" in words(figure)


def test_biases_stay_inside_the_picture() -> None:
    figure = draw_biases([Points("a", [1.0, 0.1], [0.02, -0.4])], lloq=0.1)
    low, high = axes_of(figure).get_ylim()
    assert low < -0.4 < 0.4 < high


@pytest.mark.parametrize("lod", [None, 0.01])
def test_a_blank_without_any_event_is_drawn_below_the_axis(lod: float | None) -> None:
    groups = [Points("not called", [1.0, 2.0], [0.0, 0.004]), Points("called disease", [], [])]
    figure = draw_blanks(groups, lod=lod)
    ((_, zero), (_, some)), called = dots(figure)
    assert called == []
    assert (zero, some) == (0.0, 0.004)
    assert axes_of(figure).get_ylim()[0] < 0.0
    assert "0" in words(figure)
    assert ("LOD" in words(figure)) is (lod is not None)


def test_blanks_of_nothing_at_all_are_drawn() -> None:
    assert dots(draw_blanks([Points("not called", [1.0], [0.0])], lod=None)) != []


def test_a_cv_has_its_interval_and_countings_line() -> None:
    groups = [Points("burden", [100.0], [12.0], [8.0], [20.0])]
    figure = draw_spreads(groups)
    (((events, cv),),) = dots(figure)
    assert (events, cv) == (100.0, 12.0)
    ((xs, ys),) = lines(figure)[:1]
    # 100 over the root of 100 events is 10 %.
    assert xs[0] == 100.0
    assert ys[0] == pytest.approx(10.0)
