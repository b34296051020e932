"""Whether cells stand apart from others that look like them but for one marker."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from cd5flow.gating.profile_limits import Apart
from cd5flow.gating.separation import neighbours_but_for, stands_apart
from support.gating_factory import quantiles

RULE = Apart(axes={"CD45": 0.7, "CD7": 0.7, "cyCD3": 0.7}, events=20, part_percent=25, depth=0.3)


def pile(centre: float, spread: float, events: int) -> npt.NDArray[np.float32]:
    return quantiles(centre, spread, events).astype(np.float32)


def test_two_piles_with_a_valley_between_stand_apart() -> None:
    assert stands_apart(pile(2.2, 0.15, 400), pile(0.8, 0.15, 400), rule=RULE)


def test_two_halves_of_one_pile_do_not() -> None:
    one = pile(1.0, 0.25, 800)

    assert not stands_apart(one[one >= 1], one[one < 1], rule=RULE)


@pytest.mark.parametrize(("others", "apart"), [(99, True), (100, False)])
def test_few_others_beside_many_cells_are_not_asked(others: int, *, apart: bool) -> None:
    one = pile(1.0, 0.25, 800)

    assert stands_apart(one[one >= 1], one[one < 1][-others:], rule=RULE) is apart


@pytest.mark.parametrize(("others", "apart"), [(19, True), (20, False)])
def test_fewer_others_than_show_a_peak_are_not_asked(others: int, *, apart: bool) -> None:
    one = pile(1.0, 0.25, 60)

    assert stands_apart(one[one >= 1], one[one < 1][-others:], rule=RULE) is apart


def test_neighbours_may_differ_on_the_marker_alone() -> None:
    own = {"CD45": np.array([3.0]), "CD7": np.array([2.0]), "cyCD3": np.array([2.0])}
    others = {
        "CD45": np.array([3.1, 3.1, 2.2, 3.1]),
        "CD7": np.array([2.1, 2.1, 2.0, 0.5]),
        "cyCD3": np.array([0.5, 2.0, 2.0, 2.0]),
    }

    beside = neighbours_but_for("cyCD3", own, others, rule=RULE)

    assert beside.tolist() == [True, True, False, False]
    assert neighbours_but_for("CD7", own, others, rule=RULE).tolist() == [False, True, False, True]
