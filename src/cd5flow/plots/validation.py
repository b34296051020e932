"""Pictures of a validation: found against true, dilutions, blanks, spreads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cd5flow.plots.axis import Ticks
from cd5flow.plots.canvas import (
    FAINT,
    INK,
    draw_ticks,
    legend,
    name_axes,
    sheet,
    span,
    write,
)

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#222222", "#56B4E9")
"""Of groups, in their order: Okabe and Ito, Color Universal Design, 2008."""

_LINE: Final = "#8a8a8a"
_MARGIN_DECADES: Final = 0.15


@dataclass(frozen=True, slots=True)
class Points:
    """Tubes that are drawn alike.

    Attributes:
        word: the legend's, short.
        x, y: (n,) places.
        low, high: (n,) ends of a bar through each point; empty where there are none.
    """

    word: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def draw_found_and_true(groups: Sequence[Points], *, threshold: float, truth: str) -> Figure:
    """Return found over true percentages, with the line on which they are equal."""
    figure, (axes,) = sheet()
    _line(axes, (0, 100), (0, 100))
    _line(axes, (threshold, threshold), (0, 100), dashed=True)
    _line(axes, (0, 100), (threshold, threshold), dashed=True)
    _dots(axes, groups)
    share = (-2, 102, _even(0, 100, 20))
    _frame(axes, groups, x=(f"true % CD5, {truth}", *share), y=("found % CD5", *share))
    return figure


def draw_differences(
    groups: Sequence[Points],
    *,
    bias: float | None,
    limits: tuple[float, float] | None,
    half: float,
    truth: str,
) -> Figure:
    """Return found less true over true percentages, with bias and limits of agreement.

    Args:
        groups: differences over truth; what lies outside is drawn at the border.
        bias: their mean.
        limits: of agreement.
        half: the picture shows as many points above and below zero.
        truth: which truth, in words.
    """
    figure, (axes,) = sheet()
    _line(axes, (-2, 102), (0, 0))
    if bias is not None:
        axes.plot((-2, 102), (bias, bias), color=INK, lw=0.9, zorder=3)
    for end in limits or ():
        axes.plot((-2, 102), (end, end), color=INK, lw=0.7, ls=(0, (4, 3)), zorder=3)
    _dots(
        axes,
        [Points(g.word, g.x, [min(max(y, -half), half) for y in g.y]) for g in groups],
    )
    _frame(
        axes,
        groups,
        x=(f"true % CD5, {truth}", -2, 102, _even(0, 100, 20)),
        y=("found − true, points", -1.05 * half, 1.05 * half, _even(-half, half, _step(half))),
    )
    return figure


def draw_dilution(
    groups: Sequence[Points], *, lines: Sequence[tuple[float, float]], lloq: float
) -> Figure:
    """Return found over true burden on logarithmic scales.

    Args:
        groups: percentages above zero.
        lines: slope and intercept of each group's line, log10 on log10.
        lloq: lower limit of quantification, percent.
    """
    figure, (axes,) = sheet()
    low, high = _window([v for g in groups for v in (*g.x, *g.y)], lloq)
    _line(axes, (low, high), (low, high))
    _line(axes, (math.log10(lloq),) * 2, (low, high), dashed=True)
    for colour, (slope, intercept) in zip(COLOURS, lines, strict=False):
        ends = np.array([low, high])
        axes.plot(ends, intercept + slope * ends, color=colour, lw=0.8, zorder=3)
    _dots(axes, [Points(g.word, _logs(g.x), _logs(g.y)) for g in groups])
    share = (low, high, _decades(low, high))
    _frame(axes, groups, x=("true blasts, % of the denominator", *share), y=("found, %", *share))
    return figure


def draw_biases(groups: Sequence[Points], *, lloq: float) -> Figure:
    """Return the bias of each tube, log10 of found over true, over its true burden."""
    figure, (axes,) = sheet()
    low, high = _window([v for g in groups for v in g.x], lloq)
    half = max(0.1, 0.05 * math.ceil(max((abs(v) for g in groups for v in g.y), default=0) / 0.05))
    _line(axes, (low, high), (0, 0))
    _line(axes, (math.log10(lloq),) * 2, (-2 * half, 2 * half), dashed=True)
    _dots(axes, [Points(g.word, _logs(g.x), g.y) for g in groups])
    _frame(
        axes,
        groups,
        x=("true blasts, % of the denominator", low, high, _decades(low, high)),
        y=("log10 of found / true", -1.1 * half, 1.1 * half, _even(-half, half, half / 2)),
    )
    return figure


def draw_blanks(groups: Sequence[Points], *, lod: float | None) -> Figure:
    """Return what lies in the blast gate of tubes without disease, tube by tube.

    Args:
        groups: percent over the tube's number; 0 is drawn in a strip below the axis.
        lod: limit of detection, percent.
    """
    figure, (axes,) = sheet()
    counted = [v for g in groups for v in g.y if v > 0]
    low, high = _window([*counted, *([lod] if lod else [])], min(counted, default=0.001))
    zero = low - 0.35
    last = max((v for g in groups for v in g.x), default=1.0)
    if lod is not None:
        _line(axes, (0, last + 1), (math.log10(lod),) * 2, dashed=True)
        write(axes, (last + 0.8, math.log10(lod) + 0.03), "LOD", ha="right", va="bottom")
    _line(axes, (0, last + 1), (low - 0.17,) * 2)
    placed = [Points(g.word, g.x, [math.log10(v) if v > 0 else zero for v in g.y]) for g in groups]
    _dots(axes, placed)
    marks = _decades(low, high)
    with_zero = Ticks([zero, *marks.places], ["0", *marks.words], marks.between)
    _frame(
        axes,
        groups,
        x=("tube", 0, last + 1, _even(0, last, _step(last / 2))),
        y=("counted as blasts, %", zero - 0.2, high, with_zero),
    )
    return figure


def draw_spreads(groups: Sequence[Points]) -> Figure:
    """Return CVs with their intervals over the blasts counted, and counting's own CV as a line."""
    figure, (axes,) = sheet()
    across = _window([v for g in groups for v in g.x], 50.0)
    up = _window([v for g in groups for v in (*g.y, *g.low, *g.high)], 10.0)
    ends = np.array(across)
    axes.plot(ends, 2 - ends / 2, color=_LINE, lw=0.9, zorder=2)
    for colour, group in zip(COLOURS, groups, strict=False):
        if group.low:
            axes.vlines(
                _logs(group.x), _logs(group.low), _logs(group.high), color=colour, lw=0.9, zorder=3
            )
    _dots(axes, [Points(g.word, _logs(g.x), _logs(g.y)) for g in groups], size=14)
    _frame(
        axes,
        groups,
        x=("blasts in the gate", *across, _decades(*across, percent=False)),
        y=("CV, %", *up, _decades(*up)),
    )
    return figure


def _dots(axes: Axes, groups: Sequence[Points], *, size: float = 9) -> None:
    for colour, group in zip(COLOURS, groups, strict=False):
        axes.scatter(
            group.x, group.y, s=size, color=colour, alpha=0.75, linewidths=0, zorder=4, clip_on=True
        )


def _frame(
    axes: Axes,
    groups: Sequence[Points],
    *,
    x: tuple[str, float, float, Ticks],
    y: tuple[str, float, float, Ticks],
) -> None:
    """Set name, window and ticks of two axes; several groups are told apart above them."""
    for (_, low, high, marks), up in ((x, False), (y, True)):
        span(axes, low, high, up=up)
        draw_ticks(axes, marks, up=up)
    name_axes(axes, x=x[0], y=y[0])
    if len(groups) > 1:
        legend(axes, [(g.word, colour) for g, colour in zip(groups, COLOURS, strict=False)])


def _line(
    axes: Axes, x: tuple[float, float], y: tuple[float, float], *, dashed: bool = False
) -> None:
    axes.plot(x, y, color=FAINT if dashed else _LINE, lw=0.7, ls=":" if dashed else "-", zorder=2)


def _logs(values: Sequence[float]) -> list[float]:
    return [math.log10(value) for value in values]


def _window(values: Sequence[float], least: float) -> tuple[float, float]:
    """Return the decades that hold all values, with a margin."""
    places = [math.log10(value) for value in (*values, least) if value > 0]
    return min(places) - _MARGIN_DECADES, max(places) + _MARGIN_DECADES


def _decades(low: float, high: float, *, percent: bool = True) -> Ticks:
    """Return ticks at 1, 2, 3 ... of each decade, words at the ones, at 2 and 5 too where few are seen."""
    marks = {
        p + math.log10(k): (k, k * 10.0**p)
        for p in range(math.floor(low), math.ceil(high) + 1)
        for k in range(1, 10)
        if low <= p + math.log10(k) <= high
    }
    ones = [place for place, (k, _) in marks.items() if k == 1]
    longer = ones
    if len(ones) < 2:
        longer = ones + [place for place, (k, _) in marks.items() if k in {2, 5}]
    words = [_plain(marks[place][1], percent=percent) for place in longer]
    return Ticks(longer, words, [place for place, (k, _) in marks.items() if k > 1])


def _plain(value: float, *, percent: bool) -> str:
    return f"{value:.10g}" if percent or value < 1 else f"{value:,.0f}"


def _even(low: float, high: float, step: float) -> Ticks:
    places = [
        float(p) for p in np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
    ]
    return Ticks(places, [f"{p + 0.0:g}".replace("-", "−") for p in places], [])


def _step(half: float) -> float:
    """Return a round step of which about two or three reach `half`."""
    raw = max(half / 2.5, 1e-9)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= raw)
