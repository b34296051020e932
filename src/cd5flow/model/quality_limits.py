"""Limits of the quality checks, as a strategy states them."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from cd5flow.model.file_part import FilePart
from cd5flow.model.references import MarkerRef, PopulationRef


class CheckLimit(FilePart):
    """The limits of one quality check; null is no limit on that step.

    Attributes:
        worse: whether higher or lower values are worse.
        warn: from here on the check warns.
        fail: from here on it fails, and states are withheld.
    """

    worse: Literal["above", "below"]
    warn: float | None = None
    fail: float | None = None


class CheckCode(StrEnum):
    """Every quality check, in the order of the report."""

    TIME = "TIME"
    FLOW_RATE = "FLOW_RATE"
    FLOW_GAP = "FLOW_GAP"
    UNSTABLE_TIME = "UNSTABLE_TIME"
    REMOVED_BY_TIME = "REMOVED_BY_TIME"
    SIGNAL_DRIFT = "SIGNAL_DRIFT"
    SIGNAL_DRIFT_OTHERS = "SIGNAL_DRIFT_OTHERS"
    SIGNAL_DRIFT_MEAN = "SIGNAL_DRIFT_MEAN"
    NOT_FINITE = "NOT_FINITE"
    OFF_SCALE = "OFF_SCALE"
    CD5_OFF_SCALE = "CD5_OFF_SCALE"
    BLASTS_OFF_SCALE = "BLASTS_OFF_SCALE"
    COMPENSATION = "COMPENSATION"
    SPILLOVER_DIAGONAL = "SPILLOVER_DIAGONAL"
    SPILLOVER_COEFFICIENT = "SPILLOVER_COEFFICIENT"
    SPILLOVER_NEGATIVE = "SPILLOVER_NEGATIVE"
    DOUBLE_COMPENSATION = "DOUBLE_COMPENSATION"
    RESIDUAL_CD5 = "RESIDUAL_CD5"
    RESIDUAL_SPILLOVER = "RESIDUAL_SPILLOVER"
    CD5_BELOW_ZERO = "CD5_BELOW_ZERO"
    DEBRIS = "DEBRIS"
    DOUBLETS = "DOUBLETS"
    VIABILITY = "VIABILITY"
    DENOMINATOR = "DENOMINATOR"
    SENSITIVITY = "SENSITIVITY"
    BLASTS = "BLASTS"
    OUTSIDE_BLASTS = "OUTSIDE_BLASTS"
    CARRY_OVER = "CARRY_OVER"
    GATE_SHARES = "GATE_SHARES"
    GATE_POSITIONS = "GATE_POSITIONS"
    CD5_ON_T_CELLS = "CD5_ON_T_CELLS"
    CD5_POSITIVE_T_CELLS = "CD5_POSITIVE_T_CELLS"
    INTERNAL_NEGATIVE = "INTERNAL_NEGATIVE"
    CUT_AGREEMENT = "CUT_AGREEMENT"
    CONTROL_MATCH = "CONTROL_MATCH"
    CONTROL_SHARE = "CONTROL_SHARE"
    SPECIMEN_AGE = "SPECIMEN_AGE"


class FlowRateRule(FilePart):
    """When a bin of time holds more or fewer events than it should.

    Attributes:
        bin_events: events in a bin, on average; there are at most `bins` bins.
        bins: see above.
        change: it is unusual if its rate is lower by more than this share of the usual rate, or the
            usual rate by more than this share of its own,
        spreads: and they differ by so many SDs of the noise from bin to bin (at least a count's own).
    """

    bin_events: int = Field(ge=20)
    bins: int = Field(ge=10)
    change: float = Field(gt=0, lt=1)
    spreads: float = Field(gt=0)


class DriftRule(FilePart):
    """How a channel's drift is measured.

    Attributes:
        markers: those that decide; the others are a check of their own.
        piece_events: fewest events of a piece of the run,
        pieces: and most pieces.
    """

    markers: tuple[MarkerRef, ...]
    piece_events: int = Field(ge=100)
    pieces: int = Field(ge=2)


class ResidualPopulation(FilePart):
    """Cells that cannot carry some markers: what they show there is background or spillover.

    Attributes:
        population: a gate's name; events of the blasts are left out, unless it is the blasts.
        lacks: markers that they lack.
        sources: markers to look at as the source; null is all.
        quantile_percent: which quantile of the channel is followed; a low one where some of the cells
            carry the marker after all, as NK cells among B cells do.
        falling_only: whether only a channel that falls counts: in cells that shine by themselves a
            channel may rise with another dye because both grow with the cell.
    """

    population: PopulationRef
    lacks: tuple[MarkerRef, ...]
    sources: tuple[MarkerRef, ...] | None = None
    quantile_percent: float = Field(default=50, gt=0, le=50)
    falling_only: bool = False


class ResidualRule(FilePart):
    """How spillover that compensation left behind is looked for.

    Attributes:
        populations: cells that lack a marker. The blasts join for markers that the lineage rule
            says they lack.
        fmo_populations: populations that lack CD5 in an accepted FMO tube.
        reference_events: fewest events of the CD5-negative reference whose lower tail is looked at.
        brightest_percent: so many of a population, brightest in the other dye, are left out,
        bins: and the rest is cut into so many bins of equal number along it,
        bin_events: of at least so many events; five bins are needed.
        reach: a pair is looked at if the other dye's bins span at least so many robust SDs of the
            channel, so that autofluorescence, which grows with a cell's size as every stain does,
            stays small beside what is looked for,
        error_percent: and if the slope's standard error is at most this.
    """

    populations: tuple[ResidualPopulation, ...]
    fmo_populations: tuple[PopulationRef, ...]
    reference_events: int = Field(ge=20)
    brightest_percent: float = Field(ge=0, lt=50)
    bins: int = Field(ge=5)
    bin_events: int = Field(ge=10)
    reach: float = Field(gt=0)
    error_percent: float = Field(gt=0)


class CarryOverRule(FilePart):
    """How blasts of the tube before are looked for.

    Attributes:
        first_percent: share of the run, from its start, that is held against the rest.
        cells: fewest cells of the denominator in it.
        confidence_percent: of the lower limit of the ratio.
    """

    first_percent: float = Field(gt=0, lt=50)
    cells: int = Field(ge=1)
    confidence_percent: float = Field(gt=50, lt=100)


class ReagentRule(FilePart):
    """What counts as a CD5 mode of the normal T cells.

    Attributes:
        valley_depth: a mode stands apart by a valley at least so deep,
        events: and holds at least so many T cells,
        percent: and so large a share of them.
    """

    valley_depth: float = Field(gt=0, lt=1)
    events: int = Field(ge=1)
    percent: float = Field(ge=0, le=100)


class QualityLimits(FilePart):
    """How quality is looked at, and the limits of the checks by their code.

    Attributes:
        flow_rate, drift, residual, carry_over, reagent: what the checks of these names look at.
        control_share_confidence_percent: of the lower limit of the ratio of blasts here and in the FMO.
        not_definite: checks that, where they warn, keep CD5 from a definite state.
        checks: limits. A check that is not named here is for the record.
    """

    flow_rate: FlowRateRule
    drift: DriftRule
    residual: ResidualRule
    carry_over: CarryOverRule
    reagent: ReagentRule
    control_share_confidence_percent: float = Field(gt=50, lt=100)
    not_definite: tuple[CheckCode, ...]
    checks: dict[CheckCode, CheckLimit]
