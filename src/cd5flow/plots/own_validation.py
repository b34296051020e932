"""Pictures of a laboratory's own validation: found over expected, differences, limits, hours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from cd5flow.plots.figure import write
from cd5flow.plots.validation import (
    COLOURS,
    EXPECTED,
    FOUND,
    LIMIT,
    Points,
    ScaleOf,
    drawn,
    mark_plainly,
)

_DASHED: Final = (0, (4, 3))

Line = tuple[float, float]
"""Slope and intercept."""


def draw_comparison(
    points: Points, *, lines: Sequence[tuple[str, Line]], log: bool, of: str, limit: float | None
) -> Figure:
    """Return found over expected numbers with the line of equality and each fitted line.

    Args:
        points: both sides in percent.
        lines: what each is called, and the line; of logarithms where `log`.
        log: whether both axes are logarithmic.
        of: what the numbers are.
        limit: a threshold of both axes.
    """
    scale: ScaleOf = "log" if log else "linear"
    figure, axes = drawn(
        [points], x=f"expected {of}", y=f"found {of}", scales=(scale, scale), size=11
    )
    ends = _ends([*points.x, *points.y, *([] if limit is None or log else [limit])], log=log)
    axes.plot(ends, ends, **EXPECTED)
    if limit is not None:
        axes.axvline(limit, **LIMIT)
        axes.axhline(limit, **LIMIT)
    first, last = (math.log10(end) for end in ends) if log else ends
    along = np.linspace(first, last, 50)
    for colour, style, (word, (slope, intercept)) in zip(
        COLOURS[1:], ("-", _DASHED), lines, strict=False
    ):
        y = intercept + slope * along
        x = 10**along if log else along
        axes.plot(x, 10**y if log else y, color=colour, ls=style, lw=0.9, zorder=3)
        write(
            axes,
            (0.03, 0.95 if style == "-" else 0.88),
            word,
            transform=axes.transAxes,
            color=colour,
            va="top",
        )
    axes.set(xlim=ends, ylim=ends)
    return figure


def draw_own_differences(
    points: Points, *, bias: float, limits: tuple[float, float], x: str, y: str
) -> Figure:
    """Return found less expected over their mean, with bias and limits of agreement."""
    figure, axes = drawn([points], x=x, y=y, size=11)
    axes.axhline(0, **EXPECTED)
    axes.axhline(bias, **FOUND)
    for end in limits:
        axes.axhline(end, ls=_DASHED, **FOUND)
    half = 1.15 * max(abs(v) for v in (*points.y, *limits, bias, 1e-9))
    axes.set_ylim(-half, half)
    return figure


def draw_profile(groups: Sequence[Points], *, goal: float, lloq: float | None) -> Figure:
    """Return the CV of each level over its mean, with the goal and the limit that follows from it."""
    figure, axes = drawn(groups, x="mean burden, %", y="CV, %", scales=("log", "linear"), size=14)
    axes.axhline(goal, **LIMIT)
    if lloq is not None:
        axes.axvline(lloq, ls=_DASHED, **FOUND)
    axes.set_ylim(0, 1.15 * max([goal, *(v for g in groups for v in g.y)]))
    return figure


def draw_limits(groups: Sequence[Points], *, lob: float | None, lod: float | None) -> Figure:
    """Return the results of blanks and lows one by one, with the limits that they give."""
    figure, axes = drawn(groups, x="result", y="burden, %")
    above = [v for g in groups for v in g.y if v > 0]
    least = min(above, default=0.001)
    axes.set_yscale("symlog", linthresh=least / 2, linscale=0.3)
    mark_plainly(axes)
    for word, limit in (("LOB", lob), ("LOD", lod)):
        if limit is not None:
            axes.axhline(limit, ls=_DASHED, **FOUND)
            write(
                axes,
                (0.99, limit),
                word,
                transform=axes.get_yaxis_transform(),
                ha="right",
                va="bottom",
            )
    axes.set_ylim(bottom=-least / 4)
    return figure


def draw_changes(points: Points, *, goal: float, y: str) -> Figure:
    """Return the mean change from the first hours over the hours, with its interval and the goal."""
    figure, axes = drawn([points], x="hours from collection", y=y, size=14)
    axes.axhline(0, **EXPECTED)
    for end in (-goal, goal):
        axes.axhline(end, **LIMIT)
    axes.vlines(points.x, points.low, points.high, color=COLOURS[0], lw=0.9, zorder=3)
    half = 1.15 * max(abs(v) for v in (*points.low, *points.high, goal))
    axes.set_ylim(-half, half)
    return figure


def _ends(values: Sequence[float], *, log: bool) -> tuple[float, float]:
    """Return ends of an axis a little beyond all values."""
    low, high = min(values), max(values)
    if log:
        return 10 ** (math.log10(low) - 0.1), 10 ** (math.log10(high) + 0.1)
    beyond = max(0.05 * (high - low), 1.0)
    return low - beyond, high + beyond
