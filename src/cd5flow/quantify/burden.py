"""Disease burden: blasts among the denominator, and what that number allows to be said.

States follow the value, not the time point. Limits come from the strategy (`BurdenLimits`) and the
protocol (`burden_limit_percent`); comparisons use unrounded values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from cd5flow.model.basis_sections import BurdenBasis, LineageBasis
from cd5flow.model.limits import BurdenLimits
from cd5flow.model.populations import Lineage
from cd5flow.model.reasons import Reason
from cd5flow.model.result import BurdenAlternative, BurdenSection, BurdenState, Scope
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

_NOTHING_CALLED = frozenset({BurdenState.NOT_DETECTED, BurdenState.INCONCLUSIVE})
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
        look_alike_events: scattered cells that pass the lineage gates as blasts do.
        denominator_events: events in `nucleated`; None where it could not be gated.
        denominator_rule: its rule in words.
        lineage: what the blasts are, and what that rests on.
        scope: the disease that the tube would have shown; None where it has no name.
        cd7_unused: whether an earlier therapy took CD7 away from the search.
        searched: whether panel and gates allowed blasts to be looked for at all.
        countable: whether finding none is a count of 0 although they were not; None is as `searched`.
        undecided: populations that may be disease and that nothing decides, each as a reason.
        quality_fail: a quality check withholds states.
        others: the same tube by other conventions' denominators.
    """

    blast_events: int
    look_alike_events: int = 0
    denominator_events: int | None
    denominator_rule: str
    lineage: Lineage
    scope: Scope | None = None
    cd7_unused: bool = False
    searched: bool = True
    countable: bool | None = None
    undecided: tuple[Reason, ...] = ()
    quality_fail: bool = False
    others: tuple[OtherCount, ...] = ()

    def __post_init__(self) -> None:
        if min(self.blast_events, self.look_alike_events, self.denominator_events or 0) < 0:
            raise ValueError("counts cannot be negative")
        within = self.blast_events + self.look_alike_events
        if self.denominator_events is not None and within > self.denominator_events:
            raise ValueError(
                f"{self.blast_events:,} blasts and {self.look_alike_events:,} cells like them do not "
                f"lie within {self.denominator_events:,} events of the denominator"
            )

    @property
    def open_questions(self) -> tuple[Reason, ...]:
        """Everything that keeps "no disease" from being said, whatever the sensitivity."""
        unproven = self.lineage.unproven_cluster or (
            self.lineage.cluster and not self.lineage.is_proven
        )
        return ((_UNPROVEN,) if unproven else ()) + self.undecided

    def accepted_events(self, least: int) -> int:
        """Return how many events are a population of proven blasts of at least so many; else 0."""
        lies_together = self.lineage.cluster and self.lineage.is_proven
        return self.blast_events if lies_together and self.blast_events >= least else 0

    def scattered_events(self, least: int) -> int:
        """Return how many cells look like blasts and are no population of at least so many."""
        few = self.lineage.is_proven and not self.accepted_events(least)
        return self.look_alike_events + (self.blast_events if few else 0)


def judge_burden(
    counts: BurdenCounts, *, limits: BurdenLimits, burden_limit_percent: float
) -> BurdenSection:
    """Return the share of blasts with its interval, limits and state.

    The share is of what is called disease. It is unknown, not 0, without a denominator, and where a
    population that may be disease is not decided while no other is called so.

    Args:
        counts: what gating counted.
        limits: the strategy's event limits.
        burden_limit_percent: the protocol's limit; OVERT lies above it.
    """
    total = counts.denominator_events or 0
    accepted = counts.accepted_events(limits.cluster_events)
    countable = counts.searched if counts.countable is None else counts.countable
    known = bool(accepted) or (countable and not counts.open_questions)
    n = accepted
    percent = share_percent(n, total) if total and known else None
    # A count of nothing found bounds the share only where the blasts could have been found.
    measured = percent is not None and (counts.searched or bool(accepted))
    reached = _sensitivity(total, limits)
    state, reasons = _judge(counts, percent, reached, limits, burden_limit_percent)
    quantified = state in {BurdenState.OVERT, BurdenState.MRD_POSITIVE}
    return BurdenSection(
        state=state,
        reasons=reasons,
        percent=percent,
        blast_events=n,
        look_alike_events=counts.scattered_events(limits.cluster_events),
        denominator=counts.denominator_rule,
        denominator_events=total,
        ci95_percent=interval(n, total, method=limits.interval) if measured else None,
        upper95_percent=upper_limit(n, total) if measured else None,
        lod_percent=None if reached is None else reached.lod,
        lloq_percent=None if reached is None else reached.lloq,
        level=_level(percent) if quantified and percent is not None else None,
        scope=counts.scope if state in _NOTHING_CALLED else None,
        ci_method=limits.interval if measured else None,
        lod_by=None if reached is None else reached.by,
        alternatives=tuple(_alternative(o, n, known=percent is not None) for o in counts.others),
        basis=_basis(counts, limits),
    )


def counts_of(burden: BurdenSection, basis: BurdenBasis, *, quality_fail: bool) -> BurdenCounts:
    """Return what gating had counted, from a stored burden: `judge_burden` says the same of it."""
    return BurdenCounts(
        blast_events=basis.blast_events,
        look_alike_events=basis.look_alike_events,
        denominator_events=burden.denominator_events if basis.denominator_known else None,
        denominator_rule=burden.denominator,
        lineage=basis.lineage.lineage,
        scope=basis.scope,
        cd7_unused=basis.cd7_unused,
        searched=basis.searched,
        countable=basis.countable,
        undecided=basis.undecided,
        quality_fail=quality_fail,
        others=tuple(OtherCount(one.denominator, one.events) for one in burden.alternatives),
    )


def _basis(counts: BurdenCounts, limits: BurdenLimits) -> BurdenBasis:
    return BurdenBasis(
        lineage=LineageBasis.of(counts.lineage),
        blast_events=counts.blast_events,
        look_alike_events=counts.look_alike_events,
        denominator_known=counts.denominator_events is not None,
        cd7_unused=counts.cd7_unused,
        searched=counts.searched,
        countable=counts.countable,
        scope=counts.scope,
        undecided=counts.undecided,
        limits=limits,
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
    lloq = max(100 * limits.lloq_events / total, limits.validated_lloq_percent or 0.0, lod)
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
    accepted = counts.accepted_events(limits.cluster_events)
    if accepted and percent is not None:
        beside = (Reason("LINEAGE_UNPROVEN", case="beside"),)
        notes = (beside if counts.lineage.unproven_cluster else ()) + counts.undecided
        state, reason = _detected(
            counts, percent, reached, limits=limits, burden_limit_percent=burden_limit_percent
        )
        return state, (reason, *notes)
    return _not_seen(counts, reached, limits)


def _withheld(counts: BurdenCounts) -> tuple[Reason, ...]:
    """Return why no state can be given at all; empty where one can."""
    reasons: list[Reason] = []
    if counts.quality_fail:
        reasons.append(Reason("QUALITY_FAIL", case="withheld"))
    if not counts.denominator_events:
        reasons.append(Reason("NO_DENOMINATOR", case="empty", rule=counts.denominator_rule))
    return tuple(reasons)


def _detected(
    counts: BurdenCounts,
    percent: float,
    reached: Sensitivity,
    *,
    limits: BurdenLimits,
    burden_limit_percent: float,
) -> tuple[BurdenState, Reason]:
    """Return what a population of proven blasts is called by its number."""
    n = counts.blast_events
    lob = limits.validated_lob_percent
    if n < limits.lod_events or percent < reached.lod or (lob is not None and percent <= lob):
        return BurdenState.INDETERMINATE, Reason("BELOW_LOD", blasts=n, **reached.reason_values)
    share: dict[str, object] = {
        "blasts": n,
        "total": counts.denominator_events,
        "percent": percent,
    }
    if n < limits.lloq_events:
        reason = Reason("BELOW_LLOQ", case="count_rule", least=limits.lloq_events, **share)
        return BurdenState.MRD_BELOW_LLOQ, reason
    if percent < reached.lloq:
        reason = Reason("BELOW_LLOQ", case="validated", lloq=reached.lloq, **share)
        return BurdenState.MRD_BELOW_LLOQ, reason
    if percent > burden_limit_percent:
        return BurdenState.OVERT, Reason("ABOVE_BURDEN_LIMIT", limit=burden_limit_percent, **share)
    return BurdenState.MRD_POSITIVE, Reason("MRD_QUANTIFIED", limit=burden_limit_percent, **share)


def _not_seen(
    counts: BurdenCounts, reached: Sensitivity, limits: BurdenLimits
) -> tuple[BurdenState, tuple[Reason, ...]]:
    """Return what may be said where no disease was seen: never without sensitivity and scope."""
    total = counts.denominator_events or 0
    notes: tuple[Reason, ...] = ()
    if scattered := counts.scattered_events(limits.cluster_events):
        share = share_percent(scattered, total) or 0.0
        notes = (Reason("LOOK_ALIKES", events=scattered, percent=share),)
    against = tuple(_against_clean(counts, reached, limits))
    if against or counts.scope is None:
        return BurdenState.INCONCLUSIVE, against + notes
    reason = Reason(
        "NO_CLUSTER_SEEN",
        scope=counts.scope,
        cluster=limits.cluster_events,
        high=upper_limit(0, total),
        **reached.reason_values,
    )
    return BurdenState.NOT_DETECTED, (reason, *notes)


def _against_clean(
    counts: BurdenCounts, reached: Sensitivity, limits: BurdenLimits
) -> Iterator[Reason]:
    """Yield everything for which a tube without a population of blasts is not called clean."""
    if not counts.searched:
        yield Reason("BLASTS_NOT_DISTINGUISHABLE")
    yield from counts.open_questions
    if not counts.searched or counts.open_questions:
        return
    if counts.scope is None:
        yield Reason("NO_SCOPE", case="after_cd7_car" if counts.cd7_unused else "panel")
    seen = limits.cluster_events
    if reached.lod > limits.required_lod_percent:
        yield Reason(
            "SENSITIVITY_TOO_LOW",
            cluster=seen,
            required=limits.required_lod_percent,
            **reached.reason_values,
        )
    lob = limits.validated_lob_percent
    if lob is not None and reached.lod <= lob:
        yield Reason("NOT_ABOVE_BLANK", lob=lob)


def _level(percent: float) -> Level:
    return next(name for lower, name in _LEVELS if percent >= lower)
