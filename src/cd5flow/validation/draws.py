"""Tubes drawn at random: donors, phenotypes, panels and instruments as they vary between patients.

The ranges are wide on purpose and are nobody's measurement: they are where the gates are asked to hold.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from cd5flow import simulate as sim
from cd5flow.model.result import Pattern, Specimen

PLACES: Final = (
    (sim.LSR, sim.RELAPSE_8),
    (sim.CANTO, sim.RELAPSE_8),
    (sim.LSR, sim.MRD_CY_10),
    (sim.DXFLEX, sim.SURFACE_10),
    (sim.NAVIOS, sim.SURFACE_10),
    (sim.CANTO, sim.MRD_10),
    (sim.LSR, sim.RELAPSE_8.plus("FVS700", "viability")),
)
"""Instruments with a panel that is run on them."""

_CD7_NEGATIVE: Final = 0.12
_CD56_POSITIVE: Final = 0.14
_SURFACE_CD3_DIM: Final = 0.15
_SPECIMENS: Final = (
    (Specimen.BONE_MARROW, sim.MARROW),
    (Specimen.BONE_MARROW, sim.REGENERATING_MARROW),
    (Specimen.PERIPHERAL_BLOOD, sim.BLOOD),
)


def drawn_tube(name: str, rng: np.random.Generator, *, events: int, seed: int) -> sim.TubeSpec:
    """Return a relapse tube of which everything but CD5 is drawn.

    Args:
        name: of the tube.
        rng: draws what is not of the tube's own seed; equal states give equal tubes.
        events: in the file.
        seed: of the tube itself.
    """
    instrument, panel = PLACES[int(rng.integers(len(PLACES)))]
    specimen, composition = _SPECIMENS[int(rng.choice(len(_SPECIMENS), p=(0.6, 0.2, 0.2)))]
    t_cells = 10 ** rng.uniform(np.log10(4.0), np.log10(45.0))
    shifted = rng.choice(panel.markers, size=2, replace=False)
    return sim.TubeSpec(
        name=name,
        panel=panel,
        instrument=instrument,
        events=events,
        specimen=specimen,
        composition=composition.with_percent(t_cells=float(t_cells)),
        blasts=_drawn_blasts(rng),
        blast_percent=float(10 ** rng.uniform(np.log10(12.0), np.log10(92.0))),
        debris_percent=float(rng.uniform(4.0, 22.0)),
        erythroid_percent=float(rng.uniform(1.0, 10.0)),
        dead_percent=float(rng.uniform(0.5, 6.0)),
        doublet_percent=float(rng.uniform(1.5, 9.0)),
        gain_shift_decades=float(rng.normal(0.0, 0.07)),
        channel_shifts_decades={
            str(marker): float(shift)
            for marker, shift in zip(shifted, rng.normal(0.0, 0.08, 2), strict=True)
        },
        seed=seed,
    )


def with_pattern(
    spec: sim.TubeSpec, pattern: Pattern, percent: float, rng: np.random.Generator
) -> sim.TubeSpec:
    """Return a tube whose blasts carry CD5 in a pattern, about `percent` of them above background.

    Where all blasts carry some CD5 (dim, heterogeneous) the percentage follows from how much; it is
    set by the level, and the truth of the tube is counted, not assumed.
    """
    match pattern:
        case Pattern.PARTIAL:
            change = {"cd5_carriers_percent": percent, "cd5_level": float(rng.uniform(3.45, 3.9))}
        case Pattern.BRIGHT:
            change = {"cd5_carriers_percent": percent, "cd5_level": float(rng.uniform(3.95, 4.15))}
        case Pattern.DIM:
            change = {"cd5_level": 2.3 + 0.8 * percent / 100, "cd5_spread": 0.22}
        case Pattern.HETEROGENEOUS:
            change = {"cd5_level": 2.0 + 1.4 * percent / 100}
        case Pattern.NEGATIVE:
            change = {"cd5_carriers_percent": 0.0}
    return replace(spec, blasts=replace(spec.blasts, cd5=pattern, **change))


def _drawn_blasts(rng: np.random.Generator) -> sim.BlastSpec:
    size = float(rng.uniform(0.75, 1.3))
    return sim.BlastSpec(
        cd45_level=float(rng.uniform(3.05, 4.05)),
        cd7_level=None if rng.random() < _CD7_NEGATIVE else float(rng.uniform(3.7, 4.35)),
        cd56_level=float(rng.uniform(3.2, 3.7)) if rng.random() < _CD56_POSITIVE else None,
        scd3_level=sim.SCD3_DIM_LEVEL if rng.random() < _SURFACE_CD3_DIM else None,
        cycd3_level=float(rng.uniform(3.4, 4.0)),
        tdt_level=float(rng.uniform(2.9, 3.6)),
        cd99_level=float(rng.uniform(3.2, 4.0)),
        cd34_percent=float(rng.uniform(0.0, 80.0)),
        cd10_percent=float(rng.uniform(0.0, 40.0)),
        cd4_percent=float(rng.uniform(0.0, 90.0)),
        cd8_percent=float(rng.uniform(0.0, 90.0)),
        fsc=70_000.0 * size,
        ssc=22_000.0 * float(size * rng.uniform(0.9, 1.15)),
        autofluorescence=float(rng.uniform(1.0, 2.2)),
    )
