"""Texts of a strategy that name a marker or a population: their types say so, and so they are found.

What decides on a population is told by these types alone, in whichever method a field stands and
however deep within tuples, dicts and further parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from functools import cache
from itertools import repeat
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel


class Reference(Enum):
    """What a text names."""

    MARKER = "marker"
    POPULATION = "population"
    OPERAND = "operand"


MarkerRef = Annotated[str, Reference.MARKER]
"""A marker; ``A|B`` is the first of them that the tube carries."""
PopulationRef = Annotated[str, Reference.POPULATION]
"""A population found before."""
OperandRef = Annotated[str, Reference.OPERAND]
"""A population found before; with ``not `` before its name, its complement."""

COMPLEMENT = "not "


def operand_name(operand: str) -> str:
    """Return the population of an operand, whether or not its complement is meant."""
    return operand.removeprefix(COMPLEMENT).strip()


def find_markers(*parts: BaseModel) -> frozenset[str]:
    """Return every marker that parts of a strategy name, each of ``A|B`` by itself."""
    return frozenset(
        marker
        for part in parts
        for kind, text in _references(part)
        if kind is Reference.MARKER
        for marker in text.split("|")
    )


def find_populations(*parts: BaseModel) -> frozenset[str]:
    """Return every population that parts of a strategy name."""
    return frozenset(
        operand_name(text) if kind is Reference.OPERAND else text
        for part in parts
        for kind, text in _references(part)
        if kind is not Reference.MARKER
    )


def _references(part: BaseModel) -> Iterator[tuple[Reference, str]]:
    for name, hint in _naming_fields(type(part)):
        value = getattr(part, name)
        if value is not None and value != ():
            yield from _within(value, hint)


@cache
def _naming_fields(model: type[BaseModel]) -> tuple[tuple[str, Any], ...]:
    """Return the fields that may name something, so that numbers are not searched."""
    return tuple((name, hint) for name, hint in field_types(model).items() if _may_name(hint))


def _may_name(hint: Any) -> bool:
    is_model = isinstance(hint, type) and issubclass(hint, BaseModel)
    return is_model or isinstance(hint, Reference) or any(map(_may_name, get_args(hint)))


def field_types(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's fields with their whole types, annotations within them too."""
    hints = get_type_hints(model, include_extras=True)
    return {name: hints[name] for name in model.model_fields}


def _within(value: object, hint: Any) -> Iterator[tuple[Reference, str]]:
    """Yield what a value names, by its type; of a union every member that it may be counts."""
    origin, inner = get_origin(hint), get_args(hint)
    if isinstance(value, BaseModel):
        yield from _references(value)
    elif origin is Annotated:
        if isinstance(value, str):
            yield from ((kind, value) for kind in inner[1:] if isinstance(kind, Reference))
        yield from _within(value, inner[0])
    elif origin in {Union, UnionType}:
        yield from (found for member in inner for found in _within(value, member))
    elif isinstance(value, dict) and origin is dict:
        for key, held in value.items():
            yield from (*_within(key, inner[0]), *_within(held, inner[1]))
    elif isinstance(value, tuple) and origin is tuple:
        types = repeat(inner[0]) if inner[-1] is Ellipsis else inner
        for item, kind in zip(value, types, strict=False):
            yield from _within(item, kind)
