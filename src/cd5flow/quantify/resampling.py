"""How far a quantile moves when its events are drawn anew: the bootstrap, without drawing events.

A resample of n events has its k-th smallest value among the values in order at ceil(n U), where U is
the k-th smallest of n uniform numbers: beta distributed with k and n - k + 1. Drawing U is drawing
the resample's quantile itself, at a cost that does not grow with n
(Efron B, Tibshirani RJ. An Introduction to the Bootstrap, 1993, ch. 2; Maritz JS, Jarrett RG. J Am
Stat Assoc 1978;73:194). Quantiles of one resample are drawn together: their spacings are gamma
distributed.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cd5flow.numerics.order_statistics import quantiles

Signal = npt.NDArray[np.floating[Any]]
Floats = npt.NDArray[np.float64]


def generator(seed: int, name: str) -> np.random.Generator:
    """Return the random numbers of one thing that is drawn, by its name."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def resampled_quantiles(
    values: Signal, percents: Sequence[float], *, resamples: int, rng: np.random.Generator
) -> Floats:
    """Return quantiles of bootstrap resamples.

    Args:
        values: the events, at least one.
        percents: which quantiles, rising, 0 to 100.
        resamples: how many resamples.
        rng: random numbers.

    Returns:
        (resamples, quantiles): those of one row are of one resample.
    """
    n = values.size
    ranks = np.clip(np.ceil(np.asarray(percents) / 100 * n), 1, n)
    steps = np.diff(np.concatenate(([0.0], ranks, [n + 1.0])))
    # Equal ranks are one and the same value: a spacing of nothing.
    gaps = np.where(steps > 0, rng.gamma(np.maximum(steps, 1.0), size=(resamples, steps.size)), 0.0)
    uniform = np.cumsum(gaps[:, :-1], axis=1) / gaps.sum(axis=1, keepdims=True)
    places = np.clip(np.ceil(n * uniform).astype(np.intp) - 1, 0, n - 1)
    ordered = np.sort(values)  # faster than picking out some hundred places
    return np.asarray(ordered[places], dtype=np.float64)


def middle_95_percent(draws: Floats) -> tuple[float, float]:
    """Return the percentile interval of bootstrap draws."""
    low, high = quantiles(draws.ravel(), (2.5, 97.5))
    return low, high
