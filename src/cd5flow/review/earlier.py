"""The gates of a patient's earlier results, on the axes of a tube: where the disease lay then.

A region keeps the scale that it was found on. Its outline is turned into linear units and back onto the
scale that is shown, so that tubes of other scales lie in the right place; a straight line between two
corners is drawn straight on both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from cd5flow.model.geometry import (
    Dimension,
    Ellipse,
    Interval,
    Intervals,
    Polygon,
    Rectangle,
    Region,
)
from cd5flow.model.names import BLASTS
from cd5flow.model.region_file import Written, WrittenRegion, read_region
from cd5flow.model.result import Result, Timepoint
from cd5flow.plots.axis import Axis
from cd5flow.preprocess.transforms import inverse, scale_exact
from cd5flow.review.views import View, around

MOST: Final = 3
"""Earlier results that are laid over one plot; more hide what lies below."""

_CORNERS: Final = 72


@dataclass(frozen=True, slots=True)
class EarlierResult:
    """An earlier result of the same patient.

    Attributes:
        label: sample, time point and day.
        gates: its regions as they are stored, by population.
    """

    label: str
    gates: tuple[tuple[str, Any], ...]


def earlier_results(result: Result, others: Iterable[Result]) -> tuple[EarlierResult, ...]:
    """Return the results that a tube is compared with: the diagnosis that guided it, and the newest before.

    Args:
        result: of the tube.
        others: of other tubes, which may be of other patients.
    """
    laip = result.strategy.laip
    guided = "" if laip is None else laip.sha256
    patient, taken = result.sample.patient_id, result.sample.collected_at
    found = [
        one
        for one in others
        if one.sample.sha256 != result.sample.sha256
        and (one.sample.sha256 == guided or _is_before(one, patient, taken))
    ]
    # The diagnosis first, then the newest.
    found.sort(key=lambda one: one.sample.collected_at or "", reverse=True)
    found.sort(key=lambda one: not _is_diagnosis(one, guided))
    return tuple(_earlier(one, guided) for one in found[:MOST])


def _is_before(one: Result, patient: str | None, taken: str | None) -> bool:
    """Whether a result is of the same patient, and of an earlier day where both are known."""
    if patient is None or one.sample.patient_id != patient:
        return False
    then = one.sample.collected_at
    return one.sample.timepoint is Timepoint.DIAGNOSIS if not (then and taken) else then < taken


def _is_diagnosis(one: Result, guided: str) -> bool:
    return one.sample.sha256 == guided or one.sample.timepoint is Timepoint.DIAGNOSIS


def _earlier(one: Result, guided: str) -> EarlierResult:
    sample = one.sample
    what = [sample.timepoint.value, *([sample.collected_at] if sample.collected_at else [])]
    if sample.sha256 == guided:
        what.append("guides the blasts")
    gates = tuple((p.name, p.gate.region) for p in one.populations if p.gate is not None)
    return EarlierResult(f"{sample.id} ({', '.join(what)})", gates)


def overlays(earlier: Sequence[EarlierResult], view: View) -> list[dict[str, Any]]:
    """Return what of earlier results lies on the axes of a view: the same gate, or populations of blasts."""
    told = []
    for one in earlier:
        shapes = [
            shape
            for name, written in one.gates
            if name == view.gate or (name.startswith(BLASTS) and view.gate.startswith(BLASTS))
            for shape in _shapes(written, view)
        ]
        if shapes:
            told.append({"label": one.label, "shapes": shapes})
    return told


def _shapes(written: Any, view: View) -> Iterator[dict[str, Any]]:
    region = _read(written)
    if region is None:
        return
    if view.y is None:
        sides = region.sides if isinstance(region, Rectangle) else (region,)
        for side in sides:
            if isinstance(side, Interval) and _on(side.dimension, view.x):
                yield {"edges": list(_ends(side, view.x)), "outline": None}
            elif isinstance(side, Intervals) and _on(side.dimension, view.x):
                for span in side.spans:
                    one = Interval(side.dimension, *span)
                    yield {"edges": list(_ends(one, view.x)), "outline": None}
        return
    if isinstance(region, Polygon | Ellipse) and _on(region.x, view.x) and _on(region.y, view.y):
        corners = region.vertices if isinstance(region, Polygon) else around(region, _CORNERS)
        outline = [[_place(x, region.x, view.x), _place(y, region.y, view.y)] for x, y in corners]
        if all(math.isfinite(place) for corner in outline for place in corner):
            yield {"edges": [], "outline": outline}


def _read(written: Any) -> Region | None:
    try:
        found: Written = _adapter().validate_python(written)
        return read_region(found, {})
    except (ValidationError, ValueError):
        return None  # written by another version: it is drawn nowhere


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(WrittenRegion)


def _on(dimension: Dimension, axis: Axis) -> bool:
    return dimension.detector == axis.dimension.detector


def _ends(side: Interval, axis: Axis) -> Iterator[dict[str, Any]]:
    for end, at in (("low", side.low), ("high", side.high)):
        if at is not None:
            yield {"key": end, "name": end, "along": "x", "at": _place(at, side.dimension, axis)}


def _place(at: float, dimension: Dimension, axis: Axis) -> float:
    """Return where a place of one scale lies on a shown one."""
    theirs, ours = dimension.scale, axis.dimension.scale
    if theirs == ours:
        return at
    linear = at if theirs is None else float(inverse(at, theirs))
    return linear if ours is None else float(scale_exact(linear, ours))
