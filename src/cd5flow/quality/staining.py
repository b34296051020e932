"""What staining was like: a proven reagent, negatives, controls, the age of the specimen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import numpy as np
import numpy.typing as npt

from cd5flow.model.quality_limits import ReagentRule
from cd5flow.model.reasons import Reason
from cd5flow.model.result import CutMethod, PriorTherapy
from cd5flow.numerics.density import find_dips, profile, span
from cd5flow.numerics.order_statistics import median
from cd5flow.quality.checks import Observation
from cd5flow.quality.ratio import BlastCount, least_ratio

Signal = npt.NDArray[np.floating]

DAY_LENGTH = len("2026-01-31")
EMPTY: Signal = np.empty(0, dtype=np.float32)
SMOOTHING = 0.015
"""Of the display scale, for the modes of the T cells' CD5."""


@dataclass(frozen=True, slots=True)
class Stained:
    """What the observers look at.

    Attributes:
        t_cells: CD5 of normal T cells, linear units.
        t_cells_scaled: the same on the display scale.
        negatives: centre and SD of the CD5-negatives, linear; None where there are none.
        cuts: (method, linear place) of every CD5 cut, best first.
        reference: (words, events) behind the cut where an internal negative placed it, else None.
        reagent: what counts as a mode of the T cells.
        reagent_t_cells: fewest normal T cells to judge the reagent by.
        controls: (role, whether accepted) of the control tubes given.
        counted: the blasts of this tube; None where no cluster was found.
        fmo_counted: those of each FMO that may be of the same specimen, in the same gates.
        confidence_percent: of the limit by which the shares of blasts differ.
        prior_therapy: therapies after which T cells may lack CD5.
        collected_at, acquired: ISO dates or date-times; None where unknown.
        has_cd5: whether the panel holds CD5.
    """

    t_cells: Signal
    t_cells_scaled: Signal
    negatives: tuple[float, float] | None
    cuts: tuple[tuple[CutMethod, float], ...]
    reference: tuple[Reason, int] | None
    reagent: ReagentRule
    reagent_t_cells: int
    controls: tuple[tuple[str, bool], ...]
    counted: BlastCount | None
    fmo_counted: tuple[BlastCount, ...]
    confidence_percent: float
    prior_therapy: tuple[PriorTherapy, ...]
    collected_at: str | None
    acquired: str | None
    has_cd5: bool


def observe_staining(tube: Stained) -> tuple[Observation, ...]:
    """Return every observation about staining, in a fixed order."""
    return tuple(observe(tube) for observe in OBSERVERS)


def reagent(tube: Stained) -> Observation:
    """Stain index of the CD5-brightest mode of the normal T cells: whether the reagent worked.

    (Median of the mode - median of the negatives) / (2 x robust SD of the negatives). The mode and
    not all of them: gamma-delta T cells may lack CD5, and however many they are, the others show
    that the reagent was there.
    """
    code, unit = "CD5_ON_T_CELLS", "stain index"
    why = _unjudged(tube)
    if why is not None:
        return Observation(code, None, unit, why)
    if tube.negatives is None or not tube.negatives[1] > 0:
        return Observation(code, None, unit, Reason(code, case="no_negatives"))
    mode = tube.t_cells[brightest_mode(tube.t_cells_scaled, tube.reagent)]
    centre, spread = tube.negatives
    index = (median(mode) - centre) / (2 * spread)
    return Observation(
        code,
        index,
        unit,
        Reason(code, case="seen", mode=mode.size, events=tube.t_cells.size),
    )


def brightest_mode(scaled: Signal, rule: ReagentRule) -> npt.NDArray[np.bool_]:
    """Return which cells lie above the highest valley that parts off a mode; all without one.

    Args:
        scaled: values on a display scale.
        rule: what counts as a valley and a mode.
    """
    fewest = max(rule.events, int(np.ceil(rule.percent / 100 * scaled.size)))
    everyone = np.ones(scaled.size, dtype=np.bool_)
    if scaled.size < 2 * fewest:
        return everyone
    low, high = span(scaled)
    shape = profile(scaled, base=SMOOTHING, low=low, high=high)
    if shape is None:
        return everyone
    valleys = [d.place for d in find_dips(shape, min_depth=rule.valley_depth, min_events=fewest)]
    return np.asarray(scaled >= max(valleys)) if valleys else everyone


def internal_positive(tube: Stained) -> Observation:
    """Share of the normal T cells at or above the cut. It never fails: see `reagent`."""
    code, unit = "CD5_POSITIVE_T_CELLS", "% of T cells"
    why = _unjudged(tube)
    if why is not None:
        return Observation(code, None, unit, why)
    if not tube.cuts:
        return Observation(code, None, unit, Reason("NOT_SEEN", case="no_cut"))
    share = 100 * float(np.mean(tube.t_cells >= tube.cuts[0][1]))
    return Observation(code, share, unit, Reason(code, percent=share))


def _unjudged(tube: Stained) -> Reason | None:
    """Return why T cells do not tell of the reagent; None where they do."""
    if not tube.has_cd5:
        return Reason("NOT_SEEN", case="no_cd5")
    if PriorTherapy.CD5_CAR in tube.prior_therapy:
        return Reason("NOT_SEEN", case="car")
    if tube.t_cells.size < tube.reagent_t_cells:
        return Reason("NOT_SEEN", case="few_t_cells", events=tube.t_cells.size)
    return None


def internal_negative(tube: Stained) -> Observation:
    """Events of the internal negative population behind a cut."""
    if tube.reference is None:
        return Observation("INTERNAL_NEGATIVE", None, "events", Reason("INTERNAL_NEGATIVE"))
    words, events = tube.reference
    return Observation("INTERNAL_NEGATIVE", float(events), "events", words)


def cut_agreement(tube: Stained) -> Observation:
    """Decades between the cut used and the next strong one."""
    code, unit = "CUT_AGREEMENT", "decades"
    if not tube.cuts or tube.cuts[0][1] <= 0:
        return Observation(code, None, unit, Reason("NOT_SEEN", case="no_cut"))
    method, place = tube.cuts[0]
    for other, there in tube.cuts[1:]:
        if other in {CutMethod.INTERNAL_NEGATIVE, CutMethod.FIXED} and there > 0:
            apart = abs(float(np.log10(there / place)))
            return Observation(code, apart, unit, Reason(code, case="two", one=method, other=other))
    return Observation(code, None, unit, Reason(code, case="one", one=method))


def control_match(tube: Stained) -> Observation:
    """Number of control tubes given that do not match the sample."""
    code, unit = "CONTROL_MATCH", "tubes"
    if not tube.controls:
        return Observation(code, None, unit, Reason(code, case="none"))
    refused = [role for role, accepted in tube.controls if not accepted]
    if not refused:
        return Observation(code, 0.0, unit, Reason(code, case="all"))
    return Observation(code, float(len(refused)), unit, Reason(code, case="refused", roles=refused))


def control_share(tube: Stained) -> Observation:
    """How many times commoner blasts are in this tube than in its FMO, or there than here.

    The value is the lower limit of the ratio of the two shares (see `least_ratio`). The tubes differ
    in CD5 alone: where blasts do not lie in the same gates in both, the gates hold something else, or
    the FMO is of another specimen.
    """
    code, unit = "CONTROL_SHARE", "times"
    ours = tube.counted
    if ours is None or not ours.cells:
        return Observation(code, None, unit, Reason("NOT_SEEN", case="no_cluster"))
    times = partial(least_ratio, confidence_percent=tube.confidence_percent)
    seen = [
        (max(times(ours, theirs), times(theirs, ours)), theirs)
        for theirs in tube.fmo_counted
        if theirs.cells
    ]
    if not seen:
        return Observation(code, None, unit, Reason(code, case="no_fmo"))
    most, theirs = max(seen, key=lambda one: one[0])
    words = Reason(
        code,
        case="seen",
        ours=ours.blasts,
        whole=ours.cells,
        theirs=theirs.blasts,
        others=theirs.cells,
    )
    return Observation(code, most, unit, words)


def specimen_age(tube: Stained) -> Observation:
    """Hours from collection to acquisition.

    A date without a time of day leaves a day open: the age is then known between bounds, and decides
    only where both lie on one side of the limit.
    """
    code, unit = "SPECIMEN_AGE", "hours"
    try:
        start, start_open = _moment(tube.collected_at)
        end, end_open = _moment(tube.acquired)
    except ValueError:
        return Observation(code, None, unit, Reason(code, case="unknown"))
    if (start.tzinfo is None) != (end.tzinfo is None):
        # The instrument's clock is the laboratory's; so is a time of collection on its label.
        start, end = start.replace(tzinfo=None), end.replace(tzinfo=None)
    most = (end + end_open - start) / timedelta(hours=1)
    least = (end - start - start_open) / timedelta(hours=1)
    if most < 0:
        return Observation(code, None, unit, Reason(code, case="before"))
    if most == least:
        words = Reason(code, case="known", hours=_clock_hours(most))
        return Observation(code, most, unit, words)
    least = max(least, 0.0)
    words = Reason(code, case="between", least=_clock_hours(least), most=_clock_hours(most))
    return Observation(code, most, unit, words, or_else=least)


def _clock_hours(hours: float) -> str:
    """Return hours and begun minutes, so that what is over a limit does not print as the limit."""
    minutes = int(np.ceil(round(60 * hours, 6)))
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _moment(written: str | None) -> tuple[datetime, timedelta]:
    """Return the first moment that a date may mean, and how much later it may have been.

    Raises:
        ValueError: it is no date.
    """
    moment = datetime.fromisoformat(written or "")
    return moment, timedelta(days=1 if len(written or "") <= DAY_LENGTH else 0)


OBSERVERS: tuple[Callable[[Stained], Observation], ...] = (
    reagent,
    internal_positive,
    internal_negative,
    cut_agreement,
    control_match,
    control_share,
    specimen_age,
)
"""The battery; another observer is one function and one line."""
