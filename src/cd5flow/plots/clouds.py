"""Events in a picture: densities from counts, single dots where they are few, histograms."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from cd5flow.model.events import Mask
from cd5flow.plots.axis import Axis, Ticks, thousands, ticks
from cd5flow.plots.canvas import draw_ticks, frame, legend, name_axes, span, steps
from cd5flow.plots.palette import LEFT_OUT, OTHERS, rgb
from cd5flow.plots.scene import BINS, UNDEFINED, Places, Scene

Floats = npt.NDArray[np.floating[Any]]
Counts = npt.NDArray[np.intp]

FEW_EVENTS: Final = 300
"""A population with no more events is drawn as a dot each, over the others' density."""

HISTOGRAM_BINS: Final = BINS // 2

_OTHER_DOTS: Final = "#555555"
_MANY: Final = 100_000  # the legend has room for no more digits
_PALEST: Final = 0.25  # share of its colour that a single event of a population has
_SHADES: Final = 12  # of a colour
_CELLS: Final = BINS * BINS
_HEIGHT: Final = 1.15  # of the histogram's frame over its highest bin


def draw_cloud(
    axes: Axes,
    scene: Scene,
    events: Places,
    *,
    x: Axis,
    y: Axis,
    members: Mask | None = None,
) -> Counts:
    """Draw events on two axes in their families' colours; those beyond pile up at the border.

    A bin has the colour of the family that has the largest share of itself there, so that many
    cells do not hide a few, and is the deeper the more events it holds.

    Args:
        axes: where.
        scene: the tube.
        events: who.
        x: across.
        y: up.
        members: who is in the population that is meant; the others are paler than any colour.

    Returns:
        How many events of no family, and of each, there are.
    """
    across, up, kinds = scene.bins(x)[events], scene.bins(y)[events], scene.kinds[events]
    known = (across != UNDEFINED) & (up != UNDEFINED)
    if not known.all():
        events, across, up, kinds = events[known], across[known], up[known], kinds[known]
    rows = len(scene.families) + 1
    if members is not None:
        # Who is left out is a kind of its own, after the families.
        kinds = np.where(members[events], kinds, np.uint8(rows))
        rows += 1
    cell = up.astype(np.intp)
    cell *= BINS
    cell += across
    cell += kinds * np.intp(_CELLS)
    counts = np.bincount(cell, minlength=rows * _CELLS).reshape(rows, BINS, BINS)
    totals: Counts = counts.sum(axis=(1, 2))
    few = [int(kind) for kind in np.flatnonzero((totals > 0) & (totals <= FEW_EVENTS))]
    if len(events) > FEW_EVENTS:
        few = [kind for kind in few if 0 < kind <= len(scene.families)]
    shaded = counts.copy()
    shaded[few] = 0
    if shaded.any():
        show_density(axes, shaded, scene, x=x, y=y)
    for kind in few:
        there = events[kinds == kind]
        dots(axes, scene.values(x, there), scene.values(y, there), colour=_dot_colour(scene, kind))
    frame(axes, x, y)
    name_families(axes, scene, totals)
    return totals


def show_density(axes: Axes, counts: Counts, scene: Scene, *, x: Axis, y: Axis) -> None:
    """Draw counts of (kind, y, x) over the window of two axes."""
    axes.imshow(
        paint(counts, scene),
        origin="lower",
        extent=(x.low, x.high, y.low, y.high),
        aspect="auto",
        interpolation="none",
    )


def paint(counts: Counts, scene: Scene) -> npt.NDArray[np.uint8]:
    """Return counts of (kind, y, x) as (y, x, 4) colours, clear where there is no event."""
    totals = np.maximum(counts.sum(axis=(1, 2)), 1)
    top = (counts / np.sqrt(totals)[:, None, None]).argmax(axis=0)
    events = counts.sum(axis=0)
    picture = np.zeros((BINS, BINS, 4), dtype=np.uint8)
    for kind in range(len(counts)):
        there = (top == kind) & (events > 0)
        if not there.any():
            continue
        pale, full = _shades(scene, kind)
        depth = np.log1p(events[there]) / np.log1p(float(events[there].max()))
        # Few different colours make a small file.
        depth = np.ceil(_SHADES * depth) / _SHADES
        mixed = pale + depth[:, None] * (full - pale)
        picture[there, :3] = np.rint(255 * mixed)
        picture[there, 3] = 255
    return picture


def _shades(scene: Scene, kind: int) -> tuple[Floats, Floats]:
    if kind == 0:
        return rgb(OTHERS[0]), rgb(OTHERS[1])
    if kind > len(scene.families):
        return rgb(LEFT_OUT[0]), rgb(LEFT_OUT[1])
    full = rgb(scene.families[kind - 1].colour)
    return 1 - (1 - full) * _PALEST, full


def _dot_colour(scene: Scene, kind: int) -> str:
    if kind == 0:
        return _OTHER_DOTS
    return LEFT_OUT[1] if kind > len(scene.families) else scene.families[kind - 1].colour


def dots(axes: Axes, across: Floats, up: Floats, *, colour: str) -> None:
    """Draw one dot an event."""
    axes.plot(
        across,
        up,
        linestyle="none",
        marker="o",
        markersize=2.0,
        markeredgewidth=0,
        color=colour,
        zorder=3,
    )


def name_families(axes: Axes, scene: Scene, totals: Counts) -> None:
    """Write above the axes which colour is whose, and how many of them there are."""
    long = int(totals[1:].sum()) >= _MANY
    entries = [
        (f"{family.word} {_short(int(totals[kind]), long=long)}", family.colour)
        for kind, family in enumerate(scene.families, start=1)
        if totals[kind]
    ]
    legend(axes, entries)


def _short(events: int, *, long: bool) -> str:
    return f"{events / 1000:.3g}K" if long and events >= 10_000 else f"{events:,}"


def draw_histogram(axes: Axes, scene: Scene, events: Places, *, x: Axis) -> Counts:
    """Draw how events lie on one axis, all in grey and families in their colours.

    Heights are roots of counts (Tukey's rootogram): the scatter of a count is the same at every
    height, and a few blasts show beside thousands of other cells.

    Returns:
        How many events of no family, and of each, there are.
    """
    across, kinds = scene.bins(x)[events], scene.kinds[events]
    known = across != UNDEFINED
    rows = len(scene.families) + 1
    cell = across[known] + kinds[known] * np.intp(BINS)
    fine = np.bincount(cell, minlength=rows * BINS)
    counts = fine.reshape(rows, HISTOGRAM_BINS, -1).sum(axis=2)
    edges = np.linspace(x.low, x.high, HISTOGRAM_BINS + 1)
    whole = counts.sum(axis=0)
    steps(axes, np.sqrt(whole), edges, fill=True, facecolor=OTHERS[0], edgecolor="#8c8c8c", lw=0.5)
    totals: Counts = counts.sum(axis=1)
    for kind in sorted(range(1, rows), key=lambda k: -int(totals[k])):
        if totals[kind]:
            colour = scene.families[kind - 1].colour
            steps(
                axes,
                np.sqrt(counts[kind]),
                edges,
                fill=True,
                facecolor=(colour, 0.4),
                edgecolor=colour,
                lw=0.7,
            )
    top = float(max(whole.max(), 1))
    span(axes, x.low, x.high, up=False)
    span(axes, 0.0, _HEIGHT * top**0.5, up=True)
    draw_ticks(axes, ticks(x), up=False)
    draw_ticks(axes, _roots(top), up=True)
    name_axes(axes, x=x.label, y="events (root scale)")
    name_families(axes, scene, totals)
    return totals


def _roots(top: float) -> Ticks:
    """Return ticks at round counts that stand apart on a root scale."""
    apart = 0.15 * top**0.5
    chosen = [0.0]
    powers = range(math.ceil(math.log10(top)), -1, -1)
    for value in (digit * 10.0**power for power in powers for digit in (5, 2, 1)):
        above = chosen[-1] if len(chosen) > 1 else math.inf
        if apart <= value**0.5 <= min(above, top) ** 0.5 - (apart if above < math.inf else 0):
            chosen.append(value)
    return Ticks([value**0.5 for value in chosen], [thousands(value) for value in chosen], [])
