"""Whether candidates are a population or scatter, and the ellipse around them if they are."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from cd5flow.gating.clusters import (
    ClusterSpec,
    ball_and_shell,
    known_points,
    shift_to_mean,
    squared,
)
from cd5flow.gating.tube_view import Outcome, Resolved, TubeView, Unresolved
from cd5flow.model.populations import Evidence
from cd5flow.model.reasons import Reason

CENTRES = 500
"""About so many candidates, evenly taken, are tried as the centre."""
SAMPLE = 4_000
"""About so many, evenly taken, are counted around each."""
_AT_ONCE = 8
"""Centres whose distances are computed together: so many stay in the processor's cache."""


class CandidateCluster(ClusterSpec):
    """The ellipse around the densest cluster of the parent's events on two axes.

    The cluster is accepted if the ball around the densest place holds `min_events`, and if the shell
    of the same area around that ball holds fewer events than `max_shell_share` of the ball. The
    densest of many places in mere scatter stands out too; so the ball must either exceed its shell
    by `clear_z` standard errors of the counts, or have no rival: no ball further off with more than
    `max_rival_share` of its events.

    Attributes:
        max_rival_share: see above.
    """

    method: Literal["candidate_cluster"]
    max_rival_share: float = Field(default=0.7, gt=0, le=1)

    def find(self, view: TubeView) -> Outcome:
        """Find the cluster; unresolved where the candidates are scatter."""
        axes = (view.dimension(self.x), view.dimension(self.y))
        points, known = known_points([view.values(axis) for axis in axes])
        nothing = Evidence("candidate_cluster", len(points))
        if len(points) < self.min_events:
            return Unresolved(self.too_few(len(points)), nothing)
        unit = self.unit(view, axes)
        if unit is None:
            return Unresolved(self.unmeasured(), nothing)
        scaled = np.divide(points, unit, out=points)
        centre, rival = _densest(scaled, self.radius)
        ball, shell = ball_and_shell(self.whole(view, axes, scaled, unit), centre, self.radius)
        values = {
            "ball_events": float(ball),
            "shell_events": float(shell),
            "shell_share": shell / max(ball, 1),
            "rival_share": rival,
        }
        evidence = Evidence(
            "candidate_cluster", len(points), values, Reason("FOUND", case="densest")
        )
        around = np.flatnonzero(known)[squared(scaled, centre) <= self.radius**2]
        against = self._scattered(len(scaled), ball, shell, rival) or self.elsewhere(view, around)
        if against is None:
            against = self.look_alike(view, axes[0], float(centre[0] * unit[0]), ball)
            if against is not None:
                values["look_alike_events"] = float(ball)
        if against is not None:
            return Unresolved(against, evidence)
        return Resolved(self.ellipse(scaled, centre, unit, axes), evidence)

    def _scattered(self, events: int, ball: int, shell: int, rival: float) -> Reason | None:
        """Return why the candidates are no cluster; None where they are one."""
        if ball < self.min_events:
            return Reason("UNRESOLVED", case="few_densest", events=ball, least=self.min_events)
        clear = ball - shell >= self.clear_z * np.sqrt(ball + shell)
        if shell > self.max_shell_share * ball or not (clear or rival <= self.max_rival_share):
            return Reason(
                "UNRESOLVED",
                case="scattered",
                events=events,
                ball=ball,
                shell=shell,
                rival_percent=100 * rival,
            )
        return None


def _densest(points: np.ndarray, radius: float) -> tuple[np.ndarray, float]:
    """Return the densest place, and the densest ball more than two radii away as a share of its own."""
    # Where it is densest shows in some thousand events; how many they are is counted over all.
    sample = points[:: max(1, len(points) // SAMPLE)]
    tried = sample[:: max(1, len(sample) // CENTRES)]
    counts = _neighbours(sample, tried, radius)
    centre = shift_to_mean(points, tried[int(np.argmax(counts))], radius)
    own = max(int(np.count_nonzero(squared(sample, centre) <= radius**2)), 1)
    afar = counts[squared(tried, centre) > 4 * radius**2]
    return centre, float(afar.max(initial=0)) / own


def _neighbours(points: np.ndarray, centres: np.ndarray, radius: float) -> np.ndarray:
    """Return how many points, (n, 2), lie within a radius of each centre, (m, 2)."""
    found = np.empty(len(centres), dtype=np.int64)
    x, y = (np.ascontiguousarray(points[:, i]) for i in (0, 1))
    for start in range(0, len(centres), _AT_ONCE):
        some = centres[start : start + _AT_ONCE]
        across, along = x - some[:, :1], y - some[:, 1:]
        across *= across
        along *= along
        across += along
        found[start : start + _AT_ONCE] = np.count_nonzero(across <= radius**2, axis=1)
    return found
