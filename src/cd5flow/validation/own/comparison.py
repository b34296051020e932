"""Found against expected: lines, differences, and how often the answer is the expected one."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Literal

from cd5flow.model.states import BurdenState, Cd5State
from cd5flow.validation.own.record import (
    AgreementOf,
    AgreementSection,
    AgreementShares,
    ComparisonOf,
    ComparisonSection,
    LineOf,
    OutOfReach,
    ThresholdAgreement,
)
from cd5flow.validation.own.replicates import first_hours
from cd5flow.validation.own.rules import ComparisonRules, LineMethod, LineRule
from cd5flow.validation.own.sheet import Kind
from cd5flow.validation.own.tubes import DISEASE, OwnTube
from cd5flow.validation.statistics.agreement import Agreement, agreement
from cd5flow.validation.statistics.differences import bland_altman, spearman
from cd5flow.validation.statistics.lines import ComparisonLine, deming, passing_bablok

Tubes = Sequence[OwnTube]
Pair = tuple[float, float]

ABOVE, BELOW = "at or above", "below"
"""Sides of a limit, by a number."""


def compare(tubes: Tubes, rules: ComparisonRules) -> ComparisonSection:
    """Return how found numbers lie to expected ones, over the tubes of kind sample."""
    samples = first_hours([tube for tube in tubes if tube.kind is Kind.SAMPLE])
    return ComparisonSection(
        cd5=_comparison(samples, cd5_pair, rules.cd5, scale="percent", least=rules.least_tubes),
        burden=_comparison(
            samples, burden_pair, rules.burden, scale="log10", least=rules.least_tubes
        ),
    )


def cd5_pair(tube: OwnTube) -> Pair | None:
    """Return expected and found % CD5; None where either is unknown."""
    if tube.expected_cd5_percent is None or tube.cd5_percent is None:
        return None
    return tube.expected_cd5_percent, tube.cd5_percent


def burden_pair(tube: OwnTube) -> Pair | None:
    """Return log10 of expected and found burden; None where either is unknown or 0."""
    if not tube.expected_blast_percent or not tube.burden_percent:
        return None
    return math.log10(tube.expected_blast_percent), math.log10(tube.burden_percent)


def pairs_of_specimens(
    tubes: Tubes, pair_of: Callable[[OwnTube], Pair | None]
) -> list[tuple[Pair, int]]:
    """Return the mean pair of each specimen, and of how many tubes.

    Tubes of a level are one specimen, at its earliest hours; so are readings of one file.
    """
    by_specimen: dict[str, list[Pair]] = defaultdict(list)
    for tube in first_hours(tubes):
        pair = pair_of(tube)
        if pair is not None:
            name = f"file {tube.sha256}" if tube.level is None else f"level {tube.level}"
            by_specimen[name].append(pair)
    return [
        ((math.fsum(x for x, _ in of) / len(of), math.fsum(y for _, y in of) / len(of)), len(of))
        for of in by_specimen.values()
    ]


def _comparison(
    tubes: Tubes,
    pair_of: Callable[[OwnTube], Pair | None],
    rule: LineRule,
    *,
    scale: Literal["percent", "log10"],
    least: int,
) -> ComparisonOf:
    specimens = pairs_of_specimens(tubes, pair_of)
    x = [pair[0] for pair, _ in specimens]
    y = [pair[1] for pair, _ in specimens]
    stated = sum(
        (tube.expected_cd5_percent if scale == "percent" else tube.expected_blast_percent)
        is not None
        for tube in tubes
    )
    used = sum(count for _, count in specimens)
    differences = bland_altman([b - a for a, b in zip(x, y, strict=True)])
    lines = tuple(_lines(x, y, rule))
    chosen = next((line for line in lines if line.method == rule.method), None)
    return ComparisonOf(
        n=len(specimens),
        tubes=used,
        left_out=stated - used,
        scale=scale,
        method=None if chosen is None else chosen.method,
        slope=None if chosen is None else chosen.slope,
        slope_ci95=None if chosen is None else chosen.slope_ci95,
        intercept=None if chosen is None else chosen.intercept,
        intercept_ci95=None if chosen is None else chosen.intercept_ci95,
        lines=lines,
        bias=None if differences is None else differences.bias,
        bias_ci95=None if differences is None else differences.bias_ci95,
        sd=None if differences is None else differences.sd,
        limits_of_agreement=None if differences is None else differences.limits,
        limits_ci95=None if differences is None else (differences.low_ci95, differences.high_ci95),
        spearman=spearman(x, y),
        enough=len(specimens) >= least,
        reason=_why(len(specimens), least, has_line=chosen is not None),
    )


def _lines(x: list[float], y: list[float], rule: LineRule) -> Iterator[LineOf]:
    both: tuple[tuple[LineMethod, ComparisonLine | None], ...] = (
        ("deming", deming(x, y, error_ratio=rule.error_ratio)),
        ("passing-bablok", passing_bablok(x, y)),
    )
    for method, line in both:
        if line is not None:
            yield LineOf(
                method=method,
                error_ratio=rule.error_ratio if method == "deming" else None,
                slope=line.slope,
                slope_ci95=line.slope_ci95,
                intercept=line.intercept,
                intercept_ci95=line.intercept_ci95,
                linear_p=line.linear_p,
            )


def _why(n: int, least: int, *, has_line: bool) -> str | None:
    if n == 0:
        return "no specimen of kind sample has both an expected and a found number"
    if not has_line:
        return f"{n} specimens have no such line: too few, or one side does not vary"
    if n < least:
        return f"{n} specimens, a comparison asks for at least {least}"
    return None


def agree(tubes: Tubes, *, overt_percent: float) -> AgreementSection:
    """Return how often found states are the expected ones.

    Args:
        tubes: all of them.
        overt_percent: the protocol's burden limit.
    """
    samples = [tube for tube in tubes if tube.kind is Kind.SAMPLE]
    cd5 = [t for t in tubes if t.expected_cd5_state is not None]
    burden = [t for t in tubes if t.expected_burden_state is not None]
    return AgreementSection(
        cd5=_agreement(
            [(str(t.expected_cd5_state), str(t.cd5_state)) for t in cd5],
            words=[*map(str, Cd5State)],
            positive={Cd5State.MEETS},
            negative={Cd5State.DOES_NOT_MEET},
            at=_thresholds_of_cd5(samples),
        ),
        burden=_agreement(
            [(str(t.expected_burden_state), str(t.burden_state)) for t in burden],
            words=[*map(str, BurdenState)],
            positive=DISEASE,
            negative={BurdenState.NOT_DETECTED},
            at=_threshold_of_burden(samples, overt_percent),
            reach=_out_of_reach(burden),
        ),
    )


def _out_of_reach(tubes: Tubes) -> OutOfReach | None:
    """Return the tubes that had too few events for the state that is expected of them."""
    clear = [t for t in tubes if t.expected_burden_state is BurdenState.NOT_DETECTED]
    beyond = [
        (lod, required)
        for t in clear
        if (lod := t.lod_percent) is not None
        and (required := t.required_lod_percent) is not None
        and lod > required
    ]
    if not beyond:
        return None
    return OutOfReach(
        n=len(beyond),
        of=len(clear),
        least_lod_percent=min(lod for lod, _ in beyond),
        most_lod_percent=max(lod for lod, _ in beyond),
        required_lod_percent=min(required for _, required in beyond),
    )


def _agreement(
    both: list[tuple[str, str]],
    *,
    words: list[str],
    positive: Collection[str],
    negative: Collection[str],
    at: tuple[ThresholdAgreement, ...],
    reach: OutOfReach | None = None,
) -> AgreementOf:
    found = agreement(
        [expected for expected, _ in both],
        [word for _, word in both],
        words=words,
        positive={str(word) for word in positive},
        negative={str(word) for word in negative},
    )
    table = {} if found is None else _table(found)
    reason = None
    if found is None:
        reason = "no tube has an expected state"
    elif found.kappa is None:
        reason = "kappa: one state alone was expected, or found"
    said = {"n": len(both), "table": table, "at_threshold": at, "reason": reason}
    said["out_of_reach"] = reach
    return AgreementOf.model_validate(said | _shares(found))


def _table(found: Agreement) -> dict[str, dict[str, int]]:
    return {
        row: dict(zip(found.words, counts, strict=True))
        for row, counts in zip(found.words, found.table, strict=True)
    }


def _shares(found: Agreement | None) -> dict[str, object]:
    """Return the fields of `AgreementShares`; without a pair each is unknown."""
    if found is None:
        return dict.fromkeys(AgreementShares.model_fields)
    return {
        "percent": found.overall.percent,
        "percent_ci95": found.overall.ci95,
        "positive_percent": found.positive.percent,
        "positive_ci95": found.positive.ci95,
        "negative_percent": found.negative.percent,
        "negative_ci95": found.negative.ci95,
        "kappa": None if found.kappa is None else found.kappa.value,
        "kappa_ci95": None if found.kappa is None else found.kappa.ci95,
    }


def _thresholds_of_cd5(samples: Tubes) -> tuple[ThresholdAgreement, ...]:
    """Return agreement at each threshold that tubes were judged by; usually there is one."""
    by_threshold: dict[float, list[Pair]] = defaultdict(list)
    for tube in samples:
        pair = cd5_pair(tube)
        if pair is not None:
            by_threshold[tube.threshold_percent].append(pair)
    return tuple(
        _at_threshold("% CD5 at or above the protocol's threshold", threshold, pairs)
        for threshold, pairs in sorted(by_threshold.items())
    )


def _threshold_of_burden(samples: Tubes, percent: float) -> tuple[ThresholdAgreement, ...]:
    pairs = [
        (tube.expected_blast_percent, tube.burden_percent)
        for tube in samples
        if tube.expected_blast_percent is not None and tube.burden_percent is not None
    ]
    if not pairs:
        return ()
    return (_at_threshold("burden at or above the protocol's limit", percent, pairs),)


def _at_threshold(what: str, threshold: float, pairs: Sequence[Pair]) -> ThresholdAgreement:
    sides = [(_side(x, threshold), _side(y, threshold)) for x, y in pairs]
    found = agreement(
        [side[0] for side in sides],
        [side[1] for side in sides],
        words=(ABOVE, BELOW),
        positive={ABOVE},
        negative={BELOW},
    )
    said = {
        "what": what,
        "threshold_percent": threshold,
        "n": len(pairs),
        "both": sides.count((ABOVE, ABOVE)),
        "only_expected": sides.count((ABOVE, BELOW)),
        "only_found": sides.count((BELOW, ABOVE)),
        "neither": sides.count((BELOW, BELOW)),
    }
    return ThresholdAgreement.model_validate(said | _shares(found))


def _side(value: float, threshold: float) -> str:
    return ABOVE if value >= threshold else BELOW
