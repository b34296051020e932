"""Control charts as the overview shows them: a row and a small drawing each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from cd5flow.batch.levey_jennings import ControlChart
from cd5flow.batch.outliers import OverTimeRules

WIDTH: Final = 220
_MIDDLE: Final = 24.0
_SD: Final = 16 / 3
_EDGE: Final = 22.0
"""Heights of the drawing; what lies further out is drawn at its border."""


def control_chart_row(chart: ControlChart, write: Callable[[str], str]) -> dict[str, Any]:
    """Return the words and the drawing of a chart."""
    counts = Counter(rule for point in chart.points for rule in point.broken)
    latest = chart.points[-1]
    broken = ", ".join(f"{rule} {count} times" for rule, count in counts.items())
    drift = "–" if chart.drift is None else f"{chart.drift:+.2f}"
    return {
        "what": write(chart.what),
        "kind": write(str(chart.kind)),
        "tubes": len(chart.points),
        "latest": f"{latest.sds:+.2f}",
        "drift": drift,
        "broken": broken,
        "alt": write(
            f"{chart.what}: {len(chart.points)} tubes from {chart.points[0].acquired[:10]} to "
            f"{latest.acquired[:10]}, latest {latest.sds:+.1f} SD, drift {drift} SD"
        ),
        "points": " ".join(_places(chart)),
    }


def _places(chart: ControlChart) -> list[str]:
    step = WIDTH / max(1, len(chart.points) - 1)
    return [
        f"{number * step:.1f},{_MIDDLE - max(-_EDGE, min(_EDGE, point.sds * _SD)):.1f}"
        for number, point in enumerate(chart.points)
    ]


def chart_rule(rules: OverTimeRules | None) -> str:
    """Return in words how charts are made; nothing where none is."""
    if rules is None:
        return ""
    names = ", ".join(rule.name for rule in rules.westgard)
    return (
        f"Levey-Jennings charts of tubes of one strategy, cytometer and panel, by their acquisition. The "
        f"first {rules.reference_tubes} are the frozen reference; drift is the mean distance of the last "
        f"{rules.latest_tubes} from it. Westgard's rules: {names}. The tubes are patients', so that a "
        "mark asks for a look and proves no fault; levey_jennings.csv has every value."
    )
