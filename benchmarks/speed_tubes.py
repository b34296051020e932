"""The tubes that are timed: simulated, with true populations to find, of any size: used by speed.py."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cd5flow import simulate as sim
from cd5flow.fcs import read_fcs
from cd5flow.fcs.write import write_fcs
from cd5flow.model.events import Channel, Spillover

SIMULATED = 1_000_000
"""Larger tubes are this one run several times over, with the clock going on."""


@dataclass(frozen=True)
class Tube:
    """A file made for the clock.

    Attributes:
        path: of the file.
        events, channels: its size.
        data_bytes: of DATA.
        begin: first byte of DATA.
    """

    path: Path
    events: int
    channels: int
    begin: int

    @property
    def data_bytes(self) -> int:
        """Size of DATA."""
        return 4 * self.events * self.channels

    def floor(self) -> object:
        """Read the bytes of DATA and nothing else."""
        count = self.events * self.channels
        return np.fromfile(self.path, dtype="<f4", offset=self.begin, count=count)


def make_tube(folder: Path, *, events: int, channels: int = 16, seed: int = 5) -> Tube:
    """Write a relapse tube of float32 channels; more than 16 channels are dyes without a marker.

    Args:
        folder: where it is put.
        events: how many; beyond `SIMULATED` they repeat.
        channels: 8 (four colours), or 16 (ten colours) and more.
        seed: of the simulation.
    """
    few = channels < 16
    instrument = (
        dataclasses.replace(sim.LSR, scatter=("FSC-A", "FSC-H", "SSC-A")) if few else sim.LSR
    )
    spec = sim.TubeSpec(
        name=f"{events}x{channels}",
        panel=sim.FOUR_COLOUR if few else sim.SURFACE_10,
        instrument=instrument,
        events=min(events, SIMULATED),
        blast_percent=40.0,
        seed=seed,
    )
    tube = sim.simulate_tube(spec)
    values, names, keywords = tube.raw.values, tube.raw.channels, dict(tube.keywords)
    more = channels - len(names)
    if more < 0:
        raise ValueError(f"no tube of {channels} channels")
    if more and tube.file_spillover is not None:
        values, names = _with_dyes(values, names, more, seed)
        keywords[instrument.spillover_keyword] = _written(tube.file_spillover, names[-more:])
    repeats = -(-events // len(values))
    clock = next(c.index for c in names if c.is_time)
    times = [values] * repeats
    if repeats > 1:
        run = float(values[:, clock].max()) + 1
        times = [values.copy(order="F") for _ in range(repeats)]
        for number, part in enumerate(times):
            part[:, clock] += number * run
    path = folder / f"{spec.name}.fcs"
    write_fcs(
        path,
        np.concatenate(times)[:events],
        channels=names,
        keywords=keywords,
        version=instrument.version,
    )
    return Tube(path, events, channels, _begin(path))


def _begin(path: Path) -> int:
    """Return the first byte of DATA; HEADER has no room for it in a large file, TEXT has."""
    with path.open("rb") as file:
        begin = int(file.read(58)[26:34])
    return begin or int(read_fcs(path).keywords["$BEGINDATA"])


def _with_dyes(
    values: np.ndarray, names: tuple[Channel, ...], more: int, seed: int
) -> tuple[np.ndarray, tuple[Channel, ...]]:
    """Return the events with further dyes, which most cells lack."""
    chance = np.random.default_rng(seed)
    dyes = chance.normal(0, 120, (len(values), more)).astype(np.float32)
    dyes[: len(values) // 3] += chance.lognormal(8, 1, more).astype(np.float32)
    like = next(c for c in names if c.detector == "PE-A")
    further = tuple(
        dataclasses.replace(like, index=len(names) + n, detector=f"Dye{n + 1}-A", label=None)
        for n in range(more)
    )
    return np.asfortranarray(np.concatenate([values, dyes], axis=1)), (*names, *further)


def _written(own: Spillover, further: tuple[Channel, ...]) -> str:
    """Return $SPILLOVER with dyes that spill a little into each other."""
    n, more = len(own.detectors), len(further)
    matrix = np.full((n + more, n + more), 0.002)
    matrix[:n, :n] = own.matrix
    np.fill_diagonal(matrix, 1.0)
    detectors = (*own.detectors, *(c.detector for c in further))
    return ",".join([str(n + more), *detectors, *(f"{x:.6g}" for x in matrix.ravel())])


def exported_gates(tube: Tube, folder: Path) -> Path:
    """Return the gates.xml that cd5flow writes for a tube."""
    from cd5flow.analysis.settings import make_settings  # noqa: PLC0415 - growth does not need the report
    from cd5flow.pipeline import analyse_tube  # noqa: PLC0415
    from cd5flow.report.folder import WantedOutputs, write_sample  # noqa: PLC0415

    analysis = analyse_tube(tube.path, make_settings(timepoint="relapse"))
    return write_sample(analysis, folder, outputs=WantedOutputs(report=False)).folder / "gates.xml"


def check(tube: Tube) -> None:
    """Refuse a tube whose DATA does not begin where the floor reads.

    Raises:
        RuntimeError: it does not.
    """
    read = np.fromfile(tube.path, dtype="<f4", offset=tube.begin, count=tube.channels)
    if not np.array_equal(read, read_fcs(tube.path).events[0]):
        raise RuntimeError(f"{tube.path.name}: DATA does not begin at byte {tube.begin}")
