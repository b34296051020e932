"""The run: when each event passes, and what a clog does to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cd5flow.model.events import Mask
from cd5flow.simulate.cells import Reals
from cd5flow.simulate.instruments import Instrument
from cd5flow.simulate.tube import Clog


@dataclass(frozen=True, slots=True)
class Run:
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


def pass_events(
    events: int, *, instrument: Instrument, clog: Clog | None, rng: np.random.Generator
) -> Run:
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
    return Run(
        ticks=np.minimum(ticks, instrument.time_steps - 1),
        seconds=seconds,
        signal=signal,
        disturbed=disturbed,
    )
