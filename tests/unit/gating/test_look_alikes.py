"""Scattered look-alikes and odd T cells: what is normal among them, and what gathers beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cd5flow.gating.lineage import choose_path
from cd5flow.gating.look_alikes import find_gatherings, find_immature_t_cells
from cd5flow.gating.state import GatingInput, GatingState, all_events
from cd5flow.gating.strategy import Strategy
from cd5flow.model.laip import Laip, MarkerRange
from cd5flow.model.members import Population
from cd5flow.model.names import LOOK_ALIKES, T_CELLS
from cd5flow.model.reasons import Reason
from support.gating_factory import gate, lineage_path, shipped_profiles, strategy_of
from support.kinds_of_cells import BLASTS as CLONE
from support.kinds_of_cells import (
    GRANULOCYTES,
    NK_CELLS,
    NORMAL,
    T_HELPERS,
    Pile,
    tube_of_piles,
)

LEAST = 20
"""The events that a detection asks for, of the shipped strategies."""
PROGENITORS = Pile(4, {"CD45": 2.6, "CD34": 2.4, "CD38": 2.0, "CD7": 1.6})


def at_diagnosis(cd45: float) -> Laip:
    """Return blasts that carried CD56, with this CD45 in decades from T cells."""
    carried = MarkerRange(low_decades=None, high_decades=None, above_t_cells_percent=90.0)
    leukocytes = MarkerRange(cd45 - 0.2, cd45 + 0.2, 0.0)
    markers = {"CD56": carried, "CD45": leukocytes}
    return Laip("first", "0" * 64, "cyCD3+ sCD3-", 900, markers)


def strategy() -> Strategy:
    """Return one that leaves NK cells in where the blasts looked like them at diagnosis."""
    carried = {"markers": ["CD56"], "axis": "CD45", "above_decades": -0.3}
    everyone = {"method": "fixed", "sides": [{"axis": "CD45", "low": 1}]}
    path = lineage_path(
        gate("not_nk", everyone, unless_carried=carried), gate("blasts", everyone, "not_nk")
    )
    return strategy_of(paths=[path])


def searched(*odd: Pile, called: str = LOOK_ALIKES, **inputs: Any) -> GatingState:
    """Return a tube of normal cells and some others, which are a population that the gates found."""
    tube = tube_of_piles(*NORMAL, *odd)
    given = {"seed": 0, "profiles": shipped_profiles(), **inputs}
    state = GatingState(
        GatingInput(tube.columns, tube.panel, tube.scales, **given), all_events(tube.columns)
    )
    cells = np.arange(len(tube.columns)) >= sum(pile.events for pile in NORMAL)
    state.members.add(called, Population(cells))
    return state


def gathered(state: GatingState) -> tuple[Reason, ...]:
    return find_gatherings(strategy(), state, state.cell_types())


def counted(one: Reason) -> int:
    events = one.values["events"]
    assert isinstance(events, int)
    return events


@pytest.mark.parametrize(("events", "gathers"), [(15, False), (60, True)])
def test_a_clone_that_no_gate_was_drawn_around_is_told_from_as_many_as_a_detection_asks_for(
    events: int, *, gathers: bool
) -> None:
    said = gathered(searched(CLONE.with_(events)))

    assert [one.code for one in said] == (["LOOK_ALIKES_GATHER"] if gathers else [])
    if gathers:
        assert LEAST <= counted(said[0]) <= events
        assert said[0].values["what"] == "T-lineage blasts without surface CD3"


def test_what_passes_another_rule_of_cd7_is_looked_at_too() -> None:
    """CD7 may be cut where brighter cells part from the blasts, which pass no more than the other rule."""
    state = searched(CLONE.with_(60), called="brighter")
    state.passed.append(state.members["brighter"])
    (said,) = gathered(state)

    assert said.code == "LOOK_ALIKES_GATHER"
    assert gathered(searched(CLONE.with_(60), called="brighter")) == ()


@pytest.mark.parametrize("by_cd7_alone", [True, False])
def test_a_rule_of_cd7_leaves_those_that_pass_all_of_its_gates_but_the_last(
    *, by_cd7_alone: bool
) -> None:
    nobody = {"method": "relative", "sides": [{"axis": "CD45", "low": {"population": "nobody"}}]}
    above = {"method": "fixed", "sides": [{"axis": "CD45", "low": 1000}]}
    path = lineage_path(
        gate("above", above), gate("blasts", nobody, "above"), cd7_alone=by_cd7_alone
    )
    state = searched(CLONE)
    _, chosen = choose_path(strategy_of(paths=[path]), state)

    assert chosen is None
    assert len(state.passed) == by_cd7_alone
    assert all(0 < passed.sum() < passed.size for passed in state.passed)


@pytest.mark.parametrize(
    "tail", [NK_CELLS.with_(200), GRANULOCYTES.with_(200), T_HELPERS.with_(60)]
)
def test_the_like_of_normal_cells_hides_nothing(tail: Pile) -> None:
    assert gathered(searched(tail)) == ()


def test_a_clone_is_told_among_many_normal_look_alikes() -> None:
    many = NK_CELLS.with_(1500)
    (said,) = gathered(searched(many, CLONE.with_(60)))

    assert said.values["what"] == "T-lineage blasts without surface CD3"
    assert counted(said) <= 60


def test_the_few_of_a_rare_kind_are_normal_and_many_are_not() -> None:
    few, many = searched(PROGENITORS), searched(PROGENITORS.with_(200))

    assert gathered(few) == ()
    assert [one.code for one in gathered(many)] == ["LOOK_ALIKES_GATHER"]


@pytest.mark.parametrize(("cd45", "explain"), [(-1.0, True), (0.0, False)])
def test_nk_cells_explain_nothing_where_the_blasts_looked_like_them_at_diagnosis(
    cd45: float, *, explain: bool
) -> None:
    nk = NK_CELLS.with_(100)

    assert gathered(searched(nk)) == ()
    said = gathered(searched(nk, laip=at_diagnosis(cd45)))
    assert [one.code for one in said] == ([] if explain else ["LOOK_ALIKES_GATHER"])


@pytest.mark.parametrize(("events", "hides"), [(LEAST - 1, False), (LEAST, True)])
def test_without_profiles_as_many_as_a_detection_asks_for_may_hide_disease(
    events: int, *, hides: bool
) -> None:
    said = gathered(searched(CLONE.with_(events), profiles=None))
    assert said == ((Reason("SCATTER_HIDES", events=events),) if hides else ())


def test_a_cluster_in_doubt_is_looked_at_with_them() -> None:
    state = searched(CLONE.with_(60), called="doubtful")

    assert gathered(state) == ()
    said = find_gatherings(
        strategy(), state, state.cell_types(), doubtful=state.members["doubtful"]
    )
    assert [one.code for one in said] == ["LOOK_ALIKES_GATHER"]


@pytest.mark.parametrize(
    ("signs", "told"),
    [({"TdT": 2.2}, True), ({"CD34": 2.4}, True), ({}, False), ({"TdT": 1.3}, False)],
)
def test_t_cells_with_a_sign_of_immaturity_are_told_however_few(
    signs: dict[str, float], *, told: bool
) -> None:
    state = searched(T_HELPERS.with_(60, **signs), called=T_CELLS)
    said = find_immature_t_cells(strategy(), state, state.cell_types())

    assert [one.code for one in said] == (["OUTSIDE_PROFILES"] if told else [])


def test_light_that_was_taken_off_wrongly_is_no_sign() -> None:
    profiles = shipped_profiles()
    near = profiles.gathering.model_copy(update={"below_background": 0.3})
    by = profiles.model_copy(update={"gathering": near})
    sound = searched(T_HELPERS.with_(60, CD34=2.4), called=T_CELLS, profiles=by)
    wrong = searched(T_HELPERS.with_(60, CD34=2.4, CD8=-1.5), called=T_CELLS, profiles=by)

    assert len(find_immature_t_cells(strategy(), sound, sound.cell_types())) == 1
    assert find_immature_t_cells(strategy(), wrong, wrong.cell_types()) == ()


def test_fewer_of_them_than_a_detection_asks_for_are_not() -> None:
    state = searched(T_HELPERS.with_(15, TdT=2.2), called=T_CELLS)
    assert find_immature_t_cells(strategy(), state, state.cell_types()) == ()
