"""A component of a mixture of normal populations on two axes, told from the others by a rule."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from cd5flow.gating.roles import RoleSpec
from cd5flow.gating.tube_view import Outcome, Resolved, TubeView, Unresolved
from cd5flow.model.geometry import Dimension, Ellipse
from cd5flow.model.populations import Evidence
from cd5flow.model.reasons import Reason
from cd5flow.numerics.robust_ellipse import level_distance, squared_distance

Floats = npt.NDArray[np.float64]

LEAST_VARIANCE = 1e-6
"""Added to every component's, as a share of that of all events: without it one event is a component."""
LEAST_WIDTH = 2e-3
"""Standard deviation over that of all events at which what was added is a quarter of the variance."""
FEWEST = 3
"""With fewer events left by the trim there is no ellipse."""
LEVELLED = 2
"""After so many components more without a lower BIC, yet more are not tried."""
ROUNDS = 500
"""At most so many steps of expectation and maximisation."""


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """One normal population of the mixture.

    Attributes:
        peak: its mean, in display units.
        covariance: (2, 2).
        weight: its share of the events.
        overlap: how much of it, in percent, would as well belong to the others.
        width: its standard deviation where it is narrowest, over that of all events.
    """

    peak: tuple[float, float]
    covariance: Floats
    weight: float
    overlap: float
    width: float


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A mixture of some number of components.

    Attributes:
        components: those of the mixture.
        bic: Bayes' information criterion; lower is better.
        points: (n, 2), the events it was fitted to.
        shares: (n, k), how much of each event belongs to each component.
    """

    components: tuple[Component, ...]
    bic: float
    points: Floats
    shares: Floats

    def neighbours(self, one: Component, distance: float) -> float:
        """Return which percentage of the events in a component's ellipse are the others'.

        Args:
            one: the component.
            distance: squared distance at which the ellipse ends.
        """
        inside = squared_distance(self.points, np.array(one.peak), one.covariance) <= distance
        own = self.shares[inside, self.components.index(one)]
        return 100 * float(1 - own.mean()) if own.size else 0.0


class Mixture(RoleSpec):
    """The ellipse of one component of a mixture of normal populations; its place is its mean.

    For maps on which populations run into each other, so that no valley of the density parts them.
    The number of components is the smallest whose BIC lies within `bic_margin` of the lowest
    (Schwarz G. Ann Stat 1978;6:461; Kass RE, Raftery AE. J Am Stat Assoc 1995;90:773). A component
    that shares more than `max_overlap_percent` of its events with others, or whose ellipse holds more
    of theirs, is no population of its own: a wide or skewed population takes several components. Where
    two populations run into each other, a lower `level_percent` leaves the other out.
    Where one component is enough, nothing on the map says which population it is: it is taken only if
    a window does.

    Attributes:
        max_components: most components that are tried.
        bic_margin: see above; 10 is "very strong" evidence in Kass and Raftery's words.
        max_overlap_percent: see above.
        min_events: fewest events of a component.
        max_events: to so many events, drawn at random, the mixture is fitted.
        trim_percent: share of the events at either end of each axis that the fit leaves aside, so
            that strays do not become components.
    """

    method: Literal["mixture"]
    max_components: int = Field(default=8, ge=1, le=20)
    bic_margin: float = Field(default=10, ge=0)
    max_overlap_percent: float = Field(default=20, gt=0, le=100)
    min_share_percent: float = Field(default=1, ge=0, le=100)
    min_events: int = Field(default=200, ge=20)
    max_events: int = Field(default=20_000, ge=200)
    trim_percent: float = Field(default=0.1, ge=0, lt=10)

    def find(self, view: TubeView) -> Outcome:
        """Find the component; unresolved where none stands apart."""
        axes = (view.dimension(self.x), view.dimension(self.y))
        points = np.column_stack([view.values(axis) for axis in axes]).astype(np.float64)
        points = points[np.isfinite(points).all(axis=1)]
        events = len(points)
        nothing = Evidence("mixture", events)
        if events < self.min_events:
            return Unresolved(self.why("few_for_mixture", events=events), nothing)
        # A copy: the answer is the same however often the gate is looked for.
        rng = copy.deepcopy(view.rng)
        fits = self._fits(_sample(points, self.max_events, self.trim_percent, rng), rng)
        if not fits:
            return Unresolved(self.why("unsettled"), nothing)
        lowest = min(fit.bic for fit in fits.values())
        number = min(k for k, fit in fits.items() if fit.bic <= lowest + self.bic_margin)
        fit = fits[number]
        values = _about(fits, number)
        evidence = Evidence("mixture", events, values, self.rule("component"))
        one = self._chosen(fit, events, view, axes)
        if isinstance(one, Reason):
            return Unresolved(one, evidence)
        values |= {
            f"{self.x} mean": one.peak[0],
            f"{self.y} mean": one.peak[1],
            "component_events": one.weight * events,
            "weight_percent": 100 * one.weight,
            "overlap_percent": one.overlap,
            "neighbour_percent": fit.neighbours(one, level_distance(self.level_percent)),
        }
        against = self._against(one, number, values["neighbour_percent"])
        if against is not None:
            return Unresolved(against, evidence)
        return Resolved(self._ellipse(one, axes), evidence)

    def _fits(self, points: Floats, rng: np.random.Generator) -> dict[int, Fit]:
        """Return the mixtures that settle, by their number of components."""
        if len(points) < FEWEST:
            return {}
        centre, width = points.mean(axis=0), points.std(axis=0)
        if not np.all(width > 0):
            return {}
        scaled = (points - centre) / width
        most = max(1, min(self.max_components, len(points) // self.min_events))
        found: dict[int, Fit] = {}
        best = 1
        for k in range(1, most + 1):
            fit = _fit(scaled, k, seed=int(rng.integers(2**32 - 1)), origin=centre, unit=width)
            if fit is not None:
                best = k if best not in found or fit.bic < found[best].bic else best
                found[k] = fit
            if k - best >= LEVELLED:
                break
        return found

    def _chosen(
        self, fit: Fit, events: int, view: TubeView, axes: tuple[Dimension, Dimension]
    ) -> Component | Reason:
        """Return the component that has the role, or why there is none."""
        every = fit.components
        large = [
            one
            for one in every
            if one.weight * events >= self.min_events
            and self.min_share_percent <= 100 * one.weight <= self.max_share_percent
        ]
        fitting = [one for one in self.leading(large, axes) if self.allowed(one, view, axes)]
        if fitting:
            return max(fitting, key=self.score)
        return self.why("small_components" if not large else "no_component", number=len(every))

    def _against(self, one: Component, number: int, strangers: float) -> Reason | None:
        """Return why a component is no population of its own; None where it is one."""
        if number == 1 and not (self.x_window.bounds or self.y_window.bounds):
            return self.why("one_component")
        if one.width < LEAST_WIDTH:
            return self.why("flat_component")
        most = self.max_overlap_percent
        if one.overlap > most:
            return self.why("shared_component", percent=one.overlap, most=most)
        if strangers > most:
            return self.why("strangers", percent=strangers, most=most)
        return None

    def _ellipse(self, one: Component, axes: tuple[Dimension, Dimension]) -> Ellipse:
        xx, xy, yy = (float(one.covariance[i, j]) for i, j in ((0, 0), (0, 1), (1, 1)))
        return Ellipse(*axes, one.peak, (xx, xy, yy), level_distance(self.level_percent))


def _sample(points: Floats, most: int, trim_percent: float, rng: np.random.Generator) -> Floats:
    """Return the events to fit: strays left aside, and of many some."""
    low, high = np.percentile(points, (trim_percent, 100 - trim_percent), axis=0)
    kept = points[np.all((points >= low) & (points <= high), axis=1)]
    if len(kept) <= most:
        return kept
    # In their order, so that the draw alone decides.
    return np.asarray(kept[np.sort(rng.choice(len(kept), most, replace=False))])


def _fit(scaled: Floats, number: int, *, seed: int, origin: Floats, unit: Floats) -> Fit | None:
    """Return the mixture of so many components; None where it does not settle.

    Args:
        scaled: (n, 2), events less `origin`, over `unit`.
        number: how many components.
        seed: of where they begin.
        origin: (2,), in display units.
        unit: (2,), in display units.
    """
    # Half a second to import: for strategies that ask for it.
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
    from sklearn.mixture import GaussianMixture  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

    model: Any = GaussianMixture(
        number, max_iter=ROUNDS, tol=1e-4, reg_covar=LEAST_VARIANCE, random_state=seed
    )
    # Sums over several threads are rounded in another order: one thread, one answer.
    with threadpool_limits(limits=1), warnings.catch_warnings():
        # That it did not settle is asked below.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(scaled)
        if not model.converged_:
            return None
        shares = np.asarray(model.predict_proba(scaled), dtype=np.float64)
        bic = float(model.bic(scaled))
    components = tuple(
        _component(model.means_[j], model.covariances_[j], shares[:, j], origin=origin, unit=unit)
        for j in range(number)
    )
    return Fit(components, bic, scaled * unit + origin, shares)


def _component(
    mean: Floats, covariance: Floats, shares: Floats, *, origin: Floats, unit: Floats
) -> Component:
    whole = float(shares.sum())
    place = mean * unit + origin
    return Component(
        peak=(float(place[0]), float(place[1])),
        covariance=covariance * np.outer(unit, unit),
        weight=whole / len(shares),
        overlap=100 * (1 - float((shares**2).sum()) / whole) if whole > 0 else 100.0,
        width=float(np.sqrt(max(float(np.linalg.eigvalsh(covariance)[0]), 0.0))),
    )


def _about(fits: dict[int, Fit], number: int) -> dict[str, float]:
    """Return how many components there are, and how much speaks for so many.

    ``bic_gain`` is by how much BIC is lower than with one component fewer, ``bic_left`` by how much it
    would be lower still with one more (below 0: higher).
    """
    values = {"components": float(number)}
    for name, fewer, more in (
        ("bic_gain", number - 1, number),
        ("bic_left", number, number + 1),
    ):
        if fewer in fits and more in fits:
            values[name] = fits[fewer].bic - fits[more].bic
    return values
