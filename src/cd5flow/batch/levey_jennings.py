"""Values of tubes over the months against those of the first: control charts and Westgard's rules.

Tubes are compared with tubes of the same strategy, cytometer and panel alone, in the order of their
acquisition. The first of a kind are the frozen reference: its mean and SD stay what they are however
many follow. What is watched and which rules hold stands in ``gating/batch.yaml``.

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

from cd5flow.batch.outliers import ComparedValue, ComparedValues, OverTimeRules, PeerGroup, RuleOf
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
)


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
        points: in the order of acquisition.
        drift: mean distance of the latest tubes from the reference's mean, in its SDs; None where no
            tube came after the reference.
    """

    kind: PeerGroup
    what: str
    mean: float
    sd: float
    points: tuple[ChartPoint, ...]
    drift: float | None

    @property
    def broken(self) -> tuple[ChartPoint, ...]:
        """The tubes that break a rule."""
        return tuple(point for point in self.points if point.broken)


def control_charts(tubes: Sequence[Watched], rules: OverTimeRules) -> tuple[ControlChart, ...]:
    """Return a chart of each value of which there are more tubes than its reference takes.

    Tubes whose time of acquisition is not known have no place on a chart.
    """
    series: dict[tuple[PeerGroup, str], list[tuple[Watched, ComparedValue]]] = defaultdict(list)
    timed = sorted((t for t in tubes if t.acquired), key=lambda t: (t.acquired or "", t.sample))
    for tube in timed:
        for what, value in tube.measured.values.items():
            series[tube.measured.kind, what].append((tube, value))
    return tuple(
        _chart(kind, what, of, rules)
        for (kind, what), of in series.items()
        if len(of) > rules.reference_tubes
    )


def _chart(
    kind: PeerGroup, what: str, of: list[tuple[Watched, ComparedValue]], rules: OverTimeRules
) -> ControlChart:
    places = [value.place for _, value in of]
    first = places[: rules.reference_tubes]
    mean = math.fsum(first) / len(first)
    spread = math.sqrt(math.fsum((place - mean) ** 2 for place in first) / (len(first) - 1))
    sd = max(spread, *(value.least_spread for _, value in of))
    sds = [(place - mean) / sd for place in places]
    latest = sds[rules.reference_tubes :][-rules.latest_tubes :]
    return ControlChart(
        kind=kind,
        what=what,
        mean=mean,
        sd=sd,
        points=tuple(
            ChartPoint(
                sample=tube.sample,
                acquired=tube.acquired or "",
                number=value.number,
                is_reference=place < rules.reference_tubes,
                sds=sds[place],
                broken=()
                if place < rules.reference_tubes
                else tuple(broken_rules(sds[: place + 1], rules.westgard)),
            )
            for place, (tube, value) in enumerate(of)
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
            }
            for chart in charts
            for point in chart.points
        ),
    )
