"""Cells of marrow, blood, node and thymus as an immunologist would table them.

Levels are decades of specific signal on a DiVa scale (normal T cells' CD45 4.3, i.e. 20,000); a
marker that is not named is not on the cell. Relations (what is brighter than what, what is dim or
on a part only) are textbook knowledge [M] and figures of the domain with their sources [D]; CD5, CD7 and CD56
against each other follow the real tube clearllab10c_t_tube.fcs [X]: CD5 of T cells broad (0.25
decades), CD7 broad with a low tail (0.4), CD56 on a fifth of T cells, NK a decade above them. The
numbers are [R].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np

Level = float | tuple[float, ...]
"""Mode; (mode, sd); or (mode, sd, other mode, share of cells there)."""

ABSENT: Final = (1.3, 0.35)
"""What sticks to a cell that lacks the antigen: 20 units, broad. [R]"""
USUAL_SD: Final = 0.15


@dataclass(frozen=True)
class Kind:
    """One kind of event.

    `fsc`, `ssc` and `glow` (autofluorescence) are multiples of a lymphocyte's, `fsc_sd` and
    `ssc_sd` natural-log spreads, `bond` how much all markers of a cell rise together (0 to 1).
    """

    name: str
    fsc: float
    ssc: float
    levels: Mapping[str, Level] = field(default_factory=dict)
    fsc_sd: float = 0.12
    ssc_sd: float = 0.20
    glow: float = 1.0
    bond: float = 0.25
    nucleated: bool = True
    is_blast: bool = False
    clone: int = 0
    smear: bool = False

    def level(self, marker: str) -> tuple[float, float, float, float]:
        """Return mode, sd, other mode and share at the other mode of a marker."""
        found = self.levels.get(marker)
        if found is None:
            return (*ABSENT, 0.0, 0.0)
        if isinstance(found, tuple):
            mode, sd = found[0], found[1]
            other, share = (found[2], found[3]) if len(found) == 4 else (0.0, 0.0)
            return mode, sd, other, share
        return found, USUAL_SD, 0.0, 0.0


_T: Final[dict[str, Level]] = {
    "CD45": (4.30, 0.13), "CD3": (4.05, 0.14), "cyCD3": (3.95, 0.18),
    "CD7": (3.85, 0.33, 2.0, 0.10), "CD5": (4.05, 0.22), "CD2": (3.95, 0.16),
    "CD38": (2.8, 0.40), "CD48": (4.0, 0.12), "CD99": (2.75, 0.28),
}  # fmt: skip
_NK: Final[dict[str, Level]] = {
    "CD45": (4.34, 0.12), "CD7": (4.15, 0.25), "CD2": (3.8, 0.2, 1.6, 0.2),
    "cyCD3": (1.6, 0.3, 2.75, 0.3), "CD8": (1.4, 0.3, 3.1, 0.35), "CD38": (3.4, 0.3),
    "CD48": (4.0, 0.12), "CD99": (2.65, 0.25), "CD5": (1.3, 0.3, 2.5, 0.03),
}  # fmt: skip
_B: Final[dict[str, Level]] = {
    "CD45": (4.22, 0.13), "CD19": (3.9, 0.15), "CD38": (2.5, 0.4), "CD48": (4.05, 0.13),
    "CD99": (2.5, 0.3), "CD5": (1.4, 0.3, 2.95, 0.15), "CD10": (1.4, 0.3, 2.8, 0.04),
}  # fmt: skip
_GRAN: Final[dict[str, Level]] = {
    "CD45": (3.85, 0.13), "CD16": (4.2, 0.22), "CD10": (3.1, 0.3), "CD48": (2.6, 0.3),
    "CD38": (2.1, 0.3), "CD99": (2.2, 0.3), "CD4": (1.7, 0.3), "CD5": (1.6, 0.3),
    "CD3": (1.6, 0.3), "cyCD3": (2.0, 0.3), "TdT": (1.9, 0.3),
}  # fmt: skip

_STICKY: Final[dict[str, Level]] = dict.fromkeys(
    ("CD3", "cyCD3", "CD7", "CD5", "CD2", "CD4", "CD8", "CD56", "CD16", "CD19", "CD34", "CD99",
     "TdT", "CD1a", "CD10", "CD38", "CD48", "TCRgd"), (2.75, 0.42))  # fmt: skip

NORMAL: Final[Mapping[str, Kind]] = MappingProxyType({
    k.name: k
    for k in (
        Kind("t_cd4", 1.0, 1.0, {**_T, "CD4": (4.1, 0.11), "CD56": (1.4, 0.3, 2.9, 0.03)}),
        Kind("t_cd8", 1.02, 1.06, {**_T, "CD8": (4.25, 0.14), "CD5": (3.92, 0.22),
             "CD7": (3.8, 0.33, 2.5, 0.18), "CD56": (1.4, 0.3, 3.1, 0.2),
             "CD16": (1.4, 0.3, 2.9, 0.06)}),
        Kind("t_gamma_delta", 1.04, 1.12, {**_T, "CD3": (4.3, 0.12), "CD5": (3.5, 0.3, 2.7, 0.25),
             "CD8": (1.5, 0.3, 3.2, 0.35), "CD56": (1.5, 0.3, 3.1, 0.3), "TCRgd": (3.8, 0.15),
             "CD2": (3.9, 0.2, 2.8, 0.15)}),
        Kind("t_lgl", 1.06, 1.2, {**_T, "CD8": (4.1, 0.15), "CD5": (3.4, 0.25),
             "CD7": (2.6, 0.45), "CD56": (2.9, 0.35), "CD16": (2.7, 0.4), "CD38": (2.6, 0.3)}),
        Kind("t_activated", 1.2, 1.18, {**_T, "CD38": (3.8, 0.25), "CD99": (3.1, 0.25),
             "CD8": (4.2, 0.16, 1.4, 0.35), "CD4": (1.4, 0.3, 4.0, 0.35),
             "CD7": (3.4, 0.4)}, fsc_sd=0.16),
        Kind("nk_dim", 1.05, 1.1, {**_NK, "CD56": (3.45, 0.2), "CD16": (4.1, 0.2)}),
        Kind("nk_bright", 1.1, 1.08, {**_NK, "CD56": (4.35, 0.16), "CD16": (1.6, 0.4),
             "CD38": (3.8, 0.25), "CD7": (4.0, 0.25, 3.2, 0.2)}),
        Kind("b_mature", 0.97, 1.0, _B),
        Kind("haematogone_1", 0.88, 0.82, {"CD45": (3.0, 0.2), "CD34": (3.6, 0.2),
             "CD10": (4.1, 0.15), "TdT": (3.2, 0.22), "CD19": (3.45, 0.2), "CD38": (4.15, 0.15),
             "CD99": (3.1, 0.25), "CD48": (3.0, 0.25)}),
        Kind("haematogone_2", 0.9, 0.84, {"CD45": (3.45, 0.2), "CD10": (3.8, 0.18),
             "TdT": (1.5, 0.3), "CD19": (3.7, 0.16), "CD38": (4.1, 0.16), "CD99": (2.7, 0.25),
             "CD48": (3.3, 0.3)}),
        Kind("haematogone_3", 0.95, 0.92, {"CD45": (3.95, 0.17), "CD10": (2.9, 0.3),
             "CD19": (3.85, 0.16), "CD38": (3.7, 0.22), "CD48": (3.8, 0.2), "CD99": (2.5, 0.3),
             "CD5": (1.4, 0.3, 2.8, 0.1)}),
        Kind("plasma_cell", 1.45, 1.9, {"CD45": (3.0, 0.45), "CD38": (4.9, 0.15),
             "CD19": (3.2, 0.4, 1.6, 0.3), "CD48": (4.1, 0.15), "CD56": (1.5, 0.3, 3.4, 0.1),
             "CD99": (2.8, 0.3)}, fsc_sd=0.2, ssc_sd=0.3, glow=2.0),
        Kind("monocyte", 1.55, 2.5, {"CD45": (4.18, 0.13), "CD4": (3.1, 0.22),
             "CD38": (3.5, 0.25), "CD48": (4.15, 0.14), "CD99": (3.1, 0.25),
             "CD16": (1.7, 0.3, 3.2, 0.12), "CD56": (1.7, 0.3, 2.8, 0.1), "CD3": (1.6, 0.35),
             "CD7": (1.8, 0.35), "CD5": (1.7, 0.35), "cyCD3": (2.1, 0.3), "CD34": (1.7, 0.35),
             "CD2": (1.6, 0.3, 2.7, 0.06)}, ssc_sd=0.24, glow=3.0),
        Kind("granulocyte", 1.6, 5.6, _GRAN, fsc_sd=0.13, ssc_sd=0.22, glow=3.4),
        Kind("immature_granulocyte", 1.85, 5.9, {**_GRAN, "CD45": (3.6, 0.2),
             "CD16": (2.2, 0.5), "CD10": (1.6, 0.3), "CD38": (3.0, 0.4), "CD99": (2.7, 0.3)},
             fsc_sd=0.16, ssc_sd=0.3, glow=3.8),
        Kind("eosinophil", 1.5, 7.4, {**_GRAN, "CD45": (4.15, 0.13), "CD16": (1.9, 0.4)},
             ssc_sd=0.18, glow=11.0),
        Kind("basophil", 1.02, 1.25, {"CD45": (3.8, 0.15), "CD38": (3.8, 0.18),
             "CD99": (2.6, 0.3), "CD2": (1.5, 0.3, 2.6, 0.3), "CD48": (3.7, 0.2)}, glow=1.6),
        Kind("pdc", 1.15, 1.3, {"CD45": (3.85, 0.15), "CD4": (3.5, 0.18), "CD38": (3.9, 0.2),
             "CD99": (3.3, 0.22), "CD7": (1.6, 0.3, 2.9, 0.3), "CD2": (1.5, 0.3, 3.0, 0.4),
             "CD56": (1.5, 0.3, 2.7, 0.1), "TdT": (1.5, 0.3, 2.5, 0.08), "CD48": (3.6, 0.2),
             "CD5": (1.4, 0.3, 2.8, 0.06)}, glow=1.4),
        Kind("myeloblast", 1.45, 1.6, {"CD45": (3.4, 0.2), "CD34": (3.9, 0.22),
             "CD38": (4.0, 0.25), "CD99": (3.1, 0.28), "CD7": (1.6, 0.35, 2.9, 0.08),
             "TdT": (1.5, 0.3, 2.6, 0.06), "CD4": (1.7, 0.4), "CD48": (3.4, 0.25)},
             fsc_sd=0.17, ssc_sd=0.28, glow=1.8),
        Kind("erythroblast", 0.8, 0.92, {"CD45": (1.8, 0.4), "CD38": (1.8, 0.4),
             "CD99": (2.0, 0.4)}, fsc_sd=0.22, ssc_sd=0.3, glow=0.7),
        # Dead cells bind several reagents, dim, all together. [D]
        Kind("dead", 0.62, 1.35, {**_STICKY, "CD45": (3.3, 0.4)},
             fsc_sd=0.2, ssc_sd=0.35, glow=3.0, bond=0.85),
        Kind("debris", 0.22, 0.42, {"CD45": (1.8, 0.55)}, fsc_sd=0.45, ssc_sd=0.55, glow=0.4,
             bond=0.5, nucleated=False),
        Kind("red_cell", 0.42, 0.5, {"CD45": (1.3, 0.3)}, fsc_sd=0.22, ssc_sd=0.3, glow=0.25,
             nucleated=False),
    )
})  # fmt: skip

T_SUBSETS: Final = MappingProxyType(
    {"t_cd4": 0.50, "t_cd8": 0.36, "t_gamma_delta": 0.06, "t_lgl": 0.04, "t_activated": 0.04}
)

# Nucleated cells beside T cells, granulocytes, blasts and thymocytes, percent. [M], sizes [R]
REST: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType({
    "bone_marrow": {"monocyte": 6, "b_mature": 3, "haematogone_1": 0.3, "haematogone_2": 1.2,
                    "haematogone_3": 0.7, "nk_dim": 2, "nk_bright": 0.25, "myeloblast": 0.9,
                    "immature_granulocyte": 9, "eosinophil": 2.5, "basophil": 0.4, "pdc": 0.3,
                    "plasma_cell": 0.4, "erythroblast": 8},
    "peripheral_blood": {"monocyte": 7, "b_mature": 4, "nk_dim": 4.5, "nk_bright": 0.4,
                         "immature_granulocyte": 1, "eosinophil": 2.5, "basophil": 0.6,
                         "pdc": 0.2, "erythroblast": 0.3, "haematogone_3": 0.2},
    "tissue": {"b_mature": 45, "nk_dim": 1, "nk_bright": 0.6, "monocyte": 2, "plasma_cell": 0.8,
               "pdc": 0.5, "haematogone_3": 0.4},
    "fluid": {"monocyte": 30, "b_mature": 4, "nk_dim": 4, "nk_bright": 0.8, "eosinophil": 1},
    "csf": {"monocyte": 18, "b_mature": 1.5, "nk_dim": 3, "nk_bright": 0.6},
})  # fmt: skip


@dataclass(frozen=True)
class Clone:
    """Phenotype of one leukaemic population, levels in decades; 0 is absent.

    `cd5_share` is the percent of its cells that carry CD5 at `cd5`; the others lack it.
    `signs` are the signs of immaturity it has: TdT, CD34, CD1a, CD99, CD10, CD4+CD8+.
    """

    cd45: float
    scd3: float = 0.0
    cycd3: float = 3.8
    cd7: float = 4.0
    cd56: float = 0.0
    cd5: float = 3.6
    cd5_share: float = 90.0
    cd2: float = 3.6
    helper: float = 0.0
    cytotoxic: float = 0.0
    signs: frozenset[str] = frozenset({"TdT", "CD99"})


def clone_kind(clone: Clone, number: int, rng: np.random.Generator) -> Kind:
    """Return the kind of event a clone gives, with spreads of its own.

    Blasts are wider than normal cells in most markers (0.13 to 0.3 decades), in part positive for
    TdT and CD34, and somewhat larger than lymphocytes. [R]
    """

    def wide(level: float, low: float = 0.13, high: float = 0.28) -> tuple[float, ...]:
        return (level, float(rng.uniform(low, high))) if level > 0 else ABSENT

    def sign(name: str, level: float, partial: float) -> tuple[float, ...]:
        if name not in clone.signs:
            return ABSENT
        return (level + float(rng.normal(0, 0.15)), float(rng.uniform(0.16, 0.3)), 1.5,
                float(rng.uniform(0, partial)))  # fmt: skip

    double = "CD4+CD8+" in clone.signs
    levels: dict[str, Level] = {
        "CD45": wide(clone.cd45, 0.12, 0.2),
        "CD3": wide(clone.scd3, 0.15, 0.26),
        "cyCD3": wide(clone.cycd3),
        "CD7": wide(clone.cd7),
        "CD56": wide(clone.cd56, 0.15, 0.35),
        "CD16": ABSENT,
        "CD2": wide(clone.cd2, 0.15, 0.4),
        "CD5": (clone.cd5, float(rng.uniform(0.15, 0.3)), 1.4, 1.0 - clone.cd5_share / 100.0),
        "CD4": (3.75, 0.22) if double else wide(clone.helper),
        "CD8": (3.85, 0.24) if double else wide(clone.cytotoxic),
        "TdT": sign("TdT", 3.1, 0.3),
        "CD34": sign("CD34", 3.55, 0.3),
        "CD1a": sign("CD1a", 3.7, 0.3),
        "CD10": sign("CD10", 3.3, 0.5),
        "CD99": sign("CD99", 3.9, 0.05) if "CD99" in clone.signs else (2.8, 0.28),
        "CD38": (float(rng.uniform(3.3, 4.1)), 0.25),
        "CD48": (float(rng.uniform(2.7, 3.9)), 0.25),
        "TCRgd": ABSENT,
    }
    return Kind(
        f"blast_{number}", float(rng.uniform(1.0, 1.5)), float(rng.uniform(0.85, 1.35)), levels,
        fsc_sd=float(rng.uniform(0.12, 0.2)), ssc_sd=float(rng.uniform(0.18, 0.28)),
        glow=float(rng.uniform(1.0, 1.8)), bond=float(rng.uniform(0.15, 0.5)), is_blast=True,
        clone=number,
    )  # fmt: skip


def aml_kind(cd7: float, cd34: float, rng: np.random.Generator) -> Kind:
    """Return a myeloid leukaemia with CD7 (a fifth to a quarter of AML carry it [M])."""
    levels: dict[str, Level] = {
        "CD45": (float(rng.uniform(3.1, 3.8)), 0.18),
        "CD7": (cd7, float(rng.uniform(0.2, 0.45))),
        "CD34": (cd34, 0.25, 1.5, 0.15) if cd34 > 0 else ABSENT,
        "CD38": (3.7, 0.3), "CD99": (3.3, 0.25), "CD4": (2.2, 0.4), "CD48": (3.5, 0.25),
        "TdT": (1.5, 0.3, 2.7, float(rng.uniform(0, 0.3))), "cyCD3": (1.8, 0.35),
        "CD56": (1.6, 0.3, 3.0, float(rng.uniform(0, 0.3))),
    }  # fmt: skip
    return Kind("aml_blast", 1.5, 1.7, levels, fsc_sd=0.18, ssc_sd=0.3, glow=1.9, bond=0.4)


THYMOCYTE: Final = Kind("thymocyte", 0.98, 0.92, fsc_sd=0.14, ssc_sd=0.2, bond=0.3, smear=True)

# Maturation 0 to 1: double negative, immature single positive, double positive (early, late),
# single positive. [M; D K2]
STAGES: Final = (0.0, 0.12, 0.25, 0.5, 0.75, 1.0)
MATURATION: Final[Mapping[str, tuple[float, ...]]] = MappingProxyType({
    "CD45": (3.8, 3.75, 3.7, 3.75, 3.95, 4.25), "CD3": (1.3, 1.5, 2.0, 2.8, 3.5, 4.0),
    "cyCD3": (3.4, 3.5, 3.6, 3.75, 3.9, 3.95), "CD7": (4.35, 4.3, 4.15, 4.0, 3.9, 3.85),
    "CD5": (2.6, 3.0, 3.3, 3.55, 3.8, 4.0), "CD2": (3.0, 3.5, 3.7, 3.8, 3.9, 3.95),
    "CD4": (1.4, 2.8, 3.7, 3.95, 3.95, 4.05), "CD8": (1.4, 2.2, 3.8, 4.15, 4.1, 4.2),
    "CD1a": (2.4, 3.4, 3.95, 3.9, 3.2, 1.5), "TdT": (2.9, 3.2, 3.2, 2.8, 1.9, 1.4),
    "CD34": (3.5, 2.4, 1.5, 1.4, 1.3, 1.3), "CD99": (4.1, 4.1, 4.0, 3.8, 3.4, 2.8),
    "CD10": (2.4, 2.6, 2.6, 2.3, 1.7, 1.3), "CD38": (4.0, 4.1, 4.1, 4.0, 3.7, 3.0),
    "CD48": (2.6, 2.6, 2.7, 3.0, 3.5, 3.9),
})  # fmt: skip
