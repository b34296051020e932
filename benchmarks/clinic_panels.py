"""Panels, dyes, spillover and cytometers of the second simulator.

Marks: [D] figures of the domain with their sources, [X] measured on the real DxFLEX tube
``clearllab10c_t_tube.fcs``, [R] chosen here to span what laboratories bring, no published value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """Which dye carries which marker, in the order of the file's channels.

    ``CD16+CD56`` is one dye for both antigens. A nuclear dye is none of these panels' ([R]).
    """

    name: str
    stains: tuple[tuple[str, str], ...]

    @property
    def markers(self) -> frozenset[str]:
        """Antigens the panel shows, a shared dye counted as both."""
        return frozenset(m for _, label in self.stains for m in label.split("+"))

    @property
    def dyes(self) -> tuple[str, ...]:
        """Dyes in order."""
        return tuple(dye for dye, _ in self.stains)


def _panel(name: str, text: str) -> Panel:
    stains = []
    for item in text.split(";"):
        marker, dye = item.strip().split(" ", 1)
        stains.append((dye, marker))
    return Panel(name, tuple(stains))


_PANELS: Final = (
    # A 13-colour diagnostic tube with every sign of immaturity. [R]
    _panel(
        "dx12",
        "TdT FITC; CD99 PE; CD1a PE-CF594; CD5 PerCP-Cy5-5; CD56 PE-Cy7; CD7 APC; CD34 APC-R700;"
        "CD3 APC-H7; cyCD3 Pacific Blue; CD45 V500-C; CD4 BV605; CD8 BV711; CD19 BV786",
    ),
    # Ten colours, CD16 and CD56 in one, no CD1a. [R]
    _panel(
        "dx10",
        "CD99 FITC; CD16+CD56 PE; CD4 PE-CF594; CD5 PerCP-Cy5-5; CD34 PE-Cy7; CD7 APC;"
        "CD8 APC-R700; CD3 APC-H7; cyCD3 BV421; CD45 V500-C",
    ),
    # Ten colours with TdT, CD1a, CD2 and CD19. [R]
    _panel(
        "dx10t",
        "TdT FITC; CD1a PE; CD2 PE-CF594; CD5 PerCP-Cy5-5; CD19 PE-Cy7; CD7 APC; CD4 APC-R700;"
        "CD3 APC-H7; cyCD3 Pacific Blue; CD45 V500-C; CD8 BV605",
    ),
    # EuroFlow T-ALL tube 1 with CD7 in the place of CD1a. [D A5]
    _panel(
        "dx8",
        "TdT FITC; CD99 PE; CD5 PerCP-Cy5-5; CD10 PE-Cy7; CD7 APC; CD3 APC-H7;"
        "cyCD3 Pacific Blue; CD45 V500",
    ),
    # Eight colours with an NK marker and CD34. [R]
    _panel(
        "dx8n",
        "CD34 FITC; CD56 PE; CD5 PerCP-Cy5-5; CD99 PE-Cy7; CD7 APC; CD3 APC-H7;"
        "cyCD3 Pacific Blue; CD45 V500",
    ),
    # Eight colours with CD1a, CD4 and CD8. [R]
    _panel(
        "dx8t",
        "CD1a FITC; CD4 PE; CD5 PerCP-Cy5-5; CD8 PE-Cy7; CD7 APC; CD3 APC-H7;"
        "cyCD3 Pacific Blue; CD45 V500",
    ),
    # Surface tube on the antigens of the COG / Washington tube, dyes [R]. [D A5]
    _panel(
        "surf10",
        "CD16+CD56 FITC; CD7 PE; CD34 PerCP-Cy5-5; CD5 PE-Cy7; CD38 APC; CD3 APC-H7; CD99 BV421;"
        "CD45 V500-C; CD4 BV605; CD8 BV711",
    ),
    # Surface tube with CD2 and CD48. [D A5, dyes R]
    _panel(
        "surf10b",
        "CD2 FITC; CD7 PE; CD34 PerCP-Cy5-5; CD5 PE-Cy7; CD48 APC; CD3 APC-H7; CD16+CD56 BV421;"
        "CD45 V500-C; CD4 BV605; CD8 BV711; CD38 BV786",
    ),
    # The T tube of ClearLLab 10C. [X]
    _panel(
        "surfdx",
        "TCRgd FITC; CD4 PE; CD2 ECD; CD56 PC5.5; CD5 PC7; CD34 APC; CD7 APC-A700; CD8 APC-A750;"
        "CD3 PB450; CD45 KO525",
    ),
    # Eight-colour surface tube without CD4, CD8 and CD2. [R]
    _panel(
        "surf8",
        "CD16+CD56 FITC; CD7 PE; CD5 PerCP-Cy5-5; CD34 PE-Cy7; CD38 APC; CD3 APC-H7; CD99 BV421;"
        "CD45 V500-C",
    ),
)
PANELS: Final[Mapping[str, Panel]] = MappingProxyType({p.name: p for p in _PANELS})

_SAME_AS: Final = {
    "ECD": "PE-CF594", "PC5.5": "PerCP-Cy5-5", "PC7": "PE-Cy7", "APC-A700": "APC-R700",
    "APC-A750": "APC-H7", "PB450": "BV421", "KO525": "V500", "V500-C": "V500",
    "Pacific Blue": "BV421",
}  # fmt: skip

# Share of a dye's light (row) in a neighbour's detector. Sizes as on [X] and usual DiVa matrices.
_SPILL: Final = {
    "FITC": {"PE": 0.20, "PE-CF594": 0.07, "PerCP-Cy5-5": 0.03, "V500": 0.06},
    "PE": {"PE-CF594": 0.32, "PerCP-Cy5-5": 0.11, "FITC": 0.008, "PE-Cy7": 0.015, "BV605": 0.06},
    "PE-CF594": {"PE": 0.18, "PerCP-Cy5-5": 0.40, "PE-Cy7": 0.05, "BV605": 0.12},
    "PerCP-Cy5-5": {"PE-Cy7": 0.22, "APC-R700": 0.10, "APC-H7": 0.04, "APC": 0.008, "BV711": 0.15},
    "PE-Cy7": {"PE": 0.02, "PerCP-Cy5-5": 0.014, "APC-H7": 0.05, "BV786": 0.10},
    "APC": {"APC-R700": 0.22, "APC-H7": 0.10, "PE": 0.004, "BV711": 0.03},
    "APC-R700": {"APC": 0.06, "APC-H7": 0.40, "PerCP-Cy5-5": 0.03, "BV711": 0.18, "BV786": 0.06},
    "APC-H7": {"APC": 0.04, "PE-Cy7": 0.03, "APC-R700": 0.012, "BV786": 0.10},
    "BV421": {"V500": 0.30, "BV605": 0.03},
    "V500": {"BV421": 0.012, "BV605": 0.18, "BV711": 0.02, "FITC": 0.02},
    "BV605": {"PE-CF594": 0.10, "PE": 0.03, "BV711": 0.22, "BV421": 0.01, "BV786": 0.05},
    "BV711": {"BV786": 0.35, "PerCP-Cy5-5": 0.10, "APC-R700": 0.09, "BV421": 0.03},
    "BV786": {"BV711": 0.04, "APC-H7": 0.06, "PE-Cy7": 0.04, "BV421": 0.02},
}  # fmt: skip

# Photoelectron noise: variance of a signal over its size, in DiVa units; autofluorescence of a
# lymphocyte in the same. Violet and green see more of the cell, far red less. [R]
_NOISE: Final = {
    "FITC": (2.5, 110.0), "PE": (1.2, 80.0), "PE-CF594": (2.0, 60.0), "PerCP-Cy5-5": (6.0, 45.0),
    "PE-Cy7": (5.0, 30.0), "APC": (3.0, 40.0), "APC-R700": (5.0, 35.0), "APC-H7": (9.0, 45.0),
    "BV421": (2.0, 90.0), "V500": (5.0, 150.0), "BV605": (5.0, 80.0), "BV711": (5.0, 40.0),
    "BV786": (8.0, 35.0),
}  # fmt: skip


def base_dye(dye: str) -> str:
    """Return the name under which light of this dye is tabled."""
    return _SAME_AS.get(dye, dye)


def spill_matrix(panel: Panel, rng: np.random.Generator) -> Matrix:
    """Draw one cytometer's spillover, rows dyes, columns detectors, ones on the diagonal.

    Tabled shares vary by a quarter between instruments, and a trace (at most 0.4 %) reaches a
    third of the other detectors ([R]; [X] has both).
    """
    n = len(panel.stains)
    matrix = np.where(rng.random((n, n)) < 0.33, rng.random((n, n)) * 0.004, 0.0)
    for i, giving in enumerate(panel.dyes):
        for j, seeing in enumerate(panel.dyes):
            share = _SPILL[base_dye(giving)].get(base_dye(seeing))
            if share is not None:
                matrix[i, j] = share * rng.lognormal(0.0, 0.25)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def noise_of(panel: Panel) -> tuple[Floats, Floats]:
    """Return photoelectron noise (units) and a lymphocyte's autofluorescence, by detector."""
    pairs = [_NOISE[base_dye(dye)] for dye in panel.dyes]
    return (
        np.asarray([p[0] for p in pairs], dtype=np.float32),
        np.asarray([p[1] for p in pairs], dtype=np.float32),
    )


@dataclass(frozen=True)
class Cytometer:
    """Scales and pulse parameters of one kind of instrument.

    `fsc` and `ssc` are a lymphocyte's area, `light` multiplies fluorescence (DiVa is 1), `top`
    is `$PnR` of scatter and fluorescence, `parameters` the scatter channels in file order.
    """

    name: str
    parameters: tuple[str, ...]
    suffix: str
    fsc: float
    ssc: float
    light: float
    top: float
    width: float
    timestep: float
    spread_by_size: float = 0.0

    @property
    def upper(self) -> float:
        """The largest value a channel stores."""
        return self.top - 1.0


# Lymphocyte scatter on [X]: FSC-A 350,000, SSC-A 165,000, width 1,080, area over height 0.66 to
# 1.2 growing with size. DiVa: lymphocytes at a quarter of the range, widths near 62,000. [R]
CYTOMETERS: Final[Mapping[str, Cytometer]] = MappingProxyType(
    {
        c.name: c
        for c in (
            Cytometer("diva", ("FSC-A", "FSC-H", "FSC-W", "SSC-A", "SSC-H"), "-A",
                      62e3, 21e3, 1.0, 262144.0, 62e3, 0.01),
            Cytometer("diva-h", ("FSC-A", "FSC-H", "SSC-A"), "-A",
                      70e3, 26e3, 1.0, 262144.0, 62e3, 0.01),
            Cytometer("diva-ssw", ("FSC-A", "FSC-H", "FSC-W", "SSC-A", "SSC-W"), "-A",
                      55e3, 18e3, 1.2, 262144.0, 66e3, 0.01),
            Cytometer("width", ("FSC-A", "FSC-W", "SSC-A"), "-A",
                      62e3, 24e3, 1.0, 262144.0, 62e3, 0.01),
            Cytometer("heights", ("FSC-H", "SSC-H"), "-H",
                      58e3, 22e3, 1.0, 262144.0, 62e3, 0.01),
            Cytometer("dxflex", ("FSC-H", "FSC-A", "SSC-H", "SSC-A", "FSC-Width"), "-A",
                      360e3, 150e3, 9.0, 16777215.0, 1080.0, 2e-5, 0.12),
        )
    }
)  # fmt: skip

_FLEX_NUMBERS: Final = MappingProxyType({
    "FITC": "FL1", "PE": "FL2", "ECD": "FL3", "PC5.5": "FL4", "PC7": "FL5", "APC": "FL6",
    "APC-A700": "FL7", "APC-A750": "FL8", "PB450": "FL9", "KO525": "FL10",
})  # fmt: skip

_SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "CD3": ("CD3", "sCD3", "SmCD3"), "cyCD3": ("cyCD3", "cCD3", "CyCD3"),
    "CD16+CD56": ("CD16+CD56", "CD16+56"),
})  # fmt: skip


def name_channels(
    panel: Panel, cytometer: Cytometer, rng: np.random.Generator
) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the file's channels (detector, label) and the detectors of the panel's dyes.

    Labels are spelled as laboratories do, marker with dye or marker alone ([D A5]).
    """
    with_dye = bool(rng.random() < 0.7)
    channels = [(p, "") for p in cytometer.parameters]
    detectors = []
    for dye, marker in panel.stains:
        spelled = _SPELLINGS.get(marker, (marker,))
        word = spelled[int(rng.integers(len(spelled)))]
        flex = _FLEX_NUMBERS.get(dye) if cytometer.name == "dxflex" else None
        detector = (flex or dye) + cytometer.suffix
        detectors.append(detector)
        channels.append((detector, f"{word} {dye}" if with_dye else word))
    return [*channels, ("Time", "")], detectors
