"""One patient's specimen on one day and one cytometer: what its tubes and controls share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from clinic_cells import (
    MATURATION,
    NORMAL,
    REST,
    T_SUBSETS,
    THYMOCYTE,
    Clone,
    Kind,
    aml_kind,
    clone_kind,
)
from clinic_families import Value, draw_clones, undecidable
from clinic_panels import (
    CYTOMETERS,
    PANELS,
    Cytometer,
    Floats,
    Matrix,
    Panel,
    name_channels,
    noise_of,
    spill_matrix,
)

REGENERATING: Final = {
    "haematogone_1": 6.0, "haematogone_2": 6.0, "haematogone_3": 3.0, "immature_granulocyte": 2.0,
    "nk_bright": 3.0, "nk_dim": 1.5, "myeloblast": 2.0, "monocyte": 1.5, "erythroblast": 1.5,
}  # fmt: skip
"""How much commoner each is in a marrow that recovers (hyperplastic precursors [M], sizes [R])."""


@dataclass(frozen=True)
class Specimen:
    """Everything that is the same in every tube of a specimen; arrays are kinds x antigens."""

    settings: Mapping[str, Value]
    panel: Panel
    cytometer: Cytometer
    clones: tuple[Clone, ...]
    undecidable: str
    kinds: tuple[Kind, ...]
    weights: Matrix
    antigens: tuple[str, ...]
    mode: Floats
    sd: Floats
    other: Floats
    share: Floats
    skew: Floats
    tail: Floats
    route: Floats
    spill: Matrix
    spill_file: Matrix
    photons: Floats
    glow: Floats
    electronic: Floats
    fsc_gain: float
    ssc_gain: float
    channels: tuple[tuple[str, str], ...]
    detectors: tuple[str, ...]

    @property
    def cd5(self) -> int:
        """Position of CD5 among the detectors of dyes."""
        return next(i for i, (_, marker) in enumerate(self.panel.stains) if marker == "CD5")

    @property
    def maturation(self) -> Floats:
        """Levels of thymocytes by stage, stages x antigens."""
        usual = (1.3,) * 6
        return np.asarray([MATURATION.get(a, usual) for a in self.antigens], np.float32).T


def _composition(
    settings: Mapping[str, Value], clones: tuple[Clone, ...], rng: np.random.Generator
) -> list[tuple[Kind, float]]:
    """Return kinds with their shares of nucleated single cells, as fractions of one."""
    burden = float(settings["burden"]) / 100
    thymic = float(settings["thymocytes"]) / 100 * (1 - burden)
    myeloid = float(settings["aml"]) / 100
    parts: list[tuple[Kind, float]] = []
    if clones:
        second = float(settings["second_share"]) / 100 if len(clones) > 1 else 0.0
        for number, (clone, part) in enumerate(
            zip(clones, (1 - second, second), strict=False), start=1
        ):
            parts.append((clone_kind(clone, number, rng), burden * part))
    if thymic:
        parts.append((THYMOCYTE, thymic))
    if myeloid:
        aml = aml_kind(float(settings["aml_cd7"]), float(settings["aml_cd34"]), rng)
        parts.append((aml, myeloid))
    normal = 1 - burden - thymic - myeloid
    t_cells, grans = float(settings["t_cells"]) / 100, float(settings["granulocytes"]) / 100
    over = max(1.0, (t_cells + grans) / 0.95)
    t_cells, grans = t_cells / over, grans / over
    subsets = rng.dirichlet([30 * w for w in T_SUBSETS.values()])
    parts += [
        (NORMAL[name], normal * t_cells * part)
        for name, part in zip(T_SUBSETS, subsets.tolist(), strict=True)
    ]
    parts.append((NORMAL["granulocyte"], normal * grans))
    rest = {k: v * rng.lognormal(0, 0.4) for k, v in REST[str(settings["specimen"])].items()}
    if settings["regenerating"]:
        rest = {k: v * REGENERATING.get(k, 1.0) for k, v in rest.items()}
    if not grans:
        rest.pop("immature_granulocyte", None)
        rest.pop("eosinophil", None)
    whole = sum(rest.values())
    return parts + [
        (NORMAL[name], normal * (1 - t_cells - grans) * part / whole) for name, part in rest.items()
    ]


def _add_others(
    parts: list[tuple[Kind, float]], settings: Mapping[str, Value]
) -> list[tuple[Kind, float]]:
    """Append dead cells, debris and red cells, shares now of all single events."""
    dead, debris = float(settings["dead"]) / 100, float(settings["debris"]) / 100
    cells = 1 - dead - debris
    return [(kind, part * cells) for kind, part in parts] + [
        (NORMAL["dead"], dead),
        (NORMAL["debris"], debris * 0.8),
        (NORMAL["red_cell"], debris * 0.2),
    ]


def make_specimen(settings: Mapping[str, Value], rng: np.random.Generator) -> Specimen:
    """Draw a specimen: its cells, and the day's staining, spillover and gains.

    Day to day, each reagent's brightness shifts by 0.07 decades (about 17 %), scatter gains by
    8 and 10 %; each population of a donor stands 0.05 decades aside, with spreads 15 % wider or
    narrower; the file's matrix misses the true one by `matrix_error` percent
    of each coefficient. [R]
    """
    panel, cytometer = PANELS[str(settings["panel"])], CYTOMETERS[str(settings["cytometer"])]
    clones = draw_clones(dict(settings), rng)
    parts = _add_others(_composition(settings, clones, rng), settings)
    kinds = tuple(kind for kind, _ in parts)
    weights = np.asarray([max(part, 0.0) for _, part in parts])
    antigens = tuple(a for _, label in panel.stains for a in label.split("+"))
    table = np.asarray([[k.level(a) for a in antigens] for k in kinds], np.float32)
    shape = table.shape[:2]
    mode, sd = table[..., 0], table[..., 1]
    donor = rng.normal(0, 0.05, shape) * (mode > 2)
    day = np.log10(cytometer.light) + rng.normal(0, 0.07, len(antigens))
    spill = spill_matrix(panel, rng)
    wrong = 1 + rng.normal(0, float(settings["matrix_error"]) / 100, spill.shape)
    np.fill_diagonal(wrong, 1.0)
    photons, glow = noise_of(panel)
    route = np.asarray(
        [[a in label.split("+") for _, label in panel.stains] for a in antigens], np.float32
    )
    # Left-skewed more often than right, as stains on a log scale are; never 0, it divides. [R]
    skew = np.clip(rng.normal(-0.08, 0.12, shape), -0.3, 0.2)
    skew = np.where(np.abs(skew) < 0.01, 0.01, skew)
    channels, detectors = name_channels(panel, cytometer, rng)
    return Specimen(
        settings=dict(settings),
        panel=panel,
        cytometer=cytometer,
        clones=clones,
        undecidable=undecidable(settings, clones),
        kinds=kinds,
        weights=weights / weights.sum(),
        antigens=antigens,
        mode=(mode + donor + day).astype(np.float32),
        sd=(sd * rng.lognormal(0, 0.15, shape)).astype(np.float32),
        other=(table[..., 2] + day).astype(np.float32),
        share=table[..., 3],
        skew=skew.astype(np.float32),
        tail=rng.uniform(5.0, 14.0, len(kinds)).astype(np.float32),
        route=route,
        spill=spill,
        spill_file=spill * wrong,
        photons=photons * cytometer.light,
        glow=glow * np.float32(cytometer.light) * rng.lognormal(0, 0.15, glow.shape).astype("f4"),
        electronic=(rng.uniform(25, 55, glow.shape) * cytometer.light).astype(np.float32),
        fsc_gain=float(cytometer.fsc * rng.lognormal(0, 0.08)),
        ssc_gain=float(cytometer.ssc * rng.lognormal(0, 0.10)),
        channels=tuple(channels),
        detectors=tuple(detectors),
    )
