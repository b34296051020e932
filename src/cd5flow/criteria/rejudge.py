"""A stored result judged by another protocol, from the numbers that it holds; nothing is measured.

What a threshold of its own would have decided, and the result does not hold, is BORDERLINE by name:
it asks for an analysis by that protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from cd5flow.criteria.asked import ShareRule
from cd5flow.criteria.protocol import Protocol
from cd5flow.model.limits import StainRule
from cd5flow.model.reasons import Reason, codes
from cd5flow.model.result import (
    BlastsSection,
    BurdenSection,
    BurdenState,
    Cd5Section,
    Cd5State,
    CutMethod,
    CutSection,
    Pattern,
    QualitySection,
    QualityState,
    Result,
)

_OF_THE_THRESHOLD: Final = frozenset(
    {
        "CI_SPANS",
        "BAND_SPANS",
        "CORRECTED_SPANS",
        "DIM_WITHOUT_FMO",
        "CD5_LOW_POPULATION",
        "STAIN_MAY_HIDE_CD5",
        "CD5_WITH_UNDECIDED",
    }
)
"""Reasons that say something of one threshold, and are found anew for another."""
_NO_DOUBT: Final = frozenset({"CUTS_DISAGREE", "CD5_LOW_POPULATION"})
"""Reasons that stand beside a definite state too."""
_UNCLEAR: Final = frozenset({Pattern.DIM, Pattern.HETEROGENEOUS})
_DEFINITE: Final = frozenset({Cd5State.MEETS, Cd5State.DOES_NOT_MEET})


@dataclass(frozen=True, slots=True)
class StrategyLimits:
    """What of the strategy's limits bears on another threshold.

    Attributes:
        not_definite: quality checks that take a definite state back where they warn; None where the
            strategy is not at hand, so that any check may.
        low_population_percent: share of the blasts from which a population is named that does not
            meet the threshold alone.
        stain: the laboratory's own figure for its stain; None where the strategy is not at hand, so that
            there may be one.
    """

    not_definite: frozenset[str] | None = None
    low_population_percent: float = 0.0
    stain: StainRule | None = None

    @classmethod
    def kept_in(cls, result: Result) -> StrategyLimits | None:
        """Return the limits that a result keeps; None of one that keeps none."""
        basis = result.cd5.basis
        if basis is None:
            return None
        return cls(
            not_definite=frozenset(result.quality.not_definite),
            low_population_percent=basis.limits.low_population_percent,
            stain=basis.limits.stain,
        )


UNKNOWN_LIMITS: Final = StrategyLimits()
LimitsOf = Callable[[Result], StrategyLimits]
"""Gives the limits of the strategy that a result was made with."""


def no_limits(_result: Result) -> StrategyLimits:
    """Return that no strategy is at hand."""
    return UNKNOWN_LIMITS


def cd5_by(
    result: Result, protocol: Protocol, *, limits: StrategyLimits = UNKNOWN_LIMITS
) -> Cd5Section:
    """Return a result's CD5 against the threshold of a protocol.

    Args:
        result: judged by any protocol.
        protocol: whose threshold is asked for.
        limits: of the strategy, for a result that does not keep them.
    """
    cd5, asked = result.cd5, protocol.cd5
    limits = StrategyLimits.kept_in(result) or limits
    judged = ShareRule(operator=cd5.operator, threshold_percent=cd5.threshold_percent)
    if judged == asked:
        return cd5
    other = {"operator": asked.operator, "threshold_percent": asked.threshold_percent}
    if cd5.state is Cd5State.NOT_EVALUABLE or cd5.percent is None:
        return cd5.model_copy(update=other)
    doubts = [
        *_kept(cd5),
        *_spanning(cd5, asked),
        *_unclear(cd5, cd5.percent, asked),
        *_hidden(cd5, cd5.percent, asked, limits.stain),
        *_doubted(cd5, result.quality, limits),
        *_moved(cd5, cd5.percent, asked),
    ]
    state = Cd5State.MEETS if asked.holds(cd5.percent) else Cd5State.DOES_NOT_MEET
    if doubts:
        state = Cd5State.BORDERLINE
    beside = [
        reason
        for reason in cd5.reasons
        if reason.code == "CUTS_DISAGREE" and reason.case != "shares"
    ]
    low = _low_populations(cd5, result.blasts, asked, limits)
    reasons = (*low, *doubts, *beside)
    return cd5.model_copy(update=other | {"state": state, "reasons": reasons})


def burden_by(result: Result, protocol: Protocol) -> BurdenSection:
    """Return a result's burden as a protocol names it: states follow the share, which is the tube's."""
    burden = result.burden
    if burden.percent is None or burden.state not in {BurdenState.OVERT, BurdenState.MRD_POSITIVE}:
        return burden
    overt = burden.percent > protocol.burden.overt_percent
    state = BurdenState.OVERT if overt else BurdenState.MRD_POSITIVE
    return burden if state is burden.state else burden.model_copy(update={"state": state})


def _kept(cd5: Cd5Section) -> Iterator[Reason]:
    """Yield what kept the state from being definite and holds whatever the threshold is."""
    if cd5.state is not Cd5State.BORDERLINE:
        return
    for reason in cd5.reasons:
        if reason.code not in _OF_THE_THRESHOLD | _NO_DOUBT:
            yield reason


def _spanning(cd5: Cd5Section, asked: ShareRule) -> Iterator[Reason]:
    corrected = cd5.percent_corrected
    both = None if cd5.percent is None or corrected is None else (cd5.percent, corrected)
    for code, ends in (
        ("CI_SPANS", cd5.ci95_percent),
        ("BAND_SPANS", cd5.band_percent),
        ("CORRECTED_SPANS", both),
    ):
        if ends is not None and asked.holds(ends[0]) != asked.holds(ends[1]):
            yield Reason(code, low=ends[0], high=ends[1], rule=str(asked))


def _unclear(cd5: Cd5Section, percent: float, asked: ShareRule) -> Iterator[Reason]:
    """Yield that CD5 without a clear edge lies on either side of the threshold by some cut."""
    cut = cd5.cut
    if cut is None or cd5.pattern is None or cd5.pattern not in _UNCLEAR or _backed(cd5, cut):
        return
    shares = [percent, *(cd5.band_percent or ())]
    shares += [one.percent for one in cut.alternatives if one.percent is not None]
    if asked.holds(min(shares)) != asked.holds(max(shares)):
        yield Reason("DIM_WITHOUT_FMO", pattern=cd5.pattern)


def _backed(cd5: Cd5Section, cut: CutSection) -> bool:
    """Whether the cut used is an FMO's, or one by hand that an FMO was found to agree with."""
    if cut.method is CutMethod.FMO:
        return True
    has_fmo = any(one.method == CutMethod.FMO for one in cut.alternatives)
    return cut.by_hand and has_fmo and "CUT_BY_HAND" not in codes(cd5.reasons)


def _hidden(
    cd5: Cd5Section, percent: float, asked: ShareRule, stain: StainRule | None
) -> Iterator[Reason]:
    """Yield that a share below the threshold may be one of a weak stain: where to, is not stored."""
    if asked.holds(percent):
        return
    part = 0.0 if stain is None else _part_of_full_stain(cd5, stain)
    if part < 1:
        yield Reason("STAIN_NOT_KEPT", rule=str(asked))


def _part_of_full_stain(cd5: Cd5Section, stain: StainRule) -> float:
    """Return how much of its usual light CD5 may have had, 0 to 1, by the laboratory's own figure."""
    if stain.expected_index is None:
        return 1.0
    part = 1.0 if cd5.stain_index is None else min(1.0, cd5.stain_index / stain.expected_index)
    # A valley parts carriers from the others whatever the light.
    return part if cd5.pattern is Pattern.PARTIAL else part / stain.margin


def _doubted(cd5: Cd5Section, quality: QualitySection, limits: StrategyLimits) -> Iterator[Reason]:
    """Yield the checks that would take a definite state back; of one that was, nothing more is known."""
    if cd5.state in _DEFINITE:
        return
    said = {reason.values.get("check") for reason in cd5.reasons}
    for check in quality.checks:
        counts = limits.not_definite is None or check.code in limits.not_definite
        if check.state is QualityState.WARN and counts and check.code not in said:
            yield Reason("QUALITY_DOUBTFUL", check=check.code)


def _moved(cd5: Cd5Section, percent: float, asked: ShareRule) -> Iterator[Reason]:
    """Yield that cells which are not decided would move the share past the threshold."""
    for one in () if cd5.basis is None else cd5.basis.undecided:
        with_them = one.percent_with(cd5.positive_events, cd5.blast_events)
        if with_them is not None and asked.holds(with_them) != asked.holds(percent):
            yield Reason(
                "CD5_WITH_UNDECIDED",
                population=one.population,
                events=one.events,
                percent=with_them,
                rule=str(asked),
            )
            return


def _low_populations(
    cd5: Cd5Section, blasts: BlastsSection, asked: ShareRule, limits: StrategyLimits
) -> Iterator[Reason]:
    if cd5.percent is None or not asked.holds(cd5.percent):
        return
    for one in blasts.populations:
        if one.cd5_percent is None or asked.holds(one.cd5_percent):
            continue
        if one.percent_of_blasts >= limits.low_population_percent:
            yield Reason(
                "CD5_LOW_POPULATION",
                population=one.name,
                share=one.percent_of_blasts,
                percent=one.cd5_percent,
                rule=str(asked),
            )
