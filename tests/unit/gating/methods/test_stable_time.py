"""The stretches of the run in which rate and signals stay as they usually are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.gating.methods.stable_time import StableTime
from cd5flow.gating.tube_view import Outcome, TubeView
from cd5flow.model.geometry import Interval, Intervals
from cd5flow.model.reasons import sentence
from support.gating_factory import Floats, axis, inside, reason, resolved, tube_view

EVENTS = 20_000
SECONDS = 100.0
TICK = 0.01


def stable(**settings: Any) -> StableTime:
    return StableTime(**{"method": "stable_time", "axes": ("X",), **settings})


def clock(events: int = EVENTS, *, seed: int = 1) -> Floats:
    """Return seconds of a steady run."""
    return np.sort(np.random.default_rng(seed).uniform(0, SECONDS, events))


def signal(events: int = EVENTS, *, seed: int = 2) -> Floats:
    return np.random.default_rng(seed).normal(0.5, 0.1, events)


def view_of(
    seconds: npt.ArrayLike, x: npt.ArrayLike | None = None, *, tick: float = TICK
) -> TubeView:
    seconds = np.asarray(seconds)
    x = signal(seconds.size) if x is None else x
    return tube_view({"Time": np.floor(seconds / tick), "X": x}, timestep=tick)


def kept(outcome: Outcome, view: TubeView) -> npt.NDArray[np.bool_]:
    return inside(resolved(outcome).region, view)


def test_a_steady_run_is_kept_whole() -> None:
    view = view_of(clock())
    outcome = stable().find(view)
    region = resolved(outcome).region
    assert isinstance(region, Interval)
    assert region.dimension.detector == axis("Time").detector
    assert kept(outcome, view).all()
    assert sentence(outcome.evidence.note) == "no unstable stretch"
    assert outcome.evidence.values["usual_rate_per_second"] == pytest.approx(200, rel=0.1)


def test_a_stretch_of_slow_flow_is_left_out() -> None:
    seconds = clock(40_000)
    slow = (seconds >= 62) & (seconds < 80)
    seconds = seconds[~slow | (np.arange(40_000) % 4 == 0)]
    view = view_of(seconds)
    outcome = stable().find(view)
    assert isinstance(resolved(outcome).region, Intervals)
    found = kept(outcome, view)
    clogged = (seconds >= 62) & (seconds < 80)
    assert found[clogged].mean() < 0.05
    assert found[~clogged].mean() > 0.97
    assert outcome.evidence.values["rate_bins"] > 0
    assert "unstable: 6" in sentence(outcome.evidence.note)


def test_a_burst_is_left_out() -> None:
    seconds = np.sort(np.concatenate([clock(), np.random.default_rng(5).uniform(30, 33, 3_000)]))
    view = view_of(seconds)
    found = kept(stable().find(view), view)
    burst = (seconds >= 31) & (seconds < 32)
    assert not found[burst].any()
    assert found[(seconds < 28) | (seconds > 35)].mean() > 0.98


def test_a_stretch_of_shifted_signal_is_left_out() -> None:
    seconds, x = clock(), signal()
    drifted = (seconds >= 40) & (seconds < 50)
    view = view_of(seconds, x - 0.2 * drifted)
    outcome = stable().find(view)
    found = kept(outcome, view)
    assert found[drifted].mean() < 0.1
    assert found[~drifted].mean() > 0.97
    assert outcome.evidence.values["signal_bins"] > 0
    assert outcome.evidence.values["rate_bins"] == 0


def test_an_even_part_of_many_events_tells_what_all_of_them_do() -> None:
    seconds = clock(60_000)
    x = signal(seconds.size)
    x[(seconds >= 40) & (seconds < 60)] += 0.3
    view = view_of(seconds, x)
    every, part = (
        resolved(stable(signal_events=events).find(view)).region for events in (60_000, 10_000)
    )
    assert isinstance(every, Intervals)
    assert part == every


def test_a_small_shift_within_the_noise_is_kept() -> None:
    seconds, x = clock(), signal()
    view = view_of(seconds, x + 0.01 * (seconds > 40))
    assert kept(stable().find(view), view).all()


def test_only_the_axes_named_are_watched() -> None:
    seconds, x = clock(), signal()
    shifted = x - 0.3 * (seconds < 20)
    view = tube_view({"Time": seconds / TICK, "X": x, "Y": shifted}, timestep=TICK)
    assert kept(stable(axes=("X",)).find(view), view).all()
    assert not kept(stable(axes=("X", "Y")).find(view), view)[seconds < 19].any()


def test_axes_that_the_tube_lacks_are_left_out() -> None:
    view = view_of(clock())
    assert kept(stable(axes=("CD7", "A|B", "X")).find(view), view).all()


def test_stable_moments_within_an_unstable_stretch_go_with_it() -> None:
    seconds, x = clock(), signal()
    bins = 100  # of one second
    flicker = np.isin(np.floor(seconds).astype(int), (40, 42, 44))
    view = view_of(seconds, x - 0.3 * flicker)
    apart = kept(stable(bins=bins, merge=0).find(view), view)
    merged = kept(stable(bins=bins, merge=2).find(view), view)
    between = (seconds >= 41.2) & (seconds < 41.8)
    assert apart[between].all()
    assert not merged[between].any()


@pytest.mark.parametrize("tick", [0.1, 0.5, 1.0, 3.0])
def test_a_coarse_clock_is_no_unstable_run(tick: float) -> None:
    view = view_of(clock(), tick=tick)
    assert kept(stable().find(view), view).all()


def test_a_clock_of_a_few_ticks_tells_nothing() -> None:
    outcome = stable().find(view_of(clock(), tick=5.0))
    assert reason(outcome) == "the clock shows 20 times, too few to watch the run"


def test_without_a_time_step_ticks_stand_for_seconds() -> None:
    view = tube_view({"Time": clock(), "X": signal()})
    assert kept(stable().find(view), view).all()


@pytest.mark.parametrize(
    ("seconds", "what"),
    [
        ([], "0 events are too few"),
        ([0, 1, 2], "3 events are too few"),
        (np.full(5_000, 7.0), "stands still"),
        (np.full(5_000, math.nan), "0 events are too few"),
    ],
    ids=["empty", "three", "still", "nan"],
)
def test_without_a_running_clock_it_is_unresolved(seconds: npt.ArrayLike, what: str) -> None:
    assert what in reason(stable().find(view_of(seconds)))


def test_a_clock_that_began_anew_tells_no_stretches() -> None:
    """Two runs in one file, or a counter that wrapped: a time stands for several moments."""
    half = clock(EVENTS // 2)
    assert "began anew" in reason(stable().find(view_of(np.concatenate([half, half]))))


def test_events_without_a_time_are_left_out_and_change_nothing() -> None:
    seconds, x = clock(), signal()
    view = view_of([*seconds, math.nan, math.inf, -math.inf], [*x, 0.5, 0.5, 0.5])
    outcome = stable().find(view)
    assert outcome.evidence.values == stable().find(view_of(seconds, x)).evidence.values
    found = kept(outcome, view)
    assert found[:EVENTS].all()
    assert not found[EVENTS:].any()


@pytest.mark.parametrize("value", [0.5, math.nan, math.inf])
def test_a_channel_that_says_nothing_finds_nothing(value: float) -> None:
    view = view_of(clock(), np.full(EVENTS, value))
    assert kept(stable().find(view), view).all()


def test_the_file_need_not_be_in_order_of_time() -> None:
    seconds, x = clock(), signal()
    x = x - 0.3 * ((seconds >= 40) & (seconds < 50))
    order = np.random.default_rng(3).permutation(EVENTS)
    sorted_view, view = view_of(seconds, x), view_of(seconds[order], x[order])
    in_order = kept(stable().find(sorted_view), sorted_view)
    assert np.array_equal(kept(stable().find(view), view), in_order[order])


@given(st.integers(0, 30))
def test_the_first_and_the_last_event_of_a_steady_run_are_kept(seed: int) -> None:
    view = view_of(clock(2_000, seed=seed))
    found = kept(stable().find(view), view)
    assert found[0]
    assert found[-1]
