"""What keeps a verdict at REVIEW whatever the numbers say, and the circumstances it follows from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from cd5flow.criteria.clinical import T_ALL, Clinical
from cd5flow.criteria.protocol import Protocol
from cd5flow.model.reasons import Reason, codes
from cd5flow.model.result import (
    BurdenSection,
    PriorTherapy,
    QualityState,
    Result,
    Specimen,
    Timepoint,
)

CD7_ALONE: Final = "LINEAGE_BY_CD7_ALONE"
NK: Final = "NK_UNRESOLVED"
BY_CD5: Final = "BLASTS_USE_CD5"
AS_DRAWN: Final = "LINEAGE_AS_DRAWN"

EDITED: Final = "EDITED_T_CELLS"

BLASTS_IN_DOUBT: Final = frozenset({CD7_ALONE, NK, AS_DRAWN, EDITED})
"""Bounds for which the cells that were counted may be no blasts."""


_RECORDED: Final[Mapping[str, str]] = {
    "lineage_by_cd7_alone": CD7_ALONE,
    "nk_unresolved": NK,
    "blasts_use_cd5": BY_CD5,
    "lineage_as_drawn": AS_DRAWN,
    "edited_t_cells": EDITED,
}
"""Circumstances that no other part of a result tells, with the codes of their bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What bounds the verdict beside the two numbers.

    Attributes:
        timepoint: when in the disease the specimen was taken.
        specimen: what it is; only marrow can exclude disease.
        prior_therapy: earlier therapies.
        quality_state: the worst quality check; FAIL withholds the CD5 state.
        lineage: the lineage rule that found the blasts, in words.
        lineage_by_cd7_alone: whether CD7 was the only T marker in that rule.
        supplied_fmo_refused: an FMO control was given and could not be used.
        blasts_use_cd5: a gate above the blasts uses CD5, as imported gates may.
        lineage_as_drawn: imported gates chose the blasts by neither cyCD3 nor CD7.
        nk_unresolved: no marker of the tube tells NK cells from blasts.
        edited_t_cells: gene-edited T cells without surface CD3 may be among the blasts.
        reviewed: a person has confirmed the result.
        clinical: the clinical file; None where none was given.
    """

    timepoint: Timepoint
    specimen: Specimen
    prior_therapy: tuple[PriorTherapy, ...] = ()
    quality_state: QualityState
    lineage: str
    lineage_by_cd7_alone: bool = False
    supplied_fmo_refused: bool = False
    blasts_use_cd5: bool = False
    lineage_as_drawn: bool = False
    nk_unresolved: bool = False
    edited_t_cells: bool = False
    reviewed: bool = False
    clinical: Clinical | None = None


def context_of(result: Result, *, clinical: Clinical | None = None) -> Context:
    """Return the circumstances under which a stored result was made.

    Results of before `criterion.bounds` name in their reasons the bounds that held.
    """
    held = set(result.criterion.bounds)
    held |= codes(result.criterion.reasons)
    sample = result.sample
    return Context(
        timepoint=sample.timepoint,
        specimen=sample.specimen,
        prior_therapy=sample.prior_therapy,
        quality_state=result.quality.state,
        lineage=result.strategy.lineage,
        supplied_fmo_refused="FMO_REFUSED" in held
        or any(c.role == "fmo" and not c.accepted for c in result.controls),
        reviewed=result.review.state == "confirmed",
        clinical=clinical,
        **{name: code in held for name, code in _RECORDED.items()},
    )


def recorded(context: Context) -> tuple[str, ...]:
    """Return the circumstances that no other part of a result tells, by the codes of their bounds."""
    return tuple(code for name, code in _RECORDED.items() if getattr(context, name))


def bounds(burden: BurdenSection, *, protocol: Protocol, context: Context) -> Iterator[Reason]:
    """Yield why no definite verdict may be given."""
    yield from _of_timepoint(context.timepoint)
    if context.supplied_fmo_refused:
        yield Reason("FMO_REFUSED")
    if context.blasts_use_cd5:
        yield Reason(BY_CD5, case="bound")
    if context.lineage_as_drawn:
        yield Reason(AS_DRAWN, case="bound")
    if context.lineage_by_cd7_alone and not (context.clinical and context.clinical.is_t_all):
        yield Reason(CD7_ALONE, lineage=context.lineage, diagnosis=T_ALL)
    if PriorTherapy.CD5_CAR in context.prior_therapy:
        yield Reason("AFTER_CD5_CAR")
    if context.edited_t_cells:
        yield Reason(EDITED)
    limit = protocol.burden.review_below_percent_without_nk_marker
    if context.nk_unresolved and (burden.percent is None or burden.percent < limit):
        yield Reason(NK, limit=limit)


def _of_timepoint(timepoint: Timepoint) -> Iterator[Reason]:
    match timepoint:
        case Timepoint.UNSTATED:
            yield Reason("TIMEPOINT_UNSTATED")
        case Timepoint.DIAGNOSIS:
            yield Reason("TIMEPOINT_DIAGNOSIS")
        case Timepoint.RELAPSE | Timepoint.MRD:
            pass
        case _:
            assert_never(timepoint)
