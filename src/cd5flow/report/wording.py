"""The words of reports, as data: a file a language, which a laboratory may translate or adapt.

Sentences of reasons stand in the catalogue of `cd5flow.model`. A wording file may say some in other
words, by code and case. A sentence that neither has in a language is written in English, after the
code's short form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from cd5flow.config.yaml_file import load_yaml
from cd5flow.criteria.eligibility import UNVERIFIED
from cd5flow.errors import OptionError
from cd5flow.model.catalogue import (
    ENGLISH,
    Catalogue,
    by_case,
    catalogue,
    catalogue_languages,
    fields_by_case,
    values_of,
)
from cd5flow.model.file_part import FilePart
from cd5flow.model.reasons import AS_WRITTEN, Reason
from cd5flow.model.result import (
    BurdenSection,
    Check,
    ProfilesSection,
    ProtocolReference,
    StrategySection,
)
from cd5flow.report.phrases import Phrases

T = TypeVar("T")

_LANGUAGES: Final = Path(__file__).resolve().parent / "languages"

Text = Annotated[str, StringConstraints(min_length=1)]

_GROUP: Final = re.compile(
    r"(?P<kind>blasts|outside)_(?P<number>[0-9]+)(?:_(?P<axes>.+?)(?:_(?P<again>[0-9]))?)?"
)
"""Names of gates around populations that were told by groups: the whole, or a region on some axes."""


class State(FilePart):
    """A state's word, and what it means in a sentence."""

    word: Text
    means: Text


class Code(FilePart):
    """What this file writes of a code in other words than the catalogue: its short form, its sentences.

    `says` is the sentence, or several by case; names in braces are the values of the reason.
    """

    short: Text | None = None
    says: Text | dict[str, Text] = Field(default_factory=dict)


class States(FilePart):
    """Every state by the part of the result that has it."""

    cd5: dict[str, State]
    burden: dict[str, State]
    criterion: dict[str, State]
    overall: dict[str, State]
    quality: dict[str, State]
    review: dict[str, State]
    pattern: dict[str, State]
    cut: dict[str, State]
    confidence: dict[str, State]


class Choices(FilePart):
    """Words that a user or a file chose from a fixed list."""

    timepoint: dict[str, Text]
    specimen: dict[str, Text]
    prior_therapy: dict[str, Text]
    role: dict[str, Text]
    clinical: dict[str, Text]


class Wording(FilePart):
    """A language's file.

    Attributes:
        language: its BCP 47 tag, such as ``en`` or ``zh-Hans``.
        title: its name for people.
        colon: what stands between a heading and what it says.
        joint: what stands between the parts of a list.
        phrases: the report's own headings and phrases.
        states, choices: words of the result's vocabulary.
        codes, checks: what is said otherwise than in the catalogue.
        units: units of the checks; one that is absent is written as it stands.
        populations: names of populations; a strategy may have others, which keep their own.
        terms: words that stand inside sentences, and texts that strategies write.
    """

    format: Literal["cd5flow.wording/2"]
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
    title: Text
    colon: Text
    joint: Text
    phrases: Phrases
    states: States
    choices: Choices
    checks: dict[str, Code] = Field(default_factory=dict)
    codes: dict[str, Code] = Field(default_factory=dict)
    units: dict[str, str]
    populations: dict[str, Text] = Field(default_factory=dict)
    terms: dict[str, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_values(self) -> Self:
        for code, said in self._sentences().items():
            for case, template in said.items():
                known = fields_by_case(code).get(case)
                if known is None:
                    raise ValueError(f"{code}: {case or 'says'} is no sentence of this code")
                if unknown := values_of(template) - known:
                    raise ValueError(f"{code}: {{{min(unknown)}}} is no value of this sentence")
        return self

    def _sentences(self) -> dict[str, Mapping[str, str]]:
        every = (*self.codes.items(), *self.checks.items())
        return by_case({code: words.says for code, words in every if words.says})

    @cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue of this language with what the file says otherwise."""
        language = self.language.split("-")[0]
        base = catalogue(language if language in catalogue_languages() else ENGLISH)
        # English sentences are those of the result, whose values stand there as they are.
        templates = {} if base.language == ENGLISH else dict(base.templates)
        for code, said in self._sentences().items():
            templates[code] = {**templates.get(code, {}), **said}
        unverified = {UNVERIFIED: self.phrases.criteria_unverified}
        return Catalogue(
            templates=templates,
            names={**base.names, **_shorts(self.codes)},
            checks={**base.checks, **_shorts(self.checks)},
            words={**base.words, **self.terms, **self.populations, **unverified},
            fields=self.choices.clinical,
            language=language,
            colon=self.colon,
        )

    def sentence(self, reason: Reason) -> str:
        """Return a reason in this language."""
        return _sign(self.catalogue.sentence(reason))

    def check(self, check: Check) -> str:
        """Return what a quality check saw, in a sentence."""
        seen = check.message_data or (Reason(AS_WRITTEN, text=check.message),)
        return self.joint.join(self.sentence(reason) for reason in seen)

    def check_name(self, check: Check) -> str:
        """Return a quality check's name."""
        return self.catalogue.checks.get(check.code, check.code)

    def short(self, code: str) -> str:
        """Return the short form of a code."""
        return self.catalogue.names.get(code, code)

    def population(self, name: str) -> str:
        """Return a population's name for people; gates by groups are told by population and axes."""
        group = _GROUP.fullmatch(name)
        if group is None:
            return self.catalogue.word(name)
        phrase = self.phrases.group_outside if group["kind"] == "outside" else self.phrases.group
        title = phrase.format(number=group["number"])
        if group["axes"] is None:
            return title
        axes = group["axes"].replace("_", " × ")
        if group["again"] is not None:
            axes = f"{axes} ({group['again']})"
        return self.phrases.group_gate.format(population=title, axes=axes)

    def denominator(self, burden: BurdenSection) -> str:
        """Return the rule of the burden's denominator."""
        data = burden.denominator_data
        return self.term(burden.denominator) if data is None else self.sentence(data)

    def unit(self, unit: str | None) -> str:
        """Return a unit as it is written."""
        return "" if unit is None else self.units.get(unit, unit)

    def known(self, value: T | None, write: Callable[[T], str]) -> str:
        """Return a value as it is written; what is unknown is said to be."""
        return self.phrases.unknown if value is None else write(value)

    def versioned(self, one: ProtocolReference | StrategySection | ProfilesSection) -> str:
        """Return the name of a file that decides, with its version."""
        return self.phrases.named.format(name=one.name, version=one.version)

    def term(self, text: str) -> str:
        """Return a word in this language; others stand as they are."""
        return self.catalogue.word(_sign(text))


def _as_in_english(phrases: Phrases) -> Phrases:
    return phrases.matching(_shipped(ENGLISH).phrases)


class _OtherWording(Wording):
    """Any file but the English one that comes with cd5flow, whose phrases it has in other words."""

    phrases: Annotated[Phrases, AfterValidator(_as_in_english)]


def _shorts(codes: Mapping[str, Code]) -> dict[str, str]:
    return {code: words.short for code, words in codes.items() if words.short is not None}


def _sign(sentence: str) -> str:
    """Write ``>= 70 %`` and ``<= 3`` with the signs that print has for them."""
    return re.sub(r"<= (?=\d)", "≤ ", re.sub(r">= (?=\d)", "≥ ", sentence))


def languages() -> tuple[str, ...]:
    """Return the languages that come with cd5flow."""
    return tuple(sorted(path.stem for path in _LANGUAGES.glob("*.yaml")))


def load_wording(language: str) -> Wording:
    """Return a language's words.

    Args:
        language: the name of one that comes with cd5flow, or a file such as ``ours.yaml``.

    Raises:
        OptionError: there is none of this name, or the file has faults, each of which is named as
            ``file:line:column: what``.
    """
    if language in languages():
        return _shipped(language)
    if Path(language).suffix in {".yaml", ".yml", ".json"}:
        return load_yaml(Path(language), _OtherWording, error=OptionError).value
    there = ", ".join(languages())
    raise OptionError(f"language: found {language!r}, expected {there}, or a wording file (.yaml)")


@cache
def _shipped(language: str) -> Wording:
    model = Wording if language == ENGLISH else _OtherWording
    return load_yaml(_LANGUAGES / f"{language}.yaml", model, error=OptionError).value
