"""What a gating method sees: axes, values, and places told by other populations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from cd5flow.gating.tube_view import (
    NoMarkerError,
    Position,
    linear_end,
    refuse_one_channel_twice,
    shift_decades,
)
from cd5flow.model.geometry import Dimension
from cd5flow.model.scale import Log, Logicle
from cd5flow.preprocess.transforms import inverse, scale_exact
from support.gating_factory import DISPLAY, axis, detector_of, quantiles, tube_view

LOGICLE = Logicle(t=262144.0, w=0.5, m=4.5)


def at(*positions: Position, **populations: list[float]) -> float | None:
    """Return where an edge lies on an axis on which each population has these values."""
    values = [v for found in populations.values() for v in found]
    names = [name for name, found in populations.items() for _ in found]
    masks = {name: [n == name for n in names] for name in populations}
    view = tube_view({"X": values or [0.0]}, populations=masks if values else {})
    edge = positions[0] if len(positions) == 1 else positions
    return view.at(edge, axis("X"))


def test_the_first_marker_that_the_tube_carries_is_taken() -> None:
    view = tube_view({"CD16": [1], "CD56": [2]})
    assert view.marker("CD16+CD56|CD56|CD16") == "CD56"
    assert view.marker("CD16") == "CD16"


def test_an_axis_that_the_tube_lacks_is_named() -> None:
    with pytest.raises(NoMarkerError, match=r"CD7\|cyCD3"):
        tube_view({"CD5": [1]}).dimension("CD7|cyCD3")


def test_an_axis_is_on_its_display_scale_unless_linear_units_are_asked_for() -> None:
    view = tube_view({"CD5": [1], "Time": [1]}, scale=LOGICLE)
    assert view.dimension("CD5") == Dimension(detector_of("CD5"), LOGICLE, compensated=True)
    assert view.dimension("CD5", linear=True, compensated=False) == Dimension(
        detector_of("CD5"), None, compensated=False
    )
    assert view.dimension("Time") == Dimension("Time")


def test_values_are_the_parents_in_file_order() -> None:
    view = tube_view({"CD5": [5, 1, 4, 2]}, parent=[True, False, True, True])
    assert view.values(axis("CD5")).tolist() == [5, 4, 2]


def test_values_are_compensated_unless_raw_ones_are_asked_for() -> None:
    view = tube_view({"CD5": [5, 6]}, compensated={"CD5": [3, 4]})
    assert view.values(view.dimension("CD5")).tolist() == [3, 4]
    assert view.values(view.dimension("CD5", compensated=False)).tolist() == [5, 6]


def test_time_is_in_seconds() -> None:
    view = tube_view({"Time": [0, 50, 100]}, timestep=0.01)
    assert view.values(view.dimension("Time")).tolist() == [0, 0.5, 1]


def test_a_populations_values_are_its_own_wherever_the_parent_is() -> None:
    view = tube_view(
        {"X": [1, 2, 3]}, populations={"t": [False, True, True]}, parent=[True, False, False]
    )
    assert view.values_of("t", axis("X")).tolist() == [2, 3]
    assert view.values_of("all", axis("X")).tolist() == [1, 2, 3]


def test_a_population_that_was_not_gated_has_no_values() -> None:
    assert tube_view({"X": [1, 2]}).values_of("blasts", axis("X")).size == 0


def test_no_edge_is_nowhere() -> None:
    assert tube_view({"X": [1]}).at(None, axis("X")) is None


def test_a_position_is_the_median_unless_it_says_otherwise() -> None:
    t = [float(v) for v in range(101)]
    assert at(Position(population="t"), t=t) == 50
    assert at(Position(population="t", quantile_percent=90), t=t) == 90


def test_spreads_are_robust_standard_deviations_of_the_population() -> None:
    t = quantiles(0.5, 0.05, 1_000).tolist()
    found = at(Position(population="t", spreads=-2), t=[*t, *[9.0] * 20])
    assert found == pytest.approx(0.4, abs=0.005)


def test_decades_multiply_the_linear_signal() -> None:
    view = tube_view({"X": np.full(60, 1_000.0)}, scale=LOGICLE)
    dimension = view.dimension("X")
    found = view.at(Position(population="all", decades=-0.3), dimension)
    assert found is not None
    assert float(inverse(found, LOGICLE)) == pytest.approx(1_000 * 10**-0.3, rel=1e-4)


def test_spreads_come_before_decades() -> None:
    t = quantiles(0.5, 0.05, 1_000).tolist()
    assert at(Position(population="t", spreads=2, decades=1), t=t) == pytest.approx(6, abs=0.05)


def test_below_zero_there_are_no_decades() -> None:
    negative = Position(population="negative", decades=0.5)
    assert at(negative, negative=[-1.0] * 60) is None
    positive = Position(population="t", decades=0.5)
    assert at(negative, positive, negative=[-1.0] * 60, t=[2.0] * 60) == pytest.approx(2 * 10**0.5)
    assert at(negative.model_copy(update={"decades": 0}), negative=[-1.0] * 60) == -1


def test_decades_beyond_any_instrument_are_refused() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 10"):
        Position(population="t", decades=400)


def test_the_first_population_with_enough_events_is_taken() -> None:
    first = Position(population="t", min_events=3)
    second = Position(population="b", min_events=3)
    assert at(first, second, t=[1.0, 1.0], b=[7.0, 7.0, 7.0]) == 7
    assert at(first, second, t=[1.0, 1.0, 1.0], b=[7.0, 7.0, 7.0]) == 1


def test_without_enough_events_there_is_no_place() -> None:
    assert at(Position(population="t", min_events=3), t=[1.0, 1.0]) is None
    assert at(Position(population="blasts", min_events=1), t=[1.0]) is None


def test_what_is_not_a_number_counts_for_no_place() -> None:
    position = Position(population="t", min_events=3)
    assert at(position, t=[math.nan, math.inf, 1.0, 2.0]) is None
    assert at(position, t=[math.nan, -math.inf, 1.0, 2.0, 3.0]) == 2


def test_fifty_events_are_asked_for_unless_a_position_says_otherwise() -> None:
    assert at(Position(population="t"), t=[1.0] * 49) is None
    assert at(Position(population="t"), t=[1.0] * 50) == 1


def test_a_place_is_shifted_on_any_scale() -> None:
    assert shift_decades(0.3, 0, LOGICLE) == 0.3
    assert shift_decades(20.0, 1, None) == 200
    assert shift_decades(0.2, -1, DISPLAY) == pytest.approx(0.02)
    log = Log(t=10_000, m=4)
    assert shift_decades(0.5, 1, log) == pytest.approx(0.75)
    start = float(scale_exact(500.0, LOGICLE))
    assert shift_decades(start, 1, LOGICLE) == pytest.approx(float(scale_exact(5_000.0, LOGICLE)))


def test_the_linear_part_of_a_logicle_scale_ends_two_widths_above_its_bottom() -> None:
    assert linear_end(Logicle(t=262144.0, w=0.9, m=4.5)) == pytest.approx(0.4)
    assert linear_end(Logicle(t=262144.0, w=0.0, m=4.5)) == 0
    assert linear_end(Log(t=1e4, m=4)) == linear_end(None) == linear_end(DISPLAY) == 0


def test_two_axes_of_one_gate_are_never_one_channel() -> None:
    refuse_one_channel_twice()
    refuse_one_channel_twice("CD3", "CD45|CD4", "SSC")
    for axes in (("CD3", "CD3"), ("CD45", "CD56|CD16", "CD16")):
        with pytest.raises(ValueError, match=f"two axes are {axes[-1]}"):
            refuse_one_channel_twice(*axes)
