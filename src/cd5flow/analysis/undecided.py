"""CD5 of the blasts where cells that may belong to them are not decided."""

from __future__ import annotations

import numpy as np

from cd5flow.analysis.stages import Tube
from cd5flow.criteria.asked import ShareRule
from cd5flow.criteria.cd5_state import open_where_undecided
from cd5flow.model.basis_sections import UndecidedBasis
from cd5flow.model.events import Mask
from cd5flow.model.geometry import Dimension
from cd5flow.model.names import BLASTS
from cd5flow.model.populations import Gating
from cd5flow.model.result import Cd5Section
from cd5flow.numerics.order_statistics import finite_values


def with_undecided(
    cd5: Cd5Section, gating: Gating, *, tube: Tube, threshold: ShareRule
) -> Cd5Section:
    """Return CD5, BORDERLINE where a population that is not decided would move it past the threshold.

    Each is counted by itself, and all together.

    Args:
        cd5: of the blasts.
        gating: who is in which population.
        tube: whose CD5 signal is counted by the cut.
        threshold: the protocol's.
    """
    blasts = gating.members.get(BLASTS)
    if cd5.cut is None or cd5.percent is None or blasts is None or cd5.basis is None:
        return cd5
    beside = {
        one.name: mask & ~blasts
        for one in gating.outside
        if (mask := gating.members.get(one.name)) is not None
    }
    if not beside:
        return cd5
    signal, cut = tube.columns.column(Dimension(cd5.cut.channel)), cd5.cut.linear

    def counted(name: str, mask: Mask) -> UndecidedBasis:
        theirs = finite_values(signal[mask])
        positive = int(np.count_nonzero(theirs >= cut))
        return UndecidedBasis(population=name, events=int(theirs.size), positive_events=positive)

    every = np.logical_or.reduce(list(beside.values()))
    cells = {**beside, ", ".join(beside): every}
    found = tuple(counted(name, mask) for name, mask in cells.items())
    basis = cd5.basis.model_copy(update={"undecided": found})
    state, reasons = open_where_undecided(cd5.state, cd5.reasons, cd5, basis, threshold)
    return cd5.model_copy(update={"basis": basis, "state": state, "reasons": reasons})
