"""What every part of a result is: frozen, closed, with the data of its reasons beside their texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cd5flow.model.reasons import Reason, sentence

Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class Section(BaseModel):
    """A part of the result: frozen, no unknown fields.

    A field of reasons is written as text, and a second field beside it as data. Both hold the same
    reasons. Of a file the data count as far as they make the very text beside them; else the text
    stands as it is, as in a file of before the data.

    Attributes:
        reason_fields: each field of reasons, and the name of the one with its data.
    """

    reason_fields: ClassVar[Mapping[str, str]] = {}

    model_config = ConfigDict(
        defer_build=True,
        frozen=True,
        extra="forbid",
        serialize_by_alias=True,
        validate_by_name=True,
        validate_by_alias=True,
    )

    @model_validator(mode="after")
    def _same_reasons(self) -> Self:
        for texts, data in self.reason_fields.items():
            agreed = _agreed(getattr(self, texts), getattr(self, data))
            self.__dict__[texts] = self.__dict__[data] = agreed
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with these fields changed, the data of reasons with the reasons."""
        changed = dict(update or {})
        changed |= {
            data: changed[texts] for texts, data in self.reason_fields.items() if texts in changed
        }
        return super().model_copy(update=changed, deep=deep)


class Document(Section):
    """A part that is written as a file of its own."""

    def to_json(self) -> str:
        """Return it as JSON: UTF-8, two spaces, keys in the contract's order."""
        return self.model_dump_json(by_alias=True, indent=2, ensure_ascii=False) + "\n"


def _agreed(
    said: Reason | tuple[Reason, ...] | None, data: Reason | tuple[Reason, ...] | None
) -> Reason | tuple[Reason, ...] | None:
    if isinstance(said, tuple):
        if not isinstance(data, tuple) or len(data) != len(said):
            return said
        return tuple(_one(*pair) for pair in zip(said, data, strict=True))
    if said is None or not isinstance(data, Reason):
        return said
    return _one(said, data)


def _one(said: Reason, data: Reason) -> Reason:
    same = str(data) == str(said) or sentence(data) == str(said)
    return data if same else said
