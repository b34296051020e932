"""What blasts are counted against: the rule of the denominator in words, and other conventions."""

from __future__ import annotations

import numpy as np

from cd5flow.gating.state import applies
from cd5flow.gating.strategy import Strategy
from cd5flow.model.limits import BurdenLimits, OtherDenominator
from cd5flow.model.names import BLASTS, DENOMINATOR
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Gating
from cd5flow.model.reasons import Reason, sentence, written
from cd5flow.quantify.burden import OtherCount


def denominator_rule(gating: Gating, strategy: Strategy, panel: Panel) -> Reason:
    """Return the denominator's rule in words, also where this tube gives none."""
    if DENOMINATOR in gating.tree:
        note = gating.tree[DENOMINATOR].evidence.note
        if sentence(note) == gating.denominator_rule:  # an imported gate is its own rule
            return note
    if gating.denominator_rule:
        return written(gating.denominator_rule)
    rules = [g for g in (*strategy.gates, *strategy.after) if g.gate == DENOMINATOR]
    rule = next((g for g in rules if applies(panel, g.needs, g.unless)), rules[0])
    return Reason("DENOMINATOR_RULE", rule=rule.why.strip())


def other_counts(gating: Gating, limits: BurdenLimits) -> tuple[OtherCount, ...]:
    """Return the tube's events by every other convention of a strategy."""
    return tuple(OtherCount(o.rule, _events(gating, o)) for o in limits.other_denominators)


def _events(gating: Gating, other: OtherDenominator) -> int | None:
    """Return how many events count; None where a population that the rule names was not found."""
    whole = gating.members.get(other.population)
    outside = [gating.members.get(name) for name in other.outside]
    left = [mask for mask in outside if mask is not None]
    if whole is None or len(left) < len(outside):
        return None
    counted = whole & ~np.logical_or.reduce(left) if left else whole
    blasts = gating.members.get(BLASTS)
    if blasts is not None:
        counted = counted | (whole & blasts)
    return int(np.count_nonzero(counted))
