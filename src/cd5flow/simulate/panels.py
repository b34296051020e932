"""Panels: which dye carries which antibody, and what the dyes do to each other's detectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

_WORDS = MappingProxyType({"viability": "Live Dead", "nuclear": "SYTO"})


@dataclass(frozen=True, slots=True)
class Stain:
    """One antibody or dye of a tube.

    Attributes:
        dye: the fluorochrome, as written in the file.
        marker: the marker; antigens that share a detector are joined by ``+`` ("CD16+CD56").
            ``viability`` and ``nuclear`` are dyes without an antibody.
    """

    dye: str
    marker: str

    def __post_init__(self) -> None:
        if self.dye not in _DYES:
            raise ValueError(f"no dye {self.dye!r}; there are {', '.join(_DYES)}")

    @property
    def antigens(self) -> tuple[str, ...]:
        """What the antibodies in this detector bind."""
        return tuple(self.marker.split("+"))

    @property
    def words(self) -> str:
        """The marker as a label spells it."""
        return _WORDS.get(self.marker, self.marker)

    @property
    def optics(self) -> Optics:
        """How this dye's detector sees light."""
        return _OPTICS[_DYES[self.dye]]


@dataclass(frozen=True, slots=True)
class PanelSpec:
    """The antibodies of one tube, in detector order."""

    name: str
    stains: tuple[Stain, ...]

    def __post_init__(self) -> None:
        for what, values in (("dye", [s.dye for s in self.stains]), ("marker", self.markers)):
            twice = sorted({value for value in values if list(values).count(value) > 1})
            if twice:
                raise ValueError(f"panel {self.name}: {what} {', '.join(twice)} twice")

    def __len__(self) -> int:
        return len(self.stains)

    @property
    def markers(self) -> tuple[str, ...]:
        """The markers in detector order."""
        return tuple(stain.marker for stain in self.stains)

    def column(self, marker: str) -> int | None:
        """Return the detector number of a marker, from 0; None where the tube lacks it."""
        return self.markers.index(marker) if marker in self.markers else None

    def plus(self, dye: str, marker: str) -> PanelSpec:
        """Return this panel with one more stain, such as a viability dye."""
        return PanelSpec(self.name, (*self.stains, Stain(dye, marker)))

    def usual_spillover(self) -> npt.NDArray[np.float64]:
        """Return the matrix of the dyes at usual gains: row i is what dye i puts into each."""
        families = [_DYES[stain.dye] for stain in self.stains]
        matrix = np.array([[_SPILL.get(a, {}).get(b, 0.0) for b in families] for a in families])
        np.fill_diagonal(matrix, 1.0)
        return matrix


@dataclass(frozen=True, slots=True)
class Optics:
    """What a dye and its detector do to a signal.

    Attributes:
        brightness: decades above a dye of usual brightness.
        autofluorescence: background of an unstained lymphocyte, reference units.
        photon_unit: variance per signal, reference units: the signal of one photoelectron.
    """

    brightness: float
    autofluorescence: float
    photon_unit: float


_OPTICS = MappingProxyType(
    {
        "FITC": Optics(-0.15, 110.0, 10.0),
        "PE": Optics(0.20, 80.0, 6.0),
        "ECD": Optics(0.05, 75.0, 9.0),
        "PerCP-Cy5-5": Optics(-0.05, 60.0, 18.0),
        "PE-Cy7": Optics(0.10, 45.0, 16.0),
        "APC": Optics(0.10, 35.0, 10.0),
        "APC-R700": Optics(0.00, 35.0, 14.0),
        "APC-H7": Optics(-0.20, 40.0, 16.0),
        "BV421": Optics(0.20, 110.0, 9.0),
        "Pacific Blue": Optics(-0.20, 110.0, 9.0),
        "V500": Optics(-0.05, 160.0, 16.0),
        "BV605": Optics(0.05, 90.0, 12.0),
        "BV711": Optics(0.05, 55.0, 16.0),
        "BV786": Optics(0.00, 50.0, 22.0),
    }
)

# Dyes of other makers behave like one of the families above.
_DYES = MappingProxyType(
    {family: family for family in _OPTICS}
    | {
        "PerCP": "PerCP-Cy5-5",
        "PC5.5": "PerCP-Cy5-5",
        "PC7": "PE-Cy7",
        "APC-A700": "APC-R700",
        "APC-A750": "APC-H7",
        "PB450": "Pacific Blue",
        "V450": "Pacific Blue",
        "KO525": "V500",
        "V500-C": "V500",
        "SYTO 41": "Pacific Blue",
        "FVS700": "APC-R700",
    }
)

_SPILL: Mapping[str, Mapping[str, float]] = MappingProxyType({
    "FITC": {
        "PE": 0.15, "ECD": 0.04, "PerCP-Cy5-5": 0.012, "PE-Cy7": 0.003, "V500": 0.03,
        "BV605": 0.006,
    },
    "PE": {
        "FITC": 0.01, "ECD": 0.24, "PerCP-Cy5-5": 0.1, "PE-Cy7": 0.018, "BV605": 0.09,
        "BV711": 0.01,
    },
    "ECD": {"FITC": 0.002, "PE": 0.22, "PerCP-Cy5-5": 0.3, "PE-Cy7": 0.03, "APC": 0.02},
    "PerCP-Cy5-5": {
        "ECD": 0.004, "PE-Cy7": 0.09, "APC": 0.025, "APC-R700": 0.16, "APC-H7": 0.04,
        "BV711": 0.13, "BV786": 0.05,
    },
    "PE-Cy7": {
        "PE": 0.02, "ECD": 0.012, "PerCP-Cy5-5": 0.03, "APC-H7": 0.11, "BV786": 0.08,
        "APC": 0.002,
    },
    "APC": {"PerCP-Cy5-5": 0.015, "PE-Cy7": 0.004, "APC-R700": 0.32, "APC-H7": 0.06, "BV711": 0.02},
    "APC-R700": {"APC": 0.05, "APC-H7": 0.24, "PE-Cy7": 0.01, "PerCP-Cy5-5": 0.012, "BV711": 0.07},
    "APC-H7": {"APC": 0.04, "APC-R700": 0.04, "PE-Cy7": 0.12, "BV786": 0.06},
    "BV421": {"V500": 0.08, "BV605": 0.008},
    "Pacific Blue": {"V500": 0.2, "FITC": 0.003, "BV605": 0.01},
    "V500": {
        "FITC": 0.045, "PE": 0.01, "Pacific Blue": 0.025, "BV421": 0.025, "BV605": 0.28,
        "BV711": 0.03,
    },
    "BV605": {
        "PE": 0.08, "ECD": 0.16, "PerCP-Cy5-5": 0.03, "V500": 0.015, "BV421": 0.02,
        "BV711": 0.18, "BV786": 0.05,
    },
    "BV711": {
        "APC": 0.015, "APC-R700": 0.22, "APC-H7": 0.06, "PerCP-Cy5-5": 0.08, "PE-Cy7": 0.02,
        "BV421": 0.03, "BV786": 0.3,
    },
    "BV786": {"PE-Cy7": 0.06, "APC-H7": 0.1, "BV421": 0.03, "BV711": 0.06},
})  # fmt: skip
"""What a dye puts into the detectors of the others; those not named see nothing of it."""


def _panel(name: str, *pairs: tuple[str, str]) -> PanelSpec:
    return PanelSpec(name, tuple(Stain(dye, marker) for dye, marker in pairs))


RELAPSE_8 = _panel(
    "T-ALL intracellular, 8 colours",
    ("FITC", "TdT"),
    ("PE", "CD99"),
    ("PerCP-Cy5-5", "CD5"),
    ("PE-Cy7", "CD10"),
    ("APC", "CD7"),
    ("APC-H7", "CD3"),
    ("Pacific Blue", "cyCD3"),
    ("V500", "CD45"),
)
"""Backbone and tube 1 of the EuroFlow T-ALL panel, with CD7 in the place of CD1a."""

MRD_10 = _panel(
    "T-ALL surface, 10 colours",
    ("FITC", "CD16+CD56"),
    ("PE", "CD7"),
    ("PerCP-Cy5-5", "CD34"),
    ("PE-Cy7", "CD5"),
    ("APC", "CD38"),
    ("APC-H7", "CD3"),
    ("BV421", "CD99"),
    ("V500-C", "CD45"),
    ("BV605", "CD4"),
    ("BV711", "CD8"),
)
"""A surface tube for measurable residual disease: NK cells can be told apart."""

MRD_CY_10 = _panel(
    "T-ALL surface and cytoplasmic, 10 colours",
    ("FITC", "TdT"),
    ("PE", "CD99"),
    ("PerCP-Cy5-5", "CD34"),
    ("PE-Cy7", "CD5"),
    ("APC", "CD7"),
    ("APC-H7", "CD3"),
    ("BV421", "cyCD3"),
    ("V500-C", "CD45"),
    ("BV605", "CD16+CD56"),
    ("BV711", "CD38"),
)
"""A tube for measurable residual disease with cytoplasmic CD3."""

SURFACE_10 = _panel(
    "T-ALL surface, 10 colours, Beckman Coulter dyes",
    ("FITC", "CD99"),
    ("PE", "CD34"),
    ("ECD", "CD4"),
    ("PC5.5", "CD56"),
    ("PC7", "CD5"),
    ("APC", "CD38"),
    ("APC-A700", "CD7"),
    ("APC-A750", "CD8"),
    ("PB450", "CD3"),
    ("KO525", "CD45"),
)
"""A surface tube in the dyes of a DxFLEX or Navios."""

B_LINEAGE_8 = _panel(
    "B lineage, 8 colours",
    ("FITC", "CD20"),
    ("PE", "CD10"),
    ("PerCP-Cy5-5", "CD34"),
    ("PE-Cy7", "CD19"),
    ("APC", "CD38"),
    ("APC-H7", "CD3"),
    ("Pacific Blue", "HLA-DR"),
    ("V500", "CD45"),
)
"""A tube for B lineage: no CD5."""

FOUR_COLOUR = _panel(
    "T lineage, 4 colours", ("FITC", "CD7"), ("PE", "CD5"), ("PerCP", "CD45"), ("APC", "CD3")
)
"""The four colours of an analogue instrument."""
