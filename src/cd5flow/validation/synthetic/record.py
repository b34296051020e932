"""What a validation found, as other programs read it: schema ``cd5flow.validation/1``.

Unknown is None (JSON ``null``), never 0. Differences are found less true.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from cd5flow.model.section import Document, Section
from cd5flow.validation.synthetic.plan import Topic
from cd5flow.validation.synthetic.rows import Arm, Count, Number, Percent

LABEL: Literal["software, synthetic"] = "software, synthetic"
Interval = tuple[Number, Number]

_DECIMALS: Final = 9
"""What is kept of a number: sums of floats may differ in their last bits between machines."""


def _rounded(value: Any) -> Any:
    return round(value, _DECIMALS) if isinstance(value, float) else value


Rounded = Annotated[Number, BeforeValidator(_rounded)]
RoundedPercent = Annotated[Percent, BeforeValidator(_rounded)]
RoundedInterval = tuple[Rounded, Rounded]


class GoalState(StrEnum):
    """Whether a goal of the series is met; NOT_DONE where the series has no tubes for it."""

    MET = "MET"
    NOT_MET = "NOT_MET"
    NOT_DONE = "NOT_DONE"


class SizeSection(Section):
    """How many tubes were asked for, and how large; `words` is the option as given."""

    words: str
    accuracy: Count
    level: Count
    blank: Count
    resamples: Count
    overt_events: Count
    burden_events: Count


class SeriesSection(Section):
    """The file that says what is simulated."""

    name: str
    version: str
    sha256: str
    size: SizeSection


class FileSection(Section):
    """A gating file that was validated, and for which tubes."""

    use: str
    name: str
    version: str
    sha256: str


class AgreementSection(Section):
    """Differences between found and true.

    Attributes:
        n: pairs.
        bias: mean difference.
        sd: of the differences; None of fewer than two.
        low, high: limits of agreement, bias -/+ 1.96 SD; None likewise.
        median_size: median of the differences' sizes.
        size95: their 95th percentile.
        worst: the difference of the largest size, with its sign.
    """

    n: Count
    bias: Rounded
    sd: Rounded | None
    low: Rounded | None
    high: Rounded | None
    median_size: Rounded
    size95: Rounded
    worst: Rounded


class WrongCall(Section):
    """A definite CD5 state that the FMO rule contradicts."""

    tube: str
    arm: Arm
    state: str
    percent: Percent | None
    true_percent: Percent | None
    label_percent: Percent | None


class AccuracyGroup(Section):
    """Relapse tubes analysed in one way.

    Attributes:
        arm: with an FMO, or without a control.
        pattern: of CD5; None is all.
        tubes, numbers: analysed, and with a percentage that stands as a result.
        by_fmo_rule, by_label: percentage points between found and each truth.
        in_band: tubes whose FMO-rule percentage lies in the band, of `numbers`.
        states: how often each CD5 state was given.
        definite, wrong_meets, wrong_does_not_meet: definite states, and those the FMO rule contradicts.
        wrong_by_label: definite states that the biological label contradicts.
        burden_log10: log10 of found over true burden.
        found_of_blasts, true_of_found: median percent, and the lowest.
    """

    arm: Arm
    pattern: str | None
    tubes: Count
    numbers: Count
    by_fmo_rule: AgreementSection | None
    by_label: AgreementSection | None
    in_band: Count
    states: dict[str, Count]
    definite: Count
    wrong_meets: Count
    wrong_does_not_meet: Count
    wrong_by_label: Count
    burden_log10: AgreementSection | None
    found_of_blasts: RoundedInterval | None
    true_of_found: RoundedInterval | None


class AccuracySection(Section):
    """% CD5 and burden of relapse tubes against two truths."""

    threshold_percent: Percent
    operator: Literal[">=", ">"]
    groups: tuple[AccuracyGroup, ...]
    wrong: tuple[WrongCall, ...]


class LevelSection(Section):
    """One level of a dilution.

    Attributes:
        percent: that was aimed at; `true_percent` is the mean of what the tubes hold.
        at_lloq: the lower limit of quantification of such a tube.
        tubes, numbers: analysed, and with a result: disease was found.
        bias_log10, bias_ci95: mean of log10 found over true, and its interval.
        from_line_log10: the mean's distance from the dilution's own line.
        cv_percent: of found over true, over the tubes of the level.
        counting_cv_percent: what counting so many blasts gives by itself, 100 over the root of them.
        called: tubes in which disease was found.
        states: how often each burden state was given.
    """

    percent: Percent
    at_lloq: bool
    tubes: Count
    numbers: Count
    true_percent: RoundedPercent
    found_percent: RoundedPercent | None
    bias_log10: Rounded | None
    bias_ci95: RoundedInterval | None
    from_line_log10: Rounded | None
    cv_percent: Rounded | None
    counting_cv_percent: Rounded | None
    called: Count
    states: dict[str, Count]


class LineSection(Section):
    """A straight line by least squares: of log10 of found on log10 of true burden.

    Attributes:
        n: points.
        slope, intercept: the line.
        slope_ci95, intercept_ci95: by Student's t with n - 2 degrees of freedom.
        r_squared: share of y's variance that the line explains.
        residual_sd: SD about the line, n - 2 degrees of freedom.
    """

    n: Count
    slope: Rounded
    slope_ci95: RoundedInterval
    intercept: Rounded
    intercept_ci95: RoundedInterval
    r_squared: Rounded
    residual_sd: Rounded


class DilutionSection(Section):
    """One dilution: the same blasts in the same marrow, level by level."""

    name: str
    panel: str
    instrument: str
    line: LineSection | None
    levels: tuple[LevelSection, ...]


class BlankCall(Section):
    """A tube without disease in which disease was found."""

    tube: str
    group: str
    state: str
    percent: Percent | None
    blast_events: Count


class BlankGroup(Section):
    """Blank tubes of one kind: how many, how many called, and the largest share counted."""

    name: str
    tubes: Count
    called: Count
    most_percent: Percent | None


class BlankSection(Section):
    """Tubes without disease.

    Attributes:
        tubes, numbers: analysed, and with a share.
        called, called_upper95_percent: in which disease was found, and the end of the Wilson interval.
        counted_median_percent, counted_p95_percent, counted_most_percent: what lies in the blast gate,
            called or not. The 95th percentile is of synthetic blanks: no limit of blank.
        lod_percent: lowest and highest limit of detection of the tubes, by the count rule.
        is_limit_of_blank: never.
    """

    tubes: Count
    numbers: Count
    called: Count
    called_upper95_percent: RoundedPercent | None
    calls: tuple[BlankCall, ...]
    states: dict[str, Count]
    counted_median_percent: RoundedPercent | None
    counted_p95_percent: RoundedPercent | None
    counted_most_percent: Percent | None
    lod_percent: Interval | None
    groups: tuple[BlankGroup, ...]
    is_limit_of_blank: Literal[False] = False


class PrecisionSection(Section):
    """A tube whose events were drawn anew.

    Attributes:
        of: which number.
        level_percent: that the tube was made for.
        draws, numbers: how often, and how often there was a result.
        events: blasts in the gate, the median over the draws with a result.
        mean_percent, sd_percent, cv_percent, cv95: of the number.
        counting_cv_percent: of counting alone: binomial for % CD5, Poisson for the burden.
        states: how often each state was given.
    """

    of: Literal["cd5", "burden"]
    level_percent: Percent
    draws: Count
    numbers: Count
    events: Number | None
    mean_percent: RoundedPercent | None
    sd_percent: Rounded | None
    cv_percent: Rounded | None
    cv95: RoundedInterval | None
    counting_cv_percent: Rounded | None
    states: dict[str, Count]


class GoalSection(Section):
    """A goal of the series [R], and whether the findings keep to it."""

    id: str
    text: str
    found: Number | None
    goal: Number
    at_least: bool = Field(description="whether the goal is met from below or from above")
    unit: str
    state: GoalState


class FailedTube(Section):
    """A tube without a row."""

    tube: str
    error: str
    message: str


class ProvenanceSection(Section):
    """With what and when; two runs of one seed, size and version differ in `created` alone."""

    cd5flow: str
    code_sha256: str = Field(description="of cd5flow's own Python files as they are installed")
    python: str
    packages: dict[str, str]
    created: str
    seed: Count
    settings: dict[str, Any]


class Validation(Document):
    """Everything that a validation found."""

    schema_: Literal["cd5flow.validation/1"] = Field(default="cd5flow.validation/1", alias="schema")
    label: Literal["software, synthetic"] = LABEL
    series: SeriesSection
    strategies: tuple[FileSection, ...]
    protocol: FileSection
    tubes: Count
    rows: Count
    rows_sha256: str = Field(description="of tubes.csv, which has every analysis")
    failed: tuple[FailedTube, ...]
    goals: tuple[GoalSection, ...]
    accuracy: AccuracySection
    dilutions: tuple[DilutionSection, ...]
    blanks: BlankSection
    precision: tuple[PrecisionSection, ...]
    repeat: tuple[Topic, ...]
    provenance: ProvenanceSection
