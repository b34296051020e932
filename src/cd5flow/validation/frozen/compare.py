"""Two results of one tube: every number and state that differs, and what changed between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

from pydantic import Field

from cd5flow.model.result import Result
from cd5flow.model.section import Count, Document, Section

Scalar = str | int | float | bool | None

STATES: Final = (
    "cd5.state",
    "burden.state",
    "criterion.state",
    "criterion.flow_state",
    "quality.state",
)
"""A difference in one of these is a changed answer."""

_OF_THE_RUN: Final = (
    "digest",
    "review",
    "review.*",
    "provenance",
    "provenance.*",
    "redo",
    "redo.*",
    "strategy.sha256",
    "strategy.version",
    "strategy.profiles.*",
    "protocol.sha256",
    "protocol.version",
    "sample.sha256",
    "controls[[]*].sha256",
)
"""Fields that tell when and of what a result was made; what changed in them is a cause."""

_KEYS: Final = ("name", "code", "gate", "role", "channel", "marker")
"""Fields by which parts of a list are known, the first that all have."""


class Cause(StrEnum):
    """What changed between two results, as far as they say."""

    VERSION = "version"
    STRATEGY = "strategy"
    PROFILE = "profile"
    PROTOCOL = "protocol"
    INPUT = "input"
    UNKNOWN = "unknown"


class Difference(Section):
    """A field that differs; `kind` is text where it is neither a state nor a number."""

    field: str
    kind: Literal["state", "number", "text"]
    before: Scalar
    after: Scalar


class TubeDifferences(Section):
    """A tube's; `causes` are all that changed, or `unknown` where nothing did that a result says."""

    sample: str
    folder: str
    causes: tuple[Cause, ...]
    changed: dict[Cause, str] = Field(description="cause to what it was and is")
    differences: tuple[Difference, ...]

    @property
    def states(self) -> tuple[Difference, ...]:
        """The answers that changed."""
        return tuple(one for one in self.differences if one.kind == "state")


class NotRepeated(Section):
    """A result whose tube could not be analysed again, and why."""

    sample: str
    folder: str
    error: str
    message: str


class FrozenComparison(Document):
    """A frozen set held against its results of now."""

    schema_: Literal["cd5flow.frozen-comparison/1"] = Field(
        default="cd5flow.frozen-comparison/1", alias="schema"
    )
    cd5flow: str
    created: str
    tubes: Count
    same: Count
    states_changed: Count = Field(description="tubes with another state")
    by_cause: dict[str, Count] = Field(description="tubes that differ, by what changed")
    tubes_that_differ: tuple[TubeDifferences, ...]
    not_repeated: tuple[NotRepeated, ...]


def compare(before: Result, after: Result, *, folder: str) -> TubeDifferences | None:
    """Return in what two results of one tube differ; None where in nothing but when they were made.

    Numbers are compared as they are: equal input, rules and program give equal bits.
    """
    differences = tuple(_differences(plain(before), plain(after)))
    if not differences:
        return None
    changed = dict(_causes(before, after))
    return TubeDifferences(
        sample=before.sample.id,
        folder=folder,
        causes=tuple(changed) or (Cause.UNKNOWN,),
        changed=changed,
        differences=differences,
    )


def plain(result: Result) -> dict[str, Scalar]:
    """Return a result's fields by their places, without those that tell when it was made."""
    leaves = _leaves("", result.model_dump(mode="json", by_alias=True))
    return {
        place: value
        for place, value in leaves
        if not any(fnmatchcase(place, pattern) for pattern in _OF_THE_RUN)
    }


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _leaves(f"{place}.{name}" if place else str(name), one)
    elif isinstance(value, list):
        key = _key_of(value)
        for number, one in enumerate(value):
            yield from _leaves(f"{place}[{number if key is None else one[key]}]", one)
    else:
        yield place, value


def _key_of(parts: list[Any]) -> str | None:
    """Return a field that tells the parts of a list apart; None where none does."""
    for key in _KEYS:
        if all(isinstance(one, Mapping) and isinstance(one.get(key), str) for one in parts):
            names = [one[key] for one in parts]
            if parts and len(set(names)) == len(names):
                return key
    return None


def _differences(before: Mapping[str, Scalar], after: Mapping[str, Scalar]) -> Iterator[Difference]:
    for field in dict.fromkeys([*before, *after]):
        one, other = before.get(field), after.get(field)
        if one == other and isinstance(one, bool) == isinstance(other, bool):
            continue
        yield Difference(field=field, kind=_kind(field, one, other), before=one, after=other)


def _kind(field: str, one: Scalar, other: Scalar) -> Literal["state", "number", "text"]:
    if field in STATES:
        return "state"
    numbers = [value for value in (one, other) if value is not None]
    plain_numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in numbers)
    return "number" if plain_numbers else "text"


def _causes(before: Result, after: Result) -> Iterator[tuple[Cause, str]]:
    one, other = before.provenance, after.provenance
    if (one.cd5flow, one.rules, one.packages, one.python) != (
        other.cd5flow,
        other.rules,
        other.packages,
        other.python,
    ):
        yield Cause.VERSION, f"{_program(before)} to {_program(after)}"
    if before.strategy.sha256 != after.strategy.sha256:
        yield Cause.STRATEGY, _files(before.strategy, after.strategy)
    profiles = before.strategy.profiles, after.strategy.profiles
    if profiles[0] != profiles[1]:
        yield Cause.PROFILE, " to ".join(_file(one) for one in profiles)
    if before.protocol.sha256 != after.protocol.sha256:
        yield Cause.PROTOCOL, _files(before.protocol, after.protocol)
    files = _inputs(before), _inputs(after)
    if files[0] != files[1]:
        names = sorted({*files[0].items()} ^ {*files[1].items()})
        yield Cause.INPUT, ", ".join(dict.fromkeys(name for name, _ in names))


def _program(result: Result) -> str:
    made = result.provenance
    packages = " ".join(f"{name} {version}" for name, version in made.packages.items())
    return f"cd5flow {made.cd5flow} (rules {made.rules}, Python {made.python}, {packages})"


def _files(before: Any, after: Any) -> str:
    return f"{_file(before)} to {_file(after)}"


def _file(one: Any) -> str:
    return "none" if one is None else f"{one.name} {one.version} ({one.sha256[:8]})"


def _inputs(result: Result) -> dict[str, str]:
    return {
        result.sample.file: result.sample.sha256,
        **{f"{one.role} {one.file}": one.sha256 for one in result.controls},
    }
