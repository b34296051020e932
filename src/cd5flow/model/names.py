"""Names that stand for one population, or marker, everywhere: in strategies, results and reports.

A strategy may name its other gates as it likes.
"""

from __future__ import annotations

from typing import Final

ALL: Final = "all"
"""The root population: every event of the data set."""
SINGLETS: Final = "singlets"
DENOMINATOR: Final = "nucleated"
"""The cells of which the blasts are a share."""
LYMPHOCYTES: Final = "lymphocytes"
T_CELLS: Final = "t_cells"
"""Normal T cells, against which the blasts' CD5 is held."""
NK_CELLS: Final = "nk_cells"
"""Normal NK cells, which share CD7 with T-ALL."""
BLASTS: Final = "blasts"
LOOK_ALIKES: Final = "look_alikes"
"""Scattered cells that pass the lineage gates as blasts do, where these form no population."""
CD5_POSITIVE: Final = "cd5_positive"
"""The blasts that carry CD5."""

READOUT: Final = "CD5"
"""The marker that is read out, and so may not take part in choosing whose it is."""
