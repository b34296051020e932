"""Draws a scene as SVG, by itself: text is text, a density is one palette image, numbers are short.

Places on paper are in points from the upper left corner.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

import numpy as np

from cd5flow.plots.layout import (
    HALF_PAGE,
    INK,
    LABEL,
    LEGEND,
    NOTE,
    SMALL,
    Box,
    Layout,
    Size,
    lay_out,
)
from cd5flow.plots.png import palette_png
from cd5flow.plots.scene import (
    Beyond,
    Bound,
    Density,
    Floats,
    Key,
    Line,
    Marks,
    Panel,
    Scene,
    Shape,
    Side,
    Span,
    Stroke,
)
from cd5flow.plots.text import Words
from cd5flow.plots.typefaces import FAMILY, HAN_FAMILY, width

_FONTS: Final = f"'{FAMILY}','{HAN_FAMILY}',sans-serif"
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
_LONG, _SHORT = 3.0, 1.5
"""Of the marks of an axis, in points."""
_WORDS_APART: Final = 1.5
"""Between the words along an axis, in points."""
_RAISED: Final = 0.36
"""How far below the middle of a letter its line lies, in its height."""


def draw_svg(scene: Scene, words: Words, *, size: Size = HALF_PAGE) -> str:
    """Return a scene as SVG; equal scenes give equal text.

    Args:
        scene: what is drawn.
        words: the language.
        size: of the paper.
    """
    layout = lay_out(scene, words, size)
    head = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{size.width:g}pt" height="{size.height:g}pt" '
        f'viewBox="0 0 {size.width:g} {size.height:g}" font-family="{_FONTS}" fill="{INK}">'
    )
    parts = [head, f'<rect width="{size.width:g}" height="{size.height:g}" fill="#fff"/>']
    for number, (panel, box) in enumerate(zip(scene.panels, layout.boxes, strict=True)):
        parts += _panel(panel, box, words, number=number)
    parts += _legend(scene.legend, layout)
    parts.append("</svg>")
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame on paper, and the way there from the units of its axes."""

    box: Box
    x: Side
    y: Side

    def across(self, values: Floats) -> Floats:
        return self.box.left + (values - self.x.low) * (self.box.width / (self.x.high - self.x.low))

    def up(self, values: Floats) -> Floats:
        return self.box.bottom - (values - self.y.low) * (
            self.box.height / (self.y.high - self.y.low)
        )

    def at(self, place: float) -> float:
        return float(self.across(np.array(place)))

    def over(self, place: float) -> float:
        return float(self.up(np.array(place)))


def _panel(panel: Panel, box: Box, words: Words, *, number: int) -> Iterator[str]:
    frame = _Frame(box, panel.x, panel.y)
    yield (
        f'<clipPath id="f{number}"><rect x="{box.left:.1f}" y="{box.top:.1f}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}"/></clipPath>'
        f'<g clip-path="url(#f{number})">'
    )
    for layer in panel.layers:
        match layer:
            case Density():
                yield _density(layer, box)
            case Marks():
                yield _marks(layer, frame)
            case Line():
                yield _line(layer, frame)
            case Span():
                yield _span(layer, frame)
            case Bound():
                yield _bound(layer, frame)
            case _:
                assert_never(layer)
    yield "</g>"
    yield (
        f'<path d="M{box.left:.1f} {box.top:.1f}h{box.width:.1f}v{box.height:.1f}h-{box.width:.1f}z'
        f'{_tick_marks(frame)}" fill="none" stroke="{INK}" stroke-width=".7"/>'
    )
    yield from _tick_words(frame)
    yield from _labels(frame, words)
    yield from _note([words(line) for line in panel.note], box)
    for one in panel.beyond:
        yield _beyond(one, box)


def _density(layer: Density, box: Box) -> str:
    image = b64encode(palette_png(layer.pixels[::-1], layer.palette)).decode()
    return (
        f'<image x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" preserveAspectRatio="none" style="image-rendering:pixelated" '
        f'xlink:href="data:image/png;base64,{image}"/>'
    )


def _marks(layer: Marks, frame: _Frame) -> str:
    x, y = frame.across(layer.x), frame.up(layer.y)
    drawn = _shape_path(layer.shape, x.tolist(), y.tolist(), layer.size)
    if layer.shape in _DOTS:
        cap = _DOTS[layer.shape]
        rim = (
            f'<path d="{drawn}" stroke="#fff" stroke-width="{layer.size + 1.4:g}" '
            f'stroke-linecap="{cap}"/>'
            if layer.halo
            else ""
        )
        return (
            f'{rim}<path d="{drawn}" stroke="{layer.colour}" stroke-width="{layer.size:g}" '
            f'stroke-linecap="{cap}"/>'
        )
    if layer.shape is Shape.CROSS:
        rim = f'<path d="{drawn}" stroke="#fff" stroke-width="2.6"/>' if layer.halo else ""
        return f'{rim}<path d="{drawn}" stroke="{layer.colour}" stroke-width="{1.3 if layer.halo else 0.7}"/>'
    line = "#fff" if layer.halo else None
    stroke = "" if line is None else f' stroke="{line}" stroke-width=".7"'
    return f'<path d="{drawn}" fill="{layer.colour}"{stroke}/>'


_DOTS: Final = {Shape.CIRCLE: "round", Shape.SQUARE: "square"}
"""Shapes that are a line of no length with ends: the shortest to write."""


def _shape_path(shape: Shape, x: Sequence[float], y: Sequence[float], size: float) -> str:
    """Return a path with a mark at each place."""
    r = size / 2
    match shape:
        case Shape.CIRCLE | Shape.SQUARE:
            ends = "h.01"
        case Shape.TRIANGLE:
            ends = f"m0 {-1.15 * r:.2f}l{1.15 * r:.2f} {2.1 * r:.2f}h{-2.3 * r:.2f}z"
        case Shape.TRIANGLE_DOWN:
            ends = f"m0 {1.15 * r:.2f}l{1.15 * r:.2f} {-2.1 * r:.2f}h{-2.3 * r:.2f}z"
        case Shape.DIAMOND:
            d = 1.25 * r
            ends = f"m0 {-d:.2f}l{d:.2f} {d:.2f}l{-d:.2f} {d:.2f}l{-d:.2f} {-d:.2f}z"
        case Shape.CROSS:
            ends = f"m{-r:.2f} {-r:.2f}l{2 * r:.2f} {2 * r:.2f}m0 {-2 * r:.2f}l{-2 * r:.2f} {2 * r:.2f}"
        case _:
            assert_never(shape)
    return "".join(f"M{a:.1f} {b:.1f}{ends}" for a, b in zip(x, y, strict=True))


def _line(layer: Line, frame: _Frame) -> str:
    x, y = frame.across(layer.corners[:, 0]).tolist(), frame.up(layer.corners[:, 1]).tolist()
    path = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
    fill = "none" if layer.fill is None else layer.fill
    faint = "" if layer.fill is None or layer.opacity == 1 else f' fill-opacity="{layer.opacity:g}"'
    stroke = "" if layer.stroke is None else _stroke(layer.stroke)
    return f'<path d="M{path}{"z" if layer.closed else ""}" fill="{fill}"{faint}{stroke}/>'


def _span(layer: Span, frame: _Frame) -> str:
    box = frame.box
    left, right = (frame.at(end) for end in (layer.low, layer.high))
    tall = box.height * layer.height
    top = box.bottom - tall
    shade = (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{tall:.1f}" '
        f'fill="{layer.fill}" fill-opacity="{layer.opacity:g}"/>'
    )
    if layer.edge is None:
        return shade
    ends = "".join(f"M{end:.1f} {top:.1f}V{box.bottom:.1f}" for end in (left, right))
    return f'{shade}<path d="{ends}" fill="none"{_stroke(layer.edge)}/>'


def _bound(layer: Bound, frame: _Frame) -> str:
    box = frame.box
    if layer.up:
        ends = f"M{box.left:.1f} {frame.over(layer.place):.1f}h{box.width * layer.height:.1f}"
    else:
        ends = f"M{frame.at(layer.place):.1f} {box.bottom:.1f}v{-box.height * layer.height:.1f}"
    return f'<path d="{ends}" fill="none"{_stroke(layer.stroke)}/>'


def _stroke(stroke: Stroke) -> str:
    dash = " ".join(f"{part:g}" for part in stroke.dash.lengths)
    broken = f' stroke-dasharray="{dash}"' if dash else ""
    return f' stroke="{stroke.colour}" stroke-width="{stroke.width:g}"{broken}'


def _tick_marks(frame: _Frame) -> str:
    box, x, y = frame.box, frame.x.ticks, frame.y.ticks
    marks = []
    for places, length in ((x.places, _LONG), (x.between, _SHORT)):
        marks += [f"M{frame.at(place):.1f} {box.bottom:.1f}v{length:g}" for place in places]
    for places, length in ((y.places, _LONG), (y.between, _SHORT)):
        marks += [f"M{box.left:.1f} {frame.over(place):.1f}h-{length:g}" for place in places]
    return "".join(marks)


def _tick_words(frame: _Frame) -> Iterator[str]:
    box, x, y = frame.box, frame.x.ticks, frame.y.ticks
    across = [(word, frame.at(place)) for place, word in zip(x.places, x.words, strict=True)]
    for word, middle in _apart(across):
        yield _text(word, middle, box.bottom + 11, SMALL, anchor="middle")
    for place, words in zip(y.places, y.words, strict=True):
        yield _text(words, box.left - 5, frame.over(place) + _RAISED * SMALL, SMALL, anchor="end")


def _apart(words: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return the words along an axis that do not run into each other.

    From the right: what is crowded about zero gives way.
    """
    kept: list[tuple[str, float]] = []
    free = np.inf
    for word, middle in reversed(words):
        half = width(word, SMALL) / 2
        if middle + half + _WORDS_APART <= free:
            kept.append((word, middle))
            free = middle - half
    return kept[::-1]


def _labels(frame: _Frame, words: Words) -> Iterator[str]:
    box = frame.box
    if frame.x.label:
        label, size = _fitted(words(frame.x.label), LABEL, box.width + 12)
        yield _text(label, box.left + box.width / 2, box.bottom + 22, size, anchor="middle")
    if frame.y.label:
        label, size = _fitted(words(frame.y.label), LABEL, box.height + 12)
        x, y = size + 1, box.top + box.height / 2
        yield _text(label, x, y, size, anchor="middle", turned=True)


def _fitted(text: str, size: float, room: float) -> tuple[str, float]:
    """Return a text with a size in which it has room, shortened where none does."""
    wide = width(text, size)
    if wide <= room:
        return text, size
    smaller = max(size * room / wide, 0.8 * size)
    while text and width(f"{text}…", smaller) > room and wide > room / 0.8:
        text = text[:-1]
    return (text if wide <= room / 0.8 else f"{text}…"), smaller


def _note(lines: Sequence[str], box: Box) -> Iterator[str]:
    if not lines:
        return
    wide = max(width(line, NOTE) for line in lines)
    yield (
        f'<rect x="{box.left + 2:.1f}" y="{box.top + 2:.1f}" width="{wide + 4:.1f}" '
        f'height="{len(lines) * 1.2 * NOTE + 2:.1f}" fill="#fff" fill-opacity=".8"/>'
    )
    for number, line in enumerate(lines, start=1):
        yield _text(line, box.left + 4, box.top + 1 + 1.2 * NOTE * number, NOTE)


def _beyond(one: Beyond, box: Box) -> str:
    """Return an arrow at an edge, with the share of events that are drawn there."""
    share = f"{one.percent:.2g} %"
    if one.up:
        x, y = box.right - 5, box.top + 6 if one.high else box.bottom - 5
        arrow = f"M{x:.1f} {y:.1f}m-2.5 1.5h5l-2.5 {-4 if one.high else 4}z"
        words = _text(share, x - 4.5, y + 1.5, SMALL - 1, anchor="end")
    else:
        x, y = box.right - 5 if one.high else box.left + 5, box.bottom - 5
        arrow = f"M{x:.1f} {y:.1f}m-1.5 -2.5v5l{4 if one.high else -4} -2.5z"
        words = _text(
            share,
            x - 4.5 if one.high else x + 4.5,
            y + 2,
            SMALL - 1,
            anchor="end" if one.high else "start",
        )
    return f'<path d="{arrow}"/>{words}'


def _legend(keys: Sequence[Key], layout: Layout) -> Iterator[str]:
    for key, (x, y, text) in zip(keys, layout.keys, strict=True):
        middle = y - _RAISED * LEGEND
        if key.shape is not None:
            mark = _shape_path(key.shape, [x + 4], [middle], LEGEND - 1)
            cap = _DOTS.get(key.shape)
            if cap is not None or key.shape is Shape.CROSS:
                wide = 1.2 if cap is None else LEGEND - (1.5 if cap == "round" else 2.5)
                yield (
                    f'<path d="{mark}" stroke="{key.colour}" stroke-width="{wide:g}" '
                    f'stroke-linecap="{cap or "butt"}" fill="none"/>'
                )
            else:
                yield f'<path d="{mark}" fill="{key.colour}"/>'
        elif key.stroke is not None:
            line = f"M{x:.1f} {middle:.1f}h12"
            yield f'<path d="{line}" fill="none"{_stroke(key.stroke)}/>'
        else:
            yield (
                f'<rect x="{x:.1f}" y="{middle - 2.5:.1f}" width="9" height="5" '
                f'fill="{key.colour}" fill-opacity="{key.opacity:g}" stroke="{key.colour}" '
                'stroke-width=".5"/>'
            )
        yield _text(text, x + layout.swatch(key) + 2, y, LEGEND)


def _text(
    words: str, x: float, y: float, size: float, *, anchor: str = "start", turned: bool = False
) -> str:
    held = "" if anchor == "start" else f' text-anchor="{anchor}"'
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    content = words.translate(_ESCAPES)
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.3g}"{held}{turn}>{content}</text>'
