"""Which tubes of a batch sit apart from the others, by which value, and how far.

Tubes are compared with tubes of the same strategy, cytometer and panel alone. A mark asks a person
to look; it changes no state and no number. What is compared, and how far apart is apart, stands in
``gating/batch.yaml``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal, assert_never

import numpy as np
from pydantic import Field

from cd5flow.config.yaml_file import Loaded, load_yaml
from cd5flow.errors import StrategyError
from cd5flow.model.file_part import FilePart
from cd5flow.model.result import Result
from cd5flow.numerics.order_statistics import MAD_TO_SD

Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]


class _Part(FilePart, str_strip_whitespace=True):
    """A part of the file, blanks about its texts taken off."""


class _Comparison(_Part):
    """What all comparisons say.

    On a ``log10`` scale, values that are not above zero are left out: they have no place there.
    """

    scale: Literal["linear", "log10"] = Field(description="on which the values are compared")
    least_spread: float = Field(
        gt=0, allow_inf_nan=False, description="smallest robust SD that is believed, on that scale"
    )
    why: Text


class GateComparison(_Comparison):
    """Numbers that gates were placed by."""

    of: Literal["gate"]
    gates: Texts = Field(description="names of populations; * stands for any letters")
    methods: Texts = Field(default=("*",), description="gating methods; * stands for any letters")
    evidence: Texts = Field(description="names of their evidence; * stands for any letters")


class CheckComparison(_Comparison):
    """Values of quality checks."""

    of: Literal["check"]
    codes: Texts


class Cd5Comparison(_Comparison):
    """Numbers of the CD5 read-out; cuts are compared with cuts of the same method."""

    of: Literal["cd5"]
    values: Annotated[
        tuple[Literal["median_t_cells", "median_negative_reference", "cut_linear"], ...],
        Field(min_length=1),
    ]


Comparison = Annotated[GateComparison | CheckComparison | Cd5Comparison, Field(discriminator="of")]


class RuleOf(_Part):
    """One of Westgard's rules: broken where each of the last tubes lies beyond so many SDs.

    Attributes:
        name: as it is usually written, as 2_2s.
        last: tubes that it looks at.
        beyond: SDs.
        sides: all on the same side of the mean, or on both.
    """

    name: Text
    last: int = Field(ge=1, le=50)
    beyond: float = Field(ge=0, allow_inf_nan=False)
    sides: Literal["same", "both"] = "same"


class OverTimeRules(_Part):
    """What is watched over the months.

    Attributes:
        reference_tubes: the first tubes of a kind, whose mean and SD are the frozen reference.
        latest_tubes: the last ones, whose mean distance is the drift.
        westgard: rules that a tube may break.
        compare: the values.
    """

    reference_tubes: int = Field(ge=4)
    latest_tubes: int = Field(ge=1)
    westgard: Annotated[tuple[RuleOf, ...], Field(min_length=1)]
    compare: Annotated[tuple[Comparison, ...], Field(min_length=1)]


class OutlierRules(_Part):
    """When a tube sits apart."""

    min_tubes: int = Field(ge=4, description="fewest tubes that have the value")
    max_spreads: float = Field(
        gt=0, allow_inf_nan=False, description="robust SDs from the median; farther is apart"
    )
    compare: Annotated[tuple[Comparison, ...], Field(min_length=1)]


class BatchRules(_Part):
    """A file of rules for comparing the tubes of a batch."""

    format: Literal["cd5flow.batch/1"]
    name: Text
    version: Text
    apart: OutlierRules
    over_time: OverTimeRules | None = Field(
        default=None, description="what is watched over the months; null watches nothing"
    )


def load_batch_rules(path: Path) -> Loaded[BatchRules]:
    """Read a file of rules.

    Raises:
        StrategyError: one line ``file:line:column: what`` a fault.
    """
    return load_yaml(path, BatchRules, error=StrategyError, rules=True)


@dataclass(frozen=True, slots=True)
class PeerGroup:
    """What makes tubes comparable.

    Attributes:
        strategy: name and version.
        strategy_sha256: of its file.
        cytometer: as the file names it; None where it does not.
        panel: channel and marker of each, sorted.
    """

    strategy: str
    strategy_sha256: str
    cytometer: str | None
    panel: tuple[tuple[str, str | None], ...]

    def __str__(self) -> str:
        """Return "t-all-mrd 1.0.0, LSRFortessa, CD3 CD5 CD7 CD45"."""
        markers = " ".join(sorted(marker for _, marker in self.panel if marker is not None))
        return f"{self.strategy}, {self.cytometer or 'cytometer not stated'}, {markers}"


@dataclass(frozen=True, slots=True)
class ComparedValue:
    """A number of one tube that is compared.

    Attributes:
        number: as the result has it.
        place: the same on the scale of comparison.
        least_spread: smallest robust SD that is believed, on that scale.
    """

    number: float
    place: float
    least_spread: float


@dataclass(frozen=True, slots=True)
class ComparedValues:
    """What is compared of one tube: values by their name, such as "gate t_landmark: CD3 peak"."""

    kind: PeerGroup
    values: Mapping[str, ComparedValue]


@dataclass(frozen=True, slots=True)
class Outlier:
    """A value that sits apart.

    Attributes:
        what: the value's name.
        number: as the result has it.
        median: of the tubes compared.
        spreads: how many robust SDs it lies from the median; negative is below.
        tubes: how many were compared, this one included.
    """

    what: str
    number: float
    median: float
    spreads: float
    tubes: int

    def __str__(self) -> str:
        """Return "gate t_landmark: CD3 peak 0.512, median 0.655 of 24 tubes (8.1 spreads below)"."""
        side = "below" if self.spreads < 0 else "above"
        return (
            f"{self.what} {self.number:.4g}, median {self.median:.4g} of {self.tubes} tubes "
            f"({abs(self.spreads):.1f} spreads {side})"
        )


@dataclass(frozen=True, slots=True)
class ComparedGroup:
    """The tubes of one kind, and whether there were enough of them.

    Attributes:
        kind: what they have in common.
        tubes: how many.
        values: how many values were compared; 0 where the tubes are too few.
    """

    kind: PeerGroup
    tubes: int
    values: int


@dataclass(frozen=True, slots=True)
class Outliers:
    """What comparing a batch gave.

    Attributes:
        marks: of each tube, in the order they were given; the farthest first.
        compared: every kind of tube, the most frequent first.
    """

    marks: tuple[tuple[Outlier, ...], ...]
    compared: tuple[ComparedGroup, ...]


def measure(result: Result, rules: OutlierRules | OverTimeRules) -> ComparedValues:
    """Return what the rules compare of a result."""
    values: dict[str, ComparedValue] = {}
    for rule in rules.compare:
        scale = _SCALES[rule.scale]
        for name, number in _numbers(result, rule):
            place = scale(number)
            if place is not None:
                values.setdefault(name, ComparedValue(number, place, rule.least_spread))
    strategy = result.strategy
    kind = PeerGroup(
        f"{strategy.name} {strategy.version}",
        strategy.sha256,
        result.sample.cytometer,
        tuple(sorted((p.channel, p.marker or None) for p in result.panel)),
    )
    return ComparedValues(kind, values)


def _numbers(result: Result, rule: Comparison) -> Iterator[tuple[str, float]]:
    """Yield name and number of everything that a rule compares."""
    match rule:
        case GateComparison():
            for population in result.populations:
                gate = population.gate
                if gate is None or not (
                    _fits(population.name, rule.gates) and _fits(gate.method, rule.methods)
                ):
                    continue
                for name, number in gate.evidence.items():
                    if _fits(name, rule.evidence):
                        # Gates of one name may be found by several methods, each in its own way.
                        yield f"gate {population.name} ({gate.method}): {name}", number
        case CheckComparison():
            for check in result.quality.checks:
                if check.code in rule.codes and check.value is not None:
                    yield f"check {check.code}", check.value
        case Cd5Comparison():
            yield from _cd5_numbers(result, rule)
        case _:
            assert_never(rule)


def _cd5_numbers(result: Result, rule: Cd5Comparison) -> Iterator[tuple[str, float]]:
    median, cut = result.cd5.median, result.cd5.cut
    for value in rule.values:
        match value:
            case "median_t_cells":
                if median.t_cells is not None:
                    yield "CD5 median of T cells", median.t_cells
            case "median_negative_reference":
                if median.negative_reference is not None:
                    yield "CD5 median of the negative reference", median.negative_reference
            case "cut_linear":
                if cut is not None:
                    yield f"CD5 cut by {cut.method.value}", cut.linear
            case _:
                assert_never(value)


@lru_cache(maxsize=4096)
def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _log10(number: float) -> float | None:
    return math.log10(number) if number > 0 else None


_SCALES: Final[Mapping[str, Callable[[float], float | None]]] = {
    "linear": lambda number: number,
    "log10": _log10,
}


def find_outliers(tubes: Sequence[ComparedValues], rules: OutlierRules) -> Outliers:
    """Compare the tubes of each kind with each other.

    Spread is 1.4826 times the median absolute deviation (Hampel FR. J Am Stat Assoc 1974;69:383),
    at least the rule's own; so one tube far out does not hide itself or others.
    """
    kinds: dict[PeerGroup, list[int]] = defaultdict(list)
    for i, tube in enumerate(tubes):
        kinds[tube.kind].append(i)
    marks: list[list[Outlier]] = [[] for _ in tubes]
    compared = []
    for kind, members in kinds.items():
        columns: dict[str, list[int]] = defaultdict(list)
        for i in members:
            for name in tubes[i].values:
                columns[name].append(i)
        enough = {name: who for name, who in columns.items() if len(who) >= rules.min_tubes}
        for name, who in enough.items():
            for i, mark in _marks(name, {i: tubes[i].values[name] for i in who}, rules.max_spreads):
                marks[i].append(mark)
        compared.append(ComparedGroup(kind, len(members), len(enough)))
    compared.sort(key=lambda one: (-one.tubes, str(one.kind)))
    ordered = (tuple(sorted(some, key=lambda mark: -abs(mark.spreads))) for some in marks)
    return Outliers(tuple(ordered), tuple(compared))


def _marks(
    what: str, values: Mapping[int, ComparedValue], max_spreads: float
) -> Iterator[tuple[int, Outlier]]:
    """Yield the tubes whose value is apart."""
    places = np.array([value.place for value in values.values()])
    median = float(np.median(places))
    least = max(value.least_spread for value in values.values())
    spread = max(MAD_TO_SD * float(np.median(np.abs(places - median))), least)
    middle = float(np.median([value.number for value in values.values()]))
    for i, value in values.items():
        spreads = (value.place - median) / spread
        if abs(spreads) > max_spreads:
            yield i, Outlier(what, value.number, middle, spreads, len(values))
