"""The simulated series that benchmarks share: one group of tubes for each thing that varies."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from cd5flow import simulate as sim
from cd5flow.model.result import Pattern, Specimen

Tubes = Iterator[tuple[str, sim.TubeSpec]]

PANELS = {"relapse8": sim.RELAPSE_8, "surface10": sim.SURFACE_10}
PHENOTYPES: dict[str, dict[str, float | None]] = {
    "cd7neg": {"cd7_level": None},
    "cd56": {"cd56_level": 3.6},
    "scd3dim": {"scd3_level": sim.SCD3_DIM_LEVEL},
    "scd3bright": {"scd3_level": sim.SCD3_BRIGHT_LEVEL},
    "cycd3dim": {"cycd3_level": 3.2},
    "big": {"fsc": 95_000.0, "ssc": 32_000.0, "autofluorescence": 2.2},
    "small": {"fsc": 52_000.0, "ssc": 17_000.0, "autofluorescence": 1.0},
}


class Series:
    """Makes tubes, each with a seed of its own."""

    def __init__(self, seed: int) -> None:
        self.seed, self.number = seed, 0
        self.base = sim.TubeSpec(name="base", events=25_000, seed=seed)

    def tube(self, group: str, tag: str, **changes: object) -> tuple[str, sim.TubeSpec]:
        """Return a tube that differs from the base in what is named."""
        self.number += 1
        name, seed = f"{group}-{tag}", self.seed * 1000 + self.number
        return group, dataclasses.replace(self.base, name=name, seed=seed, **changes)

    def blasts(self, **changes: object) -> sim.BlastSpec:
        """Return blasts that differ from the base's in what is named."""
        return dataclasses.replace(self.base.blasts, **changes)


def relapse_tubes(seed: int) -> Tubes:
    """Yield every group."""
    series = Series(seed)
    for group in (
        _gains,
        _cd45_levels,
        _junk,
        _numbers,
        _cd5,
        _phenotypes,
        _instruments,
        _specimens,
    ):
        yield from group(series)


def _gains(series: Series) -> Tubes:
    for shift in (-0.3, -0.2, -0.1, 0.1, 0.2, 0.3):
        yield series.tube("gain", f"{shift:+}", gain_shift_decades=shift)
    for marker in ("CD45", "CD3", "cyCD3", "CD7", "CD5"):
        for shift in (-0.2, 0.2):
            shifts = {marker: shift}
            yield series.tube("channel", f"{marker}{shift:+}", channel_shifts_decades=shifts)
    for shift in (-0.2, 0.2):
        yield series.tube("scatter", f"{shift:+}", scatter_shift_decades=shift)


def _cd45_levels(series: Series) -> Tubes:
    low, high = sim.ERYTHROID_CD45_LEVEL + 0.3, sim.T_CELL_CD45_LEVEL - 0.3
    for level in np.linspace(low, high, 7):
        blasts = series.blasts(cd45_level=float(level))
        yield series.tube("cd45", f"{level:.2f}", blasts=blasts)
        yield series.tube("cd45 of 15 %", f"{level:.2f}", blasts=blasts, blast_percent=15.0)


def _junk(series: Series) -> Tubes:
    for percent in (20.0, 30.0, 40.0):
        yield series.tube("debris", f"{percent:g}", debris_percent=percent)
    for percent in (8.0, 12.0, 15.0):
        yield series.tube("doublets", f"{percent:g}", doublet_percent=percent)


def _numbers(series: Series) -> Tubes:
    for percent in (0.5, 2.0, 30.0, 60.0):
        cells = sim.MARROW.with_percent(t_cells=percent)
        yield series.tube("t-cells", f"{percent:g}", composition=cells, blast_percent=30.0)
    for events in (5_000, 10_000, 100_000, 500_000):
        yield series.tube("events", str(events), events=events)
    for percent in (2.0, 6.0, 10.0, 25.0, 85.0, 95.0):
        yield series.tube("burden", f"{percent:g}", blast_percent=percent)


def _cd5(series: Series) -> Tubes:
    for pattern in Pattern:
        for word, panel in PANELS.items():
            blasts = series.blasts(cd5=pattern)
            yield series.tube("pattern", f"{pattern.value}-{word}", blasts=blasts, panel=panel)
    for share in (50.0, 60.0, 66.0, 74.0, 80.0, 90.0):
        yield series.tube("share", f"{share:g}", blasts=series.blasts(cd5_carriers_percent=share))


def _phenotypes(series: Series) -> Tubes:
    for tag, changes in PHENOTYPES.items():
        blasts = series.blasts(**changes)
        yield series.tube("phenotype", tag, blasts=blasts)
        yield series.tube("phenotype", f"{tag}-12pct", blasts=blasts, blast_percent=12.0)


def _instruments(series: Series) -> Tubes:
    for instrument in (sim.CANTO, sim.DXFLEX, sim.NAVIOS):
        for word, panel in PANELS.items():
            name = f"{instrument.name}-{word}"
            yield series.tube("instrument", name, instrument=instrument, panel=panel)


def _specimens(series: Series) -> Tubes:
    cells = {"blood": sim.BLOOD, "regenerating": sim.REGENERATING_MARROW, "marrow": sim.MARROW}
    for tag, composition in cells.items():
        for word, panel in PANELS.items():
            changes = {"composition": composition, "panel": panel}
            yield series.tube("specimen", f"{tag}-{word}", blast_percent=20.0, **changes)
            yield series.tube("none", f"{tag}-{word}", blast_percent=0.0, **changes)


MRD_PANELS = {"surface": sim.MRD_10, "cytoplasmic": sim.MRD_CY_10}
RICH: dict[str, dict[str, float]] = {
    "usual": {},
    "b-precursors": {"b_precursors_early": 8.0, "b_precursors_late": 28.0},
    "nk": {"nk_cells": 14.0},
    "progenitors": {"progenitors": 6.0},
    "t-cells": {"t_cells": 55.0},
    "few-t-cells": {"t_cells": 1.5},
    "basophils": {"basophils": 3.0, "plasmacytoid_dendritic": 1.5},
    "cd5-negative-t": {"t_cells_cd5_negative": 2.0},
}
JUNK: dict[str, dict[str, float]] = {
    "debris": {"debris_percent": 35.0},
    "doublets": {"doublet_percent": 14.0},
    "dead": {"dead_percent": 9.0},
}
MRD_BLASTS: dict[str, dict[str, float | None]] = {
    "usual": {},
    "cd45-low": {"cd45_level": 3.0},
    "cd45-high": {"cd45_level": 4.05},
    "cd56": {"cd56_level": 3.6},
    "lost-immaturity": {"tdt_level": None, "cd99_level": 2.9, "cd34_percent": 0.0},
}


def blank_mrd_tubes(seed: int, *, events: int = 300_000) -> Tubes:
    """Yield 60 follow-up tubes without disease, rich in one thing or another."""
    series = Series(seed)
    specimens = {"marrow": sim.MARROW, "regenerating": sim.REGENERATING_MARROW, "blood": sim.BLOOD}
    instruments = (sim.LSR, sim.CANTO, sim.DXFLEX, sim.NAVIOS)
    for word, panel in MRD_PANELS.items():
        for place, (specimen, cells) in enumerate(specimens.items()):
            for i, (tag, change) in enumerate(RICH.items()):
                if specimen == "blood" and tag in {"b-precursors", "progenitors"}:
                    continue
                yield series.tube(
                    f"none {word}",
                    f"{specimen}-{tag}",
                    panel=panel,
                    events=events,
                    blast_percent=0.0,
                    composition=cells.with_percent(**change) if change else cells,
                    instrument=instruments[(i + place) % 4],
                    specimen=Specimen.PERIPHERAL_BLOOD
                    if specimen == "blood"
                    else Specimen.BONE_MARROW,
                )
        for tag, junk in JUNK.items():
            for specimen in ("marrow", "regenerating"):
                yield series.tube(
                    f"none {word}",
                    f"{specimen}-{tag}",
                    panel=panel,
                    events=events,
                    blast_percent=0.0,
                    composition=specimens[specimen],
                    **junk,
                )
        for specimen in ("marrow", "regenerating"):
            yield series.tube(
                f"none {word}",
                f"{specimen}-gain",
                panel=panel,
                events=events,
                blast_percent=0.0,
                composition=specimens[specimen],
                gain_shift_decades=0.25 if specimen == "marrow" else -0.25,
            )


def mrd_tubes(seed: int, *, events: int = 1_000_000) -> Tubes:
    """Yield follow-up tubes with disease from 1 % down, of several phenotypes."""
    series = Series(seed)
    shares = (50.0, 60.0, 80.0, 92.0)
    for word, panel in MRD_PANELS.items():
        for i, (tag, change) in enumerate(MRD_BLASTS.items()):
            for j, percent in enumerate((1.0, 0.3, 0.1, 0.03, 0.01, 0.005)):
                yield series.tube(
                    f"{word} {percent:g} %",
                    f"{tag}",
                    panel=panel,
                    events=events,
                    blast_percent=percent,
                    composition=sim.REGENERATING_MARROW if (i + j) % 2 else sim.MARROW,
                    blasts=series.blasts(cd5_carriers_percent=shares[(i + j) % 4], **change),
                )
