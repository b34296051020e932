"""From what was found on a tube to the sections of its result."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from cd5flow.model.findings import Finding
from cd5flow.model.geometry import Region
from cd5flow.model.panel import Panel
from cd5flow.model.populations import ALL, Gate, Gating
from cd5flow.model.result import GateSection, PanelEntry, PopulationSection
from cd5flow.model.scale import Asinh, Linear, Log, Logicle

ALWAYS = ("nucleated", "blasts", "cd5_positive")
"""Populations that every result names; those that could not be gated have no percentages."""


def panel_entries(panel: Panel) -> tuple[PanelEntry, ...]:
    """Return each channel with the marker it was taken for."""
    return tuple(
        PanelEntry(channel=c.detector, marker=panel.marker_of(c.detector), label=c.label)
        for c in panel.channels
    )


def population_sections(
    gating: Gating, *, denominator: str = "nucleated"
) -> tuple[PopulationSection, ...]:
    """Return a row a population in gating order.

    A share of the denominator is given for populations that lie within it, null for others.
    """
    whole = gating.members.get(denominator)
    rows = [_row(gate, gating, whole) for gate in gating.tree.gates]
    known = {row.name for row in rows}
    rows += [
        PopulationSection(
            name=name,
            path=f"{ALL}/{name}",
            parent=None,
            events=0,
            percent_of_parent=None,
            percent_of_denominator=None,
            gate=None,
        )
        for name in ALWAYS
        if name not in known
    ]
    return tuple(rows)


def _row(
    gate: Gate, gating: Gating, whole: np.ndarray[Any, np.dtype[np.bool_]] | None
) -> PopulationSection:
    mask = gating.members[gate.name]
    events, parent_events = int(mask.sum()), int(gating.members[gate.parent].sum())
    share = None
    if whole is not None and whole.any() and not np.any(mask & ~whole):
        share = 100 * events / int(whole.sum())
    return PopulationSection(
        name=gate.name,
        path=gating.tree.path(gate.name),
        parent=gate.parent,
        events=events,
        percent_of_parent=100 * events / parent_events if parent_events else None,
        percent_of_denominator=share,
        gate=GateSection(
            method=gate.evidence.method,
            region=describe(gate.region),
            events_seen=gate.evidence.events,
            evidence={name: float(value) for name, value in gate.evidence.values.items()},
            note=gate.evidence.note,
            why=gate.why,
            expected_percent=gate.expect_percent,
        ),
    )


def describe(region: Region) -> dict[str, Any]:
    """Return a region as plain names and numbers, its kind under ``shape``."""
    return {"shape": type(region).__name__.lower(), **_plain(region)}


def _plain(thing: object) -> Any:
    if isinstance(thing, Linear | Log | Asinh | Logicle):
        return {"type": type(thing).__name__.lower(), **dataclasses.asdict(thing)}
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return {f.name: _plain(getattr(thing, f.name)) for f in dataclasses.fields(thing)}
    if isinstance(thing, tuple):
        return [_plain(item) for item in thing]
    return thing


def words(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """Return findings as ``CODE: sentence``, each once."""
    return tuple(dict.fromkeys(f"{f.code}: {f.message}" for f in findings))
