"""One job of a validation: simulate a tube, analyse it as a user would, count it by its truth."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from cd5flow.model.events import RawEvents
from cd5flow.model.names import BLASTS
from cd5flow.pipeline import Analysis, Settings, analyse_tube
from cd5flow.simulate import (
    SimulatedTube,
    TrueNumbers,
    Truth,
    fmo,
    perfect_gating,
    simulate_tube,
    write_tube,
)
from cd5flow.validation.synthetic.rows import Arm, TubeRow
from cd5flow.validation.synthetic.series import TubeJob

_DRAW_STREAM = 17
_FMO_STREAM = 18


def measure(job: TubeJob, *, strategy: str, protocol: str) -> tuple[TubeRow, ...]:
    """Return a row for each arm, or each draw, of a job. Equal jobs give equal rows.

    The tube is written as FCS and read back: what is measured is all that a user's file goes through.

    Args:
        job: the tube.
        strategy: as of `Settings`.
        protocol: likewise.

    Raises:
        InputError: the tube is refused.
        UsageError: strategy or protocol have faults.
    """
    tube = simulate_tube(job.spec)
    truth = perfect_gating(tube)
    partner = simulate_tube(fmo(job.spec)) if Arm.FMO in job.arms else None
    rows = []
    with tempfile.TemporaryDirectory(prefix="cd5flow-") as folder:
        for arm in job.arms:
            for draw in (None,) if job.draws is None else job.draws:
                settings = Settings(
                    strategy=strategy,
                    protocol=protocol,
                    timepoint=job.timepoint,
                    specimen=job.spec.specimen,
                )
                drawn, control = _drawn(tube, draw, _DRAW_STREAM), None
                if arm is Arm.FMO and partner is not None:
                    control = _drawn(partner, draw, _FMO_STREAM)
                analysis = _analysed(drawn, control, settings, Path(folder))
                rows.append(_row(job, arm, draw, tube=drawn, truth=truth, analysis=analysis))
    return tuple(rows)


def drawn_anew(tube: SimulatedTube, rng: np.random.Generator) -> SimulatedTube:
    """Return a tube of as many events, drawn from another's with replacement, in their order.

    The bootstrap (Efron B. Ann Stat 1979;7:1): events of one file stand for all that the same tube
    might have given. Time still rises, since events keep their order.
    """
    picked = np.sort(rng.integers(len(tube.raw), size=len(tube.raw)))
    values = np.asfortranarray(tube.raw.values[picked])
    values.setflags(write=False)
    of = tube.truth
    return replace(
        tube,
        raw=RawEvents(values, tube.raw.channels, tube.raw.timestep_seconds),
        truth=Truth(
            codes=of.codes[picked],
            names=of.names,
            nucleated=of.nucleated[picked],
            cd5_carriers=of.cd5_carriers[picked],
            disturbed=of.disturbed[picked],
        ),
    )


def _drawn(tube: SimulatedTube, draw: int | None, stream: int) -> SimulatedTube:
    if draw is None:
        return tube
    return drawn_anew(tube, np.random.default_rng([tube.spec.seed, stream, draw]))


def _analysed(
    tube: SimulatedTube, control: SimulatedTube | None, settings: Settings, folder: Path
) -> Analysis:
    path = folder / f"{tube.spec.name}.fcs"
    write_tube(tube, path)
    if control is None:
        return analyse_tube(path, settings)
    beside = folder / f"{control.spec.name}.fcs"
    write_tube(control, beside)
    return analyse_tube(path, replace(settings, controls={"fmo": beside}))


def _row(
    job: TubeJob,
    arm: Arm,
    draw: int | None,
    *,
    tube: SimulatedTube,
    truth: TrueNumbers,
    analysis: Analysis,
) -> TubeRow:
    result = analysis.result
    cd5, burden = result.cd5, result.burden
    found = analysis.gating.members.get(BLASTS)
    true = tube.truth.blasts
    inside = 0 if found is None else int((found & true).sum())
    gated = 0 if found is None else int(found.sum())
    low, high = (None, None) if cd5.band_percent is None else cd5.band_percent
    return TubeRow(
        kind=job.kind,
        tube=job.spec.name,
        group=job.group,
        arm=arm,
        level=job.level,
        draw=draw,
        panel=job.spec.panel.name,
        instrument=job.spec.instrument.name,
        specimen=job.spec.specimen.value,
        events=len(tube.raw),
        seed=job.spec.seed,
        true_cd5_percent=truth.cd5_percent,
        label_cd5_percent=truth.cd5_carriers_percent,
        true_blast_percent=truth.blast_percent,
        true_blast_events=truth.blast_events,
        true_nucleated_events=truth.nucleated_events,
        cd5_state=cd5.state,
        cd5_percent=cd5.percent,
        cd5_low_percent=low,
        cd5_high_percent=high,
        cd5_cut=None if cd5.cut is None else cd5.cut.method.value,
        cd5_reasons=" ".join(reason.code for reason in cd5.reasons),
        burden_state=burden.state,
        burden_percent=burden.percent,
        blast_events=burden.blast_events,
        denominator_events=burden.denominator_events,
        lod_percent=burden.lod_percent,
        lloq_percent=burden.lloq_percent,
        found_of_blasts_percent=_share(inside, int(true.sum())),
        true_of_found_percent=_share(inside, gated),
        lineage=result.strategy.lineage,
        criterion=result.criterion.state,
        quality=result.quality.state,
    )


def _share(part: int, whole: int) -> float | None:
    return 100.0 * part / whole if whole else None
