"""Pictures of a validation: found against true, dilutions, blanks, spreads.

They are drawn once a report, so that their scales and ticks are matplotlib's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from cd5flow.plots.figure import FAINT, FONT, INK, SMALL, legend, sheet, write

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#222222", "#56B4E9")
"""Of groups, in their order: Okabe and Ito, Color Universal Design, 2008."""

EXPECTED: Final[dict[str, Any]] = {"color": "#8a8a8a", "lw": 0.7, "zorder": 2}
"""A line on which points would lie if nothing erred."""
LIMIT: Final[dict[str, Any]] = {"color": FAINT, "lw": 0.7, "ls": ":", "zorder": 2}
FOUND: Final[dict[str, Any]] = {"color": INK, "lw": 0.9, "zorder": 3}

ScaleOf = Literal["linear", "log", "symlog"]


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
    figure, axes = drawn(groups, x=f"true % CD5, {truth}", y="found % CD5")
    axes.plot((0, 100), (0, 100), **EXPECTED)
    axes.axvline(threshold, **LIMIT)
    axes.axhline(threshold, **LIMIT)
    axes.set(xlim=(-2, 102), ylim=(-2, 102))
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
    inside = [Points(g.word, g.x, [min(max(y, -half), half) for y in g.y]) for g in groups]
    figure, axes = drawn(inside, x=f"true % CD5, {truth}", y="found − true, points")
    axes.axhline(0, **EXPECTED)
    if bias is not None:
        axes.axhline(bias, **FOUND)
    for end in limits or ():
        axes.axhline(end, ls=(0, (4, 3)), **FOUND)
    axes.set(xlim=(-2, 102), ylim=(-1.05 * half, 1.05 * half))
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
    figure, axes = drawn(groups, x=_BURDEN, y="found, %", scales=("log", "log"))
    values = [lloq, *(v for g in groups for v in (*g.x, *g.y))]
    ends = np.array([min(values), max(values)])
    axes.plot(ends, ends, **EXPECTED)
    axes.axvline(lloq, **LIMIT)
    for colour, (slope, intercept) in zip(COLOURS, lines, strict=False):
        axes.plot(ends, 10**intercept * ends**slope, color=colour, lw=0.8, zorder=3)
    return figure


def draw_biases(groups: Sequence[Points], *, lloq: float) -> Figure:
    """Return the bias of each tube, log10 of found over true, over its true burden."""
    figure, axes = drawn(groups, x=_BURDEN, y="log10 of found / true", scales=("log", "linear"))
    half = 1.1 * max((abs(v) for g in groups for v in g.y), default=0)
    axes.axhline(0, **EXPECTED)
    axes.axvline(lloq, **LIMIT)
    axes.set_ylim(-max(half, 0.11), max(half, 0.11))
    return figure


def draw_blanks(groups: Sequence[Points], *, lod: float | None) -> Figure:
    """Return what lies in the blast gate of tubes without disease, tube by tube.

    Args:
        groups: percent over the tube's number; 0 lies below the logarithmic part of the axis.
        lod: limit of detection, percent.
    """
    figure, axes = drawn(groups, x="tube", y="counted as blasts, %")
    counted = [v for g in groups for v in g.y if v > 0]
    least = min([*counted, *([lod] if lod else [])], default=0.001)
    axes.set_yscale("symlog", linthresh=least / 2, linscale=0.3)
    mark_plainly(axes)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    if lod is not None:
        axes.axhline(lod, **LIMIT)
        write(
            axes, (0.99, lod), "LOD", transform=axes.get_yaxis_transform(), ha="right", va="bottom"
        )
    axes.set_ylim(bottom=-least / 4)
    return figure


def draw_spreads(groups: Sequence[Points]) -> Figure:
    """Return CVs with their intervals over the blasts counted, and counting's own CV as a line."""
    figure, axes = drawn(groups, x="blasts in the gate", y="CV, %", scales=("log", "log"), size=14)
    events = [v for g in groups for v in g.x]
    ends = np.array([min(events, default=50), max(events, default=50)])
    axes.plot(ends, 100 / np.sqrt(ends), **EXPECTED)
    for colour, group in zip(COLOURS, groups, strict=False):
        if group.low:
            axes.vlines(group.x, group.low, group.high, color=colour, lw=0.9, zorder=3)
    return figure


_BURDEN: Final = "true blasts, % of the denominator"


def drawn(
    groups: Sequence[Points],
    *,
    x: str,
    y: str,
    scales: tuple[ScaleOf, ScaleOf] = ("linear", "linear"),
    size: float = 9,
) -> tuple[Figure, Axes]:
    """Return a figure with a dot a tube; several groups are told apart above it."""
    figure, (axes,) = sheet()
    axes.set_xscale(scales[0])
    axes.set_yscale(scales[1])
    for colour, group in zip(COLOURS, groups, strict=False):
        axes.scatter(group.x, group.y, s=size, color=colour, alpha=0.75, linewidths=0, zorder=4)
    axes.set_xlabel(x, fontsize=7.5, labelpad=2, fontfamily=FONT, color=INK)
    axes.set_ylabel(y, fontsize=7.5, labelpad=1, fontfamily=FONT, color=INK)
    mark_plainly(axes)
    if len(groups) > 1:
        legend(axes, [(g.word, colour) for g, colour in zip(groups, COLOURS, strict=False)])
    return figure, axes


def mark_plainly(axes: Axes) -> None:
    """Write ticks as plain numbers, as many as a scale has by itself."""
    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() == "linear":
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}".replace("-", "−")))
        axis.set_minor_formatter(NullFormatter())
    axes.tick_params(labelsize=SMALL, labelcolor=INK, color=INK, labelfontfamily=FONT, width=0.6)
    axes.tick_params(which="minor", width=0.6, color=INK)
