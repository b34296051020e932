"""What keeps a verdict at REVIEW whatever the numbers say, and the circumstances it follows from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, assert_never

from cd5flow.criteria.clinical import T_ALL, Clinical
from cd5flow.criteria.protocol import Protocol
from cd5flow.criteria.requirements import not_accepted
from cd5flow.model.populations import Lineage
from cd5flow.model.reasons import Reason, codes
from cd5flow.model.result import (
    BurdenSection,
    BurdenState,
    ControlSection,
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

UNSETTLED: Final = frozenset({Specimen.UNKNOWN, Specimen.TISSUE, Specimen.FLUID})
"""Specimens of which a person judges: a node or an effusion may hold thymus, and nothing tells which."""

BLASTS_IN_DOUBT: Final = frozenset({CD7_ALONE, NK, AS_DRAWN, EDITED})
"""Bounds for which the cells that were counted may be no blasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What bounds the verdict beside the two numbers.

    Attributes:
        timepoint: when in the disease the specimen was taken.
        specimen: what it is; only marrow can exclude disease.
        prior_therapy: earlier therapies.
        quality_state: the worst quality check; FAIL withholds the CD5 state.
        lineage: what the blasts are, and what that rests on.
        supplied_fmo_refused: an FMO control was given and could not be used.
        at_diagnosis: whether the patient's phenotype at diagnosis guided the search.
        edited_t_cells: gene-edited T cells without surface CD3 may be among the blasts.
        reviewed: a person has confirmed the result.
        collected_at: when the specimen was taken, ISO 8601; None where it is not stated.
        clinical: the clinical file; None where none was given.
    """

    timepoint: Timepoint
    specimen: Specimen
    prior_therapy: tuple[PriorTherapy, ...] = ()
    quality_state: QualityState
    lineage: Lineage
    supplied_fmo_refused: bool = False
    at_diagnosis: bool = False
    edited_t_cells: bool = False
    reviewed: bool = False
    collected_at: str | None = None
    clinical: Clinical | None = None


def fmo_refused(controls: Iterable[ControlSection]) -> bool:
    """Whether an FMO was given and is wrong; one with too few blasts counts as not given."""
    return any(
        control.role == "fmo" and not control.accepted and codes(control.reasons) != {"FEW_BLASTS"}
        for control in controls
    )


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
        lineage=Lineage(
            name=result.strategy.lineage,
            cd7_alone=CD7_ALONE in held,
            nk_unresolved=NK in held,
            blasts_use_cd5=BY_CD5 in held,
            as_drawn=AS_DRAWN in held,
        ),
        at_diagnosis=result.strategy.laip is not None,
        supplied_fmo_refused="FMO_REFUSED" in held or fmo_refused(result.controls),
        edited_t_cells=EDITED in held,
        reviewed=result.review.state == "confirmed",
        collected_at=sample.collected_at,
        clinical=clinical,
    )


def recorded(context: Context) -> tuple[str, ...]:
    """Return the circumstances that no other part of a result tells, by the codes of their bounds."""
    held = (
        (CD7_ALONE, context.lineage.cd7_alone),
        (NK, context.lineage.nk_unresolved),
        (BY_CD5, context.lineage.blasts_use_cd5),
        (AS_DRAWN, context.lineage.as_drawn),
        (EDITED, context.edited_t_cells),
    )
    return tuple(code for code, holds in held if holds)


def bounds(burden: BurdenSection, *, protocol: Protocol, context: Context) -> Iterator[Reason]:
    """Yield why no definite verdict may be given."""
    yield from _of_timepoint(context.timepoint)
    yield from not_accepted(
        protocol,
        specimen=context.specimen,
        collected_at=context.collected_at,
        clinical=context.clinical,
    )
    if context.specimen in UNSETTLED:
        yield Reason("SPECIMEN_UNSETTLED", specimen=context.specimen)
    if context.supplied_fmo_refused:
        yield Reason("FMO_REFUSED")
    if context.lineage.blasts_use_cd5:
        yield Reason(BY_CD5, case="bound")
    if context.lineage.as_drawn:
        yield Reason(AS_DRAWN, case="bound")
    if PriorTherapy.CD5_CAR in context.prior_therapy:
        yield Reason("AFTER_CD5_CAR")
    if burden.second_start_percent is not None:
        yield Reason("SECOND_START", percent=burden.percent, again=burden.second_start_percent)
    if burden.state is not BurdenState.NOT_DETECTED:
        yield from _of_blasts(burden, protocol, context)


def _of_blasts(burden: BurdenSection, protocol: Protocol, context: Context) -> Iterator[Reason]:
    """Yield why the cells that were counted may be no blasts."""
    is_t_all = context.clinical is not None and context.clinical.is_t_all
    if context.lineage.cd7_alone and not (is_t_all or context.at_diagnosis):
        yield Reason(CD7_ALONE, lineage=context.lineage.name, diagnosis=T_ALL)
    if context.edited_t_cells:
        yield Reason(EDITED)
    limit = protocol.burden.review_below_percent_without_nk_marker
    if context.lineage.nk_unresolved and (burden.percent is None or burden.percent < limit):
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
