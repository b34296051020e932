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
from cd5flow.criteria.requirements import intensity
from cd5flow.criteria.routes import Route, flow_route, morphology_route
from cd5flow.model.reasons import Reason
from cd5flow.model.result import (
    BurdenSection,
    BurdenState,
    Cd5Section,
    Cd5State,
    CriterionSection,
    CriterionState,
    OverrideSection,
    QualityState,
)

__all__ = ["Context", "by_hand_reason", "judge_criterion"]


@dataclass(frozen=True, slots=True)
class _Judgement:
    state: CriterionState
    reasons: tuple[Reason, ...]


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


def by_hand_reason(drawn: tuple[OverrideSection, ...]) -> tuple[Reason, ...]:
    """Return what the criterion says of gates that a person drew; nothing where there are none."""
    if not drawn:
        return ()
    gates = tuple(one.gate for one in drawn)
    return (Reason("GATE_BY_HAND", case="by", by=drawn[0].by, gates=gates),)


def _judge(
    cd5: Cd5Section, burden: BurdenSection, protocol: Protocol, context: Context
) -> _Judgement:
    failed = context.quality_state is QualityState.FAIL
    excluded = None if failed else _without_disease(burden, protocol, context)
    if excluded is not None:
        return _at_most_review(excluded, tuple(bounds(burden, protocol=protocol, context=context)))
    state = Cd5State.NOT_EVALUABLE if failed else cd5.state
    match state:
        case Cd5State.MEETS:
            judgement = _with_cd5(burden, protocol, context)
            judgement = _as_bright_as_asked(judgement, cd5, protocol, context.clinical)
        case Cd5State.DOES_NOT_MEET:
            judgement = _without_cd5(protocol, context.clinical)
        case Cd5State.BORDERLINE:
            judgement = _review(Reason("CD5_BORDERLINE"))
            judgement = _as_bright_as_asked(judgement, cd5, protocol, context.clinical)
        case Cd5State.NOT_EVALUABLE:
            judgement = _cd5_unknown(protocol, context.clinical, failed=failed)
        case _:
            assert_never(state)
    return _at_most_review(judgement, tuple(bounds(burden, protocol=protocol, context=context)))


def _as_bright_as_asked(
    judgement: _Judgement, cd5: Cd5Section, protocol: Protocol, clinical: Clinical | None
) -> _Judgement:
    """A share that meets, or may meet, the threshold counts where CD5 is as bright as asked."""
    bright = intensity(cd5, protocol)
    if bright is None or bright.value is True:
        return judgement
    if bright.value is False:
        dim = _without_cd5(protocol, clinical)
        return _Judgement(dim.state, (*bright.lines, *dim.reasons))
    return _at_most_review(judgement, bright.lines)


def _without_disease(
    burden: BurdenSection, protocol: Protocol, context: Context
) -> _Judgement | None:
    """Return that there is no disease to treat, whatever CD5 is; None where a route is open."""
    if burden.state is not BurdenState.NOT_DETECTED:
        return None
    clinical = context.clinical or Clinical()
    routes = (
        flow_route(burden, protocol=protocol, context=context),
        morphology_route(clinical.morphology_blasts_percent, protocol=protocol),
        _mrd_elsewhere_route(clinical.mrd_positive_elsewhere),
        _extramedullary_route(clinical.new_extramedullary_lesions),
    )
    if any(route.shown is not False for route in routes):
        return None
    return _Judgement(CriterionState.NOT_MET, tuple(route.reason for route in routes))


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
        return _Judgement(CriterionState.NOT_MET, (Reason("CD5_NOT_MET", case="only_route"),))
    if protocol.ihc is None:
        return _review(Reason("IHC_RULE_NOT_STATED"))
    if ihc is None:
        return _review(Reason("IHC_NOT_ASSESSED"))
    if protocol.ihc.holds(ihc):
        return _review(Reason("DISCORDANT_FLOW_IHC", case="ihc_meets", percent=ihc))
    reason = Reason("CD5_NOT_MET", case="both_routes", percent=ihc)
    return _Judgement(CriterionState.NOT_MET, (reason,))


def _cd5_unknown(protocol: Protocol, clinical: Clinical | None, *, failed: bool) -> _Judgement:
    """No CD5 state by flow: a person may still use immunohistochemistry."""
    reason = Reason("CD5_NOT_EVALUABLE")
    if failed:
        reason = Reason("QUALITY_FAIL", case="by_flow")
    ihc = clinical.ihc_cd5_percent if clinical is not None else None
    if protocol.routes.ihc and ihc is not None:
        return _review(reason, Reason("IHC_GIVEN", percent=ihc))
    return _Judgement(CriterionState.NOT_EVALUABLE, (reason,))


def _disease_routes(burden: BurdenSection, protocol: Protocol, context: Context) -> Iterator[Route]:
    if protocol.disease is None:
        yield Route(shown=None, reason=Reason("DISEASE_NOT_STATED"))
        return
    clinical = context.clinical or Clinical()
    yield flow_route(burden, protocol=protocol, context=context)
    yield morphology_route(clinical.morphology_blasts_percent, protocol=protocol)
    if protocol.routes.mrd:
        yield _mrd_elsewhere_route(clinical.mrd_positive_elsewhere)
    if protocol.routes.extramedullary:
        yield _extramedullary_route(clinical.new_extramedullary_lesions)


def _mrd_elsewhere_route(positive: bool | None) -> Route:  # noqa: FBT001 - the finding itself
    if positive is False:
        return Route(shown=False, reason=Reason("NO_MRD_ELSEWHERE"))
    if positive is None:
        return Route(shown=None, reason=Reason("MRD_ELSEWHERE_UNKNOWN"))
    return Route(shown=None, reason=Reason("MRD_ELSEWHERE"))


def _extramedullary_route(lesions: bool | None) -> Route:  # noqa: FBT001 - the finding itself
    if lesions is None:
        return Route(shown=None, reason=Reason("EXTRAMEDULLARY_UNKNOWN"))
    if lesions:
        return Route(shown=True, reason=Reason("EXTRAMEDULLARY"))
    return Route(shown=False, reason=Reason("NO_EXTRAMEDULLARY"))


def _at_most_review(judgement: _Judgement, caps: tuple[Reason, ...]) -> _Judgement:
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


def _review(*reasons: Reason) -> _Judgement:
    return _Judgement(CriterionState.REVIEW, reasons)
