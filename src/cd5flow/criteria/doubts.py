"""What speaks against a definite CD5 state, though there is a share; from numbers that a result keeps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, Protocol, TypeVar

from cd5flow.criteria.asked import ShareRule
from cd5flow.model.basis_sections import Cd5Basis, CutBasis
from cd5flow.model.limits import Cd5Limits
from cd5flow.model.reasons import Reason
from cd5flow.model.result import BlastsSection, Cd5Section, CutMethod, Pattern

DEFINITE_CUTS: Final = frozenset({CutMethod.FMO, CutMethod.INTERNAL_NEGATIVE, CutMethod.FIXED})
"""Cuts that may carry a definite state."""


class _Placed(Protocol):
    """A cut, or what a result keeps of one."""

    @property
    def method(self) -> CutMethod:
        """Where it came from."""


Placed = TypeVar("Placed", bound=_Placed)


def defended(cuts: tuple[Placed, ...]) -> tuple[Placed, ...]:
    """Return the cuts that can be defended, best first.

    Of internal negatives it is the first alone: those after it are there for tubes that lack the ones
    before, and lie further off by their own light.
    """
    internal = [cut for cut in cuts if cut.method is CutMethod.INTERNAL_NEGATIVE]
    return tuple(cut for cut in cuts if cut not in internal[1:])


def doubts(cd5: Cd5Section, basis: Cd5Basis, threshold: ShareRule) -> Iterator[Reason]:
    """Yield what speaks against a definite state; nothing where one may be given.

    Args:
        cd5: its numbers; the state is not looked at.
        basis: what else was measured.
        threshold: the protocol's.
    """
    limits, used = basis.limits, basis.cuts[0]
    yield from few_for_definite(basis)
    yield from spans(cd5, threshold)
    few_for_fmo = used.method is CutMethod.FMO and used.reference_events < limits.fmo_blasts
    if used.method not in DEFINITE_CUTS or few_for_fmo:
        yield Reason("WEAK_CUT", method=used.method)
    backed = _backed_by_fmo(basis.cuts, limits)
    if used.by_hand and not backed:
        yield Reason("CUT_BY_HAND", decades=limits.disagreement_decades)
    unclear = cd5.pattern in {Pattern.DIM, Pattern.HETEROGENEOUS} and not backed
    if unclear and _reaches(cd5, basis, threshold):
        yield Reason("DIM_WITHOUT_FMO", pattern=cd5.pattern)
    weak = basis.weak_stain
    below = cd5.percent is not None and not threshold.holds(cd5.percent)
    if below and weak is not None and not _judged_by(cd5, threshold):
        yield Reason("NOT_KEPT", rule=str(threshold))
    elif below and weak is not None and threshold.holds(weak.percent):
        yield Reason(
            "STAIN_MAY_HIDE_CD5",
            index="–" if cd5.stain_index is None else cd5.stain_index,
            expected=limits.stain.expected_index,
            percent=weak.part_percent,
            rule=str(threshold),
        )


def _judged_by(cd5: Cd5Section, threshold: ShareRule) -> bool:
    """Whether a section's own threshold is asked for: what a full stain would show hangs on it."""
    return (cd5.operator, cd5.threshold_percent) == (
        threshold.operator,
        threshold.threshold_percent,
    )


def few_for_definite(basis: Cd5Basis) -> Iterator[Reason]:
    """Yield that the blasts are too few for a definite state."""
    least, blasts = basis.limits.definite_blasts, basis.signal_events or 0
    if blasts < least:
        yield Reason("FEW_BLASTS", case="definite", blasts=blasts, least=least)


def spans(cd5: Cd5Section, threshold: ShareRule) -> Iterator[Reason]:
    """Yield each range of the share that lies on both sides of the threshold."""
    if cd5.ci95_percent is not None:
        yield from spanning("CI_SPANS", cd5.ci95_percent, threshold)
    if cd5.band_percent is not None:
        yield from spanning("BAND_SPANS", cd5.band_percent, threshold)
    if cd5.percent is not None and cd5.percent_corrected is not None:
        yield from spanning("CORRECTED_SPANS", (cd5.percent, cd5.percent_corrected), threshold)


def spanning(code: str, ends: tuple[float, float], threshold: ShareRule) -> list[Reason]:
    """Return that a range of percentages lies on both sides of the threshold, under this code."""
    if threshold.holds(ends[0]) == threshold.holds(ends[1]):
        return []
    return [Reason(code, low=ends[0], high=ends[1], rule=str(threshold))]


def _reaches(cd5: Cd5Section, basis: Cd5Basis, threshold: ShareRule) -> bool:
    """Whether some cut that can be defended puts the share on the other side of the threshold.

    Without an FMO nothing says where dim CD5 begins: beside the band every cut that can be defended
    counts, those that carry no definite state among them.
    """
    rivals = (cut.percent for cut in defended(basis.cuts)[1:])
    shares = [*(cd5.band_percent or ()), *(share for share in rivals if share is not None)]
    return bool(shares) and threshold.holds(min(shares)) != threshold.holds(max(shares))


def _backed_by_fmo(cuts: Sequence[CutBasis], limits: Cd5Limits) -> bool:
    """Whether the cut used is an FMO's, or one by hand that agrees with an FMO's."""
    used = cuts[0]
    if used.method is CutMethod.FMO:
        return True
    fmo = next((cut for cut in cuts if cut.method is CutMethod.FMO), None)
    if not used.by_hand or fmo is None or min(used.linear, fmo.linear) <= 0:
        return False
    return abs(math.log10(fmo.linear / used.linear)) <= limits.disagreement_decades


def disagreement(basis: Cd5Basis, threshold: ShareRule) -> Iterator[Reason]:
    """Yield a reason for each cut of the band that gives another answer, or lies far off."""
    used, *others = defended(basis.cuts)
    for i, other in enumerate(others):
        if i > 0 and other.method not in DEFINITE_CUTS:
            continue
        ours, theirs = used.percent, other.percent
        if ours is None or theirs is None:
            continue
        if threshold.holds(ours) != threshold.holds(theirs):
            yield Reason(
                "CUTS_DISAGREE",
                case="shares",
                used=used.name,
                used_percent=ours,
                other=other.name,
                other_percent=theirs,
                rule=str(threshold),
            )
            continue
        if other.method not in DEFINITE_CUTS or used.linear <= 0 or other.linear <= 0:
            continue
        apart = abs(math.log10(other.linear / used.linear))
        if apart > basis.limits.disagreement_decades:
            yield Reason(
                "CUTS_DISAGREE", case="places", other=other.name, decades=apart, used=used.name
            )


def low_populations(
    cd5: Cd5Section, blasts: BlastsSection, threshold: ShareRule, limits: Cd5Limits
) -> Iterator[Reason]:
    """Yield every population that does not meet the protocol while the whole does.

    No state follows from it.
    """
    if cd5.percent is None or not threshold.holds(cd5.percent):
        return
    for one in blasts.populations:
        if one.cd5_percent is None or threshold.holds(one.cd5_percent):
            continue
        if one.percent_of_blasts >= limits.low_population_percent:
            yield Reason(
                "CD5_LOW_POPULATION",
                population=one.name,
                share=one.percent_of_blasts,
                percent=one.cd5_percent,
                rule=str(threshold),
            )


def undecided(cd5: Cd5Section, basis: Cd5Basis, threshold: ShareRule) -> Reason | None:
    """Return the first population that is not decided and would move the share past the threshold.

    A population outside every normal profile that no lineage rule accepts may be a second clone: were it
    one, its cells would count among the blasts.
    """
    if cd5.percent is None:
        return None
    for one in basis.undecided:
        percent = one.percent_with(cd5.positive_events, cd5.blast_events)
        if percent is not None and threshold.holds(percent) != threshold.holds(cd5.percent):
            return Reason(
                "CD5_WITH_UNDECIDED",
                population=one.population,
                events=one.events,
                percent=percent,
                rule=str(threshold),
            )
    return None
