"""Whether the gates of a tube lie and hold as they must for its numbers to be believed."""

from __future__ import annotations

from collections.abc import Iterator

from cd5flow.gating.state import GatingState
from cd5flow.gating.strategy import Strategy
from cd5flow.model.findings import Finding, warning
from cd5flow.model.reasons import Reason


def find_missing(strategy: Strategy, state: GatingState) -> tuple[Finding, ...]:
    """Return the gates without which a number has another meaning: what stands in is all or nothing."""
    return tuple(
        warning("GATE_MISSING", gate=spec.gate)
        for spec in strategy.gates
        if spec.gate in strategy.believed.found
        and state.applies(spec.needs, spec.unless)
        and spec.gate not in state.members
    )


def find_doubts(strategy: Strategy, state: GatingState) -> tuple[Reason, ...]:
    """Return why the numbers of a tube are not to be believed; empty where nothing speaks against.

    What was found of every gate's share and place is looked at once: here it is told which of it counts.
    """
    return tuple(_doubts(strategy, state))


def _doubts(strategy: Strategy, state: GatingState) -> Iterator[Reason]:
    believed = strategy.believed
    counts = {
        "GATE_MISSING": believed.found,
        "GATE_POSITION": believed.in_place,
        "GATE_SHARE": believed.in_share,
    }
    for finding in state.findings:
        gates = counts.get(finding.code, ())
        if finding.reason.values.get("gate") in gates:
            yield finding.reason
