"""Other cells in the blast gate: how many there may be, and what they do to the share of CD5.

They are estimated from their like outside the gate. Nothing is taken off the count of blasts: what
may be others widens the band, and the share without those that are likely stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.model.limits import NeighbourRule
from cd5flow.numerics.order_statistics import median
from cd5flow.quantify.cuts import Signal

MOST: Final = 0.95
"""Largest part of a gate that may be others: beyond it there is nothing left to give a share of."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Cells of one kind that may lie in the blast gate.

    Attributes:
        source: the gate, or marker, across which they may have come.
        events: how many of them there may be, the noise of the counts included.
        like: CD5 of their like outside the gate, linear units; empty where there are too few.
        expected: the likeliest number of them; None where that was not estimated.
    """

    source: str
    events: float
    like: Signal
    expected: float | None = None

    def positive_share(self, place: float) -> float | None:
        """Return which part of them carries CD5, 0 to 1; None where their like are too few."""
        return float(np.mean(self.like >= place)) if self.like.size else None


@dataclass(frozen=True, slots=True)
class Contamination:
    """Parts of the blast gate, 0 to 1, that may be other cells with and without CD5."""

    positive: float
    negative: float

    def around(self, low: float, high: float) -> tuple[float, float]:
        """Return the lowest and highest share of CD5 among the blasts themselves, 0 to 1.

        With a part f of other cells that all carry CD5 the blasts' share is (p - f) / (1 - f); with a
        part f that all lack it, p / (1 - f).
        """
        f, g = min(self.positive, MOST), min(self.negative, MOST)
        return max(min(low, (low - f) / (1 - f)), 0.0), min(max(high, high / (1 - g)), 1.0)


def contamination(neighbours: Iterable[Neighbour], blasts: int, *, place: float) -> Contamination:
    """Return what other cells may be in the gate; of an unknown kind they may be either.

    Args:
        neighbours: cells that may lie in the gate.
        blasts: events in it.
        place: the CD5 cut, linear units.
    """
    positive = negative = 0.0
    for neighbour in neighbours:
        share = neighbour.positive_share(place)
        part = neighbour.events / blasts if blasts else 0.0
        positive += part * (1.0 if share is None else share)
        negative += part * (1.0 if share is None else 1 - share)
    return Contamination(min(positive, 1.0), min(negative, 1.0))


def corrected_share(
    neighbours: Iterable[Neighbour], positive: int, blasts: int, *, place: float
) -> float | None:
    """Return the share of CD5, 0 to 1, once the other cells that are known of are taken out.

    With n of N events other cells, a part s of which carries CD5, it is (P - n s) / (N - n) for the P
    that were counted, held within 0 and 1. Of cells whose CD5 is unknown nothing is taken out.

    Args:
        neighbours: cells that may lie in the gate.
        positive: events in the gate at or above the cut.
        blasts: all events in it.
        place: the CD5 cut, linear units.

    Returns:
        None where no other cells are known of, or they are all of the gate but `MOST`.
    """
    known = [
        (neighbour.expected, share)
        for neighbour in neighbours
        if neighbour.expected is not None and (share := neighbour.positive_share(place)) is not None
    ]
    others = sum(events for events, _ in known)
    if not known or not blasts or others > MOST * blasts:
        return None
    left = positive - sum(events * share for events, share in known)
    return float(min(max(left / (blasts - others), 0.0), 1.0))


@dataclass(frozen=True, slots=True)
class Tail:
    """What a cut shows of cells beyond it that may lie on its other side.

    Two readings, of which the larger is taken. A peak mirrors itself: as many lie across the cut as
    lie as far from the peak's median on its far side. And where the valley is not empty, the two
    overlap about alike at the cut: half of the floor is the neighbour's tail, which goes on falling
    as it falls on the neighbour's own side (an exponential through two windows there), and reaches
    no further than the nearer of the two medians.

    Attributes:
        outside: all cells beyond the cut.
        mirrored: those on the far side of their peak, from as far as the cut lies on the near one.
        floor: cells in the floor of the valley.
        of_floor: how many of the floor lie across, for each in it.
    """

    outside: int = 0
    mirrored: int = 0
    floor: int = 0
    of_floor: float = 0.0

    def events(self, noise: float) -> float:
        """Return how many lie across, with so many standard errors of each count added."""
        mirrored = _at_most(self.mirrored, noise)
        tail = _at_most(self.floor, noise) * self.of_floor
        return min(max(mirrored, tail), float(self.outside))


def tail_across(outside: Signal, inside: Signal, cut: float, *, rule: NeighbourRule) -> Tail:
    """Return what a cut shows of cells beyond it that may lie on the blasts' side.

    Args:
        outside: the neighbour's events on the axis of the cut, all beyond it, any order.
        inside: the blasts' there.
        cut: the place.
        rule: how wide the floor is; a window is as wide as all of it.
    """
    if outside.size < 2 or inside.size < 2:
        return Tail()
    away = np.abs(outside.astype(np.float64) - cut)
    reach = median(away)
    mirrored = int(np.count_nonzero(away >= 2 * reach))
    nearer = min(reach, abs(median(inside) - cut))
    width = rule.floor_part * nearer
    if not width > 0:
        return Tail(int(outside.size), mirrored)
    floor = np.count_nonzero(away <= width)
    floor += np.count_nonzero(np.abs(inside.astype(np.float64) - cut) <= width)
    of_floor = min(_decay_length(away, 2 * width), nearer) / (4 * width)
    return Tail(int(outside.size), mirrored, int(floor), of_floor)


def _decay_length(away: npt.NDArray[np.float64], width: float) -> float:
    """Return over which distance a density falls by e, towards the cut; infinite where it does not.

    It is 0 where one window is empty: nobody is on the way, and those by the cut are the gate's own.

    Args:
        away: distances from the cut, all on one side.
        width: of the two windows, next to each other, that are compared.
    """
    near = int(np.count_nonzero(away <= width))
    further = int(np.count_nonzero((away > width) & (away <= 2 * width)))
    if near == 0 or further == 0:
        return 0.0
    return width / float(np.log(further / near)) if further > near else np.inf


def _at_most(count: int, noise: float) -> float:
    return count + noise * float(np.sqrt(count))


def beyond_own(found: int, own: int, *, rule: NeighbourRule) -> float:
    """Return the excess of a count over what the blasts themselves explain, with its noise.

    Args:
        found: events where others are looked for.
        own: how many of them are the blasts', by their other side.
        rule: how many standard errors are added.
    """
    if found == 0:
        return 0.0
    return max(0.0, found - own + rule.noise * float(np.sqrt(found + own)))
