"""Goals and states as the report of the synthetic series prints them."""

from __future__ import annotations

from typing import Final

from cd5flow.validation.cells import UNKNOWN, figure
from cd5flow.validation.synthetic.record import GoalSection

NOT_ASKED: Final = "No tubes of this series were asked for."


def states_words(states: dict[str, int]) -> str:
    """Return "3 MRD, 1 below LLOQ"."""
    words = {"MRD_BELOW_LLOQ": "below LLOQ", "MRD_POSITIVE": "MRD"}
    return ", ".join(
        f"{count} {words.get(state, state.lower().replace('_', ' '))}"
        for state, count in states.items()
    )


def goal_figure(goal: GoalSection) -> str:
    """Return what was found for a goal; an R² with as many figures as tell it from 1."""
    if goal.found is None:
        return UNKNOWN.text
    return f"{goal.found:.4f}" if goal.id == "r_squared" else figure(goal.found)
