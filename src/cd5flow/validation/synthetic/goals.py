"""What the findings are held against: goals of the series, no laboratory's criteria."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from cd5flow.validation.synthetic.plan import Goals
from cd5flow.validation.synthetic.record import (
    AccuracyGroup,
    AccuracySection,
    BlankSection,
    DilutionSection,
    GoalSection,
    GoalState,
    PrecisionSection,
)
from cd5flow.validation.synthetic.rows import ARMS, Arm


def held_against(
    goals: Goals,
    *,
    accuracy: AccuracySection,
    dilutions: Sequence[DilutionSection],
    blanks: BlankSection,
    precision: Sequence[PrecisionSection],
) -> tuple[GoalSection, ...]:
    """Return each goal with what was found for it."""
    return (
        *_accuracy_goals(goals, accuracy),
        *_dilution_goals(goals, dilutions),
        _goal(
            "blanks_called",
            "Tubes without disease in which disease was found",
            100 * blanks.called / blanks.tubes if blanks.tubes else None,
            goals.blanks_called_percent,
            "%",
        ),
        _goal(
            "cv_over_counting",
            "CV of events drawn anew over that of counting alone, root mean square of the levels",
            _root_mean_square(
                [
                    one.cv_percent / one.counting_cv_percent
                    for one in precision
                    if one.cv_percent is not None and one.counting_cv_percent
                ]
            ),
            goals.cv_over_counting,
            "",
        ),
    )


def _accuracy_goals(goals: Goals, accuracy: AccuracySection) -> Iterator[GoalSection]:
    whole = {group.arm: group for group in accuracy.groups if group.pattern is None}
    fmo = whole.get(Arm.FMO)
    yield _goal(
        "cd5_within",
        "% CD5 with an FMO: 95 % of the tubes within, from the FMO rule",
        None if fmo is None or fmo.by_fmo_rule is None else fmo.by_fmo_rule.size95,
        goals.cd5_within_points,
        "points",
    )
    for arm in Arm:
        yield _goal(
            f"wrong_definite_{arm.value}",
            f"Definite CD5 states {ARMS[arm]} that the FMO rule contradicts",
            _wrong_percent(whole.get(arm)),
            goals.wrong_definite_percent,
            "%",
        )
    yield _goal(
        "burden_within",
        "Burden of relapse tubes: 95 % within, log10 of found over true",
        None if fmo is None or fmo.burden_log10 is None else fmo.burden_log10.size95,
        goals.burden_within_log10,
        "log10",
    )


def _dilution_goals(goals: Goals, dilutions: Sequence[DilutionSection]) -> Iterator[GoalSection]:
    lines = [one.line for one in dilutions if one.line is not None]
    yield _goal(
        "slope",
        "Dilution: largest distance of a slope from 1",
        _largest(abs(line.slope - 1) for line in lines),
        goals.slope_within,
        "",
    )
    least = min((line.r_squared for line in lines), default=None)
    yield _goal("r_squared", "Dilution: smallest R²", least, goals.r_squared, "", at_least=True)
    yield _goal(
        "found",
        "Dilution: tubes in which disease was found",
        _found_percent(dilutions),
        goals.found_percent,
        "%",
        at_least=True,
    )
    yield _goal(
        "level_bias",
        "Dilution: largest bias of a level",
        _largest(
            abs(level.bias_log10)
            for one in dilutions
            for level in one.levels
            if level.bias_log10 is not None
        ),
        goals.level_bias_log10,
        "log10",
    )


def _found_percent(dilutions: Sequence[DilutionSection]) -> float | None:
    levels = [level for one in dilutions for level in one.levels]
    tubes = sum(level.tubes for level in levels)
    return 100 * sum(level.called for level in levels) / tubes if tubes else None


def _wrong_percent(group: AccuracyGroup | None) -> float | None:
    if group is None or not group.definite:
        return None
    return 100 * (group.wrong_meets + group.wrong_does_not_meet) / group.definite


def _goal(
    name: str,
    text: str,
    found: float | None,
    goal: float,
    unit: str,
    *,
    at_least: bool = False,
) -> GoalSection:
    """Return a goal that is met by what is not above it; not below it with `at_least`."""
    state = GoalState.NOT_DONE
    if found is not None:
        met = found >= goal if at_least else found <= goal
        state = GoalState.MET if met else GoalState.NOT_MET
    return GoalSection(
        id=name, text=text, found=found, goal=goal, at_least=at_least, unit=unit, state=state
    )


def _root_mean_square(values: Sequence[float]) -> float | None:
    """Return the size of several ratios of SDs together: each alone, of few draws, tells little."""
    if not values:
        return None
    return math.sqrt(math.fsum(value * value for value in values) / len(values))


def _largest(values: Iterator[float]) -> float | None:
    return max(values, default=None)
