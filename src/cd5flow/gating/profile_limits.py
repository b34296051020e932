"""Limits by which groups of cells are made, told and outlined, as a file of profiles states them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from cd5flow.gating.tube_view import Spec

Decades = float
HeldPercent = Annotated[float, Field(ge=50, lt=100)]


class Spanning(Spec):
    """When a group of cells spans two populations and is split into them.

    Attributes:
        decades: between the means of its two parts on a marker, at the least.
        clear: the same in spreads of the parts.
        part_percent: smallest share of the group's cells in either.
    """

    decades: Decades = Field(gt=0, le=3)
    clear: float = Field(ge=4, le=20)
    part_percent: float = Field(ge=1, lt=50)


class Grouping(Spec):
    """How an even part of a tube's cells is grouped.

    Attributes:
        cells: about so many are grouped.
        groups: into at most so many; several a population.
        spanning: when a group that spans two populations all the same is split; None is never.
        fewest: a group of fewer cells is too small to have a place.
        background: decades above zero signal within which a marker is background and tells groups
            apart no more.
        reach: a cell further from a group than this on any marker, in decades, does not look like it.
        scatter_weights: by how much a decade of scatter counts more than one of a marker.
        not_by: markers by which cells are not grouped, nor told in any other way.
    """

    cells: int = Field(ge=1_000, le=100_000)
    groups: int = Field(ge=8, le=200)
    fewest: int = Field(ge=3, le=50)
    background: Decades = Field(ge=0, le=1.5)
    reach: Decades = Field(gt=0, le=2)
    scatter_weights: dict[str, float]
    spanning: Spanning | None = None
    not_by: frozenset[str] = frozenset()

    def without(self, ignored: frozenset[str]) -> Grouping:
        """Return the rule that groups cells by none of some markers."""
        return self.model_copy(update={"not_by": self.not_by | ignored})

    @model_validator(mode="after")
    def _of_scatter(self) -> Grouping:
        if set(self.scatter_weights) != {"FSC", "SSC"}:
            raise ValueError("give the weights of FSC and SSC")
        if not all(0 < weight <= 10 for weight in self.scatter_weights.values()):
            raise ValueError("a weight lies above 0 and at or below 10")
        return self


class KindApart(Spec):
    """When a population is its own, and not a part of one kind of normal cells.

    Attributes:
        axes: further axes by which these are known, to the decades within which they lie beside it.
        parted_by: markers on any of which a valley parts it from them too.
    """

    axes: dict[str, float] = Field(min_length=1)
    parted_by: tuple[str, ...] = ()

    def without(self, ignored: frozenset[str]) -> KindApart:
        """Return the rule that reads none of some markers."""
        axes = {m: d for m, d in self.axes.items() if m not in ignored}
        parted_by = tuple(m for m in self.parted_by if m not in ignored)
        return self.model_copy(update={"axes": axes, "parted_by": parted_by})


class Apart(Spec):
    """When a population is its own, and not the tail of normal cells that look like it but for a marker.

    Attributes:
        axes: axis to the decades within which such cells lie beside it.
        kinds: kinds of normal cells that are asked one by one besides, for others may lie between.
        events: fewest sampled events of such cells that are asked, and of a peak.
        part_percent: fewest of them, in percent of the population.
        depth: how deep a valley must lie between on the marker, 0 to 1.
    """

    axes: dict[str, float] = Field(min_length=1)
    kinds: dict[str, KindApart] = Field(default_factory=dict)
    events: int = Field(default=20, ge=5)
    part_percent: float = Field(default=25, ge=0)
    depth: float = Field(default=0.3, gt=0, lt=1)

    def markers(self) -> frozenset[str]:
        """Return every axis that is read."""
        kinds = (m for rule in self.kinds.values() for m in (*rule.axes, *rule.parted_by))
        return frozenset((*self.axes, *kinds))

    def without(self, ignored: frozenset[str]) -> Apart:
        """Return the rule that reads none of some markers."""
        kinds = {name: rule.without(ignored) for name, rule in self.kinds.items()}
        update = {
            "axes": {m: d for m, d in self.axes.items() if m not in ignored},
            "kinds": {name: rule for name, rule in kinds.items() if rule.axes},
        }
        return self.model_copy(update=update)


class StandIn(Spec):
    """Which cells CD45 and scatter are told from where a tube has no normal T cells.

    Attributes:
        lacks_above: decades above zero signal from which a T-cell marker is carried; other lymphocytes
            carry none.
        bright_percent: percentile of CD45 among these that is bright.
        cd45_below: decades from there down in which lymphocytes lie.
        ssc_above: decades of side scatter from the least of them up in which they lie.
        cd45_not_below: decades that their CD45 may lie below the middle of the leukocytes, none of which
            have more: cells with less are dead ones or another kind.
        cd45_around: decades around the median in which the main population lies, where there are no
            other lymphocytes either.
    """

    lacks_above: Decades = Field(gt=0, le=4)
    bright_percent: float = Field(ge=50, lt=100)
    cd45_below: Decades = Field(gt=0, le=2)
    ssc_above: Decades = Field(gt=0, le=1)
    cd45_not_below: Decades = Field(ge=0, le=2)
    cd45_around: Decades = Field(gt=0, le=2)


class GranulocyteBackground(Spec):
    """Which cells show the background of cells with much side scatter.

    Attributes:
        ssc_above: decades above lymphocytes from which side scatter is theirs.
        cd45_above: decades above zero signal from which they are leukocytes.
        percentile: of their groups on a marker that they lack.
        at_most: decades above the background of small cells that are background still.
        usual_ssc: decades above lymphocytes at which they lie where a tube has none.
        least_ssc: decades of side scatter over which the background rises, at the least.
    """

    ssc_above: Decades = Field(gt=0, le=1)
    cd45_above: Decades = Field(ge=0, le=2)
    percentile: float = Field(gt=0, lt=100)
    at_most: Decades = Field(gt=0, le=3)
    usual_ssc: Decades = Field(gt=0, le=2)
    least_ssc: Decades = Field(gt=0, le=1)


class SmallCellBackground(Spec):
    """Which cells show the background of a marker, and where it may lie.

    Attributes:
        ssc_below: decades above lymphocytes under which side scatter is theirs.
        fsc_above: decades from lymphocytes from which forward scatter is that of a cell.
        cd45_above: decades above zero signal from which they are leukocytes.
        width: of the smoothing by which the lowest mode of their groups is found.
        near: decades about a mode that are its own,
        share_percent: and share of the cells that they hold, at the least.
        lowest, highest: decades above zero signal between which background lies.
        none_above: decades above zero signal from which the lowest mode is no background: every cell
            carries the marker.
        otherwise: decades above zero signal at which background is taken to lie then.
    """

    ssc_below: Decades = Field(gt=0, le=1)
    fsc_above: Decades = Field(ge=-1, lt=0)
    cd45_above: Decades = Field(ge=0, le=2)
    width: Decades = Field(gt=0, le=0.5)
    near: Decades = Field(gt=0, le=1)
    share_percent: float = Field(gt=0, lt=50)
    lowest: Decades = Field(ge=0, le=1)
    highest: Decades = Field(gt=0, le=3)
    none_above: Decades = Field(gt=0, le=3)
    otherwise: Decades = Field(gt=0, le=2)

    @model_validator(mode="after")
    def _in_order(self) -> SmallCellBackground:
        if not self.lowest < self.otherwise < self.highest <= self.none_above:
            raise ValueError("expected lowest < otherwise < highest <= none_above")
        return self


class References(Spec):
    """From which cells of a tube its levels are told.

    Attributes:
        leukocyte_cd45: decades above zero signal from which CD45 is that of a leukocyte.
        stand_in: where there are no normal T cells.
        small_cells: the background of a marker at low side scatter.
        granulocytes: the same at high side scatter.
    """

    leukocyte_cd45: Decades = Field(ge=0, le=2)
    stand_in: StandIn
    small_cells: SmallCellBackground
    granulocytes: GranulocyteBackground


class Outlining(Spec):
    """How gates are drawn around a population that was told by groups.

    Attributes:
        held_percent: share of the population that each ellipse holds, its outermost cell counted as a
            straggler: the first, or where other cells lie close, of these the one whose gates part the
            population best from them (F1).
        enough_f1: from here on no other share is tried.
        least_own_percent: of the cells that a leukaemic population's gates hold, at least so many must be
            leukaemic; else it is not claimed, but named among what is not decided.
        tail_gap: an ellipse grows no further along a tail than to where the next cell lies more than so
            many times as far out: what is beyond are stragglers.
        bound_tail_percent: share of the population that one bound may cut off.
        slack: by so much of the display scale a bound stays off the population.
        bounds: at most so many.
        worth_percent: a bound is set if it keeps out other cells that make up this share of the
            population.
    """

    held_percent: tuple[HeldPercent, ...] = Field(min_length=1, max_length=6)
    enough_f1: float = Field(gt=0, le=1)
    least_own_percent: float = Field(ge=0, le=100)
    tail_gap: float = Field(gt=1, le=3)
    bound_tail_percent: float = Field(ge=0, le=5)
    slack: float = Field(ge=0, le=0.1)
    bounds: int = Field(ge=0, le=12)
    worth_percent: float = Field(gt=0, le=10)
