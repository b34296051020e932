"""Whether the gates of a tube lie and hold as they must for its numbers to be believed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cd5flow.gating.state import GatingState
from cd5flow.gating.strategy import Strategy
from cd5flow.model.events import Mask
from cd5flow.model.findings import Finding, warning
from cd5flow.model.names import BLASTS, LOOK_ALIKES
from cd5flow.model.populations import LeukaemicPopulation
from cd5flow.model.reasons import Reason

TOO_MANY = "KIND_TOO_MANY"
OF_OTHERS = "GATE_OF_OTHERS"


def find_unusual(
    strategy: Strategy, state: GatingState, outside: tuple[LeukaemicPopulation, ...] = ()
) -> tuple[Finding, ...]:
    """Return what no single gate tells: gates missing or full of other cells, kinds that are too many.

    Args:
        strategy: what must be as expected.
        state: of a tube whose gates were found.
        outside: populations outside every normal profile, which are named by themselves.
    """
    return (
        *_not_found(strategy, state),
        *_of_others(strategy, state, outside),
        *_too_many(state),
    )


def holds_others(findings: tuple[Finding, ...], gate: str) -> bool:
    """Whether a gate was found to hold other cells than those which it is named after."""
    return any(f.code == OF_OTHERS and f.reason.values.get("gate") == gate for f in findings)


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
        if finding.code in {TOO_MANY, OF_OTHERS} or finding.reason.values.get("gate") in gates:
            yield finding.reason


def _not_found(strategy: Strategy, state: GatingState) -> Iterator[Finding]:
    """Yield gates without which a number has another meaning: what stands in would be all or nothing."""
    for spec in strategy.gates:
        asked = spec.gate in strategy.believed.found and state.applies(spec.needs, spec.unless)
        if asked and spec.gate not in state.members:
            yield warning("GATE_MISSING", gate=spec.gate)


def _of_others(
    strategy: Strategy, state: GatingState, outside: tuple[LeukaemicPopulation, ...]
) -> Iterator[Finding]:
    """Yield gates that hold other cells for a good part, beside those that are called leukaemic.

    Of a tube compensated wrongly the blasts may lie where T cells do, and a gate placed by a few real
    ones among them holds the blasts' own fringe.
    """
    cells = state.cell_types() if strategy.believed.own else None
    if cells is None:
        return
    apart = {BLASTS, LOOK_ALIKES, *(one.name for one in outside)}
    taken: Mask = np.zeros(len(cells.rows), dtype=np.bool_)
    for name in apart & set(state.members):
        taken |= state.members[name][cells.rows]
    for rule in strategy.believed.own:
        if rule.population not in state.members or rule.population in state.inputs.drawn:
            continue
        held = state.members[rule.population][cells.rows] & ~taken
        held &= ~np.isin(cells.names, rule.aside)
        events = int(np.count_nonzero(held))
        if events < rule.events:
            continue
        percent = 100 * float(np.mean(np.isin(cells.names[held], rule.kinds)))
        if percent < rule.percent:
            yield warning(
                OF_OTHERS,
                gate=rule.population,
                kinds=rule.kinds,
                percent=percent,
                events=events,
                least=rule.percent,
            )


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
