"""What cells look like, marker by marker: a file a laboratory reads, edits and signs.

One row a population. A row says of each marker at which level it stands, in decades told from cells
of the same tube, and no CD5 takes part.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, model_validator

from cd5flow.config.yaml_file import Loaded, load_yaml
from cd5flow.errors import StrategyError
from cd5flow.gating.profile_limits import Apart, Grouping, Outlining, References
from cd5flow.gating.tube_view import Spec
from cd5flow.model.names import READOUT

SCATTER = ("FSC", "SSC")
"""Axes told from lymphocytes, as CD45 is, and not from cells that lack a marker."""


class Range(Spec):
    """From a low end to a high one, in decades; an end left out is open."""

    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Range:
        if self.low is None and self.high is None:
            raise ValueError("give low, high or both")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low lies above high")
        return self


class Level(Spec):
    """How much of a marker cells carry.

    Attributes:
        low, high: decades above this tube's cells that lack the marker.
        low_of_t_cells, high_of_t_cells: decades from its normal T cells; not asked where it has none.
        either: whether one of the two is enough.
    """

    low: float | None = None
    high: float | None = None
    low_of_t_cells: float | None = None
    high_of_t_cells: float | None = None
    either: bool = False


class BothMarkers(Spec):
    """Two markers carried together.

    Attributes:
        markers: the two.
        above: decades above the cells that lack each.
    """

    markers: tuple[str, str]
    above: float


class Extent(Spec):
    """How far from their middle one population of lymphocytes reaches, in decades.

    Attributes:
        bright: on the marker whose brightest cells are looked at.
        CD45, SSC, FSC: on these axes.
    """

    bright: float = Field(gt=0, le=2)
    CD45: float = Field(gt=0, le=2)
    SSC: float = Field(gt=0, le=1)
    FSC: float = Field(gt=0, le=1)


class Agreement(Spec):
    """How groups that may be T cells are put in order: the sum of their decades above zero signal.

    Attributes:
        either: weight of the brighter of `either`; every other marker has 1.
        scatter: weight of the decades of side scatter by which a group is off small leukocytes,
        small_percent: which lie at this percentile of all.
        alike: groups within so much of a group's sum agree as well as it does.
    """

    either: float = Field(ge=0, le=1)
    scatter: float = Field(ge=0, le=5)
    small_percent: float = Field(ge=0, le=100)
    alike: float = Field(gt=0, le=5)


class LeastOfTube(Spec):
    """How much more than the cells of the tube with least of a marker those that lack it may show.

    Attributes:
        percent: percentile of the leukocytes on the marker that is least.
        above: marker to the decades above these.
        at_most: decades above zero signal from which a marker is carried all the same.
    """

    percent: float = Field(ge=0, le=50)
    above: dict[str, float] = Field(min_length=1)
    at_most: float = Field(gt=0, le=4)


class Landmark(Spec):
    """How the normal T cells of a tube are recognised, before anything else is known of it.

    Attributes:
        bright: the marker whose brightest cells are looked at.
        bright_above: decades above zero signal from which it is surely carried.
        positive: further markers that they carry.
        positive_above: decades above zero signal that these have at the least.
        either: markers of which the brighter speaks for them.
        absent: markers that they lack, with the decades above zero signal from which one is carried.
        absent_of_least: markers of these that are told from the cells of the tube with least of them too:
            the higher limit holds, for a reagent may be bright on every cell.
        both_absent: markers not carried together.
        ssc_above: decades of side scatter above the leukocytes with little of it from which a group is
            none of lymphocytes: light of their own makes granulocytes seem to carry markers.
        percent, events: fewest of all cells for a landmark, whichever is more.
        agreement: which groups agree best with all of this.
        extent: how far they reach.
    """

    bright: str
    bright_above: float = Field(gt=0, le=4)
    positive: tuple[str, ...] = ()
    positive_above: float = Field(gt=0, le=4)
    either: tuple[str, ...] = ()
    absent: dict[str, float] = Field(default_factory=dict)
    absent_of_least: LeastOfTube | None = None
    both_absent: BothMarkers | None = None
    ssc_above: float = Field(default=0.5, gt=0, le=2)
    percent: float = Field(default=0.2, ge=0, le=100)
    events: int = Field(default=12, ge=5)
    agreement: Agreement
    extent: Extent

    @model_validator(mode="after")
    def _limits_of_absence(self) -> Landmark:
        if not all(0 < above <= 4 for above in self.absent.values()):
            raise ValueError("absent: a limit lies above 0 and at or below 4 decades")
        least = self.absent_of_least
        if least is not None and not set(least.above) <= set(self.absent):
            raise ValueError("absent_of_least: a marker is not among the absent")
        return self


class Signs(Spec):
    """Signs that T cells are immature.

    Attributes:
        strong: marker to the decades above negative cells from which it is a sign that is enough.
        weak: marker to those from which it is a sign of which two are asked.
        above_t_cells: marker to the decades above this tube's T cells that a sign needs as well, where it
            has T cells: normal cells carry some of these markers, more in one tube than in another.
        both: two markers carried together, a weak sign.
        cd45_below: decades from lymphocytes under which CD45 is a weak sign.
    """

    strong: dict[str, float] = Field(default_factory=dict)
    weak: dict[str, float] = Field(default_factory=dict)
    above_t_cells: dict[str, float] = Field(default_factory=dict)
    both: BothMarkers | None = None
    cd45_below: float | None = None

    def without(self, ignored: frozenset[str]) -> Signs:
        """Return the signs that look at none of some markers."""
        both = self.both
        return self.model_copy(
            update={
                "strong": {m: at for m, at in self.strong.items() if m not in ignored},
                "weak": {m: at for m, at in self.weak.items() if m not in ignored},
                "both": None if both is not None and set(both.markers) & ignored else both,
            }
        )


class EveryMarker(Spec):
    """Cells that carry every marker of the panel but CD45 and CD5.

    Attributes:
        level: at which.
        markers: fewest markers of the panel for this to mean anything.
    """

    level: str
    markers: int = Field(ge=3)


class ProfileRow(Spec):
    """One population.

    Attributes:
        name: the population, or the lineage rule that accepts it.
        what: in words.
        where: CD45, FSC and SSC in decades from the lymphocytes of the tube.
        markers: marker, or alternatives ``A|B`` of which the brightest counts, to a level's name.
        needs: markers without which the row says nothing; ``A|B`` is either.
        unless: markers with which it says nothing.
        every: what is asked of all markers alike.
        signs: what is asked of the signs of immaturity: `none`, `some` (one or more), `enough` (a
            strong one, or two); nothing where absent.
        lacks: markers that these cells lack, whose signal is background.
        cd7_alone: whether CD7 is all that speaks for the T lineage.
        accepted: whether the row proves leukaemia of T lineage.
        apart_by: the marker by which these cells must stand apart from normal ones that look like
            them otherwise.
        most_percent: share of the cells beyond which the name is doubted: leukaemic cells may bear it.
            A leukaemic row of cells that are not accepted fits no larger population.
        proven_by: markers of which any, where the panel has it, proves the name at any share.
    """

    name: str = Field(min_length=1)
    what: str = Field(min_length=1)
    where: dict[Literal["CD45", "FSC", "SSC"], Range] = Field(default_factory=dict)
    markers: dict[str, str] = Field(default_factory=dict)
    needs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    every: EveryMarker | None = None
    signs: Literal["none", "some", "enough"] | None = None
    lacks: tuple[str, ...] = ()
    cd7_alone: bool = False
    accepted: bool = False
    apart_by: str | None = None
    most_percent: float | None = Field(default=None, gt=0, le=100)
    proven_by: tuple[str, ...] = ()

    def has_evidence(self, markers: Collection[str], levels: Mapping[str, Level]) -> bool:
        """Whether a panel can show what these cells have, not only what they lack.

        That is a marker they carry, or more side scatter than lymphocytes.
        """
        scatter = self.where.get("SSC")
        return (scatter is not None and scatter.low is not None) or any(
            levels[level].low is not None and not set(marker.split("|")).isdisjoint(markers)
            for marker, level in self.markers.items()
        )

    def named_markers(self) -> frozenset[str]:
        """Return every marker that the row reads."""
        apart = () if self.apart_by is None else (self.apart_by,)
        named = (*self.markers, *self.needs, *self.unless, *self.lacks, *apart, *self.proven_by)
        return frozenset(one for alternatives in named for one in alternatives.split("|"))


class RareRow(ProfileRow):
    """A normal population too small to be told among all cells, or the tail of a common one.

    Attributes:
        at_most_percent: share of the denominator up to which it is normal.
    """

    at_most_percent: float = Field(gt=0, le=5)


class Gathering(Spec):
    """When cells that look like blasts one by one are a population together.

    Attributes:
        most_together: of more, those that look like a normal group of the tube are left out first.
        group_events: they are grouped into groups of about so many.
        decades: cells no further than this from the middle of a group, on every marker, gather there.
        below_background: decades below the cells that lack a marker under which no cell shows itself.
    """

    most_together: int = Field(default=1000, ge=100)
    group_events: int = Field(default=8, ge=5)
    decades: float = Field(default=0.6, gt=0)
    below_background: float = Field(default=1.2, gt=0)


class JoinedBy(Spec):
    """Which groups are one population.

    Attributes:
        markers: on which they must touch.
        decades: no further apart than this, directly or by groups between.
    """

    markers: tuple[str, ...] = Field(min_length=1)
    decades: float = Field(gt=0)


Row = TypeVar("Row", bound=ProfileRow)


class Smear(Spec):
    """How normal maturation looks across the groups of a population.

    Attributes:
        axis: the marker that rises with age.
        decades: by at least so many, from the 10th to the 90th percentile of the cells.
        ends: marker to the decades below the normal T cells from which the oldest tenth lies near them.
        middle_percent: else cells in the middle third of the way to the T cells that touch them, in
            percent of the fewer of both.
        rises: markers that rise with it.
        falls: markers that fall with it.
        correlation: with these, that which falls counted negative, at least so much on average.
        beside: decades within which another population belongs to a smear.
        correlation_to_t_cells: the same of these cells and the T cells that touch them together.
    """

    axis: str
    decades: float = Field(gt=0)
    ends: dict[str, float] = Field(default_factory=dict)
    middle_percent: float = Field(default=15, ge=0, le=100)
    rises: tuple[str, ...] = ()
    falls: tuple[str, ...] = ()
    correlation: float = Field(gt=0, lt=1)
    correlation_to_t_cells: float = Field(default=0.4, gt=0, lt=1)
    beside: float = Field(default=1.1, gt=0)


class Profiles(Spec):
    """Reference profiles of normal cells and of leukaemia."""

    format: Literal["cd5flow.profiles/1"]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    title: str
    sources: tuple[str, ...] = ()
    grouping: Grouping
    levels: dict[str, Level]
    landmark: Landmark
    references: References
    signs: Signs
    normal: tuple[ProfileRow, ...] = Field(min_length=1)
    joined_by: JoinedBy
    leukaemic: tuple[ProfileRow, ...] = Field(min_length=1)
    apart: Apart | None = None
    smear: Smear | None = None
    rare: tuple[RareRow, ...] = ()
    gathering: Gathering = Gathering()
    outlining: Outlining

    def proving(self, markers: Collection[str]) -> str | None:
        """Return the marker by which leukaemic cells of a panel must stand apart; None where none is."""
        for row in self.leukaemic:
            needed = all(not set(need.split("|")).isdisjoint(markers) for need in row.needs)
            barred = any(not set(one.split("|")).isdisjoint(markers) for one in row.unless)
            if row.apart_by in markers and needed and not barred:
                return row.apart_by
        return None

    def without(self, ignored: frozenset[str]) -> Profiles:
        """Return the profiles in which some markers neither select nor exclude, nor group cells.

        Rows that need one of them are left out.
        """
        return self.model_copy(
            update={
                "normal": tuple(_rows_without(self.normal, ignored)),
                "leukaemic": tuple(_rows_without(self.leukaemic, ignored)),
                "rare": tuple(_rows_without(self.rare, ignored)),
                "signs": self.signs.without(ignored),
                "joined_by": self.joined_by.model_copy(
                    update={"markers": tuple(m for m in self.joined_by.markers if m not in ignored)}
                ),
                "apart": None if self.apart is None else self.apart.without(ignored),
                "grouping": self.grouping.without(ignored),
            }
        )


def _rows_without(rows: tuple[Row, ...], ignored: frozenset[str]) -> Iterator[Row]:
    for row in rows:
        if any(set(need.split("|")) <= ignored for need in row.needs):
            continue
        kept = {m: level for m, level in row.markers.items() if not set(m.split("|")) & ignored}
        yield row.model_copy(update={"markers": kept})


def load_profiles(path: Path) -> Loaded[Profiles]:
    """Read and check a file of profiles.

    Raises:
        StrategyError: one line ``file:line:column: what`` a fault.
    """
    return load_yaml(path, Profiles, error=StrategyError, also=_faults, rules=True)


def _faults(profiles: Profiles) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what no part shows by itself: CD5 anywhere, and levels that are not told."""
    levels = ", ".join(profiles.levels)
    parts: tuple[tuple[str, tuple[ProfileRow, ...]], ...] = (
        ("normal", profiles.normal),
        ("leukaemic", profiles.leukaemic),
        ("rare", profiles.rare),
    )
    for part, rows in parts:
        for i, row in enumerate(rows):
            if READOUT in row.named_markers():
                yield (
                    (part, i, "markers"),
                    f"{READOUT} must not take part in finding any population",
                )
            named = dict(row.markers) | ({} if row.every is None else {"every": row.every.level})
            for marker, level in named.items():
                if level not in profiles.levels:
                    what = f"no level is named '{level}', expected {levels}"
                    yield (part, i, "markers", marker), what
    yield from _readout_elsewhere(profiles)


def _readout_elsewhere(profiles: Profiles) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each part beside the rows that reads CD5."""
    for part, markers in _read_beside_rows(profiles).items():
        if READOUT in markers:
            yield (part,), f"{READOUT} must not take part in finding any population"


def _read_beside_rows(profiles: Profiles) -> dict[str, set[str]]:
    """Return each part beside the rows with the markers that it reads."""
    mark, signs, smear = profiles.landmark, profiles.signs, profiles.smear
    return {
        "landmark": {
            mark.bright,
            *mark.positive,
            *mark.either,
            *mark.absent,
            *_pair(mark.both_absent),
        },
        "signs": {*signs.strong, *signs.weak, *signs.above_t_cells, *_pair(signs.both)},
        "joined_by": set(profiles.joined_by.markers),
        "apart": set() if profiles.apart is None else set(profiles.apart.markers()),
        "smear": set() if smear is None else {smear.axis, *smear.ends, *smear.rises, *smear.falls},
    }


def markers_read(profiles: Profiles) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every marker that profiles read, with where in the file."""
    for part, rows in (
        ("normal", profiles.normal),
        ("leukaemic", profiles.leukaemic),
        ("rare", profiles.rare),
    ):
        for i, row in enumerate(rows):
            for marker in sorted(row.named_markers()):
                yield (part, i), marker
    for name, markers in _read_beside_rows(profiles).items():
        for marker in sorted(markers):
            yield (name,), marker


def _pair(both: BothMarkers | None) -> tuple[str, ...]:
    return () if both is None else both.markers
