"""Compensation as percentages, one keyword a pair of channels: FCS 2.0, ``$DFCiTOj``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.fcs.text import number
from cd5flow.model.events import Channel, Spillover
from cd5flow.model.findings import Finding, warning

_KEYWORD: Final = re.compile(r"\$DFC([1-9][0-9]{0,2})TO([1-9][0-9]{0,2})")
_FLUORESCENCE: Final = re.compile(r"FL[-_ ]?([0-9]{1,3})(?![0-9])(.*)", re.IGNORECASE)
_NO_DYE: Final = re.compile(r"\s*(FS|SS|FSC|SSC|FALS|TIME|WIDTH|EVENT)(?![a-z])", re.IGNORECASE)
_CHANNELS: Final = 512  # bounds the work on a hostile file
_MOST_PERCENT: Final = 1000
SOURCE: Final = "$DFCiTOj"

# From dye i to channel j, in percent.
_Shares = dict[tuple[int, int], float]


def read_percentages(
    keywords: Mapping[str, str], channels: Sequence[Channel]
) -> tuple[Spillover | None, tuple[Finding, ...]]:
    """Return the matrix that ``$DFCiTOj`` gives: percent of dye i that channel j sees.

    The standard counts channels by their number in the file; Coulter counts fluorescence, so that 1
    is ``FL1`` wherever it stands. A number that would be scatter or Time settles which is meant.

    Percentages of channels that were stored as logarithms are not a matrix to apply: such
    instruments subtracted before they took the logarithm, and once more would be too much.
    """
    shares = _nonzero(keywords)
    if not shares:
        return None, ()
    families = _families(shares, channels)
    detectors = [family[number].detector for family in families for number in sorted(family)]
    fault = _fault(shares, families, detectors)
    if fault is not None:
        return None, (warning("DFC_NOT_APPLIED", shares=_shown(shares), **fault),)
    spillover = Spillover(tuple(detectors), _matrix(shares, families), SOURCE)
    return spillover, (warning("DFC_APPLIED", shares=_shown(shares)),)


def _nonzero(keywords: Mapping[str, str]) -> _Shares:
    """Return the percentages that say anything; channels do not spill into themselves."""
    shares = {}
    for key, written in keywords.items():
        match, value = _KEYWORD.fullmatch(key), number(written)
        if match and value and match[1] != match[2]:
            shares[int(match[1]), int(match[2])] = value
    return shares


def _fault(
    shares: _Shares, families: Sequence[Mapping[int, Channel]], detectors: Sequence[str]
) -> dict[str, object] | None:
    """Return what is against the percentages as a matrix, as a reason's case; None for nothing."""
    if max(map(abs, shares.values())) > _MOST_PERCENT:
        return {"case": "too_much", "most": _MOST_PERCENT}
    if not families:
        return {"case": "no_channels"}
    if len(detectors) > _CHANNELS or len(set(detectors)) < len(detectors):
        return {"case": "channels", "most": _CHANNELS}
    if any(channel.logarithmic for family in families for channel in family.values()):
        return {"case": "logarithms"}
    return None


def _families(shares: _Shares, channels: Sequence[Channel]) -> list[dict[int, Channel]]:
    """Return the channels by the number that the percentages use; several where a pulse has."""
    used = {number for pair in shares for number in pair}
    by_place = {n: c for n, c in enumerate(channels, start=1) if n in used}
    if len(by_place) == len(used) and not any(_NO_DYE.match(c.detector) for c in by_place.values()):
        return [by_place]
    # FL1 Lin and FL1 Log, or FL1-A and FL1-H: the same percentages for each kind of pulse.
    kinds: dict[str, dict[int, Channel]] = defaultdict(dict)
    for channel in channels:
        match = _FLUORESCENCE.fullmatch(channel.detector.strip())
        if match and int(match[1]) in used:
            kinds[match[2].strip().upper()].setdefault(int(match[1]), channel)
    return [family for family in kinds.values() if used <= family.keys()]


def _matrix(shares: _Shares, families: Sequence[Mapping[int, Channel]]) -> npt.NDArray[np.float64]:
    """Return the matrix over all families: a block for each, dyes of one not seen in another."""
    order = [(k, n) for k, family in enumerate(families) for n in sorted(family)]
    matrix = np.eye(len(order))
    for row, (family, dye) in enumerate(order):
        for column, (other, channel) in enumerate(order):
            if family == other:
                matrix[row, column] += shares.get((dye, channel), 0.0) / 100
    return matrix


def _shown(shares: _Shares) -> str:
    pairs = [f"{dye} to {channel}: {value:g} %" for (dye, channel), value in sorted(shares.items())]
    more = f" and {len(pairs) - 6} more" if len(pairs) > 6 else ""
    return f"{', '.join(pairs[:6])}{more}"
