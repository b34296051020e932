"""Events on two axes: densities from counts, single marks where they are few, and the legend of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cd5flow.model.events import Mask
from cd5flow.model.geometry import Dimension
from cd5flow.numerics.order_statistics import median
from cd5flow.plots.axis import Axis
from cd5flow.plots.palette import LEFT_OUT, OTHER_DOTS, OTHERS, Family, is_suspect, rgb
from cd5flow.plots.plotted_tube import Kinds, PlottedTube
from cd5flow.plots.scene import WHITE, Density, Key, Layer, Marks, Panel, Pixels, Rgb, Shape
from cd5flow.plots.text import phrase

Floats = npt.NDArray[np.floating[Any]]
Counts = npt.NDArray[np.intp]

BINS: Final = 160
"""Steps of an axis."""

FEW_EVENTS: Final = 300
"""A population with no more events is drawn as a mark each, over the others' density."""

SHADES: Final = 12
"""Of a colour; few make a small file."""

_PALEST: Final = 0.35  # share of its colour that a single event of a population has
_CELLS: Final = BINS * BINS
_DOT: Final = 2.0
_FAMILY_DOT: Final = 2.6
_SMALL_DOT: Final = 1.6  # of normal cells that are not so few: they would hide others
_SO_FEW: Final = 60
_CENTRE: Final = 5.0
_SEEN_OF_FAMILY: Final = 2_000
_SHADED: Final = 100_000  # events that a density is told from
_SELDOM: Final = 20_000
_MANY: Final = 100_000  # the legend has room for no more digits


@dataclass(frozen=True, slots=True)
class Drawn:
    """What became of events in a picture.

    Attributes:
        panel: the frame with them.
        legend: which mark is whose, and how many there are.
        totals: how many events of no family, and of each, there are.
        axes: across, and up where that is a channel.
    """

    panel: Panel
    legend: tuple[Key, ...]
    totals: Counts
    axes: tuple[Axis, ...]


def draw_cloud(
    plotted: PlottedTube,
    population: str,
    x: Dimension,
    y: Dimension,
    *,
    members: Mask | None = None,
    shown: tuple[Family, ...] | None = None,
) -> Drawn:
    """Draw a population on two axes in its families' colours; events beyond the window lie at its edge.

    A bin has the colour of the family that has the largest share of itself there, so that many
    cells do not hide a few, and is the deeper the more events it holds. A family's mark stands in its
    middle.

    Args:
        plotted: the tube.
        population: who.
        x: across.
        y: up.
        members: who is in the population that is meant; the others are paler than any colour.
        shown: the families that are told from the others; None is all.
    """
    across, up = plotted.axis(x, population), plotted.axis(y, population)
    values = plotted.values(x, population), plotted.values(y, population)
    kinds = _told(plotted, population, shown)
    known = np.isfinite(values[0]) & np.isfinite(values[1])
    if not known.all():
        values, kinds = (values[0][known], values[1][known]), kinds[known]
    rows = len(plotted.families) + 1
    if members is not None:
        # Who is left out is a kind of its own, after the families.
        inside = members[plotted.events(population)][known]
        kinds = np.where(inside, kinds, np.uint8(rows))
        rows += 1
    beyond = (
        *plotted.beyond(across, values[0], up=False),
        *plotted.beyond(up, values[1], up=True),
    )
    totals: Counts = np.bincount(kinds, minlength=rows)
    step = max(1, len(kinds) // _SHADED)
    often = totals > _SELDOM
    if step > 1:
        drawn = _thinned(kinds, ~often, step)
        values, kinds = (values[0][drawn], values[1][drawn]), kinds[drawn]
    counts = count_bins(values, across, up, kinds=kinds, rows=rows)
    counts[often] *= step
    few = [int(kind) for kind in np.flatnonzero((totals > 0) & (totals <= FEW_EVENTS))]
    if totals.sum() > FEW_EVENTS:
        few = [kind for kind in few if 0 < kind <= len(plotted.families)]
    shaded = counts if not few else counts.copy()
    shaded[few] = 0
    layers: list[Layer] = []
    if shaded.any():
        layers.append(Density(*paint(shaded, plotted.families)))
    placed = across.place(values[0]), up.place(values[1])
    layers += (_dots(plotted.families, kind, placed, kinds == kind) for kind in few)
    layers += (
        _centre(family, placed, kinds == kind)
        for kind, family in enumerate(plotted.families, start=1)
        if totals[kind] and kind not in few
    )
    panel = Panel(across.side(), up.side(), tuple(layers), beyond=beyond)
    return Drawn(panel, tuple(name_families(plotted, totals)), totals, (across, up))


def _thinned(kinds: Kinds, whole: Mask, step: int) -> Mask:
    """Return which of very many events are drawn: every one of some kinds, of the others each `step`-th.

    More would take their time and shade no bin otherwise.
    """
    drawn: Mask = whole[kinds]
    drawn[::step] = True
    return drawn


def _told(plotted: PlottedTube, population: str, shown: tuple[Family, ...] | None) -> Kinds:
    """Return the family of each event, where it is one of those that are shown."""
    kinds = plotted.kinds_of(population)
    if shown is None:
        return kinds
    kept = [0, *(n if f in shown else 0 for n, f in enumerate(plotted.families, start=1))]
    return np.array(kept, dtype=np.uint8)[kinds]


def count_bins(
    values: tuple[Floats, Floats], x: Axis, y: Axis, *, kinds: Kinds | None = None, rows: int = 1
) -> Counts:
    """Return how many events of each kind lie in each bin, (kinds, y, x)."""
    cell = _binned(values[1], y)
    cell *= BINS
    cell += _binned(values[0], x)
    if kinds is not None and rows > 1:
        cell += kinds * np.int64(_CELLS)
    return np.bincount(cell, minlength=rows * _CELLS).reshape(rows, BINS, BINS)


def _binned(values: Floats, axis: Axis) -> npt.NDArray[np.int64]:
    step = values.dtype.type(BINS / (axis.high - axis.low))
    places = (values - values.dtype.type(axis.low)) * step
    return np.clip(places, 0, BINS - 1, out=places).astype(np.int64)


def paint(counts: Counts, families: tuple[Family, ...]) -> tuple[Pixels, tuple[Rgb, ...]]:
    """Return counts of (kind, y, x) as numbers of colours, 0 where there is no event, and the colours."""
    kinds = len(counts)
    flat = counts.reshape(kinds, -1)
    events = flat.sum(axis=0)
    filled = np.flatnonzero(events)
    there, held = flat[:, filled], events[filled]
    roots = np.sqrt(np.maximum(flat.sum(axis=1), 1))
    top = (there / roots[:, None]).argmax(axis=0)
    most = np.ones(kinds)
    np.maximum.at(most, top, held)
    share = np.log1p(held) / np.log1p(most)[top]
    depth = np.ceil(SHADES * share - 1e-9).astype(np.int64)
    pixels = np.zeros(flat.shape[1], dtype=np.uint8)
    pixels[filled] = SHADES * top + depth
    palette = [WHITE, *(shade for kind in range(kinds) for shade in _shades(families, kind))]
    return pixels.reshape(counts.shape[1:]), tuple(palette)


def _shades(families: tuple[Family, ...], kind: int) -> Iterator[Rgb]:
    """Yield the shades of a kind from sparse to dense."""
    if kind == 0:
        pale, full = OTHERS
    elif kind > len(families):
        pale, full = LEFT_OUT
    else:
        full = rgb(families[kind - 1].colour)
        red, green, blue = (round(255 - (255 - part) * _PALEST) for part in full)
        pale = red, green, blue
    for step in range(1, SHADES + 1):
        red, green, blue = (
            round(a + (b - a) * step / SHADES) for a, b in zip(pale, full, strict=True)
        )
        yield red, green, blue


def _dots(
    families: tuple[Family, ...], kind: int, places: tuple[Floats, Floats], which: Mask
) -> Marks:
    """Return one mark an event."""
    across, up = (each[which] for each in places)
    if kind == 0 or kind > len(families):
        colour = OTHER_DOTS if kind == 0 else "#C4C4C4"
        return Marks(across, up, Shape.CIRCLE, colour, _DOT)
    family = families[kind - 1]
    is_large = is_suspect(family) or len(across) <= _SO_FEW
    size = _FAMILY_DOT if is_large else _SMALL_DOT
    return Marks(across, up, family.shape, family.colour, size)


def _centre(family: Family, values: tuple[Floats, Floats], which: Mask) -> Marks:
    """Return the mark of a family in its middle."""
    there = np.flatnonzero(which)
    there = there[:: max(1, len(there) // _SEEN_OF_FAMILY)]
    x, y = (np.array([median(each[there])]) for each in values)
    return Marks(x, y, family.shape, family.colour, _CENTRE, halo=True)


def name_families(plotted: PlottedTube, totals: Counts) -> Iterator[Key]:
    """Yield which mark and colour is whose, and how many of them there are."""
    long = int(totals[1:].sum()) >= _MANY
    for kind, family in enumerate(plotted.families, start=1):
        if totals[kind]:
            events = _short(int(totals[kind]), long=long)
            text = phrase("counted", name=phrase(f"family.{family.code}"), events=events)
            yield Key(text, family.colour, shape=family.shape)


def _short(events: int, *, long: bool) -> str:
    return f"{events / 1000:.3g}K" if long and events >= 10_000 else f"{events:,}"
