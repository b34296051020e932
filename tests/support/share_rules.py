"""Rules for a share, shortly."""

from __future__ import annotations

from cd5flow.criteria.asked import ShareRule


def share_rule(operator: str, percent: float) -> ShareRule:
    return ShareRule.model_validate({"operator": operator, "threshold_percent": percent})


def at_least(percent: float) -> ShareRule:
    return share_rule(">=", percent)


def over(percent: float) -> ShareRule:
    return share_rule(">", percent)
