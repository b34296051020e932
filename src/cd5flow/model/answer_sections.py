"""What a result answers: CD5 on the blasts, the burden, the protocol's criterion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from cd5flow.model.basis_sections import BurdenBasis, Cd5Basis, ReagentSection
from cd5flow.model.limits import IntervalMethod
from cd5flow.model.reasons import Reason, ReasonData, Sentence
from cd5flow.model.section import Count, Number, Percent, Section
from cd5flow.model.states import BurdenState, Cd5State, CriterionState, CutMethod, Pattern, Scope


class CutAlternative(Section):
    """A CD5 cut that was computed too, and the share it would give."""

    method: str
    linear: Number
    percent: Percent | None


class CutSection(Section):
    """The CD5 cut used."""

    reason_fields: ClassVar[Mapping[str, str]] = {"reference": "reference_data"}

    method: CutMethod
    channel: str
    linear: Number
    scaled: Number
    reference: Sentence
    reference_data: ReasonData | None = None
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
        description="blasts over normal T cells, times 100; null likewise, or where T cells are too "
        "few or lack CD5"
    )
    far_below_t_cells: bool | None = Field(
        default=None,
        description="whether the blasts' median lies far_below_fold times below that of normal T cells, "
        "or further; null where these are too few or lack CD5",
    )
    far_below_fold: Number | None = Field(default=None, description="the strategy's etp_fold")


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
    expected_events: Number | None = Field(
        default=None,
        description="the likeliest number, of which percent_corrected is made; `events` is how many "
        "there may be",
    )


class Cd5Section(Section):
    """CD5 on the blasts against the protocol's threshold."""

    reason_fields: ClassVar[Mapping[str, str]] = {"reasons": "reason_data", "notes": "note_data"}

    state: Cd5State
    reasons: tuple[Reason, ...]
    reason_data: tuple[ReasonData, ...] = ()
    percent: Percent | None = Field(description="as counted")
    percent_corrected: Percent | None = Field(
        default=None,
        description="(positive_events - known other cells that carry CD5) / (blast_events - known other "
        "cells), times 100, within 0 to 100; null where no other cells are known of",
    )
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
    reagent: ReagentSection | None = Field(
        default=None, description="what shows that CD5 was in the tube; null where nothing can"
    )
    etp_component: bool | None = Field(
        default=None,
        description="whether the CD5 part of the early-T-precursor definition holds (fewer than 75 % of "
        "the blasts, or far below normal T cells); null where not known. No diagnosis",
    )
    internalisation_days: Count | None = Field(
        default=None,
        description="days after CD5 CAR-T cells in which a low share is no proof of loss: the strategy's",
    )
    contamination: tuple[ContaminationSection, ...] = ()
    ci_method: IntervalMethod | None = Field(default=None, description="of ci95_percent")
    notes: tuple[Reason, ...] = Field(
        default=(), description="what else the share means, as CODE: sentence; no state follows"
    )
    note_data: tuple[ReasonData, ...] = ()
    basis: Cd5Basis | None = Field(
        default=None, description="what the state follows from, beside these numbers"
    )


class BurdenAlternative(Section):
    """The share of blasts by another convention's denominator."""

    denominator: str
    events: Count | None = Field(description="null where this tube does not tell them")
    percent: Percent | None


class BurdenSection(Section):
    """Blasts among the denominator."""

    reason_fields: ClassVar[Mapping[str, str]] = {"reasons": "reason_data", "notes": "note_data"}

    state: BurdenState
    reasons: tuple[Reason, ...]
    reason_data: tuple[ReasonData, ...] = ()
    percent: Percent | None
    blast_events: Count
    look_alike_events: Count = Field(
        default=0,
        description="scattered cells that pass the lineage gates as blasts do; never in percent",
    )
    denominator: str
    denominator_data: ReasonData | None = Field(
        default=None, description="the denominator's rule as data; its text is beside it"
    )
    denominator_events: Count
    ci95_percent: tuple[Percent, Percent] | None
    upper95_percent: Percent | None
    lod_percent: Number | None
    lloq_percent: Number | None
    level: Literal[">=5%", "1-5%", "0.1-1%", "0.01-0.1%", "<0.01%"] | None
    scope: Scope | None = Field(
        default=None,
        description="the disease that was looked for where none was found; NOT_DETECTED speaks of it "
        "alone, and null is none that can be named",
    )
    second_start_percent: Percent | None = Field(
        default=None,
        description="the share where groups of cells are made from another start, if it moves by more "
        "than the strategy allows; null otherwise",
    )
    ci_method: IntervalMethod | None = Field(default=None, description="of ci95_percent")
    lod_by: Literal["count rule", "validated"] | None = Field(
        default=None, description="what the limit of detection rests on"
    )
    alternatives: tuple[BurdenAlternative, ...] = Field(
        default=(), description="other denominators in use; the one above decides"
    )
    notes: tuple[Reason, ...] = Field(
        default=(),
        description="what the specimen and other readings of the share say, as CODE: sentence",
    )
    note_data: tuple[ReasonData, ...] = ()
    basis: BurdenBasis | None = Field(
        default=None, description="what the state follows from, beside these numbers"
    )

    @property
    def below(self) -> Literal["LOD", "LLOQ"] | None:
        """The limit that the share lies below, which is printed for it; None where it is a number.

        Of a tube in which nothing was counted, that is the limit of detection: "below the limit of
        quantification" would say that something is there.
        """
        if self.percent is None:
            return None
        if self.blast_events == 0 and self.lod_percent is not None:
            return "LOD"
        if self.lloq_percent is None or self.percent < self.lloq_percent:
            return "LLOQ"
        return None


class CriterionSection(Section):
    """The protocol's flow criterion: the flow route alone, and with what the clinic added."""

    reason_fields: ClassVar[Mapping[str, str]] = {"reasons": "reason_data"}

    state: CriterionState
    flow_state: CriterionState
    reasons: tuple[Reason, ...]
    reason_data: tuple[ReasonData, ...] = ()
    bounds: tuple[str, ...] = Field(
        default=(),
        description="circumstances of the tube that can keep the criterion at REVIEW and stand "
        "nowhere else: LINEAGE_BY_CD7_ALONE, NK_UNRESOLVED, BLASTS_USE_CD5, "
        "LINEAGE_AS_DRAWN",
    )
