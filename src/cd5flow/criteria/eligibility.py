"""A protocol's criteria for one patient, each satisfied, not satisfied or unknown.

The criteria are written in the protocol file, what flow answers comes from results, the rest from
the clinical file. Nothing here says who may enter a trial: that is the site's decision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import partial
from importlib import metadata
from typing import ClassVar, Final, Literal

from pydantic import Field

from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.elapsed import within
from cd5flow.criteria.flowfacts import FlowAnswers, flow_facts
from cd5flow.criteria.logic import Judgement, every, negated, some
from cd5flow.criteria.protocol import Criterion, Protocol
from cd5flow.criteria.rules import Comparison, Every, FlowFact, Not, Rule, Some, Within
from cd5flow.errors import OptionError, ProtocolError
from cd5flow.model.reasons import Reason, ReasonData
from cd5flow.model.result import ProtocolReference, Result
from cd5flow.model.section import Document, Section

UNVERIFIED = "identity not verified"
MISSING: Final = "MISSING"
"""The code of evidence that names a clinical field that is not given."""

_SIGNS = {"at_least": ">=", "over": ">", "at_most": "<=", "below": "<"}


class Overall(StrEnum):
    """All criteria together: any not satisfied decides, else any unknown leaves it open."""

    ALL_SATISFIED = "ALL_SATISFIED"
    NOT_SATISFIED = "NOT_SATISFIED"
    INCOMPLETE = "INCOMPLETE"


class CriterionAnswer(Section):
    """One criterion. An exclusion is satisfied where it does not apply."""

    reason_fields: ClassVar[Mapping[str, str]] = {
        "evidence": "evidence_data",
        "undecided": "undecided_data",
    }

    id: str
    text: str
    source_text: str
    satisfied: bool | None = Field(description="null is unknown")
    source: Literal["flow", "clinical", "missing"] = Field(
        description="what decided it; missing where nothing did"
    )
    evidence: tuple[Reason, ...] = Field(description="each as CODE: sentence")
    evidence_data: tuple[ReasonData, ...] = ()
    missing: tuple[str, ...] = Field(
        description="clinical fields that bear on it and are not given"
    )
    undecided: tuple[Reason, ...] = Field(
        description="evidence that is there and leaves it unknown"
    )
    undecided_data: tuple[ReasonData, ...] = ()


class SampleSeen(Section):
    """A result that was looked at; `used` is false where another one was named."""

    id: str
    file: str
    sha256: str
    collected_at: str | None
    review: str
    used: bool


class Eligibility(Document):
    """Every criterion of a protocol for one patient."""

    schema_: Literal["cd5flow.eligibility/1"] = Field(
        default="cd5flow.eligibility/1", alias="schema"
    )
    protocol: ProtocolReference
    criteria_complete: bool = Field(
        description="whether the protocol file lists every criterion of the trial"
    )
    patient_id: str | None
    identity_verified: bool = Field(
        description="whether results and clinical file name the same patient"
    )
    overall: Overall
    samples: tuple[SampleSeen, ...]
    criteria: tuple[CriterionAnswer, ...]
    cd5flow: str = Field(description="version of the program that judged")


def judge_eligibility(
    results: Sequence[Result],
    *,
    protocol: Loaded[Protocol],
    clinical: Clinical | None,
    use: str | None = None,
    remarks: Sequence[Reason] = (),
) -> Eligibility:
    """Return every criterion for the patient of these results.

    Args:
        results: at least one, all of one patient.
        protocol: whose criteria.
        clinical: what the clinic knows; None where nothing is given for this patient.
        use: id of the sample to go by where several differ; None looks at all.
        remarks: on the results, told with all that flow answers.

    Raises:
        ProtocolError: the protocol lists no criteria.
        OptionError: results and clinical file are of different patients, or `use` names no result,
            or several.
    """
    if not protocol.value.criteria:
        raise ProtocolError(f"{protocol.where('criteria')}: the protocol lists no criteria")
    patient_id = _one_patient(results, clinical)
    known = clinical or Clinical()
    used = tuple(results) if use is None else (_named(results, use),)
    verified = all(result.sample.patient_id is not None for result in used) and (
        clinical is None or clinical.patient_id is not None
    )
    facts = flow_facts(used, protocol=protocol, clinical=known)
    look = partial(_look, clinical=known, facts=facts, protocol=protocol.value)
    answers = tuple(
        _criterion(criterion, look(criterion.rule), remarks=remarks, verified=verified)
        for criterion in protocol.value.criteria
    )
    return Eligibility(
        protocol=ProtocolReference(
            name=protocol.value.name, version=protocol.value.version, sha256=protocol.sha256
        ),
        criteria_complete=protocol.value.criteria_complete,
        patient_id=patient_id,
        identity_verified=verified,
        overall=_overall(answers, complete=protocol.value.criteria_complete),
        samples=tuple(_seen(result, used=any(result is one for one in used)) for result in results),
        criteria=answers,
        cd5flow=metadata.version("cd5flow"),
    )


def _one_patient(results: Sequence[Result], clinical: Clinical | None) -> str | None:
    """Return the patient's id; None where nobody names it."""
    ids = list(dict.fromkeys(result.sample.patient_id for result in results))
    named = [one for one in ids if one is not None]
    if len(named) > 1:
        raise OptionError(
            f"results: found patients {', '.join(named)}, expected one; give a clinical sheet with a "
            "row a patient"
        )
    refuse_other_patient(named[0] if named else None, clinical)
    theirs = None if clinical is None else clinical.patient_id
    return named[0] if named else theirs


def refuse_other_patient(patient_id: str | None, clinical: Clinical | None) -> None:
    """Refuse a clinical file of another patient than the result's; where one names none, nothing.

    Raises:
        OptionError: both name a patient, and they differ.
    """
    theirs = None if clinical is None else clinical.patient_id
    if patient_id is not None and theirs is not None and patient_id != theirs:
        raise OptionError(
            f"clinical file: patient_id: it is of patient {theirs!r}, the result of {patient_id!r}"
        )


def _named(results: Sequence[Result], use: str) -> Result:
    found = [result for result in results if result.sample.id == use]
    if len(found) == 1:
        return found[0]
    there = ", ".join(dict.fromkeys(result.sample.id for result in results))
    if not found:
        raise OptionError(f"use: found {use!r}, expected one of {there}")
    raise OptionError(
        f"use: {len(found)} results are of sample {use!r}; give one of the files only"
    )


def _seen(result: Result, *, used: bool) -> SampleSeen:
    sample = result.sample
    return SampleSeen(
        id=sample.id,
        file=sample.file,
        sha256=sample.sha256,
        collected_at=sample.collected_at,
        review=result.review.state,
        used=used,
    )


def _overall(answers: Sequence[CriterionAnswer], *, complete: bool) -> Overall:
    whole = every(answer.satisfied for answer in answers)
    if whole is False:
        return Overall.NOT_SATISFIED
    return Overall.ALL_SATISFIED if whole and complete else Overall.INCOMPLETE


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a rule came to: the answer, and whether flow had a part in it."""

    fact: Judgement
    by_flow: bool


def _criterion(
    criterion: Criterion, seen: _Seen, *, remarks: Sequence[Reason], verified: bool
) -> CriterionAnswer:
    satisfied = negated(seen.fact.value) if criterion.excludes else seen.fact.value
    source: Literal["flow", "clinical", "missing"] = "missing"
    if satisfied is not None:
        source = "flow" if seen.by_flow else "clinical"
    lines = [*seen.fact.lines]
    if criterion.answered_by == "flow":
        lines += remarks
    if satisfied is None:
        lines += [Reason(MISSING, field=name) for name in seen.fact.missing]
    undecided = list(seen.fact.undecided) if satisfied is None else []
    if not verified:
        lines, undecided = ([line.remarked(UNVERIFIED) for line in of] for of in (lines, undecided))
    return CriterionAnswer(
        id=criterion.id,
        text=criterion.text,
        source_text=criterion.source_text,
        satisfied=satisfied,
        source=source,
        evidence=tuple(dict.fromkeys(lines)),
        missing=seen.fact.missing if satisfied is None else (),
        undecided=tuple(dict.fromkeys(undecided)),
    )


def _look(rule: Rule, *, clinical: Clinical, facts: FlowAnswers, protocol: Protocol) -> _Seen:
    """Return what a rule comes to."""
    look = partial(_look, clinical=clinical, facts=facts, protocol=protocol)
    match rule:
        case Every(parts=parts):
            return _joined([look(part) for part in parts], conjunction=True)
        case Some(parts=parts):
            return _joined([look(part) for part in parts], conjunction=False)
        case Not(part=part):
            seen = look(part)
            fact = seen.fact
            return _Seen(replace(fact, value=negated(fact.value)), seen.by_flow)
        case FlowFact(flow=name):
            return _Seen(facts.cd5 if name == "cd5" else facts.disease, by_flow=True)
        case Within():
            return _Seen(within(rule, clinical), by_flow=False)
        case Comparison():
            return _Seen(_compared(rule, clinical, facts, protocol), by_flow=False)


def _joined(seen: Sequence[_Seen], *, conjunction: bool) -> _Seen:
    """Join the parts of a rule.

    What is known is told of every part, what is missing only where it could still decide.
    """
    facts = [one.fact for one in seen]
    value = (every if conjunction else some)(fact.value for fact in facts)
    lines = tuple(line for fact in facts for line in fact.lines)
    if value is None:
        open_ = [fact for fact in facts if fact.value is None]
        missing = tuple(dict.fromkeys(name for fact in open_ for name in fact.missing))
        undecided = tuple(line for fact in open_ for line in fact.undecided)
        return _Seen(Judgement(None, lines, missing, undecided), by_flow=False)
    return _Seen(
        Judgement(value, lines),
        by_flow=any(one.by_flow for one in seen if one.fact.value is value),
    )


def _compared(
    rule: Comparison, clinical: Clinical, facts: FlowAnswers, protocol: Protocol
) -> Judgement:
    value = getattr(clinical, rule.field)
    if value is None:
        return Judgement(None, (), (rule.field,))
    note = facts.notes.get(rule.field)
    notes = () if note is None else (note,)
    said = _written(value)
    if rule.is_ is not None or rule.one_of is not None:
        wanted = (rule.is_,) if rule.one_of is None else rule.one_of
        return Judgement(
            value in wanted, (Reason("CLINICAL", field=rule.field, value=said), *notes)
        )
    if rule.meets is not None:
        asked = protocol.ihc if rule.meets == "ihc" else protocol.cd5
        assert asked is not None  # noqa: S101 - the file was checked
        bounds = f"{asked.operator} {asked.threshold_percent:.15g}"
        holds = asked.holds(value)
    else:
        limits = {name: protocol.limit(bound) for name, bound in rule.bounds().items()}
        bounds = ", ".join(f"{_SIGNS[name]} {limit:.15g}" for name, limit in limits.items())
        holds = all(_holds(name, value, limit) for name, limit in limits.items())
    bounded = Reason("BOUNDED", field=rule.field, value=said, bound=bounds)
    return Judgement(holds, (bounded, *notes))


def _holds(name: str, value: float, limit: float) -> bool:
    match name:
        case "at_least":
            return value >= limit
        case "over":
            return value > limit
        case "at_most":
            return value <= limit
        case _:
            return value < limit


def _written(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:.15g}"
        case date():
            return value.isoformat()
        case _:
            return str(value)


def counts(eligibility: Eligibility) -> tuple[int, int, int]:
    """Return how many criteria are satisfied, not satisfied and unknown."""
    found = Counter(answer.satisfied for answer in eligibility.criteria)
    return found[True], found[False], found[None]


ELIGIBILITY_COLUMNS: Final[Mapping[str, str]] = {
    "criteria_overall": "All criteria of the protocol together; empty if no clinical file was given.",
    "criteria_satisfied": "How many are satisfied; an exclusion is where it does not apply.",
    "criteria_not_satisfied": "Which are not.",
    "criteria_unknown": "Which are unknown.",
    "criteria_missing": "Clinical fields that are not given and bear on them.",
}
"""Columns that `eligibility_columns` fills, and what each means."""


def eligibility_columns(eligibility: Eligibility | None) -> dict[str, str | int | None]:
    """Return a patient's criteria as cells of a table: ids and missing fields joined by ``;``.

    All cells are None where nothing was judged.
    """
    if eligibility is None:
        return dict.fromkeys(ELIGIBILITY_COLUMNS)

    def ids(value: bool | None) -> str:  # noqa: FBT001 - which answer
        return ";".join(a.id for a in eligibility.criteria if a.satisfied is value)

    missing = dict.fromkeys(name for a in eligibility.criteria for name in a.missing)
    return {
        "criteria_overall": eligibility.overall.value,
        "criteria_satisfied": counts(eligibility)[0],
        "criteria_not_satisfied": ids(False),  # noqa: FBT003 - which answer
        "criteria_unknown": ids(None),
        "criteria_missing": ";".join(missing),
    }
