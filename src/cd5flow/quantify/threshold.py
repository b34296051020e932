"""The protocol's threshold for the share of blasts that carry CD5."""

from __future__ import annotations

from dataclasses import dataclass

from cd5flow.model.reasons import Reason


@dataclass(frozen=True, slots=True)
class Threshold:
    """The protocol's rule: percent and whether equal is enough."""

    percent: float
    operator: str

    def met_by(self, percent: float) -> bool:
        """Whether an unrounded percentage meets it."""
        return percent >= self.percent if self.operator == ">=" else percent > self.percent

    @property
    def rule(self) -> str:
        """What is asked for, as ``>= 70 %``."""
        return f"{self.operator} {self.percent:g} %"


def spanning(code: str, ends: tuple[float, float], threshold: Threshold) -> list[Reason]:
    """Return that a range of percentages lies on both sides of the threshold, under this code."""
    if threshold.met_by(ends[0]) == threshold.met_by(ends[1]):
        return []
    return [Reason(code, low=ends[0], high=ends[1], rule=threshold.rule)]
