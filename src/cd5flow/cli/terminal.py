"""What reaches the terminal: results on stdout, all else on stderr, colour on a terminal only."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final, TextIO

from cd5flow.model.names import shown_name

_STYLES: Final = {"good": "32", "bad": "31", "look": "33", "strong": "1"}


def show(text: str = "", *, style: str | None = None) -> None:
    """Print a line of a result on stdout."""
    _line(sys.stdout, clean(text), style)


def say(text: str, *, style: str | None = None) -> None:
    """Print a message or progress on stderr."""
    _line(sys.stderr, clean(text), style)


def complain(message: str, *, lines: bool = False) -> None:
    """Print why a command was refused on stderr, as one line unless it has several faults."""
    parts = message.splitlines() if lines else [" ".join(message.split())]
    for part in parts:
        say(f"cd5flow: {part}", style="bad")


def emit(text: str) -> None:
    """Write a file's content on stdout as UTF-8, whatever the terminal's own encoding."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def table(rows: Sequence[Sequence[str]], *, indent: str = "") -> list[str]:
    """Return rows as lines with aligned columns, the first row being the heading."""
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    return [
        indent + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def clean(text: str) -> str:
    """Return text without control characters, which a file's keywords may bring along."""
    return "".join(letter if letter.isprintable() else " " for letter in shown_name(text))


def robust_streams() -> None:
    """Print what the terminal's encoding lacks as escapes instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def is_terminal(stream: TextIO) -> bool:
    """Whether colour and bars may be used (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _line(stream: TextIO, text: str, style: str | None) -> None:
    if style is not None and is_terminal(stream):
        text = f"\x1b[{_STYLES[style]}m{text}\x1b[0m"
    print(text, file=stream)
