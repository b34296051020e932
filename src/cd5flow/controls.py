"""Control tubes: whether one may be used for a sample, and what it then says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cd5flow.fcs import FcsFile
from cd5flow.model.limits import Cd5Limits
from cd5flow.model.result import ControlSection
from cd5flow.quantify.cuts import ControlSignal, Cut, Signal

Role = Literal["fmo", "isotype", "positive"]


@dataclass(frozen=True, slots=True)
class GatedControl:
    """A control tube through the sample's gates.

    Attributes:
        role: what it was given as.
        fcs: the file.
        blasts: CD5 of its blasts.
        t_cells: CD5 of its T cells.
        compensated: whether its compensation is known.
    """

    role: Role
    fcs: FcsFile
    blasts: Signal
    t_cells: Signal
    compensated: bool


@dataclass(frozen=True, slots=True)
class SampleSide:
    """What a control is held against.

    Attributes:
        fcs: the sample's file.
        cd5_detector: its CD5 channel.
        t_cells: CD5 of its T cells.
        negative_cut: its internal negative cut; None where it has none.
    """

    fcs: FcsFile
    cd5_detector: str
    t_cells: Signal
    negative_cut: Cut | None


def judge_control(
    control: GatedControl, *, sample: SampleSide, limits: Cd5Limits
) -> tuple[ControlSection, ControlSignal | None]:
    """Return what the result says of a control, and its signal if it is accepted."""
    reasons = tuple(_faults(control, sample, limits))
    accepted = not reasons
    section = ControlSection(
        role=control.role,
        file=control.fcs.path.name,
        sha256=control.fcs.sha256,
        accepted=accepted,
        reasons=reasons,
    )
    if not accepted:
        return section, None
    return section, ControlSignal(control.role, control.blasts, _bright(control, sample, limits))


def _faults(control: GatedControl, sample: SampleSide, limits: Cd5Limits) -> Iterator[str]:
    """Yield every reason against using a control."""
    theirs, ours = control.fcs, sample.fcs
    if theirs.sha256 == ours.sha256:
        yield "SAME_FILE: the control is the sample's own file"
    missing = {c.detector for c in ours.channels} ^ {c.detector for c in theirs.channels}
    if missing:
        yield f"OTHER_PANEL: channels in one of the tubes only: {', '.join(sorted(missing))}"
    yield from _labels(theirs, ours, sample.cd5_detector)
    yield from _voltages(theirs, ours)
    if not control.compensated or not _same_spillover(theirs, ours):
        yield "OTHER_SPILLOVER: the tubes carry different spillover matrices"
    if theirs.acquired and ours.acquired and theirs.acquired[:10] != ours.acquired[:10]:
        yield f"OTHER_DAY: acquired {theirs.acquired[:10]}, the sample {ours.acquired[:10]}"
    if control.role == "positive":
        if _bright(control, sample, limits) < limits.bright_events:
            yield f"NOT_BRIGHT: fewer than {limits.bright_events} CD5-bright T cells in the positive control"
        return
    if control.blasts.size < limits.fmo_blasts:
        yield f"FEW_BLASTS: {control.blasts.size} events in the blast gate, {limits.fmo_blasts} needed"
    if control.role == "fmo":
        yield from _stained(control, sample, limits)


def _labels(theirs: FcsFile, ours: FcsFile, cd5: str) -> Iterator[str]:
    """Yield channels that carry another marker; the CD5 channel of an FMO may be named as it likes."""
    labels = {c.detector: c.label for c in theirs.channels}
    for channel in ours.channels:
        other = labels.get(channel.detector, channel.label)
        if channel.detector != cd5 and (other or "") != (channel.label or ""):
            yield f"OTHER_PANEL: {channel.detector} is {other or 'unnamed'}, not {channel.label or 'unnamed'}"


def _voltages(theirs: FcsFile, ours: FcsFile) -> Iterator[str]:
    known = {c.detector: c.voltage for c in theirs.channels}
    for channel in ours.channels:
        other = known.get(channel.detector)
        if channel.voltage is not None and other is not None and other != channel.voltage:
            yield f"OTHER_VOLTAGE: {channel.detector} at {other:g} V, in the sample {channel.voltage:g} V"


def _same_spillover(theirs: FcsFile, ours: FcsFile) -> bool:
    a, b = theirs.spillover, ours.spillover
    if a is None or b is None:
        return a is b
    return a.detectors == b.detectors and bool(np.allclose(a.matrix, b.matrix, atol=1e-6))


def _stained(control: GatedControl, sample: SampleSide, limits: Cd5Limits) -> Iterator[str]:
    """Yield whether T cells show that CD5 was added after all."""
    if min(control.t_cells.size, sample.t_cells.size) < limits.t_cell_events:
        return
    # Without a negative population the sample's own T cells are the yardstick.
    middle = limits.fmo_t_median_share * float(np.median(sample.t_cells))
    place = middle if sample.negative_cut is None else sample.negative_cut.linear
    positive = 100 * float(np.mean(control.t_cells >= place))
    if positive > limits.fmo_t_positive_percent:
        yield f"NOT_AN_FMO: {positive:.0f} % of its T cells carry CD5: it is stained with it"


def _bright(control: GatedControl, sample: SampleSide, limits: Cd5Limits) -> int:
    cut = sample.negative_cut
    if cut is None or cut.centre is None or cut.spread is None:
        return 0
    return int(
        np.count_nonzero(control.t_cells >= cut.centre + 2 * limits.bright_stain_index * cut.spread)
    )
