"""Regions as files write them: the fields of geometry and scale as plain names, numbers and lists.

`write_region` and `read_region` are each other's inverse, to the last bit. By hand less is needed: a
dimension without ``scale`` lies on its channel's display scale.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from types import GenericAlias
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin, get_type_hints

from pydantic import Field, GetPydanticSchema, create_model, model_validator

from cd5flow.model.file_part import FilePart
from cd5flow.model.geometry import Dimension, Interval, Operand, Region
from cd5flow.model.scale import Scale

Scales = Mapping[str, Scale]
"""Display scale of each detector; one that is absent has none, as Time."""

Number = Annotated[float, Field(allow_inf_nan=False)]
Named = Annotated[str, Field(min_length=1)]


class Written(FilePart):
    """What a file writes of a dataclass of geometry or scale."""

    of: ClassVar[type[Any]]

    def build(self, scales: Scales) -> Any:
        """Return the dataclass, its axes on the tube's display scales where none is named."""
        fields = dataclasses.fields(self.of)
        return self.of(**{f.name: _build(getattr(self, f.name), scales) for f in fields})


class _Checked(Written):
    """What a file writes of a dataclass; what that refuses is refused when it is read."""

    @model_validator(mode="after")
    def _is_one(self) -> Any:
        self.build({})
        return self


def _build(value: object, scales: Scales) -> object:
    if isinstance(value, tuple):
        return tuple(_build(item, scales) for item in value)
    return value.build(scales) if isinstance(value, Written) else value


def _kind(of: type[Any]) -> str:
    return of.__name__.lower()


def _model(of: type[Any], *, parts: Mapping[Any, Any], tag: str = "", name: str = "") -> Any:
    """Return the model of what a file writes of a dataclass.

    Args:
        of: the dataclass.
        parts: how a file writes the types that its fields are made of.
        tag: the field that tells its kind; none where one kind alone may stand.
        name: of the model, where it is not that of the dataclass.
    """
    hints = get_type_hints(of)
    fields: dict[str, Any] = {tag: (Literal[_kind(of)], ...)} if tag else {}
    for field in dataclasses.fields(of):
        fields[field.name] = (_written(hints[field.name], parts), _default(of, field))
    title = f"Written{name or of.__name__}"
    # A scale that is none is a fault of the dimension: by itself it is one of several ways to say it.
    base: type[Written] = Written if of in get_args(Scale) else _Checked
    model = create_model(title, __base__=base, __doc__=of.__doc__, **fields)
    model.of = of
    return model


def _default(of: type[Any], field: dataclasses.Field[Any]) -> Any:
    # Of a scale a file says what decides on it; no more than the decades below zero may be left out.
    said = of in get_args(Scale) and field.name != "a"
    return ... if said or field.default is dataclasses.MISSING else field.default


def _written(hint: Any, parts: Mapping[Any, Any]) -> Any:
    """Return a type as a file writes it."""
    if hint in parts:
        return parts[hint]
    origin, inner = get_origin(hint), get_args(hint)
    if origin is None or origin is Literal:
        return hint
    members = tuple(_written(member, parts) for member in inner)
    return GenericAlias(tuple, members) if origin is tuple else _either(members)


def _either(types: Iterable[Any]) -> Any:
    return reduce(or_, types)


def _any_of(union: Any, *, parts: Mapping[Any, Any], tag: str) -> Any:
    """Return the type of what a file writes of any member of a union, told apart by a tag."""
    models = [_model(member, parts=parts, tag=tag) for member in get_args(union)]
    return Annotated[_either(models), Field(discriminator=tag)]


def _schema(written: Any) -> GetPydanticSchema:
    return GetPydanticSchema(lambda _, handler: handler(written))


_NUMBERS = {float: Number, str: Named}
WrittenScale = Annotated[Written, _schema(_any_of(Scale, parts=_NUMBERS, tag="type"))]
"""Any scale."""


class WrittenDimension(_Checked):
    """One axis of a region.

    Attributes:
        detector: the channel's ``$PnN``. Time is in seconds.
        scale: on what bounds are given: ``display``, the tube's own scale of the channel, on which
            nearly all events lie between 0 and 1; ``linear`` or null, the signal itself; or a scale
            with its parameters.
        compensated: whether the tube's matrix applies.
    """

    of = Dimension

    detector: Named
    scale: Literal["display", "linear"] | WrittenScale | None = "display"
    compensated: bool = True

    def build(self, scales: Scales) -> Dimension:
        """Return the axis, on the tube's display scale where none is named."""
        match self.scale:
            case "display":
                found = scales.get(self.detector)
            case None | "linear":
                found = None
            case given:
                found = given.build(scales)
        return Dimension(self.detector, found, self.compensated)


_PARTS: dict[Any, Any] = {**_NUMBERS, Dimension: WrittenDimension}
_PARTS[Interval] = _model(Interval, parts=_PARTS, name="Side")
_PARTS[Operand] = _model(Operand, parts=_PARTS)
WrittenRegion = Annotated[Written, _schema(_any_of(Region, parts=_PARTS, tag="shape"))]
"""Any region."""


def read_region(written: Written, scales: Scales) -> Region:
    """Return the region that a file writes, its axes on the tube's display scales."""
    region: Region = written.build(scales)
    return region


def write_region(region: Region) -> dict[str, Any]:
    """Return a region as plain names, numbers and lists, its kind under ``shape``."""
    return {"shape": _kind(type(region)), **_plain(region)}


def _plain(thing: object) -> Any:
    if isinstance(thing, tuple):
        return [_plain(item) for item in thing]
    if not dataclasses.is_dataclass(thing) or isinstance(thing, type):
        return thing
    fields = {f.name: _plain(getattr(thing, f.name)) for f in dataclasses.fields(thing)}
    return {"type": _kind(type(thing)), **fields} if isinstance(thing, Scale) else fields
