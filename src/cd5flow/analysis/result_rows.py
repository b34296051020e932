"""Rows of a result: its panel, its populations, its findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cd5flow.gating.confidence import Rating
from cd5flow.model.findings import Finding
from cd5flow.model.names import ALL, BLASTS, CD5_POSITIVE, DENOMINATOR
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Gate, Gating
from cd5flow.model.reasons import Reason
from cd5flow.model.region_file import write_region
from cd5flow.model.result import GateSection, PanelEntry, PlaceSection, PopulationSection

NO_RATINGS: Mapping[str, Rating] = {}

ALWAYS = (DENOMINATOR, BLASTS, CD5_POSITIVE)
"""Populations that every result names; those that could not be gated have no percentages."""


def panel_entries(panel: Panel) -> tuple[PanelEntry, ...]:
    """Return each channel with the marker it was taken for."""
    return tuple(
        PanelEntry(channel=c.detector, marker=panel.marker_of(c.detector), label=c.label)
        for c in panel.channels
    )


def population_sections(
    gating: Gating, *, ratings: Mapping[str, Rating] = NO_RATINGS
) -> tuple[PopulationSection, ...]:
    """Return a row a population in gating order.

    A share of the denominator is given for populations that lie within it, null for others; so is
    a confidence for those that were rated.
    """
    whole = gating.members.get(DENOMINATOR)
    rows = [_row(gate, gating, whole, ratings.get(gate.name)) for gate in gating.tree.gates]
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
    gate: Gate,
    gating: Gating,
    whole: np.ndarray[Any, np.dtype[np.bool_]] | None,
    rating: Rating | None,
) -> PopulationSection:
    mask = gating.members[gate.name]
    events, parent_events = gating.count(gate.name) or 0, gating.count(gate.parent) or 0
    share = None
    if whole is not None and whole.any() and not np.any(mask & ~whole):
        share = 100 * events / int(np.count_nonzero(whole))
    return PopulationSection(
        name=gate.name,
        path=gating.tree.path(gate.name),
        parent=gate.parent,
        events=events,
        percent_of_parent=100 * events / parent_events if parent_events else None,
        percent_of_denominator=share,
        gate=GateSection(
            method=gate.evidence.method,
            region=write_region(gate.region),
            events_seen=gate.evidence.events,
            evidence={name: float(value) for name, value in gate.evidence.values.items()},
            note=gate.evidence.note,
            why=gate.why,
            expected_percent=gate.expect_percent,
            expected_position=tuple(
                PlaceSection(axis=p.axis, median=p.median, low=p.low, high=p.high)
                for p in gate.places
            ),
            tried=gate.evidence.tried,
            placed_by=gate.evidence.placed_by,
            unplaced_edges=gate.evidence.unplaced,
            confidence=None if rating is None else rating.confidence,
            confidence_reasons=() if rating is None else rating.reasons,
        ),
    )


def finding_reasons(findings: tuple[Finding, ...]) -> tuple[Reason, ...]:
    """Return what was found, each thing once."""
    return tuple(dict.fromkeys(finding.reason for finding in findings))
