"""FlowJo's display scales, and regions drawn on them said again on scales of our model.

FlowJo's biexponential is a table, and its log scale piles up at its floor whatever lies below. A
region keeps its events if every edge is bent as the change of scale bends it, and if an edge along
the floor reaches down to what is piled up there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt

from cd5flow.interop.gatingml_gates import DATA, TRANSFORMS
from cd5flow.model.scale import Asinh, Log, Logicle, Scale
from cd5flow.preprocess.transforms import scale_exact

Places = npt.NDArray[np.float64]

_STRAIGHT: Final = 3e-5
"""Share of a region's extent by which a piece of an edge may miss the true curve."""
_HALVINGS: Final = 10
_FAR_BELOW: Final = -1e6
"""Times the top of a scale: below every value that an instrument writes."""


class UnknownScaleError(Exception):
    """A scale that has no counterpart here; the argument names it."""


@dataclass(frozen=True, slots=True)
class Display:
    """One of FlowJo's scales.

    Attributes:
        scale: the scale of ours that regions are said on; None is linear units.
        linear: from places on FlowJo's scale to linear units; None where the two scales are one.
        bent: whether the change of scale bends a straight edge.
        floor: the place at which FlowJo piles up what lies below; None where it does not.
    """

    scale: Scale | None
    linear: Callable[[Places], Places] | None = None
    bent: bool = False
    floor: float | None = None

    def ours(self, places: Places) -> Places:
        """Return places on FlowJo's scale as places on ours."""
        if self.linear is None:
            return places
        values = self.linear(places)
        return values if self.scale is None else scale_exact(values, self.scale)

    @property
    def far_below(self) -> float:
        """A place on our scale below every event."""
        if self.scale is None:
            return -1e12
        return float(scale_exact(_FAR_BELOW * self.scale.t, self.scale))

    def bounds(self, low: float | None, high: float | None) -> tuple[float | None, float | None]:
        """Return the bounds of an interval on our scale; one at the floor is none."""
        if low is not None and self.floor is not None and low <= self.floor:
            low = None
        ends = (None if end is None else float(self.ours(np.array(end))) for end in (low, high))
        return next(ends), next(ends)


def unreadable_scales(sample: ET.Element) -> dict[str, str]:
    """Return the channels of a workspace's tube whose scale cannot be read, and why."""
    scales = sample.find("Transformations")
    faults: dict[str, str] = {}
    for scale in scales if scales is not None else ():
        why = _scale_fault(scale)
        if why:
            faults |= dict.fromkeys(scale_channels(scale), why)
    return faults


def scale_channels(scale: ET.Element) -> list[str]:
    """Return the channels that a scale of a workspace is for."""
    return [p.get(f"{DATA}name", "") for p in scale.iterfind(f"{DATA}parameter")] or [""]


_PARAMETERS: Final[Mapping[str, Mapping[str, tuple[float, float]]]] = {
    "linear": {"minRange": (-1e30, 1e30), "maxRange": (-1e30, 1e30)},
    "log": {"offset": (1e-30, 1e30), "decades": (1e-6, 40)},
    "logicle": {"T": (1e-30, 1e30), "W": (0, 40), "M": (1e-6, 40), "A": (-40, 40)},
    "biex": {
        "neg": (0, 40),
        "width": (-1e30, -1e-9),
        "pos": (1e-6, 40),
        "maxRange": (1e-30, 1e30),
        "length": (256, 256),
    },
    "fasinh": {"T": (1e-30, 1e30), "M": (1e-6, 40), "A": (0, 40)},
}
"""The scales of FlowJo that FlowKit 1.3 reads, and what their parameters may be."""


def _scale_fault(scale: ET.Element) -> str:
    """Return what is wrong with a scale of a workspace; empty where nothing is."""
    kind = scale.tag.rpartition("}")[2]
    if kind not in _PARAMETERS:
        return f"found {kind!r}, expected {', '.join(_PARAMETERS)}"
    for name, (low, high) in _PARAMETERS[kind].items():
        text = scale.get(f"{TRANSFORMS}{name}", "")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            expected = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            return f"{kind} {name} is {text[:40]!r}, expected {expected}"
    ends = [float(scale.get(f"{TRANSFORMS}{name}", "nan")) for name in ("minRange", "maxRange")]
    if kind == "linear" and not ends[0] < ends[1]:
        return f"linear ends at {ends[1]:g}, where it begins at {ends[0]:g}"
    return ""


def display_of(transform: Any) -> Display:
    """Return FlowJo's scale as FlowKit holds it.

    Raises:
        UnknownScaleError: there is no counterpart.
    """
    # Two seconds of imports, only for workspaces.
    from flowkit import transforms  # noqa: PLC0415

    match transform:
        case None:
            found = Display(None)
        case transforms.LinearTransform(param_t=t, param_a=a):
            found = Display(None, lambda y: y * (t + a) - a)
        case transforms.LogicleTransform(param_t=t, param_w=w, param_m=m, param_a=a):
            found = Display(Logicle(t=t, w=w, m=m, a=a))
        case transforms.AsinhTransform(param_t=t, param_m=m, param_a=a):
            found = Display(Asinh(t=t, m=m, a=a))
        case transforms.LogTransform(param_t=t, param_m=m):
            found = Display(Log(t=t, m=m))
        case transforms.WSPLogTransform(offset=offset, decades=decades):
            near = Asinh(t=offset * 10**decades, m=decades)
            found = Display(near, lambda y: offset * 10.0 ** (y * decades), bent=True, floor=0.0)
        case transforms.WSPBiexTransform():
            found = _biexponential(transform)
        case _:
            raise UnknownScaleError(type(transform).__name__)
    return found


def _biexponential(transform: Any) -> Display:
    """Return FlowJo's biexponential, near to the logicle of the same decades and width."""
    m = float(transform.positive)
    w = min(max(math.log10(-transform.width) / 2, 0.0), m / 2)
    a = min(max(float(transform.negative), -w), m - 2 * w)
    near = Logicle(t=float(transform.max_value), w=w, m=m, a=a)
    return Display(near, transform.inverse, bent=True, floor=0.0)


def redrawn(
    vertices: Sequence[Sequence[float]], x: Display, y: Display
) -> tuple[tuple[float, float], ...]:
    """Return a polygon of FlowJo's display on our scales.

    Args:
        vertices: places on the two displays.
        x: the first display.
        y: the second.
    """
    corners = np.asarray(vertices, dtype=np.float64)
    ours = _mapped(corners, x, y)
    bent = x.bent or y.bent
    size = np.ptp(ours, axis=0)
    count = len(corners)
    outline: list[tuple[float, float]] = []
    for i in range(count):
        after = (i + 1) % count
        outline += _lowered(corners, ours, i, x, y)
        straight = not bent or bool((corners[i] == corners[after]).any())
        if not straight:
            outline += _bent(corners[i], corners[after], x, y, size)
    # Corners that follow upon themselves say nothing; polygons may touch themselves elsewhere.
    return tuple(point for k, point in enumerate(outline) if point != outline[k - 1])


def _mapped(places: Places, x: Display, y: Display) -> Places:
    return np.column_stack([x.ours(places[:, 0]), y.ours(places[:, 1])])


def _bent(a: Places, b: Places, x: Display, y: Display, size: Places) -> list[tuple[float, float]]:
    """Return the points between two corners that make the edge follow its true curve."""
    at = np.array([0.0, 1.0])
    for _ in range(_HALVINGS):
        steps = np.diff(at)
        within = at[:-1, None] + steps[:, None] * np.array([0.25, 0.5, 0.75])
        true = _mapped((a + within.reshape(-1, 1) * (b - a)), x, y).reshape(len(steps), 3, 2)
        ends = _mapped(a + at[:, None] * (b - a), x, y)
        chord = (
            ends[:-1, None]
            + (ends[1:] - ends[:-1])[:, None] * np.array([0.25, 0.5, 0.75])[None, :, None]
        )
        missed = (np.abs(true - chord) > _STRAIGHT * size).any(axis=(1, 2))
        if not missed.any():
            break
        at = np.sort(np.concatenate([at, within[missed, 1]]))
    inner = _mapped(a + at[1:-1, None] * (b - a), x, y)
    return [(float(u), float(v)) for u, v in inner]


def _lowered(
    corners: Places, ours: Places, i: int, x: Display, y: Display
) -> list[tuple[float, float]]:
    """Return a corner, moved below every event on the axes along whose floor its edges run.

    Where only one of its two edges runs along a floor, the corner itself stays too: the other edge
    leaves from there.
    """
    before, after = corners[i - 1], corners[(i + 1) % len(corners)]
    moved = ours[i].copy()
    for axis, display in enumerate((x, y)):
        if display.floor is None or corners[i, axis] > display.floor:
            continue
        runs = before[axis] <= display.floor, after[axis] <= display.floor
        if any(runs):
            moved[axis] = display.far_below
    here, below = (float(ours[i, 0]), float(ours[i, 1])), (float(moved[0]), float(moved[1]))
    if here == below:
        return [here]
    along_before, along_after = _along(before, corners[i], x, y), _along(after, corners[i], x, y)
    if along_before and along_after:
        return [below]
    return [below, here] if along_before else [here, below]


def _along(other: Places, corner: Places, x: Display, y: Display) -> bool:
    """Whether an edge runs along a floor."""
    return any(
        display.floor is not None and max(other[axis], corner[axis]) <= display.floor
        for axis, display in enumerate((x, y))
    )
