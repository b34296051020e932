"""Leukaemic populations among groups of cells: each gated, all told together, the rest named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pytest

from cd5flow.gating import leukaemia
from cd5flow.gating.leukaemia import GroupReading, parted, read_groups, sort_suspects
from cd5flow.gating.leukaemia_search import LeukaemiaSearch
from cd5flow.gating.outlining import Outline
from cd5flow.gating.state import GatingInput, GatingState, all_events
from cd5flow.gating.strategy import Strategy
from cd5flow.model.geometry import Boolean, Operand, Region
from cd5flow.model.members import Population
from cd5flow.model.names import ALL, BLASTS
from cd5flow.model.reasons import codes
from support.gating_factory import shipped_profiles, strategy_of
from support.kinds_of_cells import BLASTS as CLONE
from support.kinds_of_cells import NORMAL, T_HELPERS, Pile, tube_of_piles

SECOND: Final = CLONE.with_(1200, CD3=2.4)
MYELOID: Final = Pile(900, {"CD45": 2.6, "CD7": 2.4, "CD34": 2.2, "FSC": 4.9, "SSC": 4.35})
SEARCH: Final = LeukaemiaSearch(
    grouped=ALL, within=ALL, maps=(("CD45", "SSC"), ("CD3", "cyCD3")), bounds=("TdT", "CD3", "CD7")
)


def strategy(search: LeukaemiaSearch | None = SEARCH) -> Strategy:
    return strategy_of().model_copy(update={"leukaemia": search})


def state_of(*piles: Pile, drawn: Mapping[str, Region | None] | None = None) -> GatingState:
    tube = tube_of_piles(*piles)
    inputs = GatingInput(
        tube.columns,
        tube.panel,
        tube.scales,
        seed=0,
        drawn=drawn or {},
        profiles=shipped_profiles(),
    )
    return GatingState(inputs, all_events(tube.columns))


def read(state: GatingState, search: LeukaemiaSearch | None = SEARCH) -> GroupReading:
    return read_groups(strategy(search), state)


def test_every_clone_is_gated_and_the_blasts_are_their_union() -> None:
    state = state_of(*NORMAL, CLONE, SECOND)
    reading = read(state)

    assert [one.name for one in reading.leukaemic] == ["blasts_1", "blasts_2"]
    union = state.gates[BLASTS].region
    assert union == Boolean("or", (Operand("blasts_1"), Operand("blasts_2")))
    members = state.members
    assert np.array_equal(members[BLASTS], members["blasts_1"] | members["blasts_2"])
    true = np.arange(len(members[ALL])) >= sum(pile.events for pile in NORMAL)
    both = np.count_nonzero(members[BLASTS] & true)
    assert 2 * both / (np.count_nonzero(members[BLASTS]) + np.count_nonzero(true)) > 0.97


def test_cells_that_no_profile_accepts_are_named_outside_and_are_no_blasts() -> None:
    state = state_of(*NORMAL, MYELOID)
    reading = read(state)

    assert reading.leukaemic == ()
    assert BLASTS not in state.gates
    assert [one.name for one in reading.outside] == ["outside_1"]
    assert state.members.count("outside_1")
    assert "OUTSIDE_PROFILES" in codes(one.reason for one in state.findings)


def test_a_few_cells_that_no_profile_accepts_are_passed_over() -> None:
    assert read(state_of(*NORMAL, MYELOID.with_(60))).outside == ()


def test_normal_cells_are_neither() -> None:
    state = state_of(*NORMAL)
    reading = read(state)

    assert (reading.leukaemic, reading.outside, reading.thymus) == ((), (), False)
    assert not state.gates


def test_where_a_smear_of_maturation_is_nothing_is_called_blasts() -> None:
    places = {"CD45": 2.5, "cyCD3": 2.4, "CD7": 2.2, "CD2": 2.2, "CD4": 2.5, "CD8": 2.5}
    thymus = Pile(
        2500,
        {**places, "CD3": 0.5, "TdT": 2.1, "CD99": 2.6},
        smeared={"CD45": 3.2, "CD3": 2.5, "TdT": 0.7, "CD99": 1.2},
    )
    state = state_of(*NORMAL, thymus)
    reading = read(state)

    assert reading.thymus
    assert reading.leukaemic == ()
    assert reading.outside
    assert "THYMUS_NOT_EXCLUDED" in codes(one.reason for one in state.findings)


def test_a_strategy_without_a_search_reads_no_groups() -> None:
    assert read(state_of(*NORMAL, CLONE), None) == GroupReading()


def test_where_a_person_draws_the_blasts_the_groups_say_nothing() -> None:
    drawn = {BLASTS: Boolean("and", (Operand("t_cells", complement=True),))}

    assert read(state_of(*NORMAL, CLONE, drawn=drawn)) == GroupReading()
    assert read(state_of(*NORMAL, CLONE, drawn={BLASTS: None})) == GroupReading()


def test_a_person_may_combine_what_the_groups_show() -> None:
    first_alone = Boolean("or", (Operand("blasts_1"),))
    state = state_of(*NORMAL, CLONE, SECOND, drawn={BLASTS: first_alone})
    read(state)

    assert state.gates[BLASTS].region == first_alone
    assert state.gates[BLASTS].evidence.method == "override"
    assert np.array_equal(state.members[BLASTS], state.members["blasts_1"])


@pytest.mark.parametrize(("undecided", "claimed"), [(1200, True), (1800, False)])
def test_blasts_beside_more_immature_cells_that_are_undecided_are_not_claimed(
    undecided: int, *, claimed: bool
) -> None:
    reading = read(state_of(*NORMAL, CLONE.with_(1500), MYELOID.with_(undecided)))

    assert bool(reading.leukaemic) is claimed
    assert reading.outside


# Blasts by the chain of gates, held against the groups


def called_blasts(state: GatingState, first: int, last: int) -> None:
    mask = np.zeros(len(state.members[ALL]), dtype=np.bool_)
    mask[first:last] = True
    state.members.add(BLASTS, Population(mask))


def test_blasts_among_normal_cells_contradict_the_groups() -> None:
    state = state_of(*NORMAL)
    reading = read(state)
    called_blasts(state, 0, T_HELPERS.events)

    said = reading.contradiction(strategy(), state)
    assert said is not None
    assert said.code == "GROUPS_CONTRADICT"


PRECURSORS = Pile(
    900, {"CD45": 2.6, "CD34": 2.4, "CD99": 1.2, "cyCD3": 0.6}, smeared={"cyCD3": 1.9}
)
"""Other leukaemic cells, some of which stain a little for cyCD3."""


def test_the_few_of_a_broad_population_that_stain_for_cycd3_contradict_the_groups() -> None:
    piles = (*NORMAL, PRECURSORS)
    state = state_of(*piles)
    reading = read(state)
    last = sum(pile.events for pile in piles)
    called_blasts(state, last - 60, last)

    said = reading.contradiction(strategy(), state)
    assert said is not None
    assert said.code in {"NOT_APART", "GROUPS_CONTRADICT"}


def test_a_small_clone_apart_on_cycd3_does_not() -> None:
    own = Pile(60, {"CD45": 2.6, "CD34": 2.4, "CD99": 1.2, "cyCD3": 2.4, "CD7": 2.4})
    piles = (*NORMAL, Pile(900, {"CD45": 2.6, "CD34": 2.4, "CD99": 1.2}), own)
    state = state_of(*piles)
    last = sum(pile.events for pile in piles)
    called_blasts(state, last - 60, last)

    assert read(state).contradiction(strategy(), state) is None


def test_blasts_where_the_groups_see_them_do_not() -> None:
    state = state_of(*NORMAL, CLONE)
    reading = read_groups(strategy(), state_of(*NORMAL, CLONE))
    normal = sum(pile.events for pile in NORMAL)
    called_blasts(state, normal, normal + CLONE.events)

    assert reading.contradiction(strategy(), state) is None


@pytest.mark.parametrize(("foreign", "claimed"), [(1000, True), (1001, False)])
def test_a_population_whose_gates_hold_other_cells_for_the_most_part_is_not_claimed(
    foreign: int, monkeypatch: pytest.MonkeyPatch, *, claimed: bool
) -> None:
    state = state_of(CLONE, *NORMAL)
    cells = state.cell_types()
    assert cells is not None
    (clone,) = sort_suspects(cells, SEARCH)[0]
    own = np.isin(cells.rows, clone.rows[:1000])
    others = np.flatnonzero(cells.has_place() & ~np.isin(cells.rows, clone.rows))
    held = own.copy()
    held[others[:foreign]] = True
    drawn = Outline((), f1=1.0, seen=1000, held=held)
    monkeypatch.setattr(leukaemia, "draw_outlines", lambda *_, **__: iter([drawn]))

    accepted, outlines, unparted = parted(state, cells, (clone,), SEARCH, parent=ALL)

    assert accepted == ((clone,) if claimed else ())
    assert outlines == ((drawn,) if claimed else ())
    assert unparted == (() if claimed else (clone,))
