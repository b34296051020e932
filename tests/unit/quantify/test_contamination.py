"""Other cells in the blast gate: how many, with or without CD5, and what the band makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.model.limits import NeighbourRule
from cd5flow.quantify.contamination import (
    Contamination,
    Neighbour,
    beyond_own,
    contamination,
    tail_across,
)
from cd5flow.quantify.cuts import EMPTY, Signal
from support.readout_factory import at, cd5_limits

RULE = cd5_limits().neighbours
PLAIN = RULE.model_copy(update={"noise": 0.0})
"""Without the standard errors that are added, to count by hand."""


def across_cut(outside: Signal, inside: Signal, cut: float, *, rule: NeighbourRule) -> float:
    """Return how many cells from beyond a cut may lie on the blasts' side of it."""
    return tail_across(outside, inside, cut, rule=rule).events(rule.noise)


def overlapping(neighbours: int, blasts: int, *, apart: float, seed: int = 0) -> tuple[int, float]:
    """Cut two normal peaks, `apart` SD from each other, where they are equally dense.

    Returns:
        The neighbours on the blasts' side, and what is said of them.
    """
    rng = np.random.default_rng(seed)
    others, ours = rng.normal(0, 1, neighbours), rng.normal(apart, 1, blasts)
    cut = apart / 2 + float(np.log(neighbours / blasts)) / apart
    everyone = np.concatenate([others, ours])
    said = across_cut(everyone[everyone < cut], everyone[everyone >= cut], cut, rule=RULE)
    return int(np.count_nonzero(others >= cut)), said


@pytest.mark.parametrize("apart", [2.5, 3.0, 4.0, 5.0, 6.0])
@pytest.mark.parametrize(("neighbours", "blasts"), [(5000, 1000), (1000, 1000), (1000, 10_000)])
def test_what_is_said_covers_what_is_there(apart: float, neighbours: int, blasts: int) -> None:
    for seed in range(5):
        there, said = overlapping(neighbours, blasts, apart=apart, seed=seed)
        assert 0.6 * there <= said <= 5 * there + 15


def test_an_empty_valley_holds_nobody() -> None:
    there, said = overlapping(1000, 1000, apart=9.0)

    assert (there, said) == (0, 0)


def test_a_long_tail_is_seen_by_the_valleys_floor() -> None:
    # A continuum that falls evenly from -2 to 2 has no far side to mirror.
    rng = np.random.default_rng(2)
    others = 4 * (1 - np.sqrt(rng.random(4000))) - 2
    blasts = rng.normal(3, 0.3, 1000)
    everyone = np.concatenate([others, blasts])
    cut = 1.2
    there = int(np.count_nonzero(others >= cut))
    said = across_cut(everyone[everyone < cut], everyone[everyone >= cut], cut, rule=RULE)

    assert there > 100
    assert there <= said <= 3 * there


def test_the_far_side_of_a_peak_is_its_mirror() -> None:
    # Ten events at 2 and 21 below: the median lies at 3 from the cut at 10, 4 lie twice as far.
    outside = np.array([4.0] * 4 + [7.0] * 27)

    assert across_cut(outside, np.array([30.0] * 100), 10.0, rule=PLAIN) == 4


def test_no_more_come_across_than_there_are() -> None:
    assert across_cut(np.array([9.0, 9.5, 9.9]), np.full(1000, 10.01), 10.0, rule=RULE) <= 3


@pytest.mark.parametrize(("outside", "inside"), [(0, 100), (1, 100), (100, 1), (100, 0)])
def test_too_few_to_tell_are_none(outside: int, inside: int) -> None:
    assert across_cut(np.zeros(outside), np.ones(inside), 0.5, rule=RULE) == 0


def test_the_side_of_the_cut_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    low, high = rng.normal(0, 1, 500), rng.normal(4, 1, 500)
    one = across_cut(low, high, 2.0, rule=RULE)
    other = across_cut(-low, -high, -2.0, rule=RULE)

    assert one == pytest.approx(other)


@pytest.mark.parametrize(
    ("found", "own", "said"), [(0, 0, 0), (10, 0, 10), (10, 4, 6), (10, 20, 0)]
)
def test_what_the_blasts_explain_is_not_others(found: int, own: int, said: float) -> None:
    assert beyond_own(found, own, rule=PLAIN) == said


def test_noise_of_the_counts_is_added() -> None:
    assert beyond_own(100, 100, rule=RULE) == pytest.approx(RULE.noise * np.sqrt(200))


# With and without CD5


def test_the_like_of_others_tell_their_cd5() -> None:
    t_cells = Neighbour("scd3_negative", 50, at((90, 1e4), (10, 0.0)))
    nk_cells = Neighbour("CD45", 30, at((100, 0.0)))
    found = contamination((t_cells, nk_cells), 1000, place=500.0)

    assert found.positive == pytest.approx(0.045)
    assert found.negative == pytest.approx(0.035)


def test_of_an_unknown_kind_they_may_be_either() -> None:
    found = contamination((Neighbour("CD45", 100, EMPTY),), 1000, place=500.0)

    assert (found.positive, found.negative) == (0.1, 0.1)


def test_t_cells_in_the_gate_lower_the_share_and_nk_cells_raise_it() -> None:
    assert Contamination(0.1, 0.0).around(0.75, 0.75) == pytest.approx((0.7222, 0.75), abs=1e-4)
    assert Contamination(0.0, 0.1).around(0.75, 0.75) == pytest.approx((0.75, 0.8333), abs=1e-4)


def test_a_gate_of_others_alone_tells_nothing() -> None:
    assert Contamination(1.0, 1.0).around(0.5, 0.5) == (0.0, 1.0)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_others_only_widen(share: float, positive: float, negative: float) -> None:
    low, high = Contamination(positive, negative).around(share, share)

    assert 0 <= low <= share <= high <= 1


def test_the_rule_is_data() -> None:
    with pytest.raises(ValueError, match="floor_part"):
        NeighbourRule.model_validate({**RULE.model_dump(), "floor_part": 0.9})
