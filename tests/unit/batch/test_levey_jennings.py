"""Values over the months: a frozen reference, Westgard's rules on distances one can count by hand."""

from __future__ import annotations

import csv

import pytest

from cd5flow.batch.levey_jennings import Watched, broken_rules, chart_table, control_charts
from cd5flow.batch.outliers import (
    ComparedValue,
    ComparedValues,
    OverTimeRules,
    PeerGroup,
    load_batch_rules,
    measure,
)
from cd5flow.config.shipped import batch_file
from support.analysed import CLEAR, analysis

KIND = PeerGroup("s 1.0.0", "0" * 64, "LSR", (("PE-A", "CD5"),))


@pytest.fixture(scope="module")
def rules() -> OverTimeRules:
    found = load_batch_rules(batch_file()).value.over_time
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("sds", "broken"),
    [
        ([3.1], ["1_3s"]),
        ([-3.1], ["1_3s"]),
        ([3.0], []),
        ([2.1, 2.1], ["2_2s"]),
        ([2.1, 1.9], []),
        ([2.1, -2.1], ["R_4s"]),
        ([1.1, 1.2, 1.1, 1.3], ["4_1s"]),
        ([1.1, 1.2, -1.1, 1.3], []),
        ([0.1] * 10, ["10_x"]),
        ([-0.1] * 9 + [0.1], []),
        ([0.1] * 9, []),
    ],
)
def test_westgards_rules(sds: list[float], broken: list[str], rules: OverTimeRules) -> None:
    assert list(broken_rules(sds, rules.westgard)) == broken


def watched(values: list[float]) -> list[Watched]:
    return [
        Watched(
            f"t{n:03d}",
            f"2026-01-01T{n // 60:02d}:{n % 60:02d}:00",
            ComparedValues(KIND, {"CD5 median of T cells": ComparedValue(value, value, 0.01)}),
        )
        for n, value in enumerate(values)
    ]


def test_the_reference_stays_and_what_follows_is_measured_by_it(rules: OverTimeRules) -> None:
    first = [1.0, 3.0] * 10
    (chart,) = control_charts(watched([*first, *([6.0] * 12)]), rules)
    assert chart.mean == pytest.approx(2)
    assert chart.sd == pytest.approx((20 / 19) ** 0.5)
    assert [point.is_reference for point in chart.points] == [True] * 20 + [False] * 12
    assert not any(point.broken for point in chart.points[:20])
    assert chart.points[20].broken == ("1_3s",)
    assert set(chart.points[-1].broken) == {"1_3s", "2_2s", "4_1s", "10_x"}
    assert chart.drift == pytest.approx(4 / chart.sd)
    assert len(chart.broken) == 12


def test_the_order_is_that_of_acquisition_and_tubes_without_one_are_left_out(
    rules: OverTimeRules,
) -> None:
    tubes = watched([1.0, 3.0] * 10 + [5.0])
    unknown = Watched("x", None, tubes[0].measured)
    (chart,) = control_charts([unknown, *reversed(tubes)], rules)
    assert [point.sample for point in chart.points] == [tube.sample for tube in tubes]


def test_as_many_tubes_as_the_reference_have_no_chart(rules: OverTimeRules) -> None:
    assert control_charts(watched([1.0] * 20), rules) == ()


def test_values_that_hardly_vary_take_the_least_spread(rules: OverTimeRules) -> None:
    (chart,) = control_charts(watched([1.0] * 21), rules)
    assert chart.sd == 0.01


def test_the_table_has_a_row_a_tube(rules: OverTimeRules) -> None:
    table = chart_table(control_charts(watched([1.0, 3.0] * 10 + [9.0]), rules))
    rows = list(csv.DictReader(table.splitlines()))
    assert len(rows) == 21
    assert (rows[-1]["reference"], rows[-1]["rules"]) == ("no", "1_3s")


def test_what_is_to_be_watched_is_there_to_be_measured(rules: OverTimeRules) -> None:
    found = measure(analysis(CLEAR).result, rules).values
    for words in (
        "CD5 median of T cells",
        "check CD5_ON_T_CELLS",
        "check DOUBLETS",
        "gate stable (stable_time): usual_rate_per_second",
        "gate t_cells (relative): CD45 low",
        "gate t_cells (relative): CD3 low",
        "gate lymphocytes (relative): SSC high",
    ):
        assert words in found
