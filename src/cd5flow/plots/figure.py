"""Figures of matplotlib with fixed layout, as files: for what is drawn once, such as a validation.

The pictures of a tube are scenes, which `cd5flow.plots.svg` draws by itself at a tenth of the time.
"""

from __future__ import annotations

import io
import re
from functools import cache
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import NullLocator
from matplotlib.transforms import ScaledTranslation
from PIL import Image

DPI: Final = 130
SIZE_INCHES: Final = (3.46, 2.95)
"""Half a page of A4 across."""

FONT: Final = "DejaVu Sans"
"""It comes with matplotlib, so every machine draws the same."""

INK: Final = "#222222"
FAINT: Final = "#666666"
SMALL: Final = 6.5
SALT: Final = "cd5flow"

_LEFT, _RIGHT, _BOTTOM, _TOP = 0.50, 0.08, 0.40, 0.22  # inches around the axes
_TITLE_INCHES: Final = 0.22
_GAP_INCHES: Final = 0.12
_LETTER_POINTS: Final = 3.7  # of a usual letter in a legend
_COORDINATES: Final = re.compile(r'(?<= d=")[^"]+|(?<= [xy]=")[^"]+')
_FINER: Final = re.compile(r"(\.\d\d)\d+")  # than a hundredth of a point
_UNTURNED: Final = re.compile(r' transform="rotate\(-0 [^"]*"')
_UNDATED: Final = {"Date": None, "Creator": None, "Format": None, "Type": None}


def sheet(*, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure with so many axes above each other, the uppermost first."""
    width, height = SIZE_INCHES
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, facecolor="white")
    tall = (height - _BOTTOM - _TOP - (rows - 1) * _GAP_INCHES) / rows
    made = []
    for row in range(rows):
        bottom = height - _TOP - (row + 1) * tall - row * _GAP_INCHES
        axes = figure.add_axes(
            (_LEFT / width, bottom / height, (width - _LEFT - _RIGHT) / width, tall / height)
        )
        for side in (axes.xaxis, axes.yaxis):
            side.set_major_locator(NullLocator())
        made.append(axes)
    return figure, made


def legend(axes: Axes, entries: list[tuple[str, str]]) -> None:
    """Write words in their colours in one line above the axes."""
    right = 0.0
    for words, colour in reversed(entries):
        write(
            axes,
            (1.0, 1.0),
            f"■ {words}",
            transform=axes.transAxes + _shift(axes, -right, 3.0),
            ha="right",
            va="bottom",
            color=colour,
            fontsize=SMALL - 0.5,
        )
        right += _LETTER_POINTS * (len(words) + 2.6)


def write(axes: Axes, place: tuple[float, float], words: str, **style: Any) -> Text:
    """Write lines as they stand, without mathematics."""
    style = {"fontsize": SMALL, "color": INK, **style}
    lines = "\n".join(printable(line) for line in words.split("\n"))
    return axes.text(*place, lines, fontfamily=FONT, parse_math=False, clip_on=False, **style)


def as_svg(figure: Figure) -> str:
    """Return a picture as vectors, its text as text; equal pictures give equal bytes."""
    content = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": SALT}):
        figure.savefig(content, format="svg", dpi=DPI, metadata=_UNDATED)
    vectors = _UNTURNED.sub("", content.getvalue())
    return _COORDINATES.sub(lambda found: _FINER.sub(r"\1", found[0]), vectors)


def as_png(figure: Figure, *, title: str) -> bytes:
    """Return a picture as pixels with its title above; equal pictures give equal bytes."""
    width, height = figure.get_size_inches()
    whole = height + _TITLE_INCHES
    boxes = [axes.get_position() for axes in figure.axes]
    figure.set_size_inches(width, whole)
    for axes, box in zip(figure.axes, boxes, strict=True):
        axes.set_position((box.x0, box.y0 * height / whole, box.width, box.height * height / whole))
    words = figure.text(
        0.02,
        1 - 0.05 / whole,
        printable(title),
        fontsize=7.5,
        va="top",
        parse_math=False,
        **_font(),
    )
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    # Straight to PIL: savefig would write an alpha channel that says nothing, at twice the time.
    drawn = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    pixels = Image.fromarray(drawn).convert("RGB")
    words.remove()
    figure.set_size_inches(width, height)
    for axes, box in zip(figure.axes, boxes, strict=True):
        axes.set_position(box)
    content = io.BytesIO()
    pixels.save(content, format="png", compress_level=2, dpi=(DPI, DPI))
    return content.getvalue()


def _shift(axes: Axes, right: float, up: float) -> ScaledTranslation:
    figure = axes.get_figure(root=True)
    assert figure is not None  # noqa: S101 - they were made in one
    return ScaledTranslation(right / 72, up / 72, figure.dpi_scale_trans)


def _font() -> dict[str, Any]:
    return {"fontfamily": FONT, "color": INK}


def printable(text: str) -> str:
    """Return text with a question mark for each character that the font lacks."""
    return "".join(letter if _has(letter) else "?" for letter in text)


@cache
def _has(letter: str) -> bool:
    font = font_manager.get_font(font_manager.findfont(FONT))
    return letter.isprintable() and font.get_char_index(ord(letter)) != 0
