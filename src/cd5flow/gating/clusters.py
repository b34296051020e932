"""What finding a cluster among candidates has in common: its unit of width, who it must not be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field, model_validator

from cd5flow.gating.tube_view import Side, Spec, TubeView, refuse_one_channel_twice
from cd5flow.model.geometry import Dimension, Ellipse
from cd5flow.model.names import ALL
from cd5flow.model.reasons import Reason
from cd5flow.model.references import MarkerRef, PopulationRef
from cd5flow.numerics.chunks import chunks
from cd5flow.numerics.order_statistics import median, robust_sd
from cd5flow.numerics.robust_ellipse import fit_core, level_distance


class ClusterSpec(Spec):
    """A cluster of the parent's events on two axes.

    A population is as narrow as a normal one of the same tube; doublets and stray events are spread
    out. Distances are therefore counted in spreads (robust SD) of a named population.

    Attributes:
        x, y: the axes.
        yardstick: populations whose spreads are the unit; the first with enough events is taken.
        yardstick_factor: how much wider than the yardstick a leukaemic population may be.
        radius: the radius of the ball in which a cluster is counted, in those units.
        min_events: fewest events of a cluster.
        max_shell_share: most events that the shell of the same area around the ball may hold, as a
            share of the ball's; scatter has 1, a normal population of the unit's width 0.2.
        clear_z: by how many standard errors of the counts the ball exceeds its shell where it is
            clear of scatter.
        among: a population that holds the parent, over which ball and shell are counted; absent is
            the parent itself. The edge of a gate cuts a tail off short, and a tail cut short looks
            as compact as a cluster; the cells beyond the edge show that it is a tail.
        level_percent: share of a normal population that the ellipse holds.
        centre_within: where the median of the events around the cluster's centre must lie on further
            axes; a cluster elsewhere is another population.
        apart_from: populations that the cluster must lie below on `x`, the first with enough events.
        apart_spreads: by how many spreads of that population.
        apart_below_percent: asked only of clusters under this share of `apart_whole`: more cells than
            that are no normal look-alike.
        apart_whole: see above.
        apart_events: fewest events of a population to be told apart from.
    """

    x: MarkerRef
    y: MarkerRef
    yardstick: tuple[PopulationRef, ...]
    yardstick_factor: float = Field(default=1.3, gt=0)
    radius: float = Field(default=1.8, gt=0)
    min_events: int = Field(default=10, ge=3)
    max_shell_share: float = Field(default=0.55, gt=0, le=1)
    clear_z: float = Field(default=5, gt=0)
    among: PopulationRef | None = None
    level_percent: float = Field(default=99.5, gt=0, lt=100)
    centre_within: tuple[Side, ...] = ()
    apart_from: tuple[PopulationRef, ...] = ()
    apart_spreads: float = Field(default=1.2, ge=0)
    apart_below_percent: float = Field(default=5, ge=0, le=100)
    apart_whole: PopulationRef = ALL
    apart_events: int = Field(default=50, ge=1)

    @model_validator(mode="after")
    def _axes_apart(self) -> ClusterSpec:
        refuse_one_channel_twice(self.x, self.y)
        return self

    def whole(
        self,
        view: TubeView,
        axes: tuple[Dimension, Dimension],
        scaled: np.ndarray,
        unit: np.ndarray,
    ) -> np.ndarray:
        """Return the events, (n, 2), over which ball and shell are counted, in units of width.

        Args:
            view: the tube.
            axes: on which they are counted.
            scaled: the parent's own, which they are unless `among` names others.
            unit: of width, on each axis.
        """
        if self.among is None or self.among not in view.members:
            return scaled
        points, _ = known_points([view.values_of(self.among, axis) for axis in axes])
        return np.asarray(np.divide(points, unit, out=points))

    def too_few(self, events: int) -> Reason:
        """Return that candidates are fewer than the fewest of a cluster."""
        return Reason("UNRESOLVED", case="few_candidates", events=events, least=self.min_events)

    def unmeasured(self) -> Reason:
        """Return that no yardstick gives a unit of width."""
        return Reason("UNRESOLVED", case="no_yardstick", populations=self.yardstick)

    def elsewhere(self, view: TubeView, around: np.ndarray) -> Reason | None:
        """Return why the cluster's centre is that of other cells; None where it is not."""
        for side in self.centre_within:
            axis = view.dimension(side.axis)
            middle = median(view.values(axis)[around])
            low, high = view.at(side.low, axis), view.at(side.high, axis)
            if (low is not None and middle < low) or (high is not None and middle > high):
                case = "too_low" if low is not None and middle < low else "too_high"
                return Reason("UNRESOLVED", case=case, events=around.size, axis=side.axis)
        return None

    def look_alike(
        self, view: TubeView, axis: Dimension, centre: float, events: int
    ) -> Reason | None:
        """Return why the cluster may be a normal population; None where it stands apart."""
        whole = view.members.get(self.apart_whole)
        for name in self.apart_from:
            normal = view.values_of(name, axis)
            if normal.size < self.apart_events:
                continue
            many = None if whole is None else self.apart_below_percent * np.count_nonzero(whole)
            if many is not None and 100 * events >= many:
                return None
            place = median(normal) - self.apart_spreads * robust_sd(normal)
            if centre <= place:
                return None
            return Reason(
                "UNRESOLVED", case="look_alike", events=events, axis=self.x, population=name
            )
        return None

    def unit(self, view: TubeView, axes: tuple[Dimension, Dimension]) -> np.ndarray | None:
        """Return the unit of width on each axis; None where no yardstick has events."""
        for name in self.yardstick:
            spreads = [robust_sd(view.values_of(name, axis)) for axis in axes]
            if all(s > 0 for s in spreads):
                return np.array(spreads) * self.yardstick_factor
        return None

    def ellipse(
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


def known_points(columns: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the points, (n, 2), that are numbers on both axes, and which they are.

    Either coordinate lies together in memory, as all that reads them takes one at a time.
    """
    x, y = columns
    known = np.isfinite(x) & np.isfinite(y)
    if not known.all():
        x, y = x.compress(known), y.compress(known)
    return np.array([x, y], dtype=np.float64).T, known


def squared(points: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return the squared distance of each point, (n, 2), from a place."""
    x, y = points[:, 0] - centre[0], points[:, 1] - centre[1]
    x *= x
    y *= y
    x += y
    return np.asarray(x)


def shift_to_mean(points: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    """Return a place moved to the middle of the events around it, until it settles."""
    for _ in range(10):
        events, sums = 0, np.zeros(2)
        for chunk in chunks(len(points)):
            some = points[chunk]
            near = squared(some, centre) <= radius**2
            inner = [column.compress(near) for column in some.T]
            events += inner[0].size
            sums += [column.sum() for column in inner]
        if not events:
            break
        moved = sums / events
        settled = float(np.abs(moved - centre).max()) < 1e-3 * radius
        centre = moved
        if settled:
            break
    return centre


def ball_and_shell(points: np.ndarray, centre: np.ndarray, radius: float) -> tuple[int, int]:
    """Return the events in the ball around a place, and in the shell of equal area around that."""
    ball = both = 0
    for chunk in chunks(len(points)):
        distance = squared(points[chunk], centre)
        ball += int(np.count_nonzero(distance <= radius**2))
        both += int(np.count_nonzero(distance <= 2 * radius**2))
    return ball, both - ball
