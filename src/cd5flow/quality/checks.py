"""From observations to checks: the strategy's limits decide, nothing here does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cd5flow.model.quality_limits import CheckCode, CheckLimit, QualityLimits
from cd5flow.model.reasons import Reason, joined
from cd5flow.model.result import Check, QualitySection, QualityState


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
    states = {each.state for each in checks}
    if QualityState.FAIL in states:
        return QualitySection(state=QualityState.FAIL, checks=checks)
    if QualityState.WARN in states:
        return QualitySection(state=QualityState.WARN, checks=checks)
    return QualitySection(state=QualityState.PASS, checks=checks)


def _check(seen: Observation, limit: CheckLimit | None) -> Check:
    """Return one observation against its limit; one without a limit is for the record."""
    value = seen.value
    state = seen.unmeasured if value is None else _state(value, limit)
    if value is not None and seen.or_else is not None and _state(seen.or_else, limit) is not state:
        value, state = None, QualityState.NOT_DONE
    return Check(
        code=seen.code,
        state=state,
        value=value,
        unit=seen.unit,
        warn=None if limit is None else limit.warn,
        fail=None if limit is None else limit.fail,
        message=seen.message,
        message_data=seen.reasons,
    )


def _state(value: float, limit: CheckLimit | None) -> QualityState:
    if limit is None:
        return QualityState.PASS
    for bound, state in ((limit.fail, QualityState.FAIL), (limit.warn, QualityState.WARN)):
        if bound is not None and (value > bound if limit.worse == "above" else value < bound):
            return state
    return QualityState.PASS
