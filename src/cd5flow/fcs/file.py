"""An FCS file as read: events, keywords, and what was tolerated on the way."""

from __future__ import annotations

import hashlib
import math
import os
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from cd5flow.errors import FcsError, FileAccessError
from cd5flow.fcs.clock import read_timestep
from cd5flow.fcs.data import Decoded, decode, undo_amplification
from cd5flow.fcs.datasets import (
    DataSet,
    choose_data_set,
    completed,
    describe,
    read_data_sets,
)
from cd5flow.fcs.layout import Layout, ValueKind, linear_maximum
from cd5flow.fcs.source import Source, open_source
from cd5flow.fcs.spillover import read_spillover
from cd5flow.fcs.text import given, read_analysis
from cd5flow.fcs.timestamps import acquired
from cd5flow.model.events import Channel, RawEvents, Spillover, Values
from cd5flow.model.findings import Finding, info, warning
from cd5flow.model.opening import open_regular

_HASH_BLOCK: Final = 1 << 20
_VAST_RANGE: Final = 2.0**24
_FAR: Final = 64.0
"""A range of `_VAST_RANGE` or more and so many times the largest value of the file says nothing."""


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
        analysis: the keywords of ANALYSIS, as of TEXT; empty where the file has none.
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
    analysis: dict[str, str] = field(default_factory=dict)

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
        begun: Future[str] | None = self.__dict__.pop("_begun", None)
        return _sha256(self.path) if begun is None else begun.result()

    def begin_sha256(self) -> None:
        """Compute `sha256` beside what follows, so that who asks for it later need not wait."""
        if not {"sha256", "_begun"} & self.__dict__.keys():
            beside = ThreadPoolExecutor(1)
            self.__dict__["_begun"] = beside.submit(_sha256, self.path)
            beside.shutdown(wait=False)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with open_regular(path) as stream:
            while block := stream.read(_HASH_BLOCK):
                digest.update(block)
    except OSError as error:
        raise FileAccessError(f"{path}: cannot be read ({error.strerror})") from error
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class DataSetSummary:
    """One data set of a file, without its events.

    Attributes:
        number: from 1.
        version: of FCS.
        events: how many; None where it cannot be read.
        channels: how many; None likewise.
        fault: why it cannot be read; empty where it can.
    """

    number: int
    version: str
    events: int | None
    channels: int | None
    fault: str = ""


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
        sets, findings = read_data_sets(source)
        chosen, why = choose_data_set(sets, dataset, name=source.name)
        data_set, about = completed(sets, chosen)
        try:
            read = _read(path, source, data_set)
        except FcsError as error:
            if len(sets) == 1:
                raise
            which = f"data set {chosen + 1} of {len(sets)}"
            raise type(error)(f"{error.message} ({which})") from error
    return replace(
        read,
        dataset=chosen + 1,
        dataset_count=len(sets),
        findings=(*findings, *why, *about, *read.findings),
    )


def summarise_data_sets(path: str | os.PathLike[str]) -> tuple[DataSetSummary, ...]:
    """Return what the data sets of a file hold; one whose events cannot be found says why.

    Raises:
        FileAccessError: the file is absent, a folder, or may not be read.
        FcsError: the first data set has no HEADER or TEXT that can be read.
    """
    with open_source(Path(path)) as source:
        sets, _ = read_data_sets(source)
        return tuple(_summary(source, each, number) for number, each in enumerate(sets, start=1))


def _summary(source: Source, data_set: DataSet, number: int) -> DataSetSummary:
    version = data_set.header.version
    try:
        found = describe(source, data_set)
    except FcsError as error:
        return DataSetSummary(number, version, None, None, error.message)
    return DataSetSummary(number, version, found.located.events, len(found.channels))


def _read(path: Path, source: Source, data_set: DataSet) -> FcsFile:
    keywords = data_set.keywords
    found = describe(source, data_set)
    layout, events = found.located.layout, found.located.events
    decoded = decode(
        source,
        begin=found.located.begin,
        layout=layout,
        events=events,
        undo=undo_amplification(found.channels, layout, events=events),
        clock=found.clock,
    )
    channels, about_ranges = _with_ranges(found.channels, decoded, layout)
    timestep, about_time = read_timestep(keywords, name=path.name)
    spillover, about_spillover = read_spillover(keywords, found.stored)
    analysis, about_analysis = read_analysis(source, data_set.offset, data_set.header, keywords)
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
            *found.findings,
            *about_ranges,
            *about_time,
            *_about_values(decoded, layout),
            *about_spillover,
            *about_analysis,
        ),
        analysis=analysis,
    )


def _with_ranges(
    channels: tuple[Channel, ...], decoded: Decoded, layout: Layout
) -> tuple[tuple[Channel, ...], tuple[Finding, ...]]:
    """Give floats whose range is unknown, or tells nothing, one from the values.

    Without a range it is the power of two that holds the channel's values. A range far above every
    value of the file is no end of a scale (some programs write 2**30, or the largest number there
    is): it becomes the power of two that holds the file's values, as programs of one range for all
    channels write it. Both are at least 1024.
    """
    floats = {n for n, c in enumerate(layout.columns) if c.kind is not ValueKind.INTEGER}
    vast = [c for c in channels if c.index in floats and not c.is_time and c.range >= _VAST_RANGE]
    top = _top(channels, decoded, floats) if vast else 0.0
    far = {c.index for c in vast if top > 0 and c.range > _FAR * top}
    ranged = list(channels)
    for channel in channels:
        if math.isnan(channel.range) or channel.index in far:
            column = decoded.values[:, channel.index]
            # A column that is not finite has no largest value to go by.
            own = float(column.max(initial=0.0)) * channel.gain
            steps = _power_of_two(top if channel.index in far else own)
            known = replace(channel, range=steps)
            ranged[channel.index] = replace(known, maximum=linear_maximum(known))
    if not far:
        return tuple(ranged), ()
    told = [f"{c.detector} ({c.range:g})" for c in vast if c.index in far]
    shown = [*told[:5], f"{len(told) - 5} more"] if len(told) > 5 else told
    return tuple(ranged), (info("RANGE_FAR", channels=shown, taken=_power_of_two(top)),)


def _top(channels: tuple[Channel, ...], decoded: Decoded, floats: set[int]) -> float:
    """Return the largest finite value as stored, of all float channels but Time."""
    largest = 0.0
    for channel in channels:
        if channel.index in floats and not channel.is_time and len(decoded.values):
            column = decoded.values[:, channel.index]
            most = float(column.max())
            if not math.isfinite(most):
                finite = column[np.isfinite(column)]
                most = float(finite.max(initial=0.0))
            largest = max(largest, most * channel.gain)
    return largest


def _power_of_two(top: float) -> float:
    return 2.0 ** max(10, math.ceil(math.log2(top))) if 1 < top < 1e38 else 1024.0


def _about_values(decoded: Decoded, layout: Layout) -> tuple[Finding, ...]:
    if not decoded.not_finite or all(column.kind is ValueKind.INTEGER for column in layout.columns):
        return ()
    return (warning("NOT_FINITE", case="in_file", values=decoded.not_finite),)
