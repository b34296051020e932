"""How often two readings say the same: tables, shares with intervals, kappa."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from cd5flow.validation.statistics.arrays import Interval, wilson


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, in percent with Wilson's interval; None of nothing."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        """The share."""
        return 100 * self.part / self.whole if self.whole else None

    @property
    def ci95(self) -> Interval | None:
        """Its 95 % interval."""
        return wilson(self.part, self.whole)


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa with its 95 % interval."""

    value: float
    ci95: Interval


@dataclass(frozen=True, slots=True)
class Agreement:
    """Expected and found words of the same specimens.

    Attributes:
        words: of the table's rows and columns, in order.
        table: (words, words) counts, expected down and found across.
        overall: pairs that say the same.
        positive: of those expected positive, how many were found positive.
        negative: likewise.
        kappa: None where chance leaves nothing to agree on: one side used one word alone.
    """

    words: tuple[str, ...]
    table: tuple[tuple[int, ...], ...]
    overall: Share
    positive: Share
    negative: Share
    kappa: Kappa | None


def agreement(
    expected: Sequence[str],
    found: Sequence[str],
    *,
    words: Sequence[str],
    positive: Collection[str],
    negative: Collection[str],
) -> Agreement | None:
    """Return how found words agree with expected ones; None of no pair.

    A found word that is neither positive nor negative agrees with neither, so that answers that were
    withheld lower both shares.

    Source: positive and negative percent agreement as in CLSI EP12; kappa of Cohen J. Educ Psychol
    Meas 1960;20:37, its error of Fleiss JL, Cohen J, Everitt BS. Psychol Bull 1969;72:323.

    Args:
        expected: (n,) words.
        found: (n,) words of the same specimens.
        words: every word there is, in the order of the table; those never used are left out of it.
        positive: the words that are so.
        negative: likewise.

    Raises:
        ValueError: lengths differ, or a word is none of `words`.
    """
    if len(expected) != len(found):
        raise ValueError(f"found {len(expected)} and {len(found)} words, expected as many of each")
    unknown = ({*expected, *found}) - {*words}
    if unknown:
        raise ValueError(f"words: found {', '.join(sorted(unknown))}, expected {', '.join(words)}")
    if not expected:
        return None
    used = tuple(word for word in words if word in {*expected, *found})
    table = np.zeros((len(used), len(used)), dtype=int)
    for row, column in zip(expected, found, strict=True):
        table[used.index(row), used.index(column)] += 1
    both = list(zip(expected, found, strict=True))
    return Agreement(
        words=used,
        table=tuple(tuple(int(cell) for cell in row) for row in table),
        overall=Share(int(table.trace()), len(both)),
        positive=_share_of(both, positive),
        negative=_share_of(both, negative),
        kappa=kappa(table.tolist()),
    )


def kappa(table: Sequence[Sequence[int]]) -> Kappa | None:
    """Return Cohen's kappa of a square table of counts; None where either side used one word alone.

    Kappa is 0 then whatever the other side says: chance explains all of it.
    """
    from statsmodels.stats.inter_rater import cohens_kappa  # noqa: PLC0415 - a second

    counts = np.asarray(table, dtype=float)
    if any(np.count_nonzero(counts.sum(axis=side)) < 2 for side in (0, 1)):
        return None
    found = cohens_kappa(counts)
    return Kappa(float(found.kappa), (float(found.kappa_low), float(found.kappa_upp)))


def _share_of(both: Sequence[tuple[str, str]], words: Collection[str]) -> Share:
    of = [found for expected, found in both if expected in words]
    return Share(sum(found in words for found in of), len(of))
