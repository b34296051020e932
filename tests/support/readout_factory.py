"""CD5 read-outs, control tubes and gated tubes small enough to count by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from cd5flow.fcs import FcsFile
from cd5flow.model.events import Channel, CompensatedEvents, Mask, RawEvents, Spillover
from cd5flow.model.findings import Finding
from cd5flow.model.geometry import Boolean, Operand, Region
from cd5flow.model.limits import Cd5Limits
from cd5flow.model.members import Members
from cd5flow.model.names import ALL
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Evidence, Gate, GateTree, Gating
from cd5flow.model.reasons import written
from cd5flow.model.scale import Logicle
from cd5flow.preprocess.transforms import Columns, inverse, scale
from cd5flow.quantify.cd5 import Cd5Axis
from cd5flow.quantify.cuts import ControlSignal, NegativeReference, Readout, Signal
from support.lineage_factory import PROVEN

TOP = 262_144.0
CENTRE, SPREAD = 100.0, 50.0
"""Where the negatives lie, and their SD, in linear units."""
CUT = CENTRE + 2.33 * SPREAD
"""The internal negative cut over them."""
BRIGHT = 20_000.0
"""CD5 of normal T cells: 199 stain-index units above the negatives."""
_SCALE = Logicle(t=TOP, w=0.5)

AXIS = Cd5Axis(
    "PE-A",
    lambda values: scale(values, _SCALE),
    lambda place: float(inverse(np.array([place]), _SCALE)[0]),
)

_LIMITS: dict[str, Any] = {
    "evaluable_blasts": 50,
    "definite_blasts": 100,
    "bright_events": 100,
    "bright_blasts_percent": 0.5,
    "t_cell_events": 50,
    "reagent_t_cells": 200,
    "background_events": 50,
    "fmo_t_median_share": 0.25,
    "bright_stain_index": 5,
    "fmo_quantile_percent": 99,
    "fmo_band_quantiles_percent": [98, 99.5],
    "fmo_blasts": 500,
    "fmo_t_positive_percent": 20,
    "references": ["nk_cells", "granulocytes"],
    "reference_events": 200,
    "reference_spreads": 2.33,
    "band_decades": 0.1,
    "internal_band_decades": 0.2,
    "disagreement_decades": 0.2,
    "valley_depth": 0.5,
    "fixed_cut_linear": None,
    "interval": "wilson",
    "resamples": 200,
    "etp_percent": 75,
    "stain": {"expected_index": None, "margin": 1},
    "neighbours": {
        "mature": ["t_landmark", "t_cells", "lymphocytes"],
        "axis": "CD45",
        "lineage": ["cyCD3", "CD3", "CD7"],
        "events": 20,
        "floor_part": 0.17,
        "noise": 1.64,
    },
    "pattern": {
        "negative_percent": 10,
        "partial_valley_depth": 0.3,
        "partial_percent": 5,
        "bright_decades": 0.6,
        "bright_above_cut_decades": 1.0,
        "heterogeneous_decades": 1.2,
    },
}


def cd5_limits(**changes: Any) -> Cd5Limits:
    """Return limits as the shipped strategies state them, some of them changed."""
    return Cd5Limits.model_validate({**_LIMITS, **changes})


def spread(
    n: int, centre: float = CENTRE, sd: float = SPREAD, *, decades: bool = False
) -> npt.NDArray[np.float32]:
    """Return n evenly spaced quantiles of a normal: its median is `centre`, nothing is random.

    Args:
        n: how many.
        centre: the median, linear units.
        sd: the SD; in decades where `decades` (a lognormal).
        decades: see above.
    """
    deviates = ndtri((np.arange(n) + 0.5) / n) * sd
    values = centre * 10**deviates if decades else centre + deviates
    return np.asarray(values, dtype=np.float32)


def at(*groups: tuple[int, float]) -> npt.NDArray[np.float32]:
    """Return (how many, at which value) piles, one after the other."""
    piles = [np.full(n, value, dtype=np.float32) for n, value in groups]
    return np.concatenate(piles) if piles else np.empty(0, dtype=np.float32)


def share_of(positive: int, n: int) -> npt.NDArray[np.float32]:
    """Return n blasts, `positive` of which lie far above every cut and the rest far below."""
    return at((positive, 1e4), (n - positive, -100.0))


def readout(
    blasts: Signal,
    *,
    t_cells: Signal | None = None,
    references: Sequence[NegativeReference] | None = None,
    background: Mapping[str, Signal] | None = None,
    controls: Sequence[ControlSignal] = (),
    others: Signal | None = None,
) -> Readout:
    """Return a read-out with 200 CD5-bright T cells and 1,000 negatives unless told otherwise."""
    if references is None:
        references = (NegativeReference("nk_cells", spread(1000)),)
    return Readout(
        blasts=blasts,
        t_cells=at((200, BRIGHT)) if t_cells is None else t_cells,
        references=tuple(references),
        background={} if background is None else background,
        controls=tuple(controls),
        others=at() if others is None else others,
    )


def fmo_signal(centre: float = CENTRE, sd: float = SPREAD, n: int = 2000) -> ControlSignal:
    """Return an accepted FMO whose blasts are spread about a centre."""
    return ControlSignal("fmo", spread(n, centre, sd))


_CHANNELS: tuple[tuple[str, str | None], ...] = (
    ("FSC-A", None),
    ("PE-A", "CD5"),
    ("APC-A", "CD45"),
    ("Time", None),
)


def channel(index: int, detector: str, label: str | None = None, **changes: Any) -> Channel:
    """Return a linear channel of 262,144 steps."""
    plain = Channel(
        index=index, detector=detector, label=label, bits=32, range=TOP, maximum=TOP, voltage=500.0
    )
    return replace(plain, **changes)


def channels(**changes: Mapping[str, Any]) -> tuple[Channel, ...]:
    """Return FSC-A, PE-A (CD5), APC-A (CD45), Time; ``PE_A={"voltage": 1}`` changes one."""
    return tuple(
        replace(channel(i, detector, label), **changes.get(detector.replace("-", "_"), {}))
        for i, (detector, label) in enumerate(_CHANNELS)
    )


def spillover_of(coefficient: float = 0.1) -> Spillover:
    """Return a matrix of PE-A and APC-A."""
    matrix = np.array([[1.0, coefficient], [0.02, 1.0]])
    return Spillover(("PE-A", "APC-A"), matrix, "$SPILLOVER")


def fcs_file(
    folder: Path,
    name: str = "tube.fcs",
    *,
    content: bytes | None = None,
    acquired: str | None = "2026-01-12T09:30:00",
    spillover: Spillover | None = None,
    of: tuple[Channel, ...] | None = None,
) -> FcsFile:
    """Return a file as it was read; its bytes (for the hash) are its name unless given."""
    path = folder / name
    path.write_bytes(name.encode() if content is None else content)
    layout = channels() if of is None else of
    return FcsFile(
        path=path,
        version="3.1",
        dataset=1,
        dataset_count=1,
        raw=RawEvents(np.zeros((1, len(layout)), dtype=np.float32), layout, 0.01),
        keywords={},
        spillover=spillover_of() if spillover is None else spillover,
        acquired=acquired,
        cytometer=None,
        findings=(),
    )


def raw_events(timestep_seconds: float | None = 0.01, **columns: npt.ArrayLike) -> RawEvents:
    """Return events with one channel a keyword; ``_`` in a name stands for ``-``."""
    values = np.asfortranarray(
        np.column_stack([np.asarray(c, dtype=np.float32) for c in columns.values()])
    )
    layout = tuple(channel(i, name.replace("_", "-")) for i, name in enumerate(columns))
    return RawEvents(values, layout, timestep_seconds)


def columns_of(raw: RawEvents) -> Columns:
    """Return uncompensated columns of events."""
    return Columns(CompensatedEvents(raw=raw, compensated={}, spillover=None))


def panel_of(raw: RawEvents, **markers: str) -> Panel:
    """Return a panel: marker to detector."""
    return Panel(channels=raw.channels, markers=dict(markers), labels={})


def members_of(events: int, **rows: Sequence[int]) -> dict[str, Mask]:
    """Return masks over `events` events, one a keyword, from row numbers."""
    members: dict[str, Mask] = {ALL: np.ones(events, dtype=np.bool_)}
    for name, inside in rows.items():
        mask = np.zeros(events, dtype=np.bool_)
        mask[np.asarray(inside, dtype=np.intp)] = True
        members[name] = mask
    return members


def given_gate(
    name: str,
    parent: str = ALL,
    *,
    region: Region | None = None,
    method: str = "given",
    values: Mapping[str, float] | None = None,
    note: str = "",
) -> Gate:
    """Return a gate whose region does not matter, unless one is given."""
    everyone = Boolean("and", (Operand(ALL),))
    evidence = Evidence(method, 0, {} if values is None else values, written(note))
    return Gate(name, parent, everyone if region is None else region, evidence)


def gating_of(
    members: Mapping[str, Mask],
    *gates: Gate,
    cluster: bool = True,
    findings: Sequence[Finding] = (),
) -> Gating:
    """Return a gated tube; the masks need not follow from the gates."""
    return Gating(
        tree=GateTree(tuple(gates)),
        members=Members(members),
        findings=tuple(findings),
        lineage=replace(PROVEN, cluster=cluster),
        denominator_rule="CD45+",
    )
