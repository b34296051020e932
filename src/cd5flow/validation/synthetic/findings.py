"""From rows to findings: accuracy, linearity, blanks, precision."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Literal, TypeVar

from cd5flow.criteria.asked import ShareRule
from cd5flow.model.limits import IntervalMethod
from cd5flow.model.result import Cd5State
from cd5flow.quantify.statistics import interval
from cd5flow.validation.statistics.arrays import mean_interval
from cd5flow.validation.synthetic import statistics
from cd5flow.validation.synthetic.record import (
    AccuracyGroup,
    AccuracySection,
    BlankCall,
    BlankGroup,
    BlankSection,
    DilutionSection,
    LevelSection,
    PrecisionSection,
    WrongCall,
)
from cd5flow.validation.synthetic.rows import Arm, SeriesKind, TubeRow

Rows = Sequence[TubeRow]
K = TypeVar("K", bound=Hashable)


def accuracy(rows: Rows, threshold: ShareRule) -> AccuracySection:
    """Return how % CD5 and burden of relapse tubes agree with both truths."""
    ours = [row for row in rows if row.kind is SeriesKind.ACCURACY]
    groups = []
    for arm in Arm:
        here = [row for row in ours if row.arm is arm]
        if not here:
            continue
        groups.append(_accuracy_group(arm, None, here, threshold))
        for pattern, of_pattern in _by(here, lambda row: row.group):
            groups.append(_accuracy_group(arm, pattern, of_pattern, threshold))
    wrong = [row for row in ours if is_wrong(row, row.true_cd5_percent, threshold)]
    return AccuracySection(
        threshold_percent=threshold.threshold_percent,
        operator=">=" if threshold.operator == ">=" else ">",
        groups=tuple(groups),
        wrong=tuple(
            WrongCall(
                tube=row.tube,
                arm=row.arm,
                state=row.cd5_state.value,
                percent=row.cd5_percent,
                true_percent=row.true_cd5_percent,
                label_percent=row.label_cd5_percent,
            )
            for row in wrong
        ),
    )


def is_wrong(row: TubeRow, truth: float | None, threshold: ShareRule) -> bool:
    """Whether a definite CD5 state contradicts a true percentage; any does where there is none."""
    if not row.definite:
        return False
    return truth is None or (row.cd5_state is Cd5State.MEETS) != threshold.holds(truth)


def _accuracy_group(
    arm: Arm, pattern: str | None, rows: Rows, threshold: ShareRule
) -> AccuracyGroup:
    wrong = [row for row in rows if is_wrong(row, row.true_cd5_percent, threshold)]
    meets = sum(row.cd5_state is Cd5State.MEETS for row in wrong)
    burdens = [math.log10(found / true) for found, true in _results(rows)]
    return AccuracyGroup(
        arm=arm,
        pattern=pattern,
        tubes=len(rows),
        numbers=sum(row.cd5_result is not None for row in rows),
        by_fmo_rule=statistics.agreement(_differences(rows, lambda row: row.true_cd5_percent)),
        by_label=statistics.agreement(_differences(rows, lambda row: row.label_cd5_percent)),
        in_band=sum(row.truth_in_band is True for row in rows),
        states=_states(row.cd5_state for row in rows),
        definite=sum(row.definite for row in rows),
        wrong_meets=meets,
        wrong_does_not_meet=len(wrong) - meets,
        wrong_by_label=sum(is_wrong(row, row.label_cd5_percent, threshold) for row in rows),
        burden_log10=statistics.agreement(burdens),
        found_of_blasts=_median_and_least(row.found_of_blasts_percent for row in rows),
        true_of_found=_median_and_least(row.true_of_found_percent for row in rows),
    )


def _differences(rows: Rows, truth: Callable[[TubeRow], float | None]) -> list[float]:
    found = ((row.cd5_result, truth(row)) for row in rows)
    return [percent - true for percent, true in found if percent is not None and true is not None]


def dilutions(rows: Rows) -> tuple[DilutionSection, ...]:
    """Return each dilution: its line on logarithmic scales, and bias and CV at each level."""
    ours = [row for row in rows if row.kind is SeriesKind.DILUTION]
    return tuple(_dilution(name, here) for name, here in _by(ours, lambda row: row.group))


def _dilution(name: str, rows: Rows) -> DilutionSection:
    pairs = _results(rows)
    logs = [math.log10(true) for _, true in pairs], [math.log10(found) for found, _ in pairs]
    fit = statistics.least_squares(*logs)
    levels = _by(rows, lambda row: row.level or 0.0)
    lowest = min(level for level, _ in levels)
    return DilutionSection(
        name=name,
        panel=rows[0].panel,
        instrument=rows[0].instrument,
        line=statistics.line(*logs),
        levels=tuple(_level(level, here, fit, at_lloq=level == lowest) for level, here in levels),
    )


def _level(
    level: float, rows: Rows, fit: tuple[float, float] | None, *, at_lloq: bool
) -> LevelSection:
    pairs = _results(rows)
    ratios = [found / true for found, true in pairs]
    logs = [math.log10(ratio) for ratio in ratios]
    from_line = [
        math.log10(found) - (fit[1] + fit[0] * math.log10(true)) for found, true in pairs if fit
    ]
    spread = statistics.spread(ratios)
    blasts = _mean([float(row.true_blast_events) for row in rows])
    return LevelSection(
        percent=level,
        at_lloq=at_lloq,
        tubes=len(rows),
        numbers=len(pairs),
        true_percent=_mean([row.true_blast_percent or 0.0 for row in rows]) or 0.0,
        found_percent=_mean([found for found, _ in pairs]),
        bias_log10=_mean(logs),
        bias_ci95=mean_interval(logs),
        from_line_log10=_mean(from_line),
        cv_percent=None if spread is None else spread.cv_percent,
        counting_cv_percent=100 / math.sqrt(blasts) if blasts else None,
        called=sum(row.called for row in rows),
        states=_states(row.burden_state for row in rows),
    )


def _results(rows: Rows) -> list[tuple[float, float]]:
    """Return found and true burden of the tubes in which disease was found."""
    both = ((row.burden_result, row.true_blast_percent) for row in rows)
    return [(found, true) for found, true in both if found and true]


def blanks(rows: Rows) -> BlankSection:
    """Return what was found where there is nothing to be found."""
    ours = [row for row in rows if row.kind is SeriesKind.BLANK]
    called = [row for row in ours if row.called]
    counted = [row.burden_percent for row in ours if row.burden_percent is not None]
    lods = [row.lod_percent for row in ours if row.lod_percent is not None]
    ends = interval(len(called), len(ours), method=IntervalMethod.WILSON)
    return BlankSection(
        tubes=len(ours),
        numbers=len(counted),
        called=len(called),
        called_upper95_percent=None if ends is None else ends[1],
        calls=tuple(
            BlankCall(
                tube=row.tube,
                group=row.group,
                state=row.burden_state.value,
                percent=row.burden_percent,
                blast_events=row.blast_events,
            )
            for row in called
        ),
        states=_states(row.burden_state for row in ours),
        counted_median_percent=statistics.percentile(counted, 50) if counted else None,
        counted_p95_percent=statistics.percentile(counted, 95) if counted else None,
        counted_most_percent=max(counted, default=None),
        lod_percent=(min(lods), max(lods)) if lods else None,
        groups=tuple(
            BlankGroup(
                name=name,
                tubes=len(here),
                called=sum(row.called for row in here),
                most_percent=max(
                    (row.burden_percent for row in here if row.burden_percent is not None),
                    default=None,
                ),
            )
            for name, here in _by(ours, lambda row: row.group)
        ),
    )


def precision(rows: Rows) -> tuple[PrecisionSection, ...]:
    """Return how far a number lies apart when the events of a tube are drawn anew."""
    kinds: tuple[tuple[SeriesKind, Literal["cd5", "burden"]], ...] = (
        (SeriesKind.PRECISION_CD5, "cd5"),
        (SeriesKind.PRECISION_BURDEN, "burden"),
    )
    return tuple(
        _precision(of, level, here)
        for kind, of in kinds
        for level, here in _by(
            [row for row in rows if row.kind is kind], lambda row: row.level or 0.0
        )
    )


def _precision(of: Literal["cd5", "burden"], level: float, rows: Rows) -> PrecisionSection:
    found = [row.cd5_result if of == "cd5" else row.burden_result for row in rows]
    numbers = [number for number in found if number is not None]
    gated = [
        float(row.blast_events)
        for row, number in zip(rows, found, strict=True)
        if number is not None
    ]
    spread = statistics.spread(numbers)
    blasts = statistics.percentile(gated, 50) if gated else None
    counting = None
    if spread is not None and blasts and 0 < spread.mean < 100:
        share = spread.mean / 100
        counting = 100 * math.sqrt((1 - share) / share / blasts if of == "cd5" else 1 / blasts)
    return PrecisionSection(
        of=of,
        level_percent=level,
        draws=len(rows),
        numbers=len(numbers),
        events=blasts,
        mean_percent=_mean(numbers),
        sd_percent=None if spread is None else spread.sd,
        cv_percent=None if spread is None else spread.cv_percent,
        cv95=None if spread is None else spread.cv95,
        counting_cv_percent=counting,
        states=_states(row.cd5_state if of == "cd5" else row.burden_state for row in rows),
    )


def _by(rows: Rows, key: Callable[[TubeRow], K]) -> list[tuple[K, list[TubeRow]]]:
    groups: dict[K, list[TubeRow]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return list(groups.items())


def _states(states: Iterable[str]) -> dict[str, int]:
    return {str(state): count for state, count in sorted(Counter(states).items())}


def _median_and_least(values: Iterable[float | None]) -> tuple[float, float] | None:
    known = [value for value in values if value is not None]
    return (statistics.percentile(known, 50), min(known)) if known else None


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
