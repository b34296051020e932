"""A small cluster that stands out of its surroundings, however much denser other places are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
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

FAR = 2.0**30
"""Further off than so many cells of the grid nothing is told apart."""


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """A place that may stand out.

    Attributes:
        clear: standard errors of the counts by which its ball exceeds its shell.
        centre: (2,), in units of width.
        radius: of the ball.
        ball, shell: events in them.
    """

    clear: float
    centre: np.ndarray
    radius: float
    ball: int
    shell: int


class SmallCluster(ClusterSpec):
    """The ellipse around the place on two axes that stands out most from what surrounds it.

    A few blasts are seldom the densest place: the tails of normal cells are denser. Here every place
    is held against its own shell, the clearest first, and looked for on a grid, so that neither the
    number of other cells nor that of other populations hides it. A place is accepted if its ball
    exceeds its shell by `clear_z` standard errors of the counts, the shell holds at most
    `max_shell_share` of the ball's events, and the middle of its events lies where it may.

    Attributes:
        narrowest: the smallest ball tried, as a share of `radius`: beside a steep flank a small
            population shows only in a small ball.
        min_own_percent: share of the ball's events that must be candidates; else the place is the
            flank of a population that lies elsewhere.
    """

    method: Literal["island"]
    narrowest: float = Field(default=0.5, gt=0, le=1)
    min_own_percent: float = Field(default=70, ge=0, le=100)

    def find(self, view: TubeView) -> Outcome:
        """Find the place; unresolved where none stands out."""
        axes = (view.dimension(self.x), view.dimension(self.y))
        points, known = known_points([view.values(axis) for axis in axes])
        rows = np.flatnonzero(known)
        nothing = Evidence("island", int(rows.size))
        if rows.size < self.min_events:
            return Unresolved(self.too_few(rows.size), nothing)
        unit = self.unit(view, axes)
        if unit is None:
            return Unresolved(self.unmeasured(), nothing)
        scaled = np.divide(points, unit, out=points)
        whole = self.whole(view, axes, scaled, unit)
        refused = Unresolved(
            Reason("UNRESOLVED", case="none_stands_out", events=rows.size), nothing
        )
        for place in self._places(scaled, _near(whole, scaled, 1.5 * self.radius)):
            own = squared(scaled, place.centre) <= place.radius**2
            if not self._stands_out(place, int(np.count_nonzero(own))):
                continue
            evidence = _evidence(place, int(rows.size))
            against = self.elsewhere(view, rows[own])
            alike = None
            if against is None:
                at = float(place.centre[0] * unit[0])
                against = alike = self.look_alike(view, axes[0], at, place.ball)
            if against is None:
                # The shape is that of the events around the place, not of the denser ones further off.
                around = scaled[squared(scaled, place.centre) <= (1.2 * place.radius) ** 2]
                return Resolved(self.ellipse(around, place.centre, unit, axes), evidence)
            # The clearest place is told of, unless a lesser one may be normal cells by another name.
            if alike is not None and "look_alike_events" not in refused.evidence.values:
                values = {**evidence.values, "look_alike_events": float(place.ball)}
                refused = Unresolved(against, replace(evidence, values=values))
            elif refused.evidence is nothing:
                refused = Unresolved(against, evidence)
        return refused

    def _stands_out(self, place: _Place, own: int) -> bool:
        """Whether a place holds enough events, of its own, and its shell few enough."""
        return (
            min(own, place.ball) >= self.min_events
            and own >= self.min_own_percent / 100 * place.ball
            and place.shell <= self.max_shell_share * place.ball
        )

    def _places(self, candidates: np.ndarray, ordered: np.ndarray) -> list[_Place]:
        """Return the places that are clear of what is around them, the clearest first.

        Args:
            candidates: (n, 2), in units.
            ordered: (m, 2), the events to count, rising on the first axis.
        """
        radii = self.radius * np.linspace(self.narrowest, 1, 3)
        tried = _centres(candidates, radii, self.min_events)
        nearby = candidates[np.argsort(candidates[:, 0], kind="stable")]
        places: list[_Place] = []
        for radius in radii:
            seen = [_look(ordered, centre, float(radius)) for centre in tried]
            # A place half as clear may become so once it is moved to its middle.
            worth = [place for place in seen if place.clear >= self.clear_z / 2]
            for place in _apart(sorted(worth, key=lambda place: -place.clear)):
                first, last = _within(nearby, place.centre[0], 4 * radius)
                moved = shift_to_mean(nearby[first:last], place.centre, float(radius))
                places.append(place)
                places += [_look(ordered, moved, float(other)) for other in radii]
        clear = [place for place in places if place.clear >= self.clear_z]
        return sorted(clear, key=lambda place: -place.clear)


def _evidence(place: _Place, candidates: int) -> Evidence:
    share = place.shell / place.ball
    values = {
        "ball_events": float(place.ball),
        "shell_events": float(place.shell),
        "shell_share": share,
        "clear_z": place.clear,
        # Of the shell's density there are as many strangers in the ball.
        "neighbour_percent": 100 * share,
    }
    return Evidence("island", candidates, values, Reason("FOUND", case="island"))


def _near(points: np.ndarray, others: np.ndarray, reach: float) -> np.ndarray:
    """Return the points within reach of the box around others, ordered by x."""
    low, high = others.min(axis=0) - reach, others.max(axis=0) + reach
    kept = points[np.all((points >= low) & (points <= high), axis=1)]
    return np.asarray(kept[np.argsort(kept[:, 0], kind="stable")])


def _centres(candidates: np.ndarray, radii: np.ndarray, min_events: int) -> list[np.ndarray]:
    """Return where to look: the middle of the candidates in each cell of a grid.

    Not every so manieth candidate: among many others a few blasts would hardly ever be one of them.

    Args:
        candidates: (n, 2).
        radii: those of the balls, rising; the cells are as wide as the first.
        min_events: a ball around a cell without so many in reach is no use.
    """
    # Counted from the candidates' own corner: where zero lies must not matter.
    corner = candidates.min(axis=0)
    candidates = candidates - corner
    middles = _middles(candidates, radii[0])
    wide, counts, _ = _cells(candidates, radii[-1])
    held = dict(zip(map(tuple, wide.tolist()), counts.tolist(), strict=True))
    around = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return [
        middle + corner
        for middle, (x, y) in zip(middles, _cell(middles, radii[-1]).tolist(), strict=True)
        if sum(held.get((x + i, y + j), 0) for i, j in around) >= min_events
    ]


def _middles(points: np.ndarray, side: float) -> np.ndarray:
    """Return the mean of the points in each cell of a grid."""
    _, counts, owner = _cells(points, side)
    sums = [np.bincount(owner, weights=points[:, k], minlength=len(counts)) for k in (0, 1)]
    return np.asarray(np.column_stack(sums) / counts[:, None])


def _cells(points: np.ndarray, side: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the cells of a grid that hold points, how many each, and the cell of each point."""
    found, owner, counts = np.unique(
        _cell(points, side), axis=0, return_inverse=True, return_counts=True
    )
    return found, counts, owner.ravel()


def _cell(points: np.ndarray, side: float) -> np.ndarray:
    return np.asarray(np.clip(np.floor(points / side), -FAR, FAR).astype(np.int64))


def _apart(places: list[_Place]) -> Iterator[_Place]:
    """Yield places of one radius that do not overlap, the first of each neighbourhood."""
    taken: list[_Place] = []
    for place in places:
        if all(squared(one.centre[None], place.centre)[0] > 4 * one.radius**2 for one in taken):
            taken.append(place)
            yield place


def _look(ordered: np.ndarray, centre: np.ndarray, radius: float) -> _Place:
    """Return a place with its counts."""
    first, last = _within(ordered, centre[0], np.sqrt(2) * radius)
    ball, shell = ball_and_shell(ordered[first:last], centre, radius)
    clear = float((ball - shell) / np.sqrt(ball + shell)) if ball + shell else 0.0
    return _Place(clear, centre, radius, ball, shell)


def _within(ordered: np.ndarray, x: float, reach: float) -> tuple[int, int]:
    """Return from where to where points rising on the first axis lie within reach of a place there."""
    first, last = np.searchsorted(ordered[:, 0], (x - reach, np.nextafter(x + reach, np.inf)))
    return int(first), int(last)
