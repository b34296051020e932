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
        "reference": "frozen file" if chart.by_file else "first tubes",
        "reference_width": _reference_width(chart),
        "points": " ".join(f"{x},{y}" for x, y in _places(chart)),
        "marks": [
            place for place, point in zip(_places(chart), chart.points, strict=True) if point.broken
        ],
    }


def _places(chart: ControlChart) -> list[tuple[str, str]]:
    step = _step(chart)
    return [
        (f"{number * step:.1f}", f"{_MIDDLE - max(-_EDGE, min(_EDGE, point.sds * _SD)):.1f}")
        for number, point in enumerate(chart.points)
    ]


def _reference_width(chart: ControlChart) -> str:
    """Return how far the tubes of the reference reach; nothing where there are none."""
    known = sum(point.is_reference for point in chart.points)
    return f"{(known - 0.5) * _step(chart):.1f}" if known else ""


def _step(chart: ControlChart) -> float:
    return WIDTH / max(1, len(chart.points) - 1)


def chart_rule(rules: OverTimeRules | None, *, reference: str = "") -> str:
    """Return in words how charts are made; nothing where none is.

    Args:
        rules: by which they are.
        reference: the file of frozen values; empty is none.
    """
    if rules is None:
        return ""
    names = ", ".join(rule.name for rule in rules.westgard)
    return (
        "Levey-Jennings charts of tubes of one strategy, cytometer and panel, by their acquisition. "
        f"{_reference_words(rules, reference)}. A dot is a tube that breaks a rule; drift is the mean "
        f"distance of the last {rules.latest_tubes} from the reference. Westgard's rules: {names}. The "
        "tubes are patients', so that a mark asks for a look and proves no fault; levey_jennings.csv has "
        "every value."
    )


def _reference_words(rules: OverTimeRules, reference: str) -> str:
    first = f"the first {rules.reference_tubes} tubes"
    if not reference:
        return f"{first.capitalize()} are the frozen reference, and shaded"
    return (
        f"The frozen reference is that of {reference}, and for values that it has not {first}; tubes of "
        "the reference's time are shaded"
    )
