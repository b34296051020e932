"""Whether the gates of a tube lie and hold as they must for its numbers to be believed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cd5flow.gating.explain import out_of_place
from cd5flow.gating.find_gate import apply_gate
from cd5flow.gating.plausibility import find_doubts, find_unusual, holds_others
from cd5flow.gating.state import GatingInput, GatingState, all_events
from cd5flow.model.geometry import Interval
from cd5flow.model.members import Population
from cd5flow.model.names import ALL, BLASTS
from cd5flow.model.populations import Evidence, Gate, LeukaemicPopulation, Place
from cd5flow.model.reasons import codes
from support.gating_factory import axis, gate, shipped_profiles, strategy_of, tube_of
from support.kinds_of_cells import B_CELLS, GRANULOCYTES, NK_CELLS, T_HELPERS, tube_of_piles

EVENTS = 100


def doubts(expected: tuple[float, float] | None, *, held: int = 50, **believed: Any) -> list[str]:
    """Return the doubts of a gate that holds so many of 100 events, beside a gate that is absent."""
    tube = tube_of({"CD45": np.arange(EVENTS)})
    state = GatingState(
        GatingInput(tube.columns, tube.panel, tube.scales, seed=0), all_events(tube.columns)
    )
    region = Interval(axis("CD45", None), high=held)
    found = Gate("viable", ALL, region, Evidence("fixed", EVENTS), "alive", expect_percent=expected)
    state.add("viable", apply_gate(found, state))
    asked = {"in_share": ["viable", "absent"], "in_place": ["viable", "absent"], **believed}
    return list(codes(find_doubts(strategy_of(believed=asked), state)))


@pytest.mark.parametrize("expected", [(51, 100), (0, 49)])
def test_a_gate_of_an_unusual_share_is_doubted(expected: tuple[float, float]) -> None:
    assert doubts(expected) == ["GATE_SHARE"]


@pytest.mark.parametrize("expected", [(50, 100), (0, 50), None])
def test_a_gate_of_its_usual_share_or_of_none_stated_is_believed(
    expected: tuple[float, float] | None,
) -> None:
    assert doubts(expected) == []


def test_an_empty_gate_is_doubted_where_a_share_is_asked() -> None:
    assert doubts((1, 100), held=0) == ["GATE_SHARE"]


def test_the_share_of_a_gate_that_is_not_asked_about_is_a_finding_alone() -> None:
    assert doubts((51, 100), in_share=["absent"]) == []


@pytest.mark.parametrize(("asked", "doubted"), [(["viable"], True), ([], False)])
def test_a_landmark_out_of_its_usual_place_is_doubted_where_that_is_asked(
    asked: list[str], *, doubted: bool
) -> None:
    tube = tube_of({"CD45": np.arange(EVENTS)})
    state = GatingState(
        GatingInput(tube.columns, tube.panel, tube.scales, seed=0), all_events(tube.columns)
    )
    state.findings.append(
        out_of_place("viable", Place("CD45", 90.0, None, 80.0), axis("CD45", None))
    )
    said = find_doubts(strategy_of(believed={"in_place": asked}), state)
    assert [one.code for one in said] == (["GATE_POSITION"] if doubted else [])


def test_a_gate_without_which_numbers_mean_another_thing_is_doubted_where_it_is_absent() -> None:
    tube = tube_of({"CD45": np.arange(EVENTS)})
    state = GatingState(
        GatingInput(tube.columns, tube.panel, tube.scales, seed=0), all_events(tube.columns)
    )
    gates = [gate("nucleated", {"method": "fixed", "sides": [{"axis": "CD45", "low": 1}]})]
    strategy = strategy_of(gates=gates, believed={"found": ["nucleated"]})
    state.findings += find_unusual(strategy, state)
    assert [one.code for one in find_doubts(strategy, state)] == ["GATE_MISSING"]


@pytest.mark.parametrize(
    ("events", "without", "doubted"),
    [
        (3000, ("cyCD3",), ["KIND_TOO_MANY"]),
        (500, ("cyCD3",), []),
        (3000, (), []),
    ],
)
def test_more_nk_cells_than_usual_are_doubted_where_no_cycd3_proves_them(
    events: int, without: tuple[str, ...], doubted: list[str]
) -> None:
    tube = tube_of_piles(T_HELPERS, NK_CELLS.with_(events=events), GRANULOCYTES).without(without)
    state = GatingState(
        GatingInput(tube.columns, tube.panel, tube.scales, seed=0, profiles=shipped_profiles()),
        all_events(tube.columns),
    )

    state.findings += find_unusual(strategy_of(), state)
    assert list(codes(find_doubts(strategy_of(), state))) == doubted


T_EVENTS = 300
OWN: dict[str, list[dict[str, Any]]] = {
    "own": [{"population": "t_cells", "kinds": ["t_cells"], "percent": 75, "events": 12}]
}


def gate_of_t_cells(
    others: int, *, t_cells: int = T_EVENTS, called: str = "", drawn: bool = False
) -> GatingState:
    """Return a tube whose gate of T cells holds so many B cells too, which have another name maybe."""
    piles = (T_HELPERS.with_(events=T_EVENTS), B_CELLS.with_(events=T_EVENTS), GRANULOCYTES)
    tube = tube_of_piles(*piles)
    by_hand = {"t_cells": None} if drawn else {}
    inputs = GatingInput(
        tube.columns, tube.panel, tube.scales, 0, by_hand, profiles=shipped_profiles()
    )
    state = GatingState(inputs, all_events(tube.columns))
    rows = np.arange(len(tube.columns))
    taken = (rows >= T_EVENTS) & (rows < T_EVENTS + others)
    state.members.add("t_cells", Population((rows < t_cells) | taken))
    if called:
        state.members.add(called, Population(taken))
    return state


def doubts_of(state: GatingState, *outside: LeukaemicPopulation) -> list[str]:
    strategy = strategy_of(believed=OWN)
    state.findings += find_unusual(strategy, state, outside)
    return list(codes(find_doubts(strategy, state)))


@pytest.mark.parametrize(("others", "doubted"), [(0, False), (95, False), (105, True)])
def test_a_gate_that_holds_more_than_a_quarter_of_other_cells_is_doubted(
    others: int, *, doubted: bool
) -> None:
    """Of a tube compensated wrongly the blasts' fringe lies where T cells do."""
    state = gate_of_t_cells(others)

    assert doubts_of(state) == (["GATE_OF_OTHERS"] if doubted else [])
    assert holds_others(tuple(state.findings), "t_cells") is doubted
    assert not holds_others(tuple(state.findings), "t_landmark")


@pytest.mark.parametrize("called", [BLASTS, "outside_1"])
def test_cells_that_are_called_otherwise_are_no_others_in_a_gate(called: str) -> None:
    """A clone with surface CD3 lies where T cells do, and is told from them by another marker."""
    clone = LeukaemicPopulation("outside_1", "unproven", "cells")

    assert doubts_of(gate_of_t_cells(T_EVENTS, called=called), clone) == []


def test_a_gate_with_few_sampled_cells_or_drawn_by_a_person_is_not_judged_by_its_kind() -> None:
    assert doubts_of(gate_of_t_cells(11, t_cells=0)) == []
    assert doubts_of(gate_of_t_cells(12, t_cells=0)) == ["GATE_OF_OTHERS"]
    assert doubts_of(gate_of_t_cells(T_EVENTS, drawn=True)) == []


def test_without_profiles_no_gate_is_judged_by_its_kind() -> None:
    tube = tube_of_piles(B_CELLS)
    inputs = GatingInput(tube.columns, tube.panel, tube.scales, seed=0)
    state = GatingState(inputs, all_events(tube.columns))
    state.members.add("t_cells", Population(np.ones(len(tube.columns), dtype=np.bool_)))

    assert doubts_of(state) == []


def test_kinds_that_any_cell_may_be_taken_for_do_not_count() -> None:
    aside = {"own": [{**OWN["own"][0], "aside": ["b_cells"]}]}
    state = gate_of_t_cells(T_EVENTS)

    assert find_unusual(strategy_of(believed=aside), state) == ()
    assert doubts_of(state) == ["GATE_OF_OTHERS"]
