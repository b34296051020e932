"""Several tubes of one specimen counted as one, where nothing speaks against it.

Counts are added, never percentages averaged. The gates must be the same ones, so strategy, lineage
rule, denominator and panel lot must agree, and what is not known does not agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar, Final, Literal

from pydantic import Field

from cd5flow.model.limits import BurdenLimits
from cd5flow.model.populations import Lineage
from cd5flow.model.reasons import Reason, ReasonData, codes
from cd5flow.model.result import (
    BurdenSection,
    BurdenState,
    ProtocolReference,
    QualityState,
    Result,
    Scope,
    StrategySection,
)
from cd5flow.model.section import Document
from cd5flow.quantify.burden import BurdenCounts, OtherCount, judge_burden

WITH_CLUSTER: Final = frozenset(
    {
        BurdenState.OVERT,
        BurdenState.MRD_POSITIVE,
        BurdenState.MRD_BELOW_LLOQ,
        BurdenState.INDETERMINATE,
    }
)
"""States of tubes whose blasts lie together as a population does."""

FEW_CELLS: Final = frozenset({"SENSITIVITY_TOO_LOW", "LOOK_ALIKES"})
"""Why a tube is INCONCLUSIVE where more cells may settle it."""


class Pooled(Document):
    """What several tubes of one specimen say of the burden together."""

    reason_fields: ClassVar[Mapping[str, str]] = {"reasons": "reason_data"}

    schema_: Literal["cd5flow.pooled/1"] = Field(default="cd5flow.pooled/1", alias="schema")
    samples: tuple[str, ...]
    pooled: bool = Field(description="whether the tubes may be counted as one")
    reasons: tuple[Reason, ...] = Field(
        description="why they may not, or what is to be known of the pooled count, as CODE: sentence"
    )
    reason_data: tuple[ReasonData, ...] = ()
    specimen_id: str | None
    panel_lot: str | None
    strategy: StrategySection | None
    protocol: ProtocolReference | None
    burden: BurdenSection | None


def pool(results: Sequence[Result], *, limits: BurdenLimits, burden_limit_percent: float) -> Pooled:
    """Return the pooled burden, or every reason why the tubes are not pooled.

    Args:
        results: the tubes, in any order.
        limits: of the strategy that all were analysed by.
        burden_limit_percent: of the protocol; OVERT lies above it.
    """
    against = tuple(_against(results))
    samples = tuple(result.sample.id for result in results)
    if against:
        return Pooled(
            samples=samples,
            pooled=False,
            reasons=against,
            specimen_id=None,
            panel_lot=None,
            strategy=None,
            protocol=None,
            burden=None,
        )
    first = results[0]
    clustered = [r for r in results if r.burden.state in WITH_CLUSTER]
    counted = clustered or results
    burden = judge_burden(
        BurdenCounts(
            blast_events=sum(r.burden.blast_events for r in counted),
            look_alike_events=sum(r.burden.look_alike_events for r in results),
            denominator_events=sum(r.burden.denominator_events for r in results),
            denominator_rule=first.burden.denominator,
            lineage=Lineage(name=counted[0].strategy.lineage, cluster=bool(clustered)),
            scope=_scope(results),
            others=_others(results),
        ),
        limits=limits,
        burden_limit_percent=burden_limit_percent,
    )
    return Pooled(
        samples=samples,
        pooled=True,
        reasons=(Reason("POOLED", tubes=len(results)),),
        specimen_id=first.sample.identifiers["specimen_id"],
        panel_lot=first.sample.identifiers["panel_lot"],
        strategy=first.strategy,
        protocol=ProtocolReference.model_validate(first.protocol.model_dump(exclude={"rules"})),
        burden=burden,
    )


def _scope(results: Sequence[Result]) -> Scope | None:
    """Return the disease of which all tubes speak; None where one could not have shown it."""
    scopes = {result.burden.scope for result in results}
    return scopes.pop() if len(scopes) == 1 else None


def _against(results: Sequence[Result]) -> Iterator[Reason]:
    """Yield every reason against counting tubes as one."""
    if len(results) < 2:
        yield Reason("ONE_TUBE", results=len(results))
        return
    for code, value_of in _MUST_AGREE:
        values = [value_of(result) for result in results]
        if None in values:
            names = [r.sample.id for r, v in zip(results, values, strict=True) if v is None]
            yield Reason(code, case="unknown", samples=names)
        elif len(set(values)) > 1:
            yield Reason(code, case="differs", found=sorted({str(v) for v in values}))
    for code, value_of in _MUST_NOT_DIFFER:
        known = sorted({str(v) for r in results if (v := value_of(r)) is not None})
        if len(known) > 1:
            yield Reason(code, case="differs", found=known)
    hashes = [result.sample.sha256 for result in results]
    if len(set(hashes)) < len(hashes):
        yield Reason("SAME_FILE", case="tubes")
    for result in results:
        yield from _unfit(result)
    lineages = sorted({r.strategy.lineage for r in results if r.burden.state in WITH_CLUSTER})
    if len(lineages) > 1:
        yield Reason("OTHER_LINEAGE", rules=lineages)


def _unfit(result: Result) -> Iterator[Reason]:
    """Yield why a tube's counts are none to add."""
    name, burden = result.sample.id, result.burden
    if result.quality.state == QualityState.FAIL:
        yield Reason("QUALITY_FAIL", case="of_sample", sample=name)
    elif burden.state is BurdenState.NOT_EVALUABLE:
        yield Reason("BURDEN_NOT_EVALUABLE", case="of_sample", sample=name)
    elif burden.state is BurdenState.INCONCLUSIVE and (
        burden.percent is None or not codes(burden.reasons) <= FEW_CELLS
    ):
        yield Reason("BURDEN_INCONCLUSIVE", case="of_sample", sample=name)
    if result.overrides:
        yield Reason("GATED_BY_HAND", sample=name)


def _others(results: Sequence[Result]) -> tuple[OtherCount, ...]:
    """Return the other denominators, added up; unknown where one tube does not tell them."""
    rules = dict.fromkeys(a.denominator for r in results for a in r.burden.alternatives)
    counts = []
    for rule in rules:
        events = [
            next((a.events for a in r.burden.alternatives if a.denominator == rule), None)
            for r in results
        ]
        known = [n for n in events if n is not None]
        counts.append(OtherCount(rule, sum(known) if len(known) == len(events) else None))
    return tuple(counts)


def _gates(result: Result) -> str:
    imported = result.strategy.imported
    name = f"{result.strategy.name} {result.strategy.version} ({result.strategy.sha256[:12]})"
    return name if imported is None else f"{name} with {imported.file} ({imported.sha256[:12]})"


def _markers(result: Result) -> str:
    return " ".join(sorted(entry.marker for entry in result.panel if entry.marker is not None))


def _therapies(result: Result) -> str:
    return ", ".join(sorted(result.sample.prior_therapy)) or "none"


_ValueOf = Callable[[Result], str | None]

_MUST_AGREE: Final[tuple[tuple[str, _ValueOf], ...]] = (
    ("OTHER_SPECIMEN", lambda r: r.sample.identifiers.get("specimen_id")),
    ("OTHER_LOT", lambda r: r.sample.identifiers.get("panel_lot")),
    ("OTHER_STRATEGY", _gates),
    ("OTHER_PROTOCOL", lambda r: f"{r.protocol.name} ({r.protocol.sha256[:12]})"),
    ("OTHER_PANEL", _markers),
    ("OTHER_DENOMINATOR", lambda r: r.burden.denominator),
    ("OTHER_THERAPY", _therapies),
    ("OTHER_TIMEPOINT", lambda r: r.sample.timepoint.value),
)
"""What must be known of every tube, and one and the same."""

_MUST_NOT_DIFFER: Final[tuple[tuple[str, _ValueOf], ...]] = (
    ("OTHER_PATIENT", lambda r: r.sample.patient_id),
    ("OTHER_CYTOMETER", lambda r: r.sample.cytometer),
)
"""What may be unknown, but not two things."""
