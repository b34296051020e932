"""T cells after cellular therapies: those that must not be called leukaemia, and those in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cd5flow.analysis.neighbours import mature_look_alikes
from cd5flow.analysis.tube import Tube
from cd5flow.gating.lineage import UNPROVEN
from cd5flow.gating.strategy import Strategy
from cd5flow.gating.therapy import therapy_changes
from cd5flow.model.findings import Finding, Severity
from cd5flow.model.populations import Gating
from cd5flow.model.result import BurdenSection, PriorTherapy
from cd5flow.quantify.cd5 import Measurement

SURFACE = "CD3"


def without_spared_t_cells(
    gating: Gating,
    measured: Measurement | None,
    *,
    strategy: Strategy,
    therapies: Sequence[PriorTherapy],
) -> Gating:
    """Return a gating whose blasts are of unproven lineage where they may be spared T cells.

    After CD5 CAR-T cells the T cells that remain have surface CD3 and no CD5, be they edited or
    spared. A cluster with surface CD3 of which enough cells lack CD5, or of which nothing tells, is
    not claimed as leukaemia.
    """
    limits = [r.spared_t_cells_percent for r in therapy_changes(strategy, therapies)]
    enough = min((limit for limit in limits if limit is not None), default=None)
    if enough is None or not gating.cluster:
        return gating
    if gating.rule is None or SURFACE in gating.lacks or gating.lineage == UNPROVEN:
        return gating
    if measured is not None and measured.cuts and measured.readout.blasts.size:
        without = 100 * float(np.mean(measured.readout.blasts < measured.cuts[0].linear))
        if without < enough:
            return gating
    what = (
        f"a cluster has surface {SURFACE} ({gating.lineage}) and lacks CD5: after CD5 CAR-T cells "
        "spared or edited T cells do, and it is not called leukaemia"
    )
    finding = Finding("SPARED_T_CELLS", Severity.WARN, what)
    return replace(
        gating,
        lineage=UNPROVEN,
        unproven_cluster=True,
        findings=(*gating.findings, finding),
    )


def edited_t_cells(
    tube: Tube,
    gating: Gating,
    burden: BurdenSection,
    *,
    strategy: Strategy,
    therapies: Sequence[PriorTherapy],
) -> bool:
    """Whether T cells without surface CD3, as gene-edited ones are, may be among the blasts.

    They pass a lineage rule that asks for no surface CD3, and are told from blasts by their CD45 at
    best. Where blasts carry surface CD3 the question does not arise.
    """
    asked = [
        r.edited_t_cells
        for r in therapy_changes(strategy, therapies)
        if r.edited_t_cells is not None
    ]
    if not asked or not gating.cluster:
        return False
    if gating.rule is not None and SURFACE not in gating.lacks:
        return False
    seen = mature_look_alikes(gating, tube.columns, tube.panel, rule=strategy.cd5.neighbours)
    for rule in asked:
        few = burden.percent is None or burden.percent < rule.below_percent
        if few or seen is None or seen >= rule.events:
            return True
    return False
