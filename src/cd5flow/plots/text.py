"""What is written in a picture, without a language: names from the tube, and phrases by their codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of the program.

    Attributes:
        code: which; every language has a template for each.
        values: what stands at the names in braces of the template.
    """

    code: str
    values: Mapping[str, Text] = field(default_factory=dict)


Text: TypeAlias = str | Phrase
"""What is the same in every language, such as markers and counts, or a phrase."""


class Words(Protocol):
    """A language: writes a text with letters that can be seen."""

    def __call__(self, text: Text, /) -> str:
        """Return a text as it is written."""
        ...


def phrase(code: str, /, **values: Text) -> Phrase:
    """Return a phrase with its values."""
    return Phrase(code, values)
