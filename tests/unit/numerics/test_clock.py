"""Times that follow the order of the events, and times that do not."""

from __future__ import annotations

import numpy as np
import pytest

from cd5flow.numerics.clock import earlier_percent, is_folded


@pytest.mark.parametrize(
    ("time", "percent"),
    [
        ([], 0),
        ([5], 0),
        ([0, 1, 1, 2], 0),
        ([0, 2, 1, 3], 25),
        ([3, 2, 1, 0], 75),
        ([0, 9, 1, 2, 3], 60),
    ],
)
def test_events_stamped_earlier_than_one_before_them(time: list[float], percent: float) -> None:
    assert earlier_percent(np.array(time)) == percent


def test_a_clock_that_begins_anew_folds_the_run() -> None:
    once = np.arange(1000.0)
    assert not is_folded(once)
    assert is_folded(np.concatenate([once, once]))
    assert is_folded(np.arange(10_000.0) % 3000)


def test_a_file_in_another_order_is_not_folded() -> None:
    shuffled = np.random.default_rng(1).permutation(10_000).astype(float)
    assert not is_folded(shuffled)


def test_a_tick_now_and_then_the_wrong_way_folds_nothing() -> None:
    time = np.arange(10_000.0)
    time[500::1000] -= 2
    assert not is_folded(time)


@pytest.mark.parametrize("time", [[], [1.0]])
def test_no_events_are_not_folded(time: list[float]) -> None:
    assert not is_folded(np.array(time))
