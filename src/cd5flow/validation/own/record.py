"""What a laboratory's validation found, as other programs read it: schema ``cd5flow.own-validation/1``.

Unknown is None (JSON ``null``) with the reason beside it. Differences are found less expected.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cd5flow.model.section import Count, Document, Number, Percent, Section
from cd5flow.validation.own.rules import LineMethod

Interval = tuple[Number, Number]


class LineOf(Section):
    """A line of found on expected by one method; `linear_p` is Passing-Bablok's cusum test."""

    method: LineMethod
    error_ratio: Number | None = Field(description="Deming's; null for the other method")
    slope: Number
    slope_ci95: Interval
    intercept: Number
    intercept_ci95: Interval
    linear_p: Number | None


class ComparisonOf(Section):
    """Found against expected, one point a specimen: replicates of a level are taken as their mean.

    % CD5 in percentage points; the burden on the log10 scale, without specimens of which either side
    is 0. `lines` holds both methods; slope and intercept repeat the one that `method` names.
    """

    n: Count
    tubes: Count = Field(description="that the specimens' means are made of")
    left_out: Count = Field(description="tubes with an expected number and no found one, or 0")
    scale: Literal["percent", "log10"]
    method: LineMethod | None
    slope: Number | None
    slope_ci95: Interval | None
    intercept: Number | None
    intercept_ci95: Interval | None
    lines: tuple[LineOf, ...]
    bias: Number | None
    bias_ci95: Interval | None
    sd: Number | None
    limits_of_agreement: Interval | None
    limits_ci95: tuple[Interval, Interval] | None
    spearman: Number | None
    enough: bool = Field(description="whether there are as many specimens as the rules ask for")
    reason: str | None


class ComparisonSection(Section):
    """The method against the truth, or against the method in use."""

    cd5: ComparisonOf
    burden: ComparisonOf


class AgreementShares(Section):
    """Shares of pairs that agree with Wilson's intervals, and Cohen's kappa."""

    percent: Percent | None
    percent_ci95: Interval | None
    positive_percent: Percent | None
    positive_ci95: Interval | None
    negative_percent: Percent | None
    negative_ci95: Interval | None
    kappa: Number | None
    kappa_ci95: Interval | None


class ThresholdAgreement(AgreementShares):
    """Expected and found on the same side of a limit, by the numbers themselves; kind sample alone."""

    what: str
    threshold_percent: Number
    n: Count
    both: Count
    only_expected: Count
    only_found: Count
    neither: Count


class OutOfReach(Section):
    """Tubes expected NOT_DETECTED whose number of events does not let that be said.

    `of` are expected so; the LODs are of the `n`, `required` is the one up to which it is said.
    """

    n: Count
    of: Count
    least_lod_percent: Number
    most_lod_percent: Number
    required_lod_percent: Number


class AgreementOf(AgreementShares):
    """Expected states against found ones, every tube with an expected state.

    `table` is expected state to found state to tubes. A found state that is neither positive nor
    negative agrees with neither.
    """

    n: Count
    table: dict[str, dict[str, Count]]
    at_threshold: tuple[ThresholdAgreement, ...]
    out_of_reach: OutOfReach | None = Field(
        default=None, description="of the burden; null where there is no such tube"
    )
    reason: str | None


class AgreementSection(Section):
    """How often the answer is the expected one."""

    cd5: AgreementOf
    burden: AgreementOf


class ComponentOf(Section):
    """A part of the variance: within a run, between runs or between readers, or the total."""

    name: str
    degrees_of_freedom: Number
    sd: Number
    sd_ci95: Interval | None
    cv_percent: Number | None


class FarResult(Section):
    """The result of a level that lies too far from the others to be chance (Grubbs); it is kept."""

    sample: str
    percent: Number
    p: Number


class PrecisionLevel(Section):
    """Replicates of one level; percent as found, at the earliest hours of the level.

    Attributes:
        of: which number.
        far: one that does not belong to the rest by the rules; None where there is none.
        n: results; `without` tubes of the level had none.
        runs, readers: how many were told apart.
        components: of the nested design; empty where its factors cannot be told.
        reason: why a component is missing.
    """

    level: str
    of: Literal["cd5", "burden"]
    n: Count
    without: Count
    mean: Number
    sd: Number
    sd_ci95: Interval | None
    cv_percent: Number | None
    runs: Count
    readers: Count
    components: tuple[ComponentOf, ...]
    far: FarResult | None = None
    reason: str | None


class DilutionLevel(Section):
    """One step of a dilution: means are geometric."""

    expected: Number
    n: Count
    found: Number
    recovery_percent: Number
    recovery_ci95: Interval | None
    deviation_percent: Number


class LinearitySection(Section):
    """The dilution's line of log10 found on log10 expected.

    `left_out` counts tubes in which nothing was found; `quadratic_p` is of a curved term.
    """

    n: Count
    left_out: Count
    against: Literal["expected_blast_percent", "level"] | None
    slope: Number | None
    slope_ci95: Interval | None
    intercept: Number | None
    intercept_ci95: Interval | None
    r2: Number | None
    max_deviation_percent: Number | None
    quadratic_p: Number | None
    levels: tuple[DilutionLevel, ...]
    enough: bool
    reason: str | None


class ClaimOf(Section):
    """A limit that the strategy claims, and how many results keep to it; `least` must."""

    limit: Literal["lob", "lod"]
    percent: Number
    kept: Count
    n: Count
    least: Count
    holds: bool


class PrecisionPoint(Section):
    """CV of the burden at one level; of `without` tubes the number was withheld."""

    level: str
    n: Count
    without: Count
    mean_percent: Number
    cv_percent: Number


class DetectionSection(Section):
    """Limits in percent of the denominator.

    Attributes:
        purpose: what so many results are good for.
        method: parametric where blanks and lows look normal, by ranks otherwise.
        blanks_called: blanks in which disease was found; `background_median` and `background_most` are
            of everything in them that looks like a blast.
        quantified_at: the CV of the level that is the LLOQ.
        claims: limits that the strategy already holds, verified.
        strategies: SHA-256 of those that blanks, lows and dilutions were analysed with: the limits are
            theirs; empty in records of 0.1.0.
        reason: why a limit is null, or what it is not good for.
    """

    lob: Number | None
    lod: Number | None
    lloq: Number | None
    n_blank: Count
    n_low: Count
    method: Literal["parametric", "rank"] | None
    purpose: Literal["establish", "verify"] | None
    blank_without: Count = Field(description="blanks whose number was withheld")
    low_without: Count = Field(description="lows whose number was withheld; they were not found")
    blank_specimens: Count
    low_specimens: Count
    blanks_called: Count
    background_median_percent: Number | None
    background_most_percent: Number | None
    lloq_cv_goal_percent: Number
    quantified_at_cv_percent: Number | None
    profile: tuple[PrecisionPoint, ...]
    claims: tuple[ClaimOf, ...]
    strategies: tuple[str, ...] = ()
    reason: str | None


class CarriedOver(Section):
    """A tube with much disease, and blanks right after it; percent of everything like a blast."""

    run: str
    high: str
    after: str
    high_percent: Number
    first_percent: Number
    last_percent: Number
    carry_over_percent: Number


class CarryOverSection(Section):
    """What a tube leaves in the next."""

    n: Count
    most_percent: Number | None
    found: tuple[CarriedOver, ...]
    reason: str | None


class ChangeOf(Section):
    """Mean change from the first hours to these, over specimens."""

    hours: Number
    n: Count
    mean: Number
    ci95: Interval | None


class StabilityOf(Section):
    """Changes over the hours, and up to which every one keeps within the goal."""

    specimens: Count
    goal: Number
    stable_hours: Number | None
    changes: tuple[ChangeOf, ...]
    reason: str | None


class StabilitySection(Section):
    """% CD5 in points, the burden in log10."""

    cd5: StabilityOf
    burden: StabilityOf


class ReaderSpread(Section):
    """How far readers of the same file lie apart, and in how many files their states differ."""

    files: Count
    mean_range: Number | None
    most_range: Number | None
    discordant: Count


class ReaderSection(Section):
    """Readers of the same files: by their own numbers before, by the program's results after."""

    readers: Count
    before: ReaderSpread | None
    after: ReaderSpread | None
    reason: str | None


class FailedTube(Section):
    """A row without a result."""

    sample: str
    file: str
    error: str
    message: str


class UsedFile(Section):
    """A file that decided."""

    what: str
    name: str
    version: str
    sha256: str


class OwnProvenance(Section):
    """With what and when."""

    cd5flow: str
    python: str
    packages: dict[str, str]
    created: str
    sheet: str
    sheet_sha256: str
    files: tuple[UsedFile, ...]


class OwnValidation(Document):
    """Everything that a laboratory's validation found."""

    schema_: Literal["cd5flow.own-validation/1"] = Field(
        default="cd5flow.own-validation/1", alias="schema"
    )
    tubes: Count
    tubes_sha256: str = Field(description="of tubes.csv, which has every tube")
    kinds: dict[str, Count]
    comparison: ComparisonSection
    agreement: AgreementSection
    precision: tuple[PrecisionLevel, ...]
    linearity: LinearitySection
    detection: DetectionSection
    carry_over: CarryOverSection
    stability: StabilitySection
    readers: ReaderSection
    notes: tuple[str, ...] = Field(description="what weakens the design, such as one file twice")
    failures: tuple[FailedTube, ...]
    provenance: OwnProvenance
