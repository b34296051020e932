"""What speaks against a definite CD5 state, though there is a share; from numbers that a result keeps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from cd5flow.model.basis_sections import Cd5Basis, CutBasis
from cd5flow.model.limits import Cd5Limits
from cd5flow.model.reasons import Reason
from cd5flow.model.result import BlastsSection, Cd5Section, CutMethod, Pattern
from cd5flow.quantify.measurement import DEFINITE_CUTS, defended
from cd5flow.quantify.threshold import Threshold, spanning


def doubts(cd5: Cd5Section, basis: Cd5Basis, threshold: Threshold) -> Iterator[Reason]:
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
    below = cd5.percent is not None and not threshold.met_by(cd5.percent)
    if below and weak is not None and threshold.met_by(weak.percent):
        yield Reason(
            "STAIN_MAY_HIDE_CD5",
            index="–" if cd5.stain_index is None else cd5.stain_index,
            expected=limits.stain.expected_index,
            percent=weak.part_percent,
            rule=threshold.rule,
        )


def few_for_definite(basis: Cd5Basis) -> Iterator[Reason]:
    """Yield that the blasts are too few for a definite state."""
    least, blasts = basis.limits.definite_blasts, basis.signal_events or 0
    if blasts < least:
        yield Reason("FEW_BLASTS", case="definite", blasts=blasts, least=least)


def spans(cd5: Cd5Section, threshold: Threshold) -> Iterator[Reason]:
    """Yield each range of the share that lies on both sides of the threshold."""
    if cd5.ci95_percent is not None:
        yield from spanning("CI_SPANS", cd5.ci95_percent, threshold)
    if cd5.band_percent is not None:
        yield from spanning("BAND_SPANS", cd5.band_percent, threshold)
    if cd5.percent is not None and cd5.percent_corrected is not None:
        yield from spanning("CORRECTED_SPANS", (cd5.percent, cd5.percent_corrected), threshold)


def _reaches(cd5: Cd5Section, basis: Cd5Basis, threshold: Threshold) -> bool:
    """Whether some cut that can be defended puts the share on the other side of the threshold.

    Without an FMO nothing says where dim CD5 begins: beside the band every cut that can be defended
    counts, those that carry no definite state among them.
    """
    rivals = (cut.percent for cut in defended(basis.cuts)[1:])
    shares = [*(cd5.band_percent or ()), *(share for share in rivals if share is not None)]
    return bool(shares) and threshold.met_by(min(shares)) != threshold.met_by(max(shares))


def _backed_by_fmo(cuts: Sequence[CutBasis], limits: Cd5Limits) -> bool:
    """Whether the cut used is an FMO's, or one by hand that agrees with an FMO's."""
    used = cuts[0]
    if used.method is CutMethod.FMO:
        return True
    fmo = next((cut for cut in cuts if cut.method is CutMethod.FMO), None)
    if not used.by_hand or fmo is None or min(used.linear, fmo.linear) <= 0:
        return False
    return abs(math.log10(fmo.linear / used.linear)) <= limits.disagreement_decades


def disagreement(basis: Cd5Basis, threshold: Threshold) -> Iterator[Reason]:
    """Yield a reason for each cut of the band that gives another answer, or lies far off."""
    used, *others = defended(basis.cuts)
    for i, other in enumerate(others):
        if i > 0 and other.method not in DEFINITE_CUTS:
            continue
        ours, theirs = used.percent, other.percent
        if ours is None or theirs is None:
            continue
        if threshold.met_by(ours) != threshold.met_by(theirs):
            yield Reason(
                "CUTS_DISAGREE",
                case="shares",
                used=used.name,
                used_percent=ours,
                other=other.name,
                other_percent=theirs,
                rule=threshold.rule,
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
    cd5: Cd5Section, blasts: BlastsSection, threshold: Threshold, limits: Cd5Limits
) -> Iterator[Reason]:
    """Yield every population that does not meet the protocol while the whole does.

    No state follows from it.
    """
    if cd5.percent is None or not threshold.met_by(cd5.percent):
        return
    for one in blasts.populations:
        if one.cd5_percent is None or threshold.met_by(one.cd5_percent):
            continue
        if one.percent_of_blasts >= limits.low_population_percent:
            yield Reason(
                "CD5_LOW_POPULATION",
                population=one.name,
                share=one.percent_of_blasts,
                percent=one.cd5_percent,
                rule=threshold.rule,
            )


def undecided(cd5: Cd5Section, basis: Cd5Basis, threshold: Threshold) -> Reason | None:
    """Return the first population that is not decided and would move the share past the threshold.

    A population outside every normal profile that no lineage rule accepts may be a second clone: were it
    one, its cells would count among the blasts.
    """
    if cd5.percent is None:
        return None
    for one in basis.undecided:
        percent = one.percent_with(cd5.positive_events, cd5.blast_events)
        if percent is not None and threshold.met_by(percent) != threshold.met_by(cd5.percent):
            return Reason(
                "CD5_WITH_UNDECIDED",
                population=one.population,
                events=one.events,
                percent=percent,
                rule=threshold.rule,
            )
    return None
