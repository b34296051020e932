"""Synthetic runs with one known fault each, and runs without any."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from cd5flow import simulate as sim
from cd5flow.model.events import RawEvents

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
EVENTS = 40_000


@dataclasses.dataclass(frozen=True)
class FaultyRun:
    """A tube and what is wrong with it.

    Attributes:
        fault: its name; "clean" has none.
        name: which tube.
        tube: the events.
        faulty: (n,) which of them the fault touched.
    """

    fault: str
    name: str
    tube: sim.SimulatedTube
    faulty: Mask


class Draft:
    """A tube's values and times while a fault is put in."""

    def __init__(self, tube: sim.SimulatedTube, seed: int) -> None:
        self.tube = tube
        self.rng = np.random.default_rng(seed)
        self.values = np.array(tube.raw.values, dtype=np.float64)
        self.time = self.values[:, -1].copy()
        self.part = (self.time - self.time[0]) / (self.time[-1] - self.time[0])
        self.faulty: Mask = np.zeros(self.time.size, dtype=np.bool_)
        scatter = ("FSC", "SSC")
        self.colours = [
            c.index for c in tube.raw.channels[:-1] if not c.detector.startswith(scatter)
        ]
        self.light = [c.index for c in tube.raw.channels[:-1] if not c.detector.endswith("-W")]

    def column(self, marker: str) -> int:
        """Return the channel of a marker."""
        of, panel = self.tube.spec.instrument, self.tube.spec.panel
        number = panel.column(marker)
        if number is None:
            raise KeyError(marker)
        return self.tube.raw.channel(of.detectors(panel, "A")[number]).index

    def between(self, start: float, stop: float) -> Mask:
        """Return the events of a part of the run."""
        return (self.part >= start) & (self.part < stop)

    def keep(self, kept: Mask) -> None:
        """Leave events out."""
        self.values, self.time, self.part = self.values[kept], self.time[kept], self.part[kept]
        self.faulty = self.faulty[kept]

    def warp(self, rate: Floats) -> None:
        """Let events pass faster or slower: `rate` is relative to before, one value an event."""
        steps = np.diff(self.time, prepend=self.time[0]) / rate
        self.time = np.cumsum(steps)

    def done(self, fault: str, name: str) -> FaultyRun:
        """Return the run."""
        tops = [c.range - 1 for c in self.tube.raw.channels[:-1]]
        self.values[:, :-1] = np.minimum(self.values[:, :-1], tops)
        self.values[:, -1] = np.floor(self.time)
        values = np.asfortranarray(self.values.astype(np.float32))
        values.setflags(write=False)
        raw = RawEvents(values, self.tube.raw.channels, self.tube.raw.timestep_seconds)
        return FaultyRun(fault, name, dataclasses.replace(self.tube, raw=raw), self.faulty)


def clog(run: Draft) -> None:
    """A sixth of the run at a third of the rate, signals down to half."""
    within = run.between(0.62, 0.80)
    run.keep(~within | (run.rng.random(within.size) < 0.35))
    run.faulty = run.between(0.62, 0.80)
    depth = np.sin(np.pi * (run.part[run.faulty] - 0.62) / 0.18) ** 0.5
    run.values[np.ix_(run.faulty, run.light)] *= (1 - 0.5 * depth)[:, None]


def drop_of_all_signals(run: Draft) -> None:
    """Every signal at 0.6 for a tenth of the run, the rate as ever."""
    run.faulty = run.between(0.40, 0.50)
    run.values[np.ix_(run.faulty, run.light)] *= 0.6


def shift_of_one_laser(run: Draft) -> None:
    """CD45 and cyCD3 at 0.5 from seven tenths of the run on."""
    run.faulty = run.part >= 0.70
    run.values[np.ix_(run.faulty, [run.column("CD45"), run.column("cyCD3")])] *= 0.5


def shift_of_cd5(run: Draft) -> None:
    """CD5 alone at 0.4 from seven tenths of the run on."""
    run.faulty = run.part >= 0.70
    run.values[np.ix_(run.faulty, [run.column("CD5")])] *= 0.4


def slow_drift(run: Draft) -> None:
    """Every fluorescence falls steadily to 0.45; faulty is what lies 20 % from the middle's."""
    factor = 1 - 0.55 * run.part
    run.values[:, run.colours] *= factor[:, None]
    run.faulty = np.abs(factor / np.median(factor) - 1) > 0.2


def speed_surges(run: Draft) -> None:
    """Three bursts at five times the rate."""
    for start in (0.2, 0.5, 0.8):
        run.faulty |= run.between(start, start + 0.04)
    run.warp(np.where(run.faulty, 5.0, 1.0))


def air_bubble(run: Draft) -> None:
    """Nothing for a twentieth of the run; before and after it signals scatter."""
    run.keep(~run.between(0.50, 0.55))
    run.faulty = run.between(0.48, 0.57)
    factor = 0.3 + 0.5 * run.rng.random(int(run.faulty.sum()))
    run.values[np.ix_(run.faulty, run.light)] *= factor[:, None]


def unsteady_start(run: Draft) -> None:
    """The first thirtieth at three times the rate and 0.6 of the signal."""
    run.faulty = run.between(0.0, 1 / 30)
    run.values[np.ix_(run.faulty, run.light)] *= 0.6
    run.warp(np.where(run.faulty, 3.0, 1.0))


def margin_events(run: Draft) -> None:
    """Four events in a hundred at the end of the CD45 scale."""
    run.faulty = run.rng.random(run.time.size) < 0.04
    column = run.column("CD45")
    run.values[run.faulty, column] = run.tube.raw.channels[column].range - 1


FAULTS: tuple[Callable[[Draft], None], ...] = (
    clog,
    drop_of_all_signals,
    shift_of_one_laser,
    shift_of_cd5,
    slow_drift,
    speed_surges,
    air_bubble,
    unsteady_start,
    margin_events,
)


def faulty_runs(seed: int, tubes: int) -> Iterator[FaultyRun]:
    """Yield every fault on some tubes."""
    for fault in FAULTS:
        for number in range(tubes):
            spec = sim.TubeSpec(
                name=f"{fault.__name__}-{number}",
                events=EVENTS,
                instrument=(sim.LSR, sim.CANTO)[number % 2],
                seed=1000 * seed + number,
            )
            draft = Draft(sim.simulate_tube(spec), spec.seed)
            fault(draft)
            yield draft.done(fault.__name__.replace("_", " "), spec.name)


def clean_runs(seed: int, tubes: int) -> Iterator[FaultyRun]:
    """Yield runs without a fault: five instruments, few and many events, slow, rare blasts."""
    kinds: list[tuple[str, dict[str, object]]] = [
        ("LSR", {"instrument": sim.LSR}),
        ("Canto", {"instrument": sim.CANTO}),
        ("DxFLEX", {"instrument": sim.DXFLEX, "panel": sim.SURFACE_10}),
        ("Navios", {"instrument": sim.NAVIOS, "panel": sim.SURFACE_10}),
        ("Calibur", {"instrument": sim.CALIBUR, "panel": sim.FOUR_COLOUR}),
        ("slow, 60 events/s", {"instrument": dataclasses.replace(sim.LSR, events_per_second=60.0)}),
        ("5,000 events", {"events": 5_000}),
        (
            "0.1 % blasts, 200,000 events",
            {"events": 200_000, "panel": sim.MRD_CY_10, "blast_percent": 0.1},
        ),
    ]
    for kind, changes in kinds:
        for number in range(tubes):
            settings = {"events": EVENTS, **changes}
            spec = sim.TubeSpec(
                name=f"{kind}-{number}", seed=1000 * seed + 500 + number, **settings
            )  # type: ignore[arg-type]
            tube = sim.simulate_tube(spec)
            yield FaultyRun(kind, spec.name, tube, np.zeros(len(tube.raw), dtype=np.bool_))
