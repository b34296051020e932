"""Gates that a control tube places: its events for them, and what is said if it is refused after all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cd5flow.analysis.controls import GatedControl, Role, SampleSide, mismatches
from cd5flow.analysis.tube import Rules, Settings, Tube
from cd5flow.fcs import read_fcs
from cd5flow.gating.methods.quantile import Quantile
from cd5flow.gating.strategy import Strategy
from cd5flow.gating.tube_view import Refused, in_control
from cd5flow.model.findings import Finding, Severity
from cd5flow.model.names import READOUT
from cd5flow.model.populations import Gating
from cd5flow.model.result import ControlSection
from cd5flow.preprocess.compensation import compensate
from cd5flow.preprocess.transforms import Columns
from cd5flow.quantify.cuts import EMPTY


def control_events(tube: Tube, rules: Rules, settings: Settings) -> dict[str, Columns | Refused]:
    """Return the control tubes that gates of the strategy are placed by; others are not read.

    A control that does not match the sample is refused here already. Whether it holds enough blasts,
    and whether CD5 was left out of it, shows only through the gates.
    """
    asked = _asked(rules.strategy.value)
    return {
        role: _events(role, path, tube=tube, rules=rules, settings=settings)
        for role, path in settings.controls.items()
        if role in asked
    }


def _asked(strategy: Strategy) -> set[str]:
    """Return the roles of the controls that a strategy's gates refer to."""
    every = (*strategy.gates, *(g for path in strategy.paths for g in path.gates), *strategy.after)
    ways = (way for gate in every for way in gate.methods)
    return {way.control for way in ways if isinstance(way, Quantile) and way.control is not None}


def _events(
    role: Role, path: Path, *, tube: Tube, rules: Rules, settings: Settings
) -> Columns | Refused:
    if not tube.panel.has(READOUT):
        return Refused(f"no channel of the sample carries {READOUT}, which it is a control of")
    fcs = read_fcs(path)
    said = settings.control_identifiers.get(role, {})
    control = GatedControl(role, fcs, EMPTY, EMPTY, compensated=True, identifiers=said)
    side = SampleSide(
        tube.fcs,
        tube.panel.detector(READOUT),
        EMPTY,
        None,
        identifiers=settings.identifiers,
        spillover_stated=settings.spillover is not None,
        aliases=rules.aliases,
    )
    against = "; ".join(mismatches(control, side))
    if against:
        return Refused(against)
    return Columns(compensate(fcs.raw, tube.choice.spillover, needed=tube.looked_at))


def placed_by_refused(gating: Gating, sections: tuple[ControlSection, ...]) -> Iterator[Finding]:
    """Yield a finding for each gate that rests on a control refused once the gates were found."""
    for section in sections:
        if section.accepted:
            continue
        for gate in gating.tree.gates:
            for name in gate.evidence.placed_by:
                if name.startswith(in_control(section.role, "")):
                    what = (
                        f"{gate.name} was placed by {name}, and that control is refused: "
                        f"{'; '.join(section.reasons)}"
                    )
                    yield Finding("GATE_BY_REFUSED_CONTROL", Severity.WARN, what)
