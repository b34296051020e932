"""Ways to show disease: by flow and by morphology, each shown, excluded or unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from cd5flow.criteria.bounds import Context
from cd5flow.criteria.protocol import Protocol
from cd5flow.model.result import BurdenSection, BurdenState, Specimen


@dataclass(frozen=True, slots=True)
class Route:
    """One way to show disease: True shown, False excluded, None unknown."""

    shown: bool | None
    reason: str


def flow_route(burden: BurdenSection, *, protocol: Protocol, context: Context) -> Route:
    """Return what the tube says of disease."""
    match burden.state:
        case BurdenState.OVERT:
            return Route(shown=True, reason=f"DISEASE_OVERT: {_share(burden)} by flow")
        case BurdenState.MRD_POSITIVE:
            return _mrd_route(burden, protocol, context)
        case BurdenState.NOT_DETECTED:
            if context.specimen is Specimen.BONE_MARROW:
                return Route(shown=False, reason="NOT_DETECTED: no disease in marrow by flow")
            return Route(
                shown=None,
                reason=f"NOT_MARROW: no disease by flow, but the specimen is {context.specimen}",
            )
        case (
            BurdenState.MRD_BELOW_LLOQ
            | BurdenState.INDETERMINATE
            | BurdenState.INCONCLUSIVE
            | BurdenState.NOT_EVALUABLE
        ):
            return Route(shown=None, reason=f"BURDEN_{burden.state}: flow does not show disease")
        case _:
            assert_never(burden.state)


def _mrd_route(burden: BurdenSection, protocol: Protocol, context: Context) -> Route:
    rule, percent = protocol.burden, burden.percent or 0.0
    share = _share(burden)
    if not protocol.routes.mrd:
        return _below_limit_route(burden, protocol, context)
    if percent >= rule.mrd_percent_without_review:
        return Route(shown=True, reason=f"MRD_POSITIVE: {share} by flow")
    if percent < rule.mrd_percent_with_review:
        lowest = rule.mrd_percent_with_review
        return Route(shown=None, reason=f"MRD_TOO_LOW: {share}, less than {lowest:g} %")
    if context.reviewed:
        return Route(shown=True, reason=f"MRD_CONFIRMED: {share} by flow, confirmed by a reviewer")
    return Route(
        shown=None,
        reason=f"MRD_UNCONFIRMED: {share}; below {rule.mrd_percent_without_review:g} % a reviewer "
        "confirms",
    )


def _below_limit_route(burden: BurdenSection, protocol: Protocol, context: Context) -> Route:
    """MRD where the trial counts overt disease only: marrow clearly below the limit excludes it."""
    limit = protocol.burden.overt_percent
    high = burden.ci95_percent[1] if burden.ci95_percent is not None else None
    below = context.specimen is Specimen.BONE_MARROW and high is not None and high <= limit
    return Route(
        shown=False if below else None,
        reason=f"BELOW_BURDEN_LIMIT: {_share(burden)} by flow, not over {limit:g} %",
    )


def morphology_route(percent: float | None, *, protocol: Protocol) -> Route:
    """Return what blasts by morphology say of disease."""
    limit = protocol.burden.morphology_percent
    if percent is None:
        return Route(shown=None, reason="MORPHOLOGY_UNKNOWN: blasts by morphology not given")
    if percent <= limit:
        return Route(
            shown=False, reason=f"MORPHOLOGY_LOW: {percent:g} % by morphology, not over {limit:g} %"
        )
    if protocol.routes.morphology:
        return Route(shown=True, reason=f"MORPHOLOGY: {percent:g} % blasts, over {limit:g} %")
    return Route(
        shown=None,
        reason=f"DISCORDANT_FLOW_MORPHOLOGY: {percent:g} % blasts by morphology, less by flow",
    )


def _share(burden: BurdenSection) -> str:
    return "no share" if burden.percent is None else f"{burden.percent:.4g} % blasts"
