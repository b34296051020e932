"""How time and memory grow with events and channels: used by speed.py."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speed_timing import Budget, fresh
from speed_tubes import Tube, check, make_tube

EVENTS = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
CHANNELS = (8, 16, 24, 32, 40)
MOST_OFF_PERCENT = 25.0
GROWN = """
import cd5flow, cd5flow.analysis.settings, cd5flow.pipeline
cd5flow.analyze(sys.argv[2], timepoint="relapse")  # what is loaded once, whatever the tube's size
before = peak()
seconds = []
for _ in range(int(sys.argv[3])):
    start = time.perf_counter()
    cd5flow.analyze(sys.argv[1], timepoint="relapse")
    seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": min(seconds), "above": peak() - before}))
"""


@dataclass(frozen=True)
class Point:
    """One tube's figures.

    Attributes:
        events, channels, data_bytes: its size.
        seconds: of an analysis without report.
        above: most memory above what the process held before.
    """

    events: int
    channels: int
    data_bytes: int
    seconds: float
    above: int

    def row(self) -> str:
        """Return the line in Markdown."""
        each = self.seconds / self.events * 1e9
        cells = (
            f"{self.events:,}", self.channels, f"{self.data_bytes / 1e6:.1f} MB",
            f"{self.seconds:.3f} s", f"{each:.0f} ns", f"{self.above / 1e6:.0f} MB",
            f"{self.above / self.data_bytes:.2f} x",
        )  # fmt: skip
        return "| " + " | ".join(map(str, cells)) + " |"


HEAD = (
    "| events | channels | DATA | seconds | an event | memory above | of DATA |\n"
    "|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Line:
    """A straight line through points, by which every figure is missed by a like share of itself.

    Attributes:
        start, slope: figure = start + slope x size.
        off_percent: how far the point that lies farthest off lies from it, of its own figure.
    """

    start: float
    slope: float
    off_percent: float


def fitted(sizes: Sequence[float], figures: Sequence[float]) -> Line:
    """Return the line through points by least squares of relative errors."""
    x, y = np.array(sizes, dtype=np.float64), np.array(figures, dtype=np.float64)
    terms = np.column_stack([1 / y, x / y])
    start, slope = np.linalg.lstsq(terms, np.ones(y.size), rcond=None)[0]
    off = np.abs(start + slope * x - y) / y
    return Line(float(start), float(slope), 100 * float(off.max()))


def grow(*, most_events: int, repeats: int) -> tuple[list[Point], list[Point]]:
    """Return tubes of 16 channels with more and more events, and of 1,000,000 with more channels."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        small = make_tube(folder, events=10_000, channels=8, seed=6)
        by_events = [_point(folder, small, n, 16, repeats) for n in EVENTS if n <= most_events]
        n = min(1_000_000, most_events)
        by_channels = [_point(folder, small, n, channels, repeats) for channels in CHANNELS]
    return by_events, by_channels


def _point(folder: Path, small: Tube, events: int, channels: int, repeats: int) -> Point:
    tube = make_tube(folder, events=events, channels=channels)
    check(tube)
    times = repeats if events <= 1_000_000 else 2
    told = fresh(GROWN, tube.path, small.path, str(times))
    if tube.path != small.path:
        tube.path.unlink()
    return Point(events, channels, tube.data_bytes, told["seconds"], told["above"])


def judged(by_events: Sequence[Point], by_channels: Sequence[Point]) -> list[Budget]:
    """Return whether time is a straight line, and memory at most four times DATA."""
    seconds = fitted([p.events for p in by_events], [p.seconds for p in by_events])
    across = fitted([p.channels for p in by_channels], [p.seconds for p in by_channels])
    memory = fitted(
        [p.data_bytes for p in (*by_events, *by_channels)],
        [max(p.above, 1) for p in (*by_events, *by_channels)],
    )
    largest = [p for p in (*by_events, *by_channels) if p.data_bytes >= 16_000_000]
    worst = max((p.above / p.data_bytes for p in largest), default=0.0)
    first, last = by_events[0], by_events[-1]
    linear = f"a straight line, no point off it by more than {MOST_OFF_PERCENT:g} %"
    return [
        Budget(
            f"seconds of {first.events:,} to {last.events:,} events",
            f"{seconds.start:.3f} s + {seconds.slope * 1e6:.3f} s a million events; "
            f"off by {seconds.off_percent:.0f} % at most",
            linear,
            seconds.off_percent <= MOST_OFF_PERCENT,
        ),
        Budget(
            f"seconds of {by_channels[0].channels} to {by_channels[-1].channels} channels, "
            f"{by_channels[0].events:,} events",
            f"{across.start:.3f} s + {across.slope:.4f} s a channel; "
            f"off by {across.off_percent:.0f} % at most",
            linear,
            across.off_percent <= MOST_OFF_PERCENT,
        ),
        Budget(
            "memory above the process before, over DATA, tubes of 16 MB and more",
            f"{worst:.2f} x at most; {memory.start / 1e6:.0f} MB + {memory.slope:.2f} x DATA",
            "at most 4 x",
            worst <= 4,
        ),
    ]
