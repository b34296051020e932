"""Hypothesis strategies over gate trees of every type of the model, as Gating-ML can say them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from hypothesis import strategies as st

from cd5flow.model.events import Spillover
from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Ellipse,
    Interval,
    Intervals,
    Operand,
    Polygon,
    Rectangle,
    Region,
)
from cd5flow.model.names import ALL
from cd5flow.model.populations import Evidence, Gate, GateTree
from cd5flow.model.scale import Asinh, Hyperlog, Linear, Log, Logicle, Scale

DYES = ("CD5 PC7-A", "CD45", "cyCD3 <PB> & 'x'", "FL4-H")
CHANNELS = (*DYES, "FSC-A", "SSC-A", "Time")
TOPS = st.sampled_from((1024.0, 262144.0, 16777215.0))
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: x + 0.0)  # -0.0 is 0.0
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,12}", fullmatch=True).filter(
    lambda name: name not in {ALL, "root", "FCS", "uncompensated"}
)


@st.composite
def widths(draw: st.DrawFn, least: float) -> tuple[float, float, float, float]:
    """Return T, W, M and A of a logicle or hyperlog scale."""
    m = draw(st.floats(2, 7))
    w = draw(st.floats(least, m / 2))
    return draw(TOPS), w, m, draw(st.floats(-w, m - 2 * w))


@st.composite
def scales(draw: st.DrawFn) -> Scale:
    kind = draw(st.sampled_from((Linear, Log, Asinh, Logicle, Hyperlog)))
    top, m = draw(TOPS), draw(st.floats(2, 7))
    if kind is Linear:
        return Linear(t=top, a=draw(st.floats(0, 1000)))
    if kind is Log:
        return Log(t=top, m=m)
    if kind is Asinh:
        return Asinh(t=top, m=m, a=draw(st.floats(0, m)))
    if kind is Logicle:
        return Logicle(*draw(widths(0.0)))
    return Hyperlog(*draw(widths(0.01)))


@st.composite
def matrices(draw: st.DrawFn) -> Spillover | None:
    """Return a matrix over some of the dyes, or none."""
    count = draw(st.sampled_from((0, 2, 3, 4)))
    if count == 0:
        return None
    matrix = np.eye(count)
    for row in range(count):
        for column in range(count):
            if row != column:
                matrix[row, column] = draw(st.floats(0, 0.2))
    matrix[0, 1] = 0.125  # the writer leaves out no channel that is coupled
    detectors = tuple(draw(st.permutations(DYES)))[:count]
    return Spillover(detectors, matrix, source="test")


@st.composite
def dimensions(draw: st.DrawFn, compensated: tuple[str, ...]) -> Dimension:
    """Return an axis; only what the matrix names is compensated, as a file says it."""
    detector = draw(st.sampled_from(CHANNELS))
    scale = None if detector == "Time" else draw(st.none() | scales())
    return Dimension(detector, scale, detector in compensated and draw(st.booleans()))


@st.composite
def two_axes(draw: st.DrawFn, compensated: tuple[str, ...]) -> tuple[Dimension, Dimension]:
    x = draw(dimensions(compensated))
    y = draw(dimensions(compensated).filter(lambda d: d.detector != x.detector))
    return x, y


@st.composite
def intervals(draw: st.DrawFn, axis: Dimension) -> Interval:
    low, high = sorted(draw(st.lists(NUMBERS, min_size=2, max_size=2, unique=True)))
    sides = draw(st.sampled_from(("both", "low", "high")))
    return Interval(axis, None if sides == "high" else low, None if sides == "low" else high)


@st.composite
def shapes(draw: st.DrawFn, compensated: tuple[str, ...]) -> Region:
    """Return a region that is no combination."""
    kind = draw(st.sampled_from(("interval", "spans", "rectangle", "polygon", "ellipse")))
    if kind == "interval":
        return draw(intervals(draw(dimensions(compensated))))
    if kind == "spans":
        edges = sorted(draw(st.lists(NUMBERS, min_size=4, max_size=8, unique=True)))
        pairs = zip(edges[::2], edges[1::2], strict=False)
        return Intervals(draw(dimensions(compensated)), tuple(pairs))
    if kind == "rectangle":
        axes = draw(
            st.lists(
                dimensions(compensated), min_size=2, max_size=4, unique_by=lambda d: d.detector
            )
        )
        return Rectangle(tuple(draw(intervals(axis)) for axis in axes))
    x, y = draw(two_axes(compensated))
    if kind == "polygon":
        points = st.tuples(NUMBERS, NUMBERS)
        return Polygon(x, y, tuple(draw(st.lists(points, min_size=3, max_size=9, unique=True))))
    xx, yy = draw(st.floats(1e-6, 1e6)), draw(st.floats(1e-6, 1e6))
    slant = draw(st.floats(-0.99, 0.99)) * float(np.sqrt(xx * yy))
    centre, distance = (draw(NUMBERS), draw(NUMBERS)), draw(st.floats(1e-6, 1e3))
    return Ellipse(x, y, centre, (xx, slant + 0.0, yy), distance)


@st.composite
def combinations(draw: st.DrawFn, names: tuple[str, ...]) -> Region:
    """Return a combination of some populations, each once; one alone is joined by "and"."""
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True))
    operands = tuple(Operand(name, complement=draw(st.booleans())) for name in chosen)
    operator: Literal["and", "or"] = draw(st.sampled_from(("and", "or")))
    return Boolean("and" if len(operands) == 1 else operator, operands)


@st.composite
def trees(draw: st.DrawFn) -> tuple[GateTree, Spillover | None]:
    """Return a tree of gates of any type, and the matrix that goes with it."""
    spillover = draw(matrices())
    compensated = () if spillover is None else spillover.detectors
    gates: list[Gate] = []
    for name in draw(st.lists(NAMES, min_size=1, max_size=7, unique=True)):
        parent = draw(st.sampled_from((ALL, *(gate.name for gate in gates))))
        lineage = {
            parent,
            ALL,
            *(GateTree(tuple(gates)).ancestors(parent) if gates and parent != ALL else ()),
        }
        # What a population lies within anyway decides nothing about it.
        free = tuple(gate.name for gate in gates if gate.name not in lineage)
        region = (
            draw(combinations(free))
            if free and draw(st.integers(0, 2)) == 0
            else draw(shapes(compensated))
        )
        gates.append(Gate(name, parent, region, Evidence("drawn", events=0)))
    return GateTree(tuple(gates)), spillover
