"""Matrices as they stand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from cd5flow.model.events import Spillover
from cd5flow.model.result import QualityState
from cd5flow.preprocess.compensation import CompensationState, SpilloverChoice
from cd5flow.quality.checks import Observation
from cd5flow.quality.spillover import Compensation, observe_spillover
from support.quality_factory import FAIL, NOT_DONE, PASS, WARN, pick, state_of


def matrix(*rows: Sequence[float]) -> Spillover:
    names = ("FL1-A", "FL2-A", "FL3-A")[: len(rows)]
    return Spillover(names, np.array(rows, dtype=np.float64), "$SPILLOVER")


def tube(
    applied: Spillover | None,
    *,
    state: CompensationState | None = None,
    before: tuple[str, ...] = (),
) -> Compensation:
    usual = CompensationState.HARDWARE if applied is None else CompensationState.KNOWN
    return Compensation(SpilloverChoice(applied, state or usual, ()), before)


def observe(code: str, compensation: Compensation) -> Observation:
    return pick(code, observe_spillover(compensation))


def pair(into_second: float, into_first: float = 0.0) -> Spillover:
    return matrix((1, into_second), (into_first, 1))


def test_the_battery_comes_in_a_fixed_order() -> None:
    assert [o.code for o in observe_spillover(tube(None))] == [
        "COMPENSATION",
        "SPILLOVER_DIAGONAL",
        "SPILLOVER_COEFFICIENT",
        "SPILLOVER_NEGATIVE",
        "DOUBLE_COMPENSATION",
    ]


@pytest.mark.parametrize(
    ("share", "state"), [(0.0, PASS), (0.9, PASS), (0.95, WARN), (0.98, WARN), (0.999, FAIL)]
)
def test_the_condition_number_of_the_matrix_used(share: float, state: QualityState) -> None:
    found = observe("COMPENSATION", tube(pair(share, share)))

    assert found.value == pytest.approx((1 + share) / (1 - share))  # of a symmetric 2 x 2
    assert state_of(found) is state


@pytest.mark.parametrize(
    ("compensation", "state"),
    [
        (tube(None, state=CompensationState.HARDWARE), NOT_DONE),
        (tube(None, state=CompensationState.NOT_NEEDED), NOT_DONE),
        (tube(None, state=CompensationState.MISSING), WARN),
        (tube(None, state=CompensationState.SINGULAR), FAIL),
    ],
)
def test_what_a_verdict_rests_on_matters_where_it_is_missing(
    compensation: Compensation, state: QualityState
) -> None:
    found = observe("COMPENSATION", compensation)

    assert found.value is None
    assert state_of(found) is state


@pytest.mark.parametrize(("first", "state"), [(1.0, PASS), (1.0005, PASS), (0.99, WARN)])
def test_every_dye_counts_once_in_its_own_detector(first: float, state: QualityState) -> None:
    found = observe("SPILLOVER_DIAGONAL", tube(matrix((1, 0.1), (0, first))))

    assert found.value == pytest.approx(abs(first - 1))
    assert state_of(found) is state
    if state is WARN:
        assert found.message == "FL2-A counts 0.99 times in its own detector"


@pytest.mark.parametrize(("share", "state"), [(0.0, PASS), (0.6, PASS), (0.61, WARN), (1.4, WARN)])
def test_the_largest_coefficient(share: float, state: QualityState) -> None:
    found = observe("SPILLOVER_COEFFICIENT", tube(pair(0.0, share)))

    assert found.value == share
    assert state_of(found) is state
    if share:
        assert found.message == "FL2-A into FL1-A"


@pytest.mark.parametrize(("share", "state"), [(0.2, PASS), (-0.05, PASS), (-0.06, WARN)])
def test_the_lowest_coefficient(share: float, state: QualityState) -> None:
    found = observe("SPILLOVER_NEGATIVE", tube(pair(share, 0.3)))

    assert found.value == min(share, 0.3)
    assert state_of(found) is state


@pytest.mark.parametrize(
    "code", ["SPILLOVER_DIAGONAL", "SPILLOVER_COEFFICIENT", "SPILLOVER_NEGATIVE"]
)
def test_without_a_matrix_there_is_nothing_to_look_at(code: str) -> None:
    found = observe(code, tube(None))

    assert found.message == "no matrix was applied"
    assert state_of(found) is NOT_DONE


@pytest.mark.parametrize("code", ["SPILLOVER_COEFFICIENT", "SPILLOVER_NEGATIVE"])
def test_a_single_dye_has_no_neighbour(code: str) -> None:
    assert state_of(observe(code, tube(matrix((1,))))) is NOT_DONE


@pytest.mark.parametrize(
    ("applied", "before", "value", "state"),
    [
        (pair(0.1), (), 0, PASS),
        (None, ("Comp-FL1-A",), 0, PASS),
        (pair(0.1), ("Comp-FL1-A",), 0, PASS),  # both are in the file, the raw one is used
        (pair(0.1), ("FL1-A", "FL3-A"), 1, FAIL),
        (pair(0.1), ("FL1-A", "FL2-A"), 2, FAIL),
    ],
)
def test_channels_compensated_twice(
    applied: Spillover | None, before: tuple[str, ...], value: int, state: QualityState
) -> None:
    found = observe("DOUBLE_COMPENSATION", tube(applied, before=before))

    assert found.value == value
    assert state_of(found) is state
