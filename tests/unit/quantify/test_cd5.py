"""The CD5 state: each row of the contract's table, and both sides of each limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.model.populations import UNPROVEN
from cd5flow.model.result import Cd5Section, Cd5State, CutMethod, Pattern
from cd5flow.quantify.contamination import Neighbour
from cd5flow.quantify.cuts import EMPTY, ControlSignal, NegativeReference, Readout
from cd5flow.quantify.statistics import (
    clopper_pearson_interval,
    jeffreys_interval,
    wilson_interval,
)
from support.cd5_judging import AT_LEAST_70, LIMITS, assert_withheld, codes, judge, judge_share
from support.readout_factory import (
    AXIS,
    BRIGHT,
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
from support.share_rules import at_least, over, share_rule

# Definite states


def test_clearly_positive_blasts_meet_the_criterion() -> None:
    cd5 = judge_share(900, 1000)

    assert cd5.state is Cd5State.MEETS
    assert cd5.reasons == ()
    assert cd5.percent == 90
    assert (cd5.positive_events, cd5.blast_events) == (900, 1000)
    assert cd5.ci95_percent == wilson_interval(900, 1000)
    assert cd5.band_percent == (90, 90)
    assert (cd5.operator, cd5.threshold_percent) == (">=", 70)


def test_clearly_negative_blasts_do_not_meet_it() -> None:
    cd5 = judge_share(300, 1000)

    assert cd5.state is Cd5State.DOES_NOT_MEET
    assert cd5.reasons == ()
    assert cd5.percent == 30


# What the Wilson interval asks for at each number of blasts, threshold 70 %.
@pytest.mark.parametrize(
    ("n", "least_pass", "most_fail"),
    [(100, 79, 61), (200, 153, 127), (500, 371, 329), (1000, 729, 671), (5000, 3564, 3436)],
)
def test_a_state_is_definite_where_the_interval_lies_on_one_side(
    n: int, least_pass: int, most_fail: int
) -> None:
    assert judge_share(least_pass, n).state is Cd5State.MEETS
    assert judge_share(least_pass - 1, n).state is Cd5State.BORDERLINE
    assert judge_share(most_fail, n).state is Cd5State.DOES_NOT_MEET
    assert judge_share(most_fail + 1, n).state is Cd5State.BORDERLINE


def test_an_interval_across_the_threshold_is_named() -> None:
    cd5 = judge_share(700, 1000)

    assert codes(cd5) == ["CI_SPANS"]
    assert ">= 70 %" in str(cd5.reasons[0])


@given(st.integers(400, 1000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_definite_state_agrees_with_the_interval(counts: tuple[int, int]) -> None:
    cd5 = judge_share(*counts)

    low, high = cd5.ci95_percent or (0.0, 100.0)
    if cd5.state is Cd5State.MEETS:
        assert low >= 70
    elif cd5.state is Cd5State.DOES_NOT_MEET:
        assert high < 70
    else:
        assert low < 70 <= high


# The threshold itself


def test_at_least_and_over_differ_at_the_threshold() -> None:
    assert at_least(70).holds(70.0)
    assert not over(70).holds(70.0)
    assert over(70).holds(np.nextafter(70.0, 71))
    assert not at_least(70).holds(np.nextafter(70.0, 69))


def test_a_percentage_is_compared_unrounded() -> None:
    cd5 = judge_share(6996, 10_000)

    assert cd5.percent == 69.96
    assert not AT_LEAST_70.holds(cd5.percent)
    assert cd5.state is Cd5State.BORDERLINE


@pytest.mark.parametrize(
    ("end", "operator", "state"),
    [
        (0, ">=", Cd5State.MEETS),  # the interval begins at the threshold, which is enough
        (0, ">", Cd5State.BORDERLINE),
        (1, ">=", Cd5State.BORDERLINE),
        (1, ">", Cd5State.DOES_NOT_MEET),  # it ends at the threshold, which is not over it
    ],
)
def test_an_interval_that_ends_at_the_threshold(end: int, operator: str, state: Cd5State) -> None:
    limits = wilson_interval(800, 1000)
    assert limits is not None

    assert judge_share(800, 1000, threshold=share_rule(operator, limits[end])).state is state


@pytest.mark.parametrize(
    ("percent", "operator", "state"),
    [(50, ">", Cd5State.MEETS), (90, ">", Cd5State.DOES_NOT_MEET), (80, ">", Cd5State.BORDERLINE)],
)
def test_the_protocol_sets_the_threshold(percent: float, operator: str, state: Cd5State) -> None:
    cd5 = judge_share(800, 1000, threshold=share_rule(operator, percent))

    assert cd5.state is state
    assert (cd5.operator, cd5.threshold_percent) == (operator, percent)


# Few blasts


@pytest.mark.parametrize("positive", ["all", "none"])
@pytest.mark.parametrize("n", [50, 99])
def test_fewer_than_a_hundred_blasts_are_borderline_at_most(n: int, positive: str) -> None:
    cd5 = judge_share(n if positive == "all" else 0, n)

    assert cd5.state is Cd5State.BORDERLINE
    assert codes(cd5) == ["FEW_BLASTS"]
    assert cd5.percent == (100 if positive == "all" else 0)


def test_a_hundred_blasts_may_be_definite() -> None:
    assert judge_share(100, 100).state is Cd5State.MEETS
    assert judge_share(0, 100).state is Cd5State.DOES_NOT_MEET


@pytest.mark.parametrize("n", [1, 49])
def test_fewer_than_fifty_blasts_are_not_evaluable(n: int) -> None:
    cd5 = judge_share(n, n)

    assert_withheld(cd5, "FEW_BLASTS")
    assert cd5.blast_events == n
    assert f"{n} blasts" in str(cd5.reasons[0])


def test_the_strategy_sets_how_few_are_few() -> None:
    strict = cd5_limits(evaluable_blasts=200, definite_blasts=300)

    assert_withheld(judge_share(199, 199, limits=strict), "FEW_BLASTS")
    assert judge_share(299, 299, limits=strict).state is Cd5State.BORDERLINE
    assert judge_share(300, 300, limits=strict).state is Cd5State.MEETS


# Not evaluable, each code


def test_without_a_cd5_channel() -> None:
    cd5 = judge(None, has_cd5=False, blast_events=5000)

    assert_withheld(cd5, "NO_CD5")
    assert cd5.blast_events == 5000
    assert cd5.cut is None
    assert cd5.median.t_cells is None
    assert cd5.stain_index is None


@pytest.mark.parametrize("scattered", [0, 200])
def test_without_a_cluster_of_blasts(scattered: int) -> None:
    cd5 = judge(readout(at()), cluster=False, blast_events=scattered)

    assert_withheld(cd5, "FEW_BLASTS")
    assert f"{scattered} events" in str(cd5.reasons[0])
    assert cd5.blast_events == scattered
    assert cd5.median.blasts is None


def test_without_blasts_the_t_cells_still_tell_how_cd5_stained() -> None:
    cd5 = judge(readout(at()), cluster=False)

    assert cd5.median.t_cells == BRIGHT
    assert cd5.median.negative_reference == pytest.approx(CENTRE)
    assert cd5.stain_index == pytest.approx((BRIGHT - CENTRE) / (2 * SPREAD), rel=0.01)
    assert cd5.cut is not None
    assert cd5.cut.linear == pytest.approx(CUT, abs=0.5)


def test_without_a_proven_lineage() -> None:
    assert_withheld(judge(readout(share_of(900, 1000)), name=UNPROVEN), "LINEAGE_UNPROVEN")


def test_without_the_markers_that_tell_blasts() -> None:
    gap = ("CD45", "one of cyCD3, CD3, CD7")

    cd5 = judge(readout(at()), panel_gap=gap, name=UNPROVEN, cluster=False)

    assert_withheld(cd5, "LINEAGE_UNPROVEN", "FEW_BLASTS")
    assert "CD45, one of cyCD3, CD3, CD7" in str(cd5.reasons[0])


def test_without_known_compensation() -> None:
    assert_withheld(judge(readout(share_of(900, 1000)), compensated=False), "NOT_COMPENSATED")


def test_without_a_cut() -> None:
    tube = readout(spread(1000, BRIGHT, 0.1, decades=True), references=())

    cd5 = judge(tube)

    assert_withheld(cd5, "NO_CUT")
    assert cd5.cut is None
    assert cd5.median.blasts == pytest.approx(BRIGHT)


def test_a_failed_quality_check_withholds_the_state_and_not_the_numbers() -> None:
    cd5 = judge(readout(share_of(900, 1000)), quality_fail=True)

    assert cd5.state is Cd5State.NOT_EVALUABLE
    assert codes(cd5) == ["QUALITY_FAIL"]
    assert cd5.percent == 90
    assert cd5.ci95_percent == wilson_interval(900, 1000)
    assert cd5.band_percent == (90, 90)
    assert cd5.positive_events == 900
    assert cd5.pattern is Pattern.PARTIAL


def test_a_failed_quality_check_saves_no_number_from_another_reason() -> None:
    tube = readout(share_of(40, 40))

    assert_withheld(judge(tube, quality_fail=True), "FEW_BLASTS", "QUALITY_FAIL")


def test_every_reason_is_given() -> None:
    tube = readout(share_of(10, 10), t_cells=at())

    cd5 = judge(tube, compensated=False, name=UNPROVEN, quality_fail=True)

    assert_withheld(
        cd5,
        "LINEAGE_UNPROVEN",
        "NOT_COMPENSATED",
        "FEW_BLASTS",
        "QUALITY_FAIL",
        "CD5_REAGENT_UNPROVEN",
    )


# Cuts that carry no definite state


def test_an_isotype_cut_is_capped() -> None:
    tube = readout(
        share_of(1000, 1000), references=(), controls=[ControlSignal("isotype", spread(1000))]
    )

    cd5 = judge(tube)

    assert cd5.cut is not None
    assert cd5.cut.method is CutMethod.ISOTYPE
    assert cd5.state is Cd5State.BORDERLINE
    assert codes(cd5) == ["WEAK_CUT"]
    assert cd5.percent == 100


def test_a_valley_cut_is_capped() -> None:
    tube = readout(
        share_of(900, 1000), references=(), controls=[ControlSignal("positive", at(), 100)]
    )

    cd5 = judge(tube)

    assert cd5.cut is not None
    assert cd5.cut.method is CutMethod.VALLEY
    assert cd5.state is Cd5State.BORDERLINE
    assert codes(cd5) == ["WEAK_CUT"]
    assert cd5.percent == 90


def test_one_peak_has_no_valley_to_cut_at() -> None:
    tube = readout(
        spread(2000, -50, 80), references=(), controls=[ControlSignal("positive", at(), 100)]
    )

    assert_withheld(judge(tube), "NO_CUT")


def test_a_validated_fixed_cut_may_carry_a_definite_state() -> None:
    tube = readout(
        share_of(900, 1000), references=(), controls=[ControlSignal("positive", at(), 100)]
    )

    cd5 = judge(tube, limits=cd5_limits(fixed_cut_linear=600))

    assert cd5.cut is not None
    assert (cd5.cut.method, cd5.cut.linear) == (CutMethod.FIXED, 600)
    assert cd5.state is Cd5State.MEETS


# The band


def between(cut: float, decades: float, *, n: int = 1000) -> Readout:
    """Return blasts of which 30 % lie `decades` beyond a cut and 60 % far above it."""
    blasts = at((int(0.1 * n), -500.0), (int(0.3 * n), cut * 10**decades), (int(0.6 * n), 1e4))
    return readout(blasts)


@pytest.mark.parametrize(("decades", "low"), [(0.19, 60), (0.21, 90)])
def test_an_internal_cut_is_moved_up_by_a_fifth_of_a_decade(decades: float, low: float) -> None:
    cd5 = judge(between(CUT, decades))

    assert cd5.percent == 90
    assert cd5.band_percent == (low, 90)


@pytest.mark.parametrize(("decades", "high"), [(-0.19, 90), (-0.21, 60)])
def test_and_down(decades: float, high: float) -> None:
    cd5 = judge(between(CUT, decades))

    assert cd5.percent == 60
    assert cd5.band_percent == (60, high)


@pytest.mark.parametrize(("decades", "low"), [(0.09, 60), (0.12, 90)])
def test_an_fmo_cut_is_moved_by_a_tenth(decades: float, low: float) -> None:
    cut = float(np.percentile(fmo_signal().blasts, 99))
    tube = replace(between(cut, decades), controls=(fmo_signal(),), references=())

    cd5 = judge(tube)

    assert cd5.percent == 90
    assert cd5.band_percent == (low, 90)


def test_other_quantiles_of_the_fmo_belong_to_the_band() -> None:
    fmo = ControlSignal("fmo", np.arange(1001, dtype=np.float32))
    blasts = at((100, -500.0), (200, 985.0), (100, 992.0), (600, 1e4))
    still = cd5_limits(band_decades=0)

    cd5 = judge(readout(blasts, references=(), controls=[fmo]), limits=still)

    assert cd5.percent == 70  # above 990
    assert cd5.band_percent == (60, 90)  # above 995, above 980


def test_a_band_across_the_threshold_is_borderline() -> None:
    cd5 = judge(between(CUT, 0.15, n=10_000))

    assert cd5.state is Cd5State.BORDERLINE
    assert codes(cd5) == ["BAND_SPANS"]


@pytest.mark.parametrize(
    ("operator", "state"), [(">=", Cd5State.MEETS), (">", Cd5State.BORDERLINE)]
)
def test_a_band_that_begins_at_the_threshold(operator: str, state: Cd5State) -> None:
    cd5 = judge(between(CUT, 0.15, n=10_000), threshold=share_rule(operator, 60))

    assert cd5.band_percent == (60, 90)
    assert cd5.state is state


@pytest.mark.parametrize(
    ("operator", "state"), [(">", Cd5State.DOES_NOT_MEET), (">=", Cd5State.BORDERLINE)]
)
def test_a_band_that_ends_at_the_threshold(operator: str, state: Cd5State) -> None:
    cd5 = judge(between(CUT, -0.15, n=10_000), threshold=share_rule(operator, 90))

    assert cd5.band_percent == (60, 90)
    assert cd5.state is state


@pytest.mark.parametrize(
    ("positive", "contamination", "band", "state"),
    [
        (7500, 0.1, (72.222, 83.333), Cd5State.MEETS),
        (7500, 0.2, (68.75, 93.75), Cd5State.BORDERLINE),
        (6000, 0.1, (55.556, 66.667), Cd5State.DOES_NOT_MEET),
        (6000, 0.2, (50.0, 75.0), Cd5State.BORDERLINE),
        (500, 0.5, (0.0, 10.0), Cd5State.DOES_NOT_MEET),
        (9500, 0.5, (90.0, 100.0), Cd5State.MEETS),
        (9500, 1.0, (0.0, 100.0), Cd5State.BORDERLINE),
    ],
)
def test_other_cells_in_the_gate_widen_the_band(
    positive: int, contamination: float, band: tuple[float, float], state: Cd5State
) -> None:
    unknown = Neighbour("cycd3_positive", contamination * 10_000, EMPTY)
    cd5 = judge_share(positive, 10_000, neighbours=(unknown,))

    assert cd5.band_percent == pytest.approx(band, abs=0.001)
    assert cd5.state is state


# Cuts that disagree


def disagreeing(**changes: Any) -> Cd5Section:
    """Return FMO at 216, internal negatives at about 1,166; 30 % of the blasts at 700."""
    blasts = at((100, -500.0), (300, 700.0), (600, 1e4))
    reference = NegativeReference("nk_cells", spread(1000, 10 * CENTRE, SPREAD))
    limits = cd5_limits(**changes)
    return judge(readout(blasts, references=[reference], controls=[fmo_signal()]), limits=limits)


def test_cuts_that_give_different_answers_are_borderline() -> None:
    cd5 = disagreeing()

    assert cd5.percent == 90
    assert cd5.state is Cd5State.BORDERLINE
    assert codes(cd5) == ["BAND_SPANS", "CUTS_DISAGREE"]
    assert cd5.cut is not None
    others = {other.method: other.percent for other in cd5.cut.alternatives}
    assert others["internal_negative"] == 60


def test_a_fixed_cut_that_gives_another_answer_counts_beside_two_others() -> None:
    blasts = at((100, -500.0), (300, 700.0), (600, 1e4))
    tube = readout(blasts, controls=[fmo_signal()])

    cd5 = judge(tube, limits=cd5_limits(fixed_cut_linear=1000))

    assert cd5.band_percent == (60, 90)
    assert cd5.state is Cd5State.BORDERLINE


@pytest.mark.parametrize(("decades", "named"), [(0.19, False), (0.21, True)])
def test_cuts_further_apart_than_the_limit_are_named(decades: float, *, named: bool) -> None:
    cut = float(np.percentile(fmo_signal().blasts, 99))
    limits = cd5_limits(fixed_cut_linear=cut * 10**decades)
    tube = readout(share_of(900, 1000), references=(), controls=[fmo_signal()])

    cd5 = judge(tube, limits=limits)

    assert (codes(cd5) == ["CUTS_DISAGREE"]) is named
    assert cd5.percent == 90


def test_a_weak_cut_far_off_is_no_disagreement() -> None:
    isotype = ControlSignal("isotype", spread(1000, 3000, SPREAD))

    cd5 = judge(readout(share_of(900, 1000), controls=[isotype]))

    assert cd5.reasons == ()
    assert cd5.state is Cd5State.MEETS


# The pattern, by the strategy's rules in their order


def pattern_of(blasts: np.ndarray, **how: Any) -> Pattern | None:
    limits = how.pop("limits", LIMITS)
    return judge(readout(blasts, **how), limits=limits).pattern


def test_below_a_tenth_positive_is_negative() -> None:
    assert pattern_of(share_of(99, 1000)) is Pattern.NEGATIVE
    assert pattern_of(share_of(100, 1000)) is Pattern.PARTIAL


def test_two_peaks_are_partial() -> None:
    assert pattern_of(share_of(600, 1000)) is Pattern.PARTIAL


@pytest.mark.parametrize(("negatives", "word"), [(51, Pattern.PARTIAL), (49, Pattern.BRIGHT)])
def test_a_peak_of_less_than_one_in_twenty_is_none(negatives: int, word: Pattern) -> None:
    assert pattern_of(share_of(1000 - negatives, 1000)) is word


@pytest.mark.parametrize(("decades", "word"), [(0.59, Pattern.BRIGHT), (0.61, Pattern.DIM)])
def test_bright_lies_near_the_t_cells(decades: float, word: Pattern) -> None:
    blasts = spread(1000, BRIGHT / 10**decades, 0.05, decades=True)

    assert pattern_of(blasts) is word


@pytest.mark.parametrize(("decades", "word"), [(1.01, Pattern.BRIGHT), (0.98, Pattern.DIM)])
def test_without_t_cells_bright_lies_far_above_the_cut(decades: float, word: Pattern) -> None:
    blasts = spread(1000, CUT * 10**decades, 0.05, decades=True)
    positive = ControlSignal("positive", at(), 100)

    assert pattern_of(blasts, t_cells=at((49, BRIGHT)), controls=[positive]) is word


# The 10th and 90th percentile of a normal are 2.563 SD apart.
@pytest.mark.parametrize(("sd", "word"), [(0.46, Pattern.DIM), (0.48, Pattern.HETEROGENEOUS)])
def test_one_broad_peak_is_heterogeneous(sd: float, word: Pattern) -> None:
    assert pattern_of(spread(2000, 3000, sd, decades=True)) is word


@pytest.mark.parametrize(
    ("blasts", "word"),
    [
        (spread(2000, 1500, 0.1, decades=True), Pattern.DIM),
        (spread(2000, 3500, 0.5, decades=True), Pattern.HETEROGENEOUS),
    ],
)
def test_dim_blasts_are_definite_without_an_fmo_where_every_cut_leaves_them_on_one_side(
    blasts: np.ndarray, word: Pattern
) -> None:
    for tube in (readout(blasts), readout(blasts, controls=[fmo_signal()])):
        assert judge(tube).pattern is word
        assert judge(tube).state is Cd5State.MEETS


def test_dim_blasts_that_a_defensible_cut_puts_below_the_threshold_need_an_fmo() -> None:
    cd5 = judge(readout(spread(2000, 350, 0.1, decades=True)))
    assert cd5.pattern is Pattern.DIM
    assert cd5.state is Cd5State.BORDERLINE
    assert codes(cd5) == ["BAND_SPANS", "DIM_WITHOUT_FMO"]


def test_a_reference_of_last_resort_is_no_cut_to_be_defended_beside_a_better_one() -> None:
    # Dim blasts between the two: by the granulocytes none of them would carry CD5.
    references = [
        NegativeReference("nk_cells", spread(1000)),
        NegativeReference("granulocytes", spread(1000, 2.1 * CENTRE, 8 * SPREAD)),
    ]
    cd5 = judge(readout(spread(2000, 700, 0.1, decades=True), references=references))

    assert cd5.cut is not None
    assert [round(other.linear) > 700 for other in cd5.cut.alternatives] == [True]
    assert cd5.state is Cd5State.MEETS
    assert cd5.reasons == ()


def test_an_fmo_of_few_blasts_is_an_alternative_cut() -> None:
    cd5 = judge(readout(share_of(900, 1000), controls=[fmo_signal(n=200)]))
    assert cd5.cut is not None
    assert cd5.cut.method is CutMethod.INTERNAL_NEGATIVE
    assert "fmo" in [other.method for other in cd5.cut.alternatives]
    assert cd5.state is Cd5State.MEETS


@pytest.mark.parametrize(
    "blasts",
    [share_of(900, 1000), share_of(20, 1000), spread(1000, 15_000, 0.1, decades=True)],
    ids=["partial", "negative", "bright"],
)
def test_other_patterns_do_not(blasts: np.ndarray) -> None:
    assert judge(readout(blasts)).state in {Cd5State.MEETS, Cd5State.DOES_NOT_MEET}


# What stands beside the percentage


def test_medians_and_stain_index_are_linear() -> None:
    cd5 = judge(readout(at((1000, 8000.0))))

    assert cd5.median.blasts == 8000
    assert cd5.median.t_cells == BRIGHT
    assert cd5.median.negative_reference == pytest.approx(CENTRE)
    assert cd5.stain_index == pytest.approx((BRIGHT - CENTRE) / (2 * SPREAD), rel=0.01)


def test_fewer_than_fifty_t_cells_have_no_stain_index() -> None:
    cd5 = judge(readout(share_of(900, 1000), t_cells=at((49, BRIGHT))))

    assert cd5.stain_index is None
    assert cd5.median.t_cells == BRIGHT


def test_no_t_cells_have_no_median() -> None:
    assert judge(readout(share_of(900, 1000), t_cells=at())).median.t_cells is None


def test_the_cut_is_told_with_its_origin_and_the_others() -> None:
    tube = readout(share_of(900, 1000), controls=[fmo_signal()])

    cut = judge(tube).cut

    assert cut is not None
    assert (cut.method, cut.channel, cut.reference_events) == (CutMethod.FMO, "PE-A", 2000)
    assert cut.linear == pytest.approx(np.percentile(fmo_signal().blasts, 99))
    assert [other.method for other in cut.alternatives] == ["internal_negative", "valley"]
    assert [other.percent for other in cut.alternatives] == [90, 90]


@given(st.floats(-1000, 200_000))
def test_the_cut_on_the_display_scale_holds_the_same_events(place: float) -> None:
    place = float(np.float32(place))
    limits = cd5_limits(fixed_cut_linear=place)
    positive = ControlSignal("positive", at(), 100)
    width = 1e-3 * max(abs(place), 10.0)
    blasts = at((50, place), (30, place + width), (20, place - width))

    cd5 = judge(readout(blasts, references=(), controls=[positive]), limits=limits)

    assert cd5.cut is not None
    assert cd5.positive_events == 80
    assert int(np.count_nonzero(AXIS.scaled(blasts) >= cd5.cut.scaled)) == 80


@given(
    st.lists(st.floats(-1e4, 2.6e5, width=32), min_size=50, max_size=300),
    st.floats(0, 1),
)
def test_the_share_lies_in_its_interval_and_its_band(
    signals: list[float], contamination: float
) -> None:
    blasts = np.array(signals, dtype=np.float32)

    other = Neighbour("CD45", contamination * blasts.size, EMPTY)
    cd5 = judge(readout(blasts), neighbours=(other,))

    assert cd5.percent is not None
    for interval in (cd5.ci95_percent, cd5.band_percent):
        assert interval is not None
        assert 0 <= interval[0] <= cd5.percent + 1e-9
        assert cd5.percent - 1e-9 <= interval[1] <= 100
    assert cd5.positive_events == np.count_nonzero(blasts >= (cd5.cut.linear if cd5.cut else 0))


# What is told beside the share


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("wilson", wilson_interval),
        ("clopper_pearson", clopper_pearson_interval),
        ("jeffreys", jeffreys_interval),
    ],
)
def test_the_strategy_chooses_the_interval(method: str, expected: Any) -> None:
    cd5 = judge_share(150, 200, limits=cd5_limits(interval=method))

    assert cd5.ci95_percent == expected(150, 200)
    assert cd5.ci_method == method


def test_the_interval_of_the_cut_belongs_to_the_band() -> None:
    # 500 FMO blasts leave the cut open by more than a tenth of a decade moves it.
    sparse = ControlSignal("fmo", spread(500))
    limits = cd5_limits(band_decades=0, fmo_band_quantiles_percent=())
    blasts = np.linspace(0, 500, 10_000, dtype=np.float32)
    cd5 = judge(readout(blasts, references=(), controls=[sparse]), limits=limits)

    assert cd5.cut is not None
    assert cd5.cut.ci95_linear is not None
    low, high = cd5.cut.ci95_linear
    assert low < cd5.cut.linear < high
    assert cd5.band_percent == pytest.approx(
        [100 * float(np.mean(blasts >= place)) for place in (high, low)]
    )


def test_the_negatives_median_is_their_own_and_not_the_scaled_one() -> None:
    theirs = {"CD3": spread(1000)}
    tube = readout(
        share_of(900, 1000),
        references=[NegativeReference("nk_cells", spread(1000), theirs)],
        background={"CD3": spread(1000, 3 * CENTRE, SPREAD)},
    )
    cd5 = judge(tube, limits=cd5_limits(reference_spreads=5))

    assert cd5.median.negative_reference == pytest.approx(CENTRE, rel=0.01)
    assert cd5.stain_index == pytest.approx((BRIGHT - CENTRE) / (2 * SPREAD), rel=0.02)


def test_difference_ratio_and_share_of_the_t_cells() -> None:
    cd5 = judge(readout(at((600, 1e4), (400, -100.0))))

    assert cd5.intensity is not None
    assert cd5.intensity.difference == pytest.approx(1e4 - CENTRE, rel=0.001)
    assert cd5.intensity.ratio == pytest.approx(1e4 / CENTRE, rel=0.01)
    assert cd5.intensity.percent_of_t_cells == pytest.approx(50)


@pytest.mark.parametrize("centre", [0.0, -20.0])
def test_a_ratio_to_negatives_about_zero_is_not_defined(centre: float) -> None:
    tube = readout(
        share_of(900, 1000), references=[NegativeReference("nk_cells", spread(1000, centre))]
    )
    cd5 = judge(tube)

    assert cd5.intensity is not None
    assert cd5.intensity.ratio is None
    assert cd5.intensity.difference == pytest.approx(1e4 - centre, rel=0.001)


def test_the_share_of_cd5_on_normal_t_cells_is_told() -> None:
    cd5 = judge(readout(share_of(900, 1000), t_cells=at((270, BRIGHT), (30, 0.0))))

    assert cd5.t_cells is not None
    assert (cd5.t_cells.events, cd5.t_cells.positive_events) == (300, 270)
    assert cd5.t_cells.percent == 90


def test_no_t_cells_have_no_share() -> None:
    cd5 = judge(readout(share_of(900, 1000), t_cells=at()))

    assert cd5.t_cells is not None
    assert (cd5.t_cells.events, cd5.t_cells.percent) == (0, None)


def test_other_cells_in_the_gate_are_told_with_their_cd5() -> None:
    t_cells = Neighbour("scd3_negative", 50, at((100, 1e4)))
    unknown = Neighbour("CD45", 10, EMPTY)
    cd5 = judge_share(8000, 10_000, neighbours=(t_cells, unknown))

    assert [(c.source, c.events, c.percent_of_blasts) for c in cd5.contamination] == [
        ("scd3_negative", 50, 0.5),
        ("CD45", 10, 0.1),
    ]
    assert [c.cd5_positive_percent for c in cd5.contamination] == [100, None]


def test_blasts_without_a_cd5_value_are_too_few() -> None:
    cd5 = judge(readout(share_of(30, 49)), blast_events=2000)

    assert_withheld(cd5, "FEW_BLASTS")
    assert "49 blasts with a CD5 value" in str(cd5.reasons[0])


def test_cuts_that_give_two_answers_are_named_with_both() -> None:
    reasons = [str(r) for r in disagreeing().reasons if r.code == "CUTS_DISAGREE"]

    assert reasons == [
        "CUTS_DISAGREE: fmo gives 90.0 %, internal_negative 60.0 %, on two sides of >= 70 %"
    ]
