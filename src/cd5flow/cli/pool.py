"""`cd5flow pool`: the tubes of one specimen counted as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cd5flow.analysis.pooling import pool_results
from cd5flow.cli.results_given import read_results
from cd5flow.cli.summary import burden_words
from cd5flow.cli.terminal import emit, show
from cd5flow.model.reasons import sentence
from cd5flow.model.result import BurdenSection


def run(
    results: Sequence[Path], *, strategy: str | None, protocol: str | None, as_json: bool
) -> None:
    """Pool, print."""
    pooled = pool_results(read_results(results), strategy=strategy, protocol=protocol)
    if as_json:
        emit(pooled.to_json())
        return
    names = ", ".join(pooled.samples)
    if pooled.burden is None:
        show(f"NOT POOLED: {names}", style="look")
    else:
        show(f"POOLED: {names}, specimen {pooled.specimen_id}, lot {pooled.panel_lot}")
        for line in _lines(pooled.burden):
            show(f"  {line}")
    for reason in pooled.reasons:
        show(f"  {sentence(reason)}")


def _lines(burden: BurdenSection) -> Iterator[str]:
    yield f"burden     {burden_words(burden)}"
    if burden.upper95_percent is not None:
        yield f"           one-sided upper 95 % limit {burden.upper95_percent:.2g} %"
    yield f"           of {burden.denominator}"
    for other in burden.alternatives:
        if other.percent is not None:
            yield f"           {other.percent:.3g} % of {other.events:,} {other.denominator}"
    for reason in burden.reasons:
        yield f"           {sentence(reason)}"
