"""A picture with what it says, for captions and for those who cannot see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from matplotlib.figure import Figure

from cd5flow.model.names import ALL
from cd5flow.model.populations import Gating
from cd5flow.plots.palette import named
from cd5flow.plots.scene import Places, Scene


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

    def __str__(self) -> str:
        """Return "blasts: 3,520 events, 41.2 % of not_nk"."""
        parent = "all events" if self.parent == ALL else self.parent
        share = f"no {parent}" if self.percent is None else f"{self.percent:.3g} % of {parent}"
        return f"{self.population}: {self.events:,} events, {share}"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture.

    Attributes:
        name: of its file, without ending.
        kind: a gate on its parent, an overview of a population, or the CD5 overlay.
        axes: the words at its axes, the horizontal one first.
        counted: the population that it shows, as a share of its parent.
        drawn: the reference populations in it.
        figure: without a title.
        title: what a file of its own has above it.
        automatic_events: events of the automatic gate, where a person drew this one.
    """

    name: str
    kind: Literal["gate", "map", "overlay"]
    axes: tuple[str, ...]
    counted: Count
    drawn: tuple[Count, ...]
    figure: Figure
    title: str
    automatic_events: int | None = None


def count_of(gating: Gating, population: str, parent: str) -> Count:
    """Return how many of a population's events there are in another."""
    return Count(
        population,
        int(gating.members[population].sum()),
        parent,
        int(gating.members[parent].sum()),
    )


def drawn_within(scene: Scene, totals: Places, whole: str) -> tuple[Count, ...]:
    """Return the reference populations that were drawn among another's events.

    Args:
        scene: the tube.
        totals: events of no family, and of each.
        whole: the population drawn.
    """
    events = len(scene.events(whole))
    return tuple(
        Count(named(family), int(totals[kind]), whole, events)
        for kind, family in enumerate(scene.families, start=1)
        if totals[kind]
    )
