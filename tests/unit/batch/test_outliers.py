from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.batch.outliers import (
    Cd5Comparison,
    CheckComparison,
    ComparedValue,
    ComparedValues,
    GateComparison,
    OutlierRules,
    PeerGroup,
    find_outliers,
    load_batch_rules,
    measure,
)
from cd5flow.config.shipped import batch_file
from cd5flow.errors import StrategyError
from support.overview_factory import measured_result
from support.report_factory import make_cd5, make_result

KIND = PeerGroup("s 1.0", "abc", "C1", (("FL1-A", "CD5"),))
RULES = OutlierRules(
    min_tubes=5,
    max_spreads=6,
    compare=(
        GateComparison(
            of="gate",
            gates=("t_*",),
            evidence=("* peak",),
            scale="linear",
            least_spread=0.005,
            why="x",
        ),
        CheckComparison(of="check", codes=("DEBRIS",), scale="linear", least_spread=2, why="x"),
        Cd5Comparison(
            of="cd5",
            values=("median_t_cells", "cut_linear"),
            scale="log10",
            least_spread=0.03,
            why="x",
        ),
    ),
)


def tubes(*numbers: float, kind: PeerGroup = KIND, least: float = 0.1) -> list[ComparedValues]:
    return [ComparedValues(kind, {"v": ComparedValue(n, n, least)}) for n in numbers]


def marked(*numbers: float, least: float = 0.1) -> list[int]:
    found = find_outliers(tubes(*numbers, least=least), RULES)
    return [i for i, marks in enumerate(found.marks) if marks]


def test_a_value_far_from_the_others_is_marked_with_how_far() -> None:
    found = find_outliers(tubes(1.0, 1.1, 0.9, 1.0, 1.0, 1.2, 9.0), RULES)
    (mark,) = found.marks[6]
    assert not any(found.marks[:6])
    # Median 1.0; distances 0, 0.1, 0.1, 0, 0, 0.2, 8: their median 0.1.
    assert mark.spreads == pytest.approx(8 / 0.14826)
    assert (mark.median, mark.tubes, mark.number) == (1.0, 7, 9.0)
    assert str(mark) == "v 9, median 1 of 7 tubes (54.0 spreads above)"


def test_below_is_said_as_below() -> None:
    found = find_outliers(tubes(5.0, 5.1, 4.9, 5.0, 5.0, 0.0), RULES)
    (mark,) = found.marks[5]
    assert mark.spreads < 0
    assert str(mark).endswith("spreads below)")


def test_several_far_out_do_not_hide_each_other() -> None:
    assert marked(1.0, 1.1, 0.9, 1.0, 1.05, 0.95, 50.0, 51.0, 52.0) == [6, 7, 8]


def test_tubes_that_agree_are_not_parted_by_less_than_the_least_spread() -> None:
    assert marked(1.0, 1.0, 1.0, 1.0, 1.0, 1.59) == []
    assert marked(1.0, 1.0, 1.0, 1.0, 1.0, 1.61) == [5]


def test_exactly_the_limit_is_not_apart() -> None:
    assert marked(0.0, 0.0, 0.0, 0.0, 0.0, 3.0, least=0.5) == []


def test_too_few_tubes_are_not_compared_and_that_is_said() -> None:
    found = find_outliers(tubes(1.0, 1.0, 1.0, 9.0), RULES)
    assert not any(found.marks)
    (kind,) = found.compared
    assert (kind.tubes, kind.values) == (4, 0)


def test_only_tubes_with_the_value_count() -> None:
    without = [ComparedValues(KIND, {})] * 10
    found = find_outliers([*tubes(1.0, 1.0, 1.0, 9.0), *without], RULES)
    assert not any(found.marks)
    assert found.compared[0].values == 0


@pytest.mark.parametrize(
    "other",
    [
        PeerGroup("s 1.1", "abc", "C1", KIND.panel),
        PeerGroup("s 1.0", "abd", "C1", KIND.panel),
        PeerGroup("s 1.0", "abc", "C2", KIND.panel),
        PeerGroup("s 1.0", "abc", None, KIND.panel),
        PeerGroup("s 1.0", "abc", "C1", (("FL2-A", "CD5"),)),
    ],
)
def test_only_tubes_of_one_kind_are_compared(other: PeerGroup) -> None:
    found = find_outliers([*tubes(1, 1, 1, 1, 1), *tubes(9, kind=other)], RULES)
    assert not any(found.marks)
    assert [(one.tubes, one.values) for one in found.compared] == [(5, 1), (1, 0)]


def test_a_kind_says_what_its_tubes_have_in_common() -> None:
    kind = PeerGroup("s 1.0", "abc", None, (("A", "CD7"), ("B", "CD5"), ("C", None)))
    assert str(kind) == "s 1.0, cytometer not stated, CD5 CD7"


def test_the_farthest_mark_stands_first() -> None:
    values = {"a": ComparedValue(9, 9, 0.1), "b": ComparedValue(99, 99, 0.1)}
    same = {"a": ComparedValue(1, 1, 0.1), "b": ComparedValue(1, 1, 0.1)}
    found = find_outliers([*[ComparedValues(KIND, same)] * 6, ComparedValues(KIND, values)], RULES)
    assert [mark.what for mark in found.marks[6]] == ["b", "a"]


@given(st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=30), st.floats(-1e3, 1e3))
def test_marks_do_not_depend_on_where_zero_lies(numbers: list[float], moved: float) -> None:
    spreads = [abs(m.spreads) for some in find_outliers(tubes(*numbers), RULES).marks for m in some]
    if any(abs(s - RULES.max_spreads) < 1e-3 for s in spreads):
        return  # on the limit, where rounding decides
    assert marked(*(number + moved for number in numbers)) == marked(*numbers)


@given(st.lists(st.floats(-100, 100), min_size=5, max_size=31))
def test_never_is_half_of_the_batch_apart_or_more(numbers: list[float]) -> None:
    assert len(marked(*numbers)) < len(numbers) / 2


def test_what_is_compared_is_what_the_rules_name() -> None:
    measured = measure(measured_result("a"), RULES)
    assert {name: value.number for name, value in measured.values.items()} == {
        "gate t_landmark (density_cluster): CD3 peak": 0.6,
        "check DEBRIS": 10.0,
        "CD5 median of T cells": 9000.0,
        "CD5 cut by fmo": 561.8,
    }
    assert measured.values["CD5 median of T cells"].place == pytest.approx(3.9542, abs=1e-4)


def test_what_is_unknown_is_not_compared() -> None:
    result = measured_result("a", debris=None, t_cells=-3.0)
    result = result.model_copy(update={"cd5": result.cd5.model_copy(update={"cut": None})})
    assert list(measure(result, RULES).values) == ["gate t_landmark (density_cluster): CD3 peak"]
    assert not measure(make_result(populations=(), cd5=make_cd5(cut=None)), RULES).values.keys() & {
        "CD5 cut by fmo"
    }


def test_the_rules_that_come_with_cd5flow_hold() -> None:
    rules = load_batch_rules(batch_file()).value.apart
    assert rules.min_tubes >= 8
    batch = [measured_result(f"s{i}", peak=0.6 + 0.002 * (i % 3)) for i in range(12)]
    moved = [*batch, measured_result("moved", peak=0.7)]
    marks = find_outliers([measure(result, rules) for result in moved], rules).marks
    assert not any(marks[:-1])
    assert [mark.what for mark in marks[-1]] == ["gate t_landmark (density_cluster): CD3 peak"]


def test_faults_of_a_file_of_rules_are_named_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "batch.yaml"
    text = batch_file().read_text("utf-8")
    path.write_text(text.replace("min_tubes: 10", "min_tubes: 1").replace("of: cd5", "of: cd6"))
    with pytest.raises(StrategyError) as refused:
        load_batch_rules(path)
    # What is compared in a batch, and what is watched over the months, each have one.
    assert len(refused.value.message.splitlines()) == 3
    assert "batch.yaml:" in refused.value.message
