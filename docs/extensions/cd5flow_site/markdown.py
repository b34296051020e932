"""Markdown of generated pages: tables, anchors, text that must not be read as markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

_SPECIAL: Final = re.compile(r"([\\*_\[\]<>#{}$~])")
_CODED: Final = re.compile(r"(``?[^`\n]+``?)")


def plain(text: str) -> str:
    """Return text that is shown as it is, on one line; what stands in backticks stays code."""
    parts = _CODED.split(" ".join(text.split()))
    return "".join(
        part if number % 2 else _SPECIAL.sub(r"\\\1", part) for number, part in enumerate(parts)
    )


def code(text: str) -> str:
    """Return text as code."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown already, in which a bar stands for itself."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def anchor(*words: str) -> str:
    """Return a label that no other page has."""
    return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")


def heading(level: int, text: str, label: str = "") -> str:
    """Return a heading, with a label above it to be linked to."""
    return (f"({label})=\n" if label else "") + f"{'#' * level} {text}\n"
