"""A strategy file: which populations are looked for, by which method, and why.

One entry a population, in gating order. Limits that a laboratory signs stand in the same file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from cd5flow.config.yaml_file import Loaded, load_yaml
from cd5flow.errors import StrategyError
from cd5flow.gating.ancestry import find_ancestors
from cd5flow.gating.confidence import ConfidenceRules
from cd5flow.gating.leukaemia_search import Believed, LeukaemiaSearch
from cd5flow.gating.methods import Method
from cd5flow.gating.tube_view import Edge, Side, Spec
from cd5flow.model.laip import Laip
from cd5flow.model.limits import BurdenLimits, Cd5Limits, CompensationLimits, NotCounted
from cd5flow.model.names import ALL, BLASTS, CD5_POSITIVE, DENOMINATOR, READOUT
from cd5flow.model.phenotype_rule import PhenotypeRule
from cd5flow.model.quality_limits import QualityLimits
from cd5flow.model.references import MarkerRef, Reference, find_markers, find_populations
from cd5flow.model.result import PriorTherapy, Timepoint

RESERVED = frozenset({"root", "FCS", "uncompensated"})
"""Names with a meaning of their own in Gating-ML and its readers."""

METHOD_NAMES = tuple(
    sorted(
        get_args(way.model_fields["method"].annotation)[0] for way in get_args(get_args(Method)[0])
    )
)
"""Every gating method by its name in a file."""

Percentage = Annotated[float, Field(ge=0, le=100)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
NameRef = Annotated[Name, Reference.POPULATION]


class CarriedWhen(Spec):
    """When a normal population cannot be told from the blasts as they were at diagnosis.

    Attributes:
        markers: of which the blasts carried one.
        axis: on which they reached up to the normal population.
        above_decades: how high, in decades from the T cells' median.
    """

    markers: tuple[MarkerRef, ...] = Field(min_length=1)
    axis: MarkerRef
    above_decades: float

    def holds(self, laip: Laip) -> bool:
        """Whether the blasts of a diagnostic result are like that."""
        seen = laip.markers.get(self.axis)
        high = None if seen is None else seen.high_decades
        carried = any(laip.carries(marker) for marker in self.markers)
        return carried and (high is None or high > self.above_decades)


class GateSpec(Spec):
    """One population of a strategy.

    Attributes:
        gate: the population's name.
        parent: the population it is part of; where that was not gated, the parent's own parent
            stands in.
        needs: markers without which the gate does not apply; ``A|B`` is either.
        unless: markers with which it does not apply (an alternative stands elsewhere in the file).
        unless_carried: when the patient's diagnostic result keeps it from being gated.
        find: how the region is found.
        otherwise: further ways, tried in order where the first cannot tell.
        on_unresolved: `pass_through`: the population is left out and its children take its parent;
            `absent`: its children are left out too.
        expect_percent: usual share of the parent; outside it a finding is raised.
        expect_position: axes with the bounds between which the population's median usually lies;
            outside them a finding is raised. They decide on no event.
        why: what the gate is for.
    """

    gate: Name
    parent: NameRef = ALL
    needs: tuple[MarkerRef, ...] = ()
    unless: tuple[MarkerRef, ...] = ()
    unless_carried: CarriedWhen | None = None
    find: Method
    otherwise: tuple[Method, ...] = ()
    on_unresolved: Literal["pass_through", "absent"] = "absent"
    expect_percent: tuple[Percentage, Percentage] | None = None
    expect_position: tuple[Side, ...] = ()
    why: str

    @model_validator(mode="after")
    def _rising(self) -> GateSpec:
        if self.expect_percent is not None and self.expect_percent[0] > self.expect_percent[1]:
            raise ValueError("expect_percent names the lower share first")
        return self

    @property
    def methods(self) -> tuple[Any, ...]:
        """The methods in the order in which they are tried."""
        return (self.find, *self.otherwise)

    @property
    def method_names(self) -> tuple[str, ...]:
        """The same by their names in a file."""
        return tuple(one.method for one in self.methods)

    @property
    def markers(self) -> frozenset[str]:
        """Every marker on whose axis its methods look."""
        return find_markers(*self.methods)

    @property
    def populations(self) -> frozenset[str]:
        """Every population that its methods refer to."""
        return find_populations(*self.methods)

    @property
    def deciders(self) -> frozenset[str]:
        """Every population that decides who is in it: its parent, and those that it refers to."""
        return self.populations | {self.parent}


class DimWhen(Spec):
    """When a lineage is told by a dim marker: the blasts' median lies above a place on an axis."""

    axis: MarkerRef
    above: Edge
    lineage: str


class LineagePath(Spec):
    """One way to tell T-lineage blasts, for the panels and cells that allow it.

    Attributes:
        lineage: the rule as the report prints it, e.g. ``cyCD3+ sCD3-``.
        needs, unless: as for a gate.
        gates: the gates from the blast window to `blasts`, the last one.
        renamed: the rule's name where the blasts turn out to express the marker dimly.
        lacks: markers that blasts found this way lack; their signal there is background, by which
            an internal negative is scaled. Not used where `renamed` applies.
        cd7_alone: whether CD7 is all that speaks for the T lineage.
        normal_nk_look_alike: whether NK cells can meet the rule unless an NK marker is in the
            panel.
        most_beside_percent: for a rule that proves little: if more of the denominator than this looks
            like blasts (`Unproven.population`) and outnumbers what the rule found, that is hardly the
            leukaemia, and the lineage is unproven. None is no such limit.
    """

    lineage: str
    needs: tuple[MarkerRef, ...] = ()
    unless: tuple[MarkerRef, ...] = ()
    gates: tuple[GateSpec, ...] = Field(min_length=1)
    renamed: DimWhen | None = None
    lacks: tuple[MarkerRef, ...] = ()
    cd7_alone: bool = False
    normal_nk_look_alike: bool = False
    most_beside_percent: Percentage | None = None


class EditedTCells(Spec):
    """What tells blasts without surface CD3 from mature T cells that lost it, as gene-edited ones do.

    Attributes:
        carried: markers, any of which on most of the blasts tells them.
        carried_percent: on so many, above the T cells' 95th percentile.
        below: a marker of which blasts carry less than T cells,
        below_decades: by at least so many decades from median to median.
    """

    carried: tuple[MarkerRef, ...]
    carried_percent: Percentage
    below: MarkerRef
    below_decades: float = Field(gt=0)


class AfterTherapy(Spec):
    """What changes after an earlier therapy.

    Attributes:
        after: the therapies, any of which is enough.
        ignores: markers that neither select nor exclude any more; lineage rules that look at them
            are not used.
        spared_t_cells_percent: a cluster with surface CD3 of which at least this share lacks CD5 is
            not called leukaemia: spared or edited T cells are so. Absent is no such doubt.
        edited_t_cells: what tells blasts from T cells without surface CD3; where it does not, the
            verdict is for a reviewer. Absent is never.
        says: what changes, as the report prints it after "after ..., ".
    """

    after: tuple[PriorTherapy, ...] = Field(min_length=1)
    ignores: tuple[MarkerRef, ...] = ()
    spared_t_cells_percent: Percentage | None = None
    edited_t_cells: EditedTCells | None = None
    says: str = Field(min_length=1)


class Unproven(Spec):
    """When cells that look like blasts but show no T lineage must not be called clean.

    Attributes:
        population: cells in the blast window.
        percent: share of the denominator from which they are a cluster of unproven lineage.
        unless: markers that prove the lineage either way; with one of them the question is settled.
        known: kinds of cells of another lineage, by their names in the profiles, that do not count,
        known_by: where the panel has one of these markers of it.
        named_percent: share of the denominator up to which cells that look like any normal population
            of the profiles do not count either, be it by what they lack alone; None counts them all.
        named_by: markers that such cells lack; after a therapy that takes one away they count again.
    """

    population: NameRef
    percent: Percentage
    unless: tuple[MarkerRef, ...] = ()
    known: tuple[str, ...] = ()
    known_by: tuple[MarkerRef, ...] = ()
    named_percent: Percentage | None = None
    named_by: tuple[MarkerRef, ...] = ()

    def without(self, ignored: frozenset[str]) -> Unproven:
        """Return the rule where some markers neither select nor exclude."""
        if not ignored & set(self.named_by):
            return self
        return self.model_copy(update={"named_percent": None})


class Strategy(Spec):
    """A gating strategy with the limits that belong to it.

    Attributes:
        markers: marker to channel, where labels are ambiguous.
        profiles: name or file of the reference profiles by which cells are told apart.
        leukaemia: how leukaemic populations are looked for among these.
        believed: what must be as expected for the numbers to be believed.
        gates: what is gated before the blasts, in order.
        paths: lineage rules, in order of preference.
        outweighs: a later path is preferred if it finds this many times the blasts of an earlier one.
        after: gates that need the blasts.
        unproven: when blast-like cells of no proven lineage must not be called clean.
        nk_markers: markers that tell NK cells.
        not_counted: cells like blasts that are named beside them.
        prior_therapy: what changes after earlier therapies.
        confidence: how sure a gate is by its evidence; absent is that none is rated.
        phenotype: how the words for the blasts' markers are chosen; absent is that there are none.
    """

    format: Literal["cd5flow.strategy/1"]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    title: str
    description: str = ""
    sources: tuple[str, ...] = ()
    timepoints: tuple[Timepoint, ...]
    markers: dict[MarkerRef, str] = Field(default_factory=dict)
    profiles: str | None = None
    gates: tuple[GateSpec, ...]
    leukaemia: LeukaemiaSearch | None = None
    believed: Believed = Believed()
    paths: tuple[LineagePath, ...]
    outweighs: float = Field(default=5, ge=1)
    after: tuple[GateSpec, ...] = ()
    unproven: Unproven | None = None
    nk_markers: tuple[MarkerRef, ...] = ("CD56", "CD16", "CD16+CD56")
    not_counted: tuple[NotCounted, ...] = ()
    prior_therapy: tuple[AfterTherapy, ...] = ()
    compensation: CompensationLimits
    burden: BurdenLimits
    cd5: Cd5Limits
    quality: QualityLimits
    confidence: ConfidenceRules | None = None
    phenotype: PhenotypeRule | None = None


def load_strategy(path: Path) -> Loaded[Strategy]:
    """Read and check a strategy file.

    Raises:
        StrategyError: one line ``file:line:column: what`` a fault.
    """
    return load_yaml(path, Strategy, error=StrategyError, also=_faults, rules=True)


def _faults(strategy: Strategy) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what a single entry cannot show: names out of order, and CD5 among the blasts' ancestors."""
    shared = _in_order(strategy.gates, ("gates",), {ALL})
    yield from shared.faults
    after = set(shared.names)
    for i, path in enumerate(strategy.paths):
        where: tuple[str | int, ...] = ("paths", i, "gates")
        ordered = _in_order(path.gates, where, set(shared.names))
        yield from ordered.faults
        after |= ordered.names
        if path.gates[-1].gate != BLASTS:
            yield (
                (*where, len(path.gates) - 1, "gate"),
                f"the last gate of a path must be '{BLASTS}'",
            )
        yield from _circular(strategy, path, i)
        yield from _about_path(path, i, ordered.names)
    last = _in_order(strategy.after, ("after",), after)
    yield from last.faults
    for i, name in enumerate(strategy.cd5.references):
        if name not in last.names:
            yield ("cd5", "references", i), f"no gate is named '{name}'"
    yield from _about_limits(strategy, last.names)
    names = {g.gate for g in (*strategy.gates, *strategy.after)}
    if DENOMINATOR not in names:
        yield ("gates",), f"no gate is named '{DENOMINATOR}', the denominator"
    for part, gates in (("gates", strategy.gates), ("after", strategy.after)):
        for i, gate in enumerate(gates):
            if gate.gate in {BLASTS, CD5_POSITIVE}:
                yield (part, i, "gate"), f"'{gate.gate}' is not gated here"
    if strategy.unproven is not None and strategy.unproven.population not in names:
        yield ("unproven", "population"), f"no gate is named '{strategy.unproven.population}'"
    yield from _about_groups(strategy, names)
    yield from _about_confidence(strategy.confidence)


def _about_groups(
    strategy: Strategy, known: set[str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what is wrong with how populations are told by groups: names, and CD5 on the way."""
    for field, i, name in strategy.believed.named():
        if name not in known:
            yield ("believed", field, i), f"no gate is named '{name}'"
    search = strategy.leukaemia
    if search is None:
        return
    if strategy.profiles is None:
        yield ("leukaemia",), "populations are told by profiles, and no profiles are named"
    if READOUT in find_markers(search):
        yield ("leukaemia",), f"{READOUT} must not take part in telling who is a blast"
    before = {ALL, *(gate.gate for gate in strategy.gates)}
    for field in ("grouped", "within"):
        if getattr(search, field) not in before:
            yield ("leukaemia", field), f"no gate is named '{getattr(search, field)}'"
    yield from _circular_groups(strategy, search)


def _circular_groups(
    strategy: Strategy, search: LeukaemiaSearch
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each gate that groups and landmarks depend on and that looks at CD5."""

    def deciders(name: str) -> list[str]:
        return sorted(d for gate in strategy.gates if gate.gate == name for d in gate.deciders)

    landmarks = [gate.gate for gate in strategy.gates if "cell_type" in gate.method_names]
    behind = find_ancestors([search.grouped, search.within, *landmarks], deciders)
    for i, gate in enumerate(strategy.gates):
        if gate.gate in behind and READOUT in gate.markers:
            what = f"blasts are told by '{gate.gate}', which must not look at {READOUT}"
            yield ("gates", i, "find"), what


def _about_confidence(
    rules: ConfidenceRules | None,
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield rules on the evidence of methods that there are not."""
    for i, rule in enumerate(() if rules is None else rules.evidence):
        if rule.method not in METHOD_NAMES:
            what = f"no method is named '{rule.method}', expected {', '.join(METHOD_NAMES)}"
            yield ("confidence", "evidence", i, "method"), what


def _about_limits(
    strategy: Strategy, known: set[str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield populations that limits name and no gate finds."""
    for i, other in enumerate(strategy.burden.other_denominators):
        for name in (other.population, *other.outside):
            if name not in known:
                yield ("burden", "other_denominators", i), f"no gate is named '{name}'"
    for i, rule in enumerate(strategy.not_counted):
        if rule.population not in known:
            yield ("not_counted", i, "population"), f"no gate is named '{rule.population}'"
    for i, name in enumerate(strategy.cd5.neighbours.mature):
        if name not in known:
            yield ("cd5", "neighbours", "mature", i), f"no gate is named '{name}'"
    for i, cells in enumerate(() if strategy.phenotype is None else strategy.phenotype.negatives):
        where = ("phenotype", "negatives", i)
        if cells.population not in known:
            yield (*where, "population"), f"no gate is named '{cells.population}'"


def _about_path(
    path: LineagePath, index: int, known: set[str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what is wrong with a path beside the order of its gates."""
    for i, gate in enumerate(path.gates):
        if gate.gate == CD5_POSITIVE:
            yield ("paths", index, "gates", i, "gate"), f"'{CD5_POSITIVE}' is not gated here"
    if READOUT in path.lacks:
        yield ("paths", index, "lacks"), f"whether blasts lack {READOUT} is what is asked"
    if path.renamed is None:
        return
    if READOUT in path.renamed.axis.split("|"):
        yield ("paths", index, "renamed", "axis"), f"a lineage must not be told by {READOUT}"
    for name in sorted(find_populations(path.renamed) - known):
        yield ("paths", index, "renamed", "above"), f"no gate is named '{name}'"


class _Order:
    def __init__(self, names: set[str]) -> None:
        self.names = names
        self.faults: list[tuple[tuple[str | int, ...], str]] = []


def _in_order(gates: tuple[GateSpec, ...], where: tuple[str | int, ...], known: set[str]) -> _Order:
    """Check that what a gate refers to stands before it."""
    order = _Order(set(known))
    own: dict[str, list[GateSpec]] = {}
    for i, gate in enumerate(gates):
        if gate.parent not in order.names:
            order.faults.append(
                ((*where, i, "parent"), f"no gate '{gate.parent}' stands before this one")
            )
        for name in sorted(gate.populations - order.names):
            order.faults.append(((*where, i, "find"), f"no gate '{name}' stands before this one"))
        for name in sorted(find_populations(*gate.expect_position) - order.names):
            what = f"no gate '{name}' stands before this one"
            order.faults.append(((*where, i, "expect_position"), what))
        if gate.gate in RESERVED:
            order.faults.append(((*where, i, "gate"), f"'{gate.gate}' is reserved in Gating-ML"))
        if gate.gate == ALL or (gate.gate in known and gate.gate not in own):
            order.faults.append(((*where, i, "gate"), f"'{gate.gate}' is gated already"))
        for earlier in own.get(gate.gate, []):
            if not (set(earlier.needs) & set(gate.unless) or set(earlier.unless) & set(gate.needs)):
                what = f"'{gate.gate}' is gated twice; alternatives exclude each other by needs and unless"
                order.faults.append(((*where, i, "gate"), what))
        own.setdefault(gate.gate, []).append(gate)
        order.names.add(gate.gate)
    return order


def _circular(
    strategy: Strategy, path: LineagePath, index: int
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each gate that the blasts of a path depend on and that looks at CD5."""
    located: dict[str, list[tuple[GateSpec, tuple[str | int, ...]]]] = {}
    for i, gate in enumerate(strategy.gates):
        located.setdefault(gate.gate, []).append((gate, ("gates", i)))
    for i, gate in enumerate(path.gates):
        located.setdefault(gate.gate, []).append((gate, ("paths", index, "gates", i)))

    def deciders(name: str) -> list[str]:
        return sorted(other for gate, _ in located.get(name, []) for other in gate.deciders)

    for name in find_ancestors([BLASTS], deciders):
        for gate, where in located.get(name, []):
            if READOUT in gate.markers:
                what = f"'{name}' decides who is a blast and must not look at {READOUT}"
                yield (*where, "find"), what
