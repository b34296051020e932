"""The pictures of a laboratory's validation; every caption says n and what it does not show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cd5flow.plots.figure import as_png, as_svg
from cd5flow.plots.own_validation import (
    draw_changes,
    draw_comparison,
    draw_limits,
    draw_own_differences,
    draw_profile,
)
from cd5flow.plots.validation import Points
from cd5flow.report.parts import Picture
from cd5flow.validation.cells import signed
from cd5flow.validation.own.comparison import burden_pair, cd5_pair, pairs_of_specimens
from cd5flow.validation.own.record import ComparisonOf, LinearitySection, OwnValidation, StabilityOf
from cd5flow.validation.own.sheet import Kind
from cd5flow.validation.own.tubes import OwnTube

Tubes = Sequence[OwnTube]

NOT_TRUTH = "Shows nothing of specimens unlike these, nor whether what was expected is true."


def own_pictures(found: OwnValidation, tubes: Tubes) -> tuple[Picture, ...]:
    """Return every picture whose tubes are there, in the order of the report."""
    return tuple(_pictures(found, tubes))


def _pictures(found: OwnValidation, tubes: Tubes) -> Iterator[Picture]:
    samples = [tube for tube in tubes if tube.kind is Kind.SAMPLE]
    thresholds = {tube.threshold_percent for tube in samples}
    yield from _comparison(
        "cd5",
        found.comparison.cd5,
        [pair for pair, _ in pairs_of_specimens(samples, cd5_pair)],
        limit=thresholds.pop() if len(thresholds) == 1 else None,
    )
    yield from _comparison(
        "burden",
        found.comparison.burden,
        [pair for pair, _ in pairs_of_specimens(samples, burden_pair)],
        limit=None,
    )
    if found.linearity.levels:
        yield _dilution(found.linearity)
    if found.detection.n_blank or found.detection.n_low:
        yield _limits(found, tubes)
    if found.detection.profile:
        yield _profile(found)
    for name, of, unit in (
        ("cd5", found.stability.cd5, "change of % CD5, points"),
        ("burden", found.stability.burden, "change of log10 burden"),
    ):
        if of.changes:
            yield _changes(name, of, unit)


def _comparison(
    name: str, of: ComparisonOf, pairs: list[tuple[float, float]], *, limit: float | None
) -> Iterator[Picture]:
    if of.bias is None or of.limits_of_agreement is None:
        return
    log = of.scale == "log10"
    what = "burden, %" if log else "% CD5"
    shown = [(10**x, 10**y) if log else (x, y) for x, y in pairs]
    yield _picture(
        f"comparison-{name}",
        f"Found over expected {what}",
        f"n = {of.n} specimens, with the line of equality and "
        f"{' and '.join(line.method.title() for line in of.lines) or 'no fitted line'}. {NOT_TRUTH}",
        draw_comparison(
            Points("", [x for x, _ in shown], [y for _, y in shown]),
            lines=[(line.method.title(), (line.slope, line.intercept)) for line in of.lines],
            log=log,
            of=what,
            limit=limit,
        ),
    )
    digits = 3 if log else 2
    unit = "log10 of found / expected" if log else "found − expected, points"
    low, high = of.limits_of_agreement
    yield _picture(
        f"differences-{name}",
        f"Differences over the mean, {what}",
        f"n = {of.n} specimens: bias {signed(of.bias, digits)}, limits of agreement "
        f"{signed(low, digits)} to {signed(high, digits)} ({unit}). Does not show which of the "
        "two is right, nor how either repeats.",
        draw_own_differences(
            Points("", [(x + y) / 2 for x, y in pairs], [y - x for x, y in pairs]),
            bias=of.bias,
            limits=of.limits_of_agreement,
            x=f"mean of both, {'log10 %' if log else what}",
            y=unit,
        ),
    )


def _dilution(of: LinearitySection) -> Picture:
    assert of.slope is not None  # noqa: S101 - levels come with their line
    assert of.intercept is not None  # noqa: S101 - likewise
    return _picture(
        "linearity",
        "Dilution: mean of each level over its expected burden",
        f"n = {of.n} tubes at {len(of.levels)} levels; slope {of.slope:.3f} on the logarithmic scale. "
        "Does not show errors of the dilution itself, nor tubes in which nothing was found "
        f"({of.left_out}).",
        draw_comparison(
            Points("", [one.expected for one in of.levels], [one.found for one in of.levels]),
            lines=[("least squares", (of.slope, of.intercept))],
            log=True,
            of="burden, %",
            limit=None,
        ),
    )


def _limits(found: OwnValidation, tubes: Tubes) -> Picture:
    groups = []
    for kind in (Kind.BLANK, Kind.LOW):
        values = [
            t.burden_percent for t in tubes if t.kind is kind and t.burden_percent is not None
        ]
        groups.append(Points(f"{kind}s", [float(n + 1) for n in range(len(values))], values))
    detection = found.detection
    return _picture(
        "limits",
        "Blanks and lows, result by result",
        f"n = {detection.n_blank} blanks and {detection.n_low} lows, with the limits where they could "
        "be had. Does not show specimens of other persons, reagent lots or instruments than these.",
        draw_limits(groups, lob=detection.lob, lod=detection.lod),
    )


def _profile(found: OwnValidation) -> Picture:
    detection = found.detection
    results = sum(point.n for point in detection.profile)
    return _picture(
        "profile",
        "CV of the burden at each level of lows and dilutions",
        f"n = {results} results at {len(detection.profile)} levels; dotted: the goal of "
        f"{detection.lloq_cv_goal_percent:g} %, dashed: the LLOQ. A CV of few results is uncertain; it "
        "does not show bias.",
        draw_profile(
            [
                Points(
                    "",
                    [p.mean_percent for p in detection.profile],
                    [p.cv_percent for p in detection.profile],
                )
            ],
            goal=detection.lloq_cv_goal_percent,
            lloq=detection.lloq,
        ),
    )


def _changes(name: str, of: StabilityOf, unit: str) -> Picture:
    ends = [one.ci95 or (one.mean, one.mean) for one in of.changes]
    return _picture(
        f"stability-{name}",
        f"Stability: {unit}",
        f"n = {of.specimens} specimens; mean change from the first hours, with its 95 % interval where "
        "there are two; dotted: the goal. Does not show other ways of storage.",
        draw_changes(
            Points(
                "",
                [one.hours for one in of.changes],
                [one.mean for one in of.changes],
                [low for low, _ in ends],
                [high for _, high in ends],
            ),
            goal=of.goal,
            y=unit,
        ),
    )


def _picture(name: str, title: str, alt: str, figure: Any) -> Picture:
    return Picture(name, f"{title}. {alt}", alt, as_png(figure, title=title), as_svg(figure))
