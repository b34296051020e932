"""`cd5flow inspect`: what a file holds."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cd5flow.analysis.inspection import Inspection, as_json, gravest_first, inspect_file
from cd5flow.cli.several import each_file
from cd5flow.cli.terminal import show, table
from cd5flow.model.events import Channel, Spillover


def run(files: Sequence[Path], *, dataset: int | None, keywords: bool, json: bool) -> None:
    """Print what files hold."""

    def one(fcs: Path) -> str:
        found = inspect_file(fcs, dataset=dataset)
        if not json:
            _show(found, keywords=keywords)
            return ""
        content = as_json(found, keywords=keywords)
        return jsonlib.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    each_file(files, one, json=json)


def _show(found: Inspection, *, keywords: bool) -> None:
    for line in _lines(found):
        show(line)
    if keywords:
        _show_keywords("Keywords", found.fcs.keywords)
        if found.fcs.analysis:
            _show_keywords("Keywords of ANALYSIS", found.fcs.analysis)


def _show_keywords(title: str, keywords: Mapping[str, str]) -> None:
    show()
    show(title, style="strong")
    for line in table([[key, value] for key, value in keywords.items()], indent="  "):
        show(line)


def _lines(found: Inspection) -> Iterator[str]:
    fcs = found.fcs
    yield f"{fcs.path.name}: FCS {fcs.version}, data set {fcs.dataset} of {fcs.dataset_count}"
    if fcs.dataset_count > 1:
        rows = [["SET", "FCS", "EVENTS", "CHANNELS", ""]]
        rows += [
            [str(s.number), s.version or "?", _count(s.events), _count(s.channels), s.fault]
            for s in found.data_sets
        ]
        yield from table(rows, indent="  ")
    yield ""
    yield f"Cytometer    {fcs.cytometer or 'not stated'}"
    yield f"Acquired     {fcs.acquired or 'not stated'}"
    yield f"Events       {len(fcs.raw):,}{_rate(found)}"
    yield ""
    yield from table([_HEADING, *(_row(c, found) for c in fcs.channels)])
    yield ""
    if found.ambiguity:
        yield f"Ambiguous    {found.ambiguity}"
    cd5 = found.detector("CD5")
    if found.panel is not None:
        yield f"CD5          {cd5 or 'no channel carries CD5: % CD5 cannot be evaluated'}"
        yield from _rules(found)
    yield ""
    yield f"Compensation {found.compensation}"
    if fcs.spillover is not None:
        yield from _matrix(fcs.spillover)
    if found.findings:
        yield ""
        yield "Findings"
        for finding in gravest_first(found.findings):
            yield f"  {finding.severity.value:<4} {finding.code}: {finding.message}"


_HEADING = ["NO", "DETECTOR", "LABEL", "MARKER", "RANGE", "BITS", "LOG", "GAIN", "VOLTAGE"]


def _row(channel: Channel, found: Inspection) -> list[str]:
    taken = found.marker(channel.detector)
    named = "+".join(found.read_as[channel.detector])
    # A question mark: its label says so, but the panel as a whole is not settled.
    marker = taken or (f"{named}?" if found.panel is None and named else "-")
    decades, at_zero = channel.amplification
    return [
        str(channel.index + 1),
        channel.detector,
        channel.label or "-",
        marker,
        f"{channel.range:,.10g}",
        str(channel.bits),
        f"{decades:g},{at_zero:g}" if channel.logarithmic else "-",
        f"{channel.gain:g}",
        "-" if channel.voltage is None else f"{channel.voltage:g}",
    ]


def _rules(found: Inspection) -> Iterator[str]:
    """Say which lineage rules the panel allows."""
    yield "Lineage rules of the strategy, in order"
    for rule in found.rules:
        if rule.open:
            words = "the panel allows it"
        elif rule.missing:
            words = f"needs {', '.join(need.replace('|', ' or ') for need in rule.missing)}"
        else:
            words = f"not used with {', '.join(rule.excluded_by)}"
        yield f"  {rule.lineage}: {words}"


def _rate(found: Inspection) -> str:
    if found.events_per_second is None or found.duration_seconds is None:
        return ", length of the run unknown"
    return (
        f" in {found.duration_seconds:,.1f} s ({found.duration_source}), "
        f"{found.events_per_second:,.0f} a second"
    )


def _matrix(spillover: Spillover) -> Iterator[str]:
    """Show the matrix in percent, a row a dye."""
    condition = spillover.condition_number
    yield (
        f"Spillover    {spillover.source}, {len(spillover.detectors)} channels, "
        f"condition number {condition:.3g}; percent, a row a dye"
    )
    rows = [["", *spillover.detectors]]
    rows += [
        [detector, *(f"{100 * value:.4g}" for value in row)]
        for detector, row in zip(spillover.detectors, spillover.matrix.tolist(), strict=True)
    ]
    yield from table(rows, indent="  ")


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"
