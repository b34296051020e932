"""What keeps a verdict at REVIEW whatever the numbers say, and the circumstances it follows from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, assert_never

from cd5flow.criteria.clinical import T_ALL, Clinical
from cd5flow.criteria.protocol import Protocol
from cd5flow.criteria.requirements import not_accepted
from cd5flow.model.populations import Lineage
from cd5flow.model.reasons import Reason, codes
from cd5flow.model.result import (
    BurdenSection,
    BurdenState,
    Cd5Section,
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
        low_cd5: the share of blasts with CD5 does not meet the protocol.
        sampled_on: the day on which the specimen was taken, or else run; None where unknown.
        internalisation_days: so many days after CD5 CAR-T cells a low share is no proof of loss; None
            where no limit is known.
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
    low_cd5: bool = False
    sampled_on: date | None = None
    internalisation_days: int | None = None
    clinical: Clinical | None = None

    @property
    def known_t_all(self) -> bool:
        """Whether T-ALL is known from elsewhere than this tube."""
        return self.at_diagnosis or bool(self.clinical and self.clinical.is_t_all)


def fmo_refused(controls: Iterable[ControlSection]) -> bool:
    """Whether an FMO was given and is wrong; one with too few blasts counts as not given."""
    return any(
        control.role == "fmo" and not control.accepted and codes(control.reasons) != {"FEW_BLASTS"}
        for control in controls
    )


def context_of(
    result: Result,
    *,
    clinical: Clinical | None = None,
    cd5: Cd5Section | None = None,
    lineage: Lineage | None = None,
) -> Context:
    """Return the circumstances under which a stored result was made.

    Results of before `criterion.bounds` name in their reasons the bounds that held.

    Args:
        result: the result.
        clinical: what the clinic knows.
        cd5: as another protocol judges it; None is as the result was judged.
        lineage: as the result keeps it; None tells it from the bounds that held.
    """
    asked = result.cd5 if cd5 is None else cd5
    held = set(result.criterion.bounds)
    held |= codes(result.criterion.reasons)
    sample = result.sample
    return Context(
        timepoint=sample.timepoint,
        specimen=sample.specimen,
        prior_therapy=sample.prior_therapy,
        quality_state=result.quality.state,
        lineage=lineage
        or Lineage(
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
        low_cd5=asked.percent is not None and not _meets(asked),
        sampled_on=sampling_day(sample.collected_at, sample.acquired),
        internalisation_days=result.cd5.internalisation_days,
        clinical=clinical,
    )


def _meets(cd5: Cd5Section) -> bool:
    """Whether a share meets the threshold that it was judged by."""
    percent = cd5.percent or 0.0
    at_least = cd5.operator == ">=" and percent == cd5.threshold_percent
    return at_least or percent > cd5.threshold_percent


def sampling_day(collected_at: str | None, acquired: str | None) -> date | None:
    """Return the day on which a specimen was taken; else that of the run; None where unknown.

    Args:
        collected_at: an ISO date or date-time.
        acquired: the same.
    """
    for text in filter(None, (collected_at, acquired)):
        try:
            return date.fromisoformat(text[:10])
        except ValueError:  # what an instrument wrote instead of a date
            continue
    return None


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
    yield from _after_cd5_car(context)
    if burden.second_start_percent is not None:
        yield Reason("SECOND_START", percent=burden.percent, again=burden.second_start_percent)
    if burden.state is not BurdenState.NOT_DETECTED:
        yield from _of_blasts(burden, protocol, context)


def _of_blasts(burden: BurdenSection, protocol: Protocol, context: Context) -> Iterator[Reason]:
    """Yield why the cells that were counted may be no blasts."""
    if context.lineage.cd7_alone and not context.known_t_all:
        yield Reason(CD7_ALONE, lineage=context.lineage.name, diagnosis=T_ALL)
    if context.edited_t_cells:
        yield Reason(EDITED)
    limit = protocol.burden.review_below_percent_without_nk_marker
    if context.lineage.nk_unresolved and (burden.percent is None or burden.percent < limit):
        yield Reason(NK, limit=limit)


def _after_cd5_car(context: Context) -> Iterator[Reason]:
    """Yield what CD5 CAR-T cells before the specimen bear on, by the option or by their date."""
    given = None if context.clinical is None else context.clinical.last_cd5_car_date
    days = None
    if given is not None and context.sampled_on is not None:
        days = (context.sampled_on - given).days
    by_option = PriorTherapy.CD5_CAR in context.prior_therapy
    by_date = given is not None and (days is None or days >= 0)
    if not (by_option or by_date):
        return
    yield Reason("AFTER_CD5_CAR")
    limit = context.internalisation_days
    if not context.low_cd5 or limit is None:
        return
    # Cells given after the specimen was taken say nothing of those that were given before.
    if days is None or days < 0:
        yield Reason("CD5_INTERNALISED", case="unknown", limit=limit)
    elif days <= limit:
        yield Reason("CD5_INTERNALISED", case="within", days=days, limit=limit)


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
