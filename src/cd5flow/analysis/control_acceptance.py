"""Whether a control tube may be used for a sample, and what it then says of CD5."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from cd5flow.analysis.option_words import Role
from cd5flow.fcs import FcsFile
from cd5flow.model.events import Channel, Spillover
from cd5flow.model.limits import Cd5Limits
from cd5flow.model.names import shown_name
from cd5flow.model.reasons import Reason, codes
from cd5flow.model.result import ControlSection
from cd5flow.numerics.order_statistics import median
from cd5flow.preprocess.labels import MarkerAliases
from cd5flow.quantify.cuts import EMPTY, ControlSignal, Cut, Signal, quantile_cut

SOURCE: Final = "$SRC"
"""Keyword of the specimen that a tube was made from."""

_PULSE: Final = re.compile(r"[-_ ](A|H|W|Area|Height|Width)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ControlSide:
    """What is held against the sample: a control tube through the sample's gates.

    Attributes:
        role: what it was given as.
        fcs: the file.
        blasts: CD5 of its blasts.
        t_cells: CD5 of its T cells.
        identifiers: what is said of it: specimen_id, panel_lot.
        lymphocytes: CD5 of its lymphocytes.
    """

    role: Role
    fcs: FcsFile
    blasts: Signal = field(default_factory=lambda: EMPTY)
    t_cells: Signal = field(default_factory=lambda: EMPTY)
    identifiers: Mapping[str, str] = field(default_factory=dict)
    lymphocytes: Signal = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class SampleSide:
    """What a control is held against.

    Attributes:
        fcs: the sample's file.
        cd5_detector: its CD5 channel.
        blasts: CD5 of its blasts.
        t_cells: CD5 of its T cells.
        negative_cut: its internal negative cut; None where it has none.
        identifiers: what is said of it: specimen_id, panel_lot.
        spillover_stated: whether the user gives the matrix, so that a file need not.
        aliases: spellings of markers; without them labels are compared by letter.
    """

    fcs: FcsFile
    cd5_detector: str
    blasts: Signal = field(default_factory=lambda: EMPTY)
    t_cells: Signal = field(default_factory=lambda: EMPTY)
    negative_cut: Cut | None = None
    identifiers: Mapping[str, str] = field(default_factory=dict)
    spillover_stated: bool = False
    aliases: MarkerAliases | None = None


def judge_control(
    control: ControlSide, *, sample: SampleSide, limits: Cd5Limits
) -> tuple[ControlSection, ControlSignal | None]:
    """Return what the result says of a control, and its signal if it is accepted."""
    reasons = tuple(_faults(control, sample, limits))
    # Few blasts make an FMO an alternative cut, not a wrong control.
    few = control.role == "fmo" and control.blasts.size >= limits.fmo_alternative_blasts
    accepted = not codes(reasons) - ({"FEW_BLASTS"} if few else set())
    section = ControlSection(
        role=control.role,
        file=shown_name(control.fcs.path.name),
        sha256=control.fcs.sha256,
        accepted=accepted,
        reasons=reasons,
    )
    if not accepted:
        return section, None
    return section, ControlSignal(control.role, control.blasts, _bright(control, sample, limits))


def mismatches(control: ControlSide, sample: SampleSide) -> Iterator[Reason]:
    """Yield every reason against using a control that shows without its gates."""
    theirs, ours = control.fcs, sample.fcs
    if theirs.sha256 == ours.sha256:
        yield Reason("SAME_FILE", case="control")
    missing = {c.detector for c in ours.channels} ^ {c.detector for c in theirs.channels}
    if missing:
        yield Reason("OTHER_PANEL", case="channels", channels=sorted(missing))
    yield from _labels(theirs, sample)
    yield from _voltages(theirs, ours)
    stated = sample.spillover_stated
    if not _same_spillover(theirs, ours, stated=stated):
        yield Reason("OTHER_SPILLOVER")
    yield from _specimen(control, sample)
    if theirs.acquired and ours.acquired and theirs.acquired[:10] != ours.acquired[:10]:
        yield Reason("OTHER_DAY", other=theirs.acquired[:10], own=ours.acquired[:10])


def _faults(control: ControlSide, sample: SampleSide, limits: Cd5Limits) -> Iterator[Reason]:
    """Yield every reason against using a control."""
    yield from mismatches(control, sample)
    if control.role == "positive":
        if _bright(control, sample, limits) < limits.bright_events:
            yield Reason("NOT_BRIGHT", least=limits.bright_events)
        return
    if control.blasts.size < limits.fmo_blasts:
        fewest = limits.fmo_blasts
        yield Reason("FEW_BLASTS", case="in_gate", events=control.blasts.size, least=fewest)
    if control.role == "fmo":
        yield from _stained(control, sample, limits)


def _labels(theirs: FcsFile, sample: SampleSide) -> Iterator[Reason]:
    """Yield channels that carry another marker; an FMO may name its CD5 channels as it likes.

    They are area, height and width of one detector's pulse.
    """
    by_detector = {c.detector: c for c in theirs.channels}
    cd5 = _PULSE.sub("", sample.cd5_detector)
    for ours in sample.fcs.channels:
        other = by_detector.get(ours.detector)
        if other is None or ours.is_time or _PULSE.sub("", ours.detector) == cd5:
            continue
        if not _same_marker(ours, other, sample.aliases):
            yield Reason(
                "OTHER_PANEL",
                case="label",
                channel=ours.detector,
                other=other.label or "unnamed",
                own=ours.label or "unnamed",
            )


def _same_marker(ours: Channel, theirs: Channel, aliases: MarkerAliases | None) -> bool:
    """Whether two labels of one detector mean the same; "CD45 V500" and "cd45" do."""
    ours_label, theirs_label = ours.label or "", theirs.label or ""
    if ours_label.casefold() == theirs_label.casefold():
        return True
    if aliases is None:
        return False
    read = [
        aliases.read(c.label).markers
        if c.label
        else aliases.read(c.detector, is_detector=True).markers
        for c in (ours, theirs)
    ]
    # No marker on either side: a label of which only one tube has words, such as "AF", is no panel.
    return read[0] == read[1] and bool(read[0] or not ours_label or not theirs_label)


def _specimen(control: ControlSide, sample: SampleSide) -> Iterator[Reason]:
    """Yield that a control is of another specimen or lot, where both are known.

    A positive control is mostly another person's. What the sheet says of the specimen goes before
    the files' keyword, whose content may be a name and is not repeated.
    """
    for name, code in (("specimen_id", "OTHER_SPECIMEN"), ("panel_lot", "OTHER_LOT")):
        theirs, ours = control.identifiers.get(name), sample.identifiers.get(name)
        if control.role == "positive" and name == "specimen_id":
            continue
        if theirs and ours and theirs != ours:
            yield Reason(code, case="stated", other=theirs, own=ours)
    said = control.identifiers.get("specimen_id") and sample.identifiers.get("specimen_id")
    if control.role == "positive" or said:
        return
    theirs, ours = (
        fcs.keywords.get(SOURCE, "").strip().casefold() for fcs in (control.fcs, sample.fcs)
    )
    if theirs and ours and theirs != ours:
        yield Reason("OTHER_SPECIMEN", case="keyword", keyword=SOURCE)


def _voltages(theirs: FcsFile, ours: FcsFile) -> Iterator[Reason]:
    known = {c.detector: c.voltage for c in theirs.channels}
    for channel in ours.channels:
        other = known.get(channel.detector)
        if channel.voltage is not None and other is not None and other != channel.voltage:
            yield Reason(
                "OTHER_VOLTAGE", channel=channel.detector, other=other, own=channel.voltage
            )


def _same_spillover(theirs: FcsFile, ours: FcsFile, *, stated: bool) -> bool:
    """Whether two tubes carry one matrix; where the user states it, a file may lack its own."""
    a, b = theirs.spillover, ours.spillover
    if a is None or b is None:
        return a is b or stated
    names = sorted({*a.detectors, *b.detectors})
    return bool(np.allclose(_over(a, names), _over(b, names), rtol=0, atol=1e-6))


def _over(matrix: Spillover, names: Sequence[str]) -> np.ndarray:
    """Return a matrix over these channels, in this order."""
    wide = np.eye(len(names))
    at = [names.index(name) for name in matrix.detectors]
    wide[np.ix_(at, at)] = matrix.matrix
    return wide


def _stained(control: ControlSide, sample: SampleSide, limits: Cd5Limits) -> Iterator[Reason]:
    """Yield why it is not shown that CD5 was left out.

    Its T cells tell: most of them lie where the sample's negatives lie, and hardly any half way up to
    the sample's own T cells; light of their other, bright dyes may spread a part past the negatives'
    tail. Where they are too few the blasts
    must: the sample's leave the control's behind, or the control's lie below the sample's negative
    cut themselves, so that it does not matter. Of too few blasts for a cut nothing is asked: such an
    FMO is not wrong, it counts as not given.
    """
    limit, few = limits.fmo_t_positive_percent, limits.t_cell_events
    place = _negative_place(sample, limits)
    if place is not None and control.t_cells.size >= few:
        positive = 100 * float(np.mean(control.t_cells >= place))
        stained = 100 * float(np.mean(control.t_cells >= _stained_place(sample, place, limits)))
        if stained > limit or (positive > limit and median(control.t_cells) >= place):
            yield Reason("NOT_AN_FMO", percent=positive)
        return
    if control.blasts.size < limits.fmo_alternative_blasts:
        return
    own = quantile_cut(control.blasts, limits.fmo_quantile_percent)
    if sample.blasts.size and 100 * float(np.mean(sample.blasts >= own)) > limit:
        return
    if place is None or 100 * float(np.mean(control.blasts >= place)) > limit:
        yield Reason("FMO_UNPROVEN", t_cells=control.t_cells.size)


def _negative_place(sample: SampleSide, limits: Cd5Limits) -> float | None:
    """Return below which signal a cell of the sample lacks CD5; None where nothing tells."""
    if sample.negative_cut is not None:
        return sample.negative_cut.linear
    # Without a negative population the sample's own T cells are the yardstick.
    if sample.t_cells.size >= limits.t_cell_events:
        return limits.fmo_t_median_share * median(sample.t_cells)
    return None


def _stained_place(sample: SampleSide, negative: float, limits: Cd5Limits) -> float:
    """Return from which signal T cells carry CD5 as the sample's do, beyond the negatives' tail."""
    if sample.t_cells.size < limits.t_cell_events:
        return negative
    return max(negative, limits.fmo_t_median_share * median(sample.t_cells))


def _bright(control: ControlSide, sample: SampleSide, limits: Cd5Limits) -> int:
    """Return how many cells of a control are CD5-bright: its T cells.

    A sample without T cells, as after CD5 CAR-T cells, has no gate for them: then the control's
    lymphocytes tell, of which a part that is no tail must be bright.
    """
    cut = sample.negative_cut
    if cut is None or cut.centre is None or cut.spread is None:
        return 0
    bright = cut.centre + 2 * limits.bright_stain_index * cut.spread
    if control.t_cells.size:
        return int(np.count_nonzero(control.t_cells >= bright))
    found = int(np.count_nonzero(control.lymphocytes >= bright))
    least = limits.bright_t_cells_percent / 100 * control.lymphocytes.size
    return found if found >= least else 0
