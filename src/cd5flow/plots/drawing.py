"""A picture with what it says, for captions and for those who cannot see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cd5flow.model.populations import Gating
from cd5flow.plots.density import Counts
from cd5flow.plots.palette import is_left_of
from cd5flow.plots.plotted_tube import PlottedTube
from cd5flow.plots.scene import Scene


@dataclass(frozen=True, slots=True)
class Count:
    """How many events of a population are drawn.

    Attributes:
        population: who.
        events: how many.
        parent: within whom.
        parent_events: how many those are.
    """

    population: str
    events: int
    parent: str
    parent_events: int

    @property
    def percent(self) -> float | None:
        """Share of the parent; None where it is empty."""
        return 100 * self.events / self.parent_events if self.parent_events else None


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture.

    Attributes:
        name: of its file, without ending.
        kind: a gate on its parent, the gate on time, an overview of a population, or the CD5 overlay.
        axes: the words at its axes, the horizontal one first.
        counted: the population that it shows, as a share of its parent.
        drawn: the reference populations in it.
        scene: what is drawn.
        is_front: whether it stands on the front page.
        automatic_events: events of the automatic gate, where a person drew this one.
    """

    name: str
    kind: Literal["gate", "run", "map", "overlay"]
    axes: tuple[str, ...]
    counted: Count
    drawn: tuple[Count, ...]
    scene: Scene
    is_front: bool = False
    automatic_events: int | None = None


def count_of(gating: Gating, population: str, parent: str) -> Count:
    """Return how many of a population's events there are in another."""
    return Count(
        population,
        int(gating.members[population].sum()),
        parent,
        int(gating.members[parent].sum()),
    )


def drawn_within(plotted: PlottedTube, totals: Counts, whole: str) -> tuple[Count, ...]:
    """Return the reference populations that were drawn among another's events.

    Args:
        plotted: the tube.
        totals: events of no family, and of each.
        whole: the population drawn.
    """
    events = len(plotted.events(whole))
    return tuple(
        # What others leave of a population is not called as the whole is.
        Count("b_cells" if is_left_of(family) else family.population, int(n), whole, events)
        for family, n in zip(plotted.families, totals[1 : len(plotted.families) + 1], strict=True)
        if n
    )
