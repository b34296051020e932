"""Values of tubes over the months against those of the first: control charts and Westgard's rules.

Tubes are compared with tubes of the same strategy, cytometer and panel alone, in the order of their
acquisition. The reference is a file's, or the first tubes of a kind: its mean and SD stay what they are
however many follow. What is watched and which rules hold stands in ``gating/batch.yaml``.

A mark asks a person to look; it changes no state and no number. The tubes are patients', not a control
material's: what differs between patients is in the SD.

Source: Levey S, Jennings ER. Am J Clin Pathol 1950;20:1059; Westgard JO et al. Clin Chem 1981;27:493.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cd5flow.batch.frozen_reference import (
    FrozenReference,
    FrozenValue,
    TimedValue,
    frozen_value,
)
from cd5flow.batch.outliers import ComparedValues, OverTimeRules, PeerGroup, RuleOf
from cd5flow.report.tables import csv_text

COLUMNS: Final = (
    "kind",
    "what",
    "acquired",
    "sample",
    "value",
    "reference",
    "reference_mean",
    "reference_sd",
    "sds",
    "rules",
    "reference_by",
)


Series = dict[tuple[PeerGroup, str], list[tuple[str, TimedValue]]]
"""Kind and name of a value to sample and value of each tube that has it."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched of one tube, and when it was acquired."""

    sample: str
    acquired: str | None
    measured: ComparedValues


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """A tube on a chart.

    Attributes:
        sample, acquired: which, and when.
        number: as the result has it.
        is_reference: whether it belongs to the frozen reference.
        sds: from the reference's mean, in its SDs, on the scale of comparison.
        broken: names of the rules that it breaks; of the reference none.
    """

    sample: str
    acquired: str
    number: float
    is_reference: bool
    sds: float
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ControlChart:
    """One value of tubes of one kind over time.

    Attributes:
        kind: what the tubes have in common.
        what: the value's name.
        mean, sd: of the reference, on the scale of comparison.
        by_file: whether the reference is a file's; else it is the first tubes of these.
        points: in the order of acquisition.
        drift: mean distance of the latest tubes from the reference's mean, in its SDs; None where no
            tube came after the reference.
    """

    kind: PeerGroup
    what: str
    mean: float
    sd: float
    by_file: bool
    points: tuple[ChartPoint, ...]
    drift: float | None

    @property
    def broken(self) -> tuple[ChartPoint, ...]:
        """The tubes that break a rule."""
        return tuple(point for point in self.points if point.broken)


def series_of(tubes: Sequence[Watched]) -> Series:
    """Return each value's tubes in the order of acquisition.

    Tubes whose time of acquisition is not known have no place among them.
    """
    series: Series = defaultdict(list)
    timed = sorted((t for t in tubes if t.acquired), key=lambda t: (t.acquired or "", t.sample))
    for tube in timed:
        for what, value in tube.measured.values.items():
            timed_value = TimedValue(tube.acquired or "", value)
            series[tube.measured.kind, what].append((tube.sample, timed_value))
    return series


def control_charts(
    tubes: Sequence[Watched], rules: OverTimeRules, reference: FrozenReference | None = None
) -> tuple[ControlChart, ...]:
    """Return a chart of each value of which there are tubes beyond its reference.

    Args:
        tubes: in any order.
        rules: how many tubes make a reference, and what a tube may break.
        reference: of a file; None, and values that it has not, take the first tubes.
    """
    frozen = {} if reference is None else reference.values()
    charts = []
    for (kind, what), of in series_of(tubes).items():
        kept = frozen.get((kind, what))
        values = [value for _, value in of]
        if kept is not None:
            known = sum(value.acquired <= kept.last for value in values)
        elif len(values) > rules.reference_tubes:
            known = rules.reference_tubes
            kept = frozen_value(what, values[:known])
        if kept is not None and len(values) > known:
            by_file = (kind, what) in frozen
            charts.append(_chart(kind, kept, of, rules, known=known, by_file=by_file))
    return tuple(charts)


def _chart(
    kind: PeerGroup,
    kept: FrozenValue,
    of: Sequence[tuple[str, TimedValue]],
    rules: OverTimeRules,
    *,
    known: int,
    by_file: bool,
) -> ControlChart:
    """Return a chart whose first `known` tubes are of the time of the reference."""
    sds = [(value.value.place - kept.mean) / kept.sd for _, value in of]
    latest = sds[known:][-rules.latest_tubes :]
    return ControlChart(
        kind=kind,
        what=kept.what,
        mean=kept.mean,
        sd=kept.sd,
        by_file=by_file,
        points=tuple(
            ChartPoint(
                sample=sample,
                acquired=value.acquired,
                number=value.value.number,
                is_reference=place < known,
                sds=sds[place],
                broken=()
                if place < known
                else tuple(broken_rules(sds[: place + 1], rules.westgard)),
            )
            for place, (sample, value) in enumerate(of)
        ),
        drift=math.fsum(latest) / len(latest) if latest else None,
    )


def broken_rules(sds: Sequence[float], rules: Sequence[RuleOf]) -> Iterator[str]:
    """Yield the rules that the last of some distances breaks, with those before it.

    Args:
        sds: distances from the mean in SDs, in order of time.
        rules: each looks at the last few of them.
    """
    for rule in rules:
        last = sds[-rule.last :]
        if len(last) < rule.last:
            continue
        above = sum(one > rule.beyond for one in last)
        below = sum(one < -rule.beyond for one in last)
        if rule.sides == "same":
            broken = rule.last in (above, below)
        else:
            broken = bool(above) and bool(below) and above + below == rule.last
        if broken:
            yield rule.name


def chart_table(charts: Sequence[ControlChart]) -> str:
    """Return ``levey_jennings.csv``: a row for each tube of each chart."""
    return csv_text(
        COLUMNS,
        (
            {
                "kind": str(chart.kind),
                "what": chart.what,
                "acquired": point.acquired,
                "sample": point.sample,
                "value": point.number,
                "reference": "yes" if point.is_reference else "no",
                "reference_mean": chart.mean,
                "reference_sd": chart.sd,
                "sds": point.sds,
                "rules": " ".join(point.broken),
                "reference_by": "file" if chart.by_file else "first tubes",
            }
            for chart in charts
            for point in chart.points
        ),
    )
