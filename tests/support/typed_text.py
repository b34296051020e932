"""What the type of a model's field is made of: further models, and text that says not what it names."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from cd5flow.model.references import Reference

SEARCHED = {Annotated, Union, UnionType, tuple, dict}
"""Types within which references are found."""


def models_of(hint: Any) -> Iterator[type[BaseModel]]:
    """Yield the models within a type."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for member in _members(hint):
        yield from models_of(member)


def holds_plain_text(hint: Any, *, searched: bool = True) -> bool:
    """Whether a type holds text that is no reference, or one where references are not searched."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated and any(isinstance(said, Reference) for said in inner[1:]):
        return not searched
    searched = searched and (origin is None or origin in SEARCHED)
    is_text = hint is str or hint is Any or hint is object
    return is_text or any(holds_plain_text(m, searched=searched) for m in _members(hint))


def _members(hint: Any) -> tuple[Any, ...]:
    """Return the types within a type; the words of a Literal and what annotates a type are none."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return ()
    return inner[:1] if origin is Annotated else inner
