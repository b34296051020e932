"""From observations to checks: the strategy's limits decide, nothing here does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cd5flow.model.quality_limits import CheckCode, CheckLimit, QualityLimits
from cd5flow.model.reasons import Reason, joined
from cd5flow.model.result import Check, QualitySection, QualityState

Side = Literal["above", "below"]
Verdict = Literal[QualityState.PASS, QualityState.WARN, QualityState.FAIL]


@dataclass(frozen=True, slots=True)
class Observation:
    """Something measured about a tube.

    Attributes:
        code: the check's name, under which the strategy states its limits.
        value: the measure; None where it could not be taken.
        unit: its unit.
        seen: what was seen, or why it was not; several where several things were.
        unmeasured: the state where there is no value; NOT_DONE decides nothing, WARN and FAIL say that
            what is missing matters.
        or_else: the other end of what the value may be, where it is known between bounds only. Where
            the two ends would be judged differently, the check is NOT_DONE.
    """

    code: str
    value: float | None
    unit: str | None
    seen: Reason | tuple[Reason, ...]
    unmeasured: QualityState = QualityState.NOT_DONE
    or_else: float | None = None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What was seen, each thing by itself."""
        return self.seen if isinstance(self.seen, tuple) else (self.seen,)

    @property
    def message(self) -> str:
        """What was seen, in English."""
        return joined(self.reasons)


def judge(observations: Iterable[Observation], limits: QualityLimits) -> QualitySection:
    """Return each observation against its limits, and the worst state.

    A check without a value is NOT_DONE and decides nothing; one without limits is for the record.
    """
    checks = tuple(_check(seen, limits.checks.get(CheckCode(seen.code))) for seen in observations)
    return QualitySection(
        state=worst(checks), checks=checks, not_definite=tuple(map(str, limits.not_definite))
    )


def worst(checks: Iterable[Check]) -> Verdict:
    """Return what the checks say together."""
    states = {each.state for each in checks}
    if QualityState.FAIL in states:
        return QualityState.FAIL
    return QualityState.WARN if QualityState.WARN in states else QualityState.PASS


def state_of_check(check: Check) -> QualityState:
    """Return the state that follows from a check's value; of one without a value, its own."""
    if check.value is None:
        return check.state
    return _state(check.value, check.warn, check.fail, check.worse)


def _check(seen: Observation, limit: CheckLimit | None) -> Check:
    """Return one observation against its limit; one without a limit is for the record."""
    value = seen.value
    warn, fail, worse = (
        (None, None, None) if limit is None else (limit.warn, limit.fail, limit.worse)
    )
    state = seen.unmeasured if value is None else _state(value, warn, fail, worse)
    other = seen.or_else
    if value is not None and other is not None and _state(other, warn, fail, worse) is not state:
        value, state = None, QualityState.NOT_DONE
    return Check(
        code=seen.code,
        state=state,
        value=value,
        unit=seen.unit,
        warn=warn,
        fail=fail,
        worse=worse,
        message=seen.message,
        message_data=seen.reasons,
    )


def _state(
    value: float, warn: float | None, fail: float | None, worse: Side | None
) -> QualityState:
    for bound, state in ((fail, QualityState.FAIL), (warn, QualityState.WARN)):
        if bound is not None and (value > bound if worse == "above" else value < bound):
            return state
    return QualityState.PASS
