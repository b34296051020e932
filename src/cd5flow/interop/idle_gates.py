"""Gates that remove nothing, left out of what other programs are given.

A tube that ran evenly keeps all of its Time; the gate that says so is a trap for readers whose Time is in
ticks where Gating-ML's is in seconds: there it would take most events away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from cd5flow.model.geometry import Boolean
from cd5flow.model.names import BLASTS, DENOMINATOR, LYMPHOCYTES, SINGLETS, T_CELLS
from cd5flow.model.populations import Gate, GateTree

ALWAYS: Final = frozenset(
    {
        *(BLASTS, DENOMINATOR, LYMPHOCYTES, SINGLETS, T_CELLS),
        *("cd5_positive", "granulocytes", "nk_cells", "cd3_negative_lymphocytes"),
    }
)
"""Populations that other programs ask for by name, whatever they hold."""


def without_idle(tree: GateTree, count: Callable[[str], int | None]) -> GateTree:
    """Return a tree without gates that hold every event of their parent; what lay below lies one higher.

    Those of `ALWAYS` stay, and those that another gate combines.

    Args:
        tree: the gates as resolved on a tube.
        count: from a population, ``all`` included, to its events there.
    """
    combined = {
        operand.gate
        for gate in tree.gates
        if isinstance(gate.region, Boolean)
        for operand in gate.region.operands
    }
    instead: dict[str, str] = {}
    kept: list[Gate] = []
    for gate in tree.gates:
        parent = instead.get(gate.parent, gate.parent)
        needed = gate.name in ALWAYS or gate.name in combined
        events = count(gate.name)
        if not needed and events is not None and events == count(gate.parent):
            instead[gate.name] = parent
        else:
            kept.append(replace(gate, parent=parent))
    return GateTree(tuple(kept))
