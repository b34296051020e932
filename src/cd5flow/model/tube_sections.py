"""What a result tells of the tube itself: sample, strategy, controls, panel, quality, populations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from cd5flow.model.reasons import Reason, ReasonData, Sentence
from cd5flow.model.section import Count, Number, Percent, Section
from cd5flow.model.states import Confidence, PriorTherapy, QualityState, Specimen, Timepoint


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


class ProfilesSection(Section):
    """The reference profiles by which kinds of cells were told."""

    name: str
    version: str
    sha256: str


class StrategySection(Section):
    """The gating strategy used, and the lineage rule that found the blasts."""

    reason_fields: ClassVar[Mapping[str, str]] = {
        "choice": "choice_data",
        "rules_changed": "rules_changed_data",
    }

    name: str
    version: str
    sha256: str
    lineage: str
    profiles: ProfilesSection | None = Field(
        default=None, description="reference profiles that the strategy names"
    )
    choice: Sentence = Field(description="how the strategy was chosen, in words")
    choice_data: ReasonData | None = None
    imported: ImportedSection | None = Field(
        default=None, description="gates drawn in another program, in place of the strategy's"
    )
    rules_changed: tuple[Reason, ...] = Field(
        default=(), description="what earlier therapies change, as CODE: sentence"
    )
    rules_changed_data: tuple[ReasonData, ...] = ()
    laip: LaipSection | None = Field(
        default=None, description="the patient's diagnostic result, where one guided the window"
    )


class ProtocolReference(Section):
    """A trial protocol, by name and content."""

    name: str
    version: str
    sha256: str


class ProtocolSection(ProtocolReference):
    """The trial protocol judged against, with what it asks."""

    rules: dict[str, Any] | None = Field(
        default=None, description="what it asks, as read from its file, but for its criteria"
    )


class ControlSection(Section):
    """A control tube and whether it was good enough to use."""

    reason_fields: ClassVar[Mapping[str, str]] = {"reasons": "reason_data"}

    role: Literal["fmo", "isotype", "positive"]
    file: str
    sha256: str
    accepted: bool
    reasons: tuple[Reason, ...]
    reason_data: tuple[ReasonData, ...] = ()


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
    worse: Literal["above", "below"] | None = Field(
        default=None, description="on which side of its limits a value is worse"
    )
    message: str
    message_data: tuple[ReasonData, ...] = Field(
        default=(), description="the message's sentences, which it joins by '; '"
    )


class QualitySection(Section):
    """All checks; the worst decides, NOT_DONE aside."""

    state: Literal[QualityState.PASS, QualityState.WARN, QualityState.FAIL]
    checks: tuple[Check, ...]
    not_definite: tuple[str, ...] = Field(
        default=(), description="checks that leave CD5 BORDERLINE where they warn: the strategy's"
    )


class PlaceSection(Section):
    """Where a population's median lies on an axis and usually does, on the display scale."""

    axis: str
    median: Number
    low: Number | None
    high: Number | None


class GateSection(Section):
    """How a population was gated: method, region, evidence, and how sure that is."""

    reason_fields: ClassVar[Mapping[str, str]] = {
        "note": "note_data",
        "tried": "tried_data",
        "unplaced_edges": "unplaced_edge_data",
        "confidence_reasons": "confidence_reason_data",
    }

    method: str
    region: dict[str, Any]
    events_seen: Count
    evidence: dict[str, Number]
    note: Sentence
    note_data: ReasonData | None = None
    why: str
    expected_percent: tuple[Percent, Percent] | None
    expected_position: tuple[PlaceSection, ...] = ()
    tried: tuple[Sentence, ...] = Field(
        default=(), description="why each way that the strategy prefers could not tell"
    )
    tried_data: tuple[ReasonData, ...] = ()
    placed_by: tuple[str, ...] = Field(
        default=(),
        description="other populations that the region was placed by; a control tube's as "
        "'fmo:granulocytes'",
    )
    unplaced_edges: tuple[Sentence, ...] = Field(
        default=(), description="edges that no population could place; they bound nothing"
    )
    unplaced_edge_data: tuple[ReasonData, ...] = ()
    confidence: Confidence | None = Field(
        default=None, description="by the strategy's rules; null where it states none"
    )
    confidence_reasons: tuple[Sentence, ...] = ()
    confidence_reason_data: tuple[ReasonData, ...] = ()


class PopulationSection(Section):
    """One population's counts."""

    name: str
    path: str
    parent: str | None
    events: Count
    percent_of_parent: Percent | None
    percent_of_denominator: Number | None
    gate: GateSection | None
