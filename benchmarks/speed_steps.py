"""The single steps against the floor and the peers: reading, compensation, logicle: used by speed.py."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import flowutils.compensate
import flowutils.transforms
import numpy as np

from cd5flow.fcs import FcsFile, read_fcs
from cd5flow.model.events import Spillover
from cd5flow.model.scale import Logicle
from cd5flow.preprocess.compensation import compensate
from cd5flow.preprocess.transforms import scale
from reading_peers import READERS
from speed_timing import Budget, at_least, at_most, fastest, ms
from speed_tubes import Tube

PEERS = Path(__file__).with_name("speed_peers.py")
PEER_READERS = ("FlowCal", "fcsparser")
MOST_ERROR = 1e-6


def reading(tube: Tube, *, repeats: int) -> Iterator[Budget]:
    """Yield how fast the tube is read; reading.py has other layouts, and what is read right."""
    calls = {"floor": tube.floor, "cd5flow": lambda: read_fcs(tube.path)}
    for name in ("flowio", "FlowKit"):
        calls[name] = lambda read=READERS[name]: read(str(tube.path))
    taken = fastest(calls, repeats)
    yield at_most(
        "read_fcs, over np.fromfile of the bytes of DATA", taken["cd5flow"] / taken["floor"], 4
    )
    for name in ("flowio", "FlowKit"):
        yield Budget(f"{name} reading, over the same", f"{taken[name] / taken['floor']:.1f} x")


def peers_reading(tube: Tube, *, python: str, repeats: int) -> tuple[list[Budget], dict[str, str]]:
    """Return what readers of another Python take over the floor, and their versions."""
    arguments = [tube.path, tube.begin, tube.events * tube.channels, repeats, *PEER_READERS]
    ran = subprocess.run(
        [python, str(PEERS), *map(str, arguments)], capture_output=True, check=True, text=True
    )
    told = json.loads(ran.stdout)
    seconds = told["seconds"]
    rows = [
        Budget(f"{name} reading, over the same", f"{seconds[name] / seconds['floor']:.1f} x")
        for name in PEER_READERS
    ]
    return rows, told["versions"]


def compensation(tube: Tube, *, repeats: int) -> Iterator[Budget]:
    """Yield how fast spillover is undone."""
    fcs = read_fcs(tube.path)
    spillover = _spillover(fcs)
    detectors = [c.detector for c in fcs.channels]
    dyes = [detectors.index(name) for name in spillover.detectors]
    inverse = np.linalg.inv(spillover.matrix)
    weights = np.ascontiguousarray(inverse.T, dtype=np.float32)
    together = np.ascontiguousarray(fcs.events.T[dyes])
    rows = np.ascontiguousarray(fcs.events, dtype=np.float64)
    taken = fastest(
        {
            "cd5flow": lambda: compensate(fcs.raw, spillover),
            "product": lambda: weights @ together,
            "flowutils": lambda: flowutils.compensate.compensate(rows, spillover.matrix, dyes),
        },
        repeats,
    )
    n = len(dyes)
    yield at_most(
        f"compensation of {n} dyes, over one float32 product of {n} x {n} and {n} x events",
        taken["cd5flow"] / taken["product"],
        3,
        f" ({ms(taken['cd5flow'])}, {ms(taken['product'])})",
    )
    faster = taken["flowutils"] / taken["cd5flow"]
    yield Budget("compensation, flowutils doing the same", f"{faster:.1f} x faster")
    single = compensate(fcs.raw, spillover)
    double = fcs.events.T[dyes].astype(np.float64).T @ inverse
    apart = max(
        float(np.abs(single.compensated[name] - double[:, i]).max())
        for i, name in enumerate(spillover.detectors)
    )
    brightest = float(np.abs(double).max())
    yield Budget(
        "compensation in float32, apart from float64", f"{apart / brightest:.1e} of the brightest"
    )


def logicle(tube: Tube, *, repeats: int) -> Iterator[Budget]:
    """Yield how fast the logicle scale is, and how far from flowutils."""
    fcs = read_fcs(tube.path)
    spillover = _spillover(fcs)
    linear = compensate(fcs.raw, spillover).linear(spillover.detectors[0])
    shape = Logicle(t=262_144.0, w=0.6, m=4.5, a=0.0)
    doubles = linear.astype(np.float64).reshape(-1, 1)

    def theirs() -> np.ndarray:
        found: np.ndarray = flowutils.transforms.logicle(
            doubles, [0], t=shape.t, m=shape.m, w=shape.w, a=shape.a
        )
        return found[:, 0]

    taken = fastest({"cd5flow": lambda: scale(linear, shape), "flowutils": theirs}, repeats)
    each = taken["cd5flow"] / linear.size * 1e9
    yield at_least(
        f"logicle of {linear.size:,} compensated values, flowutils",
        taken["flowutils"] / taken["cd5flow"],
        8,
        f" ({each:.1f} ns a value)",
    )
    reach = np.concatenate([linear, np.linspace(-3e4, shape.t, 200_001, dtype=np.float32)])
    doubles = reach.astype(np.float64).reshape(-1, 1)
    apart = float(np.abs(scale(reach, shape) - theirs()).max())
    yield Budget(
        "logicle, apart from flowutils at most",
        f"{apart:.1e} of the display scale",
        f"at most {MOST_ERROR:g}",
        apart <= MOST_ERROR,
    )


def _spillover(fcs: FcsFile) -> Spillover:
    if fcs.spillover is None:
        raise RuntimeError(f"{fcs.path.name}: no spillover matrix")
    return fcs.spillover
