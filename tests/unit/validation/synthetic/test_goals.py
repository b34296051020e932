"""What the findings are held against."""

from __future__ import annotations

from cd5flow.validation.synthetic.findings import accuracy, blanks, dilutions, precision
from cd5flow.validation.synthetic.goals import held_against
from cd5flow.validation.synthetic.plan import load_series
from cd5flow.validation.synthetic.record import GoalSection, GoalState
from cd5flow.validation.synthetic.rows import TubeRow
from support.share_rules import at_least
from support.validation_factory import SHIPPED, accuracy_row, blank_row, diluted_row, row


def held(rows: list[TubeRow]) -> dict[str, GoalSection]:
    goals = held_against(
        load_series(SHIPPED).value.goals,
        accuracy=accuracy(rows, at_least(70.0)),
        dilutions=dilutions(rows),
        blanks=blanks(rows),
        precision=precision(rows),
    )
    return {goal.id: goal for goal in goals}


def test_without_tubes_no_goal_is_met() -> None:
    assert {goal.state for goal in held([]).values()} == {GoalState.NOT_DONE}


def test_good_tubes_meet_their_goals() -> None:
    rows = [accuracy_row(80, 80.5, "MEETS", arm=arm) for arm in ("fmo", "none")]
    rows += [diluted_row(level, level) for level in (10.0, 1.0, 0.1)]
    rows += [blank_row(0.0)]
    states = {name: goal.state for name, goal in held(rows).items()}
    assert states.pop("cv_over_counting") is GoalState.NOT_DONE
    assert set(states.values()) == {GoalState.MET}


def test_each_fault_misses_its_own_goal() -> None:
    faults: dict[str, list[TubeRow]] = {
        "cd5_within": [accuracy_row(80, 60, "BORDERLINE")],
        "wrong_definite_fmo": [accuracy_row(50, 75, "MEETS")],
        "wrong_definite_none": [accuracy_row(50, 75, "MEETS", arm="none")],
        "burden_within": [accuracy_row(80, 80, "MEETS", burden_percent=20.0)],
        "slope": [diluted_row(x, x**1.2) for x in (9.0, 1.0, 0.1)],
        "r_squared": [
            diluted_row(x, x * f) for x, f in ((9.0, 1.0), (1.0, 3.0), (0.5, 0.2), (0.1, 5.0))
        ],
        "level_bias": [diluted_row(1.0, 2.0)],
        "blanks_called": [blank_row(0.1, state="MRD_POSITIVE")],
        "cv_over_counting": [
            row(kind="precision_burden", level=1.0, draw=i, burden_percent=x, blast_events=10_000)
            for i, x in enumerate((0.5, 1.0, 1.5))
        ],
    }
    for name, rows in faults.items():
        assert held(rows)[name].state is GoalState.NOT_MET, name


def test_definite_states_are_the_denominator_of_wrong_ones() -> None:
    rows = [accuracy_row(50, 75, "MEETS"), *[accuracy_row(50, 50, "BORDERLINE")] * 9]
    assert held(rows)["wrong_definite_fmo"].found == 100.0


def test_cvs_of_several_levels_are_taken_together() -> None:
    # One level at counting, one at twice: their root mean square is sqrt(2.5).
    def draws(level: float, cv: float) -> list[TubeRow]:
        step = cv / 100
        return [
            row(kind="precision_burden", level=level, draw=i, burden_percent=x, blast_events=400)
            for i, x in enumerate((1 - step, 1.0, 1 + step))
        ]

    found = held([*draws(1.0, 5.0), *draws(2.0, 10.0)])["cv_over_counting"].found
    assert found is not None
    assert abs(found - 2.5**0.5) < 1e-6
