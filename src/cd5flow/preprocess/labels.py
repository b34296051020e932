"""What a channel's label says: its markers, by whole words and a table of spellings.

The table is `gating/markers.yaml`, which a laboratory may extend.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, cast

from pydantic import Field

from cd5flow.config.yaml_file import load_yaml
from cd5flow.errors import StrategyError
from cd5flow.model.file_part import FilePart

SCATTER: Final = ("FSC", "SSC")
_DYES: Final = frozenset({"viability", "nuclear"})
_PREFIX: Final = re.compile(r"^(?:FJ)?Comp[-_ ]", re.IGNORECASE)
_TAIL: Final = re.compile(
    r"(?:[-_](?P<letter>[AHW])|[-_ .](?P<word>(?i:area|height|width|peak|int|integral|tof"
    r"|linear|lin[ahw]?|log[ahw]?|[ahw]lin|[ahw]log)))[\s)\]>]*$"
)
_MEASURE_WORDS: Final = {
    "area": "A", "int": "A", "integral": "A", "height": "H", "peak": "H", "width": "W", "tof": "W",
}  # fmt: skip
_CD: Final = re.compile(r"cd(\d{1,3})(r[abo0]|[a-z])?")
_WORD: Final = re.compile(r"[^\W_]+")
_NUMBERED: Final = re.compile(r"[0-9+]{0,5}[a-z]?")
_ASSIGNED: Final = re.compile(r"CD([1-9][0-9]?|[12][0-9]{2}|3[0-7][0-9])(R[ABO0]|[a-mELPRs])?")
"""CD numbers, and letters behind them, as the workshops have given them out."""
_CD_ISOFORM: Final = re.compile(r"cd\d{1,3}r[abo0]")
_GREEK: Final = str.maketrans(
    {"α": "a", "β": "b", "γ": "g", "δ": "d", "ε": "e", "κ": "k", "λ": "l"}
)

Words = tuple[str, ...]
Measure = Literal["A", "H", "W", ""]
Amplified = Literal["lin", "log", ""]


class _Entry(FilePart):
    used: bool = False
    aliases: tuple[str, ...] = ()


class _MarkersFile(FilePart):
    """`gating/markers.yaml` as written; its comments say what each field means."""

    format: Literal["cd5flow.markers/1"]
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    markers: dict[str, _Entry]
    combinations: dict[str, tuple[str, ...]]
    intracellular: tuple[str, ...]
    surface: tuple[str, ...]
    species: tuple[str, ...]
    label_only: tuple[str, ...]
    fluorochromes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """Spellings of something: as keys, and as beginnings of a key of at most so many words."""

    keys: Mapping[str, str]
    stems: Mapping[str, tuple[str, int]]

    def find(self, words: Words) -> str | None:
        """Return what these words together mean; None where nothing."""
        key = _key(words)
        if key in self.keys:
            return self.keys[key]
        fits = [
            (len(stem), meaning)
            for stem, (meaning, most) in self.stems.items()
            if len(words) <= most and key.startswith(stem)
        ]
        return max(fits)[1] if fits else None


@dataclass(frozen=True, slots=True)
class LabelReading:
    """What one label says.

    Attributes:
        markers: the markers named, in order; one where known antibodies share the channel.
        withheld: dyes that are believed in a label but not in a detector's name.
        measure: area, height, width of the pulse, or not said.
        amplified: linear or logarithmic amplification, or not said.
        plain: whether no other word stands in it (fluorochromes and numbers aside).
    """

    markers: tuple[str, ...]
    withheld: tuple[str, ...]
    measure: Measure
    amplified: Amplified
    plain: bool


@dataclass(frozen=True, slots=True)
class MarkerAliases:
    """The table of spellings.

    Attributes:
        version: the file's version.
        sha256: of the file's bytes.
        used: markers that the strategies look at.
    """

    version: str
    sha256: str
    used: frozenset[str]
    _markers: _Lexicon = field(repr=False)
    _fluorochromes: _Lexicon = field(repr=False)
    _label_only: _Lexicon = field(repr=False)
    _combinations: Mapping[frozenset[str], str] = field(repr=False)
    _inside: frozenset[str] = field(repr=False)
    _surface: frozenset[str] = field(repr=False)
    _species: frozenset[str] = field(repr=False)

    def canonical(self, name: str) -> str:
        """Return a marker's canonical name ("sCD3" is ``CD3``), or `name` where it is none."""
        whole = self._markers.find(_words(name))
        if whole is not None:
            return whole.removesuffix("-A")
        markers = self.read(name).markers
        return markers[0] if len(markers) == 1 else name

    def knows(self, name: str) -> bool:
        """Whether a name is one marker, or a part of a pulse of scatter, and nothing besides."""
        if self._markers.find(_words(name)) is not None:
            return True
        read = self.read(name)
        if len(read.markers) != 1 or not read.plain:
            return False
        marker = read.markers[0].removeprefix("cy")
        listed = self._markers.find(_words(marker)) is not None
        return listed or _ASSIGNED.fullmatch(marker) is not None

    def read(self, text: str, *, is_detector: bool = False) -> LabelReading:
        """Read one label, or a detector's name, in which some dyes are not believed."""
        text = _PREFIX.sub("", text.strip().strip("<>"))
        stripped, measure, amplified = _tail(text)
        whole = self._markers.find(_words(text))
        found, withheld, rest = self._parse(_words(stripped), is_detector=is_detector)
        if whole is not None and whole.startswith(SCATTER):
            base, _, letter = whole.partition("-")
            found, rest = (base,), ()
            measure = measure or cast("Measure", letter)
        names = tuple(dict.fromkeys(found))
        shared = self._combinations.get(frozenset(names))
        return LabelReading(
            markers=(shared,) if shared else names,
            withheld=withheld,
            measure=measure,
            amplified=amplified,
            plain=all(w.isdigit() or w in _MEASURE_WORDS for w in rest),
        )

    def known_words(self, text: str) -> str:
        """Return the words of a text that name markers or dyes, as it writes them.

        A spelling that stands for any ending knows only digits and a letter after it, here where
        what is unknown must go.
        """
        spans = list(_WORD.finditer(text))
        words = tuple(_key(_words(span[0])) for span in spans)
        kept: list[str] = []
        at = 0
        while at < len(words):
            size, _ = self._longest(words[at:]) if words[at] else (0, None)
            run = spans[at : at + size]
            if size and self._is_listed(words[at : at + size]):
                kept += [span[0] for span in run]
            at += max(size, 1)
        return " ".join(kept)

    def _is_listed(self, words: Words) -> bool:
        """Whether words stand in a table as they are, or differ from a stem by a number."""
        key = _key(words)
        for lexicon in (self._markers, self._fluorochromes):
            stems = [stem for stem in lexicon.stems if key.startswith(stem)]
            if key in lexicon.keys or any(_NUMBERED.fullmatch(key[len(stem) :]) for stem in stems):
                return True
            if lexicon.find(words) is not None:
                return False
        return True  # a CD number, or one with a place or a dye glued to it

    def _parse(self, words: Words, *, is_detector: bool) -> tuple[Words, Words, Words]:
        """Return the markers, the withheld dyes and the words that mean nothing here.

        A surface marker that only a clone names is left out where it is named within the cell: "cCD3
        UCHT1" is cyCD3 by the clone UCHT1, while "cyCD3 CD3" names two.
        """
        by_clone: set[str] = set()
        found: list[str] = []
        withheld: list[str] = []
        rest: list[str] = []
        at = 0
        while at < len(words):
            size, meaning = self._longest(words[at:])
            if meaning is None:
                rest += [] if size else [words[at]]
            elif is_detector and self._label_only.find(words[at : at + size]) is not None:
                withheld.append(meaning)
            else:
                found.append(meaning)
                if _key(_words(meaning)) not in _key(words[at : at + size]):
                    by_clone.add(meaning)
            at += max(size, 1)
        within = {marker.removeprefix("cy") for marker in found if marker.startswith("cy")}
        kept = [marker for marker in found if marker not in within & by_clone]
        return tuple(kept), tuple(withheld), tuple(rest)

    def _longest(self, words: Words) -> tuple[int, str | None]:
        """Return how many leading words belong together and the marker they name, if one.

        (0, None) is an unknown word, (n, None) a fluorochrome of n words.
        """
        for size in range(min(4, len(words)), 0, -1):
            run = words[:size]
            marker = self._markers.find(run)
            if marker is not None and marker[:4] in {"FSC-", "SSC-"}:
                marker = None  # "Width" means FSC-W only where nothing else stands in the label
            if marker is None and _CD_ISOFORM.fullmatch(_key(run)):
                marker = _cd_name(_key(run))
            if marker is None and size == 1:
                marker = self._one_word(run[0])
            if marker is not None:
                return self._with_place(words, size, marker)
            if self._fluorochromes.find(run) is not None:
                return size, None
        if len(words) > 1 and words[0] in self._inside | self._surface | self._species:
            size, marker = self._longest(words[1:])
            if marker is not None and self._is_antigen(marker):
                return size + 1, self._placed(words[0], marker)
        return 0, None

    def _with_place(self, words: Words, size: int, marker: str) -> tuple[int, str]:
        """Take a following "cyt" or "surface" with the marker; one letter would be too little."""
        after = words[size] if size < len(words) else ""
        if len(after) > 1 and after in self._inside | self._surface and self._is_antigen(marker):
            return size + 1, self._placed(after, marker)
        return size, marker

    def _one_word(self, word: str) -> str | None:
        """Return the marker of a word: a CD number, or one with a place or a dye glued to it."""
        if _CD.fullmatch(word):
            return _cd_name(word)
        for size in range(1, min(len(word), 14)):
            head, tail = word[:size], word[size:]
            if len(tail) > 2 and head in self._inside | self._surface | self._species:
                marker = self._antigen(tail)
                if marker is not None:
                    return self._placed(head, marker)
            if self._fluorochromes.find((tail,)) is not None:
                marker = self._antigen(head) or self._one_word(head)
                if marker is not None:
                    return marker
        return None

    def _antigen(self, word: str) -> str | None:
        marker = self._markers.keys.get(word)
        if marker is None and _CD.fullmatch(word):
            marker = _cd_name(word)
        return marker if marker is not None and self._is_antigen(marker) else None

    def _placed(self, place: str, marker: str) -> str:
        """Return the marker inside the cell, or on its surface, which is the plain name."""
        if place in self._inside and not marker.startswith("cy"):
            return self._markers.keys.get(_key(_words(f"cy{marker}")), f"cy{marker}")
        if place in self._surface:
            return marker.removeprefix("cy")
        return marker

    @staticmethod
    def _is_antigen(marker: str) -> bool:
        return marker not in _DYES and not marker.startswith(SCATTER)


def load_aliases(path: Path) -> MarkerAliases:
    """Read the table of marker spellings.

    Raises:
        StrategyError: it is no such file, or a spelling means two markers.
    """
    loaded = load_yaml(path, _MarkersFile, error=StrategyError, rules=True)
    table = loaded.value
    faults: list[str] = []
    spellings: dict[str, str] = {}
    for marker, entry in table.markers.items():
        for spelling in (marker, *entry.aliases):
            key = _key(_words(spelling))
            other = spellings.setdefault(key + "*" * spelling.endswith("*"), marker)
            if not key or other != marker:
                what = f"means {other} already" if key else "holds no letter or digit"
                faults.append(f"{loaded.where('markers', marker)}: '{spelling}' {what}")
    if faults:
        raise StrategyError("\n".join(faults))
    return MarkerAliases(
        version=table.version,
        sha256=loaded.sha256,
        used=frozenset(marker for marker, entry in table.markers.items() if entry.used),
        _markers=_lexicon(
            (spelling, marker)
            for marker, entry in table.markers.items()
            for spelling in (marker, *entry.aliases)
        ),
        _fluorochromes=_lexicon((dye, dye) for dye in table.fluorochromes),
        _label_only=_lexicon((dye, dye) for dye in table.label_only),
        _combinations={frozenset(parts): name for name, parts in table.combinations.items()},
        _inside=frozenset(table.intracellular),
        _surface=frozenset(table.surface),
        _species=frozenset(table.species),
    )


def _lexicon(spellings: Iterable[tuple[str, str]]) -> _Lexicon:
    keys: dict[str, str] = {}
    stems: dict[str, tuple[str, int]] = {}
    for spelling, meaning in spellings:
        words = _words(spelling)
        keys[_key(words)] = meaning
        if spelling.endswith("*"):
            stems[_key(words)] = (meaning, len(words))
    return _Lexicon(keys=keys, stems=stems)


def _words(text: str) -> Words:
    """Cut a label into lower-case words at everything that is neither letter nor digit."""
    plain = unicodedata.normalize("NFKC", text).lower().translate(_GREEK)
    return tuple(re.findall(r"[a-z0-9]+", plain))


def _key(words: Words) -> str:
    """Join words so that "TCR gd" is "TCRgd", while "CD5 7-AAD" does not become CD57."""
    key = ""
    for word in words:
        key += f"+{word}" if key[-1:].isdigit() and word[0].isdigit() else word
    return key


def _tail(text: str) -> tuple[str, Measure, Amplified]:
    """Cut "-A", " Height", " LogH" off a label; return it with the measure and amplification."""
    measure = amplified = ""
    while match := _TAIL.search(text):
        word = (match["word"] or "").lower()
        letter = match["letter"] or _MEASURE_WORDS.get(word, "")
        for kind in ("lin", "log"):
            if kind in word:
                amplified = amplified or kind
                letter = word.replace("linear", "").replace(kind, "").upper()
        measure = measure or letter
        text = text[: match.start()]
    return text, cast("Measure", measure), cast("Amplified", amplified)


def _cd_name(word: str) -> str:
    match = _CD.fullmatch(word)
    assert match is not None  # noqa: S101 - callers matched it
    number, suffix = match[1], match[2] or ""
    if len(suffix) > 1:
        suffix = suffix.upper().replace("0", "O")
    return f"CD{number}{suffix.upper() if number == '62' else suffix}"
