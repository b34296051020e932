"""A trial's rules as data: the CD5 threshold, what counts as disease, and every criterion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from cd5flow.config.yaml_file import Loaded, load_yaml
from cd5flow.criteria.rules import (
    LIMITS,
    Comparison,
    Fault,
    Part,
    Rule,
    asks_flow,
    fields_read,
    leaves,
    refuse,
)
from cd5flow.errors import ProtocolError

Limit = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]


class Cd5Rule(Part):
    """Which share of CD5-positive blasts the trial asks for."""

    operator: Literal[">=", ">"] = Field(description="how a share compares with the threshold")
    threshold_percent: Limit

    def holds(self, percent: float) -> bool:
        """Whether an unrounded share satisfies the rule."""
        if self.operator == ">=":
            return percent >= self.threshold_percent
        return percent > self.threshold_percent


class BurdenRule(Part):
    """How much disease counts. Every limit is in percent; "over" means strictly above."""

    overt_percent: Limit = Field(
        description="blasts of the denominator by flow; overt disease lies over it"
    )
    morphology_percent: Limit = Field(
        description="blasts by morphology; a marrow at or below it shows no disease this way"
    )
    mrd_percent_without_review: Limit = Field(
        description="lowest MRD that counts without a reviewer's confirmation"
    )
    mrd_percent_with_review: Limit = Field(
        description="lowest MRD that counts once a reviewer has confirmed it"
    )
    review_below_percent_without_nk_marker: Limit = Field(
        description="below it the verdict is at most REVIEW where no marker tells NK cells apart"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        limits = (
            self.mrd_percent_with_review,
            self.mrd_percent_without_review,
            self.overt_percent,
        )
        if list(limits) != sorted(limits):
            raise ValueError(
                "mrd_percent_with_review, mrd_percent_without_review and overt_percent must not "
                f"decrease, found {', '.join(f'{limit:g}' for limit in limits)}"
            )
        return self


class Routes(Part):
    """Which ways to the criterion the trial leaves open beside CD5 and overt disease by flow."""

    ihc: bool = Field(description="CD5 by immunohistochemistry instead of flow")
    mrd: bool = Field(description="MRD below the overt limit counts as disease")
    extramedullary: bool = Field(description="new extramedullary lesions count as disease")
    morphology: bool = Field(
        description="blasts over morphology_percent count as disease without flow showing them"
    )


class Criterion(Part):
    """One inclusion or exclusion criterion.

    The rule of an exclusion says when the exclusion applies; the criterion is satisfied where it
    does not.
    """

    id: Annotated[str, Field(pattern=r"^[IE][1-9][0-9]?$", description="I1, I2, ... E1, E2, ...")]
    text: Text = Field(description="the criterion in the file's own words")
    source_text: Text = Field(description="the trial's wording")
    answered_by: Literal["flow", "clinic"] = Field(description="who has the answer")
    reads: tuple[Text, ...] = Field(description="the clinical fields that bear on it")
    rule: Rule

    @property
    def excludes(self) -> bool:
        """Whether it is an exclusion criterion."""
        return self.id.startswith("E")

    @model_validator(mode="after")
    def _says_what_the_rule_does(self) -> Self:
        refuse(list(self._faults()))
        return self

    def _faults(self) -> Iterator[Fault]:
        read = fields_read(self.rule)
        if absent := [name for name in read if name not in self.reads]:
            yield "reads", f"the rule reads {', '.join(absent)} too"
        for i, name in enumerate(self.reads):
            if name not in read:
                yield f"reads/{i}", f"the rule does not read {name}"
            elif name in self.reads[:i]:
                yield f"reads/{i}", f"{name} stands here twice"
        answers = "flow" if asks_flow(self.rule) else "clinic"
        if self.answered_by != answers:
            yield "answered_by", f"by its rule this criterion is answered by {answers}"


def _in_order(criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    """Check that ids are unique and in order: inclusions, then exclusions, each by number."""
    faults: list[Fault] = []
    for i, (one, before) in enumerate(zip(criteria[1:], criteria, strict=False), start=1):
        if one.id in {other.id for other in criteria[:i]}:
            faults.append((f"{i}/id", f"a second criterion {one.id}"))
        elif _rank(one) < _rank(before):
            faults.append((f"{i}/id", f"{one.id} stands after {before.id}"))
    refuse(faults)
    return criteria


def _rank(criterion: Criterion) -> tuple[bool, int]:
    return criterion.excludes, int(criterion.id[1:])


class Protocol(Part):
    """The rules of one trial, as a protocol file states them."""

    format: Literal["cd5flow.protocol/1"]
    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    version: Text
    title: Text
    source: Annotated[tuple[Text, ...], Field(min_length=1, description="where the rules stand")]
    notes: tuple[Text, ...] = Field(
        default=(), description="what the source leaves open, and how this file fills it"
    )
    cd5: Cd5Rule
    burden: BurdenRule
    routes: Routes
    criteria_complete: bool = Field(
        default=False,
        description="whether every criterion of the trial is listed; while false, ALL_SATISFIED is "
        "never said",
    )
    criteria: Annotated[tuple[Criterion, ...], AfterValidator(_in_order)] = ()

    @model_validator(mode="after")
    def _routes_are_open(self) -> Self:
        faults: list[Fault] = []
        for i, criterion in enumerate(self.criteria):
            for leaf in leaves(criterion.rule):
                if isinstance(leaf, Comparison) and leaf.meets and not self.routes.ihc:
                    what = f"{criterion.id} compares {leaf.field} with cd5, yet routes.ihc is false"
                    faults.append((f"criteria/{i}/rule", what))
        if self.criteria_complete and not self.criteria:
            faults.append(("criteria_complete", "true, yet no criterion is listed"))
        refuse(faults)
        return self

    def limit(self, name: float | str) -> float:
        """Return a bound's number: itself, or the limit of this file that it names."""
        if isinstance(name, float):
            return name
        assert name in LIMITS  # noqa: S101 - the file was checked
        part, _, field = name.partition(".")
        number: float = getattr(getattr(self, part), field)
        return number


def load_protocol(path: Path) -> Loaded[Protocol]:
    """Read a protocol file.

    Raises:
        ProtocolError: one line ``file:line:column: what`` a fault.
    """
    return load_yaml(path, Protocol, error=ProtocolError)
