"""Of which disease a tube without disease speaks, and whether it could have shown any."""

from __future__ import annotations

from typing import Final

from cd5flow.analysis.diagnosis import GUIDED
from cd5flow.analysis.stages import Tube
from cd5flow.gating.therapy import ignored_markers
from cd5flow.model.names import BLASTS, LOOK_ALIKES
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Gating
from cd5flow.model.result import Scope

LINEAGE_MARKERS: Final = ("cyCD3", "CD3", "CD7")
LANDMARK: Final = "t_landmark"


def panel_gap(panel: Panel) -> tuple[str, ...]:
    """Return what is missing for blasts to be told at all."""
    gap: tuple[str, ...] = () if panel.has("CD45") else ("CD45",)
    if not any(panel.has(m) for m in LINEAGE_MARKERS):
        gap += ("one of cyCD3, CD3, CD7",)
    return gap


def find_scope(tube: Tube, gating: Gating) -> Scope | None:
    """Return the disease that a tube would have shown; None where none can be named.

    A marker that an earlier therapy took away from the search names no disease.
    """
    if tube.settings.laip is not None and is_guided(gating):
        return Scope.AT_DIAGNOSIS
    unused = ignored_markers(tube.strategy, tube.settings.prior_therapy)

    def tells(marker: str) -> bool:
        return tube.panel.has(marker) and marker not in unused

    if tells("cyCD3") and tells("CD3"):
        return Scope.SCD3_NEGATIVE
    if tells("CD7") and tells("CD3") and any(map(tells, tube.strategy.nk_markers)):
        return Scope.CD7_POSITIVE
    return None


def is_guided(gating: Gating) -> bool:
    """Whether the patient's phenotype at diagnosis placed a gate."""
    return any(gate.evidence.method == GUIDED for gate in gating.tree.gates)


def was_searched(tube: Tube, gating: Gating) -> bool:
    """Whether panel and gates led as far as cells that may be blasts."""
    found = BLASTS in gating.members or LOOK_ALIKES in gating.members
    return found and not panel_gap(tube.panel)


def is_countable(tube: Tube, gating: Gating) -> bool:
    """Whether no population of blasts is a count of 0, be it "not detected" or not.

    Where no normal T cells show where blasts would lie, the number is unknown.
    """
    landmark = LANDMARK in gating.members
    return not panel_gap(tube.panel) and (landmark or was_searched(tube, gating))
