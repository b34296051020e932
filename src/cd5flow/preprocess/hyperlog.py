"""The hyperlog scale, which gates of other programs may be drawn on.

Sources: Bagwell CB. Cytometry A 2005;64:34. Spidlen J et al. Gating-ML 2.0, ISAC 2013 (its
parameters T, W, M, A, and negative values by reflection).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from cd5flow.model.scale import Hyperlog

Exact = npt.NDArray[np.float64]

_LN10: Final = math.log(10.0)


class _Curve(NamedTuple):
    """The scale's inverse about its zero: height(u) = p (e^(b u) - 1) + c u, u >= 0.

    It is EH(y) = a e^(b y) + c y - f of Gating-ML 2.0 with u = y - x1 and p = a e^(b x1). EH(x1) = 0
    removes f, c / p = e^(b w) / w is the standard's ratio of the two terms, and EH(1) = T gives p.

    Attributes:
        zero: x1, where linear 0 lies on the scale.
        p, c: weights in linear units.
        b: rate of the exponential.
    """

    zero: float
    p: float
    c: float
    b: float

    def height(self, u: Exact) -> Exact:
        """Return linear units at distance u >= 0 from zero."""
        return self.p * np.expm1(self.b * u) + self.c * u

    def root(self, x: Exact) -> Exact:
        """Return the distance u from zero at which the curve is x >= 0; NaN and infinity stay.

        The curve is rising and convex, so Newton's iteration falls to the root from above it, where
        both starting values lie: the tangent at zero is below the curve, and so is its first term.
        """
        finite = np.isfinite(x)
        inside = np.where(finite, x, 0.0)
        u = np.minimum(inside / (self.p * self.b + self.c), np.log1p(inside / self.p) / self.b)
        for _ in range(100):
            step = (self.height(u) - inside) / (self.b * self.p * np.exp(self.b * u) + self.c)
            u = u - step
            if not np.any(np.abs(step) > 1e-14):
                break
        return np.where(finite, u, x)


@lru_cache(maxsize=256)
def _curve(transform: Hyperlog) -> _Curve:
    decades = transform.m + transform.a
    b = decades * _LN10
    w = transform.w / decades
    zero = transform.a / decades + w
    ratio = math.exp(b * w) / w
    above = 1.0 - zero
    p = transform.t / (math.expm1(b * above) + ratio * above)
    return _Curve(zero=zero, p=p, c=p * ratio, b=b)


def hyperlog(values: Exact, transform: Hyperlog) -> Exact:
    """Return linear units on the scale, to double precision; NaN stays NaN."""
    curve = _curve(transform)
    return curve.zero + np.copysign(curve.root(np.abs(values)), values)


def hyperlog_inverse(places: Exact, transform: Hyperlog) -> Exact:
    """Return places on the scale in linear units."""
    curve = _curve(transform)
    away = places - curve.zero
    return np.copysign(curve.height(np.abs(away)), away)
