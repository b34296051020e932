"""From observations to checks: the strategy's limits decide, nothing here does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cd5flow.model.limits import CheckLimit, QualityLimits
from cd5flow.model.result import Check, QualitySection, QualityState


@dataclass(frozen=True, slots=True)
class Observation:
    """Something measured about a tube.

    Attributes:
        code: the check's name, under which the strategy states its limits.
        value: the measure; None where it could not be taken.
        unit: its unit.
        message: one sentence with what was seen, or why it was not.
        unmeasured: the state where there is no value; NOT_DONE decides nothing, WARN and FAIL say that
            what is missing matters.
    """

    code: str
    value: float | None
    unit: str | None
    message: str
    unmeasured: QualityState = QualityState.NOT_DONE


def judge(observations: Iterable[Observation], limits: QualityLimits) -> QualitySection:
    """Return each observation against its limits, and the worst state.

    A check without a value is NOT_DONE and decides nothing; one without limits is for the record.
    """
    checks = tuple(_check(o, limits.checks.get(o.code)) for o in observations)
    states = {check.state for check in checks}
    if QualityState.FAIL in states:
        return QualitySection(state=QualityState.FAIL, checks=checks)
    if QualityState.WARN in states:
        return QualitySection(state=QualityState.WARN, checks=checks)
    return QualitySection(state=QualityState.PASS, checks=checks)


def _check(seen: Observation, limit: CheckLimit | None) -> Check:
    warn = None if limit is None else limit.warn
    fail = None if limit is None else limit.fail
    state = QualityState.PASS
    if seen.value is None:
        state = seen.unmeasured
    elif limit is not None:
        for bound, worse in ((warn, QualityState.WARN), (fail, QualityState.FAIL)):
            if bound is not None and _beyond(seen.value, bound, limit):
                state = worse
    return Check(
        code=seen.code,
        state=state,
        value=seen.value,
        unit=seen.unit,
        warn=warn,
        fail=fail,
        message=seen.message,
    )


def _beyond(value: float, bound: float, limit: CheckLimit) -> bool:
    return value > bound if limit.worse == "above" else value < bound
