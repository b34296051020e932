"""The protocol's flow criterion: CD5 state and disease burden, with what the clinic adds.

Disease is shown by any of several routes (flow, new extramedullary lesions, ...), each of which is
shown, excluded or unknown. They join as Kleene's three-valued *or*: one shown route is enough, all
must be excluded to deny, anything else is for a person. MET and NOT_MET never say that a patient is
or is not eligible.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from cd5flow.criteria.bounds import Context, bounds, recorded
from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.protocol import Protocol
from cd5flow.criteria.routes import Route, flow_route, morphology_route
from cd5flow.model.result import (
    BurdenSection,
    Cd5Section,
    Cd5State,
    CriterionSection,
    CriterionState,
    QualityState,
)

__all__ = ["Context", "judge_criterion"]


@dataclass(frozen=True, slots=True)
class _Judgement:
    state: CriterionState
    reasons: tuple[str, ...]


def judge_criterion(
    cd5: Cd5Section, *, burden: BurdenSection, protocol: Protocol, context: Context
) -> CriterionSection:
    """Return the criterion's state with reasons, and the state that flow alone would give.

    `burden` must have been judged against this protocol's `overt_percent`.
    """
    whole = _judge(cd5, burden, protocol, context)
    flow_alone = _judge(cd5, burden, protocol, replace(context, clinical=None))
    return CriterionSection(
        state=whole.state,
        flow_state=flow_alone.state,
        reasons=whole.reasons,
        bounds=recorded(context),
    )


def _judge(
    cd5: Cd5Section, burden: BurdenSection, protocol: Protocol, context: Context
) -> _Judgement:
    failed = context.quality_state is QualityState.FAIL
    state = Cd5State.NOT_EVALUABLE if failed else cd5.state
    match state:
        case Cd5State.MEETS:
            judgement = _with_cd5(burden, protocol, context)
        case Cd5State.DOES_NOT_MEET:
            judgement = _without_cd5(protocol, context.clinical)
        case Cd5State.BORDERLINE:
            judgement = _review("CD5_BORDERLINE: the CD5 share cannot be placed on one side")
        case Cd5State.NOT_EVALUABLE:
            judgement = _cd5_unknown(protocol, context.clinical, failed=failed)
        case _:
            assert_never(state)
    return _at_most_review(judgement, tuple(bounds(burden, protocol=protocol, context=context)))


def _with_cd5(burden: BurdenSection, protocol: Protocol, context: Context) -> _Judgement:
    """CD5 meets the threshold: disease decides."""
    routes = tuple(_disease_routes(burden, protocol, context))
    if shown := tuple(route.reason for route in routes if route.shown):
        return _Judgement(CriterionState.MET, shown)
    if unknown := tuple(route.reason for route in routes if route.shown is None):
        return _Judgement(CriterionState.REVIEW, unknown)
    return _Judgement(CriterionState.NOT_MET, tuple(route.reason for route in routes))


def _without_cd5(protocol: Protocol, clinical: Clinical | None) -> _Judgement:
    """CD5 fails by flow: only immunohistochemistry can still hold."""
    ihc = clinical.ihc_cd5_percent if clinical is not None else None
    if not protocol.routes.ihc:
        return _Judgement(CriterionState.NOT_MET, ("CD5_NOT_MET: not met by flow, the only route",))
    if ihc is None:
        return _review("IHC_NOT_ASSESSED: CD5 is not met by flow; the IHC route is open")
    if protocol.cd5.holds(ihc):
        return _review(f"DISCORDANT_FLOW_IHC: CD5 is not met by flow, but {ihc:g} % by IHC is")
    reason = f"CD5_NOT_MET: neither by flow nor by IHC ({ihc:g} %)"
    return _Judgement(CriterionState.NOT_MET, (reason,))


def _cd5_unknown(protocol: Protocol, clinical: Clinical | None, *, failed: bool) -> _Judgement:
    """No CD5 state by flow: a person may still use immunohistochemistry."""
    reason = "CD5_NOT_EVALUABLE: flow gives no CD5 state"
    if failed:
        reason = "QUALITY_FAIL: a quality check failed; no state is given by flow"
    ihc = clinical.ihc_cd5_percent if clinical is not None else None
    if protocol.routes.ihc and ihc is not None:
        return _review(reason, f"IHC_GIVEN: CD5 {ihc:g} % by IHC is for a reviewer to judge")
    return _Judgement(CriterionState.NOT_EVALUABLE, (reason,))


def _disease_routes(burden: BurdenSection, protocol: Protocol, context: Context) -> Iterator[Route]:
    clinical = context.clinical or Clinical()
    yield flow_route(burden, protocol=protocol, context=context)
    yield morphology_route(clinical.morphology_blasts_percent, protocol=protocol)
    if protocol.routes.mrd:
        yield _mrd_elsewhere_route(clinical.mrd_positive_elsewhere)
    if protocol.routes.extramedullary:
        yield _extramedullary_route(clinical.new_extramedullary_lesions)


def _mrd_elsewhere_route(positive: bool | None) -> Route:  # noqa: FBT001 - the finding itself
    if positive is False:
        return Route(shown=False, reason="NO_MRD_ELSEWHERE: no other method finds MRD")
    if positive is None:
        return Route(shown=None, reason="MRD_ELSEWHERE_UNKNOWN: MRD by other methods not given")
    return Route(shown=None, reason="MRD_ELSEWHERE: another method or specimen shows MRD")


def _extramedullary_route(lesions: bool | None) -> Route:  # noqa: FBT001 - the finding itself
    if lesions is None:
        return Route(shown=None, reason="EXTRAMEDULLARY_UNKNOWN: new lesions not given")
    if lesions:
        return Route(shown=True, reason="EXTRAMEDULLARY: new extramedullary lesions")
    return Route(shown=False, reason="NO_EXTRAMEDULLARY: no new extramedullary lesions")


def _at_most_review(judgement: _Judgement, caps: tuple[str, ...]) -> _Judgement:
    match judgement.state:
        case CriterionState.NOT_EVALUABLE:
            return judgement
        case CriterionState.REVIEW:
            return _review(*judgement.reasons, *caps)
        case CriterionState.MET | CriterionState.NOT_MET:
            if not caps:
                return judgement
            return _review(*judgement.reasons, *caps)
        case _:
            assert_never(judgement.state)


def _review(*reasons: str) -> _Judgement:
    return _Judgement(CriterionState.REVIEW, reasons)
