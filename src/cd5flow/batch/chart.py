"""Where the parts of a patient's trend lie: burden on a logarithmic axis above, CD5 below.

Places only, in units of the picture; the page's template draws them. So a batch of thousands of
patients is drawn in seconds, and the picture takes the page's colours on screen and in print.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from cd5flow.batch.trend import BurdenDisplay, Trend, Visit
from cd5flow.model.result import Cd5State
from cd5flow.report import numerals

WIDTH: Final = 720.0
HEIGHT: Final = 390.0
LEFT: Final = 62.0
RIGHT: Final = 700.0
BURDEN: Final = (14.0, 184.0)
"""Top and bottom of the upper panel; under it lies the strip of what is unknown."""

CD5: Final = (226.0, 346.0)
STRIP: Final = 11.0
"""From a panel's bottom to the middle of its strip."""

_LABEL: Final = 68.0  # a date's width
_APART: Final = 11.0  # between tubes of one moment
_MARGIN: Final = 30.0
_FEWEST_DECADES: Final = 3
_LOWEST: Final = -6  # 1e-6 %: less than one cell of any tube


@dataclass(frozen=True, slots=True)
class Point:
    """A mark.

    Attributes:
        kind: how it looks.
        x, y: its middle.
        low, high: ends of its interval; None where there is none.
        says: what it stands for.
    """

    kind: str
    x: float
    y: float
    low: float | None
    high: float | None
    says: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line from one place to another."""

    kind: str
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis with its words."""

    place: float
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that is drawn.

    Attributes:
        decades: ticks of the burden's axis.
        shares: ticks of the CD5 axis.
        dates: ticks of time; those for which there is room have words.
        lines: under the points.
        points: on top.
    """

    decades: tuple[Tick, ...]
    shares: tuple[Tick, ...]
    dates: tuple[Tick, ...]
    lines: tuple[Line, ...]
    points: tuple[Point, ...]


def chart_of(trend: Trend) -> Chart:
    """Return the places of a trend's parts."""
    xs = _times(trend.visits)
    low, high = _decades(trend.visits)
    burdens = [
        _burden_point(visit, x, low, high) for visit, x in zip(trend.visits, xs, strict=True)
    ]
    shares = [_cd5_point(visit, x) for visit, x in zip(trend.visits, xs, strict=True)]
    lines = (
        *_lod_lines(trend.visits, xs, low, high),
        *_threshold_lines(trend.visits, xs),
        *_joined(burdens),
        *_joined(shares),
    )
    return Chart(
        decades=tuple(
            Tick(_log_place(10.0**k, low, high), f"{10.0**k:.{max(0, -k)}f}")
            for k in range(low, high + 1)
        ),
        shares=tuple(Tick(_share_place(k), str(k)) for k in range(0, 101, 20)),
        dates=tuple(_dates(trend.visits, xs)),
        lines=lines,
        points=(*burdens, *shares),
    )


def _times(visits: Sequence[Visit]) -> list[float]:
    """Return where each tube lies along time; tubes of one moment stand side by side."""
    first, last = visits[0].moment, visits[-1].moment
    span = (last - first).total_seconds()
    low, high = LEFT + _MARGIN, RIGHT - _MARGIN
    xs = [low + (high - low) * (v.moment - first).total_seconds() / span for v in visits]
    moments = [visit.moment for visit in visits]
    for i, moment in enumerate(moments):
        together = moments.count(moment)
        xs[i] += _APART * (i - moments.index(moment) - (together - 1) / 2)
    return xs


def _decades(visits: Sequence[Visit]) -> tuple[int, int]:
    """Return the powers of ten between which every burden, limit and interval lies."""
    known = [
        value
        for visit in visits
        for value in (
            visit.burden_place,
            visit.burden.lod_percent,
            *(visit.burden.ci95_percent or ()),
        )
        if value is not None and value > 0
    ]
    if not known:
        return -2, 2
    # Powers and roots of ten are not exact: 10**-3 must not ask for a decade below.
    low = max(_LOWEST, math.floor(math.log10(min(known)) + 1e-9))
    high = min(2, math.ceil(math.log10(max(known)) - 1e-9))
    high = max(high, low + 1)
    while high - low < _FEWEST_DECADES:
        low, high = (low, high + 1) if high < 2 else (low - 1, high)
    return low, high


def _log_place(percent: float, low: int, high: int) -> float:
    top, bottom = BURDEN
    share = (math.log10(percent) - low) / (high - low) if percent > 0 else 0.0
    return bottom - (bottom - top) * min(max(share, 0.0), 1.0)


def _share_place(percent: float) -> float:
    top, bottom = CD5
    return bottom - (bottom - top) * percent / 100


def _burden_point(visit: Visit, x: float, low: int, high: int) -> Point:
    burden, place = visit.burden, visit.burden_place
    words = f"{visit.sample.id}, {visit.sample.collected_at}: {burden.state.value}"
    if place is None:
        return Point(BurdenDisplay.UNKNOWN, x, BURDEN[1] + STRIP, None, None, f"{words}, unknown")
    below = "below the LOD of " if visit.shown is BurdenDisplay.BELOW_LOD else ""
    words = f"{words}, {below}{numerals.burden(place)} %"
    ends = None if visit.shown is BurdenDisplay.BELOW_LOD else burden.ci95_percent
    down, up = (None, None) if ends is None else (_log_place(end, low, high) for end in ends)
    return Point(visit.shown, x, _log_place(place, low, high), down, up, words)


def _cd5_point(visit: Visit, x: float) -> Point:
    cd5 = visit.cd5
    words = f"{visit.sample.id}, {visit.sample.collected_at}: {cd5.state.value}"
    if cd5.percent is None:
        return Point(BurdenDisplay.UNKNOWN, x, CD5[1] + STRIP, None, None, f"{words}, unknown")
    share = numerals.share(cd5.percent, limits=(cd5.threshold_percent,))
    match cd5.state:
        case Cd5State.MEETS | Cd5State.DOES_NOT_MEET:
            kind = "definite"
        case Cd5State.BORDERLINE:
            kind = "borderline"
        case Cd5State.NOT_EVALUABLE:
            kind = BurdenDisplay.WITHHELD
    low, high = (None, None) if cd5.ci95_percent is None else map(_share_place, cd5.ci95_percent)
    return Point(kind, x, _share_place(cd5.percent), low, high, f"{words}, {share} %")


def _joined(points: Sequence[Point]) -> Iterator[Line]:
    """Yield lines between neighbours; none to what is unknown or withheld."""
    broken = {BurdenDisplay.UNKNOWN.value, BurdenDisplay.WITHHELD.value}
    for one, other in pairwise(points):
        if {one.kind, other.kind} & broken:
            continue
        under = BurdenDisplay.BELOW_LOD.value in {one.kind, other.kind}
        yield Line("under" if under else "joined", one.x, one.y, other.x, other.y)


def _lod_lines(visits: Sequence[Visit], xs: Sequence[float], low: int, high: int) -> Iterator[Line]:
    """Yield a bar at each tube's limit of detection, and lines between neighbouring bars."""
    places = [
        None if v.burden.lod_percent is None else _log_place(v.burden.lod_percent, low, high)
        for v in visits
    ]
    for x, place in zip(xs, places, strict=True):
        if place is not None:
            yield Line("lod", x - 9, place, x + 9, place)
    for i in range(len(xs) - 1):
        here, there = places[i], places[i + 1]
        if here is not None and there is not None:
            yield Line("lod-between", xs[i], here, xs[i + 1], there)


def _threshold_lines(visits: Sequence[Visit], xs: Sequence[float]) -> Iterator[Line]:
    """Yield the threshold across the panel, or a bar at each tube where they differ."""
    thresholds = {visit.cd5.threshold_percent for visit in visits}
    for threshold in thresholds if len(thresholds) == 1 else ():
        y = _share_place(threshold)
        yield Line("threshold", LEFT, y, RIGHT, y)
    if len(thresholds) > 1:
        for visit, x in zip(visits, xs, strict=True):
            y = _share_place(visit.cd5.threshold_percent)
            yield Line("threshold", x - 16, y, x + 16, y)


def _dates(visits: Sequence[Visit], xs: Sequence[float]) -> Iterator[Tick]:
    """Yield a tick a moment; words where they do not run into the last's or into each other."""
    moments: dict[datetime, list[float]] = {}
    for visit, x in zip(visits, xs, strict=True):
        moments.setdefault(visit.moment, []).append(x)
    places = [(sum(some) / len(some), f"{moment:%Y-%m-%d}") for moment, some in moments.items()]
    last, written, before = places[-1][0], -math.inf, ""
    for x, words in places:
        room = x - written >= _LABEL and (x == last or last - x >= _LABEL)
        shown = words if room and words != before else ""
        if shown:
            written, before = x, words
        yield Tick(x, shown)
