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

from cd5flow.criteria.clinical import T_ALL, Clinical
from cd5flow.criteria.protocol import Protocol
from cd5flow.model.result import (
    BurdenSection,
    BurdenState,
    Cd5Section,
    Cd5State,
    CriterionSection,
    CriterionState,
    PriorTherapy,
    QualityState,
    Specimen,
    Timepoint,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What bounds the verdict beside the two numbers.

    Attributes:
        timepoint: when in the disease the specimen was taken.
        specimen: what it is; only marrow can exclude disease.
        prior_therapy: earlier therapies.
        quality_state: the worst quality check; FAIL withholds the CD5 state.
        lineage: the lineage rule that found the blasts, in words.
        lineage_by_cd7_alone: whether CD7 was the only T marker in that rule.
        supplied_fmo_refused: an FMO control was given and could not be used.
        blasts_use_cd5: a gate above the blasts uses CD5, as imported gates may.
        nk_unresolved: no marker of the tube tells NK cells from blasts.
        reviewed: a person has confirmed the result.
        clinical: the clinical file; None where none was given.
    """

    timepoint: Timepoint
    specimen: Specimen
    prior_therapy: tuple[PriorTherapy, ...] = ()
    quality_state: QualityState
    lineage: str
    lineage_by_cd7_alone: bool = False
    supplied_fmo_refused: bool = False
    blasts_use_cd5: bool = False
    nk_unresolved: bool = False
    reviewed: bool = False
    clinical: Clinical | None = None


@dataclass(frozen=True, slots=True)
class _Judgement:
    state: CriterionState
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Route:
    """One way to show disease: True shown, False excluded, None unknown."""

    shown: bool | None
    reason: str


def judge_criterion(
    cd5: Cd5Section, *, burden: BurdenSection, protocol: Protocol, context: Context
) -> CriterionSection:
    """Return the criterion's state with reasons, and the state that flow alone would give.

    `burden` must have been judged against this protocol's `overt_percent`.
    """
    whole = _judge(cd5, burden, protocol, context)
    flow_alone = _judge(cd5, burden, protocol, replace(context, clinical=None))
    return CriterionSection(state=whole.state, flow_state=flow_alone.state, reasons=whole.reasons)


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
    return _at_most_review(judgement, tuple(_caps(burden, protocol, context)))


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


def _disease_routes(
    burden: BurdenSection, protocol: Protocol, context: Context
) -> Iterator[_Route]:
    clinical = context.clinical or Clinical()
    yield _flow_route(burden, protocol, context)
    yield _morphology_route(clinical.morphology_blasts_percent, protocol)
    if protocol.routes.mrd:
        yield _mrd_elsewhere_route(clinical.mrd_positive_elsewhere)
    if protocol.routes.extramedullary:
        yield _extramedullary_route(clinical.new_extramedullary_lesions)


def _flow_route(burden: BurdenSection, protocol: Protocol, context: Context) -> _Route:
    match burden.state:
        case BurdenState.OVERT:
            return _Route(shown=True, reason=f"DISEASE_OVERT: {_share(burden)} by flow")
        case BurdenState.MRD_POSITIVE:
            return _mrd_route(burden, protocol, context)
        case BurdenState.NOT_DETECTED:
            if context.specimen is Specimen.BONE_MARROW:
                return _Route(shown=False, reason="NOT_DETECTED: no disease in marrow by flow")
            return _Route(
                shown=None,
                reason=f"NOT_MARROW: no disease by flow, but the specimen is {context.specimen}",
            )
        case (
            BurdenState.MRD_BELOW_LLOQ
            | BurdenState.INDETERMINATE
            | BurdenState.INCONCLUSIVE
            | BurdenState.NOT_EVALUABLE
        ):
            return _Route(shown=None, reason=f"BURDEN_{burden.state}: flow does not show disease")
        case _:
            assert_never(burden.state)


def _mrd_route(burden: BurdenSection, protocol: Protocol, context: Context) -> _Route:
    rule, percent = protocol.burden, burden.percent or 0.0
    share = _share(burden)
    if not protocol.routes.mrd:
        return _below_limit_route(burden, protocol, context)
    if percent >= rule.mrd_percent_without_review:
        return _Route(shown=True, reason=f"MRD_POSITIVE: {share} by flow")
    if percent < rule.mrd_percent_with_review:
        lowest = rule.mrd_percent_with_review
        return _Route(shown=None, reason=f"MRD_TOO_LOW: {share}, less than {lowest:g} %")
    if context.reviewed:
        return _Route(shown=True, reason=f"MRD_CONFIRMED: {share} by flow, confirmed by a reviewer")
    return _Route(
        shown=None,
        reason=f"MRD_UNCONFIRMED: {share}; below {rule.mrd_percent_without_review:g} % a reviewer "
        "confirms",
    )


def _below_limit_route(burden: BurdenSection, protocol: Protocol, context: Context) -> _Route:
    """MRD where the trial counts overt disease only: marrow clearly below the limit excludes it."""
    limit = protocol.burden.overt_percent
    high = burden.ci95_percent[1] if burden.ci95_percent is not None else None
    below = context.specimen is Specimen.BONE_MARROW and high is not None and high <= limit
    return _Route(
        shown=False if below else None,
        reason=f"BELOW_BURDEN_LIMIT: {_share(burden)} by flow, not over {limit:g} %",
    )


def _morphology_route(percent: float | None, protocol: Protocol) -> _Route:
    limit = protocol.burden.morphology_percent
    if percent is None:
        return _Route(shown=None, reason="MORPHOLOGY_UNKNOWN: blasts by morphology not given")
    if percent <= limit:
        return _Route(
            shown=False, reason=f"MORPHOLOGY_LOW: {percent:g} % by morphology, not over {limit:g} %"
        )
    if protocol.routes.morphology:
        return _Route(shown=True, reason=f"MORPHOLOGY: {percent:g} % blasts, over {limit:g} %")
    return _Route(
        shown=None,
        reason=f"DISCORDANT_FLOW_MORPHOLOGY: {percent:g} % blasts by morphology, less by flow",
    )


def _mrd_elsewhere_route(positive: bool | None) -> _Route:  # noqa: FBT001 - the finding itself
    if positive is False:
        return _Route(shown=False, reason="NO_MRD_ELSEWHERE: no other method finds MRD")
    if positive is None:
        return _Route(shown=None, reason="MRD_ELSEWHERE_UNKNOWN: MRD by other methods not given")
    return _Route(shown=None, reason="MRD_ELSEWHERE: another method or specimen shows MRD")


def _extramedullary_route(lesions: bool | None) -> _Route:  # noqa: FBT001 - the finding itself
    if lesions is None:
        return _Route(shown=None, reason="EXTRAMEDULLARY_UNKNOWN: new lesions not given")
    if lesions:
        return _Route(shown=True, reason="EXTRAMEDULLARY: new extramedullary lesions")
    return _Route(shown=False, reason="NO_EXTRAMEDULLARY: no new extramedullary lesions")


def _caps(burden: BurdenSection, protocol: Protocol, context: Context) -> Iterator[str]:
    """Why no definite verdict may be given, whatever the numbers say."""
    match context.timepoint:
        case Timepoint.UNSTATED:
            yield "TIMEPOINT_UNSTATED: the time point was not stated"
        case Timepoint.DIAGNOSIS:
            yield "TIMEPOINT_DIAGNOSIS: the criterion is for relapsed or refractory disease"
        case Timepoint.RELAPSE | Timepoint.MRD:
            pass
        case _:
            assert_never(context.timepoint)
    if context.supplied_fmo_refused:
        yield "FMO_REFUSED: the FMO control that was given could not be used"
    if context.blasts_use_cd5:
        yield "BLASTS_USE_CD5: the blasts were chosen by a gate that uses CD5"
    if context.lineage_by_cd7_alone and not (context.clinical and context.clinical.is_t_all):
        yield (
            f"LINEAGE_BY_CD7_ALONE: T lineage rests on CD7 ({context.lineage}) without the "
            f"diagnosis {T_ALL}"
        )
    if PriorTherapy.CD5_CAR in context.prior_therapy:
        yield "AFTER_CD5_CAR: CD5 can be lost or masked after CD5 CAR-T cells"
    limit = protocol.burden.review_below_percent_without_nk_marker
    if context.nk_unresolved and (burden.percent is None or burden.percent < limit):
        yield f"NK_UNRESOLVED: no marker tells NK cells apart, and blasts are below {limit:g} %"


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


def _share(burden: BurdenSection) -> str:
    return "no share" if burden.percent is None else f"{burden.percent:.4g} % blasts"
