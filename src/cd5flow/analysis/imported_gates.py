"""Gates that a person drew elsewhere: from their file to a tube's populations and its CD5."""

from __future__ import annotations

import numpy as np

from cd5flow.analysis.tube import Settings, Tube
from cd5flow.gating.adopt import Names, adopt, edge_on
from cd5flow.gating.strategy import Strategy
from cd5flow.model.geometry import Dimension
from cd5flow.model.names import BLASTS, CD5_POSITIVE, READOUT
from cd5flow.model.populations import Gating
from cd5flow.model.result import ImportedSection
from cd5flow.quantify.drawn import DrawnPositive


def gate_as_drawn(tube: Tube, settings: Settings, strategy: Strategy) -> Gating | None:
    """Return a tube's populations by imported gates; None where there are none.

    Raises:
        OptionError: a population is named that is none.
        GatesError: a gate is not there, is ambiguous, or does not fit the tube.
    """
    if tube.drawn is None or settings.gates is None:
        return None
    names = Names(references=strategy.cd5.references, nk_markers=strategy.nk_markers)
    return adopt(
        tube.drawn, imported=settings.gates, names=names, columns=tube.columns, panel=tube.panel
    )


def drawn_positive(tube: Tube, gating: Gating) -> DrawnPositive | None:
    """Return what an imported gate of CD5-positive cells holds; None where there is none."""
    if tube.drawn is None or CD5_POSITIVE not in gating.tree or not tube.panel.has(READOUT):
        return None
    detector = tube.panel.detector(READOUT)
    signal = tube.columns.column(Dimension(detector))
    blasts = gating.members[BLASTS] & np.isfinite(signal)
    return DrawnPositive(
        gating.tree[CD5_POSITIVE].evidence.note,
        signal[blasts],
        gating.members[CD5_POSITIVE][blasts],
        edge_on(gating, CD5_POSITIVE, detector),
    )


def imported_section(tube: Tube, settings: Settings) -> ImportedSection | None:
    """Return what the result says of imported gates; None where there are none."""
    if tube.drawn is None or settings.gates is None:
        return None
    return ImportedSection(
        file=settings.gates.file,
        sha256=settings.gates.sha256,
        populations=dict(settings.gates.populations),
    )
