"""Numbers as reports print them: never rounded across a limit that was compared unrounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

_ENDS: Final = (0.0, 100.0)
_LEVELS: Final = (0.01, 0.1, 1.0, 5.0)
"""Lower bounds of the burden's levels, as the contract has them."""


def count(events: int) -> str:
    """Return a count with its thousands parted."""
    return f"{events:,}"


def share(percent: float, *, limits: Sequence[float] = ()) -> str:
    """Return a percentage with one decimal, or as many as keep it on its side of every limit.

    69.96 at a limit of 70 is "69.96", not "70.0"; 99.97 is not "100.0".
    """
    return _beside(percent, (f"{percent:.{n}f}" for n in range(1, 15)), (*_ENDS, *limits))


def burden(percent: float, *, limits: Sequence[float] = _LEVELS) -> str:
    """Return a percentage with three figures, or as many as keep it on its side of every limit."""
    return _beside(percent, (_figures(percent, n) for n in range(3, 18)), (*_ENDS, *limits))


def part(percent: float) -> str:
    """Return the share of a whole that no limit is stated for, as `burden` writes it."""
    return burden(percent, limits=())


def number(value: float) -> str:
    """Return a measure with four figures; whole from 1,000 on."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return _figures(value, 4)


def moment(text: str) -> str:
    """Return an ISO 8601 time as it is read by people; other text as it stands."""
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        return text
    if len(text) == 10:
        return text
    if then.tzinfo is None:
        return then.isoformat(sep=" ", timespec="seconds")
    return f"{then.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _figures(value: float, figures: int) -> str:
    """Return a number with so many significant figures, no exponent unless it is tiny."""
    if value == 0:
        return "0"
    short = f"{value:#.{figures}g}"
    if "e" not in short:
        return short.removesuffix(".")
    return f"{value:,.0f}" if abs(value) >= 1 else f"{value:.{figures - 1}e}"


def _beside(value: float, texts: Iterator[str], limits: Sequence[float]) -> str:
    text = ""
    for text in texts:
        shown = float(text.replace(",", ""))
        if all(_side(shown, limit) == _side(value, limit) for limit in limits):
            break
    return text


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)
