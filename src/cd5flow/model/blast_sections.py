"""What a result tells of each population of blasts, and of cells like them that were not counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from cd5flow.model.reasons import ReasonData, Sentence
from cd5flow.model.section import Count, Number, Percent, Section
from cd5flow.model.states import MarkerWord


class BlastPopulation(Section):
    """One leukaemic population; its events are those of the burden."""

    name: str = Field(description="blasts_1, blasts_2, ...: its gate where there are several")
    lineage: str
    events: Count
    percent_of_blasts: Percent
    cd5_percent: Percent | None = Field(description="by the cut of the whole; null without one")
    ci95_percent: tuple[Percent, Percent] | None = Field(description="by cd5.ci_method")
    phenotype: dict[str, MarkerWord] = Field(description="marker to word; never CD5")


class BlastsSection(Section):
    """The populations that the blasts consist of, and how the blasts as a whole look."""

    populations: tuple[BlastPopulation, ...] = ()
    phenotype: dict[str, MarkerWord] = Field(
        default_factory=dict, description="marker to word; never CD5"
    )
    cd5_of_t_cells_percent: Number | None = Field(
        default=None,
        description="median CD5 of the blasts over that of normal T cells, linear, times 100",
    )


class ExcludedSection(Section):
    """Cells that look like blasts in part and were not counted as such."""

    reason_fields: ClassVar[Mapping[str, str]] = {"what": "what_data", "why": "why_data"}

    name: str = Field(description="of their gate")
    what: Sentence
    what_data: ReasonData | None = None
    events: Count = Field(description="without blasts, and without those of an entry before")
    percent_of_denominator: Percent | None
    why: Sentence
    why_data: ReasonData | None = None
