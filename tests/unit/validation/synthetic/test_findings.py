"""What rows add up to."""

from __future__ import annotations

import math

import pytest

from cd5flow.validation.synthetic.findings import accuracy, blanks, dilutions, precision
from cd5flow.validation.synthetic.record import AccuracyGroup
from cd5flow.validation.synthetic.rows import Arm, TubeRow
from support.share_rules import at_least
from support.validation_factory import accuracy_row, blank_row, diluted_row, row

AT_70 = at_least(70.0)


def whole(rows: list[TubeRow], arm: Arm = Arm.FMO) -> AccuracyGroup:
    found = accuracy(rows, AT_70)
    return next(g for g in found.groups if g.arm is arm and g.pattern is None)


def test_differences_are_found_less_true() -> None:
    group = whole([accuracy_row(60, 61, "DOES_NOT_MEET"), accuracy_row(80, 83, "MEETS", tube="b")])
    assert group.by_fmo_rule is not None
    assert (group.by_fmo_rule.bias, group.by_fmo_rule.worst) == (2.0, 3.0)


def test_the_label_is_a_truth_of_its_own() -> None:
    group = whole([accuracy_row(60, 61, "DOES_NOT_MEET", label_cd5_percent=100.0)])
    assert group.by_label is not None
    assert group.by_label.bias == -39.0
    assert (group.wrong_does_not_meet, group.wrong_by_label) == (0, 1)


@pytest.mark.parametrize(
    ("true", "state", "meets", "does_not"),
    [
        (69.9, "MEETS", 1, 0),
        (70.0, "MEETS", 0, 0),
        (70.0, "DOES_NOT_MEET", 0, 1),
        (69.9, "DOES_NOT_MEET", 0, 0),
        (10.0, "BORDERLINE", 0, 0),
        (None, "MEETS", 1, 0),
    ],
)
def test_a_definite_state_is_wrong_where_the_truth_lies_on_the_other_side(
    true: float | None, state: str, meets: int, does_not: int
) -> None:
    group = whole([accuracy_row(true, 70.0, state)])
    assert (group.wrong_meets, group.wrong_does_not_meet) == (meets, does_not)


def test_wrong_states_are_listed_by_tube() -> None:
    found = accuracy([accuracy_row(50, 80, "MEETS", tube="the-one", arm="none")], AT_70)
    assert [(one.tube, one.arm, one.true_percent) for one in found.wrong] == [
        ("the-one", Arm.NONE, 50)
    ]


def test_a_tube_without_a_number_is_counted_and_in_no_difference() -> None:
    group = whole([accuracy_row(50, None, "NOT_EVALUABLE"), accuracy_row(50, 50, "BORDERLINE")])
    assert (group.tubes, group.numbers) == (2, 1)
    assert group.by_fmo_rule is not None
    assert group.by_fmo_rule.n == 1
    assert group.states == {"BORDERLINE": 1, "NOT_EVALUABLE": 1}


def test_a_number_that_was_withheld_is_no_result() -> None:
    group = whole([accuracy_row(50, 90, "NOT_EVALUABLE", burden_state="NOT_EVALUABLE")])
    assert (group.tubes, group.numbers, group.in_band) == (1, 0, 0)
    assert (group.by_fmo_rule, group.burden_log10) == (None, None)


def test_the_truth_lies_in_the_band_or_not() -> None:
    group = whole([accuracy_row(50, 51, "BORDERLINE"), accuracy_row(50, 60, "BORDERLINE")])
    assert group.in_band == 1


def test_patterns_and_arms_are_told_apart() -> None:
    rows = [
        accuracy_row(50, 50, "BORDERLINE", arm=arm, group=group)
        for arm in ("fmo", "none")
        for group in ("dim", "bright")
    ]
    found = accuracy(rows, AT_70)
    assert [(g.arm.value, g.pattern, g.tubes) for g in found.groups] == [
        ("fmo", None, 2),
        ("fmo", "dim", 1),
        ("fmo", "bright", 1),
        ("none", None, 2),
        ("none", "dim", 1),
        ("none", "bright", 1),
    ]


def test_a_dilution_that_finds_all_has_slope_one_and_no_bias() -> None:
    rows = [diluted_row(level, level) for level in (10.0, 1.0, 0.1, 0.05)]
    (found,) = dilutions(rows)
    assert found.line is not None
    assert found.line.slope == pytest.approx(1.0)
    assert found.line.r_squared == pytest.approx(1.0)
    assert [level.bias_log10 for level in found.levels] == [0.0] * 4
    assert [level.at_lloq for level in found.levels] == [False, False, False, True]


def test_losing_half_at_every_level_is_a_bias_and_no_slope() -> None:
    (found,) = dilutions([diluted_row(level, level / 2) for level in (10.0, 1.0, 0.1)])
    assert found.line is not None
    assert found.line.slope == pytest.approx(1.0)
    assert found.line.intercept == pytest.approx(-math.log10(2))
    assert found.levels[0].bias_log10 == pytest.approx(-math.log10(2))
    assert found.levels[0].from_line_log10 == pytest.approx(0.0, abs=1e-9)


def test_losing_more_the_fewer_there_are_shows_in_the_slope() -> None:
    (found,) = dilutions([diluted_row(x, x**1.2) for x in (10.0, 1.0, 0.1)])
    assert found.line is not None
    assert found.line.slope == pytest.approx(1.2)


@pytest.mark.parametrize("found_percent", [None, 0.0, 5.0])
def test_a_tube_in_which_nothing_was_found_is_in_no_line_but_is_not_forgotten(
    found_percent: float | None,
) -> None:
    rows = [diluted_row(level, level) for level in (10.0, 1.0, 0.1)]
    rows.append(diluted_row(0.1, found_percent, tube="missed", burden_state="INCONCLUSIVE"))
    (found,) = dilutions(rows)
    assert found.line is not None
    assert found.line.n == 3
    last = found.levels[-1]
    assert (last.tubes, last.numbers, last.called) == (2, 1, 1)


def test_the_cv_of_a_level_leaves_out_how_much_a_tube_holds() -> None:
    rows = [diluted_row(1.0, x, true_blast_percent=x, tube=str(x)) for x in (0.9, 1.0, 1.1)]
    (found,) = dilutions(rows)
    assert found.levels[0].cv_percent == pytest.approx(0.0, abs=1e-9)
    assert found.levels[0].counting_cv_percent == pytest.approx(100 / math.sqrt(1_000))


def test_blanks_that_were_called_are_named() -> None:
    found = blanks(
        [
            blank_row(0.001),
            blank_row(0.0),
            blank_row(0.2, state="MRD_POSITIVE", tube="loud", blast_events=90),
            blank_row(None, state="INCONCLUSIVE"),
        ]
    )
    assert (found.tubes, found.numbers, found.called) == (4, 3, 1)
    assert [(call.tube, call.percent, call.blast_events) for call in found.calls] == [
        ("loud", 0.2, 90)
    ]
    assert found.counted_most_percent == 0.2
    assert found.called_upper95_percent is not None
    assert 25 < found.called_upper95_percent < 100


def test_a_cluster_below_detection_is_not_a_call() -> None:
    assert blanks([blank_row(0.005, state="INDETERMINATE")]).called == 0


def test_synthetic_blanks_are_never_a_limit_of_blank() -> None:
    assert blanks([blank_row(0.01)]).is_limit_of_blank is False
    assert blanks([]).counted_p95_percent is None


def drawn(kind: str, percents: list[float], **changes: object) -> list[TubeRow]:
    name = "cd5_percent" if kind == "precision_cd5" else "burden_percent"
    return [
        row(**{"kind": kind, "level": 70.0, "draw": i, name: percent, **changes})
        for i, percent in enumerate(percents)
    ]


def test_the_cv_of_draws_stands_beside_countings() -> None:
    (found,) = precision(drawn("precision_cd5", [69.0, 70.0, 71.0], blast_events=2_100))
    assert (found.of, found.draws, found.numbers) == ("cd5", 3, 3)
    assert found.sd_percent == pytest.approx(1.0)
    assert found.cv_percent == pytest.approx(100 / 70)
    # sqrt(0.3 / 0.7 / 2100) is one part in seventy.
    assert found.counting_cv_percent == pytest.approx(100 / 70)


def test_counting_a_burden_is_poissons() -> None:
    (found,) = precision(drawn("precision_burden", [0.9, 1.1], blast_events=400))
    assert found.counting_cv_percent == pytest.approx(5.0)


def test_draws_without_a_number_are_counted() -> None:
    rows = drawn("precision_burden", [1.0, 1.0])
    rows.append(row(kind="precision_burden", level=70.0, draw=2, burden_percent=None))
    scattered = {"burden_percent": 50.0, "burden_state": "INCONCLUSIVE"}
    rows.append(row(kind="precision_burden", level=70.0, draw=3, **scattered))
    (found,) = precision(rows)
    assert (found.draws, found.numbers, found.mean_percent) == (4, 2, 1.0)


def test_no_rows_are_no_findings() -> None:
    assert accuracy([], AT_70).groups == ()
    assert dilutions([]) == ()
    assert precision([]) == ()
    assert blanks([]).tubes == 0
