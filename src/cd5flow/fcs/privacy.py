"""Which keywords of an FCS file may leave the hospital: the list `gating/deidentify.yaml`, applied.

A keyword stays if the list keeps it and its value has the form that the list expects; every other
one goes. So a keyword that nobody thought of is removed, not passed on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from cd5flow.config.yaml_file import Loaded, load_yaml
from cd5flow.errors import OptionError
from cd5flow.fcs.spillover import read_spillover
from cd5flow.fcs.text import integer, number
from cd5flow.model.events import Channel
from cd5flow.model.file_part import FilePart

_OWN_FORMS: Final[Mapping[str, Callable[[str], bool]]] = {
    "count": lambda value: integer(value) is not None,
    "number": lambda value: number(value) is not None,
    "numbers": lambda value: all(number(part) is not None for part in value.split(",")),
    "text": lambda _: True,
}
_WITH_CHANNELS: Final = ("channels", "spillover")  # forms that the file's channels tell
KNOWN_WORDS: Final = "known_words"
"""A value of this form is cut down to the words that tables know."""
Known = Callable[[str], str]
"""From text to those of its words that name markers and dyes."""
_WORD: Final = re.compile(r"[^\W_]+")
_JOINT: Final = re.compile(r"[-_/.+:;,() ]{1,3}")
_LONGEST: Final = 4_096
"""No kept value but a matrix is longer; it bounds the work of the forms."""


class Action(StrEnum):
    """What becomes of a keyword."""

    KEEP = "keep"
    DATE = "date"
    REPLACE = "replace"
    REMOVE = "remove"


def _expression(written: str) -> str:
    try:
        re.compile(written)
    except re.error as fault:
        raise ValueError(f"is no regular expression: {fault}") from fault
    return written


_Expression = Annotated[str, AfterValidator(_expression)]


class _Entry(FilePart):
    keywords: tuple[str, ...] = Field(min_length=1)
    why: str = Field(min_length=1)


class _Keep(_Entry):
    form: str = Field(alias="as")


class _Date(_Entry):
    form: Literal["date", "moment", "datetime"] = Field(alias="as")


class _Replace(_Entry):
    by: Literal["data_hash", "text"]
    text: str | None = Field(default=None, pattern=r"^[!-~]+( [!-~]+)*$")

    @model_validator(mode="after")
    def _has_text(self) -> _Replace:
        if (self.text is None) == (self.by == "text"):
            raise ValueError("text is given with `by: text`, and with nothing else")
        return self


class _Remove(_Entry):
    echo: bool = False


class _Look(FilePart):
    form: _Expression
    what: str = Field(min_length=1)


class KeywordList(FilePart):
    """`gating/deidentify.yaml` as written; its comments say what each field means."""

    format: Literal["cd5flow.deidentify/1"]
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    forms: dict[str, _Expression]
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    keep: tuple[_Keep, ...]
    dates: tuple[_Date, ...]
    replace: tuple[_Replace, ...]
    remove: tuple[_Remove, ...]
    look: tuple[_Look, ...]

    @model_validator(mode="after")
    def _forms_are_there(self) -> KeywordList:
        own = {*_OWN_FORMS, *_WITH_CHANNELS, KNOWN_WORDS}
        taken = sorted(set(self.forms) & own)
        unknown = sorted({entry.form for entry in self.keep} - own - self.forms.keys())
        if taken or unknown:
            what = "is a form already" if taken else "is no form"
            raise ValueError(f"{(taken or unknown)[0]} {what}")
        return self


@dataclass(frozen=True, slots=True)
class KeywordRule:
    """What the list says of some keywords.

    Attributes:
        entry: how the list writes them; empty where it does not.
        action: what becomes of them.
        why: the reason, in words.
        form: of the value, where it may stay.
        text: what it is replaced by; None for a name made from DATA.
        echo: whether a removed value is looked for in what is kept.
        asked: whether the user asked for it, beyond the list.
    """

    entry: str
    action: Action
    why: str
    form: str = ""
    text: str | None = None
    echo: bool = False
    asked: bool = False


UNLISTED: Final = KeywordRule("", Action.REMOVE, "not on the list of what may stay")


@dataclass(frozen=True, slots=True)
class KeywordRules:
    """The list, ready to be asked.

    Attributes:
        version: the file's version.
        sha256: of the file's bytes.
        exact: keyword to rule.
        patterns: expressions over keywords with their rules, the most particular first.
        forms: name to expression over values.
        looks: what kept free text is searched for, and what that is in words.
        words: expression over one word that may stand in names beside markers and dyes.
        known: the words of a text that name markers and dyes; None knows none.
    """

    version: str
    sha256: str
    exact: Mapping[str, KeywordRule]
    patterns: Sequence[tuple[re.Pattern[str], KeywordRule]]
    forms: Mapping[str, re.Pattern[str]]
    looks: Sequence[tuple[re.Pattern[str], str]]
    words: re.Pattern[str]
    known: Known | None = None

    def rule(self, keyword: str) -> KeywordRule:
        """Return the rule of an upper-case keyword."""
        if keyword in self.exact:
            return self.exact[keyword]
        if len(keyword) > _LONGEST:
            return UNLISTED
        return next((rule for form, rule in self.patterns if form.fullmatch(keyword)), UNLISTED)

    def fits(self, form: str, value: str, *, keyword: str, channels: Sequence[Channel]) -> bool:
        """Whether a value has the form under which it may stay."""
        if form == "spillover":
            return read_spillover({keyword: value}, channels)[0] is not None
        if form == KNOWN_WORDS:
            return bool(self.known_words(value))
        if len(value) > _LONGEST:
            return False
        if form == "channels":
            names = [channel.detector for channel in channels]
            return all(_is_number_or_channel(part.strip(), names) for part in value.split(","))
        own = _OWN_FORMS.get(form)
        return own(value) if own is not None else self.forms[form].fullmatch(value) is not None

    def known_words(self, value: str) -> str:
        """Return those words of a value that tables know, with the signs between neighbours."""
        if len(value) > _LONGEST:
            return ""
        named = self.known(value) if self.known is not None else ""
        kept = [word.casefold() for word in _split(named)]
        told = ""
        end = 0
        for match in _WORD.finditer(value):
            word = match[0]
            if word.casefold() in kept or self.words.fullmatch(word):
                between = value[end : match.start()] if told and end else ""
                told += (between if _JOINT.fullmatch(between) else " " if told else "") + word
                end = match.end()
            else:
                end = 0
        return told

    def unknown_words(self, value: str) -> bool:
        """Whether a kept free text holds a word that no table knows; without a table, False."""
        if self.known is None:
            return False
        known = _split(self.known_words(value))
        return len(value) > _LONGEST or len(known) < len(_split(value))

    def look_at(self, value: str) -> tuple[str, ...]:
        """Return what a kept free text holds that may tell who the patient is."""
        return tuple(what for form, what in self.looks if form.search(value[:_LONGEST]))

    def also_removing(self, keywords: Iterable[str]) -> KeywordRules:
        """Return rules that remove these keywords too."""
        more = {
            keyword: KeywordRule(keyword, Action.REMOVE, "as asked", echo=True, asked=True)
            for keyword in (each.strip().upper() for each in keywords)
        }
        return replace(self, exact={**self.exact, **more})

    def knowing(self, known: Known) -> KeywordRules:
        """Return rules that know the words of a table of markers and dyes."""
        return replace(self, known=known)


def _split(text: str) -> list[str]:
    return _WORD.findall(text)


def _words(written: Mapping[str, Sequence[str]]) -> re.Pattern[str]:
    """Return an expression for the words of a list; a final * stands for digits and a letter."""
    forms = {r"[0-9]{1,3}"}  # "530/30", "FL1 5": too short to tell who anybody is
    for words in written.values():
        for entry in words:
            parts = _split(entry.removesuffix("*"))
            forms |= {re.escape(part) for part in parts[:-1]}
            forms |= {
                re.escape(part) + r"[0-9]{0,4}[a-z]?" * entry.endswith("*") for part in parts[-1:]
            }
    return re.compile("|".join(sorted(forms)) or "(?!)", re.IGNORECASE)


def _is_number_or_channel(part: str, names: Sequence[str]) -> bool:
    """Whether a part of a value is a number, a channel's name or the beginning of one (FSC)."""
    return number(part) is not None or any(f"{name}-".startswith(f"{part}-") for name in names)


def load_rules(path: Path) -> KeywordRules:
    """Read a list of keywords.

    Raises:
        OptionError: the file's faults, one a line.
    """
    loaded: Loaded[KeywordList] = load_yaml(path, KeywordList, error=OptionError, rules=True)
    written = loaded.value
    exact: dict[str, KeywordRule] = {}
    patterns: list[tuple[tuple[bool, int], re.Pattern[str], KeywordRule]] = []
    for keyword, rule in _entries(written):
        if "*" in keyword or "{N}" in keyword:
            particular = len(keyword.replace("*", ""))
            patterns.append((("*" in keyword, -particular), _pattern(keyword), rule))
        else:
            exact.setdefault(keyword, rule)
    patterns.sort(key=lambda entry: entry[0])
    return KeywordRules(
        version=written.version,
        sha256=loaded.sha256,
        exact=exact,
        patterns=tuple((pattern, rule) for _, pattern, rule in patterns),
        forms={name: re.compile(form) for name, form in written.forms.items()},
        looks=tuple((re.compile(look.form), look.what) for look in written.look),
        words=_words(written.words),
    )


def _entries(written: KeywordList) -> Iterable[tuple[str, KeywordRule]]:
    """Yield each keyword with its rule, those that win among equals first."""
    for gone in written.remove:
        for entry in gone.keywords:
            yield entry.upper(), KeywordRule(entry, Action.REMOVE, gone.why, echo=gone.echo)
    for new in written.replace:
        for entry in new.keywords:
            yield entry.upper(), KeywordRule(entry, Action.REPLACE, new.why, text=new.text)
    for dated in written.dates:
        for entry in dated.keywords:
            yield entry.upper(), KeywordRule(entry, Action.DATE, dated.why, form=dated.form)
    for kept in written.keep:
        for entry in kept.keywords:
            yield entry.upper(), KeywordRule(entry, Action.KEEP, kept.why, form=kept.form)


def _pattern(keyword: str) -> re.Pattern[str]:
    parts = re.split(r"(\{N\}|\*)", keyword)
    meaning = {"{N}": "[0-9]+", "*": ".*"}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts), re.DOTALL)
