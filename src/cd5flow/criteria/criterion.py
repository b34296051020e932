"""One inclusion or exclusion criterion of a protocol file, and the order of several."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from cd5flow.criteria.rules import Fault, Part, Rule, asks_flow, fields_read, refuse

Text = Annotated[str, Field(min_length=1)]


class Criterion(Part):
    """One inclusion or exclusion criterion.

    The rule of an exclusion says when the exclusion applies; the criterion is satisfied where it
    does not.
    """

    id: Annotated[str, Field(pattern=r"^[IE][1-9][0-9]?$", description="I1, I2, ... E1, E2, ...")]
    text: Text = Field(description="the criterion in the file's own words: how it is read here")
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


Criteria = Annotated[tuple[Criterion, ...], AfterValidator(_in_order)]
"""Criteria with unique ids in order."""
