"""Whether the gates of a tube lie and hold as they must for its numbers to be believed."""

from __future__ import annotations

from collections.abc import Iterator

from cd5flow.gating.state import GatingState
from cd5flow.gating.strategy import Strategy
from cd5flow.model.findings import Finding, warning
from cd5flow.model.reasons import Reason

TOO_MANY = "KIND_TOO_MANY"


def find_unusual(strategy: Strategy, state: GatingState) -> tuple[Finding, ...]:
    """Return what no single gate tells: gates that are missing, kinds of cells that are too many."""
    return (*_not_found(strategy, state), *_too_many(state))


def find_doubts(strategy: Strategy, state: GatingState) -> tuple[Reason, ...]:
    """Return why the numbers of a tube are not to be believed; empty where nothing speaks against.

    Every gate's share and place is looked at where it is found: here it is told which of it counts.
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
        if finding.code == TOO_MANY or finding.reason.values.get("gate") in gates:
            yield finding.reason


def _not_found(strategy: Strategy, state: GatingState) -> Iterator[Finding]:
    """Yield gates without which a number has another meaning: what stands in would be all or nothing."""
    for spec in strategy.gates:
        asked = spec.gate in strategy.believed.found and state.applies(spec.needs, spec.unless)
        if asked and spec.gate not in state.members:
            yield warning("GATE_MISSING", gate=spec.gate)


def _too_many(state: GatingState) -> Iterator[Finding]:
    """Yield normal kinds of cells that are more than is usual where no marker proves what they are."""
    profiles, cells = state.inputs.profiles, state.cell_types()
    if profiles is None or cells is None:
        return
    for row in profiles.normal:
        panel = state.inputs.panel
        told = row.has_evidence(panel.markers, profiles.levels)
        if row.most_percent is None or not told or any(map(panel.has, row.proven_by)):
            continue
        percent = 100 * len(cells.of([row.name])) / len(cells.rows)
        if percent > row.most_percent:
            yield warning(TOO_MANY, what=row.what, percent=percent, high=row.most_percent)
