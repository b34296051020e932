"""Who is in: membership decided by geometry and nothing else.

A population is its parent's events that lie in its region. Bounds are those of Gating-ML 2.0: the
lower one inclusive, the upper one exclusive. An event that is NaN on an axis of a region lies
neither in the region nor in its complement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from cd5flow.model.events import Mask
from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Ellipse,
    Interval,
    Intervals,
    Polygon,
    Rectangle,
    Shape,
    dimensions,
)
from cd5flow.model.members import Members, Population
from cd5flow.model.names import ALL
from cd5flow.model.populations import Gate, GateTree
from cd5flow.numerics.chunks import chunks
from cd5flow.preprocess.transforms import Columns

Floats = npt.NDArray[np.floating[Any]]
Exact = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

_FEW = 8
"""One event in so many is few: they are taken out and tested by themselves."""


def apply_gates(tree: GateTree, columns: Columns) -> Members:
    """Return who is in each population of a tree.

    Returns:
        Population name to a read-only mask over all events in file order, `all` included.
    """
    everyone = np.ones(len(columns), dtype=np.bool_)
    everyone.setflags(write=False)
    members = Members({ALL: everyone})
    for gate in tree.gates:
        mask = events_in_gate(gate, tree=tree, columns=columns, members=members)
        members.add(gate.name, Population(mask))
    return members


def events_in_gate(
    gate: Gate, *, tree: GateTree, columns: Columns, members: Mapping[str, Mask]
) -> Mask:
    """Return who is in one population, as a read-only mask over all events.

    Args:
        gate: the gate; it need not be in `tree` yet.
        tree: the gates before it, the operands of a boolean one among them.
        columns: the events.
        members: the masks of the gate's parent and operands.

    Raises:
        KeyError: parent or operand is missing from `members`.
    """
    parent = members[gate.parent]
    if isinstance(gate.region, Boolean):
        mask = _combined(gate.region, parent, tree=tree, columns=columns, members=members)
    else:
        mask = contains(gate.region, columns, parent)
    mask.setflags(write=False)
    return mask


def contains(region: Shape, columns: Columns, inside: Mask | Rows) -> Mask:
    """Return which events lie in a region, of those that are considered.

    Args:
        region: the region.
        columns: the events.
        inside: the events to consider, such as the parent population: a mask over all events, or
            their row numbers. Others are False in the answer.

    Returns:
        A mask over all events.

    Raises:
        KeyError: the region reads a channel that the tube lacks.
        ValueError: a mask of another length than the events.
    """
    considered = _as_mask(inside, len(columns))
    events = np.count_nonzero(considered)
    if not events:
        return np.zeros(len(columns), dtype=np.bool_)
    values = [columns.column(axis) for axis in dimensions(region)]
    if events > len(columns) // _FEW:
        return inside_of(region, values, considered)
    mask = np.zeros(len(columns), dtype=np.bool_)
    rows = np.flatnonzero(considered)
    mask[rows] = inside_of(region, [column[rows] for column in values])
    return mask


def inside_of(region: Shape, values: Sequence[Floats], considered: Mask | None = None) -> Mask:
    """Return which places lie in a region.

    Args:
        region: the region.
        values: the places, one array for each of the region's axes, in its order.
        considered: which of them to look at; the others are False in the answer. None is all.
    """
    mask = _outer_box(region, values)
    if considered is not None:
        mask &= considered
    if isinstance(region, Polygon | Ellipse):
        for chunk in chunks(mask.size):
            held = mask[chunk]
            near = np.flatnonzero(held)
            if near.size:
                x, y = (v[chunk].take(near).astype(np.float64) for v in values)
                held[near] = _exactly(region, x, y)
    return mask


def dimensions_read(tree: GateTree, name: str) -> frozenset[Dimension]:
    """Return every axis that decides on a population: its own, its ancestors' and its operands'."""

    @cache
    def read(name: str) -> frozenset[Dimension]:
        if name == ALL:
            return frozenset()
        gate = tree[name]
        axes = frozenset(dimensions(gate.region)) | read(gate.parent)
        if isinstance(gate.region, Boolean):
            axes = axes.union(*(read(operand.gate) for operand in gate.region.operands))
        return axes

    return read(name)


def _as_mask(inside: Mask | Rows, events: int) -> Mask:
    if inside.dtype != np.bool_:
        mask = np.zeros(events, dtype=np.bool_)
        mask[inside] = True
        return mask
    if inside.shape != (events,):
        raise ValueError(f"a mask of {inside.shape} does not fit {events} events")
    return inside.astype(np.bool_, copy=False)


def _outer_box(region: Shape, values: Sequence[Floats]) -> Mask:
    """Return the region itself where its sides follow the axes, else a box that holds it."""
    match region:
        case Interval(low=low, high=high):
            return _between(values[0], low, high)
        case Intervals(spans=spans):
            mask = np.zeros(values[0].shape, dtype=np.bool_)
            for low, high in spans:
                mask |= _between(values[0], low, high)
            return mask
        case Rectangle(sides=sides):
            mask = _between(values[0], sides[0].low, sides[0].high)
            for side, column in zip(sides[1:], values[1:], strict=True):
                mask &= _between(column, side.low, side.high)
            return mask
        case Polygon(vertices=vertices):
            # An event on the upper edges is outside, so that upper bounds are exclusive here too.
            xs, ys = zip(*vertices, strict=True)
            mask = _between(values[0], min(xs), max(xs))
            mask &= _between(values[1], min(ys), max(ys))
            return mask
        case Ellipse():
            mask = _between(values[0], *_extent(region, 0))
            mask &= _between(values[1], *_extent(region, 1))
            return mask
        case _:
            assert_never(region)


def _between(values: Floats, low: float | None, high: float | None) -> Mask:
    """Return low <= x < high, None being no bound; False for NaN."""
    lowest = -math.inf if low is None else low
    mask: Mask = np.greater_equal(values, _first_not_below(lowest, values.dtype))
    if high is not None:
        mask &= np.less(values, _first_not_below(high, values.dtype))
    return mask


def _first_not_below(bound: float, dtype: np.dtype[Any]) -> np.floating[Any]:
    """Return the least number of a float type that is not below a bound.

    Comparing with it puts each value of that type on the same side as the bound itself does, which
    the bound rounded to nearest would not.
    """
    kind = dtype.type
    with np.errstate(over="ignore"):
        rounded: np.floating[Any] = kind(bound)
    if float(rounded) < bound:
        rounded = np.nextafter(rounded, kind(math.inf))
    return rounded


def _extent(ellipse: Ellipse, axis: int) -> tuple[float, float]:
    """Return an ellipse's reach on one axis, a little widened against rounding."""
    variance = ellipse.covariance[0 if axis == 0 else 2]
    centre = ellipse.centre[axis]
    reach = math.sqrt(variance * ellipse.distance_squared)
    reach += 1e-9 * (reach + abs(centre))
    return centre - reach, centre + reach


def _exactly(region: Polygon | Ellipse, x: Exact, y: Exact) -> Mask:
    """Test events near a region with slanted or curved sides."""
    if isinstance(region, Polygon):
        return _in_polygon(x, y, region.vertices)
    xx, xy, yy = region.covariance
    dx, dy = x - region.centre[0], y - region.centre[1]
    squared = (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / (xx * yy - xy * xy)
    mask: Mask = squared <= region.distance_squared
    return mask


def _in_polygon(x: Exact, y: Exact, vertices: Sequence[tuple[float, float]]) -> Mask:
    """Count the edges that a ray towards rising x crosses: inside where the count is odd.

    An edge spans its lower y inclusive to its upper y exclusive, and is crossed only where it lies
    strictly to the right. So events on lower and left edges are in, on upper and right ones out,
    and polygons that share an edge share no event.
    """
    odd = np.zeros(x.shape, dtype=np.bool_)
    ax, ay = vertices[-1]
    a_not_above = ay <= y
    for bx, by in vertices:
        b_not_above = by <= y
        spanned = a_not_above != b_not_above
        events = np.count_nonzero(spanned)
        if events > x.size // 4:
            side = (bx - ax) * (y - ay) - (x - ax) * (by - ay)
            odd ^= spanned & (side > 0 if by > ay else side < 0)
        elif events:
            rows = np.flatnonzero(spanned)
            side = (bx - ax) * (y[rows] - ay) - (x[rows] - ax) * (by - ay)
            odd[rows] ^= side > 0 if by > ay else side < 0
        ax, ay, a_not_above = bx, by, b_not_above
    return odd


def _combined(
    region: Boolean,
    parent: Mask,
    *,
    tree: GateTree,
    columns: Columns,
    members: Mapping[str, Mask],
) -> Mask:
    """Combine populations within a parent.

    The complement of an operand is who is not in its population, save events that are NaN on any
    axis that decides on it (`dimensions_read`): where they lie is unknown.
    """
    join = np.logical_and if region.operator == "and" else np.logical_or
    mask = np.full(parent.shape, fill_value=region.operator == "and", dtype=np.bool_)
    for operand in region.operands:
        side = members[operand.gate]
        if operand.complement:
            side = ~side
            for axis in dimensions_read(tree, operand.gate):
                side &= ~np.isnan(columns.column(axis))
        join(mask, side, out=mask)
    mask &= parent
    return mask
