"""Tubes for the quality checks, small enough to count by hand, and the shipped limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from cd5flow.config.shipped import strategy_file
from cd5flow.gating.strategy import load_strategy
from cd5flow.model.events import RawEvents
from cd5flow.model.populations import Gating
from cd5flow.model.quality_limits import QualityLimits
from cd5flow.model.result import Check, QualityState
from cd5flow.model.scale import Linear
from cd5flow.quality.checks import Observation, judge
from cd5flow.quality.quality_input import QualityInput
from support.readout_factory import gating_of, members_of, panel_of, raw_events

Floats = npt.NDArray[np.float64]

PASS, WARN, FAIL = QualityState.PASS, QualityState.WARN, QualityState.FAIL
NOT_DONE = QualityState.NOT_DONE


@cache
def rules(name: str = "t-all-relapse") -> QualityLimits:
    """Return what a shipped strategy looks at, and its limits."""
    return load_strategy(strategy_file(name)).value.quality


def run_of(
    raw: RawEvents,
    *,
    gating: Gating | None = None,
    markers: Mapping[str, str] | None = None,
    lod_events: int = 20,
) -> QualityInput:
    """Return a tube with every channel on a linear scale to 1,000, by the shipped rules."""
    return QualityInput(
        raw=raw,
        panel=panel_of(raw, **(markers or {})),
        gating=gating_of(members_of(len(raw))) if gating is None else gating,
        scales={c.detector: Linear(t=1000) for c in raw.channels if not c.is_time},
        rules=rules(),
        lod_events=lod_events,
    )


def timed(seconds: npt.ArrayLike, **columns: npt.ArrayLike) -> RawEvents:
    """Return events with a clock of 0.01 s."""
    ticks = np.floor(np.asarray(seconds, dtype=np.float64) / 0.01 + 1e-9)
    return raw_events(0.01, **columns, Time=ticks)


def steady(events: int = 20_000, seconds: float = 100.0) -> Floats:
    """Return times at even distance."""
    return np.arange(events, dtype=np.float64) * (seconds / events)


def judged(observation: Observation, strategy: str = "t-all-relapse") -> Check:
    """Return an observation against a shipped strategy's limits."""
    return judge([observation], rules(strategy)).checks[0]


def state_of(observation: Observation, strategy: str = "t-all-relapse") -> QualityState:
    """Return what a shipped strategy makes of an observation."""
    return judged(observation, strategy).state


def pick(code: str, observations: Iterable[Observation]) -> Observation:
    """Return the one observation of a battery."""
    (found,) = (observation for observation in observations if observation.code == code)
    return found


def with_channel(raw: RawEvents, detector: str, **changes: Any) -> RawEvents:
    """Return events one channel of which has other properties."""
    layout = tuple(replace(c, **changes) if c.detector == detector else c for c in raw.channels)
    return RawEvents(raw.values, layout, raw.timestep_seconds)
