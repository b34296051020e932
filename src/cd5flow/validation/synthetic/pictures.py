"""The pictures of a validation, with captions and words for those who cannot see them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from cd5flow.plots.figure import as_png, as_svg
from cd5flow.plots.validation import (
    Points,
    draw_biases,
    draw_blanks,
    draw_differences,
    draw_dilution,
    draw_found_and_true,
    draw_spreads,
)
from cd5flow.report.parts import Picture
from cd5flow.validation.synthetic.record import AccuracyGroup, AgreementSection, Validation
from cd5flow.validation.synthetic.rows import ARMS, Arm, SeriesKind, TubeRow

BY_RULE = "FMO rule"
BY_LABEL = "biological label"

Rows = Sequence[TubeRow]


def validation_pictures(found: Validation, rows: Rows) -> tuple[Picture, ...]:
    """Return every picture whose tubes are there, in the order of the report."""
    return tuple(_pictures(found, rows))


def _pictures(found: Validation, rows: Rows) -> Iterator[Picture]:
    accuracy = [row for row in rows if row.kind is SeriesKind.ACCURACY]
    if accuracy:
        yield from _accuracy(found, accuracy)
    dilution = [
        row
        for row in rows
        if row.kind is SeriesKind.DILUTION and row.burden_result and row.true_blast_percent
    ]
    if dilution:
        yield from _dilution(found, dilution)
    blank = [row for row in rows if row.kind is SeriesKind.BLANK and row.burden_percent is not None]
    if blank:
        yield _blank(found, blank)
    spread = _spread(found)
    if spread is not None:
        yield spread


def _accuracy(found: Validation, rows: Rows) -> Iterator[Picture]:
    whole = {group.arm: group for group in found.accuracy.groups if group.pattern is None}
    threshold = found.accuracy.threshold_percent
    groups = _patterns(rows, Arm.FMO, BY_RULE)
    percents = [Points(g.word, g.x, [x + d for x, d in zip(g.x, g.y, strict=True)]) for g in groups]
    yield _picture(
        "accuracy-found-and-true",
        f"Found over true % CD5, with an FMO, {BY_RULE}",
        f"% CD5 of {sum(len(g.x) for g in groups)} tubes over the {BY_RULE}, with the line of "
        f"equality and the threshold of {threshold:g} %.",
        draw_found_and_true(percents, threshold=threshold, truth=BY_RULE),
    )
    half = _half([d for arm in Arm for g in _patterns(rows, arm, BY_RULE) for d in g.y])
    for name, arm, truth in (
        ("accuracy-differences-fmo", Arm.FMO, BY_RULE),
        ("accuracy-differences-none", Arm.NONE, BY_RULE),
        ("accuracy-differences-label", Arm.FMO, BY_LABEL),
    ):
        groups = _patterns(rows, arm, truth)
        agreed = _agreed(whole.get(arm), truth)
        yield _picture(
            name,
            f"Found less true % CD5, {ARMS[arm]}, {truth}",
            _agreement_words(agreed, half),
            draw_differences(
                groups,
                bias=None if agreed is None else agreed.bias,
                limits=None
                if agreed is None or agreed.low is None or agreed.high is None
                else (agreed.low, agreed.high),
                half=half,
                truth=truth,
            ),
        )


def _dilution(found: Validation, rows: Rows) -> Iterator[Picture]:
    names = [one.name for one in found.dilutions]
    lloq = min(level.percent for one in found.dilutions for level in one.levels)
    lines = [
        (one.line.slope, one.line.intercept) for one in found.dilutions if one.line is not None
    ]
    groups = [_burdens(name, [row for row in rows if row.group == name]) for name in names]
    words = "; ".join(
        f"{one.name}: slope {one.line.slope:.3f}, R² {one.line.r_squared:.4f}"
        for one in found.dilutions
        if one.line is not None
    )
    yield _picture(
        "dilution",
        "Dilution: found over true burden",
        f"Burden of {len(rows)} tubes from {max(max(g.x) for g in groups if g.x):.3g} % down to the "
        f"lower limit of quantification, {lloq:.2g} %. {words}.",
        draw_dilution(groups, lines=lines if len(lines) == len(groups) else (), lloq=lloq),
    )
    biases = [
        Points(g.word, g.x, [math.log10(y / x) for x, y in zip(g.x, g.y, strict=True)])
        for g in groups
    ]
    yield _picture(
        "dilution-bias",
        "Dilution: bias of each tube",
        "log10 of found over true burden of each tube, over its true burden.",
        draw_biases(biases, lloq=lloq),
    )


def _blank(found: Validation, rows: Rows) -> Picture:
    blanks = found.blanks
    numbered = list(enumerate(rows, start=1))
    groups = [
        Points(
            word,
            [float(n) for n, row in numbered if row.called is called],
            [row.burden_percent or 0.0 for _, row in numbered if row.called is called],
        )
        for word, called in (("not called", False), ("called disease", True))
    ]
    return _picture(
        "blanks",
        "Tubes without disease: what lies in the blast gate",
        f"Percent counted as blasts in {len(rows)} tubes without disease; {blanks.called} of "
        f"{blanks.tubes} were called disease.",
        draw_blanks(groups, lod=None if blanks.lod_percent is None else blanks.lod_percent[1]),
    )


def _spread(found: Validation) -> Picture | None:
    groups = []
    for of, word in (("cd5", "% CD5"), ("burden", "burden")):
        here = [
            one
            for one in found.precision
            if one.of == of and one.cv_percent and one.events and one.cv95 is not None
        ]
        groups.append(
            Points(
                word,
                [one.events or 1.0 for one in here],
                [one.cv_percent or 1.0 for one in here],
                [one.cv95[0] for one in here if one.cv95],
                [one.cv95[1] for one in here if one.cv95],
            )
        )
    if not any(group.x for group in groups):
        return None
    return _picture(
        "precision",
        "CV of events drawn anew; line: 100/√n, counting alone",
        "CV with its 95 % interval at each level over the blasts in the gate; the line is the CV of "
        "counting alone, 100 over the root of the count.",
        draw_spreads(groups),
    )


def _picture(name: str, title: str, alt: str, figure: Any) -> Picture:
    return Picture(name, title, alt, as_png(figure, title=title), as_svg(figure))


def _patterns(rows: Rows, arm: Arm, truth: str) -> list[Points]:
    """Return found less true over true, a group for each CD5 pattern."""
    groups: dict[str, tuple[list[float], list[float]]] = {}
    for row in rows:
        true = row.true_cd5_percent if truth == BY_RULE else row.label_cd5_percent
        xs, ys = groups.setdefault(row.group, ([], []))
        if row.arm is arm and row.cd5_result is not None and true is not None:
            xs.append(true)
            ys.append(row.cd5_result - true)
    return [Points(word, xs, ys) for word, (xs, ys) in groups.items()]


def _burdens(name: str, rows: Rows) -> Points:
    return Points(
        name,
        [row.true_blast_percent for row in rows if row.true_blast_percent],
        [row.burden_result for row in rows if row.burden_result],
    )


def _agreed(group: AccuracyGroup | None, truth: str) -> AgreementSection | None:
    if group is None:
        return None
    return group.by_fmo_rule if truth == BY_RULE else group.by_label


def _agreement_words(agreed: AgreementSection | None, half: float) -> str:
    if agreed is None:
        return "No tube has a number."
    limits = ""
    if agreed.low is not None and agreed.high is not None:
        limits = f", limits of agreement {agreed.low:+.2f} to {agreed.high:+.2f}"
    return (
        f"{agreed.n} tubes: bias {agreed.bias:+.2f} points{limits}; worst {agreed.worst:+.2f}. "
        f"What lies further than {half:g} points from zero is drawn at the border."
    )


def _half(differences: Sequence[float]) -> float:
    """Return how many points about zero are shown: nearly all, and a round number."""
    sizes = sorted(abs(d) for d in differences)
    if not sizes:
        return 5.0
    most = sizes[min(len(sizes) - 1, math.ceil(0.97 * len(sizes)))]
    return next((float(top) for top in (5, 10, 20, 30, 50) if most <= top), 100.0)
