"""The clock of a run: the length of a tick, and ticks that are stored as two words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cd5flow.fcs.layout import Layout, StoredColumn, ValueKind
from cd5flow.fcs.text import within
from cd5flow.model.events import TIME_NAMES, Channel
from cd5flow.model.findings import Finding, info, warning

_NAMES: Final = ("Time", *TIME_NAMES)
_TICKS: Final = (1e-12, 3600.0)  # seconds; instruments write 1e-6 to 1
_WIDEST: Final = 2.0**32


@dataclass(frozen=True, slots=True)
class SplitClock:
    """A clock whose ticks stand in two channels, as most and as least significant word.

    Attributes:
        high: index of the column that holds the most significant word.
        low: index of the other.
        steps: ticks in one step of the high word: how many values the low word can have.
        origin: the high word from which it is counted, that of the first event: ticks are single
            precision, which a clock that has run for days would use up.
    """

    high: int
    low: int
    steps: float
    origin: float = 0.0

    def counted_from(self, origin: float) -> SplitClock:
        """Return the clock with another origin."""
        return replace(self, origin=origin if math.isfinite(origin) else 0.0)

    def ticks(self, high: npt.NDArray[Any], low: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return the ticks of events, from their two words."""
        counted: npt.NDArray[np.float64] = high.astype(np.float64)
        counted -= self.origin
        counted *= self.steps
        counted += low
        return counted


def read_timestep(
    keywords: Mapping[str, str], *, name: str
) -> tuple[float | None, tuple[Finding, ...]]:
    """Return the seconds of a tick (``$TIMESTEP``); None where the file does not say.

    Raises:
        FcsCorruptError: a number that no clock has.
    """
    written = keywords.get("$TIMESTEP")
    low, high = _TICKS
    timestep = within(
        written, keyword="$TIMESTEP", low=low, high=high, what="seconds per tick", name=name
    )
    if written is not None and timestep is None:
        return None, (warning("TIMESTEP_UNREADABLE", found=repr(written[:40])),)
    return timestep, ()


def join_clock(
    channels: tuple[Channel, ...], layout: Layout
) -> tuple[tuple[Channel, ...], SplitClock | None, tuple[Finding, ...]]:
    """Find a clock that is split over two channels, and add the channel that joins them.

    MoFlo and S3 sorters write one channel each for the most and the least significant word, told by
    ``$PnN`` (``TIME_MSW``) or by ``$PnS`` (``Time MSW``). Time = high word x steps + low word, where
    the steps are what ``$PnR`` of the low word leaves after masking.

    Returns:
        The channels, Time being last; how it is put together; and a finding. A file with another
        Time channel, or without exactly one word of each kind, is returned as it is.
    """
    high = [channel for channel in channels if _is_word(channel, "MSW")]
    low = [channel for channel in channels if _is_word(channel, "LSW")]
    words = {channel.index for channel in (*high, *low)}
    whole = any(channel.is_time for channel in channels if channel.index not in words)
    if whole or len(high) != 1 or len(low) != 1 or len(words) != 2:
        return channels, None, ()
    steps = _steps(layout.columns[low[0].index], low[0])
    marked = tuple(replace(c, word_of_time=True) if c.index in words else c for c in channels)
    taken = {channel.detector for channel in channels}
    name = next(each for each in _NAMES if each not in taken or each is _NAMES[-1])
    largest = _steps(layout.columns[high[0].index], high[0]) * steps
    time = Channel(
        index=len(channels),
        detector=name,
        label=None,
        bits=high[0].bits + low[0].bits,
        range=largest,
        maximum=largest,
    )
    about = info(
        "TIME_JOINED", channel=name, high=_called(high[0]), steps=steps, low=_called(low[0])
    )
    clock = SplitClock(high=high[0].index, low=low[0].index, steps=steps)
    return (*marked, time), clock, (about,)


def _is_word(channel: Channel, word: str) -> bool:
    """Whether a name of the channel speaks of time and ends in the word's name."""
    names = (channel.detector.strip().upper(), (channel.label or "").upper())
    return any(name.endswith(word) for name in names) and any("TIME" in name for name in names)


def _steps(column: StoredColumn, channel: Channel) -> float:
    """Return how many values a word can have: a power of two."""
    if column.kind is ValueKind.INTEGER:
        return float(1 << column.bits if column.mask is None else column.mask + 1)
    if 1 < channel.range <= _WIDEST:
        return 2.0 ** math.ceil(math.log2(channel.range))
    return 65536.0  # a word of 16 bits, as these instruments write


def _called(channel: Channel) -> str:
    """Return the name that tells the words apart: both may be called TIME."""
    names: Sequence[str] = (channel.detector, channel.label or "")
    return next(name for name in names if name.upper().strip().endswith(("MSW", "LSW")))
