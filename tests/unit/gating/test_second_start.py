"""Whether blasts hang on the start from which their groups were made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cd5flow.gating import second_start
from cd5flow.gating.cell_sample import CellSample
from cd5flow.gating.cell_types import CellTypes, tell_kinds
from cd5flow.gating.leukaemia import read_groups
from cd5flow.gating.leukaemia_search import LeukaemiaSearch
from cd5flow.gating.profiles import Profiles
from cd5flow.gating.second_start import start_again
from cd5flow.gating.state import GatingInput, GatingState, all_events
from cd5flow.gating.strategy import Strategy
from cd5flow.model.geometry import Boolean, Operand
from cd5flow.model.names import ALL, BLASTS
from cd5flow.model.populations import SecondStart
from support.gating_factory import shipped_profiles, strategy_of
from support.kinds_of_cells import BLASTS as CLONE
from support.kinds_of_cells import NORMAL, Pile, tube_of_piles


def strategy() -> Strategy:
    search = LeukaemiaSearch(
        grouped=ALL, within=ALL, maps=(("CD45", "SSC"), ("CD3", "cyCD3")), bounds=("TdT",)
    )
    return strategy_of().model_copy(update={"leukaemia": search})


def state_of(*piles: Pile, **settings: Any) -> GatingState:
    tube = tube_of_piles(*piles)
    inputs = GatingInput(
        tube.columns, tube.panel, tube.scales, seed=0, profiles=shipped_profiles(), **settings
    )
    return GatingState(inputs, all_events(tube.columns))


def again(state: GatingState) -> SecondStart | None:
    return start_again(strategy(), state, read_groups(strategy(), state))


def test_a_clone_that_lies_apart_is_the_same_from_any_start() -> None:
    found = again(state_of(*NORMAL, CLONE))

    assert found is not None
    assert found.events == pytest.approx(CLONE.events, rel=0.02)
    assert not found.moves_by(2)


def test_the_other_start_is_the_same_each_time() -> None:
    assert again(state_of(*NORMAL, CLONE)) == again(state_of(*NORMAL, CLONE))


def test_without_blasts_by_groups_there_is_no_second_start() -> None:
    assert again(state_of(*NORMAL)) is None


def test_what_a_person_draws_hangs_on_no_start() -> None:
    drawn = {BLASTS: Boolean("or", (Operand("blasts_1"),))}

    assert again(state_of(*NORMAL, CLONE, drawn=drawn)) is None


def test_a_start_that_tells_half_of_them_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def half(sample: CellSample, profiles: Profiles, *, rng: np.random.Generator) -> CellTypes:
        told = tell_kinds(sample, profiles, rng=rng)
        (one,) = (s for s in told.suspects if s.accepted)
        low = np.median(sample.values[np.isin(sample.rows, one.rows)][:, 3])
        kept = one.rows[sample.values[np.isin(sample.rows, one.rows)][:, 3] < low]
        return replace(told, suspects=(replace(one, rows=kept),))

    monkeypatch.setattr(second_start, "tell_kinds", half)
    found = again(state_of(*NORMAL, CLONE))

    assert found is not None
    assert found.again < 0.95 * found.events
    assert found.moves_by(2)


@pytest.mark.parametrize(
    ("start", "moves"),
    [
        (SecondStart(1000, 980, 20), False),  # 2 % is not more than 2 %
        (SecondStart(1000, 979, 21), True),
        (SecondStart(1000, 1021, 21), True),
        (SecondStart(1000, 979, 441), False),  # as many came as went, but for noise
        (SecondStart(40, 38, 2), False),  # of so few cells 5 % says nothing
        (SecondStart(40, 35, 5), True),
        (SecondStart(40, 0, 40), True),
    ],
)
def test_a_move_is_more_than_the_share_and_more_than_noise(
    start: SecondStart, *, moves: bool
) -> None:
    assert start.moves_by(2) is moves
