"""What the states of a result follow from, beside the numbers that it shows: enough to derive them anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from cd5flow.model.limits import BurdenLimits, Cd5Limits
from cd5flow.model.populations import Lineage
from cd5flow.model.reasons import Reason, ReasonData
from cd5flow.model.section import Count, Number, Percent, Section
from cd5flow.model.states import CutMethod, Scope


class ReagentSection(Section):
    """What shows that CD5 was in the tube."""

    by: Literal["positive_control", "t_cells", "blasts", "other_cells"] | None = Field(
        description="cells that show it; null where none do"
    )
    bright_t_cells: Count
    bright_blasts: Count = Field(description="in a mode of their own; 0 where they form none")
    bright_others: Count = Field(description="other lymphocytes in a mode of their own")


class LineageBasis(Section):
    """What the cells in the blast gate are, and what that rests on; see `Lineage`."""

    name: str
    cluster: bool
    unproven_cluster: bool
    cd7_alone: bool
    nk_unresolved: bool
    blasts_use_cd5: bool
    as_drawn: bool

    @classmethod
    def of(cls, lineage: Lineage) -> LineageBasis:
        """Return what a result keeps of a lineage."""
        return cls(**{name: getattr(lineage, name) for name in cls.model_fields})

    @property
    def lineage(self) -> Lineage:
        """The lineage, as far as states follow from it."""
        return Lineage(**self.model_dump())


class BurdenBasis(Section):
    """What gating counted, and what the panel allowed it to see.

    Attributes:
        blast_events, look_alike_events: in their gates and the denominator, whatever they are called.
        denominator_known: whether there is a denominator at all.
        cd7_unused: whether an earlier therapy took CD7 away from the search.
        searched: whether panel and gates allowed blasts to be looked for at all.
        countable: whether finding none is a count of 0.
        scope: the disease that the tube would have shown.
        undecided: populations that may be disease and that nothing decides.
        limits: the strategy's.
    """

    reason_fields: ClassVar[Mapping[str, str]] = {"undecided": "undecided_data"}

    lineage: LineageBasis
    blast_events: Count
    look_alike_events: Count
    denominator_known: bool
    cd7_unused: bool
    searched: bool
    countable: bool | None
    scope: Scope | None
    undecided: tuple[Reason, ...] = ()
    undecided_data: tuple[ReasonData, ...] = ()
    limits: BurdenLimits


class CutBasis(Section):
    """A cut that was computed, best first; `percent` is the share of the blasts from it on."""

    name: str
    method: CutMethod
    linear: Number
    reference_events: Count
    by_hand: bool
    percent: Percent | None


class WeakStainBasis(Section):
    """What a full stain would have shown, by the laboratory's own figure for it.

    Attributes:
        part_percent: of its usual light that CD5 had.
        percent: of the blasts that would then be positive.
    """

    part_percent: Number
    percent: Percent


class UndecidedBasis(Section):
    """Cells that may belong to the blasts, with a CD5 value: how many, and how many from the cut on."""

    population: str
    events: Count
    positive_events: Count

    def percent_with(self, positive: int, blasts: int) -> float | None:
        """Return the share of CD5-positive cells were these blasts too; None without any."""
        whole = blasts + self.events
        return 100 * (positive + self.positive_events) / whole if whole else None


class CountedByGate(Section):
    """A gate that counted the CD5-positive blasts and is no cut on CD5 alone."""

    gate: str
    file: str


class Cd5Basis(Section):
    """What the CD5 state follows from, beside share, interval, band, pattern and stain index.

    Attributes:
        gate_events: in the blast gate.
        signal_events: of these with a CD5 value; null where CD5 was not measured.
        has_cd5: whether the panel holds CD5.
        panel_gap: markers without which no blasts can be told.
        compensated: whether compensation is known.
        unknown_labels: labels that the table of markers does not know.
        cuts: best first; empty where none can be placed.
        reagent: what shows that CD5 was in the tube; null where no negatives tell what bright is.
        weak_stain: null where the stain is as it should be, or nothing tells.
        undecided: each population by itself, then all together.
        counted_by: a gate in place of a cut.
        limits: the strategy's.
    """

    gate_events: Count
    signal_events: Count | None
    has_cd5: bool
    panel_gap: tuple[str, ...]
    compensated: bool
    unknown_labels: tuple[str, ...]
    cuts: tuple[CutBasis, ...] = ()
    reagent: ReagentSection | None = None
    weak_stain: WeakStainBasis | None = None
    undecided: tuple[UndecidedBasis, ...] = ()
    counted_by: CountedByGate | None = None
    limits: Cd5Limits
