"""Display scales: the Gating-ML 2.0 formulas, fast on events.

Sources: Spidlen J et al. Gating-ML 2.0, ISAC 2013. Parks DR, Roederer M, Moore WA. Cytometry A
2006;69:541 (the logicle scale). Moore WA, Parks DR. Cytometry A 2012;81:273 (its
parameters T, W, M, A, and negative values by reflection).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple, assert_never

import numpy as np
import numpy.typing as npt

from cd5flow.model.events import CompensatedEvents, Mask, Values
from cd5flow.model.geometry import Dimension
from cd5flow.model.scale import Asinh, Hyperlog, Linear, Log, Logicle, Scale
from cd5flow.numerics.chunks import chunks
from cd5flow.numerics.order_statistics import pick
from cd5flow.preprocess.hyperlog import hyperlog, hyperlog_inverse

Exact = npt.NDArray[np.float64]

_LN10: Final = math.log(10.0)
_KNOTS: Final = 8193
_AT_ONCE: Final = 131_072  # events of a chunk: in float32 they take half of what most steps take
_TABLE_REACH: Final = 4.0  # the table covers -4 T to 4 T; compensated events rarely leave it
_PICKED: Final = 6  # populations' values that are kept; more would take memory and hit no oftener
_FLOAT32_DECADES: Final = 30.0  # sinh(M ln 10) of more overflows float32


def scale(values: npt.ArrayLike, transform: Scale) -> Values:
    """Return values on a display scale, fast: at most 1e-6 from `scale_exact`.

    Args:
        values: linear units, any shape. NaN stays NaN; so does what a log scale does not define.
        transform: the scale.

    Returns:
        float32, the shape of `values`; 0 to 1 between the bottom and the top of the scale.
    """
    x = np.asarray(values, dtype=np.float32)
    match transform:
        case Linear(t=t, a=a):
            return (x + np.float32(a)) * np.float32(1.0 / (t + a))
        case Log(t=t, m=m):
            with np.errstate(divide="ignore", invalid="ignore"):
                y = np.log10(x * np.float32(1.0 / t)) * np.float32(1.0 / m) + np.float32(1.0)
            return np.where(x > 0, y, np.float32(np.nan))
        case Asinh(t=t, m=m, a=a) if m <= _FLOAT32_DECADES:
            steps = x * np.float32(math.sinh(m * _LN10) / t)
            far = np.abs(steps)
            _arcsinh_in_place(far)
            y = np.copysign(far, steps, out=far) + np.float32(a * _LN10)
            return np.asarray(y * np.float32(1.0 / ((m + a) * _LN10)), dtype=np.float32)
        case Asinh() | Hyperlog():
            return scale_exact(x, transform).astype(np.float32)
        case Logicle():
            return _table_of(transform).look_up(x)
        case _:
            assert_never(transform)


def scale_exact(values: npt.ArrayLike, transform: Scale) -> Exact:
    """Return values on a display scale in double precision, for cuts and vertices.

    Args:
        values: linear units, any shape. NaN stays NaN; so does what a log scale does not define.
        transform: the scale.

    Returns:
        float64, the shape of `values`.
    """
    x = np.asarray(values, dtype=np.float64)
    match transform:
        case Linear(t=t, a=a):
            return (x + a) / (t + a)
        case Log(t=t, m=m):
            with np.errstate(divide="ignore", invalid="ignore"):
                y = np.log10(x / t) / m + 1.0
            return np.where(x > 0, y, np.nan)
        case Asinh(t=t, m=m, a=a):
            return (np.arcsinh(x * (math.sinh(m * _LN10) / t)) + a * _LN10) / ((m + a) * _LN10)
        case Logicle():
            curve = _biexponential(transform)
            return curve.zero + np.copysign(curve.root(np.abs(x)), x)
        case Hyperlog():
            return hyperlog(x, transform)
        case _:
            assert_never(transform)


def inverse(values: npt.ArrayLike, transform: Scale) -> Exact:
    """Return linear units from places on a display scale.

    Args:
        values: places on the scale, any shape.
        transform: the scale.

    Returns:
        float64, the shape of `values`.
    """
    y = np.asarray(values, dtype=np.float64)
    match transform:
        case Linear(t=t, a=a):
            return y * (t + a) - a
        case Log(t=t, m=m):
            return t * 10.0 ** ((y - 1.0) * m)
        case Asinh(t=t, m=m, a=a):
            return np.sinh(y * ((m + a) * _LN10) - a * _LN10) / (math.sinh(m * _LN10) / t)
        case Logicle():
            curve = _biexponential(transform)
            return np.copysign(curve.height(np.abs(y - curve.zero)), y - curve.zero)
        case Hyperlog():
            return hyperlog_inverse(y, transform)
        case _:
            assert_never(transform)


class _Biexponential(NamedTuple):
    """The logicle's curve about its zero: height(u) = p (e^(b u) - 1) + q (1 - e^(-d u)), u >= 0.

    It is B(y) = a e^(b y) - c e^(-d y) - f of Gating-ML 2.0 with u = y - x1, p = a e^(b x1) and
    q = c e^(-d x1). B(x1) = 0 removes f; the second derivative is zero at x1, so that
    q = p (b / d)^2, and B(1) = T gives p. Written so, both terms are positive and nothing cancels
    near zero. Negative values are the reflection about x1.

    Attributes:
        zero: x1, where linear 0 lies on the scale.
        p, q: weights in linear units.
        b, d: rates of the two exponentials.
    """

    zero: float
    p: float
    q: float
    b: float
    d: float

    @property
    def slope(self) -> float:
        """Linear units a unit of scale at zero."""
        return self.p * self.b + self.q * self.d

    def height(self, u: Exact) -> Exact:
        """Return linear units at distance u >= 0 from zero."""
        return self.p * np.expm1(self.b * u) - self.q * np.expm1(-self.d * u)

    def root(self, x: Exact) -> Exact:
        """Return the distance u from zero at which the curve is x >= 0; NaN and infinity stay.

        The curve is rising and convex, so Newton's iteration from above the root falls to it
        without overshooting. Each of the two starting values lies above: the tangent at zero is
        below the curve, and so is its first term alone.
        """
        finite = np.isfinite(x)
        inside = np.where(finite, x, 0.0)
        u = np.minimum(inside / self.slope, np.log1p(inside / self.p) / self.b)
        for _ in range(100):
            slope = self.b * self.p * np.exp(self.b * u) + self.d * self.q * np.exp(-self.d * u)
            step = (self.height(u) - inside) / slope
            u = u - step
            if not np.any(np.abs(step) > 1e-14):
                break
        return np.where(finite, u, x)


@lru_cache(maxsize=256)
def _biexponential(transform: Logicle) -> _Biexponential:
    """Return the curve of a logicle scale."""
    decades = transform.m + transform.a
    b = decades * _LN10
    w = transform.w / decades
    zero = transform.a / decades + w
    # d solves 2 ln(d / b) + w (b + d) = 0. With r = ln(b / d) that is 2 r - w b (1 + e^-r) = 0,
    # rising and concave in r, so Newton's iteration from 0 climbs to the root.
    r = 0.0
    for _ in range(100):
        step = (2.0 * r - w * b * (1.0 + math.exp(-r))) / (2.0 + w * b * math.exp(-r))
        r -= step
        if abs(step) <= 1e-15 * max(r, 1.0):
            break
    d = b * math.exp(-r)
    weight = math.exp(2.0 * r)  # q / p = (b / d)^2
    above = 1.0 - zero
    p = transform.t / (math.expm1(b * above) - weight * math.expm1(-d * above))
    return _Biexponential(zero=zero, p=p, q=p * weight, b=b, d=d)


class _Table(NamedTuple):
    """A logicle scale by linear interpolation between knots that are even in asinh(|x| / unit).

    That distance is logarithmic where the scale is and linear where the scale is, so the curve
    between two of 8,193 knots is nearly straight.

    Attributes:
        unit: linear units.
        knots_per_step: knots a unit of asinh.
        distance: scale distance from zero at each knot, float32.
        rise: difference to the next knot, float32.
        transform: the scale, for what lies beyond the table.
    """

    unit: float
    knots_per_step: float
    distance: Values
    rise: Values
    transform: Logicle

    def look_up(self, x: Values) -> Values:
        """Return float32 places on the scale; values beyond the table are solved one by one."""
        flat = x.reshape(-1)
        out = np.empty_like(flat)
        for chunk in chunks(flat.size, _AT_ONCE):
            self._look_up_chunk(flat[chunk], out[chunk])
        return out.reshape(x.shape)

    def _look_up_chunk(self, x: Values, out: Values) -> None:
        np.abs(x, out=out)
        out *= np.float32(1.0 / self.unit)
        _arcsinh_in_place(out)
        out *= np.float32(self.knots_per_step)
        last = np.float32(_KNOTS - 2)
        beyond = ~(out <= last)  # NaN too
        any_beyond = bool(beyond.any())
        if any_beyond:
            out[beyond] = last
        knot = out.astype(np.int32)
        out -= knot.astype(np.float32)
        out *= np.take(self.rise, knot, mode="clip")
        out += np.take(self.distance, knot, mode="clip")
        # What lies below zero gets its sign back, as `copysign` would and ten times as fast.
        out.view(np.uint32)[...] |= x.view(np.uint32) & np.uint32(1 << 31)
        out += np.float32(_biexponential(self.transform).zero)
        if any_beyond:
            out[beyond] = scale_exact(x[beyond], self.transform)


def _arcsinh_in_place(x: Values) -> None:
    """Put log(x + sqrt(x^2 + 1)) in the place of x, which is not below 0.

    It is as exact as float32 can tell on a scale, and six times as fast as numpy's own, which has no
    vectors of the processor for it. What overflows, beyond 1e19, becomes infinite.
    """
    with np.errstate(over="ignore"):
        root = x * x
        root += np.float32(1)
        np.sqrt(root, out=root)
        x += root
        np.log(x, out=x)


@lru_cache(maxsize=64)  # those of the tubes at hand: each takes 66 KB, and every tube has its own
def _table_of(transform: Logicle) -> _Table:
    """Return the interpolation table of a logicle scale."""
    curve = _biexponential(transform)
    unit = curve.slope / curve.b  # makes the table of W = 0 straight, and the ends of any
    reach = math.asinh(_TABLE_REACH * transform.t / unit)
    distance = curve.root(unit * np.sinh(np.linspace(0.0, reach, _KNOTS)))
    return _Table(
        unit=unit,
        knots_per_step=(_KNOTS - 1) / reach,
        distance=distance.astype(np.float32),
        rise=np.diff(distance, append=distance[-1]).astype(np.float32),
        transform=transform,
    )


class Columns:
    """A tube's events by dimension: each scaled column is computed when first asked for, then kept.

    Attributes:
        events: the compensated events behind it.
    """

    def __init__(self, events: CompensatedEvents) -> None:
        self.events = events
        self._kept: dict[Dimension, Values | Exact] = {}
        self._picked: dict[tuple[int, Dimension], tuple[Mask, Values | Exact]] = {}
        self._rows: tuple[Mask, npt.NDArray[np.intp]] | None = None

    def __len__(self) -> int:
        return len(self.events)

    def column(self, dimension: Dimension) -> Values | Exact:
        """Return one value an event, in file order, read-only.

        The Time channel is float64 seconds (ticks times the file's time step, 1 where it states
        none); any other is float32, linear where the dimension has no scale.

        Raises:
            KeyError: no such channel.
        """
        key = self._key(dimension)
        if key.scale is None:
            # Linear signals are the tube's own; times take twice their room, and one gate asks.
            return self._read_only(key)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = self._read_only(key)
        return kept

    def every(self, step: int, dimension: Dimension) -> Values | Exact:
        """Return every `step`-th value of a dimension; a column that nobody else asked for is not kept."""
        key = self._key(dimension)
        if step == 1 or key in self._kept:
            return self.column(key)[::step]
        return self._compute(key, step)

    def _key(self, dimension: Dimension) -> Dimension:
        """Return a dimension as its column is kept: without a matrix both kinds are one column."""
        compensated = dimension.compensated and dimension.detector in self.events.compensated
        return Dimension(dimension.detector, dimension.scale, compensated)

    def rows(self, population: Mask) -> npt.NDArray[np.intp]:
        """Return the row numbers of a population, rising; the last are kept, for its next gate."""
        if population.flags.writeable:
            return np.flatnonzero(population)
        kept = self._rows
        if kept is None or kept[0] is not population:
            self._rows = kept = population, np.flatnonzero(population)
            kept[1].flags.writeable = False
        return kept[1]

    def forget(self) -> None:
        """Let go of what is kept of single populations, once all gates are placed by them."""
        self._rows = None
        self._picked.clear()

    def of(self, population: Mask, dimension: Dimension) -> Values | Exact:
        """Return a population's values on a dimension, in file order.

        The last few are kept: gates are placed by the same few populations again and again.

        Args:
            population: a mask over all events.
            dimension: the axis.
        """
        if population.flags.writeable:
            return pick(self.column(dimension), population)
        key = (id(population), dimension)
        # The mask is kept beside its values, so that no other can be given its id.
        kept = self._picked.pop(key, None)
        if kept is None:
            kept = population, pick(self.column(dimension), population)
            kept[1].flags.writeable = False
        self._picked[key] = kept
        if len(self._picked) > _PICKED:
            del self._picked[next(iter(self._picked))]
        return kept[1]

    def _read_only(self, dimension: Dimension) -> Values | Exact:
        column = self._compute(dimension)
        column.flags.writeable = False
        return column

    def _compute(self, dimension: Dimension, every: int = 1) -> Values | Exact:
        whole = self.events.linear(dimension.detector, compensated=dimension.compensated)
        linear = whole[::every]
        if self.events.raw.channel(dimension.detector).is_time:
            step = self.events.raw.timestep_seconds
            seconds = linear.astype(np.float64) * (1.0 if step is None else step)
            return seconds if dimension.scale is None else scale_exact(seconds, dimension.scale)
        if dimension.scale is None:
            return linear.view()
        return scale(linear, dimension.scale)
