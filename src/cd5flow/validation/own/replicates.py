"""Replicates of a level: precision by its parts, and the line of a dilution."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from cd5flow.validation.own.record import (
    ComponentOf,
    DilutionLevel,
    FarResult,
    LinearitySection,
    PrecisionLevel,
)
from cd5flow.validation.own.rules import LinearityRules, PrecisionRules
from cd5flow.validation.own.sheet import Kind
from cd5flow.validation.own.tubes import OwnTube
from cd5flow.validation.statistics.linearity import linearity
from cd5flow.validation.statistics.outliers import farthest
from cd5flow.validation.statistics.precision import TOTAL, Precision, nested_precision

Tubes = Sequence[OwnTube]
Measurand = Literal["cd5", "burden"]
MEASURANDS: Final[tuple[Measurand, ...]] = ("cd5", "burden")


def by_level(tubes: Tubes) -> dict[str, list[OwnTube]]:
    """Return the tubes of each level at its earliest hours, in the order of the sheet."""
    levels: dict[str, list[OwnTube]] = defaultdict(list)
    for tube in first_hours(tubes):
        if tube.level is not None:
            levels[tube.level].append(tube)
    return levels


def first_hours(tubes: Tubes) -> list[OwnTube]:
    """Return tubes without those of a level that were measured later than its first.

    Later hours show what storage does, which is the question of stability.
    """
    first: dict[str | None, float] = {}
    for tube in tubes:
        if tube.hours is not None:
            first[tube.level] = min(tube.hours, first.get(tube.level, tube.hours))
    return [t for t in tubes if t.level is None or t.hours is None or t.hours == first[t.level]]


def precision_of_levels(tubes: Tubes, rules: PrecisionRules) -> tuple[PrecisionLevel, ...]:
    """Return the precision of % CD5 and of the burden at each level with two results or more."""
    levels = by_level(tubes)
    return tuple(
        found
        for level, of in levels.items()
        for what in MEASURANDS
        if (found := _precision(level, of, what, rules)) is not None
    )


def _precision(
    level: str, tubes: Tubes, of: Measurand, rules: PrecisionRules
) -> PrecisionLevel | None:
    pairs = [(tube, _value(tube, of)) for tube in tubes]
    used = [(tube, value) for tube, value in pairs if value is not None]
    if len(used) < 2:
        return None
    values = [value for _, value in used]
    plain = nested_precision(values, [])
    if plain is None:
        return None
    runs = [_run(tube) for tube, _ in used]
    readers = [tube.reader or "" for tube, _ in used]
    factors = [
        (name, labels)
        for name, labels in (("reader", readers), ("run", runs))
        if len(set(labels)) > 1
    ]
    nested = nested_precision(values, factors) if factors else plain
    total = plain[TOTAL]
    return PrecisionLevel(
        level=level,
        of=of,
        n=len(used),
        without=len(tubes) - len(used),
        mean=plain.mean,
        sd=total.sd,
        sd_ci95=total.sd_ci95,
        cv_percent=_cv(total.sd, plain.mean),
        runs=len(set(runs)),
        readers=len(set(readers)),
        components=() if nested is None else tuple(_components(nested)),
        far=_far(used, rules.far_p),
        reason=_why(factors, nested, runs),
    )


def _far(used: Sequence[tuple[OwnTube, float]], least_p: float) -> FarResult | None:
    found = farthest([value for _, value in used])
    if found is None or found.p >= least_p:
        return None
    tube, value = used[found.place]
    return FarResult(sample=tube.sample, percent=value, p=found.p)


def _value(tube: OwnTube, of: Measurand) -> float | None:
    return tube.cd5_percent if of == "cd5" else tube.burden_percent


def _run(tube: OwnTube) -> str:
    """Return the run of a tube: as the sheet says, else the day of its acquisition."""
    return tube.run or (tube.acquired or "")[:10]


def _components(found: Precision) -> Iterator[ComponentOf]:
    names = {"within": "within run", "run": "between runs", "reader": "between readers"}
    for one in found.components:
        yield ComponentOf(
            name=names.get(one.name, one.name),
            degrees_of_freedom=one.degrees,
            sd=one.sd,
            sd_ci95=one.sd_ci95,
            cv_percent=_cv(one.sd, found.mean),
        )


def _why(
    factors: list[tuple[str, list[str]]], nested: Precision | None, runs: list[str]
) -> str | None:
    if nested is None:
        names = " and ".join(name for name, _ in factors)
        return f"no two results share a {names}: what lies within cannot be parted from what is between"
    if len(set(runs)) == 1:
        return "one run: nothing is known of what differs between runs"
    return None


def _cv(sd: float, mean: float) -> float | None:
    return 100 * sd / mean if mean > 0 else None


def dilution_line(tubes: Tubes, rules: LinearityRules) -> LinearitySection:
    """Return the line of the tubes of kind dilution, by what is expected or else by their level."""
    dilutions = [tube for tube in tubes if tube.kind is Kind.DILUTION]
    by_expected = [(t.expected_blast_percent, t.burden_percent) for t in dilutions]
    against: Literal["expected_blast_percent", "level"] = "expected_blast_percent"
    if not any(x for x, _ in by_expected):
        by_expected = [(_number(t.level), t.burden_percent) for t in dilutions]
        against = "level"
    used = [(x, y) for x, y in by_expected if x and y]
    found = linearity([x for x, _ in used], [y for _, y in used])
    if found is None:
        return LinearitySection(
            n=len(used),
            left_out=len(dilutions) - len(used),
            against=against if used else None,
            slope=None,
            slope_ci95=None,
            intercept=None,
            intercept_ci95=None,
            r2=None,
            max_deviation_percent=None,
            quadratic_p=None,
            levels=(),
            enough=False,
            reason=f"{len(used)} tubes of kind dilution have an expected and a found burden above 0; "
            "a line asks for three levels",
        )
    levels = len(found.levels)
    enough = levels >= rules.least_levels
    return LinearitySection(
        n=found.n,
        left_out=len(dilutions) - len(used),
        against=against,
        slope=found.slope,
        slope_ci95=found.slope_ci95,
        intercept=found.intercept,
        intercept_ci95=found.intercept_ci95,
        r2=found.r2,
        max_deviation_percent=found.max_deviation_percent,
        quadratic_p=found.quadratic_p,
        levels=tuple(
            DilutionLevel(
                expected=one.expected,
                n=one.n,
                found=one.found,
                recovery_percent=one.percent,
                recovery_ci95=one.percent_ci95,
                deviation_percent=one.deviation_percent,
            )
            for one in found.levels
        ),
        enough=enough,
        reason=None if enough else f"{levels} levels, linearity asks for {rules.least_levels}",
    )


def _number(level: str | None) -> float | None:
    """Return a level that is a number above 0, as 0.01 or "0.01 %"."""
    try:
        value = float((level or "").replace("%", "").strip())
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None
