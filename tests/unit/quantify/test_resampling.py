"""Quantiles of bootstrap resamples, drawn without drawing events."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.quantify.resampling import generator, middle_95_percent, resampled_quantiles

VALUES = np.sort(np.random.default_rng(5).normal(100, 30, 400)).astype(np.float32)


def drawn(*percents: float, values: np.ndarray = VALUES, n: int = 20_000) -> np.ndarray:
    return resampled_quantiles(values, percents, resamples=n, rng=generator(0, "test"))


def by_hand(*percents: float, n: int = 20_000) -> np.ndarray:
    """Return quantiles of resamples whose events were really drawn."""
    rng = np.random.default_rng(1)
    ranks = [int(np.ceil(p / 100 * VALUES.size)) - 1 for p in percents]
    return np.sort(rng.choice(VALUES, (n, VALUES.size)), axis=1)[:, ranks]


@pytest.mark.parametrize("percent", [5, 25, 50, 75, 95, 99])
def test_a_quantile_is_spread_as_that_of_resamples_is(percent: float) -> None:
    ours, theirs = drawn(percent)[:, 0], by_hand(percent, n=4000)[:, 0]

    for q in (2.5, 50, 97.5):
        near = np.percentile(theirs, (max(q - 1.5, 0), min(q + 1.5, 100)))
        assert near[0] <= np.percentile(ours, q) <= near[1]


def test_quantiles_of_one_resample_go_together() -> None:
    ours, theirs = drawn(25, 50), by_hand(25, 50, n=4000)

    assert np.corrcoef(ours.T)[0, 1] == pytest.approx(np.corrcoef(theirs.T)[0, 1], abs=0.05)
    assert (ours[:, 0] <= ours[:, 1]).all()


def test_a_quantile_of_resamples_is_one_of_the_values() -> None:
    assert np.isin(drawn(25, 99), VALUES).all()


def test_one_value_stays_that_value() -> None:
    assert (drawn(50, 99, values=np.array([7.0])) == 7).all()


def test_equal_quantiles_are_one() -> None:
    ours = drawn(50, 50)

    assert (ours[:, 0] == ours[:, 1]).all()


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=50), st.floats(1, 99))
def test_resamples_stay_within_the_values(values: list[float], percent: float) -> None:
    signal = np.array(values, dtype=np.float32)
    found = drawn(percent, values=signal, n=50)

    assert signal.min() <= found.min()
    assert found.max() <= signal.max()


def test_a_name_has_random_numbers_of_its_own() -> None:
    first, other = (generator(0, name).random() for name in ("fmo", "nk_cells/CD5"))

    assert first == generator(0, "fmo").random()
    assert first != other
    assert first != generator(1, "fmo").random()


def test_the_middle_is_between_two_tails_of_a_fortieth() -> None:
    assert middle_95_percent(np.arange(1001.0)) == (25.0, 975.0)
