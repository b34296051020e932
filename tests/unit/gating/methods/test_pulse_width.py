"""Single cells by the width of their pulse."""

from __future__ import annotations

import numpy as np
import pytest

from cd5flow.gating.methods.pulse_width import PulseWidth
from cd5flow.model.geometry import Interval
from support.gating_factory import Arrays, axis, inside, normal, reason, resolved, tube_view

SINGLES, PAIRS = 4_000, 400
WIDTHS: Arrays = {
    "FSC-W": np.concatenate([normal(70_000, 1_500, SINGLES), normal(100_000, 6_000, PAIRS, seed=2)])
}


def width(**settings: float) -> PulseWidth:
    return PulseWidth.model_validate({"method": "pulse_width", "axis": "FSC-W", **settings})


def test_pairs_are_wider_than_the_bound_and_single_cells_are_not() -> None:
    view = tube_view(WIDTHS)

    kept = inside(resolved(width().find(view)).region, view)

    assert kept[:SINGLES].mean() > 0.99
    assert kept[SINGLES:].mean() < 0.01


def test_the_bound_is_one_upper_end_in_linear_units() -> None:
    outcome = width().find(tube_view(WIDTHS))
    region = resolved(outcome).region

    assert isinstance(region, Interval)
    assert region.dimension == axis("FSC-W", None)
    assert region.low is None
    assert region.high == outcome.evidence.values["cut_linear"]


def test_the_middle_is_that_of_single_cells() -> None:
    values = width().find(tube_view(WIDTHS)).evidence.values

    assert values["middle_linear"] == pytest.approx(70_000, rel=0.005)
    assert values["spread_linear"] == pytest.approx(1_500, rel=0.1)


def test_the_bound_lies_spreads_above_the_middle_and_at_least_a_share_of_it() -> None:
    values = width(spreads=10, least_percent=1).find(tube_view(WIDTHS)).evidence.values
    assert values["cut_linear"] == values["middle_linear"] + 10 * values["spread_linear"]

    values = width(spreads=1, least_percent=20).find(tube_view(WIDTHS)).evidence.values
    assert values["cut_linear"] == pytest.approx(1.2 * values["middle_linear"])


def test_the_bound_does_not_depend_on_the_gain() -> None:
    one = tube_view(WIDTHS)
    other = tube_view({"FSC-W": np.asarray(WIDTHS["FSC-W"]) / 32})

    first, second = (inside(resolved(width().find(view)).region, view) for view in (one, other))

    assert np.array_equal(first, second)


def test_only_the_parents_pulses_are_looked_at() -> None:
    parent = np.arange(SINGLES + PAIRS) < SINGLES

    assert width().find(tube_view(WIDTHS, parent=parent)).evidence.events == SINGLES


@pytest.mark.parametrize(
    ("widths", "what"),
    [
        (np.full(199, 5.0), "199 events are too few"),
        ([], "0 events are too few"),
        (np.full(500, -1.0), "0 events are too few"),
        (np.full(500, np.nan), "0 events are too few"),
        (np.full(500, 7.0), "tells none apart"),
    ],
    ids=["few", "empty", "negative", "NaN", "all alike"],
)
def test_without_widths_to_compare_there_is_no_bound(widths: list[float], what: str) -> None:
    assert what in reason(width().find(tube_view({"FSC-W": widths})))
