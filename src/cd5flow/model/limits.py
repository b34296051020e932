"""Limits that a strategy file states and that the numbers are judged by."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cd5flow.model.file_part import FilePart
from cd5flow.model.references import MarkerRef, PopulationRef
from cd5flow.model.states import Specimen

EventCount = Annotated[int, Field(ge=1)]
PositivePercent = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class IntervalMethod(StrEnum):
    """How the interval of a share is computed."""

    WILSON = "wilson"
    CLOPPER_PEARSON = "clopper_pearson"
    JEFFREYS = "jeffreys"


class OtherDenominator(FilePart):
    """A denominator of another convention: the events of one population outside some others."""

    rule: str = Field(min_length=1, description="in words, as the report prints it")
    population: PopulationRef
    outside: tuple[PopulationRef, ...] = Field(
        default=(), description="populations whose events do not count; blasts always do"
    )


class NotCounted(FilePart):
    """Cells that look like blasts in part, and are named beside these with their number.

    Attributes:
        population: of a gate.
        what: in words.
        why: in which way they are no blasts; see `EXCLUDED` in the catalogue of sentences.
        above_percent: kind of specimen to the share of the denominator above which they are worth a
            name; of specimens that are not stated none is. Empty is always.
    """

    population: PopulationRef
    what: str = Field(min_length=1)
    why: Literal["nk", "nk_like", "many_t"]
    above_percent: dict[Specimen, PositivePercent] = Field(default_factory=dict)

    def is_worth_a_name(self, percent: float | None, specimen: Specimen) -> bool:
        """Whether so many of them are named."""
        if not self.above_percent:
            return True
        limit = self.above_percent.get(specimen)
        return limit is not None and percent is not None and percent > limit


class MarrowRule(FilePart):
    """When a marrow looks diluted with blood, and when it looks as one that recovers.

    Attributes:
        immature: kinds of cells, by their names in the profiles, that marrow has and blood hardly.
        diluted_percent: with fewer of the denominator,
        mature: and at least `mature_percent` of these, which blood is rich in, it looks diluted.
        mature_percent: see above.
        regenerating_percent: with at least so many immature cells it recovers.
    """

    immature: tuple[str, ...] = Field(min_length=1)
    diluted_percent: PositivePercent
    mature: tuple[str, ...] = Field(min_length=1)
    mature_percent: PositivePercent
    regenerating_percent: PositivePercent


class RelapseStep(FilePart):
    """From which share of blasts a relapse needs how many other tests beside."""

    at_least_percent: PositivePercent
    other_tests: int = Field(ge=0, le=5)


class RelapseReading(FilePart):
    """How others than the trial read a share of blasts in marrow, printed beside and deciding nothing.

    Attributes:
        source: whose reading it is, as the report prints it.
        other_test_percent: a further test counts from so many percent.
        steps: the highest share first; below the last there is no relapse.
    """

    source: str = Field(min_length=1)
    other_test_percent: PositivePercent
    steps: tuple[RelapseStep, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _falling(self) -> Self:
        shares = [step.at_least_percent for step in self.steps]
        if sorted(set(shares), reverse=True) != shares:
            raise ValueError("steps must fall from the highest share to the lowest")
        return self


class BurdenLimits(FilePart):
    """When blasts count as detected and as quantified; `burden:` in a strategy file."""

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
    validated_lob_percent: PositivePercent | None = Field(
        default=None,
        description="the laboratory's own validated limit of blank in percent of the denominator; "
        "a LOD is never below it, and a tube whose LOD is no higher cannot be NOT_DETECTED",
    )
    validated_lloq_percent: PositivePercent | None = Field(
        default=None,
        description="the laboratory's own validated LLOQ in percent of the denominator; "
        "where higher than the count's, it takes its place",
    )
    validated_origin: str | None = Field(
        default=None,
        min_length=1,
        description="where the laboratory's own limits come from: tubes, method, date, record",
    )
    other_denominators: tuple[OtherDenominator, ...] = Field(
        default=(),
        description="other conventions, whose share is shown beside the one that decides",
    )
    marrow: MarrowRule | None = Field(
        default=None,
        description="how haemodilution and regeneration are told; null looks for neither",
    )
    relapse_reading: RelapseReading | None = Field(
        default=None, description="another reading of a relapse, shown beside the trial's"
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


class CompensationLimits(FilePart):
    """When a spillover matrix is usable.

    Attributes:
        max_condition_number: above it, solving for the dyes multiplies the noise beyond use.
    """

    max_condition_number: float = Field(gt=1)


class PatternLimits(FilePart):
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

    negative_percent: float = Field(ge=0, le=100)
    partial_valley_depth: float = Field(gt=0, lt=1)
    partial_percent: float = Field(ge=0, le=50)
    bright_decades: float = Field(ge=0)
    bright_above_cut_decades: float = Field(ge=0)
    heterogeneous_decades: float = Field(ge=0)


class StainRule(FilePart):
    """What a weak stain with CD5 may have hidden.

    Attributes:
        expected_index: stain index that normal T cells reach where the reagent is as it should be. A
            tube below it is taken to hold so much less light of CD5. None is off, until the laboratory
            enters its own figure.
        margin: factor by which the light of a stain may fall short though its T cells do reach that;
            it counts where CD5 of the blasts has no valley that parts carriers from the others.
    """

    expected_index: float | None = Field(default=None, gt=0)
    margin: float = Field(ge=1)


class NeighbourRule(FilePart):
    """How cells of other kinds that lie in the blast gate are estimated.

    Attributes:
        mature: normal lymphocytes, by which their place on `axis` is known; the first population
            with `events` events is taken.
        axis: the marker on which blasts and mature lymphocytes overlap.
        lineage: markers whose gates tell the blasts' lineage; edges are looked at from the first gate on
            that reads one of them, or `axis`.
        events: fewest events of a population that is estimated from.
        floor_part: half width of the valley's floor, as a part of the way from the cut to the
            nearer of the two medians.
        noise: standard errors of the counts that are added to an estimate.
    """

    mature: tuple[PopulationRef, ...]
    axis: MarkerRef
    lineage: tuple[MarkerRef, ...]
    events: int = Field(ge=5)
    floor_part: float = Field(gt=0, le=0.5)
    noise: float = Field(ge=0)

    @property
    def without_noise(self) -> NeighbourRule:
        """The same without standard errors: what is likeliest, not what may be."""
        return self.model_copy(update={"noise": 0.0})


class Cd5Limits(FilePart):
    """Limits of the CD5 read-out.

    Attributes:
        evaluable_blasts: with fewer there is no percentage worth a state.
        definite_blasts: with fewer the state is at most BORDERLINE.
        bright_events: CD5-bright events that prove the reagent.
        bright_blasts_percent: blasts or others prove it as a mode of their own, which holds at least
            this share of them; aggregates of antibody are one in 1,000.
        bright_t_cells_percent: normal T cells prove it where at least so many of them are bright, and
            else only as a mode of their own: fewer may be the tail of T cells without CD5.
        bright_mode_decades: how far the median of such a mode must stand above the negatives.
        bright_others: populations outside the blasts and T cells that may prove the reagent so.
        t_cell_events: fewest normal T cells for their CD5 to be used.
        reagent_t_cells: fewest normal T cells for the quality check of the reagent.
        background_events: fewest events for a background to be compared.
        bright_stain_index: how far the median of the brightest mode must stand above the negatives,
            in stain-index units, to be called bright.
        fmo_quantile_percent: quantile of the FMO tube's blasts at which the cut lies.
        fmo_band_quantiles_percent: quantiles whose percentages belong to the band.
        fmo_blasts: fewest blasts of an FMO tube in the same gate, for its cut to be the one used.
        fmo_alternative_blasts: fewest for it to be an alternative cut; with fewer it counts as not given.
        fmo_t_positive_percent: with more T cells above the full stain's own negative tail, an FMO
            is no FMO: CD5 was added to it.
        fmo_t_median_share: share of the tube's T cells' median CD5 from which an FMO's T cells carry
            it, beyond that tail, while most lie below; alone, where the tube has no negatives.
        references: internal negative populations in order of preference.
        reference_events: fewest events of one.
        reference_spreads: robust SDs above its median at which the cut lies (2.33 is the 99th
            percentile of a normal).
        band_decades: the cut is moved by so many decades each way for the band.
        internal_band_decades: the same where no FMO placed the cut.
        unscaled_band_decades: how far upwards at least where a population placed it whose light nothing
            compares with the blasts', there being no marker that both lack.
        disagreement_decades: cuts further apart are a reason.
        valley_depth: depth of a usable valley among the blasts.
        fixed_cut_linear: a laboratory's validated cut, compensated linear units; null where none.
        interval: method of the 95 % interval of the share.
        resamples: how often a cut's reference is drawn anew to tell how sure its place is.
        etp_percent: the early-T-precursor definition asks for CD5 on fewer blasts than this,
        etp_fold: or for a median at least so many times below that of normal T cells; what holds is
            told beside the state. Null is not told.
        low_population_percent: a leukaemic population of at least this share of the blasts whose own
            CD5 does not meet the protocol is named where the whole does.
        internalisation_days: so many days after CD5 CAR-T cells a share below the threshold is no proof
            that CD5 is lost: blasts take it in for a while. Null is no limit.
        stain: what a weak stain may have hidden, before a share below the threshold is believed.
        neighbours: how other cells in the blast gate are estimated.
        pattern: rules for the pattern's word.
    """

    evaluable_blasts: int = Field(ge=1)
    definite_blasts: int = Field(ge=1)
    bright_events: int = Field(ge=1)
    bright_blasts_percent: PositivePercent
    bright_t_cells_percent: PositivePercent = 5
    bright_mode_decades: float = Field(default=1, gt=0)
    bright_others: tuple[PopulationRef, ...] = ()
    t_cell_events: int = Field(ge=1)
    reagent_t_cells: int = Field(ge=1)
    background_events: int = Field(ge=1)
    bright_stain_index: float = Field(gt=0)
    fmo_quantile_percent: float = Field(gt=50, lt=100)
    fmo_band_quantiles_percent: tuple[float, ...]
    fmo_blasts: int = Field(ge=50)
    fmo_alternative_blasts: int = Field(default=50, ge=20)
    fmo_t_positive_percent: float = Field(ge=0, le=100)
    fmo_t_median_share: float = Field(gt=0, lt=1)
    references: tuple[PopulationRef, ...]
    reference_events: int = Field(ge=20)
    reference_spreads: float = Field(gt=0)
    band_decades: float = Field(ge=0)
    internal_band_decades: float = Field(ge=0)
    unscaled_band_decades: float = Field(default=0, ge=0)
    disagreement_decades: float = Field(ge=0)
    valley_depth: float = Field(gt=0, lt=1)
    fixed_cut_linear: float | None
    interval: IntervalMethod
    resamples: int = Field(ge=20, le=10_000)
    etp_percent: PositivePercent | None
    etp_fold: float | None = Field(default=10, gt=1)
    low_population_percent: PositivePercent = 5
    internalisation_days: int | None = Field(default=30, ge=0)
    stain: StainRule
    neighbours: NeighbourRule
    pattern: PatternLimits
