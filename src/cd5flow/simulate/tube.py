"""What is simulated, and what comes out of it: specifications, truth, tubes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from cd5flow.model.events import Mask, RawEvents, Spillover, Values
from cd5flow.model.names import BLASTS
from cd5flow.model.result import Specimen
from cd5flow.simulate.blasts import BlastSpec
from cd5flow.simulate.instruments import LSR, Instrument
from cd5flow.simulate.panels import RELAPSE_8, PanelSpec
from cd5flow.simulate.populations import MARROW, Composition

DEAD = "dead"
DOUBLETS = "doublets"


class Cd5Reagent(StrEnum):
    """What was pipetted for CD5."""

    ANTIBODY = "antibody"
    FMO = "fmo"  # left out on purpose: the control tube
    ISOTYPE = "isotype"  # an antibody of the same dye that binds no antigen
    FORGOTTEN = "forgotten"  # left out by mistake: the label still says CD5


class SpilloverFaultKind(StrEnum):
    """What is wrong with the matrix in the file; the signals themselves spill as ever."""

    MISSING = "missing"  # no matrix although there are several colours
    IDENTITY = "identity"  # a matrix that changes nothing
    TRANSPOSED = "transposed"  # rows and columns exchanged
    SCALED = "scaled"  # every coefficient multiplied by `amount`
    STALE = "stale"  # from another day: coefficients off by a lognormal of `amount` decades


@dataclass(frozen=True, slots=True)
class SpilloverFault:
    """A faulty spillover matrix.

    Attributes:
        kind: the fault.
        amount: how bad, for the kinds that say so.
    """

    kind: SpilloverFaultKind
    amount: float = 0.5


@dataclass(frozen=True, slots=True)
class Clog:
    """A stretch of the run in which the fluidics failed.

    Attributes:
        start, stop: part of the run's time, 0 to 1.
        rate: event rate relative to the rest of the run.
        signal: signals at the worst moment relative to the rest of the run.
    """

    start: float = 0.62
    stop: float = 0.80
    rate: float = 0.35
    signal: float = 0.45

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop <= 1 or not self.rate > 0 or not self.signal > 0:
            raise ValueError(f"no such clog: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TubeSpec:
    """Everything that a synthetic tube follows from; equal specifications give equal tubes.

    Attributes:
        name: sample name, and the stem of ``$FIL``.
        panel, instrument: what was stained and measured with what.
        events: events in the file, all of them.
        specimen: what the specimen is.
        composition: the normal nucleated cells.
        blasts: the leukaemic cells.
        blast_percent: blasts among the nucleated single living cells; 0 is no disease.
        debris_percent, erythroid_percent, dead_percent, doublet_percent: share of all events.
        clog: a stretch in which the fluidics failed.
        cd5_reagent: what was pipetted for CD5.
        stain_factors: marker to the share of its usual signal (understaining).
        gain_shift_decades: every fluorescence channel's gain above the usual.
        channel_shifts_decades: marker to its own further shift of gain.
        scatter_shift_decades: gain of FSC and SSC above the usual.
        spillover_fault: what is wrong with the matrix in the file.
        donor_variation_decades: SD with which this donor's populations differ from the usual.
        acquired: date of the run.
        seed: of this run.
        donor_seed: of what tubes of one specimen share: the donor's populations, the day's matrix;
            None takes `seed`.
    """

    name: str
    panel: PanelSpec = RELAPSE_8
    instrument: Instrument = LSR
    events: int = 20_000
    specimen: Specimen = Specimen.BONE_MARROW
    composition: Composition = MARROW
    blasts: BlastSpec = field(default_factory=BlastSpec)
    blast_percent: float = 60.0
    debris_percent: float = 10.0
    erythroid_percent: float = 6.0
    dead_percent: float = 2.5
    doublet_percent: float = 4.0
    clog: Clog | None = None
    cd5_reagent: Cd5Reagent = Cd5Reagent.ANTIBODY
    stain_factors: Mapping[str, float] = field(default_factory=dict)
    gain_shift_decades: float = 0.0
    channel_shifts_decades: Mapping[str, float] = field(default_factory=dict)
    scatter_shift_decades: float = 0.0
    spillover_fault: SpilloverFault | None = None
    donor_variation_decades: float = 0.05
    acquired: dt.date = dt.date(2026, 1, 12)
    seed: int = 0
    donor_seed: int | None = None

    def __post_init__(self) -> None:
        others = (
            self.debris_percent,
            self.erythroid_percent,
            self.dead_percent,
            self.doublet_percent,
        )
        if self.events < 1:
            raise ValueError(f"{self.name}: a tube of {self.events} events")
        if min(others) < 0 or sum(others) > 100 or not 0 <= self.blast_percent <= 100:
            raise ValueError(f"{self.name}: percentages below 0 or above 100")
        unknown = sorted(
            {*self.stain_factors, *self.channel_shifts_decades} - {*self.panel.markers}
        )
        if unknown:
            raise ValueError(f"{self.name}: {', '.join(unknown)} not in panel {self.panel.name}")

    @property
    def shared_seed(self) -> int:
        """The seed that tubes of one specimen have in common."""
        return self.seed if self.donor_seed is None else self.donor_seed


def fmo(spec: TubeSpec, *, events: int | None = None) -> TubeSpec:
    """Return the partner of a tube: the same specimen and stain without CD5, another run.

    Args:
        spec: the full stain.
        events: events of the partner; None takes as many.

    Raises:
        ValueError: the panel has no CD5.
    """
    return _partner(spec, Cd5Reagent.FMO, suffix="_FMO-CD5", seed=1, events=events)


def isotype(spec: TubeSpec, *, events: int | None = None) -> TubeSpec:
    """Return the isotype control of a tube: as `fmo`, with an antibody that binds no antigen."""
    return _partner(spec, Cd5Reagent.ISOTYPE, suffix="_ISO-CD5", seed=2, events=events)


def _partner(
    spec: TubeSpec, reagent: Cd5Reagent, *, suffix: str, seed: int, events: int | None
) -> TubeSpec:
    if "CD5" not in spec.panel.markers:
        raise ValueError(f"{spec.name}: panel {spec.panel.name} has no CD5 to leave out")
    return replace(
        spec,
        name=spec.name + suffix,
        events=spec.events if events is None else events,
        cd5_reagent=reagent,
        clog=None,
        seed=spec.seed + seed * 1_000_003,
        donor_seed=spec.shared_seed,
    )


@dataclass(frozen=True, slots=True)
class Truth:
    """What each event is, in file order.

    Attributes:
        codes: (n_events,) index into `names`.
        names: populations, ``blasts``, ``dead`` and ``doublets``.
        nucleated: single living nucleated cells, blasts included: the denominator of a perfect
            gate. Erythroid cells, debris, dead cells and doublets are not in it.
        cd5_carriers: single living cells that carry CD5, whatever was pipetted.
        disturbed: events of a clog.
    """

    codes: npt.NDArray[np.uint8]
    names: tuple[str, ...]
    nucleated: Mask
    cd5_carriers: Mask
    disturbed: Mask

    def population(self, *names: str) -> Mask:
        """Return the events of these populations.

        Raises:
            KeyError: there is no population of a name.
        """
        for name in names:
            if name not in self.names:
                raise KeyError(name)
        return np.isin(self.codes, [self.names.index(name) for name in names])

    @property
    def blasts(self) -> Mask:
        """The single living blasts."""
        return self.population(BLASTS)

    @property
    def labels(self) -> npt.NDArray[np.str_]:
        """The name of each event's population."""
        return np.array(self.names)[self.codes]


@dataclass(frozen=True, slots=True)
class SimulatedTube:
    """A synthetic tube.

    Attributes:
        spec: what it follows from.
        raw: the events as a reader would return them.
        keywords: TEXT beyond the layout, the spillover matrix included.
        truth: what each event is.
        spillover: how dyes spilled in truth, between areas (heights where there are no areas);
            None where the instrument compensated.
        file_spillover: the matrix in `keywords`; None where there is none. A fault makes it
            differ from the truth.
    """

    spec: TubeSpec
    raw: RawEvents
    keywords: Mapping[str, str]
    truth: Truth
    spillover: Spillover | None
    file_spillover: Spillover | None

    def linear(self, marker: str) -> Values:
        """Return a marker in linear units, compensated by the true matrix.

        Raises:
            KeyError: the panel lacks it.
        """
        column = self.spec.panel.column(marker)
        if column is None:
            raise KeyError(marker)
        instrument = self.spec.instrument
        names = instrument.detectors(self.spec.panel, instrument.compensated_reading)
        if self.spillover is None:
            return self.raw.values[:, self.raw.channel(names[column]).index]
        columns = [self.raw.channel(name).index for name in names]
        # In double precision, so that counts above a cut do not depend on the BLAS.
        undo = np.linalg.inv(self.spillover.matrix)[:, column]
        dye = self.raw.values[:, columns].astype(np.float64) @ undo
        return dye.astype(np.float32)
