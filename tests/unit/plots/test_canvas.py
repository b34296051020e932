from __future__ import annotations

import base64
import io
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from cd5flow.plots.canvas import DPI, printable
from matplotlib.figure import Figure
from PIL import Image

from cd5flow.plots import Drawing, as_png, as_svg, drawings
from support.analysed import CLEAR, analysis

TITLE = "a title <b> of $5$"


def drawing(name: str) -> Drawing:
    return next(one for one in drawings(analysis(CLEAR)) if one.name == name)


def texts(svg: str) -> list[str]:
    root = ET.fromstring(svg)  # noqa: S314 - our own
    return ["".join(e.itertext()).strip() for e in root.iter() if e.tag.endswith("}text")]


@pytest.mark.parametrize("name", ["map-cd45-ssc", "cd5-overlay", "cells", "stable"])
def test_equal_pictures_give_equal_bytes(name: str) -> None:
    one, other = drawing(name), drawing(name)
    assert as_svg(one.figure) == as_svg(other.figure)
    assert as_png(one.figure, title=TITLE) == as_png(other.figure, title=TITLE)


def test_a_png_does_not_change_the_vectors() -> None:
    one = drawing("map-cd45-ssc")
    before = as_svg(one.figure)
    as_png(one.figure, title=TITLE)
    assert as_svg(one.figure) == before


def test_text_is_text_and_has_no_title() -> None:
    words = texts(as_svg(drawing("blasts").figure))
    count = analysis(CLEAR).gating.count("blasts")
    assert any("CD45" in word for word in words)
    assert any(word.endswith(f"blasts {count:,}") for word in words)
    assert not any(word.startswith("blasts: ") for word in words)


def test_vectors_tell_neither_the_time_nor_who_made_them() -> None:
    svg = as_svg(drawing("blasts").figure)
    assert "metadata" not in svg
    assert "date" not in svg.lower().replace("update", "")


def test_a_density_is_one_small_image_of_clear_and_coloured_bins() -> None:
    svg = as_svg(drawing("map-cd45-ssc").figure)
    (found,) = re.findall(r"base64,([A-Za-z0-9+/=\s]+)", svg)
    image = Image.open(io.BytesIO(base64.b64decode(found)))
    assert image.size == (160, 160)
    assert set(np.unique(np.asarray(image)[..., 3])) == {0, 255}


def test_no_picture_is_large() -> None:
    sizes = [len(as_svg(one.figure)) for one in drawings(analysis(CLEAR))]
    assert max(sizes) < 60_000
    assert sum(sizes) < 1_000_000


def test_a_png_has_the_title_above_the_picture() -> None:
    figure = Figure(figsize=(2, 1), dpi=DPI)
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    image = Image.open(io.BytesIO(as_png(figure, title=TITLE)))
    assert image.mode == "RGB"
    assert image.width == 2 * DPI
    assert image.height > 1.15 * DPI
    above = image.crop((0, 0, image.width, int(0.2 * DPI))).convert("L")
    assert np.asarray(above).min() < 100
    assert figure.get_size_inches().tolist() == [2, 1]
    assert axes.get_position().bounds == pytest.approx((0.1, 0.1, 0.8, 0.8))
    assert not figure.texts


def test_text_that_the_font_lacks_is_replaced() -> None:
    assert printable("CD5 µ 10³ $x$") == "CD5 µ 10³ $x$"
    assert printable("样a\n") == "?a?"
