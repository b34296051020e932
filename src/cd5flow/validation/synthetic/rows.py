"""One analysis of one synthetic tube beside its truth: a row of ``tubes.csv``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from cd5flow.model.file_part import FilePart
from cd5flow.model.result import BurdenState, Cd5State, CriterionState, QualityState

Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]

CALLED = frozenset({BurdenState.OVERT, BurdenState.MRD_POSITIVE, BurdenState.MRD_BELOW_LLOQ})
"""States that say disease was found."""

DEFINITE = frozenset({Cd5State.MEETS, Cd5State.DOES_NOT_MEET})


class SeriesKind(StrEnum):
    """The series that a tube belongs to."""

    ACCURACY = "accuracy"
    DILUTION = "dilution"
    BLANK = "blank"
    PRECISION_CD5 = "precision_cd5"
    PRECISION_BURDEN = "precision_burden"


class Arm(StrEnum):
    """With which control a tube was analysed."""

    FMO = "fmo"
    NONE = "none"


ARMS: Final = {Arm.FMO: "with an FMO", Arm.NONE: "without a control"}
"""In words."""


class TubeRow(FilePart):
    """One analysis.

    Attributes:
        level: percent that the tube was made for; None where it belongs to no level.
        draw: number of the draw of its events; None is the tube itself.
        true_cd5_percent: what perfect gating gives by the FMO rule; None without blasts.
        label_cd5_percent: blasts that carry CD5 at all, measurable or not.
        true_blast_percent: of the true nucleated cells.
        found_of_blasts_percent: true single blasts inside the blast gate.
        true_of_found_percent: events of the blast gate that are true blasts, doublets of them and
            dead ones not counted as such; None where the gate is empty.
        seed: of the tube.
    """

    kind: SeriesKind
    tube: str
    group: str
    arm: Arm
    level: Number | None
    draw: Count | None
    panel: str
    instrument: str
    specimen: str
    events: Count
    seed: Count
    true_cd5_percent: Percent | None
    label_cd5_percent: Percent | None
    true_blast_percent: Percent | None
    true_blast_events: Count
    true_nucleated_events: Count
    cd5_state: Cd5State
    cd5_percent: Percent | None
    cd5_low_percent: Percent | None
    cd5_high_percent: Percent | None
    cd5_cut: str | None
    cd5_reasons: str
    burden_state: BurdenState
    burden_percent: Percent | None
    blast_events: Count
    denominator_events: Count
    lod_percent: Number | None
    lloq_percent: Number | None
    found_of_blasts_percent: Percent | None
    true_of_found_percent: Percent | None
    lineage: str
    criterion: CriterionState
    quality: QualityState

    @property
    def called(self) -> bool:
        """Whether disease was found."""
        return self.burden_state in CALLED

    @property
    def cd5_result(self) -> float | None:
        """% CD5 where the state lets it stand; a number that is shown and withheld is no result."""
        return None if self.cd5_state is Cd5State.NOT_EVALUABLE else self.cd5_percent

    @property
    def burden_result(self) -> float | None:
        """The burden where disease was found; a count of scattered cells is no result."""
        return self.burden_percent if self.called else None

    @property
    def definite(self) -> bool:
        """Whether CD5 was said to meet the threshold or not to."""
        return self.cd5_state in DEFINITE

    @property
    def truth_in_band(self) -> bool | None:
        """Whether the true percentage lies in the band; None where either is unknown."""
        if self.true_cd5_percent is None or self.cd5_result is None:
            return None
        if self.cd5_low_percent is None or self.cd5_high_percent is None:
            return None
        return self.cd5_low_percent <= self.true_cd5_percent <= self.cd5_high_percent


COLUMNS = tuple(TubeRow.model_fields)
"""Of ``tubes.csv``, in this order."""
