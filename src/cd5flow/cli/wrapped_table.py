"""A table whose last two columns are wrapped to the width of the terminal."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Final

from cd5flow.cli.terminal import is_terminal, show

PLAIN_WIDTH: Final = 120
"""Letters of a line where no terminal says how many it has."""


def show_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str | None]
) -> None:
    """Print rows whose last two columns are wrapped to the line; `styles` are the rows'."""
    width = PLAIN_WIDTH
    if is_terminal(sys.stdout):
        width = max(shutil.get_terminal_size().columns, 80)
    fixed = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head) - 2)]
    left = width - sum(fixed) - 2 * (len(head) - 1)
    longest = max(len(row[-2]) for row in (head, *rows))
    fixed.append(min(longest, left * 2 // 5))
    widths = [*fixed, left - fixed[-1]]
    for row, style in zip((head, *rows), ("strong", *styles), strict=True):
        cells = [_wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
        for line in range(max(map(len, cells))):
            parts = [
                (cell[line] if line < len(cell) else "").ljust(width)
                for cell, width in zip(cells, widths, strict=True)
            ]
            show("  ".join(parts).rstrip(), style=style if line == 0 else None)


def _wrapped(text: str, width: int) -> list[str]:
    lines = []
    for line in text.split("\n"):
        lines += textwrap.wrap(line, width, subsequent_indent="  ") or [""]
    return lines
