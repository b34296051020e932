"""Gates that a person drew elsewhere: from their file to a tube's populations and its CD5."""

from __future__ import annotations

import numpy as np

from cd5flow.analysis.stages import Tube
from cd5flow.gating.adopt import Names, adopt, edge_on
from cd5flow.model.geometry import Dimension
from cd5flow.model.names import BLASTS, CD5_POSITIVE
from cd5flow.model.populations import Gating
from cd5flow.model.result import ImportedSection
from cd5flow.quantify.drawn import DrawnPositive


def gate_as_drawn(tube: Tube) -> Gating | None:
    """Return a tube's populations by imported gates; None where there are none.

    Raises:
        OptionError: a population is named that is none.
        GatesError: a gate is not there, is ambiguous, or does not fit the tube.
    """
    imported, strategy = tube.settings.gates, tube.strategy
    if tube.drawn is None or imported is None:
        return None
    names = Names(references=strategy.cd5.references, nk_markers=strategy.nk_markers)
    return adopt(tube.drawn, imported=imported, names=names, columns=tube.columns, panel=tube.panel)


def drawn_positive(tube: Tube, gating: Gating) -> DrawnPositive | None:
    """Return what an imported gate of CD5-positive cells holds; None where there is none."""
    if tube.drawn is None or CD5_POSITIVE not in gating.tree or not tube.has_cd5:
        return None
    detector = tube.cd5_detector
    signal = tube.columns.column(Dimension(detector))
    blasts = gating.members[BLASTS] & np.isfinite(signal)
    values = gating.tree[CD5_POSITIVE].evidence.note.values
    return DrawnPositive(
        str(values.get("gate", CD5_POSITIVE)),
        str(values.get("file", "")),
        signal[blasts],
        gating.members[CD5_POSITIVE][blasts],
        edge_on(gating, CD5_POSITIVE, detector),
    )


def imported_section(tube: Tube) -> ImportedSection | None:
    """Return what the result says of imported gates; None where there are none."""
    imported = tube.settings.gates
    if tube.drawn is None or imported is None:
        return None
    return ImportedSection(
        file=imported.file, sha256=imported.sha256, populations=dict(imported.populations)
    )
