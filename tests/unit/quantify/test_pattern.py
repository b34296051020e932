"""The word for how CD5 is spread, at the very limits of its rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cd5flow.model.result import Pattern
from cd5flow.quantify.pattern import pattern_of, valley_of
from support.readout_factory import AXIS, at, cd5_limits, spread

NARROW = 0.01
"""SD in decades of a pile that is neither partial nor heterogeneous."""


def pattern(
    blasts: np.ndarray[Any, Any],
    *,
    t_cells: np.ndarray[Any, Any] | None = None,
    cut: float = 10.0,
    percent: float = 100.0,
    **limits: Any,
) -> Pattern:
    rules = cd5_limits().pattern.model_copy(update=limits)
    found = pattern_of(blasts, t_cells, cut=cut, percent=percent, scaled=AXIS.scaled, limits=rules)
    assert isinstance(found, Pattern)
    return found


ONE_PILE = at((1000, 100.0))


@pytest.mark.parametrize(
    ("percent", "word"),
    [(9.999_999, Pattern.NEGATIVE), (10.0, Pattern.DIM), (10.000_001, Pattern.DIM)],
)
def test_the_stated_share_itself_is_not_negative(percent: float, word: Pattern) -> None:
    far = at((100, 1e5))
    assert pattern(ONE_PILE, t_cells=far, percent=percent, negative_percent=10) is word


@pytest.mark.parametrize(
    ("top", "word"), [(999.0, Pattern.BRIGHT), (1000.0, Pattern.BRIGHT), (1001.0, Pattern.DIM)]
)
def test_the_stated_distance_from_t_cells_itself_is_bright(top: float, word: Pattern) -> None:
    assert pattern(ONE_PILE, t_cells=at((100, top)), bright_decades=1.0) is word


@pytest.mark.parametrize(
    ("cut", "word"), [(9.99, Pattern.BRIGHT), (10.0, Pattern.BRIGHT), (10.01, Pattern.DIM)]
)
def test_the_stated_distance_from_the_cut_itself_is_bright(cut: float, word: Pattern) -> None:
    assert pattern(ONE_PILE, cut=cut, bright_above_cut_decades=1.0) is word


@pytest.mark.parametrize("median", [0.0, -100.0])
def test_blasts_about_zero_are_not_bright(median: float) -> None:
    blasts = at((1000, median))
    assert pattern(blasts, t_cells=at((100, 100.0))) is Pattern.DIM
    assert pattern(blasts, cut=-1.0) is Pattern.DIM


def test_t_cells_about_zero_show_nothing_bright() -> None:
    assert pattern(ONE_PILE, t_cells=at((100, 0.0))) is Pattern.DIM
    assert pattern(ONE_PILE, t_cells=at((100, -50.0))) is Pattern.DIM


@pytest.mark.parametrize(
    ("low", "word"),
    [(99.0, Pattern.HETEROGENEOUS), (100.0, Pattern.HETEROGENEOUS), (101.0, Pattern.DIM)],
)
def test_the_stated_span_itself_is_heterogeneous(low: float, word: Pattern) -> None:
    """The 10th percentile is the least value and the 90th the greatest, a decade apart."""
    blasts = at((200, low), (200, 1000.0))
    apart: dict[str, Any] = {
        "heterogeneous_decades": 1.0,
        "partial_percent": 50.0,
        "partial_valley_depth": 0.999,
    }
    middle = at((199, 500.0))
    cells = np.concatenate([blasts, middle])
    assert pattern(cells, cut=400.0, **apart, bright_above_cut_decades=3.0) is word


def test_a_low_end_below_the_cuts_tenth_counts_as_that() -> None:
    """Negatives about zero have no logarithm; they are taken to lie a decade below the cut."""
    blasts = at((200, -500.0), (900, 1000.0))
    how: dict[str, Any] = {"partial_percent": 50.0, "bright_above_cut_decades": 9.0}
    assert pattern(blasts, cut=1000.0, heterogeneous_decades=1.0, **how) is Pattern.HETEROGENEOUS
    assert pattern(blasts, cut=1000.0, heterogeneous_decades=1.001, **how) is Pattern.DIM


# Peaks and the events that each of them holds


def two_peaks(lower: int, upper: int = 2000) -> np.ndarray[Any, Any]:
    return np.concatenate(
        [spread(lower, 100.0, NARROW, decades=True), spread(upper, 10_000.0, NARROW, decades=True)]
    )


@pytest.mark.parametrize(
    ("lower", "upper", "word"),
    [(99, 901, Pattern.BRIGHT), (100, 900, Pattern.PARTIAL), (101, 899, Pattern.PARTIAL)],
)
def test_the_stated_share_of_a_peak_itself_is_enough(lower: int, upper: int, word: Pattern) -> None:
    found = pattern(two_peaks(lower, upper), t_cells=at((100, 10_000.0)), partial_percent=10.0)
    assert found is word


@pytest.mark.parametrize(("lower", "parts"), [(19, False), (20, True), (21, True)])
def test_a_peak_of_twenty_events_is_one_whatever_the_share(lower: int, *, parts: bool) -> None:
    cells = two_peaks(lower, 200)
    found = pattern(cells, t_cells=at((100, 10_000.0)), partial_percent=0.0)
    assert found is (Pattern.PARTIAL if parts else Pattern.BRIGHT)
    assert (valley_of(cells, AXIS.scaled, depth=0.5) is not None) is parts


@pytest.mark.parametrize(("each", "parts"), [(19, False), (20, True)])
def test_two_peaks_need_twice_the_events_of_one(each: int, *, parts: bool) -> None:
    assert (valley_of(two_peaks(each, each), AXIS.scaled, depth=0.5) is not None) is parts


@pytest.mark.parametrize(("lower", "parts"), [(49, False), (50, True)])
def test_a_valley_parts_a_hundredth_of_the_blasts(lower: int, *, parts: bool) -> None:
    cells = two_peaks(lower, 5000 - lower)
    assert (valley_of(cells, AXIS.scaled, depth=0.5) is not None) is parts
