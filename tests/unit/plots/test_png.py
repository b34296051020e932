from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from cd5flow.plots.png import palette_png, with_text

COLOURS = ((255, 255, 255), (10, 20, 30), (200, 100, 0))


def test_every_pixel_has_its_colour() -> None:
    pixels = np.array([[0, 1, 2], [2, 1, 0]], dtype=np.uint8)
    seen = np.asarray(Image.open(io.BytesIO(palette_png(pixels, COLOURS))).convert("RGB"))
    np.testing.assert_array_equal(seen, np.array(COLOURS)[pixels])


def test_a_number_without_colour_is_refused() -> None:
    with pytest.raises(ValueError, match="3 colours"):
        palette_png(np.full((2, 2), 3, dtype=np.uint8), COLOURS)
    with pytest.raises(ValueError, match="257 colours"):
        palette_png(np.zeros((2, 2), dtype=np.uint8), COLOURS[:1] * 257)


def test_a_picture_says_something_of_itself_and_looks_the_same() -> None:
    plain = palette_png(np.eye(3, dtype=np.uint8), COLOURS)
    said = Image.open(io.BytesIO(with_text(plain, "cd5flow frame", "1 2 3 4")))
    assert said.info["cd5flow frame"] == "1 2 3 4"
    assert said.tobytes() == Image.open(io.BytesIO(plain)).tobytes()


def test_words_are_not_put_into_what_is_no_png() -> None:
    with pytest.raises(ValueError, match="no PNG"):
        with_text(b"GIF89a", "a", "b")
