"""Edges at stated places of populations of the same tube."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from cd5flow.gating.methods.relative import Relative
from cd5flow.gating.tube_view import Position, Side
from cd5flow.model.geometry import Interval, Rectangle
from support.gating_factory import axis, inside, normal, reason, resolved, tube_view

T = np.concatenate([normal(0.7, 0.02, 500), normal(0.2, 0.05, 500, seed=2)])
IS_T = np.arange(1_000) < 500


def relative(*sides: dict[str, Any]) -> Relative:
    return Relative(method="relative", sides=tuple(Side(**side) for side in sides))


def t(**settings: Any) -> Position:
    return Position(population="t", **settings)


def test_an_edge_lies_where_its_population_says() -> None:
    view = tube_view({"X": T}, populations={"t": IS_T})
    region = resolved(relative({"axis": "X", "low": t(spreads=-4)}).find(view)).region
    assert isinstance(region, Interval)
    assert region.dimension == axis("X")
    assert region.low == pytest.approx(0.7 - 4 * 0.02, abs=0.01)
    assert region.high is None
    assert np.array_equal(inside(region, view), IS_T)


def test_two_edges_are_an_interval_and_two_axes_a_rectangle() -> None:
    view = tube_view({"X": T, "Y": T}, populations={"t": IS_T})
    both = {"low": t(spreads=-4), "high": t(spreads=4)}
    interval = resolved(relative({"axis": "X", **both}).find(view)).region
    assert isinstance(interval, Interval)
    assert interval.low is not None
    assert interval.high is not None
    rectangle = resolved(relative({"axis": "X", **both}, {"axis": "Y", "low": t()}).find(view))
    assert isinstance(rectangle.region, Rectangle)
    assert [s.dimension for s in rectangle.region.sides] == [axis("X"), axis("Y")]


def test_the_evidence_names_each_edge() -> None:
    view = tube_view({"X": T}, populations={"t": IS_T}, parent=IS_T)
    outcome = relative({"axis": "X", "low": t(spreads=-1), "high": t(spreads=1)}).find(view)
    assert set(outcome.evidence.values) == {"X low", "X high"}
    assert outcome.evidence.events == 500


def test_an_edge_without_its_population_is_unresolved_and_never_open() -> None:
    low = {"axis": "X", "low": t(), "high": Position(population="granulocytes")}
    outcome = relative(low).find(tube_view({"X": T}, populations={"t": IS_T}))
    assert reason(outcome) == "no population with enough events to place the high edge on X"


def test_the_next_population_stands_in() -> None:
    edge = (Position(population="granulocytes"), t())
    region = resolved(
        relative({"axis": "X", "low": edge}).find(tube_view({"X": T}, populations={"t": IS_T}))
    )
    assert isinstance(region.region, Interval)
    assert region.region.low == pytest.approx(0.7, abs=0.01)


def test_edges_that_cross_or_meet_are_unresolved() -> None:
    view = tube_view({"X": T}, populations={"t": IS_T})
    crossed = relative({"axis": "X", "low": t(spreads=1), "high": t(spreads=-1)})
    assert "the edges on X cross" in reason(crossed.find(view))
    assert "the edges on X cross" in reason(
        relative({"axis": "X", "low": t(), "high": t()}).find(view)
    )


def test_an_edge_through_a_population_is_unresolved_where_that_is_asked() -> None:
    view = tube_view({"X": T}, populations={"t": IS_T})
    through, beside = ({"axis": "X", "low": t(spreads=spreads)} for spreads in (0, -8))
    resolved(relative(through).find(view))
    strict = {"method": "relative", "max_height": 0.3}
    outcome = Relative(**strict, sides=(Side(**through),)).find(view)
    assert "would split a population" in reason(outcome)
    resolved(Relative(**strict, sides=(Side(**beside),)).find(view))


def test_an_empty_parent_still_has_its_edges() -> None:
    view = tube_view({"X": T}, populations={"t": IS_T}, parent=np.zeros(1_000))
    region = resolved(relative({"axis": "X", "low": t()}).find(view)).region
    assert not inside(region, view).any()


@pytest.mark.parametrize(
    ("sides", "what"),
    [
        ((), "at least one side"),
        (({"axis": "X"},), "give low, high or both"),
        (({"axis": "X", "low": t()}, {"axis": "X", "high": t()}), "two axes are X"),
        (({"axis": "A|B", "low": t()}, {"axis": "B|C", "high": t()}), "two axes are B"),
    ],
)
def test_what_bounds_nothing_or_one_channel_twice_is_refused(
    sides: tuple[dict[str, Any], ...], what: str
) -> None:
    with pytest.raises(ValidationError, match=what):
        relative(*sides)
