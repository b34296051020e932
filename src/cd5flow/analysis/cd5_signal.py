"""CD5 of a gated tube and of its control tubes, through the same gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cd5flow.analysis.controls import GatedControl, Role, SampleSide, judge_control
from cd5flow.analysis.tube import Rules, Settings, Tube
from cd5flow.fcs import read_fcs
from cd5flow.gating.adopt import on_control
from cd5flow.gating.resolve import transfer
from cd5flow.model.events import Mask
from cd5flow.model.geometry import Dimension
from cd5flow.model.names import BLASTS, READOUT, T_CELLS
from cd5flow.model.populations import Gating
from cd5flow.model.result import ControlSection
from cd5flow.numerics.order_statistics import finite_values, pick
from cd5flow.preprocess.compensation import SpilloverChoice, compensate
from cd5flow.preprocess.transforms import Columns, inverse, scale
from cd5flow.quantify.cd5 import Axis, Measurement, measure
from cd5flow.quantify.cuts import (
    EMPTY,
    ControlSignal,
    Cut,
    Readout,
    Reference,
    Signal,
    internal_cut,
)


@dataclass(frozen=True)
class GatedTube:
    """A control tube with its populations, for plots."""

    role: Role
    tube: Tube
    members: Mapping[str, Mask]
    accepted: bool


def read_cd5(
    tube: Tube, gating: Gating, rules: Rules, settings: Settings, *, by_hand: Cut | None = None
) -> tuple[tuple[GatedTube, ...], tuple[ControlSection, ...], Measurement | None]:
    """Read the controls through the sample's gates and place every CD5 cut.

    `by_hand` is a cut that a person placed; it goes before all others.
    """
    limits = rules.strategy.value.cd5
    if not tube.panel.has(READOUT):
        return (), (), None
    detector = tube.panel.detector(READOUT)
    bare = _readout(tube, gating, limits.references)
    side = SampleSide(
        tube.fcs,
        detector,
        bare.t_cells,
        internal_cut(bare, limits) if settings.controls else None,
        blasts=bare.blasts,
        identifiers=settings.identifiers,
        spillover_stated=settings.spillover is not None,
        aliases=rules.aliases,
    )
    gated: list[GatedTube] = []
    sections: list[ControlSection] = []
    signals: list[ControlSignal] = []
    for role, path in settings.controls.items():
        other, members, signal = _control(
            role, path, tube=tube, gating=gating, rules=rules, settings=settings
        )
        section, accepted = judge_control(signal, sample=side, limits=limits)
        sections.append(section)
        gated.append(GatedTube(role, other, members, section.accepted))
        if accepted is not None:
            signals.append(accepted)
    # Without a cluster of blasts T cells and negatives still tell how CD5 stained.
    blasts = bare.blasts if gating.cluster else EMPTY
    readout = Readout(blasts, bare.t_cells, bare.references, bare.background, tuple(signals))
    transform = tube.scales[detector]
    axis = Axis(
        detector,
        lambda values: scale(values, transform),
        lambda place: float(inverse(np.array([place]), transform)[0]),
    )
    return (
        tuple(gated),
        tuple(sections),
        measure(readout, axis=axis, limits=limits, by_hand=by_hand, seed=settings.seed),
    )


def _control(
    role: Role, path: Path, *, tube: Tube, gating: Gating, rules: Rules, settings: Settings
) -> tuple[Tube, Mapping[str, Mask], GatedControl]:
    """Read a control tube and apply the sample's gates to it."""
    fcs = read_fcs(path)
    fcs.begin_sha256()
    said = settings.control_identifiers.get(role, {})
    # The control's own labels do not matter: an FMO may name its empty channel as it likes.
    same = {c.detector for c in tube.fcs.channels} <= {c.detector for c in fcs.channels}
    choice = SpilloverChoice(tube.choice.spillover, tube.choice.state, ())
    if not same:
        empty = GatedControl(role, fcs, EMPTY, EMPTY, compensated=True, identifiers=said)
        nothing = Columns(compensate(fcs.raw, None))
        return Tube(fcs, tube.panel, choice, nothing.events, nothing, tube.scales), {}, empty
    events = compensate(fcs.raw, choice.spillover, needed=tube.looked_at)
    columns = Columns(events)
    other = Tube(fcs, tube.panel, choice, events, columns, tube.scales)
    members: Mapping[str, Mask] = (
        on_control(gating, columns)
        if tube.drawn is not None
        else transfer(
            gating,
            rules.strategy.value,
            columns=columns,
            panel=tube.panel,
            scales=tube.scales,
            seed=settings.seed,
        )
    )
    signal = columns.column(Dimension(tube.panel.detector(READOUT)))
    return (
        other,
        members,
        GatedControl(
            role,
            fcs,
            _of(signal, members.get(BLASTS)),
            _of(signal, members.get(T_CELLS)),
            compensated=True,
            identifiers=said,
        ),
    )


def _readout(tube: Tube, gating: Gating, references: tuple[str, ...]) -> Readout:
    """Return the CD5 signals of blasts, T cells and negative references."""
    signal = tube.columns.column(Dimension(tube.panel.detector(READOUT)))
    blasts = gating.members.get(BLASTS)
    dims = {m: Dimension(tube.panel.detector(m)) for m in gating.lacks if tube.panel.has(m)}
    found = []
    for name in references:
        mask = gating.members.get(name)
        if mask is None:
            continue
        if blasts is not None:
            mask = mask & ~blasts
        theirs = {m: _of(tube.columns.column(d), mask) for m, d in dims.items()}
        found.append(Reference(name, _of(signal, mask), theirs))
    ours = {m: _of(tube.columns.column(d), blasts) for m, d in dims.items()}
    return Readout(
        _of(signal, blasts), _of(signal, gating.members.get(T_CELLS)), tuple(found), ours
    )


def _of(signal: Signal, mask: Mask | None) -> Signal:
    """Return a population's signal; an event without a finite one is neither positive nor negative."""
    if mask is None:
        return EMPTY
    return finite_values(pick(signal, mask))
