"""The result of one tube as other programs read it: schema ``cd5flow.result/1``.

Percentages are 0 to 100 with their denominator beside them. Unknown is None (JSON ``null``), never
0 or NaN.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

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


class StrategySection(Section):
    """The gating strategy used, and the lineage rule that found the blasts."""

    name: str
    version: str
    sha256: str
    lineage: str
    choice: str = Field(description="how the strategy was chosen, in words")


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


class GateSection(Section):
    """How a population was gated: method, region and evidence."""

    method: str
    region: dict[str, Any]
    events_seen: Count
    evidence: dict[str, Number]
    note: str
    why: str
    expected_percent: tuple[Percent, Percent] | None


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


class MedianSection(Section):
    """Median CD5, linear compensated units."""

    blasts: Number | None
    negative_reference: Number | None
    t_cells: Number | None


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


class CriterionSection(Section):
    """The protocol's flow criterion: the flow route alone, and with what the clinic added."""

    state: CriterionState
    flow_state: CriterionState
    reasons: tuple[str, ...]


class ReviewSection(Section):
    """What a person made of it; unreviewed until one says otherwise."""

    state: Literal["unreviewed", "confirmed", "amended"] = "unreviewed"
    by: str | None = None
    at: str | None = None
    comment: str | None = None


class ProvenanceSection(Section):
    """With what, when and how this was computed. Two runs differ in `created` alone."""

    cd5flow: str
    python: str
    packages: dict[str, str]
    created: str
    seed: int
    settings: dict[str, Any]


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

    def to_json(self) -> str:
        """Return the text of result.json: UTF-8, two spaces, keys in the contract's order."""
        return self.model_dump_json(by_alias=True, indent=2, ensure_ascii=False) + "\n"
