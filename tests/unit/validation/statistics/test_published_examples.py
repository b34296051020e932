"""Numbers that were published with their data, to the last digit that was printed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import stdtr

from cd5flow.validation.statistics.agreement import agreement, kappa
from cd5flow.validation.statistics.arrays import student, wilson
from cd5flow.validation.statistics.detection import limit_of_blank, limit_of_detection
from cd5flow.validation.statistics.differences import bland_altman
from cd5flow.validation.statistics.linearity import linearity
from cd5flow.validation.statistics.lines import deming, passing_bablok
from cd5flow.validation.statistics.outliers import farthest
from cd5flow.validation.statistics.precision import nested_precision

WRIGHT = (494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427)
MINI = (512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451)
"""Peak flow of 17 persons by two meters, first readings: Bland and Altman, Lancet 1986."""

DYESTUFF = {
    "A": (1545, 1440, 1440, 1520, 1580),
    "B": (1540, 1555, 1490, 1560, 1495),
    "C": (1595, 1550, 1605, 1510, 1560),
    "D": (1445, 1440, 1595, 1465, 1545),
    "E": (1595, 1630, 1515, 1635, 1625),
    "F": (1520, 1455, 1450, 1480, 1445),
}
"""Yield by batch: Davies and Goldsmith, Statistical Methods in Research and Production, 1972."""

PURITY = (
    ((1, -1, 0), (-2, -3, -4), (-2, 0, 1), (1, 4, 0)),
    ((1, -2, -3), (0, 4, 2), (-1, 0, -2), (0, 3, 2)),
    ((2, 4, 0), (-2, 0, 2), (1, -1, 2), (3, 2, 1)),
)
"""Coded purity of supplier > batch > replicate: Montgomery, Design and Analysis of Experiments."""


def test_the_peak_flow_meters_agree_as_printed_in_1986() -> None:
    found = bland_altman([a - b for a, b in zip(WRIGHT, MINI, strict=True)])
    assert found is not None
    assert (round(found.bias, 1), round(found.sd, 1)) == (-2.1, 38.8)
    # They print the limits by the rounded bias and 2 SDs, and the interval by t = 2.12.
    bias, sd = round(found.bias, 1), round(found.sd, 1)
    assert (round(bias - 2 * sd, 1), round(bias + 2 * sd, 1)) == (-79.7, 75.5)
    assert [round(end, 1) for end in found.bias_ci95] == [-22.0, 17.8]


def test_the_dyestuff_batches_have_the_variances_of_the_book() -> None:
    values = [float(v) for batch in DYESTUFF.values() for v in batch]
    labels = [name for name, batch in DYESTUFF.items() for _ in batch]
    found = nested_precision(values, [("batch", labels)])
    assert found is not None
    assert found.mean == pytest.approx(1527.5)
    assert round(found["batch"].variance, 2) == 1764.05
    assert round(found["within"].variance, 2) == 2451.25


def test_the_nested_purity_has_the_variances_of_the_textbook() -> None:
    values, suppliers, batches = [], [], []
    for s, of_supplier in enumerate(PURITY):
        for b, of_batch in enumerate(of_supplier):
            for value in of_batch:
                values.append(float(value))
                suppliers.append(str(s))
                batches.append(str(b))
    found = nested_precision(values, [("supplier", suppliers), ("batch", batches)])
    assert found is not None
    # Mean squares 7.53, 7.77 and 2.64: batches (7.77 - 2.64) / 3 = 1.71, suppliers below zero.
    assert round(found["within"].variance, 2) == 2.64
    assert round(found["batch"].variance, 2) == 1.71
    assert found["supplier"].variance == 0
    assert found["within"].degrees == pytest.approx(24)


@pytest.mark.parametrize(
    ("table", "printed"),
    [
        ([[20, 5], [10, 15]], 0.40),  # the usual textbook's two readers of 50 proposals
        ([[75, 1, 4], [5, 4, 1], [0, 0, 10]], 0.68),  # Fleiss, Statistical Methods, table 13.1
    ],
)
def test_kappa_of_printed_tables(table: list[list[int]], printed: float) -> None:
    found = kappa(table)
    assert found is not None
    assert round(found.value, 2) == printed


def test_the_interval_of_a_share_as_newcombe_prints_it() -> None:
    # Newcombe RG. Stat Med 1998;17:857, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    printed = {
        (81, 263): (25.53, 36.62),
        (15, 148): (6.24, 16.05),
        (0, 20): (0.0, 16.11),
        (1, 29): (0.61, 17.18),
    }
    for (part, whole), ends in printed.items():
        found = wilson(part, whole)
        assert found is not None
        assert tuple(round(end, 2) for end in found) == ends


BLANKS = {
    1: """
2.6 -.8 5.5 6.0 4.5 .6 -2.3 3.4 5.9 7.6 4.1 -1.4
1.0 2.9 4.9 8.0 6.9 5.0 3.4 1.2 6.5 5.6 -2.2 2.3
-4.4 -3.4 7.0 6.9 4.3 3.2 -1.4 4.2 5.9 7.6 3.8 5.8
1.5 -1.9 5.1 5.7 4.1 4.5 -.6 .5 5.4 7.6 4.4 6.6
1.2 -.7 6.1 5.1 4.8 3.3 -2.8 -1.4 8.7 3.6 5.1 3.5
""",
    2: """
4.6 4.1 1.6 3.7 2.2 .7 4.6 2.6 1.1 -4.4 .9 .7
9.2 8.3 4.8 5.4 4.8 6.3 5.4 9.6 7.7 3.1 6.1 10.0
6.1 3.2 3.9 1.4 3.1 4.1 1.0 3.4 .1 .4 2.9 -1.6
4.0 11.5 4.5 3.6 4.4 6.8 7.1 4.2 3.7 3.7 5.3 4.5
4.0 6.2 -.2 2.3 1.6 2.6 6.4 5.7 4.2 3.7 1.4 1.5
""",
}
LOWS = {
    1: """
21.0 22.8 28.2 25.9 26.4 28.3 20.7 21.9 24.7 22.5 28.5 29.2
13.3 12.6 18.2 14.7 17.8 14.0 14.1 12.5 11.3 12.2 16.2 13.9
12.8 12.9 17.4 16.0 15.9 14.1 11.3 9.4 10.6 13.6 17.6 14.9
17.3 19.2 21.5 22.2 24.1 25.8 16.0 16.4 24.9 23.8 22.1 26.1
19.2 22.7 28.3 26.2 25.1 30.3 23.4 19.2 26.3 23.1 27.5 30.1
""",
    2: """
22.0 22.5 21.8 22.1 20.3 21.0 25.3 26.0 27.2 25.1 25.3 25.3
15.6 21.2 14.8 14.9 16.0 15.8 21.6 22.8 15.3 18.7 18.3 19.5
13.0 15.9 9.0 7.0 13.4 8.5 16.3 18.1 12.4 11.1 11.3 10.1
18.8 17.6 14.1 14.9 19.2 15.8 19.8 21.4 18.0 18.0 19.6 23.1
32.9 30.4 29.4 27.6 27.7 30.6 31.4 30.4 32.5 28.9 29.8 35.1
""",
}
"""Five blank and five low specimens, a row each, by two reagent lots: CLSI EP17-A2, appendix A."""


def _specimens(rows: str) -> list[list[float]]:
    return [[float(value) for value in row.split()] for row in rows.split("\n") if row]


@pytest.mark.parametrize(("lot", "rank", "parametric"), [(1, 7.6, 8.718), (2, 9.4, 8.599)])
def test_the_limits_of_blank_of_the_guidelines_two_lots(
    lot: int, rank: float, parametric: float
) -> None:
    # As R's package sherloq has them: by rank (57.5 of 60), and of normal results.
    blanks = _specimens(BLANKS[lot])
    found = [limit_of_blank(blanks, form=form) for form in ("rank", "parametric")]
    assert found == [pytest.approx(rank, abs=1e-9), pytest.approx(parametric, abs=5e-4)]


@pytest.mark.parametrize(("lot", "printed"), [(1, 12.64), (2, 11.94)])
def test_the_limits_of_detection_of_the_guidelines_two_lots(lot: int, printed: float) -> None:
    # With a limit of blank of 7.5, as sherloq's example has it.
    found = limit_of_detection(7.5, _specimens(LOWS[lot]), form="parametric")
    assert found is not None
    assert round(found, 2) == printed


def test_the_large_sample_variance_of_kappa_as_printed_in_1969() -> None:
    # Fleiss JL, Cohen J, Everitt BS. Psychol Bull 1969;72:323: proportions of 200 patients.
    shares = ((0.53, 0.05, 0.02), (0.11, 0.14, 0.05), (0.01, 0.06, 0.03))
    found = kappa([[round(200 * share) for share in row] for row in shares])
    assert found is not None
    assert round(found.value, 3) == 0.429
    half = (found.ci95[1] - found.ci95[0]) / 2
    assert round((half / 1.959964) ** 2, 6) == 0.002885


PRECISION = """
71.658058 71.338029 73.097420 73.204048 77.617348 74.049697 79.106018 79.859760
71.785797 78.102687 75.496409 73.078867 78.671770 78.609945 81.652068 83.021498
74.543772 76.837830 70.691180 70.304825 76.158273 73.046086 76.510108 73.720297
76.221572 73.219968 77.217310 74.095070 75.472563 73.354269 70.244103 71.998752
75.657742 78.355953 81.396962 79.642744 75.244785 75.298187 76.983741 73.365938
70.330064 71.781436 79.386441 75.924292 74.616950 79.040469 68.873490 74.811638
74.906043 73.976285 77.108213 73.744001 76.889422 75.715956 77.401436 75.888559
79.478451 78.965387 78.537327 74.228805 75.236575 72.187846 78.172866 74.489350
73.021562 73.536385 77.517328 76.832902 76.354064 71.986990 74.855985 77.355247
78.627474 75.682914 75.873215 75.659789 74.629432 73.026412 72.782790 73.150573
"""
"""20 days, two runs a day, two results a run: R's package VCA, data set dataEP05A2_2."""


def test_days_and_runs_have_the_variances_that_sas_nested_prints() -> None:
    values = [float(value) for value in PRECISION.split()]
    days = [str(place // 4) for place in range(80)]
    runs = [str(place // 2 % 2) for place in range(80)]
    found = nested_precision(values, [("day", days), ("run", runs)])
    assert found is not None
    assert [round(found[name].variance, 6) for name in ("day", "run", "within", "total")] == [
        1.853772,
        2.826050,
        3.720281,
        8.400103,
    ]
    assert round(found.mean, 5) == 75.40645
    assert round(found["total"].degrees, 5) == 54.78206  # Satterthwaite's, as VCA prints it


def test_deming_with_a_ratio_of_errors_as_the_manual_prints_it() -> None:
    # NCSS, Deming regression (chapter 303): variance of x over that of y is 4.
    x = (7, 8.3, 10.5, 9, 5.1, 8.2, 10.2, 10.3, 7.1, 5.9)
    y = (7.9, 8.2, 9.6, 9, 6.5, 7.3, 10.2, 10.6, 6.3, 5.2)
    found = deming(x, y, error_ratio=1 / 4)
    assert found is not None
    assert (round(found.intercept, 4), round(found.slope, 4)) == (-0.0897, 1.0012)
    halves = [(high - low) / 2 for low, high in (found.intercept_ci95, found.slope_ci95)]
    assert [round(half / student(8), 4) for half in halves] == [1.7220, 0.1872]


def test_the_farthest_of_eight_masses_as_the_handbook_prints_it() -> None:
    # NIST/SEMATECH e-Handbook, 1.3.5.17.1: G = 2.468765, above the critical 2.0317 of a one-sided 5 %.
    masses = (199.31, 199.53, 200.19, 200.82, 201.92, 201.95, 202.18, 245.57)
    found = farthest(masses)
    assert found is not None
    assert (found.place, round(found.distance, 6)) == (7, 2.468765)
    assert found.p < 0.05
    # At the critical value itself half of the two-sided p-value is 5 %.
    t = math.sqrt(8 * 6 * 2.0317**2 / (49 - 8 * 2.0317**2))
    assert 8 * float(stdtr(6, -t)) == pytest.approx(0.05, abs=5e-5)


def test_rising_numbers_have_the_line_and_the_interval_that_sen_prints() -> None:
    # Sen PK. J Am Stat Assoc 1968;63:1379. No slope is below -1, so that Passing and Bablok's median is
    # not shifted; he counts the 4th to the 18th of 21 slopes as 93 %.
    found = passing_bablok((1, 2, 3, 4, 10, 12, 18), (9, 15, 19, 20, 45, 55, 78))
    assert found is not None
    assert (found.slope, found.intercept) == pytest.approx((4, 6))
    assert found.slope_ci95 == pytest.approx((26 / 7, 35 / 8))


CREATININE = """
82 79 183 162 139 136 81 130 172 188 323 335 123 106 137 134 172 156 96 94 76 69 115 116 95 71
100 83 152 144 156 126 245 236 185 190 89 95 82 77 101 82 96 88 338 342 131 115 110 96 126 112
115 102 120 129 101 87 133 113 87 82 166 133 141 114 108 93 117 109 177 189 133 157 123 129 121
113 120 111 149 161 89 79 109 119 103 96 107 125 89 87 139 136 96 86 106 103 117 86 90 80 139
122 91 86 228 225 90 87 134 130 132 104 102 92 104 101 127 121 108 111 110 121 139 154 107 99 79
79 102 106 94 102 199 215 70 56 84 101 66 59 110 117 90 82 206 209 131 144 103 122 161 177 152
160 111 113 85 106 120 138 109 124 127 129 206 208 121 131 77 82 106 128 102 115 100 104 147 151
97 113 170 184 178 194 93 132 92 136 159 188 68 73 70 78 108 101 83 90 117 130 98 96 77 61 91
127 110 105 80 112 85 72 82 87
"""
"""Serum and plasma creatinine of 108 patients, mg/dL in hundredths: R's package mcr."""


def test_passing_and_bablok_of_creatinine_as_mcr_prints_it() -> None:
    both = np.asarray(CREATININE.split(), dtype=float) / 100
    found = passing_bablok(both[::2], both[1::2])
    assert found is not None
    assert found.n == 108
    assert (round(found.slope, 7), round(found.intercept, 7)) == (1.0880089, -0.1171729)
    # mcr takes the ends of the interval between two slopes, the authors the nearest: 1.173005 and -0.20011.
    assert found.slope_ci95 == pytest.approx((1, 1.17301), abs=1e-4)
    assert found.intercept_ci95 == pytest.approx((-0.2001, -0.02), abs=1e-4)


NORRIS = """
0.1 0.2 338.8 337.4 118.1 118.2 888.0 884.6 9.2 10.1 228.1 226.5 668.5 666.3 998.5 996.3 449.1 448.6
778.9 777.0 559.2 558.2 0.3 0.4 0.1 0.6 778.1 775.5 668.8 666.9 339.3 338.0 448.9 447.5 10.8 11.6
557.7 556.0 228.3 228.1 998.0 995.8 888.8 887.6 119.6 120.2 0.3 0.3 0.6 0.3 557.6 556.8 339.3 339.1
888.0 887.2 998.5 999.0 778.9 779.0 10.2 11.1 117.6 118.3 228.9 229.2 668.4 669.1 449.2 448.9 0.2 0.5
"""
"""Ozone by two instruments, y before x: NIST Statistical Reference Datasets, Norris."""


def test_the_line_is_the_certified_one_of_the_reference_data_set() -> None:
    both = np.asarray(NORRIS.split(), dtype=float) / 100  # so that powers of ten stay in range
    found = linearity(10 ** both[1::2], 10 ** both[::2])
    assert found is not None
    assert found.n == 36
    assert found.slope == pytest.approx(1.00211681802045, rel=1e-12)
    assert 100 * found.intercept == pytest.approx(-0.262323073774029, rel=1e-10)
    assert found.r2 == pytest.approx(0.999993745883712, rel=1e-12)
    # Standard deviation of the slope: 0.429796848199937e-3.
    half = (found.slope_ci95[1] - found.slope_ci95[0]) / 2
    assert half == pytest.approx(0.429796848199937e-3 * student(34), rel=1e-9)


def test_a_ratio_of_one_is_the_orthogonal_line() -> None:
    # Pearson K. Phil Mag 1901;2:559: the line of best fit is y = 5.7857 - 0.54556 x (misfit 0.2484).
    x = (0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4)
    y = (5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5)
    found = deming(x, y, error_ratio=1)
    assert found is not None
    assert found.slope == pytest.approx(-0.54556, abs=5e-6)
    assert found.intercept == pytest.approx(5.7840, abs=5e-5)


def test_positive_and_negative_agreement_of_a_printed_two_by_two() -> None:
    expected = ["P"] * 50 + ["N"] * 50
    found = ["P"] * 45 + ["N"] * 5 + ["P"] * 2 + ["N"] * 48
    agreed = agreement(expected, found, words=("P", "N"), positive={"P"}, negative={"N"})
    assert agreed is not None
    assert (agreed.positive.percent, agreed.negative.percent, agreed.overall.percent) == (
        90,
        96,
        93,
    )
