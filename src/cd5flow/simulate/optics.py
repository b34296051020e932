"""From light to readings: spillover, photon and electronic noise, pulses, scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cd5flow.simulate.cells import Cells, Reals
from cd5flow.simulate.instruments import Instrument
from cd5flow.simulate.panels import PanelSpec
from cd5flow.simulate.tube import SpilloverFault, SpilloverFaultKind, TubeSpec

_SCATTER_NOISE = 0.015
_HEIGHT_NOISE = 0.012
_DAY_TO_DAY_DECADES = 0.06


@dataclass(frozen=True, slots=True)
class Detectors:
    """The fluorescence detectors of one day.

    Attributes:
        instrument: the cytometer.
        spilled: (n, n) row i is what dye i puts into each detector, at usual gains.
        spillover: the same at the gains of this run: the matrix that undoes it.
        gain: (n,) instrument units per reference unit.
        photon_unit: (n,) variance per signal, reference units.
        scatter_gain: gain of FSC and SSC beyond the instrument's own.
    """

    instrument: Instrument
    spilled: Reals
    spillover: Reals
    gain: Reals
    photon_unit: Reals
    scatter_gain: float

    @classmethod
    def of(cls, spec: TubeSpec, rng: np.random.Generator) -> Detectors:
        """Return the detectors of a tube.

        Args:
            spec: the tube.
            rng: what tubes of one day share; gives the day's matrix.
        """
        panel = spec.panel
        spilled = _jittered(panel.usual_spillover(), decades=_DAY_TO_DAY_DECADES, rng=rng)
        shift = spec.gain_shift_decades + _by_marker(spec.channel_shifts_decades, panel)
        gain = spec.instrument.fluorescence_gain * 10**shift
        spillover = _six_digits(spilled * gain[None, :] / gain[:, None])
        return cls(
            instrument=spec.instrument,
            spilled=spillover * gain[:, None] / gain[None, :],
            spillover=spillover,
            gain=gain,
            photon_unit=np.array([stain.optics.photon_unit for stain in panel.stains]),
            scatter_gain=10**spec.scatter_shift_decades,
        )

    def read(self, cells: Cells, *, signal: Reals, pulse: Pulse, rng: np.random.Generator) -> Reals:
        """Return the readings of cells in the order of `Instrument.channels`, without Time.

        Args:
            cells: light of each event.
            signal: (n,) share of the light that reaches the detectors (below 1 in a clog).
            pulse: shapes of the pulses.
            rng: source of randomness.
        """
        of = self.instrument
        fsc = cells.fsc * signal * of.fsc_gain * self.scatter_gain
        floor = of.fsc_threshold * of.fsc_gain
        # The discriminator sees the smallest events only where noise lifts them above it.
        fsc = np.where(fsc < floor, floor * (1 + 0.1 * rng.random(len(fsc))), fsc)
        ssc = cells.ssc * signal * of.ssc_gain * self.scatter_gain
        columns = _scatter(of, fsc=fsc, ssc=ssc, pulse=pulse, rng=rng)
        light = (cells.dyes @ self.spilled + cells.background) * signal[:, None]
        columns += self._fluorescence(light, pulse=pulse, rng=rng)
        return np.column_stack(columns)

    def _fluorescence(self, light: Reals, *, pulse: Pulse, rng: np.random.Generator) -> list[Reals]:
        of = self.instrument
        # Photomultiplier: the photon noise is amplified with the signal, the electronic is not.
        amplified = of.fluorescence_gain * of.electronic_noise
        noise = np.sqrt(light * self.photon_unit * self.gain**2 + amplified**2)
        area = light * self.gain + noise * rng.standard_normal(light.shape)
        if of.compensates:
            area = area @ np.linalg.inv(self.spillover)
        columns: list[Reals] = []
        for reading in of.fluorescence:
            read = area
            if reading == "H":
                read = area * (of.height_ratio * pulse.fsc[:, None])
                if "A" in of.fluorescence:
                    # A peak detector finds the highest noise, never less than the baseline.
                    read = np.abs(read + 0.4 * amplified * rng.standard_normal(light.shape))
            columns += [_stored(column, of) for column in read.T]
        return columns


@dataclass(frozen=True, slots=True)
class Pulse:
    """Height per area relative to a single cell's pulse: 1, less for two cells in a row.

    Attributes:
        fsc, ssc: (n,) ratio in forward and side scatter.
    """

    fsc: Reals
    ssc: Reals


def overlap(first: Reals, second: Reals, *, share: Reals) -> Reals:
    """Return height per area of two cells one after the other, relative to one cell's.

    Args:
        first: (n,) areas of the one cell.
        second: (n,) areas of the other.
        share: (n,) part of the smaller pulse that adds to the height of the larger, 0 to 1.
    """
    larger, smaller = np.maximum(first, second), np.minimum(first, second)
    ratio: Reals = (larger + share * smaller) / (larger + smaller)
    return ratio


def written_matrix(
    spillover: Reals, fault: SpilloverFault | None, *, rng: np.random.Generator
) -> Reals | None:
    """Return the matrix that the file carries, given the true one; None where it carries none."""
    if fault is None:
        return spillover
    off_diagonal = spillover * (1 - np.eye(len(spillover)))
    match fault.kind:
        case SpilloverFaultKind.MISSING:
            return None
        case SpilloverFaultKind.IDENTITY:
            faulty = np.zeros_like(spillover)
        case SpilloverFaultKind.TRANSPOSED:
            faulty = off_diagonal.T
        case SpilloverFaultKind.SCALED:
            faulty = off_diagonal * fault.amount
        case SpilloverFaultKind.STALE:
            faulty = off_diagonal * 10 ** (fault.amount * rng.standard_normal(spillover.shape))
    return _six_digits(faulty + np.eye(len(spillover)))


def spillover_text(matrix: Reals, detectors: list[str]) -> str:
    """Return a matrix as FCS writes it: count, names, values by row."""
    values = [f"{value:g}" for value in matrix.ravel()]
    return ",".join([str(len(detectors)), *detectors, *values])


def _scatter(
    of: Instrument, *, fsc: Reals, ssc: Reals, pulse: Pulse, rng: np.random.Generator
) -> list[Reals]:
    columns = []
    areas: dict[str, Reals] = {}
    heights: dict[str, Reals] = {}
    for name, light, shape in (("FSC", fsc, pulse.fsc), ("SSC", ssc, pulse.ssc)):
        n = len(light)
        areas[name] = light * (1 + _SCATTER_NOISE * rng.standard_normal(n))
        ratio = of.height_ratio * shape * (1 + _HEIGHT_NOISE * rng.standard_normal(n))
        heights[name] = areas[name] * ratio
    for reading in of.scatter:
        name, kind = reading.split("-")
        if kind == "A":
            value = areas[name]
        elif kind == "H":
            value = heights[name]
        else:
            noisy = 1 + 0.01 * rng.standard_normal(len(fsc))
            value = of.width_unit * areas[name] / heights[name] * noisy
        columns.append(_clipped(value, of))
    return columns


def _stored(linear: Reals, of: Instrument) -> Reals:
    """Return fluorescence as the file can hold it, back in linear units."""
    if not of.log_decades:
        return _clipped(linear, of)
    step = np.rint(np.log10(np.maximum(linear, 1.0)) * of.steps / of.log_decades)
    kept: Reals = 10 ** (np.clip(step, 0, of.steps - 1) * of.log_decades / of.steps)
    return kept


def _clipped(linear: Reals, of: Instrument) -> Reals:
    if of.integer:
        return np.clip(np.rint(linear), 0, of.steps - 1)
    return np.minimum(linear, of.steps - 1)


def _jittered(matrix: Reals, *, decades: float, rng: np.random.Generator) -> Reals:
    varied = matrix * 10 ** (decades * rng.standard_normal(matrix.shape))
    np.fill_diagonal(varied, 1.0)
    return _six_digits(varied)


def _six_digits(matrix: Reals) -> Reals:
    """Return a matrix as it reads back from TEXT."""
    return np.array([float(f"{value:g}") for value in matrix.ravel()]).reshape(matrix.shape)


def _by_marker(values: Mapping[str, float], panel: PanelSpec) -> npt.NDArray[np.float64]:
    return np.array([values.get(marker, 0.0) for marker in panel.markers])
