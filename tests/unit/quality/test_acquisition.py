"""The run itself, on runs whose faults can be counted by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest

from cd5flow.model.events import RawEvents
from cd5flow.model.geometry import Dimension, Interval, Intervals, Region
from cd5flow.model.populations import Gating
from cd5flow.model.result import QualityState
from cd5flow.quality.acquisition import observe_acquisition
from cd5flow.quality.checks import Observation
from support.quality_factory import (
    FAIL,
    NOT_DONE,
    PASS,
    WARN,
    Floats,
    pick,
    run_of,
    state_of,
    steady,
    timed,
)
from support.readout_factory import gating_of, given_gate, members_of, raw_events

TIME = Dimension("Time")


def observe(
    code: str,
    raw: RawEvents,
    gating: Gating | None = None,
    markers: Mapping[str, str] | None = None,
) -> Observation:
    return pick(code, observe_acquisition(run_of(raw, gating=gating, markers=markers)))


def test_the_battery_comes_in_a_fixed_order() -> None:
    assert [o.code for o in observe_acquisition(run_of(timed([0, 1, 2, 3])))] == [
        "TIME",
        "FLOW_RATE",
        "FLOW_GAP",
        "UNSTABLE_TIME",
        "REMOVED_BY_TIME",
        "SIGNAL_DRIFT",
        "SIGNAL_DRIFT_OTHERS",
        "SIGNAL_DRIFT_MEAN",
        "NOT_FINITE",
    ]


# The clock


@pytest.mark.parametrize(
    ("ticks", "percent", "state"),
    [
        ([0, 1, 1, 2], 0, PASS),
        ([0, 2, 1, 3], 25, WARN),
        ([3, 2, 1, 0], 75, WARN),
        ([0, 9, 1, 2, 3], 60, WARN),
    ],
)
def test_events_stamped_earlier_than_one_before_them_are_counted(
    ticks: list[float], percent: float, state: QualityState
) -> None:
    found = observe("TIME", raw_events(Time=ticks))

    assert found.value == percent
    assert state_of(found) is state


@pytest.mark.parametrize("ticks", [[5, 5, 5, 5], [np.nan] * 4, [7]])
def test_a_clock_that_stands_still_tells_nothing(ticks: list[float]) -> None:
    found = observe("TIME", raw_events(Time=ticks))

    assert found.message == "the Time channel stands still"
    assert state_of(found) is NOT_DONE


@pytest.mark.parametrize("code", ["TIME", "FLOW_RATE", "FLOW_GAP"])
def test_a_run_without_a_clock_cannot_be_watched(code: str) -> None:
    found = observe(code, raw_events(FSC_A=[1, 2, 3, 4]))

    assert "no Time channel" in found.message
    assert state_of(found) is NOT_DONE


# The rate


def burst(events: int) -> Floats:
    """Return a steady run with so many further events from its 40th to its 45th second."""
    return np.sort(np.concatenate([steady(), 40 + 5 * np.arange(events) / max(events, 1)]))


@pytest.mark.parametrize(
    ("more", "state"), [(0, PASS), (500, PASS), (1000, WARN), (3000, WARN), (5000, FAIL)]
)
def test_events_that_pass_at_an_unusual_rate(more: int, state: QualityState) -> None:
    found = observe("FLOW_RATE", timed(burst(more)))

    assert state_of(found) is state
    assert "usually 200 a second" in found.message
    if state is not PASS:
        inside = 100 * (1000 + more) / (20_000 + more)
        assert found.value == pytest.approx(inside, abs=1.5)


def test_a_slow_stretch_holds_few_events_and_they_count() -> None:
    time = steady()
    slow = (time >= 60) & (time < 80)
    found = observe("FLOW_RATE", timed(time[~slow | (np.arange(time.size) % 4 == 0)]))

    assert found.value == pytest.approx(100 * 1000 / 17_000, abs=0.5)
    assert state_of(found) is WARN


def test_chance_is_no_unusual_rate() -> None:
    time = np.sort(np.random.default_rng(1).uniform(0, 100, 20_000))

    assert observe("FLOW_RATE", timed(time)).value == 0


@pytest.mark.parametrize("tick", [0.2, 0.3, 0.7])
def test_a_coarse_clock_is_no_unusual_rate(tick: float) -> None:
    ticks = np.floor(steady() / tick)

    assert observe("FLOW_RATE", raw_events(timestep_seconds=tick, Time=ticks)).value == 0


@pytest.mark.parametrize(
    ("time", "why"),
    [
        (steady(999), "999 events are too few"),
        (np.tile(steady(5000), 2), "the clock began anew"),
        (np.full(2000, 3.0), "stands still"),
        (steady(1500), "too few events or ticks"),
    ],
)
def test_a_rate_that_cannot_be_seen_is_not_done(time: Floats, why: str) -> None:
    found = observe("FLOW_RATE", timed(time))

    assert why in found.message
    assert state_of(found) is NOT_DONE


@pytest.mark.parametrize(("gap", "state"), [(0, PASS), (4, PASS), (6, WARN)])
def test_the_longest_time_without_an_event(gap: float, state: QualityState) -> None:
    time = steady()
    found = observe("FLOW_GAP", timed(np.where(time >= 50, time + gap, time)))

    assert found.value == pytest.approx(100 * (gap + 0.005) / (100 + gap), abs=0.02)
    assert state_of(found) is state


def test_a_gap_in_a_folded_run_is_unknown() -> None:
    assert state_of(observe("FLOW_GAP", timed(np.tile(steady(5000), 2)))) is NOT_DONE


# Unstable stretches


def watched(region: Region, *, start: float = 0, end: float = 100, kept: int = 4) -> Gating:
    gate = given_gate(
        "stable",
        region=region,
        values={"start_seconds": start, "end_seconds": end},
        note="unstable: 20-60 s",
    )
    return gating_of(members_of(100, stable=range(kept)), gate)


@pytest.mark.parametrize(
    ("region", "percent", "state"),
    [
        (Intervals(TIME, ((0, 20), (60, 100))), 40, WARN),
        (Interval(TIME, 0, 75), 25, WARN),
        (Interval(TIME, 0, 95), 5, PASS),
        (Interval(TIME, 0, 100), 0, PASS),
    ],
)
def test_the_share_of_time_that_was_left_out(
    region: Region, percent: float, state: QualityState
) -> None:
    found = observe("UNSTABLE_TIME", timed(range(100)), watched(region))

    assert found.value == pytest.approx(percent)
    assert found.unit == "% of run time"
    assert found.message == "unstable: 20-60 s; the run took 100 s"
    assert state_of(found) is state


def test_a_run_that_was_not_watched_is_not_called_stable() -> None:
    assert state_of(observe("UNSTABLE_TIME", timed(range(4)))) is NOT_DONE
    no_span = watched(Interval(TIME, 0, 100), start=0, end=0)
    assert state_of(observe("UNSTABLE_TIME", timed(range(100)), no_span)) is NOT_DONE


@pytest.mark.parametrize(
    ("kept", "state"), [(100, PASS), (90, PASS), (89, WARN), (70, WARN), (69, FAIL)]
)
def test_events_left_out_with_unstable_time(kept: int, state: QualityState) -> None:
    gating = watched(Interval(TIME, 0, 75), kept=kept)
    found = observe("REMOVED_BY_TIME", timed(range(100)), gating)

    assert found.value == 100 - kept
    assert state_of(found) is state


def test_nothing_watched_is_nothing_removed() -> None:
    assert state_of(observe("REMOVED_BY_TIME", timed(range(4)))) is NOT_DONE


# Drift


def ramp(n: int = 20_000) -> Floats:
    """Return a signal that is even over 0 to 1,000 in any stretch of the run."""
    return np.arange(n, dtype=np.float64) * 617 % 1000


def shifted(by: float, n: int = 20_000) -> Floats:
    """Return a signal spread over a hundred units whose centre moves up half way."""
    return 300 + np.arange(n, dtype=np.float64) * 617 % 100 + by * (np.arange(n) >= n / 2)


def span_of(by: float) -> float:
    """Return how far `shifted` moves, of its 2nd to 98th percentile."""
    low, high = np.percentile(shifted(by), (2, 98))
    return by / float(high - low)


@pytest.mark.parametrize(
    ("code", "marker"), [("SIGNAL_DRIFT", "CD5"), ("SIGNAL_DRIFT_OTHERS", "CD38")]
)
@pytest.mark.parametrize(("by", "state"), [(0, PASS), (12, PASS), (20, WARN), (25, WARN)])
def test_a_shift_is_measured_in_the_channels_span(
    by: float, state: QualityState, code: str, marker: str
) -> None:
    found = observe(code, raw_events(PE_A=shifted(by)), None, {marker: "PE-A"})

    assert found.value == pytest.approx(span_of(by), abs=0.02)
    assert marker in found.message
    assert state_of(found) is state


def test_a_large_shift_fails_where_the_channel_decides() -> None:
    raw = raw_events(PE_A=shifted(60), APC_A=shifted(60))
    markers = {"CD5": "PE-A", "CD38": "APC-A"}

    assert state_of(observe("SIGNAL_DRIFT", raw, None, markers)) is FAIL
    assert state_of(observe("SIGNAL_DRIFT_OTHERS", raw, None, markers)) is WARN


@pytest.mark.parametrize(("by", "state"), [(0, PASS), (60, WARN)])
def test_the_mean_over_the_channels(by: float, state: QualityState) -> None:
    raw = raw_events(PE_A=shifted(by), APC_A=ramp())
    found = observe("SIGNAL_DRIFT_MEAN", raw, None, {"CD5": "PE-A", "CD38": "APC-A"})

    assert found.value == pytest.approx(span_of(by) / 2, abs=0.02)
    assert found.message == "on average over 2 channels"
    assert state_of(found) is state


def test_the_worst_channel_is_told() -> None:
    raw = raw_events(PE_A=shifted(10), APC_A=shifted(50))

    found = observe("SIGNAL_DRIFT", raw, None, {"CD5": "PE-A", "CD45": "APC-A"})

    assert "CD45" in found.message


def test_two_populations_of_like_size_do_not_drift() -> None:
    signal = np.where(np.random.default_rng(1).random(4000) < 0.5, 100.0, 900.0)

    found = observe("SIGNAL_DRIFT", raw_events(PE_A=signal), None, {"CD5": "PE-A"})

    assert state_of(found) is PASS


def test_what_was_left_out_with_a_clog_is_no_drift() -> None:
    signal = ramp(40_000)
    signal[20_000:] += 500
    gating = gating_of(members_of(40_000, stable=range(20_000)), given_gate("stable"))

    found = observe("SIGNAL_DRIFT", raw_events(PE_A=signal), gating, {"CD5": "PE-A"})

    assert found.value == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("code", ["SIGNAL_DRIFT", "SIGNAL_DRIFT_OTHERS", "SIGNAL_DRIFT_MEAN"])
def test_few_events_show_no_drift(code: str) -> None:
    raw = raw_events(PE_A=shifted(100, 1999), APC_A=shifted(100, 1999))
    found = observe(code, raw, None, {"CD5": "PE-A", "CD38": "APC-A"})

    assert "1999 events are too few" in found.message
    assert state_of(found) is NOT_DONE


@pytest.mark.parametrize("signal", [np.full(20_000, 7.0), np.full(20_000, np.nan)])
def test_a_channel_of_one_value_or_none_has_no_span(signal: npt.ArrayLike) -> None:
    found = observe("SIGNAL_DRIFT", raw_events(PE_A=signal), None, {"CD5": "PE-A"})

    assert found.message == "no channel to see drift on"
    assert state_of(found) is NOT_DONE


def test_values_that_are_not_finite_do_not_drift() -> None:
    signal = ramp()
    signal[::50] = np.nan
    signal[1::50] = np.inf

    found = observe("SIGNAL_DRIFT", raw_events(PE_A=signal), None, {"CD5": "PE-A"})

    assert found.value == pytest.approx(0, abs=0.01)


# Values that are no numbers


@pytest.mark.parametrize(
    ("bad", "state"), [(0, PASS), (1, WARN), (10, WARN), (11, FAIL), (100, FAIL)]
)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_events_with_a_value_that_is_no_number(bad: int, state: QualityState, value: float) -> None:
    signal = np.ones(100)
    signal[:bad] = value
    found = observe("NOT_FINITE", raw_events(PE_A=signal, X=np.ones(100)), None, {"CD5": "PE-A"})

    assert found.value == bad
    assert state_of(found) is state


def test_channels_outside_the_panel_are_not_looked_at() -> None:
    raw = raw_events(PE_A=np.ones(4), X=np.full(4, np.nan))

    assert observe("NOT_FINITE", raw, None, {"CD5": "PE-A"}).value == 0
    assert state_of(observe("NOT_FINITE", raw)) is NOT_DONE
