"""The spillover matrix that a file carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from cd5flow.fcs.percentages import read_percentages
from cd5flow.fcs.text import given, integer, number
from cd5flow.model.events import Channel, Spillover
from cd5flow.model.findings import Finding, warning

# $SPILLOVER is FCS 3.1; SPILL is BD's, $SPILL and SPILLOVER are seen from others; $COMP is FCS 3.0.
_CHANNELS: Final = 512  # bounds the work on a hostile matrix; spectral ones have under 200
_KEYWORDS: Final = ("$SPILLOVER", "SPILL", "$SPILL", "SPILLOVER", "$COMP")


def read_spillover(
    keywords: Mapping[str, str], channels: Sequence[Channel]
) -> tuple[Spillover | None, tuple[Finding, ...]]:
    """Return the first usable matrix: $SPILLOVER, SPILL, $SPILL, SPILLOVER, $COMP, $DFCiTOj.

    Channels are named by ``$PnN``, or by number where the file writes integers that name none.
    """
    findings = []
    for keyword in _KEYWORDS:
        value = given(keywords, keyword)
        if value is None or value.strip() in {"0", "NA", "None"}:
            continue
        try:
            spillover = _parsed(value, channels, keyword)
        except ValueError as error:
            findings.append(warning("SPILLOVER_UNUSABLE", keyword=keyword, why=str(error)))
            continue
        return spillover, tuple(findings)
    percentages, about = read_percentages(keywords, channels)
    return percentages, (*findings, *about)


def _parsed(value: str, channels: Sequence[Channel], keyword: str) -> Spillover:
    """Return the matrix of one keyword.

    Raises:
        ValueError: what is wrong with it.
    """
    first = value.partition(",")[0]
    n = integer(first)
    most = min(len(channels), _CHANNELS)
    if not n or n > most:
        raise ValueError(f"it begins with {first[:20]!r}, expected 1 to {most} channels")
    if value.count(",") > n * (n + 4):  # names that hold a comma themselves have some room
        raise ValueError(f"{value.count(','):,} entries follow {n}, expected {n * n + n:,}")
    words = [word.strip() for word in value.split(",")]
    anonymous = keyword == "$COMP" and len(words) == 1 + n * n
    if not anonymous and len(words) < 1 + n + n * n:
        wanted = f"{n} names and {n * n} values"
        raise ValueError(f"{len(words) - 1} entries follow {n}, expected {wanted}")
    names, values = words[1 : len(words) - n * n], words[len(words) - n * n :]
    coefficients = [_coefficient(word) for word in values]
    if anonymous:
        if n != len(channels):
            raise ValueError(f"{n} channels without names, the file has {len(channels)}")
        detectors = [channel.detector for channel in channels]
    else:
        detectors = [_detector(name, channels) for name in _names(names, n, channels)]
    if len(set(detectors)) < n:
        raise ValueError("it names a channel twice")
    matrix = np.array(coefficients, dtype=np.float64).reshape(n, n)
    diagonal = np.diag(matrix)
    if not np.all(diagonal > 0):
        raise ValueError("its diagonal is not positive")
    if np.all(diagonal == 100.0):  # percent
        matrix = matrix / 100.0
    return Spillover(detectors=tuple(detectors), matrix=matrix, source=keyword)


def _coefficient(word: str) -> float:
    parsed = number(word)
    if parsed is None:
        raise ValueError(f"{word[:20]!r} stands where a coefficient is expected")
    return parsed


def _names(words: list[str], n: int, channels: Sequence[Channel]) -> list[str]:
    """Return n names; those that hold a comma themselves are put together again."""
    if len(words) == n:
        return words
    known = {channel.detector for channel in channels}
    names: list[str] = []
    pending: list[str] = []
    for word in words:
        pending.append(word)
        whole = next((w for w in (",".join(pending), ", ".join(pending)) if w in known), None)
        if whole is not None:
            names.append(whole)
            pending = []
    if pending or len(names) != n:
        raise ValueError(f"{len(words)} names follow {n}")
    return names


def _detector(name: str, channels: Sequence[Channel]) -> str:
    for channel in channels:
        if channel.detector == name:
            return name
    loose = [c.detector for c in channels if c.detector.casefold() == name.casefold()]
    loose = loose or [c.detector for c in channels if c.label == name]
    if len(loose) == 1:
        return loose[0]
    position = integer(name)
    if position and position <= len(channels):
        return channels[position - 1].detector
    raise ValueError(f"it names {name!r}, which is no $PnN of the file")
