from __future__ import annotations

import struct
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from cd5flow.errors import FileAccessError
from cd5flow.plots import typefaces
from cd5flow.plots.font_tables import FontTables
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


@pytest.mark.parametrize("path", typefaces.font_files(), ids=lambda path: path.name)
def test_letters_and_widths_are_those_that_another_reader_finds(path: Path) -> None:
    tables = FontTables(path)
    with TTFont(path, lazy=True) as font:
        font.setGlyphOrder([str(number) for number in range(font["maxp"].numGlyphs)])
        glyphs = {code: int(name) for code, name in font.getBestCmap().items()}
        metrics, units = font["hmtx"], font["head"].unitsPerEm
        widths = {code: metrics[str(glyph)][0] / units for code, glyph in glyphs.items()}
    assert tables.glyphs() == glyphs
    assert tables.advances() == pytest.approx(widths)


def written(path: Path, *tables: tuple[bytes, bytes]) -> Path:
    """Write a typeface of a few tables."""
    start = 12 + 16 * len(tables)
    head = struct.pack(">4sHHHH", b"OTTO", len(tables), 0, 0, 0)
    rows, body = b"", b""
    for tag, content in tables:
        rows += struct.pack(">4sIII", tag, 0, start + len(body), len(content))
        body += content
    path.write_bytes(head + rows + body)
    return path


def test_a_letter_whose_glyph_is_none_is_lacking(tmp_path: Path) -> None:
    # Two segments of format 4: A to C by a list in which B has no glyph, and the last, which is nobody's.
    words = (4, 40, 0, 4, 0, 0, 0, 0x43, 0xFFFF, 0, 0x41, 0xFFFF, 0, 1, 4, 0, 7, 0, 9)
    letters = struct.pack(">HHHHI", 0, 1, 3, 1, 12) + struct.pack(f">{len(words)}H", *words)
    assert FontTables(written(tmp_path / "a.ttf", (b"cmap", letters))).glyphs() == {
        0x41: 7,
        0x43: 9,
    }


@pytest.mark.parametrize(
    "content", [b"", b"no typeface", bytes(40)], ids=["empty", "text", "zeros"]
)
def test_what_is_no_typeface_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.ttf"
    path.write_bytes(content)
    with pytest.raises(FileAccessError, match=r"a\.ttf"):
        FontTables(path).glyphs()


def test_a_typeface_without_unicode_is_refused(tmp_path: Path) -> None:
    symbols = struct.pack(">HHHHI", 0, 1, 3, 0, 12)
    with pytest.raises(FileAccessError, match="Unicode"):
        FontTables(written(tmp_path / "a.ttf", (b"cmap", symbols))).glyphs()
