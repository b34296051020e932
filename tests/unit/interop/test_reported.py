"""Which number may be shown as the result, by state."""

from __future__ import annotations

import pytest
from hypothesis import given

from cd5flow.interop.reported import Amount, Withheld, reported_burden, reported_cd5
from cd5flow.model.reasons import Reason
from cd5flow.model.result import BurdenState, Cd5State, Result
from support.report_factory import make_burden, make_cd5, unknown_cd5
from support.result_strategies import results


def burden(state: BurdenState, percent: float | None = 0.003, **changes: object) -> object:
    limits = {"lod_percent": 0.004, "lloq_percent": 0.01, "level": None}
    return reported_burden(make_burden(state=state, percent=percent, **limits, **changes))


@pytest.mark.parametrize("state", [Cd5State.MEETS, Cd5State.DOES_NOT_MEET, Cd5State.BORDERLINE])
def test_a_share_with_a_state_is_shown(state: Cd5State) -> None:
    assert reported_cd5(make_cd5(state=state)) == Amount(69.3)


def test_a_share_without_a_state_is_withheld_though_it_was_computed() -> None:
    reasons = (Reason("QUALITY_FAIL", case="no_state"),)
    withheld = reported_cd5(make_cd5(state=Cd5State.NOT_EVALUABLE, reasons=reasons))
    assert withheld == Withheld(reasons)


def test_cd5_that_was_not_in_the_tube_was_not_measured() -> None:
    withheld = reported_cd5(unknown_cd5())
    assert isinstance(withheld, Withheld)
    assert not withheld.measured


@pytest.mark.parametrize("state", [BurdenState.OVERT, BurdenState.MRD_POSITIVE])
def test_quantified_disease_is_shown(state: BurdenState) -> None:
    assert burden(state, 0.05) == Amount(0.05)


def test_disease_below_the_lloq_is_below_the_lloq() -> None:
    assert burden(BurdenState.MRD_BELOW_LLOQ, 0.006) == Amount(0.01, "<")


@pytest.mark.parametrize("state", [BurdenState.INDETERMINATE, BurdenState.NOT_DETECTED])
def test_what_is_not_detected_is_below_the_lod(state: BurdenState) -> None:
    assert burden(state) == Amount(0.004, "<")


def test_a_share_above_the_lod_is_never_told_as_not_detected() -> None:
    reasons = (Reason("LOOK_ALIKES", events=300, percent=0.02),)
    assert burden(BurdenState.NOT_DETECTED, 0.02, reasons=reasons) == Withheld(reasons)


def test_too_low_a_sensitivity_is_below_the_lod_and_other_doubt_is_no_number() -> None:
    few = (Reason("SENSITIVITY_TOO_LOW", text="no cluster of 10 blasts"),)
    other = (Reason("LINEAGE_UNPROVEN", case="cluster"),)
    assert burden(BurdenState.INCONCLUSIVE, reasons=few) == Amount(0.004, "<")
    assert burden(BurdenState.INCONCLUSIVE, reasons=other) == Withheld(other)


def test_no_state_is_no_number() -> None:
    assert isinstance(burden(BurdenState.NOT_EVALUABLE, 12.0), Withheld)
    assert isinstance(burden(BurdenState.OVERT, None), Withheld)


@given(results())
def test_a_limit_is_never_claimed_below_what_was_counted(result: Result) -> None:
    shown = reported_burden(result.burden)
    if isinstance(shown, Amount) and shown.comparator == "<":
        assert result.burden.percent is not None
        assert result.burden.percent < shown.percent
