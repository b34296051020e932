"""Whether candidates are a population or scatter, and the ellipse around them if they are."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from cd5flow.gating.core import fit_core, level_distance
from cd5flow.gating.sight import (
    Outcome,
    Resolved,
    Side,
    Sight,
    Spec,
    Unresolved,
    refuse_one_channel_twice,
    robust_sd,
)
from cd5flow.model.geometry import Dimension, Ellipse
from cd5flow.model.populations import Evidence

CENTRES = 500
"""About so many candidates, evenly taken, are tried as the centre."""
SAMPLE = 4_000
"""About so many, evenly taken, are counted around each."""


class CandidateCluster(Spec):
    """The ellipse around the densest cluster of the parent's events on two axes.

    A population is as narrow as a normal one of the same tube; doublets and stray events are spread
    out. Distances are therefore counted in spreads (robust SD) of a named population. The cluster
    is accepted if the ball around the densest place holds `min_events`, and if the shell of the
    same area around that ball holds fewer events than `max_shell_share` of the ball. The densest of
    many places in mere scatter stands out too; so the ball must either exceed its shell by `clear_z`
    standard errors of the counts, or have no rival: no ball further off with more than
    `max_rival_share` of its events.

    Attributes:
        x, y: the axes.
        yardstick: populations whose spreads are the unit; the first with enough events is taken.
        yardstick_factor: how much wider than the yardstick a leukaemic population may be.
        radius: the ball's radius in those units.
        min_events: fewest events of a cluster.
        max_shell_share: see above; scatter has 1, a normal population of the unit's width 0.2.
        clear_z: see above.
        max_rival_share: see above.
        level_percent: share of a normal population that the ellipse holds.
        centre_within: where the median of the events around the densest place must lie on further
            axes; a cluster elsewhere is another population.
        apart_from: populations that the cluster must lie below on `x`, the first with enough events.
        apart_spreads: by how many spreads of that population.
        apart_below_percent: asked only of clusters under this share of `apart_whole`: more cells than
            that are no normal look-alike.
        apart_whole: see above.
        apart_events: fewest events of a population to be told apart from.
    """

    method: Literal["candidate_cluster"]
    x: str
    y: str
    yardstick: tuple[str, ...]
    yardstick_factor: float = Field(default=1.3, gt=0)
    radius: float = Field(default=1.8, gt=0)
    min_events: int = Field(default=10, ge=3)
    max_shell_share: float = Field(default=0.55, gt=0, le=1)
    clear_z: float = Field(default=5, gt=0)
    max_rival_share: float = Field(default=0.7, gt=0, le=1)
    level_percent: float = Field(default=99.5, gt=0, lt=100)
    centre_within: tuple[Side, ...] = ()
    apart_from: tuple[str, ...] = ()
    apart_spreads: float = Field(default=1.2, ge=0)
    apart_below_percent: float = Field(default=5, ge=0, le=100)
    apart_whole: str = "all"
    apart_events: int = Field(default=50, ge=1)

    @model_validator(mode="after")
    def _axes_apart(self) -> CandidateCluster:
        refuse_one_channel_twice(self.x, self.y)
        return self

    def find(self, sight: Sight) -> Outcome:
        """Find the cluster; unresolved where the candidates are scatter."""
        axes = (sight.dimension(self.x), sight.dimension(self.y))
        points = np.column_stack([sight.values(axis) for axis in axes]).astype(np.float64)
        finite = np.isfinite(points).all(axis=1)
        points = points[finite]
        nothing = Evidence("candidate_cluster", len(points))
        if len(points) < self.min_events:
            return Unresolved(f"{len(points)} candidates are fewer than {self.min_events}", nothing)
        unit = self._unit(sight, axes)
        if unit is None:
            return Unresolved(
                f"none of {', '.join(self.yardstick)} has events to measure width by", nothing
            )
        scaled = points / unit
        centre, ball, shell, rival = _densest(scaled, self.radius)
        values = {
            "ball_events": float(ball),
            "shell_events": float(shell),
            "shell_share": shell / ball,
            "rival_share": rival,
        }
        evidence = Evidence(
            "candidate_cluster", len(points), values, "densest cluster among the candidates"
        )
        around = np.flatnonzero(finite)[_squared(scaled, centre) <= self.radius**2]
        against = self._scattered(len(points), ball, shell, rival) or self._elsewhere(sight, around)
        if against is None:
            against = self._look_alike(sight, axes[0], float(centre[0] * unit[0]), ball)
            if against is not None:
                values["look_alike_events"] = float(ball)
        if against is not None:
            return Unresolved(against, evidence)
        return Resolved(self._ellipse(scaled, centre, unit, axes), evidence)

    def _scattered(self, events: int, ball: int, shell: int, rival: float) -> str | None:
        """Return why the candidates are no cluster; None where they are one."""
        if ball < self.min_events:
            return f"the densest place holds {ball} events, fewer than {self.min_events}"
        clear = ball - shell >= self.clear_z * np.sqrt(ball + shell)
        if shell > self.max_shell_share * ball or not (clear or rival <= self.max_rival_share):
            return (
                f"{events} candidates are scattered: {ball} in the densest place, "
                f"{shell} in the shell around it, {100 * rival:.0f} % as many elsewhere"
            )
        return None

    def _elsewhere(self, sight: Sight, around: np.ndarray) -> str | None:
        """Return why the cluster's centre is that of other cells; None where it is not."""
        for side in self.centre_within:
            axis = sight.dimension(side.axis)
            middle = float(np.median(sight.values(axis)[around]))
            low, high = sight.at(side.low, axis), sight.at(side.high, axis)
            if (low is not None and middle < low) or (high is not None and middle > high):
                place = "low" if low is not None and middle < low else "high"
                return f"a cluster of {around.size} events lies too {place} on {side.axis}"
        return None

    def _look_alike(self, sight: Sight, axis: Dimension, centre: float, events: int) -> str | None:
        """Return why the cluster may be a normal population; None where it stands apart."""
        whole = sight.members.get(self.apart_whole)
        for name in self.apart_from:
            normal = sight.values_of(name, axis)
            if normal.size < self.apart_events:
                continue
            if whole is not None and 100 * events >= self.apart_below_percent * int(whole.sum()):
                return None
            place = float(np.median(normal)) - self.apart_spreads * robust_sd(normal)
            if centre <= place:
                return None
            return f"a cluster of {events} events lies as high on {self.x} as {name}"
        return None

    def _unit(self, sight: Sight, axes: tuple[Dimension, Dimension]) -> np.ndarray | None:
        for name in self.yardstick:
            spreads = [robust_sd(sight.values_of(name, axis)) for axis in axes]
            if all(s > 0 for s in spreads):
                return np.array(spreads) * self.yardstick_factor
        return None

    def _ellipse(
        self,
        scaled: np.ndarray,
        centre: np.ndarray,
        unit: np.ndarray,
        axes: tuple[Dimension, Dimension],
    ) -> Ellipse:
        """Return the ellipse of the cluster's own shape, grown from its core, at the stated level."""
        circle = np.eye(2)
        # Few events say little of a shape: the unit circle stands in with the weight of ten.
        fitted = fit_core(
            scaled,
            centre=centre,
            covariance=circle,
            min_events=self.min_events,
            prior=circle,
            prior_events=10,
        )
        place, covariance = fitted if fitted is not None else (centre, circle)
        place = place * unit
        xx, xy, yy = (
            float(covariance[i, j] * unit[i] * unit[j]) for i, j in ((0, 0), (0, 1), (1, 1))
        )
        middle = (float(place[0]), float(place[1]))
        return Ellipse(*axes, middle, (xx, xy, yy), level_distance(self.level_percent))


def _densest(points: np.ndarray, radius: float) -> tuple[np.ndarray, int, int, float]:
    """Return the densest place and how it stands out.

    Returns:
        The place; the events in its ball; those in the shell of equal area around; and the events of
        the densest ball more than two radii away, as a share of its own.
    """
    # Where it is densest shows in some thousand events; how many they are is counted over all.
    sample = points[:: max(1, len(points) // SAMPLE)]
    tried = sample[:: max(1, len(sample) // CENTRES)]
    counts = np.array([np.count_nonzero(_squared(sample, c) <= radius**2) for c in tried])
    centre = tried[int(np.argmax(counts))]
    for _ in range(10):
        moved = points[_squared(points, centre) <= radius**2].mean(axis=0)
        settled = float(np.abs(moved - centre).max()) < 1e-3 * radius
        centre = moved
        if settled:
            break
    distance = _squared(points, centre)
    ball = max(int(np.count_nonzero(distance <= radius**2)), 1)
    shell = max(int(np.count_nonzero(distance <= 2 * radius**2)) - ball, 0)
    own = max(int(np.count_nonzero(_squared(sample, centre) <= radius**2)), 1)
    afar = counts[_squared(tried, centre) > 4 * radius**2]
    return centre, ball, shell, float(afar.max(initial=0)) / own


def _squared(points: np.ndarray, centre: np.ndarray) -> np.ndarray:
    x, y = points[:, 0] - centre[0], points[:, 1] - centre[1]
    return np.asarray(x * x + y * y)
