"""A CD5 cut that a person placed: it is used, it is told, and it proves nothing by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cd5flow.model.reasons import Reason
from cd5flow.model.result import Cd5Section, Cd5State, CutMethod, Pattern
from cd5flow.quantify.cd5 import Circumstances, judge_cd5, measure
from cd5flow.quantify.cuts import Cut, Readout, find_cuts
from support.lineage_factory import PROVEN
from support.readout_factory import AXIS, CUT, at, cd5_limits, fmo_signal, readout, share_of, spread
from support.share_rules import at_least

LIMITS = cd5_limits()
FINE = Circumstances(
    has_cd5=True,
    panel_gap=(),
    compensated=True,
    lineage=PROVEN,
    blast_events=1000,
    quality_fail=False,
)


def by_hand(linear: float) -> Cut:
    return Cut(
        CutMethod.FIXED,
        linear,
        Reason("CUT_REFERENCE", case="by_hand", by="A. B."),
        0,
        by_hand=True,
    )


def judge(tube: Readout, linear: float, **limits: Any) -> Cd5Section:
    stated = cd5_limits(**limits)
    measured = measure(tube, axis=AXIS, limits=stated, by_hand=by_hand(linear))
    return judge_cd5(measured, threshold=at_least(70), limits=stated, circumstances=FINE)


def fmo_cut(tube: Readout) -> float:
    return find_cuts(tube, LIMITS, valley_linear=None)[0].linear


def codes(cd5: Cd5Section) -> list[str]:
    return [reason.code for reason in cd5.reasons]


def test_it_goes_before_every_other_cut() -> None:
    tube = readout(share_of(900, 1000), controls=[fmo_signal()])
    cuts = find_cuts(tube, LIMITS, valley_linear=900.0, by_hand=by_hand(300))
    assert [cut.name for cut in cuts] == ["by_hand", "fmo", "internal_negative", "valley"]


def test_it_decides_on_the_number() -> None:
    tube = readout(at((300, -100.0), (300, 500.0), (400, 1e4)), controls=[fmo_signal()])
    low, high = judge(tube, 400), judge(tube, 600)
    assert (low.percent, high.percent) == (70, 40)
    assert low.cut is not None
    assert (low.cut.method, low.cut.by_hand, low.cut.linear) == (CutMethod.FIXED, True, 400)


def test_without_an_fmo_it_carries_no_definite_state() -> None:
    cd5 = judge(readout(share_of(900, 1000)), CUT)
    assert cd5.state is Cd5State.BORDERLINE
    assert codes(cd5) == ["CUT_BY_HAND"]
    assert cd5.percent == 90


@pytest.mark.parametrize(
    ("decades", "state"),
    [
        (0.0, Cd5State.MEETS),
        (0.199, Cd5State.MEETS),
        (-0.199, Cd5State.MEETS),
        (0.201, Cd5State.BORDERLINE),
        (-0.201, Cd5State.BORDERLINE),
    ],
)
def test_near_the_fmo_it_may(decades: float, state: Cd5State) -> None:
    tube = readout(share_of(900, 1000), controls=[fmo_signal()])
    cd5 = judge(tube, fmo_cut(tube) * 10**decades)
    assert cd5.state is state
    assert ("CUT_BY_HAND" in codes(cd5)) is (state is Cd5State.BORDERLINE)


def test_the_strategy_says_how_near() -> None:
    tube = readout(share_of(900, 1000), controls=[fmo_signal()])
    cut = fmo_cut(tube) * 10**0.3
    assert judge(tube, cut).state is Cd5State.BORDERLINE
    assert judge(tube, cut, disagreement_decades=0.4).state is Cd5State.MEETS


def test_where_it_and_the_fmo_answer_differently_neither_is_definite() -> None:
    fmo = fmo_cut(readout(share_of(1, 2), controls=[fmo_signal()]))
    blasts = at((250, -100.0), (100, fmo * 10**0.05), (650, 1e4))
    tube = readout(blasts, controls=[fmo_signal()])
    cd5 = judge(tube, fmo * 10**0.1)
    assert cd5.percent == 65
    assert cd5.state is Cd5State.BORDERLINE
    assert "BAND_SPANS" in codes(cd5)


def test_a_cut_by_hand_is_backed_by_the_fmo_of_a_dim_pattern() -> None:
    dim = spread(2000, 1500, 0.1, decades=True)
    tube = readout(dim, controls=[fmo_signal()])
    assert judge(tube, fmo_cut(tube)).state is Cd5State.MEETS
    alone = judge(readout(dim), CUT)
    assert alone.pattern is Pattern.DIM
    assert codes(alone) == ["CUT_BY_HAND"]


def test_at_or_below_zero_it_agrees_with_no_fmo() -> None:
    tube = readout(share_of(900, 1000), controls=[fmo_signal()])
    assert codes(judge(tube, -5.0))[0] == "CUT_BY_HAND"


def test_far_from_a_strong_cut_it_is_called_by_its_name() -> None:
    cd5 = judge(readout(share_of(900, 1000)), CUT * 10)
    assert str(cd5.reasons[-1]) == "CUTS_DISAGREE: internal_negative lies 1.00 decades from by_hand"


def test_it_does_not_prove_the_reagent() -> None:
    cd5 = judge(readout(share_of(0, 1000), t_cells=at()), CUT)
    assert cd5.state is Cd5State.NOT_EVALUABLE
    assert codes(cd5) == ["CD5_REAGENT_UNPROVEN"]


def test_where_nothing_else_places_a_cut_it_still_proves_nothing() -> None:
    cd5 = judge(readout(share_of(900, 1000), references=()), CUT)
    assert cd5.state is Cd5State.NOT_EVALUABLE
    assert codes(cd5) == ["CD5_REAGENT_UNPROVEN"]


def test_the_events_above_it_are_those_counted() -> None:
    blasts = np.linspace(0, 1000, 1001, dtype=np.float32)
    cd5 = judge(readout(blasts), 250)
    assert cd5.positive_events == 751
