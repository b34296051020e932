"""What a file's name says of its tube: a control, a specimen, a time point, a day, and whose it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, Literal, TypeVar

from pydantic import Field

from cd5flow.config.shipped import file_names_file
from cd5flow.config.yaml_file import load_yaml
from cd5flow.errors import OptionError
from cd5flow.model.file_part import FilePart
from cd5flow.model.names import READOUT
from cd5flow.model.result import Specimen, Timepoint
from cd5flow.preprocess.labels import MarkerAliases

Kind = Literal["fmo", "isotype", "positive", "other", "unclear"]
"""What words make of a tube; `other` has no role in a batch, `unclear` is a control of some kind."""

Words = tuple[str, ...]
Meaning = TypeVar("Meaning")

_LONGEST: Final = 4
"""Words that an entry of the table may have."""

_WORD: Final = re.compile("[^\\W_]+|[\u2600-\u27bf\U0001f000-\U0001faff]")
"""Letters and digits together, or one pictogram."""
_BEFORE_CD: Final = re.compile(r"(?<=[^\W\d_])(?=cd\d)")
_COUNTER: Final = re.compile(r"0\d*|\d{3}")
"""What programs number the files of a run by."""

_NUMBERED: Final = re.compile(r"([^\W\d_]+)(\d{1,3})")


class _Limits(FilePart):
    days_before: int = Field(ge=0)
    first_day_of_mrd: int = Field(ge=0)
    labels_shared: int = Field(ge=1)


class FileNames(FilePart):
    """`gating/file_names.yaml` as written; its comments say what each field means."""

    format: Literal["cd5flow.file_names/1"]
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    controls: dict[Kind, tuple[str, ...]]
    weak: tuple[str, ...]
    none: tuple[str, ...]
    specimens: dict[Specimen, tuple[str, ...]]
    timepoints: dict[Timepoint, tuple[str, ...]]
    days: tuple[str, ...]
    generic: tuple[str, ...]
    limits: _Limits


@dataclass(frozen=True, slots=True)
class NameReading:
    """What one name says.

    Attributes:
        kind: what its words make of the tube; None where no word is a control's.
        word: the words that say so, as the name writes them.
        weak: whether these words need something else that says the same.
        left_out: of an FMO, the markers that stand beside its word; empty where none do.
        dye: of an FMO, the dye beside its word, where no marker is; empty where none is.
        specimens, timepoints: each that a word names.
        visit: the day of treatment, as "day 33"; empty where none is named.
        days: the days that its numbers may be.
        whose: the words that are left, which tell one sample from another.
        described: words of specimen and time point.
    """

    kind: Kind | None = None
    word: str = ""
    weak: bool = False
    left_out: Words = ()
    dye: str = ""
    specimens: tuple[Specimen, ...] = ()
    timepoints: tuple[Timepoint, ...] = ()
    visit: str = ""
    days: tuple[date, ...] = ()
    whose: frozenset[str] = field(default_factory=frozenset)
    described: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_other_marker(self) -> bool:
        """Whether it is an FMO of a marker that is not read out."""
        return bool(self.left_out) and READOUT not in self.left_out


@dataclass(frozen=True, slots=True)
class NameTable:
    """The table, by keys.

    Attributes:
        limits: its limits.
        meanings: key of an entry to what it means, as (field, value).
    """

    limits: _Limits
    meanings: Mapping[str, tuple[str, str]]
    _within: tuple[str, ...] = field(repr=False)

    def read(self, name: str, aliases: MarkerAliases) -> NameReading:
        """Read a name, without its suffix; `aliases` know markers and dyes."""
        words = self.words(name)
        found: dict[str, list[str]] = {"specimens": [], "timepoints": []}
        said: list[tuple[str, str, str]] = []
        left_out: Words = ()
        dye = ""
        rest: list[str] = []
        described: list[str] = []
        at = 0
        while at < len(words):
            size, what, value = self._longest(words[at:])
            run = words[at : at + max(size, 1)]
            at += len(run)
            if what in found:
                found[what].append(value)
                described += run
            elif what in {"controls", "weak"}:
                said.append((what, value, " ".join(run)))
                if READOUT.lower() in run:
                    left_out = (READOUT,)
                elif value == "fmo":
                    taken, left_out, dye = _left_out(words[at:], rest, aliases)
                    at += taken
            elif what not in {"none", "generic"}:
                rest += run
        visit, day = self._visit(rest)
        timepoints = [Timepoint(one) for one in found["timepoints"]]
        if day is not None and day >= self.limits.first_day_of_mrd:
            timepoints.append(Timepoint.MRD)
        strong = [one for one in said if one[0] == "controls"] or said
        # Of several words one that tells the role goes before one that says control alone.
        strong.sort(key=lambda one: one[1] == "unclear")
        what, kind, word = strong[0] if strong else ("", "", "")
        return NameReading(
            kind=_KINDS.get(kind),
            word=word,
            weak=what == "weak",
            left_out=left_out,
            dye=dye,
            specimens=tuple(dict.fromkeys(Specimen(one) for one in found["specimens"])),
            timepoints=tuple(dict.fromkeys(timepoints)),
            visit=visit,
            days=tuple(dict.fromkeys(_days(name))),
            whose=frozenset(word for word in rest if not self._is_generic(word)),
            described=frozenset(described),
        )

    def words(self, name: str) -> Words:
        """Cut a name into small words."""
        plain = unicodedata.normalize("NFKC", name).casefold()
        for entry in self._within:  # characters that are written without spaces
            plain = plain.replace(entry, f" {entry} ")
        plain = _BEFORE_CD.sub(" ", plain)
        return tuple(_WORD.findall(plain))

    def _longest(self, words: Words) -> tuple[int, str, str]:
        """Return how many leading words are an entry, its field and value; 0 for none."""
        for size in range(min(_LONGEST, len(words)), 0, -1):
            meaning = self.meanings.get("".join(words[:size]))
            if meaning is not None:
                return size, *meaning
        return 0, "", ""

    def _is_generic(self, word: str) -> bool:
        numbered = _NUMBERED.fullmatch(word)
        stem = numbered[1] if numbered else word
        return self.meanings.get(stem, ("", ""))[0] == "generic"

    def _visit(self, words: Sequence[str]) -> tuple[str, int | None]:
        """Return the day of treatment that words name, as they are told and as a number."""
        for word, after in zip(words, [*words, ""][1:], strict=True):
            numbered = _NUMBERED.fullmatch(word)
            stem, number = (numbered[1], numbered[2]) if numbered else (word, after)
            is_day = self.meanings.get(stem, ("", ""))[0] == "days"
            if is_day and number.isascii() and number.isdigit() and len(number) <= 3:
                return f"day {int(number)}", int(number)
        return "", None


_KINDS: Final[Mapping[str, Kind]] = {
    "fmo": "fmo",
    "isotype": "isotype",
    "positive": "positive",
    "other": "other",
    "unclear": "unclear",
}


@lru_cache(maxsize=1)
def name_table() -> NameTable:
    """Return the table that comes with cd5flow.

    Raises:
        OptionError: it has faults.
    """
    table = load_yaml(file_names_file(), FileNames, error=OptionError).value
    meanings: dict[str, tuple[str, str]] = {}
    for what, value, entry in _entries(table):
        meanings.setdefault(_key(entry), (what, value))
    within = sorted(
        (one.casefold() for _, _, one in _entries(table) if _without_spaces(one)),
        key=len,
        reverse=True,
    )
    return NameTable(table.limits, meanings, tuple(within))


def _entries(table: FileNames) -> Iterator[tuple[str, str, str]]:
    for what, groups in (
        ("none", {"": table.none}),
        ("weak", {"fmo": table.weak}),
        ("controls", table.controls),
        ("specimens", table.specimens),
        ("timepoints", table.timepoints),
        ("days", {"": table.days}),
        ("generic", {"": table.generic}),
    ):
        for value, entries in groups.items():
            yield from ((what, str(value), entry) for entry in entries)


def _key(entry: str) -> str:
    return "".join(_WORD.findall(unicodedata.normalize("NFKC", entry).casefold()))


def _without_spaces(entry: str) -> bool:
    return any("CJK" in unicodedata.name(letter, "") for letter in entry)


def _left_out(after: Words, before: list[str], aliases: MarkerAliases) -> tuple[int, Words, str]:
    """Return how many of the words behind an FMO's own tell what was left out, its markers and dye.

    The word before is asked, and taken off, where none behind tells.
    """
    sizes = range(min(_LONGEST, len(after)), 0, -1)
    for size in sizes:
        markers = _markers(after[:size], aliases)
        # Words behind the marker are not swallowed with it.
        if markers and not _markers(after[1:size], aliases):
            return 1 if _markers(after[:1], aliases) else size, markers, ""
    if before and (markers := _markers(tuple(before[-1:]), aliases)):
        before.pop()
        return 0, markers, ""
    for size in sizes:
        text = " ".join(after[:size])
        if aliases.known_words(text) == text:
            return size, (), text
    return 0, (), ""


def _markers(words: Words, aliases: MarkerAliases) -> Words:
    return aliases.read(" ".join(words)).markers


def _days(name: str) -> Iterator[date]:
    """Yield each day that digits of a name may mean, in the orders that people write."""
    for found in re.finditer(r"(?<!\d)(\d{1,4})([-._ ])(\d{1,2})\2(\d{1,4})(?!\d)", name):
        first, middle, last = found[1], found[3], found[4]
        if len(first) == 4:
            yield from _valid([(first, middle, last)])
        elif len(last) == 4:
            # With dots the day comes first.
            orders = [(last, middle, first)]
            yield from _valid(orders if found[2] == "." else [*orders, (last, first, middle)])
    for found in re.finditer(r"(?<!\d)\d{8}(?!\d)", name):
        d = found[0]
        yield from _valid([(d[:4], d[4:6], d[6:]), (d[4:], d[2:4], d[:2]), (d[4:], d[:2], d[2:4])])
    for found in re.finditer(r"(?<!\d)\d{6}(?!\d)", name):
        d = found[0]
        orders = [(d[:2], d[2:4], d[4:]), (d[4:], d[2:4], d[:2]), (d[4:], d[:2], d[2:4])]
        yield from _valid((f"20{year}", month, day) for year, month, day in orders)


def _valid(orders: Iterable[tuple[str, str, str]]) -> Iterator[date]:
    for year, month, day in orders:
        try:
            found = date(int(year), int(month), int(day))
        except ValueError:
            continue
        if 1990 <= found.year <= 2099:
            yield found


def day_of_collection(
    days: Sequence[date], acquired: date | None, limits: _Limits
) -> tuple[date | None, str]:
    """Return the day in a name that may be the one of collection, and why, or why none is.

    Args:
        days: those that the name may mean.
        acquired: when the tube was run; None where its file does not say.
        limits: of the table.
    """
    if not days:
        return None, ""
    if acquired is None:
        if len(days) == 1:
            return days[0], "the day in its name; the file does not say when it was run"
        return (
            None,
            f"its name may mean {len(days)} days, and the file does not say when it was run",
        )
    longest = timedelta(days=limits.days_before)
    near = [day for day in days if timedelta() <= acquired - day <= longest]
    if len(near) == 1:
        return near[0], f"the day in its name; run on {acquired}"
    what = "no day in its name" if not near else "more than one reading of the day in its name"
    return None, f"{what} lies within {limits.days_before} days before it was run ({acquired})"


def without_counters(words: frozenset[str]) -> frozenset[str]:
    """Return words without the numbers that a run's files are counted by."""
    return frozenset(word for word in words if not _COUNTER.fullmatch(word))


def told(meanings: Sequence[Meaning]) -> Meaning | None:
    """Return what words mean where all mean one thing."""
    return meanings[0] if len(meanings) == 1 else None
