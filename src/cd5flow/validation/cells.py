"""Numbers as the reports of a validation print them, and pictures by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from cd5flow.report.parts import Block, Cell, Picture, PictureRef, Pictures
from cd5flow.validation.statistics.arrays import Interval

T = TypeVar("T")

UNKNOWN: Final = Cell("–", "quiet")


class PicturesByName:
    """Pictures by name, as places among those given."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self._refs = {
            picture.name: PictureRef(place, picture.title, picture.alt)
            for place, picture in enumerate(pictures)
        }

    def blocks(self, *names: str) -> Iterator[Block]:
        """Yield the pictures of these names that are there."""
        refs = tuple(self._refs[name] for name in names if name in self._refs)
        if refs:
            yield Pictures(refs)


def cell_of(value: T | None, write: Callable[[T], str]) -> Cell:
    """Return a value as it is written; a dash where it is unknown."""
    return UNKNOWN if value is None else Cell(write(value))


def points(value: float | None) -> Cell:
    """Return a percentage with two decimals."""
    return cell_of(value, "{:.2f}".format)


def signed(value: float, digits: int = 2) -> str:
    """Return a difference with its sign; none where it prints as nothing."""
    text = f"{value:+.{digits}f}"
    nothing = float(text) == 0
    return text[1:] if nothing else text.replace("-", "−")


def between(ends: Interval, digits: int) -> str:
    """Return the ends of an interval."""
    return " to ".join(f"{end:.{digits}f}".replace("-", "−") for end in ends)


def with_interval(cell: Cell, ends: Interval | None, digits: int) -> Cell:
    """Return a number followed by its interval, where it has one."""
    return cell if ends is None else replace(cell, text=f"{cell.text} ({between(ends, digits)})")


def range_words(ends: Interval) -> str:
    """Return the ends of a range, once where they print alike."""
    low, high = (f"{end:.2g}" for end in ends)
    return low if low == high else f"{low} to {high}"


def figure(value: float) -> str:
    """Return three significant figures without an exponent."""
    if value == 0:
        return "0"
    text = f"{value:#.3g}"
    return (f"{value:.6f}" if "e" in text else text).rstrip("." if "." in text else "").rstrip(".")
