from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from cd5flow.plots.layout import Box
from cd5flow.plots.png import palette_png, with_text
from cd5flow.plots.thumbnail import HEIGHT, WIDTH, mark_frame, thumbnail
from support.report_factory import png


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def picture(*, inside: int) -> bytes:
    """Return a white picture with a frame of black lines about one colour."""
    pixels = np.zeros((220, 300), dtype=np.uint8)
    pixels[30:200, 50:260] = 2
    pixels[31:199, 51:259] = inside
    drawn = palette_png(pixels, ((255, 255, 255), (0xD5, 0x5E, 0x00), (0, 0, 0)))
    return mark_frame(drawn, Box(51, 31, 207, 167))


def test_a_thumbnail_is_small_and_of_one_size() -> None:
    content = thumbnail(picture(inside=1))
    assert opened(content).size == (WIDTH, HEIGHT)
    assert len(content) < 4000


def test_it_shows_what_is_inside_the_axes_and_nothing_else() -> None:
    pixels = np.asarray(opened(thumbnail(picture(inside=1))), dtype=int)
    inner = pixels[4:-4, 4:-4]
    assert np.abs(inner - (0xD5, 0x5E, 0x00)).max() < 40
    # The frame's black line is still there on each side, so nothing was cut off.
    for edge in (pixels[:3], pixels[-3:], pixels[:, :3], pixels[:, -3:]):
        assert edge.min() < 120


def test_a_picture_that_tells_no_frame_is_shown_whole() -> None:
    whole = opened(thumbnail(png(400, 100)))
    assert whole.size == (WIDTH, HEIGHT)
    assert whole.getpixel((WIDTH // 2, 2)) == pytest.approx((255, 255, 255), abs=3)
    assert whole.getpixel((WIDTH // 2, HEIGHT // 2)) == pytest.approx((0x99,) * 3, abs=3)


@pytest.mark.parametrize("content", [b"", b"no picture", png(30, 20)[:40], b"GIF89a" + bytes(40)])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="no picture that can be read"):
        thumbnail(content)


def test_equal_pictures_give_equal_thumbnails() -> None:
    assert thumbnail(png(50, 40)) == thumbnail(png(50, 40))


@pytest.mark.parametrize("frame", ["", "1 2 3", "a b c d", "9 9 1 1", "0 0 9999 9999"])
def test_a_frame_that_is_none_is_passed_over(frame: str) -> None:
    whole = opened(thumbnail(with_text(png(400, 100), "cd5flow frame", frame)))
    assert whole.size == (WIDTH, HEIGHT)
    assert whole.getpixel((WIDTH // 2, 2)) == pytest.approx((255, 255, 255), abs=3)
