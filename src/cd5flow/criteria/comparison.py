"""One result judged by several protocols: what each asks, and what follows from the same numbers.

Nothing is measured again: shares, intervals and counts are the result's, states follow from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from typing import ClassVar, Final, Literal

from pydantic import Field

from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.bounds import Context, context_of
from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.logic import Judgement
from cd5flow.criteria.protocol import Protocol
from cd5flow.criteria.rejudge import burden_by, cd5_by
from cd5flow.criteria.requirements import (
    intensity,
    named_timepoints,
    out_of_date,
    wrong_specimen,
)
from cd5flow.criteria.verdict import judge_criterion
from cd5flow.model.reasons import Reason, ReasonData
from cd5flow.model.result import (
    BurdenState,
    Cd5Section,
    Cd5State,
    CriterionState,
    ProtocolReference,
    Result,
)
from cd5flow.model.section import Count, Document, Percent, Section

RULES: Final = ("ihc", "intensity", "age", "specimens", "disease", "timepoints")
"""Rules that a source may leave out, by their names in a protocol file."""


class Requirement(Section):
    """A rule beside the share that a trial states, held against the result."""

    reason_fields: ClassVar[Mapping[str, str]] = {"reasons": "reason_data"}

    rule: Literal["intensity", "age", "specimens"]
    satisfied: bool | None = Field(description="null is unknown, or for a person")
    source_text: str
    reasons: tuple[Reason, ...]
    reason_data: tuple[ReasonData, ...] = ()


class NamedDay(Section):
    """A time point that the trial names, and whether the specimen is of it."""

    name: str
    day: int | None = Field(description="of the specimen, after the event; null where unknown")
    holds: bool | None


class ProtocolAnswer(Section):
    """What one protocol says of a result."""

    reason_fields: ClassVar[Mapping[str, str]] = {
        "cd5_reasons": "cd5_reason_data",
        "reasons": "reason_data",
    }

    protocol: ProtocolReference
    title: str
    trials: tuple[str, ...]
    of_the_result: bool = Field(description="whether the result itself was judged by this file")
    cd5_rule: str
    ihc_rule: str | None = Field(description="null where no number is stated, or IHC not accepted")
    cd5_state: Cd5State
    cd5_reasons: tuple[Reason, ...]
    cd5_reason_data: tuple[ReasonData, ...] = ()
    burden_state: BurdenState
    overt_percent: Percent = Field(description="OVERT lies strictly over it")
    criterion_state: CriterionState
    criterion_flow_state: CriterionState
    reasons: tuple[Reason, ...]
    reason_data: tuple[ReasonData, ...] = ()
    requirements: tuple[Requirement, ...]
    timepoints: tuple[NamedDay, ...]
    not_stated: tuple[str, ...] = Field(description="rules that no source of the file gives")
    not_read: tuple[str, ...] = Field(description="what of the trial could not be read")


class ComparedResult(Section):
    """A result with what every protocol says of it."""

    sample: str
    file: str
    sha256: str
    patient_id: str | None
    timepoint: str
    specimen: str
    collected_at: str | None
    quality_state: str
    review_state: str
    cd5_percent: Percent | None
    cd5_ci95_percent: tuple[Percent, Percent] | None
    cd5_band_percent: tuple[Percent, Percent] | None
    blast_events: Count
    burden_percent: Percent | None
    denominator_events: Count
    clinical: bool = Field(description="whether the clinic's findings were at hand")
    protocols: tuple[ProtocolAnswer, ...]


class Comparison(Document):
    """Results judged by several protocols each."""

    schema_: Literal["cd5flow.comparison/1"] = Field(default="cd5flow.comparison/1", alias="schema")
    results: tuple[ComparedResult, ...]
    cd5flow: str = Field(description="version of the program that judged")


def comparison(results: Sequence[ComparedResult]) -> Comparison:
    """Return compared results as one document."""
    return Comparison(results=tuple(results), cd5flow=metadata.version("cd5flow"))


def compare_result(
    result: Result,
    protocols: Sequence[Loaded[Protocol]],
    *,
    clinical: Clinical | None,
) -> ComparedResult:
    """Return what each protocol says of a result.

    Args:
        result: judged by any protocol.
        protocols: to judge by.
        clinical: what the clinic knows of the patient; None where nothing is given.
    """
    sample, cd5, burden = result.sample, result.cd5, result.burden
    return ComparedResult(
        sample=sample.id,
        file=sample.file,
        sha256=sample.sha256,
        patient_id=sample.patient_id,
        timepoint=sample.timepoint,
        specimen=sample.specimen,
        collected_at=sample.collected_at,
        quality_state=result.quality.state,
        review_state=result.review.state,
        cd5_percent=cd5.percent,
        cd5_ci95_percent=cd5.ci95_percent,
        cd5_band_percent=cd5.band_percent,
        blast_events=cd5.blast_events,
        burden_percent=burden.percent,
        denominator_events=burden.denominator_events,
        clinical=clinical is not None,
        protocols=tuple(_answer(result, one, clinical) for one in protocols),
    )


def _answer(result: Result, loaded: Loaded[Protocol], clinical: Clinical | None) -> ProtocolAnswer:
    rules = loaded.value
    cd5 = cd5_by(result, rules)
    context = context_of(result, clinical=clinical, cd5=cd5)
    burden = burden_by(result, rules)
    criterion = judge_criterion(cd5, burden=burden, protocol=rules, context=context)
    return ProtocolAnswer(
        protocol=ProtocolReference(name=rules.name, version=rules.version, sha256=loaded.sha256),
        title=rules.title,
        trials=tuple(trial.id for trial in rules.trials),
        of_the_result=result.protocol.sha256 == loaded.sha256,
        cd5_rule=str(rules.cd5),
        ihc_rule=None if rules.ihc is None else str(rules.ihc),
        cd5_state=cd5.state,
        cd5_reasons=cd5.reasons,
        burden_state=burden.state,
        overt_percent=rules.burden.overt_percent,
        criterion_state=criterion.state,
        criterion_flow_state=criterion.flow_state,
        reasons=criterion.reasons,
        requirements=tuple(_requirements(cd5, rules, context)),
        timepoints=tuple(_days(rules, context)),
        not_stated=not_stated(rules),
        not_read=rules.not_read,
    )


def not_stated(rules: Protocol) -> tuple[str, ...]:
    """Return the rules that a protocol file calls not stated; a file of format 1 calls none so."""
    if rules.asked is None:
        return ()
    held = (
        rules.ihc is not None or not rules.routes.ihc,
        rules.intensity is not None,
        rules.age is not None,
        rules.specimens is not None,
        rules.disease is not None,
        bool(rules.timepoints),
    )
    return tuple(name for name, stated in zip(RULES, held, strict=True) if not stated)


def _requirements(cd5: Cd5Section, rules: Protocol, context: Context) -> Iterator[Requirement]:
    bright = intensity(cd5, rules)
    if bright is not None and rules.intensity is not None:
        yield _requirement("intensity", bright, rules.intensity.source_text)
    if rules.age is not None:
        why, _ = out_of_date(rules, collected_at=context.collected_at, clinical=context.clinical)
        old = why is not None and why.code == "RESULT_TOO_OLD"
        value = True if why is None else (False if old else None)
        lines = () if why is None else (why,)
        yield _requirement("age", Judgement(value, lines), rules.age.source_text)
    if rules.specimens is not None:
        why = wrong_specimen(rules, context.specimen)
        lines = () if why is None else (why,)
        yield _requirement("specimens", Judgement(why is None, lines), rules.specimens.source_text)


def _requirement(
    rule: Literal["intensity", "age", "specimens"], judged: Judgement, source_text: str
) -> Requirement:
    return Requirement(
        rule=rule, satisfied=judged.value, source_text=source_text, reasons=judged.lines
    )


def _days(rules: Protocol, context: Context) -> Iterator[NamedDay]:
    for one, days in named_timepoints(
        rules, collected_at=context.collected_at, clinical=context.clinical
    ):
        holds = None if days is None else one.from_day <= days <= one.to_day
        yield NamedDay(name=one.name, day=days, holds=holds)
