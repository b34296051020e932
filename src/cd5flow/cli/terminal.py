"""What reaches the terminal: results on stdout, all else on stderr, colour on a terminal only.

How much of the rest is told is the same for every command (`speak`): messages and progress are left
out by `--quiet`, details come with `--verbose`; what failed or needs a look always comes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import Final, TextIO

from cd5flow.model.names import shown_name

_STYLES: Final = {"good": "32", "bad": "31", "look": "33", "strong": "1"}
_ALWAYS_TOLD: Final = frozenset({"bad", "look"})


class Voice(IntEnum):
    """How much a command tells on stderr."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


_voice = Voice.NORMAL


def speak(voice: Voice) -> None:
    """Say how much this process tells from now on; a process runs one command."""
    global _voice  # noqa: PLW0603 - stderr is the process's own, and so is how much goes there
    _voice = voice


def voice() -> Voice:
    """Return how much this process tells."""
    return _voice


def show(text: str = "", *, style: str | None = None) -> None:
    """Print a line of a result on stdout."""
    _line(sys.stdout, clean(text), style)


def say(text: str, *, style: str | None = None) -> None:
    """Print a message or progress on stderr, unless the command is to be quiet.

    What needs a look (`look`) or failed (`bad`) is told however quiet it is.
    """
    if _voice >= Voice.NORMAL or style in _ALWAYS_TOLD:
        _line(sys.stderr, clean(text), style)


def detail(text: str) -> None:
    """Print on stderr what only helps to find out why: with `--verbose` alone."""
    if _voice >= Voice.VERBOSE:
        _line(sys.stderr, clean(text), None)


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
