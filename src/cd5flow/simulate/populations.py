"""Cells of marrow and blood: how large, how granular, and what they carry.

Levels are decades of signal on a digital instrument (262,144 steps) with a dye of usual brightness:
4.0 is 10,000. They are textbook orders of magnitude, not measurements of anyone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

ERYTHROID_CD45_LEVEL = 2.2
T_CELL_CD45_LEVEL = 4.45


@dataclass(frozen=True, slots=True)
class Expression:
    """How the cells of a population carry one antigen.

    Attributes:
        level: mean of log10 signal over the cells that carry it, in decades.
        spread: SD from cell to cell, in decades.
        percent: share of the cells that carry it; the others have none.
    """

    level: float
    spread: float = 0.15
    percent: float = 100.0

    def __post_init__(self) -> None:
        if self.spread < 0 or not 0 <= self.percent <= 100:
            raise ValueError(f"no such expression: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellType:
    """One kind of cell.

    Attributes:
        name: as in the truth's labels.
        fsc, ssc: median scatter of single cells, reference units.
        fsc_spread, ssc_spread: SD of their log10.
        antigens: what they carry; an antigen not named is absent.
        autofluorescence: background relative to a lymphocyte.
        stickiness: unspecific binding of antibodies relative to a lymphocyte.
        nucleated: whether a perfect gate counts them in the denominator.
    """

    name: str
    fsc: float
    ssc: float
    fsc_spread: float = 0.05
    ssc_spread: float = 0.06
    antigens: Mapping[str, Expression] = field(default_factory=dict)
    autofluorescence: float = 1.0
    stickiness: float = 1.0
    nucleated: bool = True


def _cell(
    name: str,
    scatter: tuple[float, float],
    /,
    *,
    spread: tuple[float, float] = (0.05, 0.06),
    autofluorescence: float = 1.0,
    stickiness: float = 1.0,
    nucleated: bool = True,
    **antigens: tuple[float, ...],
) -> CellType:
    """Return a population; antigens are (level, spread, percent), `HLA_DR` means HLA-DR."""
    return CellType(
        name=name,
        fsc=scatter[0],
        ssc=scatter[1],
        fsc_spread=spread[0],
        ssc_spread=spread[1],
        antigens={key.replace("_", "-"): Expression(*value) for key, value in antigens.items()},
        autofluorescence=autofluorescence,
        stickiness=stickiness,
        nucleated=nucleated,
    )


_T = T_CELL_CD45_LEVEL
_LISTED = (
    _cell(
        "t_cells_cd4", (55_000, 22_000),
        CD45=(_T, 0.09), CD3=(4.05, 0.10), cyCD3=(4.10, 0.12), CD5=(4.10, 0.12), CD4=(4.00, 0.09),
        CD7=(3.60, 0.22, 92), CD2=(3.9, 0.12), CD38=(2.7, 0.35), CD99=(2.9, 0.25),
    ),
    _cell(
        "t_cells_cd8", (55_000, 23_000),
        CD45=(_T + 0.03, 0.09), CD3=(4.00, 0.10), cyCD3=(4.05, 0.12), CD5=(3.95, 0.17),
        CD8=(4.20, 0.12), CD7=(3.75, 0.22, 95), CD2=(4.0, 0.15), CD38=(2.8, 0.35),
        CD99=(2.95, 0.25), CD56=(3.1, 0.25, 8),
    ),
    _cell(
        "t_cells_gd", (56_000, 23_500),
        CD45=(_T + 0.05, 0.09), CD3=(4.20, 0.10), cyCD3=(4.20, 0.12), CD5=(3.35, 0.35, 85),
        CD8=(3.2, 0.25, 30), CD7=(3.85, 0.22), CD2=(4.0, 0.15), CD38=(2.8, 0.3),
        CD99=(2.9, 0.25), CD56=(3.2, 0.25, 25), CD16=(3.2, 0.3, 15),
    ),
    _cell(
        "t_cells_cd5_negative", (56_000, 23_000),
        CD45=(_T, 0.09), CD3=(4.00, 0.11), cyCD3=(4.05, 0.12), CD8=(4.1, 0.12, 60),
        CD4=(3.9, 0.10, 40), CD7=(3.7, 0.25, 90), CD2=(3.9, 0.15), CD38=(3.0, 0.35),
        CD99=(2.9, 0.25),
    ),
    _cell(
        "nk_cells", (57_000, 23_500),
        CD45=(_T - 0.02, 0.09), CD7=(3.85, 0.33), CD56=(3.50, 0.25), CD16=(3.80, 0.35, 88),
        cyCD3=(2.9, 0.25, 45), CD2=(3.6, 0.25, 75), CD8=(3.3, 0.25, 35), CD38=(3.5, 0.22),
        CD99=(2.9, 0.25),
    ),
    _cell(
        "b_cells", (53_000, 21_000),
        CD45=(_T - 0.08, 0.10), CD19=(3.90, 0.12), CD20=(4.20, 0.15), CD5=(3.05, 0.22, 12),
        CD38=(2.7, 0.4), CD99=(2.6, 0.25), HLA_DR=(4.0, 0.15),
    ),
    _cell(
        "b_precursors_early", (52_000, 18_500),
        CD45=(3.15, 0.18), CD19=(3.50, 0.18), CD10=(4.15, 0.15), CD34=(3.75, 0.18),
        TdT=(3.35, 0.20, 92), CD38=(4.15, 0.14), CD99=(3.20, 0.20), CD20=(2.8, 0.3, 15),
        HLA_DR=(3.9, 0.15),
    ),
    _cell(
        "b_precursors_late", (49_000, 18_000),
        CD45=(3.65, 0.18), CD19=(3.80, 0.12), CD10=(3.75, 0.17), CD38=(4.15, 0.12),
        CD99=(2.85, 0.22), CD20=(3.4, 0.45, 75), HLA_DR=(3.9, 0.15), CD5=(2.8, 0.2, 5),
    ),
    _cell(
        "progenitors", (86_000, 31_000), spread=(0.07, 0.09), autofluorescence=2.0, stickiness=1.5,
        CD45=(3.60, 0.14), CD34=(4.05, 0.15), CD38=(3.80, 0.28), CD99=(3.15, 0.2),
        CD7=(3.0, 0.3, 10), TdT=(2.9, 0.25, 8), CD10=(3.3, 0.3, 6), HLA_DR=(4.0, 0.25),
    ),
    _cell(
        "monocytes", (97_000, 52_000), spread=(0.05, 0.07), autofluorescence=2.8, stickiness=2.5,
        CD45=(4.15, 0.09), CD4=(3.1, 0.15), CD38=(3.5, 0.2), CD99=(3.0, 0.2),
        HLA_DR=(3.9, 0.25), CD16=(3.2, 0.3, 10), CD7=(2.5, 0.25, 5),
    ),
    _cell(
        "granulocytes", (105_000, 118_000), spread=(0.045, 0.07), autofluorescence=3.2,
        stickiness=2.0,
        CD45=(3.80, 0.11), CD16=(4.20, 0.18), CD10=(3.55, 0.20, 85), CD38=(2.8, 0.25),
        CD99=(2.5, 0.25),
    ),
    _cell(
        "granulocytes_immature", (112_000, 145_000), spread=(0.06, 0.09), autofluorescence=4.0,
        stickiness=2.0,
        CD45=(3.60, 0.14), CD16=(3.1, 0.4, 45), CD38=(3.2, 0.25), CD99=(2.7, 0.25),
    ),
    _cell(
        "eosinophils", (88_000, 178_000), spread=(0.05, 0.06), autofluorescence=11.0,
        stickiness=2.0,
        CD45=(4.05, 0.10), CD38=(2.8, 0.25),
    ),
    _cell(
        "basophils", (62_000, 28_000), spread=(0.05, 0.07), autofluorescence=1.8, stickiness=1.5,
        CD45=(3.90, 0.10), CD38=(3.90, 0.15), CD99=(2.7, 0.2), CD7=(2.6, 0.25, 10),
    ),
    _cell(
        "plasmacytoid_dendritic", (76_000, 29_000), autofluorescence=1.6, stickiness=1.4,
        CD45=(4.00, 0.11), CD4=(3.70, 0.15), CD38=(3.7, 0.18), CD7=(2.9, 0.25, 35),
        HLA_DR=(4.2, 0.15), CD5=(2.8, 0.25, 8), CD56=(2.8, 0.3, 10), CD2=(3.2, 0.3, 25),
    ),
    _cell(
        "plasma_cells", (85_000, 42_000), spread=(0.08, 0.10), autofluorescence=2.2,
        CD45=(3.5, 0.4), CD38=(4.95, 0.14), CD19=(3.3, 0.2, 75), CD56=(3.0, 0.3, 12),
    ),
    _cell(
        "erythroid", (38_000, 12_500), spread=(0.07, 0.09), autofluorescence=0.6, stickiness=0.6,
        nucleated=False,
        CD45=(ERYTHROID_CD45_LEVEL, 0.20), CD38=(2.4, 0.3, 20), CD99=(2.3, 0.25),
    ),
    _cell(
        "debris", (11_500, 8_500), spread=(0.14, 0.18), autofluorescence=0.3, stickiness=0.5,
        nucleated=False,
        CD45=(2.3, 0.35, 25),
    ),
    _cell(
        "fragments", (24_000, 17_000), spread=(0.18, 0.20), autofluorescence=0.9, stickiness=3.0,
        nucleated=False,
        CD45=(2.9, 0.45, 80), CD16=(3.3, 0.4, 25), CD38=(2.8, 0.4, 25),
    ),
)  # fmt: skip

POPULATIONS: Mapping[str, CellType] = MappingProxyType({cell.name: cell for cell in _LISTED})
"""Every normal kind of cell, and what is no cell, by name."""

T_CELLS = ("t_cells_cd4", "t_cells_cd8", "t_cells_gd")
"""Normal T cells that carry CD5."""


@dataclass(frozen=True, slots=True)
class Composition:
    """Normal nucleated cells by weight; weights need not add up to 100.

    Attributes:
        weights: population name to its weight.
    """

    weights: Mapping[str, float]

    def __post_init__(self) -> None:
        for name, weight in self.weights.items():
            if name not in POPULATIONS or not POPULATIONS[name].nucleated:
                raise ValueError(f"no nucleated population {name!r}")
            if weight < 0:
                raise ValueError(f"{name}: a weight of {weight}")
        if not sum(self.weights.values()) > 0:
            raise ValueError("a composition of nothing")

    def with_percent(self, **percent: float) -> Composition:
        """Return this composition with some populations set to a share of it, the rest scaled.

        Args:
            percent: population name to its share; ``t_cells`` means all normal T cells, in their
                present proportions.
        """
        wanted: dict[str, float] = {}
        for name, share in percent.items():
            members = T_CELLS if name == "t_cells" else (name,)
            present = sum(self.weights.get(member, 0.0) for member in members)
            for member in members:
                part = self.weights.get(member, 0.0) / present if present else 1 / len(members)
                wanted[member] = share * part
        rest = sum(weight for name, weight in self.weights.items() if name not in wanted)
        free = 100.0 - sum(wanted.values())
        if free < 0 or (free > 0 and not rest):
            raise ValueError(f"shares of {sum(wanted.values()):g} % leave no room for the rest")
        scaled = {n: w * free / rest for n, w in self.weights.items() if n not in wanted}
        return Composition(scaled | wanted)


MARROW = Composition({
    "granulocytes": 34.0, "granulocytes_immature": 24.0, "eosinophils": 2.5, "basophils": 0.4,
    "monocytes": 6.0, "t_cells_cd4": 8.0, "t_cells_cd8": 7.0, "t_cells_gd": 0.5, "nk_cells": 2.5,
    "b_cells": 4.0, "b_precursors_early": 0.7, "b_precursors_late": 2.6, "progenitors": 1.2,
    "plasmacytoid_dendritic": 0.3, "plasma_cells": 0.6,
})  # fmt: skip
"""An adult's marrow without disease."""

REGENERATING_MARROW = MARROW.with_percent(
    b_precursors_early=5.0, b_precursors_late=19.0, progenitors=3.0, monocytes=10.0, b_cells=2.0
)
"""A marrow some weeks after chemotherapy, rich in precursors."""

BLOOD = Composition({
    "granulocytes": 57.0, "granulocytes_immature": 1.0, "eosinophils": 2.5, "basophils": 0.5,
    "monocytes": 7.0, "t_cells_cd4": 14.0, "t_cells_cd8": 9.0, "t_cells_gd": 0.8, "nk_cells": 4.0,
    "b_cells": 4.0, "progenitors": 0.03, "plasmacytoid_dendritic": 0.2, "plasma_cells": 0.05,
})  # fmt: skip
"""Blood after lysis."""

AFTER_CD5_CAR = Composition({
    "granulocytes": 40.0, "granulocytes_immature": 24.0, "eosinophils": 2.0, "basophils": 0.4,
    "monocytes": 9.0, "t_cells_cd5_negative": 12.0, "t_cells_cd4": 0.1, "nk_cells": 4.0,
    "b_cells": 2.0, "b_precursors_early": 0.8, "b_precursors_late": 3.0, "progenitors": 1.5,
    "plasmacytoid_dendritic": 0.3, "plasma_cells": 0.6,
})  # fmt: skip
"""Marrow after CD5 CAR-T cells: the T cells left carry no CD5."""
