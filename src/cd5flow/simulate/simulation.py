"""A tube from its specification: who is in it, then event by event in blocks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cd5flow.fcs.write import write_fcs
from cd5flow.model.events import Channel, Mask, RawEvents, Spillover
from cd5flow.model.names import BLASTS
from cd5flow.simulate.cells import Cells, CellTable, Codes, Reals, compile_table, draw_cells, vary
from cd5flow.simulate.instruments import Instrument
from cd5flow.simulate.optics import Detectors, Pulse, overlap, spillover_text, written_matrix
from cd5flow.simulate.populations import POPULATIONS
from cd5flow.simulate.tube import (
    DEAD,
    DOUBLETS,
    Cd5Reagent,
    Clog,
    SimulatedTube,
    Truth,
    TubeSpec,
)

_BLOCK = 1 << 15
_NO_CELL = 255
_FRAGMENTS_PERCENT = 15.0  # of debris
_ROWS = (*POPULATIONS, BLASTS)
_NAMES = (*_ROWS, DEAD, DOUBLETS)


def simulate_tube(spec: TubeSpec) -> SimulatedTube:
    """Simulate a tube. Equal specifications give equal tubes.

    Antigens are lognormal over the cells of a population and share a factor of size and staining;
    dyes spill into their neighbours; what the detectors see has photon noise (variance grows with
    the signal, which after compensation is spillover spread) and electronic noise.
    """
    shared = _generator(spec.shared_seed, stream=1)
    rng = _generator(spec.seed, stream=0)
    donor = vary(tuple(POPULATIONS.values()), decades=spec.donor_variation_decades, rng=shared)
    detectors = Detectors.of(spec, shared)
    table = compile_table(
        (*donor, spec.blasts.population()),
        spec.panel,
        reagent=spec.cd5_reagent,
        stain_factors=dict(spec.stain_factors),
    )
    crowd = _gather(spec, rng)
    run = _acquire(spec.events, instrument=spec.instrument, clog=spec.clog, rng=rng)
    channels = _channels(spec)
    values = np.empty((spec.events, len(channels)), dtype=np.float32, order="F")
    carriers = np.zeros(spec.events, dtype=np.bool_)
    for start in range(0, spec.events, _BLOCK):
        block = slice(start, min(start + _BLOCK, spec.events))
        cells, pulse = _cells(crowd, block, table=table, spec=spec, rng=rng)
        values[block, :-1] = detectors.read(cells, signal=run.signal[block], pulse=pulse, rng=rng)
        carriers[block] = cells.cd5_carriers
    values[:, -1] = run.ticks
    values.setflags(write=False)
    true = None if spec.instrument.compensates else _named(detectors.spillover, spec)
    written = _written(detectors, spec, shared)
    return SimulatedTube(
        spec=spec,
        raw=RawEvents(values, channels, spec.instrument.timestep_seconds),
        keywords=_keywords(spec, run, written),
        truth=_truth(crowd, carriers=carriers, disturbed=run.disturbed),
        spillover=true,
        file_spillover=written,
    )


def write_tube(tube: SimulatedTube, path: Path) -> None:
    """Write a tube as its instrument's software would; equal tubes give equal bytes.

    Raises:
        OutputError: the file cannot be written.
    """
    instrument = tube.spec.instrument
    write_fcs(
        path,
        tube.raw.values,
        channels=tube.raw.channels,
        keywords=tube.keywords,
        version=instrument.version,
        datatype="I" if instrument.integer else "F",
        big_endian=instrument.big_endian,
    )


@dataclass(frozen=True, slots=True)
class _Acquisition:
    """The passage of events.

    Attributes:
        ticks: (n,) Time, not decreasing.
        seconds: length of the run.
        signal: (n,) share of the light that reaches the detectors.
        disturbed: (n,) whether the event passed during the clog.
    """

    ticks: Reals
    seconds: float
    signal: Reals
    disturbed: Mask


def _acquire(
    events: int, *, instrument: Instrument, clog: Clog | None, rng: np.random.Generator
) -> _Acquisition:
    """Let events pass at random moments, fewer during a clog."""
    edges = np.array([0.0, 1.0] if clog is None else [0.0, clog.start, clog.stop, 1.0])
    rates = np.array([1.0] if clog is None else [1.0, clog.rate, 1.0])
    passed = np.concatenate([[0.0], np.cumsum(np.diff(edges) * rates)])
    moment = np.interp(np.sort(rng.random(events)) * passed[-1], passed, edges)
    seconds = events / instrument.events_per_second / float(passed[-1])
    ticks = np.floor(moment * seconds / instrument.timestep_seconds)
    signal, disturbed = np.ones(events), np.zeros(events, dtype=np.bool_)
    if clog is not None:
        disturbed = (moment >= clog.start) & (moment < clog.stop)
        depth = np.sin(np.pi * (moment[disturbed] - clog.start) / (clog.stop - clog.start)) ** 0.5
        jitter = np.exp(0.12 * rng.standard_normal(len(depth)))
        signal[disturbed] = (1 - (1 - clog.signal) * depth) * jitter
    return _Acquisition(
        ticks=np.minimum(ticks, instrument.time_steps - 1),
        seconds=seconds,
        signal=signal,
        disturbed=disturbed,
    )


@dataclass(frozen=True, slots=True)
class _Crowd:
    """Who is in the tube, in the order of passing.

    Attributes:
        first, second: (n,) rows of the cell table; `second` is `_NO_CELL` but for doublets.
        dead: (n,) dead cells.
        cd5_given: (n,) as `draw_cells` takes it.
    """

    first: Codes
    second: Codes
    dead: Mask
    cd5_given: npt.NDArray[np.int8]


def _gather(spec: TubeSpec, rng: np.random.Generator) -> _Crowd:
    row = {name: number for number, name in enumerate(_ROWS)}
    doublets, dead, erythroid, debris = (
        round(spec.events * percent / 100)
        for percent in (
            spec.doublet_percent,
            spec.dead_percent,
            spec.erythroid_percent,
            spec.debris_percent,
        )
    )
    living = max(spec.events - doublets - dead - erythroid - debris, 0)
    blasts = round(living * spec.blast_percent / 100)
    fragments = round(debris * _FRAGMENTS_PERCENT / 100)
    normal = _apportioned(spec.composition.weights, living - blasts)
    counts = normal | {
        BLASTS: blasts,
        "erythroid": erythroid,
        "debris": debris - fragments,
        "fragments": fragments,
    }
    singles = np.concatenate(
        [np.full(number, row[name], dtype=np.uint8) for name, number in counts.items()]
    )
    nucleated = singles[:living] if living else np.array([row[BLASTS]], dtype=np.uint8)
    clumping = np.concatenate([nucleated, np.full(erythroid, row["erythroid"], dtype=np.uint8)])
    died = _picked(nucleated, dead, rng)
    first = np.concatenate([singles, died, _picked(clumping, doublets, rng)])[: spec.events]
    second = np.full(len(first), _NO_CELL, dtype=np.uint8)
    second[len(first) - doublets :] = _picked(clumping, doublets, rng)
    is_dead = np.zeros(len(first), dtype=np.bool_)
    is_dead[len(singles) : len(singles) + dead] = True
    given = np.full(len(first), -1, dtype=np.int8)
    given[: len(singles)][singles == row[BLASTS]] = _carriers(
        blasts, spec.blasts.cd5_expression.percent, rng
    )
    order = np.argsort(rng.random(len(first)), kind="stable")
    return _Crowd(first[order], second[order], is_dead[order], given[order])


def _apportioned(weights: Mapping[str, float], total: int) -> dict[str, int]:
    """Share `total` cells out by weight; the largest remainders get what is left over."""
    exact = {name: total * weight / sum(weights.values()) for name, weight in weights.items()}
    counts = {name: int(share) for name, share in exact.items()}
    by_remainder = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in by_remainder[: total - sum(counts.values())]:
        counts[name] += 1
    return counts


def _picked(cells: Codes, number: int, rng: np.random.Generator) -> Codes:
    return cells[(rng.random(number) * len(cells)).astype(np.intp)]


def _carriers(blasts: int, percent: float, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """Return which blasts carry CD5: the exact share, and a larger share holds the smaller."""
    rank = np.empty(blasts, dtype=np.intp)
    rank[np.argsort(rng.random(blasts), kind="stable")] = np.arange(blasts)
    return (rank < round(blasts * percent / 100)).astype(np.int8)


def _cells(
    crowd: _Crowd, block: slice, *, table: CellTable, spec: TubeSpec, rng: np.random.Generator
) -> tuple[Cells, Pulse]:
    """Draw the cells of one block, two for a doublet."""
    first, second = crowd.first[block], crowd.second[block]
    cells = draw_cells(
        first,
        table,
        dead=crowd.dead[block],
        cd5_given=crowd.cd5_given[block],
        panel=spec.panel,
        rng=rng,
    )
    pulse = Pulse(fsc=np.ones(len(first)), ssc=np.ones(len(first)))
    pairs = np.flatnonzero(second != _NO_CELL)
    if len(pairs):
        partners = draw_cells(
            second[pairs],
            table,
            dead=np.zeros(len(pairs), dtype=np.bool_),
            cd5_given=np.full(len(pairs), -1, dtype=np.int8),
            panel=spec.panel,
            rng=rng,
        )
        share = 0.65 * rng.random(len(pairs)) ** 1.5
        pulse.fsc[pairs] = overlap(cells.fsc[pairs], partners.fsc, share=share)
        pulse.ssc[pairs] = overlap(cells.ssc[pairs], partners.ssc, share=share)
        cells.fsc[pairs] += partners.fsc
        cells.ssc[pairs] += partners.ssc
        cells.dyes[pairs] += partners.dyes
        cells.background[pairs] += partners.background
    return cells, pulse


def _truth(crowd: _Crowd, *, carriers: Mask, disturbed: Mask) -> Truth:
    codes = crowd.first.copy()
    codes[crowd.dead] = _NAMES.index(DEAD)
    codes[crowd.second != _NO_CELL] = _NAMES.index(DOUBLETS)
    counted = np.array(
        [name == BLASTS or (name in POPULATIONS and POPULATIONS[name].nucleated) for name in _NAMES]
    )
    nucleated: Mask = counted[codes]
    return Truth(
        codes=codes,
        names=_NAMES,
        nucleated=nucleated,
        cd5_carriers=carriers & nucleated,
        disturbed=disturbed,
    )


def _channels(spec: TubeSpec) -> tuple[Channel, ...]:
    shifts = {
        marker: spec.gain_shift_decades + spec.channel_shifts_decades.get(marker, 0.0)
        for marker in spec.panel.markers
    }
    blank = frozenset({"CD5"} if spec.cd5_reagent is Cd5Reagent.FMO else ())
    return spec.instrument.channels(spec.panel, shifts_decades=shifts, unlabelled=blank)


def _named(matrix: Reals, spec: TubeSpec) -> Spillover:
    names = spec.instrument.detectors(spec.panel, spec.instrument.compensated_reading)
    return Spillover(names, matrix.copy(), "truth")


def _written(detectors: Detectors, spec: TubeSpec, shared: np.random.Generator) -> Spillover | None:
    """Return the matrix that the file carries: a block a reading, heights as areas."""
    of = spec.instrument
    matrix = written_matrix(detectors.spillover, spec.spillover_fault, rng=shared)
    if matrix is None or of.compensates:
        return None
    names = [name for reading in of.fluorescence for name in of.detectors(spec.panel, reading)]
    whole: Reals = np.kron(np.eye(len(of.fluorescence)), matrix).astype(np.float64)
    return Spillover(tuple(names), whole, of.spillover_keyword)


def _keywords(spec: TubeSpec, run: _Acquisition, written: Spillover | None) -> dict[str, str]:
    of = spec.instrument
    begin = dt.datetime.combine(spec.acquired, dt.time(9, 30))
    end = begin + dt.timedelta(seconds=run.seconds)
    keywords = {
        "$BTIM": begin.strftime("%H:%M:%S"),
        "$COM": "Synthetic cells, made by cd5flow simulate",
        "$CYT": of.name,
        "$DATE": _date(spec.acquired),
        "$ETIM": end.strftime("%H:%M:%S"),
        "$FIL": f"{spec.name}.fcs",
        "$SRC": spec.specimen.value,
        "$TIMESTEP": f"{of.timestep_seconds:g}",
    }
    if written is not None:
        keywords[of.spillover_keyword] = spillover_text(written.matrix, list(written.detectors))
    return keywords


def _date(day: dt.date) -> str:
    # Not strftime: FCS wants English months whatever the locale.
    months = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"
    return f"{day.day:02d}-{months[3 * day.month - 3 : 3 * day.month]}-{day.year}"


def _generator(seed: int, *, stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, stream])))
