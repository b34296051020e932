"""A cut at a quantile of cells that are known to lack, or to carry, the marker."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.special import bdtr

from cd5flow.gating.methods.quantile import Quantile, ranks_around
from cd5flow.gating.tube_view import Control, Outcome, Position, Refused, TubeView
from cd5flow.model.geometry import Interval
from cd5flow.model.reasons import Reason, sentence
from support.gating_factory import axis, inside, quantiles, reason, resolved, tube_view

NEGATIVE = quantiles(0.3, 0.05, 1_000)
POSITIVE = quantiles(0.8, 0.06, 500)


def quantile(**settings: Any) -> Quantile:
    rule = {
        "method": "quantile", "axis": "X", "keep": "above", "of": "negative",
        "quantile_percent": 99,
    }  # fmt: skip
    return Quantile.model_validate({**rule, **settings})


def tube(negative: npt.ArrayLike = NEGATIVE, positive: npt.ArrayLike = POSITIVE) -> TubeView:
    """Return positives as the parent, beside the negatives."""
    values = np.concatenate([np.asarray(negative), np.asarray(positive)])
    is_negative = np.arange(values.size) < np.size(negative)
    return tube_view({"X": values}, populations={"negative": is_negative}, parent=~is_negative)


def cut(outcome: Outcome) -> float:
    region = resolved(outcome).region
    assert isinstance(region, Interval)
    assert region.dimension == axis("X")
    bound = region.high if region.low is None else region.low
    assert bound is not None
    return bound


@pytest.mark.parametrize(("percent", "deviates"), [(99, 2.326), (50, 0), (2.5, -1.960)])
def test_the_cut_lies_at_the_quantile_of_the_population(percent: float, deviates: float) -> None:
    outcome = quantile(quantile_percent=percent).find(tube())
    assert cut(outcome) == pytest.approx(0.3 + 0.05 * deviates, abs=0.001)
    assert outcome.evidence.events == 1_000
    assert sentence(outcome.evidence.note) == f"the {percent:g} % quantile of negative on X"


def test_the_side_asked_for_is_kept() -> None:
    view = tube()
    everyone = replace(view, inside=np.ones(1_500, dtype=np.bool_))
    above = inside(resolved(quantile(keep="above").find(everyone)).region, everyone)
    below = inside(resolved(quantile(keep="below").find(everyone)).region, everyone)
    assert (above[:1_000].sum(), above[1_000:].sum()) == (10, 500)
    assert np.array_equal(below, ~above)


def test_the_cut_is_moved_by_the_references_own_spreads() -> None:
    outcome = quantile(quantile_percent=50, spreads=3).find(tube())
    assert cut(outcome) == pytest.approx(0.45, abs=0.002)
    assert outcome.evidence.values["spread"] == pytest.approx(0.05, rel=0.01)
    assert sentence(outcome.evidence.note) == "3 spreads above the 50 % quantile of negative on X"
    down = quantile(quantile_percent=50, spreads=-1).find(tube())
    assert cut(down) == pytest.approx(0.25, abs=0.002)
    assert "1 spreads below" in sentence(down.evidence.note)


def test_a_reference_without_width_moves_no_cut() -> None:
    flat = tube(negative=[0.3] * 1_000)
    assert cut(quantile().find(flat)) == pytest.approx(0.3)
    assert reason(quantile(spreads=1).find(flat)) == "negative has no width on X"


# How sure the quantile is


def test_the_evidence_holds_the_order_statistics_around_the_quantile() -> None:
    values = resolved(quantile(quantile_percent=50).find(tube())).evidence.values
    # Ranks 469 and 532 of 1,000 (binomial, 95 %).
    ordered = np.sort(NEGATIVE.astype(np.float32))
    assert values["cut_low"] == pytest.approx(ordered[468])
    assert values["cut_high"] == pytest.approx(ordered[531])
    assert values["cut_low"] < values["cut"] < values["cut_high"]


def test_the_interval_moves_with_the_cut() -> None:
    still, moved = (quantile(spreads=n).find(tube()).evidence.values for n in (0, 2))
    for name in ("cut", "cut_low", "cut_high"):
        assert moved[name] - still[name] == pytest.approx(2 * still["spread"])


def test_what_the_interval_leaves_open_is_a_share_of_the_parent() -> None:
    parted = tube(positive=[0.1] * 60 + [0.417] * 20 + [0.9] * 20)
    assert quantile().find(parted).evidence.values["open_percent"] == 20
    assert quantile().find(tube()).evidence.values["open_percent"] == 0
    assert quantile().find(tube(positive=[])).evidence.values["open_percent"] == 0


@pytest.mark.parametrize(
    ("events", "percent", "ranks"),
    [
        (100, 50, (40, 61)),
        (6, 50, (1, 6)),
        (5, 50, None),
        (367, 99, None),
        (368, 99, (360, 368)),
        (368, 1, (1, 9)),
        (50, 99, None),
    ],
)
def test_ranks_are_those_of_the_binomial(
    events: int, percent: float, ranks: tuple[int, int] | None
) -> None:
    assert ranks_around(events, percent, confidence=95) == ranks


@given(st.integers(1, 3_000), st.floats(0.5, 99.5), st.sampled_from((80, 90, 95, 99)))
def test_the_interval_covers_the_quantile_as_often_as_said_and_no_end_is_further_off_than_needed(
    events: int, percent: float, confidence: float
) -> None:
    ranks = ranks_around(events, percent, confidence=confidence)
    share, tail = percent / 100, (1 - confidence / 100) / 2
    if ranks is None:
        # Not even the lowest, or the highest, event lies beyond it surely enough.
        assert max((1 - share) ** events, share**events) > tail * (1 - 1e-9)
        return
    lower, upper = ranks
    below, above = bdtr(lower - 1, events, share), 1 - bdtr(upper - 1, events, share)
    assert below <= tail
    assert above <= tail + 1e-12
    assert bdtr(lower, events, share) > tail
    assert 1 - bdtr(upper - 2, events, share) > tail - 1e-12
    assert 1 <= lower < upper <= events


@given(st.integers(0, 10_000))
def test_the_true_quantile_mostly_lies_in_the_interval(seed: int) -> None:
    rng = np.random.default_rng(seed)
    inside_of = 0
    for _ in range(40):
        values = quantile(quantile_percent=90).find(tube(rng.exponential(1, 300))).evidence.values
        inside_of += values["cut_low"] <= math.log(10) <= values["cut_high"]
    # Of 40 at 95 %, fewer than 31 come once in 100,000 draws.
    assert inside_of >= 31


def test_too_few_events_for_the_quantile_are_unresolved() -> None:
    view = tube(negative=quantiles(0.3, 0.05, 300))
    assert reason(quantile().find(view)) == (
        "300 events of negative are too few to tell their 99 % quantile on X"
    )
    cut(quantile(quantile_percent=98).find(view))
    cut(quantile(confidence_percent=80).find(view))


def test_fewer_events_than_the_rule_asks_for_are_unresolved() -> None:
    assert reason(quantile(quantile_percent=50, min_events=1_001).find(tube())) == (
        "1000 events of negative are fewer than 1001"
    )
    assert "0 events of nobody" in reason(quantile(of="nobody").find(tube()))


def test_nan_and_infinity_are_no_events() -> None:
    odd = [*NEGATIVE, math.nan, math.inf, -math.inf]
    assert quantile().find(tube(negative=odd)) == quantile().find(tube())


# The window


def window(**sides: Position) -> Outcome:
    return quantile(**sides).find(tube(positive=[*POSITIVE, 0.35, 0.45]))


def test_a_cut_outside_the_window_is_unresolved() -> None:
    # The 99 % quantile lies at 0.416.
    low = Position(population="negative", spreads=2)
    high = Position(population="negative", spreads=2.6)
    cut(window(low=low, high=high))
    assert "lies below 0.430" in reason(window(low=high))
    assert "lies above 0.400" in reason(window(high=low))


def test_a_window_that_nothing_places_is_unresolved() -> None:
    assert "no population with enough events" in reason(window(low=Position(population="gone")))


# Of a control tube


def with_control(role: str = "fmo", **settings: Any) -> TubeView:
    """Return the tube with a control whose negatives lie 0.1 higher."""
    other = tube(negative=NEGATIVE + 0.1)
    members = settings.get("members", other.members)
    return replace(tube(), controls={role: Control(other.columns, lambda: members)})


def test_a_control_tubes_population_places_the_cut() -> None:
    view = with_control()
    outcome = quantile(control="fmo").find(view)
    assert cut(outcome) == pytest.approx(0.516, abs=0.001)
    assert (
        sentence(outcome.evidence.note) == "the 99 % quantile of negative in the fmo control on X"
    )
    assert view.consulted.populations == {"fmo:negative": None}
    assert cut(quantile().find(view)) == pytest.approx(0.416, abs=0.001)


def test_what_the_interval_leaves_open_is_counted_in_the_sample() -> None:
    view = with_control()
    wide = quantile(control="fmo", quantile_percent=50, of="all").find(view).evidence
    assert wide.events == 1_500
    low, high = wide.values["cut_low"], wide.values["cut_high"]
    ours = POSITIVE.astype(np.float32)
    held = 100 * np.mean((ours >= low) & (ours < high))
    assert wide.values["open_percent"] == pytest.approx(held)


def test_without_the_control_it_is_unresolved_and_never_this_tubes_own() -> None:
    assert reason(quantile(control="fmo").find(tube())) == "no control of role fmo was given"
    isotype = with_control("isotype")
    assert reason(quantile(control="fmo").find(isotype)) == "no control of role fmo was given"
    cut(quantile(control="isotype").find(isotype))


def test_a_control_that_may_not_be_used_places_nothing_and_says_why() -> None:
    refused = Refused((Reason("OTHER_PANEL", text="PE is CD4, not CD5"), Reason("NO_CD5")))
    view = replace(tube(), controls={"fmo": refused})
    assert reason(quantile(control="fmo").find(view)) == (
        "the fmo control may not be used: OTHER_PANEL: PE is CD4, not CD5; "
        "NO_CD5: no channel of this tube carries CD5"
    )


def test_a_population_that_the_control_lacks_has_no_events() -> None:
    for members in ({}, {"negative": np.zeros(1_500, dtype=np.bool_)}):
        view = with_control(members=members)
        said = reason(quantile(control="fmo").find(view))
        assert said == "0 events of negative in the fmo control are fewer than 200"
        assert view.consulted.populations == {}


# What holds of any answer


@given(st.floats(-50, 50), st.floats(0.1, 50), st.floats(1, 99), st.floats(-2, 2))
def test_units_and_their_zero_do_not_matter(
    shift: float, factor: float, percent: float, spreads: float
) -> None:
    rule = quantile(quantile_percent=percent, spreads=spreads)
    one, other = tube(), tube(NEGATIVE * factor + shift, POSITIVE * factor + shift)
    here, there = rule.find(one), rule.find(other)
    near = 1e-4 * factor + 1e-5 * abs(shift)
    assert cut(there) == pytest.approx(cut(here) * factor + shift, abs=near)


@pytest.mark.parametrize(
    "settings",
    [
        {"quantile_percent": 0},
        {"quantile_percent": 100},
        {"control": "positive"},
        {"spreads": math.nan},
        {"confidence_percent": 50},
        {"min_events": 1},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        quantile(**settings)
