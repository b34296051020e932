"""The density of all events of a population on a gate's axes, as a small picture.

A bin is a pixel, and every event is in one: what is drawn is what is counted, never a part of it.
"""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from cd5flow.model.events import Mask
from cd5flow.plots.axis import Axis
from cd5flow.preprocess.transforms import Columns

BINS: Final = 256
"""Pixels of an axis."""

_SHADES: Final = 32
_GREY: Final = ((214, 219, 224), (28, 34, 42))
"""From a single event to the fullest bin; a single event must be seen."""

_SPREAD: Final = 2_000
"""With fewer events each is drawn larger than its bin."""

Colour = tuple[int, int, int]
Bins = npt.NDArray[np.intp]


def density_png(
    columns: Columns,
    population: Mask,
    x: Axis,
    y: Axis | None,
    *,
    colour: Colour | None = None,
) -> bytes:
    """Return the picture of a population: deeper where more of its events are, clear where none is.

    Args:
        columns: the tube's events.
        population: who, as a mask over all events.
        x: the axis across.
        y: the axis up; None draws a histogram, its heights the roots of counts.
        colour: of the fullest bin; None is grey.
    """
    across = _bins(columns, population, x)
    if y is None:
        levels = _columns_of(across[across >= 0])
    else:
        up = _bins(columns, population, y)
        known = (across >= 0) & (up >= 0)
        levels = _levels(up[known] * BINS + across[known])
    return _png(levels, colour)


def _bins(columns: Columns, population: Mask, axis: Axis) -> Bins:
    """Return the bin of each event; values beyond the window lie at its border, NaN is -1."""
    values = columns.column(axis.dimension)[population]
    step = BINS / (axis.high - axis.low)
    places = (values - values.dtype.type(axis.low)) * values.dtype.type(step)
    unknown = np.isnan(places)
    np.clip(places, 0, BINS - 1, out=places)
    places[unknown] = -1
    bins: Bins = places.astype(np.intp)
    return bins


def _levels(cells: Bins) -> npt.NDArray[np.uint8]:
    counts = np.bincount(cells, minlength=BINS * BINS).reshape(BINS, BINS)
    if cells.size < _SPREAD:
        counts = _larger(counts)
    depth = np.log1p(counts) / np.log1p(max(float(counts.max()), 1.0))
    levels: npt.NDArray[np.uint8] = np.ceil((_SHADES - 1) * depth).astype(np.uint8)
    return levels[::-1]  # a picture's first row is its upper one


def _larger(counts: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return counts in which each event fills its bin and the next ones across and up."""
    padded = np.pad(counts, ((1, 0), (1, 0)))
    shifted = (padded[1:, 1:], padded[:-1, 1:], padded[1:, :-1], padded[:-1, :-1])
    larger: Bins = np.maximum.reduce(shifted)
    return larger


def _columns_of(across: Bins) -> npt.NDArray[np.uint8]:
    counts = np.bincount(across, minlength=BINS)[:BINS].astype(np.float64)
    top = max(float(counts.max()), 1.0)
    heights = np.ceil(0.92 * BINS * np.sqrt(counts / top)).astype(np.intp)
    rows = np.arange(BINS)[::-1, None]
    return np.where(rows < heights[None, :], np.uint8(_SHADES // 2), np.uint8(0))


def _png(levels: npt.NDArray[np.uint8], colour: Colour | None) -> bytes:
    image = Image.fromarray(levels, mode="P")
    image.putpalette(_palette(colour))
    content = io.BytesIO()
    image.save(content, format="png", transparency=0, compress_level=1)
    return content.getvalue()


def _palette(colour: Colour | None) -> list[int]:
    pale, full = _GREY if colour is None else (_paler(colour), colour)
    share = np.linspace(0.0, 1.0, _SHADES - 1)[:, None]
    shades: npt.NDArray[np.float64] = np.array(pale) + share * (np.array(full) - np.array(pale))
    flat: list[Any] = [255, 255, 255, *np.rint(shades).astype(int).ravel().tolist()]
    return flat


def _paler(colour: Colour) -> Colour:
    red, green, blue = ((2 * c + 255) // 3 for c in colour)
    return red, green, blue
