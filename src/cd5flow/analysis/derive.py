"""States of a stored result derived anew, by the very rules that an analysis follows.

Nothing is measured: all that states follow from stands in the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from cd5flow.analysis.provenance import RULES
from cd5flow.criteria.bounds import context_of
from cd5flow.criteria.cd5_state import derived_cd5_state
from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.protocol import Protocol, read_rules
from cd5flow.criteria.verdict import by_hand_reason, judge_criterion
from cd5flow.model.reasons import Reason
from cd5flow.model.result import BurdenSection, Result
from cd5flow.quality.checks import state_of_check, worst
from cd5flow.quantify.burden import counts_of, judge_burden
from cd5flow.quantify.statistics import interval, share_percent

NOT_OF_COUNTS = frozenset(
    {"notes", "note_data", "second_start_percent", "denominator_data", "basis"}
)
"""Fields of a burden that no state follows from, or that stand beside what it follows from."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of a stored result that does not follow from the rest of it.

    Attributes:
        path: the field, as ``cd5.state``.
        found: what stands there.
        derived: what follows.
    """

    path: str
    found: str
    derived: str

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.path}: found {self.found}, derived {self.derived}"


def derives_by_our_rules(result: Result) -> bool:
    """Whether this version's rules are those by which a result's states were derived."""
    return result.provenance.rules == RULES


def differences(result: Result) -> tuple[Difference, ...]:
    """Return every state, and every number that follows from counts, that is not what follows.

    Of a result by other rules nothing can be said, and nothing is returned.
    """
    if not derives_by_our_rules(result):
        return ()
    if missing := tuple(_missing(result)):
        return missing
    try:
        rules = read_rules(result.protocol.rules or {})
        clinical = _clinical(result)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        return (Difference("protocol.rules or provenance.settings.clinical", where, first["msg"]),)
    return (
        *_of_quality(result),
        *_of_cd5(result, rules, clinical),
        *_of_burden(result, rules),
        *_of_criterion(result, rules, clinical),
    )


def _missing(result: Result) -> Iterator[Difference]:
    for path, part in (
        ("cd5.basis", result.cd5.basis),
        ("burden.basis", result.burden.basis),
        ("protocol.rules", result.protocol.rules),
    ):
        if part is None:
            yield Difference(path, "none", "what the states follow from")


def _clinical(result: Result) -> Clinical | None:
    known = result.provenance.settings.get("clinical")
    return None if known is None else Clinical.model_validate(known)


def _of_quality(result: Result) -> Iterator[Difference]:
    for i, check in enumerate(result.quality.checks):
        yield from _differ(f"quality.checks.{i}.state", check.state, state_of_check(check))
    yield from _differ("quality.state", result.quality.state, worst(result.quality.checks))


def _of_cd5(result: Result, rules: Protocol, clinical: Clinical | None) -> Iterator[Difference]:
    cd5, basis = result.cd5, result.cd5.basis
    assert basis is not None  # noqa: S101 - `_missing` told
    asked = rules.cd5
    yield from _differ("cd5.threshold_percent", cd5.threshold_percent, asked.threshold_percent)
    yield from _differ("cd5.operator", cd5.operator, asked.operator)
    if cd5.percent is not None:
        percent = share_percent(cd5.positive_events, cd5.blast_events)
        yield from _differ("cd5.percent", cd5.percent, percent)
        ends = interval(cd5.positive_events, cd5.blast_events, method=basis.limits.interval)
        yield from _differ("cd5.ci95_percent", cd5.ci95_percent, ends)
    known_t_all = result.strategy.laip is not None or bool(clinical and clinical.is_t_all)
    state, reasons = derived_cd5_state(result, asked, known_t_all=known_t_all)
    yield from _differ("cd5.state", cd5.state, state)
    yield from _reasons("cd5.reasons", cd5.reasons, reasons)


def _of_burden(result: Result, rules: Protocol) -> Iterator[Difference]:
    burden, basis = result.burden, result.burden.basis
    assert basis is not None  # noqa: S101 - `_missing` told
    failed = worst(result.quality.checks) == "FAIL"
    try:
        counts = counts_of(burden, basis, quality_fail=failed)
    except ValueError as fault:
        yield Difference("burden.basis", "counts", str(fault))
        return
    derived = judge_burden(
        counts, limits=basis.limits, burden_limit_percent=rules.burden.overt_percent
    )
    for name in BurdenSection.model_fields:
        if name in NOT_OF_COUNTS or name.startswith("reason"):
            continue
        yield from _differ(f"burden.{name}", getattr(burden, name), getattr(derived, name))
    yield from _reasons("burden.reasons", burden.reasons, derived.reasons)


def _of_criterion(
    result: Result, rules: Protocol, clinical: Clinical | None
) -> Iterator[Difference]:
    criterion, basis = result.criterion, result.burden.basis
    assert basis is not None  # noqa: S101 - `_missing` told
    context = context_of(result, clinical=clinical, lineage=basis.lineage.lineage)
    context = replace(context, reviewed=False)  # a signature changes nothing of the software's own
    derived = judge_criterion(result.cd5, burden=result.burden, protocol=rules, context=context)
    reasons = (*derived.reasons, *by_hand_reason(result.overrides))
    yield from _differ("criterion.state", criterion.state, derived.state)
    yield from _differ("criterion.flow_state", criterion.flow_state, derived.flow_state)
    yield from _differ("criterion.bounds", criterion.bounds, derived.bounds)
    yield from _reasons("criterion.reasons", criterion.reasons, reasons)


def _differ(path: str, found: Any, derived: Any) -> Iterator[Difference]:
    if found != derived:
        yield Difference(path, _said(found), _said(derived))


def _reasons(
    path: str, found: tuple[Reason, ...], derived: tuple[Reason, ...]
) -> Iterator[Difference]:
    if [_same(one) for one in found] != [_same(one) for one in derived]:
        yield Difference(path, _said(found), _said(derived))


def _same(reason: Reason) -> Any:
    return reason.code, {name: _rounded(value) for name, value in reason.items}


def _rounded(value: Any) -> Any:
    """Return a number without its last digits, which logarithms of two libraries may differ in."""
    return float(f"{value:.12g}") if isinstance(value, float) else value


def _said(value: Any) -> str:
    match value:
        case None:
            return "none"
        case tuple() if value and all(isinstance(one, Reason) for one in value):
            return ", ".join(one.code for one in value)
        case tuple():
            return " to ".join(map(str, value)) or "none"
        case _:
            return str(value)
