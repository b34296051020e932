"""The result of one tube as other programs read it: schema ``cd5flow.result/1``.

Percentages are 0 to 100 with their denominator beside them. Unknown is None (JSON ``null``), never
0 or NaN.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cd5flow.model.limits import IntervalMethod

SCHEMA = "cd5flow.result/1"

Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class Section(BaseModel):
    """A part of the result: frozen, no unknown fields."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        serialize_by_alias=True,
        validate_by_name=True,
        validate_by_alias=True,
    )


class QualityState(StrEnum):
    """PASS, WARN (look at it), FAIL (states are withheld), NOT_DONE (could not be checked)."""

    PASS = "PASS"  # noqa: S105 - a state, not a password
    WARN = "WARN"
    FAIL = "FAIL"
    NOT_DONE = "NOT_DONE"


class Cd5State(StrEnum):
    """Whether the share of CD5-positive blasts meets the protocol's threshold."""

    MEETS = "MEETS"
    DOES_NOT_MEET = "DOES_NOT_MEET"
    BORDERLINE = "BORDERLINE"
    NOT_EVALUABLE = "NOT_EVALUABLE"


class BurdenState(StrEnum):
    """How much disease the tube shows."""

    OVERT = "OVERT"
    MRD_POSITIVE = "MRD_POSITIVE"
    MRD_BELOW_LLOQ = "MRD_BELOW_LLOQ"
    INDETERMINATE = "INDETERMINATE"
    NOT_DETECTED = "NOT_DETECTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_EVALUABLE = "NOT_EVALUABLE"


class CriterionState(StrEnum):
    """Whether the protocol's flow criterion is met; it never says that a patient is eligible."""

    MET = "MET"
    NOT_MET = "NOT_MET"
    REVIEW = "REVIEW"
    NOT_EVALUABLE = "NOT_EVALUABLE"


class CutMethod(StrEnum):
    """Where the CD5 cut came from."""

    FMO = "fmo"
    INTERNAL_NEGATIVE = "internal_negative"
    FIXED = "fixed"
    ISOTYPE = "isotype"
    VALLEY = "valley"


class Confidence(StrEnum):
    """How sure a gate is by the strategy's rules; what a person drew is not rated."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"
    BY_HAND = "by_hand"


class Pattern(StrEnum):
    """How CD5 is spread over the blasts."""

    NEGATIVE = "negative"
    PARTIAL = "partial"
    DIM = "dim"
    HETEROGENEOUS = "heterogeneous"
    BRIGHT = "bright"


class Timepoint(StrEnum):
    """When in the disease the specimen was taken."""

    DIAGNOSIS = "diagnosis"
    RELAPSE = "relapse"
    MRD = "mrd"
    UNSTATED = "unstated"


class Specimen(StrEnum):
    """What the specimen is."""

    BONE_MARROW = "bone_marrow"
    PERIPHERAL_BLOOD = "peripheral_blood"
    CSF = "csf"
    FLUID = "fluid"
    TISSUE = "tissue"
    UNKNOWN = "unknown"


class PriorTherapy(StrEnum):
    """Earlier therapies that change how markers may be read."""

    CD5_CAR = "cd5_car"
    CD7_CAR = "cd7_car"
    OTHER_CAR = "other_car"
    ALLO_HSCT = "allo_hsct"
    ANTI_CD38 = "anti_cd38"


class SampleSection(Section):
    """Which file, of whom, taken when. `file` is the name as given, without its folder."""

    id: str
    file: str
    sha256: str
    events: Count
    acquired: str | None
    cytometer: str | None
    timepoint: Timepoint
    specimen: Specimen
    prior_therapy: tuple[PriorTherapy, ...]
    patient_id: str | None
    collected_at: str | None
    identifiers: dict[str, str] = Field(
        default_factory=dict, description="further names of a sample sheet, such as its accession"
    )


class ImportedSection(Section):
    """A file of gates drawn in another program, and which gate the user says is which population."""

    file: str
    sha256: str
    populations: dict[str, str]


class LaipSection(Section):
    """The diagnostic result that guided the blast window."""

    sample: str
    sha256: str = Field(description="of the diagnostic tube's file")
    lineage: str
    blast_events: int
    markers: tuple[str, ...] = Field(description="markers on which it could guide")


class PhenotypeEntry(Section):
    """How blasts look on one marker: signals in linear units, and against normal T cells.

    Low and high hold 95 % of the blasts between them. Decades are from the T cells' median; null
    where T cells carry too little to measure by, or the signal is not above zero.
    """

    marker: str
    channel: str
    low: float
    median: float
    high: float
    t_cells_median: float | None = None
    low_decades: float | None = None
    median_decades: float | None = None
    high_decades: float | None = None
    above_t_cells_percent: float | None = Field(
        default=None, description="share of blasts above the T cells' 95th percentile"
    )


class StrategySection(Section):
    """The gating strategy used, and the lineage rule that found the blasts."""

    name: str
    version: str
    sha256: str
    lineage: str
    choice: str = Field(description="how the strategy was chosen, in words")
    imported: ImportedSection | None = Field(
        default=None, description="gates drawn in another program, in place of the strategy's"
    )
    rules_changed: tuple[str, ...] = Field(
        default=(), description="what earlier therapies change, as CODE: sentence"
    )
    laip: LaipSection | None = Field(
        default=None, description="the patient's diagnostic result, where one guided the window"
    )


class ProtocolSection(Section):
    """The trial protocol judged against."""

    name: str
    version: str
    sha256: str


class ControlSection(Section):
    """A control tube and whether it was good enough to use."""

    role: Literal["fmo", "isotype", "positive"]
    file: str
    sha256: str
    accepted: bool
    reasons: tuple[str, ...]


class PanelEntry(Section):
    """A channel and the marker it was taken for."""

    channel: str
    marker: str | None
    label: str | None


class Check(Section):
    """One quality check with its limits."""

    code: str
    state: QualityState
    value: Number | None
    unit: str | None
    warn: Number | None
    fail: Number | None
    message: str


class QualitySection(Section):
    """All checks; the worst decides, NOT_DONE aside."""

    state: Literal[QualityState.PASS, QualityState.WARN, QualityState.FAIL]
    checks: tuple[Check, ...]


class PlaceSection(Section):
    """Where a population's median lies on an axis and usually does, on the display scale."""

    axis: str
    median: Number
    low: Number | None
    high: Number | None


class GateSection(Section):
    """How a population was gated: method, region, evidence, and how sure that is."""

    method: str
    region: dict[str, Any]
    events_seen: Count
    evidence: dict[str, Number]
    note: str
    why: str
    expected_percent: tuple[Percent, Percent] | None
    expected_position: tuple[PlaceSection, ...] = ()
    tried: tuple[str, ...] = Field(
        default=(), description="why each way that the strategy prefers could not tell"
    )
    placed_by: tuple[str, ...] = Field(
        default=(),
        description="other populations that the region was placed by; a control tube's as "
        "'fmo:granulocytes'",
    )
    unplaced_edges: tuple[str, ...] = Field(
        default=(), description="edges that no population could place; they bound nothing"
    )
    confidence: Confidence | None = Field(
        default=None, description="by the strategy's rules; null where it states none"
    )
    confidence_reasons: tuple[str, ...] = ()


class PopulationSection(Section):
    """One population's counts."""

    name: str
    path: str
    parent: str | None
    events: Count
    percent_of_parent: Percent | None
    percent_of_denominator: Number | None
    gate: GateSection | None


class CutAlternative(Section):
    """A CD5 cut that was computed too, and the share it would give."""

    method: str
    linear: Number
    percent: Percent | None


class CutSection(Section):
    """The CD5 cut used."""

    method: CutMethod
    channel: str
    linear: Number
    scaled: Number
    reference: str
    reference_events: Count
    alternatives: tuple[CutAlternative, ...]
    by_hand: bool = Field(default=False, description="whether a person placed it; method is fixed")
    ci95_linear: tuple[Number, Number] | None = Field(
        default=None,
        description="where the cut lies when its reference is drawn anew (bootstrap, 95 %)",
    )


class MedianSection(Section):
    """Median CD5, linear compensated units; of the negative reference, its own and not scaled."""

    blasts: Number | None
    negative_reference: Number | None
    t_cells: Number | None


class IntensitySection(Section):
    """How bright CD5 is on the blasts, from medians on the linear scale."""

    difference: Number | None = Field(description="blasts less the negative reference")
    ratio: Number | None = Field(
        description="blasts over the negative reference; null where a median is not above zero"
    )
    percent_of_t_cells: Number | None = Field(
        description="blasts over normal T cells, times 100; null likewise"
    )


class TCellSection(Section):
    """CD5 on normal T cells, which shows what the reagent did."""

    events: Count
    positive_events: Count | None = Field(description="at or above the cut; null without a cut")
    percent: Percent | None


class ContaminationSection(Section):
    """Other cells that may lie in the blast gate, as events and as a part of it."""

    source: str = Field(description="the gate, or marker, across which they may have come")
    events: Number
    percent_of_blasts: Percent
    cd5_positive_percent: Percent | None = Field(
        description="share of them that carries CD5, as their like outside the gate; null unknown"
    )


class Cd5Section(Section):
    """CD5 on the blasts against the protocol's threshold."""

    state: Cd5State
    reasons: tuple[str, ...]
    percent: Percent | None
    positive_events: Count
    blast_events: Count
    ci95_percent: tuple[Percent, Percent] | None
    band_percent: tuple[Percent, Percent] | None
    threshold_percent: Percent
    operator: Literal[">=", ">"]
    cut: CutSection | None
    pattern: Pattern | None
    median: MedianSection
    stain_index: Number | None
    intensity: IntensitySection | None = None
    t_cells: TCellSection | None = None
    contamination: tuple[ContaminationSection, ...] = ()
    ci_method: IntervalMethod | None = Field(default=None, description="of ci95_percent")
    notes: tuple[str, ...] = Field(
        default=(), description="what else the share means, as CODE: sentence; no state follows"
    )


class BurdenAlternative(Section):
    """The share of blasts by another convention's denominator."""

    denominator: str
    events: Count | None = Field(description="null where this tube does not tell them")
    percent: Percent | None


class BurdenSection(Section):
    """Blasts among the denominator."""

    state: BurdenState
    reasons: tuple[str, ...]
    percent: Percent | None
    blast_events: Count
    denominator: str
    denominator_events: Count
    ci95_percent: tuple[Percent, Percent] | None
    upper95_percent: Percent | None
    lod_percent: Number | None
    lloq_percent: Number | None
    level: Literal[">=5%", "1-5%", "0.1-1%", "0.01-0.1%", "<0.01%"] | None
    ci_method: IntervalMethod | None = Field(default=None, description="of ci95_percent")
    lod_by: Literal["count rule", "validated"] | None = Field(
        default=None, description="what the limit of detection rests on"
    )
    alternatives: tuple[BurdenAlternative, ...] = Field(
        default=(), description="other denominators in use; the one above decides"
    )


class CriterionSection(Section):
    """The protocol's flow criterion: the flow route alone, and with what the clinic added."""

    state: CriterionState
    flow_state: CriterionState
    reasons: tuple[str, ...]
    bounds: tuple[str, ...] = Field(
        default=(),
        description="circumstances of the tube that can keep the criterion at REVIEW and stand "
        "nowhere else: LINEAGE_BY_CD7_ALONE, NK_UNRESOLVED, BLASTS_USE_CD5, "
        "LINEAGE_AS_DRAWN",
    )


class ReviewSection(Section):
    """What a person made of it; unreviewed until one says otherwise."""

    state: Literal["unreviewed", "confirmed", "amended"] = "unreviewed"
    by: str | None = None
    at: str | None = None
    comment: str | None = None


class AutomaticGate(Section):
    """A gate as it was found before a person drew it anew."""

    method: str
    region: dict[str, Any]
    events: Count
    percent_of_parent: Percent | None


class OverrideSection(Section):
    """A gate that a person drew, beside the automatic one.

    Attributes:
        region, events, percent_of_parent: of the gate as drawn; null where it is left out, and
            counts where there was nothing to count.
        automatic: null where the automatic gating found none.
        file, sha256: the override file.
    """

    gate: str
    by: str
    date: str
    reason: str
    region: dict[str, Any] | None
    events: Count | None
    percent_of_parent: Percent | None
    automatic: AutomaticGate | None
    file: str
    sha256: str


class AutomaticSection(Section):
    """What the tube's answers are without the gates that a person drew."""

    lineage: str
    cd5_state: Cd5State
    cd5_percent: Percent | None
    burden_state: BurdenState
    burden_percent: Percent | None
    criterion_state: CriterionState


class RedoSection(Section):
    """How to compute this result again with gates drawn by hand.

    Attributes:
        command: the command line; files by name, without their folders.
        override: an override file to begin with: name, date and reason are to be filled in, and
            regions changed.
    """

    command: str
    override: dict[str, Any]


class ProvenanceSection(Section):
    """With what, when and how this was computed. Two runs differ in `created` alone."""

    cd5flow: str
    python: str
    packages: dict[str, str]
    created: str
    seed: int
    settings: dict[str, Any]
    inputs_sha256: str | None = Field(
        default=None,
        description="of files, settings and versions together; results of one digest are equal",
    )
    redo: RedoSection | None = Field(
        default=None, description="how to compute this again with gates drawn by hand"
    )


class Result(Section):
    """Everything that cd5flow says of one tube."""

    schema_: Literal["cd5flow.result/1"] = Field(default="cd5flow.result/1", alias="schema")
    sample: SampleSection
    strategy: StrategySection
    protocol: ProtocolSection
    controls: tuple[ControlSection, ...]
    panel: tuple[PanelEntry, ...]
    quality: QualitySection
    populations: tuple[PopulationSection, ...]
    cd5: Cd5Section
    burden: BurdenSection
    criterion: CriterionSection
    review: ReviewSection
    provenance: ProvenanceSection
    findings: tuple[str, ...] = Field(
        default=(), description="what was noticed, as 'CODE: sentence'"
    )
    phenotype: tuple[PhenotypeEntry, ...] = Field(
        default=(), description="how the blasts look on each marker but CD5"
    )
    overrides: tuple[OverrideSection, ...] = Field(
        default=(), description="gates that a person drew, each beside the automatic one"
    )
    automatic: AutomaticSection | None = Field(
        default=None, description="the answers without them; null where no gate was drawn"
    )

    def to_json(self) -> str:
        """Return the text of result.json: UTF-8, two spaces, keys in the contract's order."""
        return self.model_dump_json(by_alias=True, indent=2, ensure_ascii=False) + "\n"
