"""A result that lies too far from its replicates to be chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from cd5flow.validation.statistics.arrays import Numbers, finite


@dataclass(frozen=True, slots=True)
class Farthest:
    """The number that lies farthest from the mean of its list.

    Attributes:
        place: its index.
        distance: from the mean, in SDs of all (Grubbs's G).
        p: how often so far a number or farther comes by chance, were all normal; at most 1.
    """

    place: int
    distance: float
    p: float


def farthest(values: Numbers) -> Farthest | None:
    """Return the farthest number; None of fewer than three, or where nothing varies.

    Source: Grubbs FE. Technometrics 1969;11:1, two-sided: the p-value of Student's t with n - 2
    degrees of freedom, times 2 n.
    """
    v = finite(values)
    n = int(v.size)
    sd = float(v.std(ddof=1)) if n > 1 else 0.0
    if n < 3 or sd == 0:
        return None
    away = np.abs(v - v.mean()) / sd
    place = int(away.argmax())
    g = float(away[place])
    rest = (n - 1) ** 2 - n * g**2
    # At its largest, (n - 1) / sqrt(n), all others are equal.
    t = math.inf if rest <= 0 else math.sqrt(n * (n - 2) * g**2 / rest)
    return Farthest(place, g, min(1.0, 2 * n * float(stdtr(n - 2, -t))))
