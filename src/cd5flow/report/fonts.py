"""Which letters the report's typefaces have: what a font lacks would print as an empty box.

DejaVu Sans comes with matplotlib, so every machine sets the same. Chinese needs the extra
``cd5flow[zh]``. Letters that neither has are written as their code point.
"""

from __future__ import annotations

import importlib.util
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

_DEJAVU: Final = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf")
_HAN_PACKAGE: Final = "pylopdf_fonts_zh_cn"
_HAN_FILE: Final = "NotoSansSC-Regular.otf"

# Control, format (which turns the order of letters), half a pair, private, unassigned; and the
# two separators that break lines.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK: Final = frozenset("\t\n\r")
_STACKED: Final = 3
"""Marks upon one letter; more climb over the lines above."""


@cache
def font_files() -> tuple[Path, ...]:
    """Return the files of the typefaces that this machine has."""
    # Found without importing matplotlib, which takes a tenth of a second.
    fonts = _package("matplotlib") / "mpl-data" / "fonts" / "ttf"
    files = [fonts / name for name in _DEJAVU]
    if has_han():
        files.append(_package(_HAN_PACKAGE) / _HAN_FILE)
    return tuple(files)


@cache
def has_han() -> bool:
    """Whether the typeface of the extra ``zh`` is installed."""
    return (
        importlib.util.find_spec(_HAN_PACKAGE) is not None
        and (_package(_HAN_PACKAGE) / _HAN_FILE).is_file()
    )


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(name)
    return Path(found.origin).parent


@cache
def latin_letters() -> frozenset[int]:
    """Return the code points that DejaVu Sans can set, upright and bold."""
    upright, bold, *_ = (_letters(path) for path in font_files())
    return upright & bold


@cache
def han_letters() -> frozenset[int]:
    """Return the code points of the extra ``zh``; none where it is not installed."""
    han = [_letters(path) for path in font_files() if path.name == _HAN_FILE]
    return frozenset[int]().union(*han)


def _letters(path: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - only PDFs need it

    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


class Scribe:
    """Writes text so that every letter is legible, and keeps account of what it replaced.

    Attributes:
        replaced: letters that were written as their code point, in the order they were met.
    """

    def __init__(self, *, typefaces: bool) -> None:
        """Begin an account; `typefaces` is whether fonts must have the letters, as in a PDF."""
        self._typefaces = typefaces
        self.replaced: dict[str, None] = {}

    def write(self, text: str) -> str:
        """Return a text with line ends as blanks, and ``[U+202E]`` for what cannot be seen."""
        if text.isascii() and text.isprintable():
            return text
        written, marks = [], 0
        for letter in text:
            marks = marks + 1 if unicodedata.category(letter) in {"Mn", "Me"} else 0
            if letter in _BLANK:
                written.append(" ")
            elif self._shows(letter) and marks <= _STACKED:
                written.append(letter)
            else:
                self.replaced.setdefault(letter)
                written.append(f"[U+{ord(letter):04X}]")
        return "".join(written)

    def _shows(self, letter: str) -> bool:
        if unicodedata.category(letter) in _UNSEEN:
            return False
        place = ord(letter)
        return not self._typefaces or place in latin_letters() or place in han_letters()
