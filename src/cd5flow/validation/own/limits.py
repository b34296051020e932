"""Limits of blank, detection and quantification from the laboratory's blanks and lows."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal

from cd5flow.model.limits import BurdenLimits
from cd5flow.validation.own.record import ClaimOf, DetectionSection, PrecisionPoint
from cd5flow.validation.own.replicates import by_level
from cd5flow.validation.own.rules import DetectionRules
from cd5flow.validation.own.sheet import Kind
from cd5flow.validation.own.tubes import DISEASE, OwnTube
from cd5flow.validation.statistics.detection import (
    Form,
    LevelSpread,
    limit_of_blank,
    limit_of_detection,
    limit_of_quantification,
    looks_normal,
    spread_of,
    verified,
)

Tubes = Sequence[OwnTube]

MOST_WITHHELD: Final = 0.05
"""Share of a level's numbers; 95 of 100 results are what each of these limits promises."""


@dataclass(frozen=True, slots=True)
class _Limits:
    form: Form | None
    lob: float | None
    lod: float | None
    refuted: str = ""


def detect(
    tubes: Tubes, rules: DetectionRules, *, claimed: BurdenLimits | None
) -> DetectionSection:
    """Return the limits that blanks and lows give.

    A blank's number is the burden as it is reported: 0 where nothing lies together.

    Args:
        tubes: all of them.
        rules: how many results each limit needs, and the goal of the LLOQ.
        claimed: limits of the strategy that these tubes were analysed with; None where they differ.
    """
    of_blank = [t for t in tubes if t.kind is Kind.BLANK]
    of_low = [t for t in tubes if t.kind is Kind.LOW]
    blanks = [t for t in of_blank if t.burden_percent is not None]
    lows = [t for t in of_low if t.burden_percent is not None]
    fewest = min(len(blanks), len(lows))
    found = _found_as_often(_limits(blanks, lows, rules), of_low)
    profile = _profile(tubes, rules)
    lloq = None if found.lod is None else _quantified(profile, rules, lod=found.lod)
    background = [t.background_percent for t in blanks if t.background_percent is not None]
    return DetectionSection(
        lob=found.lob,
        lod=found.lod,
        lloq=lloq,
        n_blank=len(blanks),
        n_low=len(lows),
        method=found.form,
        purpose=_purpose(fewest, rules),
        blank_without=len(of_blank) - len(blanks),
        low_without=len(of_low) - len(lows),
        blank_specimens=len(_specimens(blanks)),
        low_specimens=len(_specimens(lows)),
        blanks_called=sum(t.burden_state in DISEASE for t in blanks),
        background_median_percent=median(background) if background else None,
        background_most_percent=max(background, default=None),
        lloq_cv_goal_percent=rules.lloq_cv_percent,
        quantified_at_cv_percent=next(
            (p.cv_percent for p in profile if p.mean_percent == lloq), None
        ),
        profile=profile,
        claims=tuple(_claims(blanks, lows, claimed)),
        strategies=strategies_of_limits(tubes),
        reason=_reason(of_blank, of_low, found, lloq, rules),
    )


def strategies_of_limits(tubes: Tubes) -> tuple[str, ...]:
    """Return the SHA-256 of the strategies that limits are of; another may have served the comparison."""
    kinds = {Kind.BLANK, Kind.LOW, Kind.DILUTION}
    return tuple(sorted({tube.strategy_sha256 for tube in tubes if tube.kind in kinds}))


def _purpose(n: int, rules: DetectionRules) -> Literal["establish", "verify"] | None:
    if n >= rules.establish:
        return "establish"
    return "verify" if n >= rules.verify else None


def _limits(blanks: Tubes, lows: Tubes, rules: DetectionRules) -> _Limits:
    if len(blanks) < rules.verify:
        return _Limits(None, None, None)
    of_blanks, of_lows = _specimens(blanks), _specimens(lows)
    groups = [group for group in (*of_blanks, *of_lows) if len(group) > 1]
    normal = all(
        looks_normal(some, least_p=rules.normality_p) for some in (of_blanks, of_lows) if some
    )
    form: Form = "parametric" if groups and normal else "rank"
    lob = limit_of_blank(of_blanks, form=form)
    if lob is None or len(lows) < rules.verify:
        return _Limits(form, lob, None)
    return _Limits(form, lob, limit_of_detection(lob, of_lows, form=form))


def _found_as_often(found: _Limits, lows: Tubes) -> _Limits:
    """Return limits without a LOD that the lows at or above it refute: too few were found.

    A low whose number was withheld was not found.
    """
    if found.lob is None or found.lod is None:
        return found
    lob, lod = found.lob, found.lod
    at = [t for t in lows if t.expected_blast_percent and t.expected_blast_percent >= lod]
    kept = sum(t.burden_percent is not None and t.burden_percent > lob for t in at)
    if not at or verified(kept, len(at)).holds:
        return found
    refuted = (
        f"lod: {lod:.3g} % by its formula, but only {kept} of {len(at)} lows of as much or more were "
        "found above the LOB"
    )
    return _Limits(found.form, lob, None, refuted)


def _quantified(
    profile: Sequence[PrecisionPoint], rules: DetectionRules, *, lod: float
) -> float | None:
    """Return the LLOQ; a level of which more than 1 of 20 numbers were withheld keeps to no goal."""
    spreads = [
        LevelSpread(
            p.n,
            p.mean_percent,
            p.cv_percent if p.without <= MOST_WITHHELD * (p.n + p.without) else math.inf,
        )
        for p in profile
    ]
    return limit_of_quantification(spreads, goal_percent=rules.lloq_cv_percent, at_least=lod)


def _specimens(tubes: Tubes) -> list[list[float]]:
    """Return the results of each specimen: of each level; those without a level are taken together."""
    groups: dict[str | None, list[float]] = defaultdict(list)
    for tube in tubes:
        if tube.burden_percent is not None:
            groups[tube.level].append(tube.burden_percent)
    alone = [group for group in groups.values() if len(group) == 1]
    together = [group for group in groups.values() if len(group) > 1]
    # Specimens that were measured once each tell nothing alone of how results of one spread.
    return [*together, [value for group in alone for value in group]] if alone else together


def _profile(tubes: Tubes, rules: DetectionRules) -> tuple[PrecisionPoint, ...]:
    """Return the CV at each level of lows and dilutions with enough results, the lowest first."""
    with_disease = [t for t in tubes if t.kind in {Kind.LOW, Kind.DILUTION}]
    levels: dict[str, list[OwnTube]] = defaultdict(list, by_level(with_disease))
    for tube in with_disease:
        if tube.level is None and tube.expected_blast_percent:
            levels[f"{tube.expected_blast_percent:g} %"].append(tube)
    points = []
    for level, of in levels.items():
        values = [t.burden_percent for t in of if t.burden_percent is not None]
        spread = spread_of(values)
        if len(values) >= rules.lloq_replicates and spread is not None:
            points.append(
                PrecisionPoint(
                    level=level,
                    n=spread.n,
                    without=len(of) - len(values),
                    mean_percent=spread.mean,
                    cv_percent=spread.cv_percent,
                )
            )
    return tuple(sorted(points, key=lambda point: point.mean_percent))


def _claims(blanks: Tubes, lows: Tubes, limits: BurdenLimits | None) -> Iterator[ClaimOf]:
    """Yield how blanks and lows keep to the limits that the strategy claims.

    Lows verify the LOD where their expected burden is the claimed one or more.
    """
    lob = None if limits is None else limits.validated_lob_percent
    lod = None if limits is None else limits.validated_lod_percent
    if lob is None:
        return
    values = [t.burden_percent for t in blanks if t.burden_percent is not None]
    yield _claim("lob", lob, sum(value <= lob for value in values), len(values))
    if lod is not None:
        at = [t.burden_percent for t in lows if (t.expected_blast_percent or lod) >= lod]
        known = [value for value in at if value is not None]
        yield _claim("lod", lod, sum(value > lob for value in known), len(known))


def _claim(limit: Literal["lob", "lod"], percent: float, kept: int, n: int) -> ClaimOf:
    held = verified(kept, n)
    return ClaimOf(limit=limit, percent=percent, kept=kept, n=n, least=held.least, holds=held.holds)


def _reason(
    blanks: Tubes, lows: Tubes, found: _Limits, lloq: float | None, rules: DetectionRules
) -> str | None:
    """Say why a limit is missing, or what it is not good for."""
    n_blank, n_low = (sum(t.burden_percent is not None for t in of) for of in (blanks, lows))
    said = [found.refuted] if found.refuted else []
    without = len(blanks) - n_blank, len(lows) - n_low
    if any(without):
        said.append(
            f"the numbers of {without[0]} blanks and {without[1]} lows were withheld: limits speak of "
            "the others alone"
        )
    if n_blank < rules.verify:
        said.append(
            f"lob: {n_blank} blank results, {rules.establish} establish a limit and {rules.verify} "
            "verify one"
        )
    if n_low < rules.verify:
        said.append(
            f"lod: {n_low} low results, {rules.establish} establish a limit and {rules.verify} "
            "verify one"
        )
    elif found.lod is None and found.lob is None:
        said.append("lod: there is no limit of blank to stand on")
    if found.lod is None:
        said.append("lloq: there is no limit of detection to stand on")
    elif lloq is None:
        said.append(
            f"lloq: no level of {rules.lloq_replicates} results or more reaches the LOD with a CV of "
            f"{rules.lloq_cv_percent:g} % or less, itself and all above it"
        )
    if found.lod is not None and min(n_blank, n_low) < rules.establish:
        said.append(
            f"{n_blank} blank and {n_low} low results verify a limit, they do not establish one "
            f"({rules.establish} of each do)"
        )
    return "; ".join(said) or None
