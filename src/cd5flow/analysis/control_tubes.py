"""Control tubes: each is read and compensated once, and goes through each set of gates once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from cd5flow.analysis.control_acceptance import ControlSide, SampleSide, mismatches
from cd5flow.analysis.option_words import Role
from cd5flow.analysis.stages import ControlTube, GatedControl, Tube
from cd5flow.analysis.tube import channels_read
from cd5flow.fcs import read_fcs
from cd5flow.gating.adopt import on_control
from cd5flow.gating.methods.quantile import Quantile
from cd5flow.gating.resolve import transfer
from cd5flow.gating.strategy import Strategy
from cd5flow.gating.tube_view import Refused, in_control
from cd5flow.model.events import Mask
from cd5flow.model.findings import Finding, warning
from cd5flow.model.populations import Gating
from cd5flow.model.reasons import Reason
from cd5flow.preprocess.compensation import compensate
from cd5flow.preprocess.transforms import Columns


def read_controls(tube: Tube) -> Tube:
    """Return a tube with its control tubes read; without CD5 it has no use for any.

    Raises:
        InputError: one of them cannot be used.
    """
    if not tube.has_cd5:
        return tube
    controls = (_read(role, path, tube) for role, path in tube.settings.controls.items())
    return replace(tube, controls=tuple(controls))


def _read(role: Role, path: Path, tube: Tube) -> ControlTube:
    fcs = read_fcs(path, dataset=tube.settings.control_datasets.get(role))
    fcs.begin_sha256()
    # The control's own labels do not matter: an FMO may name its empty channel as it likes.
    same = {c.detector for c in tube.fcs.channels} <= {c.detector for c in fcs.channels}
    if same:
        needed = channels_read(tube.panel, tube.drawn)
        events = compensate(fcs.raw, tube.compensation.spillover, needed=needed)
    else:
        events = compensate(fcs.raw, None)
    return ControlTube(role, fcs, Columns(events), same)


def control_events(tube: Tube) -> dict[str, Columns | Refused]:
    """Return the events of the control tubes that gates of the strategy are placed by.

    A control that does not match the sample is refused here already. Whether it holds enough blasts,
    and whether CD5 was left out of it, shows only through the gates.
    """
    asked = _asked(tube.strategy)
    if not tube.has_cd5:
        return {
            role: Refused((Reason("NO_CD5"),)) for role in tube.settings.controls if role in asked
        }
    return {c.role: _usable(c, tube) for c in tube.controls if c.role in asked}


def _asked(strategy: Strategy) -> set[str]:
    """Return the roles of the controls that a strategy's gates refer to."""
    every = (*strategy.gates, *(g for path in strategy.paths for g in path.gates), *strategy.after)
    ways = (way for gate in every for way in gate.methods)
    return {way.control for way in ways if isinstance(way, Quantile) and way.control is not None}


def _usable(control: ControlTube, tube: Tube) -> Columns | Refused:
    against = tuple(mismatches(control_side(control, tube), sample_side(tube)))
    return Refused(against) if against else control.columns


def sample_side(tube: Tube) -> SampleSide:
    """Return what a control is held against, as far as it shows without gates."""
    return SampleSide(
        fcs=tube.fcs,
        cd5_detector=tube.cd5_detector,
        identifiers=tube.settings.identifiers,
        spillover_stated=tube.settings.spillover is not None,
        aliases=tube.rules.aliases,
    )


def control_side(control: ControlTube, tube: Tube) -> ControlSide:
    """Return a control as it is held against the sample, as far as it shows without gates."""
    said = tube.settings.control_identifiers.get(control.role, {})
    return ControlSide(control.role, control.fcs, identifiers=said)


def members_of_control(control: ControlTube, tube: Tube, gating: Gating) -> Mapping[str, Mask]:
    """Apply the sample's gates to a control tube; none where its channels are others.

    Returns:
        Population name to mask over the control's events.
    """
    if not control.has_channels:
        return {}
    if tube.drawn is not None:
        return on_control(gating, control.columns)
    return transfer(
        gating,
        tube.strategy,
        columns=control.columns,
        panel=tube.panel,
        scales=tube.scales,
        seed=tube.settings.seed,
    )


def placed_by_refused(gating: Gating, controls: tuple[GatedControl, ...]) -> Iterator[Finding]:
    """Yield a finding for each gate that rests on a control refused once the gates were found."""
    for refused in (control.section for control in controls if not control.is_accepted):
        for gate in gating.tree.gates:
            for name in gate.evidence.placed_by:
                if name.startswith(in_control(refused.role, "")):
                    yield warning(
                        "GATE_BY_REFUSED_CONTROL",
                        gate=gate.name,
                        control=name,
                        why=refused.reasons,
                    )
