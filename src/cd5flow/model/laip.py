"""What the blasts of a patient looked like at diagnosis: the leukaemia-associated phenotype."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CARRIED_PERCENT = 50.0
"""Share of the blasts above the T cells' 95th percentile from which a marker counts as carried."""


@dataclass(frozen=True, slots=True)
class MarkerRange:
    """Where the blasts' signal lay on one marker.

    Attributes:
        low_decades, high_decades: ends of the range that held 95 % of the blasts, in decades from the
            median of the normal T cells of the same tube. The low end is None where blasts had no
            signal; both are where the T cells carry too little to measure by.
        above_t_cells_percent: share of the blasts above the T cells' 95th percentile.
    """

    low_decades: float | None
    high_decades: float | None
    above_t_cells_percent: float | None


@dataclass(frozen=True, slots=True)
class Laip:
    """A patient's phenotype from an earlier tube; CD5, which is read out, has no part in it.

    Attributes:
        sample: the tube's sample id.
        sha256: of its file.
        lineage: by which rule its blasts were told.
        blast_events: how many they were.
        markers: marker to where they lay.
    """

    sample: str
    sha256: str
    lineage: str
    blast_events: int
    markers: Mapping[str, MarkerRange]

    def carries(self, marker: str) -> bool:
        """Whether most blasts carried a marker that normal T cells mostly lack."""
        seen = self.markers.get(marker)
        if seen is None or seen.above_t_cells_percent is None:
            return False
        return seen.above_t_cells_percent >= CARRIED_PERCENT
