"""The vocabulary in which a protocol file writes a criterion. Closed: data, no code.

::

    {field: age_years, at_least: 1, below: 19}            a number and its bounds
    {field: morphology_blasts_percent, over: burden.morphology_percent}
    {field: disease_status, in: [refractory, relapsed]}   a word
    {field: consent_signed, is: true}                     yes or no
    {field: ihc_cd5_percent, meets: ihc}                  a percentage against the rule for IHC
    {flow: cd5}    {flow: disease}                        what the tube answers
    {event: allo_hsct, within_months: 6}                  the event lies no further back
    {event: allo_hsct, less_than_months: 2}               the event lies less far back
    {all: [...]}   {any: [...]}   {not: {...}}

What can never hold, such as a bound that the field cannot reach, is a fault of the file.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from cd5flow.criteria.clinical import FieldKind, field_kinds
from cd5flow.model.file_part import FilePart

FIELDS: Final[Mapping[str, FieldKind]] = {
    name: kind for name, kind in field_kinds().items() if name != "patient_id"
}
"""Clinical fields that a criterion may read."""

LIMITS: Final = (
    "cd5.threshold_percent",
    "burden.overt_percent",
    "burden.morphology_percent",
    "burden.mrd_percent_without_review",
    "burden.mrd_percent_with_review",
)
"""Limits of the protocol file that a bound may name instead of repeating the number."""

EVENTS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "allo_hsct": (
        "ever_allo_hsct",
        "last_allo_hsct_date",
        "months_since_allo_hsct",
        "assessed_on",
    )
}
"""Fields of an event: whether ever, when last, how many months ago, and counted from which day."""

READS_OF_FLOW: Final[Mapping[str, tuple[str, ...]]] = {
    "cd5": ("diagnosis",),
    "disease": ("diagnosis", "morphology_blasts_percent"),
}
"""Clinical fields that bear on what flow answers."""

BOUNDS: Final = ("at_least", "over", "at_most", "below")
_LOWER: Final = ("at_least", "over")
_WORDS: Final = ("is", "in")

Fault = tuple[str, str]
"""A field of a rule, and what is wrong with it."""


def refuse(faults: list[Fault]) -> None:
    """Raise faults so that each points at its own field.

    Raises:
        ValidationError: there are any.
    """
    if faults:
        raise ValidationError.from_exception_data(
            "rule",
            [
                InitErrorDetails(
                    type=PydanticCustomError("value_error", "fault", {"error": what}),
                    loc=tuple(int(s) if s.isdigit() else s for s in where.split("/")),
                    input=None,
                )
                for where, what in faults
            ],
        )


def _field(name: object) -> str:
    if isinstance(name, str) and name in FIELDS:
        return name
    near = [field for field in FIELDS if field.startswith(str(name))]
    near = near or difflib.get_close_matches(str(name), FIELDS, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"no clinical field is named {name!r}{hint}")


def _bound(value: object) -> float | str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if value in LIMITS:
        return str(value)
    raise ValueError(f"found {value!r}, expected a number or one of {', '.join(LIMITS)}")


def _some(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    if not parts:
        raise ValueError("an empty list says nothing")
    return parts


FieldName = Annotated[
    str, PlainValidator(_field), WithJsonSchema({"type": "string", "enum": list(FIELDS)})
]
Bound = Annotated[
    float | str,
    PlainValidator(_bound),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "enum": list(LIMITS)}]}),
]
Word = Annotated[str, Field(min_length=1)]


class Part(FilePart, str_strip_whitespace=True, serialize_by_alias=True):
    """A part of a protocol file: frozen, no unknown fields."""


class Comparison(Part):
    """A clinical field against what is asked of it."""

    field: FieldName
    is_: bool | Word | None = Field(default=None, alias="is", description="the word, true or false")
    one_of: tuple[Word, ...] | None = Field(
        default=None, alias="in", description="any of the words"
    )
    at_least: Bound | None = None
    over: Bound | None = Field(default=None, description="strictly more")
    at_most: Bound | None = None
    below: Bound | None = Field(default=None, description="strictly less")
    meets: Literal["cd5", "ihc"] | None = Field(
        default=None,
        description="a percentage that the protocol's rule for CD5 by flow, or by "
        "immunohistochemistry (format 2), is applied to",
    )

    @model_validator(mode="after")
    def _can_hold(self) -> Self:
        refuse(list(self._faults()))
        return self

    def bounds(self) -> dict[str, float | str]:
        """Return the bounds that are written, by their names."""
        given = {name: getattr(self, name) for name in BOUNDS}
        return {name: bound for name, bound in given.items() if bound is not None}

    def _said(self) -> tuple[str, ...]:
        written = (("is", self.is_), ("in", self.one_of), ("meets", self.meets))
        return (*self.bounds(), *(name for name, value in written if value is not None))

    def _faults(self) -> Iterator[Fault]:
        kind, said = FIELDS[self.field], self._said()
        if not said:
            yield "field", f"{self.field}: nothing is asked of it; write one of {_usable(kind)}"
        for name in said:
            if name not in _usable(kind):
                yield name, f"{self.field} is {_words(kind)}; compare it by {_usable(kind)}"
        if kind.type == "number":
            yield from self._number_faults(kind)
        else:
            yield from self._word_faults(kind)

    def _number_faults(self, kind: FieldKind) -> Iterator[Fault]:
        bounds, percent = self.bounds(), self.field.endswith("_percent")
        if self.meets and bounds:
            yield "meets", "the CD5 rule has its own bound; write one or the other"
        if self.meets and not percent:
            yield "meets", f"{self.field} is no percentage"
        for names in (_LOWER, BOUNDS[2:]):
            if all(name in bounds for name in names):
                yield names[1], f"{names[0]} and {names[1]} are bounds of one side; write one"
        for name, bound in bounds.items():
            if isinstance(bound, str):
                if not percent:
                    yield name, f"{bound} is a percentage, {self.field} is none"
            elif not _reachable(name, bound, kind):
                yield name, f"{self.field} is {_words(kind)}; it is never {_asked(name, bound)}"
        low, high = (self._side(names) for names in (_LOWER, BOUNDS[2:]))
        if low and high and (low[1] > high[1] or (low[1] == high[1] and not _closed(low, high))):
            yield high[0], f"no number is {_asked(*low)} and {_asked(*high)}"

    def _side(self, names: tuple[str, ...]) -> tuple[str, float] | None:
        for name in names:
            bound = getattr(self, name)
            if isinstance(bound, float):
                return name, bound
        return None

    def _word_faults(self, kind: FieldKind) -> Iterator[Fault]:
        if self.is_ is not None and self.one_of is not None:
            yield "in", "write either is or in"
        given: list[tuple[str, object]] = [] if self.is_ is None else [("is", self.is_)]
        given += [(f"in/{i}", word) for i, word in enumerate(self.one_of or ())]
        if self.one_of == ():
            yield "in", "an empty list says nothing"
        for where, value in given:
            truth = isinstance(value, bool)
            if kind.type == "boolean" and not truth:
                yield where, f"{self.field} is true or false, never {value!r}"
            elif kind.type != "boolean" and truth:
                yield where, f"{self.field} is {_words(kind)}, never true or false"
            elif kind.words and value not in kind.words:
                yield where, f"{self.field} is one of {', '.join(kind.words)}, never {value!r}"


def _usable(kind: FieldKind) -> str:
    """Return by what a field can be compared, as it is told."""
    match kind.type:
        case "number":
            return ", ".join((*BOUNDS, "meets"))
        case "boolean":
            return "is"
        case "date":
            return "no comparison, but event and within_months"
        case _:
            return ", ".join(_WORDS)


def _words(kind: FieldKind) -> str:
    match kind.type:
        case "number" if kind.high is not None:
            return f"a number, {kind.low:g} to {kind.high:g}"
        case "number":
            return f"a number, {kind.low:g} or more"
        case "boolean":
            return "true or false"
        case "date":
            return "a date"
        case _:
            return "a word"


def _asked(name: str, bound: float) -> str:
    return f"{name.replace('_', ' ')} {bound:g}"


def _reachable(name: str, bound: float, kind: FieldKind) -> bool:
    low = float("-inf") if kind.low is None else kind.low
    high = float("inf") if kind.high is None else kind.high
    match name:
        case "at_least":
            return bound <= high
        case "over":
            return bound < high
        case "at_most":
            return bound >= low
        case _:
            return bound > low


def _closed(low: tuple[str, float], high: tuple[str, float]) -> bool:
    return low[0] == "at_least" and high[0] == "at_most"


class FlowFact(Part):
    """What the tube answers.

    `cd5`: whether CD5 meets the protocol's threshold. `disease`: whether the routes of the protocol
    that flow and morphology see show disease.
    """

    flow: Literal["cd5", "disease"]


_Months = Annotated[int, Field(ge=1, le=1200)]


class Within(Part):
    """Whether an event lies no more, or less, than so many calendar months before the assessment."""

    event: Literal["allo_hsct"]
    within_months: _Months | None = Field(default=None, description="the last day is within")
    less_than_months: _Months | None = Field(default=None, description="the last day is not")

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.within_months is None) == (self.less_than_months is None):
            raise ValueError("write one of within_months and less_than_months")
        return self

    @property
    def months(self) -> int:
        """How many months."""
        months = self.within_months or self.less_than_months
        assert months is not None  # noqa: S101 - one of them is given
        return months


class Every(Part):
    """Every part holds."""

    parts: Annotated[tuple[Rule, ...], AfterValidator(_some)] = Field(alias="all")


class Some(Part):
    """At least one part holds."""

    parts: Annotated[tuple[Rule, ...], AfterValidator(_some)] = Field(alias="any")


class Not(Part):
    """The part does not hold."""

    part: Rule = Field(alias="not")


_KINDS: Final = ("all", "any", "not", "field", "flow", "event")


def _kind_of(written: Any) -> str | None:
    """Return which rule is written, as a tag that is no key of one."""
    keys = written if isinstance(written, dict) else {}
    for name in _KINDS:
        if name in keys:
            return f"<{name}>"
    return _TAGS.get(type(written))


_TAGS: Final[Mapping[type, str]] = {
    Every: "<all>",
    Some: "<any>",
    Not: "<not>",
    Comparison: "<field>",
    FlowFact: "<flow>",
    Within: "<event>",
}

Rule = Annotated[
    Annotated[Every, Tag("<all>")]
    | Annotated[Some, Tag("<any>")]
    | Annotated[Not, Tag("<not>")]
    | Annotated[Comparison, Tag("<field>")]
    | Annotated[FlowFact, Tag("<flow>")]
    | Annotated[Within, Tag("<event>")],
    Discriminator(
        _kind_of,
        custom_error_type="rule",
        custom_error_message=f"expected a rule: a mapping with one of {', '.join(_KINDS)}",
    ),
]


def leaves(rule: Rule) -> Iterator[Comparison | FlowFact | Within]:
    """Yield the parts of a rule that look at something."""
    match rule:
        case Every(parts=parts) | Some(parts=parts):
            for part in parts:
                yield from leaves(part)
        case Not(part=part):
            yield from leaves(part)
        case _:
            yield rule


def fields_read(rule: Rule) -> tuple[str, ...]:
    """Return the clinical fields that a rule reads, each once, in the rule's order."""
    found: list[str] = []
    for leaf in leaves(rule):
        match leaf:
            case Comparison(field=name):
                found.append(name)
            case FlowFact(flow=fact):
                found += READS_OF_FLOW[fact]
            case Within(event=event):
                found += EVENTS[event]
    return tuple(dict.fromkeys(found))


def asks_flow(rule: Rule) -> bool:
    """Return whether a rule needs what a tube shows."""
    return any(isinstance(leaf, FlowFact) for leaf in leaves(rule))
