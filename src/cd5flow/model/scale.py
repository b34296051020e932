"""Display scales as Gating-ML 2.0 defines them: parameters only, `preprocess.transforms` computes them."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Linear:
    """(x + A) / (T + A)."""

    t: float
    a: float = 0.0

    def __post_init__(self) -> None:
        _finite_positive("T", self.t)
        if not 0 <= self.a <= self.t:
            raise ValueError(f"linear scale needs 0 <= A <= T, not A={self.a}, T={self.t}")


@dataclass(frozen=True, slots=True)
class Log:
    """log10(x / T) / M + 1; undefined (NaN) for x <= 0."""

    t: float
    m: float

    def __post_init__(self) -> None:
        _finite_positive("T", self.t)
        _finite_positive("M", self.m)


@dataclass(frozen=True, slots=True)
class Asinh:
    """(asinh(x sinh(M ln 10) / T) + A ln 10) / ((M + A) ln 10)."""

    t: float
    m: float
    a: float = 0.0

    def __post_init__(self) -> None:
        _finite_positive("T", self.t)
        _finite_positive("M", self.m)
        if not 0 <= self.a <= self.m:
            raise ValueError(f"asinh scale needs 0 <= A <= M, not A={self.a}, M={self.m}")


@dataclass(frozen=True, slots=True)
class Logicle:
    """The biexponential scale of Parks et al. (Cytometry A 2006;69:541), Gating-ML 2.0 form.

    Attributes:
        t: top of scale, in linear units.
        w: decades of the quasi-linear region, 0 to M/2.
        m: decades in all.
        a: additional negative decades.
    """

    t: float
    w: float = 0.5
    m: float = 4.5
    a: float = 0.0

    def __post_init__(self) -> None:
        _finite_positive("T", self.t)
        _finite_positive("M", self.m)
        if not 0 <= self.w <= self.m / 2:
            raise ValueError(f"logicle scale needs 0 <= W <= M/2, not W={self.w}, M={self.m}")
        if not -self.w <= self.a <= self.m - 2 * self.w:
            raise ValueError(
                f"logicle scale needs -W <= A <= M - 2W, not A={self.a}, W={self.w}, M={self.m}"
            )


@dataclass(frozen=True, slots=True)
class Hyperlog:
    """The scale of Bagwell (Cytometry A 2005;64:34), Gating-ML 2.0 form; gates of others use it.

    Attributes:
        t: top of scale, in linear units.
        w: decades of the quasi-linear region, above 0 and at most M/2.
        m: decades in all.
        a: additional negative decades.
    """

    t: float
    w: float = 1.0
    m: float = 4.5
    a: float = 0.0

    def __post_init__(self) -> None:
        _finite_positive("T", self.t)
        _finite_positive("M", self.m)
        if not 0 < self.w <= self.m / 2:
            raise ValueError(f"hyperlog scale needs 0 < W <= M/2, not W={self.w}, M={self.m}")
        if not -self.w <= self.a <= self.m - 2 * self.w:
            raise ValueError(
                f"hyperlog scale needs -W <= A <= M - 2W, not A={self.a}, W={self.w}, M={self.m}"
            )


Scale = Linear | Log | Asinh | Logicle | Hyperlog


def _finite_positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a positive number, not {value}")
