"""What an FCS file holds, as far as an analyst must know to set up a panel: nothing is gated."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cd5flow.config.shipped import markers_file, strategy_file
from cd5flow.errors import PanelError
from cd5flow.fcs import DataSetSummary, FcsFile, read_fcs, summarise_data_sets
from cd5flow.fcs.timestamps import elapsed_seconds
from cd5flow.gating.strategy import Strategy, load_strategy
from cd5flow.model.events import Channel, RawEvents, Spillover
from cd5flow.model.findings import Finding, Severity
from cd5flow.model.names import READOUT, shown_name
from cd5flow.model.panel import Panel
from cd5flow.preprocess.compensation import choose_spillover
from cd5flow.preprocess.labels import MarkerAliases, load_aliases
from cd5flow.preprocess.panel import find_panel, markers_named

DEFAULT_STRATEGY = "t-all-relapse"
"""Whose limits and lineage rules a tube is held against."""

SCHEMA = "cd5flow.inspection/1"


@dataclass(frozen=True, slots=True)
class RuleInspection:
    """A lineage rule of the strategy, and what the tube lacks for it.

    Attributes:
        lineage: the rule in words.
        missing: markers that it needs, ``A|B`` being either.
        excluded_by: markers with which another rule goes before it.
    """

    lineage: str
    missing: tuple[str, ...]
    excluded_by: tuple[str, ...]

    @property
    def open(self) -> bool:
        """Whether the panel allows it."""
        return not self.missing and not self.excluded_by


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in a file.

    Attributes:
        fcs: the data set that is read by default, or that was asked for.
        data_sets: every data set.
        panel: which channel carries which marker; None where that is ambiguous.
        ambiguity: what is ambiguous and how to settle it; empty where nothing is.
        read_as: detector to the markers that its own label names, for ambiguous panels too.
        compensation: what is known of the spillover.
        duration_seconds: length of the run; None where the file does not tell.
        duration_source: what it was taken from; empty where it is unknown.
        rules: the lineage rules of the strategy.
        findings: everything noticed.
    """

    fcs: FcsFile
    data_sets: tuple[DataSetSummary, ...]
    panel: Panel | None
    ambiguity: str
    read_as: dict[str, tuple[str, ...]]
    compensation: str
    duration_seconds: float | None
    duration_source: str
    rules: tuple[RuleInspection, ...]
    findings: tuple[Finding, ...]

    @property
    def events_per_second(self) -> float | None:
        """The mean rate; None where the length of the run is unknown."""
        if not self.duration_seconds:
            return None
        return len(self.fcs.raw) / self.duration_seconds

    def marker(self, detector: str) -> str | None:
        """Return the marker that a channel was taken for."""
        return None if self.panel is None else self.panel.marker_of(detector)

    def detector(self, marker: str) -> str | None:
        """Return the channel taken for a marker."""
        return None if self.panel is None else self.panel.markers.get(marker)


def inspect_file(path: Path, *, dataset: int | None = None) -> Inspection:
    """Look at a file. An ambiguous panel is shown, not refused.

    Args:
        path: the file.
        dataset: which data set, from 1; by default the one that `read_fcs` takes.

    Raises:
        InputError: the file cannot be read.
        OptionError: no such data set.
    """
    fcs = read_fcs(path, dataset=dataset)
    rules = load_strategy(strategy_file(DEFAULT_STRATEGY)).value
    aliases = load_aliases(markers_file())
    panel, ambiguity = _panel(fcs, rules, aliases)
    compensation, findings = _compensation(fcs, panel, rules)
    seconds, source = _duration(fcs)
    return Inspection(
        fcs=fcs,
        data_sets=summarise_data_sets(path),
        panel=panel,
        ambiguity=ambiguity,
        read_as={c.detector: markers_named(c, aliases) for c in fcs.channels},
        compensation=compensation,
        duration_seconds=seconds,
        duration_source=source,
        rules=() if panel is None else tuple(_rules(panel, rules)),
        findings=(*fcs.findings, *(() if panel is None else panel.findings), *findings),
    )


def _panel(fcs: FcsFile, rules: Strategy, aliases: MarkerAliases) -> tuple[Panel | None, str]:
    try:
        return find_panel(fcs.channels, aliases=aliases, overrides=rules.markers), ""
    except PanelError as refused:
        return None, refused.message


def _compensation(
    fcs: FcsFile, panel: Panel | None, rules: Strategy
) -> tuple[str, tuple[Finding, ...]]:
    """Return what is known of the spillover; markers do not matter for most of it."""
    named = panel or Panel(channels=fcs.channels, markers={}, labels={})
    choice = choose_spillover(
        fcs.spillover, fcs.raw, named, max_condition=rules.compensation.max_condition_number
    )
    return choice.state.value, choice.findings


def _duration(fcs: FcsFile) -> tuple[float | None, str]:
    """Return the seconds of the run and what tells them: its ticks, else the clock on the wall."""
    ticked = _ticked_seconds(fcs.raw)
    if ticked is not None:
        return ticked, "Time channel"
    elapsed = elapsed_seconds(fcs.keywords)
    return elapsed, "" if elapsed is None else "begin and end of acquisition"


def _ticked_seconds(raw: RawEvents) -> float | None:
    """Return the time between the first and the last event, in seconds."""
    if raw.time is None or raw.timestep_seconds is None:
        return None
    ticks = raw.values[:, raw.time.index]
    ticks = ticks[np.isfinite(ticks)]
    if not ticks.size:
        return None
    seconds = (float(ticks.max()) - float(ticks.min())) * raw.timestep_seconds
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _rules(panel: Panel, strategy: Strategy) -> Iterator[RuleInspection]:
    def there(need: str) -> bool:
        return any(panel.has(marker) for marker in need.split("|"))

    for path in strategy.paths:
        yield RuleInspection(
            path.lineage,
            missing=tuple(need for need in path.needs if not there(need)),
            excluded_by=tuple(marker for marker in path.unless if there(marker)),
        )


def as_json(found: Inspection, *, keywords: bool = False) -> dict[str, Any]:
    """Return an inspection as plain names and numbers; unknown is None."""
    fcs = found.fcs
    plain: dict[str, Any] = {
        "schema": SCHEMA,
        "file": shown_name(fcs.path.name),
        "sha256": fcs.sha256,
        "dataset": fcs.dataset,
        "data_sets": [
            {
                "number": one.number,
                "version": one.version,
                "events": one.events,
                "channels": one.channels,
                "fault": one.fault or None,
            }
            for one in found.data_sets
        ],
        "acquisition": {
            "cytometer": fcs.cytometer,
            "acquired": fcs.acquired,
            "events": len(fcs.raw),
            "duration_seconds": found.duration_seconds,
            "duration_source": found.duration_source or None,
            "events_per_second": found.events_per_second,
        },
        "channels": [_channel_json(channel, found) for channel in fcs.channels],
        "ambiguity": found.ambiguity or None,
        "cd5": found.detector(READOUT),
        "lineage_rules": [
            {
                "lineage": rule.lineage,
                "open": rule.open,
                "missing": list(rule.missing),
                "excluded_by": list(rule.excluded_by),
            }
            for rule in found.rules
        ],
        "spillover": None if fcs.spillover is None else _spillover_json(fcs.spillover),
        "compensation": found.compensation,
        "findings": [
            {"code": f.code, "severity": f.severity.value, "message": f.message}
            for f in found.findings
        ],
    }
    if keywords:
        plain["keywords"] = dict(fcs.keywords)
        plain["analysis"] = dict(fcs.analysis)
    return plain


def _channel_json(channel: Channel, found: Inspection) -> dict[str, Any]:
    return {
        "number": channel.index + 1,
        "detector": channel.detector,
        "label": channel.label,
        "marker": found.marker(channel.detector),
        "read_as": list(found.read_as[channel.detector]),
        "bits": channel.bits,
        "range": _finite(channel.range),
        "maximum": _finite(channel.maximum),
        "amplification": list(channel.amplification),
        "gain": channel.gain,
        "voltage": channel.voltage,
    }


def _spillover_json(spillover: Spillover) -> dict[str, Any]:
    return {
        "source": spillover.source,
        "detectors": list(spillover.detectors),
        "matrix": spillover.matrix.tolist(),
        "condition_number": _finite(spillover.condition_number),
    }


def _finite(value: float) -> float | None:
    """Return a number that JSON can say: None for one beyond all bounds."""
    return value if math.isfinite(value) else None


def gravest_first(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return findings, the gravest first."""
    order = (Severity.FAIL, Severity.WARN, Severity.INFO)
    return tuple(sorted(findings, key=lambda f: order.index(f.severity)))
