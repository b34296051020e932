"""Precision by nested analysis of variance: within a run, between runs, between readers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from cd5flow.validation.statistics.arrays import Interval, Numbers, Values, finite, sd_interval

WITHIN: Final = "within"
TOTAL: Final = "total"
_NEGLIGIBLE: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the variance.

    Attributes:
        name: of the factor, `WITHIN` or `TOTAL`.
        degrees: of freedom; Satterthwaite's for all but `WITHIN`.
        variance: an estimate below zero counts as zero.
        sd: its root.
        sd_ci95: None where the variance is zero or has less than one degree of freedom.
    """

    name: str
    degrees: float
    variance: float
    sd_ci95: Interval | None

    @property
    def sd(self) -> float:
        """The standard deviation."""
        return math.sqrt(self.variance)


@dataclass(frozen=True, slots=True)
class Precision:
    """The parts of the variance of repeated numbers, the outermost factor first, the total last."""

    n: int
    mean: float
    components: tuple[Component, ...]

    def __getitem__(self, name: str) -> Component:
        return next(one for one in self.components if one.name == name)


def nested_precision(
    values: Numbers, factors: Sequence[tuple[str, Sequence[str]]]
) -> Precision | None:
    """Return variance components of a nested design, balanced or not.

    None where no two numbers stand in one innermost group, or a factor has a single group beyond
    those of the factor around it: its variance cannot be told then.

    Source: sums of squares and their expectations of Searle SR, Casella G, McCulloch CE. Variance
    Components, 1992, chapter 5 (as CLSI EP05 has them); degrees of freedom of Satterthwaite FE.
    Biometrics Bull 1946;2:110.

    Args:
        values: (n,) numbers.
        factors: name and (n,) labels of each factor, the outermost first; labels are told apart
            within the group around them. None is plain repetition.

    Raises:
        ValueError: a factor has not a label for each value.
    """
    v = finite(values)
    if any(len(labels) != v.size for _, labels in factors):
        raise ValueError("factors: expected a label for each value")
    levels = _groups(v.size, [labels for _, labels in factors])
    counts = [len(groups) for groups in levels]
    degrees = [inner - outer for outer, inner in pairwise(counts)]
    if v.size < 2 or min(degrees) < 1:
        return None
    squares = [
        (_between(v, inner) - _between(v, outer)) / df
        for (outer, inner), df in zip(pairwise(levels), degrees, strict=True)
    ]
    mean_squares = np.maximum(np.asarray(squares), 0.0)
    weights = np.linalg.inv(_expectations(levels, degrees))
    names = [name for name, _ in factors] + [WITHIN]
    parts = [
        _component(name, weights[row], mean_squares, degrees) for row, name in enumerate(names)
    ]
    whole = _component(
        TOTAL,
        weights.sum(axis=0),
        mean_squares,
        degrees,
        variance=math.fsum(part.variance for part in parts),
    )
    return Precision(n=int(v.size), mean=float(v.mean()), components=(*parts, whole))


def _groups(n: int, factors: Sequence[Sequence[str]]) -> list[list[list[int]]]:
    """Return the places of the values in each group: all, by each factor within the last, each alone."""
    levels: list[list[list[int]]] = [[list(range(n))]]
    for labels in factors:
        inner: dict[tuple[int, str], list[int]] = {}
        for outer, places in enumerate(levels[-1]):
            for place in places:
                inner.setdefault((outer, labels[place]), []).append(place)
        levels.append(list(inner.values()))
    levels.append([[place] for place in range(n)])
    return levels


def _between(values: Values, groups: Sequence[Sequence[int]]) -> float:
    """Return the sum of n times mean squared over groups, about the grand mean."""
    centred = values - values.mean()
    return math.fsum(float(centred[list(g)].sum()) ** 2 / len(g) for g in groups)


def _expectations(levels: Sequence[list[list[int]]], degrees: Sequence[int]) -> Values:
    """Return how often each component stands in the expectation of each mean square."""
    parts = len(degrees)
    table = np.zeros((parts, parts))
    for row in range(parts):
        for column in range(row, parts):
            inner = _weight(levels[row + 1], levels[column + 1])
            outer = _weight(levels[row], levels[column + 1])
            table[row, column] = (inner - outer) / degrees[row]
    return table


def _weight(outer: Sequence[Sequence[int]], inner: Sequence[Sequence[int]]) -> float:
    """Return the sum over inner groups of n squared over the n of the outer group around each."""
    size = {place: len(group) for group in outer for place in group}
    return math.fsum(len(group) ** 2 / size[group[0]] for group in inner)


def _component(
    name: str,
    weights: Values,
    mean_squares: Values,
    degrees: Sequence[int],
    *,
    variance: float | None = None,
) -> Component:
    """Return a sum of mean squares as a variance with Satterthwaite's degrees of freedom."""
    terms = weights * mean_squares
    found = float(terms.sum())
    variance = max(0.0, found) if variance is None else variance
    noise = float(np.sum(terms**2 / np.asarray(degrees)))
    if variance <= _NEGLIGIBLE * float(mean_squares.max(initial=0.0)) or noise <= 0:
        return Component(name, 0.0, 0.0 if variance < _NEGLIGIBLE else variance, None)
    df = variance**2 / noise
    interval = sd_interval(math.sqrt(variance), df) if df >= 1 else None
    return Component(name, df, variance, interval)
