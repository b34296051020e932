"""CD5 of a gated tube and of its control tubes, through the same gates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from cd5flow.analysis.control_acceptance import SampleSide, judge_control
from cd5flow.analysis.control_tubes import control_side, members_of_control, sample_side
from cd5flow.analysis.imported_gates import drawn_positive
from cd5flow.analysis.stages import ControlTube, GatedControl, GatedTube, MeasuredTube, Tube
from cd5flow.gating.plausibility import holds_others
from cd5flow.model.events import Mask
from cd5flow.model.geometry import Dimension
from cd5flow.model.names import BLASTS, LOOK_ALIKES, LYMPHOCYTES, T_CELLS
from cd5flow.model.populations import Gating
from cd5flow.numerics.order_statistics import finite_values, pick
from cd5flow.preprocess.transforms import inverse, scale
from cd5flow.quantify.cd5 import Cd5Axis, measure
from cd5flow.quantify.cuts import (
    EMPTY,
    ControlSignal,
    NegativeReference,
    Readout,
    Signal,
    internal_cut,
)


def measure_cd5(gated: GatedTube) -> MeasuredTube:
    """Put the controls through the sample's gates, judge them, and place every CD5 cut.

    A cut that a person placed goes before all others.
    """
    tube, gating = gated.tube, gated.gating
    if not tube.has_cd5:
        return MeasuredTube(gated, (), None)
    limits = tube.strategy.cd5
    readout = _readout(tube, gating)
    sample = replace(
        sample_side(tube),
        blasts=readout.blasts,
        t_cells=readout.t_cells,
        negative_cut=internal_cut(readout, limits) if tube.controls else None,
    )
    judged = [_through_gates(control, gated, sample) for control in tube.controls]
    positive = drawn_positive(tube, gating)
    measurement = measure(
        replace(
            readout,
            controls=tuple(signal for _, signal in judged if signal is not None),
        ),
        axis=_axis(tube),
        limits=limits,
        by_hand=gated.cut if positive is None else positive.cut,
        seed=tube.settings.seed,
    )
    return MeasuredTube(gated, tuple(control for control, _ in judged), measurement, positive)


def _through_gates(
    control: ControlTube, gated: GatedTube, sample: SampleSide
) -> tuple[GatedControl, ControlSignal | None]:
    """Return a control through the sample's gates, and its CD5 where it is accepted."""
    tube = gated.tube
    members = members_of_control(control, tube, gated.gating)
    side = control_side(control, tube)
    if members:
        signal = control.columns.column(Dimension(tube.cd5_detector))
        side = replace(
            side,
            blasts=_of(signal, members.get(BLASTS)),
            t_cells=_of(signal, members.get(T_CELLS)),
            lymphocytes=_of(signal, members.get(LYMPHOCYTES)),
        )
    section, accepted = judge_control(side, sample=sample, limits=tube.strategy.cd5)
    return GatedControl(control, members, section), accepted


def _axis(tube: Tube) -> Cd5Axis:
    transform = tube.scales[tube.cd5_detector]
    return Cd5Axis(
        tube.cd5_detector,
        lambda values: scale(values, transform),
        lambda place: float(inverse(np.array([place]), transform)[0]),
    )


def _readout(tube: Tube, gating: Gating) -> Readout:
    """Return the CD5 signals of blasts, T cells and negative references.

    Without a cluster there is no population of blasts; the others still tell how CD5 stained.
    """
    signal = tube.columns.column(Dimension(tube.cd5_detector))
    blasts = gating.members.get(BLASTS)
    # Look-alikes may be blasts all the same, and are no reference.
    apart = gating.members.get(LOOK_ALIKES) if blasts is None else blasts
    lacks = (m for m in gating.lineage.lacks if tube.panel.has(m))
    dims = {m: Dimension(tube.panel.detector(m)) for m in lacks}
    found = []
    for name in tube.strategy.cd5.references:
        mask = gating.members.get(name)
        if mask is None:
            continue
        if apart is not None:
            mask = mask & ~apart
        theirs = {m: _of(tube.columns.column(d), mask) for m, d in dims.items()}
        found.append(NegativeReference(name, _of(signal, mask), theirs))
    ours = {m: _of(tube.columns.column(d), blasts) for m, d in dims.items()}
    # Other cells by the name of T cells prove nothing and are no yardstick of brightness.
    normal = None if holds_others(gating.findings, T_CELLS) else gating.members.get(T_CELLS)
    if normal is not None and apart is not None:
        normal = normal & ~apart
    t_cells = _of(signal, normal)
    others = _of(signal, _others(gating, tube.strategy.cd5.bright_others, outside=(apart, normal)))
    return Readout(_of(signal, blasts), t_cells, tuple(found), ours, others=others)


def _others(gating: Gating, names: Sequence[str], *, outside: Iterable[Mask | None]) -> Mask | None:
    """Return the events of some populations outside others; None where none was gated."""
    held = [gating.members[name] for name in names if name in gating.members]
    if not held:
        return None
    taken = [mask for mask in outside if mask is not None]
    whole: Mask = np.logical_or.reduce(held)
    return whole & ~np.logical_or.reduce(taken) if taken else whole


def _of(signal: Signal, mask: Mask | None) -> Signal:
    """Return a population's signal; an event without a finite one is neither positive nor negative."""
    if mask is None:
        return EMPTY
    return finite_values(pick(signal, mask))
