"""Limits that a strategy file states and that the numbers are judged by."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

EventCount = Annotated[int, Field(ge=1)]
PositivePercent = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class IntervalMethod(StrEnum):
    """How the interval of a share is computed."""

    WILSON = "wilson"
    CLOPPER_PEARSON = "clopper_pearson"
    JEFFREYS = "jeffreys"


class BurdenLimits(BaseModel):
    """When blasts count as detected and as quantified; `burden:` in a strategy file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cluster_events: EventCount = Field(
        description="fewest blasts that count as a cluster; below it nothing was detected"
    )
    lod_events: EventCount = Field(
        description="fewest clustered blasts that count as detected: LOD = lod_events / denominator"
    )
    lloq_events: EventCount = Field(
        description="fewest clustered blasts whose share is a result: LLOQ = lloq_events / "
        "denominator"
    )
    required_lod_percent: PositivePercent = Field(
        description="highest LOD, in percent, at which a tube without a cluster is NOT_DETECTED"
    )
    validated_lod_percent: PositivePercent | None = Field(
        default=None,
        description="the laboratory's own validated LOD in percent of the denominator; "
        "where higher than the count's, it takes its place",
    )
    interval: IntervalMethod = Field(description="method of the two-sided 95 % interval")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.cluster_events <= self.lod_events <= self.lloq_events:
            raise ValueError(
                "cluster_events, lod_events and lloq_events must not decrease, found "
                f"{self.cluster_events}, {self.lod_events}, {self.lloq_events}"
            )
        return self


class CompensationLimits(BaseModel):
    """When a spillover matrix is usable.

    Attributes:
        max_condition_number: above it, solving for the dyes multiplies the noise beyond use.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_condition_number: float = Field(gt=1)


class PatternLimits(BaseModel):
    """How the words for a CD5 pattern are chosen, in this order.

    Attributes:
        negative_percent: below this share of positive blasts the pattern is `negative`.
        partial_valley_depth: with a valley at least so deep between a negative and a positive peak
            of the blasts it is `partial`, if either peak holds `partial_percent` of them.
        partial_percent: see above.
        bright_decades: medians of all blasts at most so many decades below normal T cells are
            `bright`; where the tube has no T cells, medians at least `bright_above_cut_decades`
            above the cut.
        bright_above_cut_decades: see above.
        heterogeneous_decades: one peak whose 10th to 90th percentile span at least so many decades
            is `heterogeneous`; a narrower one is `dim`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    negative_percent: float = Field(ge=0, le=100)
    partial_valley_depth: float = Field(gt=0, lt=1)
    partial_percent: float = Field(ge=0, le=50)
    bright_decades: float = Field(ge=0)
    bright_above_cut_decades: float = Field(ge=0)
    heterogeneous_decades: float = Field(ge=0)


class Cd5Limits(BaseModel):
    """Limits of the CD5 read-out.

    Attributes:
        evaluable_blasts: with fewer there is no percentage worth a state.
        definite_blasts: with fewer the state is at most BORDERLINE.
        bright_events: CD5-bright events that prove the reagent.
        bright_blasts_percent: share of the blasts that must be CD5-bright to be a mode of their own
            and not the tail of a dim or negative one.
        t_cell_events: fewest normal T cells for their CD5 to be used.
        reagent_t_cells: fewest normal T cells for the quality check of the reagent.
        background_events: fewest events for a background to be compared.
        bright_stain_index: how far the median of the brightest mode must stand above the negatives,
            in stain-index units, to be called bright.
        fmo_quantile_percent: quantile of the FMO tube's blasts at which the cut lies.
        fmo_band_quantiles_percent: quantiles whose percentages belong to the band.
        fmo_blasts: fewest blasts of an FMO tube in the same gate.
        fmo_t_positive_percent: with more T cells above the full stain's own negative tail, an FMO
            is no FMO: CD5 was added to it.
        fmo_t_median_share: where the tube has no negatives, this share of its T cells' median CD5
            takes the place of their tail.
        references: internal negative populations in order of preference.
        reference_events: fewest events of one.
        reference_spreads: robust SDs above its median at which the cut lies (2.33 is the 99th
            percentile of a normal).
        band_decades: the cut is moved by so many decades each way for the band.
        internal_band_decades: the same where no FMO placed the cut.
        disagreement_decades: cuts further apart are a reason.
        valley_depth: depth of a usable valley among the blasts.
        fixed_cut_linear: a laboratory's validated cut, compensated linear units; null where none.
        pattern: rules for the pattern's word.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    evaluable_blasts: int = Field(ge=1)
    definite_blasts: int = Field(ge=1)
    bright_events: int = Field(ge=1)
    bright_blasts_percent: float = Field(gt=0, le=100)
    t_cell_events: int = Field(ge=1)
    reagent_t_cells: int = Field(ge=1)
    background_events: int = Field(ge=1)
    bright_stain_index: float = Field(gt=0)
    fmo_quantile_percent: float = Field(gt=50, lt=100)
    fmo_band_quantiles_percent: tuple[float, ...]
    fmo_blasts: int = Field(ge=50)
    fmo_t_positive_percent: float = Field(ge=0, le=100)
    fmo_t_median_share: float = Field(gt=0, lt=1)
    references: tuple[str, ...]
    reference_events: int = Field(ge=20)
    reference_spreads: float = Field(gt=0)
    band_decades: float = Field(ge=0)
    internal_band_decades: float = Field(ge=0)
    disagreement_decades: float = Field(ge=0)
    valley_depth: float = Field(gt=0, lt=1)
    fixed_cut_linear: float | None
    pattern: PatternLimits


class CheckLimit(BaseModel):
    """The limits of one quality check; null is no limit on that step.

    Attributes:
        worse: whether higher or lower values are worse.
        warn: from here on the check warns.
        fail: from here on it fails, and states are withheld.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    worse: Literal["above", "below"]
    warn: float | None = None
    fail: float | None = None


class QualityLimits(BaseModel):
    """Limits of the quality checks, by their code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    checks: dict[str, CheckLimit]
