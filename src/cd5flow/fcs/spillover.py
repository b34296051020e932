"""The spillover matrix that a file carries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from cd5flow.fcs.percentages import read_percentages
from cd5flow.fcs.text import given, integer, number
from cd5flow.model.events import Channel, Spillover
from cd5flow.model.findings import Finding, info, warning

# $SPILLOVER is FCS 3.1; SPILL is BD's, $SPILL and SPILLOVER are seen from others; $COMP is FCS 3.0.
_CHANNELS: Final = 512  # bounds the work on a hostile matrix; spectral ones have under 200
_SHOWN: Final = 8
_MOST_JOINED: Final = 24  # channels, where only some coefficients have decimals: bounds the work
_KEYWORDS: Final = ("$SPILLOVER", "SPILL", "$SPILL", "SPILLOVER", "$COMP")


class UnusableMatrixError(Exception):
    """What is wrong with a matrix.

    Attributes:
        told: the case of ``SPILLOVER_UNUSABLE`` and its values.
    """

    def __init__(self, case: str, **values: object) -> None:
        super().__init__(case)
        self.told = {"case": case, **values}


def read_spillover(
    keywords: Mapping[str, str], channels: Sequence[Channel]
) -> tuple[Spillover | None, tuple[Finding, ...]]:
    """Return the first usable matrix: $SPILLOVER, SPILL, $SPILL, SPILLOVER, $COMP, $DFCiTOj.

    Channels are named by ``$PnN``, or by number where the file writes integers that name none. Those
    that the file has not are left out where their rows and columns are those of the identity.
    """
    findings: list[Finding] = []
    for keyword in _KEYWORDS:
        value = given(keywords, keyword)
        if value is None or value.strip() in {"0", "NA", "None"}:
            continue
        try:
            spillover, about = _parsed(value, channels, keyword)
        except UnusableMatrixError as error:
            findings.append(warning("SPILLOVER_UNUSABLE", keyword=keyword, **error.told))
            continue
        return spillover, (*findings, *about)
    percentages, about = read_percentages(keywords, channels)
    return percentages, (*findings, *about)


def written_spillover(spillover: Spillover) -> str:
    """Return a matrix as ``$SPILLOVER`` has it; reading it gives the same numbers."""
    words = [str(len(spillover.detectors)), *spillover.detectors]
    words += [repr(float(value)) for value in spillover.matrix.reshape(-1)]
    return ",".join(words)


def _parsed(
    value: str, channels: Sequence[Channel], keyword: str
) -> tuple[Spillover, tuple[Finding, ...]]:
    """Return the matrix of one keyword, and how it was read.

    Raises:
        UnusableMatrixError: what is wrong with it.
    """
    words = [word.strip() for word in value.split(_separator(value))]
    n = integer(words[0])
    if not n or n > _CHANNELS:
        raise UnusableMatrixError("count", found=repr(words[0][:20]), most=_CHANNELS)
    if len(words) > 2 * n * (n + 4):  # decimal commas; names that hold a comma have some room
        told = {"entries": len(words) - 1, "channels": n, "wanted": n * n + n}
        raise UnusableMatrixError("too_many", **told)
    anonymous = keyword == "$COMP" and len(words) == 1 + n * n
    if not anonymous and len(words) < 1 + n + n * n:
        told = {"entries": len(words) - 1, "channels": n, "values": n * n}
        raise UnusableMatrixError("too_few", **told)
    findings: list[Finding] = []
    names, values = words[1 : len(words) - n * n], words[len(words) - n * n :]
    commas = None if anonymous or len(names) == n else decimal_commas(words[1 + n :], n)
    if commas is not None and not _are_names(names, channels):
        names, coefficients = words[1 : 1 + n], commas
        findings.append(warning("SPILLOVER_COMMAS", keyword=keyword))
    else:
        coefficients = [_coefficient(word) for word in values]
    if anonymous:
        if n != len(channels):
            raise UnusableMatrixError("nameless", channels=n, there=len(channels))
        detectors = [channel.detector for channel in channels]
    else:
        detectors = [_detector(name, channels) for name in _names(names, n, channels)]
    if len(set(detectors)) < n:
        raise UnusableMatrixError("twice")
    matrix = np.array(coefficients, dtype=np.float64).reshape(n, n)
    diagonal = np.diag(matrix)
    if not np.all(diagonal > 0):
        raise UnusableMatrixError("diagonal")
    if np.all(diagonal == 100.0):  # percent
        matrix = matrix / 100.0
    whole = Spillover(detectors=tuple(detectors), matrix=matrix, source=keyword)
    return _of_this_file(whole, channels, findings)


def _of_this_file(
    whole: Spillover, channels: Sequence[Channel], findings: list[Finding]
) -> tuple[Spillover, tuple[Finding, ...]]:
    """Leave out the channels that the file has not.

    Raises:
        UnusableMatrixError: they spill, or are spilled into, or none is left.
    """
    there = {channel.detector for channel in channels}
    absent = [name for name in whole.detectors if name not in there]
    if not absent:
        return whole, tuple(findings)
    shown, more = tuple(absent[:_SHOWN]), len(absent) - _SHOWN
    reduced = whole.within(there)
    if reduced is None or not reduced.detectors:
        if more > 0:
            raise UnusableMatrixError("absent_more", absent=shown, more=more)
        raise UnusableMatrixError("absent", absent=shown)
    told = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    findings.append(info("SPILLOVER_REDUCED", keyword=whole.source, absent=told))
    return reduced, tuple(findings)


def _separator(value: str) -> str:
    """Return what parts the entries: a semicolon where the count is followed by one."""
    return ";" if re.match(r"\s*[0-9]+\s*;", value) else ","


def _are_names(words: Sequence[str], channels: Sequence[Channel]) -> bool:
    """Whether words that are more than the channels are names that hold commas."""
    try:
        _names(list(words), -1, channels)
    except UnusableMatrixError:
        return False
    return True


def decimal_commas(words: Sequence[str], n: int) -> list[float] | None:
    """Return n x n coefficients of which some were written with a comma for the point.

    None where the words are no such thing. All of them have decimals, or whole ones (0, and 1 on the
    diagonal) stand between them; then there must be one way to read them.

    Raises:
        UnusableMatrixError: there are several ways.
    """
    wanted = n * n
    if not wanted < len(words) <= 2 * wanted or not all(map(_is_digits, words)):
        return None
    if len(words) == 2 * wanted:
        return [_joined(*pair) for pair in zip(words[::2], words[1::2], strict=True)]
    ways = _ways(words, n) if n <= _MOST_JOINED else []
    if not ways and n <= _MOST_JOINED:
        return None
    if len(ways) != 1:
        raise UnusableMatrixError("commas")
    return ways[0]


def _ways(words: Sequence[str], n: int) -> list[list[float]]:
    """Return up to two ways to join words to n x n coefficients with a diagonal of 1."""
    wanted = n * n
    # From the end: how many ways there are to read what is left, two or more being two.
    ways: dict[tuple[int, int], int] = {(len(words), wanted): 1}

    def steps(at: int, place: int) -> list[tuple[float, int]]:
        diagonal = place % (n + 1) == 0
        found = []
        if words[at] == ("1" if diagonal else "0"):
            found.append((float(words[at]), 1))
        if at + 1 < len(words) and not words[at + 1].startswith("-"):
            value = _joined(words[at], words[at + 1])
            if (value == 1.0) if diagonal else abs(value) < 1:
                found.append((value, 2))
        return found

    for at in range(len(words) - 1, -1, -1):
        left = len(words) - at
        for place in range(max(0, wanted - left), min(at, wanted - 1) + 1):
            count = sum(ways.get((at + size, place + 1), 0) for _, size in steps(at, place))
            if count:
                ways[at, place] = min(count, 2)
    found: list[list[float]] = []
    for pick in range(ways.get((0, 0), 0)):
        at, read = 0, list[float]()
        for place in range(wanted):
            open_ways = [(v, s) for v, s in steps(at, place) if ways.get((at + s, place + 1))]
            value, size = open_ways[min(pick, len(open_ways) - 1)]
            read.append(value)
            at += size
        found.append(read)
    return found


def _is_digits(word: str) -> bool:
    return re.fullmatch(r"-?[0-9]{1,20}", word) is not None


def _joined(whole: str, decimals: str) -> float:
    return float(f"{whole}.{decimals}")


def _coefficient(word: str) -> float:
    parsed = number(word)
    if parsed is None:
        raise UnusableMatrixError("coefficient", found=repr(word[:20]))
    return parsed


def _names(words: list[str], n: int, channels: Sequence[Channel]) -> list[str]:
    """Return n names (-1: any number); those that hold a comma are put together again."""
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
    if pending or n not in {-1, len(names)}:
        raise UnusableMatrixError("names", names=len(words), channels=n)
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
    return name  # none of the file's
