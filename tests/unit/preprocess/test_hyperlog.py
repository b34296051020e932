"""The hyperlog scale: its published points, its inverse, and FlowUtils as oracle."""

from __future__ import annotations

import flowutils
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.model.scale import Hyperlog
from cd5flow.preprocess.transforms import inverse, scale, scale_exact
from support.gate_strategies import widths

SCALES = (
    Hyperlog(10_000, 1, 4.5, 0),
    Hyperlog(262_144, 0.5, 4.5, 0.5),
    Hyperlog(10_000, 1.5, 4, -0.3),
)
VALUES = np.concatenate([-np.logspace(-3, 5, 60), [0.0], np.logspace(-3, 6, 60)])


@pytest.mark.parametrize("transform", SCALES)
def test_it_is_flowutils_scale(transform: Hyperlog) -> None:
    theirs = flowutils.transforms.hyperlog(
        VALUES.reshape(-1, 1), None, t=transform.t, m=transform.m, w=transform.w, a=transform.a
    ).ravel()
    assert scale_exact(VALUES, transform) == pytest.approx(theirs, abs=1e-13)
    assert scale(VALUES, transform) == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("transform", SCALES)
def test_the_top_lies_at_one_and_zero_where_the_standard_says(transform: Hyperlog) -> None:
    zero = (transform.a + transform.w) / (transform.m + transform.a)
    assert scale_exact([0.0, transform.t], transform) == pytest.approx([zero, 1.0], abs=1e-14)


@given(widths(0.05), st.floats(-1e7, 1e7))
def test_the_inverse_leads_back(parameters: tuple[float, float, float, float], x: float) -> None:
    transform = Hyperlog(*parameters)
    assert inverse(scale_exact(x, transform), transform) == pytest.approx(x, rel=1e-9, abs=1e-6)


def test_it_rises_everywhere_and_nan_stays() -> None:
    for transform in SCALES:
        assert (np.diff(scale_exact(np.sort(VALUES), transform)) > 0).all()
        assert np.isnan(scale_exact(np.nan, transform))


@pytest.mark.parametrize(
    ("w", "m", "a"), [(0, 4.5, 0), (-1, 4.5, 0), (2.3, 4.5, 0), (1, 4.5, -1.1), (1, 4.5, 2.6)]
)
def test_impossible_parameters_are_refused(w: float, m: float, a: float) -> None:
    with pytest.raises(ValueError, match="hyperlog scale needs"):
        Hyperlog(1000, w, m, a)
