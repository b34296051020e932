"""The report's own headings and phrases, by name.

Which phrases there are, and what each may hold in braces, the English file says: every other file has
the same ones.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, StringConstraints, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from cd5flow.model.file_part import FilePart


def fields_of(phrase: str) -> set[str]:
    """Return the names in braces of a phrase.

    Raises:
        ValueError: a brace stands alone, or holds more than a name.
    """
    found = set()
    for _, name, form, conversion in string.Formatter().parse(phrase):
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            raise ValueError(f"{{{name}}}: expected a name in braces; write {{{{ for a brace")
        found.add(name)
    return found


def _fillable(phrase: str) -> str:
    fields_of(phrase)
    return phrase


Phrase = Annotated[str, StringConstraints(min_length=1), AfterValidator(_fillable)]


class Phrases(FilePart, extra="allow"):
    """Every phrase of the report, each an attribute of its name."""

    __pydantic_extra__: dict[str, Phrase]

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> str: ...

    @property
    def by_name(self) -> Mapping[str, str]:
        """The phrases by their names."""
        return self.__pydantic_extra__

    def matching(self, english: Phrases) -> Phrases:
        """Return these phrases, which are those of the English file in other words.

        Raises:
            ValidationError: every phrase that is missing, unknown, or holds what its field has not.
        """
        faults = list(_faults(self.by_name, english.by_name))
        if faults:
            raise ValidationError.from_exception_data("Phrases", faults)
        return self


def _faults(ours: Mapping[str, str], english: Mapping[str, str]) -> Iterator[InitErrorDetails]:
    for name in english:
        if name not in ours:
            yield InitErrorDetails(type="missing", loc=(name,), input=None)
    for name, phrase in ours.items():
        if name not in english:
            yield InitErrorDetails(type="extra_forbidden", loc=(name,), input=phrase)
        elif fault := _misfit(phrase, english[name]):
            told: dict[str, Any] = {"error": fault}
            wrong = PydanticCustomError("value_error", "{error}", told)
            yield InitErrorDetails(type=wrong, loc=(name,), input=phrase)


def _misfit(phrase: str, english: str) -> str:
    """Return what keeps a phrase from being filled in as the English one is; empty where nothing does."""
    allowed = fields_of(english)
    if unknown := fields_of(phrase) - allowed:
        there = ", ".join(f"{{{name}}}" for name in sorted(allowed)) or "none"
        return f"{{{min(unknown)}}} is no field of this phrase; it has: {there}"
    if "pages" in allowed and not 0 <= phrase.find("{page}") < phrase.find("{pages}"):
        return "expected {page}, and {pages} after it"
    return ""
