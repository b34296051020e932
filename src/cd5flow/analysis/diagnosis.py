"""From a patient's earlier result to the phenotype that guides the search for what is left."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cd5flow.errors import OptionError
from cd5flow.model.findings import Finding, warning
from cd5flow.model.laip import Laip, MarkerRange
from cd5flow.model.names import shown_name
from cd5flow.model.populations import Gating
from cd5flow.model.result import BurdenState, LaipSection, Result

TELLING: Final = frozenset({BurdenState.OVERT, BurdenState.MRD_POSITIVE})
"""States in which a result's blasts are sure enough to guide by."""

GUIDED: Final = "as_at_diagnosis"
"""The gating method that a phenotype guides."""


def read_laip(path: Path, *, patient_id: str | None) -> Laip:
    """Read the phenotype out of a ``result.json``.

    Args:
        path: the diagnostic result.
        patient_id: of the tube that it is to guide; None where it is not known.

    Raises:
        FileAccessError: the file is absent or unreadable.
        ResultError: it is no result.
        OptionError: it is of another patient, or its blasts are too few or too unsure to guide by.
    """
    # Ledgers and signatures belong to it: only where a result is read.
    from cd5flow.analysis.stored import read_result  # noqa: PLC0415

    return laip_of(read_result(path), patient_id=patient_id, name=shown_name(path.name))


def laip_of(result: Result, *, patient_id: str | None, name: str) -> Laip:
    """Return the phenotype of a result's blasts.

    Raises:
        OptionError: see `read_laip`.
    """
    theirs = result.sample.patient_id
    if None not in (patient_id, theirs) and patient_id != theirs:
        raise OptionError(
            f"laip: {name} is of patient {theirs!r}, the tube of patient {patient_id!r}"
        )
    if result.burden.state not in TELLING or not result.phenotype:
        raise OptionError(
            f"laip: {name} holds no blasts to guide by (burden {result.burden.state.value}, "
            f"{result.burden.blast_events:,} blasts); expected OVERT or MRD_POSITIVE"
        )
    return Laip(
        sample=result.sample.id,
        sha256=result.sample.sha256,
        lineage=result.strategy.lineage,
        blast_events=result.burden.blast_events,
        markers={
            entry.marker: MarkerRange(
                low_decades=entry.low_decades,
                high_decades=entry.high_decades,
                above_t_cells_percent=entry.above_t_cells_percent,
            )
            for entry in result.phenotype
        },
    )


def unused_laip(laip: Laip | None, gating: Gating) -> tuple[Finding, ...]:
    """Return a finding where a phenotype was given and no gate was placed by it."""
    if laip is None or any(gate.evidence.method == GUIDED for gate in gating.tree.gates):
        return ()
    return (warning("LAIP_UNUSED", sample=laip.sample),)


def laip_section(laip: Laip | None) -> LaipSection | None:
    """Return how a result names the phenotype that guided it."""
    if laip is None:
        return None
    return LaipSection(
        sample=laip.sample,
        sha256=laip.sha256,
        lineage=laip.lineage,
        blast_events=laip.blast_events,
        markers=tuple(
            marker for marker, seen in laip.markers.items() if seen.high_decades is not None
        ),
    )
