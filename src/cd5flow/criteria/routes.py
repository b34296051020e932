"""Ways to show disease: by flow and by morphology, each shown, excluded or unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from cd5flow.criteria.asked import NOT_STATED, BlastsByFlow, MrdByFlow
from cd5flow.criteria.bounds import Context
from cd5flow.criteria.protocol import Protocol
from cd5flow.criteria.requirements import at_timepoint
from cd5flow.model.reasons import Reason, codes
from cd5flow.model.result import BurdenSection, BurdenState, Scope, Specimen

SCOPE_SHORT: Final = "SCOPE_SHORT"

COUNTED: Final = frozenset({Specimen.BONE_MARROW, Specimen.PERIPHERAL_BLOOD})
"""Specimens of which a share of blasts is the protocol's."""


@dataclass(frozen=True, slots=True)
class Route:
    """One way to show disease: True shown, False excluded, None unknown."""

    shown: bool | None
    reason: Reason


def flow_route(burden: BurdenSection, *, protocol: Protocol, context: Context) -> Route:
    """Return what the tube says of disease."""
    match burden.state:
        case BurdenState.OVERT | BurdenState.MRD_POSITIVE if context.specimen not in COUNTED:
            # 5 % and the levels of MRD are of marrow or blood; what an effusion holds is a lesion.
            reason = _told("NOT_MARROW_OR_BLOOD", burden, specimen=context.specimen)
            return Route(shown=None, reason=reason)
        case BurdenState.OVERT | BurdenState.MRD_POSITIVE:
            return _quantified_route(burden, protocol, context)
        case BurdenState.NOT_DETECTED:
            return _clean_route(burden, context)
        case (
            BurdenState.MRD_BELOW_LLOQ
            | BurdenState.INDETERMINATE
            | BurdenState.INCONCLUSIVE
            | BurdenState.NOT_EVALUABLE
        ):
            return Route(shown=None, reason=Reason(f"BURDEN_{burden.state}", case="by_flow"))
        case _:
            assert_never(burden.state)


def _clean_route(burden: BurdenSection, context: Context) -> Route:
    """Return what a tube without disease excludes: that of its scope, in marrow that is marrow."""
    if context.specimen is not Specimen.BONE_MARROW:
        return Route(shown=None, reason=Reason("NOT_MARROW", specimen=context.specimen))
    against = codes(burden.notes)
    for code in ("HAEMODILUTION", "HAEMODILUTION_UNKNOWN"):
        if code in against:
            return Route(shown=None, reason=Reason("MARROW_IN_DOUBT", case=code.lower()))
    if burden.scope is None or not _holds_diagnosis(burden.scope, context):
        scope = "no disease" if burden.scope is None else burden.scope.value
        return Route(shown=None, reason=Reason(SCOPE_SHORT, scope=scope))
    return Route(shown=False, reason=Reason("NOT_DETECTED", scope=burden.scope))


def _holds_diagnosis(scope: Scope, context: Context) -> bool:
    """Whether a scope holds the patient's disease.

    The phenotype at diagnosis is that disease. With cytoplasmic CD3 in the tube every T-ALL without
    surface CD3 is seen, and populations with it are named; where the diagnosis is known to be T-ALL that
    is enough. CD7 may be lost, so that a scope that rests on it holds no diagnosis by itself.
    """
    match scope:
        case Scope.AT_DIAGNOSIS:
            return True
        case Scope.SCD3_NEGATIVE:
            return context.clinical is not None and context.clinical.is_t_all is True
        case Scope.CD7_POSITIVE:
            return False
        case _:
            assert_never(scope)


def _quantified_route(burden: BurdenSection, protocol: Protocol, context: Context) -> Route:
    """A share that was counted: overt disease first, then MRD, each where and when it counts."""
    blasts, mrd = protocol.blasts, protocol.mrd
    overt = burden.state is BurdenState.OVERT
    if burden.percent is not None and blasts is not None:
        overt = overt or blasts.level.holds(burden.percent)
    if blasts is not None and overt:
        route = Route(shown=True, reason=_told("DISEASE_OVERT", burden))
        return _where_it_counts(route, blasts, protocol, context)
    if mrd is not None:
        route = _mrd_route(burden, mrd, reviewed=context.reviewed)
        return _where_it_counts(route, mrd, protocol, context)
    if blasts is not None:
        return _below_limit_route(burden, protocol, context)
    return Route(shown=None, reason=_told("FLOW_COUNTS_NO_DISEASE", burden))


def _where_it_counts(
    route: Route, found: BlastsByFlow | MrdByFlow, protocol: Protocol, context: Context
) -> Route:
    """Return the route; unknown where the trial takes another specimen or time point."""
    if found.specimens != NOT_STATED and context.specimen not in found.specimens:
        accepted = tuple(found.specimens)
        other = Reason("SPECIMEN_NOT_ACCEPTED", specimen=context.specimen, accepted=accepted)
        return Route(shown=None, reason=other)
    elsewhen = at_timepoint(
        found.at, protocol, collected_at=context.collected_at, clinical=context.clinical
    )
    return route if elsewhen is None else Route(shown=None, reason=elsewhen)


def _mrd_route(burden: BurdenSection, mrd: MrdByFlow, *, reviewed: bool) -> Route:
    percent = burden.percent or 0.0
    if percent >= mrd.at_least_percent:
        return Route(shown=True, reason=_told("MRD_POSITIVE", burden))
    if percent < mrd.person_from_percent:
        lowest = mrd.person_from_percent
        return Route(shown=None, reason=_told("MRD_TOO_LOW", burden, limit=lowest))
    if reviewed:
        return Route(shown=True, reason=_told("MRD_CONFIRMED", burden))
    limit = mrd.at_least_percent
    return Route(shown=None, reason=_told("MRD_UNCONFIRMED", burden, limit=limit))


def _below_limit_route(burden: BurdenSection, protocol: Protocol, context: Context) -> Route:
    """MRD where the trial counts overt disease only: marrow clearly below the limit excludes it."""
    limit = protocol.burden.overt_percent
    high = burden.ci95_percent[1] if burden.ci95_percent is not None else None
    below = context.specimen is Specimen.BONE_MARROW and high is not None and high <= limit
    return Route(
        shown=False if below else None,
        reason=_told("BELOW_BURDEN_LIMIT", burden, limit=limit),
    )


def morphology_route(percent: float | None, *, protocol: Protocol) -> Route:
    """Return what blasts by morphology say of disease."""
    rule = protocol.morphology
    limit, strict = rule.threshold_percent, rule.operator == ">"
    if percent is None:
        return Route(shown=None, reason=Reason("MORPHOLOGY_UNKNOWN"))
    if not rule.holds(percent):
        code = "MORPHOLOGY_LOW" if strict else "MORPHOLOGY_BELOW"
        return Route(shown=False, reason=Reason(code, percent=percent, limit=limit))
    if protocol.routes.morphology:
        code = "MORPHOLOGY" if strict else "MORPHOLOGY_REACHED"
        return Route(shown=True, reason=Reason(code, percent=percent, limit=limit))
    return Route(
        shown=None,
        reason=Reason("DISCORDANT_FLOW_MORPHOLOGY", case="less", percent=percent),
    )


def _told(code: str, burden: BurdenSection, **said: object) -> Reason:
    """Return a reason that names the share of blasts, or that there is none."""
    if burden.percent is None:
        return Reason(code, case="no_share", **said)
    return Reason(code, percent=burden.percent, case="share", **said)
