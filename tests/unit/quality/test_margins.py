"""Values at the end of a scale, counted one by one."""

from __future__ import annotations

import numpy as np
import pytest

from cd5flow.model.populations import Gating
from cd5flow.model.result import QualityState
from cd5flow.quality.checks import Observation
from cd5flow.quality.margins import observe_margins
from support.quality_factory import FAIL, NOT_DONE, PASS, WARN, pick, run_of, state_of, with_channel
from support.readout_factory import TOP, gating_of, given_gate, members_of, raw_events

END = TOP - 1
MARKERS = {"FSC": "FSC-A", "CD5": "PE-A", "CD45": "APC-A"}
N = 1000


def observe(
    code: str, *, fsc: int = 0, cd5: int = 0, cd45: int = 0, gating: Gating | None = None
) -> Observation:
    """Return what is seen of 1,000 events, so many of them at the end of each channel's scale."""
    columns = {}
    for name, ended in (("FSC_A", fsc), ("PE_A", cd5), ("APC_A", cd45)):
        columns[name] = np.where(np.arange(N) < ended, END, 500.0)
    return pick(
        code, observe_margins(run_of(raw_events(0.01, **columns), gating=gating, markers=MARKERS))
    )


def with_blasts(n: int) -> Gating:
    """Return a gating in which the first n events are the blasts."""
    return gating_of(members_of(N, blasts=range(n)), given_gate("blasts"))


@pytest.mark.parametrize(
    ("ended", "state"), [(0, PASS), (20, PASS), (21, WARN), (100, WARN), (101, FAIL)]
)
@pytest.mark.parametrize("channel", ["fsc", "cd5", "cd45"])
def test_the_worst_channel_counts(channel: str, ended: int, state: QualityState) -> None:
    found = observe("OFF_SCALE", **{channel: ended})  # type: ignore[arg-type]

    assert found.value == pytest.approx(ended / 10)
    assert state_of(found) is state


def test_channels_are_named_from_the_worst_down() -> None:
    found = observe("OFF_SCALE", fsc=30, cd5=50)

    assert found.message == "at the end of the scale: CD5 5 %, FSC 3 %"
    assert observe("OFF_SCALE").message == "hardly any event at the end of a scale"


def test_scatter_at_zero_is_off_scale_and_fluorescence_there_is_not() -> None:
    raw = raw_events(FSC_A=[0, -5, 1, 1], PE_A=[0, -5, -5, -5])
    markers = {"FSC": "FSC-A", "CD5": "PE-A"}

    found = pick("OFF_SCALE", observe_margins(run_of(raw, markers=markers)))

    assert found.value == 50
    assert "FSC 50 %" in found.message


def test_what_a_clog_left_out_is_not_counted() -> None:
    gating = gating_of(members_of(N, stable=range(500, N)), given_gate("stable"))

    assert observe("OFF_SCALE", cd45=500, gating=gating).value == 0
    nobody = gating_of(members_of(N, stable=range(0)), given_gate("stable"))
    assert state_of(observe("OFF_SCALE", gating=nobody)) is NOT_DONE


@pytest.mark.parametrize(
    ("ended", "state"), [(0, PASS), (1, PASS), (2, WARN), (20, WARN), (21, FAIL)]
)
def test_blasts_off_the_cd5_scale(ended: int, state: QualityState) -> None:
    found = observe("CD5_OFF_SCALE", cd5=ended, gating=with_blasts(200))

    assert found.value == pytest.approx(100 * ended / 200)
    assert state_of(found) is state


@pytest.mark.parametrize(
    ("ended", "state"), [(0, PASS), (4, PASS), (5, WARN), (20, WARN), (21, FAIL)]
)
def test_blasts_off_another_scale(ended: int, state: QualityState) -> None:
    found = observe("BLASTS_OFF_SCALE", cd5=200, cd45=ended, gating=with_blasts(200))

    assert found.value == pytest.approx(100 * ended / 200)
    assert state_of(found) is state
    if ended:
        assert "CD45" in found.message


@pytest.mark.parametrize("code", ["CD5_OFF_SCALE", "BLASTS_OFF_SCALE"])
@pytest.mark.parametrize("blasts", [None, 0])
def test_without_blasts_there_is_nothing_to_look_at(code: str, blasts: int | None) -> None:
    gating = None if blasts is None else with_blasts(blasts)
    found = observe(code, cd5=10, cd45=10, gating=gating)

    assert found.message == "no blasts to look at"
    assert state_of(found) is NOT_DONE


def test_a_tube_without_cd5_says_so() -> None:
    raw = raw_events(APC_A=[1, 2])
    gating = gating_of(members_of(2, blasts=range(2)), given_gate("blasts"))
    found = pick(
        "CD5_OFF_SCALE", observe_margins(run_of(raw, gating=gating, markers={"CD45": "APC-A"}))
    )

    assert found.message == "no CD5 in this tube"


@pytest.mark.parametrize(("step", "percent"), [(1022, 0), (1023, 100)])
def test_a_logarithmic_channel_ends_at_its_last_step(step: int, percent: float) -> None:
    raw = raw_events(PE_A=[10 ** (4 * step / 1024)])
    log = with_channel(raw, "PE-A", range=1024.0, maximum=1e4, amplification=(4.0, 1.0))

    assert pick("OFF_SCALE", observe_margins(run_of(log, markers={"CD5": "PE-A"}))).value == percent


def test_a_channel_whose_range_tells_of_no_steps_has_no_end() -> None:
    raw = with_channel(raw_events(PE_A=[0.5, 2.0]), "PE-A", range=1.0, maximum=1.0)

    assert pick("OFF_SCALE", observe_margins(run_of(raw, markers={"CD5": "PE-A"}))).value == 0
