"""Populations combined: in all of them, or in any."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cd5flow.gating.tube_view import Outcome, Resolved, Spec, TubeView, Unresolved
from cd5flow.model.geometry import Boolean, Operand
from cd5flow.model.populations import Evidence
from cd5flow.model.reasons import Reason
from cd5flow.model.references import COMPLEMENT, OperandRef, operand_name


class Combine(Spec):
    """A boolean of populations; a name that begins with ``not `` is taken as its complement.

    Attributes:
        operator: in all of them (and) or in any (or).
        of: the populations; those that were not gated in this tube are left out.
    """

    method: Literal["combine"]
    operator: Literal["and", "or"]
    of: tuple[OperandRef, ...] = Field(min_length=1)

    def operands(self) -> tuple[Operand, ...]:
        """Return the operands as written."""
        return tuple(
            Operand(operand_name(name), complement=name.startswith(COMPLEMENT)) for name in self.of
        )

    def find(self, view: TubeView) -> Outcome:
        """Combine the populations; unresolved where none of them was gated."""
        known = tuple(o for o in self.operands() if o.gate in view.members)
        evidence = Evidence(
            "combine",
            view.events,
            {},
            Reason("FOUND", case="combine", operator=self.operator, gates=self.of),
        )
        if not known:
            return Unresolved(Reason("UNRESOLVED", case="none_gated", gates=self.of), evidence)
        return Resolved(Boolean(self.operator, known), evidence)
