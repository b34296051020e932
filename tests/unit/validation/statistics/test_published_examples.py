"""Numbers that were published with their data, to the last digit that was printed."""

from __future__ import annotations

import numpy as np
import pytest

from cd5flow.validation.statistics.agreement import agreement, kappa
from cd5flow.validation.statistics.arrays import student, wilson
from cd5flow.validation.statistics.detection import limit_of_blank
from cd5flow.validation.statistics.differences import bland_altman
from cd5flow.validation.statistics.linearity import linearity
from cd5flow.validation.statistics.lines import deming
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


def test_the_rank_of_sixty_blanks_lies_between_the_57th_and_the_58th() -> None:
    # CLSI EP17: rank 0.5 + 0.95 x 60 = 57.5.
    assert limit_of_blank([list(range(1, 61))], form="rank") == pytest.approx(57.5)


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
