"""Disease burden: blasts among the denominator, and what that number allows to be said.

States follow the value, not the time point. Limits come from the strategy (`BurdenLimits`) and the
protocol (`burden_limit_percent`); comparisons use unrounded values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cd5flow.model.limits import BurdenLimits
from cd5flow.model.populations import Lineage
from cd5flow.model.reasons import Reason
from cd5flow.model.result import BurdenAlternative, BurdenSection, BurdenState
from cd5flow.quantify.statistics import interval, share_percent, upper_limit

__all__ = ["BurdenCounts", "BurdenLimits", "judge_burden"]

Level = Literal[">=5%", "1-5%", "0.1-1%", "0.01-0.1%", "<0.01%"]

# The bins' lower bounds are their names, fixed by the result's schema; each holds its lower bound.
_LEVELS: tuple[tuple[float, Level], ...] = (
    (5.0, ">=5%"),
    (1.0, "1-5%"),
    (0.1, "0.1-1%"),
    (0.01, "0.01-0.1%"),
    (0.0, "<0.01%"),
)

_UNPROVEN = Reason("LINEAGE_UNPROVEN", case="cluster")


@dataclass(frozen=True, slots=True)
class OtherCount:
    """Events by another convention's denominator; None where the tube does not tell them."""

    rule: str
    events: int | None


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What a tube can detect and quantify, in percent of its denominator.

    Attributes:
        lod, lloq: the limits.
        by: what the LOD rests on: events over the denominator, or the laboratory's validation.
        reason_values: the same for a reason, whose case tells what the LOD rests on.
    """

    lod: float
    lloq: float
    by: Literal["count rule", "validated"]
    reason_values: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class BurdenCounts:
    """What gating counted, and what the panel allowed it to see.

    Attributes:
        blast_events: events in `blasts`.
        denominator_events: events in `nucleated`; None where it could not be gated.
        denominator_rule: its rule in words.
        lineage: what the blasts are, and what that rests on.
        distinguishable: whether panel and gates can tell T-ALL blasts from normal cells at all.
        countable: whether the number of blasts is known although they may not be told from normal
            cells: 0 where no population of the kind stands apart. None is as `distinguishable`.
        quality_fail: a quality check withholds states.
        others: the same tube by other conventions' denominators.
        unseen: disease that the panel is blind to, in words; empty where there is none.
    """

    blast_events: int
    denominator_events: int | None
    denominator_rule: str
    lineage: Lineage
    distinguishable: bool = True
    countable: bool | None = None
    quality_fail: bool = False
    others: tuple[OtherCount, ...] = ()
    unseen: str = ""

    def __post_init__(self) -> None:
        if self.blast_events < 0 or (self.denominator_events or 0) < 0:
            raise ValueError("counts cannot be negative")
        if self.denominator_events is not None and self.blast_events > self.denominator_events:
            raise ValueError(
                f"{self.blast_events:,} blasts do not lie within "
                f"{self.denominator_events:,} events of the denominator"
            )


def judge_burden(
    counts: BurdenCounts, *, limits: BurdenLimits, burden_limit_percent: float
) -> BurdenSection:
    """Return the share of blasts with its interval, limits and state.

    Where blasts cannot be told from normal cells the share is unknown, not 0.

    Args:
        counts: what gating counted.
        limits: the strategy's event limits.
        burden_limit_percent: the protocol's limit; OVERT lies above it.
    """
    n, total = counts.blast_events, counts.denominator_events or 0
    countable = counts.distinguishable if counts.countable is None else counts.countable
    percent = share_percent(n, total) if total and countable else None
    # A count of nothing found bounds the share only where the blasts could have been found.
    measured = percent is not None and counts.distinguishable
    reached = _sensitivity(total, limits)
    state, reasons = _judge(counts, percent, reached, limits, burden_limit_percent)
    quantified = state in {BurdenState.OVERT, BurdenState.MRD_POSITIVE}
    return BurdenSection(
        state=state,
        reasons=reasons,
        percent=percent,
        blast_events=n,
        denominator=counts.denominator_rule,
        denominator_events=total,
        ci95_percent=interval(n, total, method=limits.interval) if measured else None,
        upper95_percent=upper_limit(n, total) if measured else None,
        lod_percent=None if reached is None else reached.lod,
        lloq_percent=None if reached is None else reached.lloq,
        level=_level(percent) if quantified and percent is not None else None,
        ci_method=limits.interval if measured else None,
        lod_by=None if reached is None else reached.by,
        alternatives=tuple(_alternative(o, n, known=percent is not None) for o in counts.others),
    )


def _alternative(other: OtherCount, blasts: int, *, known: bool) -> BurdenAlternative:
    """Return the share by another denominator, where there is one and the blasts are counted."""
    percent = None
    if known and other.events is not None and other.events >= blasts:
        percent = share_percent(blasts, other.events)
    return BurdenAlternative(denominator=other.rule, events=other.events, percent=percent)


def _sensitivity(total: int, limits: BurdenLimits) -> Sensitivity | None:
    """Return LOD and LLOQ: event limits over N, but never below what the laboratory validated.

    A limit of blank stands for a LOD that is no lower: what the same gate finds in healthy tissue
    does not grow less with more events.
    """
    if total == 0:
        return None
    count = 100 * limits.lod_events / total
    validated = max(limits.validated_lod_percent or 0.0, limits.validated_lob_percent or 0.0)
    lod = max(count, validated)
    lloq = max(100 * limits.lloq_events / total, lod)
    if validated > count:
        return Sensitivity(lod, lloq, "validated", {"case": "validated", "lod": lod})
    rule: dict[str, object] = {
        "case": "count_rule",
        "lod": lod,
        "lod_events": limits.lod_events,
        "total": total,
    }
    return Sensitivity(lod, lloq, "count rule", rule)


def _judge(
    counts: BurdenCounts,
    percent: float | None,
    reached: Sensitivity | None,
    limits: BurdenLimits,
    burden_limit_percent: float,
) -> tuple[BurdenState, tuple[Reason, ...]]:
    withheld = _withheld(counts)
    if withheld or reached is None:
        return BurdenState.NOT_EVALUABLE, withheld
    if percent is None or not counts.distinguishable:
        unproven_too = (_UNPROVEN,) if counts.lineage.unproven_cluster else ()
        return BurdenState.INCONCLUSIVE, (
            Reason("BLASTS_NOT_DISTINGUISHABLE"),
            *unproven_too,
        )
    clustered = counts.lineage.cluster and counts.blast_events >= limits.cluster_events
    detected = clustered and counts.blast_events >= limits.lod_events and percent >= reached.lod
    unproven = counts.lineage.unproven_cluster or (clustered and not counts.lineage.is_proven)
    if unproven and not (detected and counts.lineage.is_proven):
        return BurdenState.INCONCLUSIVE, (_UNPROVEN,)
    notes = _notes(counts, unproven=unproven, clustered=clustered)
    if detected:
        return _detected(counts, percent, limits, burden_limit_percent, notes)
    if clustered:
        reason = Reason("BELOW_LOD", blasts=counts.blast_events, **reached.reason_values)
        return BurdenState.INDETERMINATE, (reason, *notes)
    return _not_seen(counts, reached, limits, notes)


def _withheld(counts: BurdenCounts) -> tuple[Reason, ...]:
    """Return why no state can be given at all; empty where one can."""
    reasons: list[Reason] = []
    if counts.quality_fail:
        reasons.append(Reason("QUALITY_FAIL", case="withheld"))
    if not counts.denominator_events:
        reasons.append(Reason("NO_DENOMINATOR", case="empty", rule=counts.denominator_rule))
    return tuple(reasons)


def _notes(counts: BurdenCounts, *, unproven: bool, clustered: bool) -> tuple[Reason, ...]:
    notes: list[Reason] = []
    if unproven:
        notes.append(Reason("LINEAGE_UNPROVEN", case="beside"))
    if counts.blast_events and not clustered:
        notes.append(Reason("NO_CLUSTER", events=counts.blast_events))
    return tuple(notes)


def _detected(
    counts: BurdenCounts,
    percent: float,
    limits: BurdenLimits,
    burden_limit_percent: float,
    notes: tuple[Reason, ...],
) -> tuple[BurdenState, tuple[Reason, ...]]:
    share: dict[str, object] = {
        "blasts": counts.blast_events,
        "total": counts.denominator_events,
        "percent": percent,
    }
    if counts.blast_events < limits.lloq_events:
        reason = Reason("BELOW_LLOQ", least=limits.lloq_events, **share)
        return BurdenState.MRD_BELOW_LLOQ, (reason, *notes)
    if percent > burden_limit_percent:
        reason = Reason("ABOVE_BURDEN_LIMIT", limit=burden_limit_percent, **share)
        return BurdenState.OVERT, (reason, *notes)
    reason = Reason("MRD_QUANTIFIED", limit=burden_limit_percent, **share)
    return BurdenState.MRD_POSITIVE, (reason, *notes)


def _not_seen(
    counts: BurdenCounts, reached: Sensitivity, limits: BurdenLimits, notes: tuple[Reason, ...]
) -> tuple[BurdenState, tuple[Reason, ...]]:
    """Return what may be said where nothing was seen: never without the sensitivity."""
    required = limits.required_lod_percent
    seen = limits.cluster_events
    high = upper_limit(counts.blast_events, counts.denominator_events or 0)
    # As many events as a detection asks for are only seen where nothing else lies in their place.
    scattered = share_percent(counts.blast_events, counts.denominator_events or 0) or 0.0
    if counts.blast_events >= limits.lod_events:
        reason = Reason(
            "SCATTER_HIDES", events=counts.blast_events, percent=scattered, cluster=seen
        )
        return BurdenState.INCONCLUSIVE, (reason, *notes)
    if reached.lod <= required and counts.unseen:
        reason = Reason("PANEL_BLIND", cluster=seen, unseen=counts.unseen, **reached.reason_values)
        return BurdenState.INCONCLUSIVE, (reason, *notes)
    if reached.lod <= required:
        reason = Reason("NO_CLUSTER_SEEN", cluster=seen, high=high, **reached.reason_values)
        return BurdenState.NOT_DETECTED, (reason, *notes)
    reason = Reason("SENSITIVITY_TOO_LOW", cluster=seen, required=required, **reached.reason_values)
    return BurdenState.INCONCLUSIVE, (reason, *notes)


def _level(percent: float) -> Level:
    return next(name for lower, name in _LEVELS if percent >= lower)
