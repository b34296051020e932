"""Where the parts of a picture lie on paper: the frames, and the legend above them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from cd5flow.plots.scene import Key, Scene
from cd5flow.plots.text import Words
from cd5flow.plots.typefaces import width

INK: Final = "#222222"
SMALL: Final = 6.5
LABEL: Final = 7.5
NOTE: Final = 6.5
LEGEND: Final = 6.5
"""Sizes of type, in points."""

_LEFT, _RIGHT, _BOTTOM, _TOP = 38.0, 6.0, 27.0, 5.0  # points around the frames
_GAP: Final = 9.0
_LINE: Final = 9.0  # of the legend
_APART: Final = 8.0
_SWATCH_SHAPE, _SWATCH_LINE, _SWATCH_SHADE = 8.0, 12.0, 9.0


@dataclass(frozen=True, slots=True)
class Size:
    """Of a picture, in points; the type in it has the same size in all.

    Attributes:
        width: of the paper.
        frames: height of the paper below the legend.
        legend_lines: for which there is room in any case, so that frames beside each other are alike.
    """

    width: float
    frames: float
    legend_lines: int = 1

    @property
    def height(self) -> float:
        """Of the paper, in points."""
        return _TOP + _LINE * self.legend_lines + 2 + self.frames

    def holding(self, lines: int) -> Size:
        """Return one whose legend has room for so many lines, frames and type as large as before."""
        return replace(self, legend_lines=max(lines, self.legend_lines))


HALF_PAGE: Final = Size(249, 196)
"""Two stand side by side on A4."""
THIRD_PAGE: Final = Size(172, 153)
"""Three stand side by side on A4."""
TWELFTH_PAGE: Final = Size(172, 130)
"""Twelve stand on A4, each with its caption."""


@dataclass(frozen=True, slots=True)
class Box:
    """A frame on paper."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.height


@dataclass(frozen=True, slots=True)
class Layout:
    """Where frames and entries of the legend lie.

    Attributes:
        boxes: of the panels, the uppermost first.
        keys: left end and baseline of each entry, with its text.
    """

    boxes: tuple[Box, ...]
    keys: tuple[tuple[float, float, str], ...]

    @staticmethod
    def swatch(key: Key) -> float:
        """Return how wide an entry's swatch is."""
        if key.shape is not None:
            return _SWATCH_SHAPE
        return _SWATCH_SHADE if key.stroke is None else _SWATCH_LINE


def legend_lines(scene: Scene, words: Words, size: Size) -> int:
    """Return how many lines a scene's legend takes."""
    return len(_lines(scene.legend, words, size.width - _RIGHT - 4))


def lay_out(scene: Scene, words: Words, size: Size) -> Layout:
    """Return where the parts of a scene lie: the legend takes as many lines as it needs."""
    lines = _lines(scene.legend, words, size.width - _RIGHT - 4)
    keys = []
    spare = max(size.legend_lines - len(lines), 0)
    for number, line in enumerate(lines, start=spare):
        whole = sum(wide for *_, wide in line) + _APART * (len(line) - 1)
        x, y = size.width - _RIGHT - whole, _TOP + _LINE * number + LEGEND
        for text, wide in line:
            keys.append((x, y, text))
            x += wide + _APART
    return Layout(_boxes(size, len(scene.panels), legend_lines=len(lines)), tuple(keys))


def _boxes(size: Size, panels: int, *, legend_lines: int) -> tuple[Box, ...]:
    top = _TOP + _LINE * max(legend_lines, size.legend_lines) + 2
    tall = (size.height - top - _BOTTOM - (panels - 1) * _GAP) / panels
    wide = size.width - _LEFT - _RIGHT
    return tuple(Box(_LEFT, top + row * (tall + _GAP), wide, tall) for row in range(panels))


def _lines(keys: Sequence[Key], words: Words, room: float) -> list[list[tuple[str, float]]]:
    """Return the texts of the legend in lines, each with its width and that of its swatch."""
    lines: list[list[tuple[str, float]]] = []
    left = 0.0
    for key in keys:
        text = words(key.text)
        wide = Layout.swatch(key) + 2 + width(text, LEGEND)
        if not lines or left < wide:
            lines.append([])
            left = room
        lines[-1].append((text, wide))
        left -= wide + _APART
    return lines
