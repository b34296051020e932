"""An FCS file as read: events, keywords, and what was tolerated on the way."""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from cd5flow.errors import FcsError, FileAccessError, OptionError
from cd5flow.fcs.data import Decoded, decode, undo_amplification
from cd5flow.fcs.header import Header, begins_data_set, read_header
from cd5flow.fcs.layout import Kind, Layout, linear_maximum, read_channels, read_layouts
from cd5flow.fcs.locate import locate
from cd5flow.fcs.source import Source, open_source
from cd5flow.fcs.spillover import read_spillover
from cd5flow.fcs.text import given, integer, number, read_text
from cd5flow.fcs.timestamps import acquired
from cd5flow.model.events import Channel, RawEvents, Spillover, Values
from cd5flow.model.findings import Finding, Severity

_MOST_DATA_SETS: Final = 64
_HASH_BLOCK: Final = 1 << 20


@dataclass(frozen=True, eq=False)
class FcsFile:
    """One data set of an FCS file.

    Attributes:
        path: where it was read from.
        version: of FCS, as HEADER says: ``2.0`` to ``3.2``.
        dataset: which data set of the file this is, from 1.
        dataset_count: how many the file holds.
        raw: events in linear units, not compensated; Time in ticks.
        keywords: TEXT; upper-case keyword, with its ``$`` where it has one, to value.
        spillover: the matrix that the file carries; None where it has none that can be used.
        acquired: when acquisition began, ISO 8601; None where the file does not say.
        cytometer: ``$CYT``.
        findings: faults that were tolerated, and how each was settled.
    """

    path: Path
    version: str
    dataset: int
    dataset_count: int
    raw: RawEvents
    keywords: dict[str, str]
    spillover: Spillover | None
    acquired: str | None
    cytometer: str | None
    findings: tuple[Finding, ...]

    @property
    def events(self) -> Values:
        """The values: (n_events, n_channels) float32, linear units, read-only."""
        return self.raw.values

    @property
    def channels(self) -> tuple[Channel, ...]:
        """One per column of ``events``."""
        return self.raw.channels

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the whole file, computed when first asked.

        Raises:
            FileAccessError: the file cannot be read any more.
        """
        digest = hashlib.sha256()
        try:
            with self.path.open("rb", buffering=0) as stream:
                while block := stream.read(_HASH_BLOCK):
                    digest.update(block)
        except OSError as error:
            raise FileAccessError(f"{self.path}: cannot be read ({error.strerror})") from error
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _DataSet:
    """HEADER and TEXT of one data set."""

    offset: int
    header: Header
    keywords: dict[str, str]
    findings: tuple[Finding, ...]

    @property
    def resolution(self) -> tuple[bool, bool, float]:
        """What the choice between data sets goes by: events, FCS 3, the steps of its channels."""
        count = integer(self.keywords["$PAR"]) or 0
        steps = [
            number(self.keywords.get(f"$P{n}R")) or 0.0
            for n in range(1, min(count, len(self.keywords)) + 1)
            if "TIME" not in self.keywords.get(f"$P{n}N", "").upper()
        ]
        holds_events = integer(self.keywords.get("$TOT")) != 0
        return holds_events, self.header.version >= "3", max(steps, default=0.0)

    @property
    def labelled(self) -> bool:
        """Whether a channel has a ``$PnS`` that says more than its ``$PnN``."""
        return any(
            label and label != self.keywords.get(key[:-1] + "N")
            for key, label in self.keywords.items()
            if re.fullmatch(r"\$P[0-9]+S", key)
        )


def read_fcs(path: str | os.PathLike[str], *, dataset: int | None = None) -> FcsFile:
    """Read one data set of an FCS file (2.0 to 3.2, list mode).

    Args:
        path: the file.
        dataset: which data set, from 1; by default the one in FCS 3 with the finest channels
            (``.lmd`` files repeat the events at 10 and at 20 bits), the first among equals.

    Raises:
        FileAccessError: the file is absent, a folder, or may not be read.
        NotFcsError: it is something else.
        FcsCorruptError: it contradicts itself.
        FcsTruncatedError: it ends before its events do.
        FcsUnsupportedError: a valid variant that is not read.
        OptionError: it has no such data set.
    """
    path = Path(path)
    with open_source(path) as source:
        sets, findings = _data_sets(source)
        if dataset is None:
            chosen = max(range(len(sets)), key=lambda i: (sets[i].resolution, -i))
        elif 1 <= dataset <= len(sets):
            chosen = dataset - 1
        else:
            raise OptionError(
                f"{source.name}: has no data set {dataset}, expected 1 to {len(sets)}"
            )
        if len(sets) > 1 and dataset is None:
            findings.append(_choice(sets, chosen))
        try:
            read = _read(path, source, sets[chosen])
        except FcsError as error:
            if len(sets) == 1:
                raise
            which = f"data set {chosen + 1} of {len(sets)}"
            raise type(error)(f"{error.message} ({which})") from error
    return replace(
        read,
        dataset=chosen + 1,
        dataset_count=len(sets),
        findings=(*findings, *read.findings),
    )


def _data_sets(source: Source) -> tuple[list[_DataSet], list[Finding]]:
    """Read HEADER and TEXT of every data set."""
    sets: list[_DataSet] = []
    findings: list[Finding] = []
    offset: int | None = 0
    while offset is not None and len(sets) < _MOST_DATA_SETS:
        try:
            header = read_header(source, offset)
            text = read_text(source, offset, header)
        except FcsError as error:
            if not sets:
                raise
            message = f"data set {len(sets) + 1} cannot be read: {error.message}"
            findings.append(Finding("DATA_SET_UNREADABLE", Severity.WARN, message))
            break
        sets.append(
            _DataSet(offset=offset, header=header, keywords=text.keywords, findings=text.findings)
        )
        step = integer(text.keywords.get("$NEXTDATA")) or 0
        # The standard counts from this data set, some instruments from the start of the file.
        targets = [at for at in (offset + step, step) if step and at > offset]
        offset = next((at for at in targets if begins_data_set(source, at)), None)
        if targets and offset is None:
            message = f"$NEXTDATA is {step:,}, where no data set begins; ignored"
            findings.append(Finding("NEXTDATA", Severity.INFO, message))
    return sets, findings


def _choice(sets: Sequence[_DataSet], chosen: int) -> Finding:
    equal = [i for i, each in enumerate(sets) if each.resolution == sets[chosen].resolution]
    if len(equal) > 1:
        message = (
            f"the file holds {len(sets)} data sets, {len(equal)} of them alike; "
            f"the first of these ({chosen + 1}) was read"
        )
        return Finding("SEVERAL_DATA_SETS", Severity.WARN, message)
    _, _, steps = sets[chosen].resolution
    message = (
        f"the file holds {len(sets)} data sets; {chosen + 1} was read, "
        f"which has the finest channels (FCS {sets[chosen].header.version}, {steps:,.0f} steps)"
    )
    labelled = [str(i) for i, each in enumerate(sets, start=1) if each.labelled]
    if labelled and not sets[chosen].labelled:
        message = f"{message}; the channels of {', '.join(labelled)} have labels, its own have none"
        return Finding("SEVERAL_DATA_SETS", Severity.WARN, message)
    return Finding("SEVERAL_DATA_SETS", Severity.INFO, message)


def _read(path: Path, source: Source, data_set: _DataSet) -> FcsFile:
    keywords = data_set.keywords
    layouts = read_layouts(keywords, name=source.name)
    located = locate(source, data_set.offset, data_set.header, keywords, layouts)
    channels, about_channels = read_channels(keywords, located.layout)
    decoded = decode(
        source,
        begin=located.begin,
        layout=located.layout,
        events=located.events,
        undo=undo_amplification(channels, located.layout, events=located.events),
    )
    channels = _with_ranges(channels, decoded)
    timestep, about_time = _timestep(keywords, channels)
    spillover, about_spillover = read_spillover(keywords, channels)
    return FcsFile(
        path=path,
        version=data_set.header.version,
        dataset=1,
        dataset_count=1,
        raw=RawEvents(values=decoded.values, channels=channels, timestep_seconds=timestep),
        keywords=keywords,
        spillover=spillover,
        acquired=acquired(keywords),
        cytometer=given(keywords, "$CYT"),
        findings=(
            *data_set.findings,
            *located.findings,
            *about_channels,
            *about_time,
            *_about_values(decoded, located.layout),
            *about_spillover,
        ),
    )


def _with_ranges(channels: tuple[Channel, ...], decoded: Decoded) -> tuple[Channel, ...]:
    """Give floats without a range the power of two that holds their values, at least 1024."""
    ranged = []
    for channel in channels:
        if math.isnan(channel.range):
            column = decoded.values[:, channel.index]
            # A column that is not finite has no largest value to go by.
            top = float(column.max(initial=0.0)) * channel.gain
            steps = 2.0 ** max(10, math.ceil(math.log2(top))) if 1 < top < 1e38 else 1024.0
            known = replace(channel, range=steps)
            ranged.append(replace(known, maximum=linear_maximum(known)))
        else:
            ranged.append(channel)
    return tuple(ranged)


def _timestep(
    keywords: Mapping[str, str], channels: Sequence[Channel]
) -> tuple[float | None, tuple[Finding, ...]]:
    findings = []
    written = given(keywords, "$TIMESTEP")
    timestep = number(written)
    if written is not None and (timestep is None or timestep <= 0):
        message = f"$TIMESTEP is {written[:40]!r}, expected seconds per tick; not used"
        findings.append(Finding("TIMESTEP_UNREADABLE", Severity.WARN, message))
        timestep = None
    halves = [c.detector for c in channels if c.detector.upper().endswith(("MSW", "LSW"))]
    if len(halves) == 2 and not any(channel.is_time for channel in channels):
        message = f"Time is split over {' and '.join(halves)}; it is not put together"
        findings.append(Finding("TIME_SPLIT", Severity.WARN, message))
    return timestep, tuple(findings)


def _about_values(decoded: Decoded, layout: Layout) -> tuple[Finding, ...]:
    if not decoded.not_finite or all(column.kind is Kind.INTEGER for column in layout.columns):
        return ()
    message = f"DATA holds {decoded.not_finite:,} values that are NaN or infinite"
    return (Finding("NOT_FINITE", Severity.WARN, message),)
