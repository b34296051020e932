"""Text that report's typefaces can show: what a font lacks would print as an empty box.

Letters that they lack are written as their code point.
"""

from __future__ import annotations

import unicodedata
from typing import Final

# Control, format (which turns the order of letters), half a pair, private, unassigned; and the
# two separators that break lines.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK: Final = frozenset("\t\n\r")
_STACKED: Final = 3
"""Marks upon one letter; more climb over the lines above."""


class Scribe:
    """Writes text so that every letter is legible, and keeps account of what it replaced.

    Attributes:
        replaced: letters that were written as their code point, in the order they were met.
    """

    def __init__(self, *, typefaces: bool) -> None:
        """Begin an account; `typefaces` is whether fonts must have the letters, as in a PDF."""
        self._typefaces = typefaces
        self.replaced: dict[str, None] = {}
        self._known: set[str] = set()

    def write(self, text: str) -> str:
        """Return a text with line ends as blanks, and ``[U+202E]`` for what cannot be seen."""
        if text.isascii() and text.isprintable():
            return text
        if self._known.issuperset(text):
            return text
        written, marks = [], 0
        for letter in text:
            marks = marks + 1 if unicodedata.category(letter) in {"Mn", "Me"} else 0
            if letter in _BLANK:
                written.append(" ")
            elif self._shows(letter) and marks <= _STACKED:
                written.append(letter)
                if not marks:
                    self._known.add(letter)
            else:
                self.replaced.setdefault(letter)
                written.append(f"[U+{ord(letter):04X}]")
        return "".join(written)

    def _shows(self, letter: str) -> bool:
        if unicodedata.category(letter) in _UNSEEN:
            return False
        if not self._typefaces:
            return True
        # The pictures' package: a terminal needs none of it.
        from cd5flow.plots.typefaces import han_letters, latin_letters  # noqa: PLC0415

        place = ord(letter)
        return place in latin_letters() or place in han_letters()
