"""Whether the gates of a tube lie and hold as they must for its numbers to be believed."""

from __future__ import annotations

import numpy as np
import pytest

from cd5flow.gating.plausibility import find_doubts
from cd5flow.gating.state import GatingInput, GatingState, all_events
from cd5flow.model.geometry import Interval
from cd5flow.model.members import Population
from cd5flow.model.names import ALL
from cd5flow.model.populations import Evidence, Gate
from cd5flow.model.reasons import codes
from support.gating_factory import axis, strategy_of, tube_of

EVENTS = 100


def doubts(expected: tuple[float, float] | None, *, held: int = 50) -> list[str]:
    """Return the doubts of a gate that holds so many of 100 events, beside a gate that is absent."""
    tube = tube_of({"CD45": np.arange(EVENTS)})
    state = GatingState(
        GatingInput(tube.columns, tube.panel, tube.scales, seed=0), all_events(tube.columns)
    )
    region = Interval(axis("CD45", None), high=held)
    state.gates["viable"] = Gate(
        "viable", ALL, region, Evidence("fixed", EVENTS), "alive", expect_percent=expected
    )
    state.members.add("viable", Population(np.arange(EVENTS) < held))
    believed = strategy_of(
        believed={"in_share": ["viable", "absent"], "in_place": ["viable", "absent"]}
    )
    return list(codes(one.reason for one in find_doubts(believed, state)))


@pytest.mark.parametrize("expected", [(51, 100), (0, 49)])
def test_a_gate_of_an_unusual_share_is_doubted(expected: tuple[float, float]) -> None:
    assert doubts(expected) == ["GATE_NOT_BELIEVED"]


@pytest.mark.parametrize("expected", [(50, 100), (0, 50), None])
def test_a_gate_of_its_usual_share_or_of_none_stated_is_believed(
    expected: tuple[float, float] | None,
) -> None:
    assert doubts(expected) == []


def test_an_empty_gate_is_doubted_where_a_share_is_asked() -> None:
    assert doubts((1, 100), held=0) == ["GATE_NOT_BELIEVED"]
