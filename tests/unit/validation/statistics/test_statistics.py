"""Each formula against a plain second computation, at its borders, and on what it must refuse."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from cd5flow.validation.statistics.agreement import agreement, kappa
from cd5flow.validation.statistics.arrays import finite, mean_interval, pairs, wilson
from cd5flow.validation.statistics.carry_over import carry_over_percent
from cd5flow.validation.statistics.detection import (
    LevelSpread,
    limit_of_blank,
    limit_of_detection,
    limit_of_quantification,
    looks_normal,
    spread_of,
    verified,
)
from cd5flow.validation.statistics.differences import bland_altman, spearman
from cd5flow.validation.statistics.linearity import linearity
from cd5flow.validation.statistics.lines import deming, passing_bablok
from cd5flow.validation.statistics.precision import nested_precision
from cd5flow.validation.statistics.sample_size import (
    comparison_design,
    detection_design,
    precision_design,
    tubes_for_bias,
)
from cd5flow.validation.statistics.stability import changes_over_time, stable_hours

RNG = np.random.default_rng(7)
X = RNG.uniform(1, 100, 45)
Y = 1.1 * X + 2 + RNG.normal(0, 3, 45)


def test_deming_minimises_the_squares_weighted_by_both_errors() -> None:
    ratio = 2.5
    found = deming(X, Y, error_ratio=ratio)
    assert found is not None

    def squares(slope: float, intercept: float) -> float:
        return float(np.sum((Y - intercept - slope * X) ** 2) / (ratio + slope**2))

    best = squares(found.slope, found.intercept)
    for slope, intercept in ((1e-4, 0), (-1e-4, 0), (0, 1e-3), (0, -1e-3)):
        assert squares(found.slope + slope, found.intercept + intercept) > best


def test_deming_turns_round_when_the_methods_change_places() -> None:
    one, other = deming(X, Y, error_ratio=4), deming(Y, X, error_ratio=0.25)
    assert one is not None
    assert other is not None
    assert one.slope == pytest.approx(1 / other.slope)


def test_passing_bablok_is_the_shifted_median_of_all_slopes() -> None:
    slopes = sorted((Y[b] - Y[a]) / (X[b] - X[a]) for a, b in combinations(range(45), 2))
    shift = sum(slope < -1 for slope in slopes)
    n = len(slopes)
    assert n % 2 == 0
    middle = (slopes[n // 2 - 1 + shift] + slopes[n // 2 + shift]) / 2
    c = 1.959963985 * math.sqrt(45 * 44 * 95 / 18)
    first = round((n - c) / 2)
    found = passing_bablok(X, Y)
    assert found is not None
    assert found.slope == pytest.approx(middle)
    assert found.slope_ci95[0] == pytest.approx(slopes[first - 1 + shift])
    assert found.slope_ci95[1] == pytest.approx(slopes[n - first + shift])
    assert found.intercept == pytest.approx(np.median(Y - middle * X))
    assert found.linear_p is not None
    assert found.linear_p > 0.05


def test_passing_bablok_turns_round_and_is_not_moved_by_one_wild_pair() -> None:
    one, other = passing_bablok(X, Y), passing_bablok(Y, X)
    assert one is not None
    assert other is not None
    assert one.slope == pytest.approx(1 / other.slope, rel=1e-3)
    wild = Y.copy()
    wild[0] += 10_000
    moved = passing_bablok(X, wild)
    assert moved is not None
    assert moved.slope == pytest.approx(one.slope, rel=0.03)


def test_a_bent_relation_is_no_straight_line() -> None:
    x = np.linspace(1, 50, 60)
    found = passing_bablok(x, x**2 / 30 + RNG.normal(0, 0.3, 60))
    assert found is not None
    assert found.linear_p is not None
    assert found.linear_p < 0.01


@pytest.mark.parametrize("x", [(1.0, 2.0), (3.0, 3.0, 3.0, 3.0)])
def test_too_few_pairs_or_one_value_alone_have_no_line(x: tuple[float, ...]) -> None:
    assert deming(x, x, error_ratio=1) is None
    assert passing_bablok(x, x) is None
    assert spearman(x, x) is None


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        finite([1, math.nan])
    with pytest.raises(ValueError, match="as many of each"):
        pairs([1, 2], [1])
    with pytest.raises(ValueError, match="error ratio"):
        deming([1, 2, 3], [1, 2, 3], error_ratio=0)
    with pytest.raises(ValueError, match="not above zero"):
        linearity([0, 1, 2], [1, 1, 2])


def test_one_difference_has_no_spread() -> None:
    assert bland_altman([1.0]) is None
    assert mean_interval([1.0]) is None
    assert wilson(0, 0) is None


def test_spearman_ties_take_their_mean_rank() -> None:
    assert spearman([1, 2, 2, 4], [1, 3, 3, 9]) == pytest.approx(1)


def test_words_withheld_agree_with_neither_side() -> None:
    found = agreement(
        ["MEETS", "MEETS", "DOES_NOT_MEET"],
        ["MEETS", "BORDERLINE", "DOES_NOT_MEET"],
        words=("MEETS", "DOES_NOT_MEET", "BORDERLINE"),
        positive={"MEETS"},
        negative={"DOES_NOT_MEET"},
    )
    assert found is not None
    assert found.positive.percent == 50
    assert found.negative.percent == 100
    assert found.table == ((1, 0, 1), (0, 1, 0), (0, 0, 0))


def test_kappa_by_hand_and_where_there_is_nothing_to_agree_on() -> None:
    found = kappa([[40, 10], [5, 45]])
    chance = 0.5 * 0.45 + 0.5 * 0.55
    assert found is not None
    assert found.value == pytest.approx((0.85 - chance) / (1 - chance))
    assert kappa([[17]]) is None
    assert kappa([[17, 0], [0, 0]]) is None
    # One side said one word alone: chance explains all, whatever the other said.
    assert kappa([[1, 1, 1], [0, 0, 0], [0, 0, 0]]) is None
    assert kappa([[3, 0], [5, 0]]) is None


def test_an_unknown_word_is_refused() -> None:
    with pytest.raises(ValueError, match="words"):
        agreement(["A"], ["B"], words=("A",), positive={"A"}, negative=set())


def test_nested_components_of_a_balanced_design_by_hand() -> None:
    readers, runs, times = 3, 4, 2
    cube = (
        RNG.normal(0, 3, (readers, 1, 1))
        + RNG.normal(0, 2, (readers, runs, 1))
        + RNG.normal(50, 1, (readers, runs, times))
    )
    within = cube.var(axis=2, ddof=1).mean()
    of_runs = times * cube.mean(axis=2).var(axis=1, ddof=1).mean()
    of_readers = runs * times * cube.mean(axis=(1, 2)).var(ddof=1)
    labels = [[str(i[k]) for i in np.ndindex(cube.shape)] for k in (0, 1)]
    found = nested_precision(cube.ravel(), [("reader", labels[0]), ("run", labels[1])])
    assert found is not None
    assert found["within"].variance == pytest.approx(within)
    assert found["run"].variance == pytest.approx(max(0, (of_runs - within) / times))
    assert found["reader"].variance == pytest.approx(
        max(0, (of_readers - of_runs) / (runs * times))
    )
    low, high = found["within"].sd_ci95 or (0, 0)
    assert low**2 == pytest.approx(12 * within / stats.chi2.ppf(0.975, 12))
    assert high**2 == pytest.approx(12 * within / stats.chi2.ppf(0.025, 12))


def test_plain_repetition_is_the_sd_itself() -> None:
    found = nested_precision([1.0, 2.0, 4.0], [])
    assert found is not None
    assert found["within"].sd == pytest.approx(np.std([1, 2, 4], ddof=1))
    assert found["total"].sd == pytest.approx(found["within"].sd)


def test_an_unbalanced_design_recovers_the_variances_it_was_made_with() -> None:
    rng = np.random.default_rng(3)
    runs = rng.normal(0, 2, 400)
    labels, values = [], []
    for run, shift in enumerate(runs):
        for _ in range(1 + run % 4):
            labels.append(str(run))
            values.append(10 + shift + rng.normal(0, 1))
    found = nested_precision(values, [("run", labels)])
    assert found is not None
    assert found["run"].sd == pytest.approx(2, rel=0.1)
    assert found["within"].sd == pytest.approx(1, rel=0.1)


def test_a_component_that_noise_drowns_has_no_interval() -> None:
    values = np.random.default_rng(1).normal(0, 1, 8)
    found = nested_precision(values, [("run", list("aabbccdd"))])
    assert found is not None
    assert found["run"].degrees < 1
    assert found["run"].sd_ci95 is None


def test_a_factor_without_repetition_cannot_be_told() -> None:
    assert nested_precision([1, 2, 3], [("run", ["a", "b", "c"])]) is None
    assert nested_precision([1, 2, 3], [("run", ["a", "a", "a"])]) is None
    assert nested_precision([1], []) is None
    assert nested_precision([5, 5, 5], []) is not None


def test_the_line_of_a_dilution_as_scipy_has_it() -> None:
    expected = np.repeat([10.0, 1.0, 0.1, 0.01], 3)
    found = 0.9 * expected**1.02 * 10 ** RNG.normal(0, 0.02, 12)
    line = linearity(expected, found)
    other = stats.linregress(np.log10(expected), np.log10(found))
    assert line is not None
    assert (line.slope, line.intercept, line.r2) == pytest.approx(
        (other.slope, other.intercept, other.rvalue**2)
    )
    half = stats.t.ppf(0.975, 10) * other.stderr
    assert line.slope_ci95 == pytest.approx((other.slope - half, other.slope + half))
    assert [level.n for level in line.levels] == [3, 3, 3, 3]
    lowest = line.levels[0]
    by_hand = stats.gmean(found[expected == 0.01])
    assert lowest.percent == pytest.approx(100 * by_hand / 0.01)
    on_line = 10 ** (other.intercept + other.slope * -2)
    assert lowest.deviation_percent == pytest.approx(100 * (by_hand / on_line - 1))
    assert line.max_deviation_percent == max(abs(one.deviation_percent) for one in line.levels)


def test_a_dilution_that_bends_is_told() -> None:
    expected = np.repeat([10.0, 1.0, 0.1, 0.01], 3)
    bent = expected + 0.01 * 10 ** RNG.normal(0, 0.01, 12)
    line = linearity(expected, bent)
    assert line is not None
    assert line.quadratic_p is not None
    assert line.quadratic_p < 0.001
    assert linearity([1, 1, 2], [1, 1, 2]) is None


def test_limits_of_blank_and_detection_by_hand() -> None:
    blanks = [[0.0, 2.0, 1.0], [1.0, 3.0, 2.0]]
    every = [0, 2, 1, 1, 3, 2]
    factor = 1.6448536 / (1 - 1 / (4 * 4))
    lob = limit_of_blank(blanks, form="parametric")
    assert lob == pytest.approx(np.mean(every) + factor * np.std(every, ddof=1))
    lows = [[4.0, 6.0, 5.0], [9.0, 11.0, 13.0]]
    pooled = math.sqrt((2 * 1 + 2 * 4) / 4)
    assert limit_of_detection(3.0, lows, form="parametric") == pytest.approx(3 + factor * pooled)
    about = [-1, 0, 1, -2, 0, 2]
    fifth = np.quantile(about, 0.05, method="hazen")
    assert limit_of_detection(3.0, lows, form="rank") == pytest.approx(3 - fifth)


def test_blanks_that_are_all_zero_have_a_limit_of_zero_by_rank_and_are_not_normal() -> None:
    zeros = [[0.0] * 60]
    assert not looks_normal(zeros, least_p=0.05)
    assert limit_of_blank(zeros, form="rank") == 0
    assert limit_of_blank([], form="rank") is None
    assert limit_of_blank([[1.0]], form="parametric") is None
    assert limit_of_detection(0.0, [[1.0]], form="rank") is None


def test_normal_results_look_so_and_skewed_ones_do_not() -> None:
    rng = np.random.default_rng(1)
    assert looks_normal([rng.normal(0, 1, 60)], least_p=0.05)
    assert not looks_normal([rng.lognormal(0, 1, 60)], least_p=0.05)


def test_the_parametric_limits_find_95_of_100() -> None:
    rng = np.random.default_rng(5)
    lob = limit_of_blank([rng.normal(1, 0.1, 4000)], form="parametric")
    assert lob is not None
    assert lob == pytest.approx(1 + 1.645 * 0.1, rel=0.01)
    lod = limit_of_detection(lob, [rng.normal(2, 0.2, 4000)], form="rank")
    assert lod is not None
    assert float((rng.normal(lod, 0.2, 4000) > lob).mean()) == pytest.approx(0.95, abs=0.015)


def test_quantification_begins_where_every_higher_level_keeps_to_the_goal() -> None:
    levels = [LevelSpread(5, mean, cv) for mean, cv in ((10, 5), (1, 12), (0.1, 35), (0.05, 20))]
    assert limit_of_quantification(levels, goal_percent=30, at_least=0) == 1
    assert limit_of_quantification(levels, goal_percent=40, at_least=0) == 0.05
    assert limit_of_quantification(levels, goal_percent=40, at_least=0.08) == 0.1
    assert limit_of_quantification(levels, goal_percent=4, at_least=0) is None
    assert spread_of([1.0]) is None
    assert spread_of([0.0, 0.0]) is None


@pytest.mark.parametrize(("n", "least"), [(20, 17), (30, 26), (60, 53)])
def test_the_fewest_that_keep_a_claim_by_the_exact_binomial(n: int, least: int) -> None:
    assert verified(n, n).least == least
    assert stats.binom.cdf(least - 1, n, 0.95) <= 0.025 < stats.binom.cdf(least, n, 0.95)
    assert verified(least, n).holds
    assert not verified(least - 1, n).holds


@pytest.mark.parametrize(
    ("high", "first", "last", "percent"),
    [(50.0, 0.06, 0.01, 100 * 0.05 / 49.99), (10.0, 0.0, 0.0, 0.0), (0.01, 0.5, 0.01, None)],
)
def test_what_is_carried_over(
    high: float, first: float, last: float, percent: float | None
) -> None:
    assert carry_over_percent(high=high, first=first, last=last) == (
        None if percent is None else pytest.approx(percent)
    )


def test_changes_are_from_each_specimens_own_first_hour() -> None:
    changes = changes_over_time(
        ["a", "a", "a", "b", "b", "b"], [0, 24, 48, 2, 24, 48], [80, 79, 70, 50, 51, 42]
    )
    assert [(one.hours, one.n, one.mean) for one in changes] == [(24, 2, 0.0), (48, 2, -9.0)]
    assert stable_hours(changes, within=5) == 24
    assert stable_hours(changes, within=9) == 48
    assert stable_hours((), within=9) is None


def test_what_a_design_can_show() -> None:
    forty = comparison_design(40)
    assert forty is not None
    assert forty.bias_half_width == pytest.approx(stats.t.ppf(0.975, 39) / math.sqrt(40))
    assert forty.least_agreement_percent == pytest.approx(91.24, abs=0.01)
    assert comparison_design(2) is None
    five = precision_design(readers=1, runs=5, replicates=5)
    assert (five.within_degrees, five.between_degrees) == (20, 4)
    assert precision_design(readers=1, runs=1, replicates=5).between_factors is None
    sixty = detection_design(60)
    assert sixty is not None
    assert (sixty.rank, sixty.least_kept) == (57.5, 53)
    assert detection_design(0) is None


@pytest.mark.parametrize("half", [1.0, 0.5, 0.32, 0.1])
def test_the_fewest_tubes_for_a_bias_are_the_fewest(half: float) -> None:
    n = tubes_for_bias(half)
    assert stats.t.ppf(0.975, n - 1) / math.sqrt(n) <= half
    assert stats.t.ppf(0.975, n - 2) / math.sqrt(n - 1) > half
