"""Singlets: events whose height follows their area."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

from cd5flow.gating.methods.singlet_band import SingletBand
from cd5flow.model.geometry import Polygon
from support.gating_factory import TOP, Floats, axis, inside, reason, resolved, tube_view

SINGLES, PAIRS = 4_000, 300


def band(**settings: Any) -> SingletBand:
    return SingletBand(**{"method": "singlet_band", "area": "FSC", "height": "FSC-H", **settings})


def pulses(events: int = SINGLES, *, noise: float = 0.02, seed: int = 1) -> tuple[Floats, Floats]:
    """Return area and height of single cells: height is 0.8 of the area, with pulse noise."""
    rng = np.random.default_rng(seed)
    area = rng.lognormal(11, 0.3, events)
    return area, 0.8 * area * (1 + noise * rng.standard_normal(events))


def with_pairs(noise: float = 0.02) -> tuple[Floats, Floats]:
    """Return single cells, then pairs of them: areas add up, heights do not."""
    area, height = pulses(noise=noise)
    pair_area = area[:PAIRS] + area[-PAIRS:]
    pair_height = np.maximum(height[:PAIRS], height[-PAIRS:])
    return np.concatenate([area, pair_area]), np.concatenate([height, pair_height])


def test_pairs_fall_below_the_band() -> None:
    area, height = with_pairs()
    view = tube_view({"FSC": area, "FSC-H": height})
    kept = inside(resolved(band().find(view)).region, view)
    assert kept[:SINGLES].mean() > 0.99
    assert kept[SINGLES:].mean() < 0.1


def test_the_line_is_that_of_the_single_cells() -> None:
    area, height = with_pairs()
    outcome = band().find(tube_view({"FSC": area, "FSC-H": height + 500}))
    assert outcome.evidence.values["slope"] == pytest.approx(0.8, rel=0.01)
    assert outcome.evidence.values["intercept_linear"] == pytest.approx(500, abs=150)
    assert outcome.evidence.values["relative_spread"] == pytest.approx(0.016, rel=0.15)


def test_the_band_is_a_polygon_in_linear_units_that_no_single_cell_outgrows() -> None:
    area, height = pulses()
    view = tube_view({"FSC": area, "FSC-H": height})
    region = resolved(band(below=8, above=8).find(view)).region
    assert isinstance(region, Polygon)
    assert (region.x, region.y) == (axis("FSC", None), axis("FSC-H", None))
    assert inside(region, view).all()


def test_a_wider_band_keeps_more() -> None:
    view = tube_view(dict(zip(("FSC", "FSC-H"), with_pairs(), strict=True)))
    counts = [
        inside(resolved(band(below=below).find(view)).region, view).sum() for below in (1, 2, 4, 30)
    ]
    assert counts == sorted(counts)
    assert len(set(counts)) == 4


def test_the_band_does_not_depend_on_the_gain() -> None:
    area, height = with_pairs()
    one = tube_view({"FSC": area, "FSC-H": height})
    ten = tube_view({"FSC": area / 16, "FSC-H": height / 4})
    masks = [inside(resolved(band().find(view)).region, view) for view in (one, ten)]
    assert np.mean(masks[0] != masks[1]) < 0.001


def test_a_share_of_the_events_fits_as_well_as_all() -> None:
    view = tube_view(dict(zip(("FSC", "FSC-H"), pulses(20_000), strict=True)))
    few = band(sample_events=1_000).find(view).evidence.values
    every = band().find(view).evidence.values
    assert few["slope"] == pytest.approx(every["slope"], rel=0.01)


def test_events_that_are_not_positive_numbers_place_no_band() -> None:
    area, height = pulses()
    odd = np.array([math.nan, 0.0, -5.0, math.inf, 1e5])
    view = tube_view({"FSC": [*area, *odd], "FSC-H": [*height, 1e5, 1e5, 1e5, 1e5, math.nan]})
    outcome = band().find(view)
    assert outcome.evidence.events == SINGLES
    assert not inside(resolved(outcome).region, view)[SINGLES:].any()


@pytest.mark.parametrize(
    ("area", "height", "what"),
    [
        ([], [], "0 events are too few"),
        ([1, 2, 3], [1, 2, 3], "3 events are too few"),
        ([-1.0] * 500, [1.0] * 500, "0 events are too few"),
        ([5.0] * 500, [4.0] * 500, "tells no pulses apart"),
        (range(1, 501), range(1, 501), "tells no pulses apart"),
        (range(1, 501), [v + 100 for v in range(1, 501)], "tells no pulses apart"),
        (range(1, 501), [v * 0.9 for v in range(1, 501)], "tells no pulses apart"),
    ],
    ids=["empty", "three", "negative", "one value", "height is area", "shifted", "scaled"],
)
def test_without_pulses_to_compare_there_is_no_band(
    area: npt.ArrayLike, height: npt.ArrayLike, what: str
) -> None:
    assert what in reason(band().find(tube_view({"FSC": area, "FSC-H": height})))


def big_cells(factor: float, gain: float = 1.0) -> tuple[Floats, Floats]:
    """Return single cells of which some are too large for a scale, height on a gain of its own."""
    area, height = pulses()
    return np.minimum(factor * area, TOP - 1), np.minimum(factor * gain * height, TOP - 1)


def test_cells_at_the_end_of_the_area_stay_in_whatever_their_height_beyond() -> None:
    area, height = big_cells(3.0)
    view = tube_view({"FSC": area, "FSC-H": height})
    ended = area >= TOP - 1
    kept = inside(resolved(band().find(view)).region, view)
    assert 0.05 < ended.mean() < 0.9
    assert kept[ended].mean() > 0.99
    assert kept[~ended].mean() > 0.99


def test_cells_at_the_end_of_the_height_stay_in_whatever_their_area_beyond() -> None:
    area, height = big_cells(1.5, gain=3.0)
    view = tube_view({"FSC": area, "FSC-H": height})
    ended = (height >= TOP - 1) & (area < TOP - 1)
    kept = inside(resolved(band().find(view)).region, view)
    assert ended.mean() > 0.05
    assert kept[ended].mean() > 0.99
    assert kept[~ended].mean() > 0.99


def test_a_height_far_below_the_end_of_the_area_is_a_pair_all_the_same() -> None:
    area, height = big_cells(3.0)
    view = tube_view({"FSC": [*area, TOP - 1], "FSC-H": [*height, 0.3 * TOP]})
    assert not inside(resolved(band().find(view)).region, view)[-1]


def test_cells_at_the_end_of_a_scale_place_no_side() -> None:
    area, height = big_cells(3.0)
    outcome = band().find(tube_view({"FSC": area, "FSC-H": height}))
    assert outcome.evidence.events == np.count_nonzero(area < TOP - 1)
    assert outcome.evidence.values["slope"] == pytest.approx(0.8, rel=0.01)


def test_height_that_falls_with_area_is_unresolved() -> None:
    rng = np.random.default_rng(1)
    area = rng.uniform(1e4, 1e5, 2_000)
    height = 1.2e5 - area + rng.normal(0, 500, 2_000)
    assert "does not rise with" in reason(band().find(tube_view({"FSC": area, "FSC-H": height})))


def test_area_and_height_are_two_channels() -> None:
    with pytest.raises(ValidationError, match="two axes are FSC"):
        band(height="FSC")
