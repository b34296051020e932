"""Order, hours and readers: carry-over from the sequence, stability, and discordance of readers."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

from cd5flow.validation.own.record import (
    CarriedOver,
    CarryOverSection,
    ChangeOf,
    ReaderSection,
    ReaderSpread,
    StabilityOf,
    StabilitySection,
)
from cd5flow.validation.own.rules import CarryOverRules, StabilityRules
from cd5flow.validation.own.sheet import Kind
from cd5flow.validation.own.tubes import OwnTube
from cd5flow.validation.statistics.carry_over import carry_over_percent
from cd5flow.validation.statistics.stability import changes_over_time, stable_hours

Tubes = Sequence[OwnTube]


def carried_over(tubes: Tubes, rules: CarryOverRules) -> CarryOverSection:
    """Return what tubes with much disease left in the blanks right after them.

    Counted is everything that looks like a blast: what is carried over is scattered and never a
    population.
    """
    runs: dict[str, list[OwnTube]] = defaultdict(list)
    for tube in tubes:
        if tube.sequence is not None:
            runs[tube.run or ""].append(tube)
    found = tuple(
        one
        for run, of in runs.items()
        for one in _carried(run, sorted(of, key=lambda tube: tube.sequence or 0), rules)
    )
    reason = None
    if not found:
        reason = (
            "no column `sequence`"
            if not runs
            else f"no tube of {rules.high_percent:g} % or more is followed by two blanks in its run"
        )
    return CarryOverSection(
        n=len(found),
        most_percent=max((one.carry_over_percent for one in found), default=None),
        found=found,
        reason=reason,
    )


def _carried(run: str, tubes: list[OwnTube], rules: CarryOverRules) -> Iterator[CarriedOver]:
    for place, high in enumerate(tubes):
        if high.background_percent is None or high.background_percent < rules.high_percent:
            continue
        after = list(takewhile(lambda tube: tube.kind is Kind.BLANK, tubes[place + 1 :]))
        shares = [t.background_percent for t in after if t.background_percent is not None]
        if len(after) < 2 or len(shares) < len(after):
            continue
        carried = carry_over_percent(high=high.background_percent, first=shares[0], last=shares[-1])
        if carried is not None:
            yield CarriedOver(
                run=run,
                high=high.sample,
                after=after[0].sample,
                high_percent=high.background_percent,
                first_percent=shares[0],
                last_percent=shares[-1],
                carry_over_percent=carried,
            )


def stability(tubes: Tubes, rules: StabilityRules) -> StabilitySection:
    """Return how specimens, told by their level, move over the hours."""
    return StabilitySection(
        cd5=_stability(tubes, lambda tube: tube.cd5_percent, rules.cd5_points),
        burden=_stability(
            tubes,
            lambda tube: math.log10(tube.burden_percent) if tube.burden_percent else None,
            rules.burden_log10,
        ),
    )


def _stability(
    tubes: Tubes, value_of: Callable[[OwnTube], float | None], goal: float
) -> StabilityOf:
    timed = [
        (tube.level, tube.hours, value)
        for tube in tubes
        if tube.level is not None
        and tube.hours is not None
        and (value := value_of(tube)) is not None
    ]
    changes = changes_over_time(
        [level for level, _, _ in timed],
        [hours for _, hours, _ in timed],
        [value for _, _, value in timed],
    )
    return StabilityOf(
        specimens=len({level for level, _, _ in timed}) if changes else 0,
        goal=goal,
        stable_hours=stable_hours(changes, within=goal),
        changes=tuple(
            ChangeOf(hours=one.hours, n=one.n, mean=one.mean, ci95=one.ci95) for one in changes
        ),
        reason=None if changes else "no level has results at two different `hours`",
    )


def readers(tubes: Tubes) -> ReaderSection:
    """Return how readers of the same file differ: in what they expected, and in what then came out."""
    read: dict[str, dict[str, OwnTube]] = defaultdict(dict)
    for tube in tubes:
        if tube.reader is not None:
            read[tube.sha256].setdefault(tube.reader, tube)
    shared = [list(of.values()) for of in read.values() if len(of) > 1]
    names = {tube.reader for of in shared for tube in of}
    before = [
        [(t.expected_cd5_percent, str(t.expected_cd5_state)) for t in of]
        for of in shared
        if all(t.expected_cd5_percent is not None for t in of)
    ]
    after = [
        [(t.cd5_percent, str(t.cd5_state)) for t in of]
        for of in shared
        if all(t.cd5_percent is not None for t in of)
    ]
    return ReaderSection(
        readers=len(names),
        before=_apart(before),
        after=_apart(after),
        reason=None if shared else "no file was read by two readers",
    )


def _apart(files: list[list[tuple[float | None, str]]]) -> ReaderSpread | None:
    if not files:
        return None
    ranges = []
    for of in files:
        percents = [percent for percent, _ in of if percent is not None]
        ranges.append(max(percents) - min(percents))
    return ReaderSpread(
        files=len(files),
        mean_range=math.fsum(ranges) / len(ranges),
        most_range=max(ranges),
        discordant=sum(len({state for _, state in of}) > 1 for of in files),
    )
