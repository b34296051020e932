"""Where CD5 begins: each way to place the cut, on populations whose quantiles are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.model.reasons import sentence, written
from cd5flow.model.result import CutMethod
from cd5flow.quantify.cuts import (
    ControlSignal,
    Cut,
    NegativeReference,
    Readout,
    Signal,
    find_cuts,
    internal_cut,
    internal_cuts,
    lower_half,
    quantile_cut,
)
from cd5flow.quantify.measurement import defensible_places
from support.readout_factory import (
    CENTRE,
    CUT,
    SPREAD,
    at,
    cd5_limits,
    fmo_signal,
    readout,
    share_of,
    spread,
)

LIMITS = cd5_limits()
BLASTS = share_of(80, 100)


def methods(cuts: tuple[Cut, ...]) -> list[CutMethod]:
    return [cut.method for cut in cuts]


def known(cut: Cut | None) -> Cut:
    assert cut is not None
    return cut


def test_every_cut_is_found_and_the_best_stands_first() -> None:
    tube = readout(BLASTS, controls=[ControlSignal("isotype", spread(600)), fmo_signal()])

    cuts = find_cuts(tube, cd5_limits(fixed_cut_linear=500), valley_linear=900.0)

    assert methods(cuts) == [
        CutMethod.FMO,
        CutMethod.INTERNAL_NEGATIVE,
        CutMethod.FIXED,
        CutMethod.ISOTYPE,
        CutMethod.VALLEY,
    ]
    assert [cut.reference_events for cut in cuts] == [2000, 1000, 0, 600, 100]
    assert cuts[2].linear == 500
    assert cuts[4].linear == 900


def test_a_tube_with_nothing_to_go_by_has_no_cut() -> None:
    assert find_cuts(readout(BLASTS, references=()), LIMITS, valley_linear=None) == ()


def test_the_fmo_cut_is_the_99th_percentile_of_its_blasts() -> None:
    tube = readout(BLASTS, controls=[ControlSignal("fmo", np.arange(1001, dtype=np.float32))])

    (cut, *_) = find_cuts(tube, LIMITS, valley_linear=None)

    assert cut.method is CutMethod.FMO
    assert cut.linear == 990
    assert sentence(cut.reference) == "99th percentile of the fmo tube's blasts"
    assert cut.centre == 500


def test_the_strategy_says_which_percentile_of_the_fmo_it_is() -> None:
    tube = readout(BLASTS, controls=[ControlSignal("fmo", np.arange(1001, dtype=np.float32))])

    (cut, *_) = find_cuts(tube, cd5_limits(fmo_quantile_percent=99.5), valley_linear=None)

    assert cut.linear == 995


def test_a_positive_control_places_no_cut() -> None:
    tube = readout(BLASTS, references=(), controls=[ControlSignal("positive", spread(1000), 500)])

    assert find_cuts(tube, LIMITS, valley_linear=None) == ()


def test_a_control_without_blasts_places_no_cut() -> None:
    tube = readout(BLASTS, references=(), controls=[ControlSignal("fmo", at())])

    assert find_cuts(tube, LIMITS, valley_linear=None) == ()


def test_no_more_than_one_percent_of_a_piled_up_fmo_is_positive() -> None:
    steps = at((955, 1.0), (40, 2.0), (3, 3.0), (2, 4.0))  # the 99th percentile is 2, in a pile

    cut = quantile_cut(steps, 99)

    assert cut == 2.5
    assert np.count_nonzero(steps >= cut) == 5


def test_an_fmo_piled_up_to_its_end_is_negative_throughout() -> None:
    pile = at((1000, 7.0))

    assert not np.any(pile >= quantile_cut(pile, 99))


@given(
    st.lists(st.integers(0, 30), min_size=100, max_size=400),
    st.sampled_from([98.0, 99.0, 99.5]),
)
def test_the_share_above_a_quantile_cut_is_what_the_quantile_leaves(
    steps: list[int], percent: float
) -> None:
    values = np.array(steps, dtype=np.float32)

    above = int(np.count_nonzero(values >= quantile_cut(values, percent)))

    assert above <= (1 - percent / 100) * len(values) + 1


def test_the_internal_cut_lies_so_many_spreads_above_the_median() -> None:
    cut = known(internal_cut(readout(BLASTS), LIMITS))

    assert cut.linear == pytest.approx(CUT, abs=0.5)
    assert cut.centre == pytest.approx(CENTRE)
    assert cut.spread == pytest.approx(SPREAD, rel=0.01)
    assert cut.reference_events == 1000
    assert "nk_cells" in sentence(cut.reference)


def test_the_spread_is_taken_below_the_median() -> None:
    centre, sd = lower_half(spread(10_001, 100, 50))

    assert centre == pytest.approx(100)
    assert sd == pytest.approx(50, rel=0.001)


def test_cd5_positive_b_cells_hardly_move_the_internal_cut() -> None:
    b_cells = np.concatenate([spread(880), at((120, 5000.0))])  # 12 % carry CD5

    cut = known(
        internal_cut(readout(BLASTS, references=[NegativeReference("b_cells", b_cells)]), LIMITS)
    )

    assert CUT < cut.linear < CUT + 0.6 * SPREAD


@pytest.mark.parametrize(("events", "used"), [(199, "granulocytes"), (200, "nk_cells")])
def test_the_first_reference_with_enough_events_is_taken(events: int, used: str) -> None:
    references = (
        NegativeReference("nk_cells", spread(events)),
        NegativeReference("granulocytes", spread(500)),
    )

    cut = known(internal_cut(readout(BLASTS, references=references), LIMITS))

    assert sentence(cut.reference).startswith(used)


def test_without_enough_negatives_there_is_no_internal_cut() -> None:
    references = (
        NegativeReference("nk_cells", spread(199)),
        NegativeReference("granulocytes", spread(199)),
    )

    assert internal_cut(readout(BLASTS, references=references), LIMITS) is None


def test_negatives_without_a_width_are_passed_over() -> None:
    floor = NegativeReference("nk_cells", at((1000, 0.0)))  # all at the end of the scale

    assert internal_cut(readout(BLASTS, references=[floor]), LIMITS) is None
    both = readout(BLASTS, references=[floor, NegativeReference("granulocytes", spread(500))])
    assert sentence(known(internal_cut(both, LIMITS)).reference).startswith("granulocytes")


@pytest.mark.parametrize(("centre", "used"), [(210, "nk_cells"), (230, "granulocytes")])
def test_a_reference_that_another_calls_positive_is_passed_over(centre: float, used: str) -> None:
    nk_cells = NegativeReference("nk_cells", spread(1000, centre))  # blasts with CD56, say
    granulocytes = NegativeReference("granulocytes", spread(500))  # their cut lies at 216

    cut = known(internal_cut(readout(BLASTS, references=[nk_cells, granulocytes]), LIMITS))

    assert sentence(cut.reference).startswith(used)


def test_a_brighter_last_reference_does_not_unseat_the_first() -> None:
    references = (
        NegativeReference("nk_cells", spread(500)),
        NegativeReference("granulocytes", spread(500, 400)),
    )

    cut = known(internal_cut(readout(BLASTS, references=references), LIMITS))

    assert cut.linear == pytest.approx(CUT, abs=0.5)


def with_background(
    theirs: tuple[float, float], ours: tuple[float, float], *, events: int = 500
) -> Cut:
    """Return the internal cut where reference and blasts have these (centre, SD) on CD3."""
    reference = NegativeReference("nk_cells", spread(1000), {"CD3": spread(events, *theirs)})
    tube = readout(BLASTS, references=[reference], background={"CD3": spread(events, *ours)})
    return known(internal_cut(tube, LIMITS))


def test_the_cut_is_scaled_to_the_brighter_background_of_the_blasts() -> None:
    cut = with_background((100, 50), (150, 100))

    assert cut.centre == pytest.approx(1.5 * CENTRE)
    assert cut.spread == pytest.approx(2 * SPREAD, rel=0.01)
    assert cut.linear == pytest.approx(1.5 * CENTRE + 2.33 * 2 * SPREAD, abs=1)
    assert "centre x 1.50, spread x 2.00" in sentence(cut.reference)


def test_a_cut_is_never_scaled_down() -> None:
    cut = with_background((100, 50), (50, 25))

    assert cut.linear == pytest.approx(CUT, abs=0.5)


UNSCALED = cd5_limits(unscaled_band_decades=0.4)


@pytest.mark.parametrize(
    ("background", "decades"),
    [({}, 0.4), ({"CD3": spread(500)}, 0.2)],  # a marker that both lack tells
)
def test_a_cut_whose_cells_nothing_compares_with_the_blasts_may_lie_too_low(
    background: dict[str, Signal], decades: float
) -> None:
    reference = NegativeReference("nk_cells", spread(1000), background)
    tube = readout(BLASTS, references=[reference], background={"CD3": spread(500)})
    (cut,) = internal_cuts(tube, UNSCALED)
    places = defensible_places(tube, (cut,), UNSCALED)

    assert max(places) == pytest.approx(cut.linear * 10**decades)
    assert min(places) == pytest.approx(cut.linear * 10**-0.2)
    assert ("no marker" in sentence(cut.reference)) is (not background)


def test_a_marker_that_the_blasts_carry_is_no_background() -> None:
    cut = with_background((100, 50), (2000, 800))

    assert cut.linear == pytest.approx(CUT, abs=0.5)


def test_a_reference_about_zero_has_a_width_and_no_ratio_of_centres() -> None:
    cut = with_background((0, 50), (60, 100))

    assert "centre x 1.00, spread x 2.00" in sentence(cut.reference)


def test_too_few_events_say_nothing_of_the_background() -> None:
    cut = with_background((100, 50), (150, 100), events=49)

    assert cut.linear == pytest.approx(CUT, abs=0.5)


def test_a_negative_centre_is_not_scaled() -> None:
    reference = NegativeReference("nk_cells", spread(1000, -40), {"CD3": spread(500, 100, 50)})
    tube = readout(BLASTS, references=[reference], background={"CD3": spread(500, 150, 50)})

    assert known(internal_cut(tube, LIMITS)).centre == pytest.approx(-40)


@pytest.mark.parametrize(("valley", "kept"), [(99.0, False), (101.0, True)])
def test_a_valley_below_the_negatives_centre_is_no_cut(valley: float, *, kept: bool) -> None:
    cuts = find_cuts(readout(BLASTS), LIMITS, valley_linear=valley)

    assert (CutMethod.VALLEY in methods(cuts)) is kept


def test_an_event_at_the_cut_is_positive() -> None:
    cut = Cut(CutMethod.FIXED, 500.0, written(""), 0)

    assert cut.percent(at((1, 499.9), (1, 500.0), (2, 500.1))) == 75


def test_the_share_of_no_blasts_is_unknown() -> None:
    assert Cut(CutMethod.FIXED, 500.0, written(""), 0).percent(at()) is None


# How sure the place of a cut is


def drawn(tube: Readout, seed: int = 0) -> tuple[float, float]:
    interval = find_cuts(tube, LIMITS, valley_linear=None, seed=seed)[0].ci95
    assert interval is not None
    return interval


def test_an_fmo_cut_lies_between_the_ends_of_its_resamples() -> None:
    tube = readout(at(), references=(), controls=[fmo_signal(n=500)])
    (cut,) = find_cuts(tube, LIMITS, valley_linear=None)
    low, high = drawn(tube)

    assert low < cut.linear < high
    # Its place among 500 is Beta(495, 6): between 0.976 and 0.996 in 95 of 100 resamples.
    ordered = np.sort(tube.controls[0].blasts)
    assert ordered[485] <= low <= ordered[491]
    assert ordered[496] <= high <= ordered[499]


def test_more_events_make_a_cut_surer() -> None:
    few, many = (
        drawn(readout(at(), references=(), controls=[fmo_signal(n=n)])) for n in (500, 50_000)
    )

    assert many[1] - many[0] < 0.2 * (few[1] - few[0])


def test_an_internal_cut_is_drawn_with_its_background() -> None:
    bare = readout(at(), references=[NegativeReference("nk_cells", spread(1000))])
    dim = {"CD3": spread(1000)}
    scaled = readout(
        at(),
        references=[NegativeReference("nk_cells", spread(1000), dim)],
        background={"CD3": spread(60)},
    )
    plain, wider = drawn(bare), drawn(scaled)

    assert plain[0] < CENTRE + 2.33 * SPREAD < plain[1]
    # Sixty blasts say less of their background than a thousand lymphocytes of theirs.
    assert wider[1] - wider[0] > 2 * (plain[1] - plain[0])


def test_one_seed_gives_one_interval() -> None:
    tube = readout(at(), references=(), controls=[fmo_signal(n=500)])

    assert drawn(tube) == drawn(tube)
    assert {drawn(tube, seed) for seed in range(5)} != {drawn(tube)}


def test_a_fixed_cut_and_a_valley_draw_nothing() -> None:
    limits = cd5_limits(fixed_cut_linear=500.0)
    cuts = find_cuts(readout(at(), references=()), limits, valley_linear=900.0)

    assert [cut.ci95 for cut in cuts] == [None, None]


def test_the_negatives_own_median_is_kept_beside_the_scaled_one() -> None:
    theirs = {"CD3": spread(1000)}
    tube = readout(
        at(),
        references=[NegativeReference("nk_cells", spread(1000), theirs)],
        background={"CD3": spread(1000, 2 * CENTRE, SPREAD)},
    )
    (cut,) = find_cuts(tube, LIMITS, valley_linear=None)

    assert cut.centre == pytest.approx(2 * CENTRE, rel=0.01)
    assert cut.own_centre == pytest.approx(CENTRE, rel=0.01)


@pytest.mark.parametrize(
    ("fmo_centre", "place"),
    # The negatives' own cut lies at 216.5; scaled to blasts with twice the light and width at 433.
    [(50, 216.5), (180, 296.3), (400, 433.0)],
)
def test_beside_an_fmo_an_internal_cut_stands_where_it_contradicts_that_least(
    fmo_centre: float, place: float
) -> None:
    """How much more blasts shine is told from other channels: the FMO tells where the cut lies between."""
    reference = NegativeReference("nk_cells", spread(1000), {"CD3": spread(500)})
    tube = readout(
        BLASTS,
        references=[reference],
        background={"CD3": spread(500, 2 * CENTRE, 2 * SPREAD)},
        controls=[fmo_signal(fmo_centre)],
    )
    fmo, internal = find_cuts(tube, LIMITS, valley_linear=None)
    (alone,) = internal_cuts(tube, LIMITS)

    assert fmo.method is CutMethod.FMO
    assert alone.linear == pytest.approx(433, abs=2)
    assert internal.linear == pytest.approx(place, abs=2)
    assert ("nearest" in sentence(internal.reference)) is (internal.linear != alone.linear)


def test_beside_an_fmo_of_few_blasts_an_internal_cut_stands_where_it_stood() -> None:
    reference = NegativeReference("nk_cells", spread(1000), {"CD3": spread(500)})
    tube = readout(
        BLASTS,
        references=[reference],
        background={"CD3": spread(500, 2 * CENTRE, 2 * SPREAD)},
        controls=[fmo_signal(n=499)],
    )

    assert find_cuts(tube, LIMITS, valley_linear=None)[0] == internal_cuts(tube, LIMITS)[0]
