"""Ways to show disease: by flow and by morphology, each shown, excluded or unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from cd5flow.criteria.bounds import Context
from cd5flow.criteria.protocol import Protocol
from cd5flow.model.reasons import Reason
from cd5flow.model.result import BurdenSection, BurdenState, Specimen


@dataclass(frozen=True, slots=True)
class Route:
    """One way to show disease: True shown, False excluded, None unknown."""

    shown: bool | None
    reason: Reason


def flow_route(burden: BurdenSection, *, protocol: Protocol, context: Context) -> Route:
    """Return what the tube says of disease."""
    match burden.state:
        case BurdenState.OVERT:
            return Route(shown=True, reason=_told("DISEASE_OVERT", burden))
        case BurdenState.MRD_POSITIVE:
            return _mrd_route(burden, protocol, context)
        case BurdenState.NOT_DETECTED:
            if context.specimen is Specimen.BONE_MARROW:
                return Route(shown=False, reason=Reason("NOT_DETECTED"))
            return Route(shown=None, reason=Reason("NOT_MARROW", specimen=context.specimen))
        case (
            BurdenState.MRD_BELOW_LLOQ
            | BurdenState.INDETERMINATE
            | BurdenState.INCONCLUSIVE
            | BurdenState.NOT_EVALUABLE
        ):
            return Route(shown=None, reason=Reason(f"BURDEN_{burden.state}", case="by_flow"))
        case _:
            assert_never(burden.state)


def _mrd_route(burden: BurdenSection, protocol: Protocol, context: Context) -> Route:
    rule, percent = protocol.burden, burden.percent or 0.0
    if not protocol.routes.mrd:
        return _below_limit_route(burden, protocol, context)
    if percent >= rule.mrd_percent_without_review:
        return Route(shown=True, reason=_told("MRD_POSITIVE", burden))
    if percent < rule.mrd_percent_with_review:
        lowest = rule.mrd_percent_with_review
        return Route(shown=None, reason=_told("MRD_TOO_LOW", burden, limit=lowest))
    if context.reviewed:
        return Route(shown=True, reason=_told("MRD_CONFIRMED", burden))
    limit = rule.mrd_percent_without_review
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
    limit = protocol.burden.morphology_percent
    if percent is None:
        return Route(shown=None, reason=Reason("MORPHOLOGY_UNKNOWN"))
    if percent <= limit:
        return Route(shown=False, reason=Reason("MORPHOLOGY_LOW", percent=percent, limit=limit))
    if protocol.routes.morphology:
        return Route(shown=True, reason=Reason("MORPHOLOGY", percent=percent, limit=limit))
    return Route(
        shown=None,
        reason=Reason("DISCORDANT_FLOW_MORPHOLOGY", case="less", percent=percent),
    )


def _told(code: str, burden: BurdenSection, **limit: float) -> Reason:
    """Return a reason that names the share of blasts, or that there is none."""
    if burden.percent is None:
        return Reason(code, case="no_share", **limit)
    return Reason(code, percent=burden.percent, case="share", **limit)
