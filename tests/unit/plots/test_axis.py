from __future__ import annotations

import math

import numpy as np
import pytest

from cd5flow.model.geometry import Dimension, Interval
from cd5flow.model.scale import Asinh, Linear, Log, Logicle, Scale
from cd5flow.plots.axis import (
    Axis,
    channel_label,
    power_of_ten,
    shown,
    thousands,
    ticks,
)
from cd5flow.preprocess.transforms import inverse, scale_exact
from support.analysed import CLEAR, FOUR_COLOUR, analysis


def labels(axis: Axis) -> list[tuple[float, str]]:
    """Return place and words of the long ticks."""
    marks = ticks(axis)
    return list(zip(marks.places, marks.words, strict=True))


def axis(scale: Scale | None, low: float = -0.05, high: float = 1.05) -> Axis:
    return Axis(Dimension("PE-A", scale), "PE-A", low, high)


def test_a_logicle_axis_is_labelled_in_decades_about_zero() -> None:
    scale = Logicle(t=262144, w=0.5, m=4.5)
    found = labels(axis(scale))
    assert [words for _, words in found] == ["−10²", "0", "10²", "10³", "10⁴", "10⁵"]
    linear = inverse([place for place, _ in found], scale)
    np.testing.assert_allclose(linear, [-100, 0, 100, 1e3, 1e4, 1e5], atol=1e-6)


def test_crowded_labels_give_way_to_zero() -> None:
    places = [place for place, _ in labels(axis(Logicle(t=262144, w=2.0, m=4.5)))]
    assert min(np.diff(places)) >= 0.05


def test_short_ticks_stand_at_whole_steps_between_decades() -> None:
    scale = Logicle(t=262144, w=0.5, m=4.5)
    between = ticks(axis(scale)).between
    assert float(scale_exact(3000.0, scale)) in between
    assert float(scale_exact(1000.0, scale)) not in between


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (Log(t=10000, m=4), ["10⁰", "10¹", "10²", "10³", "10⁴"]),
        (Asinh(t=262144, m=3), ["0", "10³", "10⁴", "10⁵"]),
    ],
)
def test_other_logarithmic_scales_are_labelled_in_decades(
    scale: Scale, expected: list[str]
) -> None:
    words = [words for _, words in labels(axis(scale))]
    assert [word for word in words if word in expected] == expected


def test_a_linear_axis_is_labelled_in_thousands() -> None:
    assert "100K" in [words for _, words in labels(axis(None, 0, 262144))]
    assert "100K" in [words for _, words in labels(axis(Linear(t=262144)))]


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0"), (1000, "10³"), (-0.01, "−10⁻²"), (1e12, "10¹²")]
)
def test_powers_of_ten_are_written_short(value: float, words: str) -> None:
    assert power_of_ten(value) == words


@pytest.mark.parametrize(
    ("value", "words"), [(50_000, "50K"), (2.5e6, "2.5M"), (12.5, "12.5"), (-3000, "−3K")]
)
def test_thousands_are_written_short(value: float, words: str) -> None:
    assert thousands(value) == words


def test_an_axis_says_marker_fluorochrome_and_detector() -> None:
    tube = analysis(CLEAR).tube
    assert channel_label(tube, "PerCP-Cy5-5-A") == "CD5 PerCP-Cy5-5-A"
    assert channel_label(tube, "FSC-A") == "FSC-A"
    assert channel_label(tube, "Time") == "Time"
    assert channel_label(analysis(FOUR_COLOUR).tube, "SSC-H") == "SSC-H"


def test_a_linear_bound_is_shown_where_it_lies_on_the_display_scale() -> None:
    tube = analysis(CLEAR).tube
    scale = tube.scales["V500-A"]
    side = shown(Interval(Dimension("V500-A"), 1000.0, None), tube)
    assert side.dimension == Dimension("V500-A", scale)
    assert side.low is not None
    assert math.isclose(side.low, float(scale_exact(1000.0, scale)))
    assert side.high is None
