"""The sample set: twelve small tubes that show what cd5flow answers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from cd5flow.model.result import Pattern, PriorTherapy, Specimen, Timepoint
from cd5flow.simulate.blasts import SCD3_DIM_LEVEL, BlastSpec
from cd5flow.simulate.instruments import CALIBUR, CANTO, DXFLEX
from cd5flow.simulate.panels import B_LINEAGE_8, FOUR_COLOUR, MRD_10, RELAPSE_8, SURFACE_10
from cd5flow.simulate.perfect import with_cd5_percent
from cd5flow.simulate.populations import BLOOD, MARROW, REGENERATING_MARROW
from cd5flow.simulate.tube import Clog, TubeSpec, fmo

SAMPLE_SEED = 5
"""The seed of the tubes in the repository's ``sample_fcs``."""

_FIRST_DAY = dt.date(2026, 1, 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One tube of the set.

    Attributes:
        spec: the tube.
        partner: its FMO tube, if the set holds one.
        timepoint, prior_therapy: for the sheet.
    """

    spec: TubeSpec
    partner: TubeSpec | None = None
    timepoint: Timepoint = Timepoint.RELAPSE
    prior_therapy: tuple[PriorTherapy, ...] = ()

    @property
    def patient(self) -> str:
        """The patient's code."""
        return self.spec.name.split("-")[0].upper()


def sample_set(seed: int = SAMPLE_SEED) -> tuple[Sample, ...]:
    """Return the tubes of the set; `simulate_tube` gives each with its truth event by event.

    Args:
        seed: of the set; each tube has its own from it.
    """
    return (*_plain(seed), *_variants(seed), *_other_questions(seed))


def _tube(number: int, name: str, seed: int, **settings: Any) -> TubeSpec:
    spec = TubeSpec(
        name=f"p{number:02d}-{name}",
        seed=1_000 * seed + number,
        acquired=_FIRST_DAY + dt.timedelta(days=number),
    )
    return replace(spec, **settings)


def _plain(seed: int) -> tuple[Sample, ...]:
    clear = _tube(
        1, "clear-positive", seed,
        events=12_000, blast_percent=65.0, blasts=BlastSpec(cd5=Pattern.BRIGHT),
    )  # fmt: skip
    below = with_cd5_percent(_tube(2, "borderline-69", seed, events=14_000, instrument=CANTO), 69.0)
    above = with_cd5_percent(
        _tube(
            3, "borderline-71", seed,
            events=14_000,
            panel=RELAPSE_8.plus("FVS700", "viability"),
            dead_percent=5.0,
            composition=MARROW.with_percent(t_cells=30.0),
            blasts=BlastSpec(cd45_level=3.95, cd7_level=3.9),
        ),
        71.0,
    )  # fmt: skip
    dim = _tube(
        4, "cd5-dim", seed,
        events=12_000,
        blast_percent=70.0,
        blasts=BlastSpec(cd5=Pattern.DIM, cd5_level=2.95, cd45_level=3.6),
    )  # fmt: skip
    negative = _tube(
        5, "cd5-negative-four-colour", seed,
        events=20_000,
        instrument=CALIBUR,
        panel=FOUR_COLOUR,
        blast_percent=45.0,
        blasts=BlastSpec(cd5=Pattern.NEGATIVE, cd45_level=3.7),
    )  # fmt: skip
    return tuple(_paired(spec) for spec in (clear, below, above, dim, negative))


def _variants(seed: int) -> tuple[Sample, ...]:
    cd7_negative = _tube(
        6, "cd7-negative", seed,
        events=12_000,
        blast_percent=40.0,
        blasts=BlastSpec(cd7_level=None, cd5_carriers_percent=86.0, cd45_level=3.85),
    )  # fmt: skip
    cd56 = _tube(
        7, "cd56-positive", seed,
        events=15_000,
        instrument=DXFLEX,
        panel=SURFACE_10,
        blast_percent=35.0,
        blasts=BlastSpec(cd56_level=3.4, cd5_carriers_percent=90.0, cd5_level=3.6),
    )  # fmt: skip
    scd3 = _tube(
        8, "scd3-dim", seed,
        events=12_000,
        instrument=CANTO,
        blast_percent=55.0,
        blasts=BlastSpec(
            scd3_level=SCD3_DIM_LEVEL, cd5_carriers_percent=84.0, cd34_percent=5.0, tdt_level=2.9
        ),
    )  # fmt: skip
    blood = _tube(
        9, "blood-clogged", seed,
        events=20_000,
        specimen=Specimen.PERIPHERAL_BLOOD,
        composition=BLOOD,
        blast_percent=12.0,
        erythroid_percent=2.0,
        blasts=BlastSpec(cd5_carriers_percent=55.0),
        clog=Clog(),
    )  # fmt: skip
    return (
        replace(_paired(cd7_negative), prior_therapy=(PriorTherapy.CD7_CAR,)),
        Sample(spec=cd56),
        Sample(spec=scd3),
        _paired(blood),
    )


def _other_questions(seed: int) -> tuple[Sample, ...]:
    residual = _tube(
        10, "mrd-low", seed,
        events=70_000,
        panel=MRD_10,
        blast_percent=0.3,
        debris_percent=6.0,
        erythroid_percent=4.0,
        blasts=BlastSpec(cd5_carriers_percent=85.0, cd34_percent=10.0, cd99_level=3.8),
    )  # fmt: skip
    none = _tube(
        11, "no-disease", seed,
        events=60_000,
        panel=MRD_10,
        composition=REGENERATING_MARROW,
        blast_percent=0.0,
        debris_percent=6.0,
        erythroid_percent=6.0,
    )  # fmt: skip
    without_cd5 = _tube(12, "no-cd5", seed, events=10_000, panel=B_LINEAGE_8, blast_percent=40.0)
    return (
        Sample(spec=residual, timepoint=Timepoint.MRD),
        Sample(spec=none, timepoint=Timepoint.MRD, prior_therapy=(PriorTherapy.ALLO_HSCT,)),
        Sample(spec=without_cd5),
    )


def _paired(spec: TubeSpec) -> Sample:
    return Sample(spec=spec, partner=fmo(spec, events=min(spec.events, 10_000)))
