"""CD5 states judged on read-outs small enough to count by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cd5flow.criteria.asked import ShareRule
from cd5flow.model.limits import Cd5Limits
from cd5flow.model.result import Cd5Section, Cd5State
from cd5flow.quantify.cd5 import Circumstances, judge_cd5, measure
from cd5flow.quantify.cuts import Readout
from support.lineage_factory import PROVEN, with_lineage
from support.readout_factory import AXIS, cd5_limits, readout, share_of
from support.share_rules import at_least

LIMITS = cd5_limits()
AT_LEAST_70 = at_least(70)
FINE = Circumstances(
    has_cd5=True,
    panel_gap=(),
    compensated=True,
    lineage=PROVEN,
    blast_events=0,
    quality_fail=False,
)


def judge(
    tube: Readout | None,
    *,
    threshold: ShareRule = AT_LEAST_70,
    limits: Cd5Limits = LIMITS,
    **circumstances: Any,
) -> Cd5Section:
    neighbours = circumstances.pop("neighbours", ())
    measured = None if tube is None else measure(tube, axis=AXIS, limits=limits)
    if tube is not None:
        circumstances.setdefault("blast_events", int(tube.blasts.size))
    return judge_cd5(
        measured,
        threshold=threshold,
        limits=limits,
        circumstances=replace(FINE, **with_lineage(circumstances)),
        neighbours=neighbours,
    )


def judge_share(positive: int, n: int, **how: Any) -> Cd5Section:
    """Judge n blasts of which so many are clearly positive."""
    return judge(readout(share_of(positive, n)), **how)


def codes(cd5: Cd5Section) -> list[str]:
    return [reason.code for reason in cd5.reasons]


def assert_withheld(cd5: Cd5Section, *expected: str) -> None:
    """Assert that there is neither state nor number, for these reasons."""
    assert cd5.state is Cd5State.NOT_EVALUABLE
    assert codes(cd5) == list(expected)
    assert cd5.percent is None
    assert cd5.ci95_percent is None
    assert cd5.band_percent is None
    assert cd5.pattern is None
    assert cd5.positive_events == 0
    assert cd5.cut is None or all(other.percent is None for other in cd5.cut.alternatives)
