from __future__ import annotations

import pytest

from cd5flow.plots import typefaces
from cd5flow.plots.typefaces import width


def test_latin_greek_and_signs_can_be_set() -> None:
    for letter in "Aé≥≤×÷−–—“”·αµ€Ж":
        assert ord(letter) in typefaces.latin_letters()


def test_the_files_are_there_by_name() -> None:
    names = [path.name for path in typefaces.font_files()]
    assert names[:3] == ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf"]
    assert all(path.is_file() for path in typefaces.font_files())


def test_widths_are_those_of_the_typeface() -> None:
    # DejaVu Sans 2.37: M is 1767, i 569 units of 2048.
    assert width("M", 2048) == pytest.approx(1767)
    assert width("Mi", 2048) == pytest.approx(1767 + 569)
    assert width("", 10) == 0


def test_a_chinese_letter_is_as_wide_as_high() -> None:
    assert width("细胞", 7) == pytest.approx(14)
