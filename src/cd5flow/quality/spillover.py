"""The spillover matrix as it stands, before anyone looks at what it did to the cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cd5flow.model.events import Spillover
from cd5flow.model.reasons import Reason
from cd5flow.model.result import QualityState
from cd5flow.preprocess.compensation import CompensationState, SpilloverChoice
from cd5flow.quality.checks import Observation


@dataclass(frozen=True, slots=True)
class Compensation:
    """How a tube was compensated.

    Attributes:
        choice: the matrix that was applied, and what is known of the tube's spillover.
        compensated_before: channels named as compensated already.
    """

    choice: SpilloverChoice
    compensated_before: tuple[str, ...]

    @property
    def applied(self) -> Spillover | None:
        """The matrix that was applied; None where none was."""
        return self.choice.spillover


def observe_spillover(tube: Compensation) -> tuple[Observation, ...]:
    """Return every observation about the matrix, in a fixed order."""
    return tuple(observe(tube) for observe in OBSERVERS)


def compensation(tube: Compensation) -> Observation:
    """Condition number of the matrix used; none where compensation is unknown."""
    code, unit = "COMPENSATION", "condition number"
    said = _state(tube.choice)
    if not tube.choice.state.is_known:
        singular = tube.choice.state is CompensationState.SINGULAR
        return Observation(
            code, None, unit, said, QualityState.FAIL if singular else QualityState.WARN
        )
    number = None if tube.applied is None else tube.applied.condition_number
    return Observation(code, number, unit, said)


def _state(choice: SpilloverChoice) -> Reason:
    """Return the state of compensation, with where its matrix is from."""
    case = choice.state.value.lower()
    if choice.spillover is None:
        return Reason("COMPENSATION", case=case)
    if choice.state is CompensationState.SINGULAR:
        case = "singular_from"
    return Reason("COMPENSATION", case=case, source=choice.spillover.source)


def diagonal(tube: Compensation) -> Observation:
    """Largest departure of a dye's signal in its own detector from 1."""
    code, unit = "SPILLOVER_DIAGONAL", "coefficient"
    if tube.applied is None:
        return Observation(code, None, unit, Reason("NOT_SEEN", case="no_matrix"))
    off = np.abs(np.diag(tube.applied.matrix) - 1)
    worst = int(np.argmax(off))
    if not off[worst]:
        return Observation(code, 0.0, unit, Reason(code, case="once"))
    name = tube.applied.detectors[worst]
    value = float(tube.applied.matrix[worst, worst])
    return Observation(
        code, float(off[worst]), unit, Reason(code, case="seen", detector=name, value=value)
    )


def largest(tube: Compensation) -> Observation:
    """Largest coefficient beside the diagonal."""
    value, words = _extreme(tube.applied, sign=1)
    return Observation("SPILLOVER_COEFFICIENT", value, "coefficient", words)


def lowest(tube: Compensation) -> Observation:
    """Lowest coefficient beside the diagonal; a dye takes no light away."""
    value, words = _extreme(tube.applied, sign=-1)
    return Observation("SPILLOVER_NEGATIVE", value, "coefficient", words)


def _extreme(applied: Spillover | None, *, sign: int) -> tuple[float | None, Reason]:
    """Return the largest (or lowest) coefficient beside the diagonal, and of what it is."""
    if applied is None or len(applied.detectors) < 2:
        return None, Reason("NOT_SEEN", case="no_matrix")
    itself = np.eye(len(applied.detectors), dtype=np.bool_)
    beside = np.where(itself, -np.inf, sign * applied.matrix)
    row, column = np.unravel_index(int(np.argmax(beside)), beside.shape)
    return float(applied.matrix[row, column]), (
        Reason("SPILLOVER_INTO", source=applied.detectors[row], target=applied.detectors[column])
    )


def twice(tube: Compensation) -> Observation:
    """Number of channels to which a matrix was applied although they are named as compensated."""
    code, unit = "DOUBLE_COMPENSATION", "channels"
    both = () if tube.applied is None else set(tube.applied.detectors)
    found = sorted(set(tube.compensated_before) & set(both))
    if found:
        words = Reason(code, case="twice", channels=found)
    elif tube.compensated_before:
        words = Reason(code, case="named")
    else:
        words = Reason(code, case="none")
    return Observation(code, float(len(found)), unit, words)


OBSERVERS: tuple[Callable[[Compensation], Observation], ...] = (
    compensation,
    diagonal,
    largest,
    lowest,
    twice,
)
"""The battery; another observer is one function and one line."""
