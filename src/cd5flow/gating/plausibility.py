"""Whether the gates of a tube lie and hold as they must for its numbers to be believed."""

from __future__ import annotations

from collections.abc import Iterator

from cd5flow.gating.state import GatingState
from cd5flow.gating.strategy import Strategy
from cd5flow.model.findings import Finding, warning


def find_doubts(strategy: Strategy, state: GatingState) -> tuple[Finding, ...]:
    """Return why the numbers of a tube are not to be believed; empty where nothing speaks against."""
    return (
        *_not_found(strategy, state),
        *_out_of_place(strategy, state),
        *_out_of_share(strategy, state),
        *_too_many(state),
    )


def _not_found(strategy: Strategy, state: GatingState) -> Iterator[Finding]:
    """Yield gates without which a number has another meaning: what stands in would be all or nothing."""
    for spec in strategy.gates:
        asked = spec.gate in strategy.believed.found and state.applies(spec.needs, spec.unless)
        if asked and spec.gate not in state.members:
            yield warning("GATE_MISSING", gate=spec.gate)


def _out_of_place(strategy: Strategy, state: GatingState) -> Iterator[Finding]:
    for name in strategy.believed.in_place:
        gate = state.gates.get(name)
        for place in () if gate is None else gate.places:
            if not place.is_usual:
                yield warning("LANDMARK_OUT_OF_PLACE", gate=name, axis=place.axis)


def _out_of_share(strategy: Strategy, state: GatingState) -> Iterator[Finding]:
    """Yield what was found of gates that hold another share than usual, where the share must be usual."""
    for found in state.findings:
        if found.code == "GATE_SHARE" and found.reason.values["gate"] in strategy.believed.in_share:
            yield found


def _too_many(state: GatingState) -> Iterator[Finding]:
    """Yield normal kinds of cells that are more than is usual where no marker proves what they are."""
    profiles, cells = state.inputs.profiles, state.cell_types()
    if profiles is None or cells is None:
        return
    for row in profiles.normal:
        if row.most_percent is None or any(map(state.inputs.panel.has, row.proven_by)):
            continue
        percent = 100 * len(cells.of([row.name])) / len(cells.rows)
        if percent > row.most_percent:
            yield warning("KIND_TOO_MANY", what=row.what, percent=percent, high=row.most_percent)
