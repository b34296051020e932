"""The sentences of every reason, a file a language: ``sentences/en.json``, ``sentences/zh.json``.

A file holds templates by code, and by case where one code has several sentences; short names of
codes; names of quality checks; and, in languages other than English, words that stand in values,
such as names of populations. JSON, because reading it takes a fraction of a millisecond.
"""

from __future__ import annotations

import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

CASE: Final = "case"
"""The value that tells which of a code's sentences is meant."""
REMARKS: Final = "remarks"
"""What any reason may be told with, in brackets after its sentence: whose result it is."""
TEXT: Final = "text"
"""The only value of a reason whose sentence was read from a file, or written by a person."""
ENGLISH: Final = "en"

_FOLDER: Final = Path(__file__).resolve().parent / "sentences"


class Told(Protocol):
    """What a sentence is made of."""

    @property
    def code(self) -> str:
        """Its code."""

    @property
    def values(self) -> Mapping[str, Value]:
        """Its values by name."""


Value = str | int | float | bool | Told | tuple[str, ...] | tuple[Told, ...]
"""What a reason may hold; among that other reasons, told within its sentence."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The sentences and words of one language.

    Attributes:
        templates: by code and case, the case empty where the code has one sentence. Braces hold a
            value's name and how a number is written.
        names: short forms of codes.
        checks: names of quality checks.
        words: values that are words, such as names of populations, in this language.
        fields: names of clinical fields, for values whose name begins with "field".
        untranslated: codes whose sentences are left in English.
        language: which.
        colon: what stands between a short form and a sentence that is left in English.
    """

    templates: Mapping[str, Mapping[str, str]]
    names: dict[str, str]
    checks: dict[str, str]
    words: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    untranslated: frozenset[str] = frozenset()
    language: str = ENGLISH
    colon: str = ": "

    def template(self, reason: Told) -> str | None:
        """Return the sentence with its braces; None where this language has none."""
        return self.templates.get(reason.code, {}).get(str(reason.values.get(CASE, "")))

    def sentence(self, reason: Told) -> str:
        """Return a reason in words; one that this language lacks stands in English after its name."""
        values = reason.values
        written = values.get(TEXT)
        template = self.template(reason)
        if isinstance(written, str):
            said = self._named(reason.code, self.word(written))
        elif template is not None:
            said = _Filled(self).vformat(template, (), values)
        else:
            said = self._named(reason.code, catalogue(ENGLISH).sentence(_without_remarks(reason)))
        remarks = values.get(REMARKS, ())
        for remark in remarks if isinstance(remarks, tuple) else ():
            said += f" ({self.word(remark) if isinstance(remark, str) else self.sentence(remark)})"
        return said

    def word(self, text: str, name: str = "") -> str:
        """Return a value that is a word in this language; others stand as they are."""
        if name.startswith("field") and text in self.fields:
            return self.fields[text]
        return self.words.get(text, text)

    def _named(self, code: str, sentence: str) -> str:
        name = self.names.get(code) or self.checks.get(code)
        return (
            sentence
            if name is None or self.language == ENGLISH
            else f"{name}{self.colon}{sentence}"
        )


@dataclass(frozen=True, slots=True)
class _Bare:
    code: str
    values: Mapping[str, Value]


def _without_remarks(reason: Told) -> _Bare:
    return _Bare(reason.code, {k: v for k, v in reason.values.items() if k != REMARKS})


class _Filled(string.Formatter):
    """Puts values into braces: numbers as the template says, words in the catalogue's language."""

    def __init__(self, words: Catalogue) -> None:
        self._words = words

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        value = super().get_value(str(key), args, kwargs)
        match value:
            case bool():
                return self._words.word("true" if value else "false")
            case tuple():
                return tuple(self._word(one, str(key)) for one in value)
            case _:
                return self._word(value, str(key))

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        """Return a value's text; ``!s`` sets the codes of reasons before their sentences."""
        if conversion != "s":
            return value
        several = value if isinstance(value, tuple) else (value,)
        return tuple(
            one if isinstance(one, str) else f"{one.code}: {self._words.sentence(one)}"
            for one in several
        )

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return a value's text; of several the format says what stands between them."""
        match value:
            case str():
                return value
            case int() | float():
                return format(value, format_spec)
            case tuple():
                words = all(isinstance(one, str) for one in value)
                joint = format_spec or (", " if words else "; ")
                return joint.join(self.format_field(one, "") for one in value)
            case _:
                return self._words.sentence(value)

    def _word(self, value: Any, name: str) -> Any:
        return self._words.word(value, name) if isinstance(value, str) else value


def values_of(template: str) -> frozenset[str]:
    """Return the names in a template's braces."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name)


@cache
def catalogue(language: str = ENGLISH) -> Catalogue:
    """Return the sentences of a language that comes with cd5flow, such as ``en`` or ``zh``."""
    plain = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    names, checks = plain["names"], plain["checks"]
    if language != ENGLISH:
        names, checks = catalogue().names | names, catalogue().checks | checks
    return Catalogue(
        templates=by_case(plain["sentences"]),
        names=names,
        checks=checks,
        untranslated=frozenset(plain.get("untranslated", ())),
        words=plain.get("words", {}),
        fields=plain.get("fields", {}),
        language=language,
        colon=plain.get("colon", ": "),
    )


def by_case(sentences: Mapping[str, str | Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    """Return templates by code and case; a code's only sentence has the empty case."""
    return {
        code: {"": said} if isinstance(said, str) else dict(said)
        for code, said in sentences.items()
    }


def catalogue_languages() -> tuple[str, ...]:
    """Return the languages whose sentences come with cd5flow."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


@cache
def fields_by_case(code: str) -> Mapping[str, frozenset[str]]:
    """Return the names that each sentence of a code fills in, by case; empty for no such code."""
    said = catalogue(ENGLISH).templates.get(code, {})
    return {case: values_of(template) for case, template in said.items()}
