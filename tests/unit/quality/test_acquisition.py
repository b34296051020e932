"""The run itself, on runs whose faults can be counted by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest

from cd5flow.model.events import RawEvents
from cd5flow.model.geometry import Dimension, Interval, Intervals, Region
from cd5flow.model.populations import Gating
from cd5flow.model.scale import Linear
from cd5flow.quality.acquisition import acquisition
from cd5flow.quality.checks import Observation
from readout_factory import (
    columns_of,
    gating_of,
    given_gate,
    members_of,
    panel_of,
    raw_events,
)

TIME = Dimension("Time")
PLAIN = gating_of(members_of(4))


def observe(
    code: str, raw: RawEvents, gating: Gating, markers: Mapping[str, str] | None = None
) -> Observation:
    """Return one observation of the battery; every channel on a linear scale to 1,000."""
    battery = acquisition(
        raw,
        panel=panel_of(raw, **(markers or {})),
        gating=gating,
        columns=columns_of(raw),
        scales={c.detector: Linear(t=1000) for c in raw.channels if not c.is_time},
    )
    (found,) = (observation for observation in battery if observation.code == code)
    return found


def run(ticks: npt.ArrayLike) -> RawEvents:
    return raw_events(Time=ticks)


# The clock


def test_the_battery_comes_in_a_fixed_order() -> None:
    raw = run([0, 1, 2, 3])
    battery = acquisition(
        raw, panel=panel_of(raw), gating=PLAIN, columns=columns_of(raw), scales={}
    )

    assert [o.code for o in battery] == [
        "TIME",
        "UNSTABLE_TIME",
        "REMOVED_BY_TIME",
        "SIGNAL_DRIFT",
        "OFF_SCALE",
        "DEBRIS",
        "DOUBLETS",
        "VIABILITY",
    ]


@pytest.mark.parametrize(
    ("ticks", "percent"), [([0, 1, 1, 2], 0), ([0, 2, 1, 3], 25), ([3, 2, 1, 0], 75)]
)
def test_time_stamps_that_run_backwards_are_counted(ticks: list[float], percent: float) -> None:
    assert observe("TIME", run(ticks), PLAIN).value == percent


def test_a_clock_that_stands_still_tells_nothing() -> None:
    assert observe("TIME", run([5, 5, 5, 5]), PLAIN).value is None


def test_a_run_without_a_clock_cannot_be_watched() -> None:
    found = observe("TIME", raw_events(FSC_A=[1, 2, 3, 4]), PLAIN)

    assert found.value is None
    assert "no Time channel" in found.message


# Unstable stretches


def watched(region: Region, *, start: float = 0, end: float = 100, kept: int = 4) -> Gating:
    gate = given_gate(
        "stable",
        region=region,
        values={"start_seconds": start, "end_seconds": end},
        note="unstable: 20-60 s",
    )
    return gating_of(members_of(4, stable=range(kept)), gate)


@pytest.mark.parametrize(
    ("region", "percent"),
    [
        (Intervals(TIME, ((0, 20), (60, 100))), 40),
        (Interval(TIME, 0, 75), 25),
        (Interval(TIME, 0, 100), 0),
    ],
)
def test_the_share_of_time_that_was_left_out(region: Region, percent: float) -> None:
    found = observe("UNSTABLE_TIME", run([0, 1, 2, 3]), watched(region))

    assert found.value == pytest.approx(percent)
    assert found.unit == "% of run time"
    assert found.message == "unstable: 20-60 s; the run took 100 s"


def test_a_run_that_was_not_watched_is_not_called_stable() -> None:
    assert observe("UNSTABLE_TIME", run([0, 1, 2, 3]), PLAIN).value is None
    no_span = watched(Interval(TIME, 0, 100), start=0, end=0)
    assert observe("UNSTABLE_TIME", run([0, 1, 2, 3]), no_span).value is None


def test_events_left_out_with_unstable_time() -> None:
    gating = watched(Interval(TIME, 0, 75), kept=3)

    assert observe("REMOVED_BY_TIME", run([0, 1, 2, 3]), gating).value == 25
    assert observe("REMOVED_BY_TIME", run([0, 1, 2, 3]), PLAIN).value is None


# Shares that gates leave out


def test_events_at_the_end_of_a_scale() -> None:
    gating = gating_of(members_of(4, in_range=range(3)), given_gate("in_range"))

    assert observe("OFF_SCALE", run([0, 1, 2, 3]), gating).value == 25
    assert observe("OFF_SCALE", run([0, 1, 2, 3]), PLAIN).value == 0


def test_debris_is_counted_of_its_gates_parent() -> None:
    gating = gating_of(
        members_of(10, stable=range(8), cells=range(6)),
        given_gate("stable"),
        given_gate("cells", "stable"),
    )
    raw = run(range(10))

    assert observe("DEBRIS", raw, gating).value == 25
    assert observe("DEBRIS", raw, gating_of(members_of(10))).value is None


def test_a_gate_without_a_parents_events_has_no_share() -> None:
    gating = gating_of(
        members_of(4, stable=range(0), cells=range(0)),
        given_gate("stable"),
        given_gate("cells", "stable"),
    )

    assert observe("DEBRIS", run([0, 1, 2, 3]), gating).value is None


def test_doublets_of_both_steps_are_counted_together() -> None:
    gating = gating_of(
        members_of(20, cells=range(10), fsc_singlets=range(9), singlets=range(8)),
        given_gate("cells"),
        given_gate("fsc_singlets", "cells", method="singlet_band"),
        given_gate("singlets", "fsc_singlets", method="singlet_band"),
    )

    assert observe("DOUBLETS", run(range(20)), gating).value == 20


def test_events_lost_to_a_clog_are_no_doublets() -> None:
    gating = gating_of(  # debris was not told from cells
        members_of(20, stable=range(10), singlets=range(9)),
        given_gate("stable"),
        given_gate("singlets", "stable", method="singlet_band"),
    )

    assert observe("DOUBLETS", run(range(20)), gating).value == 10


def test_doublets_that_could_not_be_told_are_not_zero() -> None:
    found = observe("DOUBLETS", run([0, 1, 2, 3]), PLAIN)

    assert found.value is None
    assert "doublets are not told" in found.message


def test_living_cells_by_the_dye() -> None:
    gating = gating_of(
        members_of(10, singlets=range(8), viable=range(6)),
        given_gate("singlets"),
        given_gate("viable", "singlets"),
    )

    assert observe("VIABILITY", run(range(10)), gating).value == 75


def test_viability_without_a_dye_is_not_assessed() -> None:
    assert observe("VIABILITY", run([0, 1, 2, 3]), PLAIN).value is None


# Drift


def ramp(n: int = 20_000) -> npt.NDArray[np.floating]:
    """Return a signal that is even over 0 to 1,000 in any stretch of the run."""
    return np.arange(n) * 617 % 1000.0


def shifted(by: float, n: int = 20_000) -> npt.NDArray[np.floating]:
    """Return a signal spread over a hundred units whose centre moves up half way."""
    return 300 + np.arange(n) * 617 % 100 + by * (np.arange(n) >= n / 2)


def test_a_steady_signal_does_not_drift() -> None:
    found = observe("SIGNAL_DRIFT", raw_events(PE_A=ramp()), PLAIN, {"CD5": "PE-A"})

    assert found.value == pytest.approx(0, abs=0.01)


def test_a_shift_is_measured_in_the_channels_span() -> None:
    found = observe("SIGNAL_DRIFT", raw_events(PE_A=shifted(100)), PLAIN, {"CD5": "PE-A"})

    assert found.value == pytest.approx(100 / 192, abs=0.02)  # 2nd to 98th percentile: 304 to 496
    assert "CD5" in found.message


def test_the_worst_channel_is_told() -> None:
    raw = raw_events(PE_A=shifted(10), APC_A=shifted(50))

    found = observe("SIGNAL_DRIFT", raw, PLAIN, {"CD5": "PE-A", "CD45": "APC-A"})

    assert "CD45" in found.message


def test_markers_that_decide_nothing_are_not_watched() -> None:
    raw = raw_events(PE_A=ramp(), APC_A=shifted(100))

    found = observe("SIGNAL_DRIFT", raw, PLAIN, {"CD5": "PE-A", "CD38": "APC-A"})

    assert found.value == pytest.approx(0, abs=0.01)


def test_what_was_left_out_with_a_clog_is_no_drift() -> None:
    signal = ramp(40_000)
    signal[20_000:] += 500
    gating = gating_of(members_of(40_000, stable=range(20_000)), given_gate("stable"))

    found = observe("SIGNAL_DRIFT", raw_events(PE_A=signal), gating, {"CD5": "PE-A"})

    assert found.value == pytest.approx(0, abs=0.01)


def test_few_events_show_no_drift() -> None:
    raw = raw_events(PE_A=shifted(100, 1999))

    assert observe("SIGNAL_DRIFT", raw, PLAIN, {"CD5": "PE-A"}).value is None


@pytest.mark.parametrize("markers", [{}, {"CD38": "PE-A"}])
def test_a_tube_without_a_watched_marker_is_not_called_steady(markers: dict[str, str]) -> None:
    assert observe("SIGNAL_DRIFT", raw_events(PE_A=shifted(100)), PLAIN, markers).value is None


def test_a_channel_of_one_value_has_no_span() -> None:
    raw = raw_events(PE_A=np.full(20_000, 7.0))

    assert observe("SIGNAL_DRIFT", raw, PLAIN, {"CD5": "PE-A"}).value is None


def test_values_that_are_not_finite_are_left_out() -> None:
    signal = ramp()
    signal[::50] = np.nan
    signal[1::50] = np.inf

    found = observe("SIGNAL_DRIFT", raw_events(PE_A=signal), PLAIN, {"CD5": "PE-A"})

    assert found.value == pytest.approx(0, abs=0.01)
