"""Why something is as it is: a code and its values, of which a sentence is made where one is read.

Codes and their sentences stand in the catalogue (`cd5flow.model.catalogue`); a reason that has none
there, or lacks one of its values, cannot be made.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Final

import numpy as np
from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from cd5flow.model.catalogue import (
    CASE,
    ENGLISH,
    REMARKS,
    TEXT,
    Catalogue,
    Value,
    catalogue,
    fields_by_case,
)

AS_WRITTEN: Final = "AS_WRITTEN"
"""The code of words that a file or a person wrote, and that stand as they are."""


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Reason:
    """A code with its values; ``case`` tells which sentence of several is meant.

    Attributes:
        code: stable upper-case name, e.g. ``CI_SPANS``.
        items: names and values in the names' order.

    Raises:
        ValueError: the catalogue has no such code or case, or the values are not those of its
            sentence.
    """

    code: str
    items: tuple[tuple[str, Value], ...]

    def __init__(self, code: str, /, **values: object) -> None:
        plain = {name: _plain(value) for name, value in values.items()}
        _check(code, plain)
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "items", tuple(sorted(plain.items())))

    @property
    def values(self) -> dict[str, Value]:
        """The values by name."""
        return dict(self.items)

    @property
    def case(self) -> str:
        """Which of the code's sentences is meant; empty where it has one."""
        return str(self.values.get(CASE, ""))

    def remarked(self, *remarks: str) -> Reason:
        """Return the reason with a remark, told in brackets: whose it is, or what it lacks."""
        before = self.values.get(REMARKS, ())
        assert isinstance(before, tuple)  # noqa: S101 - set here alone
        return Reason(self.code, **(self.values | {REMARKS: (*before, *remarks)}))

    def __str__(self) -> str:
        """Return ``CODE: sentence``, as results carry it; the sentence alone of words as written."""
        said = sentence(self)
        return said if self.code == AS_WRITTEN else f"{self.code}: {said}"

    def __repr__(self) -> str:
        """Return how the reason is made."""
        values = "".join(f", {name}={value!r}" for name, value in self.items)
        return f"Reason({self.code!r}{values})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        """Read a reason from its text or data, and write its text."""
        return core_schema.no_info_plain_validator_function(
            _read,
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(
                str, return_schema=core_schema.str_schema()
            ),
        )


def written(text: str) -> Reason:
    """Return words of a file or a person, which stand as they are."""
    return Reason(AS_WRITTEN, text=text)


def sentence(reason: Reason, language: str = ENGLISH) -> str:
    """Return a reason in words, without its code."""
    return catalogue(language).sentence(reason)


def joined(reasons: Iterable[Reason], language: Catalogue | None = None, joint: str = "; ") -> str:
    """Return several reasons in one line of words, without their codes."""
    words = catalogue(ENGLISH) if language is None else language
    return joint.join(words.sentence(reason) for reason in reasons)


def codes(reasons: Iterable[Reason]) -> frozenset[str]:
    """Return the codes of reasons."""
    return frozenset(reason.code for reason in reasons)


def _plain(value: object) -> Value:
    """Return a value as Python's own: enumerations as their text, numpy's scalars as numbers."""
    match value:
        case Enum():
            return _plain(value.value)
        case np.generic():
            return _plain(value.item())
        case float() if not math.isfinite(value):
            return str(value)  # JSON has no number for it
        case str() | bool() | int() | float() | Reason():
            return value
        case {"code": _, "values": _}:
            return _read(value)
        case tuple() | list():
            several = tuple(_plain(one) for one in value)
            told = tuple(one for one in several if isinstance(one, Reason))
            return told if len(told) == len(several) > 0 else tuple(map(str, several))
        case _:
            raise TypeError(f"found {value!r}, expected text, a number, a reason or several")


def _check(code: str, values: Mapping[str, Value]) -> None:
    names = values.keys() - {CASE, REMARKS}
    if names == {TEXT}:
        return
    cases = fields_by_case(code)
    expected = cases.get(str(values.get(CASE, "")))
    if expected is None:
        there = ", ".join(case or "none" for case in cases) or "no such code"
        raise ValueError(f"{code}: found case {values.get(CASE, 'none')!r}, expected {there}")
    if names != expected:
        raise ValueError(f"{code}: found values {sorted(names)}, expected {sorted(expected)}")


def _read(value: Any) -> Reason:
    match value:
        case Reason():
            return value
        case str():
            return _of_text(value)
        case {"code": str(code), "values": dict(values)} if len(value) == 2:
            try:
                return Reason(code, **values)
            except TypeError as error:
                raise ValueError(str(error)) from error
        case _:
            raise ValueError("expected a reason's text, or its code and values")


def _of_text(text: str) -> Reason:
    """Return a reason of a file that holds no data beside its texts: its code, and its words."""
    code, separator, said = text.partition(": ")
    if separator and code.isascii() and code.replace("_", "").isalnum() and code.isupper():
        return Reason(code, text=said)
    return written(text)


def _data(reason: Reason) -> dict[str, Any]:
    return {"code": reason.code, "values": {name: _written(value) for name, value in reason.items}}


def _written(value: Value) -> Any:
    match value:
        case Reason():
            return _data(value)
        case tuple():
            return tuple(_written(one) for one in value)
        case _:
            return value


ReasonData = Annotated[
    Reason,
    PlainSerializer(_data, return_type=dict[str, Any]),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {"code": {"type": "string"}, "values": {"type": "object"}},
            "required": ["code", "values"],
            "additionalProperties": False,
        }
    ),
]
"""A reason that is written as its code and values."""


def _of_words(value: Any) -> Any:
    return written(value) if isinstance(value, str) else value


Sentence = Annotated[Reason, BeforeValidator(_of_words), PlainSerializer(sentence, return_type=str)]
"""A reason that is written as its sentence, without the code."""
