"""Kleene's three-valued logic: None is unknown, and decides only where it can.

Kleene SC. Introduction to Metamathematics, 1952, section 64. Filling in an unknown never turns a
value into its opposite.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cd5flow.model.reasons import Reason


@dataclass(frozen=True, slots=True)
class Judgement:
    """An answer, and what it rests on.

    Attributes:
        value: true, false, or None where unknown.
        lines: why.
        missing: clinical fields that could decide it.
        undecided: those lines of what is known that leave it unknown.
        silent: nothing was measured, so that another result is not contradicted.
    """

    value: bool | None
    lines: tuple[Reason, ...]
    missing: tuple[str, ...] = ()
    undecided: tuple[Reason, ...] = ()
    silent: bool = False


def every(values: Iterable[bool | None]) -> bool | None:
    """Return the conjunction: one false is enough, all true are needed."""
    unknown = False
    for value in values:
        if value is False:
            return False
        unknown = unknown or value is None
    return None if unknown else True


def some(values: Iterable[bool | None]) -> bool | None:
    """Return the disjunction: one true is enough, all false are needed."""
    return negated(every(map(negated, values)))


def negated(value: bool | None) -> bool | None:  # noqa: FBT001 - a logical value
    """Return the negation; unknown stays unknown."""
    return None if value is None else not value
