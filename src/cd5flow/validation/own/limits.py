"""Limits of blank, detection and quantification from the laboratory's blanks and lows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class _Limits:
    form: Form | None
    lob: float | None
    lod: float | None


def detect(
    tubes: Tubes, rules: DetectionRules, *, claimed: BurdenLimits | None
) -> DetectionSection:
    """Return the limits that blanks and lows give.

    A blank's number is the burden as it is reported: 0 where nothing lies together.

    Args:
        tubes: all of them.
        rules: how many results each limit needs, and the goal of the LLOQ.
        claimed: limits of the strategy that the tubes were analysed with; None where they differ.
    """
    blanks = [t for t in tubes if t.kind is Kind.BLANK and t.burden_percent is not None]
    lows = [t for t in tubes if t.kind is Kind.LOW and t.burden_percent is not None]
    fewest = min(len(blanks), len(lows))
    found = _limits(blanks, lows, rules)
    profile = _profile(tubes, rules)
    spreads = [LevelSpread(p.n, p.mean_percent, p.cv_percent) for p in profile]
    lloq = (
        None
        if found.lod is None
        else limit_of_quantification(
            spreads, goal_percent=rules.lloq_cv_percent, at_least=found.lod
        )
    )
    background = [t.background_percent for t in blanks if t.background_percent is not None]
    return DetectionSection(
        lob=found.lob,
        lod=found.lod,
        lloq=lloq,
        n_blank=len(blanks),
        n_low=len(lows),
        method=found.form,
        purpose=_purpose(fewest, rules),
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
        reason=_reason(len(blanks), len(lows), found, lloq, rules),
    )


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
    groups: dict[str, list[float]] = defaultdict(list)
    levels = by_level([t for t in tubes if t.kind in {Kind.LOW, Kind.DILUTION}])
    for level, of in levels.items():
        groups[level] += [t.burden_percent for t in of if t.burden_percent is not None]
    for tube in tubes:
        expected = tube.expected_blast_percent
        if tube.kind in {Kind.LOW, Kind.DILUTION} and tube.level is None and expected:
            groups[f"{expected:g} %"] += (
                [] if tube.burden_percent is None else [tube.burden_percent]
            )
    points = [
        PrecisionPoint(
            level=level, n=spread.n, mean_percent=spread.mean, cv_percent=spread.cv_percent
        )
        for level, values in groups.items()
        if len(values) >= rules.lloq_replicates and (spread := spread_of(values)) is not None
    ]
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
    n_blank: int, n_low: int, found: _Limits, lloq: float | None, rules: DetectionRules
) -> str | None:
    """Say why a limit is missing, or what it is not good for."""
    said = []
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
