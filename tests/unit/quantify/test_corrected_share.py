"""What else bears on a CD5 state: lineage by CD7 alone, known other cells in the gate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.model.result import Cd5State
from cd5flow.quantify.contamination import Neighbour
from cd5flow.quantify.cuts import EMPTY
from support.cd5_judging import codes, judge_share
from support.readout_factory import (
    share_of,
)

# Lineage by CD7 alone


def test_lineage_by_cd7_alone_is_borderline() -> None:
    cd5 = judge_share(900, 1000, cd7_alone=True)

    assert cd5.state is Cd5State.BORDERLINE
    assert codes(cd5) == ["LINEAGE_BY_CD7_ALONE"]
    assert cd5.percent == 90


@pytest.mark.parametrize(
    ("positive", "state"), [(900, Cd5State.MEETS), (300, Cd5State.DOES_NOT_MEET)]
)
def test_a_known_t_all_needs_no_other_proof(positive: int, state: Cd5State) -> None:
    assert judge_share(positive, 1000, cd7_alone=True, known_t_all=True).state is state


# Known contamination taken out


def others_in_gate(expected: float | None, *, carrying: int, of: int = 100) -> Neighbour:
    return Neighbour("CD45", 0.0, share_of(carrying, of), expected)


def test_known_other_cells_are_taken_out_beside_the_share() -> None:
    cd5 = judge_share(8000, 10_000, neighbours=(others_in_gate(1000, carrying=100),))

    assert cd5.percent == 80
    assert cd5.percent_corrected == pytest.approx(100 * 7000 / 9000)


def test_other_cells_without_cd5_raise_the_corrected_share() -> None:
    cd5 = judge_share(8000, 10_000, neighbours=(others_in_gate(1000, carrying=0),))

    assert cd5.percent_corrected == pytest.approx(100 * 8000 / 9000)


def test_without_known_other_cells_nothing_is_corrected() -> None:
    unknown = Neighbour("CD45", 50, EMPTY, 50)
    for neighbours in ((), (others_in_gate(None, carrying=50),), (unknown,)):
        assert judge_share(8000, 10_000, neighbours=neighbours).percent_corrected is None


def test_a_corrected_share_on_the_other_side_is_not_definite() -> None:
    cd5 = judge_share(7_500, 10_000, neighbours=(others_in_gate(2_500, carrying=100),))

    assert cd5.percent_corrected == pytest.approx(100 * 5000 / 7500)
    assert cd5.state is Cd5State.BORDERLINE
    assert codes(cd5) == ["CORRECTED_SPANS"]


def test_a_corrected_share_on_the_same_side_leaves_the_state() -> None:
    cd5 = judge_share(8_000, 10_000, neighbours=(others_in_gate(1_000, carrying=100),))

    assert cd5.state is Cd5State.MEETS
    assert cd5.reasons == ()


@given(
    positive=st.integers(0, 1000),
    expected=st.floats(0, 2000),
    carrying=st.integers(0, 100),
)
def test_a_corrected_share_is_a_share(positive: int, expected: float, carrying: int) -> None:
    neighbour = others_in_gate(expected, carrying=carrying)
    corrected = judge_share(positive, 1000, neighbours=(neighbour,)).percent_corrected

    assert (corrected is None) == (expected > 950)
    assert corrected is None or 0 <= corrected <= 100
