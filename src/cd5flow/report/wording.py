"""The words of reports, as data: a file a language, which a laboratory may translate or adapt.

Results carry reasons as ``CODE: English sentence``. A wording file says per code what the sentence
is in its language: ``of`` is the sentence as the result writes it, with names in braces where
numbers and names stand, ``say`` is what the report writes. A sentence that no ``of`` fits is
written as it stands, after the code's short form where the language is not English.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from cd5flow.config.yaml_file import load_yaml
from cd5flow.errors import OptionError
from cd5flow.model.result import Check
from cd5flow.report.phrases import Phrases, fields_of

_LANGUAGES: Final = Path(__file__).resolve().parent / "languages"
_LONGEST: Final = 600
"""Letters of a sentence that is still compared; longer ones hold text from files."""

Text = Annotated[str, StringConstraints(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class State(_Part):
    """A state's word, and what it means in a sentence."""

    word: Text
    means: Text


class Sentence(_Part):
    """A sentence as results write it, and as the report does."""

    of: Text
    say: Text

    @model_validator(mode="after")
    def _same_fields(self) -> Self:
        if unknown := fields_of(self.say) - fields_of(self.of):
            raise ValueError(f"say: {{{min(unknown)}}} is not in the sentence that it stands for")
        return self


class Code(_Part):
    """A code's short form, and its sentences."""

    short: Text
    says: tuple[Sentence, ...] = ()


class States(_Part):
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


class Choices(_Part):
    """Words that a user or a file chose from a fixed list."""

    timepoint: dict[str, Text]
    specimen: dict[str, Text]
    prior_therapy: dict[str, Text]
    role: dict[str, Text]
    clinical: dict[str, Text]


class Wording(_Part):
    """A language's file.

    Attributes:
        language: its BCP 47 tag, such as ``en`` or ``zh-Hans``.
        title: its name for people.
        colon: what stands between a heading and what it says.
        joint: what stands between the parts of a list.
        phrases: the report's own headings and phrases.
        states, choices, codes, checks: words of the result's vocabulary.
        units: units of the checks; one that is absent is written as it stands.
        populations: names of populations; a strategy may have others, which keep their own.
        sentences: sentences of no code, such as where a cut was read.
        terms: words that stand inside sentences, and texts that strategies write.
    """

    format: Literal["cd5flow.wording/1"]
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
    title: Text
    colon: Text
    joint: Text
    phrases: Phrases
    states: States
    choices: Choices
    checks: dict[str, Code]
    codes: dict[str, Code]
    units: dict[str, str]
    populations: dict[str, Text]
    sentences: tuple[Sentence, ...] = ()
    terms: dict[str, Text] = Field(default_factory=dict)

    @property
    def is_english(self) -> bool:
        """Whether results' own sentences are in this language."""
        return self.language.split("-")[0] == "en"

    def reason(self, text: str) -> tuple[str, str | None]:
        """Return a reason's sentence and its code, from ``CODE: sentence``."""
        code, separator, sentence = text.partition(": ")
        if not separator or not re.fullmatch(r"[A-Z][A-Z0-9_]*", code):
            return text, None
        return self._coded(self.codes.get(code), sentence), code

    def check(self, check: Check) -> str:
        """Return what a quality check saw, in a sentence."""
        return self._coded(self.checks.get(check.code), check.message)

    def check_name(self, check: Check) -> str:
        """Return a quality check's name."""
        words = self.checks.get(check.code)
        return check.code if words is None else words.short

    def short(self, code: str) -> str:
        """Return the short form of a code."""
        words = self.codes.get(code)
        return code if words is None else words.short

    def population(self, name: str) -> str:
        """Return a population's name for people."""
        return self.populations.get(name, name)

    def unit(self, unit: str | None) -> str:
        """Return a unit as it is written."""
        return "" if unit is None else self.units.get(unit, unit)

    def term(self, text: str) -> str:
        """Return a word, or a sentence of no code, in this language; others stand as they are."""
        text = _sign(text)
        known = self.terms.get(text) or self.populations.get(text)
        return known or self._fitting(self.sentences, text) or text

    def _coded(self, code: Code | None, sentence: str) -> str:
        if code is None:
            return _sign(sentence)
        # Checks join what several gates say by semicolons.
        parts = [self._fitting(code.says, part) for part in sentence.split("; ")]
        fitting = self._fitting(code.says, sentence)
        if fitting is None and None not in parts:
            fitting = self.joint.join(part for part in parts if part is not None)
        if fitting is not None:
            return fitting
        return _sign(sentence) if self.is_english else f"{code.short}{self.colon}{sentence}"

    def _fitting(self, sentences: tuple[Sentence, ...], text: str) -> str | None:
        if len(text) > _LONGEST:
            return None
        for sentence in sentences:
            if found := sentence_pattern(sentence.of).fullmatch(text):
                fields = {name: self._filled(name, v) for name, v in found.groupdict().items()}
                return sentence.say.format(**fields)
        return None

    def _filled(self, name: str, text: str) -> str:
        """Return what a sentence holds in braces; names that begin with "field" are the clinic's."""
        known = self.choices.clinical.get(text) if name.startswith("field") else None
        return known or self.term(text)


def _sign(sentence: str) -> str:
    """Write ``>= 70 %`` and ``<= 3`` with the signs that print has for them."""
    return re.sub(r"<= (?=\d)", "≤ ", re.sub(r">= (?=\d)", "≥ ", sentence))


@cache
def sentence_pattern(of: str) -> re.Pattern[str]:
    """Return what tells whether a sentence is of this form, and what stands in its fields.

    Fields hold no semicolon: what stands after one is another sentence.
    """
    parts = re.split(r"\{(\w+)\}", of)
    return re.compile(
        "".join(
            re.escape(part) if i % 2 == 0 else f"(?P<{part}>[^;]+?)" for i, part in enumerate(parts)
        )
    )


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
        return load_yaml(Path(language), Wording, error=OptionError).value
    there = ", ".join(languages())
    raise OptionError(f"language: found {language!r}, expected {there}, or a wording file (.yaml)")


@cache
def _shipped(language: str) -> Wording:
    return load_yaml(_LANGUAGES / f"{language}.yaml", Wording, error=OptionError).value
