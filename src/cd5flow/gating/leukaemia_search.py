"""How a strategy has leukaemic populations looked for among the groups of a tube's cells."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from cd5flow.gating.tube_view import Spec
from cd5flow.model.references import MarkerRef, PopulationRef


class OwnKind(Spec):
    """A gate that must hold the cells which it is named after.

    Attributes:
        population: the gate.
        kinds: populations of the profiles; what they name by all markers together are its cells.
        percent: least share of these among its sampled cells, those aside that are called leukaemic or
            are of no normal profile.
        aside: kinds that are not looked at either: cells of any lineage may stick together or die.
        events: fewest such sampled cells to judge it by.
    """

    population: PopulationRef
    kinds: tuple[str, ...] = Field(min_length=1)
    percent: float = Field(gt=0, le=100)
    aside: tuple[str, ...] = ()
    events: int = Field(default=12, ge=5)


class Believed(Spec):
    """What must be as expected for a tube's numbers to be believed.

    Attributes:
        in_place: gates whose population must lie where it usually does, where that is stated.
        found: gates that must be found where the panel allows them.
        in_share: gates that must hold their usual share of the parent, where that is stated.
        own: gates that must hold cells of their own kind.
    """

    in_place: tuple[PopulationRef, ...] = ()
    in_share: tuple[PopulationRef, ...] = ()
    found: tuple[PopulationRef, ...] = ()
    own: tuple[OwnKind, ...] = ()

    def named(self) -> Iterator[tuple[str, int, str]]:
        """Yield every gate that is named: the field, its place there, and the gate."""
        for field in ("in_place", "in_share", "found"):
            for i, name in enumerate(getattr(self, field)):
                yield field, i, name
        for i, rule in enumerate(self.own):
            yield "own", i, rule.population


class LeukaemiaSearch(Spec):
    """How leukaemic populations are looked for among the groups of a tube's cells.

    Attributes:
        grouped: the population whose cells are told apart.
        within: the population in which leukaemic ones are gated.
        maps: pairs of axes, an ellipse on each; ``A|B`` is the first that the panel has.
        bounds: axes on which a bound may keep other cells out.
        events: fewest sampled events of a population that is told by its group.
        percent: smallest share of the sampled cells likewise.
        outside_percent: share of the sampled cells from which a population that no profile accepts
            withholds the burden.
        doubt_percent: share of the blasts by the chain of gates that may lie in groups of normal
            cells; more, and the two readings contradict each other.
        second_start_percent: share of the burden by which it may move where the groups are made from
            another start; more is for a person.
    """

    grouped: PopulationRef
    within: PopulationRef
    maps: tuple[tuple[MarkerRef, MarkerRef], ...] = Field(min_length=1)
    bounds: tuple[MarkerRef, ...] = ()
    events: int = Field(default=30, ge=5)
    percent: float = Field(default=0.5, ge=0, le=100)
    outside_percent: float = Field(default=2, ge=0, le=100)
    doubt_percent: float = Field(default=50, ge=0, le=100)
    second_start_percent: float = Field(default=2, gt=0, le=100)

    def without(self, ignored: frozenset[str]) -> LeukaemiaSearch:
        """Return the search that looks at none of some markers."""
        maps = [(_other_than(x, ignored), _other_than(y, ignored)) for x, y in self.maps]
        kept = tuple((x, y) for x, y in maps if x and y)
        bounds = tuple(filter(None, (_other_than(axis, ignored) for axis in self.bounds)))
        return self.model_copy(update={"maps": kept or self.maps, "bounds": bounds})


def _other_than(axis: str, ignored: frozenset[str]) -> str:
    """Return the alternatives of an axis that are not ignored; "" where all are."""
    return "|".join(marker for marker in axis.split("|") if marker not in ignored)
