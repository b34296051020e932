"""What may be called blasts: only what the burden calls disease. Anything else looks like them."""

from __future__ import annotations

from typing import Final

from cd5flow.model.names import BLASTS, CD5_POSITIVE
from cd5flow.model.result import BurdenSection, BurdenState
from cd5flow.report.wording import Wording

_CALLED: Final = frozenset(
    {BurdenState.OVERT, BurdenState.MRD_POSITIVE, BurdenState.MRD_BELOW_LLOQ}
)


def is_disease(burden: BurdenSection) -> bool:
    """Return whether the events that were counted are called disease."""
    return burden.state in _CALLED


def population_name(name: str, burden: BurdenSection, wording: Wording) -> str:
    """Return a population's name for people; the blast gate is a gate where it holds no disease."""
    if not is_disease(burden):
        if name == BLASTS:
            return wording.phrases.blast_gate
        if name == CD5_POSITIVE:
            return wording.phrases.blast_gate_positive
    return wording.population(name)
