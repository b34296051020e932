"""The tubes of a validation: accuracy, dilution, blanks, and tubes whose events are drawn anew.

Each tube has a seed of its own from the validation's; what differs between tubes of one series is
spread over them in order, not drawn, so that a small series covers the same ground as a large one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from cd5flow import simulate as sim
from cd5flow.model.names import T_CELLS
from cd5flow.model.result import Pattern, Specimen, Timepoint
from cd5flow.validation.synthetic.plan import Series, Size
from cd5flow.validation.synthetic.rows import Arm, SeriesKind

PATTERNS: Final = tuple(Pattern)
_CHUNK: Final = 5
"""Draws that one job makes of a tube: simulating it anew for each would cost as much again."""

_EDGE: Final = 1.5
"""A level nearer than this factor to the lower limit of quantification is left to that limit."""

_DILUTED: Final = (
    ("surface panel", sim.CANTO, sim.MRD_10, sim.MARROW, 3.55),
    ("cytoplasmic panel", sim.LSR, sim.MRD_CY_10, sim.REGENERATING_MARROW, 3.3),
)
"""Dilutions: name, instrument, panel, the marrow that dilutes, CD45 of the diluted blasts."""

_RICH: Final[tuple[tuple[str, dict[str, float]], ...]] = (
    ("usual", {}),
    ("B precursors", {"b_precursors_early": 7.0, "b_precursors_late": 26.0}),
    ("NK cells", {"nk_cells": 12.0}),
    ("progenitors", {"progenitors": 5.0}),
    ("T cells", {T_CELLS: 50.0}),
    ("few T cells", {T_CELLS: 2.0}),
    ("dendritic cells, basophils", {"basophils": 3.0, "plasmacytoid_dendritic": 1.5}),
    ("CD5-negative T cells", {"t_cells_cd5_negative": 2.0}),
)
_JUNK: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("debris", {"debris_percent": 33.0}),
    ("doublets", {"doublet_percent": 13.0}),
    ("dead cells", {"dead_percent": 9.0}),
)
_BLANK_PLACES: Final = (
    (sim.CANTO, sim.MRD_10),
    (sim.LSR, sim.MRD_CY_10),
    (sim.DXFLEX, sim.MRD_10),
    (sim.NAVIOS, sim.MRD_CY_10),
)
_BLANK_SPECIMENS: Final = (
    ("regenerating marrow", Specimen.BONE_MARROW, sim.REGENERATING_MARROW),
    ("marrow", Specimen.BONE_MARROW, sim.MARROW),
    ("blood", Specimen.PERIPHERAL_BLOOD, sim.BLOOD),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TubeJob:
    """One tube to be simulated and analysed.

    Attributes:
        kind: which series it belongs to.
        group: what it shares with others of the series, in words.
        spec: the tube.
        timepoint: as which it is analysed.
        arms: with which controls; one row each.
        level: percent that it was made for; None where there is no level.
        draws: numbers of the draws of its events; None is the tube itself.
    """

    kind: SeriesKind
    group: str
    spec: sim.TubeSpec
    timepoint: Timepoint
    arms: tuple[Arm, ...] = (Arm.NONE,)
    level: float | None = None
    draws: tuple[int, ...] | None = None

    @property
    def name(self) -> str:
        """The tube's, with its first draw."""
        return self.spec.name if self.draws is None else f"{self.spec.name} draw {self.draws[0]}"


def jobs_of(series: Series, size: Size, *, lloq_events: int, seed: int) -> tuple[TubeJob, ...]:
    """Return every tube of a validation, in the order of the report.

    Args:
        series: levels.
        size: how many tubes, and how large.
        lloq_events: blasts that the strategy asks for before a share is a result.
        seed: of everything.
    """
    return (
        *accuracy_jobs(size, seed=seed),
        *dilution_jobs(series, size, lloq_events=lloq_events, seed=seed),
        *blank_jobs(size, seed=seed),
        *precision_jobs(series, size, lloq_events=lloq_events, seed=seed),
    )


def accuracy_jobs(size: Size, *, seed: int) -> Iterator[TubeJob]:
    """Yield relapse tubes of every CD5 pattern in turn, their CD5 spread over the whole range."""
    turns = math.ceil(size.accuracy / len(PATTERNS))
    for i in range(size.accuracy):
        pattern, turn = PATTERNS[i % len(PATTERNS)], i // len(PATTERNS)
        rng = np.random.default_rng([seed, 1, i])
        percent = 2.0 + 96.0 * (turn + float(rng.random())) / turns
        name = f"accuracy-{i + 1:04d}"
        spec = drawn_tube(name, rng, events=size.overt_events, seed=_seed(seed, 1, i))
        yield TubeJob(
            kind=SeriesKind.ACCURACY,
            group=pattern.value,
            spec=with_pattern(spec, pattern, percent, rng),
            timepoint=Timepoint.RELAPSE,
            arms=(Arm.FMO, Arm.NONE),
        )


def dilution_jobs(series: Series, size: Size, *, lloq_events: int, seed: int) -> Iterator[TubeJob]:
    """Yield tubes of one patient's blasts in a marrow without disease, level by level."""
    for place, (name, *_) in enumerate(_DILUTED):
        base = _diluted(place, size, seed=seed)
        lloq = lloq_percent(base, lloq_events)
        for step, level in enumerate(levels_down_to(lloq, series.dilution.levels_percent)):
            for tube in range(size.level):
                yield TubeJob(
                    kind=SeriesKind.DILUTION,
                    group=name,
                    spec=replace(
                        base,
                        name=f"dilution-{place + 1}-{step + 1}-{tube + 1:02d}",
                        blast_percent=level,
                        seed=_seed(seed, 2, place, step, tube),
                    ),
                    timepoint=Timepoint.MRD,
                    level=level,
                )


def blank_jobs(size: Size, *, seed: int) -> Iterator[TubeJob]:
    """Yield tubes without disease, each rich in something that looks like it."""
    kinds = len(_RICH) + len(_JUNK)
    for i in range(size.blank):
        kind = i % kinds
        word, specimen, cells = _BLANK_SPECIMENS[i % len(_BLANK_SPECIMENS)]
        instrument, panel = _BLANK_PLACES[(i + i // kinds) % len(_BLANK_PLACES)]
        junk: dict[str, Any] = {}
        if kind < len(_RICH):
            rich, change = _RICH[kind]
            cells = cells.with_percent(**change) if change else cells
        else:
            rich, junk = _JUNK[kind - len(_RICH)]
        spec = sim.TubeSpec(
            name=f"blank-{i + 1:04d}",
            panel=panel,
            instrument=instrument,
            events=size.burden_events,
            specimen=specimen,
            composition=cells,
            blast_percent=0.0,
            seed=_seed(seed, 3, i),
        )
        yield TubeJob(
            kind=SeriesKind.BLANK,
            group=f"{word}: {rich}",
            spec=replace(spec, **junk),
            timepoint=Timepoint.MRD,
        )


def precision_jobs(series: Series, size: Size, *, lloq_events: int, seed: int) -> Iterator[TubeJob]:
    """Yield tubes whose events are drawn anew, a few draws a job."""
    overt = sim.TubeSpec(
        name="precision", events=size.overt_events, seed=_seed(seed, 4), instrument=sim.CANTO
    )
    for percent in series.precision.cd5_percent:
        blasts = replace(overt.blasts, cd5_carriers_percent=percent)
        spec = replace(overt, name=f"precision-cd5-{percent:g}", blasts=blasts)
        yield from _drawn_anew(SeriesKind.PRECISION_CD5, spec, percent, size, arm=Arm.FMO)
    residual = replace(_diluted(0, size, seed=seed), seed=_seed(seed, 5))
    lloq = lloq_percent(residual, lloq_events)
    for level in levels_down_to(lloq, series.precision.burden_percent):
        spec = replace(residual, name=f"precision-burden-{level:.3g}", blast_percent=level)
        yield from _drawn_anew(SeriesKind.PRECISION_BURDEN, spec, level, size, arm=Arm.NONE)


def _drawn_anew(
    kind: SeriesKind, spec: sim.TubeSpec, level: float, size: Size, *, arm: Arm
) -> Iterator[TubeJob]:
    for start in range(0, size.resamples, _CHUNK):
        yield TubeJob(
            kind=kind,
            group=f"{level:.3g} %",
            spec=spec,
            timepoint=Timepoint.RELAPSE if kind is SeriesKind.PRECISION_CD5 else Timepoint.MRD,
            arms=(arm,),
            level=level,
            draws=tuple(range(start, min(start + _CHUNK, size.resamples))),
        )


def lloq_percent(spec: sim.TubeSpec, lloq_events: int) -> float:
    """Return the lower limit of quantification of a tube as it is made, percent."""
    lost = (
        spec.debris_percent + spec.erythroid_percent + spec.dead_percent + spec.doublet_percent
    ) / 100
    return min(100.0 * lloq_events / (spec.events * (1 - lost)), 100.0)


def levels_down_to(lloq: float, levels: tuple[float, ...]) -> tuple[float, ...]:
    """Return the levels above the lower limit of quantification, and that limit last."""
    return (*(level for level in levels if level > _EDGE * lloq), lloq)


def _diluted(place: int, size: Size, *, seed: int) -> sim.TubeSpec:
    """Return a dilution's tube; all of one dilution are of one donor and one day."""
    name, instrument, panel, cells, cd45 = _DILUTED[place]
    return sim.TubeSpec(
        name=name,
        panel=panel,
        instrument=instrument,
        events=size.burden_events,
        composition=cells,
        blasts=sim.BlastSpec(cd5_carriers_percent=85.0, cd45_level=cd45),
        donor_seed=_seed(seed, 2, place),
    )


def _seed(*parts: int) -> int:
    """Return a seed that differs wherever a part does."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


# Donors, phenotypes, panels and instruments as they vary between patients. The ranges are wide on
# purpose and are nobody's measurement: they are where the gates are asked to hold.

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
