"""The gates of a Gating-ML 2.0 file, each element read into a region of our model."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from xml.etree import ElementTree as ET

from cd5flow.errors import GatesError
from cd5flow.interop.file_gates import LOWEST, PART_OF, FileGate
from cd5flow.interop.gatingml_elements import STANDARD
from cd5flow.interop.gatingml_matrices import ChosenCompensation
from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Ellipse,
    Interval,
    Operand,
    Polygon,
    Rectangle,
    Region,
)
from cd5flow.model.names import ALL
from cd5flow.model.scale import Log, Scale

GATING: Final = f"{{{STANDARD}gating}}"
TRANSFORMS: Final = f"{{{STANDARD}transformations}}"
DATA: Final = f"{{{STANDARD}datatypes}}"
NOTE: Final = f"{DATA}custom_info"

SHAPES: Final = frozenset(
    f"{GATING}{kind}"
    for kind in ("RectangleGate", "PolygonGate", "EllipsoidGate", "BooleanGate", "QuadrantGate")
)
_ROOT: Final = f"{ALL} (drawn)"
"""What a drawn gate is called here that bears the name of our root."""
_UNEQUAL: Final = 1e-6
"""Two halves of a covariance that differ by more than this share are not one."""


class OutsideError(Exception):
    """What the model leaves out on purpose; the argument is the reason."""


@dataclass(frozen=True, slots=True)
class References:
    """What gates refer to.

    Attributes:
        scales: transformation to its scale.
        outside: transformation or matrix to the reason why the model has none such.
        compensation: what their matrices mean.
    """

    scales: Mapping[str, Scale]
    outside: Mapping[str, str]
    compensation: ChosenCompensation


@dataclass(frozen=True, slots=True)
class _Axis:
    """One dimension element: the axis, and the bounds that it carries."""

    dimension: Dimension
    low: float | None
    high: float | None


def entries_of(element: ET.Element, references: References) -> Iterator[FileGate]:
    """Yield the gates of one element: one, or one for every quadrant.

    Raises:
        GatesError: it contradicts the standard.
    """
    label = attribute(element, "id")
    if not label:
        raise GatesError(f"found a {local(element.tag)} without id")
    try:
        if element.tag == f"{GATING}QuadrantGate":
            yield from _quadrants(element, references)
            return
        region, outside = None, None
        try:
            region = _region(element, references)
        except OutsideError as reason:
            outside = str(reason)
        yield FileGate(_key(label), label, _parent(element), region, outside, _part_of(element))
    except (GatesError, ValueError) as fault:
        raise GatesError(f"gate {label!r}: {words(fault)}") from None


def _region(element: ET.Element, references: References) -> Region:
    match local(element.tag):
        case "RectangleGate":
            axes = [_axis(child, references) for child in element.iterfind(f"{GATING}dimension")]
            return _rectangle([_side(axis) for axis in axes], _parent(element))
        case "PolygonGate":
            return _polygon(element, references)
        case "EllipsoidGate":
            return _ellipse(element, references)
        case _:
            return _boolean(element)


def _axis(element: ET.Element, references: References) -> _Axis:
    """Read a dimension or a divider."""
    if element.find(f"{DATA}new-dimension") is not None:
        raise OutsideError("an axis is a ratio of channels; ours is a channel of the tube")
    channel = element.find(f"{DATA}fcs-dimension")
    name = None if channel is None else attribute(channel, "name")
    if not name:
        raise GatesError("found a dimension without the name of a channel")
    reference = attribute(element, "compensation-ref")
    if reference is None:
        raise GatesError(f"dimension {name!r}: found no compensation-ref")
    if reference in references.outside:
        raise OutsideError(f"matrix {reference!r}: {references.outside[reference]}")
    detector, compensated = references.compensation.channel(reference, name)
    scale = _scale(attribute(element, "transformation-ref"), references)
    low, high = (
        None if text is None else number(text, what)
        for what, text in (("min", attribute(element, "min")), ("max", attribute(element, "max")))
    )
    return _Axis(Dimension(detector, scale, compensated), low, high)


def _scale(name: str | None, references: References) -> Scale | None:
    if name is None:
        return None
    if name in references.outside:
        raise OutsideError(f"transformation {name!r}: {references.outside[name]}")
    if name not in references.scales:
        raise GatesError(f"found no transformation {name!r}, to which it refers")
    return references.scales[name]


def _side(axis: _Axis) -> _Axis:
    """Return an axis without the lower bound that stands for none on a log scale.

    Readers take the log of 0 as minus infinity, so our writer bounds what it shall not take in.
    """
    if isinstance(axis.dimension.scale, Log) and axis.low == LOWEST and axis.high is not None:
        return _Axis(axis.dimension, None, axis.high)
    return axis


def _rectangle(axes: Sequence[_Axis], parent: str) -> Region:
    """Return the region between bounds; without any it is the whole parent, between equal ones nothing."""
    if not axes:
        raise GatesError("found a RectangleGate without dimensions")
    bounds: dict[Dimension, tuple[float, float]] = {}
    for axis in axes:
        low, high = bounds.get(axis.dimension, (-math.inf, math.inf))
        bounds[axis.dimension] = (
            low if axis.low is None else max(low, axis.low),
            high if axis.high is None else min(high, axis.high),
        )
        if axis.low is not None and axis.high is not None and axis.low > axis.high:
            raise GatesError(
                f"dimension {axis.dimension.detector!r}: min {axis.low:g} lies above max {axis.high:g}"
            )
    if any(low >= high for low, high in bounds.values()):
        return Boolean("and", (Operand(parent, complement=True),))
    sides = tuple(
        Interval(dimension, None if low == -math.inf else low, None if high == math.inf else high)
        for dimension, (low, high) in bounds.items()
        if (low, high) != (-math.inf, math.inf)
    )
    if not sides:
        return Boolean("and", (Operand(parent),))
    return sides[0] if len(sides) == 1 else Rectangle(sides)


def _polygon(element: ET.Element, references: References) -> Polygon:
    x, y = _two_axes(element, references)
    vertices = [_point(v, of=2) for v in element.iterfind(f"{GATING}vertex")]
    return Polygon(x, y, tuple((a, b) for a, b in vertices))


def _ellipse(element: ET.Element, references: References) -> Ellipse:
    count = len(element.findall(f"{GATING}dimension"))
    if count > 2:
        raise OutsideError(
            f"an ellipsoid of {count} axes; ours has two, to be drawn on a map of them"
        )
    x, y = _two_axes(element, references)
    mean = element.find(f"{GATING}mean")
    matrix = element.find(f"{GATING}covarianceMatrix")
    distance = element.find(f"{GATING}distanceSquare")
    if mean is None or matrix is None or distance is None:
        raise GatesError("found no mean, covarianceMatrix or distanceSquare, expected all three")
    rows = [
        [_value(entry) for entry in row.iterfind(f"{GATING}entry")]
        for row in matrix.iterfind(f"{GATING}row")
    ]
    if [len(row) for row in rows] != [2, 2]:
        raise GatesError("a covarianceMatrix of two axes needs two rows of two entries")
    (xx, xy), (yx, yy) = rows
    if abs(xy - yx) > _UNEQUAL * max(abs(xy), abs(yx)):
        raise GatesError(f"covariance must be symmetric, found {xy:g} and {yx:g}")
    cx, cy = _point(mean, of=2)
    return Ellipse(x, y, (cx, cy), (xx, xy, yy), _value(distance))


def _two_axes(element: ET.Element, references: References) -> tuple[Dimension, Dimension]:
    axes = [_axis(child, references).dimension for child in element.iterfind(f"{GATING}dimension")]
    if len(axes) != 2:
        raise GatesError(f"found {len(axes)} dimensions, expected two")
    return axes[0], axes[1]


def _boolean(element: ET.Element) -> Boolean:
    joins = [child for child in element if child.tag != NOTE]
    kind = local(joins[0].tag) if len(joins) == 1 else ""
    if kind not in {"and", "or", "not"}:
        raise GatesError("a BooleanGate needs one of and, or, not")
    operands = []
    for child in joins[0].iterfind(f"{GATING}gateReference"):
        name = attribute(child, "ref")
        if not name:
            raise GatesError("found a gateReference without ref")
        turned = attribute(child, "use-as-complement") in {"true", "1"}
        operands.append(Operand(_key(name), turned != (kind == "not")))
    if not operands or (kind == "not" and len(operands) != 1):
        raise GatesError(f"found {len(operands)} gateReferences in {kind!r}")
    distinct = tuple(dict.fromkeys(operands))
    operator: Literal["and", "or"] = "or" if kind == "or" and len(distinct) > 1 else "and"
    return Boolean(operator, distinct)


@dataclass(frozen=True, slots=True)
class _Divider:
    """An axis cut at values; without a dimension where the model has no such axis."""

    dimension: Dimension | None
    values: tuple[float, ...]
    outside: str | None = None


def _quadrants(element: ET.Element, references: References) -> Iterator[FileGate]:
    """Yield each quadrant as a rectangle of its own."""
    parent = _parent(element)
    dividers: dict[str, _Divider] = {}
    for child in element.iterfind(f"{GATING}divider"):
        name = attribute(child, "id")
        if not name or name in dividers:
            raise GatesError(f"divider {name!r}: its id is missing or stands twice")
        dividers[name] = _divider(child, name, references)
    quadrants = element.findall(f"{GATING}Quadrant")
    if not dividers or not quadrants:
        raise GatesError("a QuadrantGate needs a divider and a Quadrant")
    outside = next((d.outside for d in dividers.values() if d.outside is not None), None)
    for quadrant in quadrants:
        label = attribute(quadrant, "id")
        if not label:
            raise GatesError("found a Quadrant without id")
        region = None
        if outside is None:
            region = _rectangle(list(_positions(quadrant, label, dividers)), parent)
        yield FileGate(_key(label), label, parent, region, outside)


def _divider(element: ET.Element, name: str, references: References) -> _Divider:
    values = tuple(
        sorted(number(value.text or "", "value") for value in element.iterfind(f"{GATING}value"))
    )
    if not values:
        raise GatesError(f"divider {name!r}: found no value")
    try:
        return _Divider(_axis(element, references).dimension, values)
    except OutsideError as reason:
        return _Divider(None, values, str(reason))


def _positions(
    quadrant: ET.Element, label: str, dividers: Mapping[str, _Divider]
) -> Iterator[_Axis]:
    """Yield the side of each divider on which a quadrant lies."""
    for position in quadrant.iterfind(f"{GATING}position"):
        name = attribute(position, "divider_ref") or ""
        divider = dividers.get(name)
        if divider is None or divider.dimension is None:
            raise GatesError(f"quadrant {label!r}: found no divider {name!r}")
        place = number(attribute(position, "location") or "", "location")
        yield _Axis(divider.dimension, *_between(divider.values, place))


def _between(values: Sequence[float], place: float) -> tuple[float | None, float | None]:
    """Return the neighbouring values below and above a place; None where there is none."""
    above = bisect_right(values, place)
    low = values[above - 1] if above > 0 else None
    return low, values[above] if above < len(values) else None


def _parent(element: ET.Element) -> str:
    name = attribute(element, "parent_id")
    return ALL if name is None else _key(name)


def _part_of(element: ET.Element) -> str | None:
    text = (element.findtext(NOTE) or "").strip()
    return text.removeprefix(PART_OF) if text.startswith(PART_OF) else None


def given_name(element: ET.Element) -> tuple[str | None, bool]:
    """Return the name that Cytobank gives a gate, if it does, and whether it is that of a population.

    Its ids are made by the program; names stand in ``custom_info``. A population is a "gate set": the gates
    that lead to it, joined by "and", often under the name of the last of them.
    """
    note = element.find(NOTE)
    about = None if note is None else next((c for c in note if local(c.tag) == "cytobank"), None)
    if about is None:
        return None, False
    texts = {local(child.tag): (child.text or "").strip() for child in about}
    return texts.get("name") or None, bool(texts.get("gate_set_id"))


def _key(label: str) -> str:
    return _ROOT if label == ALL else label


def _point(element: ET.Element, *, of: int) -> list[float]:
    values = [_value(child) for child in element.iterfind(f"{GATING}coordinate")]
    if len(values) != of:
        raise GatesError(f"found {len(values)} coordinates, expected {of}")
    return values


def _value(element: ET.Element) -> float:
    return number(attribute(element, "value") or "", "value")


def number(text: str, what: str) -> float:
    """Return a finite number.

    Raises:
        GatesError: the text is none.
    """
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise GatesError(f"{what}: found {text.strip()[:40]!r}, expected a finite number")
    return value


def attribute(element: ET.Element, name: str) -> str | None:
    """Return an attribute of the standard, in its own namespace or in none."""
    for space in (GATING, TRANSFORMS, DATA, ""):
        value = element.get(f"{space}{name}")
        if value is not None:
            return value
    return None


def local(tag: str) -> str:
    """Return a name without its namespace."""
    return tag.rpartition("}")[2]


def words(fault: Exception) -> str:
    """Return what a refusal says."""
    return fault.message if isinstance(fault, GatesError) else str(fault)
