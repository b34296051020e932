"""Cytometers as far as a file shows them: scale, readings, gains, noise, names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cd5flow.model.events import Channel
from cd5flow.simulate.panels import PanelSpec

Version = Literal["2.0", "3.0", "3.1"]
_PMT_EXPONENT = 7.5
"""Gain of a photomultiplier grows about as voltage to this power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One model of cytometer and the format its software writes.

    Cells are described in reference units, those of a digital BD instrument with 262,144 steps;
    the gains turn them into the units of this instrument.

    Attributes:
        name: ``$CYT``.
        version: FCS version written.
        integer: whether integers are stored (bits wide), else float32.
        bits: width of a stored value.
        steps: ``$PnR`` of scatter and fluorescence.
        log_decades: decades of the logarithmic amplifier of the fluorescence channels; 0 is linear.
        scatter: readings of FSC and SSC in file order, as ("FSC-A", "FSC-H", "FSC-W", "SSC-A").
        fluorescence: readings of each fluorescence detector in file order ("A", "H").
        numbered: whether detectors are FL1, FL2 ... rather than named after the dye.
        label_reading: whether ``$PnS`` ends in the reading ("CD5 PC7-A").
        time_name: ``$PnN`` of Time.
        time_steps: ``$PnR`` of Time.
        timestep_seconds: length of one tick.
        events_per_second: rate of an undisturbed run.
        fsc_gain, ssc_gain, fluorescence_gain: instrument units per reference unit.
        height_ratio: height of a single cell's pulse per area.
        width_unit: width reading where area equals height.
        electronic_noise: SD at zero signal, reference units.
        fsc_threshold: the discriminator, reference units; nothing smaller is recorded.
        compensates: whether spillover is undone before the signal is stored, as analogue
            instruments did; such files carry no matrix.
        spillover_keyword: name of the matrix in TEXT.
        voltages: whether the file carries ``$PnV``.
        big_endian: byte order of DATA.
    """

    name: str
    version: Version
    steps: int
    scatter: tuple[str, ...]
    fluorescence: tuple[Literal["A", "H"], ...]
    integer: bool = False
    bits: int = 32
    log_decades: float = 0.0
    numbered: bool = False
    label_reading: bool = False
    time_name: str = "Time"
    time_steps: int = 262_144
    timestep_seconds: float = 0.01
    events_per_second: float = 1500.0
    fsc_gain: float = 1.0
    ssc_gain: float = 1.0
    fluorescence_gain: float = 1.0
    height_ratio: float = 0.95
    width_unit: float = 65_536.0
    electronic_noise: float = 20.0
    fsc_threshold: float = 7_000.0
    compensates: bool = False
    spillover_keyword: str = "$SPILLOVER"
    voltages: bool = True
    big_endian: bool = False

    def __post_init__(self) -> None:
        if not self.fluorescence or not self.scatter:
            raise ValueError(f"{self.name} reads nothing")
        if self.log_decades and not self.integer:
            raise ValueError(f"{self.name}: a logarithmic amplifier stores integers")

    @property
    def compensated_reading(self) -> Literal["A", "H"]:
        """What a matrix is said of: areas, heights where there are no areas."""
        return "A" if "A" in self.fluorescence else "H"

    def detectors(self, panel: PanelSpec, reading: str) -> tuple[str, ...]:
        """Return the ``$PnN`` of one reading of every fluorescence detector."""
        stems = (f"FL{n}" if self.numbered else s.dye for n, s in enumerate(panel.stains, start=1))
        return tuple(f"{stem}-{reading}" for stem in stems)

    def channels(
        self,
        panel: PanelSpec,
        *,
        shifts_decades: Mapping[str, float],
        unlabelled: frozenset[str] = frozenset(),
    ) -> tuple[Channel, ...]:
        """Return the columns of a file: scatter, fluorescence, Time.

        Args:
            panel: the dyes and markers.
            shifts_decades: marker to the gain set above the usual, which its voltage shows.
            unlabelled: markers whose ``$PnS`` stays blank.
        """
        made: list[Channel] = []

        def add(detector: str, label: str | None, shift: float, *, logarithmic: bool) -> None:
            usual = 420.0 + 15.0 * len(made)
            channel = Channel(
                index=len(made),
                detector=detector,
                label=label,
                bits=self.bits,
                range=float(self.steps),
                maximum=10.0**self.log_decades if logarithmic else float(self.steps),
                amplification=(self.log_decades, 0.0) if logarithmic else (0.0, 0.0),
                voltage=round(usual * 10 ** (shift / _PMT_EXPONENT)) if self.voltages else None,
            )
            made.append(channel)

        for name in self.scatter:
            add(name, None, 0.0, logarithmic=False)
        for reading in self.fluorescence:
            detectors = self.detectors(panel, reading)
            for detector, stain in zip(detectors, panel.stains, strict=True):
                label = f"{stain.words} {stain.dye}" + (f"-{reading}" if self.label_reading else "")
                add(
                    detector,
                    None if stain.marker in unlabelled else label,
                    shifts_decades.get(stain.marker, 0.0),
                    logarithmic=self.log_decades > 0,
                )
        steps = float(self.time_steps)
        time = Channel(
            index=len(made),
            detector=self.time_name,
            label=None,
            bits=self.bits,
            range=steps,
            maximum=steps,
        )
        return (*made, time)


LSR = Instrument(
    name="LSRFortessa",
    version="3.1",
    steps=262_144,
    scatter=("FSC-A", "FSC-H", "FSC-W", "SSC-A", "SSC-H"),
    fluorescence=("A",),
)
"""A digital BD instrument: areas, 262,144 steps, float32."""

CANTO = Instrument(
    name="BD FACSCanto II",
    version="3.0",
    steps=262_144,
    scatter=("FSC-A", "FSC-H", "FSC-W", "SSC-A", "SSC-H", "SSC-W"),
    fluorescence=("A",),
    events_per_second=2500.0,
    electronic_noise=28.0,
    spillover_keyword="SPILL",
    big_endian=True,
)
"""A digital BD instrument under FACSDiva: FCS 3.0, big-endian, matrix in ``SPILL``."""

DXFLEX = Instrument(
    name="DxFLEX",
    version="3.0",
    steps=16_777_215,
    scatter=("FSC-H", "FSC-A", "SSC-H", "SSC-A", "FSC-Width"),
    fluorescence=("H", "A"),
    numbered=True,
    label_reading=True,
    time_steps=900_000_000,
    timestep_seconds=0.00002,
    events_per_second=800.0,
    fsc_gain=8.0,
    ssc_gain=9.0,
    fluorescence_gain=7.0,
    height_ratio=0.8,
    width_unit=1_000.0,
    electronic_noise=14.0,
    voltages=False,
)
"""A Beckman Coulter instrument of avalanche diodes: areas and heights, 16,777,215 steps."""

NAVIOS = Instrument(
    name="Navios EX",
    version="3.0",
    steps=16_777_215,
    scatter=("FSC-A", "FSC-H", "SSC-A", "SSC-H"),
    fluorescence=("A", "H"),
    numbered=True,
    time_steps=16_777_215,
    timestep_seconds=0.001,
    events_per_second=2000.0,
    fsc_gain=30.0,
    ssc_gain=24.0,
    fluorescence_gain=32.0,
    height_ratio=0.9,
    electronic_noise=30.0,
)
"""A Beckman Coulter instrument of photomultipliers with the scale of `DXFLEX` and higher gains."""

CALIBUR = Instrument(
    name="FACSCalibur",
    version="2.0",
    integer=True,
    bits=16,
    steps=1_024,
    log_decades=4.0,
    scatter=("FSC-H", "SSC-H"),
    fluorescence=("H",),
    numbered=True,
    time_steps=1_024,
    timestep_seconds=0.2,
    events_per_second=600.0,
    fsc_gain=1 / 256,
    ssc_gain=1 / 256,
    fluorescence_gain=1 / 28,
    height_ratio=1.0,
    electronic_noise=30.0,
    compensates=True,
    big_endian=True,
)
"""An analogue instrument: heights in 1,024 steps, four log decades, compensated in hardware."""
