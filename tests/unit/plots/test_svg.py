from __future__ import annotations

import base64
import io
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from cd5flow.plots import HALF_PAGE, THIRD_PAGE, Drawing, draw_svg, drawings
from cd5flow.plots.density import BINS
from cd5flow.plots.layout import Size, lay_out
from cd5flow.plots.scene import (
    Beyond,
    Bound,
    Dash,
    Density,
    Key,
    Layer,
    Line,
    Marks,
    Panel,
    Scene,
    Shape,
    Side,
    Span,
    Stroke,
    Ticks,
)
from cd5flow.plots.text import phrase
from support.analysed import CLEAR, analysis
from support.drawn import plain

LINE = Stroke("#123456", 1.0)


def drawing(name: str) -> Drawing:
    return next(one for one in drawings(analysis(CLEAR)) if one.name == name)


def scene(*layers: Layer, **more: object) -> Scene:
    """Return a picture with axes from 0 to 10 across and 0 to 100 up."""
    legend = more.pop("legend", ())
    panel = Panel(Side(0, 10), Side(0, 100), layers, **more)  # type: ignore[arg-type] # by name
    return Scene((panel,), legend)  # type: ignore[arg-type] # by name


def root(one: Scene, size: Size = HALF_PAGE) -> ET.Element:
    return ET.fromstring(draw_svg(one, plain, size=size))  # noqa: S314 - our own


def paths(one: Scene, **attributes: str) -> list[str]:
    """Return the paths that have some attributes."""
    wanted = {key.replace("_", "-"): value for key, value in attributes.items()}
    return [
        element.attrib["d"]
        for element in root(one).iter("{http://www.w3.org/2000/svg}path")
        if wanted.items() <= element.attrib.items()
    ]


def texts(one: Scene) -> list[str]:
    return ["".join(e.itertext()) for e in root(one).iter() if e.tag.endswith("}text")]


def on_paper(one: Scene, x: float, y: float) -> tuple[float, float]:
    (box,) = lay_out(one, plain, HALF_PAGE).boxes
    return box.left + box.width * x / 10, box.bottom - box.height * y / 100


@pytest.mark.parametrize("name", ["map-cd45-ssc", "cd5-overlay", "cells", "stable"])
def test_equal_pictures_give_equal_text(name: str) -> None:
    assert draw_svg(drawing(name).scene, plain) == draw_svg(drawing(name).scene, plain)


def test_corners_lie_where_the_axes_say() -> None:
    one = scene(Line(np.array([(0.0, 0.0), (10.0, 100.0)]), LINE))
    (path,) = paths(one, stroke="#123456")
    places = [float(number) for number in re.findall(r"[\d.]+", path)]
    assert places == pytest.approx([*on_paper(one, 0, 0), *on_paper(one, 10, 100)], abs=0.06)


def test_an_outline_is_closed_and_a_dash_is_a_dash() -> None:
    line = Stroke("#123456", 1.0, Dash.DASHED)
    one = scene(Line(np.array([(1.0, 1.0), (2.0, 3.0), (4.0, 1.0)]), line, closed=True))
    (path,) = paths(one, stroke="#123456", stroke_dasharray="4 2")
    assert path.endswith("z")


def test_a_bound_crosses_the_frame() -> None:
    one = scene(Bound(5, LINE), Bound(50, Stroke("#654321"), up=True))
    x, y = on_paper(one, 5, 50)
    assert paths(one, stroke="#123456")[0].startswith(f"M{x:.1f} ")
    assert f" {y:.1f}h" in paths(one, stroke="#654321")[0]


def test_a_span_is_shaded_from_end_to_end() -> None:
    one = scene(Span(2, 4, "#abcdef"))
    (box,) = [e for e in root(one).iter() if e.get("fill") == "#abcdef"]
    left, _ = on_paper(one, 2, 0)
    right, _ = on_paper(one, 4, 0)
    assert float(box.attrib["x"]) == pytest.approx(left, abs=0.06)
    assert float(box.attrib["width"]) == pytest.approx(right - left, abs=0.06)


@pytest.mark.parametrize("shape", list(Shape))
def test_each_mark_is_drawn_once(shape: Shape) -> None:
    three = Marks(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0]), shape, "#123456")
    drawn = paths(scene(three), stroke="#123456") or paths(scene(three), fill="#123456")
    assert drawn[0].count("M") == 3


def test_shapes_differ_in_more_than_colour() -> None:
    def path(shape: Shape) -> str:
        one = scene(Marks(np.array([1.0]), np.array([1.0]), shape, "#123456"))
        (group,) = [e for e in root(one).iter() if e.tag.endswith("}g")]
        return ET.tostring(group, encoding="unicode")

    assert len({path(shape) for shape in Shape}) == len(Shape)


def test_a_density_is_one_palette_image_with_its_lowest_row_below() -> None:
    pixels = np.zeros((4, 3), dtype=np.uint8)
    pixels[0, 2] = 1
    one = scene(Density(pixels, ((255, 255, 255), (1, 2, 3))))
    (image,) = [e for e in root(one).iter() if e.tag.endswith("}image")]
    content = image.attrib["{http://www.w3.org/1999/xlink}href"].split(",")[1]
    seen = Image.open(io.BytesIO(base64.b64decode(content)))
    assert (seen.mode, seen.size) == ("P", (3, 4))
    assert seen.convert("RGB").getpixel((2, 3)) == (1, 2, 3)
    assert seen.convert("RGB").getpixel((2, 0)) == (255, 255, 255)


def test_text_is_text_and_no_markup() -> None:
    one = scene(note=("<b> & $5$", phrase("share", percent="5")))
    assert {"<b> & $5$", "share(percent=5)"} <= set(texts(one))


def test_ticks_have_their_words() -> None:
    ticks = Ticks((0.0, 5.0), ("0", "5"), (1.0,))
    panel = Panel(Side(0, 10, "across", ticks), Side(0, 100, "up"), ())
    assert texts(Scene((panel,))) == ["0", "5", "across", "up"]


def test_words_that_would_run_into_each_other_give_way_from_the_right() -> None:
    ticks = Ticks((4.9, 5.0, 5.1, 9.0), ("-10²", "0", "10²", "10³"), ())
    panel = Panel(Side(0, 10, "across", ticks), Side(0, 100, "up"), ())
    assert texts(Scene((panel,))) == ["10²", "10³", "across", "up"]


def test_a_legend_of_more_lines_leaves_frames_as_they_are() -> None:
    for size in (HALF_PAGE, THIRD_PAGE):
        (low,), (high,) = (lay_out(scene(), plain, s).boxes for s in (size, size.holding(4)))
        assert (low.width, low.height) == (high.width, high.height)
        assert size.holding(4).height > size.height


def test_a_label_without_room_is_shortened() -> None:
    panel = Panel(Side(0, 1, "a" * 200), Side(0, 1), ())
    (words,) = texts(Scene((panel,)))
    assert words.endswith("…")
    assert 20 < len(words) < 80


def test_what_lies_beyond_is_told_at_its_edge() -> None:
    beyond = (Beyond(up=False, high=True, percent=3.21), Beyond(up=True, high=False, percent=40))
    assert texts(scene(beyond=beyond)) == ["3.2 %", "40 %"]


def test_a_legend_takes_the_lines_that_it_needs_and_stays_on_the_paper() -> None:
    keys = tuple(Key(f"population {n} 12,345", "#123456", shape=Shape.SQUARE) for n in range(7))
    for size in (HALF_PAGE, THIRD_PAGE):
        layout = lay_out(scene(legend=keys), plain, size)
        assert len(layout.keys) == len(keys)
        assert all(x > 0 for x, _, _ in layout.keys)
        assert max(y for _, y, _ in layout.keys) < layout.boxes[0].top
    assert len(texts(scene(legend=keys))) == len(keys)


def test_frames_of_the_front_page_are_alike() -> None:
    boxes = [lay_out(one.scene, plain, THIRD_PAGE).boxes[0] for one in fronts()]
    assert len(boxes) == 3
    assert len({(box.left, box.bottom) for box in boxes}) == 1


def fronts() -> list[Drawing]:
    return [one for one in drawings(analysis(CLEAR), gates=False) if one.is_front]


def test_frames_above_each_other_do_not_touch() -> None:
    one = drawing("stable").scene
    upper, lower = lay_out(one, plain, HALF_PAGE).boxes
    assert upper.bottom < lower.top
    assert lower.bottom < HALF_PAGE.height


def test_no_picture_is_large() -> None:
    sizes = [len(draw_svg(one.scene, plain)) for one in drawings(analysis(CLEAR))]
    assert max(sizes) < 30_000
    assert sum(sizes) < 400_000


def test_a_picture_has_no_place_for_a_time_or_a_maker() -> None:
    svg = draw_svg(drawing("blasts").scene, plain)
    assert "metadata" not in svg
    assert BINS == 160


def test_an_axis_without_width_is_refused() -> None:
    with pytest.raises(ValueError, match="an axis from"):
        Side(1.0, 1.0)
