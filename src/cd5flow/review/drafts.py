"""What was done to a tube's gates in review, from the acts alone: moved, undone, done again.

A draft is never stored. It is what its acts say, so that a closed tab, a killed server or a second
window end in the same state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Written = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DrawnAct:
    """A gate as somebody drew it.

    Attributes:
        gate: which.
        region: as a file writes it; None takes the drawn gate back, so that the found one holds.
        by: who.
        at: when, as an ISO time.
        reason: why; empty where nothing was said yet.
    """

    gate: str
    region: Written | None
    by: str
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The gates drawn on one version of a result, and those that an undo took back.

    Attributes:
        base: gates that the version was made with.
        done: acts that hold, the last one last.
        undone: acts that were taken back, the next to be done again last.
    """

    base: tuple[DrawnAct, ...] = ()
    done: tuple[DrawnAct, ...] = ()
    undone: tuple[DrawnAct, ...] = field(default=())

    @property
    def gates(self) -> dict[str, DrawnAct]:
        """Each drawn gate as it stands: the last act on it, if that did not take it back."""
        last = {act.gate: act for act in (*self.base, *self.done)}
        return {name: act for name, act in last.items() if act.region is not None}

    @property
    def is_changed(self) -> bool:
        """Whether its gates are others than those that the version was made with."""
        before = {act.gate: act.region for act in self.base}
        return before != {name: act.region for name, act in self.gates.items()}

    def reasoned(self, why: str) -> dict[str, DrawnAct]:
        """Return each drawn gate, those that were drawn without a reason with this one."""
        return {
            name: act if act.reason else replace(act, reason=why)
            for name, act in self.gates.items()
        }

    def move(self, act: DrawnAct) -> Draft:
        """Return it with one more gate drawn; what was undone is given up."""
        return replace(self, done=(*self.done, act), undone=())

    def undo(self) -> Draft:
        """Return it with its last act taken back; itself where there is none."""
        if not self.done:
            return self
        return replace(self, done=self.done[:-1], undone=(*self.undone, self.done[-1]))

    def redo(self) -> Draft:
        """Return it with the last act that was taken back done again; itself where there is none."""
        if not self.undone:
            return self
        return replace(self, done=(*self.done, self.undone[-1]), undone=self.undone[:-1])


def replay(base: Iterable[DrawnAct], acts: Iterable[DrawnAct | str]) -> Draft:
    """Return the draft that acts make, in their order; an act is a drawn gate, ``undo`` or ``redo``."""
    draft = Draft(tuple(base))
    for act in acts:
        if isinstance(act, DrawnAct):
            draft = draft.move(act)
        elif act == "undo":
            draft = draft.undo()
        elif act == "redo":
            draft = draft.redo()
        else:
            raise ValueError(f"no act of a draft: {act!r}")
    return draft
