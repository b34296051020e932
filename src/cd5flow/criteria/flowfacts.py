"""What flow answers of a protocol's criteria: CD5 and disease, each true, false or unknown.

Facts come from stored results. What a result cannot say for this protocol, or may not say for the
bounds on its verdict, is unknown; two results of one patient that say different things are unknown
until one is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, assert_never

from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.bounds import BLASTS_IN_DOUBT, CD7_ALONE, Context, bounds, context_of
from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.logic import Judgement, every, some
from cd5flow.criteria.protocol import Protocol
from cd5flow.criteria.rejudge import burden_by, cd5_by
from cd5flow.criteria.requirements import intensity, out_of_date
from cd5flow.criteria.routes import SCOPE_SHORT, Route, flow_route, morphology_route
from cd5flow.model.reasons import Reason, codes
from cd5flow.model.result import (
    BurdenSection,
    BurdenState,
    Cd5Section,
    Cd5State,
    QualityState,
    Result,
)

_NOTES: Final = frozenset({"CUTS_DISAGREE", "CD5_LOW_POPULATION"})
"""Reasons of CD5 that withhold no state."""

FAILED: Final = Reason("QUALITY_FAIL", case="by_flow")


@dataclass(frozen=True, slots=True)
class FlowAnswers:
    """What flow answers of one patient.

    Attributes:
        cd5: whether CD5 meets the protocol's threshold.
        disease: whether flow, or morphology where the protocol counts it, shows disease.
        notes: clinical field to what flow says against its value.
    """

    cd5: Judgement
    disease: Judgement
    notes: Mapping[str, Reason] = field(default_factory=dict)


def flow_facts(
    results: Sequence[Result],
    *,
    protocol: Loaded[Protocol],
    clinical: Clinical,
) -> FlowAnswers:
    """Return what one patient's results say.

    Args:
        results: at least one, all of the same patient.
        protocol: asked by; a result judged against another one counts as far as its numbers allow.
        clinical: what else is known of the patient.
    """
    rules = protocol.value
    each = [_of(result, protocol, clinical) for result in results]
    names = [result.sample.id for result in results]
    notes: dict[str, Reason] = {}
    for result in results:
        notes |= _notes(result, rules, clinical)
    return FlowAnswers(
        cd5=_agreed([facts.cd5 for facts in each], names),
        disease=_agreed([facts.disease for facts in each], names),
        notes=notes,
    )


def _of(result: Result, protocol: Loaded[Protocol], clinical: Clinical) -> FlowAnswers:
    rules = protocol.value
    cd5 = cd5_by(result, rules)
    context = context_of(result, clinical=clinical, cd5=cd5)
    burden = burden_by(result, rules)
    held = tuple(bounds(burden, protocol=rules, context=context))
    return FlowAnswers(
        cd5=_cd5(cd5, held, rules, context),
        disease=_disease(burden, held, rules, context),
    )


def _agreed(facts: Sequence[Judgement], names: Sequence[str]) -> Judgement:
    """Join what several results say of one thing; different answers are no answer."""
    if len(facts) == 1:
        return facts[0]
    lines = tuple(
        line.remarked(f"sample {name}")
        for fact, name in zip(facts, names, strict=True)
        for line in fact.lines
    )
    speaking = [fact for fact in facts if not fact.silent] or list(facts)
    values = {fact.value for fact in speaking}
    if len(values) > 1:
        said = [f"{name} {_WORDS[fact.value]}" for name, fact in zip(names, facts, strict=True)]
        conflict = Reason("RESULTS_DIFFER", samples=said)
        return Judgement(None, (*lines, conflict), undecided=(conflict,))
    missing = tuple(dict.fromkeys(name for fact in speaking for name in fact.missing))
    value = values.pop()
    undecided = lines if value is None else ()
    return Judgement(value, lines, missing, undecided, silent=all(fact.silent for fact in facts))


_WORDS: Mapping[bool | None, str] = {True: "true", False: "false", None: "unknown"}


def _cd5(
    cd5: Cd5Section, held: tuple[Reason, ...], protocol: Protocol, context: Context
) -> Judgement:
    if context.quality_state is QualityState.FAIL:
        return Judgement(None, (FAILED,), undecided=(FAILED,), silent=True)
    asked = str(protocol.cd5)
    share: dict[str, object] = {"case": "no_share"}
    if cd5.percent is not None:
        share = {"case": "share", "percent": cd5.percent}
    line = Reason("CD5_BY_FLOW", state=cd5.state, blasts=cd5.blast_events, rule=asked, **share)
    match _state(cd5, protocol, context):
        case Cd5State.MEETS:
            value: bool | None = True
        case Cd5State.DOES_NOT_MEET:
            value = False
        case Cd5State.BORDERLINE | Cd5State.NOT_EVALUABLE:
            value = None
        case never:
            assert_never(never)
    silent = cd5.state is Cd5State.NOT_EVALUABLE
    lines, doubts = [line], [line] if value is None else []
    bright = None if value is False or silent else intensity(cd5, protocol)
    if bright is not None:
        value = every((value, bright.value))
        lines += bright.lines
        doubts = [] if value is False else [*doubts, *bright.undecided]
    if value is None:
        missing: tuple[str, ...] = ()
        if _held_by_cd7_alone(cd5):
            lines, missing = [*lines, *held], _lifted_by_diagnosis(held, context)
        return Judgement(None, tuple(lines), missing, undecided=tuple(doubts), silent=silent)
    if held:
        missing = (*_lifted_by_diagnosis(held, context), *_dates(protocol, context))
        return Judgement(None, (*lines, *held), missing, held)
    return Judgement(value, tuple(lines))


def _dates(protocol: Protocol, context: Context) -> tuple[str, ...]:
    """Return the clinical fields that could tell how old a result is."""
    return out_of_date(protocol, collected_at=context.collected_at, clinical=context.clinical)[1]


def _state(cd5: Cd5Section, protocol: Protocol, context: Context) -> Cd5State:
    """Return the state; one that CD7 alone withheld is given once the diagnosis is known."""
    if cd5.percent is None or not _held_by_cd7_alone(cd5) or not context.known_t_all:
        return cd5.state
    return Cd5State.MEETS if protocol.cd5.holds(cd5.percent) else Cd5State.DOES_NOT_MEET


def _held_by_cd7_alone(cd5: Cd5Section) -> bool:
    """Whether a state is BORDERLINE for its lineage's sake and nothing else."""
    against = codes(cd5.reasons) - _NOTES
    return cd5.state is Cd5State.BORDERLINE and against == {CD7_ALONE}


def _lifted_by_diagnosis(held: tuple[Reason, ...], context: Context) -> tuple[str, ...]:
    unknown = context.clinical is None or context.clinical.diagnosis is None
    return ("diagnosis",) if unknown and codes(held) & {CD7_ALONE, SCOPE_SHORT} else ()


def _disease(
    burden: BurdenSection, held: tuple[Reason, ...], protocol: Protocol, context: Context
) -> Judgement:
    """Return whether flow shows disease, with morphology as far as the protocol counts it."""
    if protocol.disease is None:
        silent = Reason("DISEASE_NOT_STATED")
        return Judgement(None, (silent,), undecided=(silent,))
    flow = _by_flow(burden, held, protocol, context)
    percent = None if context.clinical is None else context.clinical.morphology_blasts_percent
    morphology = morphology_route(percent, protocol=protocol)
    value = some((flow.value, morphology.shown))
    lines, missing = flow.lines, flow.missing
    if percent is not None and flow.value is not True:
        lines = (*lines, morphology.reason)
    # Only then would a number by morphology decide.
    elif percent is None and (flow.value is False or protocol.routes.morphology):
        missing = (*missing, "morphology_blasts_percent")
    if value is not None:
        return Judgement(value, lines, silent=flow.silent)
    undecided = flow.undecided
    if flow.value is False and percent is not None:
        undecided = (morphology.reason,)
    return Judgement(None, lines, missing, undecided, silent=flow.silent)


def _by_flow(
    burden: BurdenSection, held: tuple[Reason, ...], protocol: Protocol, context: Context
) -> Judgement:
    if context.quality_state is QualityState.FAIL:
        return Judgement(None, (FAILED,), undecided=(FAILED,), silent=True)
    route = _sensitive(flow_route(burden, protocol=protocol, context=context), burden, protocol)
    doubts = tuple(line for line in held if line.code in BLASTS_IN_DOUBT)
    return Judgement(
        None if doubts else route.shown,
        (route.reason, *doubts),
        _lifted_by_diagnosis((route.reason, *doubts), context),
        doubts or ((route.reason,) if route.shown is None else ()),
        silent=burden.state is BurdenState.NOT_EVALUABLE,
    )


def _sensitive(route: Route, burden: BurdenSection, protocol: Protocol) -> Route:
    """Return the route; nothing seen excludes only what the tube could have seen."""
    if route.shown is not False or burden.state is not BurdenState.NOT_DETECTED:
        return route
    lowest = protocol.burden.overt_percent
    if protocol.mrd is not None:
        lowest = protocol.mrd.person_from_percent
    if burden.lod_percent is not None and burden.lod_percent <= lowest:
        return route
    lod: dict[str, object] = {"case": "unknown"}
    if burden.lod_percent is not None:
        lod = {"case": "known", "lod": burden.lod_percent}
    return Route(shown=None, reason=Reason("SENSITIVITY_SHORT", limit=lowest, **lod))


def _notes(result: Result, protocol: Protocol, clinical: Clinical) -> dict[str, Reason]:
    """Return where flow and the clinic disagree on a number, by the clinical field."""
    notes: dict[str, Reason] = {}
    if result.quality.state is QualityState.FAIL:
        return notes
    cd5, ihc = cd5_by(result, protocol), clinical.ihc_cd5_percent
    if ihc is not None and protocol.ihc is not None:
        holds = protocol.ihc.holds(ihc)
        if cd5.state is Cd5State.DOES_NOT_MEET and holds:
            notes["ihc_cd5_percent"] = Reason(
                "DISCORDANT_FLOW_IHC", case="ihc_meets_whole", percent=ihc
            )
        elif cd5.state is Cd5State.MEETS and not holds:
            notes["ihc_cd5_percent"] = Reason(
                "DISCORDANT_FLOW_IHC", case="ihc_fails_whole", percent=ihc
            )
    morphology = clinical.morphology_blasts_percent
    overt = burden_by(result, protocol).state is BurdenState.OVERT
    if morphology is not None and overt and not protocol.morphology.holds(morphology):
        notes["morphology_blasts_percent"] = Reason(
            "DISCORDANT_FLOW_MORPHOLOGY", case="more", percent=morphology
        )
    return notes
