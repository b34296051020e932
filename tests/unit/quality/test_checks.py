"""Observations against limits: which side, which step, and what was not seen."""

from __future__ import annotations

import pytest

from cd5flow.model.quality_limits import CheckCode, CheckLimit, QualityLimits
from cd5flow.model.reasons import written
from cd5flow.model.result import QualitySection, QualityState
from cd5flow.quality.checks import Observation, judge
from support.quality_factory import rules

ABOVE = CheckLimit(worse="above", warn=5, fail=20)
BELOW = CheckLimit(worse="below", warn=80, fail=50)


def limits(**checks: CheckLimit) -> QualityLimits:
    named = {CheckCode(code): limit for code, limit in checks.items()}
    return rules().model_copy(update={"checks": named})


def seen(value: float | None, code: str = "DEBRIS") -> Observation:
    return Observation(code, value, "%", written("what was seen"))


def judged(value: float | None, limit: CheckLimit | None) -> QualitySection:
    return judge([seen(value)], limits() if limit is None else limits(DEBRIS=limit))


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (0, QualityState.PASS),
        (5, QualityState.PASS),
        (5.001, QualityState.WARN),
        (20, QualityState.WARN),
        (20.001, QualityState.FAIL),
    ],
)
def test_more_is_worse(value: float, state: QualityState) -> None:
    section = judged(value, ABOVE)

    assert section.checks[0].state is state
    assert section.state is state


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (100, QualityState.PASS),
        (80, QualityState.PASS),
        (79.999, QualityState.WARN),
        (50, QualityState.WARN),
        (49.999, QualityState.FAIL),
    ],
)
def test_less_is_worse(value: float, state: QualityState) -> None:
    assert judged(value, BELOW).checks[0].state is state


def test_a_step_without_a_limit_is_never_reached() -> None:
    warns = CheckLimit(worse="above", warn=5, fail=None)
    fails = CheckLimit(worse="above", warn=None, fail=20)

    assert judged(1e9, warns).state is QualityState.WARN
    assert judged(19, fails).state is QualityState.PASS
    assert judged(21, fails).state is QualityState.FAIL


def test_an_observation_without_limits_is_for_the_record() -> None:
    section = judged(1e9, None)

    assert section.checks[0].state is QualityState.PASS
    assert section.checks[0].value == 1e9
    assert (section.checks[0].warn, section.checks[0].fail) == (None, None)


@pytest.mark.parametrize("limit", [ABOVE, BELOW, None])
def test_what_could_not_be_seen_is_not_done_and_decides_nothing(limit: CheckLimit | None) -> None:
    section = judged(None, limit)

    assert section.checks[0].state is QualityState.NOT_DONE
    assert section.checks[0].value is None
    assert section.state is QualityState.PASS


def test_the_worst_check_decides() -> None:
    both = limits(DEBRIS=ABOVE, VIABILITY=BELOW)
    fine, warned, failed = seen(1), seen(70, "VIABILITY"), seen(30)
    unseen = seen(None)

    assert judge([fine, unseen], both).state is QualityState.PASS
    assert judge([fine, warned, unseen], both).state is QualityState.WARN
    assert judge([failed, warned, fine], both).state is QualityState.FAIL
    assert judge([], both).state is QualityState.PASS


def test_a_check_carries_its_limits_and_its_words_in_the_order_given() -> None:
    section = judge([seen(1, "TIME"), seen(2)], limits(DEBRIS=ABOVE))

    assert [check.code for check in section.checks] == ["TIME", "DEBRIS"]
    check = section.checks[1]
    assert (check.value, check.unit, check.warn, check.fail) == (2, "%", 5, 20)
    assert check.message == "what was seen"


@pytest.mark.parametrize("state", [QualityState.WARN, QualityState.FAIL])
def test_what_is_missing_can_matter(state: QualityState) -> None:
    missing = Observation("DENOMINATOR", None, "events", written("nothing to count"), state)
    quality = judge((missing,), limits())
    assert (quality.state, quality.checks[0].state) == (state, state)


@pytest.mark.parametrize(
    ("least", "most", "state", "value"),
    [
        (1, 4, QualityState.PASS, 4),
        (6, 19, QualityState.WARN, 19),
        (4, 6, QualityState.NOT_DONE, None),
        (1, 30, QualityState.NOT_DONE, None),
    ],
)
def test_a_value_known_between_bounds_decides_only_where_both_agree(
    least: float, most: float, state: QualityState, value: float | None
) -> None:
    between = Observation("DEBRIS", most, "%", written("between two bounds"), or_else=least)
    (check,) = judge([between], limits(DEBRIS=ABOVE)).checks

    assert (check.state, check.value) == (state, value)


def test_a_check_that_nobody_knows_is_a_bug_and_no_pass() -> None:
    with pytest.raises(ValueError, match="NO_SUCH_CHECK"):
        judge([seen(1, "NO_SUCH_CHECK")], limits())
