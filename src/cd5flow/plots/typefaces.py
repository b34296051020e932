"""The typefaces of reports and pictures: their files, which letters they have, how wide these are.

DejaVu Sans comes with matplotlib, so every machine sets the same. Chinese needs the extra
``cd5flow[zh]``.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from cd5flow.plots.font_tables import FontTables

FAMILY: Final = "DejaVu Sans"
HAN_FAMILY: Final = "Noto Sans SC"

_DEJAVU: Final = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf")
_HAN_PACKAGE: Final = "pylopdf_fonts_zh_cn"
_HAN_FILE: Final = "NotoSansSC-Regular.otf"
_EM: Final = 1.0
"""How wide letters are that the first typeface lacks, in their own height: Chinese ones are square."""


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
    return frozenset(FontTables(path).glyphs())


def width(text: str, size: float) -> float:
    """Return how wide a text of DejaVu Sans is, in the unit of its size."""
    advances = _advances()
    return size * sum(advances.get(ord(letter), _EM) for letter in text)


@cache
def _advances() -> Mapping[int, float]:
    """Return the width of each letter in its own height."""
    return FontTables(font_files()[0]).advances()
